package fleet

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chekan-io/chekan/cloud/internal/store"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// ErrConfirm says that the name typed is not the till's.
var ErrConfirm = errors.New("the name typed is not the till's")

// ErrReason says that the record needs to know why.
var ErrReason = errors.New("say why")

// harms is how much each action can do wrong. What is not here is harmless or needs a right of its own.
var harms = map[fiscalv1.Action]cabinetv1.Harm{
	fiscalv1.Action_ACTION_SYNC_CLOCK:    cabinetv1.Harm_HARM_PAUSE,
	fiscalv1.Action_ACTION_REOPEN_PORT:   cabinetv1.Harm_HARM_PAUSE,
	fiscalv1.Action_ACTION_RECOVER:       cabinetv1.Harm_HARM_PAUSE,
	fiscalv1.Action_ACTION_RESTART_AGENT: cabinetv1.Harm_HARM_PAUSE,
	fiscalv1.Action_ACTION_RESUME:        cabinetv1.Harm_HARM_PAUSE,
	fiscalv1.Action_ACTION_CLOSE_SHIFT:   cabinetv1.Harm_HARM_LASTING,
	fiscalv1.Action_ACTION_REBOOT:        cabinetv1.Harm_HARM_LASTING,
	fiscalv1.Action_ACTION_DECIDE:        cabinetv1.Harm_HARM_LASTING,
	fiscalv1.Action_ACTION_SUSPEND:       cabinetv1.Harm_HARM_LASTING,
	fiscalv1.Action_ACTION_CONFIGURE:     cabinetv1.Harm_HARM_LASTING,
}

// Demands says what has to go with an action on a till that stands as last reported.
func Demands(action fiscalv1.Action, state *fiscalv1.TillState) *cabinetv1.Demands {
	d := &cabinetv1.Demands{Harm: harms[action]}
	if d.GetHarm() == cabinetv1.Harm_HARM_UNSPECIFIED {
		d.Harm = cabinetv1.Harm_HARM_NONE
	}
	switch action { //nolint:exhaustive // the others demand nothing
	case fiscalv1.Action_ACTION_REBOOT, fiscalv1.Action_ACTION_SUSPEND:
		d.Reason, d.Confirm, d.Proof = true, true, true
	case fiscalv1.Action_ACTION_DECIDE:
		d.Reason, d.Proof = true, true // and the name of the till when there is to be no document
	case fiscalv1.Action_ACTION_CLOSE_SHIFT:
		d.Proof = state.GetUnfinished() > 0 || state.GetPaperOwed()
	}
	return d
}

// Words of what stands in an action's way, or may.
const (
	ObstacleNoAgent      = "no_agent"     // nobody could carry it out
	ObstacleTooOld       = "too_old"      // the agent does not know it
	ObstacleUnsupported  = "unsupported"  // the device cannot do it
	ObstacleShiftOpen    = "shift_open"   // the shift has to be closed first
	ObstacleShiftClosed  = "shift_closed" // the shift is closed already
	ObstacleUnfinished   = "unfinished"   // the fate of an operation is not known
	ObstaclePaper        = "paper"        // no paper, or the cover is open
	ObstacleSuspended    = "suspended"    // the till is suspended
	ObstacleNotSuspended = "not_suspended"
	ObstacleNothing      = "nothing"    // there is nothing to print, or to carry
	ObstacleAway         = "away"       // the agent is not here: it will wait
	ObstacleSilent       = "silent"     // the device does not answer
	ObstacleBusy         = "busy"       // another run goes on
	ObstacleSameAgent    = "same_agent" // asked of the agent by way of another till already
	ObstacleRight        = "right"      // whoever asked may not any more
)

// standing is what is known of a till when somebody asks what an action would come to.
type standing struct {
	held       bool // by an agent that is not revoked
	online     bool
	capability int64
	plans      bool // the agent told its plans
	planned    bool // and this action is among them
	state      *fiscalv1.TillState
}

// foresee says why an action would come to nothing on a till, or what may keep it waiting, as far as the cabinet knows. The agent
// looks again on the spot: this is what a person is told before, and what leaves a till out of a work.
func foresee(action fiscalv1.Action, s standing) (obstacle, doubt string) {
	if obstacle = inTheWay(action, s); obstacle != "" {
		return obstacle, ""
	}
	switch {
	case !s.online:
		return "", ObstacleAway
	case s.state.GetRecovering() && !ofAgent[action]:
		return "", ObstacleBusy
	case !s.state.GetOnline() && touchesDevice(action):
		return "", ObstacleSilent
	}
	return "", ""
}

