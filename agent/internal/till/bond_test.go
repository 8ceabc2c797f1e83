package till_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
	wireformat "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// patience is how long a test waits for what must happen: only a failure takes so long.
const patience = 2 * time.Minute

// keeper is a Cable that keeps in memory and says why.
type keeper struct {
	mu  sync.Mutex
	b   till.Binding
	why []string
}

func (k *keeper) Bound() till.Binding {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.b
}

func (k *keeper) Bind(b till.Binding, why string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.b = b
	if why != "" {
		k.why = append(k.why, why)
	}
	return nil
}

func (k *keeper) Stray(drivers.Identity) bool          { return false }
func (k *keeper) TakePending() (fiscal.Document, bool) { return fiscal.Document{}, false }

// bonded is one till whose plug is put into one device or another.
type bonded struct {
	*till.Fleet
	keeper *keeper
	now    atomic.Pointer[wiretest.Cable]
}

// body makes a till with a factory number and a fiscal memory, and its cable.
func body(t *testing.T, serial uint32, number string) (*sim.Device, *wiretest.Cable) {
	t.Helper()
	d, err := sim.New(sim.Options{Serial: serial, FN: fn.Options{Number: number}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, &wiretest.Cable{Serve: func(end io.ReadWriteCloser) { go func() { _ = d.Serve(t.Context(), end) }() }}
}

func bond(t *testing.T, c *wiretest.Cable) *bonded {
	t.Helper()
	b := &bonded{keeper: &keeper{}}
	b.now.Store(c)
	j, err := journal.Open(t.Context(), t.TempDir(), journal.Options{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	device := shtrih.New(func(ctx context.Context) (wire.Conn, error) { return b.now.Load().Dial(ctx) }, shtrih.Options{})
	b.Fleet, err = till.NewFleet([]till.Config{{Name: name, Driver: "shtrih", Device: device, Cable: b.keeper}}, j, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- b.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-stopped; err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := j.Close(); err != nil {
			t.Errorf("journal: %v", err)
		}
	})
	return b
}

// into puts the plug into another device.
func (b *bonded) into(c *wiretest.Cable) {
	b.now.Swap(c).Unplug()
	c.Plug()
}

func (b *bonded) await(t *testing.T, what string, ok func(s *fiscalv1.TillState) bool) {
	t.Helper()
	for late := time.Now().Add(patience); ; {
		s, err := b.Till(name)
		if err != nil {
			t.Fatal(err)
		}
		if ok(s.State()) {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("never: %s; the state is %v", what, s.State())
		}
		<-time.After(10 * time.Millisecond)
	}
}

func (b *bonded) do(t *testing.T, op *fiscalv1.Operation, want string) *fiscalv1.Operation {
	t.Helper()
	got, err := b.Submit(t.Context(), op, patience)
	if err != nil {
		t.Fatal(err)
	}
	if got.GetReason() != want || (want == "") != (got.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE) {
		t.Fatalf("%s: %v %q %s", op.GetKey(), got.GetOutcome(), got.GetReason(), got.GetText())
	}
	return got
}

func online(s *fiscalv1.TillState) bool { return s.GetOnline() }

func has(code string) func(s *fiscalv1.TillState) bool {
	return func(s *fiscalv1.TillState) bool {
		for _, p := range s.GetProblems() {
			if p.GetCode() == code {
				return true
			}
		}
		return false
	}
}

func shift(key string) *fiscalv1.Operation {
	return &fiscalv1.Operation{Key: key, Till: name, Kind: fiscalv1.Kind_KIND_OPEN_SHIFT}
}

const (
	firstFN  = "9999078902000001"
	secondFN = "9999078902000002"
)

// A till keeps its body and its memory; what is about another one is said, and a
// person's word or our own closing of the archive makes it ours.
func TestBond(t *testing.T) {
	t.Parallel()
	t.Run("another memory in the same till", func(t *testing.T) {
		t.Parallel()
		d, c := body(t, 1, firstFN)
		e, other := body(t, 1, secondFN)
		b := bond(t, c)
		b.await(t, "it answers", online)
		if got := b.keeper.Bound(); got.FN != firstFN || got.Serial == "" {
			t.Errorf("bound to %+v", got)
		}
		b.do(t, shift("s1"), "")
		b.into(other)
		b.await(t, "announced", has(health.CodeFNSwapped))
		before := len(e.FN().List())
		b.do(t, shift("s2"), health.CodeFNSwapped)
		if run, err := b.Act(t.Context(), "r", name, fiscalv1.Action_ACTION_CLOSE_SHIFT, func(*fiscalv1.Run) {}); err != nil || run.GetOk() {
			t.Errorf("the shift of another memory is closed: %v %v", run, err)
		}
		if err := b.Relay(t.Context(), name, func(context.Context, drivers.Relay) error { t.Error("its documents are carried"); return nil }); err == nil {
			t.Error("its documents may be carried")
		}
		if n := len(e.FN().List()); n != before || len(d.FN().List()) != 2 {
			t.Errorf("another memory has %d documents, had %d", n, before)
		}
		b.into(c) // it was a mistake
		b.await(t, "the till is back", func(s *fiscalv1.TillState) bool { return online(s) && !has(health.CodeFNSwapped)(s) })
		b.do(t, tilltest.Sale("k1", name), "")
		b.into(other)
		b.await(t, "announced again", has(health.CodeFNSwapped))
		if text, err := b.Accept(t.Context(), name, "Петров"); err != nil || text == "" {
			t.Fatal(text, err)
		}
		b.do(t, shift("s3"), "")
		if got := b.keeper.Bound(); got.FN != secondFN || len(b.keeper.why) != 1 {
			t.Errorf("bound to %+v by the word of %v", got, b.keeper.why)
		}
	})
	t.Run("after our own closing of the archive", func(t *testing.T) {
		t.Parallel()
		_, c := body(t, 1, firstFN)
		_, other := body(t, 1, secondFN)
		b := bond(t, c)
		b.await(t, "it answers", online)
		b.do(t, &fiscalv1.Operation{Key: "close", Till: name, Kind: fiscalv1.Kind_KIND_CLOSE_ARCHIVE}, "")
		if got := b.keeper.Bound(); !got.Retired {
			t.Errorf("the archive is closed and the binding %+v", got)
		}
		b.into(other)
		b.await(t, "the new memory answers", func(s *fiscalv1.TillState) bool { return online(s) && s.GetFn() == secondFN })
		b.do(t, shift("s1"), "")
		if got := b.keeper.Bound(); got.FN != secondFN || got.Retired || len(b.keeper.why) != 0 {
			t.Errorf("bound to %+v by the word of %v", got, b.keeper.why)
		}
		// The next one is a stranger again.
		_, third := body(t, 1, firstFN[:15]+"3")
		b.into(third)
		b.await(t, "the third memory is announced", has(health.CodeFNSwapped))
	})
	t.Run("a sale was cut", func(t *testing.T) {
		t.Parallel()
		d, c := body(t, 1, firstFN)
		e, other := body(t, 1, secondFN)
		b := bond(t, c)
		b.await(t, "it answers", online)
		b.do(t, shift("s1"), "")
		d.Plan().Add(sim.Fault{Command: wireformat.CodeCloseReceiptV2, Phase: sim.OnCommit, Action: sim.PowerCut})
		// The POS hangs up when the power is gone, however long the sale took until then.
		pos, hangUp := context.WithCancel(t.Context())
		defer hangUp()
		go func() {
			for d.Powered() && pos.Err() == nil {
				<-time.After(time.Millisecond)
			}
			hangUp()
		}()
		if got, err := b.Submit(pos, tilltest.Sale("cut", name), patience); err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_UNKNOWN {
			t.Fatalf("%v %v", got, err)
		}
		b.into(other)
		// As ever: only the former memory shows what became of it.
		late := time.Now().Add(patience)
		for {
			op, err := b.Operation(t.Context(), "cut", 0)
			if err != nil || time.Now().After(late) {
				t.Fatal(op, err)
			}
			if op.GetStage() == fiscalv1.Stage_STAGE_NEEDS_PERSON {
				if op.GetReason() != "fn_replaced" {
					t.Errorf("needs a person because of %s", op.GetReason())
				}
				break
			}
			<-time.After(10 * time.Millisecond)
		}
		d.PowerOn()
		b.into(c)
		got, err := b.Operation(t.Context(), "cut", patience)
		if err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
			t.Errorf("with its own memory back: %v %v", got, err)
		}
		if receipts(d) != 1 || receipts(e) != 0 {
			t.Errorf("%d and %d receipts", receipts(d), receipts(e))
		}
	})
}

// adapter is a serial port behind which a till can be exchanged.
type adapter struct {
	ctx context.Context

	mu     sync.Mutex
	device *sim.Device
	host   io.ReadWriteCloser
	wire   net.Conn
}

func (a *adapter) serve(end io.ReadWriteCloser) {
	a.mu.Lock()
	a.host = end
	d := a.device
	a.mu.Unlock()
	a.move(d)
	go func() {
		var b [256]byte
		for {
			n, err := end.Read(b[:])
			a.mu.Lock()
			to := a.wire
			a.mu.Unlock()
			_, _ = to.Write(b[:n]) // nobody may listen there any more
			if err != nil {
				_ = to.Close()
				return
			}
		}
	}()
}

// move puts the cable into another device.
func (a *adapter) move(d *sim.Device) {
	near, far := net.Pipe()
	a.mu.Lock()
	if a.wire != nil {
		_ = a.wire.Close()
	}
	a.device, a.wire = d, near
	host := a.host
	a.mu.Unlock()
	go func() { _ = d.Serve(a.ctx, far) }()
	go func() { _, _ = io.Copy(host, near) }()
}

// Behind an adapter the till is exchanged without the cable noticing: the next
// look tells, and so does the reading right before a sale.
func TestBond_silentExchange(t *testing.T) {
	t.Parallel()
	d, _ := body(t, 1, firstFN)
	e, _ := body(t, 2, secondFN)
	a := &adapter{ctx: t.Context(), device: d}
	b := bond(t, &wiretest.Cable{Serve: a.serve})
	b.await(t, "it answers", online)
	b.do(t, shift("s1"), "")
	before := len(e.FN().List())
	a.move(e)
	b.do(t, tilltest.Sale("k1", name), health.CodeSwapped)
	if receipts(d) != 0 || len(e.FN().List()) != before {
		t.Errorf("%d receipts, and %d documents in the other till", receipts(d), len(e.FN().List()))
	}
}
