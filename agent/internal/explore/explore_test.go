package explore

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
)

// arm sets a trouble at an effect; 0 is none.
func (w *world) arm(f trouble, at int) {
	if at == 0 {
		return
	}
	cut := func(int, wiretest.EffectKind) {
		w.machine.PowerCut()
		time.AfterFunc(darkness, w.machine.PowerOn)
	}
	g := wiretest.Fault{Lose: f.lose, Deaf: f.deaf, Die: f.die, Garble: f.garble, Keep: f.keep, Late: f.late}
	if f.cutBefore {
		g.Before = cut
	}
	g.After = func(n int, kind wiretest.EffectKind) {
		if f.cutPast {
			cut(n, kind)
		}
		if f.reboot {
			w.machine.Reboot()
		}
		if f.unplug {
			w.machine.Unplug()
			time.AfterFunc(darkness, w.machine.Plug)
		}
		if f.second != nil { // effects after a death count from the next life
			w.next, w.nextAt = f.second, f.secondAt
			if !f.die {
				w.follow()
			}
		}
	}
	w.counter.SetFault(at, g)
}

// follow arms the second trouble, once.
func (w *world) follow() {
	if f := w.next; f != nil {
		w.next = nil
		w.arm(*f, w.nextAt)
	}
}

// tally adds up verdicts.
type tally struct {
	mu                           sync.Mutex
	points, lost, doubled, stuck int
	wrong, slow                  int
	settled                      []time.Duration
	stories                      []string
}

func (y *tally) add(name string, v verdict) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.points++
	played.Add(1)
	for _, c := range []struct {
		bad bool
		n   *int
	}{{v.lost, &y.lost}, {v.doubled, &y.doubled}, {v.unsettled, &y.stuck}, {v.wrong, &y.wrong}} {
		if c.bad {
			*c.n++
		}
	}
	if v.settle > 0 {
		y.settled = append(y.settled, v.settle)
	}
	if v.settle > settleLimit {
		y.slow++
		y.stories = append(y.stories, fmt.Sprintf("%s: settled in %v", name, v.settle))
	}
	if v.bad() {
		y.stories = append(y.stories, name+": "+v.story)
	}
}

func (y *tally) String() string {
	line := fmt.Sprintf("EXPLORED points=%d lost=%d doubled=%d unsettled=%d wrong=%d", y.points, y.lost, y.doubled, y.stuck, y.wrong)
	if n := len(y.settled); n > 0 {
		slices.Sort(y.settled)
		line += fmt.Sprintf(" settle_median=%.1fs settle_worst=%.1fs", y.settled[n/2].Seconds(), y.settled[n-1].Seconds())
	}
	return line + " seed=" + *seed
}

// TestExplore is every effect × every fault for every kind of operation.
func TestExplore(t *testing.T) {
	var all tally
	each(t, func(t *testing.T, s story, m tilltest.Maker) { explore(t, s, m, defect{}, &all) })
	all.report(t, 4000)
}

// report prints the closing line and fails for everything that went wrong, and
// for a test that has shrunk.
func (y *tally) report(t *testing.T, atLeast int) {
	t.Helper()
	y.include()
	t.Log(y.String())
	for i, story := range y.stories {
		if i == 20 {
			t.Errorf("… and %d more", len(y.stories)-i)
			break
		}
		t.Error(story)
	}
	if y.points < atLeast && *most == 0 {
		t.Errorf("only %d points: the stories are shorter than they can be", y.points)
	}
}

// explore runs one story at every effect with every fault.
func explore(t *testing.T, s story, m tilltest.Maker, d defect, into *tally) {
	t.Helper()
	sc := prepare(t, s, m)
	calm := play(t, sc, s, trouble{}, 0, d)
	if calm.bad() {
		t.Fatalf("without any fault: %+v", calm)
	}
	for _, f := range effectTroubles() {
		for at := 1; at <= calm.effects; at++ {
			name := fmt.Sprintf("%s, %s, effect %d", s.name, f.name, at)
			if d != (defect{}) {
				into.add(name, play(t, sc, s, f, at, d))
			} else {
				into.add(name, point(t, name, sc, s, f, at))
			}
		}
	}
}

// TestExplore_controls plants the two classic mistakes; both must be caught.
func TestExplore_controls(t *testing.T) {
	sale := stories()[0]
	for name, d := range map[string]defect{
		"the intent is not synced":           {unsyncedIntent: true},
		"a committing command is sent again": {resends: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all tally
			explore(t, sale, aShtrih(), d, &all)
			t.Log(all.String())
			if all.lost+all.doubled+all.wrong == 0 {
				t.Error("the mistake was not caught")
			}
		})
	}
}
