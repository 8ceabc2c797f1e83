// Package connect tells how far a new till has come on its way into the cabinet.
//
// # Facts, not memory
//
// The way has seven steps, and nothing is kept of where a person was: whether a step is done follows from what the cabinet knows
// (a code was used, an agent was heard, a device answers, an operator's address was tried, a test slip came out, the operator took
// a document). So the way can be left and gone on from another computer, and a till that was connected otherwise is simply done.
//
// # What it does not do
//
// It connects nothing by itself: codes are made by package access, commands are carried out by the agent.
package connect

import (
	"time"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// Act is what became of a command that a step needs.
type Act struct {
	ID    string
	State cabinetv1.CommandState
	// Text is what the agent said of it.
	Text  string
	Ended time.Time
}

// Facts are what the cabinet knows of one till on its way.
type Facts struct {
	Now time.Time
	// CodeExpires is when the code stops being valid, CodeUsed when an agent used it; zero: there is none, or not yet.
	CodeExpires, CodeUsed time.Time
	// Agent is set when one has used the code; Online when it is here, Heard when it last was, Able when it understands what the way asks.
	Agent, Online, Able bool
	Heard               time.Time
	// Till is set when the agent tells of one; Serial is its factory number, Answers that the device answers.
	Till, Answers bool
	Serial        string
	// Strangers are devices in nobody's list; Searching is set while the agent looks for them.
	Strangers int
	Searching bool
	// Named is set when the till has an outlet that is open and a name.
	Named bool
	// Chosen is set when somebody chose an operator; Address is where documents go then, empty when the till or the agent knows.
	Chosen  bool
	Address string
	// Check is the last try of that address, Slip the last test slip; nil when there was none.
	Check, Slip *Act
	// Documents are in the fiscal memory, Taken is set when the operator has confirmed one.
	Documents, Taken bool
}

// Reasons of a step, for the sentences of the pages.
const (
	ReasonExpired     = "code_expired"
	ReasonCodeWaits   = "code_waits"
	ReasonAway        = "agent_away"
	ReasonNoDevice    = "no_device"
	ReasonStrangers   = "strangers"
	ReasonSearching   = "searching"
	ReasonSilent      = "device_silent"
	ReasonNotChosen   = "not_chosen"
	ReasonNotTried    = "not_tried"
	ReasonWaits       = "command_waits"
	ReasonFailed      = "command_failed"
	ReasonLate        = "command_expired"
	ReasonOld         = "agent_old"
	ReasonNoPlace     = "no_place"
	ReasonNoSlip      = "no_slip"
	ReasonNoDocument  = "no_document"
	ReasonNotAccepted = "not_accepted"
)

// Steps gives the seven in order. A step that is not done is the turn only when all before it are done or cannot be done here.
func Steps(f Facts) []*cabinetv1.ConnectStep {
	steps := []*cabinetv1.ConnectStep{code(f), agent(f), device(f), place(f), operator(f), slip(f), document(f)}
	turn := true
	for _, s := range steps {
		switch s.GetMark() { //nolint:exhaustive // the others are not done
		case cabinetv1.StepMark_STEP_MARK_DONE, cabinetv1.StepMark_STEP_MARK_SKIPPED:
			continue
		}
		if !turn {
			s.Mark, s.Reason, s.Text = cabinetv1.StepMark_STEP_MARK_LATER, "", ""
		} else if s.GetMark() == cabinetv1.StepMark_STEP_MARK_UNSPECIFIED {
			s.Mark = cabinetv1.StepMark_STEP_MARK_NOW
		}
		turn = false
	}
	return steps
}

// Done tells whether every step is.
func Done(steps []*cabinetv1.ConnectStep) bool {
	for _, s := range steps {
		if m := s.GetMark(); m != cabinetv1.StepMark_STEP_MARK_DONE && m != cabinetv1.StepMark_STEP_MARK_SKIPPED {
			return false
		}
	}
	return true
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func step(stage cabinetv1.ConnectStage, done bool, reason string) *cabinetv1.ConnectStep {
	s := &cabinetv1.ConnectStep{Stage: stage, Reason: reason}
	if done {
		s.Mark, s.Reason = cabinetv1.StepMark_STEP_MARK_DONE, ""
	}
	return s
}

func code(f Facts) *cabinetv1.ConnectStep {
	s := step(cabinetv1.ConnectStage_CONNECT_STAGE_CODE, f.Agent || f.Till, ReasonCodeWaits)
	s.AtMs = millis(f.CodeUsed)
	if s.GetMark() != cabinetv1.StepMark_STEP_MARK_DONE && !f.Now.Before(f.CodeExpires) {
		s.Mark, s.Reason = cabinetv1.StepMark_STEP_MARK_FAILED, ReasonExpired
	}
	return s
}

// agent: one that was heard once has appeared; that it is away now is said, for the steps after it wait for it.
func agent(f Facts) *cabinetv1.ConnectStep {
	s := step(cabinetv1.ConnectStage_CONNECT_STAGE_AGENT, f.Agent && f.Online, ReasonAway)
	s.AtMs = millis(f.Heard)
	return s
}

func device(f Facts) *cabinetv1.ConnectStep {
	reason := ReasonNoDevice
	switch {
	case f.Till:
		reason = ReasonSilent
	case f.Strangers > 0:
		reason = ReasonStrangers
	case f.Searching:
		reason = ReasonSearching
	}
	return step(cabinetv1.ConnectStage_CONNECT_STAGE_DEVICE, f.Till && f.Serial != "" && f.Answers, reason)
}

func place(f Facts) *cabinetv1.ConnectStep {
	return step(cabinetv1.ConnectStage_CONNECT_STAGE_PLACE, f.Till && f.Named, ReasonNoPlace)
}

func operator(f Facts) *cabinetv1.ConnectStep {
	const stage = cabinetv1.ConnectStage_CONNECT_STAGE_OPERATOR
	switch {
	case f.Taken: // whoever it is, it takes documents
		return step(stage, true, "")
	case !f.Chosen:
		return step(stage, false, ReasonNotChosen)
	case f.Address == "": // its own link, or an address only the operator's contract tells: nothing to try from here
		return step(stage, true, "")
	}
	return acted(stage, f, f.Check, ReasonNotTried)
}

func slip(f Facts) *cabinetv1.ConnectStep {
	return acted(cabinetv1.ConnectStage_CONNECT_STAGE_SLIP, f, f.Slip, ReasonNoSlip)
}

// acted is a step that a command does.
func acted(stage cabinetv1.ConnectStage, f Facts, a *Act, none string) *cabinetv1.ConnectStep {
	s := step(stage, false, none)
	if a == nil {
		if f.Agent && !f.Able {
			s.Mark, s.Reason = cabinetv1.StepMark_STEP_MARK_SKIPPED, ReasonOld
		}
		return s
	}
	s.CommandId, s.Text, s.AtMs = a.ID, a.Text, millis(a.Ended)
	switch a.State { //nolint:exhaustive // the others are on their way
	case cabinetv1.CommandState_COMMAND_STATE_DONE:
		s.Mark, s.Reason = cabinetv1.StepMark_STEP_MARK_DONE, ""
	case cabinetv1.CommandState_COMMAND_STATE_FAILED:
		s.Mark, s.Reason = cabinetv1.StepMark_STEP_MARK_FAILED, ReasonFailed
	case cabinetv1.CommandState_COMMAND_STATE_EXPIRED:
		s.Mark, s.Reason = cabinetv1.StepMark_STEP_MARK_FAILED, ReasonLate
	default:
		s.Reason = ReasonWaits
	}
	return s
}

func document(f Facts) *cabinetv1.ConnectStep {
	reason := ReasonNoDocument
	if f.Documents {
		reason = ReasonNotAccepted
	}
	return step(cabinetv1.ConnectStage_CONNECT_STAGE_DOCUMENT, f.Taken, reason)
}
