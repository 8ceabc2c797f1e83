package ofdlink

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/flash"
	simofd "github.com/chekan-io/chekan/sim/ofd"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// Addresses of the simulated operators in tests: of the one the simulated tills
// are registered with, and of the one in the settings of a Shtrih till.
const (
	first  = "ofdp.platformaofd.ru:21101"
	second = "k-server.1-ofd.ru:7777"
)

// makers are the tills whose documents we can carry.
var makers = map[string]tilltest.Maker{"shtrih": tilltest.Shtrih(sim.Options{}), "fnprint": tilltest.FNPrint()}

// world is some simulated tills and operators in one bubble. It stands in for
// the fleet: one caller at a time has a till.
type world struct {
	t       *testing.T
	names   []string
	tills   map[string]*kassa
	servers map[string]*simofd.Server
	dials   map[string]int
	mu      sync.Mutex
}

// relayTill is a driver that can do both.
type relayTill interface {
	drivers.Till
	drivers.Relay
}

// kassa is one simulated till with a driver, which dies with the agent.
type kassa struct {
	machine tilltest.Machine
	busy    chan struct{} // a mutex that the bubble's clock does not stop for
	driver  relayTill
	taken   map[uint32]int // how often the fiscal memory took an answer
}

// today is when the stories happen.
var today = time.Date(2026, 7, 20, 9, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, maker tilltest.Maker, fresh bool, names ...string) *world {
	t.Helper()
	w := &world{t: t, names: names, tills: map[string]*kassa{}, servers: map[string]*simofd.Server{}, dials: map[string]int{}}
	<-time.After(time.Until(today)) // bubbles begin in 2000, when there was no such law
	for _, name := range names {
		machine, err := maker.Make(flash.NewBank(), fresh)
		if err != nil {
			t.Fatal(err)
		}
		k := &kassa{machine: machine, busy: make(chan struct{}, 1), taken: map[uint32]int{}}
		w.tills[name] = k
		t.Cleanup(func() {
			if err := machine.FN().Verify(); err != nil {
				t.Errorf("the fiscal memory is damaged: %v", err)
			}
			machine.Unplug()
			_ = machine.Close()
		})
		w.plugIn(k)
	}
	for _, address := range []string{first, second} {
		s, err := simofd.New(simofd.Options{Flash: new(flash.Memory), Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		w.servers[address] = s
		t.Cleanup(func() { _ = s.Close() })
	}
	return w
}

func (k *kassa) lock()   { k.busy <- struct{}{} }
func (k *kassa) unlock() { <-k.busy }

// plugIn gives a till a new driver, as a new agent does.
func (w *world) plugIn(k *kassa) {
	k.lock()
	defer k.unlock()
	if k.driver != nil {
		_ = k.driver.Close()
	}
	driver, ok := k.machine.Driver(tilltest.Between{}, slog.New(slog.DiscardHandler)).(relayTill)
	if !ok {
		w.t.Fatal("the till is no Relay")
	}
	k.driver = driver
	w.t.Cleanup(func() { _ = driver.Close() })
}

func (w *world) Names() []string { return w.names }

func (w *world) Relay(ctx context.Context, till string, do func(context.Context, drivers.Relay) error) error {
	k := w.tills[till]
	k.lock()
	defer k.unlock()
	return do(ctx, counting{k.driver, k})
}

// counting notes what the fiscal memory says of each answer.
type counting struct {
	drivers.Relay
	k *kassa
}

func (c counting) OFDOperator(ctx context.Context) (inn, address string, err error) {
	return operatorOf(ctx, c.Relay)
}

func (c counting) GiveAnswer(ctx context.Context, answer []byte) error {
	q, err := c.OFDQueue(ctx)
	if err != nil {
		return err
	}
	if err := c.Relay.GiveAnswer(ctx, answer); err != nil {
		return err
	}
	c.k.taken[q.FirstFD]++
	return nil
}

func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	w.dials[address]++
	w.mu.Unlock()
	s := w.servers[address]
	if s == nil {
		return nil, &net.DNSError{Err: "no such host", Name: address, IsNotFound: true}
	}
	return s.Dial(ctx, network, address)
}

func (w *world) dialled(address string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dials[address]
}

func (w *world) options(settings map[string]string) Options {
	d, err := LoadDirectory("testdata/none.toml")
	if err != nil {
		w.t.Fatal(err)
	}
	return Options{Tills: w, Settings: settings, Directory: d, Dial: w.dial}
}

// start runs a link and returns what ends it.
func (w *world) start(o Options) (l *Link, stop func()) {
	l = New(o)
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := l.Run(ctx); err != nil {
			w.t.Error(err)
		}
	}()
	stop = func() { cancel(); <-ended }
	w.t.Cleanup(stop)
	return l, stop
}

