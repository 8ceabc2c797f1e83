package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Stored is a document with what it can be read from again.
type Stored struct {
	// Document as the columns have it.
	Document
	// Operation is fiscal.v1.Operation, Copy the document's own bytes; nil when there is none.
	Operation, Copy []byte
}

// readAtOnce is how many documents are read again in one transaction.
const readAtOnce = 1000

// Reading says what a stored document is searched and counted by.
type Reading func(Stored) Document

// ReadUnread reads documents that were stored before there were figures, or that [Store.Unread] put back, and adds them to every
// sum. It may be broken off at any moment and goes on where it was.
func (s *Store) ReadUnread(ctx context.Context, read Reading, progress func(left int64)) error {
	left, err := s.Read().CountUnread(ctx)
	if err != nil {
		return fmt.Errorf("count documents to read: %w", err)
	}
	for left > 0 {
		var n int
		for range 3 {
			if n, err = s.readSome(ctx, read); !errors.Is(err, errRaced) {
				break
			}
		}
		if err != nil {
			return fmt.Errorf("read stored documents: %w", err)
		}
		if n == 0 {
			break
		}
		left -= int64(n)
		progress(left)
	}
	return nil
}

func (s *Store) readSome(ctx context.Context, read Reading) (int, error) {
	n := 0
	var written []int64
	err := s.writing(ctx, func(w *writer) error {
		rows, err := w.ListStored(ctx, db.ListStoredParams{Limit: readAtOnce})
		if err != nil {
			return err
		}
		n = len(rows)
		changed := make([]change, n)
		for i := range rows {
			was := Document{Document: rows[i].Document, CashierName: rows[i].CashierName}
			changed[i] = change{was, read(Stored{Document: was, Operation: rows[i].Operation, Copy: rows[i].Copied})}
		}
		written, err = w.putChanged(ctx, changed)
		return err
	})
	if err == nil {
		s.names.remember(written)
	}
	return n, err
}

// putChanged writes documents that are known better than before, and what that means for every sum.
func (w *writer) putChanged(ctx context.Context, changed []change) ([]int64, error) {
	if err := w.stamp(ctx, nil, changed); err != nil {
		return nil, err
	}
	figures := NewFigures()
	told, err := w.putChanges(ctx, changed, figures)
	if err != nil {
		return nil, err
	}
	written, err := w.putNames(ctx, told)
	if err != nil {
		return nil, err
	}
	if err := w.putPositions(ctx, nil, changed); err != nil {
		return nil, err
	}
	return written, w.putFigures(ctx, figures)
}

// Unread empties every sum and marks every document as not read, in one transaction; [Store.ReadUnread] then makes them anew.
func (s *Store) Unread(ctx context.Context) error {
	return s.Tx(ctx, func(q *db.Queries) error {
		for _, do := range []func(context.Context) error{
			q.UnreadDocuments, q.EmptyShifts, q.EmptyPositions, q.EmptyShiftSums, q.EmptyRevenue, q.EmptyProductDays,
		} {
			if err := do(ctx); err != nil {
				return fmt.Errorf("empty sums: %w", err)
			}
		}
		return nil
	})
}

// Difference is a place where what is kept is not what the documents say.
type Difference struct {
	// What is kept, and which.
	What string
	// Kept and Documents are what it says and what it should.
	Kept, Documents any
}

