package store

import (
	"context"
	"database/sql"
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
}

// document and operation are natural keys.
type (
	operationKey struct{ journal, key string }
	documentKey  struct {
		organisation, fn string
		fd               int64
	}
)

// Ingest stores pushes in one transaction and gives the cursor each agent's copy has reached. An operation replaces
// an earlier revision of its key and nothing else; a document that is there already stays as it is; a shift counts each document
// once, when it comes in: so repeated, late and reordered pushes change nothing.
func (s *Store) Ingest(ctx context.Context, pushes []Push) ([]int64, error) {
	cursors := make([]int64, len(pushes))
	operations, documents := merge(pushes)
	err := s.tx(ctx, func(tx *sql.Tx) error {
		if err := s.putOperations(ctx, tx, operations); err != nil {
			return fmt.Errorf("store operations: %w", err)
		}
		added, err := s.addDocuments(ctx, tx, documents)
		if err != nil {
			return fmt.Errorf("store documents: %w", err)
		}
		q := db.New(tx)
		for _, change := range shiftChanges(documents, added) {
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

// merge joins pushes so that no key occurs twice: PostgreSQL refuses an upsert that touches a row a second time.
func merge(pushes []Push) ([]db.Operation, []db.Document) {
	if len(pushes) == 1 {
		return pushes[0].Operations, pushes[0].Documents
	}
	var operations []db.Operation
	at := map[operationKey]int{}
	var documents []db.Document
	seen := map[documentKey]bool{}
	for _, p := range pushes {
		for _, o := range p.Operations {
			key := operationKey{o.JournalID, o.Key}
			i, twice := at[key]
			switch {
			case !twice:
				at[key] = len(operations)
				operations = append(operations, o)
			case o.Revision > operations[i].Revision:
				operations[i] = o
			}
		}
		for _, d := range p.Documents {
			if key := (documentKey{d.OrganisationID, d.FN, d.FD}); !seen[key] {
				seen[key] = true
				documents = append(documents, d)
			}
		}
	}
	return operations, documents
}

// bulkRows are the numbers of rows a statement may have. More rows gain nothing: the SQLite driver's binding is quadratic in
// the number of parameters.
var bulkRows = []int{16, 4, 1}

const (
	operationColumns = 8
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
		"INSERT INTO operations (organisation_id, journal_id, key, till_id, revision, accepted_at, stored_at, body)", operationColumns, size,
		"ON CONFLICT (journal_id, key) DO UPDATE SET till_id = excluded.till_id, revision = excluded.revision,"+
			" accepted_at = excluded.accepted_at, stored_at = excluded.stored_at, body = excluded.body"+
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
			args = append(args, o.OrganisationID, o.JournalID, o.Key, o.TillID, o.Revision, o.AcceptedAt, o.StoredAt, o.Body)
		}
		if _, err := stmt.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// addDocuments adds those that are not there yet and tells which they were.
func (s *Store) addDocuments(ctx context.Context, tx *sql.Tx, rows []db.Document) (map[documentKey]bool, error) {
	added := make(map[documentKey]bool, len(rows))
	for _, size := range bulkRows {
		n := len(rows) / size * size
		if err := s.addDocumentsBy(ctx, tx, rows[:n], size, added); err != nil {
			return nil, err
		}
		rows = rows[n:]
	}
	return added, nil
}

// addDocumentsBy adds rows, a multiple of size, so many at a time.
func (s *Store) addDocumentsBy(ctx context.Context, tx *sql.Tx, rows []db.Document, size int, added map[documentKey]bool) error {
	if len(rows) == 0 {
		return nil
	}
	stmt, err := s.prepare(ctx, tx,
		"INSERT INTO documents (organisation_id, fn, fd, till_id, journal_id, key, fp, type, kind, at, total, shift, receipt, stored_at)", documentColumns, size,
		"ON CONFLICT (organisation_id, fn, fd) DO NOTHING RETURNING organisation_id, fn, fd")
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
		if err := collect(ctx, stmt, args, added); err != nil {
			return err
		}
	}
	return nil
}

func collect(ctx context.Context, stmt *sql.Stmt, args []any, added map[documentKey]bool) error {
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key documentKey
		if err := rows.Scan(&key.organisation, &key.fn, &key.fd); err != nil {
			return err
		}
		added[key] = true
	}
	return rows.Err()
}
