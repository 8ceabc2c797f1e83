package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
)

func TestMain(m *testing.M) {
	misbehave()
	if code, ok := RunChildCheck(os.Args); ok {
		os.Exit(code)
	}
	if code, ok := runOpener(os.Args); ok {
		os.Exit(code)
	}
	if code, ok := runWriter(os.Args); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// open opens a journal whose cleanup checks and closes it: every test ends with a look at every page.
func open(t testing.TB, dir string, opts Options) *Journal {
	t.Helper()
	if opts.Reserve == 0 {
		opts.Reserve = -1
	}
	if opts.Now == nil { // the month never turns in the middle of a test
		opts.Now = at("2026-11-04").read
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	j, err := Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeChecked(t, j) })
	return j
}

func closeChecked(t testing.TB, j *Journal) {
	t.Helper()
	findings, _, err := j.Check(context.Background())
	if err != nil && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrDead) && !errors.Is(err, ErrBroken) {
		t.Errorf("check: %v", err)
	}
	for _, f := range findings {
		t.Errorf("check: %s", f)
	}
	if err := j.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// accepted makes a new record, as a till would.
func accepted(key string) *journalv1.Record {
	return &journalv1.Record{Version: 1, Operation: &fiscalv1.Operation{
		Key: key, Till: "till-1", Kind: fiscalv1.Kind_KIND_SALE, Stage: fiscalv1.Stage_STAGE_ACCEPTED, AcceptedMs: 1,
		Receipt: &fiscalv1.Receipt{Items: []*fiscalv1.Item{{Name: "Хлеб", Quantity: "1", Price: 4500, Vat: "10"}}, Payments: &fiscalv1.Payments{Cash: 4500}},
	}}
}

// intended moves a record on to its intent.
func intended(rec *journalv1.Record) *journalv1.Record {
	rec.Operation.Stage = fiscalv1.Stage_STAGE_INTENT
	rec.Baseline = &journalv1.Baseline{Fn: "9999078900012345", LastFd: 41, Shift: 3, ShiftOpen: true, Receipt: 7, Clock: "2026-11-04T12:30:00"}
	rec.Begun = true
	return rec
}

// done ends a record with a document.
func done(rec *journalv1.Record, fd uint32) *journalv1.Record {
	rec.Operation.Stage = fiscalv1.Stage_STAGE_ENDED
	rec.Operation.Outcome = fiscalv1.Outcome_OUTCOME_DONE
	rec.Operation.Document = &fiscalv1.Document{Fn: "9999078900012345", Fd: fd, Fp: 4007000000 + fd, Type: 3, Total: 4500}
	rec.Operation.Paper = fiscalv1.PaperTrack_PAPER_TRACK_PRINTED
	return rec
}

// notDone ends a record without one.
func notDone(rec *journalv1.Record) *journalv1.Record {
	rec.Operation.Stage = fiscalv1.Stage_STAGE_ENDED
	rec.Operation.Outcome = fiscalv1.Outcome_OUTCOME_NOT_DONE
	rec.Operation.Reason = "no_paper"
	return rec
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, j *Journal, key string) *journalv1.Record {
	t.Helper()
	rec, err := j.Get(key)
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	return rec
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// patience is how long a test waits for what must happen: only a failure takes so long.
const patience = 2 * time.Minute

// eventually polls a condition that another goroutine brings about.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not after %v", what, patience)
		}
	}
}

func keys(recs []*journalv1.Record) []string {
	ks := []string{}
	for _, r := range recs {
		ks = append(ks, r.Operation.Key)
	}
	return ks
}

// clock is a wall clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

func at(text string) *clock {
	t, err := time.Parse("2006-01-02", text)
	if err != nil {
		panic(err)
	}
	return &clock{now: t}
}

