package ffd

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Rule is what a problem breaks.
type Rule string

// Rules.
const (
	RuleMissing      Rule = "missing"      // a tag the form must have
	RuleUnknown      Rule = "unknown"      // a tag the dictionary or the version lacks
	RulePlace        Rule = "place"        // a tag the memory writes itself
	RuleRepeated     Rule = "repeated"     // a tag that stands once stands twice
	RuleLength       Rule = "length"       // too long, or not as long as its type
	RuleCode         Rule = "code"         // a value the table of codes lacks
	RuleDate         Rule = "date"         // a time that cannot be
	RuleNumber       Rule = "number"       // a taxpayer's, registration or memory's number
	RuleText         Rule = "text"         // a character code page 866 lacks, or empty text
	RuleTotal        Rule = "total"        // sums that do not add up
	RuleSize         Rule = "size"         // the document or an object of it is too large
	RuleStructure    Rule = "structure"    // a group that cannot be taken apart
	RuleRegistration Rule = "registration" // what the till is not registered for
)

// Problem is one broken rule.
type Problem struct {
	Document fiscal.DocumentType
	Version  Version
	Tag      Tag
	Path     string // where: "1059[2].1043"
	Rule     Rule
	Text     string // for a person, in Russian
}

// Problems is everything wrong with a document.
type Problems []Problem

// Error joins the problems into one line.
func (p Problems) Error() string {
	var b strings.Builder
	for i, one := range p {
		if i > 0 {
			b.WriteString("; ")
		}
		if name := FormName(one.Document); name != "" {
			fmt.Fprintf(&b, "%s: ", name)
		}
		fmt.Fprintf(&b, "тег %s: %s", one.Path, one.Text)
	}
	return b.String()
}

// Check finds everything wrong with a whole document; the error is [Problems].
func (d Document) Check() error { return d.problems(false) }

// CheckGiven finds everything wrong with the part of a document that a till
// gives to its memory: tags the memory writes may not stand there, and the
// limits are those of its commands. The error is [Problems].
func (d Document) CheckGiven() error { return d.problems(true) }

func (d Document) problems(given bool) error {
	c := checker{d: d, v: d.Version(), given: given}
	c.document()
	if len(c.wrong) == 0 {
		return nil
	}
	return c.wrong
}

// checker walks a document once and keeps what it has to compare in the end.
type checker struct {
	d      Document
	v      Version
	given  bool
	memory *tagSet
	path   [maxDepth + 1]step
	has    [maxDepth + 1]tagSet // what each level has; here, because the levels are walked by recursion
	depth  int
	sums   sums
	wrong  Problems
}

// step is one level of the path to the object at hand.
type step struct {
	row []Field
	i   int
}

func (c *checker) bad(t Tag, rule Rule, format string, args ...any) {
	c.wrong = append(c.wrong, Problem{
		Document: c.d.Type, Version: c.v, Tag: t, Path: c.where(t), Rule: rule, Text: fmt.Sprintf(format, args...),
	})
}

// where writes the path to tag t below the groups being walked.
func (c *checker) where(t Tag) string {
	var b strings.Builder
	for _, s := range c.path[:c.depth] {
		at := s.row[s.i].Tag
		fmt.Fprint(&b, at)
		if repeats.has(at) {
			n := 0
			for _, f := range s.row[:s.i+1] {
				if f.Tag == at {
					n++
				}
			}
			fmt.Fprintf(&b, "[%d]", n)
		}
		b.WriteByte('.')
	}
	fmt.Fprint(&b, t)
	return b.String()
}

func (c *checker) document() {
	every, own, ok := needed(c.d.Type, c.rules())
	if !ok {
		c.bad(Tag(c.d.Type), RuleUnknown, "документа с формой %d нет", c.d.Type)
		return
	}
	if v := c.v; v != 0 && (v < V105 || v > V12) {
		c.bad(TagFormat, RuleCode, "версия ФФД %s не применяется: бывает 1.05, 1.1 и 1.2", v)
	}
	if c.given {
		c.memory = formedByMemory(c.d.Type, c.rules())
	}
	has := c.row(c.d.Fields)
	for _, list := range [2][]Tag{every, own} {
		for _, t := range list {
			if !has.has(t) && (c.memory == nil || !c.memory.has(t)) {
				c.missing(t)
			}
		}
	}
	c.conditions(has)
	if isReceipt(c.d.Type) {
		c.totals(has)
	}
	c.size()
}

