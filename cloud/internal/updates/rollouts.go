package updates

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// Bounds of a plan.
const (
	minutesOfDay  = 24 * 60
	maxPerMinute  = 1000 // as many as AWS IoT Jobs starts a minute at most, and more than a cabinet's line would carry
	maxTrial      = 24 * 60 * 60
	maxAbortAfter = 1_000_000
)

// checkPlan says what is wrong with a plan.
func (u *Updates) checkPlan(ctx context.Context, organisation string, p *cabinetv1.RolloutPlan) error {
	switch {
	case p == nil:
		return fmt.Errorf("no plan: %w", ErrInvalid)
	case p.GetShare() < 1 || p.GetShare() > 100:
		return fmt.Errorf("share of %d percent: %w", p.GetShare(), ErrInvalid)
	case p.GetAbortPercent() > 100:
		return fmt.Errorf("stop at %d percent: %w", p.GetAbortPercent(), ErrInvalid)
	case p.GetAbortAfter() > maxAbortAfter:
		return fmt.Errorf("stop after %d agents: %w", p.GetAbortAfter(), ErrInvalid)
	case p.GetPerMinute() > maxPerMinute:
		return fmt.Errorf("%d offers a minute: %w", p.GetPerMinute(), ErrInvalid)
	case p.GetWindowFrom() >= minutesOfDay || p.GetWindowTo() >= minutesOfDay:
		return fmt.Errorf("window from %d to %d: %w", p.GetWindowFrom(), p.GetWindowTo(), ErrInvalid)
	case p.GetTrialSeconds() > maxTrial:
		return fmt.Errorf("trial of %d s: %w", p.GetTrialSeconds(), ErrInvalid)
	case len(p.GetOutletIds()) > maxOutlets:
		return fmt.Errorf("%d outlets: %w", len(p.GetOutletIds()), ErrInvalid)
	}
	for _, id := range p.GetOutletIds() {
		if n, err := u.store.Read().CountOutlets(ctx, db.CountOutletsParams{OrganisationID: organisation, ID: id}); err != nil {
			return fmt.Errorf("look for outlet: %w", err)
		} else if n == 0 {
			return fmt.Errorf("outlet %q: %w", id, ErrInvalid)
		}
	}
	return nil
}

// encoded is a plan as it is stored; equal plans are equal bytes.
func encoded(p *cabinetv1.RolloutPlan) ([]byte, error) {
	p = proto.CloneOf(p)
	slices.Sort(p.OutletIds)
	p.OutletIds = slices.Compact(p.OutletIds)
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	if raw == nil {
		raw = []byte{}
	}
	return raw, nil
}