func TestJournal(t *testing.T) {
	// Each step sees what the ones before it left, first as it is and then after closing and opening anew.
	ctx := t.Context()
	var sale, refund *journalv1.Record
	steps := []struct {
		name string
		do   func(t *testing.T, j *Journal)
		see  func(t *testing.T, j *Journal)
	}{
		{"empty", nil, func(t *testing.T, j *Journal) {
			if _, err := j.Get("a"); !errors.Is(err, ErrNotFound) {
				t.Errorf("get: %v", err)
			}
			recs, next, err := j.List("", 10, "", false)
			if len(recs) != 0 || next != "" || err != nil {
				t.Errorf("list: %v %q %v", recs, next, err)
			}
			if n, oldest := j.Backlog(); n != 0 || !oldest.IsZero() {
				t.Errorf("backlog: %d %v", n, oldest)
			}
			if len(j.ID()) != 32 {
				t.Errorf("id %q", j.ID())
			}
		}},
		{"accept", func(t *testing.T, j *Journal) {
			sale = accepted("a")
			must(t, j.Accept(ctx, sale))
			if sale.Seq != 1 || sale.Operation.Revision != 1 {
				t.Errorf("seq %d revision %d", sale.Seq, sale.Operation.Revision)
			}
			if err := j.Accept(ctx, accepted("a")); !errors.Is(err, ErrExists) {
				t.Errorf("again: %v", err)
			}
			if err := j.Intend(ctx, accepted("a")); !errors.Is(err, ErrExists) {
				t.Errorf("again: %v", err)
			}
		}, func(t *testing.T, j *Journal) {
			equal(t, "record", get(t, j, "a"), sale)
			open, err := j.Unfinished()
			must(t, err)
			equal(t, "unfinished", keys(open), []string{"a"})
			if n, _ := j.Backlog(); n != 0 {
				t.Errorf("backlog %d: an acceptance is not news", n)
			}
		}},
		{"intend", func(t *testing.T, j *Journal) {
			must(t, j.Intend(ctx, intended(sale)))
			refund = intended(accepted("b"))
			refund.Operation.Kind = fiscalv1.Kind_KIND_SALE_RETURN
			refund.Operation.Till = "till-2"
			before := j.Stats().Commits
			must(t, j.Intend(ctx, refund))
			if got := j.Stats().Commits - before; got != 1 {
				t.Errorf("accept and intent took %d commits", got)
			}
		}, func(t *testing.T, j *Journal) {
			equal(t, "a", get(t, j, "a"), sale)
			equal(t, "b", get(t, j, "b"), refund)
			open, err := j.Unfinished()
			must(t, err)
			equal(t, "unfinished", keys(open), []string{"a", "b"})
		}},
		{"conclude", func(t *testing.T, j *Journal) {
			must(t, j.Conclude(ctx, done(sale, 42)))
			must(t, j.Conclude(ctx, notDone(refund)))
			select {
			case <-j.OutboxSignal():
			default:
				t.Error("no signal")
			}
		}, func(t *testing.T, j *Journal) {
			open, err := j.Unfinished()
			must(t, err)
			equal(t, "unfinished", keys(open), []string{})
			entries, err := j.Outbox(ctx, 0, 10)
			must(t, err)
			equal(t, "outbox", entries, []Entry{{1, sale}, {2, refund}})
			entries, err = j.Outbox(ctx, 1, 10)
			must(t, err)
			equal(t, "outbox after 1", entries, []Entry{{2, refund}})
			if n, oldest := j.Backlog(); n != 2 || oldest.IsZero() {
				t.Errorf("backlog %d since %v", n, oldest)
			}
		}},
		{"done is final", func(t *testing.T, j *Journal) {
			for _, other := range []*journalv1.Record{notDone(proto.CloneOf(sale)), done(proto.CloneOf(sale), 43), intended(proto.CloneOf(sale))} {
				if other.Operation.Stage == fiscalv1.Stage_STAGE_INTENT {
					other.Operation.Outcome = fiscalv1.Outcome_OUTCOME_UNKNOWN
				}
				if err := j.Conclude(ctx, other); !errors.Is(err, ErrFinal) {
					t.Errorf("%v after done: %v", other.Operation.Outcome, err)
				}
			}
		}, func(t *testing.T, j *Journal) { equal(t, "a", get(t, j, "a"), sale) }},
		{"asked again after not done", func(t *testing.T, j *Journal) {
			refund.Operation.Attempt++
			refund.Operation.Stage = fiscalv1.Stage_STAGE_ACCEPTED
			refund.Operation.Outcome = fiscalv1.Outcome_OUTCOME_UNSPECIFIED
			must(t, j.Accept(ctx, refund))
		}, func(t *testing.T, j *Journal) {
			equal(t, "b", get(t, j, "b"), refund)
			open, err := j.Unfinished()
			must(t, err)
			equal(t, "unfinished", keys(open), []string{"b"})
		}},
		{"amend", func(t *testing.T, j *Journal) {
			sale.Operation.Paper = fiscalv1.PaperTrack_PAPER_TRACK_OWED
			j.Amend(sale)
			sale.Operation.Revision++
			equal(t, "at once", get(t, j, "a"), sale)
		}, func(t *testing.T, j *Journal) {
			equal(t, "a", get(t, j, "a"), sale)
			open, err := j.Unfinished()
			must(t, err)
			equal(t, "paper is owed", keys(open), []string{"a", "b"})
			recs, _, err := j.List("till-1", 10, "", true)
			must(t, err)
			equal(t, "unfinished of till-1", keys(recs), []string{"a"})
		}},
		{"amend and conclude in one commit", func(t *testing.T, j *Journal) {
			sale.Operation.Paper = fiscalv1.PaperTrack_PAPER_TRACK_PRINTED
			j.Amend(sale)
			sale.Operation.Revision++
			must(t, j.Conclude(ctx, done(refund, 44)))
		}, func(t *testing.T, j *Journal) {
			equal(t, "a", get(t, j, "a"), sale)
			open, err := j.Unfinished()
			must(t, err)
			equal(t, "unfinished", keys(open), []string{})
			entries, err := j.Outbox(ctx, 0, 10)
			must(t, err)
			if len(entries) != 2 || entries[0].Cursor != 4 || entries[1].Cursor != 5 {
				t.Errorf("a changed three times, b twice: want their newest entries, 4 and 5, got %v", entries)
			}
			entries, err = j.Outbox(ctx, 0, 2)
			must(t, err)
			if len(entries) != 2 || entries[0].Cursor != 1 || entries[1].Cursor != 2 {
				t.Errorf("want entries 1 and 2, got %v", entries)
			}
		}},
		{"acknowledge", func(t *testing.T, j *Journal) {
			if err := j.Ack(6); err == nil {
				t.Error("acknowledged what was never offered")
			}
			must(t, j.Ack(4))
			must(t, j.Ack(3))
			sale.Operation.InCloud = true
		}, func(t *testing.T, j *Journal) {
			if j.Acked() != 4 {
				t.Errorf("acked %d", j.Acked())
			}
			if n, _ := j.Backlog(); n != 1 {
				t.Errorf("backlog %d", n)
			}
			equal(t, "a", get(t, j, "a"), sale)
			equal(t, "b", get(t, j, "b"), refund)
		}},
		{"acknowledge all", func(t *testing.T, j *Journal) { must(t, j.Ack(5)) }, func(t *testing.T, j *Journal) {
			if n, oldest := j.Backlog(); n != 0 || !oldest.IsZero() {
				t.Errorf("backlog %d since %v", n, oldest)
			}
		}},
		{"bad keys", func(t *testing.T, j *Journal) {
			for _, key := range []string{"", strings.Repeat("k", 129)} {
				if err := j.Accept(ctx, accepted(key)); !errors.Is(err, ErrKey) {
					t.Errorf("%q: %v", key, err)
				}
			}
			must(t, j.Accept(ctx, accepted(strings.Repeat("k", 128))))
			lost := accepted("lost")
			lost.Seq = 77
			if err := j.Conclude(ctx, lost); !errors.Is(err, ErrNotFound) {
				t.Errorf("a record that is not there: %v", err)
			}
			mixed := accepted("b")
			mixed.Seq = sale.Seq
			if err := j.Intend(ctx, mixed); !errors.Is(err, ErrNotFound) {
				t.Errorf("seq of a, key of b: %v", err)
			}
		}, nil},
	}
	dir := t.TempDir()
	j := open(t, dir, Options{})
	id := j.ID()
	story := t // the journal outlives the steps
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			if step.do != nil {
				step.do(t, j)
			}
			if step.see == nil {
				return
			}
			step.see(t, j)
			closeChecked(t, j)
			j = open(story, dir, Options{})
			if j.ID() != id {
				t.Errorf("id became %s, was %s", j.ID(), id)
			}
			if p := j.Problems(); len(p) != 0 {
				t.Errorf("problems: %v", p)
			}
			t.Run("anew", func(t *testing.T) { step.see(t, j) })
		})
	}
}

