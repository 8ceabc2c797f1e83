package ffd

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// goldenDocument is a fresh copy of one of the golden documents.
func goldenDocument(t *testing.T, name string, v Version) Document {
	t.Helper()
	for _, g := range goldens() {
		if g.name == name {
			return g.document(t, v)
		}
	}
	t.Fatalf("no golden document %q", name)
	return Document{}
}

func without(fields []Field, t Tag) []Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f Field) bool { return f.Tag == t })
}

// set replaces the first object under the path.
func set(fields []Field, f Field, path ...Tag) []Field {
	fields = slices.Clone(fields)
	for i := range fields {
		if len(path) == 0 && fields[i].Tag == f.Tag {
			fields[i] = f
			return fields
		}
		if len(path) > 0 && fields[i].Tag == path[0] {
			fields[i].Fields = set(fields[i].Fields, f, path[1:]...)
			return fields
		}
	}
	return append(fields, f)
}

func problems(t *testing.T, err error) Problems {
	t.Helper()
	var p Problems
	if err != nil && !errors.As(err, &p) {
		t.Fatalf("not problems: %v", err)
	}
	return p
}

func (p Problems) has(tag Tag, rule Rule) bool {
	return slices.ContainsFunc(p, func(one Problem) bool { return one.Tag == tag && one.Rule == rule })
}

