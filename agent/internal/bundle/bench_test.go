package bundle

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/blackbox"
	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

const tillName = "касса"

// shop is an agent with one simulated till and its black box.
type shop struct {
	t       *testing.T
	dir     string
	device  *sim.Device
	cable   *wiretest.Cable
	options shtrih.Options
	marks   bool

	journal *journal.Journal
	fleet   *till.Fleet
	box     *blackbox.Ring
	log     *os.File
	stop    func()
}

// open opens a shop; synctest makes its hours short.
func open(t *testing.T, o sim.Options, d shtrih.Options) *shop {
	t.Helper()
	s := &shop{t: t, dir: t.TempDir(), options: d}
	tilltest.Begin()
	var err error
	if s.device, err = sim.New(o); err != nil {
		t.Fatal(err)
	}
	served, hangUp := context.WithCancel(context.Background())
	s.cable = &wiretest.Cable{Serve: func(end io.ReadWriteCloser) { go func() { _ = s.device.Serve(served, end) }() }}
	s.start()
	t.Cleanup(func() {
		if s.stop != nil {
			s.close()
		}
		hangUp()
		_ = s.device.Close()
	})
	return s
}

func (s *shop) boxFile() string { return filepath.Join(s.dir, "k.wire") }

// start begins a life of the agent.
func (s *shop) start() {
	s.t.Helper()
	var err error
	must := func() {
		if err != nil {
			s.t.Helper()
			s.t.Fatal(err)
		}
	}
	s.journal, err = journal.Open(context.Background(), filepath.Join(s.dir, "journal"), journal.Options{Reserve: -1})
	must()
	s.box, err = blackbox.Open(s.boxFile(), blackbox.DefaultSize)
	must()
	s.box.Note("agent test starts, wire cable")
	s.log, err = os.OpenFile(filepath.Join(s.dir, "agent.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must()
	log := slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	box := s.box
	dial := wire.Watched(func(ctx context.Context) (wire.Conn, error) {
		c, err := s.cable.Dial(ctx)
		if err != nil {
			return nil, err
		}
		return wire.Tapped(c, func(dir wire.Dir, b []byte) {
			if dir == wire.Out {
				box.Write(blackbox.Out, b)
			} else {
				box.Write(blackbox.In, b)
			}
		}), nil
	}, box.Note)
	s.options.Log = log
	s.fleet, err = till.NewFleet([]till.Config{{
		Name: tillName, Driver: "shtrih", AskToFinish: true, Marks: s.marks, Device: shtrih.New(dial, s.options), Events: box.Note,
	}}, s.journal, log)
	must()
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = s.fleet.Run(ctx) }()
	s.stop = func() { cancel(); <-stopped }
}

// close ends a life of the agent.
func (s *shop) close() {
	s.stop()
	s.stop = nil
	if err := s.journal.Close(); err != nil {
		s.t.Errorf("close journal: %v", err)
	}
	_ = s.box.Close()
	_ = s.log.Close()
}

func (s *shop) submit(op *fiscalv1.Operation) *fiscalv1.Operation {
	s.t.Helper()
	got, err := s.fleet.Submit(context.Background(), op, 2*time.Minute)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func (s *shop) openShift() {
	s.t.Helper()
	got := s.submit(&fiscalv1.Operation{Key: "shift", Till: tillName, Kind: fiscalv1.Kind_KIND_OPEN_SHIFT, Cashier: cashier()})
	if got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
		s.t.Fatalf("open shift: %v", got)
	}
}

// bundle makes the bundle of the shop and returns its file.
func (s *shop) bundle() string {
	s.t.Helper()
	var b bytes.Buffer
	err := Make(context.Background(), &b, Source{
		Version: "test", Now: time.Now(), Tills: []Till{{Name: tillName, Driver: "shtrih", Link: "auto", Box: s.boxFile()}},
		Journal: s.journal, States: s.fleet.States(), Log: s.log.Name(), Config: map[string]any{"data": "/var/lib/chekan"},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.dir, fmt.Sprintf("bundle-%d.zip", b.Len()))
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func cashier() *fiscalv1.Cashier {
	return &fiscalv1.Cashier{Name: "Иванова Мария", Inn: "500100732259"}
}

// sale is a sale with everything in it that must not leave the shop.
func sale(key string) *fiscalv1.Operation {
	return &fiscalv1.Operation{
		Key: key, Till: tillName, Kind: fiscalv1.Kind_KIND_SALE, Cashier: cashier(),
		Receipt: &fiscalv1.Receipt{
			TaxSystem: 1, Customer: "+79161234567", Text: []string{"Спасибо, Пётр Сидоров!"},
			Items: []*fiscalv1.Item{
				{Name: "Кофе «Арабика» тёмный", Quantity: "2", Price: 1234567, Vat: "20"},
				{Name: "Яблоки сезонные", Quantity: "0.345", Price: 7654321, Vat: "10"},
			},
			Payments: &fiscalv1.Payments{Cash: 9876543},
		},
	}
}
