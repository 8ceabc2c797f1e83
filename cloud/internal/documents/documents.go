// Package documents takes in what the tills did and shows it again: operations as the agents' journals have them, and the
// fiscal documents that came of them.
//
// # Once
//
// Truth comes in batches that may be repeated, late or out of order. A document is known by fiscal memory and number and is
// stored once, with its sums counted once. An operation is known by journal and key; a later revision replaces an earlier one and
// nothing else does. How far an agent's copy goes is kept in the same transaction as what it acknowledges, and the
// answer is given when that transaction is durable.
//
// # Copies
//
// Beside what was asked for the agents send the documents themselves, as the fiscal memories store them: the copy of a
// document is kept byte for byte and read only when somebody looks at it, so that a better dictionary reads old copies better. It may come
// before the operation, after it, or for a document that no operation of ours made. What contradicts the document it claims to
// be (another fiscal sign, another till, tags of another document) is kept aside, marked, and never shown in its place.
//
// # Figures
//
// What a document is searched and counted by is read from its operation, else from its copy (reading.go), and every sum changes in
// the transaction that stores it (package store). So shifts, revenue and goods are answered from sums, and [Documents.Check] proves
// that they are what the documents say.
//
// # Speed
//
// Batches are opened and checked by the callers, side by side; one writer then stores all that wait in one transaction, for a
// commit costs the same for one receipt as for thousands. PostgreSQL has two writers.
//
// # What it does not do
//
// It hides nothing: who may see sums is decided where views are built (package api).
package documents

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Reasons for which something is refused.
var (
	// ErrNotFound says that the organisation has no such document or operation.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that a request makes no sense; the error around it says why.
	ErrInvalid = errors.New("request is not valid")
	// ErrClosed says that the cabinet is stopping.
	ErrClosed = errors.New("cabinet is stopping")
)

// Tills is what documents ask of the fleet.
type Tills interface {
	// TillID gives the till that an agent calls by a name.
	TillID(ctx context.Context, agent *access.Agent, name string) (string, error)
}

// Documents is safe for concurrent use while Run runs.
type Documents struct {
	store *store.Store
	tills Tills
	hub   *fleet.Hub
	log   *slog.Logger
	now   func() time.Time
	queue chan *job
	done  chan struct{}

	journals journals
	links    struct {
		mu  sync.Mutex
		key []byte
	}
}

// New makes a Documents; [Documents.Run] does its writing.
func New(s *store.Store, tills Tills, hub *fleet.Hub, log *slog.Logger, now func() time.Time) *Documents {
	return &Documents{store: s, tills: tills, hub: hub, log: log, now: now, queue: make(chan *job, 256), done: make(chan struct{})}
}

// Document is a fiscal document with what is known of the operation that made it.
type Document struct {
	// OrganisationID, OutletID and TillID are where it was made.
	OrganisationID, OutletID, TillID string
	Document                         *fiscalv1.Document
	// Operation is nil for a document of somebody else.
	Operation *fiscalv1.Operation
	Stored    time.Time
}

// Operation is an operation of a till.
type Operation struct {
	// OrganisationID and TillID are whose it is; OutletID, where a list tells it, is where the till stands.
	OrganisationID, OutletID, TillID string
	Operation                        *fiscalv1.Operation
}

// Operations gives a page of a till's operations, newest first, and the mark of the next page. Of a till that was moved, a scope by
// outlets holds what was done where it reaches.
func (d *Documents) Operations(ctx context.Context, scope access.Scope, tillID, page string, limit int) ([]Operation, string, error) {
	before := db.ListOperationsParams{OrganisationID: scope.OrganisationID, TillID: tillID, Limit: int32(limit), BeforeAt: math.MaxInt64}
	if page != "" {
		mark, err := openMark(page, 2)
		if err != nil {
			return nil, "", err
		}
		if before.BeforeAt, err = strconv.ParseInt(mark[0], 10, 64); err != nil {
			return nil, "", fmt.Errorf("mark of a page: %w", ErrInvalid)
		}
		before.BeforeKey = mark[1]
	}
	stayed, err := d.stayed(ctx, scope, tillID)
	if err != nil {
		return nil, "", err
	}
	var list []Operation
	for {
		rows, err := d.store.Read().ListOperations(ctx, before)
		if err != nil {
			return nil, "", fmt.Errorf("list operations: %w", err)
		}
		for _, row := range rows {
			op := new(fiscalv1.Operation)
			if err := proto.Unmarshal(row.Body, op); err != nil {
				return nil, "", fmt.Errorf("operation %q: %w", row.Key, err)
			}
			before.BeforeAt, before.BeforeKey = row.AcceptedAt, row.Key
			op.InCloud = true
			if here, err := stayed(op, row.AcceptedAt); err != nil {
				return nil, "", err
			} else if !here {
				continue
			}
			list = append(list, Operation{OrganisationID: scope.OrganisationID, TillID: row.TillID, Operation: op})
			if len(list) == limit {
				return list, mark(strconv.FormatInt(row.AcceptedAt, 10), row.Key), nil
			}
		}
		if len(rows) < limit {
			return list, "", nil
		}
	}
}

