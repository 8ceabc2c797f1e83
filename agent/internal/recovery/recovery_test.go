package recovery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// actor plays the till: it fails where told and works after the step named.
type actor struct {
	fails  map[string]error
	cures  string
	works  bool
	called []string
	told   *fiscalv1.Run // the run with which help was called
}

func (a *actor) do(name string) (string, error) {
	a.called = append(a.called, name)
	if name == a.cures {
		a.works = true
	}
	return name + ".", a.fails[name]
}

func (a *actor) Works() bool                                    { return a.works }
func (a *actor) Read(context.Context) (string, error)           { return a.do("read") }
func (a *actor) WaitWhileBusy(context.Context) (string, error)  { return a.do("wait") }
func (a *actor) TakePending(context.Context) (string, error)    { return a.do("pending") }
func (a *actor) Settle(context.Context) (string, error)         { return a.do("settle") }
func (a *actor) FinishPrint(context.Context) (string, error)    { return a.do("print") }
func (a *actor) LeaveStuckMode(context.Context) (string, error) { return a.do("leave") }
func (a *actor) CancelDead(context.Context) (string, error)     { return a.do("cancel") }
func (a *actor) Reopen(context.Context) (string, error)         { return a.do("reopen") }
func (a *actor) Reenumerate(context.Context) (string, error)    { return a.do("usb") }
func (a *actor) Reboot(context.Context) (string, error)         { return a.do("reboot") }
func (a *actor) Guide(context.Context) (string, error)          { return a.do("guide") }
func (a *actor) PrintCopy(context.Context) (string, error)      { return a.do("copy") }
func (a *actor) PrintTest(context.Context) (string, error)      { return a.do("test") }
func (a *actor) XReport(context.Context) (string, error)        { return a.do("x") }
func (a *actor) CloseShift(context.Context) (string, error)     { return a.do("close") }
func (a *actor) SyncClock(context.Context) (string, error)      { return a.do("clock") }
func (a *actor) Recheck(context.Context) (string, error)        { return a.do("recheck") }
func (a *actor) Decide(context.Context) (string, error)         { return a.do("decide") }
func (a *actor) ResendOFD(context.Context) (string, error)      { return a.do("resend") }
func (a *actor) Suspend(context.Context) (string, error)        { return a.do("suspend") }
func (a *actor) Resume(context.Context) (string, error)         { return a.do("resume") }

func (a *actor) CallForHelp(_ context.Context, run *fiscalv1.Run) (string, string, error) {
	a.told = run
	said, err := a.do("help")
	if err != nil {
		return "", said, err
	}
	return "7QF9-M2PK", said, nil
}

func climb(t *testing.T, a *actor, action fiscalv1.Action) (*fiscalv1.Run, int) {
	t.Helper()
	plan, err := Plan("id", "касса", action)
	if err != nil {
		t.Fatal(err)
	}
	reports := 0
	return Run(t.Context(), a, plan, time.Now, func(*fiscalv1.Run) { reports++ }), reports
}

func states(r *fiscalv1.Run) (out []fiscalv1.StepState) {
	for _, s := range r.GetSteps() {
		out = append(out, s.GetState())
	}
	return out
}

const (
	done    = fiscalv1.StepState_STEP_STATE_DONE
	skipped = fiscalv1.StepState_STEP_STATE_SKIPPED
	failed  = fiscalv1.StepState_STEP_STATE_FAILED
)

// everything is every rung, by the names of actor.
var everything = []string{"read", "wait", "pending", "settle", "print", "leave", "cancel", "reopen", "settle", "usb", "settle", "reboot", "settle", "guide", "help"}

// The ladder stops at the rung that cured; what was not needed or failed does not stop it.
func TestLadder(t *testing.T) {
	odd := map[string]error{"wait": ErrNotNeeded, "settle": errors.New("still unknown")}
	for _, c := range []struct {
		name   string
		fails  map[string]error
		cures  string
		climbs int // how many rungs of everything
		ticket string
	}{
		{"works at once", nil, "read", 1, ""},
		{"its patience was enough", nil, "wait", 2, ""},
		{"the lost answer was there", nil, "pending", 3, ""},
		{"settled", nil, "settle", 4, ""},
		{"printed to the end", odd, "print", 5, ""},
		{"left a mode", odd, "leave", 6, ""},
		{"cancelled what was dead", odd, "cancel", 7, ""},
		{"another port", odd, "reopen", 8, ""},
		{"found anew on its bus", odd, "usb", 10, ""},
		{"no bus to take it off", map[string]error{"usb": ErrNotNeeded}, "reboot", 12, ""},
		{"restarted", odd, "reboot", 12, ""},
		{"the cashier was at it meanwhile", odd, "guide", 14, ""},
		{"nothing helped", odd, "", 15, "7QF9-M2PK"},
		{"nothing helped and nobody to call", map[string]error{"help": ErrNotNeeded}, "", 15, ""},
		{"nothing helped and the disk is full", map[string]error{"help": errors.New("disk full")}, "", 15, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &actor{cures: c.cures, fails: c.fails}
			run, reports := climb(t, a, fiscalv1.Action_ACTION_RECOVER)
			if want := everything[:c.climbs]; !slices.Equal(a.called, want) {
				t.Errorf("climbed %v, want %v", a.called, want)
			}
			if len(run.GetSteps()) != len(everything) || reports < 2*c.climbs {
				t.Errorf("%d steps, %d reports", len(run.GetSteps()), reports)
			}
			for i, s := range run.GetSteps() {
				want := done
				switch {
				case i >= c.climbs, errors.Is(c.fails[everything[i]], ErrNotNeeded):
					want = skipped
				case c.fails[everything[i]] != nil:
					want = failed
				}
				if s.GetState() != want {
					t.Errorf("step %s is %s, want %s", s.GetCode(), s.GetState(), want)
				}
			}
			if !run.GetEnded() || run.GetOk() != (c.cures != "") || run.GetTicket() != c.ticket {
				t.Errorf("ended %v, ok %v, ticket %q", run.GetEnded(), run.GetOk(), run.GetTicket())
			}
			if c.ticket != "" && !strings.Contains(run.GetText(), "№ "+c.ticket) || c.cures == "" && !strings.Contains(run.GetText(), "боковые кнопки") {
				t.Errorf("said %q", run.GetText())
			}
			if told := a.told; c.climbs == len(everything) && (len(told.GetSteps()) != len(everything) || told.GetSteps()[13].GetResult() != "guide.") {
				t.Errorf("help was called with %v", told)
			}
		})
	}
}

