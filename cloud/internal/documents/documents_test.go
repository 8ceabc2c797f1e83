package documents

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

// world is a database with two organisations of one agent each, and a writer that runs.
type world struct {
	*Documents
	store  *store.Store
	fleet  *fleet.Fleet
	agents [2]*access.Agent
}

func newWorld(t testing.TB, s *store.Store) *world {
	t.Helper()
	w := &world{store: s}
	ctx := context.WithoutCancel(t.Context())
	for i := range w.agents {
		w.agents[i] = newcomer(t, w)
	}
	log := slog.New(slog.DiscardHandler)
	w.fleet = fleet.New(s, log, time.Now, func(string) {})
	w.Documents = New(s, w.fleet, w.fleet.Hub(), log, time.Now)
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(running) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return w
}

// both runs a body on SQLite and on PostgreSQL.
func both(t *testing.T, body func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Run(t, func(t *testing.T, s *store.Store) { body(t, newWorld(t, s)) })
}

// newcomer makes one more organisation with an agent.
func newcomer(t storetest.T, w *world) *access.Agent {
	a := &access.Agent{ID: store.NewID(), OrganisationID: store.NewID(), OutletID: store.NewID()}
	storetest.Shop(t, w.store, a.OrganisationID, a.OutletID, a.ID)
	return a
}
