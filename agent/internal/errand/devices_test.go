package errand

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/chekan-io/chekan/agent/internal/uplink"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// shelf stands for what package discovery finds.
type shelf struct {
	said              string
	look, check, take error
	list, order       []string
}

func (s *shelf) Look(context.Context) (string, error) { return s.said, s.look }

func (s *shelf) Check(context.Context, *fiscalv1.Stranger) (string, error) {
	s.order = append(s.order, "check")
	return "kassa-1", s.check
}

func (s *shelf) Take(d *fiscalv1.Stranger, name string, first *fiscalv1.TillSettings) error {
	s.order = append(s.order, "take "+d.GetWire()+" "+first.GetTitle())
	if s.take == nil {
		s.list = append(s.list, name)
	}
	return s.take
}

func (s *shelf) Has(name string) bool { return slices.Contains(s.list, name) }

// A search says what came of it, and one that a restart cut off changed nothing.
func TestFindTills(t *testing.T) {
	cmd := &uplinkv1.Command{Id: "c", Action: fiscalv1.Action_ACTION_FIND_TILLS}
	run, told := do(t, New(Options{Devices: &shelf{said: "Новых касс: 1."}}), cmd, nil)
	same(t, told, "r d")
	if !run.GetOk() || run.GetText() != "Новых касс: 1." || run.GetTill() != "" {
		t.Errorf("%v", run)
	}
	e := New(Options{Devices: &shelf{look: errors.New("портов не перечислить")}})
	run, told = do(t, e, cmd, nil)
	same(t, told, "r f")
	if run.GetOk() || !strings.Contains(run.GetText(), "портов не перечислить") {
		t.Errorf("%v", run)
	}
	cut := &fiscalv1.Run{Action: fiscalv1.Action_ACTION_FIND_TILLS, Steps: []*fiscalv1.Step{{State: running}}}
	if !e.Resume(cut) || !cut.GetEnded() || cut.GetOk() || cut.GetSteps()[0].GetState() != failed {
		t.Errorf("%v", cut)
	}
}

// A device is looked at, its name is durable, then it is in the list, then the agent starts anew; wherever that is cut, the list says
// what became of it.
func TestAdopt(t *testing.T) {
	cmd := &uplinkv1.Command{
		Id: "c", Action: fiscalv1.Action_ACTION_ADOPT_TILL, Device: &fiscalv1.Stranger{Wire: "tcp://192.0.2.1:7778", Driver: "shtrih"},
		Settings: &fiscalv1.TillSettings{Version: 1, Title: "Касса у входа"},
	}
	run, told := do(t, New(Options{Devices: &shelf{check: errors.New("устройство больше не отвечает")}}), cmd, nil)
	same(t, told, "r.. f..")
	if run.GetOk() || run.GetTill() != "" || !strings.Contains(run.GetText(), "ничего не изменено: устройство больше не отвечает.") {
		t.Errorf("%v", run)
	}

	synctest.Test(t, func(t *testing.T) {
		s, free := &shelf{}, true
		e := New(Options{
			Devices: s, Restart: func() { s.order = append(s.order, "restart") },
			Quiet: func(context.Context) (func(), string) {
				if !free {
					return nil, "на кассе k идёт операция"
				}
				return func() {}, ""
			},
		})
		var saved []*fiscalv1.Run
		save := func(_ context.Context, r *fiscalv1.Run) error {
			saved, s.order = append(saved, r), append(s.order, "save "+r.GetTill())
			return nil
		}
		act := func() (*fiscalv1.Run, error) {
			saved, s.order = nil, nil
			return e.Do(t.Context(), cmd, func(*fiscalv1.Run) {}, save, nil)
		}
		if _, err := act(); !errors.Is(err, uplink.ErrNotOver) {
			t.Fatal(err)
		}
		if got := strings.Join(s.order, ", "); got != "check, save kassa-1, take tcp://192.0.2.1:7778 Касса у входа, save kassa-1, restart" {
			t.Errorf("order: %s", got)
		}

		// Cut before the list was written, after it, and after the restart that was meant.
		before, after := saved[0], saved[1]
		s.list = nil
		if !e.Resume(before) || before.GetOk() || before.GetTill() != "" || !strings.Contains(before.GetText(), "Ничего не изменено") {
			t.Errorf("before: %v", before)
		}
		if _, err := act(); !errors.Is(err, uplink.ErrNotOver) {
			t.Fatal(err)
		}
		for what, cut := range map[string]*fiscalv1.Run{"written": saved[0], "restarted": after} {
			if !e.Resume(cut) || !cut.GetOk() || cut.GetTill() != "kassa-1" || slices.ContainsFunc(cut.GetSteps(), func(s *fiscalv1.Step) bool { return s.GetState() != done }) {
				t.Errorf("%s: %v", what, cut)
			}
		}
		fresh := &fiscalv1.Run{Action: fiscalv1.Action_ACTION_ADOPT_TILL}
		if !e.Resume(fresh) || fresh.GetOk() || !fresh.GetEnded() {
			t.Errorf("cut before anything: %v", fresh)
		}

		s.take = errors.New("касса с заводским № 12 уже есть")
		run, err := act()
		if err != nil || run.GetOk() || run.GetTill() != "" || !strings.Contains(run.GetText(), "уже есть") {
			t.Errorf("refused: %v %v", run, err)
		}
		s.take, free = nil, false
		run, err = act()
		if err != nil || !run.GetOk() || run.GetTill() != "kassa-1" || !strings.Contains(run.GetText(), "идёт операция") {
			t.Errorf("a till that is never free: %v %v", run, err)
		}
	})
}
