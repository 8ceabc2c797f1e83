package explore

import (
	"fmt"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// devicePhases are the moments of a command at which the device fails.
func devicePhases() []sim.Fault {
	return []sim.Fault{
		{Phase: sim.OnReceive},
		{Phase: sim.OnReceive, At: 3},
		{Phase: sim.Before},
		{Phase: sim.OnCommit},
		{Phase: sim.OnPrint, At: 2},
		{Phase: sim.After},
		{Phase: sim.OnAnswer},
		{Phase: sim.OnAnswer, At: 3},
	}
}

// deviceActions are what happens there. Whatever needs a person (paper, cover,
// a hang that only switching off ends) gets one after a while: see attend.
func deviceActions() []sim.Fault {
	return []sim.Fault{
		{Action: sim.PowerCut, For: darkness},
		{Action: sim.RebootNow},
		{Action: sim.Hang, For: 40 * time.Second},
		{Action: sim.Hang},
		{Action: sim.LoseACK},
		{Action: sim.NAKRequest},
		{Action: sim.LoseAnswer},
		{Action: sim.ForgetAnswer},
		{Action: sim.Garble},
		{Action: sim.Duplicate},
		{Action: sim.Delay, For: 200 * time.Second},
		{Action: sim.CloseLink},
		{Action: sim.Replay},
		{Action: sim.PaperOut},
		{Action: sim.CoverOpen},
		{Action: sim.Busy, For: 30 * time.Second},
		{Action: sim.Stuck},
		{Action: sim.Foreign, Code: 7},
		{Action: sim.ForeignOpen},
		{Action: sim.TakeOver},
		{Action: sim.HangFNDocument},
		{Action: sim.LoseClock},
		{Action: sim.RAMError},
		{Action: sim.Refuse, Code: 0x02},
		{Action: sim.Refuse, Code: 0x2F},
		{Action: sim.Refuse, Code: 0x50},
		{Action: sim.Refuse, Code: 0x58},
		{Action: sim.Refuse, Code: 0x5E},
		{Action: sim.Refuse, Code: 0x6B},
		{Action: sim.Refuse, Code: 0x73},
	}
}

// attend is the person at the till: while a story goes on he puts paper in,
// closes the cover and, when the till is dead for long, switches it off and on.
func (w *world) attend(stop <-chan struct{}) {
	tick := time.NewTicker(25 * time.Second)
	defer tick.Stop()
	dead := 0
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		if state := w.fleet.States()[0]; state.GetOnline() {
			dead = 0
		} else {
			dead++
		}
		w.machine.Attend(dead >= 4)
		if dead >= 4 {
			dead = 0
		}
	}
}

// TestExplore_device lets the device fail: at every command of every kind of
// operation, at every moment of it, in every way.
func TestExplore_device(t *testing.T) {
	var all tally
	t.Run("kinds", func(t *testing.T) {
		for _, s := range stories() {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				exploreDevice(t, s, aShtrih(), &all)
			})
		}
	})
	all.report(t, 3000)
}

func exploreDevice(t *testing.T, s story, m tilltest.Maker, into *tally) {
	t.Helper()
	sc := prepare(t, s, m)
	for _, phase := range devicePhases() {
		for _, action := range deviceActions() {
			f := action
			f.Phase, f.At, f.Command = phase.Phase, phase.At, shtrih.Code(0)
			for nth := 0; ; nth++ {
				f.Nth = nth
				if !sampled(fmt.Sprint(s.name, f), deviceShare) && nth < 40 {
					continue
				}
				name := fmt.Sprintf("%s, %s", s.name, f.String())
				v := point(t, name, sc, s, trouble{device: ofShtrih(f)}, 0)
				if !v.fired {
					if nth < 60 && (f.Phase == sim.OnCommit || f.Phase == sim.OnPrint) {
						continue // most commands commit and print nothing
					}
					break
				}
				into.add(name, v)
			}
		}
	}
}
