package documents

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/ffd"
)

// Shifts gives a page of the shifts within reach, newest first, and the mark of the next page.
func (d *Documents) Shifts(ctx context.Context, reach access.Reach, r *cabinetv1.ListShiftsRequest, limit int) ([]Shift, string, error) {
	first, last, err := period(r.GetFrom(), r.GetTo())
	if err != nil {
		return nil, "", err
	}
	if last == "" {
		last = "~" // after every day
	}
	if len(r.GetTillIds()) > maxTills {
		return nil, "", fmt.Errorf("more than %d tills: %w", maxTills, ErrInvalid)
	}
	params := db.ListShiftsParams{
		Limit: int32(limit + 1), First: first, Before: last, OutletID: r.GetOutletId(), OnlyOpen: r.GetOpen(),
		BeforeDay: "~", BeforeFN: "", BeforeNumber: math.MaxInt64,
	}
	if page := r.GetPage(); page != "" {
		fields, err := openMark(page, 3)
		if err != nil {
			return nil, "", err
		}
		params.BeforeDay, params.BeforeFN = fields[0], fields[1]
		if params.BeforeNumber, err = strconv.ParseInt(fields[2], 10, 64); err != nil {
			return nil, "", fmt.Errorf("mark of a page: %w", ErrInvalid)
		}
	}
	tills := r.GetTillIds()
	if len(tills) == 0 {
		tills = []string{""}
	}
	var rows []db.ListShiftsRow
	for _, scope := range reach {
		params.OrganisationID, params.Scope = scope.OrganisationID, scope.Match()
		for _, till := range tills {
			params.TillID = till
			part, err := d.store.Read().ListShifts(ctx, params)
			if err != nil {
				return nil, "", fmt.Errorf("list shifts: %w", err)
			}
			rows = mergeShifts(rows, part)
		}
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		s := rows[limit-1].Shift
		next = mark(s.Day, s.FN, strconv.FormatInt(s.Number, 10))
	}
	list := make([]Shift, 0, len(rows))
	for _, row := range rows {
		s, err := d.shift(ctx, db.GetShiftRowRow(row))
		if err != nil {
			return nil, "", err
		}
		list = append(list, Shift{OrganisationID: row.Shift.OrganisationID, OutletID: row.Shift.OutletID, View: s})
	}
	return list, next, nil
}

// Shift is a shift with where it was.
type Shift struct {
	OrganisationID, OutletID string
	View                     *cabinetv1.Shift
}

// ShiftPlace tells where a shift was.
func (d *Documents) ShiftPlace(ctx context.Context, organisation, fn string, number uint32) (outletID, tillID string, err error) {
	row, err := d.store.Read().GetShiftPlace(ctx, db.GetShiftPlaceParams{OrganisationID: organisation, FN: fn, Number: int64(number)})
	if store.NotFound(err) {
		return "", "", fmt.Errorf("shift %d of %s: %w", number, fn, ErrNotFound)
	} else if err != nil {
		return "", "", fmt.Errorf("read shift: %w", err)
	}
	return row.OutletID, row.TillID, nil
}

func mergeShifts(a, b []db.ListShiftsRow) []db.ListShiftsRow {
	if len(a) == 0 {
		return b
	}
	list := make([]db.ListShiftsRow, 0, len(a)+len(b))
	newer := func(x, y *db.Shift) bool {
		if x.Day != y.Day {
			return x.Day > y.Day
		}
		if x.FN != y.FN {
			return x.FN > y.FN
		}
		return x.Number > y.Number
	}
	for len(a) > 0 && len(b) > 0 {
		if newer(&a[0].Shift, &b[0].Shift) {
			list, a = append(list, a[0]), a[1:]
		} else {
			list, b = append(list, b[0]), b[1:]
		}
	}
	return append(append(list, a...), b...)
}

// Shift gives one shift.
func (d *Documents) Shift(ctx context.Context, organisation, fn string, number uint32) (*cabinetv1.Shift, error) {
	row, err := d.store.Read().GetShiftRow(ctx, db.GetShiftRowParams{OrganisationID: organisation, FN: fn, Number: int64(number)})
	if store.NotFound(err) {
		return nil, fmt.Errorf("shift %d of %s: %w", number, fn, ErrNotFound)
	} else if err != nil {
		return nil, fmt.Errorf("read shift: %w", err)
	}
	return d.shift(ctx, row)
}

