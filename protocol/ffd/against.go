package ffd

import (
	"fmt"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// CheckAgainst finds what the registration of the till forbids the document:
// other numbers than its own, a tax system, a form, a kind of goods it was not
// registered for. The error is [Problems].
func (d Document) CheckAgainst(reg fiscal.Registration) error {
	if wrong := d.against(reg); len(wrong) > 0 {
		return wrong
	}
	return nil
}

// subjectModes are the subjects of settlement (tag 1212) that need a mode of the registration.
var subjectModes = []struct {
	from, to uint64
	mode     fiscal.Mode
	since    Version
	text     string
}{
	{2, 2, fiscal.ModeExcise, V105, "подакцизные товары"},
	{30, 31, fiscal.ModeExcise, V105, "подакцизные товары"},
	{31, 31, fiscal.ModeMarking, V12, "маркированные товары"},
	{33, 33, fiscal.ModeMarking, V12, "маркированные товары"},
	{5, 6, fiscal.ModeGambling, V105, "азартные игры"},
	{7, 8, fiscal.ModeLottery, V105, "лотереи"},
}

// markingTags stand only in documents of a till registered for marked goods.
var markingTags = setOf(TagMarkingCode, TagMarkingMode, TagMarkingResult, TagControlCode, TagMarkedProductData, TagFraction, TagMarkingResults)

func (d Document) against(reg fiscal.Registration) Problems {
	c := checker{d: d, v: d.Version()}
	if v, err := ParseVersion(reg.FFD); err == nil && c.v != v {
		c.bad(TagFormat, RuleRegistration, "документ в ФФД %s, а касса зарегистрирована с ФФД %s", c.v, v)
	}
	if bso := d.Type == fiscal.DocBSO || d.Type == fiscal.DocBSOCorrection; isReceipt(d.Type) && bso != reg.Modes.Has(fiscal.ModeBSO) {
		if bso {
			c.bad(Tag(d.Type), RuleRegistration, "касса не зарегистрирована для бланков строгой отчётности")
		} else {
			c.bad(Tag(d.Type), RuleRegistration, "касса зарегистрирована для бланков строгой отчётности, а не для чеков")
		}
	}
	for i := range d.Fields {
		f := &d.Fields[i]
		switch f.Tag {
		case TagINN:
			if inn := f.INN(); inn != reg.INN {
				c.bad(f.Tag, RuleRegistration, "ИНН %s, а касса зарегистрирована на %s", inn, reg.INN)
			}
		case TagRNM:
			if rnm := f.Text(); rnm != reg.RNM {
				c.bad(f.Tag, RuleRegistration, "регистрационный номер %s, а у кассы %s", rnm, reg.RNM)
			}
		case TagTaxSystem:
			if v := f.Uint(); v > 63 || fiscal.TaxSystem(v)&reg.TaxSystems == 0 {
				c.bad(f.Tag, RuleRegistration, "касса не зарегистрирована с системой налогообложения «%s»", systemName(v))
			}
		case TagAgent:
			c.agent(f, reg)
		case TagInternet:
			if f.Uint() == 1 && !reg.Modes.Has(fiscal.ModeInternet) {
				c.bad(f.Tag, RuleRegistration, "касса не зарегистрирована для расчётов в Интернет")
			}
		case TagItem:
			c.path[0], c.depth = step{d.Fields, i}, 1
			c.itemAgainst(f, reg)
			c.depth = 0
		}
		c.marking(f, reg)
	}
	if isReceipt(d.Type) && c.v == V12 && reg.Modes.Has(fiscal.ModeAutomatic) {
		if _, ok := d.Find(TagAutomat); !ok {
			c.missing(TagAutomat)
		}
	}
	return c.wrong
}

func systemName(v uint64) string {
	if words := Words(TagTaxSystem, v); len(words) == 1 {
		return words[0]
	}
	return fmt.Sprint(v)
}

func (c *checker) agent(f *Field, reg fiscal.Registration) {
	if f.Uint() != 0 && !reg.Modes.Has(fiscal.ModeAgents) {
		c.bad(f.Tag, RuleRegistration, "касса не зарегистрирована для работы агентом")
	}
}

func (c *checker) marking(f *Field, reg fiscal.Registration) {
	if markingTags.has(f.Tag) && !reg.Modes.Has(fiscal.ModeMarking) {
		c.bad(f.Tag, RuleRegistration, "касса не зарегистрирована для торговли маркированными товарами")
	}
}

func (c *checker) itemAgainst(item *Field, reg fiscal.Registration) {
	for i := range item.Fields {
		f := &item.Fields[i]
		c.marking(f, reg)
		switch f.Tag {
		case TagItemAgent:
			c.agent(f, reg)
		case TagSubject:
			for _, s := range subjectModes {
				if v := f.Uint(); v >= s.from && v <= s.to && c.v >= s.since && !reg.Modes.Has(s.mode) {
					c.bad(f.Tag, RuleRegistration, "касса так не зарегистрирована: %s", s.text)
				}
			}
		}
	}
}
