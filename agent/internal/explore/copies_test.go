package explore

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// TestCopies lets the agent die while it reads a document for the cabinet, at
// every effect: the till is left in the middle of giving it out, and the next
// life must sell all the same, once.
func TestCopies(t *testing.T) {
	for _, m := range tilltest.Makers() {
		t.Run(m.Driver, func(t *testing.T) {
			t.Parallel()
			s := stories()[0]
			sc := prepare(t, s, m)
			points := 0
			for at, fired := 1, true; fired; at++ {
				for _, f := range []trouble{{lose: true, die: true}, {die: true}} {
					synctest.Test(t, func(t *testing.T) { fired = dieCopying(t, sc, s, f, at) })
				}
				points++
			}
			if points < 20 {
				t.Errorf("only %d effects", points)
			}
		})
	}
}

func dieCopying(t *testing.T, sc scene, s story, f trouble, at int) (fired bool) {
	dawn(time.Hour)
	w := build(t, sc, defect{})
	defer w.close()
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	wait(time.Minute) // whatever was printing is out
	before := uint32(len(w.documents()))
	w.arm(f, at)
	_ = w.fleet.Copies(t.Context(), map[string]uint32{w.machine.FN().Number(): before - 1}, 1)
	fired = w.counter.Fired()
	w.bury()
	wait(rest)
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	got, err := ask(t.Context(), w, s.op)
	for range 5 { // a till left in the middle may refuse at first
		if err == nil && got.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE {
			break
		}
		wait(10 * time.Second)
		got, err = ask(t.Context(), w, s.op)
	}
	if err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE || len(w.matching(s, before)) != 1 {
		t.Errorf("effect %d: %v %v, %d documents", at, got.GetOutcome(), err, len(w.matching(s, before)))
	}
	w.bury()
	return fired
}
