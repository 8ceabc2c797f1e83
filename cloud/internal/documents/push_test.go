package documents

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/pack/sample"
)

// history makes what a till's journal sends: each receipt three times, as accepted, as done and as delivered, mixed with its neighbours.
func history(seed uint64, receipts int) (entries []*uplinkv1.Entry, last []*fiscalv1.Operation) {
	shop := sample.New(seed, true)
	var waiting []*fiscalv1.Operation
	emit := func(op *fiscalv1.Operation) {
		entries = append(entries, &uplinkv1.Entry{Cursor: uint64(len(entries)+1) * 3, Operation: op})
	}
	for range receipts {
		op := shop.Receipt()
		last = append(last, op)
		op.Revision, op.Ofd, op.Document.Ticket = 3, fiscalv1.OFDTrack_OFD_TRACK_DELIVERED, true
		accepted := proto.CloneOf(op)
		accepted.Revision, accepted.Document, accepted.Stage, accepted.Outcome, accepted.EndedMs = 1, nil, fiscalv1.Stage_STAGE_ACCEPTED, 0, 0
		done := proto.CloneOf(op)
		done.Revision, done.Ofd, done.Document.Ticket = 2, fiscalv1.OFDTrack_OFD_TRACK_QUEUED, false
		emit(accepted)
		emit(done)
		waiting = append(waiting, op)
		if len(waiting) == 4 {
			for _, w := range waiting {
				emit(w)
			}
			waiting = nil
		}
	}
	for _, w := range waiting {
		emit(w)
	}
	return entries, last
}

func split(entries []*uplinkv1.Entry, size int) (batches []*uplinkv1.Batch) {
	for len(entries) > 0 {
		n := min(size, len(entries))
		batches = append(batches, &uplinkv1.Batch{Entries: entries[:n]})
		entries = entries[n:]
	}
	return batches
}

// all pages through a till's operations and documents.
func (w *world) all(t *testing.T, organisation, till string) (operations []*fiscalv1.Operation, documents []Document) {
	t.Helper()
	for page := ""; ; {
		list, next, err := w.Operations(t.Context(), everything(organisation), till, page, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			operations = append(operations, o.Operation)
		}
		if page = next; page == "" {
			break
		}
	}
	for page := ""; ; {
		list, next, err := w.Documents.Documents(t.Context(), everything(organisation), till, nil, page, 7)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, list...)
		if page = next; page == "" {
			break
		}
	}
	return operations, documents
}

// check says whether exactly the given operations are stored for a till, each once, with their documents and sums.
func (w *world) check(t *testing.T, organisation, till string, want []*fiscalv1.Operation) {
	t.Helper()
	operations, documents := w.all(t, organisation, till)
	byKey := map[string]*fiscalv1.Operation{}
	for i, op := range operations {
		if byKey[op.GetKey()] != nil {
			t.Errorf("key %s is listed twice", op.GetKey())
		}
		byKey[op.GetKey()] = op
		if i > 0 && operations[i-1].GetAcceptedMs() < op.GetAcceptedMs() {
			t.Errorf("operation %d is newer than the one before", i)
		}
	}
	if len(operations) != len(want) || len(documents) != len(want) {
		t.Fatalf("%d operations and %d documents, want %d of each", len(operations), len(documents), len(want))
	}
	sums := map[uint32]int64{}
	counts := map[uint32]int64{}
	for _, op := range want {
		op = proto.CloneOf(op)
		op.InCloud = true
		if diff := cmp.Diff(op, byKey[op.GetKey()], protocmp.Transform()); diff != "" {
			t.Errorf("operation %s:\n%s", op.GetKey(), diff)
		}
		d, err := w.Document(t.Context(), organisation, op.GetDocument().GetFn(), op.GetDocument().GetFd())
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(op.GetDocument(), d.Document, protocmp.Transform()); diff != "" {
			t.Errorf("document %d:\n%s", op.GetDocument().GetFd(), diff)
		}
		counts[op.GetDocument().GetShift()]++
		if op.GetKind() == fiscalv1.Kind_KIND_SALE {
			sums[op.GetDocument().GetShift()] += op.GetDocument().GetTotal()
		}
	}
	for shift, sum := range sums {
		s, err := w.store.Read().GetShift(t.Context(), db.GetShiftParams{OrganisationID: organisation, FN: want[0].GetDocument().GetFn(), Number: int64(shift)})
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Sales != sum || s.Receipts != counts[shift] {
			t.Errorf("shift %d: %d receipts, sales %d; want %d and %d", shift, s.Receipts, s.Sales, counts[shift], sum)
		}
	}
}

