package explore

import (
	"testing"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// each runs do for every kind of operation on every kind of till, side by side.
func each(t *testing.T, do func(t *testing.T, s story, m tilltest.Maker)) {
	t.Helper()
	t.Run("kinds", func(t *testing.T) {
		for _, m := range tilltest.Makers() {
			for _, s := range stories() {
				s.name = m.Driver + " " + s.name
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					do(t, s, m)
				})
			}
		}
	})
}

// aShtrih is a Shtrih-M as it comes, for stories that are about it.
func aShtrih() tilltest.Maker { return tilltest.Shtrih(sim.Options{}) }

// shtrih is the machine of such a story.
func (w *world) shtrih() *sim.Device {
	return w.machine.(*tilltest.ShtrihMachine).Device //nolint:forcetypeassert // the test made it
}

// mishap is something that goes wrong inside a machine; arm returns whether it
// has happened.
type mishap struct {
	name string
	arm  func(tilltest.Machine) (fired func() bool)
}

// ofShtrih is a fault of the simulated Shtrih-M.
func ofShtrih(f sim.Fault) *mishap {
	return &mishap{name: f.String(), arm: func(m tilltest.Machine) func() bool {
		plan := m.(*tilltest.ShtrihMachine).Plan() //nolint:forcetypeassert // made for this machine
		id := plan.Add(f)
		return func() bool { return plan.Fired(id) }
	}}
}