// rules is the version whose rules hold; zero when the document tells none that
// is in use, and then only the rules of every version hold.
func (c *checker) rules() Version {
	if c.v < V105 || c.v > V12 {
		return 0
	}
	return c.v
}

func (c *checker) missing(t Tag) {
	r, _ := Lookup(t, c.v)
	c.bad(t, RuleMissing, "нет обязательного реквизита «%s»", r.Name)
}

// row checks the objects of one level and says which tags it met.
func (c *checker) row(fields []Field) *tagSet {
	has := &c.has[c.depth]
	*has = tagSet{}
	for i := range fields {
		f := &fields[i]
		if has.has(f.Tag) && !repeats.has(f.Tag) {
			c.bad(f.Tag, RuleRepeated, "реквизит стоит дважды")
		}
		has.add(f.Tag)
		r := row(f.Tag, c.v)
		switch {
		case r == nil || r.Tag >= lowTags || r.Tag < 1000:
			c.bad(f.Tag, RuleUnknown, "такого реквизита в формате нет")
			continue
		case !r.Versions.Has(c.rules()) && !r.Versions.Amended():
			c.bad(f.Tag, RuleUnknown, "реквизита «%s» в ФФД %s нет", r.Name, c.v)
		case c.memory != nil && c.depth == 0 && c.memory.has(f.Tag):
			c.bad(f.Tag, RulePlace, "реквизит «%s» пишет сам накопитель", r.Name)
		}
		if r.Type == TypeGroup {
			c.group(fields, i, r)
		} else {
			c.value(f, r)
		}
	}
	return has
}

func (c *checker) group(fields []Field, i int, r *Row) {
	f := &fields[i]
	if len(f.Fields) == 0 {
		c.bad(f.Tag, RuleStructure, "реквизит «%s» пуст или не разбирается", r.Name)
		return
	}
	if n := f.size() - headerLength; r.Max > 0 && n > r.Max && !unlimited.has(f.Tag) {
		c.bad(f.Tag, RuleLength, "реквизит «%s» занимает %d байт, можно не больше %d", r.Name, n, r.Max)
	}
	if c.depth == maxDepth {
		c.bad(f.Tag, RuleStructure, "реквизиты вложены глубже, чем бывает")
		return
	}
	c.path[c.depth] = step{fields, i}
	c.depth++
	has := c.row(f.Fields)
	for _, t := range insideOf(f.Tag) {
		if !has.has(t) {
			c.missing(t)
		}
	}
	if f.Tag == TagItem {
		c.item(f, has)
	}
	c.depth--
}

// value checks one object that is not a group: its length, then what it says.
func (c *checker) value(f *Field, r *Row) {
	n := len(f.Value)
	switch r.Type {
	case TypeByte:
		c.length(f, r, n == 1)
	case TypeUint16:
		c.length(f, r, n == 2)
	case TypeUint32, TypeTime:
		c.length(f, r, n == 4)
	case TypeVLN:
		c.length(f, r, n >= 1 && n <= r.Max)
	case TypeFVLN:
		c.length(f, r, n >= 2 && n <= r.Max)
	case TypeText:
		c.length(f, r, (r.Max == 0 || n <= r.Max) && (!r.Fixed || n == r.Max))
	case TypeGroup: // see group
	case TypeBytes:
		c.length(f, r, (r.Max == 0 || n <= r.Max) && (f.Tag != TagSign && f.Tag != TagOperatorSign || n == r.Max))
	}
	if r.Type == TypeByte || r.Type == TypeUint32 {
		if v := f.Uint(); !known(f.Tag, r.Mask, v) {
			c.bad(f.Tag, RuleCode, "значения %d у реквизита «%s» нет", v, r.Name)
		}
	}
	if special.has(f.Tag) {
		c.meaning(f, r)
	}
}

