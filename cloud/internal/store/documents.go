package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// known is what ingest asks of a document that is there already.
type known struct{ db.Document }

// knownColumns are those that Join needs to see that there is nothing new; whoever has something new reads the row.
const knownColumns = "d.organisation_id, d.fn, d.fd, d.fp, d.till_id, d.journal_id, d.key, d.type, d.kind, d.at, d.total, d.shift, d.receipt," +
	" d.source, d.paper, d.ofd, d.revision, d.outlet_id"

func scanKnown(rows *sql.Rows, there map[documentKey]known) error {
	var d db.Document
	err := rows.Scan(&d.OrganisationID, &d.FN, &d.FD, &d.FP, &d.TillID, &d.JournalID, &d.Key, &d.Type, &d.Kind, &d.At, &d.Total, &d.Shift, &d.Receipt,
		&d.Source, &d.Paper, &d.Ofd, &d.Revision, &d.OutletID)
	there[documentKey{d.OrganisationID, d.FN, d.FD}] = known{Document: d}
	return err
}

// span is the range of numbers that some documents of one fiscal memory lie in.
type span struct{ first, last, count int64 }

// dense tells whether reading the whole range is cheaper than asking for each number.
func (s span) dense() bool { return s.last-s.first <= 8*s.count+1000 }

// known gives those documents that are there already. (Asking first costs one look at an index per fiscal memory;
// letting each insert tell what it did costs a fifth of the ingest.)
func (w *writer) known(ctx context.Context, rows []Document) (map[documentKey]known, error) {
	there := map[documentKey]known{}
	look := func(text string, args ...any) error {
		found, err := w.tx.QueryContext(ctx, text, args...)
		if err != nil {
			return err
		}
		defer found.Close()
		for found.Next() {
			if err := scanKnown(found, there); err != nil {
				return err
			}
		}
		return found.Err()
	}
	if w.postgres() {
		organisations, fns, fds := make([]string, len(rows)), make([]string, len(rows)), make([]int64, len(rows))
		for i := range rows {
			organisations[i], fns[i], fds[i] = rows[i].OrganisationID, rows[i].FN, rows[i].FD
		}
		return there, look("SELECT "+knownColumns+" FROM unnest(CAST($1 AS text[]), CAST($2 AS text[]), CAST($3 AS bigint[])) AS k (o, n, f)"+
			" JOIN documents d ON d.organisation_id = k.o AND d.fn = k.n AND d.fd = k.f", organisations, fns, fds)
	}
	type memory struct{ organisation, fn string }
	spans := map[memory]span{}
	for i := range rows {
		key := memory{rows[i].OrganisationID, rows[i].FN}
		s, seen := spans[key]
		if !seen {
			s = span{first: rows[i].FD, last: rows[i].FD}
		}
		spans[key] = span{first: min(s.first, rows[i].FD), last: max(s.last, rows[i].FD), count: s.count + 1}
	}
	const text = "SELECT " + knownColumns + " FROM documents d WHERE d.organisation_id = ? AND d.fn = ? AND d.fd BETWEEN ? AND ?"
	for key, s := range spans {
		if s.dense() {
			if err := look(text, key.organisation, key.fn, s.first, s.last); err != nil {
				return nil, err
			}
		}
	}
	for i := range rows {
		d := &rows[i]
		if !spans[memory{d.OrganisationID, d.FN}].dense() {
			if err := look(text, d.OrganisationID, d.FN, d.FD, d.FD); err != nil {
				return nil, err
			}
		}
	}
	return there, nil
}

var documents = newBulk("documents", "",
	"organisation_id text", "fn text", "fd bigint", "till_id text", "journal_id text", "key text", "fp bigint", "type bigint", "kind bigint",
	"at text", "total bigint", "shift bigint", "receipt bigint", "stored_at bigint", "outlet_id text", "source bigint", "class bigint",
	"cash bigint", "electronic bigint", "prepaid bigint", "credit bigint", "barter bigint", "vat text", "cashier bigint", "buyer text",
	"positions bigint", "paper bigint", "ofd bigint", "revision bigint")

func documentValues(d *Document) []any {
	return []any{
		d.OrganisationID, d.FN, d.FD, d.TillID, d.JournalID, d.Key, d.FP, d.Type, d.Kind, d.At, d.Total, d.Shift, d.Receipt,
		d.StoredAt, d.OutletID, d.Source, d.Class, d.Cash, d.Electronic, d.Prepaid, d.Credit, d.Barter, d.Vat, d.Cashier, d.Buyer, d.Positions,
		d.Paper, d.Ofd, d.Revision,
	}
}

