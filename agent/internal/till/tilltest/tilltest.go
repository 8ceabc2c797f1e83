// Package tilltest gives tests an agent's tills without hardware: simulated
// devices on in-memory cables, real drivers, a real journal in a temporary
// folder.
package tilltest

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// Bench is an agent's tills on a test bench.
type Bench struct {
	Fleet   *till.Fleet
	Journal *journal.Journal
	Devices map[string]*sim.Device
	Cables  map[string]*wiretest.Cable
}

// Open puts tills of the given names on the bench and runs them until the test
// ends, when the journal must pass its own check.
func Open(t *testing.T, names ...string) *Bench {
	t.Helper()
	return open(t, false, names)
}

// OpenMarked is Open with tills that put our mark into receipts.
func OpenMarked(t *testing.T, names ...string) *Bench {
	t.Helper()
	return open(t, true, names)
}

// Begin has the clock of a bubble show a day in the life of tills; outside of one
// that day is over. Bubbles of testing/synctest begin at midnight UTC of 1 January
// 2000, which west of there is in a year before the tills' calendar.
func Begin() { <-time.After(time.Until(time.Date(2026, time.March, 4, 9, 0, 0, 0, time.Local))) }

func open(t *testing.T, marks bool, names []string) *Bench {
	t.Helper()
	Begin()
	j, err := journal.Open(t.Context(), t.TempDir(), journal.Options{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	b := &Bench{Journal: j, Devices: map[string]*sim.Device{}, Cables: map[string]*wiretest.Cable{}}
	served, hangUp := context.WithCancel(context.Background())
	var configs []till.Config
	for i, name := range names {
		d, err := sim.New(sim.Options{Name: name, Serial: uint32(1000 + i)})
		if err != nil {
			t.Fatal(err)
		}
		c := &wiretest.Cable{Serve: func(end io.ReadWriteCloser) { go func() { _ = d.Serve(served, end) }() }}
		b.Devices[name], b.Cables[name] = d, c
		configs = append(configs, till.Config{Name: name, Driver: "shtrih", AskToFinish: true, Marks: marks, Device: shtrih.New(c.Dial, shtrih.Options{})})
	}
	if b.Fleet, err = till.NewFleet(configs, j, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- b.Fleet.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-stopped; err != nil {
			t.Errorf("stop the tills: %v", err)
		}
		hangUp()
		for _, d := range b.Devices {
			_ = d.Close()
		}
		findings, _, err := j.Check(context.Background())
		if err != nil || len(findings) > 0 {
			t.Errorf("journal: %v %v", findings, err)
		}
		if err := j.Close(); err != nil {
			t.Errorf("close journal: %v", err)
		}
	})
	return b
}

// Do asks for an operation and fails the test unless it is done.
func (b *Bench) Do(t *testing.T, op *fiscalv1.Operation) *fiscalv1.Operation {
	t.Helper()
	got, err := b.Fleet.Submit(t.Context(), op, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
		t.Fatalf("%s: %s", op.GetKind(), got.GetText())
	}
	return got
}

// OpenShift opens the shift of a till.
func (b *Bench) OpenShift(t *testing.T, name string) {
	t.Helper()
	b.Do(t, &fiscalv1.Operation{Key: "open-" + name, Till: name, Kind: fiscalv1.Kind_KIND_OPEN_SHIFT})
}

// Sale is a good sale of 300.00 in cash.
func Sale(key, name string) *fiscalv1.Operation {
	return &fiscalv1.Operation{
		Key: key, Till: name, Kind: fiscalv1.Kind_KIND_SALE,
		Receipt: &fiscalv1.Receipt{
			TaxSystem: 1, Items: []*fiscalv1.Item{{Name: "Кофе", Quantity: "2", Price: 15000, Vat: "20"}},
			Payments: &fiscalv1.Payments{Cash: 50000},
		},
		Cashier: &fiscalv1.Cashier{Name: "Иванова"},
	}
}
