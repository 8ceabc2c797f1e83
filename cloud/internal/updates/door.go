package updates

import (
	"context"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// Fetch answers an agent that asks which version it should run.
func (u *Updates) Fetch(ctx context.Context, agent *access.Agent, r *uplinkv1.FetchUpdateRequest) (*uplinkv1.FetchUpdateResponse, error) {
	for _, text := range []string{r.GetVersion(), r.GetPlatform(), r.GetChannel(), r.GetFailed()} {
		if !validText(text) {
			return nil, fmt.Errorf("text %q: %w", text, ErrInvalid)
		}
	}
	known, err := u.store.Read().GetMember(ctx, agent.ID)
	if err != nil {
		return nil, fmt.Errorf("find agent: %w", err)
	}
	if known.Version != r.GetVersion() || known.Platform != r.GetPlatform() || known.Channel != r.GetChannel() {
		if err := u.store.Write().NoteAgentAsked(ctx, db.NoteAgentAskedParams{
			ID: agent.ID, Version: r.GetVersion(), Platform: r.GetPlatform(), Channel: r.GetChannel(),
		}); err != nil {
			return nil, fmt.Errorf("note agent: %w", err)
		}
	}
	rows, err := u.store.Read().ListOpenRollouts(ctx, db.ListOpenRolloutsParams{OrganisationID: agent.OrganisationID, Running: running, Paused: paused})
	if err != nil {
		return nil, fmt.Errorf("list rollouts: %w", err)
	}
	if len(rows) == 0 {
		return &uplinkv1.FetchUpdateResponse{PollMs: uint32(askIdle.Milliseconds())}, nil
	}
	m := member{
		ID: agent.ID, Outlet: agent.OutletID, Version: canonical(r.GetVersion()), Channel: r.GetChannel(), Platform: platform(r.GetPlatform()), Pin: known.Pinned,
	}
	answer := &uplinkv1.FetchUpdateResponse{PollMs: uint32(askBusy.Milliseconds())}
	for _, row := range rows { // one of each channel at most; the later version counts
		if answer.GetVersion() != "" && !newer(row.Version, answer.GetVersion()) {
			continue
		}
		s, again, err := u.offer(ctx, row, m, canonical(r.GetFailed()), r.GetVersion())
		if err != nil {
			return nil, fmt.Errorf("rollout %s: %w", row.ID, err)
		}
		if again > 0 && answer.GetVersion() == "" {
			answer.PollMs = uint32(again.Milliseconds())
		}
		if s != nil {
			answer = &uplinkv1.FetchUpdateResponse{
				RolloutId: s.ID, Version: s.Version, WindowFrom: s.Plan.GetWindowFrom(), WindowTo: s.Plan.GetWindowTo(),
				TrialSeconds: s.Plan.GetTrialSeconds(), PollMs: uint32(askBusy.Milliseconds()),
			}
		}
	}
	return answer, nil
}

// offer offers the version of a rollout to an agent, or not: then the subject is nil.
func (u *Updates) offer(ctx context.Context, row db.Rollout, m member, failed, from string) (offered *subject, again time.Duration, err error) {
	if row.State != running {
		return nil, 0, nil
	}
	// A look without holding anything up: most of those who ask are not due.
	s, _, again, err := u.due(ctx, u.store.Read(), row, m, failed)
	if err != nil || s == nil {
		return nil, again, err
	}
	first := false
	err = u.store.Tx(ctx, func(q *db.Queries) error {
		held, err := q.HoldRollout(ctx, db.HoldRolloutParams{OrganisationID: row.OrganisationID, ID: row.ID, State: running})
		if err != nil {
			return fmt.Errorf("hold rollout: %w", err)
		}
		if held == 0 {
			return nil // stopped a moment ago
		}
		now, err := q.GetRollout(ctx, db.GetRolloutParams{OrganisationID: row.OrganisationID, ID: row.ID})
		if err != nil {
			return fmt.Errorf("read rollout: %w", err)
		}
		var has bool
		if offered, has, again, err = u.due(ctx, q, now, m, failed); err != nil || offered == nil || has {
			return err
		}
		n, err := q.OfferRollout(ctx, db.OfferRolloutParams{
			OrganisationID: row.OrganisationID, RolloutID: row.ID, AgentID: m.ID, Stage: int32(cabinetv1.UpdateStage_UPDATE_STAGE_OFFERED),
			SinceAt: store.Micros(u.now()), FromVersion: from,
		})
		if err != nil {
			return fmt.Errorf("store offer: %w", err)
		}
		first = n > 0
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	if first {
		u.log.InfoContext(ctx, "update offered", "rollout", row.ID, "agent", m.ID, "from", from, "version", row.Version)
		u.publish(row.OrganisationID, row.ID)
	}
	return offered, again, nil
}

// due decides about one agent; the subject is nil when it is offered nothing. has says that it was offered the version before.
func (u *Updates) due(ctx context.Context, q *db.Queries, row db.Rollout, m member, failed string) (_ *subject, has bool, again time.Duration, err error) {
	s, err := subjectOf(row)
	if err != nil {
		return nil, false, 0, err
	}
	var st standing
	mine, err := q.GetRolloutAgent(ctx, db.GetRolloutAgentParams{OrganisationID: row.OrganisationID, RolloutID: row.ID, AgentID: m.ID})
	switch {
	case err == nil:
		st.Stage, has = cabinetv1.UpdateStage(mine.Stage), true
	case !store.NotFound(err):
		return nil, false, 0, fmt.Errorf("read offer: %w", err)
	}
	// Who was offered it or is not concerned needs no look at the others.
	chosen := map[string]bool{m.ID: true}
	if reason, _ := decide(s, chosen, m, st, failed, pace{}, u.now()); has || reason != whyOffer {
		if reason != whyOffer {
			s = nil
		}
		return s, has, 0, nil
	}
	v, err := u.view(ctx, q, row)
	if err != nil {
		return nil, false, 0, err
	}
	p, err := u.pace(ctx, q, row)
	if err != nil {
		return nil, false, 0, err
	}
	reason, again := decide(s, v.share(v.members), m, st, failed, p, u.now())
	if reason != whyOffer {
		s = nil
	}
	return s, has, again, nil
}

// Report takes where an agent's update stands. A stage only grows, and an end stays.
func (u *Updates) Report(ctx context.Context, agent *access.Agent, r *uplinkv1.ReportUpdateRequest) error {
	stage := cabinetv1.UpdateStage(r.GetStage())
	if _, ok := cabinetv1.UpdateStage_name[int32(stage)]; !ok || stage == cabinetv1.UpdateStage_UPDATE_STAGE_UNSPECIFIED {
		return fmt.Errorf("stage %d: %w", stage, ErrInvalid)
	}
	if !store.Keeps(r.GetText()) || !validText(r.GetFrom()) {
		return fmt.Errorf("text of a report: %w", ErrInvalid)
	}
	row, err := u.store.Read().GetRollout(ctx, db.GetRolloutParams{OrganisationID: agent.OrganisationID, ID: r.GetRolloutId()})
	if store.NotFound(err) || err == nil && row.Version != canonical(r.GetVersion()) {
		return fmt.Errorf("rollout %q: %w", r.GetRolloutId(), ErrNotFound)
	} else if err != nil {
		return fmt.Errorf("read rollout: %w", err)
	}
	changed, stopped := false, ""
	err = u.store.Tx(ctx, func(q *db.Queries) error {
		changed, stopped = false, ""
		before, err := q.GetRolloutAgent(ctx, db.GetRolloutAgentParams{OrganisationID: row.OrganisationID, RolloutID: row.ID, AgentID: agent.ID})
		if store.NotFound(err) {
			return fmt.Errorf("offer of rollout %q to this agent: %w", row.ID, ErrNotFound)
		} else if err != nil {
			return fmt.Errorf("read offer: %w", err)
		}
		next, ok := forward(before, r, store.Micros(u.now()))
		if !ok {
			return nil
		}
		n, err := q.ForwardRolloutAgent(ctx, next)
		if err != nil {
			return fmt.Errorf("store stage: %w", err)
		}
		changed = n > 0
		if !changed || !over(stage) {
			return nil
		}
		stopped, err = u.judge(ctx, q, row)
		return err
	})
	if err != nil {
		return err
	}
	if changed {
		u.publish(row.OrganisationID, row.ID)
	}
	if stopped != "" {
		u.log.WarnContext(ctx, "rollout stopped", "rollout", row.ID, "version", row.Version, "text", stopped)
		return u.rouseUnderWay(ctx, row)
	}
	return nil
}

// forward is the row after a report; false when the report changes nothing.
func forward(before db.RolloutAgent, r *uplinkv1.ReportUpdateRequest, now int64) (db.ForwardRolloutAgentParams, bool) {
	next := db.ForwardRolloutAgentParams{
		OrganisationID: before.OrganisationID, RolloutID: before.RolloutID, AgentID: before.AgentID, Before: before.Stage,
		Stage: int32(r.GetStage()), SinceAt: before.SinceAt, Text: limited(r.GetText()), FromVersion: before.FromVersion,
		Fetched: int64(min(r.GetFetched(), 1<<40)), Size: int64(min(r.GetSize(), 1<<40)),
	}
	if r.GetFrom() != "" {
		next.FromVersion = r.GetFrom()
	}
	if next.Size == 0 { // only the download tells it
		next.Fetched, next.Size = before.Fetched, before.Size
	}
	switch {
	case over(cabinetv1.UpdateStage(before.Stage)), next.Stage < before.Stage:
		return next, false
	case next.Stage > before.Stage:
		next.SinceAt = now
		return next, true
	}
	return next, next.Text != before.Text || next.Fetched != before.Fetched || next.Size != before.Size || next.FromVersion != before.FromVersion
}
