package errand

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/network"
	"github.com/chekan-io/chekan/agent/internal/uplink"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	running = fiscalv1.StepState_STEP_STATE_RUNNING
	done    = fiscalv1.StepState_STEP_STATE_DONE
	failed  = fiscalv1.StepState_STEP_STATE_FAILED
	planned = fiscalv1.StepState_STEP_STATE_PLANNED
)

// do carries an errand out; told are the states of its steps as they came.
func do(t *testing.T, e *Errands, cmd *uplinkv1.Command, give func(context.Context, []byte) error) (run *fiscalv1.Run, told []string) {
	t.Helper()
	run, err := e.Do(t.Context(), cmd, func(r *fiscalv1.Run) {
		word := ""
		for _, s := range r.GetSteps() {
			word += map[fiscalv1.StepState]string{planned: ".", running: "r", done: "d", failed: "f"}[s.GetState()]
		}
		told = append(told, word)
	}, func(context.Context, *fiscalv1.Run) error { t.Error("saved"); return nil }, give)
	if err != nil {
		t.Fatal(err)
	}
	return run, told
}

func same(t *testing.T, got []string, want string) {
	t.Helper()
	if strings.Join(got, " ") != want {
		t.Errorf("told %s, want %s", strings.Join(got, " "), want)
	}
}

// Every errand has a plan, and no other action is one.
func TestPlans(t *testing.T) {
	e := New(Options{})
	want := map[fiscalv1.Action]bool{
		fiscalv1.Action_ACTION_RESTART_AGENT: true, fiscalv1.Action_ACTION_COLLECT_BUNDLE: true,
		fiscalv1.Action_ACTION_CHECK_NETWORK: true, fiscalv1.Action_ACTION_LOG_LEVEL: true, fiscalv1.Action_ACTION_CONFIGURE: true,
		fiscalv1.Action_ACTION_FIND_TILLS: true, fiscalv1.Action_ACTION_ADOPT_TILL: true,
	}
	for n := range int32(len(fiscalv1.Action_name)) {
		if action := fiscalv1.Action(n); e.Knows(action) != want[action] {
			t.Errorf("%s: known %v", action, e.Knows(action))
		}
	}
	for _, plan := range e.Plans() {
		if !want[plan.GetAction()] || len(plan.GetSteps()) == 0 {
			t.Errorf("plan %v", plan)
		}
		for _, s := range plan.GetSteps() {
			if s.GetFiscal() || s.GetState() != planned || s.GetTitle() == "" {
				t.Errorf("%s: step %v", plan.GetAction(), s)
			}
		}
	}
}

func TestBundle(t *testing.T) {
	collect := &uplinkv1.Command{Id: "c", Till: "k", Action: fiscalv1.Action_ACTION_COLLECT_BUNDLE}
	var asked string
	bundle := func(zip []byte, err error) *Errands {
		return New(Options{Bundle: func(_ context.Context, till string) ([]byte, error) { asked = till; return zip, err }})
	}
	var given []byte
	give := func(_ context.Context, zip []byte) error { given = zip; return nil }
	run, told := do(t, bundle([]byte("PK"), nil), collect, give)
	same(t, told, "r. d. dr dd")
	if !run.GetOk() || !run.GetEnded() || string(given) != "PK" || asked != "k" {
		t.Errorf("%v, given %q, asked of %q", run, given, asked)
	}
	run, told = do(t, bundle([]byte("PK"), nil), collect, func(context.Context, []byte) error { return errors.New("away") })
	same(t, told, "r. d. dr df")
	if run.GetOk() || !strings.Contains(run.GetText(), "away") {
		t.Errorf("not taken: %v", run)
	}
	given = nil
	run, told = do(t, bundle(make([]byte, MaxBundle+1), nil), collect, give)
	same(t, told, "r. f.")
	if run.GetOk() || given != nil || !strings.Contains(run.GetText(), "chekan-agent bundle") {
		t.Errorf("too big: %v", run)
	}
	run, told = do(t, bundle(nil, errors.New("disk")), collect, give)
	same(t, told, "r. f.")
	if run.GetOk() || given != nil || !strings.Contains(run.GetText(), "disk") {
		t.Errorf("not made: %v", run)
	}
}