// Whatever is spoilt in a good document, its tag and rule are named, with the
// document, the version and a sentence.
func TestCheck_names(t *testing.T) {
	type spoil struct {
		name  string
		doc   string
		v     Version
		tag   Tag
		rule  Rule
		spoil func(f []Field) []Field
	}
	with := func(g Field, path ...Tag) func([]Field) []Field {
		return func(f []Field) []Field { return set(f, g, path...) }
	}
	more := func(g ...Field) func([]Field) []Field {
		return func(f []Field) []Field { return append(slices.Clone(f), g...) }
	}
	drop := func(tag Tag) func([]Field) []Field { return func(f []Field) []Field { return without(f, tag) } }
	cases := []spoil{
		{"no version", "receipt", V12, TagFormat, RuleMissing, drop(TagFormat)},
		{"version that is none", "receipt", V12, TagFormat, RuleCode, with(Uint(TagFormat, 9))},
		{"version 1.0", "receipt", V12, TagFormat, RuleCode, with(Uint(TagFormat, 1))},
		{"unknown tag", "receipt", V12, 9999, RuleUnknown, more(Bytes(9999, nil))},
		{"form inside a document", "receipt", V12, TagFormReceipt, RuleUnknown, more(Group(TagFormReceipt, Uint(TagFD, 1)))},
		{"tag of 1.2 in 1.05", "receipt", V105, TagMeasure, RuleUnknown, with(Uint(TagMeasure, 0), TagItem)},
		{"tag of 1.05 in 1.2", "receipt", V12, TagUnit, RuleUnknown, with(Text(TagUnit, "кг"), TagItem)},
		{"tag of 1.0", "receipt", V12, TagPostCode, RuleUnknown, more(Text(TagPostCode, "109012"))},
		{"twice", "receipt", V12, TagTotal, RuleRepeated, more(Sum(TagTotal, 230800))},
		{"text too long", "receipt", V12, TagCashier, RuleLength, with(Text(TagCashier, strings.Repeat("я", 65)))},
		{"fixed text too short", "receipt", V12, TagINN, RuleLength, with(Bytes(TagINN, []byte(testINN)))},
		{"byte of two bytes", "receipt", V12, TagSettlement, RuleLength, with(Bytes(TagSettlement, []byte{1, 0}))},
		{"empty sum", "receipt", V12, TagCash, RuleLength, with(Bytes(TagCash, nil))},
		{"negative sum", "receipt", V12, TagCash, RuleLength, with(Sum(TagCash, -1))},
		{"sum too long", "receipt", V12, TagTotal, RuleLength, with(Sum(TagTotal, 1<<48))},
		{"time of three bytes", "receipt", V12, TagTime, RuleLength, with(Bytes(TagTime, []byte{1, 2, 3}))},
		{"sign of four bytes", "receipt", V12, TagSign, RuleLength, with(Bytes(TagSign, []byte{1, 2, 3, 4}))},
		{"amount without digits", "receipt", V12, TagQuantity, RuleLength, with(Bytes(TagQuantity, []byte{0}), TagItem)},
		{"item too long", "receipt", V12, TagItem, RuleLength, with(Text(TagItemData, strings.Repeat("я", 1000)), TagItem)},
		{"sign of settlement", "receipt", V12, TagSettlement, RuleCode, with(Uint(TagSettlement, 5))},
		{"two tax systems", "receipt", V12, TagTaxSystem, RuleCode, with(Uint(TagTaxSystem, 3))},
		{"no tax system", "receipt", V12, TagTaxSystem, RuleCode, with(Uint(TagTaxSystem, 0))},
		{"tax system that is none", "receipt", V12, TagTaxSystem, RuleCode, with(Uint(TagTaxSystem, 64))},
		{"rate that is none", "receipt", V12, TagVAT, RuleCode, with(Uint(TagVAT, 13), TagItem)},
		{"method that is none", "receipt", V12, TagMethod, RuleCode, with(Uint(TagMethod, 8), TagItem)},
		{"subject that is none", "receipt", V12, TagSubject, RuleCode, with(Uint(TagSubject, 28), TagItem)},
		{"measure that is none", "receipt", V12, TagMeasure, RuleCode, with(Uint(TagMeasure, 99), TagItem)},
		{"agent of no kind", "receipt", V12, TagItemAgent, RuleCode, with(Uint(TagItemAgent, 128), TagItem)},
		{"time before the format", "receipt", V12, TagTime, RuleDate, with(Uint(TagTime, 1000000))},
		{"no time", "receipt", V12, TagTime, RuleDate, with(Time(TagTime, fiscal.DateTime{Year: 2026, Month: 2, Day: 29}))},
		{"time far ahead", "receipt", V12, TagTime, RuleDate, with(Uint(TagTime, 1<<32-1))},
		{"birthday", "receipt", V12, TagBuyerBirthday, RuleDate, more(Group(TagBuyerData, Text(TagBuyerBirthday, "30.02.1990")))},
		{"birthday in other words", "receipt", V12, TagBuyerBirthday, RuleDate, more(Group(TagBuyerData, Text(TagBuyerBirthday, "1990-02-03")))},
		{"INN", "receipt", V12, TagINN, RuleNumber, with(Text(TagINN, "7702203270"))},
		{"INN with a letter", "receipt", V12, TagINN, RuleNumber, with(Text(TagINN, "770220327б"))},
		{"cashier's INN", "receipt", V12, TagCashierINN, RuleNumber, with(Text(TagCashierINN, "500100732250"))},
		{"supplier's INN", "receipt", V12, TagSupplierINN, RuleNumber, with(Text(TagSupplierINN, "1"), TagItem)},
		{"registration number of 15 digits", "receipt", V12, TagRNM, RuleNumber, with(Text(TagRNM, "000000000500857"))},
		{"registration number of another till", "registration", V12, TagRNM, RuleNumber, with(Text(TagRNM, "0000000005008571"))},
		{"number of the memory", "receipt", V12, TagFN, RuleNumber, with(Text(TagFN, "99990789000012AB"))},
		{"document number zero", "receipt", V12, TagFD, RuleNumber, with(Uint(TagFD, 0))},
		{"item without a name", "receipt", V12, TagName, RuleText, with(Text(TagName, "  "), TagItem)},
		{"empty address", "receipt", V12, TagAddress, RuleText, with(Text(TagAddress, ""))},
		{"paid less", "receipt", V12, TagTotal, RuleTotal, with(Sum(TagCash, 100))},
		{"total of other items", "receipt", V12, TagTotal, RuleTotal, with(Sum(TagTotal, 230700))},
		{"total above the items", "receipt", V12, TagTotal, RuleTotal, func(f []Field) []Field {
			return set(set(f, Sum(TagTotal, 230858)), Sum(TagCash, 200858))
		}},
		{"sum of an item", "receipt", V12, TagItemSum, RuleTotal, with(Sum(TagItemSum, 30002), TagItem)},
		{"no quantity", "receipt", V12, TagQuantity, RuleTotal, with(Amount(TagQuantity, 0), TagItem)},
		{"tax of 10 %", "receipt", V12, TagVAT10, RuleTotal, with(Sum(TagVAT10, 2454))},
		{"turnover at 0 %", "receipt", V12, TagVAT0, RuleTotal, with(Sum(TagVAT0, 44999))},
		{"tax of 22 %", "receipt", V12, TagVATSums, RuleTotal, with(Sum(TagVATAmount, 1), TagVATSums, TagVATSum)},
		{"tax of a rate without lines", "receipt", V12, TagVAT10110, RuleTotal, more(Sum(TagVAT10110, 1))},
		{"no tax of a rate", "receipt", V12, TagVAT10, RuleMissing, drop(TagVAT10)},
		{"no taxes of new rates", "receipt", V12, TagVATSums, RuleMissing, drop(TagVATSums)},
		{"item without a sum", "receipt", V12, TagItemSum, RuleMissing, func(f []Field) []Field {
			return set(f, Group(TagItem, Text(TagName, "Кофе"), Sum(TagPrice, 1), Amount(TagQuantity, fiscal.One)))
		}},
		{"item without a price", "receipt", V105, TagPrice, RuleMissing, func(f []Field) []Field {
			return set(f, Group(TagItem, Text(TagName, "Кофе"), Sum(TagItemSum, 1), Amount(TagQuantity, fiscal.One)))
		}},
		{"mark without a name", "receipt", V12, TagUserDataName, RuleMissing, with(Group(TagUserData, Text(TagUserDataValue, "a")))},
		{"group that is none", "receipt", V12, TagUserData, RuleStructure, with(Bytes(TagUserData, []byte{1, 2, 3}))},
		{"empty group", "receipt", V12, TagUserData, RuleStructure, with(Bytes(TagUserData, nil))},
		{"items in a correction of 1.05", "correction", V105, TagItem, RuleUnknown, more(Group(TagItem, Text(TagName, "Кофе")))},
		{"order without its number", "correction", V12, TagCorrectionNumber, RuleMissing, with(Text(TagCorrectionNumber, ""), TagCorrectionBasis)},
		{"correction of the future", "correction", V12, TagCorrectionDate, RuleDate, with(Time(TagCorrectionDate, at(5, 0, 0)), TagCorrectionBasis)},
		{"basis without a day", "correction", V12, TagCorrectionDate, RuleMissing, with(Group(TagCorrectionBasis, Text(TagCorrectionNumber, "1")))},
		{"no reason in 1.05", "correction", V105, TagCorrectionReason, RuleMissing, with(Group(TagCorrectionBasis, Time(TagCorrectionDate, at(1, 0, 0)), Text(TagCorrectionNumber, "1")))},
		{"unsent without a time", "settlement", V12, TagUnsentFrom, RuleMissing, drop(TagUnsentFrom)},
		{"unsent since never", "settlement", V12, TagUnsentFrom, RuleDate, with(Uint(TagUnsentFrom, 0))},
		{"no operator", "registration", V12, TagOFDINN, RuleMissing, drop(TagOFDINN)},
		{"automat without a number", "registration", V12, TagAutomat, RuleMissing, with(Uint(TagAutomatic, 1))},
		{"no tax systems", "registration", V105, TagTaxSystems, RuleCode, with(Uint(TagTaxSystems, 0))},
		{"document too large", "receipt", V12, TagFormReceipt, RuleSize, func(f []Field) []Field {
			f = slices.Clone(f)
			for range 40 {
				f = append(f, Group(TagItem, Text(TagName, "Кофе"), Sum(TagPrice, 0), Amount(TagQuantity, fiscal.One), Sum(TagItemSum, 0), Text(TagItemData, strings.Repeat("я", 900))))
			}
			return f
		}},
	}
	// A demanded tag that is gone, in every form and version.
	for _, g := range goldens() {
		for _, v := range versions {
			every, own, _ := needed(g.form, v)
			for _, tag := range slices.Concat(every, own) {
				if tag != TagFormat || g.form != fiscal.DocOperatorTicket {
					cases = append(cases, spoil{"without a tag", g.name, v, tag, RuleMissing, drop(tag)})
				}
			}
		}
	}
	for _, c := range cases {
		d := goldenDocument(t, c.doc, c.v)
		d.Fields = c.spoil(d.Fields)
		got := problems(t, d.Check())
		if !got.has(c.tag, c.rule) {
			t.Errorf("%s, %s %s: %d %s is not named in %v", c.name, c.doc, c.v, c.tag, c.rule, got)
		}
		for _, p := range got {
			if p.Document != d.Type || p.Version != d.Version() || p.Text == "" || !strings.HasSuffix(p.Path, p.tagText()) {
				t.Errorf("%s: %+v", c.name, p)
			}
		}
	}
}

