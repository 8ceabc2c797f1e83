package fleet

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

func (w *world) state(t *testing.T, id string) cabinetv1.CommandState {
	t.Helper()
	cmd, err := w.Command(t.Context(), "o1", id)
	if err != nil {
		t.Fatal(err)
	}
	return cmd.GetState()
}

func (w *world) fetch(t *testing.T, agent *access.Agent) []string {
	t.Helper()
	list, err := w.Fetch(t.Context(), agent, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, cmd := range list {
		ids = append(ids, cmd.GetId())
	}
	return ids
}

// TestCommands_once: a command is delivered until its end is reported and never after; it ends once, over restarts of the cabinet,
// repeated questions and reports that come twice. (That the agent begins an id once is its own journal's doing.)
func TestCommands_once(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		till := w.report(t, agent, "kassa", "0001")
		for range 3 { // the person clicks, the browser repeats
			if _, err := w.Start(t.Context(), w.person, "c1", till, fiscalv1.Action_ACTION_FINISH_PRINT, false); err != nil {
				t.Fatal(err)
			}
		}
		if len(w.woken) != 1 || <-w.woken != agent.ID {
			t.Error("the agent was not woken once")
		}
		if _, err := w.Start(t.Context(), w.person, "c1", till, fiscalv1.Action_ACTION_REBOOT, false); !errors.Is(err, ErrConflict) {
			t.Errorf("the same id for another command: %v", err)
		}
		got := w.fetch(t, agent)
		if len(got) != 1 || got[0] != "c1" {
			t.Fatalf("fetched %v", got)
		}
		if s := w.state(t, "c1"); s != cabinetv1.CommandState_COMMAND_STATE_DELIVERED {
			t.Errorf("state %v", s)
		}
		if again := w.fetch(t, agent); len(again) != 0 {
			t.Errorf("given again at once: %v", again)
		}
		w.restart()
		w.clock.Pass(redeliverAfter)
		if again := w.fetch(t, agent); len(again) != 1 {
			t.Errorf("not given again after a restart: %v", again)
		}
		if _, err := w.Hello(t.Context(), agent, &uplinkv1.HelloRequest{}, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		if again := w.fetch(t, agent); len(again) != 1 {
			t.Errorf("not given to an agent that starts anew: %v", again)
		}
		step := &fiscalv1.Step{Code: "finish_print", State: fiscalv1.StepState_STEP_STATE_RUNNING}
		if err := w.ReportRun(t.Context(), agent, &fiscalv1.Run{Id: "c1", Steps: []*fiscalv1.Step{step}}); err != nil {
			t.Fatal(err)
		}
		if s := w.state(t, "c1"); s != cabinetv1.CommandState_COMMAND_STATE_RUNNING {
			t.Errorf("state %v", s)
		}
		w.clock.Pass(2 * CommandLife)
		if err := w.expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := w.state(t, "c1"); s != cabinetv1.CommandState_COMMAND_STATE_RUNNING {
			t.Errorf("a command that runs expired: %v", s)
		}
		done := &fiscalv1.Run{Id: "c1", Ended: true, Ok: true, Text: "ok"}
		if err := w.ReportRun(t.Context(), agent, done); err != nil {
			t.Fatal(err)
		}
		for _, late := range []*fiscalv1.Run{{Id: "c1"}, {Id: "c1", Ended: true, Text: "another end"}, done} {
			if err := w.ReportRun(t.Context(), agent, late); err != nil {
				t.Error(err)
			}
		}
		cmd, err := w.Command(t.Context(), "o1", "c1")
		if err != nil || cmd.GetState() != cabinetv1.CommandState_COMMAND_STATE_DONE || cmd.GetRun().GetText() != "ok" {
			t.Errorf("an ended command changed: %v %v", cmd, err)
		}
		w.clock.Pass(time.Hour)
		w.restart()
		if again := w.fetch(t, agent); len(again) != 0 {
			t.Errorf("an ended command is given: %v", again)
		}
		if _, err := w.Start(t.Context(), w.person, "c1", till, fiscalv1.Action_ACTION_FINISH_PRINT, false); err != nil {
			t.Error(err)
		}
		if again := w.fetch(t, agent); len(again) != 0 {
			t.Errorf("asking again for an ended command begins it anew: %v", again)
		}
	})
}

