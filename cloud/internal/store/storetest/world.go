package storetest

import (
	"context"
	"sync"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Clock is moved by hand. It may be read from several goroutines.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock gives a clock that stands at a morning in March.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)} }

// Now gives its time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Pass moves it on.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// T is a test, or whatever fails as one.
type T interface {
	Helper()
	Fatal(args ...any)
	Context() context.Context
}

// Shop puts an outlet into a database, with the organisation it belongs to and the agents that stand in it. Organisation and outlet
// may be there already; they are called as their ids.
func Shop(t T, s *store.Store, organisation, outlet string, agents ...string) {
	t.Helper()
	ctx, q := context.WithoutCancel(t.Context()), s.Write()
	if err := q.CreateOrganisation(ctx, db.CreateOrganisationParams{ID: organisation, Name: organisation}); err != nil && !store.Exists(err) {
		t.Fatal(err)
	}
	if _, err := q.PutOutlet(ctx, db.PutOutletParams{ID: outlet, OrganisationID: organisation, Name: outlet}); err != nil {
		t.Fatal(err)
	}
	for _, id := range agents {
		if err := q.CreateAgent(ctx, db.CreateAgentParams{ID: id, OrganisationID: organisation, OutletID: outlet}); err != nil {
			t.Fatal(err)
		}
	}
}
