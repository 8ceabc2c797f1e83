package update

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// An update offered while a receipt is unknown waits until its fate is known,
// and keeps nobody from selling meanwhile.
func TestUpdate_waitsForUnknownReceipt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := tilltest.Open(t, "kassa-1", "kassa-2")
		bench.OpenShift(t, "kassa-1")
		bench.OpenShift(t, "kassa-2")
		// The till hangs in the very moment in which the receipt becomes fiscal.
		bench.Devices["kassa-1"].Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.OnCommit, Action: sim.Hang, For: 10 * time.Minute})
		held, err := bench.Fleet.Submit(t.Context(), tilltest.Sale("held", "kassa-1"), time.Minute)
		must(t, err)
		if held.GetOutcome() != fiscalv1.Outcome_OUTCOME_UNKNOWN {
			t.Fatalf("the receipt is %s", held.GetOutcome())
		}
		c := newComputer(t)
		c.releases.add(t, "1.1.0", program("1.1.0"))
		c.cabinet.propose("r1", "1.1.0")
		c.edit = func(o *Options) { o.Tills = bench.Fleet }
		r := c.start("1.0.0")
		if got := c.cabinet.hear(t, uplinkv1.UpdateStage_UPDATE_STAGE_WAITING); got.GetText() != "ждём: на кассе kassa-1 выясняется чек" {
			t.Errorf("waits: %q", got.GetText())
		}
		for i := range 5 { // it stays so, and the other till sells
			pause(t.Context(), time.Minute)
			bench.Do(t, tilltest.Sale("beside-"+string(rune('a'+i)), "kassa-2"))
			select {
			case err := <-r.ended:
				t.Fatalf("it did not wait: %v", err)
			default:
			}
		}
		if s := c.state(); s.Chosen != "" {
			t.Errorf("%+v", s)
		}
		// The till comes back by itself.
		eventuallyIn(t, time.Hour, "the update switches", func() bool { return len(r.ended) > 0 })
		if err := r.end(t); !errors.Is(err, ErrRelaunch) {
			t.Fatal(err)
		}
		rec, err := bench.Journal.Get("held")
		must(t, err)
		if op := rec.GetOperation(); op.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
			t.Errorf("it switched while the receipt was %s", op.GetOutcome())
		}
		// From now until the new version serves nothing begins.
		late, err := bench.Fleet.Submit(t.Context(), tilltest.Sale("late", "kassa-2"), time.Minute)
		must(t, err)
		if late.GetOutcome() != fiscalv1.Outcome_OUTCOME_NOT_DONE || late.GetReason() != health.CodeUpdating {
			t.Errorf("a sale in the quiet: %s %s", late.GetOutcome(), late.GetText())
		}
	})
}

// eventuallyIn is eventually with another patience.
func eventuallyIn(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for late := time.Now().Add(limit); !ok(); {
		if time.Now().After(late) {
			t.Fatalf("never happened: %s", what)
		}
		pause(t.Context(), 20*time.Millisecond)
	}
}