func TestAction_stopsAtFailure(t *testing.T) {
	a := &actor{fails: map[string]error{"settle": errors.New("still unknown")}}
	run, _ := climb(t, a, fiscalv1.Action_ACTION_FINISH_PRINT)
	if !slices.Equal(a.called, []string{"read", "settle"}) || run.GetOk() || run.GetText() != "settle." {
		t.Errorf("called %v: %v", a.called, run)
	}
	if got := states(run); !slices.Equal(got, []fiscalv1.StepState{done, failed, skipped}) {
		t.Errorf("states %v", got)
	}
}

func TestAction_notNeededIsNoFailure(t *testing.T) {
	a := &actor{fails: map[string]error{"settle": ErrNotNeeded}}
	run, _ := climb(t, a, fiscalv1.Action_ACTION_FINISH_PRINT)
	if !run.GetOk() || run.GetText() != "print." {
		t.Errorf("%v", run)
	}
}

// ofAgent are asked of the agent itself, not of a till (package errand).
var ofAgent = map[fiscalv1.Action]bool{
	fiscalv1.Action_ACTION_RESTART_AGENT: true, fiscalv1.Action_ACTION_COLLECT_BUNDLE: true,
	fiscalv1.Action_ACTION_CHECK_NETWORK: true, fiscalv1.Action_ACTION_LOG_LEVEL: true, fiscalv1.Action_ACTION_CONFIGURE: true,
	fiscalv1.Action_ACTION_FIND_TILLS: true, fiscalv1.Action_ACTION_ADOPT_TILL: true,
}

func TestPlan(t *testing.T) {
	for n := range fiscalv1.Action_name {
		action := fiscalv1.Action(n)
		plan, err := Plan("id", "касса", action)
		if action == fiscalv1.Action_ACTION_UNSPECIFIED || ofAgent[action] {
			if !errors.Is(err, ErrNoSuchAction) {
				t.Errorf("%s: %v", action, err)
			}
			continue
		}
		if err != nil || len(plan.GetSteps()) == 0 {
			t.Errorf("%s: %v %v", action, plan, err)
		}
		for _, s := range plan.GetSteps() {
			if s.GetTitle() == "" || s.GetState() != fiscalv1.StepState_STEP_STATE_PLANNED {
				t.Errorf("%s: %v", action, s)
			}
			// What changes fiscal data says so before anybody confirms.
			if s.GetFiscal() != (s.GetCode() == "cancel_dead" || s.GetCode() == "close_shift" || s.GetCode() == "decide") {
				t.Errorf("%s: step %s, fiscal %v", action, s.GetCode(), s.GetFiscal())
			}
		}
	}
}

// A decision is not written down when the second look says something else.
func TestDecide_looksAgainFirst(t *testing.T) {
	a := &actor{fails: map[string]error{"recheck": errors.New("settled meanwhile")}}
	run, _ := climb(t, a, fiscalv1.Action_ACTION_DECIDE)
	if want := []string{"read", "recheck"}; !slices.Equal(a.called, want) || run.GetOk() {
		t.Errorf("called %v, ok %v", a.called, run.GetOk())
	}
}

// There is a plan for every action of a till, nothing in it begun, and what changes fiscal data says so.
func TestPlans(t *testing.T) {
	fiscal := map[fiscalv1.Action]bool{}
	for _, plan := range Plans() {
		if len(plan.GetSteps()) == 0 || plan.GetEnded() {
			t.Errorf("%s: %v", plan.GetAction(), plan)
		}
		for _, s := range plan.GetSteps() {
			if s.GetState() != fiscalv1.StepState_STEP_STATE_PLANNED || s.GetBeganMs() != 0 {
				t.Errorf("%s: %s is %s", plan.GetAction(), s.GetCode(), s.GetState())
			}
			fiscal[plan.GetAction()] = fiscal[plan.GetAction()] || s.GetFiscal()
		}
	}
	if want := len(fiscalv1.Action_name) - 1 - len(ofAgent); len(fiscal) != want {
		t.Errorf("plans of %d actions out of %d", len(fiscal), want)
	}
	for action, changes := range fiscal {
		want := action == fiscalv1.Action_ACTION_RECOVER || action == fiscalv1.Action_ACTION_CLOSE_SHIFT || action == fiscalv1.Action_ACTION_DECIDE
		if changes != want {
			t.Errorf("%s changes fiscal data: %v", action, changes)
		}
	}
}
