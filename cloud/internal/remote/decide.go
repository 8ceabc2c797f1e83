package remote

import (
	"time"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// subject is a till of a work as decisions see it.
type subject struct {
	state cabinetv1.WorkTillState
	given time.Time
}

// Why a work stopped by its own criteria.
const (
	whyFailures = "failures"
	whyPercent  = "percent"
)

// step is what happens to a work next.
type step struct {
	// stop is why it stops; empty when it does not.
	stop string
	// done says that every till is through.
	done bool
	// give is how many tills are given their command now, of those that wait and in their order.
	give int
}

const (
	waiting   = cabinetv1.WorkTillState_WORK_TILL_STATE_WAITING
	given     = cabinetv1.WorkTillState_WORK_TILL_STATE_GIVEN
	wentWell  = cabinetv1.WorkTillState_WORK_TILL_STATE_DONE
	failed    = cabinetv1.WorkTillState_WORK_TILL_STATE_FAILED
	expired   = cabinetv1.WorkTillState_WORK_TILL_STATE_EXPIRED
	refused   = cabinetv1.WorkTillState_WORK_TILL_STATE_REFUSED
	cancelled = cabinetv1.WorkTillState_WORK_TILL_STATE_CANCELLED
)

// decide says what a running work does now. forgiven is how many failures a person has seen when they had it go on. The rate is kept
// over a minute and spread in it, so that ten a minute is one every six seconds and no burst follows a pause.
func decide(order *cabinetv1.WorkOrder, tills []subject, forgiven int, now time.Time) step {
	var waits, open, ended, bad, lately int
	var last time.Time
	for _, t := range tills {
		switch t.state {
		case waiting:
			waits++
		case given:
			open++
		case wentWell:
			ended++
		case failed, expired:
			ended++
			bad++
		case refused, cancelled, cabinetv1.WorkTillState_WORK_TILL_STATE_UNSPECIFIED: // nothing was done there
		}
		if !t.given.IsZero() {
			if now.Sub(t.given) < time.Minute {
				lately++
			}
			if t.given.After(last) {
				last = t.given
			}
		}
	}
	if waits > 0 { // what is left is what the criteria are for
		if why := stops(order, ended, bad, forgiven); why != "" {
			return step{stop: why}
		}
	}
	if waits == 0 {
		return step{done: open == 0}
	}
	rate := perMinute(order)
	n := 1
	if !last.IsZero() {
		n = int(now.Sub(last) / (time.Minute / time.Duration(rate)))
	}
	burst := max((rate+59)/60, 1)
	return step{give: max(min(n, burst, rate-lately, waits), 0)}
}

// stops says why a work has to stop; empty when it has not.
func stops(order *cabinetv1.WorkOrder, ended, bad, forgiven int) string {
	fresh := bad - forgiven
	if n := int(order.GetStopFailures()); n > 0 && fresh >= n {
		return whyFailures
	}
	percent := int(order.GetStopPercent())
	if percent > 0 && fresh > 0 && ended >= max(int(order.GetStopAfter()), 1) && bad*100 >= percent*ended {
		return whyPercent
	}
	return ""
}

func perMinute(order *cabinetv1.WorkOrder) int {
	if order.GetPerMinute() == 0 {
		return usualRate
	}
	return int(order.GetPerMinute())
}

// after is the state a work is in after a person's change; false when it cannot be made.
func after(state cabinetv1.WorkState, change cabinetv1.WorkChange) (cabinetv1.WorkState, bool) {
	const (
		runs    = cabinetv1.WorkState_WORK_STATE_RUNNING
		rests   = cabinetv1.WorkState_WORK_STATE_PAUSED
		stopped = cabinetv1.WorkState_WORK_STATE_STOPPED
		off     = cabinetv1.WorkState_WORK_STATE_CANCELLED
	)
	open := state == runs || state == rests || state == stopped
	switch change {
	case cabinetv1.WorkChange_WORK_CHANGE_PAUSE:
		return rests, state == runs || state == rests
	case cabinetv1.WorkChange_WORK_CHANGE_RESUME:
		return runs, open
	case cabinetv1.WorkChange_WORK_CHANGE_CANCEL:
		return off, open || state == off
	case cabinetv1.WorkChange_WORK_CHANGE_UNSPECIFIED:
	}
	return state, false
}

// stands is where a till is when its command is where it is.
func stands(state cabinetv1.WorkTillState, command cabinetv1.CommandState) cabinetv1.WorkTillState {
	if state != given {
		return state
	}
	switch command {
	case cabinetv1.CommandState_COMMAND_STATE_DONE:
		return wentWell
	case cabinetv1.CommandState_COMMAND_STATE_FAILED:
		return failed
	case cabinetv1.CommandState_COMMAND_STATE_EXPIRED:
		return expired
	case cabinetv1.CommandState_COMMAND_STATE_UNSPECIFIED, cabinetv1.CommandState_COMMAND_STATE_QUEUED,
		cabinetv1.CommandState_COMMAND_STATE_DELIVERED, cabinetv1.CommandState_COMMAND_STATE_RUNNING:
	}
	return given
}

// count adds up.
func count(states []cabinetv1.WorkTillState) *cabinetv1.WorkCounts {
	c := new(cabinetv1.WorkCounts)
	for _, s := range states {
		c.All++
		switch s {
		case waiting:
			c.Waiting++
		case given:
			c.Given++
		case wentWell:
			c.Done++
		case failed:
			c.Failed++
		case expired:
			c.Expired++
		case refused:
			c.Refused++
		case cancelled:
			c.Cancelled++
		case cabinetv1.WorkTillState_WORK_TILL_STATE_UNSPECIFIED:
		}
	}
	return c
}
