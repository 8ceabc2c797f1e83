package till_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// TestQuiet takes tills that are idle, keeps new operations out and lets them in again.
func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tilltest.Open(t, "kassa-1", "kassa-2")
		b.OpenShift(t, "kassa-1")
		<-time.After(10 * time.Second)
		release, busy := b.Fleet.Quiet(t.Context())
		if busy != "" {
			t.Fatal(busy)
		}
		if _, busy := b.Fleet.Quiet(t.Context()); busy == "" {
			t.Error("it was taken twice")
		}
		got, err := b.Fleet.Submit(t.Context(), tilltest.Sale("a", "kassa-1"), time.Minute)
		if err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_NOT_DONE || got.GetReason() != health.CodeUpdating {
			t.Errorf("in the quiet: %v %v", got, err)
		}
		release()
		release()
		b.Do(t, tilltest.Sale("a", "kassa-1"))
	})
}

// TestQuiet_busy says what is under way and takes nothing.
func TestQuiet_busy(t *testing.T) {
	for _, c := range []struct {
		name  string
		begin func(t *testing.T, b *tilltest.Bench)
		want  string
	}{
		{"an operation is on its way", func(t *testing.T, b *tilltest.Bench) {
			b.Devices["kassa-1"].Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.Before, Action: sim.Delay, For: 5 * time.Second})
			go func() { _, _ = b.Fleet.Submit(t.Context(), tilltest.Sale("a", "kassa-1"), time.Minute) }()
			<-time.After(2 * time.Second)
		}, "на кассе kassa-1 идёт операция"},
		{"the fate of a receipt is not known", func(t *testing.T, b *tilltest.Bench) {
			b.Devices["kassa-1"].Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.OnCommit, Action: sim.Hang, For: time.Hour})
			_, _ = b.Fleet.Submit(t.Context(), tilltest.Sale("a", "kassa-1"), time.Minute)
		}, "на кассе kassa-1 выясняется чек"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := tilltest.Open(t, "kassa-1", "kassa-2")
				b.OpenShift(t, "kassa-1")
				b.OpenShift(t, "kassa-2")
				<-time.After(10 * time.Second)
				c.begin(t, b)
				if _, busy := b.Fleet.Quiet(t.Context()); busy != c.want {
					t.Errorf("busy: %q", busy)
				}
				b.Do(t, tilltest.Sale("b", "kassa-2")) // nothing was taken
				b.Devices["kassa-1"].Plan().Clear()
			})
		})
	}
}

// TestQuiet_away: a till that does not answer, with nothing open on it, is in
// nobody's way.
func TestQuiet_away(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tilltest.Open(t, "kassa-1", "kassa-2")
		<-time.After(10 * time.Second)
		b.Cables["kassa-2"].Unplug()
		<-time.After(time.Minute)
		began := time.Now()
		release, busy := b.Fleet.Quiet(t.Context())
		if busy != "" || time.Since(began) > time.Second {
			t.Fatalf("busy %q after %v", busy, time.Since(began))
		}
		release()
	})
}

// TestQuiet_shop: a shop that sells without a pause is never interrupted, and
// a moment is found.
func TestQuiet_shop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tilltest.Open(t, "kassa-1")
		b.OpenShift(t, "kassa-1")
		done := make(chan struct{})
		var turnedAway int
		go func() {
			defer close(done)
			for i := range 50 {
				key := "sale-" + strings.Repeat("x", i)
				for {
					got, err := b.Fleet.Submit(t.Context(), tilltest.Sale(key, "kassa-1"), time.Minute)
					if err != nil {
						t.Error(err)
						return
					}
					if got.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE {
						break
					}
					if got.GetReason() != health.CodeUpdating {
						t.Errorf("a sale was interrupted: %s", got.GetText())
						return
					}
					turnedAway++
					<-time.After(time.Second)
				}
				<-time.After(300 * time.Millisecond)
			}
		}()
		held := 0
		for over := false; !over; {
			if release, busy := b.Fleet.Quiet(t.Context()); busy == "" {
				held++
				<-time.After(2 * time.Second)
				release()
			}
			select {
			case <-done:
				over = true
			case <-time.After(200 * time.Millisecond):
			}
		}
		if held == 0 || turnedAway == 0 {
			t.Errorf("held %d times, turned away %d", held, turnedAway)
		}
	})
}
