package scenario

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/pos"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

const (
	token    = "secret"
	tillName = "касса"
	// patience bounds everything that has to happen soon.
	patience = 2 * time.Minute
)

// shop is one till, its agent, which may be killed and started again, and its
// door, whose address stays.
type shop struct {
	t       *testing.T
	device  *sim.Device
	cable   *wiretest.Cable
	counter wiretest.Counter
	dir     string
	server  *httptest.Server
	door    atomic.Pointer[http.Handler]
	people  sync.WaitGroup // who do something at the till

	// of the present life of the agent
	mu      sync.Mutex
	journal *journal.Journal
	fleet   *till.Fleet
	stop    context.CancelFunc
	stopped chan struct{}
}

type nobody struct{}

func (nobody) Status(context.Context) *posv1.AgentStatusResponse {
	return &posv1.AgentStatusResponse{}
}

func (nobody) Enroll(context.Context, string, string) (*posv1.EnrollResponse, error) {
	return nil, errors.ErrUnsupported
}

func (nobody) CheckUpdate(context.Context) (*posv1.CheckUpdateResponse, error) {
	return nil, errors.ErrUnsupported
}

// open makes a shop with its shift open.
func open(t *testing.T) *shop {
	t.Helper()
	device, err := sim.New(sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, device: device, dir: t.TempDir()}
	served, hangUp := context.WithCancel(context.Background())
	// A connection is served when the one before has ended: a program that was
	// killed leaves bytes behind, and the till still reads them.
	last := make(chan struct{})
	close(last)
	s.cable = &wiretest.Cable{Serve: func(end io.ReadWriteCloser) {
		before, ended := last, make(chan struct{})
		last = ended
		go func() {
			defer close(ended)
			<-before
			_ = device.Serve(served, end)
		}()
	}}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := s.door.Load()
		if h == nil {
			panic(http.ErrAbortHandler) // nobody is there
		}
		(*h).ServeHTTP(w, r)
	}))
	s.start()
	t.Cleanup(func() {
		s.server.CloseClientConnections()
		s.server.Close()
		s.people.Wait()
		s.bury()
		hangUp()
		_ = device.Close()
	})
	s.do(&fiscalv1.Operation{Key: "open", Kind: fiscalv1.Kind_KIND_OPEN_SHIFT})
	return s
}

// start begins a life of the agent.
func (s *shop) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counter.Revive()
	var err error
	// A dead agent writes nothing down.
	s.journal, err = journal.Open(context.Background(), s.dir, journal.Options{Reserve: -1, Fault: func(journal.Point) error {
		return s.counter.Record(func() error { return nil })
	}})
	if err != nil {
		s.t.Errorf("open the journal: %v", err)
		return
	}
	device := shtrih.New(wiretest.Effects(s.cable.Dial, &s.counter), shtrih.Options{})
	s.fleet, err = till.NewFleet([]till.Config{{Name: tillName, Driver: "shtrih", Device: device}}, s.journal, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Errorf("make the till: %v", err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.stopped = cancel, make(chan struct{})
	go func(fleet *till.Fleet, stopped chan struct{}) {
		defer close(stopped)
		_ = fleet.Run(ctx)
	}(s.fleet, s.stopped)
	h := pos.NewHandler(s.fleet, s.journal, nobody{}, pos.Options{Token: token, Log: slog.New(slog.DiscardHandler)})
	s.door.Store(&h)
}

// bury ends a life, dead or alive.
func (s *shop) bury() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	<-s.stopped
	_ = s.journal.Close()
}

// killAndRestart kills the agent where it is and starts it again.
func (s *shop) killAndRestart(rest time.Duration) {
	s.counter.Kill()
	s.door.Store(nil)
	s.server.CloseClientConnections()
	s.bury()
	<-time.After(rest)
	s.start()
}

func (s *shop) live() *till.Fleet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fleet
}

// do is what somebody else asks of the till.
func (s *shop) do(op *fiscalv1.Operation) {
	op.Till, op.Cashier = tillName, &fiscalv1.Cashier{Name: "Иванова"}
	got, err := s.live().Submit(context.Background(), op, patience)
	if err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
		s.t.Errorf("%s: %v %s", op.GetKind(), err, got.GetText())
	}
}

// after lets a person act at the till some time later.
func (s *shop) after(d time.Duration, act func()) {
	s.people.Go(func() {
		<-time.After(d)
		act()
	})
}

// whenSold lets something happen as soon as the fiscal memory has a receipt.
func (s *shop) whenSold(act func()) {
	s.people.Go(func() {
		if s.until(func() bool { return len(s.receipts()) > 0 }) {
			act()
		}
	})
}

// until looks until something is so; false when it never is.
func (s *shop) until(so func() bool) bool {
	for late := time.Now().Add(patience); time.Now().Before(late); {
		if so() {
			return true
		}
		<-time.After(20 * time.Millisecond)
	}
	s.t.Error("waited in vain")
	return false
}

// receipts is the truth: the numbers of the receipts in the fiscal memory.
func (s *shop) receipts() (fds []uint32) {
	for _, d := range s.device.FN().List() {
		if d.Type == fiscal.DocReceipt {
			fds = append(fds, d.FD)
		}
	}
	return fds
}

// rest waits until people have done what they had to and the agent owes no
// answer to anybody.
func (s *shop) rest() {
	s.people.Wait()
	s.until(func() bool {
		state, err := s.live().Refresh(context.Background(), tillName)
		return err == nil && state.GetOnline() && state.GetUnfinished() == 0
	})
}
