package explore

import (
	"sync"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till"
)

// settleLimit is guarantee 5: so long after the device answers again.
const settleLimit = 15 * time.Second

// glance is how often the stopwatch looks.
const glance = 100 * time.Millisecond

// stopwatch measures how long an operation stays unknown although the agent
// lives and the till would answer and is not printing: while it prints, what
// is in its fiscal memory may change.
type stopwatch struct {
	w       *world
	mu      sync.Mutex
	fleet   *till.Fleet // of the present life; nil while the agent is dead
	settled time.Duration
}

// watch looks until over.
func (s *stopwatch) watch(over <-chan struct{}) {
	tick := time.NewTicker(glance)
	defer tick.Stop()
	var since time.Time
	for {
		select {
		case <-over:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		owes := s.fleet != nil && !s.w.counter.Dead() && s.fleet.States()[0].GetUnfinished() > 0 &&
			s.w.machine.Up()
		switch {
		case !owes:
			since = time.Time{}
		case since.IsZero():
			since = time.Now()
		default:
			s.settled = max(s.settled, time.Since(since))
		}
		s.mu.Unlock()
	}
}

// follow tells whose life it is now.
func (s *stopwatch) follow(f *till.Fleet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fleet = f
}
