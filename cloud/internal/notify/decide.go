package notify

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/light"
)

// Till is a till as it is now.
type Till struct {
	ID, Name, OutletID, Outlet string
	// AgentID and Host, Operator, and Model with firmware are what it may share with others; empty when not known.
	AgentID, Host, Operator, Model string
	// Known says that the agent speaks of now; of what does not go on by the calendar nothing is known otherwise.
	Known bool
	// Open says that the shop works now.
	Open bool
	// Serviced says that somebody works on it: meanwhile nothing of it is told, and what was told of it stays as it was.
	Serviced bool
	Problems []Problem
}

// Member is a till of a cause.
type Member struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	OutletID string `json:"outlet_id"`
	Outlet   string `json:"outlet"`
	// Bad says that it has the problem, as far as is known.
	Bad bool `json:"bad"`
	// Began is when it was first seen.
	Began time.Time `json:"began"`
}

// Cause is one thing that is wrong, while it lasts and for a day after.
type Cause struct {
	ID    string `json:"-"`
	Event Event  `json:"-"`
	// Common is what its tills share, Value which one of it, Name how it is called.
	Common Common `json:"common"`
	Value  string `json:"value"`
	Name   string `json:"name"`
	// Code and Args are of the worst of its tills; Step is the worst that was told, Red whether it is red.
	Code string `json:"code"`
	// Said is the code that was told last: what is well again is that, whatever came after it.
	Said  string            `json:"said,omitempty"`
	Args  map[string]string `json:"-"`
	Step  int               `json:"step"`
	Red   bool              `json:"red"`
	Tills []Member          `json:"tills"`
	// Each is what each till has now.
	Each map[string]Problem `json:"-"`
	// Again counts how often it came back within a day.
	Again int `json:"again,omitempty"`
	// Began, Told and Ended are zero when they have not come; Well is since when none of its tills is bad.
	Began time.Time `json:"-"`
	Told  time.Time `json:"-"`
	Ended time.Time `json:"-"`
	Well  time.Time `json:"well,omitzero"`
}

// Key names a cause: the same thing that comes back has the same one.
func (c *Cause) Key() string { return string(c.Event) + "/" + string(c.Common) + "/" + c.Value }

// NoticeKind is what a notice says of its cause.
type NoticeKind int

// Kinds of notices.
const (
	Began NoticeKind = iota + 1
	Worse
	Ended
)

// Notice is something to be told.
type Notice struct {
	Cause *Cause
	Kind  NoticeKind
	// Urgent passes through quiet hours.
	Urgent bool
}

// Outcome is something that happened to a till once: a command that ended.
type Outcome struct {
	// ID is its own; it is told once.
	ID, TillID string
	Code       string
	// Failed says that it did not help.
	Failed bool
	Args   map[string]string
}

// Input is what a decision is made of.
type Input struct {
	Now   time.Time
	Tills []Till
	// Open are the causes that last, Late those that ended within the last day.
	Open, Late []Cause
	Outcomes   []Outcome
	// Missing are document numbers that never came.
	Missing []Missing
	// NewID makes ids of causes.
	NewID func() string
}

// Output is what was decided.
type Output struct {
	// Causes are to be written, Gone to be forgotten: they went before they were told.
	Causes []*Cause
	Gone   []string
	// Notices are to be told, in order.
	Notices []Notice
}

// mostCalm bounds how long a cause that comes and goes has to be well.
const mostCalm = 6 * time.Hour

// Decide says what to tell.
func Decide(in Input) Output {
	d := decision{in: in, tills: map[string]*Till{}, bad: map[Event]map[string]Problem{}}
	for i := range in.Tills {
		t := &in.Tills[i]
		d.tills[t.ID] = t
		if t.Serviced {
			continue
		}
		d.heard = append(d.heard, *t)
		for _, p := range t.Problems {
			of := d.bad[p.Event]
			if of == nil {
				of = map[string]Problem{}
				d.bad[p.Event] = of
			}
			if was, ok := of[t.ID]; !ok || p.Step > was.Step {
				of[t.ID] = p
			}
		}
	}
	for _, k := range kinds {
		if k.event == Gap {
			d.gaps(k)
		} else {
			d.event(k)
		}
	}
	d.outcomes()
	return d.out
}

type decision struct {
	in    Input
	tills map[string]*Till
	// heard are the tills that something may be told of.
	heard []Till
	bad   map[Event]map[string]Problem
	out   Output
}

