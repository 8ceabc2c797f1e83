package notify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// play runs decisions over a clock: each keeps what the one before has written, as the database does.
type play struct {
	now        time.Time
	open, late []Cause
	ids        int
	told       []string
	outcomes   []Outcome
	missing    []Missing
}

// look decides once and gives what was told.
func (p *play) look(tills ...Till) (told []string) {
	out := Decide(Input{Now: p.now, Tills: tills, Open: p.open, Late: p.late, Outcomes: p.outcomes, Missing: p.missing, NewID: func() string { p.ids++; return fmt.Sprint("c", p.ids) }})
	kept := map[string]*Cause{}
	for _, c := range out.Causes {
		kept[c.ID] = c
	}
	var open []Cause
	seen := map[string]bool{}
	for _, list := range [][]Cause{p.open, p.late} {
		for _, c := range list {
			if k := kept[c.ID]; k != nil {
				c = *k
			}
			seen[c.ID] = true
			gone := false
			for _, id := range out.Gone {
				gone = gone || id == c.ID
			}
			if !gone {
				open = append(open, c)
			}
		}
	}
	for _, c := range out.Causes {
		if !seen[c.ID] {
			open = append(open, *c)
		}
	}
	p.open, p.late = nil, nil
	for _, c := range open {
		switch {
		case c.Ended.IsZero():
			p.open = append(p.open, c)
		case p.now.Sub(c.Ended) < day:
			p.late = append(p.late, c)
		}
	}
	for _, n := range out.Notices {
		s := storyOf(n)
		word := kindNames[n.Kind] + " " + n.Cause.Key() + fmt.Sprintf(" %d", len(s.Tills))
		if n.Urgent {
			word += " !"
		}
		told = append(told, word)
	}
	p.told = append(p.told, told...)
	return told
}

// run looks every minute for a while.
func (p *play) run(d time.Duration, tills ...Till) (told []string) {
	for end := p.now.Add(d); p.now.Before(end); {
		p.now = p.now.Add(time.Minute)
		told = append(told, p.look(tills...)...)
	}
	return told
}

func till(n int, problems ...Problem) Till {
	return Till{
		ID: fmt.Sprint("t", n), Name: fmt.Sprint("Касса ", n), OutletID: fmt.Sprint("o", n), Outlet: fmt.Sprint("Магазин ", n), AgentID: fmt.Sprint("a", n),
		Host: fmt.Sprint("PC", n), Operator: fmt.Sprint("ОФД ", n), Model: fmt.Sprint("M", n), Known: true, Open: true, Problems: problems,
	}
}

func (t Till) with(change func(*Till)) Till { change(&t); return t }

