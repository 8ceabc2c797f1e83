package remote

import (
	"context"
	"log/slog"
	"testing"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// world is a cabinet with two owners, each with an agent that understands everything.
type world struct {
	*Remote
	clock  *storetest.Clock
	store  *store.Store
	fleet  *fleet.Fleet
	agents map[string]*access.Agent // by organisation
	people map[string]*access.Person
	shut   map[string]bool // people who are shut out
}

// restart is a cabinet that begins anew on the same database.
func (w *world) restart() {
	log := slog.New(slog.DiscardHandler)
	w.fleet = fleet.New(w.store, log, w.clock.Now, func(string) {})
	w.Remote = New(w.store, w.fleet, log, w.clock.Now)
	w.Who = func(_ context.Context, personID, _ string) (*access.Person, error) {
		if w.shut[personID] {
			return nil, access.ErrForbidden
		}
		return w.people[personID], nil
	}
}

func both(t *testing.T, body func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := &world{
			clock: storetest.NewClock(), store: s, agents: map[string]*access.Agent{}, people: map[string]*access.Person{}, shut: map[string]bool{},
		}
		for _, organisation := range []string{"o1", "o2"} {
			a := &access.Agent{ID: store.NewID(), OrganisationID: organisation, OutletID: "shop of " + organisation}
			storetest.Shop(t, s, organisation, a.OutletID, a.ID)
			w.agents[organisation] = a
		}
		w.people["anna"] = &access.Person{ID: "anna", Login: "anna", Name: "Анна", OrganisationID: "o1", Rights: []access.Right{access.Technician.In("o1", "")}}
		// A technician for o2 who works on tills of o1 too, as one of a service centre does.
		w.people["boris"] = &access.Person{ID: "boris", Login: "boris", Name: "Борис", OrganisationID: "o2", Rights: []access.Right{access.Technician.In("o1", ""), access.Technician.In("o2", "")}}
		w.restart()
		for _, a := range w.agents {
			if _, err := w.fleet.Hello(t.Context(), a, &uplinkv1.HelloRequest{Capability: 6}, "192.0.2.1"); err != nil {
				t.Fatal(err)
			}
		}
		body(t, w)
	})
}

// till reports a till and gives its id.
func (w *world) till(t *testing.T, organisation, name string, change func(*fiscalv1.TillState)) string {
	t.Helper()
	state := &fiscalv1.TillState{Till: name, Driver: "shtrih", Serial: name, Online: true, Paper: fiscalv1.Paper_PAPER_READY}
	if change != nil {
		change(state)
	}
	agent := w.agents[organisation]
	if err := w.fleet.Report(t.Context(), agent, &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{state}}); err != nil {
		t.Fatal(err)
	}
	id, err := w.fleet.TillID(t.Context(), agent, name)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// given takes the commands an agent is given.
func (w *world) given(t *testing.T, organisation string) []*uplinkv1.Command {
	t.Helper()
	list, err := w.fleet.Fetch(t.Context(), w.agents[organisation], 0)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// end reports the end of a command.
func (w *world) end(t *testing.T, organisation, id string, ok bool) {
	t.Helper()
	run := &fiscalv1.Run{Id: id, Ended: true, Ok: ok, Steps: []*fiscalv1.Step{{Code: "read_status"}}}
	if err := w.fleet.ReportRun(t.Context(), w.agents[organisation], run); err != nil {
		t.Fatal(err)
	}
}

func (w *world) look(t *testing.T) {
	t.Helper()
	if err := w.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) counts(t *testing.T, organisation, id string) *cabinetv1.WorkCounts {
	t.Helper()
	work, err := w.Work(t.Context(), organisation, id)
	if err != nil {
		t.Fatal(err)
	}
	return Counts(work.Items)
}

// acts gives the lines of a journal that tell of one act.
func (w *world) acts(t *testing.T, organisation, act string) []db.Audit {
	t.Helper()
	lines, _, err := audit.New(w.store).List(t.Context(), organisation, audit.Filter{Act: act}, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
