// Package updates brings new versions to agents: it keeps the signed releases, gives their files out, and decides which
// agent is offered which version, and when.
//
// # Releases
//
// A release is what a publisher signed (docs/releases.md). The cabinet signs nothing and can change nothing of it: it takes a
// repository after it has verified every link ([Releases.Import]), and gives its files to agents, which verify them
// once more by the root of their own package. A cabinet in wrong hands can withhold a release; it cannot make one.
//
// # Rollouts
//
// A rollout brings one version to the agents of some outlets, or all: a share of them, so many a minute, in a
// window of the day. Its criteria stop it when too many of those that ended did not stay. One rollout of a channel
// goes on at a time; the next one begins when somebody has ended the last.
//
// Agents ask; nothing is pushed. Whether an agent is offered the version is a pure function (decide.go) of the plan, the agents
// there are now, where each stands, and the clock. Everything it reads is in the database, so that a cabinet that
// starts anew goes on where it was. A stage only grows and an end never changes: late and repeated reports
// change nothing.
//
// Pausing, ending and stopping take offers back from agents that have not switched yet; one that has switched stays on its
// trial and comes to its own end.
//
// # What it does not do
//
// It cannot force a till: the agent waits for its quiet moment, refuses what does not fit, and goes back by itself.
package updates

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

const (
	// understands is the capability from which on an agent asks for updates.
	understands = 5
	// askBusy is how often an agent asks while a rollout goes on, askIdle when none does. Whoever is concerned is woken besides.
	askBusy, askIdle = time.Minute, 5 * time.Minute
	// lookEvery is how often rollouts are looked at for agents to wake and for their end.
	lookEvery = 5 * time.Second
	// wakeAgain is how long an agent that was woken is left alone.
	wakeAgain = time.Minute
	// wakeAtOnce bounds how many agents one look wakes when a rollout has no rate.
	wakeAtOnce = 200
	// maxList bounds lists of rollouts and of agents of one.
	maxList, maxAgents = 100, 5000

	// maxWord bounds ids and versions, maxText a sentence of an agent.
	maxWord, maxText = 64, 500
	maxOutlets       = 5000
)

const (
	running = int32(cabinetv1.RolloutState_ROLLOUT_STATE_RUNNING)
	paused  = int32(cabinetv1.RolloutState_ROLLOUT_STATE_PAUSED)
	aborted = int32(cabinetv1.RolloutState_ROLLOUT_STATE_ABORTED)
	through = int32(cabinetv1.RolloutState_ROLLOUT_STATE_DONE)
	ended   = int32(cabinetv1.RolloutState_ROLLOUT_STATE_ENDED)
)

// Updates is safe for concurrent use.
type Updates struct {
	store    *store.Store
	releases *Releases
	log      *slog.Logger
	now      func() time.Time
	publish  func(organisation, rolloutID string)
	rouse    func(agentID string)

	mu    sync.Mutex
	woken map[string]time.Time // agents that were woken of late
}

// New makes the updates of a cabinet. publish is told of every rollout that changed, rouse of every agent that should ask; neither may block.
func New(s *store.Store, releases *Releases, log *slog.Logger, now func() time.Time, publish func(organisation, rolloutID string), rouse func(agentID string)) *Updates {
	return &Updates{store: s, releases: releases, log: log, now: now, publish: publish, rouse: rouse, woken: map[string]time.Time{}}
}

// Releases are the signed ones.
func (u *Updates) Releases() *Releases { return u.releases }

