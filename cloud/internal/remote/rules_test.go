package remote

import (
	"errors"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

func TestTry(t *testing.T) {
	now := time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)
	since := now.AddDate(0, 0, -7)
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 3, day, hour, minute, 0, 0, time.UTC) }
	never := func(time.Time, time.Time) bool { return false }
	closing := Setting{On: true, AtMinute: 23*60 + 50, IdleMinutes: 15}
	for _, c := range []struct {
		name string
		rule string
		s    Setting
		p    past
		want []string
	}{
		{"a slip was owed twice", RuleFinishPrint, Setting{}, past{problems: []stretch{{"continue", at(4, 9, 0), at(4, 9, 5)}, {"continue", at(5, 9, 0), at(5, 9, 1)}}}, []string{"04 09:00 problem", "05 09:00 problem"}},
		{"another problem", RuleFinishPrint, Setting{}, past{problems: []stretch{{"offline", at(4, 9, 0), at(4, 9, 5)}}}, nil},
		{"a person did it", RuleFinishPrint, Setting{}, past{deeds: []deed{{fiscalv1.Action_ACTION_FINISH_PRINT, at(4, 9, 0)}}}, []string{"04 09:00 command"}},
		{"the problem and the person are one", RuleFinishPrint, Setting{}, past{
			problems: []stretch{{"continue", at(4, 9, 0), at(4, 9, 5)}}, deeds: []deed{{fiscalv1.Action_ACTION_FINISH_PRINT, at(4, 9, 4)}},
		}, []string{"04 09:00 problem"}},
		{"silent for a moment", RuleReopenPort, Setting{IdleMinutes: 2}, past{problems: []stretch{{"offline", at(4, 9, 0), at(4, 9, 1)}}}, nil},
		{"silent for long", RuleReopenPort, Setting{IdleMinutes: 2}, past{problems: []stretch{{"offline", at(4, 9, 0), time.Time{}}}}, []string{"04 09:02 problem"}},
		{"longer than a week ago", RuleSyncClock, Setting{Seconds: 60}, past{problems: []stretch{{"clock_skew", at(1, 1, 0), at(1, 2, 0)}}}, nil},
		{"a shift left open", RuleCloseShift, closing, past{shifts: []shiftTime{{at(4, 8, 0), at(5, 8, 0)}}, busy: never}, []string{"04 23:50 shift"}},
		{"a shift closed in time", RuleCloseShift, closing, past{shifts: []shiftTime{{at(4, 8, 0), at(4, 22, 0)}}, busy: never}, nil},
		{"a shift of three days is closed once", RuleCloseShift, closing, past{shifts: []shiftTime{{at(4, 8, 0), at(7, 8, 0)}}, busy: never}, []string{"04 23:50 shift"}},
		{"busy on the first evening", RuleCloseShift, closing, past{
			shifts: []shiftTime{{at(4, 8, 0), at(7, 8, 0)}}, busy: func(_, to time.Time) bool { return to.Day() == 4 },
		}, []string{"05 23:50 shift"}},
		{"tonight is not yet", RuleCloseShift, closing, past{shifts: []shiftTime{{at(8, 8, 0), time.Time{}}}, busy: never}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range try(c.rule, c.s, c.p, since, now) {
				got = append(got, f.at.Format("02 15:04 ")+f.by)
			}
			if len(got) != len(c.want) {
				t.Fatalf("%q, want %q", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("%q, want %q", got, c.want)
				}
			}
		})
	}
}

// TestRules: a rule holds below its node until a nearer one says otherwise; agents are given what changed and nothing of strangers; what it
// would have done is told by what was kept.
func TestRules(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		till := w.till(t, "o1", "a", nil)
		w.till(t, "o2", "b", nil)
		anna, agent := w.people["anna"], w.agents["o1"]
		whole := NodeAt(access.Place{OrganisationID: "o1"})
		place, err := w.fleet.Place(t.Context(), till)
		if err != nil {
			t.Fatal(err)
		}
		here := NodeAt(place)
		version := func() string {
			t.Helper()
			m, err := w.RulesOf(t.Context(), agent)
			if err != nil {
				t.Fatal(err)
			}
			return m.GetVersion()
		}
		if version() != "" {
			t.Error("rules of nobody have a version")
		}
		on, off := Setting{On: true, AtMinute: 23 * 60, IdleMinutes: 15}, Setting{AtMinute: 23 * 60, IdleMinutes: 15}
		if _, err := w.Set(t.Context(), anna, whole, RuleCloseShift, &on); err != nil {
			t.Fatal(err)
		}
		first := version()
		if err := w.Told(t.Context(), agent, first); err != nil {
			t.Fatal(err)
		}
		rules, err := w.At(t.Context(), here)
		if err != nil || rules.Tills != 1 || rules.Told != 1 || rules.Rules[2].GetHolds().GetAtMinute() != 23*60 || rules.Rules[2].GetHere() != nil || rules.Rules[2].GetFrom().GetId() != "" {
			t.Fatalf("%+v %v", rules, err)
		}
		rule, err := w.Set(t.Context(), anna, here, RuleCloseShift, &off)
		if err != nil || rule.GetHolds().GetOn() || !rule.GetAbove().GetOn() || version() == first {
			t.Errorf("%v %v", rule, err)
		}
		if rules, err = w.At(t.Context(), here); err != nil || rules.Told != 0 {
			t.Errorf("told of what it has not heard: %+v %v", rules, err)
		}
		if _, err := w.Set(t.Context(), anna, here, RuleCloseShift, nil); err != nil || version() != first {
			t.Errorf("given back: %v", err)
		}
		if m, err := w.RulesOf(t.Context(), w.agents["o2"]); err != nil || m.GetVersion() != "" {
			t.Errorf("a stranger's agent is given %v %v", m, err)
		}
		for name, bad := range map[string]Setting{"reboot": {}, RuleCloseShift: {AtMinute: 1440, IdleMinutes: 15}, RuleReopenPort: {}, RuleSyncClock: {Seconds: 1}} {
			if _, err := w.Set(t.Context(), anna, whole, name, &bad); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s %+v: %v", name, bad, err)
			}
		}
		w.till(t, "o1", "a", func(s *fiscalv1.TillState) { s.Problems = []*fiscalv1.Problem{{Code: "continue"}} })
		w.clock.Pass(time.Minute)
		w.restart() // the cabinet begins anew while the problem stands
		w.till(t, "o1", "a", nil)
		trial, err := w.Try(t.Context(), whole, RuleFinishPrint, Setting{On: true})
		if err != nil || trial.Total != 1 || trial.Firings[0].GetTillId() != till || trial.Firings[0].GetLastedMs() != time.Minute.Milliseconds() {
			t.Errorf("%+v %v", trial, err)
		}
	})
}
