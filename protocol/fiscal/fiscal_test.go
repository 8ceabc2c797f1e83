package fiscal

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseMoney(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Money
		ok   bool
	}{
		{"10", 1000, true},
		{"10.5", 1050, true},
		{"10,50", 1050, true},
		{"0.05", 5, true},
		{"-3.20", -320, true},
		{"1 234 567,89", 123456789, true},
		{"1\u00a0234,5", 123450, true},
		{"1\u202f234", 123400, true},
		{".5", 50, true},
		{"", 0, false},
		{".", 0, false},
		{"10.505", 0, false},
		{"десять", 0, false},
		{"1e3", 0, false},
		{"+5", 0, false},
		{"99999999999999999999", 0, false},
	} {
		got, err := ParseMoney(c.in)
		if (err == nil) != c.ok || got != c.want || err != nil && !errors.Is(err, ErrNumber) {
			t.Errorf("%q: %d %v", c.in, got, err)
		}
	}
}

func TestNumbers_roundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Money(rapid.Int64Range(-int64(MaxMoney), int64(MaxMoney)).Draw(t, "money"))
		if got, err := ParseMoney(m.String()); err != nil || got != m {
			t.Fatalf("%s: %d %v", m, got, err)
		}
		q := Quantity(rapid.Int64Range(-1e15, 1e15).Draw(t, "quantity"))
		if got, err := ParseQuantity(q.String()); err != nil || got != q {
			t.Fatalf("%s: %d %v", q, got, err)
		}
	})
}

// Cost is the product rounded half up, as big numbers see it.
func TestCost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price := Money(rapid.Int64Range(0, int64(MaxMoney)).Draw(t, "price"))
		q := Quantity(rapid.Int64Range(0, 1e13).Draw(t, "quantity"))
		want := new(big.Int).Mul(big.NewInt(int64(price)), big.NewInt(int64(q)))
		want.Add(want, big.NewInt(int64(One)/2)).Div(want, big.NewInt(int64(One)))
		got, ok := Cost(price, q)
		if fits := want.Cmp(big.NewInt(int64(MaxMoney))) <= 0; ok != fits || ok && want.Cmp(big.NewInt(int64(got))) != 0 {
			t.Fatalf("%s × %s = %d %v, want %s", price, q, got, ok, want)
		}
	})
	if _, ok := Cost(-1, One); ok {
		t.Error("a negative price has a cost")
	}
	if m, _ := Cost(19990, 345000); m != 6897 { // 199.90 × 0.345 = 68.9655
		t.Errorf("0.345 kg of 199.90 cost %s", m)
	}
}

func TestVAT(t *testing.T) {
	for _, c := range []struct {
		vat  VAT
		sum  Money
		want Money
	}{
		{VAT20, 12000, 2000},
		{VAT20120, 12000, 2000},
		{VAT10, 11000, 1000},
		{VAT0, 5000, 0},
		{VATNone, 5000, 0},
		{VAT5, 10500, 500},
		{VAT5105, 10500, 500},
		{VAT7, 10700, 700},
		{VAT7107, 10700, 700},
		{VAT22122, 12200, 2200},
		{VAT22, 80730, 14558}, // a receipt of the tax service of 2026
		{VAT20, 1, 0},
		{VAT20, 3, 1},
		{VAT20, 0, 0},
		{VAT20, -100, 0},
		{99, 100, 0},
	} {
		if got := c.vat.In(c.sum); got != c.want {
			t.Errorf("%s in %s is %s, want %s", c.vat.Name(), c.sum, got, c.want)
		}
	}
	for i, r := range VATRates {
		if int(r.VAT) != i+1 {
			t.Errorf("row %d has number %d of tag 1199", i, r.VAT)
		}
		if v, ok := ParseVAT(r.Name); !ok || v != r.VAT {
			t.Errorf("%q is %d %v", r.Name, v, ok)
		}
	}
	if _, ok := ParseVAT("18"); ok {
		t.Error("18 % is gone")
	}
}

