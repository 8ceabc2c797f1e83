package updates

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// of is how an agent stands in a rollout; nil when nothing was offered to it.
func (w *world) of(t *testing.T, a *simulated) *cabinetv1.AgentUpdate {
	t.Helper()
	_, list, err := w.Agents(t.Context(), "o1", "r")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		if one.GetAgentId() == a.ID && one.GetStage() != cabinetv1.UpdateStage_UPDATE_STAGE_UNSPECIFIED {
			return one
		}
	}
	return nil
}

// Who asks twice is offered the same once; what an agent calls itself is bounded, and of what is no text nothing is kept.
func TestFetch(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := build(t, s, 2)
		ctx := t.Context()
		first, second := w.agents[0], w.agents[1]
		w.ask(t, first)
		if first.offer != nil {
			t.Fatalf("offered before there is a rollout: %v", first.offer)
		}
		w.start(t, "r", "1.4.0", &cabinetv1.RolloutPlan{Share: 100, PerMinute: 1})
		for range 3 { // the answer was lost
			w.ask(t, first)
			if first.offer.GetRolloutId() != "r" || first.offer.GetVersion() != "1.4.0" {
				t.Fatalf("offered %v", first.offer)
			}
		}
		if got := w.now(t, "r"); got.GetCounts().GetOffered() != 1 {
			t.Errorf("asked three times, and counted %v", got.GetCounts())
		}
		w.ask(t, second) // one a minute, and that was the first one's
		if second.offer != nil {
			t.Errorf("offered beyond the rate: %v", second.offer)
		}
		before, err := s.Read().GetMember(ctx, second.ID)
		if err != nil {
			t.Fatal(err)
		}
		long := strings.Repeat("1", maxWord+1)
		for name, r := range map[string]*uplinkv1.FetchUpdateRequest{
			"a version without end":  {Version: long, Platform: "linux/amd64", Channel: ChannelStable},
			"a platform without end": {Version: "1.3.0", Platform: long, Channel: ChannelStable},
			"a channel of two lines": {Version: "1.3.0", Platform: "linux/amd64", Channel: "stable\nbeta"},
			"a failure with a NUL":   {Version: "1.3.0", Platform: "linux/amd64", Channel: ChannelStable, Failed: "1.4.0\x00"},
		} {
			if answer, err := w.Fetch(ctx, second.Agent, r); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v, %v", name, answer, err)
			}
		}
		if after, err := s.Read().GetMember(ctx, second.ID); err != nil || after != before {
			t.Errorf("kept of what was refused: %+v, was %+v, %v", after, before, err)
		}
		w.clock.Pass(2 * time.Minute)
		for name, r := range map[string]*uplinkv1.FetchUpdateRequest{
			"of a platform we lack": {Version: "1.3.0", Platform: "plan9/mips", Channel: ChannelStable},
			"that has a later one":  {Version: "9.0.0", Platform: "linux/amd64", Channel: ChannelStable},
		} {
			if answer, err := w.Fetch(ctx, second.Agent, r); err != nil || answer.GetVersion() != "" || answer.GetPollMs() == 0 {
				t.Errorf("an agent %s: %v, %v", name, answer, err)
			}
		}
		w.ask(t, second)
		if second.offer == nil {
			t.Error("nothing is offered to who is due")
		}
	})
}