func TestJournal_list(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	var all, odd []string
	for i := range 25 {
		rec := accepted(fmt.Sprint("k", i))
		if i%2 == 1 {
			rec.Operation.Till = "till-2"
			odd = append([]string{rec.Operation.Key}, odd...)
		}
		all = append([]string{rec.Operation.Key}, all...)
		must(t, j.Accept(t.Context(), rec))
	}
	for _, c := range []struct {
		till       string
		limit      int
		unfinished bool
		want       []string
	}{
		{"", 4, false, all}, {"", 5, true, all}, {"till-2", 5, false, odd}, {"till-2", 3, true, odd}, {"", 25, false, all}, {"", 100, false, all}, {"till-3", 9, false, nil},
	} {
		var got []string
		page := ""
		for {
			recs, next, err := j.List(c.till, c.limit, page, c.unfinished)
			must(t, err)
			if len(recs) > c.limit {
				t.Errorf("%d records on a page of %d", len(recs), c.limit)
			}
			got = append(got, keys(recs)...)
			if page = next; page == "" {
				break
			}
		}
		equal(t, fmt.Sprintf("%q by %d", c.till, c.limit), got, c.want)
	}
	if _, _, err := j.List("", 10, "mine", false); err == nil {
		t.Error("a page of another's was taken")
	}
}