// The tax of a receipt is within a kopeck a rate of the exact value, and never
// more than the sum it stands in.
func TestVATTotals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Receipt
		sums := map[VAT]Money{}
		for range rapid.IntRange(1, 30).Draw(t, "lines") {
			i := Item{Price: Money(rapid.Int64Range(0, 1e7).Draw(t, "price")), Quantity: Quantity(rapid.Int64Range(1, 5e6).Draw(t, "quantity")), VAT: VAT(rapid.IntRange(1, 12).Draw(t, "vat"))}
			r.Items = append(r.Items, i)
			sums[i.VAT] += i.Total()
		}
		var total Money
		for v, tax := range r.VATTotals() {
			rate, _ := v.Rate()
			exact := big.NewRat(int64(sums[v])*rate.Percent, 100+rate.Percent)
			d := new(big.Rat).Sub(exact, new(big.Rat).SetInt64(int64(tax)))
			if d.Abs(d).Cmp(big.NewRat(1, 2)) > 0 || tax > sums[v] {
				t.Fatalf("%s in %s is %s", rate.Name, sums[v], tax)
			}
			total += sums[v]
		}
		if total != r.Total() {
			t.Fatalf("parts %s, total %s", total, r.Total())
		}
	})
}

func TestDateTime(t *testing.T) {
	for _, s := range []string{"2026-03-04T05:06", "2026-03-04T05:06:07", "2024-02-29T23:59", "1999-12-31T00:00"} {
		if d, err := ParseDateTime(s); err != nil || d.String() != s || !d.Valid() {
			t.Errorf("%s: %v %v", s, d, err)
		}
	}
	for _, s := range []string{"", "2026-03-04", "2026-02-29T00:00", "2026-13-01T00:00", "2026-03-04T24:00", "2026-03-04T05:60", "26-3-4T5:6", "2026-03-04 05:06", "2026-03-04T05:06:00"} {
		if d, err := ParseDateTime(s); err == nil {
			t.Errorf("%q was read as %v", s, d)
		}
	}
	at := func(s string) DateTime { d, _ := ParseDateTime(s); return d }
	for _, c := range []struct {
		a, b string
		want int64
	}{
		{"2026-03-01T00:00", "2026-02-28T00:00", 86400},
		{"2024-03-01T00:00", "2024-02-28T00:00", 2 * 86400},
		{"2026-01-01T00:00", "2025-12-31T23:59", 60},
		{"2026-03-04T05:06:07", "2026-03-04T05:06", 7},
		{"2025-01-01T00:00", "2026-01-01T00:00", -365 * 86400},
	} {
		if got := at(c.a).Sub(at(c.b)); got != c.want {
			t.Errorf("%s − %s is %d s, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestQR(t *testing.T) {
	d := Document{FN: "9999078902001234", FD: 12, FP: 3456789012, Type: DocReceipt, Kind: SaleReturn, Total: 100005, At: DateTime{Year: 2026, Month: 3, Day: 4, Hour: 5, Minute: 6}}
	if got, want := d.QR(), "t=20260304T0506&s=1000.05&fn=9999078902001234&i=12&fp=3456789012&n=2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	d.At = DateTime{}
	if d.QR() != "" || (Document{FD: 1, Type: DocShiftOpened}).QR() != "" {
		t.Error("a QR code of nothing")
	}
}

func TestZeroOutcomeIsUnknown(t *testing.T) {
	var o Outcome
	if o != Unknown || o.String() != "unknown" {
		t.Errorf("the zero outcome is %s", o)
	}
}

func TestCheck_namesEveryField(t *testing.T) {
	r := Receipt{Kind: Sale, Items: []Item{{Name: "", Quantity: -1, Price: -2, VAT: 99, Department: 17, Method: 8, Subject: 34}}, Payments: Payments{Cash: -1}, Rounding: 100}
	err := r.Check(DefaultLimits)
	for _, f := range []string{"name", "quantity", "price", "vat", "department", "method", "subject"} {
		if !strings.Contains(err.Error(), "items[0]."+f) {
			t.Errorf("items[0].%s is not named: %v", f, err)
		}
	}
	for _, f := range []string{"payments.cash", "rounding"} {
		if !strings.Contains(err.Error(), f) {
			t.Errorf("%s is not named: %v", f, err)
		}
	}
	good := Receipt{Kind: Sale, Items: []Item{{Name: "Кофе", Quantity: One, Price: 100, VAT: VAT22}}, Payments: Payments{Cash: 100}}
	if err := good.Check(DefaultLimits); err != nil {
		t.Errorf("a good receipt: %v", err)
	}
}

func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"10,50", "1 234.05", "-0.01", "", "١٢"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMoney(s)
		if err != nil {
			return
		}
		if again, err := ParseMoney(m.String()); err != nil || again != m {
			t.Errorf("%q is %s, which is %s %v", s, m, again, err)
		}
	})
}

func FuzzParseDateTime(f *testing.F) {
	for _, s := range []string{"2026-03-04T05:06", "2026-03-04T05:06:07", "", "0000-00-00T00:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseDateTime(s); err == nil && d.String() != s {
			t.Errorf("%q was read as %s", s, d)
		}
	})
}
