package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Push is what one push of an agent leaves in the database.
type Push struct {
	OrganisationID, AgentID, JournalID string
	// Cursor of its last entry.
	Cursor int64
	// Operations, at most one of a key.
	Operations []db.Operation
	// Documents, at most one of a number.
	Documents []db.Document
	// Copies of documents as the fiscal memory stores them. Each stands among Documents too, with what it tells.
	Copies []Copy
}

// Copy is a copy of a document and the till that told it.
type Copy struct {
	db.Copy
	TillID string
}

// Natural keys.
type (
	operationKey struct{ journal, key string }
	documentKey  struct {
		organisation, fn string
		fd               int64
	}
)

// Ingest stores pushes in one transaction and gives the cursor each agent's copy has reached. An operation replaces
// an earlier revision of its key and nothing else; a document that is there already stays as it is, but for learning once which
// operation made it; a copy is added or known already; a shift counts each document once, when it comes in: so repeated, late and
// reordered pushes change nothing.
func (s *Store) Ingest(ctx context.Context, pushes []Push) ([]int64, error) {
	all := merge(pushes)
	var cursors []int64
	var err error
	for range 3 {
		if cursors, err = s.ingest(ctx, pushes, all); !errors.Is(err, errRaced) {
			break
		}
	}
	return cursors, err
}

func (s *Store) ingest(ctx context.Context, pushes []Push, all merged) ([]int64, error) {
	cursors := make([]int64, len(pushes))
	err := s.tx(ctx, func(tx *sql.Tx) error {
		q := db.New(tx)
		if err := s.putOperations(ctx, tx, all.operations); err != nil {
			return fmt.Errorf("store operations: %w", err)
		}
		there, err := knownDocuments(ctx, q, all.documents)
		if err != nil {
			return fmt.Errorf("look for documents: %w", err)
		}
		fresh, counted, err := newDocuments(ctx, q, all.documents, there)
		if err != nil {
			return fmt.Errorf("tell whose documents are: %w", err)
		}
		if err := s.addDocuments(ctx, tx, fresh); err != nil {
			return fmt.Errorf("store documents: %w", err)
		}
		for i := range fresh {
			d := &fresh[i]
			there[documentKey{d.OrganisationID, d.FN, d.FD}] = db.ListNumbersRow{FD: d.FD, FP: d.FP, TillID: d.TillID, Key: d.Key}
		}
		if err := s.addCopies(ctx, tx, all.copies, there); err != nil {
			return fmt.Errorf("store copies: %w", err)
		}
		for _, change := range shiftChanges(counted) {
			if err := q.AddToShift(ctx, change); err != nil {
				return fmt.Errorf("add to shift %d: %w", change.Number, err)
			}
		}
		for i, p := range pushes {
			cursors[i], err = q.PutCursor(ctx, db.PutCursorParams{
				OrganisationID: p.OrganisationID, AgentID: p.AgentID, JournalID: p.JournalID, Position: p.Cursor,
			})
			if err != nil {
				return fmt.Errorf("store cursor: %w", err)
			}
		}
		return nil
	})
	return cursors, err
}

// merged is what several pushes hold together.
type merged struct {
	operations []db.Operation
	documents  []db.Document
	copies     []Copy
}

// merge joins pushes so that no key occurs twice: PostgreSQL refuses an upsert that touches a row a second time.
func merge(pushes []Push) merged {
	if len(pushes) == 1 {
		return merged{pushes[0].Operations, pushes[0].Documents, pushes[0].Copies}
	}
	var all merged
	at := map[operationKey]int{}
	seen := map[documentKey]int{}
	for _, p := range pushes {
		for _, o := range p.Operations {
			key := operationKey{o.JournalID, o.Key}
			i, twice := at[key]
			switch {
			case !twice:
				at[key] = len(all.operations)
				all.operations = append(all.operations, o)
			case o.Revision > all.operations[i].Revision:
				all.operations[i] = o
			}
		}
		for _, d := range p.Documents {
			key := documentKey{d.OrganisationID, d.FN, d.FD}
			i, twice := seen[key]
			switch {
			case !twice:
				seen[key] = len(all.documents)
				all.documents = append(all.documents, d)
			case BetterKnown(d, all.documents[i]):
				all.documents[i] = d
			}
		}
		all.copies = append(all.copies, p.Copies...)
	}
	return all
}