func (p Problem) tagText() string { return strings.Split(p.Path, ".")[strings.Count(p.Path, ".")] }

func TestCheck_path(t *testing.T) {
	d := goldenDocument(t, "receipt", V12)
	n := 0
	for i, f := range d.Fields {
		if f.Tag != TagItem {
			continue
		}
		if n++; n == 3 {
			d.Fields[i].Fields = set(f.Fields, Uint(TagVAT, 77))
		}
	}
	p := problems(t, d.Check())
	if !slices.ContainsFunc(p, func(p Problem) bool { return p.Path == "1059[3].1199" && p.Rule == RuleCode }) {
		t.Errorf("%v", p)
	}
	if s := d.Check().Error(); !strings.Contains(s, "кассовый чек: тег 1059[3].1199: значения 77 у реквизита «ставка НДС» нет") {
		t.Errorf("%s", s)
	}
}

// A till that rounds the tax of every line may differ from our rule, not more.
func TestCheck_roundingOfOthers(t *testing.T) {
	lines := []fiscal.Item{}
	for range 5 {
		lines = append(lines, fiscal.Item{Name: "Мелочь", Quantity: fiscal.One, Price: 103, VAT: fiscal.VAT20})
	}
	r := fiscal.Receipt{Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Items: lines, Payments: fiscal.Payments{Cash: 515}}
	reg := testRegistration(V12)
	given, err := Receipt(r, reg)
	if err != nil {
		t.Fatal(err)
	}
	h := longHead(r, reg)
	// 5 × 1.03: the tax of the sum is 0.86, of every line 0.17, of all five 0.85.
	for tax, good := range map[fiscal.Money]bool{86: true, 85: true, 89: true, 83: true, 82: false, 90: false} {
		d := h.Document(set(given, Sum(TagVAT20, tax)))
		if got := problems(t, d.Check()); (len(got) == 0) != good {
			t.Errorf("tax %s: %v", tax, got)
		}
	}
}