func (c *checker) length(f *Field, r *Row, ok bool) {
	if ok {
		return
	}
	limit := fmt.Sprintf("не больше %d", r.Max)
	if r.Fixed || r.Type != TypeVLN && r.Type != TypeFVLN && r.Type != TypeText && r.Type != TypeBytes {
		limit = fmt.Sprintf("ровно %d", r.Max)
	}
	c.bad(f.Tag, RuleLength, "реквизит «%s» занимает %d байт, нужно %s", r.Name, len(f.Value), limit)
}

// firstDay is when documents in this format began: an operator refuses earlier ones.
var firstDay = fiscal.DateTime{Year: 2016, Month: 9, Day: 1}

// special are the tags meaning has a rule for.
var special = setOf(TagTaxSystem, TagTaxSystems, TagTime, TagOperationTime, TagCorrectionDate, TagIndustryDate, TagBuyerBirthday, TagINN, TagOFDINN,
	TagCashierINN, TagTransferOperatorINN, TagBuyerINN, TagSupplierINN, TagRNM, TagFN, TagFD, TagName, TagUser, TagAddress, TagPlace, TagSerial,
	TagUserDataValue)

// meaning checks the values that have rules of their own.
func (c *checker) meaning(f *Field, r *Row) {
	switch f.Tag {
	case TagTaxSystem:
		if v := f.Uint(); v == 0 || v&(v-1) != 0 {
			c.bad(f.Tag, RuleCode, "система налогообложения в чеке одна, пришло %d", v)
		}
	case TagTaxSystems:
		if f.Uint() == 0 {
			c.bad(f.Tag, RuleCode, "нет ни одной системы налогообложения")
		}
	case TagTime, TagOperationTime, TagCorrectionDate:
		if at := f.Time(); at.Sub(firstDay) < 0 || at.Year > 2099 {
			c.bad(f.Tag, RuleDate, "такого времени быть не может: %s", at)
		}
	case TagIndustryDate, TagBuyerBirthday:
		if s := f.Text(); !dayText(s) {
			c.bad(f.Tag, RuleDate, "%q: нужна дата вида ДД.ММ.ГГГГ", s)
		}
	case TagINN, TagOFDINN, TagCashierINN, TagTransferOperatorINN, TagBuyerINN, TagSupplierINN:
		c.inn(f, r)
	case TagRNM:
		if s := f.Text(); len(s) != 16 || strings.Trim(s, "0123456789") != "" {
			c.bad(f.Tag, RuleNumber, "в регистрационном номере 16 цифр, пришло %q", s)
		}
	case TagFN:
		if s := f.Text(); len(s) != 16 || strings.Trim(s, "0123456789") != "" {
			c.bad(f.Tag, RuleNumber, "в номере фискального накопителя 16 цифр, пришло %q", s)
		}
	case TagFD:
		if f.Uint() == 0 {
			c.bad(f.Tag, RuleNumber, "документы считаются с 1")
		}
	case TagName, TagUser, TagAddress, TagPlace, TagSerial, TagUserDataValue:
		if len(bytes.TrimSpace(f.Value)) == 0 {
			c.bad(f.Tag, RuleText, "реквизит «%s» пуст", r.Name)
		}
	}
}

// inn checks a taxpayer's number. The one of a supplier who has none is zeros.
func (c *checker) inn(f *Field, r *Row) {
	s := f.Text()
	if f.Tag == TagSupplierINN && s == "000000000000" {
		return
	}
	if err := fiscal.CheckINN(s); err != nil {
		c.bad(f.Tag, RuleNumber, "%s: %s", r.Name, err)
	}
}

