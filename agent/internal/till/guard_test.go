package till_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// Two equal coffees sold in a row are two sales.
func TestGuard_equalSalesInARow(t *testing.T) {
	b := tilltest.Open(t, name)
	b.OpenShift(t, name)
	b.Do(t, tilltest.Sale("first", name))
	b.Do(t, tilltest.Sale("second", name))
	if n := receipts(b.Devices[name]); n != 2 {
		t.Errorf("%d receipts", n)
	}
}

// A POS that gave up waiting and asks the same under a new key is told so, as
// long as it has not asked what became of the first.
func TestGuard_unheardAnswer(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(t *testing.T, b *tilltest.Bench)
		insist bool
		reason string
		count  int
	}{
		{"asked at once", func(*testing.T, *tilltest.Bench) {}, false, "possible_duplicate", 1},
		{"insisted", func(*testing.T, *tilltest.Bench) {}, true, "", 2},
		{"heard what became of the first", func(t *testing.T, b *tilltest.Bench) {
			if op, err := b.Fleet.Operation(t.Context(), "first", time.Minute); err != nil || op.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
				t.Fatalf("%v %v", op, err)
			}
		}, false, "", 2},
		{"after the window", func(*testing.T, *tilltest.Bench) { <-time.After(6 * time.Minute) }, false, "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := tilltest.Open(t, name)
				b.OpenShift(t, name)
				b.Devices[name].Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.After, Action: sim.Delay, For: 10 * time.Second})
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // the POS hangs up
				defer cancel()
				if op, err := b.Fleet.Submit(ctx, tilltest.Sale("first", name), time.Minute); err != nil || op.GetOutcome() != fiscalv1.Outcome_OUTCOME_UNKNOWN {
					t.Fatalf("%v %v", op, err)
				}
				<-time.After(30 * time.Second)
				c.before(t, b)
				submit := b.Fleet.Submit
				if c.insist {
					submit = b.Fleet.Insist
				}
				op, err := submit(t.Context(), tilltest.Sale("second", name), time.Minute)
				if err != nil || op.GetReason() != c.reason {
					t.Fatalf("%v %v", op, err)
				}
				if c.reason != "" && op.GetDuplicateOf() != "first" {
					t.Errorf("refers to %q", op.GetDuplicateOf())
				}
				if n := receipts(b.Devices[name]); n != c.count {
					t.Errorf("%d receipts, want %d", n, c.count)
				}
			})
		})
	}
}

// Other things asked meanwhile are not stopped.
func TestGuard_otherOperations(t *testing.T) {
	b := tilltest.Open(t, name)
	b.OpenShift(t, name)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = b.Fleet.Submit(ctx, tilltest.Sale("unheard", name), time.Minute)
	other := tilltest.Sale("other", name)
	other.Receipt.Items[0].Name = "Чай"
	b.Do(t, other)
	cash := &fiscalv1.Operation{Key: "cash", Till: name, Kind: fiscalv1.Kind_KIND_CASH_IN, Amount: 100}
	b.Do(t, cash)
}