// event decides about one event.
func (d *decision) event(k kind) {
	bad := d.bad[k.event]
	began := map[string]time.Time{} // since when each till that was not told has it
	ids := map[string]string{}      // ids of causes that were not told, by key
	covered := map[string]bool{}
	var told []*Cause
	for i := range d.in.Open {
		c := &d.in.Open[i]
		if c.Event != k.event {
			continue
		}
		d.refresh(k, c, bad)
		if !c.Told.IsZero() {
			told = append(told, c)
			continue
		}
		ids[c.Key()] = c.ID
		for _, m := range c.Tills {
			if at, ok := began[m.ID]; m.Bad && (!ok || m.Began.Before(at)) {
				began[m.ID] = m.Began
			}
		}
	}
	// What was told of many takes in who comes later; what was told of one till covers that till.
	for _, c := range told {
		for _, id := range slices.Sorted(maps.Keys(bad)) {
			t := d.tills[id]
			if has := slices.ContainsFunc(c.Tills, func(m Member) bool { return m.ID == id }); has {
				covered[id] = true
			} else if c.Common != ByTill && share(t, c.Common) == c.Value && !covered[id] && bad[id].Step > 0 {
				c.Tills = append(c.Tills, memberOf(t, d.in.Now))
				covered[id] = true
			}
		}
	}
	fresh, near := map[string]bool{}, map[string]bool{}
	for id, p := range bad {
		switch {
		case covered[id]:
		case p.Step > 0:
			fresh[id] = true
		default:
			near[id] = true
		}
	}
	// A till told by itself still counts when others join it in something they share.
	single := map[string]*Cause{}
	for _, c := range told {
		if c.Common == ByTill && len(c.Tills) == 1 && c.Tills[0].Bad {
			single[c.Value] = c
		}
	}
	for _, g := range group(k, d.heard, fresh, near, single) {
		c := &Cause{ID: ids[string(k.event)+"/"+string(g.common)+"/"+g.value], Event: k.event, Common: g.common, Value: g.value, Name: g.name, Began: d.in.Now}
		if c.ID == "" {
			c.ID = d.in.NewID()
		}
		delete(ids, c.Key())
		for _, id := range g.tills {
			m := memberOf(d.tills[id], d.in.Now)
			if at, ok := began[id]; ok {
				m.Began = at
			}
			if fresh[id] && m.Began.Before(c.Began) {
				c.Began = m.Began
			}
			c.Tills = append(c.Tills, m)
		}
		c.Again = d.again(c)
		d.refresh(k, c, bad)
		d.begin(k, c)
		for _, id := range g.tills {
			if s := single[id]; s != nil && !c.Told.IsZero() && s.Ended.IsZero() {
				s.Ended = d.in.Now // goes on as part of the greater cause
				d.out.Causes = append(d.out.Causes, s)
			}
		}
	}
	d.out.Gone = append(d.out.Gone, slices.Sorted(maps.Values(ids))...)
	for _, c := range told {
		if c.Ended.IsZero() {
			d.goOn(k, c)
		}
	}
}

func memberOf(t *Till, now time.Time) Member {
	return Member{ID: t.ID, Name: t.Name, OutletID: t.OutletID, Outlet: t.Outlet, Bad: true, Began: now}
}

// refresh says of each till of a cause how it is now, and takes the worst for the cause's own.
func (d *decision) refresh(k kind, c *Cause, bad map[string]Problem) {
	c.Each = map[string]Problem{}
	for i := range c.Tills {
		m := &c.Tills[i]
		t := d.tills[m.ID]
		p, has := bad[m.ID]
		switch {
		case has:
			m.Bad, m.Name, m.OutletID, m.Outlet = true, t.Name, t.OutletID, t.Outlet
			c.Each[m.ID] = p
		case t != nil && t.Serviced:
		case t == nil || t.Known || k.calendar: // taken away, or well
			m.Bad = false
		}
	}
	if worst := worstOf(c.Tills, c.Each); worst.Step > 0 {
		c.Code, c.Args, c.Red = worst.Code, worst.Args, worst.Red
	}
}

// worstOf gives the worst of what tills have; no step when they have nothing.
func worstOf(tills []Member, each map[string]Problem) (worst Problem) {
	for _, m := range tills {
		if p := each[m.ID]; p.Step > worst.Step || p.Step == worst.Step && p.Step > 0 && p.Code < worst.Code {
			worst = p
		}
	}
	return worst
}

// serviced tells whether somebody works on a till of a cause.
func (d *decision) serviced(m Member) bool {
	t := d.tills[m.ID]
	return t != nil && t.Serviced
}

