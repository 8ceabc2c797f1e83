package ffd

import (
	"bytes"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

func drawReceipt(t *rapid.T) fiscal.Receipt {
	r := fiscal.Receipt{
		Kind: fiscal.Kind(rapid.IntRange(1, 4).Draw(t, "kind")), TaxSystem: fiscal.TaxOSN,
		Cashier: fiscal.Cashier{Name: "Иванова"}, Marker: rapid.StringMatching(`[a-z0-9]{0,32}`).Draw(t, "marker"),
	}
	for range rapid.IntRange(1, 30).Draw(t, "lines") {
		r.Items = append(r.Items, fiscal.Item{
			Name:     rapid.StringMatching(`[а-яА-Яa-z0-9 ,%№]{0,100}[а-я]`).Draw(t, "name"),
			Price:    fiscal.Money(rapid.Int64Range(0, 1e7).Draw(t, "price")),
			Quantity: fiscal.Quantity(rapid.Int64Range(1, 5e6).Draw(t, "quantity")),
			VAT:      fiscal.VAT(rapid.IntRange(1, 12).Draw(t, "vat")),
			Method:   rapid.IntRange(0, 7).Draw(t, "method"),
		})
	}
	total := r.Total()
	if total > 0 {
		r.Rounding = min(fiscal.Money(rapid.IntRange(0, 99).Draw(t, "rounding")), total)
	}
	due := total - r.Rounding
	for _, p := range []*fiscal.Money{&r.Payments.Electronic, &r.Payments.Prepaid, &r.Payments.Credit, &r.Payments.Barter} {
		*p = fiscal.Money(rapid.Int64Range(0, int64(due)).Draw(t, "payment"))
		due -= *p
	}
	r.Payments.Cash = due + fiscal.Money(rapid.IntRange(0, 10000).Draw(t, "change"))
	return r
}

// Whatever the receipt: the document is good, its parts add up to its total,
// its taxes are those of the shop's receipt, and what was sold reads back.
func TestReceipt_property(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawReceipt(t)
		v := rapid.SampledFrom(versions).Draw(t, "version")
		reg := testRegistration(v)
		if err := r.Check(fiscal.DefaultLimits); err != nil {
			t.Fatalf("the receipt drawn is no good: %v", err)
		}
		given, err := Receipt(r, reg)
		if err != nil {
			t.Fatal(err)
		}
		h := longHead(r, reg)
		h.Format, h.Kind = v, r.Kind
		d, err := ParseDocument(h.Document(given).Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Check(); err != nil {
			t.Fatal(err)
		}
		if err := d.CheckAgainst(reg); err != nil {
			t.Fatal(err)
		}
		total, _ := d.Find(TagTotal)
		var paid, lines fiscal.Money
		for _, tag := range []Tag{TagCash, TagElectronic, TagPrepaid, TagCredit, TagBarter} {
			f, _ := d.Find(tag)
			paid += f.Sum()
		}
		bases := map[fiscal.VAT]fiscal.Money{}
		for i, item := range d.All(TagItem) {
			get := func(tag Tag) Field { f, _ := item.Find(tag); return f }
			want := r.Items[i]
			if get(TagName).Text() != strings.TrimRight(want.Name, " ") || get(TagPrice).Sum() != want.Price || get(TagQuantity).Amount() != want.Quantity || get(TagItemSum).Sum() != want.Total() {
				t.Fatalf("line %d is %v, sold was %+v", i, item, want)
			}
			lines += get(TagItemSum).Sum()
			bases[fiscal.VAT(get(TagVAT).Uint())] += get(TagItemSum).Sum()
		}
		if total.Sum() != r.Total() || paid != r.Total() || lines-r.Rounding != r.Total() || len(d.All(TagItem)) != len(r.Items) {
			t.Fatalf("total %s, paid %s, lines %s less %s, want %s", total.Sum(), paid, lines, r.Rounding, r.Total())
		}
		figures := figuresOf(d)
		if len(figures) != len(bases) {
			t.Fatalf("figures of %d rates, lines of %d", len(figures), len(bases))
		}
		var parts fiscal.Money
		taxes := r.VATTotals()
		for rate, base := range bases {
			parts += base
			want := taxes[rate]
			if rate == fiscal.VAT0 || rate == fiscal.VATNone {
				want = base
			} else if exact := exactTax(rate, base); exact.Abs(exact.Sub(exact, new(big.Rat).SetInt64(int64(figures[rate])))).Cmp(big.NewRat(1, 2)) > 0 {
				t.Fatalf("the tax of %s in %s is %s: over half a kopeck off", rate.Name(), base, figures[rate])
			}
			if figures[rate] != want {
				t.Fatalf("%s of %s is %s, want %s", rate.Name(), base, figures[rate], want)
			}
		}
		if parts != total.Sum()+r.Rounding {
			t.Fatalf("the rates' parts are %s of %s", parts, total.Sum()+r.Rounding)
		}
		fact := d.Fact()
		if fact.Kind != r.Kind || fact.Total != r.Total() || fact.Marker != r.Marker || fact.FP != h.FP || fact.FD != h.FD || fact.At != h.At || fact.Shift != h.Shift || fact.Receipt != h.Receipt {
			t.Fatalf("fact %+v", fact)
		}
	})
}

