package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

var (
	// Touching a shift takes its row until the transaction ends and tells what it says.
	touchedShifts = newBulk("shifts", "ON CONFLICT (organisation_id, fn, number) DO UPDATE SET number = excluded.number RETURNING "+shiftColumns,
		"organisation_id text", "fn text", "number bigint", "till_id text")
	writtenShifts = newBulk("shifts", "ON CONFLICT (organisation_id, fn, number) DO UPDATE SET till_id = excluded.till_id,"+
		" opened_at = excluded.opened_at, closed_at = excluded.closed_at, receipts = excluded.receipts, sales = excluded.sales,"+
		" sale_returns = excluded.sale_returns, purchases = excluded.purchases, purchase_returns = excluded.purchase_returns,"+
		" corrections = excluded.corrections, outlet_id = excluded.outlet_id, first_at = excluded.first_at, day = excluded.day,"+
		" opened_fd = excluded.opened_fd, closed_fd = excluded.closed_fd, cashier = excluded.cashier",
		"organisation_id text", "fn text", "number bigint", "till_id text", "opened_at text", "closed_at text", "receipts bigint", "sales bigint",
		"sale_returns bigint", "purchases bigint", "purchase_returns bigint", "corrections bigint", "outlet_id text", "first_at text", "day text",
		"opened_fd bigint", "closed_fd bigint", "cashier bigint")

	shiftSums = newBulk("shift_sums", "ON CONFLICT (organisation_id, fn, number, till_id, outlet_id, correction, kind) DO UPDATE SET "+added("shift_sums"),
		"organisation_id text", "fn text", "number bigint", "till_id text", "outlet_id text", "correction bigint", "kind bigint",
		"receipts bigint", "total bigint", "cash bigint", "electronic bigint", "prepaid bigint", "credit bigint", "barter bigint", "positions bigint")
	revenues = newBulk("revenue", "ON CONFLICT (organisation_id, node, grain, span, correction, kind) DO UPDATE SET "+added("revenue"),
		"organisation_id text", "node text", "grain bigint", "span text", "correction bigint", "kind bigint",
		"receipts bigint", "total bigint", "cash bigint", "electronic bigint", "prepaid bigint", "credit bigint", "barter bigint", "positions bigint")
	productDays = newBulk("product_days", "ON CONFLICT (organisation_id, day, product_id, kind) DO UPDATE SET lines = product_days.lines + excluded.lines,"+
		" quantity = product_days.quantity + excluded.quantity, sum = product_days.sum + excluded.sum",
		"organisation_id text", "day text", "product_id bigint", "kind bigint", "lines bigint", "quantity bigint", "sum bigint")
)

const shiftColumns = "organisation_id, fn, number, till_id, opened_at, closed_at, receipts, sales, sale_returns, purchases, purchase_returns," +
	" corrections, outlet_id, first_at, day, opened_fd, closed_fd, cashier"

// added adds what comes to the sums of a table.
func added(table string) string {
	text := ""
	for i, column := range [...]string{"receipts", "total", "cash", "electronic", "prepaid", "credit", "barter", "positions"} {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s = %s.%s + excluded.%s", column, table, column, column)
	}
	return text
}

func scanShift(rows *sql.Rows) (s db.Shift, err error) {
	return s, rows.Scan(&s.OrganisationID, &s.FN, &s.Number, &s.TillID, &s.OpenedAt, &s.ClosedAt, &s.Receipts, &s.Sales, &s.SaleReturns, &s.Purchases,
		&s.PurchaseReturns, &s.Corrections, &s.OutletID, &s.FirstAt, &s.Day, &s.OpenedFD, &s.ClosedFD, &s.Cashier)
}

func shiftValues(s *db.Shift) []any {
	return []any{
		s.OrganisationID, s.FN, s.Number, s.TillID, s.OpenedAt, s.ClosedAt, s.Receipts, s.Sales, s.SaleReturns, s.Purchases,
		s.PurchaseReturns, s.Corrections, s.OutletID, s.FirstAt, s.Day, s.OpenedFD, s.ClosedFD, s.Cashier,
	}
}

