// Package audit keeps who did what, when, from where, and what it was before. Lines are only ever added, and each is bound to the
// one before it by a hash, so that a line that was changed, taken out or put in is noticed.
//
// # Writing
//
// [Note] adds a line in the transaction of the change itself: both happen or neither does. Who does it travels in the context
// ([WithActor], put there by the doors); a context without one is the cabinet itself. A line holds what people read: names and
// what was changed, never a secret and never a sum of money.
//
// # The chain
//
// Lines of an organisation are numbered 1, 2, 3 … without a gap. The hash of a line is SHA-256 over the hash before it and
// every field, each with its length in front, so that no two lines have one text. Who adds a line holds the organisation's
// head until the transaction ends; two changes at once are two lines.
//
// # What it does not do
//
// Somebody who can write the whole database can make a whole new chain. The number and hash of the last line, written down
// elsewhere (an export, a printout of `chekan-cloud audit verify`), prove that what came before has not changed: [Log.Verify] takes them.
package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Actor is who does something; it travels in the context of a call.
type Actor struct {
	// ID of the person, the API key or the agent.
	ID string
	// Name as it is shown: a login, the name of a key.
	Name string
	// Address the call came from; Browser as it calls itself.
	Address, Browser string
}

type contextKey struct{}

// WithActor puts an actor into a context.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, contextKey{}, a)
}

// ActorFrom gives the actor of a context; an empty one is the cabinet itself.
func ActorFrom(ctx context.Context) Actor {
	a, _ := ctx.Value(contextKey{}).(Actor)
	return a
}

// Entry is something that was done.
type Entry struct {
	// OrganisationID is whose journal it stands in; empty is the cabinet's own.
	OrganisationID string
	// Act names it as the table of words does: "person.invited", "till.moved".
	Act string
	// Object is the id of what it was done to; Name is how it is called.
	Object, Name string
	// Old and New are what was changed, as people read it; no secrets, no sums.
	Old, New string
}

const (
	// maxName and maxText bound what one line holds, in characters.
	maxName, maxText = 200, 2000
	// maxPage bounds a page, and what is read at once for a check.
	maxPage = 500
)

// Note adds an entry in the transaction of the change itself.
func Note(ctx context.Context, q *db.Queries, e Entry) error {
	if err := note(ctx, q, e, time.Now()); err != nil {
		return fmt.Errorf("note %s: %w", e.Act, err)
	}
	return nil
}

func note(ctx context.Context, q *db.Queries, e Entry, at time.Time) error {
	if err := q.BeginAudit(ctx, db.BeginAuditParams{OrganisationID: e.OrganisationID, Hash: []byte{}}); err != nil {
		return err
	}
	head, err := q.NextAudit(ctx, e.OrganisationID)
	if err != nil {
		return err
	}
	actor := ActorFrom(ctx)
	row := db.Audit{
		OrganisationID: e.OrganisationID, Number: head.Number, CreatedAt: store.Micros(at),
		ActorID: limited(actor.ID, maxName), Actor: limited(actor.Name, maxName), Address: limited(actor.Address, maxName), Browser: limited(actor.Browser, maxName),
		Act: limited(e.Act, maxName), Object: limited(e.Object, maxName), Name: limited(e.Name, maxName), Old: limited(e.Old, maxText), New: limited(e.New, maxText),
	}
	row.Hash = hash(head.Hash, &row)
	if err := q.AddAudit(ctx, db.AddAuditParams(row)); err != nil {
		return err
	}
	return q.SetAuditHead(ctx, db.SetAuditHeadParams{OrganisationID: e.OrganisationID, Hash: row.Hash})
}

func limited(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "�") // PostgreSQL takes neither
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return s
}

// hash binds a line to the one before it.
func hash(before []byte, r *db.Audit) []byte {
	h := sha256.New()
	part := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b)))) // bounded by limited
		h.Write(b)
	}
	part(before)
	part(binary.BigEndian.AppendUint64(nil, uint64(r.Number)))
	part(binary.BigEndian.AppendUint64(nil, uint64(r.CreatedAt)))
	for _, text := range []string{r.OrganisationID, r.ActorID, r.Actor, r.Address, r.Browser, r.Act, r.Object, r.Name, r.Old, r.New} {
		part([]byte(text))
	}
	return h.Sum(nil)
}