func TestCheck_formThatIsNone(t *testing.T) {
	for _, form := range []fiscal.DocumentType{0, 8, 81, 255} {
		if p := problems(t, Document{Type: form}.Check()); len(p) != 1 || p[0].Rule != RuleUnknown {
			t.Errorf("%d: %v", form, p)
		}
	}
}

func TestCheckGiven(t *testing.T) {
	reg := testRegistration(V12)
	given, err := Receipt(testReceipt(), reg)
	if err != nil {
		t.Fatal(err)
	}
	check := func(more ...Field) Problems {
		return problems(t, Document{Type: fiscal.DocReceipt, Fields: append(slices.Clone(given), more...)}.CheckGiven())
	}
	if p := check(); len(p) != 0 {
		t.Errorf("%v", p)
	}
	for _, f := range []Field{Sum(TagTotal, 230800), Text(TagFN, testFN), Uint(TagShift, 1), Sign(1)} {
		if p := check(f); !p.has(f.Tag, RulePlace) {
			t.Errorf("%d, which the memory writes: %v", f.Tag, p)
		}
	}
	if p := check(Group(TagBuyerData, Text(TagBuyer, strings.Repeat("я", 256)), Text(TagBuyerAddress, strings.Repeat("я", 256)), Text(TagBuyerDocumentData, strings.Repeat("я", 512)))); !p.has(TagBuyerData, RuleSize) {
		t.Errorf("an object of over 1024 bytes: %v", p)
	}
	var items []Field
	for range 34 {
		items = append(items, Group(TagItem, Text(TagName, "Кофе"), Sum(TagPrice, 0), Amount(TagQuantity, fiscal.One), Sum(TagItemSum, 0), Text(TagItemData, strings.Repeat("я", 900))))
	}
	if p := check(items...); !p.has(TagFormReceipt, RuleSize) {
		t.Errorf("over 30 KB: %v", p)
	}
	if p := check(Bytes(TagTotal, nil)); !p.has(TagTotal, RulePlace) {
		t.Errorf("%v", p)
	}
}

// What tells no version is held to the newest rules of who writes what.
func TestCheckGiven_noVersion(t *testing.T) {
	d := Document{Type: fiscal.DocRegistration, Fields: []Field{Uint(TagConditions, 0)}}
	if p := problems(t, d.CheckGiven()); !p.has(TagConditions, RulePlace) || !p.has(TagFormat, RuleMissing) || p.has(TagFN, RuleMissing) {
		t.Errorf("%v", p)
	}
}