// putFigures adds to every sum what documents changed in it.
func (w *writer) putFigures(ctx context.Context, f *Figures) error {
	revenue := f.Revenue()
	if err := w.putShifts(ctx, f, revenue); err != nil {
		return fmt.Errorf("store shifts: %w", err)
	}
	var values []any
	for _, key := range inOrder(revenue) {
		if sums := revenue[key]; *sums != (Sums{}) {
			values = append(values, key.Organisation, key.Node, key.Grain, key.Span, key.Correction, key.Kind)
			values = append(values, sums.values()...)
		}
	}
	if err := w.put(ctx, &revenues, values, nil); err != nil {
		return fmt.Errorf("store revenue: %w", err)
	}
	values = nil
	for _, key := range inOrder(f.products) {
		if sums := f.products[key]; *sums != (ProductSums{}) {
			values = append(values, key.Organisation, key.Day, key.Product, key.Kind, sums.Lines, sums.Quantity, sums.Sum)
		}
	}
	if err := w.put(ctx, &productDays, values, nil); err != nil {
		return fmt.Errorf("store sums of products: %w", err)
	}
	return nil
}

// putShifts adds to shifts, and to revenue by day of trade what that means: with the opening of a shift its day may turn out to be
// another than its earliest document said, and then everything in it moves.
func (w *writer) putShifts(ctx context.Context, f *Figures, revenue map[RevenueKey]*Sums) error {
	keys := inOrder(f.shifts)
	var values []any
	for _, key := range keys {
		values = append(values, key.Organisation, key.FN, key.Number, "")
	}
	rows := make(map[ShiftKey]db.Shift, len(keys))
	if err := w.put(ctx, &touchedShifts, values, func(r *sql.Rows) error {
		row, err := scanShift(r)
		rows[ShiftKey{row.OrganisationID, row.FN, row.Number}] = row
		return err
	}); err != nil {
		return err
	}
	values = nil
	sums := map[ShiftSumKey]*Sums{}
	for _, key := range keys {
		part, was := f.shifts[key], rows[key]
		now := part.apply(was)
		values = append(values, shiftValues(&now)...)
		for p, s := range part.sums {
			at(sums, ShiftSumKey{key, p.till, p.outlet, p.correction, p.kind}).Add(*s, 1)
			if now.Day != "" {
				spread(revenue, p, GrainTrade, now.Day, *s, 1)
			}
		}
		if was.Day == now.Day {
			continue
		}
		if err := w.moveShift(ctx, key, was.Day, now.Day, revenue); err != nil {
			return err
		}
	}
	if err := w.put(ctx, &writtenShifts, values, nil); err != nil {
		return err
	}
	values = nil
	for _, key := range inOrder(sums) {
		if s := sums[key]; *s != (Sums{}) {
			values = append(values, key.Organisation, key.FN, key.Number, key.Till, key.Outlet, key.Correction, key.Kind)
			values = append(values, s.values()...)
		}
	}
	err := w.put(ctx, &shiftSums, values, nil)
	return err
}

// moveShift takes what was in a shift so far from one day of trade to another.
func (w *writer) moveShift(ctx context.Context, key ShiftKey, from, to string, revenue map[RevenueKey]*Sums) error {
	parts, err := w.ListShiftSums(ctx, db.ListShiftSumsParams{OrganisationID: key.Organisation, FN: key.FN, Number: key.Number})
	if err != nil {
		return err
	}
	for _, row := range parts {
		p := place{row.OrganisationID, row.TillID, row.OutletID, row.Correction, row.Kind}
		s := Sums{
			Receipts: row.Receipts, Total: row.Total, Cash: row.Cash, Electronic: row.Electronic, Prepaid: row.Prepaid, Credit: row.Credit,
			Barter: row.Barter, Positions: row.Positions,
		}
		if from != "" {
			spread(revenue, p, GrainTrade, from, s, -1)
		}
		if to != "" {
			spread(revenue, p, GrainTrade, to, s, 1)
		}
	}
	return nil
}

// MoveFigures gives what a till has taken to its heir, before the till is deleted.
func MoveFigures(ctx context.Context, q *db.Queries, till, heir string) error {
	if err := q.MoveShiftSums(ctx, db.MoveShiftSumsParams{TillID: till, Heir: heir}); err != nil {
		return fmt.Errorf("move sums of shifts: %w", err)
	}
	if err := q.DeleteShiftSums(ctx, till); err != nil {
		return fmt.Errorf("move sums of shifts: %w", err)
	}
	if err := q.MoveRevenue(ctx, db.MoveRevenueParams{ID: till, Heir: heir}); err != nil {
		return fmt.Errorf("move revenue: %w", err)
	}
	if err := q.DeleteRevenue(ctx, till); err != nil {
		return fmt.Errorf("move revenue: %w", err)
	}
	return nil
}