// dayText tells whether s is a day of the calendar as 31.12.2026.
func dayText(s string) bool {
	if len(s) != 10 || s[2] != '.' || s[5] != '.' {
		return false
	}
	n := func(s string) int {
		v := 0
		for _, c := range []byte(s) {
			if c < '0' || c > '9' {
				return -1
			}
			v = v*10 + int(c-'0')
		}
		return v
	}
	d := fiscal.DateTime{Day: n(s[:2]), Month: n(s[3:5]), Year: n(s[6:])}
	return d.Valid()
}

// conditions are the rules about tags that depend on other tags of the document.
func (c *checker) conditions(has *tagSet) {
	if n, _ := c.d.Find(TagUnsent); n.Uint() > 0 {
		if from, ok := c.d.Find(TagUnsentFrom); !ok {
			c.missing(TagUnsentFrom)
		} else if from.Time().Sub(firstDay) < 0 {
			c.bad(TagUnsentFrom, RuleDate, "документы ждут отправки, а с какого времени, не сказано")
		}
	}
	if c.d.Type == fiscal.DocRegistration || c.d.Type == fiscal.DocReregistration {
		c.registration(has)
	}
	if isCorrection(c.d.Type) {
		c.correction(has)
	}
}

// registration checks what a till with an operator needs and the registration
// number, which is made of two others. Whether there is an operator the memory
// knows: the part the till gives does not tell.
func (c *checker) registration(has *tagSet) {
	offline, told := c.d.Find(TagOffline)
	if told && offline.Uint() == 0 {
		if !has.has(TagOFDINN) {
			c.missing(TagOFDINN)
		}
		if !has.has(TagOFDName) && c.v == V12 {
			c.missing(TagOFDName)
		}
	}
	if automatic, _ := c.d.Find(TagAutomatic); automatic.Uint() == 1 && !has.has(TagAutomat) {
		c.missing(TagAutomat)
	}
	rnm, hasRNM := c.d.Find(TagRNM)
	inn, hasINN := c.d.Find(TagINN)
	serial, hasSerial := c.d.Find(TagSerial)
	if hasRNM && hasINN && hasSerial {
		if err := fiscal.CheckRNM(rnm.Text(), inn.INN(), serial.Text()); err != nil {
			c.bad(TagRNM, RuleNumber, "%s", err)
		}
	}
}

func (c *checker) correction(has *tagSet) {
	if c.v == V105 && has.has(TagItem) {
		c.bad(TagItem, RuleUnknown, "в чеке коррекции ФФД 1.05 нет предметов расчёта")
	}
	basis, ok := c.d.Find(TagCorrectionBasis)
	if !ok {
		return
	}
	if v := c.rules(); v == V105 || v == V11 {
		for _, t := range [2]Tag{TagCorrectionReason, TagCorrectionNumber} {
			if _, ok := basis.Find(t); !ok {
				c.missing(t)
			}
		}
	}
	if kind, _ := c.d.Find(TagCorrectionType); kind.Uint() == 1 {
		if number, _ := basis.Find(TagCorrectionNumber); number.Text() == "" {
			c.bad(TagCorrectionNumber, RuleMissing, "коррекция по предписанию, а его номера нет")
		}
	}
	day, _ := basis.Find(TagCorrectionDate)
	if at, ok := c.d.Find(TagTime); ok && day.Time().Sub(at.Time()) > 0 {
		c.bad(TagCorrectionDate, RuleDate, "исправляемый расчёт %s позже самой коррекции %s", day.Time(), at.Time())
	}
}

// size compares the document with what a memory takes, or with its form's limit.
func (c *checker) size() {
	total := 0
	for i := range c.d.Fields {
		f := &c.d.Fields[i]
		n := f.size()
		if c.given && n > messageLimit {
			c.bad(f.Tag, RuleSize, "%s", tooLong(n))
		}
		total += n
	}
	limit := 0
	if c.given {
		limit = givenLimits[c.d.Type]
	} else if r := row(Tag(c.d.Type), c.v); r != nil {
		limit = r.Max
	}
	if limit > 0 && total > limit {
		c.bad(Tag(c.d.Type), RuleSize, "документ занимает %d байт, можно не больше %d: разделите его", total, limit)
	}
}