// stayed tells of a till's operations which were done within a scope: by the outlet of their document or, when they made none, by
// whether the till has moved since.
func (d *Documents) stayed(ctx context.Context, scope access.Scope, tillID string) (func(op *fiscalv1.Operation, acceptedAt int64) (bool, error), error) {
	always := func(*fiscalv1.Operation, int64) (bool, error) { return true, nil }
	if scope.Has("", tillID) {
		return always, nil
	}
	moved, err := d.store.Read().LastMove(ctx, tillID)
	if err != nil {
		return nil, fmt.Errorf("read moves of till: %w", err)
	}
	if moved == 0 {
		return always, nil
	}
	return func(op *fiscalv1.Operation, acceptedAt int64) (bool, error) {
		doc := op.GetDocument()
		if doc.GetFd() == 0 {
			return acceptedAt >= moved, nil
		}
		row, err := d.store.Read().NeighbourDocument(ctx, db.NeighbourDocumentParams{OrganisationID: scope.OrganisationID, FN: doc.GetFn(), FD: int64(doc.GetFd())})
		if store.NotFound(err) {
			return acceptedAt >= moved, nil
		} else if err != nil {
			return false, fmt.Errorf("read document of operation: %w", err)
		}
		return scope.Has(row.OutletID, row.TillID), nil
	}, nil
}

// Undecided gives the operations within reach that need a person, oldest first.
func (d *Documents) Undecided(ctx context.Context, reach access.Reach, limit int) ([]Operation, error) {
	var rows []db.ListUndecidedRow
	for _, scope := range reach {
		part, err := d.store.Read().ListUndecided(ctx, db.ListUndecidedParams{OrganisationID: scope.OrganisationID, Limit: int32(limit), Scope: scope.Match()})
		if err != nil {
			return nil, fmt.Errorf("list undecided operations: %w", err)
		}
		rows = append(rows, part...)
	}
	if len(reach) > 1 {
		slices.SortStableFunc(rows, func(a, b db.ListUndecidedRow) int { return cmp.Compare(a.AcceptedAt, b.AcceptedAt) })
		rows = rows[:min(len(rows), limit)]
	}
	list := make([]Operation, 0, len(rows))
	for _, row := range rows {
		op := new(fiscalv1.Operation)
		if err := proto.Unmarshal(row.Body, op); err != nil {
			return nil, fmt.Errorf("operation %q: %w", row.Key, err)
		}
		op.InCloud = true
		list = append(list, Operation{OrganisationID: row.OrganisationID, OutletID: row.OutletID, TillID: row.TillID, Operation: op})
	}
	return list, nil
}

// Operation gives one operation.
func (d *Documents) Operation(ctx context.Context, organisation, journalID, key string) (Operation, error) {
	row, err := d.store.Read().GetOperation(ctx, db.GetOperationParams{OrganisationID: organisation, JournalID: journalID, Key: key})
	if store.NotFound(err) {
		return Operation{}, fmt.Errorf("operation %q: %w", key, ErrNotFound)
	} else if err != nil {
		return Operation{}, fmt.Errorf("read operation: %w", err)
	}
	op := new(fiscalv1.Operation)
	if err := proto.Unmarshal(row.Body, op); err != nil {
		return Operation{}, fmt.Errorf("operation %q: %w", key, err)
	}
	op.InCloud = true
	return Operation{OrganisationID: organisation, TillID: row.TillID, Operation: op}, nil
}

// maxForms is how many forms one list may select: as many as the query has places.
const maxForms = 4