// stays tells whether a till of a cause has its problem, of those that something may be told of.
func (d *decision) stays(m Member) bool { return m.Bad && !d.serviced(m) }

// step is the worst step of the cause's tills now.
func (d *decision) step(c *Cause) (step int) {
	for _, m := range c.Tills {
		if p, ok := d.bad[c.Event][m.ID]; ok {
			step = max(step, p.Step)
		}
	}
	return step
}

// open tells whether anybody is there who cares: a shop of the cause works now, or none of its tills is known any more.
func (d *decision) open(k kind, c *Cause) bool {
	if k.always {
		return true
	}
	closed := false
	for _, m := range c.Tills {
		if t := d.tills[m.ID]; t != nil {
			if t.Open && !t.Serviced {
				return true
			}
			closed = true
		}
	}
	return !closed
}

// begin tells a new cause when it has lasted.
func (d *decision) begin(k kind, c *Cause) {
	if d.in.Now.Sub(c.Began) >= k.delay && d.open(k, c) {
		c.Told, c.Step = d.in.Now, d.step(c)
		d.tell(k, c, Began)
	}
	d.out.Causes = append(d.out.Causes, c)
}

// goOn follows a cause that was told. While somebody works on all of its tills it stays as it was; while they work on some, the others
// decide, and those are not told to be well.
func (d *decision) goOn(k kind, c *Cause) {
	switch step := d.step(c); {
	case len(c.Tills) > 0 && !slices.ContainsFunc(c.Tills, func(m Member) bool { return !d.serviced(m) }):
	case slices.ContainsFunc(c.Tills, d.stays):
		c.Well = time.Time{}
		if step > c.Step && d.open(k, c) {
			c.Step = step
			d.tell(k, c, Worse)
		}
	case c.Well.IsZero() && d.calm(k, c) > 0:
		c.Well = d.in.Now
	case d.in.Now.Sub(cmp.Or(c.Well, d.in.Now)) >= d.calm(k, c) && d.open(k, c):
		c.Ended = d.in.Now
		d.tell(k, c, Ended)
	}
	d.out.Causes = append(d.out.Causes, c)
}

// calm is how long a cause has to be well: longer each time it comes back.
func (d *decision) calm(k kind, c *Cause) time.Duration {
	calm := k.calm
	for range c.Again {
		if calm = max(2*calm, 10*minute); calm >= mostCalm {
			return mostCalm
		}
	}
	return calm
}

// again counts how often the same was told and ended within a day.
func (d *decision) again(c *Cause) int {
	n := 0
	for i := range d.in.Late {
		if l := &d.in.Late[i]; l.Key() == c.Key() && !l.Told.IsZero() && d.in.Now.Sub(l.Ended) < day {
			n++
		}
	}
	return n
}

func (d *decision) tell(k kind, c *Cause, what NoticeKind) {
	if what != Ended {
		c.Said = c.Code
	}
	d.out.Notices = append(d.out.Notices, Notice{Cause: c, Kind: what, Urgent: what != Ended && k.urgent && c.Red})
}

// outcomes tells each once: its cause begins and ends in one moment.
func (d *decision) outcomes() {
	known := map[string]bool{}
	for _, list := range [][]Cause{d.in.Open, d.in.Late} {
		for i := range list {
			known[list[i].ID] = true
		}
	}
	for _, o := range d.in.Outcomes {
		t := d.tills[o.TillID]
		if known[o.ID] || t == nil {
			continue
		}
		m := memberOf(t, d.in.Now)
		m.Bad = o.Failed
		c := &Cause{
			ID: o.ID, Event: Recovery, Common: ByTill, Value: t.ID, Name: t.Name, Code: o.Code, Args: o.Args, Step: 1, Red: o.Failed, Tills: []Member{m},
			Began: d.in.Now, Told: d.in.Now, Ended: d.in.Now,
		}
		d.out.Causes = append(d.out.Causes, c)
		if t.Serviced { // who works on it knows, and nobody else has to, later either
			c.Told = time.Time{}
			continue
		}
		d.out.Notices = append(d.out.Notices, Notice{Cause: c, Kind: Began, Urgent: o.Failed})
	}
}

// Problems are what is wrong with a till by the traffic light, and what is half way to it.
func Problems(reasons []light.Cell, near []light.Metric) (list []Problem) {
	for _, m := range near {
		if e := ofRule[m]; e == Silence || e == OFDQueue {
			list = append(list, Problem{Event: e, Code: string(m)})
		}
	}
	for _, c := range reasons {
		if p, ok := problem(c); ok {
			list = append(list, p)
		}
	}
	return list
}