func exactTax(rate fiscal.VAT, base fiscal.Money) *big.Rat {
	row, _ := rate.Rate()
	return big.NewRat(int64(base)*row.Percent, 100+row.Percent)
}

// figuresOf reads what a receipt says of every rate, by the numbers of the format alone.
func figuresOf(d Document) map[fiscal.VAT]fiscal.Money {
	out := map[fiscal.VAT]fiscal.Money{}
	for tag, rate := range map[Tag]fiscal.VAT{1102: 1, 1103: 2, 1106: 3, 1107: 4, 1104: 5, 1105: 6} {
		if f, ok := d.Find(tag); ok {
			out[rate] = f.Sum()
		}
	}
	if f, ok := d.Find(1115); ok {
		for _, one := range f.All(1119) {
			rate, _ := one.Find(1199)
			sum, _ := one.Find(1120)
			out[fiscal.VAT(rate.Uint())] = sum.Sum()
		}
	}
	return out
}

// The tax of the year 2026, on the figures of a published receipt.
func TestReceipt_vat22(t *testing.T) {
	r := fiscal.Receipt{
		Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Payments: fiscal.Payments{Electronic: 80730},
		Items: []fiscal.Item{{Name: "Товар", Quantity: fiscal.One, Price: 80730, VAT: fiscal.VAT22}},
	}
	given, err := Receipt(r, testRegistration(V12))
	if err != nil {
		t.Fatal(err)
	}
	if got := figuresOf(Document{Fields: given}); got[11] != 14558 || len(got) != 1 {
		t.Errorf("%v", got)
	}
	f, _ := find(given, []Tag{1115})
	if got, want := Append(nil, f), unhex(t, "5b04 0f00 5f04 0b00 af04 0100 0b 6004 0200 de38"); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestReceipt_refuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*fiscal.Receipt, *fiscal.Registration)
		tag   Tag
		rule  Rule
		path  string
	}{
		{"a letter the page lacks", func(r *fiscal.Receipt, _ *fiscal.Registration) { r.Items[1].Name = "Сүт" }, TagName, RuleText, "1059[2].1030"},
		{"a name too long", func(r *fiscal.Receipt, _ *fiscal.Registration) { r.Items[0].Name = strings.Repeat("я", 129) }, TagName, RuleLength, "1059[1].1030"},
		{"a tax system the till has not", func(r *fiscal.Receipt, _ *fiscal.Registration) { r.TaxSystem = fiscal.TaxPatent }, TagTaxSystem, RuleRegistration, "1055"},
		{"a tax system nobody named", func(r *fiscal.Receipt, _ *fiscal.Registration) { r.TaxSystem = 0 }, TagTaxSystem, RuleCode, "1055"},
		{"excise without registration", func(r *fiscal.Receipt, _ *fiscal.Registration) { r.Items[0].Subject = 2 }, TagSubject, RuleRegistration, "1059[1].1212"},
		{"marking without registration", func(r *fiscal.Receipt, g *fiscal.Registration) { r.Items[0].Subject, g.Modes = 33, 0 }, TagSubject, RuleRegistration, "1059[1].1212"},
		{"a cashier's number", func(r *fiscal.Receipt, _ *fiscal.Registration) { r.Cashier.INN = "500100732250" }, TagCashierINN, RuleNumber, "1203"},
		{"a version that is none", func(_ *fiscal.Receipt, g *fiscal.Registration) { g.FFD = "1.3" }, TagFormat, RuleCode, "1209"},
		{"an old version", func(_ *fiscal.Receipt, g *fiscal.Registration) { g.FFD = "1.0" }, TagFormat, RuleCode, "1209"},
		{"no place", func(_ *fiscal.Receipt, g *fiscal.Registration) { g.Place = "" }, TagPlace, RuleText, "1187"},
		{"too many lines", func(r *fiscal.Receipt, _ *fiscal.Registration) {
			for range 200 {
				r.Items = append(r.Items, fiscal.Item{Name: strings.Repeat("я", 128), Quantity: fiscal.One, VAT: fiscal.VATNone})
			}
		}, TagFormReceipt, RuleSize, "3"},
		{"an order without its number", func(r *fiscal.Receipt, _ *fiscal.Registration) {
			r.Correction = &fiscal.Correction{ByOrder: true, Date: at(1, 0, 0)}
		}, TagCorrectionNumber, RuleMissing, "1179"},
		{"a correction of no day", func(r *fiscal.Receipt, _ *fiscal.Registration) { r.Correction = &fiscal.Correction{} }, TagCorrectionDate, RuleDate, "1174.1178"},
	} {
		r, reg := testReceipt(), testRegistration(V12)
		c.spoil(&r, &reg)
		got, err := Receipt(r, reg)
		p := problems(t, err)
		if got != nil || !p.has(c.tag, c.rule) {
			t.Errorf("%s: %v", c.name, p)
			continue
		}
		for _, one := range p {
			if one.Tag == c.tag && one.Rule == c.rule && one.Path != c.path {
				t.Errorf("%s at %s, want %s", c.name, one.Path, c.path)
			}
		}
	}
	r := testReceipt()
	r.Items[0].Name = "Сәлем"
	if _, err := Receipt(r, testRegistration(V12)); err == nil || !strings.Contains(err.Error(), "символа 'ә' нет в кодировке чека") {
		t.Errorf("%v", err)
	}
}