// BetterKnown tells whether d is the same document as known, and names the operation that made it where known does not.
func BetterKnown(d, known db.Document) bool {
	return known.Key == "" && d.Key != "" && d.FP == known.FP
}

// bulkRows are the numbers of rows a statement may have. More rows gain nothing: the SQLite driver's binding is quadratic in
// the number of parameters.
var bulkRows = []int{8, 1}

const (
	operationColumns = 9
	documentColumns  = 14
)

// prepare makes a statement of many rows: head, their parameters, tail. Its text is made here because its length varies; it
// follows the rules of the package like any other.
func (s *Store) prepare(ctx context.Context, tx *sql.Tx, head string, columns, rows int, tail string) (*sql.Stmt, error) {
	var text strings.Builder
	text.WriteString(head)
	for row := range rows {
		for column := range columns {
			switch {
			case column > 0:
				text.WriteString(", ")
			case row > 0:
				text.WriteString("), (")
			default:
				text.WriteString(" VALUES (")
			}
			if s.dialect == goose.DialectPostgres {
				fmt.Fprintf(&text, "$%d", row*columns+column+1)
			} else { // the driver looks up $N by its digits, which costs more than the insert
				text.WriteByte('?')
			}
		}
	}
	text.WriteString(") " + tail)
	return tx.PrepareContext(ctx, text.String())
}