func TestPush_once(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		entries, want := history(1, 61)
		last := entries[len(entries)-1].GetCursor()
		for _, b := range split(entries, 17) {
			cursor, err := w.Push(t.Context(), agent, "j", b)
			if err != nil {
				t.Fatal(err)
			}
			if end := b.GetEntries()[len(b.GetEntries())-1].GetCursor(); cursor != end {
				t.Errorf("cursor %d, want %d", cursor, end)
			}
		}
		till, err := w.fleet.TillID(t.Context(), agent, want[0].GetTill())
		if err != nil {
			t.Fatal(err)
		}
		w.check(t, agent.OrganisationID, till, want)

		t.Run("everything again in other pieces", func(t *testing.T) {
			for _, b := range split(entries, 29) {
				cursor, err := w.Push(t.Context(), agent, "j", b)
				if err != nil {
					t.Fatal(err)
				}
				if cursor != last {
					t.Errorf("cursor went back to %d", cursor)
				}
			}
			w.check(t, agent.OrganisationID, till, want)
		})
		t.Run("another agent with the same journal", func(t *testing.T) { // enrolled anew, or a cloned disk
			other := *agent
			other.ID = "other"
			if cursor, err := w.Cursor(t.Context(), &other, "j"); err != nil || cursor != 0 {
				t.Errorf("cursor %d %v: it would skip what only it has", cursor, err)
			}
			for _, b := range split(entries, 40) {
				if _, err := w.Push(t.Context(), &other, "j", b); err != nil {
					t.Fatal(err)
				}
			}
			operations, documents, err := w.counts(t, agent.OrganisationID)
			if err != nil || operations != len(want) || documents != len(want) {
				t.Errorf("%d operations, %d documents %v", operations, documents, err)
			}
		})
	})
}

func (w *world) counts(t *testing.T, organisation string) (operations, documents int, err error) {
	t.Helper()
	o, err1 := w.store.Read().CountOperations(t.Context(), organisation)
	d, err2 := w.store.Read().CountDocuments(t.Context(), organisation)
	return int(o), int(d), errors.Join(err1, err2)
}

