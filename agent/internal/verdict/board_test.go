package verdict

import (
	"testing"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

func at(op *fiscalv1.Operation, key string, endedMs int64) *fiscalv1.Operation {
	op.Key, op.Till, op.EndedMs = key, "касса", endedMs
	return op
}

// Amber counts down only while the till answers, and beyond zero when that
// takes longer.
func TestBoard_countdown(t *testing.T) {
	b := newBoard()
	began := time.UnixMilli(100_000)
	online, silent := fine(), fine(silentSince(900))
	step := func(after time.Duration, state *fiscalv1.TillState) View {
		b.look(state, began.Add(after))
		return b.views([]*fiscalv1.TillState{state}, false, began.Add(after))[0]
	}
	b.take(at(sale(accepted, unknown), "k", 0), began)
	if v := step(0, online); v.Phase != Working || v.LeftMs != 0 || v.ForMs != 0 {
		t.Errorf("taken: %+v", v)
	}
	if v := step(2*time.Second, online); v.Phase != Working || v.ForMs != 2000 || v.LeftMs != 0 {
		t.Errorf("two seconds later: %+v", v)
	}
	b.take(at(sale(settling, unknown), "k", 0), began)
	if v := step(3*time.Second, online); v.Phase != Settling || v.LeftMs != 15000 {
		t.Errorf("in doubt, the till answers: %+v", v)
	}
	if v := step(7*time.Second, online); v.LeftMs != 11000 {
		t.Errorf("four seconds later: %+v", v)
	}
	if v := step(8*time.Second, silent); v.Phase != Silent || v.LeftMs != 0 || v.ForMs != 0 {
		t.Errorf("silence: %+v", v)
	}
	if v := step(60*time.Second, silent); v.Phase != Silent || v.LeftMs != 0 || v.ForMs != 52000 {
		t.Errorf("long silence: %+v", v)
	}
	if v := step(61*time.Second, online); v.Phase != Settling || v.LeftMs != 15000 {
		t.Errorf("it answers again: %+v", v)
	}
	if v := step(80*time.Second, online); v.LeftMs != -4000 {
		t.Errorf("longer than promised: %+v", v)
	}
}

// Which operation the verdict is about.
func TestBoard_about(t *testing.T) {
	now := time.UnixMilli(100_000)
	for _, c := range []struct {
		name string
		ops  []*fiscalv1.Operation
		want string
	}{
		{"the last to end", []*fiscalv1.Operation{at(sale(ended, done), "a", 1), at(sale(ended, done), "b", 2)}, "b"},
		{"one refused does not hide the one in doubt", []*fiscalv1.Operation{at(sale(settling, unknown), "a", 0), at(sale(accepted, unknown), "b", 0), at(sale(ended, notDone), "b", 2)}, "a"},
		{"in doubt, then done", []*fiscalv1.Operation{at(sale(settling, unknown), "a", 0), at(sale(ended, notDone), "b", 2), at(sale(ended, done), "a", 3)}, "a"},
		{"a new one hides the last", []*fiscalv1.Operation{at(sale(ended, done), "a", 1), at(sale(accepted, unknown), "b", 0)}, "b"},
		{"an old slip comes out", []*fiscalv1.Operation{at(sale(ended, done), "a", 1), at(sale(ended, notDone), "b", 2), at(sale(ended, done, track(fiscalv1.PaperTrack_PAPER_TRACK_PRINTED)), "a", 1)}, "b"},
		{"turned away without a trace", []*fiscalv1.Operation{at(sale(ended, done), "a", 1), at(sale(ended, notDone), "b", 0)}, "b"},
		{"asked again after not done", []*fiscalv1.Operation{at(sale(ended, notDone), "a", 1), at(sale(accepted, unknown), "a", 0), at(sale(ended, done), "a", 2)}, "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBoard()
			for _, op := range c.ops {
				b.take(op, now)
			}
			if got := b.till("касса").about().GetKey(); got != c.want {
				t.Errorf("about %q, want %q", got, c.want)
			}
		})
	}
}