func of(e Event, step int) Problem {
	return Problem{Event: e, Code: string(e), Step: step, Red: step > 1}
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Every event: told once however long it lasts, ended once, and nothing of it while the shop is closed unless it is told always.
func TestDecide_every(t *testing.T) {
	for _, k := range kinds {
		if k.event == Gap { // of a memory, not of a till's state: TestDecide_gap
			continue
		}
		t.Run(string(k.event), func(t *testing.T) {
			key := string(k.event) + "/till/t1 1"
			if k.whole {
				key = string(k.event) + "/agent/a1 1"
			}
			p := play{now: noon}
			if k.delay > 0 {
				want(t, p.look(till(1, of(k.event, 1))))
			}
			want(t, p.run(3*time.Hour, till(1, of(k.event, 1))), "began "+key)
			ends := p.run(3*time.Hour, till(1))
			want(t, ends, "ended "+key)
			want(t, p.run(time.Hour, till(1)))

			night := play{now: noon}
			closed := till(1, of(k.event, 1)).with(func(t *Till) { t.Open = false })
			if got := night.run(12*time.Hour, closed); k.always != (len(got) == 1) {
				t.Errorf("while closed: %q", got)
			}
			if k.always {
				return
			}
			want(t, night.run(time.Hour, till(1, of(k.event, 1))), "began "+key)
		})
	}
	if len(kinds) != 18 {
		t.Errorf("%d events: say in docs/notifications.md what the new one is", len(kinds))
	}
}

// What is gone before its time was never news.
func TestDecide_short(t *testing.T) {
	p := play{now: noon}
	want(t, p.run(2*time.Minute, till(1, of(Device, 2))))
	want(t, p.run(time.Hour, till(1)))
	if len(p.open) != 0 {
		t.Errorf("left behind: %+v", p.open)
	}
}

func TestDecide_worse(t *testing.T) {
	p := play{now: noon}
	want(t, p.run(time.Hour, till(1, of(FNTerm, 1))), "began fn_term/till/t1 1")
	want(t, p.run(time.Hour, till(1, of(FNTerm, 2))), "worse fn_term/till/t1 1")
	want(t, p.run(time.Hour, till(1, of(FNTerm, 3))), "worse fn_term/till/t1 1")
	want(t, p.run(time.Hour, till(1, of(FNTerm, 2))))
	want(t, p.run(time.Hour, till(1, of(FNTerm, 3))))
	want(t, p.run(time.Hour, till(1, of(FNTerm, 4))), "worse fn_term/till/t1 1")
}

// A silent agent says nothing of its paper, so the cause neither ends nor comes again.
func TestDecide_unknown(t *testing.T) {
	p := play{now: noon}
	p.run(time.Hour, till(1, of(Device, 2)))
	silent := till(1).with(func(t *Till) { t.Known = false })
	want(t, p.run(10*time.Hour, silent))
	want(t, p.run(time.Hour, till(1, of(Device, 2))))
	want(t, p.run(time.Hour, till(1)), "ended device/till/t1 1")
}

// A till that was taken away has no problem any more.
func TestDecide_taken(t *testing.T) {
	p := play{now: noon}
	p.run(time.Hour, till(1, of(Device, 2)), till(2))
	want(t, p.run(time.Hour, till(2)), "ended device/till/t1 1")
}

// What comes and goes is told ever more seldom.
func TestDecide_flicker(t *testing.T) {
	p := play{now: noon}
	for range 24 * 6 { // a day of five minutes bad, five minutes well
		p.run(5*time.Minute, till(1, of(Device, 2)))
		p.run(5*time.Minute, till(1))
	}
	if len(p.told) > 4 {
		t.Errorf("told %d times: %q", len(p.told), p.told)
	}
	// Half an hour bad, half an hour well: the pauses grow until they are longer.
	slow := play{now: noon}
	for range 24 {
		slow.run(30*time.Minute, till(1, of(Device, 2)))
		slow.run(30*time.Minute, till(1))
	}
	if len(slow.told) > 8 {
		t.Errorf("told %d times: %q", len(slow.told), slow.told)
	}
}

// forty are tills in twenty outlets that share an operator, each on a computer of its own.
func forty(problems ...Problem) (list []Till) {
	for i := range 40 {
		list = append(list, till(i+1, problems...).with(func(t *Till) {
			t.OutletID, t.Outlet, t.Operator = fmt.Sprint("o", i/2), fmt.Sprint("Магазин ", i/2), "Такском"
		}))
	}
	return list
}

func TestDecide_fortyOfOneOperator(t *testing.T) {
	for _, e := range []Event{Silence, OFDQueue, OFDLink, OFDContract} {
		p := play{now: noon}
		others := []Till{till(101), till(102, of(e, 1))}
		want(t, p.run(2*time.Hour, append(forty(of(e, 1)), others...)...), "began "+string(e)+"/operator/Такском 40", "began "+string(e)+"/till/t102 1")
		want(t, p.run(2*time.Hour, append(forty(), others...)...), "ended "+string(e)+"/operator/Такском 40")
	}
}

// They do not come to the limit in the same minute: those half way there say whose cause it is, and the others come into it.
func TestDecide_oneAfterAnother(t *testing.T) {
	p := play{now: noon}
	for n := 0; n <= 40; n++ {
		tills := forty(of(OFDQueue, 1))
		for i := n; i < 40; i++ {
			tills[i].Problems = []Problem{of(OFDQueue, 0)}
		}
		p.run(7*time.Minute, tills...)
	}
	p.run(time.Hour, forty(of(OFDQueue, 1))...)
	want(t, p.told, "began ofd_queue/operator/Такском 40")
	p.told = nil
	want(t, p.run(time.Hour, forty(of(OFDQueue, 0))...))
	want(t, p.run(time.Hour, forty()...), "ended ofd_queue/operator/Такском 40")
}

// Half way is no news by itself.
func TestDecide_near(t *testing.T) {
	p := play{now: noon}
	want(t, p.run(time.Hour, forty(of(Silence, 0))...))
	want(t, p.run(time.Hour, till(1, of(Silence, 0))))
}

// One that was told by itself becomes part of the greater cause, which alone is told to end.
func TestDecide_singleBecomesMany(t *testing.T) {
	p := play{now: noon}
	one := forty()
	one[0].Problems = []Problem{of(OFDQueue, 1)}
	want(t, p.run(time.Hour, one...), "began ofd_queue/till/t1 1")
	want(t, p.run(time.Hour, forty(of(OFDQueue, 1))...), "began ofd_queue/operator/Такском 40")
	want(t, p.run(time.Hour, forty()...), "ended ofd_queue/operator/Такском 40")
}

func TestGroup(t *testing.T) {
	outlet := func(t *Till) { t.OutletID, t.Outlet = "o", "Мира, 5" }
	agent := func(t *Till) { t.AgentID, t.Host, t.OutletID = "a", "KASSA-PC", "o" }
	model := func(t *Till) { t.Model = "ШТРИХ 1.0" }
	for _, c := range []struct {
		name  string
		tills []Till
		want  string
	}{
		{"agents of one outlet", []Till{till(1, of(AgentAway, 1)).with(outlet), till(2, of(AgentAway, 1)).with(outlet), till(3)}, "agent_away/outlet/o 2"},
		{"tills of one agent", []Till{till(1, of(AgentAway, 1)).with(agent), till(2, of(AgentAway, 1)).with(agent)}, "agent_away/agent/a 2"},
		{"devices of one agent", []Till{till(1, of(Device, 2)).with(agent), till(2, of(Device, 2)).with(agent), till(3)}, "device/agent/a 2"},
		{"one of two", []Till{till(1, of(Device, 2)).with(agent), till(2).with(agent)}, "device/till/t1 1"},
		{"a model with its firmware", []Till{
			till(1, of(Clock, 1)).with(model), till(2, of(Clock, 1)).with(model), till(3, of(Clock, 1)).with(model), till(4),
		}, "clock/model/ШТРИХ 1.0 3"},
		{"all there are are of one model", []Till{
			till(1, of(Clock, 1)).with(model), till(2, of(Clock, 1)).with(model), till(3, of(Clock, 1)).with(model),
		}, "clock/till/t1 1, clock/till/t2 1, clock/till/t3 1"},
		{"few of many of one operator", append(forty()[:37], forty(of(OFDQueue, 1))[37:]...), "ofd_queue/till/t38 1, ofd_queue/outlet/o19 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := play{now: noon}
			got := strings.ReplaceAll(strings.Join(p.run(2*time.Hour, c.tills...), ", "), "began ", "")
			got = strings.ReplaceAll(got, " !", "")
			parts := strings.Split(c.want, ", ")
			for _, part := range parts {
				if !strings.Contains(got, part) {
					t.Errorf("got %q, want %q", got, c.want)
				}
			}
			if n := strings.Count(got, "/") / 2; n != len(parts) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestDecide_outcomes(t *testing.T) {
	p := play{now: noon, outcomes: []Outcome{{ID: "command-1", TillID: "t1", Code: "failed", Failed: true}, {ID: "command-2", TillID: "t1", Code: "done"}, {ID: "command-3", TillID: "gone"}}}
	closed := till(1).with(func(t *Till) { t.Open = false })
	want(t, p.run(time.Hour, closed), "began recovery/till/t1 1 !", "began recovery/till/t1 1")
}

func TestDecide_urgent(t *testing.T) {
	p := play{now: noon}
	want(t, p.run(time.Hour, till(1, of(Device, 2), of(FNTerm, 4))), "began device/till/t1 1 !", "began fn_term/till/t1 1")
}
