package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

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
	Documents []Document
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
// an earlier revision of its key and nothing else; a document that is there already learns what it did not know ([Join]); a copy is
// added or known already; every sum counts each document once, as it is known: so repeated, late and reordered pushes change
// nothing.
func (s *Store) Ingest(ctx context.Context, pushes []Push) ([]int64, error) {
	all := merge(pushes)
	var cursors []int64
	var err error
	for range 3 {
		if cursors, err = s.ingest(ctx, pushes, all); !errors.Is(err, errRaced) && !crossed(err) {
			break
		}
	}
	return cursors, err
}

func (s *Store) ingest(ctx context.Context, pushes []Push, all merged) ([]int64, error) {
	cursors := make([]int64, len(pushes))
	var written []int64
	err := s.writing(ctx, func(w *writer) error {
		if err := w.putOperations(ctx, all.operations); err != nil {
			return fmt.Errorf("store operations: %w", err)
		}
		there, err := w.known(ctx, all.documents)
		if err != nil {
			return fmt.Errorf("look for documents: %w", err)
		}
		if written, err = w.putDocuments(ctx, all.documents, there); err != nil {
			return err
		}
		if err := w.addCopies(ctx, all.copies, there); err != nil {
			return fmt.Errorf("store copies: %w", err)
		}
		for i, p := range pushes {
			cursors[i], err = w.PutCursor(ctx, db.PutCursorParams{
				OrganisationID: p.OrganisationID, AgentID: p.AgentID, JournalID: p.JournalID, Position: p.Cursor,
			})
			if err != nil {
				return fmt.Errorf("store cursor: %w", err)
			}
		}
		return nil
	})
	if err == nil {
		s.names.remember(written)
	}
	return cursors, err
}

// merged is what several pushes hold together.
type merged struct {
	operations []db.Operation
	documents  []Document
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
			default:
				all.documents[i], _ = Join(all.documents[i], d)
			}
		}
		all.copies = append(all.copies, p.Copies...)
	}
	return all
}

const operationColumns = "organisation_id text, journal_id text, key text, till_id text, revision bigint, accepted_at bigint, stored_at bigint, " +
	"body bytea, stage bigint"

var (
	operations = newBulk("operations", "", strings.Split(operationColumns, ", ")...)
	unlessHere = newBulk("operations", "ON CONFLICT (journal_id, key) DO NOTHING", strings.Split(operationColumns, ", ")...)
	revised    = newBulk("operations",
		"ON CONFLICT (journal_id, key) DO UPDATE SET till_id = excluded.till_id, revision = excluded.revision,"+
			" accepted_at = excluded.accepted_at, stored_at = excluded.stored_at, body = excluded.body, stage = excluded.stage"+
			" WHERE excluded.revision > operations.revision", strings.Split(operationColumns, ", ")...)
)

func operationValues(rows []db.Operation) []any {
	values := make([]any, 0, len(rows)*len(operations.columns))
	for i := range rows {
		o := &rows[i]
		values = append(values, o.OrganisationID, o.JournalID, o.Key, o.TillID, o.Revision, o.AcceptedAt, o.StoredAt, o.Body, o.Stage)
	}
	return values
}

// putOperations stores what is new, which most is, and then what comes again. PostgreSQL is asked first which is which, for it
// takes what is surely new for half the cost; SQLite counts what it has stored.
func (w *writer) putOperations(ctx context.Context, rows []db.Operation) error {
	of, fresh, again := &unlessHere, rows, rows
	if w.postgres() {
		there, err := w.knownOperations(ctx, rows)
		if err != nil {
			return err
		}
		of, fresh, again = &operations, make([]db.Operation, 0, len(rows)), nil
		for i := range rows {
			if there[operationKey{rows[i].JournalID, rows[i].Key}] {
				again = append(again, rows[i])
			} else {
				fresh = append(fresh, rows[i])
			}
		}
	}
	before := w.stored
	if err := w.put(ctx, of, operationValues(fresh), nil); Exists(err) {
		return errRaced
	} else if err != nil {
		return err
	}
	if !w.postgres() && w.stored-before == int64(len(rows)) {
		return nil
	}
	return w.put(ctx, &revised, operationValues(again), nil)
}

// knownOperations tells which operations are there already, in some revision.
func (w *writer) knownOperations(ctx context.Context, rows []db.Operation) (map[operationKey]bool, error) {
	journals, keys := make([]string, len(rows)), make([]string, len(rows))
	for i := range rows {
		journals[i], keys[i] = rows[i].JournalID, rows[i].Key
	}
	there := map[operationKey]bool{}
	found, err := w.tx.QueryContext(ctx, "SELECT o.journal_id, o.key FROM unnest(CAST($1 AS text[]), CAST($2 AS text[])) AS k (j, k)"+
		" JOIN operations o ON o.journal_id = k.j AND o.key = k.k", journals, keys)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for found.Next() {
		var key operationKey
		if err := found.Scan(&key.journal, &key.key); err != nil {
			return nil, err
		}
		there[key] = true
	}
	return there, found.Err()
}

// crossed says that two transactions waited for each other and the database ended this one.
func crossed(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "40P01" // deadlock_detected
}

// errRaced says that another writer of the same database stored one of the documents at this moment.
var errRaced = errors.New("a document came in twice at once")