// putDocuments stores what is new of documents, with everything they are searched and counted by, and tells which names it wrote.
// What is stored now stands in there too.
func (w *writer) putDocuments(ctx context.Context, rows []Document, there map[documentKey]known) ([]int64, error) {
	fresh := make([]Document, 0, len(rows))
	var changed []change
	var tracks []db.Document
	var told []Document
	figures := NewFigures()
	for i := range rows {
		key := documentKey{rows[i].OrganisationID, rows[i].FN, rows[i].FD}
		k, old := there[key]
		if !old {
			fresh = append(fresh, rows[i])
			continue
		}
		if rows[i].RNM != "" { // the memory's, whatever else is known
			told = append(told, Document{Document: db.Document{OrganisationID: rows[i].OrganisationID, FN: rows[i].FN}, RNM: rows[i].RNM})
		}
		now, more := Join(Document{Document: k.Document}, rows[i])
		if !more {
			continue
		}
		if onlyTracks(k.Document, now.Document) {
			tracks = append(tracks, now.Document)
			continue
		}
		c, err := w.restate(ctx, rows[i])
		if err != nil {
			return nil, fmt.Errorf("read document %d of %s: %w", rows[i].FD, rows[i].FN, err)
		}
		changed = append(changed, c)
	}
	if err := w.stamp(ctx, fresh, changed); err != nil {
		return nil, fmt.Errorf("tell where tills stand: %w", err)
	}
	values := make([]any, 0, len(fresh)*len(documents.columns))
	for i := range fresh {
		d := &fresh[i]
		d.Cashier = CashierID(d.OrganisationID, d.CashierName)
		d.Class = classOf(&d.Document)
		values = append(values, documentValues(d)...)
		figures.Add(d, 1)
		there[documentKey{d.OrganisationID, d.FN, d.FD}] = known{Document: d.Document}
	}
	if err := w.put(ctx, &documents, values, nil); Exists(err) {
		return nil, errRaced
	} else if err != nil {
		return nil, fmt.Errorf("store documents: %w", err)
	}
	if err := w.putTracks(ctx, tracks); err != nil {
		return nil, fmt.Errorf("store tracks: %w", err)
	}
	changes, err := w.putChanges(ctx, changed, figures)
	if err != nil {
		return nil, err
	}
	written, err := w.putNames(ctx, append(append(told, fresh...), changes...))
	if err != nil {
		return nil, fmt.Errorf("store names: %w", err)
	}
	if err := w.putPositions(ctx, fresh, changed); err != nil {
		return nil, fmt.Errorf("store positions: %w", err)
	}
	if err := w.putFigures(ctx, figures); err != nil {
		return nil, err
	}
	return written, nil
}

// putChanges writes documents that are known better than before, and gives them.
func (w *writer) putChanges(ctx context.Context, changed []change, figures *Figures) ([]Document, error) {
	list := make([]Document, 0, len(changed))
	for i := range changed {
		c := &changed[i]
		if err := w.change(ctx, c); err != nil {
			return nil, fmt.Errorf("change document %d of %s: %w", c.now.FD, c.now.FN, err)
		}
		figures.Add(&c.was, -1)
		figures.Add(&c.now, 1)
		list = append(list, c.now)
	}
	return list, nil
}

// change is a document that is known better than before.
type change struct{ was, now Document }

// restate reads what is known of a document, whole, and joins to it what is told.
func (w *writer) restate(ctx context.Context, told Document) (change, error) {
	row, err := w.ReadDocument(ctx, db.ReadDocumentParams{OrganisationID: told.OrganisationID, FN: told.FN, FD: told.FD})
	if err != nil {
		return change{}, err
	}
	was := Document{Document: row.Document, CashierName: row.CashierName}
	if was.Positions > 0 {
		items, err := w.ListPositions(ctx, db.ListPositionsParams{MemoryID: MemoryID(was.OrganisationID, was.FN), FD: was.FD})
		if err != nil {
			return change{}, err
		}
		for _, i := range items {
			was.Items = append(was.Items, Item{Name: i.Name, Quantity: i.Quantity, Price: i.Price, Sum: i.Sum})
		}
	}
	now, _ := Join(was, told)
	return change{was, now}, nil
}

