package updates

import (
	"fmt"
	"testing"
	"time"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

const (
	stOffered    = cabinetv1.UpdateStage_UPDATE_STAGE_OFFERED
	stWaiting    = cabinetv1.UpdateStage_UPDATE_STAGE_WAITING
	stTrial      = cabinetv1.UpdateStage_UPDATE_STAGE_TRIAL
	stHealthy    = cabinetv1.UpdateStage_UPDATE_STAGE_HEALTHY
	stRolledBack = cabinetv1.UpdateStage_UPDATE_STAGE_ROLLED_BACK
	stRefused    = cabinetv1.UpdateStage_UPDATE_STAGE_REFUSED
)

func TestDecide(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, c := range []struct {
		name   string
		change func(s *subject, m *member)
		stage  cabinetv1.UpdateStage
		failed string
		pace   pace
		ahead  bool
		want   why
		again  time.Duration
	}{
		{name: "in the share", want: whyOffer},
		{name: "paused", change: func(s *subject, _ *member) { s.State = cabinetv1.RolloutState_ROLLOUT_STATE_PAUSED }, want: whyNotRunning},
		{name: "paused takes an offer back", change: func(s *subject, _ *member) { s.State = cabinetv1.RolloutState_ROLLOUT_STATE_PAUSED }, stage: stWaiting, want: whyNotRunning},
		{name: "another outlet", change: func(s *subject, _ *member) { s.Plan.OutletIds = []string{"b"} }, want: whyNotConcerned},
		{name: "its outlet", change: func(s *subject, _ *member) { s.Plan.OutletIds = []string{"b", "a"} }, want: whyOffer},
		{name: "beta to an agent on stable", change: func(s *subject, _ *member) { s.Channel = ChannelBeta }, want: whyNotConcerned},
		{name: "beta to an agent on beta", change: func(s *subject, m *member) { s.Channel, m.Channel = ChannelBeta, ChannelBeta }, want: whyOffer},
		{name: "stable to an agent on beta", change: func(_ *subject, m *member) { m.Channel = ChannelBeta }, want: whyOffer},
		{name: "not built for it", change: func(_ *subject, m *member) { m.Platform = "linux-riscv64" }, want: whyNotConcerned},
		{name: "runs it", change: func(_ *subject, m *member) { m.Version = "1.4.0" }, want: whyThere},
		{name: "runs a later one", change: func(_ *subject, m *member) { m.Version = "1.10.0" }, want: whyThere},
		{name: "runs what is no version", change: func(_ *subject, m *member) { m.Version = "dev" }, want: whyOffer},
		{name: "runs its pre-release", change: func(_ *subject, m *member) { m.Version = "1.4.0-beta.2" }, want: whyOffer},
		{name: "pinned to another", change: func(_ *subject, m *member) { m.Pin = "1.3.0" }, want: whyPinned},
		{name: "pinned while it waits", change: func(_ *subject, m *member) { m.Pin = "1.3.0" }, stage: stWaiting, want: whyPinned},
		{name: "pinned to this", change: func(_ *subject, m *member) { m.Pin = "1.4.0" }, want: whyOffer},
		{name: "rolled back", stage: stRolledBack, want: whyEnded},
		{name: "refused", stage: stRefused, want: whyEnded},
		{name: "stayed, and somebody put the old one back", stage: stHealthy, want: whyEnded},
		{name: "failed, and the report is on its way", stage: stTrial, failed: "1.4.0", want: whyFailed},
		{name: "failed in an earlier rollout", failed: "1.4.0", want: whyOffer},
		{name: "the offer stands beyond rate and share", stage: stOffered, pace: pace{9, now}, ahead: true, want: whyOffer},
		{name: "not yet in the share", ahead: true, want: whyAhead},
		{name: "within the rate", pace: pace{4, now}, want: whyOffer},
		{name: "beyond the rate", pace: pace{5, now.Add(-45 * time.Second)}, want: whyRate, again: 15 * time.Second},
		{name: "beyond the rate, a slot is free at once", pace: pace{5, now.Add(-time.Minute)}, want: whyRate, again: time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &subject{
				ID: "r", Version: "1.4.0", Channel: ChannelStable, Platforms: []string{"linux-amd64"}, State: cabinetv1.RolloutState_ROLLOUT_STATE_RUNNING,
				Plan: &cabinetv1.RolloutPlan{Share: 10, PerMinute: 5},
			}
			m := member{ID: "x", Outlet: "a", Version: "1.3.0", Channel: ChannelStable, Platform: "linux-amd64"}
			if c.change != nil {
				c.change(s, &m)
			}
			got, again := decide(s, map[string]bool{"x": !c.ahead}, m, standing{c.stage}, c.failed, c.pace, now)
			if got != c.want || again != c.again {
				t.Errorf("got %d, again in %v; want %d, %v", got, again, c.want, c.again)
			}
		})
	}
}

// Raising the share adds agents and takes none away, at every step; the share is of the agents there are.
func TestShare(t *testing.T) {
	s := &subject{ID: "r", Version: "1.4.0", Channel: ChannelStable, Plan: &cabinetv1.RolloutPlan{}}
	var members []member
	for i := range 137 {
		members = append(members, member{ID: fmt.Sprint("agent", i), Version: "1.3.0"})
	}
	before := map[string]bool{}
	for share := uint32(1); share <= 100; share++ {
		s.Plan.Share = share
		chosen := s.share(members)
		if want := (137*int(share) + 99) / 100; len(chosen) != want {
			t.Errorf("%d %% are %d agents, want %d", share, len(chosen), want)
		}
		for id := range before {
			if !chosen[id] {
				t.Errorf("%d %% has lost %s", share, id)
			}
		}
		before = chosen
	}
	s.Plan.Share = 10
	if n := len(s.share(members[:30])); n != 3 {
		t.Errorf("a tenth of 30 agents are %d", n)
	}
}

func TestStop(t *testing.T) {
	plan := &cabinetv1.RolloutPlan{AbortPercent: 20, AbortAfter: 10}
	for _, c := range []struct {
		healthy, back, refused int
		stops                  bool
	}{
		{9, 0, 0, false}, {0, 9, 0, false}, {8, 2, 0, true}, {8, 1, 1, true}, {9, 1, 0, false}, {80, 19, 0, false}, {80, 19, 1, true}, {0, 5, 5, true},
	} {
		if text := stop(plan, c.healthy, c.back, c.refused); (text != "") != c.stops {
			t.Errorf("%+v: %q", c, text)
		}
	}
	if text := stop(&cabinetv1.RolloutPlan{}, 0, 50, 0); text != "" {
		t.Errorf("no criteria, and yet %q", text)
	}
}

func TestNewer(t *testing.T) {
	order := []string{"dev", "0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.0.10", "1.2.0", "1.10.0", "2.0.0"}
	for i, a := range order {
		for j, b := range order {
			if newer(a, b) != (i > j) {
				t.Errorf("%s newer than %s: %v", a, b, newer(a, b))
			}
		}
	}
	if newer("v1.0.0+build", "1.0.0") {
		t.Error("build metadata counts")
	}
}