// The only tax system of a till need not be named.
func TestReceipt_onlyTaxSystem(t *testing.T) {
	r, reg := testReceipt(), testRegistration(V12)
	r.TaxSystem, reg.TaxSystems = 0, fiscal.TaxUSN
	given, err := Receipt(r, reg)
	if err != nil {
		t.Fatal(err)
	}
	if f, _ := find(given, []Tag{TagTaxSystem}); f.Uint() != 2 {
		t.Errorf("%d", f.Uint())
	}
}

func TestReceiptForm(t *testing.T) {
	for _, c := range []struct {
		correction bool
		modes      fiscal.Mode
		want       fiscal.DocumentType
	}{{false, 0, 3}, {true, 0, 31}, {false, fiscal.ModeBSO, 4}, {true, fiscal.ModeBSO, 41}} {
		r := fiscal.Receipt{}
		if c.correction {
			r.Correction = &fiscal.Correction{}
		}
		if got := ReceiptForm(r, fiscal.Registration{Modes: c.modes}); got != c.want {
			t.Errorf("%d, want %d", got, c.want)
		}
	}
}

// What a registration says of its modes, by the numbers of the format.
func TestHead_modes(t *testing.T) {
	reg := testRegistration(V12)
	reg.Modes = fiscal.ModeInternet | fiscal.ModeMarking | fiscal.ModeServices | fiscal.ModeEncryption
	h := Head{Form: fiscal.DocRegistration, Format: V12, Registration: &reg, At: at(1, 1, 1)}
	value := func(tag Tag) uint64 { f, _ := find(h.Fields(), []Tag{tag}); return f.Uint() }
	if got := value(1290); got != 1<<5|1<<8|1<<9 {
		t.Errorf("1290 is %b", got)
	}
	if value(1056) != 1 || value(1002) != 0 || value(1001) != 0 || value(1062) != 3 {
		t.Error("signs of modes")
	}
	h.Format = V105
	if _, ok := find(h.Fields(), []Tag{1290}); ok || value(1108) != 1 || value(1109) != 1 || value(1110) != 0 {
		t.Error("signs of modes in 1.05")
	}
	for _, c := range []struct {
		reasons uint32
		newFN   bool
		want    uint8
	}{{0, true, 1}, {2, false, 2}, {4, false, 3}, {8, false, 3}, {1 << 7, false, 4}, {2 | 8, true, 1}} {
		if got := ReasonCode(fiscal.Registration{Reasons: c.reasons, NewFN: c.newFN}); got != c.want {
			t.Errorf("reason of %b is %d, want %d", c.reasons, got, c.want)
		}
	}
}

