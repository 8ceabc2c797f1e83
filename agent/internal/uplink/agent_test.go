package uplink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// patience is how long a test waits for what must happen: only a failure takes so long.
const patience = 2 * time.Minute

// tills are tills that do what the test says.
type tills struct {
	ask func(ctx context.Context, run *fiscalv1.Run, until time.Time) (fiscalv1.Consent, error)
	act func(ctx context.Context, id string, report func(*fiscalv1.Run)) (*fiscalv1.Run, error)

	mu        sync.Mutex
	acted     map[string]int
	suspended []string
	shift     uint32
	last      uint32 // documents in the fiscal memory of till k
}

// copiesFN is the fiscal memory of till k.
const copiesFN = "9999078902000001"

func (t *tills) Copies(_ context.Context, have map[string]uint32, limit int) []*uplinkv1.DocumentCopy {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []*uplinkv1.DocumentCopy
	for fd := have[copiesFN] + 1; fd <= t.last && len(out) < limit; fd++ {
		out = append(out, &uplinkv1.DocumentCopy{Till: "k", Document: &fiscalv1.Document{Fn: copiesFN, Fd: fd}, Tlv: fmt.Append(nil, "document ", fd)})
	}
	return out
}

func (t *tills) States() []*fiscalv1.TillState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return []*fiscalv1.TillState{{Till: "k", Online: true, Shift: t.shift}}
}

func (t *tills) Act(ctx context.Context, id, _ string, _ fiscalv1.Action, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
	t.mu.Lock()
	if t.acted == nil {
		t.acted = map[string]int{}
	}
	t.acted[id]++
	t.mu.Unlock()
	return t.act(ctx, id, report)
}

func (t *tills) Suspend(ctx context.Context, id, till, by, reason string, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
	t.mu.Lock()
	t.suspended = append(t.suspended, by+": "+reason)
	t.mu.Unlock()
	return t.Act(ctx, id, till, fiscalv1.Action_ACTION_SUSPEND, report)
}

func (t *tills) Resolve(_ context.Context, id, till, decider string, d *fiscalv1.Decision, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
	t.mu.Lock()
	if t.acted == nil {
		t.acted = map[string]int{}
	}
	t.acted[id]++
	t.mu.Unlock()
	run := &fiscalv1.Run{Id: id, Steps: []*fiscalv1.Step{{Code: "decide"}}}
	report(run)
	run.Ended, run.Ok = true, true
	run.Text = fmt.Sprintf("%s: %s %d %s %s", decider, till, d.GetFd(), d.GetKey(), d.GetReason())
	return run, nil
}

func (t *tills) Ask(ctx context.Context, run *fiscalv1.Run, until time.Time) (fiscalv1.Consent, error) {
	return t.ask(ctx, run, until)
}

func (t *tills) Plans() []*fiscalv1.Run {
	return []*fiscalv1.Run{{Action: fiscalv1.Action_ACTION_CHECK, Steps: []*fiscalv1.Step{{Code: "read_status", State: fiscalv1.StepState_STEP_STATE_PLANNED}}}}
}

func (t *tills) times(id string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.acted[id]
}

func openJournal(t *testing.T, dir string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), dir, journal.Options{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	t.Cleanup(func() {
		if closed {
			return
		}
		if findings, _, err := j.Check(context.Background()); err != nil && !errors.Is(err, journal.ErrClosed) || len(findings) > 0 {
			t.Errorf("journal: %v %v", findings, err)
		}
		_ = j.Close()
	})
	return j
}

// sell puts finished operations into the journal, several at a time.
func sell(t *testing.T, j *journal.Journal, from, to int) {
	t.Helper()
	var all sync.WaitGroup
	for i := from; i < to; i++ {
		all.Go(func() {
			rec := &journalv1.Record{Version: 1, Operation: &fiscalv1.Operation{
				Key: key(i), Till: "k", Kind: fiscalv1.Kind_KIND_SALE, Stage: fiscalv1.Stage_STAGE_ACCEPTED,
				Receipt: &fiscalv1.Receipt{Items: []*fiscalv1.Item{{Name: "Кофе", Quantity: "1", Price: 15000, Vat: "22"}}, Payments: &fiscalv1.Payments{Cash: 15000}},
			}}
			if err := j.Accept(t.Context(), rec); err != nil {
				t.Error(err)
				return
			}
			rec.Operation.Stage, rec.Operation.Outcome = fiscalv1.Stage_STAGE_ENDED, fiscalv1.Outcome_OUTCOME_DONE
			rec.Operation.Document = &fiscalv1.Document{Fn: "9999078900001234", Fd: uint32(i + 1), Fp: uint32(i) * 7919}
			if err := j.Conclude(t.Context(), rec); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// agent is a client on the line.
type agent struct {
	*Client
	stop func()
}

func start(t *testing.T, dir string, j Journal, ts Tills) *agent {
	t.Helper()
	return startWith(t, dir, j, ts, nil)
}

func startWith(t *testing.T, dir string, j Journal, ts Tills, e Errands) *agent {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
	c := New(Options{Dir: dir, Version: "test", Host: "pc", Journal: j, Tills: ts, Errands: e, Log: log})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = c.Run(ctx, nil) }()
	stop := sync.OnceFunc(func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Error("the client does not stop")
		}
	})
	t.Cleanup(stop)
	return &agent{c, stop}
}

// enrolled starts a client and enrols it.
func enrolled(t *testing.T, cab *cabinet, j Journal, ts Tills) (a *agent, dir string) {
	t.Helper()
	dir = t.TempDir()
	a = start(t, dir, j, ts)
	if _, err := a.Enroll(t.Context(), cab.code(), cab.url()); err != nil {
		t.Fatal(err)
	}
	return a, dir
}

// acked waits until the journal knows that the cabinet has everything.
func acked(t *testing.T, j *journal.Journal, a *agent) {
	t.Helper()
	late := time.After(patience)
	for {
		n, _ := j.Backlog()
		if n == 0 {
			return
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-late:
			t.Fatalf("%d entries are not acknowledged: %+v", n, a.Status())
		}
	}
}

func lastCursor(t *testing.T, j *journal.Journal) uint64 {
	t.Helper()
	var last uint64
	for {
		list, err := j.Outbox(t.Context(), last, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return last
		}
		last = list[len(list)-1].Cursor
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.After(patience)
	for !ok() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-late:
			t.Fatalf("never happened: %s", what)
		}
	}
}

func steps(states ...fiscalv1.StepState) []*fiscalv1.Step {
	var out []*fiscalv1.Step
	for i, s := range states {
		out = append(out, &fiscalv1.Step{Code: fmt.Sprint("step", i), State: s})
	}
	return out
}