// Check reads every document again and compares: columns, positions and every sum. It looks at one moment of the database. It
// tells how many documents it read, and calls differ for each difference.
func (s *Store) Check(ctx context.Context, read Reading, differ func(Difference)) (int64, error) {
	opts := &sql.TxOptions{}
	if s.read == s.write { // PostgreSQL; SQLite's readers see one moment anyway
		opts.Isolation, opts.ReadOnly = sql.LevelRepeatableRead, true
	}
	tx, err := s.read.BeginTx(ctx, opts)
	if err != nil {
		return 0, fmt.Errorf("begin to check: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	c := &checking{q: db.New(tx), figures: NewFigures(), differ: differ}
	if err := c.documents(ctx, read); err != nil {
		return c.read, fmt.Errorf("check documents: %w", err)
	}
	if err := c.sums(ctx); err != nil {
		return c.read, fmt.Errorf("check sums: %w", err)
	}
	return c.read, nil
}

type checking struct {
	q         *db.Queries
	figures   *Figures
	differ    func(Difference)
	read      int64
	positions int64
}

func (c *checking) documents(ctx context.Context, read Reading) error {
	after := db.ListStoredParams{Limit: readAtOnce, AnySource: true}
	for {
		rows, err := c.q.ListStored(ctx, after)
		if err != nil || len(rows) == 0 {
			return err
		}
		last := rows[len(rows)-1].Document
		after.AfterOrganisation, after.AfterFN, after.AfterFD = last.OrganisationID, last.FN, last.FD
		for len(rows) > 0 {
			n := 1 // as many as are of one fiscal memory
			for n < len(rows) && rows[n].Document.FN == rows[0].Document.FN && rows[n].Document.OrganisationID == rows[0].Document.OrganisationID {
				n++
			}
			if err := c.memory(ctx, read, rows[:n]); err != nil {
				return err
			}
			rows = rows[n:]
		}
	}
}

// line is a position as it is kept.
type line struct {
	product              int64
	at                   string
	quantity, price, sum int64
}

func (c *checking) memory(ctx context.Context, read Reading, rows []db.ListStoredRow) error {
	first, last := rows[0].Document, rows[len(rows)-1].Document
	kept, err := c.q.ListPositionRange(ctx, db.ListPositionRangeParams{MemoryID: MemoryID(first.OrganisationID, first.FN), First: first.FD, Last: last.FD})
	if err != nil {
		return err
	}
	for i := range rows {
		row := rows[i].Document
		c.read++
		if row.Source == SourceUnread {
			c.differ(Difference{fmt.Sprintf("document %d of %s", row.FD, row.FN), "not read yet", "to be read"})
			continue
		}
		want := read(Stored{
			Document: Document{Document: row, CashierName: rows[i].CashierName}, Operation: rows[i].Operation, Copy: rows[i].Copied,
		})
		want.Class = classOf(&want.Document)
		want.Cashier = CashierID(want.OrganisationID, want.CashierName)
		if want.Document != row {
			c.differ(Difference{fmt.Sprintf("document %d of %s", row.FD, row.FN), row, want.Document})
		}
		var lines []line
		for len(kept) > 0 && kept[0].FD == row.FD {
			lines = append(lines, line{kept[0].ProductID, kept[0].At, kept[0].Quantity, kept[0].Price, kept[0].Sum})
			kept = kept[1:]
		}
		wanted := make([]line, 0, len(want.Items))
		for _, item := range want.Items {
			wanted = append(wanted, line{ProductID(row.OrganisationID, item.Name), validAt(row.At), item.Quantity, item.Price, item.Sum})
		}
		c.positions += int64(len(wanted))
		if fmt.Sprint(lines) != fmt.Sprint(wanted) {
			c.differ(Difference{fmt.Sprintf("positions of document %d of %s", row.FD, row.FN), lines, wanted})
		}
		c.figures.Add(&want, 1)
	}
	return nil
}

func (c *checking) sums(ctx context.Context) error {
	n, err := c.q.CountPositions(ctx)
	if err != nil {
		return err
	}
	if n != c.positions {
		c.differ(Difference{"number of positions", n, c.positions})
	}
	revenue := c.figures.Revenue()
	if err := c.shifts(ctx, revenue); err != nil {
		return err
	}
	rows, err := c.q.AllRevenue(ctx)
	if err != nil {
		return err
	}
	kept := map[RevenueKey]Sums{}
	for _, r := range rows {
		kept[RevenueKey{r.OrganisationID, r.Node, r.Grain, r.Span, r.Correction, r.Kind}] = Sums{
			r.Receipts, r.Total, r.Cash, r.Electronic, r.Prepaid, r.Credit, r.Barter, r.Positions,
		}
	}
	compare(c, "revenue", kept, revenue)
	days, err := c.q.AllProductDays(ctx)
	if err != nil {
		return err
	}
	sold := map[ProductKey]ProductSums{}
	for _, r := range days {
		sold[ProductKey{r.OrganisationID, r.Day, r.ProductID, r.Kind}] = ProductSums{r.Lines, r.Quantity, r.Sum}
	}
	compare(c, "product", sold, c.figures.products)
	return nil
}

func (c *checking) shifts(ctx context.Context, revenue map[RevenueKey]*Sums) error {
	rows, err := c.q.AllShifts(ctx)
	if err != nil {
		return err
	}
	sums := map[ShiftSumKey]*Sums{}
	for _, row := range rows {
		key := ShiftKey{row.OrganisationID, row.FN, row.Number}
		part := c.figures.shifts[key]
		if part == nil {
			part = &shiftPart{}
		}
		delete(c.figures.shifts, key)
		// Whose it is and who opened it is told once and stays; everything else follows from the documents.
		want := part.apply(db.Shift{
			OrganisationID: row.OrganisationID, FN: row.FN, Number: row.Number, TillID: row.TillID, OutletID: row.OutletID,
			OpenedAt: row.OpenedAt, ClosedAt: row.ClosedAt, OpenedFD: row.OpenedFD, ClosedFD: row.ClosedFD, Cashier: row.Cashier,
		})
		if want != row {
			c.differ(Difference{fmt.Sprintf("shift %d of %s", row.Number, row.FN), row, want})
		}
		for p, s := range part.sums {
			at(sums, ShiftSumKey{key, p.till, p.outlet, p.correction, p.kind}).Add(*s, 1)
			if want.Day != "" {
				spread(revenue, p, GrainTrade, want.Day, *s, 1)
			}
		}
	}
	for key, part := range c.figures.shifts {
		c.differ(Difference{fmt.Sprintf("shift %d of %s", key.Number, key.FN), "none", *part})
	}
	list, err := c.q.AllShiftSums(ctx)
	if err != nil {
		return err
	}
	kept := map[ShiftSumKey]Sums{}
	for _, r := range list {
		kept[ShiftSumKey{ShiftKey{r.OrganisationID, r.FN, r.Number}, r.TillID, r.OutletID, r.Correction, r.Kind}] = Sums{
			r.Receipts, r.Total, r.Cash, r.Electronic, r.Prepaid, r.Credit, r.Barter, r.Positions,
		}
	}
	compare(c, "sums of shift", kept, sums)
	return nil
}

// compare tells where sums differ; a row of zeros is as good as none.
func compare[K comparable, V comparable](c *checking, what string, kept map[K]V, want map[K]*V) {
	var zero V
	for key, v := range want {
		if kept[key] != *v {
			c.differ(Difference{fmt.Sprintf("%s %+v", what, key), kept[key], *v})
		}
	}
	for key, v := range kept {
		if want[key] == nil && v != zero {
			c.differ(Difference{fmt.Sprintf("%s %+v", what, key), v, zero})
		}
	}
}