func (s *Store) putOperations(ctx context.Context, tx *sql.Tx, rows []db.Operation) error {
	for _, size := range bulkRows {
		n := len(rows) / size * size
		if err := s.putOperationsBy(ctx, tx, rows[:n], size); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// putOperationsBy stores rows, a multiple of size, so many at a time.
func (s *Store) putOperationsBy(ctx context.Context, tx *sql.Tx, rows []db.Operation, size int) error {
	if len(rows) == 0 {
		return nil
	}
	stmt, err := s.prepare(ctx, tx,
		"INSERT INTO operations (organisation_id, journal_id, key, till_id, revision, accepted_at, stored_at, body, stage)", operationColumns, size,
		"ON CONFLICT (journal_id, key) DO UPDATE SET till_id = excluded.till_id, revision = excluded.revision,"+
			" accepted_at = excluded.accepted_at, stored_at = excluded.stored_at, body = excluded.body, stage = excluded.stage"+
			" WHERE excluded.revision > operations.revision")
	if err != nil {
		return err
	}
	defer stmt.Close()
	args := make([]any, 0, size*operationColumns)
	for ; len(rows) > 0; rows = rows[size:] {
		args = args[:0]
		for i := range rows[:size] {
			o := &rows[i]
			args = append(args, o.OrganisationID, o.JournalID, o.Key, o.TillID, o.Revision, o.AcceptedAt, o.StoredAt, o.Body, o.Stage)
		}
		if _, err := stmt.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// span is the range of numbers that some documents of one fiscal memory lie in.
type span struct{ first, last, count int64 }

// knownDocuments gives those documents that are there already. (Asking first costs one look at an index per fiscal memory;
// letting each insert tell what it did costs a fifth of the ingest.)
func knownDocuments(ctx context.Context, q *db.Queries, rows []db.Document) (map[documentKey]db.ListNumbersRow, error) {
	type memory struct{ organisation, fn string }
	spans := map[memory]span{}
	for i := range rows {
		key := memory{rows[i].OrganisationID, rows[i].FN}
		s, known := spans[key]
		if !known {
			s = span{first: rows[i].FD, last: rows[i].FD}
		}
		spans[key] = span{first: min(s.first, rows[i].FD), last: max(s.last, rows[i].FD), count: s.count + 1}
	}
	there := map[documentKey]db.ListNumbersRow{}
	look := func(organisation, fn string, first, last int64) error {
		numbers, err := q.ListNumbers(ctx, db.ListNumbersParams{OrganisationID: organisation, FN: fn, First: first, Last: last})
		for _, row := range numbers {
			there[documentKey{organisation, fn, row.FD}] = row
		}
		return err
	}
	for key, s := range spans {
		if s.dense() {
			if err := look(key.organisation, key.fn, s.first, s.last); err != nil {
				return nil, err
			}
		}
	}
	for i := range rows {
		d := &rows[i]
		if !spans[memory{d.OrganisationID, d.FN}].dense() {
			if err := look(d.OrganisationID, d.FN, d.FD, d.FD); err != nil {
				return nil, err
			}
		}
	}
	return there, nil
}

// newDocuments gives those that are not there yet, and those that count in a shift from now on. A document that was known only as
// a fact learns which operation made it, and what the fact did not tell.
func newDocuments(ctx context.Context, q *db.Queries, rows []db.Document, there map[documentKey]db.ListNumbersRow) (fresh, counted []db.Document, err error) {
	fresh = make([]db.Document, 0, len(rows))
	var late []db.Document
	for i := range rows {
		d := &rows[i]
		known, old := there[documentKey{d.OrganisationID, d.FN, d.FD}]
		if !old {
			fresh = append(fresh, *d)
			continue
		}
		if !BetterKnown(*d, db.Document{Key: known.Key, FP: known.FP}) {
			continue
		}
		if known.Shift == 0 && d.Shift != 0 {
			late = append(late, *d)
		}
		err := q.ClaimDocument(ctx, db.ClaimDocumentParams{
			JournalID: d.JournalID, Key: d.Key, Kind: d.Kind, Total: d.Total, Shift: d.Shift, Receipt: d.Receipt,
			OrganisationID: d.OrganisationID, FN: d.FN, FD: d.FD, FP: d.FP,
		})
		if err != nil {
			return nil, nil, err
		}
	}
	if len(late) == 0 {
		return fresh, fresh, nil
	}
	return fresh, append(late, fresh...), nil
}

// dense tells whether reading the whole range is cheaper than asking for each number.
func (s span) dense() bool { return s.last-s.first <= 8*s.count+1000 }

// errRaced says that another cabinet of the same database stored one of the documents at this moment.
var errRaced = errors.New("a document came in twice at once")

func (s *Store) addDocuments(ctx context.Context, tx *sql.Tx, rows []db.Document) error {
	for _, size := range bulkRows {
		n := len(rows) / size * size
		if err := s.addDocumentsBy(ctx, tx, rows[:n], size); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// addDocumentsBy adds rows, a multiple of size, so many at a time.
func (s *Store) addDocumentsBy(ctx context.Context, tx *sql.Tx, rows []db.Document, size int) error {
	if len(rows) == 0 {
		return nil
	}
	stmt, err := s.prepare(ctx, tx,
		"INSERT INTO documents (organisation_id, fn, fd, till_id, journal_id, key, fp, type, kind, at, total, shift, receipt, stored_at)", documentColumns, size,
		"ON CONFLICT (organisation_id, fn, fd) DO NOTHING")
	if err != nil {
		return err
	}
	defer stmt.Close()
	args := make([]any, 0, size*documentColumns)
	for ; len(rows) > 0; rows = rows[size:] {
		args = args[:0]
		for i := range rows[:size] {
			d := &rows[i]
			args = append(args, d.OrganisationID, d.FN, d.FD, d.TillID, d.JournalID, d.Key, d.FP, d.Type, d.Kind, d.At, d.Total, d.Shift, d.Receipt, d.StoredAt)
		}
		done, err := stmt.ExecContext(ctx, args...)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		if err != nil {
			return err
		}
		if n != int64(size) {
			return errRaced
		}
	}
	return nil
}
