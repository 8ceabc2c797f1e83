package explore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
)

// memory is a till's non-volatile memory that can be copied, so that thousands
// of runs begin from one prepared state.
type memory map[string]*flash.Memory

func (m memory) Open(name string) (flash.Log, error) {
	if m[name] == nil {
		m[name] = &flash.Memory{}
	}
	return m[name], nil
}

func (m memory) clone(t *testing.T) memory {
	t.Helper()
	out := memory{}
	for name, log := range m {
		records, err := log.Records()
		if err != nil {
			t.Fatal(err)
		}
		c := &flash.Memory{}
		if err := c.Replace(records...); err != nil {
			t.Fatal(err)
		}
		out[name] = c
	}
	return out
}

// scene is where a story begins: what till and agent remember.
type scene struct {
	memory  memory
	journal string // folder
	machine tilltest.Maker
	fresh   bool // not registered yet
}

// world is one run: a till, its cable, an agent that lives and dies.
type world struct {
	t       *testing.T
	machine tilltest.Machine
	memory  memory
	counter *wiretest.Counter
	dir     string
	kind    string // of driver
	defect  defect
	log     *slog.Logger

	next    *trouble // armed when the agent is started again
	nextAt  int
	mu      sync.Mutex
	lengths []int // bytes of each effect since the story began

	// of the present life of the agent
	journal *journal.Journal
	fleet   *till.Fleet
	stop    context.CancelFunc
	stopped chan struct{}
}

// defect is a planted fault of the product that the tests must catch.
type defect struct {
	unsyncedIntent bool
	resends        bool
}

const tillName = "касса"

// scratch is a folder on the fastest file system there is: what is tested here
// is order and durability of commits, not the disk.
func scratch(t *testing.T) string {
	t.Helper()
	root := "/dev/shm"
	if _, err := os.Stat(root); err != nil {
		root = os.TempDir()
	}
	dir, err := os.MkdirTemp(root, "chekan-explore-")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// build makes a world out of a scene. Called inside the bubble.
func build(t *testing.T, s scene, d defect) *world {
	t.Helper()
	w := &world{t: t, counter: &wiretest.Counter{}, dir: scratch(t), defect: d, memory: s.memory.clone(t), log: logger()}
	if s.journal != "" {
		if err := os.CopyFS(w.dir, os.DirFS(s.journal)); err != nil {
			t.Fatal(err)
		}
	}
	w.kind = s.machine.Driver
	var err error
	if w.machine, err = s.machine.Make(w.memory, s.fresh); err != nil {
		t.Fatal(err)
	}
	return w
}

func logger() *slog.Logger {
	if os.Getenv("CHEKAN_EXPLORE_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

// start begins a life of the agent.
func (w *world) start() error {
	w.counter.Revive()
	w.follow()
	var err error
	w.journal, err = journal.Open(context.Background(), w.dir, journal.Options{Reserve: -1, Fault: w.commitFault})
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	device := w.machine.Driver(tilltest.Between{Dial: w.broken, Save: w.saved}, w.log)
	if w.defect.resends {
		device = resender{device}
	}
	w.fleet, err = till.NewFleet([]till.Config{{Name: tillName, Driver: w.kind, Device: device}}, w.journal, w.log)
	if err != nil {
		return fmt.Errorf("make fleet: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.stop, w.stopped = cancel, make(chan struct{})
	go func() {
		defer close(w.stopped)
		_ = w.fleet.Run(ctx)
	}()
	return nil
}

// commitFault numbers the commits of the journal as effects, before and after.
func (w *world) commitFault(p journal.Point) error {
	w.note(0)
	// A commit is lost only together with the process.
	if err := w.counter.Record(func() error { return nil }); err != nil && w.counter.Dead() {
		return err
	}
	if w.defect.unsyncedIntent && p.Moment == journal.BeforeCommit && p.Acts.Has(journal.ActIntent) {
		return journal.SkipSync
	}
	return nil
}

// broken is a cable on which every effect is numbered, can go wrong, and notes
// how many bytes it has.
func (w *world) broken(dial wire.DialFunc) wire.DialFunc {
	return wiretest.Effects(func(ctx context.Context) (wire.Conn, error) {
		c, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		return wire.Tapped(c, func(_ wire.Dir, b []byte) { w.note(len(b)) }), nil
	}, w.counter)
}

// saved numbers the durable writes of a driver as effects.
func (w *world) saved(save func() error) error {
	w.note(0)
	return w.counter.Record(save)
}

// note keeps the length of an effect.
func (w *world) note(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lengths = append(w.lengths, n)
}

// bury ends a life of the agent, dead or alive.
func (w *world) bury() {
	w.stop()
	<-w.stopped
	_ = w.journal.Close()
}

// close ends the world.
func (w *world) close() {
	_ = w.machine.Close()
	_ = os.RemoveAll(w.dir)
}

// resender is a driver with the mistake public drivers make: when the answer
// of a committing command is lost it sends the command again.
type resender struct{ drivers.Till }

func resent[T any](do func() (T, error)) (T, error) {
	v, err := do()
	for range 3 {
		var e *drivers.Error
		if !errors.As(err, &e) || e.Outcome != fiscal.Unknown {
			break
		}
		v, err = do()
	}
	return v, err
}

func (r resender) Register(ctx context.Context, receipt fiscal.Receipt) (fiscal.Document, error) {
	return resent(func() (fiscal.Document, error) { return r.Till.Register(ctx, receipt) })
}

// dawn lets fake time pass until some time of a morning: before 2016 there was
// no fiscal data format, and tills know that.
func dawn(after time.Duration) {
	wait(time.Until(time.Date(2026, time.March, 4, 9, 0, 0, 0, time.Local).Add(after)))
}

// wait lets fake time pass.
func wait(d time.Duration) { <-time.After(d) }

// documents is the truth: what the till's fiscal memory holds.
func (w *world) documents() []fn.Document { return w.machine.FN().List() }

// matching counts the documents after fd that the operation can have made.
func (w *world) matching(s story, after uint32) []fn.Document {
	return slices.DeleteFunc(w.documents(), func(d fn.Document) bool {
		return d.FD <= after || !s.made(d)
	})
}

// answer is one thing the agent told the POS.
type answer struct {
	outcome fiscalv1.Outcome
	fd, fp  uint32
	held    int // documents of the operation the fiscal memory held when it was said
	reason  string
}

// ask is what a well-behaved POS does: look the key up, submit when it is not
// known, submit the same again when it was not done.
func ask(ctx context.Context, w *world, op *fiscalv1.Operation) (*fiscalv1.Operation, error) {
	got, err := w.fleet.Operation(ctx, op.GetKey(), 20*time.Second)
	if errors.Is(err, till.ErrNotFound) || got.GetOutcome() == fiscalv1.Outcome_OUTCOME_NOT_DONE {
		return w.fleet.Submit(ctx, op, 20*time.Second)
	}
	return got, err
}