// A report counts once and only forwards, is about what was offered to the very agent that tells it, and is bounded.
func TestReport(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := build(t, s, 2)
		ctx := t.Context()
		mine, other := w.agents[0], w.agents[1]
		foreign := &access.Agent{ID: "agent-of-o2", OrganisationID: "o2", OutletID: "shop o2"}
		storetest.Shop(t, s, "o2", "shop o2", foreign.ID)
		w.start(t, "r", "1.4.0", &cabinetv1.RolloutPlan{Share: 100, PerMinute: 1})
		w.ask(t, mine)
		good := func(change func(r *uplinkv1.ReportUpdateRequest)) *uplinkv1.ReportUpdateRequest {
			r := &uplinkv1.ReportUpdateRequest{
				RolloutId: "r", Version: "1.4.0", Stage: uplinkv1.UpdateStage_UPDATE_STAGE_DOWNLOADING, Text: "идёт", From: "1.3.0", Fetched: 10, Size: 100,
			}
			if change != nil {
				change(r)
			}
			return r
		}
		for name, c := range map[string]struct {
			agent *access.Agent
			r     *uplinkv1.ReportUpdateRequest
			want  error
		}{
			"of another agent, which was offered nothing": {other.Agent, good(nil), ErrNotFound},
			"of another organisation":                     {foreign, good(nil), ErrNotFound},
			"of no rollout":                               {mine.Agent, good(func(r *uplinkv1.ReportUpdateRequest) { r.RolloutId = "x" }), ErrNotFound},
			"of a rollout with a name without end":        {mine.Agent, good(func(r *uplinkv1.ReportUpdateRequest) { r.RolloutId = strings.Repeat("r", maxWord+1) }), ErrNotFound},
			"of another version":                          {mine.Agent, good(func(r *uplinkv1.ReportUpdateRequest) { r.Version = "1.5.0" }), ErrNotFound},
			"of no stage":                                 {mine.Agent, good(func(r *uplinkv1.ReportUpdateRequest) { r.Stage = 0 }), ErrInvalid},
			"of a stage of tomorrow":                      {mine.Agent, good(func(r *uplinkv1.ReportUpdateRequest) { r.Stage = 99 }), ErrInvalid},
			"with a NUL":                                  {mine.Agent, good(func(r *uplinkv1.ReportUpdateRequest) { r.Text = "a\x00b" }), ErrInvalid},
			"with a version before that has no end":       {mine.Agent, good(func(r *uplinkv1.ReportUpdateRequest) { r.From = strings.Repeat("1", maxWord+1) }), ErrInvalid},
		} {
			if err := w.Report(ctx, c.agent, c.r); !errors.Is(err, c.want) {
				t.Errorf("a report %s: %v", name, err)
			}
		}
		if got := w.of(t, mine); got.GetStage() != cabinetv1.UpdateStage_UPDATE_STAGE_OFFERED {
			t.Errorf("what was refused is kept: %v", got)
		}
		if got := w.of(t, other); got != nil {
			t.Errorf("the other one is in: %v", got)
		}

		tell := func(r *uplinkv1.ReportUpdateRequest) {
			t.Helper()
			if err := w.Report(ctx, mine.Agent, r); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			tell(good(func(r *uplinkv1.ReportUpdateRequest) {
				r.Text = strings.Repeat("щ", 100_000)
				r.Fetched, r.Size = 1<<63, 1<<64-1
			}))
		}
		since := w.of(t, mine).GetSinceMs()
		if got := w.of(t, mine); len([]rune(got.GetText())) != maxText || got.GetFetched() > got.GetSize() {
			t.Errorf("%d characters, %d of %d bytes", len([]rune(got.GetText())), got.GetFetched(), got.GetSize())
		}
		w.clock.Pass(time.Minute)
		tell(good(nil))
		if got := w.of(t, mine); got.GetSinceMs() != since || got.GetText() != "идёт" {
			t.Errorf("told again: %v", got)
		}
		stage := func(s uplinkv1.UpdateStage) *uplinkv1.ReportUpdateRequest {
			return good(func(r *uplinkv1.ReportUpdateRequest) { r.Stage, r.Fetched, r.Size = s, 0, 0 })
		}
		tell(stage(uplinkv1.UpdateStage_UPDATE_STAGE_TRIAL))
		tell(stage(uplinkv1.UpdateStage_UPDATE_STAGE_DOWNLOADING)) // late, by another way
		if got := w.of(t, mine); got.GetStage() != cabinetv1.UpdateStage_UPDATE_STAGE_TRIAL || got.GetSize() != 100 {
			t.Errorf("after a late word: %v", got)
		}
		for range 2 {
			tell(stage(uplinkv1.UpdateStage_UPDATE_STAGE_HEALTHY))
		}
		tell(stage(uplinkv1.UpdateStage_UPDATE_STAGE_ROLLED_BACK)) // of who was well already
		if got := w.now(t, "r").GetCounts(); w.of(t, mine).GetStage() != cabinetv1.UpdateStage_UPDATE_STAGE_HEALTHY || got.GetHealthy() != 1 || got.GetRolledBack() != 0 {
			t.Errorf("at the end %v, %v", w.of(t, mine), got)
		}
	})
}