func TestNetwork(t *testing.T) {
	check := &uplinkv1.Command{Id: "c", Action: fiscalv1.Action_ACTION_CHECK_NETWORK}
	with := func(steps ...network.Step) *Errands {
		return New(Options{Network: func(_ context.Context, _ string, report func(network.Step)) []network.Step {
			for _, s := range steps {
				begun := s
				begun.Running = true
				report(begun)
				report(s)
			}
			return steps
		}})
	}
	good := network.Step{Target: "cabinet", Part: "dns", Title: "Кабинет: имя", Verdict: network.Good, Text: "Найдено."}
	bad := network.Step{Target: "cabinet", Part: "tcp", Title: "Кабинет: соединение", Verdict: network.Bad, Text: "Порт закрыт.", Todo: "Откройте."}
	odd := network.Step{Target: "cabinet", Part: "tls", Title: "Кабинет: сертификат", Verdict: network.Warning, Text: "Кончается.", Todo: "Продлите."}
	run, told := do(t, with(good, odd), check, nil)
	same(t, told, "r d dr dd")
	if !run.GetOk() || run.GetSteps()[1].GetResult() != "Кончается. Продлите." || run.GetSteps()[0].GetCode() != "net_cabinet_dns" {
		t.Errorf("%v", run)
	}
	run, told = do(t, with(good, bad, good), check, nil)
	same(t, told, "r d dr df dfr dfd")
	if run.GetOk() || run.GetText() != "Порт закрыт." {
		t.Errorf("%v", run)
	}
	if run, _ = do(t, with(bad, good, bad), check, nil); run.GetOk() || !strings.Contains(run.GetText(), "2. Первый: Порт закрыт.") {
		t.Errorf("%v", run)
	}
	if run, _ = do(t, with(), check, nil); run.GetOk() || !run.GetEnded() {
		t.Errorf("nothing to check: %v", run)
	}
}

// The run of a restart is durable before anything stops, and gets its end from the agent that comes after.
func TestRestart(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	var order []string
	e := New(Options{Restart: func() { order = append(order, "restart") }, Now: func() time.Time { return now }})
	var saved *fiscalv1.Run
	cmd := &uplinkv1.Command{Id: "c", Till: "k", Action: fiscalv1.Action_ACTION_RESTART_AGENT}
	_, err := e.Do(t.Context(), cmd, func(*fiscalv1.Run) {}, func(_ context.Context, r *fiscalv1.Run) error {
		saved = r
		order = append(order, "save")
		return nil
	}, nil)
	if !errors.Is(err, uplink.ErrNotOver) || strings.Join(order, " ") != "save restart" {
		t.Fatalf("%v, %v", order, err)
	}
	now = now.Add(2500 * time.Millisecond)
	if !e.Resume(saved) || !saved.GetEnded() || !saved.GetOk() || saved.GetText() != "Агент перезапущен за 3 с." {
		t.Errorf("the end: %v", saved)
	}
	for _, run := range []*fiscalv1.Run{
		{Action: fiscalv1.Action_ACTION_RESTART_AGENT},                                                     // nothing had begun
		{Action: fiscalv1.Action_ACTION_RECOVER, Steps: []*fiscalv1.Step{{State: running}, {State: done}}}, // another
	} {
		if e.Resume(run) || run.GetEnded() {
			t.Errorf("took %v for its own", run)
		}
	}
	order = nil
	_, err = e.Do(t.Context(), cmd, func(*fiscalv1.Run) {}, func(context.Context, *fiscalv1.Run) error { return errors.New("disk") }, nil)
	if err == nil || errors.Is(err, uplink.ErrNotOver) || len(order) != 0 {
		t.Errorf("stopped without a record: %v, %v", order, err)
	}
}