// Run wakes agents that are to be offered something, and notices rollouts that are through, until ctx ends.
func (u *Updates) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := u.Look(ctx); err != nil && ctx.Err() == nil {
			u.log.WarnContext(ctx, "rollouts not looked at", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Look looks once at every rollout that goes on.
func (u *Updates) Look(ctx context.Context) error {
	rows, err := u.store.Read().ListRolloutsInState(ctx, running)
	if err != nil {
		return fmt.Errorf("list rollouts: %w", err)
	}
	for _, row := range rows {
		if err := u.look(ctx, row); err != nil {
			return fmt.Errorf("rollout %s: %w", row.ID, err)
		}
	}
	return nil
}

func (u *Updates) look(ctx context.Context, row db.Rollout) error {
	v, err := u.view(ctx, u.store.Read(), row)
	if err != nil {
		return err
	}
	if done(v.subject, v.members, v.standings) {
		return u.turn(ctx, row, through, "")
	}
	p, err := u.pace(ctx, u.store.Read(), row)
	if err != nil {
		return err
	}
	free := wakeAtOnce
	if rate := int(v.Plan.GetPerMinute()); rate > 0 {
		free = rate - p.offers
	}
	chosen := v.share(v.members)
	now := u.now()
	for _, m := range v.members {
		if free <= 0 {
			break
		}
		st, has := v.standings[m.ID]
		if reason, _ := decide(v.subject, chosen, m, st, "", pace{}, now); reason == whyOffer && !has && u.mayWake(m.ID, now) {
			u.rouse(m.ID)
			free--
		}
	}
	return nil
}

// mayWake tells whether an agent was left alone for long enough, and notes that it is woken now.
func (u *Updates) mayWake(agentID string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Sub(u.woken[agentID]) < wakeAgain {
		return false
	}
	if len(u.woken) > maxAgents {
		clear(u.woken)
	}
	u.woken[agentID] = now
	return true
}

// view is a rollout with everything that is decided from.
type view struct {
	*subject
	row       db.Rollout
	members   []member
	rows      map[string]db.ListMembersRow
	standings map[string]standing
	agents    []db.RolloutAgent
}

func subjectOf(row db.Rollout) (*subject, error) {
	s := &subject{
		ID: row.ID, Version: row.Version, Channel: row.Channel, Platforms: strings.Fields(row.Platforms),
		Plan: new(cabinetv1.RolloutPlan), State: cabinetv1.RolloutState(row.State),
	}
	if err := proto.Unmarshal(row.Plan, s.Plan); err != nil {
		return nil, fmt.Errorf("plan of rollout %s: %w", row.ID, err)
	}
	return s, nil
}

// platform is a platform as releases name it: agents say linux/amd64.
func platform(told string) string { return strings.ReplaceAll(told, "/", "-") }

func (u *Updates) view(ctx context.Context, q *db.Queries, row db.Rollout) (*view, error) {
	s, err := subjectOf(row)
	if err != nil {
		return nil, err
	}
	v := &view{subject: s, row: row, rows: map[string]db.ListMembersRow{}, standings: map[string]standing{}}
	members, err := q.ListMembers(ctx, db.ListMembersParams{OrganisationID: row.OrganisationID, Capability: understands})
	if err != nil {
		return nil, fmt.Errorf("list agents: %w", err)
	}
	for _, m := range members {
		v.rows[m.ID] = m
		v.members = append(v.members, member{
			ID: m.ID, Outlet: m.OutletID, Version: canonical(m.Version), Channel: m.Channel, Platform: platform(m.Platform), Pin: m.Pinned,
		})
	}
	if v.agents, err = q.ListRolloutAgents(ctx, db.ListRolloutAgentsParams{OrganisationID: row.OrganisationID, RolloutID: row.ID}); err != nil {
		return nil, fmt.Errorf("list agents of rollout: %w", err)
	}
	for _, a := range v.agents {
		v.standings[a.AgentID] = standing{Stage: cabinetv1.UpdateStage(a.Stage)}
	}
	return v, nil
}

// pace counts the offers of the last minute.
func (u *Updates) pace(ctx context.Context, q *db.Queries, row db.Rollout) (pace, error) {
	recent, err := q.CountOffersSince(ctx, db.CountOffersSinceParams{
		OrganisationID: row.OrganisationID, RolloutID: row.ID, Since: store.Micros(u.now().Add(-time.Minute)),
	})
	if err != nil {
		return pace{}, fmt.Errorf("count offers: %w", err)
	}
	return pace{offers: int(recent.Offers), oldest: time.UnixMicro(recent.Oldest)}, nil
}

// turn brings a rollout into another state, if it is still in the one of row, and tells everybody.
func (u *Updates) turn(ctx context.Context, row db.Rollout, state int32, text string) error {
	n, err := u.store.Write().SetRolloutState(ctx, db.SetRolloutStateParams{
		OrganisationID: row.OrganisationID, ID: row.ID, State: state, Text: text, SinceAt: store.Micros(u.now()), Before: row.State,
	})
	if err != nil {
		return fmt.Errorf("store state of rollout: %w", err)
	}
	if n > 0 {
		u.log.InfoContext(ctx, "rollout", "rollout", row.ID, "version", row.Version, "state", cabinetv1.RolloutState(state).String(), "text", text)
		u.publish(row.OrganisationID, row.ID)
	}
	return nil
}

// judge stops a rollout when its criteria say so, in the transaction that brought the end of an agent: nothing is offered between.
func (u *Updates) judge(ctx context.Context, q *db.Queries, row db.Rollout) (text string, err error) {
	held, err := q.HoldRollout(ctx, db.HoldRolloutParams{OrganisationID: row.OrganisationID, ID: row.ID, State: running})
	if err != nil {
		return "", fmt.Errorf("hold rollout: %w", err)
	}
	if held == 0 {
		return "", nil
	}
	// Read while it is held: two ends at the same moment count each other.
	if row, err = q.GetRollout(ctx, db.GetRolloutParams{OrganisationID: row.OrganisationID, ID: row.ID}); err != nil {
		return "", fmt.Errorf("read rollout: %w", err)
	}
	s, err := subjectOf(row)
	if err != nil {
		return "", err
	}
	stages, err := q.CountRolloutStages(ctx, db.CountRolloutStagesParams{OrganisationID: row.OrganisationID, RolloutID: row.ID})
	if err != nil {
		return "", fmt.Errorf("count stages: %w", err)
	}
	n := map[cabinetv1.UpdateStage]int{}
	for _, st := range stages {
		n[cabinetv1.UpdateStage(st.Stage)] = int(st.Agents)
	}
	text = stop(s.Plan, n[cabinetv1.UpdateStage_UPDATE_STAGE_HEALTHY], n[cabinetv1.UpdateStage_UPDATE_STAGE_ROLLED_BACK], n[cabinetv1.UpdateStage_UPDATE_STAGE_REFUSED])
	if text == "" {
		return "", nil
	}
	if _, err := q.SetRolloutState(ctx, db.SetRolloutStateParams{
		OrganisationID: row.OrganisationID, ID: row.ID, State: aborted, Text: text, SinceAt: store.Micros(u.now()), Before: running,
	}); err != nil {
		return "", fmt.Errorf("stop rollout: %w", err)
	}
	return text, nil
}

// rouseUnderWay wakes the agents that have an offer and have not switched: it was taken back, or stands again.
func (u *Updates) rouseUnderWay(ctx context.Context, row db.Rollout) error {
	agents, err := u.store.Read().ListRolloutAgents(ctx, db.ListRolloutAgentsParams{OrganisationID: row.OrganisationID, RolloutID: row.ID})
	if err != nil {
		return fmt.Errorf("list agents of rollout: %w", err)
	}
	for _, a := range agents {
		if cabinetv1.UpdateStage(a.Stage) < cabinetv1.UpdateStage_UPDATE_STAGE_TRIAL {
			u.rouse(a.AgentID)
		}
	}
	return nil
}

func validText(s string) bool {
	return len(s) <= maxWord && utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return r < ' ' }) < 0
}

func limited(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), maxText)])
}

// notFound says of a rollout that it is not there, as of one of somebody else's.
func notFound(id string, err error) error {
	if store.NotFound(err) {
		return fmt.Errorf("rollout %q: %w", id, ErrNotFound)
	}
	return fmt.Errorf("read rollout: %w", err)
}

// errGone says that a rollout changed under a person's hands; he sees it anew and decides again.
var errGone = errors.New("the rollout has changed meanwhile")
