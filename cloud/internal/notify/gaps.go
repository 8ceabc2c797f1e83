package notify

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Missing is a row of document numbers of a fiscal memory that never came, although later ones did.
type Missing struct {
	FN, TillID  string
	First, Last uint32
}

// gapsEvery is how often missing numbers are looked for: every document is looked at, and what is told has been so for an hour.
const gapsEvery = 15 * time.Minute

// byMemory is what a gap is named after; nothing is shared by tills.
const byMemory Common = "memory"

// value names a gap in its cause.
func (m Missing) value() string { return fmt.Sprintf("%s/%d-%d", m.FN, m.First, m.Last) }

// numbers are as people read them.
func (m Missing) numbers() string {
	if m.First == m.Last {
		return strconv.FormatUint(uint64(m.First), 10)
	}
	return fmt.Sprintf("%d–%d", m.First, m.Last)
}

// args are the values of its texts.
func (m Missing) args() map[string]string { return map[string]string{"fn": m.FN, "fd": m.numbers()} }

// missingOf reads the value of a cause; false when it is none of a gap.
func missingOf(value string) (m Missing, ok bool) {
	fn, numbers, _ := strings.Cut(value, "/")
	first, last, ok := strings.Cut(numbers, "-")
	a, err := strconv.ParseUint(first, 10, 32)
	b, err2 := strconv.ParseUint(last, 10, 32)
	return Missing{FN: fn, First: uint32(a), Last: uint32(b)}, ok && err == nil && err2 == nil
}

// meets tells whether a number is missing in both.
func (m Missing) meets(o Missing) bool { return m.FN == o.FN && m.First <= o.Last && o.First <= m.Last }

// gaps decides about missing numbers: each row of them is a cause of its own, which ends when the last of it has come. What is
// left of one when some have come is still the same cause.
func (d *decision) gaps(k kind) {
	told := make([]bool, len(d.in.Missing))
	for i := range d.in.Open {
		c := &d.in.Open[i]
		if c.Event != k.event {
			continue
		}
		gap, ok := missingOf(c.Value)
		c.Code, c.Args = string(k.event), gap.args()
		still := false
		for j, m := range d.in.Missing {
			if ok && m.meets(gap) {
				still, told[j] = true, true
			}
		}
		for j := range c.Tills {
			c.Tills[j].Bad = still
		}
		d.gap(k, c, still)
	}
	for j, m := range d.in.Missing {
		if t := d.tills[m.TillID]; t != nil && !told[j] {
			c := &Cause{
				ID: d.in.NewID(), Event: k.event, Common: byMemory, Value: m.value(), Name: t.Name, Code: string(k.event), Args: m.args(), Step: 1,
				Tills: []Member{memberOf(t, d.in.Now)}, Began: d.in.Now,
			}
			d.gap(k, c, true)
		}
	}
}

// gap follows one.
func (d *decision) gap(k kind, c *Cause, still bool) {
	quiet := len(c.Tills) > 0 && d.serviced(c.Tills[0]) || !d.open(k, c)
	switch {
	case c.Told.IsZero() && !still:
		d.out.Gone = append(d.out.Gone, c.ID)
		return
	case c.Told.IsZero():
		if !quiet && d.in.Now.Sub(c.Began) >= k.delay {
			c.Told = d.in.Now
			d.tell(k, c, Began)
		}
	case !still && !quiet:
		c.Ended = d.in.Now
		d.tell(k, c, Ended)
	}
	d.out.Causes = append(d.out.Causes, c)
}

// missing gives what is missing in an organisation, looked for now and then.
func (n *Notify) missing(ctx context.Context, organisation string, now time.Time) ([]Missing, error) {
	if n.Missing == nil {
		return nil, nil
	}
	last, known := n.gaps[organisation]
	if known && now.Sub(last.at) < gapsEvery {
		return last.list, nil
	}
	list, err := n.Missing(ctx, organisation)
	if err != nil {
		return nil, fmt.Errorf("look for missing documents: %w", err)
	}
	n.gaps[organisation] = gapsAt{now, list}
	return list, nil
}

// gapsAt is what was missing at a time.
type gapsAt struct {
	at   time.Time
	list []Missing
}
