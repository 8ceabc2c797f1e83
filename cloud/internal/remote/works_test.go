package remote

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// shop makes tills of o1 and an order for them.
func shop(t *testing.T, w *world, n int, order *cabinetv1.WorkOrder) (*cabinetv1.WorkOrder, []Target) {
	t.Helper()
	var targets []Target
	for i := range n {
		id := w.till(t, "o1", fmt.Sprintf("k%02d", i), nil)
		targets = append(targets, Target{id, "o1"})
		order.TillIds = append(order.TillIds, id)
	}
	return order, targets
}

const check1 = fiscalv1.Action_ACTION_CHECK

// TestWork_once has a cabinet begin anew at every place in the middle of a work, and everything delivered twice: each till is given one
// command and no till two.
func TestWork_once(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		order, targets := shop(t, w, 6, &cabinetv1.WorkOrder{Action: check1, PerMinute: 600, Reason: "после обновления"})
		anna := w.people["anna"]
		for range 3 { // a double click, and a third
			if err := w.Start(t.Context(), anna, "w1", order, targets); err != nil {
				t.Fatal(err)
			}
			w.restart()
		}
		seen := map[string]int{}
		times := map[string]map[string]bool{}
		for range 40 {
			w.look(t)
			w.look(t) // two looks at one time give no more than one
			w.restart()
			for _, cmd := range w.given(t, "o1") {
				seen[cmd.GetTill()]++
				if times[cmd.GetTill()] == nil {
					times[cmd.GetTill()] = map[string]bool{}
				}
				times[cmd.GetTill()][cmd.GetId()] = true
				if seen[cmd.GetTill()] == 1 {
					continue // the answer to the first delivery is lost: it comes again
				}
				w.end(t, "o1", cmd.GetId(), true)
				w.end(t, "o1", cmd.GetId(), true)
			}
			w.clock.Pass(16 * time.Second)
		}
		work, err := w.Work(t.Context(), "o1", "w1")
		if err != nil || work.State != through || Counts(work.Items).GetDone() != 6 || work.Ended.IsZero() {
			t.Fatalf("%+v %v", work, err)
		}
		for till, ids := range times {
			if len(ids) != 1 {
				t.Errorf("%s was given %d commands", till, len(ids))
			}
		}
		if len(times) != 6 {
			t.Errorf("%d tills were given one", len(times))
		}
		if started := w.acts(t, "o1", "work.started"); len(started) != 1 {
			t.Errorf("started %d times in the journal of acts", len(started))
		}
	})
}

// TestWork_taken: a cabinet that stopped between taking a till and giving it its command owes it the command, also after the work was
// called off: the till says that its command is given.
func TestWork_taken(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		order, targets := shop(t, w, 2, &cabinetv1.WorkOrder{Action: check1})
		if err := w.Start(t.Context(), w.people["anna"], "w1", order, targets); err != nil {
			t.Fatal(err)
		}
		n, err := w.store.Write().SetWorkTill(t.Context(), db.SetWorkTillParams{
			OrganisationID: "o1", WorkID: "w1", TillID: targets[0].TillID, State: int32(given), GivenAt: store.Micros(w.clock.Now()), Was: int32(waiting),
		})
		if err != nil || n != 1 {
			t.Fatal(n, err)
		}
		w.restart()
		w.look(t)
		w.look(t)
		if list := w.given(t, "o1"); len(list) != 1 || list[0].GetTill() != "k00" || list[0].GetId() != commandID("o1", "w1", targets[0].TillID) {
			t.Errorf("given %v", list)
		}
	})
}