// Start begins a rollout. The id is the asker's: asking twice is asking once.
func (u *Updates) Start(ctx context.Context, p *access.Person, id, version string, plan *cabinetv1.RolloutPlan) (*cabinetv1.Rollout, error) {
	if id == "" || !validText(id) {
		return nil, fmt.Errorf("id of a rollout has 1 to %d bytes: %w", maxWord, ErrInvalid)
	}
	if err := u.checkPlan(ctx, p.OrganisationID, plan); err != nil {
		return nil, err
	}
	raw, err := encoded(plan)
	if err != nil {
		return nil, err
	}
	if before, err := u.store.Read().GetRollout(ctx, db.GetRolloutParams{OrganisationID: p.OrganisationID, ID: id}); err == nil {
		if before.Version != version || before.StartedBy != p.Login {
			return nil, ErrConflict
		}
		return u.Rollout(ctx, p.OrganisationID, id)
	} else if !store.NotFound(err) {
		return nil, fmt.Errorf("read rollout: %w", err)
	}
	release, found, err := u.releases.Find(version)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("version %q is not released: %w", version, ErrInvalid)
	}
	now := store.Micros(u.now())
	err = u.store.Tx(ctx, func(q *db.Queries) error {
		// Two at once would both find nothing: in PostgreSQL the organisation's row is the queue.
		if err := q.HoldOrganisation(ctx, p.OrganisationID); err != nil {
			return fmt.Errorf("hold organisation: %w", err)
		}
		if err := free(ctx, q, p.OrganisationID, release.Channel, id); err != nil {
			return err
		}
		_, err := q.CreateRollout(ctx, db.CreateRolloutParams{
			OrganisationID: p.OrganisationID, ID: id, Version: release.Version, Channel: release.Channel, Platforms: strings.Join(release.Platforms, " "),
			Plan: raw, State: running, SinceAt: now, StartedBy: p.Login,
		})
		if err != nil {
			return fmt.Errorf("store rollout: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "rollout.started", Object: id, Name: release.Version})
	})
	if err != nil {
		return nil, err
	}
	u.log.InfoContext(ctx, "rollout started", "rollout", id, "version", version, "share", plan.GetShare(), "per_minute", plan.GetPerMinute(), "person", p.ID)
	u.publish(p.OrganisationID, id)
	return u.Rollout(ctx, p.OrganisationID, id)
}

// free tells whether no other rollout of the channel is open.
func free(ctx context.Context, q *db.Queries, organisation, channel, but string) error {
	open, err := q.ListOpenRollouts(ctx, db.ListOpenRolloutsParams{OrganisationID: organisation, Running: running, Paused: paused})
	if err != nil {
		return fmt.Errorf("list rollouts: %w", err)
	}
	for _, row := range open {
		if row.Channel == channel && row.ID != but {
			return fmt.Errorf("version %s: %w", row.Version, ErrBusy)
		}
	}
	return nil
}

// goes says from which state a change may begin, and where it leads.
func goes(change cabinetv1.RolloutChange, state int32, planned bool) (next int32, err error) {
	switch change {
	case cabinetv1.RolloutChange_ROLLOUT_CHANGE_PAUSE:
		if state == running || state == paused {
			return paused, nil
		}
	case cabinetv1.RolloutChange_ROLLOUT_CHANGE_RESUME:
		// One that stopped itself goes on when a person has looked at it, one that was through when an agent has come or was freed.
		if state != ended {
			return running, nil
		}
	case cabinetv1.RolloutChange_ROLLOUT_CHANGE_END:
		if state != through {
			return ended, nil
		}
	case cabinetv1.RolloutChange_ROLLOUT_CHANGE_UNSPECIFIED:
		switch {
		case !planned:
			return 0, fmt.Errorf("nothing to change: %w", ErrInvalid)
		case state == through: // a higher share
			return running, nil
		case state != ended:
			return state, nil
		}
	default:
		return 0, fmt.Errorf("change %d: %w", change, ErrInvalid)
	}
	return 0, ErrOver
}

// changeWords are what a change is called in the journal of acts.
var changeWords = map[cabinetv1.RolloutChange]string{
	cabinetv1.RolloutChange_ROLLOUT_CHANGE_UNSPECIFIED: "plan",
	cabinetv1.RolloutChange_ROLLOUT_CHANGE_PAUSE:       "pause",
	cabinetv1.RolloutChange_ROLLOUT_CHANGE_RESUME:      "resume",
	cabinetv1.RolloutChange_ROLLOUT_CHANGE_END:         "end",
}

// Change pauses a rollout, lets it go on, ends it, or gives it another plan.
func (u *Updates) Change(ctx context.Context, p *access.Person, id string, change cabinetv1.RolloutChange, plan *cabinetv1.RolloutPlan) (*cabinetv1.Rollout, error) {
	row, err := u.store.Read().GetRollout(ctx, db.GetRolloutParams{OrganisationID: p.OrganisationID, ID: id})
	if err != nil {
		return nil, notFound(id, err)
	}
	var raw []byte
	if plan != nil {
		if err := u.checkPlan(ctx, p.OrganisationID, plan); err != nil {
			return nil, err
		}
		if raw, err = encoded(plan); err != nil {
			return nil, err
		}
	}
	err = u.store.Tx(ctx, func(q *db.Queries) error {
		if err := q.HoldOrganisation(ctx, p.OrganisationID); err != nil {
			return fmt.Errorf("hold organisation: %w", err)
		}
		if row, err = q.GetRollout(ctx, db.GetRolloutParams{OrganisationID: p.OrganisationID, ID: id}); err != nil {
			return notFound(id, err)
		}
		next, err := goes(change, row.State, plan != nil)
		if err != nil {
			return err
		}
		if next == running {
			if err := free(ctx, q, p.OrganisationID, row.Channel, id); err != nil {
				return err
			}
		}
		if raw != nil {
			if err := q.SetRolloutPlan(ctx, db.SetRolloutPlanParams{OrganisationID: p.OrganisationID, ID: id, Plan: raw}); err != nil {
				return fmt.Errorf("store plan: %w", err)
			}
		}
		if err := audit.Note(ctx, q, audit.Entry{
			OrganisationID: p.OrganisationID, Act: "rollout.changed", Object: id, Name: row.Version, New: changeWords[change],
		}); err != nil {
			return err
		}
		if next == row.State {
			return nil
		}
		n, err := q.SetRolloutState(ctx, db.SetRolloutStateParams{
			OrganisationID: p.OrganisationID, ID: id, State: next, SinceAt: store.Micros(u.now()), Before: row.State,
		})
		if err != nil {
			return fmt.Errorf("store state of rollout: %w", err)
		}
		if n == 0 {
			return errors.Join(errGone, ErrConflict)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	u.log.InfoContext(ctx, "rollout changed", "rollout", id, "change", change.String(), "plan", plan != nil, "person", p.ID)
	u.publish(p.OrganisationID, id)
	if err := u.rouseUnderWay(ctx, row); err != nil {
		return nil, err
	}
	return u.Rollout(ctx, p.OrganisationID, id)
}

// Rollout gives one rollout.
func (u *Updates) Rollout(ctx context.Context, organisation, id string) (*cabinetv1.Rollout, error) {
	row, err := u.store.Read().GetRollout(ctx, db.GetRolloutParams{OrganisationID: organisation, ID: id})
	if err != nil {
		return nil, notFound(id, err)
	}
	v, err := u.view(ctx, u.store.Read(), row)
	if err != nil {
		return nil, err
	}
	return v.message(), nil
}

func (v *view) message() *cabinetv1.Rollout {
	return &cabinetv1.Rollout{
		Id: v.row.ID, Version: v.row.Version, Plan: v.Plan, State: v.State, SinceMs: v.row.SinceAt / 1000, Text: v.row.Text,
		StartedMs: v.row.StartedAt / 1000, StartedBy: v.row.StartedBy, Counts: count(v.subject, v.members, v.standings),
	}
}

// Rollouts gives the rollouts of an organisation, newest first.
func (u *Updates) Rollouts(ctx context.Context, organisation string) ([]*cabinetv1.Rollout, error) {
	rows, err := u.store.Read().ListRollouts(ctx, db.ListRolloutsParams{OrganisationID: organisation, Limit: maxList})
	if err != nil {
		return nil, fmt.Errorf("list rollouts: %w", err)
	}
	list := make([]*cabinetv1.Rollout, len(rows))
	for i, row := range rows {
		v, err := u.view(ctx, u.store.Read(), row)
		if err != nil {
			return nil, err
		}
		list[i] = v.message()
	}
	return list, nil
}

// order puts those in trouble first, then those on their way, the furthest first, then those ahead, and those that are through last.
var order = []cabinetv1.UpdateStage{
	cabinetv1.UpdateStage_UPDATE_STAGE_ROLLED_BACK, cabinetv1.UpdateStage_UPDATE_STAGE_REFUSED, cabinetv1.UpdateStage_UPDATE_STAGE_TRIAL,
	cabinetv1.UpdateStage_UPDATE_STAGE_WAITING, cabinetv1.UpdateStage_UPDATE_STAGE_DOWNLOADING, cabinetv1.UpdateStage_UPDATE_STAGE_OFFERED,
	cabinetv1.UpdateStage_UPDATE_STAGE_UNSPECIFIED, cabinetv1.UpdateStage_UPDATE_STAGE_HEALTHY,
}

// Agents gives a rollout and the agents it concerns, those in trouble first.
func (u *Updates) Agents(ctx context.Context, organisation, id string) (*cabinetv1.Rollout, []*cabinetv1.AgentUpdate, error) {
	row, err := u.store.Read().GetRollout(ctx, db.GetRolloutParams{OrganisationID: organisation, ID: id})
	if err != nil {
		return nil, nil, notFound(id, err)
	}
	v, err := u.view(ctx, u.store.Read(), row)
	if err != nil {
		return nil, nil, err
	}
	var list []*cabinetv1.AgentUpdate
	for _, a := range v.agents {
		m, here := v.rows[a.AgentID]
		if !here && !over(cabinetv1.UpdateStage(a.Stage)) {
			continue // revoked on its way
		}
		list = append(list, &cabinetv1.AgentUpdate{
			AgentId: a.AgentID, Host: m.Host, Outlet: m.Outlet, From: a.FromVersion, Version: row.Version, Stage: cabinetv1.UpdateStage(a.Stage),
			SinceMs: a.SinceAt / 1000, Text: a.Text, Fetched: uint64(a.Fetched), Size: uint64(a.Size), RolloutId: row.ID,
		})
	}
	for _, m := range v.members {
		if _, has := v.standings[m.ID]; has || !v.concerns(m) {
			continue
		}
		text := ""
		switch {
		case v.there(m):
			text = "Уже работает версия " + m.Version + "."
		case v.pinned(m):
			text = "Закреплён на версии " + m.Pin + "."
		}
		list = append(list, &cabinetv1.AgentUpdate{
			AgentId: m.ID, Host: v.rows[m.ID].Host, Outlet: v.rows[m.ID].Outlet, From: m.Version, Version: row.Version, Text: text, RolloutId: row.ID,
		})
	}
	slices.SortStableFunc(list, func(a, b *cabinetv1.AgentUpdate) int {
		if c := slices.Index(order, a.GetStage()) - slices.Index(order, b.GetStage()); c != 0 {
			return c
		}
		return strings.Compare(a.GetOutlet()+"\x00"+a.GetHost(), b.GetOutlet()+"\x00"+b.GetHost())
	})
	return v.message(), list[:min(len(list), maxAgents)], nil
}

// Pin keeps an agent at a version, or lets it follow rollouts again when version is empty.
func (u *Updates) Pin(ctx context.Context, p *access.Person, agentID, version string) error {
	if !validText(version) {
		return fmt.Errorf("version %q: %w", version, ErrInvalid)
	}
	err := u.store.Tx(ctx, func(q *db.Queries) error {
		n, err := q.PinAgent(ctx, db.PinAgentParams{OrganisationID: p.OrganisationID, ID: agentID, Pinned: canonical(version)})
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("agent %q: %w", agentID, ErrNotFound)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "agent.pinned", Object: agentID, New: canonical(version)})
	})
	if err != nil {
		return fmt.Errorf("pin agent: %w", err)
	}
	u.log.InfoContext(ctx, "agent pinned", "agent", agentID, "version", version, "person", p.ID)
	open, err := u.store.Read().ListOpenRollouts(ctx, db.ListOpenRolloutsParams{OrganisationID: p.OrganisationID, Running: running, Paused: paused})
	if err != nil {
		return fmt.Errorf("list rollouts: %w", err)
	}
	for _, row := range open {
		u.publish(p.OrganisationID, row.ID)
	}
	u.rouse(agentID) // an offer may be taken back by it, or made
	return nil
}

// OfAgents gives the pins and the last updates of an organisation's agents, by agent.
func (u *Updates) OfAgents(ctx context.Context, organisation string) (pins map[string]string, last map[string]*cabinetv1.AgentUpdate, err error) {
	rows, err := u.store.Read().ListPins(ctx, organisation)
	if err != nil {
		return nil, nil, fmt.Errorf("list pins: %w", err)
	}
	pins, last = map[string]string{}, map[string]*cabinetv1.AgentUpdate{}
	for _, row := range rows {
		pins[row.ID] = row.Pinned
	}
	updates, err := u.store.Read().ListLastUpdates(ctx, organisation)
	if err != nil {
		return nil, nil, fmt.Errorf("list updates: %w", err)
	}
	for _, a := range updates {
		last[a.AgentID] = &cabinetv1.AgentUpdate{
			AgentId: a.AgentID, From: a.FromVersion, Version: a.Version, Stage: cabinetv1.UpdateStage(a.Stage), SinceMs: a.SinceAt / 1000, Text: a.Text,
			Fetched: uint64(a.Fetched), Size: uint64(a.Size), RolloutId: a.RolloutID,
		}
	}
	return pins, last, nil
}