// TestPush_disorder delivers batches at once, repeated and in random order: what is stored in the end is the same.
func TestPush_disorder(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		for seed := range uint64(4) {
			agent := w.agents[seed%2]
			entries, want := history(100+seed, 40)
			for i := range want { // one name a seed
				want[i].Till = fmt.Sprint("till", seed)
			}
			for _, e := range entries {
				e.Operation.Till = fmt.Sprint("till", seed)
			}
			batches := split(entries, 9)
			rng := rand.New(rand.NewPCG(seed, 1))
			deliveries := append(append([]*uplinkv1.Batch{}, batches...), batches...)
			rng.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
			var wg sync.WaitGroup
			gate := make(chan struct{}, 6)
			for _, b := range deliveries {
				gate <- struct{}{}
				wg.Go(func() {
					defer func() { <-gate }()
					if _, err := w.Push(t.Context(), agent, fmt.Sprint("j", seed), b); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			till, err := w.fleet.TillID(t.Context(), agent, fmt.Sprint("till", seed))
			if err != nil {
				t.Fatal(err)
			}
			w.check(t, agent.OrganisationID, till, want)
		}
	})
}

func TestPush_tenants(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		entries, want := history(5, 10)
		for i, agent := range w.agents { // the same journal, keys and documents: a stranger may say what he likes
			if i == 1 {
				for _, e := range entries {
					e.Operation.Text = "forged"
				}
			}
			for _, b := range split(entries, 50) {
				if _, err := w.Push(t.Context(), agent, "j", b); err != nil {
					t.Fatal(err)
				}
			}
			if i == 0 {
				for j := range want {
					want[j] = proto.CloneOf(want[j])
				}
			}
		}
		mine := w.agents[0]
		till, err := w.fleet.TillID(t.Context(), mine, want[0].GetTill())
		if err != nil {
			t.Fatal(err)
		}
		w.check(t, mine.OrganisationID, till, want)
		foreign := w.agents[1].OrganisationID
		if list, _, err := w.Operations(t.Context(), everything(foreign), till, "", 50); err != nil || len(list) != 0 {
			t.Errorf("another organisation sees %d operations: %v", len(list), err)
		}
		if list, _, err := w.Documents.Documents(t.Context(), everything(foreign), till, nil, "", 50); err != nil || len(list) != 0 {
			t.Errorf("another organisation sees %d documents: %v", len(list), err)
		}
		shop := sample.New(77, true).Receipt()
		if _, err := w.Push(t.Context(), mine, "j2", &uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Cursor: 1, Operation: shop}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Document(t.Context(), foreign, shop.GetDocument().GetFn(), shop.GetDocument().GetFd()); !errors.Is(err, ErrNotFound) {
			t.Errorf("another organisation reads a document: %v", err)
		}
	})
}

func TestPush_refuses(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		good := func() *fiscalv1.Operation { return sample.New(9, true).Receipt() }
		for name, change := range map[string]func(b *uplinkv1.Batch){
			"no operation":             func(b *uplinkv1.Batch) { b.Entries[0].Operation = nil },
			"no key and no document":   func(b *uplinkv1.Batch) { b.Entries[0].Operation.Key, b.Entries[0].Operation.Document = "", nil },
			"a key with a zero byte":   func(b *uplinkv1.Batch) { b.Entries[0].Operation.Key = "a\x00b" },
			"no till":                  func(b *uplinkv1.Batch) { b.Entries[0].Operation.Till = "" },
			"no cursor":                func(b *uplinkv1.Batch) { b.Entries[0].Cursor = 0 },
			"cursors that do not grow": func(b *uplinkv1.Batch) { b.Entries[1].Cursor = b.Entries[0].Cursor },
			"a time before all times":  func(b *uplinkv1.Batch) { b.Entries[0].Operation.AcceptedMs = -1 },
			"a fiscal memory too long": func(b *uplinkv1.Batch) { b.Entries[0].Operation.Document.Fn = string(make([]byte, 100)) },
		} {
			t.Run(name, func(t *testing.T) {
				b := &uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Cursor: 1, Operation: good()}, {Cursor: 2, Operation: good()}}}
				change(b)
				if _, err := w.Push(t.Context(), w.agents[0], "j", b); !errors.Is(err, ErrInvalid) {
					t.Errorf("got %v", err)
				}
			})
		}
		if _, err := w.Push(t.Context(), w.agents[0], "", &uplinkv1.Batch{}); !errors.Is(err, ErrInvalid) {
			t.Errorf("no journal: %v", err)
		}
		if operations, documents, err := w.counts(t, w.agents[0].OrganisationID); operations+documents != 0 || err != nil {
			t.Errorf("refused batches left %d operations and %d documents: %v", operations, documents, err)
		}
	})
}