// What looks odd and is right.
func TestCheck_allows(t *testing.T) {
	d := goldenDocument(t, "receipt", V12)
	for _, f := range []Field{
		Text(TagSupplierINN, "000000000000"), // a supplier without a number
		Group(TagProduct, Text(TagCodeEAN13, "4606224000120")),
		Uint(TagMarkingResult, 0x0f),
	} {
		d.Fields = set(d.Fields, f, TagItem)
	}
	d.Fields = append(d.Fields, Group(TagBuyerData, Text(TagBuyer, "Иванов"), Text(TagBuyerBirthday, "29.02.2000")),
		Group(TagReceiptIndustry, Text(TagIndustryBody, "030"), Text(TagIndustryDate, "26.03.2022"), Text(TagIndustryNumber, "477"), Text(TagIndustryValue, "a")),
		Group(TagReceiptIndustry, Text(TagIndustryBody, "030"), Text(TagIndustryDate, "26.03.2022"), Text(TagIndustryNumber, "478"), Text(TagIndustryValue, "b")))
	if err := d.Check(); err != nil {
		t.Error(err)
	}
}

func TestCheckAgainst(t *testing.T) {
	whole := func(v Version, spoil func(*fiscal.Registration), more ...Field) Problems {
		d := goldenDocument(t, "receipt", v)
		for _, f := range more {
			d.Fields = set(d.Fields, f, TagItem)
		}
		reg := testRegistration(v)
		spoil(&reg)
		return problems(t, d.CheckAgainst(reg))
	}
	as := func(*fiscal.Registration) {}
	modes := func(m fiscal.Mode) func(*fiscal.Registration) {
		return func(r *fiscal.Registration) { r.Modes = m }
	}
	if p := whole(V12, as); len(p) != 0 {
		t.Errorf("%v", p)
	}
	for _, c := range []struct {
		name  string
		v     Version
		spoil func(*fiscal.Registration)
		item  []Field
		tag   Tag
	}{
		{"another taxpayer", V12, func(r *fiscal.Registration) { r.INN = "9715260691" }, nil, TagINN},
		{"another till", V12, func(r *fiscal.Registration) { r.RNM = "1" }, nil, TagRNM},
		{"another version", V12, func(r *fiscal.Registration) { r.FFD = "1.1" }, nil, TagFormat},
		{"another tax system", V12, func(r *fiscal.Registration) { r.TaxSystems = fiscal.TaxPatent }, nil, TagTaxSystem},
		{"a till of strict forms", V12, modes(fiscal.ModeBSO), nil, TagFormReceipt},
		{"an automat without its number", V12, modes(fiscal.ModeAutomatic), nil, TagAutomat},
		{"agent", V12, as, []Field{Uint(TagItemAgent, 64)}, TagItemAgent},
		{"excise", V12, as, []Field{Uint(TagSubject, 2)}, TagSubject},
		{"gambling", V11, as, []Field{Uint(TagSubject, 5)}, TagSubject},
		{"lottery", V12, as, []Field{Uint(TagSubject, 7)}, TagSubject},
		{"marked goods", V12, modes(0), []Field{Uint(TagSubject, 33)}, TagSubject},
		{"marked goods with excise", V12, modes(fiscal.ModeMarking), []Field{Uint(TagSubject, 31)}, TagSubject},
		{"marking code", V12, modes(0), []Field{Text(TagMarkingCode, "01046")}, TagMarkingCode},
	} {
		if p := whole(c.v, c.spoil, c.item...); !p.has(c.tag, RuleRegistration) && !p.has(c.tag, RuleMissing) {
			t.Errorf("%s: %v", c.name, p)
		}
	}
	for _, c := range []struct {
		modes fiscal.Mode
		item  Field
	}{
		{fiscal.ModeAgents, Uint(TagItemAgent, 64)},
		{fiscal.ModeExcise, Uint(TagSubject, 2)},
		{fiscal.ModeMarking, Uint(TagSubject, 33)},
		{fiscal.ModeMarking | fiscal.ModeExcise, Uint(TagSubject, 31)},
		{0, Uint(TagSubject, 32)},
		{fiscal.ModeGambling, Uint(TagSubject, 6)},
	} {
		if p := whole(V12, modes(c.modes), c.item); len(p) != 0 {
			t.Errorf("%v %v: %v", c.modes.Names(), c.item, p)
		}
	}
	if p := problems(t, goldenDocument(t, "bso", V12).CheckAgainst(testRegistration(V12))); !p.has(TagFormBSO, RuleRegistration) {
		t.Errorf("a strict form of a till of receipts: %v", p)
	}
}