func TestCommands_poll(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		till := w.report(t, agent, "kassa", "0001")
		type answer struct {
			list []*uplinkv1.Command
			err  error
		}
		got := make(chan answer, 1)
		polling := make(chan struct{})
		go func() {
			close(polling)
			list, err := w.Fetch(t.Context(), agent, longestWait)
			got <- answer{list, err}
		}()
		<-polling
		if _, err := w.Start(t.Context(), w.person, "c1", till, fiscalv1.Action_ACTION_CHECK, false); err != nil {
			t.Fatal(err)
		}
		select {
		case a := <-got:
			if a.err != nil || len(a.list) != 1 || a.list[0].GetTill() != "kassa" || a.list[0].GetActor() != "anna" || a.list[0].GetExpiresMs() == 0 {
				t.Errorf("%v %v", a.list, a.err)
			}
		case <-time.After(longestWait - 5*time.Second): // by itself it ends later
			t.Fatal("the poll sleeps through a command")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.Fetch(ctx, agent, longestWait); err == nil {
			t.Error("a poll of nobody waits")
		}
	})
}

func TestCommands_strangers(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		till := w.report(t, w.agents[0], "kassa", "0001")
		if _, err := w.Start(t.Context(), w.person, "c1", till, fiscalv1.Action_ACTION_CHECK, false); err != nil {
			t.Fatal(err)
		}
		for _, other := range w.agents[1:] {
			if got := w.fetch(t, other); len(got) != 0 {
				t.Errorf("another agent is given %v", got)
			}
			if err := w.ReportRun(t.Context(), other, &fiscalv1.Run{Id: "c1", Ended: true, Ok: true}); !errors.Is(err, ErrNotFound) {
				t.Errorf("another agent ends it: %v", err)
			}
		}
		foreigner := &access.Person{ID: "x", Login: "x", OrganisationID: "o2"}
		if _, err := w.Start(t.Context(), foreigner, "c2", till, fiscalv1.Action_ACTION_CHECK, false); !errors.Is(err, ErrNotFound) {
			t.Errorf("another organisation commands the till: %v", err)
		}
		if _, err := w.Command(t.Context(), "o2", "c1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("another organisation reads the command: %v", err)
		}
		if list, err := w.Commands(t.Context(), "o2", till, 10); err != nil || len(list) != 0 {
			t.Errorf("another organisation lists %v %v", list, err)
		}
		if s := w.state(t, "c1"); s != cabinetv1.CommandState_COMMAND_STATE_QUEUED {
			t.Errorf("state %v", s)
		}
		t.Run("an action there is not", func(t *testing.T) {
			for _, action := range []fiscalv1.Action{0, 999} {
				if _, err := w.Start(t.Context(), w.person, "c3", till, action, false); !errors.Is(err, ErrInvalid) {
					t.Errorf("action %d: %v", action, err)
				}
			}
		})
		t.Run("a till that nobody holds", func(t *testing.T) {
			w.report(t, w.agents[0], "kassa", "0002") // another device takes its place
			if _, err := w.Start(t.Context(), w.person, "c4", till, fiscalv1.Action_ACTION_CHECK, false); !errors.Is(err, ErrNoAgent) {
				t.Errorf("got %v", err)
			}
		})
	})
}

// TestCommands_late: a command that came too late is told so by the agent, and shown as expired.
func TestCommands_late(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		till := w.report(t, agent, "kassa", "0001")
		for _, id := range []string{"refused", "silent"} {
			if _, err := w.Start(t.Context(), w.person, id, till, fiscalv1.Action_ACTION_CHECK, false); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.fetch(t, agent); len(got) != 2 {
			t.Fatal(got)
		}
		w.clock.Pass(CommandLife + time.Second)
		if err := w.expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := w.state(t, "silent"); s != cabinetv1.CommandState_COMMAND_STATE_DELIVERED {
			t.Errorf("it may have begun, and is %v", s)
		}
		if err := w.ReportRun(t.Context(), agent, &fiscalv1.Run{Id: "refused", Ended: true, Text: "late"}); err != nil {
			t.Fatal(err)
		}
		if s := w.state(t, "refused"); s != cabinetv1.CommandState_COMMAND_STATE_EXPIRED {
			t.Errorf("state %v", s)
		}
		w.clock.Pass(giveUpAfter)
		if err := w.expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := w.state(t, "silent"); s != cabinetv1.CommandState_COMMAND_STATE_EXPIRED {
			t.Errorf("a day later it is %v", s)
		}
	})
}