// TestWork_stops: a work stops by its criteria, goes on when a person has seen it, rests when told and is called off for good.
func TestWork_stops(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		order, targets := shop(t, w, 6, &cabinetv1.WorkOrder{Action: check1, PerMinute: 60, StopFailures: 2})
		if err := w.Start(t.Context(), w.people["anna"], "w1", order, targets); err != nil {
			t.Fatal(err)
		}
		fail := func(n int) {
			for range n {
				w.look(t)
				for _, cmd := range w.given(t, "o1") {
					w.end(t, "o1", cmd.GetId(), false)
				}
				w.clock.Pass(2 * time.Second)
			}
			w.look(t)
		}
		state := func(want cabinetv1.WorkState, why string) *Work {
			t.Helper()
			work, err := w.Work(t.Context(), "o1", "w1")
			if err != nil || work.State != want || work.Why != why {
				t.Fatalf("%v %q %v, want %v %q", work.State, work.Why, err, want, why)
			}
			return work
		}
		fail(2)
		work := state(stopped, whyFailures)
		w.look(t)
		if list := w.given(t, "o1"); len(list) != 0 {
			t.Errorf("stopped, and given %v", list)
		}
		// The journal says once that it stopped, and that nobody had it stop.
		lines := w.acts(t, "o1", "work.stopped")
		if len(lines) != 1 || lines[0].Object != "w1" || lines[0].ActorID != "" || lines[0].Actor != "" || lines[0].Name != "check" || lines[0].New != "2 / 6" {
			t.Errorf("in the journal: %+v", lines)
		}
		if err := w.Change(t.Context(), work, cabinetv1.WorkChange_WORK_CHANGE_RESUME); err != nil {
			t.Fatal(err)
		}
		fail(1)
		work = state(running, "")
		if err := w.Change(t.Context(), work, cabinetv1.WorkChange_WORK_CHANGE_PAUSE); err != nil {
			t.Fatal(err)
		}
		before := w.counts(t, "o1", "w1").GetWaiting()
		w.clock.Pass(time.Hour)
		w.look(t)
		if now := w.counts(t, "o1", "w1").GetWaiting(); now != before {
			t.Errorf("paused, and %d wait of %d", now, before)
		}
		if err := w.Change(t.Context(), work, cabinetv1.WorkChange_WORK_CHANGE_CANCEL); !errors.Is(err, ErrOver) {
			t.Errorf("a change to what has moved on: %v", err)
		}
		work = state(cabinetv1.WorkState_WORK_STATE_PAUSED, "")
		if err := w.Change(t.Context(), work, cabinetv1.WorkChange_WORK_CHANGE_CANCEL); err != nil {
			t.Fatal(err)
		}
		w.look(t)
		if c := w.counts(t, "o1", "w1"); c.GetWaiting() != 0 || c.GetCancelled() != before {
			t.Errorf("called off: %v", c)
		}
		work = state(off, "")
		if err := w.Change(t.Context(), work, cabinetv1.WorkChange_WORK_CHANGE_RESUME); !errors.Is(err, ErrOver) {
			t.Errorf("a work called off goes on: %v", err)
		}
	})
}

// TestWork_stopsTold: every owner whose tills a work concerns reads in their journal that it stopped by itself; that one came to its end
// is told by nobody's journal.
func TestWork_stopsTold(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		var targets []Target
		order := &cabinetv1.WorkOrder{Action: check1, PerMinute: 60, StopPercent: 50}
		for name, owner := range map[string]string{"a": "o1", "b": "o2"} {
			targets = append(targets, Target{w.till(t, owner, name, nil), owner})
			order.TillIds = append(order.TillIds, targets[len(targets)-1].TillID)
		}
		run := func(id string, ok bool) {
			t.Helper()
			if err := w.Start(t.Context(), w.people["boris"], id, order, targets); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				w.look(t)
				for _, owner := range []string{"o1", "o2"} {
					for _, cmd := range w.given(t, owner) {
						w.end(t, owner, cmd.GetId(), ok)
					}
				}
				w.clock.Pass(2 * time.Second)
			}
			w.restart()
			w.look(t)
		}
		run("bad", false)
		run("good", true)
		for _, owner := range []string{"o1", "o2"} {
			lines := w.acts(t, owner, "work.stopped")
			if len(lines) != 1 || lines[0].Object != "bad" || lines[0].Actor != "" || lines[0].New != "1 / 2" {
				t.Errorf("journal of %s: %+v", owner, lines)
			}
			if lines := w.acts(t, owner, "work.done"); len(lines) != 0 {
				t.Errorf("journal of %s: %+v", owner, lines)
			}
		}
		if work, err := w.Work(t.Context(), "o2", "good"); err != nil || work.State != through {
			t.Errorf("%v %v", work, err)
		}
	})
}

// TestWork_refused: what is known to come to nothing is left out and said, at the start and at the till's turn.
func TestWork_refused(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		clock := func(s *fiscalv1.TillState) { s.Abilities = []string{"clock"} }
		busy := func(s *fiscalv1.TillState) { clock(s); s.ShiftOpen = true }
		open, free, later := w.till(t, "o1", "open", busy), w.till(t, "o1", "free", clock), w.till(t, "o1", "later", clock)
		order := &cabinetv1.WorkOrder{Action: fiscalv1.Action_ACTION_SYNC_CLOCK, TillIds: []string{open, free, later}, PerMinute: 60}
		targets := []Target{{open, "o1"}, {free, "o1"}, {later, "o1"}}
		planned, demands, _, err := w.Plan(t.Context(), order, targets)
		if err != nil || planned[0].Obstacle != fleet.ObstacleShiftOpen || planned[1].Obstacle != "" || demands.GetHarm() != cabinetv1.Harm_HARM_PAUSE {
			t.Fatalf("%+v %v %v", planned, demands, err)
		}
		if err := w.Start(t.Context(), w.people["anna"], "w1", order, targets); err != nil {
			t.Fatal(err)
		}
		w.look(t)
		w.till(t, "o1", "later", busy) // its shift is opened before its turn comes
		w.clock.Pass(time.Second)
		w.look(t)
		if list := w.given(t, "o1"); len(list) != 1 || list[0].GetTill() != "free" {
			t.Errorf("given %v", list)
		}
		work, err := w.Work(t.Context(), "o1", "w1")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, item := range work.Items {
			got = append(got, strings.TrimPrefix(item.State.String(), "WORK_TILL_STATE_")+" "+item.Obstacle)
		}
		if want := []string{"REFUSED shift_open", "GIVEN ", "REFUSED shift_open"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// TestWork_agents: what is asked of an agent is asked of it once, however many tills it has.
func TestWork_agents(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		order, targets := shop(t, w, 3, &cabinetv1.WorkOrder{Action: fiscalv1.Action_ACTION_COLLECT_BUNDLE})
		planned, _, _, err := w.Plan(t.Context(), order, targets)
		if err != nil || planned[0].Obstacle != "" || planned[1].Obstacle != fleet.ObstacleSameAgent || planned[2].Obstacle != fleet.ObstacleSameAgent {
			t.Errorf("%+v %v", planned, err)
		}
	})
}

