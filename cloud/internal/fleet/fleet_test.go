package fleet

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

type world struct {
	*Fleet
	clock  *storetest.Clock
	store  *store.Store
	agents []*access.Agent // the first two of one organisation, the third of another
	person *access.Person
	woken  chan string
}

func (w *world) restart() {
	w.Fleet = New(w.store, slog.New(slog.DiscardHandler), w.clock.Now, func(id string) { w.woken <- id })
}

func both(t *testing.T, body func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := &world{clock: storetest.NewClock(), store: s, woken: make(chan string, 100)}
		for _, organisation := range []string{"o1", "o1", "o2"} {
			a := &access.Agent{ID: store.NewID(), OrganisationID: organisation, OutletID: "shop of " + organisation}
			storetest.Shop(t, s, organisation, a.OutletID, a.ID)
			w.agents = append(w.agents, a)
		}
		w.person = &access.Person{ID: "p", Login: "anna", OrganisationID: "o1", Rights: []access.Right{access.Technician.In("o1", "")}}
		w.restart()
		body(t, w)
	})
}

// report gives the state of a till and its id.
func (w *world) report(t *testing.T, agent *access.Agent, name, serial string, problems ...*fiscalv1.Problem) string {
	t.Helper()
	err := w.Report(t.Context(), agent, &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{
		{Till: name, Driver: "shtrih", Serial: serial, Online: serial != "", Problems: problems},
	}})
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.TillID(t.Context(), agent, name)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) light(t *testing.T, id string) cabinetv1.Light {
	t.Helper()
	till, err := w.Till(t.Context(), "o1", id)
	if err != nil {
		t.Fatal(err)
	}
	return till.Light
}

