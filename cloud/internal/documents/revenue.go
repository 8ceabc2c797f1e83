package documents

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

const (
	// maxDays bounds a period; maxHours one that is cut by hour.
	maxDays  = 3 * 366
	maxHours = 62
)

// kindSums is one row of sums.
type kindSums struct {
	correction, kind int32
	store.Sums
}

// figures adds rows up. Corrections count as what they correct.
func figures(rows []kindSums) *cabinetv1.Figures {
	f := &cabinetv1.Figures{}
	var sales, positions int64
	for _, r := range rows {
		if r.Sums == (store.Sums{}) {
			continue
		}
		f.Kinds = append(f.Kinds, &cabinetv1.KindFigures{
			Kind: fiscalv1.Kind(r.kind), Correction: r.correction == 1, Receipts: uint32(r.Receipts), Total: r.Total, Positions: uint64(r.Positions),
			Payments: &cabinetv1.PaymentSums{Cash: r.Cash, Electronic: r.Electronic, Prepaid: r.Prepaid, Credit: r.Credit, Barter: r.Barter},
		})
		if r.correction == 0 {
			f.Receipts += uint32(r.Receipts)
			f.Positions += uint64(r.Positions)
		}
		switch fiscalv1.Kind(r.kind) { //nolint:exhaustive // the other kinds are no revenue
		case fiscalv1.Kind_KIND_SALE:
			f.Revenue += r.Total
			f.Cash += r.Cash
			if r.correction == 0 {
				sales += r.Receipts
				positions += r.Positions
				f.Average += r.Total // divided below
			}
		case fiscalv1.Kind_KIND_SALE_RETURN:
			f.Revenue -= r.Total
			f.Cash -= r.Cash
			f.Returns += r.Total
		}
	}
	f.Cashless = f.Revenue - f.Cash
	if sales > 0 {
		f.Average = (f.Average + sales/2) / sales
		f.PositionsAverage = uint32((100*positions + sales/2) / sales)
	}
	slices.SortFunc(f.Kinds, func(a, b *cabinetv1.KindFigures) int {
		return cmp.Or(cmp.Compare(a.GetKind(), b.GetKind()), strings.Compare(fmt.Sprint(a.GetCorrection()), fmt.Sprint(b.GetCorrection())))
	})
	return f
}

// together joins rows of one settlement.
func together(rows []kindSums) []kindSums {
	var list []kindSums
	for _, r := range rows {
		i := slices.IndexFunc(list, func(x kindSums) bool { return x.kind == r.kind && x.correction == r.correction })
		if i < 0 {
			list = append(list, r)
			continue
		}
		list[i].Add(r.Sums, 1)
	}
	return list
}

// days reads a period of whole days, both included.
func days(from, to string) (first, last time.Time, err error) {
	if first, err = time.Parse(time.DateOnly, from); err != nil {
		return first, last, fmt.Errorf("from: %q is not a day: %w", from, ErrInvalid)
	}
	if last, err = time.Parse(time.DateOnly, to); err != nil {
		return first, last, fmt.Errorf("to: %q is not a day: %w", to, ErrInvalid)
	}
	switch n := int(last.Sub(first).Hours()/24) + 1; {
	case n < 1:
		return first, last, fmt.Errorf("the period ends before it begins: %w", ErrInvalid)
	case n > maxDays:
		return first, last, fmt.Errorf("a period of more than %d days: %w", maxDays, ErrInvalid)
	}
	return first, last, nil
}

// Revenue adds up what was settled within a scope.
func (d *Documents) Revenue(ctx context.Context, scope access.Scope, r *cabinetv1.GetRevenueRequest) (*cabinetv1.GetRevenueResponse, error) {
	first, last, err := days(r.GetFrom(), r.GetTo())
	if err != nil {
		return nil, err
	}
	n := int(last.Sub(first).Hours()/24) + 1
	hours := r.GetSpan() == cabinetv1.Span_SPAN_HOUR
	grain := int32(store.GrainDay)
	switch {
	case hours && r.GetByShiftDay():
		return nil, fmt.Errorf("an hour belongs to the day of the calendar: %w", ErrInvalid)
	case hours && n > maxHours:
		return nil, fmt.Errorf("more than %d days by hour: %w", maxHours, ErrInvalid)
	case r.GetTillId() != "" && r.GetOutletId() != "":
		return nil, fmt.Errorf("either a till or an outlet: %w", ErrInvalid)
	case r.GetByShiftDay():
		grain = store.GrainTrade
	}
	nodes, err := d.nodes(ctx, scope, r.GetOutletId(), r.GetTillId())
	if err != nil {
		return nil, err
	}
	before := last.AddDate(0, 0, 1)
	res := &cabinetv1.GetRevenueResponse{
		PreviousFrom: first.AddDate(0, 0, -n).Format(time.DateOnly), PreviousTo: first.AddDate(0, 0, -1).Format(time.DateOnly),
	}
	fine := grain
	if hours {
		fine = store.GrainHour
	}
	rows, err := d.spans(ctx, nodes, fine, first, before)
	if err != nil {
		return nil, err
	}
	var all []kindSums
	spans := map[string][]kindSums{}
	for _, row := range rows {
		span := row.span
		if r.GetSpan() == cabinetv1.Span_SPAN_MONTH {
			span = span[:7]
		}
		spans[span] = append(spans[span], row.kindSums)
		all = append(all, row.kindSums)
	}
	for span, sums := range spans {
		res.Spans = append(res.Spans, &cabinetv1.RevenueRow{Span: span, Figures: figures(together(sums))})
	}
	slices.SortFunc(res.Spans, func(a, b *cabinetv1.RevenueRow) int { return strings.Compare(a.GetSpan(), b.GetSpan()) })
	res.Total = figures(together(all))
	rows, err = d.spans(ctx, nodes, grain, first.AddDate(0, 0, -n), first)
	if err != nil {
		return nil, err
	}
	all = nil
	for _, row := range rows {
		all = append(all, row.kindSums)
	}
	res.Previous = figures(together(all))
	if res.Places, err = d.places(ctx, scope, r, grain, first, before); err != nil {
		return nil, err
	}
	if res.PreviousPlaces, err = d.places(ctx, scope, r, grain, first.AddDate(0, 0, -n), first); err != nil {
		return nil, err
	}
	return res, d.newest(ctx, scope, r, res)
}