// TestPush_foreign: a document of somebody else is a fact without an operation; when its operation comes later, the fact stays.
func TestPush_foreign(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		op := sample.New(3, true).Receipt()
		fact := &fiscalv1.Operation{Till: op.GetTill(), Document: op.GetDocument()}
		if _, err := w.Push(t.Context(), agent, "j", &uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Cursor: 1, Operation: fact}}}); err != nil {
			t.Fatal(err)
		}
		d, err := w.Document(t.Context(), agent.OrganisationID, op.GetDocument().GetFn(), op.GetDocument().GetFd())
		if err != nil || d.Operation != nil || d.Document.GetTotal() != op.GetDocument().GetTotal() {
			t.Errorf("%v %v", d, err)
		}
	})
}

// TestPush_watched: who watches hears of what came in.
func TestPush_watched(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		watcher := w.fleet.Hub().Watch(agent.OrganisationID, "")
		defer watcher.Close()
		stranger := w.fleet.Hub().Watch(w.agents[1].OrganisationID, "")
		defer stranger.Close()
		op := sample.New(3, true).Receipt()
		if _, err := w.Push(t.Context(), agent, "j", &uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Cursor: 1, Operation: op}}}); err != nil {
			t.Fatal(err)
		}
		<-watcher.Changed()
		changes, all := watcher.Take()
		if all || len(changes) != 2 || changes[0].What != fleet.OperationChanged || changes[0].ID != op.GetKey() || changes[1].What != fleet.TillChanged {
			t.Errorf("%v %v", changes, all)
		}
		if changes, all := stranger.Take(); all || len(changes) > 0 {
			t.Errorf("another organisation hears %v", changes)
		}
	})
}

// TestPush_stopped: when the writer has stopped nobody waits for ever.
func TestPush_stopped(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		d := New(w.store, w.fleet, w.fleet.Hub(), w.log, w.now)
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if err := d.Run(stopped); err != nil {
			t.Fatal(err)
		}
		op := sample.New(3, true).Receipt()
		_, err := d.Push(t.Context(), w.agents[0], "j", &uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Cursor: 1, Operation: op}}})
		if !errors.Is(err, ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

// TestUndecided: what needs a person is listed, oldest first, until a later revision says that it does not.
func TestUndecided(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		push := func(cursor uint64, ops ...*fiscalv1.Operation) {
			t.Helper()
			batch := &uplinkv1.Batch{}
			for i, op := range ops {
				batch.Entries = append(batch.Entries, &uplinkv1.Entry{Cursor: cursor + uint64(i), Operation: op})
			}
			if _, err := w.Push(t.Context(), agent, "j", batch); err != nil {
				t.Fatal(err)
			}
		}
		want := func(keys ...string) {
			t.Helper()
			list, err := w.Undecided(t.Context(), access.Whole(agent.OrganisationID), 10)
			var got []string
			for _, o := range list {
				got = append(got, o.Operation.GetKey())
			}
			if err != nil || !cmp.Equal(got, keys) {
				t.Errorf("undecided %v %v, want %v", got, err, keys)
			}
		}
		op := func(key string, at int64, revision uint32, stage fiscalv1.Stage) *fiscalv1.Operation {
			return &fiscalv1.Operation{Key: key, Till: "kassa", Kind: fiscalv1.Kind_KIND_SALE, AcceptedMs: at, Revision: revision, Stage: stage}
		}
		const person, ended = fiscalv1.Stage_STAGE_NEEDS_PERSON, fiscalv1.Stage_STAGE_ENDED
		push(1, op("late", 20, 1, person), op("early", 10, 1, person), op("fine", 15, 1, ended))
		want("early", "late")
		push(4, op("early", 10, 2, ended))
		push(5, op("early", 10, 1, person)) // told again by a line that was cut
		want("late")
		if list, err := w.Undecided(t.Context(), access.Whole(w.agents[1].OrganisationID), 10); err != nil || len(list) != 0 {
			t.Errorf("another organisation reads %v %v", list, err)
		}
	})
}

// everything is the scope of a whole organisation.
func everything(organisation string) access.Scope { return access.Whole(organisation)[0] }
