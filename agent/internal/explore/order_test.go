package explore

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// TestNothingBeginsWhileUnknown: the till hangs right after its fiscal memory
// took the document. A second sale is refused, and the refusal does not make
// the first one forgotten.
func TestNothingBeginsWhileUnknown(t *testing.T) {
	s := stories()[0]
	sc := prepare(t, s, aShtrih())
	synctest.Test(t, func(t *testing.T) {
		dawn(time.Hour)
		w := build(t, sc, defect{})
		defer w.close()
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		defer w.bury()
		before := uint32(len(w.documents()))
		w.shtrih().Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.OnCommit, Action: sim.Hang, For: 3 * time.Minute})
		first, err := w.fleet.Submit(t.Context(), s.op, 40*time.Second)
		if err != nil || first.GetOutcome() != fiscalv1.Outcome_OUTCOME_UNKNOWN {
			t.Fatalf("the first: %v %v", first, err)
		}
		op := proto.CloneOf(s.op)
		op.Key, op.Receipt.Items[0].Name = "second", "Чай"
		second, err := w.fleet.Submit(t.Context(), op, time.Minute)
		if err != nil || second.GetOutcome() != fiscalv1.Outcome_OUTCOME_NOT_DONE || second.GetReason() != "unfinished" {
			t.Fatalf("the second: %v %v", second, err)
		}
		if n := len(w.matching(s, before)); n != 1 {
			t.Fatalf("%d documents while the first is unknown", n)
		}
		first, err = w.fleet.Operation(t.Context(), s.op.GetKey(), 5*time.Minute)
		if err != nil || first.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
			t.Fatalf("the first in the end: %v %v", first, err)
		}
		if n := len(w.matching(s, before)); n != 1 {
			t.Fatalf("%d documents in the end", n)
		}
	})
}
