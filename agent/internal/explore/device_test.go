package explore

import (
	"fmt"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
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

// series is one way of failing: its nth mishap strikes at the nth chance. rare
// says that most chances are none, so that a mishap that does not happen says
// nothing about the next.
type series struct {
	name string
	nth  func(n int) *mishap
	rare bool
	// share thins the sample of a plain `go test` out: one in so many of the
	// usual share.
	share uint64
}

// probe: every so many chances are tried even where the sample passes them over,
// for only then is it known that there are no more.
const probe = 40

// failures is everything that can go wrong inside a machine of the driver.
func failures(driver string) []series {
	switch driver {
	case "shtrih":
		return shtrihFailures()
	case "fnprint":
		return append(memoryFailures(), printerFailures()...)
	}
	panic("nobody has thought of what can go wrong inside " + driver)
}

func shtrihFailures() (all []series) {
	for _, phase := range devicePhases() {
		for _, f := range deviceActions() {
			f.Phase, f.At = phase.Phase, phase.At
			all = append(all, series{f.String(), func(n int) *mishap { f.Nth = n; return ofShtrih(f) }, f.Phase == sim.OnCommit || f.Phase == sim.OnPrint, 1})
		}
	}
	return all
}

// TestExplore_device lets the devices fail: at every command of every kind of
// operation, at every moment of it, in every way.
func TestExplore_device(t *testing.T) {
	var all tally
	each(t, func(t *testing.T, s story, m tilltest.Maker) {
		sc := prepare(t, s, m)
		for _, way := range failures(m.Driver) {
			exploreSeries(t, sc, s, way, &all)
		}
	})
	all.report(t, 3000)
}

func exploreSeries(t *testing.T, sc scene, s story, way series, into *tally) {
	t.Helper()
	for n := 0; ; n++ {
		m := way.nth(n)
		name := fmt.Sprintf("%s, %s", s.name, m.name)
		if !sampled(name, deviceShare*way.share) && n%probe != probe-1 {
			continue
		}
		v := point(t, name, sc, s, trouble{device: m}, 0)
		switch {
		case v.fired:
			into.add(name, v)
		case way.rare && n < 2*probe:
		default:
			return
		}
	}
}
