package uplink

import (
	"context"
	"strings"
	"testing"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// A command delivered again and again, over a line that breaks, begins once and is told live.
func TestCommand(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	goOn := make(chan struct{})
	ts := &tills{act: func(ctx context.Context, _ string, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
		report(&fiscalv1.Run{Id: "c1", Steps: steps(fiscalv1.StepState_STEP_STATE_RUNNING)})
		select {
		case <-goOn:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return &fiscalv1.Run{Id: "c1", Steps: steps(fiscalv1.StepState_STEP_STATE_DONE), Ended: true, Ok: true, Text: "Допечатано."}, nil
	}}
	a, _ := enrolled(t, cab, j, ts)
	cab.set(func() {
		cab.commands = []*uplinkv1.Command{
			{Id: "c1", Till: "k", Action: fiscalv1.Action_ACTION_FINISH_PRINT, Actor: "Иванов"},
			{Id: "c1", Till: "k", Action: fiscalv1.Action_ACTION_FINISH_PRINT, Actor: "Иванов"},
			{Id: "late", Till: "k", Action: fiscalv1.Action_ACTION_REBOOT, ExpiresMs: time.Now().Add(-time.Minute).UnixMilli()},
		}
	})
	cab.until("the running step is seen live", func() bool {
		return len(cab.runs["c1"]) > 0 && cab.runs["c1"][len(cab.runs["c1"])-1].GetSteps() != nil && !cab.ended["c1"]
	})
	polls := 0
	cab.set(func() { polls = cab.polls })
	cab.cable.cut()
	a.Wake()
	cab.until("it is delivered again", func() bool { return cab.polls > polls+1 })
	close(goOn)
	cab.until("the end", func() bool { return cab.ended["c1"] && cab.ended["late"] })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	if last := cab.runs["c1"][len(cab.runs["c1"])-1]; !last.GetOk() || last.GetText() != "Допечатано." || last.GetTill() != "k" || last.GetAction() != fiscalv1.Action_ACTION_FINISH_PRINT {
		t.Errorf("told %v", last)
	}
	if last := cab.runs["late"][len(cab.runs["late"])-1]; last.GetOk() || !strings.Contains(last.GetText(), "просрочена") {
		t.Errorf("told %v", last)
	}
	if ts.times("c1") != 1 || ts.times("late") != 0 {
		t.Errorf("begun %d and %d times, want 1 and 0", ts.times("c1"), ts.times("late"))
	}
}

// An agent killed in the middle says so, and does not begin again.
func TestCommand_restart(t *testing.T) {
	cab := newCabinet(t)
	dir := t.TempDir()
	j := openJournal(t, dir)
	ts := &tills{act: func(ctx context.Context, _ string, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
		report(&fiscalv1.Run{Id: "c1", Steps: steps(fiscalv1.StepState_STEP_STATE_DONE, fiscalv1.StepState_STEP_STATE_RUNNING)})
		<-ctx.Done() // the till does not answer until the agent dies
		return nil, ctx.Err()
	}}
	a, home := enrolled(t, cab, j, ts)
	cab.set(func() {
		cab.commands = []*uplinkv1.Command{{Id: "c1", Till: "k", Action: fiscalv1.Action_ACTION_RECOVER}}
	})
	cab.until("the second step", func() bool {
		return len(cab.runs["c1"]) > 0 && len(cab.runs["c1"][len(cab.runs["c1"])-1].GetSteps()) == 2
	})
	cab.cable.set(true) // nothing said while dying is heard
	a.stop()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = openJournal(t, dir)
	cab.cable.set(false)
	start(t, home, j, ts)
	cab.until("the end", func() bool { return cab.ended["c1"] })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	last := cab.runs["c1"][len(cab.runs["c1"])-1]
	if last.GetOk() || !strings.Contains(last.GetText(), "неизвестно") {
		t.Errorf("told %v", last)
	}
	if s := last.GetSteps(); len(s) != 2 || s[0].GetState() != fiscalv1.StepState_STEP_STATE_DONE || s[1].GetState() != fiscalv1.StepState_STEP_STATE_FAILED {
		t.Errorf("steps %v", s)
	}
	if ts.times("c1") != 1 {
		t.Errorf("begun %d times", ts.times("c1"))
	}
}

// What the cabinet has not heard at the time of a restart is told afterwards, whatever it asks.
func TestCommand_endToldLater(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	ts := &tills{act: func(context.Context, string, func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
		cab.cable.set(true) // the line breaks before the end is told
		return &fiscalv1.Run{Ended: true, Ok: true, Text: "Сделано."}, nil
	}}
	a, home := enrolled(t, cab, j, ts)
	cab.set(func() {
		cab.commands = []*uplinkv1.Command{{Id: "c1", Till: "k", Action: fiscalv1.Action_ACTION_CHECK}}
	})
	eventually(t, "the end is written down", func() bool {
		list, err := j.Unreported()
		if err != nil {
			t.Fatal(err)
		}
		return len(list) == 1 && list[0].GetRun().GetEnded()
	})
	a.stop()
	cab.set(func() { cab.commands = nil })
	cab.cable.set(false)
	start(t, home, j, ts)
	cab.until("the end", func() bool { return cab.ended["c1"] })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	if last := cab.runs["c1"][len(cab.runs["c1"])-1]; !last.GetOk() || last.GetText() != "Сделано." {
		t.Errorf("told %v", last)
	}
}

// A decision reaches the till once, whole, with who decided; what a newer cabinet wants is refused in words.
func TestCommand_decision(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	ts := &tills{act: func(context.Context, string, func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
		panic("not an action of the table")
	}}
	enrolled(t, cab, j, ts)
	cab.set(func() {
		d := &uplinkv1.Command{Id: "d", Till: "k", Action: fiscalv1.Action_ACTION_DECIDE, Actor: "anna", Decision: &fiscalv1.Decision{Key: "sale-1", Fd: 7, Reason: "лента"}}
		cab.commands = []*uplinkv1.Command{d, d, {Id: "new", Till: "k", Action: 999}}
	})
	cab.until("both ends", func() bool { return cab.ended["d"] && cab.ended["new"] })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	last := func(id string) *fiscalv1.Run { return cab.runs[id][len(cab.runs[id])-1] }
	if got := last("d"); !got.GetOk() || got.GetText() != "anna: k 7 sale-1 лента" || got.GetAction() != fiscalv1.Action_ACTION_DECIDE {
		t.Errorf("decided %v", got)
	}
	if got := last("new"); got.GetOk() || !strings.Contains(got.GetText(), "не умеет") {
		t.Errorf("an action of tomorrow: %v", got)
	}
	if n := ts.times("d"); n != 1 {
		t.Errorf("decided %d times", n)
	}
	if cab.hello.GetCapability() != Capability || len(cab.hello.GetPlans()) != 1 {
		t.Errorf("hello %v", cab.hello)
	}
}

// A long poll that waits starves nobody.
func TestPoll_doesNotStarve(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	cab.set(func() { cab.holdPolls = true })
	enrolled(t, cab, j, &tills{})
	cab.until("a poll waits", func() bool { return cab.held > 0 })
	sell(t, j, 0, 50)
	// None of the polls has been answered by then, nor is going to be.
	cab.until("everything is in the cabinet", func() bool { return len(cab.ops) == 50 })
	cab.set(func() {
		if cab.held == 0 || cab.held != cab.polls {
			t.Errorf("%d polls came and %d were held", cab.polls, cab.held)
		}
		cab.holdPolls = false
	})
}
