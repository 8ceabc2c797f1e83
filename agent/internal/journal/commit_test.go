package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// killer dies at the nth point from when it is armed.
type killer struct {
	mu   sync.Mutex
	left int // 0: never
	with error
	seen []Point
}

var errKilled = errors.New("killed")

func (k *killer) fault(p Point) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen = append(k.seen, p)
	if k.left == 0 {
		return nil
	}
	if k.left--; k.left == 0 {
		return k.with
	}
	return nil
}

func (k *killer) arm(n int, with error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left, k.with = n, with
}

func TestJournal_dies(t *testing.T) {
	for _, c := range []struct {
		name string
		at   int
		kept bool
	}{{"before the commit", 1, false}, {"after the commit", 2, true}} {
		t.Run(c.name, func(t *testing.T) {
			dir, k := t.TempDir(), new(killer)
			j := open(t, dir, Options{Fault: k.fault})
			rec := accepted("a")
			must(t, j.Accept(t.Context(), rec))
			k.arm(c.at, errKilled)
			err := j.Intend(t.Context(), intended(rec))
			if !errors.Is(err, ErrDead) || !errors.Is(err, errKilled) {
				t.Fatalf("intend: %v", err)
			}
			if err := j.Conclude(t.Context(), done(proto.CloneOf(rec), 1)); !errors.Is(err, ErrDead) {
				t.Errorf("conclude: %v", err)
			}
			if _, err := j.Get("a"); !errors.Is(err, ErrDead) {
				t.Errorf("get: %v", err)
			}
			if err := j.Ack(0); !errors.Is(err, ErrDead) {
				t.Errorf("ack: %v", err)
			}
			closeChecked(t, j)
			j = open(t, dir, Options{})
			if got := get(t, j, "a").Begun; got != c.kept {
				t.Errorf("the intent is there: %v", got)
			}
		})
	}
}

func TestJournal_points(t *testing.T) {
	k := new(killer)
	j := open(t, t.TempDir(), Options{Fault: k.fault})
	rec := intended(accepted("a"))
	must(t, j.Intend(t.Context(), rec))
	must(t, j.Conclude(t.Context(), done(rec, 1)))
	equal(t, "points", k.seen, []Point{
		{BeforeCommit, ActMonth},
		{AfterCommit, ActMonth},
		{BeforeCommit, ActAccept | ActIntent},
		{AfterCommit, ActAccept | ActIntent},
		{BeforeCommit, ActOutcome},
		{AfterCommit, ActOutcome},
	})
}

// TestJournal_skipSync makes sure that a test which crashes a journal can see a missing fsync.
func TestJournal_skipSync(t *testing.T) {
	for _, c := range []struct {
		name   string
		synced bool // a commit with fsync follows
		crash  bool
		kept   bool
	}{{"crash", false, true, false}, {"sync, crash", true, true, true}, {"closed well", false, false, true}} {
		t.Run(c.name, func(t *testing.T) {
			dir, k := t.TempDir(), new(killer)
			j := open(t, dir, Options{Fault: k.fault})
			must(t, j.Accept(t.Context(), accepted("before")))
			for _, key := range []string{"a", "b"} {
				k.arm(1, SkipSync)
				must(t, j.Accept(t.Context(), accepted(key)))
				get(t, j, key)
			}
			if c.synced {
				must(t, j.Accept(t.Context(), accepted("c")))
			}
			if c.crash {
				k.arm(1, errKilled)
				if err := j.Accept(t.Context(), accepted("d")); !errors.Is(err, ErrDead) {
					t.Fatal(err)
				}
			}
			closeChecked(t, j)
			j = open(t, dir, Options{})
			get(t, j, "before")
			for _, key := range []string{"a", "b"} {
				if _, err := j.Get(key); (err == nil) != c.kept {
					t.Errorf("%s: %v", key, err)
				}
			}
		})
	}
}

// In a bubble the time of an amendment does not run out while the test is at the next one.
func TestJournal_amendWithoutCompany(t *testing.T) {
	dir := inMemory(t)
	synctest.Test(t, func(t *testing.T) {
		k := new(killer)
		j := open(t, dir, Options{Fault: k.fault})
		rec := done(accepted("a"), 1)
		must(t, j.Conclude(t.Context(), rec))
		before := j.Stats().Commits
		for _, paper := range []fiscalv1.PaperTrack{fiscalv1.PaperTrack_PAPER_TRACK_OWED, fiscalv1.PaperTrack_PAPER_TRACK_PRINTED} {
			rec.Operation.Paper = paper
			j.Amend(rec)
			if got := get(t, j, "a").Operation.Paper; got != paper {
				t.Errorf("paper is %v at once", got)
			}
		}
		must(t, j.Ack(1))
		eventually(t, "a commit of its own", func() bool { return j.Stats().Commits > before })
		if got := j.Stats().Commits - before; got != 1 {
			t.Errorf("%d commits for two amendments and an acknowledgement", got)
		}
		entries, err := j.Outbox(t.Context(), 1, 10)
		must(t, err)
		if len(entries) != 1 || entries[0].Cursor != 3 || entries[0].Record.Operation.Revision != 3 {
			t.Errorf("outbox: %v", entries)
		}
		k.arm(1, errKilled) // a power cut: what was not written by now is lost
		j.Amend(rec)
		closeChecked(t, j)
		j = open(t, dir, Options{})
		if got := get(t, j, "a"); got.Operation.Paper != fiscalv1.PaperTrack_PAPER_TRACK_PRINTED || j.Acked() != 1 {
			t.Errorf("after the cut: %v, acknowledged %d", got.Operation.Paper, j.Acked())
		}
	})
}

