package fiscal

import "math/bits"

// VAT is a rate as FFD tag 1199 numbers it. Vendors number rates otherwise:
// the translation lives in the vendor's package.
type VAT uint8

// Rates (FFD 1.05–1.2, tag 1199, with the rows added in 2025 and 2026).
const (
	VAT20    VAT = 1
	VAT10    VAT = 2
	VAT20120 VAT = 3
	VAT10110 VAT = 4
	VAT0     VAT = 5
	VATNone  VAT = 6
	VAT5     VAT = 7
	VAT7     VAT = 8
	VAT5105  VAT = 9
	VAT7107  VAT = 10
	VAT22    VAT = 11
	VAT22122 VAT = 12
)

// VATRate is what there is to know of a rate.
type VATRate struct {
	VAT     VAT
	Name    string // word in JSON and configuration
	Title   string // on screen and slip
	Percent int64
	// Inside: the tax is a part of the sum at percent/(100+percent), as for
	// advances. For the plain rates too the receipt carries the sum with tax
	// in it, so the arithmetic is the same and only the tag differs.
	Inside bool
	// From and Till bound the dates of settlement the rate is usual for;
	// "" is unbounded. A correction may carry a rate of its own past.
	From, Till string
}

// VATRates lists every rate, in the order of tag 1199.
var VATRates = []VATRate{
	{VAT: VAT20, Name: "20", Title: "НДС 20%", Percent: 20, Till: "2025-12-31"},
	{VAT: VAT10, Name: "10", Title: "НДС 10%", Percent: 10},
	{VAT: VAT20120, Name: "20/120", Title: "НДС 20/120", Percent: 20, Inside: true, Till: "2025-12-31"},
	{VAT: VAT10110, Name: "10/110", Title: "НДС 10/110", Percent: 10, Inside: true},
	{VAT: VAT0, Name: "0", Title: "НДС 0%"},
	{VAT: VATNone, Name: "none", Title: "Без НДС"},
	{VAT: VAT5, Name: "5", Title: "НДС 5%", Percent: 5, From: "2025-01-01"},
	{VAT: VAT7, Name: "7", Title: "НДС 7%", Percent: 7, From: "2025-01-01"},
	{VAT: VAT5105, Name: "5/105", Title: "НДС 5/105", Percent: 5, Inside: true, From: "2025-01-01"},
	{VAT: VAT7107, Name: "7/107", Title: "НДС 7/107", Percent: 7, Inside: true, From: "2025-01-01"},
	{VAT: VAT22, Name: "22", Title: "НДС 22%", Percent: 22, From: "2026-01-01"},
	{VAT: VAT22122, Name: "22/122", Title: "НДС 22/122", Percent: 22, Inside: true, From: "2026-01-01"},
}

// Rate finds the row of v; ok is false for a number tag 1199 does not have.
func (v VAT) Rate() (r VATRate, ok bool) {
	if v < 1 || int(v) > len(VATRates) {
		return VATRate{}, false
	}
	return VATRates[v-1], true
}

// Name gives the word of the rate: "20", "5/105", "none"; "" if there is none.
func (v VAT) Name() string { r, _ := v.Rate(); return r.Name }

// ParseVAT finds a rate by its word.
func ParseVAT(name string) (VAT, bool) {
	for _, r := range VATRates {
		if r.Name == name {
			return r.VAT, true
		}
	}
	return 0, false
}

// In is the tax inside a sum, rounded half up to a minor unit.
func (v VAT) In(sum Money) Money {
	r, _ := v.Rate()
	if r.Percent == 0 || sum <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(sum), uint64(2*r.Percent))
	d := uint64(100 + r.Percent)
	lo, carry := bits.Add64(lo, d, 0)
	q, _ := bits.Div64(hi+carry, lo, 2*d)
	return Money(q)
}
