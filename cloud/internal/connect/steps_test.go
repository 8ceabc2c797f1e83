package connect

import (
	"strings"
	"testing"
	"time"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// said is how the steps stand, a letter each, and the reason of the first that is not done.
func said(steps []*cabinetv1.ConnectStep) (marks, reason string) {
	letters := map[cabinetv1.StepMark]string{
		cabinetv1.StepMark_STEP_MARK_LATER: ".", cabinetv1.StepMark_STEP_MARK_NOW: "N", cabinetv1.StepMark_STEP_MARK_DONE: "+",
		cabinetv1.StepMark_STEP_MARK_SKIPPED: "s", cabinetv1.StepMark_STEP_MARK_FAILED: "F",
	}
	for i, s := range steps {
		marks += letters[s.GetMark()]
		if int(s.GetStage()) != i+1 {
			marks += "?"
		}
		if reason == "" && !strings.Contains("+s", letters[s.GetMark()]) {
			reason = s.GetReason()
		}
	}
	return marks, reason
}

func TestSteps(t *testing.T) {
	now := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)
	act := func(s cabinetv1.CommandState) *Act { return &Act{ID: "c", State: s} }
	done, failed := act(cabinetv1.CommandState_COMMAND_STATE_DONE), act(cabinetv1.CommandState_COMMAND_STATE_FAILED)
	here := Facts{Now: now, Agent: true, Online: true, Able: true, Heard: now}
	till := here
	till.Till, till.Answers, till.Serial, till.Named = true, true, "0012", true
	with := func(f Facts, change func(*Facts)) Facts { change(&f); return f }
	for name, c := range map[string]struct {
		facts         Facts
		marks, reason string
	}{
		"a code nobody used":            {Facts{Now: now, CodeExpires: now.Add(time.Minute)}, "N......", ReasonCodeWaits},
		"a code that is over":           {Facts{Now: now, CodeExpires: now}, "F......", ReasonExpired},
		"an agent that has gone again":  {with(here, func(f *Facts) { f.Online = false }), "+N.....", ReasonAway},
		"an agent without a till":       {here, "++N....", ReasonNoDevice},
		"an agent that sees a stranger": {with(here, func(f *Facts) { f.Strangers = 1 }), "++N....", ReasonStrangers},
		"a till that never answered":    {with(here, func(f *Facts) { f.Till = true }), "++N....", ReasonSilent},
		"a till that stopped answering": {with(till, func(f *Facts) { f.Answers = false }), "++N+...", ReasonSilent},
		"a till without a place":        {with(till, func(f *Facts) { f.Named = false }), "+++N...", ReasonNoPlace},
		"no operator chosen":            {till, "++++N..", ReasonNotChosen},
		"an operator by its own link":   {with(till, func(f *Facts) { f.Chosen = true }), "+++++N.", ReasonNoSlip},
		"an operator not tried":         {with(till, func(f *Facts) { f.Chosen, f.Address = true, "ofd:1" }), "++++N..", ReasonNotTried},
		"an operator that is silent":    {with(till, func(f *Facts) { f.Chosen, f.Address, f.Check = true, "ofd:1", failed }), "++++F..", ReasonFailed},
		"an operator being tried":       {with(till, func(f *Facts) { f.Chosen, f.Address, f.Check = true, "ofd:1", act(1) }), "++++N..", ReasonWaits},
		"a slip nobody took in time": {
			with(till, func(f *Facts) { f.Chosen, f.Slip = true, act(cabinetv1.CommandState_COMMAND_STATE_EXPIRED) }), "+++++F.", ReasonLate,
		},
		"a slip printed, no document":     {with(till, func(f *Facts) { f.Chosen, f.Slip = true, done }), "++++++N", ReasonNoDocument},
		"a document on its way":           {with(till, func(f *Facts) { f.Chosen, f.Slip, f.Documents = true, done, true }), "++++++N", ReasonNotAccepted},
		"everything":                      {with(till, func(f *Facts) { f.Chosen, f.Slip, f.Taken = true, done, true }), "+++++++", ""},
		"an agent too old for a slip":     {with(till, func(f *Facts) { f.Chosen, f.Able = true, false }), "+++++sN", ReasonNoDocument},
		"a till that worked all the time": {with(till, func(f *Facts) { f.Able, f.Taken = false, true }), "+++++s+", ""},
	} {
		marks, reason := said(Steps(c.facts))
		if marks != c.marks || reason != c.reason {
			t.Errorf("%s: %s %s, not %s %s", name, marks, reason, c.marks, c.reason)
		}
		if Done(Steps(c.facts)) != (c.reason == "") {
			t.Errorf("%s: done %v", name, Done(Steps(c.facts)))
		}
	}
}
