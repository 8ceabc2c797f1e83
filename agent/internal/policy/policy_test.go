package policy

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// at is a time of the shop's day.
func at(hour, minute int) time.Time { return time.Date(2026, 3, 4, hour, minute, 0, 0, time.Local) }

func ready(change func(*fiscalv1.TillState)) *fiscalv1.TillState {
	s := &fiscalv1.TillState{Till: "k", Online: true, Paper: fiscalv1.Paper_PAPER_READY, ShiftOpen: true, Abilities: []string{"clock"}}
	if change != nil {
		change(s)
	}
	return s
}

func TestDue(t *testing.T) {
	rule := func(name string) *uplinkv1.Rule {
		return &uplinkv1.Rule{Name: name, On: true, AtMinute: 23*60 + 50, IdleMinutes: 15, Seconds: 60}
	}
	idle := Seen{Quiet: time.Hour}
	clock := func(shown string) func(*fiscalv1.TillState) {
		return func(s *fiscalv1.TillState) { s.ShiftOpen, s.Clock, s.ReadMs = false, shown, at(12, 0).UnixMilli() }
	}
	away := func(s *fiscalv1.TillState) { s.Online = false }
	for _, c := range []struct {
		name  string
		rule  *uplinkv1.Rule
		state *fiscalv1.TillState
		seen  Seen
		now   time.Time
		want  bool
	}{
		{"closing at its time", rule(CloseShift), ready(nil), idle, at(23, 50), true},
		{"a minute before", rule(CloseShift), ready(nil), idle, at(23, 49), false},
		{"after midnight", rule(CloseShift), ready(nil), idle, at(1, 49), true},
		{"too late", rule(CloseShift), ready(nil), idle, at(1, 50), false},
		{"in the morning", rule(CloseShift), ready(nil), idle, at(9, 0), false},
		{"a sale ten minutes ago", rule(CloseShift), ready(nil), Seen{Quiet: 10 * time.Minute}, at(23, 50), false},
		{"closed already", rule(CloseShift), ready(func(s *fiscalv1.TillState) { s.ShiftOpen = false }), idle, at(23, 50), false},
		{"an operation is not settled", rule(CloseShift), ready(func(s *fiscalv1.TillState) { s.Unfinished = 1 }), idle, at(23, 50), false},
		{"a slip is owed", rule(CloseShift), ready(func(s *fiscalv1.TillState) { s.PaperOwed = true }), idle, at(23, 50), false},
		{"no paper", rule(CloseShift), ready(func(s *fiscalv1.TillState) { s.Paper = fiscalv1.Paper_PAPER_OUT }), idle, at(23, 50), false},
		{"suspended", rule(CloseShift), ready(func(s *fiscalv1.TillState) { s.Suspended = new(fiscalv1.Suspension) }), idle, at(23, 50), false},
		{"a technician is at it", rule(CloseShift), ready(func(s *fiscalv1.TillState) { s.Recovering = true }), idle, at(23, 50), false},
		{"switched off", &uplinkv1.Rule{Name: CloseShift, AtMinute: 23*60 + 50}, ready(nil), idle, at(23, 50), false},
		{"silent for long", rule(ReopenPort), ready(away), Seen{Silent: 15 * time.Minute}, at(12, 0), true},
		{"silent for a moment", rule(ReopenPort), ready(away), Seen{Silent: time.Minute}, at(12, 0), false},
		{"it answers", rule(ReopenPort), ready(nil), Seen{Silent: time.Hour}, at(12, 0), false},
		{"another device answers", rule(ReopenPort), ready(func(s *fiscalv1.TillState) { away(s); s.Problems = []*fiscalv1.Problem{{Code: "swapped"}} }), Seen{Silent: time.Hour}, at(12, 0), false},
		{"two minutes fast", rule(SyncClock), ready(clock("2026-03-04T12:02:00")), idle, at(12, 0), true},
		{"two minutes slow", rule(SyncClock), ready(clock("2026-03-04T11:58:00")), idle, at(12, 0), true},
		{"half a minute", rule(SyncClock), ready(clock("2026-03-04T12:00:30")), idle, at(12, 0), false},
		{"a clock without seconds, right", rule(SyncClock), ready(clock("2026-03-04T11:59")), idle, at(12, 0), false},
		{"a clock without seconds, wrong", rule(SyncClock), ready(clock("2026-03-04T12:02")), idle, at(12, 0), true},
		{"the shift is open", rule(SyncClock), ready(func(s *fiscalv1.TillState) { clock("2026-03-04T12:02:00")(s); s.ShiftOpen = true }), idle, at(12, 0), false},
		{"a clock nobody can set", rule(SyncClock), ready(func(s *fiscalv1.TillState) { clock("2026-03-04T12:02:00")(s); s.Abilities = nil }), idle, at(12, 0), false},
		{"a clock not read", rule(SyncClock), ready(func(s *fiscalv1.TillState) { s.ShiftOpen = false }), idle, at(12, 0), false},
		{"paper is back", rule(FinishPrint), ready(func(s *fiscalv1.TillState) { s.Paper = fiscalv1.Paper_PAPER_CONTINUE }), idle, at(12, 0), true},
		{"a rule of tomorrow", rule("reboot"), ready(nil), idle, at(12, 0), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Due(c.rule, c.state, c.seen, c.now); got != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestRested(t *testing.T) {
	now := at(12, 0)
	ago := func(minutes ...int) (list []time.Time) {
		for _, m := range minutes {
			list = append(list, now.Add(-time.Duration(m)*time.Minute))
		}
		return list
	}
	for name, c := range map[string]struct {
		acted []time.Time
		want  bool
	}{
		"never":              {nil, true},
		"just now":           {ago(9), false},
		"ten minutes ago":    {ago(10), true},
		"six times today":    {ago(600, 500, 400, 300, 200, 100), false},
		"six, one a day ago": {ago(1441, 500, 400, 300, 200, 100), true},
	} {
		if got := Rested(c.acted, now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestEngine: a rule acts once, rests, and rests on after a restart; what the cabinet wants is kept without it.
func TestEngine(t *testing.T) {
	now := at(23, 51)
	state := ready(nil)
	state.Till = "k"
	var acts []string
	finish := map[string]*bool{}
	o := Options{
		File: filepath.Join(t.TempDir(), "rules.json"), States: func() []*fiscalv1.TillState { return []*fiscalv1.TillState{state} },
		Finish: func(till string, on *bool) { finish[till] = on }, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		Act: func(_ context.Context, rule, actor, till string, action fiscalv1.Action) (*fiscalv1.Run, error) {
			acts = append(acts, rule+" "+till+" "+action.String()+" "+actor)
			return nil, errors.New("the till is busy")
		},
	}
	e := New(o)
	if e.Version() != "" {
		t.Error("rules from nowhere")
	}
	rules := &uplinkv1.Rules{Version: "v1", Tills: []*uplinkv1.TillRules{{Till: "k", Rules: []*uplinkv1.Rule{
		{Name: CloseShift, On: true, AtMinute: 23*60 + 50, IdleMinutes: 1}, {Name: FinishPrint, On: true},
	}}}}
	if err := e.Take(rules); err != nil {
		t.Fatal(err)
	}
	if finish["k"] == nil || !*finish["k"] {
		t.Error("the till is not told to finish printing")
	}
	e.Look(t.Context()) // the first look only begins to watch for idleness
	now = now.Add(2 * time.Minute)
	e.Look(t.Context())
	e.Look(t.Context())
	want := []string{"close_shift k ACTION_CLOSE_SHIFT правило «закрывать смену на ночь»"}
	if !slices.Equal(acts, want) {
		t.Errorf("%q, want %q", acts, want)
	}
	finish = map[string]*bool{}
	e = New(o) // the agent has started anew
	if e.Version() != "v1" || finish["k"] == nil {
		t.Errorf("version %q after a restart", e.Version())
	}
	e.Look(t.Context())
	now = now.Add(2 * time.Minute)
	e.Look(t.Context())
	if len(acts) != 1 {
		t.Errorf("after a restart it does not rest: %q", acts)
	}
	now = now.Add(CoolDown)
	e.Look(t.Context())
	if len(acts) != 2 {
		t.Errorf("rested, and %d acts", len(acts))
	}
	if rule, _, record := e.Finished("k"); rule != FinishPrint || !record {
		t.Errorf("a till that finished printing: %q %v", rule, record)
	}
	if _, _, record := e.Finished("k"); record {
		t.Error("each slip of one roll leaves a record")
	}
	if err := e.Take(new(uplinkv1.Rules)); err != nil || finish["k"] != nil {
		t.Errorf("no rules any more: %v %v", err, finish["k"])
	}
	if _, _, record := e.Finished("k"); record {
		t.Error("a record of a rule that is none")
	}
}

func TestNew_damaged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules.json")
	if err := os.WriteFile(file, []byte(`{"rules":{"version":`), 0o600); err != nil {
		t.Fatal(err)
	}
	e := New(Options{File: file, States: func() []*fiscalv1.TillState { return nil }, Log: slog.New(slog.DiscardHandler)})
	if e.Version() != "" {
		t.Error("a damaged file is rules")
	}
}