func inTheWay(action fiscalv1.Action, s standing) string {
	switch {
	case !s.held:
		return ObstacleNoAgent
	case s.capability < needs(Order{Action: action}), s.plans && !s.planned:
		return ObstacleTooOld
	}
	t := s.state
	fresh := s.online && t.GetOnline() // what was read long ago says nothing of now
	paper := t.GetPaper() == fiscalv1.Paper_PAPER_OUT || t.GetPaper() == fiscalv1.Paper_PAPER_COVER
	switch action { //nolint:exhaustive // nothing stands in the way of the others
	case fiscalv1.Action_ACTION_RESUME:
		if fresh && t.GetSuspended() == nil {
			return ObstacleNotSuspended
		}
	case fiscalv1.Action_ACTION_SUSPEND:
		if t.GetSuspended() != nil {
			return ObstacleSuspended
		}
	case fiscalv1.Action_ACTION_SYNC_CLOCK:
		switch {
		case fresh && !able(t, "clock"):
			return ObstacleUnsupported
		case fresh && t.GetShiftOpen():
			return ObstacleShiftOpen
		}
	case fiscalv1.Action_ACTION_PRINT_COPY:
		switch {
		case fresh && !able(t, "copy"):
			return ObstacleUnsupported
		case fresh && paper:
			return ObstaclePaper
		}
	case fiscalv1.Action_ACTION_X_REPORT, fiscalv1.Action_ACTION_CLOSE_SHIFT:
		switch {
		case action == fiscalv1.Action_ACTION_CLOSE_SHIFT && t.GetSuspended() != nil:
			return ObstacleSuspended
		case fresh && action == fiscalv1.Action_ACTION_CLOSE_SHIFT && !t.GetShiftOpen():
			return ObstacleShiftClosed
		case fresh && paper:
			return ObstaclePaper
		}
	case fiscalv1.Action_ACTION_FINISH_PRINT:
		switch {
		case fresh && paper:
			return ObstaclePaper
		case fresh && t.GetPaper() == fiscalv1.Paper_PAPER_READY && !t.GetPaperOwed() && t.GetUnfinished() == 0:
			return ObstacleNothing
		}
	case fiscalv1.Action_ACTION_RESEND_OFD:
		switch {
		case fresh && t.GetUnsent() == 0:
			return ObstacleNothing
		case fresh && t.GetDelivery() == nil:
			return ObstacleUnsupported
		}
	}
	return ""
}

func able(t *fiscalv1.TillState, ability string) bool {
	for _, a := range t.GetAbilities() {
		if a == ability {
			return true
		}
	}
	return false
}

// touchesDevice tells whether an action needs an answer of the device to come to anything.
func touchesDevice(action fiscalv1.Action) bool {
	switch action { //nolint:exhaustive // all others do
	case fiscalv1.Action_ACTION_REOPEN_PORT, fiscalv1.Action_ACTION_REBOOT, fiscalv1.Action_ACTION_RECOVER, fiscalv1.Action_ACTION_CHECK,
		fiscalv1.Action_ACTION_SUSPEND, fiscalv1.Action_ACTION_RESUME:
		return false // they are for tills that do not answer, or ask nothing of it
	}
	return !ofAgent[action]
}

// needs is the capability an agent has to have for an order.
func needs(o Order) int64 {
	needed := int64(0)
	if o.decision != nil {
		needed = decides
	}
	if o.Ask {
		needed = asksConsent
	}
	if ofAgent[o.Action] {
		needed = errands
	}
	switch o.Action { //nolint:exhaustive // the first agents know the others
	case fiscalv1.Action_ACTION_RESEND_OFD, fiscalv1.Action_ACTION_SUSPEND, fiscalv1.Action_ACTION_RESUME,
		fiscalv1.Action_ACTION_PRINT_TEST, fiscalv1.Action_ACTION_CONFIGURE:
		needed = remoteWork
	}
	if o.Address != "" {
		needed = remoteWork
	}
	return needed
}

// SameName tells whether a person typed the name of a till, whatever the case and the blanks.
func SameName(typed, name string) bool {
	fold := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	return fold(typed) != "" && strings.EqualFold(fold(typed), fold(name))
}

// checkReason gives a reason as it is stored.
func checkReason(reason string, must bool) (string, error) {
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "" && must:
		return "", ErrReason
	case utf8.RuneCountInString(reason) > maxReason || !store.Keeps(reason):
		return "", fmt.Errorf("reason has at most %d characters: %w", maxReason, ErrInvalid)
	}
	return reason, nil
}

// checkWait gives how long a command may wait for its till.
func checkWait(wait time.Duration) (time.Duration, error) {
	if wait == 0 {
		return CommandLife, nil
	}
	if wait < CommandLife || wait > longestLife {
		return 0, fmt.Errorf("a command waits from %v to %v: %w", CommandLife, longestLife, ErrInvalid)
	}
	return wait, nil
}
