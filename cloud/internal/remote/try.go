package remote

import (
	"cmp"
	"slices"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// How a firing is known.
const (
	byProblem = "problem"
	byCommand = "command"
	byShift   = "shift"
)

// Limits of what an agent does by itself; package policy of the agent keeps them.
const (
	coolDown = 10 * time.Minute
	perDay   = 6
)

// stretch is a time for which a till had a problem; end is zero while it stands.
type stretch struct {
	code       string
	begin, end time.Time
}

// deed is a command that ended well and that a person gave.
type deed struct {
	action fiscalv1.Action
	at     time.Time
}

// shiftTime is a shift by the till's own clock; closed is zero while it is open.
type shiftTime struct{ opened, closed time.Time }

// past is what the cabinet has kept of a till, for the time a rule is tried on.
type past struct {
	problems []stretch
	deeds    []deed
	shifts   []shiftTime
	// busy tells whether a document was made in a time, by the till's own clock.
	busy func(from, to time.Time) bool
}

// firing is a moment at which a rule would have acted.
type firing struct {
	at     time.Time
	by     string
	lasted time.Duration
}

// mends are the problems a rule is for, and the action with which people do the same by hand.
var mends = map[string]struct {
	codes  []string
	action fiscalv1.Action
}{
	RuleFinishPrint: {[]string{"continue"}, fiscalv1.Action_ACTION_FINISH_PRINT},
	RuleReopenPort:  {[]string{"offline", "gone", "link"}, fiscalv1.Action_ACTION_REOPEN_PORT},
	RuleSyncClock:   {[]string{"clock_skew"}, fiscalv1.Action_ACTION_SYNC_CLOCK},
	RuleCloseShift:  {nil, fiscalv1.Action_ACTION_CLOSE_SHIFT},
}

// try says when a rule would have acted on one till between two times: on what problems lasted, on what people did by hand, and for
// the closing of shifts on the shifts themselves. It keeps the limits an agent keeps.
func try(name string, s Setting, p past, since, now time.Time) []firing {
	var list []firing
	for _, x := range p.problems {
		if !slices.Contains(mends[name].codes, x.code) {
			continue
		}
		at := x.begin
		if name == RuleReopenPort {
			at = at.Add(time.Duration(s.IdleMinutes) * time.Minute)
		}
		end := x.end
		if end.IsZero() {
			end = now
		}
		if at.Before(since) || !at.Before(end) { // over before the rule's turn
			continue
		}
		list = append(list, firing{at, byProblem, end.Sub(at)})
	}
	if name == RuleCloseShift {
		list = append(list, tryClosing(s, p, since, now)...)
	} else {
		for _, d := range p.deeds {
			if d.action == mends[name].action && !d.at.Before(since) {
				list = append(list, firing{d.at, byCommand, 0})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b firing) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(b.by, a.by)) })
	return limitedTo(list)
}

// tryClosing looks at each evening of each shift; a shift is closed once.
func tryClosing(s Setting, p past, since, now time.Time) (list []firing) {
	for _, shift := range p.shifts {
		first := shift.opened
		if first.Before(since) {
			first = since
		}
		day := time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, time.UTC)
		for ; day.Before(now); day = day.AddDate(0, 0, 1) {
			at := day.Add(time.Duration(s.AtMinute) * time.Minute)
			if at.Before(first) {
				continue
			}
			if at.After(now) || !shift.closed.IsZero() && !shift.closed.After(at) {
				break
			}
			if p.busy(at.Add(-time.Duration(s.IdleMinutes)*time.Minute), at) {
				continue
			}
			f := firing{at: at, by: byShift}
			if !shift.closed.IsZero() {
				f.lasted = shift.closed.Sub(at)
			}
			list = append(list, f)
			break
		}
	}
	return list
}

// limitedTo leaves out what the cool-down and the day's bound would have kept an agent from.
func limitedTo(list []firing) (kept []firing) {
	for _, f := range list {
		lately := 0
		near := false
		for _, k := range kept {
			near = near || f.at.Sub(k.at) < coolDown
			if f.at.Sub(k.at) < 24*time.Hour {
				lately++
			}
		}
		if !near && lately < perDay {
			kept = append(kept, f)
		}
	}
	return kept
}