// stamp says in which outlet documents were made: where the till stood at their time.
func (w *writer) stamp(ctx context.Context, fresh []Document, changed []change) error {
	known := map[string]standing{}
	outlet := func(d *db.Document) error {
		if d.OutletID != "" {
			return nil
		}
		of, ok := known[d.OrganisationID]
		if !ok {
			var err error
			if of, err = w.standing(ctx, d.OrganisationID); err != nil {
				return err
			}
			known[d.OrganisationID] = of
		}
		d.OutletID = of.of(d)
		return nil
	}
	for i := range fresh {
		if err := outlet(&fresh[i].Document); err != nil {
			return err
		}
	}
	for i := range changed {
		if err := outlet(&changed[i].now.Document); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) change(ctx context.Context, c *change) error {
	d := &c.now
	if d.Source != c.was.Source {
		d.Cashier = CashierID(d.OrganisationID, d.CashierName)
	}
	d.Class = classOf(&d.Document)
	n, err := w.ChangeDocument(ctx, db.ChangeDocumentParams{
		OrganisationID: d.OrganisationID, FN: d.FN, FD: d.FD, JournalID: d.JournalID, Key: d.Key, Type: d.Type, Kind: d.Kind, At: d.At, Total: d.Total,
		Shift: d.Shift, Receipt: d.Receipt, OutletID: d.OutletID, Source: d.Source, Class: d.Class, Cash: d.Cash, Electronic: d.Electronic,
		Prepaid: d.Prepaid, Credit: d.Credit, Barter: d.Barter, Vat: d.Vat, Cashier: d.Cashier, Buyer: d.Buyer, Positions: d.Positions,
		Paper: d.Paper, Ofd: d.Ofd, Revision: d.Revision,
		WasKey: c.was.Key, WasSource: c.was.Source, WasRevision: c.was.Revision, WasShift: c.was.Shift, WasAt: c.was.At,
	})
	if err != nil {
		return err
	}
	if n != 1 {
		return errRaced
	}
	return nil
}

// onlyTracks tells whether nothing is new but whose the document is and how far it has come.
func onlyTracks(was, now db.Document) bool {
	was.JournalID, was.Key, was.Paper, was.Ofd, was.Revision = now.JournalID, now.Key, now.Paper, now.Ofd, now.Revision
	was.Class = now.Class
	return was == now
}

// putTracks says whose documents are and how far they have come.
func (w *writer) putTracks(ctx context.Context, rows []db.Document) error {
	if w.postgres() {
		return w.putTracksAtOnce(ctx, rows)
	}
	for i := range rows {
		d := &rows[i]
		if err := w.SetTracks(ctx, db.SetTracksParams{
			OrganisationID: d.OrganisationID, FN: d.FN, FD: d.FD, JournalID: d.JournalID, Key: d.Key, Paper: d.Paper, Ofd: d.Ofd, Revision: d.Revision,
		}); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) putTracksAtOnce(ctx context.Context, rows []db.Document) error {
	if len(rows) == 0 {
		return nil
	}
	texts, numbers := [4][]string{}, [4][]int64{}
	for i := range rows {
		d := &rows[i]
		for j, v := range [...]string{d.OrganisationID, d.FN, d.JournalID, d.Key} {
			texts[j] = append(texts[j], v)
		}
		for j, v := range [...]int64{d.FD, int64(d.Paper), int64(d.Ofd), d.Revision} {
			numbers[j] = append(numbers[j], v)
		}
	}
	_, err := w.tx.ExecContext(ctx, "UPDATE documents d SET journal_id = k.j, key = k.k, paper = k.p, ofd = k.t, revision = k.r"+
		" FROM unnest(CAST($1 AS text[]), CAST($2 AS text[]), CAST($3 AS text[]), CAST($4 AS text[]), CAST($5 AS bigint[]), CAST($6 AS bigint[]),"+
		" CAST($7 AS bigint[]), CAST($8 AS bigint[])) AS k (o, n, j, k, f, p, t, r)"+
		" WHERE d.organisation_id = k.o AND d.fn = k.n AND d.fd = k.f AND (d.key = '' OR d.key = k.k AND d.revision < k.r)",
		texts[0], texts[1], texts[2], texts[3], numbers[0], numbers[1], numbers[2], numbers[3])
	return err
}