type spanSums struct {
	span string
	kindSums
}

func (d *Documents) spans(ctx context.Context, n nodes, grain int32, first, before time.Time) ([]spanSums, error) {
	var list []spanSums
	rows, err := d.store.Revenue(ctx, n.organisation, n.kept, grain, first.Format(time.DateOnly), before.Format(time.DateOnly))
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		list = append(list, spanSums{r.Span, kindSums{r.Correction, r.Kind, r.Sums}})
	}
	for _, m := range n.moved {
		rows, err := d.moved(ctx, n.organisation, m, grain, first, before)
		if err != nil {
			return nil, err
		}
		list = append(list, rows...)
	}
	return list, nil
}

// places cuts the whole period by outlet or till.
func (d *Documents) places(ctx context.Context, scope access.Scope, r *cabinetv1.GetRevenueRequest, grain int32, first, before time.Time) ([]*cabinetv1.RevenueRow, error) {
	type place struct{ id, name string }
	var order []place
	sums := map[place][]kindSums{}
	add := func(p place, s kindSums) {
		if sums[p] == nil {
			order = append(order, p)
		}
		sums[p] = append(sums[p], s)
	}
	switch till := r.GetTillId(); {
	case r.GetPlace() == cabinetv1.Place_PLACE_OUTLET && till != "":
		if err := d.ofOutlets(ctx, scope, till, grain, first, before, func(id, name string, s kindSums) { add(place{id, name}, s) }); err != nil {
			return nil, err
		}
	case r.GetPlace() == cabinetv1.Place_PLACE_OUTLET:
		rows, err := d.store.Read().SumRevenueOfOutlets(ctx, db.SumRevenueOfOutletsParams{
			OrganisationID: scope.OrganisationID, Grain: grain, First: first.Format(time.DateOnly), Before: before.Format(time.DateOnly),
		})
		if err != nil {
			return nil, fmt.Errorf("add up revenue of outlets: %w", err)
		}
		for _, x := range rows {
			if (r.GetOutletId() == "" || r.GetOutletId() == x.ID) && scope.Has(x.ID, "") {
				add(place{x.ID, x.Name}, kindSums{x.Correction, x.Kind, store.Sums{
					Receipts: x.Receipts, Total: x.Total, Cash: x.Cash, Electronic: x.Electronic, Prepaid: x.Prepaid, Credit: x.Credit, Barter: x.Barter, Positions: x.Positions,
				}})
			}
		}
	case r.GetPlace() == cabinetv1.Place_PLACE_TILL:
		rows, err := d.store.Read().SumRevenueOfTills(ctx, db.SumRevenueOfTillsParams{
			OrganisationID: scope.OrganisationID, Grain: grain, First: first.Format(time.DateOnly), Before: before.Format(time.DateOnly),
		})
		if err != nil {
			return nil, fmt.Errorf("add up revenue of tills: %w", err)
		}
		moves, err := d.moves(ctx, scope)
		if err != nil {
			return nil, err
		}
		partly := map[string]bool{}
		for _, x := range rows {
			if (r.GetOutletId() == "" || r.GetOutletId() == x.OutletID) && (r.GetTillId() == "" || r.GetTillId() == x.ID) {
				if moves[x.ID] && !scope.Has("", x.ID) { // in this scope it is what it did there
					if partly[x.ID] {
						continue
					}
					partly[x.ID] = true
					sums, err := d.moved(ctx, scope.OrganisationID, movedTill{till: x.ID, outlets: scope.Match(), inside: true}, grain, first, before)
					if err != nil {
						return nil, err
					}
					for _, s := range sums {
						add(place{x.ID, x.Name + " · " + x.Outlet}, s.kindSums)
					}
					continue
				}
				if !scope.Has(x.OutletID, x.ID) {
					continue
				}
				add(place{x.ID, x.Name + " · " + x.Outlet}, kindSums{x.Correction, x.Kind, store.Sums{
					Receipts: x.Receipts, Total: x.Total, Cash: x.Cash, Electronic: x.Electronic, Prepaid: x.Prepaid, Credit: x.Credit, Barter: x.Barter, Positions: x.Positions,
				}})
			}
		}
	default:
		return nil, nil
	}
	list := make([]*cabinetv1.RevenueRow, 0, len(order))
	for _, p := range order {
		list = append(list, &cabinetv1.RevenueRow{PlaceId: p.id, Place: p.name, Figures: figures(together(sums[p]))})
	}
	slices.SortStableFunc(list, func(a, b *cabinetv1.RevenueRow) int {
		return cmp.Or(cmp.Compare(b.GetFigures().GetRevenue(), a.GetFigures().GetRevenue()), strings.Compare(a.GetPlace(), b.GetPlace()))
	})
	return list, nil
}