func TestFresh(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for name, c := range map[string]struct {
		silent, age time.Duration
		want        bool
	}{
		"both just now":             {want: true},
		"agent silent for a minute": {silent: AwayAfter, want: true},
		"agent silent for longer":   {silent: AwayAfter + 1},
		"state as old as may be":    {age: StaleAfter, want: true},
		"state too old":             {age: StaleAfter + 1},
	} {
		if got := fresh(now, now.Add(-c.silent), now.Add(-c.age)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestTills_light(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		id := w.report(t, agent, "kassa", "0001")
		if got := w.light(t, id); got != cabinetv1.Light_LIGHT_GREEN {
			t.Errorf("reported: %v", got)
		}
		red := w.report(t, agent, "bar", "0002", &fiscalv1.Problem{Code: "no_paper", Severity: fiscalv1.Severity_SEVERITY_CRITICAL})
		tills, err := w.Tills(t.Context(), access.Whole("o1"))
		if err != nil || len(tills) != 2 || tills[0].ID != red {
			t.Errorf("the one with a problem does not come first: %v %v", tills, err)
		}
		w.clock.Pass(AwayAfter + time.Second)
		if got := w.light(t, id); got != cabinetv1.Light_LIGHT_GREY {
			t.Errorf("silent: %v", got)
		}
		if err := w.Presence(t.Context(), agent.ID, true, false); err != nil {
			t.Fatal(err)
		}
		w.clock.Pass(AwayAfter + time.Second)
		if got := w.light(t, id); got != cabinetv1.Light_LIGHT_GREEN {
			t.Errorf("present by the broker: %v", got)
		}
		if err := w.Presence(t.Context(), agent.ID, false, false); err != nil { // the last will
			t.Fatal(err)
		}
		if till, err := w.Till(t.Context(), "o1", id); err != nil || till.AgentOnline {
			t.Errorf("gone, and still online: %v", err)
		}
		w.clock.Pass(time.Second)
		w.report(t, agent, "kassa", "0001")
		if till, err := w.Till(t.Context(), "o1", id); err != nil || !till.AgentOnline {
			t.Errorf("back, and not online: %v", err)
		}
		t.Run("the cabinet starts again", func(t *testing.T) {
			w.restart()
			if got := w.light(t, id); got != cabinetv1.Light_LIGHT_GREEN {
				t.Errorf("%v", got)
			}
			// A retained word from before the stop: believed for a while, not for ever.
			if err := w.Presence(t.Context(), agent.ID, true, true); err != nil {
				t.Fatal(err)
			}
			w.clock.Pass(StaleAfter + time.Second)
			if till, err := w.Till(t.Context(), "o1", id); err != nil || till.AgentOnline {
				t.Errorf("an old word keeps the agent online: %v", err)
			}
		})
		if err := w.Presence(t.Context(), "nobody", true, false); err != nil {
			t.Errorf("a topic of nobody: %v", err)
		}
	})
}

func TestTillID(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		first, second, foreign := w.agents[0], w.agents[1], w.agents[2]
		id := w.report(t, first, "kassa", "") // the device does not answer yet
		if again := w.report(t, first, "kassa", "0001"); again != id {
			t.Error("the till is another one once its number is known")
		}
		if moved := w.report(t, second, "bar", "0001"); moved != id {
			t.Error("the till is another one at another agent")
		}
		if till, err := w.Till(t.Context(), "o1", id); err != nil || till.AgentID != second.ID || till.Name != "bar" {
			t.Errorf("%v %v", till, err)
		}
		if swapped := w.report(t, second, "bar", "0002"); swapped == id {
			t.Error("another device took over the past of the one before")
		}
		if back := w.report(t, second, "bar", "0001"); back != id {
			t.Error("the first device came back and is not itself")
		}
		if other := w.report(t, foreign, "kassa", "0001"); other == id {
			t.Error("another organisation's till of the same number is the same")
		}
		t.Run("what came before the number goes to the till it turns out to be", func(t *testing.T) {
			w.restart()
			early, err := w.TillID(t.Context(), first, "new name")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.store.Ingest(t.Context(), []store.Push{{
				OrganisationID: "o1", AgentID: first.ID, JournalID: "j", Cursor: 1,
				Operations: []db.Operation{{OrganisationID: "o1", JournalID: "j", Key: "k", TillID: early, Revision: 1, Body: []byte{}}},
			}}); err != nil {
				t.Fatal(err)
			}
			if now := w.report(t, first, "new name", "0001"); now != id {
				t.Error("not the till of that number")
			}
			row, err := w.store.Read().GetOperation(t.Context(), db.GetOperationParams{OrganisationID: "o1", JournalID: "j", Key: "k"})
			if err != nil || row.TillID != id {
				t.Errorf("the operation is with %s, want %s: %v", row.TillID, id, err)
			}
			if _, err := w.Till(t.Context(), "o1", early); !errors.Is(err, ErrNotFound) {
				t.Errorf("the name's own till is still there: %v", err)
			}
		})
		t.Run("another organisation sees none of them", func(t *testing.T) {
			if _, err := w.Till(t.Context(), "o2", id); !errors.Is(err, ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
		t.Run("many at once", func(t *testing.T) {
			ids := make([]string, 8)
			var wg sync.WaitGroup
			for i := range ids {
				wg.Go(func() {
					var err error
					if ids[i], err = New(w.store, w.log, w.now, nil).TillID(t.Context(), first, "crowded"); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for _, id := range ids {
				if id != ids[0] {
					t.Error("one name, two tills")
				}
			}
		})
	})
}

func TestHub(t *testing.T) {
	h := newHub()
	w := h.Watch("o", "")
	one := h.Watch("o", "t1")
	for range 3 {
		h.Publish("o", Change{What: TillChanged, TillID: "t1"}, Change{What: TillChanged, TillID: "t2"})
	}
	h.Publish("other", Change{What: TillChanged, TillID: "t3"})
	if changes, all := w.Take(); len(changes) != 2 || all {
		t.Errorf("%v %v", changes, all)
	}
	if changes, all := one.Take(); len(changes) != 1 || all {
		t.Errorf("the watcher of one till: %v %v", changes, all)
	}
	for i := range 2 * pendingChanges {
		h.Publish("o", Change{What: CommandChanged, ID: string(rune(i + 1))})
	}
	if changes, all := w.Take(); len(changes) != 0 || !all {
		t.Errorf("a slow watcher is given %d changes, everything: %v", len(changes), all)
	}
	h.Publish("o", Change{What: TillChanged, TillID: "t1"})
	if changes, all := w.Take(); len(changes) != 1 || all {
		t.Errorf("after that: %v %v", changes, all)
	}
	w.Close()
	one.Close()
	if len(h.watched()) != 0 {
		t.Error("nobody watches, and somebody is still told")
	}
}

// TestExpire: a command nobody fetched expires by the clock and stays so.
func TestExpire(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		id := w.report(t, w.agents[0], "kassa", "0001")
		cmd, err := w.Start(t.Context(), w.person, "c1", id, fiscalv1.Action_ACTION_CHECK, false)
		if err != nil || cmd.GetState() != cabinetv1.CommandState_COMMAND_STATE_QUEUED {
			t.Fatal(cmd, err)
		}
		w.clock.Pass(CommandLife + time.Second)
		if list, err := w.Fetch(t.Context(), w.agents[0], 0); err != nil || len(list) != 0 {
			t.Errorf("an expired command is given: %v %v", list, err)
		}
		if err := w.expire(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		if cmd, err := w.Command(t.Context(), "o1", "c1"); err != nil || cmd.GetState() != cabinetv1.CommandState_COMMAND_STATE_EXPIRED || cmd.GetEndedMs() == 0 {
			t.Errorf("%v %v", cmd, err)
		}
		if err := w.ReportRun(t.Context(), w.agents[0], &fiscalv1.Run{Id: "c1", Ended: true, Ok: true}); err != nil {
			t.Error(err)
		}
		if cmd, err := w.Command(t.Context(), "o1", "c1"); err != nil || cmd.GetState() != cabinetv1.CommandState_COMMAND_STATE_EXPIRED {
			t.Errorf("an ended command changed: %v %v", cmd, err)
		}
	})
}