func TestJournal_executions(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	j := open(t, dir, Options{})
	exec := &journalv1.Execution{Id: "cmd-1", Run: &fiscalv1.Run{Id: "cmd-1", Till: "till-1", Action: fiscalv1.Action_ACTION_RECOVER}}
	for i, want := range []bool{true, false} {
		if ok, err := j.BeginExecution(ctx, exec); ok != want || err != nil {
			t.Fatalf("begin %d: %v %v", i, ok, err)
		}
	}
	exec.Run.Ended = true
	must(t, j.SaveExecution(ctx, exec))
	closeChecked(t, j)
	j = open(t, dir, Options{})
	got, err := j.Execution("cmd-1")
	must(t, err)
	equal(t, "execution", got, exec)
	if ok, err := j.BeginExecution(ctx, exec); ok || err != nil {
		t.Errorf("begin after a restart: %v %v", ok, err)
	}
	open, err := j.Unreported()
	must(t, err)
	equal(t, "unreported", open, []*journalv1.Execution{exec})
	exec.Reported = true
	must(t, j.SaveExecution(ctx, exec))
	if open, err := j.Unreported(); len(open) != 0 || err != nil {
		t.Errorf("unreported: %v %v", open, err)
	}
	if _, err := j.Execution("cmd-2"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	if _, err := j.BeginExecution(ctx, &journalv1.Execution{}); !errors.Is(err, ErrKey) {
		t.Errorf("no id: %v", err)
	}
}

func TestJournal_export(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	a, b := accepted("a"), done(accepted("b"), 7)
	must(t, j.Accept(t.Context(), a))
	must(t, j.Conclude(t.Context(), b))
	var out bytes.Buffer
	must(t, j.Export(&out))
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, want := range []*journalv1.Record{a, b} {
		got := new(journalv1.Record)
		must(t, protojson.Unmarshal([]byte(lines[i]), got))
		equal(t, "line", got, want)
	}
}

func TestJournal_closed(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	a := accepted("a")
	must(t, j.Accept(t.Context(), a))
	must(t, j.Close())
	must(t, j.Close())
	if _, err := j.Get("a"); !errors.Is(err, ErrClosed) {
		t.Errorf("get: %v", err)
	}
	if err := j.Accept(t.Context(), accepted("b")); !errors.Is(err, ErrClosed) {
		t.Errorf("accept: %v", err)
	}
	j.Amend(a)
	if n, _ := j.Backlog(); n != 0 {
		t.Errorf("backlog %d", n)
	}
}

func TestOpen_locked(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, Options{})
	if _, err := Open(t.Context(), dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("second agent: %v", err)
	}
}

func TestOpen_gone(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{Now: at("2026-11-04").read})
	must(t, j.Accept(t.Context(), accepted("a")))
	id := j.ID()
	closeChecked(t, j)
	must(t, os.Remove(filepath.Join(dir, "journal-2026-11.db")))
	j = open(t, dir, Options{})
	if p := j.Problems(); len(p) != 1 || p[0].Code != "journal_gone" {
		t.Errorf("problems: %v", p)
	}
	if j.ID() == id {
		t.Error("the new journal has the name of the one that is gone")
	}
}