// Log reads what was noted.
type Log struct{ store *store.Store }

// New makes a log.
func New(s *store.Store) *Log { return &Log{store: s} }

// Filter says which lines are wanted; what is empty does not matter.
type Filter struct {
	Actor, Act, Object string
	Since, Until       time.Time
}

// List gives lines before a number, newest first, and where the next page begins; 0 asks for the newest and says the end.
func (l *Log) List(ctx context.Context, organisation string, f Filter, before int64, limit int) ([]db.Audit, int64, error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	limit = min(max(limit, 1), maxPage)
	until := int64(math.MaxInt64)
	if !f.Until.IsZero() {
		until = store.Micros(f.Until)
	}
	since := int64(0)
	if !f.Since.IsZero() {
		since = store.Micros(f.Since)
	}
	list, err := l.store.Read().ListAudit(ctx, db.ListAuditParams{
		OrganisationID: organisation, Before: before, Actor: f.Actor, Act: f.Act, Object: f.Object, Since: since, Until: until, Page: int32(limit + 1),
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read journal: %w", err)
	}
	if len(list) <= limit {
		return list, 0, nil
	}
	return list[:limit], list[limit-1].Number, nil
}

// Words gives everybody and everything there is a line of.
func (l *Log) Words(ctx context.Context, organisation string) (actors, acts []string, err error) {
	if actors, err = l.store.Read().ListAuditActors(ctx, organisation); err != nil {
		return nil, nil, fmt.Errorf("list actors: %w", err)
	}
	if acts, err = l.store.Read().ListAuditActs(ctx, organisation); err != nil {
		return nil, nil, fmt.Errorf("list acts: %w", err)
	}
	return actors, acts, nil
}

// Verdict is what a check found.
type Verdict struct {
	// Lines is how many are as they were written.
	Lines int64
	// Broken is the first line that is not, or that is missing; 0 when there is none.
	Broken int64
	// Number and Hash are of the last line.
	Number int64
	Hash   []byte
}

// Verify reads every line anew. Number and hash of a line that was written down before may be given: then that line has to be
// what it was; 0 gives none.
func (l *Log) Verify(ctx context.Context, organisation string, number int64, known []byte) (Verdict, error) {
	head, err := l.store.Read().GetAuditHead(ctx, organisation)
	if err != nil && !store.NotFound(err) {
		return Verdict{}, fmt.Errorf("read head: %w", err)
	}
	var v Verdict
	before := []byte{}
	for {
		page, err := l.store.Read().ReadAudit(ctx, db.ReadAuditParams{OrganisationID: organisation, After: v.Lines, Page: maxPage})
		if err != nil {
			return v, fmt.Errorf("read journal: %w", err)
		}
		for i := range page {
			row := &page[i]
			if row.Number != v.Lines+1 || !bytes.Equal(row.Hash, hash(before, row)) || row.Number == number && !bytes.Equal(row.Hash, known) ||
				row.Number == head.Number && !bytes.Equal(row.Hash, head.Hash) {
				v.Broken = v.Lines + 1
				return v, nil
			}
			v.Lines, v.Number, v.Hash = row.Number, row.Number, row.Hash
			before = row.Hash
		}
		if len(page) < maxPage {
			break
		}
	}
	// Lines that came while we read are beyond the head we read first; one that the head has and the table has not was taken out.
	if v.Lines < max(head.Number, number) {
		v.Broken = v.Lines + 1
	}
	return v, nil
}

// ErrBroken says that a journal is not what was written.
var ErrBroken = errors.New("journal was changed")

// VerifyAll checks the journals of all organisations and tells of each; the error is [ErrBroken] when one was changed.
func (l *Log) VerifyAll(ctx context.Context, tell func(organisation string, v Verdict)) error {
	heads, err := l.store.Read().ListAuditHeads(ctx)
	if err != nil {
		return fmt.Errorf("list journals: %w", err)
	}
	var broken error
	for _, h := range heads {
		v, err := l.Verify(ctx, h.OrganisationID, 0, nil)
		if err != nil {
			return err
		}
		tell(h.OrganisationID, v)
		if v.Broken != 0 {
			broken = ErrBroken
		}
	}
	return broken
}
