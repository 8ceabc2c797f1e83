package explore

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// TestPairs sells 200 pairs of identical receipts; the answer to the second of
// each is lost from a random byte on. Equal sums must not be confused: every
// key gets its own document.
func TestPairs(t *testing.T) {
	const pairs = 200
	s := stories()[0]
	sc := prepare(t, s, aShtrih())
	rnd := rand.New(rand.NewPCG(54, 22))
	synctest.Test(t, func(t *testing.T) {
		dawn(time.Hour)
		w := build(t, sc, defect{})
		defer w.close()
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		defer w.bury()
		before := len(w.documents())
		keyOf := map[uint32]string{}
		sell := func(key string) {
			t.Helper()
			op := proto.CloneOf(s.op)
			op.Key = key
			for range 5 {
				got, err := w.fleet.Submit(t.Context(), op, time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				if got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
					continue
				}
				fd := got.GetDocument().GetFd()
				if other := keyOf[fd]; other != "" {
					t.Fatalf("%s and %s both got FD %d", other, key, fd)
				}
				keyOf[fd] = key
				return
			}
			t.Fatalf("%s was never done", key)
		}
		how := []sim.Action{sim.LoseAnswer, sim.ForgetAnswer, sim.CloseLink, sim.Garble}
		for n := range pairs {
			sell(fmt.Sprintf("%d-first", n))
			w.shtrih().Plan().Clear()
			id := w.shtrih().Plan().Add(sim.Fault{
				Command: shtrih.CodeCloseReceiptV2, Phase: sim.OnAnswer, At: rnd.IntN(16), Action: how[rnd.IntN(len(how))],
			})
			sell(fmt.Sprintf("%d-second", n))
			if !w.shtrih().Plan().Fired(id) {
				t.Fatalf("the answer of pair %d was not lost", n)
			}
		}
		docs := w.documents()[before:]
		if len(docs) != 2*pairs || len(keyOf) != 2*pairs {
			t.Errorf("%d keys, %d documents, want %d of each", len(keyOf), len(docs), 2*pairs)
		}
		for _, d := range docs {
			if keyOf[d.FD] == "" {
				t.Errorf("FD %d belongs to no key", d.FD)
			}
		}
	})
}