// sell makes a till open a shift, if there is none, and sell.
func (w *world) sell(name string, sales int) {
	w.t.Helper()
	k := w.tills[name]
	k.lock()
	defer k.unlock()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Hour)
	defer cancel()
	if s, err := k.driver.Status(ctx); err != nil {
		w.t.Fatal(err)
	} else if !s.ShiftOpen {
		if _, err := k.driver.OpenShift(ctx, fiscal.Cashier{Name: "Иванова А. П."}); err != nil {
			w.t.Fatal(err)
		}
	}
	for range sales {
		if _, err := k.driver.Register(ctx, receipt()); err != nil {
			w.t.Fatal(err)
		}
	}
}

func receipt() fiscal.Receipt {
	return fiscal.Receipt{
		Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Payments: fiscal.Payments{Cash: 4500},
		Items: []fiscal.Item{{Name: "Хлеб", Quantity: fiscal.One, Price: 4500, VAT: fiscal.VAT10}},
	}
}

// until waits for a condition, in the bubble's time.
func (w *world) until(what string, patience time.Duration, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); !ok(); <-time.After(time.Second) {
		if time.Now().After(end) {
			w.t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// empty tells whether a till's queue is empty.
func (w *world) empty(name string) bool { return w.tills[name].machine.FN().Unconfirmed() == 0 }

// agree checks that the operator's ledger is the archive of the fiscal memory:
// every document, in order, unchanged, acknowledged once.
func (w *world) agree(name, address string) {
	w.t.Helper()
	k, s := w.tills[name], w.servers[address]
	k.lock()
	defer k.unlock()
	if err := s.Verify(); err != nil {
		w.t.Error(err)
	}
	docs, ledger := k.machine.FN().List(), s.Ledger(k.machine.FN().Number())
	if len(docs) != len(ledger) {
		w.t.Fatalf("%d documents, the operator has %d", len(docs), len(ledger))
	}
	for i, d := range docs {
		e := ledger[i]
		if e.FD != d.FD || e.Type != d.Type || !bytes.Contains(e.TLV, d.TLV) {
			w.t.Errorf("document %d (form %d) differs from the ledger's %d (form %d)", d.FD, d.Type, e.FD, e.Type)
		}
		if len(e.Problems) > 0 {
			w.t.Errorf("the operator has something against document %d: %q", e.FD, e.Problems)
		}
		if d.Ticket == nil {
			w.t.Errorf("document %d has no confirmation", d.FD)
		}
		if n := k.taken[d.FD]; n > 1 {
			w.t.Errorf("the fiscal memory took %d answers for document %d", n, d.FD)
		}
	}
}

// scripted is a Relay that says what a test wants.
type scripted struct {
	drivers.Relay
	queue drivers.OFDQueue
	err   error
}

func (s scripted) OFDQueue(context.Context) (drivers.OFDQueue, error) { return s.queue, s.err }

func (s scripted) OFDOperator(context.Context) (string, string, error) {
	return "7709364346", "", nil
}

func (s scripted) TakeMessage(context.Context) (drivers.OFDMessage, error) {
	return drivers.OFDMessage{}, drivers.ErrNoMessage
}

func (s scripted) DropMessage(context.Context) error { return nil }

// one is a fleet of one scripted till; nil is a till that is no Relay.
type one struct{ relay drivers.Relay }

func (one) Names() []string { return []string{"kassa"} }

func (o one) Relay(ctx context.Context, _ string, do func(context.Context, drivers.Relay) error) error {
	return do(ctx, o.relay)
}

var errKilled = errors.New("the agent is dead")
