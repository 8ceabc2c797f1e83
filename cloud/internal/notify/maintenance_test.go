package notify

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
)

// serviced is a till that somebody works on.
func serviced(n int, problems ...Problem) Till {
	return till(n, problems...).with(func(t *Till) { t.Serviced = true })
}

// Every event: nothing while somebody works on the till, and once after, if it is still so.
func TestDecide_serviced(t *testing.T) {
	for _, k := range kinds {
		if k.event == Gap { // TestDecide_gap
			continue
		}
		t.Run(string(k.event), func(t *testing.T) {
			key := string(k.event) + "/till/t1 1"
			if k.whole {
				key = string(k.event) + "/agent/a1 1"
			}
			p := play{now: noon}
			p.run(time.Minute, till(1, of(k.event, 0))) // what has begun to be is not kept for later
			want(t, p.run(3*time.Hour, serviced(1, of(k.event, 1))))
			want(t, p.run(3*time.Hour, till(1, of(k.event, 2))), "began "+key+urgent(k))
			want(t, p.run(3*time.Hour, till(1)), "ended "+key)

			mended := play{now: noon}
			mended.run(3*time.Hour, serviced(1, of(k.event, 2)))
			want(t, mended.run(3*time.Hour, till(1)))
		})
	}
}

func urgent(k kind) string {
	if k.urgent {
		return " !"
	}
	return ""
}

// What was told before stays as it was: neither worse nor well is told meanwhile, and well is told after.
func TestDecide_servicedAfterTold(t *testing.T) {
	p := play{now: noon}
	want(t, p.run(time.Hour, till(1, of(FNTerm, 1))), "began fn_term/till/t1 1")
	want(t, p.run(time.Hour, serviced(1, of(FNTerm, 3))))
	want(t, p.run(time.Hour, serviced(1)))
	want(t, p.run(time.Hour, till(1)), "ended fn_term/till/t1 1")

	still := play{now: noon}
	still.run(time.Hour, till(1, of(Device, 2)))
	want(t, still.run(time.Hour, serviced(1)))
	want(t, still.run(time.Hour, till(1, of(Device, 2)))) // it was told, and is so

	worse := play{now: noon}
	worse.run(time.Hour, till(1, of(FNTerm, 1)))
	want(t, worse.run(time.Hour, serviced(1, of(FNTerm, 3))))
	want(t, worse.run(time.Hour, till(1, of(FNTerm, 3))), "worse fn_term/till/t1 1")

	// It was well already, and would have been told so in a minute.
	calm := play{now: noon}
	calm.run(time.Hour, till(1, of(OFDLink, 1)))
	want(t, calm.run(2*time.Minute, till(1)))
	want(t, calm.run(time.Hour, serviced(1)))
	want(t, calm.run(time.Minute, till(1)), "ended ofd_link/till/t1 1")
}

// Of tills that share a cause the others go on: one that somebody works on for a month does not hold back that they are well, and is
// not said to be.
func TestDecide_servicedAmongOthers(t *testing.T) {
	p := play{now: noon}
	list := forty(of(OFDQueue, 1))
	want(t, p.run(time.Hour, list...), "began ofd_queue/operator/Такском 40")
	list = forty()
	list[7] = list[7].with(func(t *Till) { t.Serviced, t.Problems = true, []Problem{of(OFDQueue, 1)} })
	want(t, p.run(time.Hour, list...), "ended ofd_queue/operator/Такском 39")
	list[7].Serviced = false
	want(t, p.run(time.Hour, list...), "began ofd_queue/till/t8 1")

	// Nor does it count as one that does well, or as one of those that fail.
	few := play{now: noon}
	pair := []Till{
		till(1, of(Device, 2)).with(func(t *Till) { t.AgentID = "a" }),
		serviced(2, of(Device, 2)).with(func(t *Till) { t.AgentID = "a" }),
	}
	want(t, few.run(time.Hour, pair...), "began device/till/t1 1 !")
}

// How a command ended on such a till is told to nobody, later either.
func TestDecide_servicedOutcome(t *testing.T) {
	p := play{now: noon, outcomes: []Outcome{{ID: "command-1", TillID: "t1", Code: "failed", Failed: true}}}
	want(t, p.run(10*time.Minute, serviced(1)))
	want(t, p.run(time.Hour, till(1)))
}

// work puts the first till under maintenance; zero ends it.
func (w *world) work(until time.Duration) {
	w.t.Helper()
	var at time.Time
	if until > 0 {
		at = w.now.Add(until)
	}
	if _, err := w.fleet.SetMaintenance(w.t.Context(), &access.Person{ID: "anna", Login: "anna"}, owner, []string{w.tillID(0)}, at, "замена ФН"); err != nil {
		w.t.Fatal(err)
	}
}

// From what an agent says to a letter, with a cabinet that starts again in the middle: one letter when it is over, one when it is well.
func TestNotify_maintenance(t *testing.T) {
	const bad, well = "Касса 0 (Магазин 0): в кассе нет бумаги", "Касса 0 (Магазин 0): бумага снова есть"
	for name, end := range map[string]func(w *world){
		"by its time": func(w *world) { w.pass(3 * time.Hour) },
		"by hand":     func(w *world) { w.work(0) },
	} {
		t.Run(name, func(t *testing.T) {
			both(t, 2, func(t *testing.T, w *world) {
				w.work(4 * time.Hour)
				declare("no_paper", critical)(w)
				w.settle()
				want(t, w.mail.take())
				w.start()
				w.settle()
				want(t, w.mail.take())
				end(w)
				w.settle()
				w.start()
				w.settle()
				want(t, w.mail.take(), bad)
				w.shops[0].state.Problems = nil
				w.settle()
				want(t, w.mail.take(), well)
			})
		})
	}
	// Of what was told before it began «well again» comes when it is over; of what came and went meanwhile nothing.
	both(t, 2, func(t *testing.T, w *world) {
		declare("no_paper", critical)(w)
		w.settle()
		want(t, w.mail.take(), bad)
		w.work(4 * time.Hour)
		declare("fn_blocked", critical)(w)
		w.settle()
		w.start()
		w.shops[0].state.Problems = nil
		w.settle()
		if diff := cmp.Diff([]string(nil), w.mail.take()); diff != "" {
			t.Error("while somebody works on it: ", diff)
		}
		w.work(0)
		w.settle()
		want(t, w.mail.take(), well)
	})
}