func TestJournal_manyTills(t *testing.T) {
	const tills, sales = 64, 20
	dir := t.TempDir()
	j := open(t, dir, Options{})
	var wg sync.WaitGroup
	for till := range tills {
		wg.Go(func() {
			for i := range sales {
				rec := accepted(fmt.Sprintf("%d/%d", till, i))
				rec.Operation.Till = fmt.Sprint("till-", till)
				if err := j.Intend(t.Context(), intended(rec)); err != nil {
					t.Error(err)
					return
				}
				if err := j.Intend(t.Context(), accepted(rec.Operation.Key)); !errors.Is(err, ErrExists) {
					t.Errorf("%s again: %v", rec.Operation.Key, err)
				}
				if err := j.Conclude(t.Context(), done(rec, uint32(i+1))); err != nil {
					t.Error(err)
					return
				}
				rec.Operation.Ofd = fiscalv1.OFDTrack_OFD_TRACK_QUEUED
				j.Amend(rec)
				if got, err := j.Get(rec.Operation.Key); err != nil || got.Operation.Ofd != rec.Operation.Ofd || got.Operation.Document.Fd != uint32(i+1) {
					t.Errorf("%s: %v %v", rec.Operation.Key, got, err)
				}
			}
		})
	}
	wg.Wait()
	if s := j.Stats(); s.Commits*4 > s.Writes {
		t.Errorf("%d commits for %d writes", s.Commits, s.Writes)
	}
	closeChecked(t, j)
	j = open(t, dir, Options{})
	seen := map[string]bool{}
	var after uint64
	for {
		entries, err := j.Outbox(t.Context(), after, 100)
		must(t, err)
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			if e.Cursor <= after {
				t.Fatalf("cursor %d after %d", e.Cursor, after)
			}
			after = e.Cursor
			seen[e.Record.Operation.Key] = true
		}
	}
	if len(seen) != tills*sales {
		t.Errorf("%d of %d operations came out of the outbox", len(seen), tills*sales)
	}
}

// TestJournal_tail goes past the limit of the tail, where keys move into their bucket.
func TestJournal_tail(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	var wg sync.WaitGroup
	n := tailLimit + 500
	for c := range 250 {
		wg.Go(func() {
			for i := c; i < n; i += 250 {
				if err := j.Accept(t.Context(), accepted(fmt.Sprint("k", i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if tail := len(j.newest().tail); tail >= tailLimit {
		t.Errorf("the tail has %d keys", tail)
	}
	for range 2 {
		for i := range n {
			key := fmt.Sprint("k", i)
			get(t, j, key)
			if i%50 == 0 {
				if err := j.Accept(t.Context(), accepted(key)); !errors.Is(err, ErrExists) {
					t.Fatalf("%s again: %v", key, err)
				}
			}
		}
		closeChecked(t, j)
		j = open(t, dir, Options{})
	}
}

// TestJournal_checkBesideWriters checks while others write and months turn: nobody waits for ever, nothing is found.
func TestJournal_checkBesideWriters(t *testing.T) {
	dir, clock := t.TempDir(), at("2026-01-15")
	j := open(t, dir, Options{Now: clock.read})
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for till := range 4 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := j.Conclude(context.WithoutCancel(ctx), done(accepted(fmt.Sprint(till, "/", i)), uint32(i+1))); err != nil {
					t.Error(err)
					return
				}
				_ = j.Ack(j.Acked() + 1)
				if till == 0 && i%10 == 0 {
					clock.set(clock.read().AddDate(0, 0, 20))
				}
			}
		})
	}
	for range 20 {
		findings, _, err := j.Check(t.Context())
		if err != nil || len(findings) > 0 {
			t.Errorf("check: %v %v", findings, err)
		}
	}
	stop()
	wg.Wait()
}

// TestJournal_synctest lives in a bubble, as the tests that crash the agent at every effect do.
func TestJournal_synctest(t *testing.T) {
	dir := inMemory(t)
	synctest.Test(t, func(t *testing.T) {
		k := new(killer)
		j := open(t, dir, Options{Fault: k.fault})
		rec := intended(accepted("a"))
		must(t, j.Intend(t.Context(), rec))
		must(t, j.Conclude(t.Context(), done(rec, 1)))
		began := time.Now()
		j.Amend(rec)
		commits := j.Stats().Commits
		for j.Stats().Commits == commits {
			<-time.After(lazyDelay / 4)
			synctest.Wait()
		}
		if took := time.Since(began); took > lazyDelay {
			t.Errorf("the amendment was written after %v", took)
		}
		var wg sync.WaitGroup
		for till := range 8 {
			wg.Go(func() {
				for i := range 5 {
					if err := j.Accept(t.Context(), accepted(fmt.Sprint(till, "/", i))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		k.arm(1, errKilled)
		if err := j.Accept(t.Context(), accepted("b")); !errors.Is(err, ErrDead) {
			t.Error(err)
		}
		closeChecked(t, j)
		open(t, dir, Options{})
	})
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		dir := inMemory(b)
		j, err := Open(b.Context(), dir, Options{Reserve: -1})
		must(b, err)
		must(b, j.Close())
	}
}