// A memory is told minutes only, whatever the clock shows.
func TestHead_seconds(t *testing.T) {
	h := Head{Form: fiscal.DocShiftOpened, Format: V12, At: fiscal.DateTime{Year: 2026, Month: 3, Day: 4, Hour: 5, Minute: 6, Second: 59}}
	if f, _ := find(h.Fields(), []Tag{TagTime}); f.Time().String() != "2026-03-04T05:06" {
		t.Errorf("%s", f.Time())
	}
}

// The requisite of somebody else is not our mark.
func TestFact_marker(t *testing.T) {
	for name, want := range map[string]string{MarkerName: "a1", "заказ": ""} {
		d := Document{Type: fiscal.DocReceipt, Fields: []Field{Group(TagUserData, Text(TagUserDataName, name), Text(TagUserDataValue, "a1"))}}
		if got := d.Fact().Marker; got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestTotals(t *testing.T) {
	var totals Totals
	for _, name := range []string{"receipt", "bso", "correction", "bso-correction", "shift-closing"} {
		totals.Add(goldenDocument(t, name, V12))
	}
	r := testReceipt()
	want := Totals{}
	for _, i := range []int{0, 1} {
		want.Kinds[i] = KindTotals{Receipts: 1, Total: 230800, Payments: fiscal.Payments{Cash: 200800, Electronic: 30000}}
		for rate, tax := range r.VATTotals() {
			if rate <= fiscal.VAT10110 {
				want.Kinds[i].VAT[rate] = tax
			}
		}
		want.Kinds[i].VAT[fiscal.VAT0], want.Kinds[i].VAT[fiscal.VATNone] = 45000, 790
	}
	want.Corrections[0] = CorrectionTotals{Receipts: 1, Total: 230857}
	want.Corrections[2] = CorrectionTotals{Receipts: 1, Total: 230857}
	if diff := cmp.Diff(want, totals); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A settlement that is none, and documents without one, are not counted and do no harm.
	totals.Add(Document{Type: fiscal.DocReceipt})
	totals.Add(Document{Type: fiscal.DocReceipt, Fields: []Field{Uint(TagSettlement, 9)}})
	if diff := cmp.Diff(want, totals); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMessages(t *testing.T) {
	given, err := Receipt(longReceipt(), testRegistration(V12))
	if err != nil {
		t.Fatal(err)
	}
	messages, err := Messages(given)
	if err != nil {
		t.Fatal(err)
	}
	whole := Append(nil, given...)
	if got := bytes.Join(messages, nil); !bytes.Equal(got, whole) {
		t.Error("the messages are not the document")
	}
	if want := len(whole)/messageLimit + 1; len(messages) < want || len(messages) > want+1 {
		t.Errorf("%d messages for %d bytes", len(messages), len(whole))
	}
	for _, m := range messages {
		if len(m) > messageLimit || len(m) == 0 {
			t.Errorf("%d bytes", len(m))
		}
		if _, err := Parse(m); err != nil {
			t.Errorf("an object is cut: %v", err)
		}
	}
	_, err = Messages([]Field{Bytes(9999, make([]byte, 1021))})
	if p := problems(t, err); !p.has(9999, RuleSize) {
		t.Errorf("%v", err)
	}
	if m, err := Messages([]Field{Bytes(9999, make([]byte, 1020))}); err != nil || len(m) != 1 {
		t.Errorf("%d %v", len(m), err)
	}
	if m, err := Messages(nil); err != nil || len(m) != 0 {
		t.Errorf("%d %v", len(m), err)
	}
}