// TestDecide: a decision is a command that carries what was decided; agents that do not know decisions are spared it.
func TestDecide(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		till := w.report(t, agent, "kassa", "0001")
		d := &fiscalv1.Decision{Key: "sale-1", Fd: 7, Reason: " лента "}
		hello := func(capability uint32) {
			t.Helper()
			if _, err := w.Hello(t.Context(), agent, &uplinkv1.HelloRequest{Capability: capability}, "192.0.2.1"); err != nil {
				t.Fatal(err)
			}
		}
		hello(1)
		if _, err := w.Decide(t.Context(), w.person, Order{ID: "d1", TillID: till}, d); !errors.Is(err, ErrTooOld) {
			t.Errorf("an agent of yesterday: %v", err)
		}
		hello(2)
		for name, bad := range map[string]*fiscalv1.Decision{
			"nothing":       nil,
			"no key":        {Fd: 7, Reason: "лента"},
			"no reason":     {Key: "sale-1", Fd: 7, Reason: " "},
			"a long reason": {Key: "sale-1", Fd: 7, Reason: strings.Repeat("я", 501)},
		} {
			if _, err := w.Decide(t.Context(), w.person, Order{ID: "d1", TillID: till}, bad); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := w.Start(t.Context(), w.person, "d1", till, fiscalv1.Action_ACTION_DECIDE, false); !errors.Is(err, ErrInvalid) {
			t.Errorf("a decision by way of commands, which need another right: %v", err)
		}
		for range 2 {
			cmd, err := w.Decide(t.Context(), w.person, Order{ID: "d1", TillID: till}, d)
			if err != nil || cmd.GetActor() != "anna" || cmd.GetDecision().GetReason() != "лента" || cmd.GetDecision().GetFd() != 7 {
				t.Fatalf("%v %v", cmd, err)
			}
		}
		if _, err := w.Decide(t.Context(), w.person, Order{ID: "d1", TillID: till, Confirm: "kassa"}, &fiscalv1.Decision{Key: "sale-1", Reason: "лента"}); !errors.Is(err, ErrConflict) {
			t.Errorf("the same id for another decision: %v", err)
		}
		foreigner := &access.Person{ID: "x", Login: "x", OrganisationID: "o2"}
		if _, err := w.Decide(t.Context(), foreigner, Order{ID: "d2", TillID: till}, d); !errors.Is(err, ErrNotFound) {
			t.Errorf("another organisation decides: %v", err)
		}
		list, err := w.Fetch(t.Context(), agent, 0)
		if err != nil || len(list) != 1 || list[0].GetAction() != fiscalv1.Action_ACTION_DECIDE || list[0].GetDecision().GetKey() != "sale-1" || list[0].GetActor() != "anna" {
			t.Errorf("the agent is given %v %v", list, err)
		}
	})
}

func TestPlan(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		till := w.report(t, agent, "kassa", "0001")
		plan := func(organisation string) (*fiscalv1.Run, error) {
			return w.Plan(t.Context(), organisation, till, fiscalv1.Action_ACTION_CLOSE_SHIFT)
		}
		if got, err := plan("o1"); err != nil || got != nil {
			t.Errorf("of an agent that told none: %v %v", got, err)
		}
		told := &fiscalv1.Run{Action: fiscalv1.Action_ACTION_CLOSE_SHIFT, Steps: []*fiscalv1.Step{{Code: "close_shift", Fiscal: true}}}
		if _, err := w.Hello(t.Context(), agent, &uplinkv1.HelloRequest{Plans: []*fiscalv1.Run{told}}, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		if got, err := plan("o1"); err != nil || len(got.GetSteps()) != 1 || !got.GetSteps()[0].GetFiscal() {
			t.Errorf("%v %v", got, err)
		}
		if _, err := plan("o2"); !errors.Is(err, ErrNotFound) {
			t.Errorf("another organisation: %v", err)
		}
		told.Steps[0].Title = strings.Repeat("я", maxPlans)
		if _, err := w.Hello(t.Context(), agent, &uplinkv1.HelloRequest{Plans: []*fiscalv1.Run{told}}, "192.0.2.1"); !errors.Is(err, ErrInvalid) {
			t.Errorf("plans without end: %v", err)
		}
	})
}
