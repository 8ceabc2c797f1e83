package store

import (
	"cmp"
	"slices"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Sums are what documents add up to.
type Sums struct {
	Receipts, Total                           int64
	Cash, Electronic, Prepaid, Credit, Barter int64
	Positions                                 int64
}

// Add adds so many times what o holds.
func (s *Sums) Add(o Sums, times int64) {
	s.Receipts += times * o.Receipts
	s.Total += times * o.Total
	s.Cash += times * o.Cash
	s.Electronic += times * o.Electronic
	s.Prepaid += times * o.Prepaid
	s.Credit += times * o.Credit
	s.Barter += times * o.Barter
	s.Positions += times * o.Positions
}

func (s *Sums) values() []any {
	return []any{s.Receipts, s.Total, s.Cash, s.Electronic, s.Prepaid, s.Credit, s.Barter, s.Positions}
}

// Grains of revenue.
const (
	// GrainHour and GrainDay are of the till's own time.
	GrainHour = 1
	GrainDay  = 2
	// GrainTrade is the day a shift was opened.
	GrainTrade = 3
)

// RevenueKey names a row of revenue.
type RevenueKey struct {
	Organisation string
	// Node is a till, an outlet, or empty for the organisation.
	Node string
	// Grain of the span.
	Grain int32
	// Span is an hour or a day.
	Span string
	// Correction is 1 for corrections.
	Correction int32
	// Kind is fiscal.v1.Kind.
	Kind int32
}

// ShiftKey names a shift.
type ShiftKey struct {
	Organisation, FN string
	Number           int64
}

// ShiftSumKey names a part of a shift's sums.
type ShiftSumKey struct {
	ShiftKey
	Till, Outlet     string
	Correction, Kind int32
}

// ProductKey names what was sold of something in a day.
type ProductKey struct {
	Organisation, Day string
	Product           int64
	Kind              int32
}

// ProductSums are what its positions add up to.
type ProductSums struct{ Lines, Quantity, Sum int64 }

// place is where and under what a document counts.
type place struct {
	organisation, till, outlet string
	correction, kind           int32
}

// hour is a place in an hour.
type hour struct {
	place
	span string
}

// Figures are what some documents add up to, before it is known on which days of trade their shifts were opened.
type Figures struct {
	hours    map[hour]*Sums
	loose    map[hour]*Sums // documents of no shift: their own day is the day of trade
	shifts   map[ShiftKey]*shiftPart
	products map[ProductKey]*ProductSums
}

// shiftPart is what documents say of their shift.
type shiftPart struct {
	till, outlet               string
	firstAt                    string
	openedAt, closedAt         string
	openedFD, closedFD         int64
	cashier                    int64
	receipts, corrections      int64
	sales, saleReturns         int64
	purchases, purchaseReturns int64
	sums                       map[place]*Sums
}

// NewFigures makes empty ones.
func NewFigures() *Figures {
	return &Figures{
		hours: map[hour]*Sums{}, loose: map[hour]*Sums{}, shifts: map[ShiftKey]*shiftPart{}, products: map[ProductKey]*ProductSums{},
	}
}

func at[K comparable, V any](m map[K]*V, key K) *V {
	v := m[key]
	if v == nil {
		v = new(V)
		m[key] = v
	}
	return v
}

// Add counts a document once, or takes it out again with -1.
func (f *Figures) Add(d *Document, times int64) {
	if d.Source == SourceUnread {
		return
	}
	when := validAt(d.At)
	receipt, correction := settles(d.Type)
	counts := receipt && d.Kind >= 1 && d.Kind <= 4
	p := place{organisation: d.OrganisationID, till: d.TillID, outlet: d.OutletID, kind: d.Kind}
	if correction {
		p.correction = 1
	}
	sums := Sums{
		Receipts: 1, Total: d.Total, Cash: d.Cash, Electronic: d.Electronic, Prepaid: d.Prepaid, Credit: d.Credit, Barter: d.Barter,
		Positions: int64(d.Positions),
	}
	if counts && when != "" {
		at(f.hours, hour{p, when[:13]}).Add(sums, times)
		if d.Shift == 0 {
			at(f.loose, hour{p, when[:10]}).Add(sums, times)
		}
		for i := range d.Items {
			item := &d.Items[i]
			one := at(f.products, ProductKey{d.OrganisationID, when[:10], item.of(d.OrganisationID), d.Kind})
			one.Lines += times
			one.Quantity += times * item.Quantity
			one.Sum += times * item.Sum
		}
	}
	if d.Shift != 0 {
		f.addToShift(d, when, p, sums, receipt, counts, times)
	}
}

func (f *Figures) addToShift(d *Document, when string, p place, sums Sums, receipt, counts bool, times int64) {
	s := f.shifts[ShiftKey{d.OrganisationID, d.FN, d.Shift}]
	if s == nil {
		s = &shiftPart{till: d.TillID, outlet: d.OutletID, sums: map[place]*Sums{}}
		f.shifts[ShiftKey{d.OrganisationID, d.FN, d.Shift}] = s
	}
	if when != "" && (s.firstAt == "" || when < s.firstAt) {
		s.firstAt = when
	}
	switch {
	case d.Type == formShiftOpened:
		s.openedAt, s.openedFD, s.cashier = when, d.FD, CashierID(d.OrganisationID, d.CashierName)
	case d.Type == formShiftClosed:
		s.closedAt, s.closedFD = when, d.FD
	case receipt && p.correction == 1:
		s.corrections += times
	case receipt:
		s.receipts += times
		if sum := s.sumOf(fiscalv1.Kind(d.Kind)); sum != nil {
			*sum += times * d.Total
		}
	}
	if counts {
		at(s.sums, p).Add(sums, times)
	}
}

// sumOf gives the sum a receipt of a kind goes into; nil for a kind of tomorrow, which counts as a receipt only.
func (s *shiftPart) sumOf(kind fiscalv1.Kind) *int64 {
	switch kind { //nolint:exhaustive // the other kinds are no receipts
	case fiscalv1.Kind_KIND_SALE:
		return &s.sales
	case fiscalv1.Kind_KIND_SALE_RETURN:
		return &s.saleReturns
	case fiscalv1.Kind_KIND_PURCHASE:
		return &s.purchases
	case fiscalv1.Kind_KIND_PURCHASE_RETURN:
		return &s.purchaseReturns
	}
	return nil
}

// apply gives the row of a shift with what a part adds to it.
func (s *shiftPart) apply(row db.Shift) db.Shift {
	if row.TillID == "" {
		row.TillID = s.till
	}
	if row.OutletID == "" {
		row.OutletID = s.outlet
	}
	if s.firstAt != "" && (row.FirstAt == "" || s.firstAt < row.FirstAt) {
		row.FirstAt = s.firstAt
	}
	if s.openedFD != 0 {
		row.OpenedAt, row.OpenedFD = cmp.Or(s.openedAt, row.OpenedAt), s.openedFD
		row.Cashier = cmp.Or(s.cashier, row.Cashier)
	}
	if s.closedFD != 0 {
		row.ClosedAt, row.ClosedFD = cmp.Or(s.closedAt, row.ClosedAt), s.closedFD
	}
	if day := cmp.Or(row.OpenedAt, row.FirstAt); len(day) >= 10 {
		row.Day = day[:10]
	}
	row.Receipts += s.receipts
	row.Corrections += s.corrections
	row.Sales += s.sales
	row.SaleReturns += s.saleReturns
	row.Purchases += s.purchases
	row.PurchaseReturns += s.purchaseReturns
	return row
}

// Revenue spreads hours over hours and days of till, outlet and organisation. Days of trade are added by who knows the shifts.
func (f *Figures) Revenue() map[RevenueKey]*Sums {
	list := make(map[RevenueKey]*Sums, 3*len(f.hours))
	for h, sums := range f.hours {
		spread(list, h.place, GrainHour, h.span, *sums, 1)
		spread(list, h.place, GrainDay, h.span[:10], *sums, 1)
	}
	for h, sums := range f.loose {
		spread(list, h.place, GrainTrade, h.span, *sums, 1)
	}
	return list
}

func spread(list map[RevenueKey]*Sums, p place, grain int32, span string, sums Sums, times int64) {
	key := RevenueKey{p.organisation, "", grain, span, p.correction, p.kind}
	at(list, key).Add(sums, times)
	key.Node = p.till
	at(list, key).Add(sums, times)
	if key.Node = p.outlet; key.Node != "" {
		at(list, key).Add(sums, times)
	}
}

// The orders below are always the same, so that two transactions never wait for each other in a circle.

func (k ShiftKey) compare(o ShiftKey) int {
	return cmp.Or(strings.Compare(k.Organisation, o.Organisation), strings.Compare(k.FN, o.FN), cmp.Compare(k.Number, o.Number))
}

func (k ShiftSumKey) compare(o ShiftSumKey) int {
	return cmp.Or(k.ShiftKey.compare(o.ShiftKey), strings.Compare(k.Till, o.Till), strings.Compare(k.Outlet, o.Outlet),
		cmp.Compare(k.Correction, o.Correction), cmp.Compare(k.Kind, o.Kind))
}

func (k RevenueKey) compare(o RevenueKey) int {
	return cmp.Or(strings.Compare(k.Organisation, o.Organisation), strings.Compare(k.Node, o.Node), cmp.Compare(k.Grain, o.Grain),
		strings.Compare(k.Span, o.Span), cmp.Compare(k.Correction, o.Correction), cmp.Compare(k.Kind, o.Kind))
}

func (k ProductKey) compare(o ProductKey) int {
	return cmp.Or(strings.Compare(k.Organisation, o.Organisation), strings.Compare(k.Day, o.Day), cmp.Compare(k.Product, o.Product),
		cmp.Compare(k.Kind, o.Kind))
}

type ordered[K any] interface {
	comparable
	compare(K) int
}

func inOrder[K ordered[K], V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b K) int { return a.compare(b) })
	return keys
}