// Another level holds for an hour, over a restart within it and not beyond.
func TestLevel(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		open := func() (*Level, *Errands) {
			l := OpenLevel(dir, slog.LevelInfo, nil)
			return l, New(Options{Level: l})
		}
		is := func(l *Level, want slog.Level) {
			t.Helper()
			synctest.Wait()
			if l.Level() != want {
				t.Errorf("level %v, want %v", l.Level(), want)
			}
		}
		l, e := open()
		is(l, slog.LevelInfo)
		run, told := do(t, e, &uplinkv1.Command{Action: fiscalv1.Action_ACTION_LOG_LEVEL, LogLevel: "debug"}, nil)
		same(t, told, "r d")
		if !run.GetOk() || !strings.Contains(run.GetText(), "debug") {
			t.Errorf("%v", run)
		}
		is(l, slog.LevelDebug)
		if run, _ := do(t, e, &uplinkv1.Command{Action: fiscalv1.Action_ACTION_LOG_LEVEL, LogLevel: "loud"}, nil); run.GetOk() {
			t.Errorf("%v", run)
		}
		is(l, slog.LevelDebug)
		<-time.After(40 * time.Minute)
		l.Close()
		l, _ = open()
		is(l, slog.LevelDebug)
		<-time.After(19 * time.Minute)
		is(l, slog.LevelDebug)
		<-time.After(2 * time.Minute)
		is(l, slog.LevelInfo)
		if !l.Until().IsZero() {
			t.Errorf("until %v", l.Until())
		}
		l.Close()
		l, e = open()
		is(l, slog.LevelInfo)
		do(t, e, &uplinkv1.Command{Action: fiscalv1.Action_ACTION_LOG_LEVEL, LogLevel: "warn"}, nil)
		is(l, slog.LevelWarn)
		l.Close()
		<-time.After(2 * time.Hour)
		l, _ = open()
		is(l, slog.LevelInfo)
		l.Close()
	})
	if err := os.WriteFile(filepath.Join(dir, levelFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l := OpenLevel(dir, slog.LevelWarn, nil); l.Level() != slog.LevelWarn {
		t.Errorf("a damaged file: %v", l.Level())
	}
}

// wishes stands for what package config keeps.
type wishes struct {
	fresh, restart bool
	err, trouble   error
	taken          []string
}

func (w *wishes) Take(till string, s *fiscalv1.TillSettings) (fresh, restart bool, err error) {
	w.taken = append(w.taken, till+" "+s.GetOfd())
	return w.fresh, w.restart, w.err
}

func (w *wishes) Trouble() error { return w.trouble }

// Settings that need no restart hold at once, bad ones change nothing, and a restart waits until no operation is open.
func TestConfigure(t *testing.T) {
	cmd := &uplinkv1.Command{Id: "c", Till: "k", Action: fiscalv1.Action_ACTION_CONFIGURE, Settings: &fiscalv1.TillSettings{Version: 4, Ofd: "auto"}}
	w := &wishes{fresh: true}
	run, told := do(t, New(Options{Settings: w}), cmd, nil)
	same(t, told, "r. d. dr dd")
	if !run.GetOk() || len(w.taken) != 1 || w.taken[0] != "k auto" || !strings.Contains(run.GetSteps()[0].GetResult(), "версия 4") {
		t.Errorf("%v %v", run, w.taken)
	}
	run, _ = do(t, New(Options{Settings: &wishes{}}), cmd, nil)
	if !run.GetOk() || !strings.Contains(run.GetSteps()[0].GetResult(), "уже записана") {
		t.Errorf("twice: %v", run)
	}
	run, told = do(t, New(Options{Settings: &wishes{err: errors.New("ofd = \"x\"")}}), cmd, nil)
	same(t, told, "r. f.")
	if run.GetOk() || !run.GetEnded() || !strings.Contains(run.GetText(), "ничего не изменено: ofd") {
		t.Errorf("refused: %v", run)
	}

	synctest.Test(t, func(t *testing.T) {
		var order []string
		busy, w := 3, &wishes{fresh: true, restart: true}
		e := New(Options{
			Settings: w, Restart: func() { order = append(order, "restart") },
			Quiet: func(context.Context) (func(), string) {
				if busy--; busy >= 0 {
					order = append(order, "busy")
					return nil, "на кассе k идёт операция"
				}
				return func() { order = append(order, "released") }, ""
			},
		})
		var saved *fiscalv1.Run
		save := func(_ context.Context, r *fiscalv1.Run) error { saved, order = r, append(order, "save"); return nil }
		if _, err := e.Do(t.Context(), cmd, func(*fiscalv1.Run) {}, save, nil); !errors.Is(err, uplink.ErrNotOver) {
			t.Fatal(err)
		}
		if got := strings.Join(order, " "); got != "busy busy busy save restart" {
			t.Errorf("order: %s", got)
		}
		torn := &fiscalv1.Run{Action: saved.GetAction(), Steps: []*fiscalv1.Step{{State: running}, {State: planned}}}
		if e.Resume(torn) || torn.GetEnded() {
			t.Error("what was cut off before it was kept is called done")
		}
		if !e.Resume(saved) || !saved.GetOk() || !saved.GetEnded() {
			t.Errorf("the end: %v", saved)
		}
		w.trouble = errors.New("испорчен")
		if saved.GetSteps()[1].State = running; !e.Resume(saved) || saved.GetOk() || !strings.Contains(saved.GetText(), "испорчен") {
			t.Errorf("the end with spoilt settings: %v", saved)
		}
		busy = 1 << 30
		run, err := e.Do(t.Context(), cmd, func(*fiscalv1.Run) {}, save, nil)
		if err != nil || run.GetOk() || !strings.Contains(run.GetText(), "идёт операция") || !strings.Contains(run.GetText(), "записаны") {
			t.Errorf("a till that is never free: %v %v", run, err)
		}
	})
}
