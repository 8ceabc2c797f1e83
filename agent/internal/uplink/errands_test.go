package uplink

import (
	"context"
	"sync"
	"testing"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// errands end at a restart, which the test makes.
type errands struct {
	mu      sync.Mutex
	begun   int
	stopped chan struct{}
}

func (*errands) Plans() []*fiscalv1.Run {
	return []*fiscalv1.Run{{Action: fiscalv1.Action_ACTION_RESTART_AGENT, Steps: []*fiscalv1.Step{{Code: "agent_stop"}}}}
}

func (*errands) Knows(action fiscalv1.Action) bool {
	return action == fiscalv1.Action_ACTION_RESTART_AGENT
}

func (e *errands) Do(ctx context.Context, cmd *uplinkv1.Command, _ func(*fiscalv1.Run), save func(context.Context, *fiscalv1.Run) error,
	_ func(context.Context, []byte) error,
) (*fiscalv1.Run, error) {
	e.mu.Lock()
	e.begun++
	e.mu.Unlock()
	run := &fiscalv1.Run{Id: cmd.GetId(), Till: cmd.GetTill(), Action: cmd.GetAction(), Steps: steps(fiscalv1.StepState_STEP_STATE_RUNNING)}
	if err := save(ctx, run); err != nil {
		return nil, err
	}
	close(e.stopped)
	return nil, ErrNotOver
}

func (*errands) Resume(run *fiscalv1.Run) bool {
	run.Ended, run.Ok, run.Text = true, true, "Агент перезапущен."
	return true
}

// A restart is begun once however often it is delivered; the cabinet sees that it goes on, and hears its end from the agent that
// comes after.
func TestErrand_restart(t *testing.T) {
	cab := newCabinet(t)
	dir := t.TempDir()
	j := openJournal(t, dir)
	ts := &tills{}
	first, home := enrolled(t, cab, j, ts)
	first.stop() // enrolled without errands
	e := &errands{stopped: make(chan struct{})}
	begin := func(j Journal) *agent { return startWith(t, home, j, ts, e) }
	a := begin(j)
	order := &uplinkv1.Command{Id: "r1", Till: "k", Action: fiscalv1.Action_ACTION_RESTART_AGENT, Actor: "Иванов"}
	cab.set(func() { cab.commands = []*uplinkv1.Command{order, order} })
	cab.until("the cabinet sees it go on", func() bool {
		list := cab.runs["r1"]
		return len(list) > 0 && len(list[len(list)-1].GetSteps()) == 1
	})
	<-e.stopped
	polls := 0
	cab.set(func() { polls = cab.polls })
	a.Wake()
	cab.until("it is delivered again", func() bool { return cab.polls > polls+1 })
	cab.mu.Lock()
	if cab.ended["r1"] {
		t.Error("it ended before the restart")
	}
	hello := cab.hello
	cab.mu.Unlock()
	if plans := hello.GetPlans(); len(plans) != 2 || plans[1].GetAction() != fiscalv1.Action_ACTION_RESTART_AGENT {
		t.Errorf("plans told: %v", plans)
	}
	a.stop()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	begin(openJournal(t, dir))
	cab.until("the end", func() bool { return cab.ended["r1"] })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	if last := cab.runs["r1"][len(cab.runs["r1"])-1]; !last.GetOk() || last.GetText() != "Агент перезапущен." || last.GetActor() != "Иванов" {
		t.Errorf("told %v", last)
	}
	if e.begun != 1 {
		t.Errorf("begun %d times", e.begun)
	}
}