func (d *Documents) shift(ctx context.Context, row db.GetShiftRowRow) (*cabinetv1.Shift, error) {
	s := row.Shift
	rows, err := d.store.Read().ListShiftSums(ctx, db.ListShiftSumsParams{OrganisationID: s.OrganisationID, FN: s.FN, Number: s.Number})
	if err != nil {
		return nil, fmt.Errorf("read sums of shift: %w", err)
	}
	var sums []kindSums
	for _, r := range rows {
		sums = append(sums, kindSums{r.Correction, r.Kind, store.Sums{
			Receipts: r.Receipts, Total: r.Total, Cash: r.Cash, Electronic: r.Electronic, Prepaid: r.Prepaid, Credit: r.Credit, Barter: r.Barter, Positions: r.Positions,
		}})
	}
	sums = together(sums)
	view := &cabinetv1.Shift{
		Fn: s.FN, Number: uint32(s.Number), TillId: s.TillID, Till: row.Till, Outlet: row.Outlet, OpenedAt: s.OpenedAt, ClosedAt: s.ClosedAt, Day: s.Day,
		Receipts: uint32(s.Receipts + s.Corrections), Figures: figures(sums), Cashier: row.OpenedBy, OpenedFd: uint32(s.OpenedFD), ClosedFd: uint32(s.ClosedFD),
	}
	if s.ClosedFD == 0 {
		return view, nil
	}
	copied, err := d.store.Read().GetCopy(ctx, db.GetCopyParams{OrganisationID: s.OrganisationID, FN: s.FN, FD: s.ClosedFD})
	if err != nil && !store.NotFound(err) {
		return nil, fmt.Errorf("read closing report: %w", err)
	}
	if doc, err := ffd.ParseDocument(copied.Body); err == nil {
		view.Counted, view.Differences = counted(doc, sums)
	}
	return view, nil
}

// Counters of a shift in its closing report (FFD 1.1 and later, tag 1194), by settlement.
var (
	counterTags    = [4]ffd.Tag{ffd.TagSales, ffd.TagSaleReturns, ffd.TagPurchases, ffd.TagPurchaseReturns}
	correctionTags = [4]ffd.Tag{
		ffd.TagSaleCorrections, ffd.TagSaleReturnCorrections, ffd.TagPurchaseCorrections, ffd.TagPurchaseReturnCorrections,
	}
)

// counted compares the till's own counters with our sums.
func counted(doc ffd.Document, sums []kindSums) (known bool, list []*cabinetv1.CounterDifference) {
	totals, ok := doc.Find(ffd.TagShiftTotals)
	if !ok {
		return false, nil
	}
	ours := func(kind int, correction int32) store.Sums {
		for _, s := range sums {
			if int(s.kind) == kind && s.correction == correction {
				return s.Sums
			}
		}
		return store.Sums{}
	}
	note := func(kind int, correction int32, receipts uint64, total int64) {
		if our := ours(kind, correction); int64(receipts) != our.Receipts || total != our.Total {
			list = append(list, &cabinetv1.CounterDifference{
				Kind: fiscalv1.Kind(kind), Correction: correction == 1, Receipts: uint32(receipts), Total: total,
				OurReceipts: uint32(our.Receipts), OurTotal: our.Total,
			})
		}
	}
	for i, tag := range counterTags {
		if one, ok := totals.Find(tag); ok {
			n, _ := one.Find(ffd.TagKindReceipts)
			sum, _ := one.Find(ffd.TagKindTotal)
			note(i+1, 0, n.Uint(), int64(sum.Sum()))
		}
	}
	for i, tag := range correctionTags {
		if one, ok := totals.Find(ffd.TagCorrections, tag); ok {
			n, _ := one.Find(ffd.TagCorrectionReceipts)
			sum, _ := one.Find(ffd.TagKindTotal)
			note(i+1, 1, n.Uint(), int64(sum.Sum()))
		}
	}
	return true, list
}