// TestWork_service: a work over the tills of two owners is seen by whoever asked and by either owner, and ends where its asker loses the
// right in the middle of it.
func TestWork_service(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		a, b := w.till(t, "o1", "a", nil), w.till(t, "o2", "b", nil)
		order := &cabinetv1.WorkOrder{Action: check1, TillIds: []string{a, b}, PerMinute: 60}
		if err := w.Start(t.Context(), w.people["boris"], "w1", order, []Target{{a, "o1"}, {b, "o2"}}); err != nil {
			t.Fatal(err)
		}
		w.look(t)
		boris := w.people["boris"]
		boris.Rights = boris.Rights[:1] // o2 no longer trusts him
		w.clock.Pass(time.Second)
		w.look(t)
		if len(w.given(t, "o1")) != 1 || len(w.given(t, "o2")) != 0 {
			t.Error("given where he may not, or not where he may")
		}
		for _, organisation := range []string{"o1", "o2"} {
			if list, err := w.Works(t.Context(), organisation, 10); err != nil || len(list) != 1 {
				t.Errorf("%s sees %v %v", organisation, list, err)
			}
		}
		if c := w.counts(t, "o2", "w1"); c.GetRefused() != 1 || c.GetGiven() != 1 {
			t.Errorf("%v", c)
		}
		if list, err := w.Works(t.Context(), "o3", 10); err != nil || len(list) != 0 {
			t.Errorf("a stranger sees %v %v", list, err)
		}
		if _, err := w.Work(t.Context(), "o3", "w1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a stranger: %v", err)
		}
	})
}

// TestWork_shutOut: a work whose asker was shut out gives nothing more.
func TestWork_shutOut(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		order, targets := shop(t, w, 2, &cabinetv1.WorkOrder{Action: check1, PerMinute: 60})
		if err := w.Start(t.Context(), w.people["anna"], "w1", order, targets); err != nil {
			t.Fatal(err)
		}
		w.shut["anna"] = true
		w.look(t)
		if len(w.given(t, "o1")) != 0 {
			t.Error("given")
		}
		if c := w.counts(t, "o1", "w1"); c.GetRefused() != 1 {
			t.Errorf("%v", c)
		}
	})
}

func TestStart_bad(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		order, targets := shop(t, w, 1, &cabinetv1.WorkOrder{Action: check1})
		anna := w.people["anna"]
		for name, c := range map[string]struct {
			id     string
			change func(*cabinetv1.WorkOrder)
			want   error
		}{
			"no id":              {"", func(*cabinetv1.WorkOrder) {}, ErrInvalid},
			"an id too long":     {strings.Repeat("i", maxID+1), func(*cabinetv1.WorkOrder) {}, ErrInvalid},
			"no action":          {"x", func(o *cabinetv1.WorkOrder) { o.Action = 0 }, ErrInvalid},
			"a decision":         {"x", func(o *cabinetv1.WorkOrder) { o.Action = fiscalv1.Action_ACTION_DECIDE }, ErrInvalid},
			"no tills":           {"x", func(o *cabinetv1.WorkOrder) { o.TillIds = nil }, ErrInvalid},
			"a till twice":       {"x", func(o *cabinetv1.WorkOrder) { o.TillIds = append(o.TillIds, o.TillIds[0]) }, ErrInvalid},
			"a rate beyond all":  {"x", func(o *cabinetv1.WorkOrder) { o.PerMinute = maxRate + 1 }, ErrInvalid},
			"a share beyond all": {"x", func(o *cabinetv1.WorkOrder) { o.StopPercent = 101 }, ErrInvalid},
			"a long reason":      {"x", func(o *cabinetv1.WorkOrder) { o.Reason = strings.Repeat("я", maxReason+1) }, ErrInvalid},
			"a reboot, no word":  {"x", func(o *cabinetv1.WorkOrder) { o.Action = fiscalv1.Action_ACTION_REBOOT }, fleet.ErrReason},
		} {
			o := &cabinetv1.WorkOrder{Action: order.GetAction(), TillIds: slices.Clone(order.GetTillIds())}
			c.change(o)
			if err := w.Start(t.Context(), anna, c.id, o, targets); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.Start(t.Context(), anna, "w1", order, targets); err != nil {
			t.Fatal(err)
		}
		other := &cabinetv1.WorkOrder{Action: fiscalv1.Action_ACTION_X_REPORT, TillIds: order.GetTillIds()}
		if err := w.Start(t.Context(), anna, "w1", other, targets); !errors.Is(err, ErrConflict) {
			t.Errorf("the same id for another work: %v", err)
		}
	})
}
