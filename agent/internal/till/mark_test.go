package till_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// An equal sale by a second client while our answer is lost: without a mark
// two documents can be ours and a person has to choose; with it the till knows.
func TestMark_equalForeignSale(t *testing.T) {
	for _, c := range []struct {
		name  string
		marks bool
		stage fiscalv1.Stage
	}{
		{"without marks", false, fiscalv1.Stage_STAGE_NEEDS_PERSON},
		{"with marks", true, fiscalv1.Stage_STAGE_ENDED},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				open := tilltest.Open
				if c.marks {
					open = tilltest.OpenMarked
				}
				b := open(t, name)
				b.OpenShift(t, name)
				d := b.Devices[name]
				op := tilltest.Sale("ours", name)
				op.Receipt.Items[0].Price, op.Receipt.Items[0].Quantity = 700, "1" // what the second client sells too
				d.Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.After, Action: sim.Foreign, Code: 7})
				d.Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.OnAnswer, Action: sim.ForgetAnswer})
				before := receipts(d)
				got, err := b.Fleet.Submit(t.Context(), op, 5*time.Minute)
				if err != nil || got.GetStage() != c.stage {
					t.Fatalf("%v %v", got, err)
				}
				if n := receipts(d) - before; n != 2 {
					t.Fatalf("%d receipts: the second client did not sell", n)
				}
				if !c.marks {
					return
				}
				doc, err := d.FN().Find(got.GetDocument().GetFd())
				if err != nil {
					t.Fatal(err)
				}
				content, err := doc.Content()
				if err != nil || content.Items[0].Name != "Кофе" || content.Marker == "" {
					t.Errorf("FD %d is not ours: %+v %v", doc.FD, content, err)
				}
			})
		})
	}
}