// Documents gives a page of a till's fiscal documents, newest first, and the mark of the next page. Forms are of FFD; none
// selects all.
func (d *Documents) Documents(ctx context.Context, scope access.Scope, tillID string, forms []uint32, page string, limit int) ([]Document, string, error) {
	before := db.ListDocumentsParams{
		OrganisationID: scope.OrganisationID, Scope: scope.Match(), TillID: tillID, Limit: int32(limit), AnyForm: len(forms) == 0, BeforeAt: "~", // after every time
	}
	if len(forms) > maxForms {
		return nil, "", fmt.Errorf("more than %d forms: %w", maxForms, ErrInvalid)
	}
	for i, form := range forms {
		if form == 0 || form > 1<<16 {
			return nil, "", fmt.Errorf("form %d: %w", form, ErrInvalid)
		}
		*[maxForms]*int32{&before.Form1, &before.Form2, &before.Form3, &before.Form4}[i] = int32(form)
	}
	if page != "" {
		mark, err := openMark(page, 3)
		if err != nil {
			return nil, "", err
		}
		before.BeforeAt, before.BeforeFN = mark[0], mark[2]
		if before.BeforeFD, err = strconv.ParseInt(mark[1], 10, 64); err != nil {
			return nil, "", fmt.Errorf("mark of a page: %w", ErrInvalid)
		}
	}
	rows, err := d.store.Read().ListDocuments(ctx, before)
	if err != nil {
		return nil, "", fmt.Errorf("list documents: %w", err)
	}
	list := make([]Document, 0, len(rows))
	for _, row := range rows {
		doc, err := document(db.GetDocumentRow(row))
		if err != nil {
			return nil, "", err
		}
		list = append(list, doc)
	}
	if len(rows) < limit {
		return list, "", nil
	}
	last := rows[len(rows)-1]
	return list, mark(last.At, strconv.FormatInt(last.FD, 10), last.FN), nil
}

// Document gives one fiscal document.
func (d *Documents) Document(ctx context.Context, organisation, fn string, fd uint32) (Document, error) {
	row, err := d.store.Read().GetDocument(ctx, db.GetDocumentParams{OrganisationID: organisation, FN: fn, FD: int64(fd)})
	if store.NotFound(err) {
		return Document{}, fmt.Errorf("document %d of %s: %w", fd, fn, ErrNotFound)
	} else if err != nil {
		return Document{}, fmt.Errorf("read document: %w", err)
	}
	return document(row)
}

func document(row db.GetDocumentRow) (Document, error) {
	doc := Document{OrganisationID: row.OrganisationID, OutletID: row.OutletID, TillID: row.TillID, Stored: time.UnixMicro(row.StoredAt), Document: &fiscalv1.Document{
		Fn: row.FN, Fd: uint32(row.FD), Fp: uint32(row.FP), Type: uint32(row.Type), At: row.At, Kind: fiscalv1.Kind(row.Kind), Total: row.Total,
		Shift: uint32(row.Shift), Receipt: uint32(row.Receipt),
	}}
	if len(row.Body) > 0 {
		doc.Operation = new(fiscalv1.Operation)
		if err := proto.Unmarshal(row.Body, doc.Operation); err != nil {
			return Document{}, fmt.Errorf("operation %q: %w", row.Key, err)
		}
		doc.Operation.InCloud = true
		// The operation's copy is the later word on what may change: the text of the QR code and the operator's ticket.
		if own := doc.Operation.GetDocument(); own.GetFn() == row.FN && int64(own.GetFd()) == row.FD {
			doc.Document.Qr, doc.Document.Ticket = own.GetQr(), own.GetTicket()
		}
	}
	return doc, nil
}

// mark packs the place a page ended at; what is inside is nobody's business.
func mark(fields ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(fields, "\x00")))
}

func openMark(page string, n int) ([]string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(page)
	if err != nil {
		return nil, fmt.Errorf("mark of a page: %w", ErrInvalid)
	}
	fields := strings.Split(string(raw), "\x00")
	if len(fields) != n || !store.Keeps(strings.Join(fields, "")) {
		return nil, fmt.Errorf("mark of a page: %w", ErrInvalid)
	}
	return fields, nil
}

// Waiting is how many batches wait to be written.
func (d *Documents) Waiting() int { return len(d.queue) }
