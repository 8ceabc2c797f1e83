package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	// CommandLife is how long a command may wait to be begun.
	CommandLife = 5 * time.Minute
	// redeliverAfter is how long a delivered command is left alone before it is given again.
	redeliverAfter = 15 * time.Second
	// giveUpAfter is when a command that was delivered and never heard of again is called expired.
	giveUpAfter = 24 * time.Hour
	// longestWait bounds a long poll.
	longestWait = 60 * time.Second
	// maxCommandID and maxRun bound what is stored of one command.
	maxCommandID = 64
	maxRun       = 256 << 10
	// maxKey and maxReason bound a decision.
	maxKey    = 128
	maxReason = 500
	// decides is the capability from which agents take decisions, asksConsent the one from which they ask the person at the till:
	// an older one would begin at once.
	decides     = 2
	asksConsent = 4
	// errands is the capability from which an agent does what is asked of itself.
	errands = 5
	// remoteWork is the one from which it can be suspended, goes by rules and carries documents when told.
	remoteWork = 6
	// longestLife bounds how long a command may wait for its till.
	longestLife = 24 * time.Hour
)

// ofAgent are the actions of the agent itself, see package errand of the agent.
var ofAgent = map[fiscalv1.Action]bool{
	fiscalv1.Action_ACTION_RESTART_AGENT: true, fiscalv1.Action_ACTION_COLLECT_BUNDLE: true,
	fiscalv1.Action_ACTION_CHECK_NETWORK: true, fiscalv1.Action_ACTION_LOG_LEVEL: true,
	fiscalv1.Action_ACTION_CONFIGURE: true, fiscalv1.Action_ACTION_FIND_TILLS: true, fiscalv1.Action_ACTION_ADOPT_TILL: true,
}

// OfAgent tells whether an action is asked of the agent itself and of no till: what its run says holds no sums.
func OfAgent(action fiscalv1.Action) bool { return ofAgent[action] }

// levels are the words of ACTION_LOG_LEVEL.
var levels = map[string]bool{"debug": true, "info": true, "warn": true, "error": true}

// Order is what a person asks of a till or of its agent.
type Order struct {
	// ID is chosen by the asker: the same id is the same command, however often it comes.
	ID, TillID string
	Action     fiscalv1.Action
	// Ask has the person at the till asked first.
	Ask bool
	// LogLevel goes with ACTION_LOG_LEVEL.
	LogLevel string
	// Address is the one that ACTION_CHECK_NETWORK tries; empty is everything.
	Address string
	// OrganisationID is the till's owner; empty is the asker's own organisation.
	OrganisationID string
	// Reason is why; Confirm is the name of the till as a person typed it: see [Demands].
	Reason, Confirm string
	// Wait is how long it may wait to be begun; 0 is [CommandLife].
	Wait time.Duration
	// WorkID is the work it is part of, whose asker confirmed all of it.
	WorkID string

	decision *fiscalv1.Decision
	settings *fiscalv1.TillSettings
}

// Start takes a command. The same id with the same till and action is the same command, however often it is asked. With ask it
// begins only when the person at the till agrees.
func (f *Fleet) Start(ctx context.Context, p *access.Person, id, tillID string, action fiscalv1.Action, ask bool) (*cabinetv1.Command, error) {
	return f.Take(ctx, p, Order{ID: id, TillID: tillID, Action: action, Ask: ask})
}

// Take is Start of whatever an order says.
func (f *Fleet) Take(ctx context.Context, p *access.Person, o Order) (*cabinetv1.Command, error) {
	_, known := fiscalv1.Action_name[int32(o.Action)]
	switch {
	case !known || o.Action == fiscalv1.Action_ACTION_UNSPECIFIED || o.Action == fiscalv1.Action_ACTION_DECIDE: // which needs another right
		return nil, fmt.Errorf("action %d: %w", o.Action, ErrInvalid)
	case o.Action == fiscalv1.Action_ACTION_CONFIGURE || forAgent[o.Action]: // which have doors of their own
		return nil, fmt.Errorf("action %d: %w", o.Action, ErrInvalid)
	case (o.Action == fiscalv1.Action_ACTION_LOG_LEVEL) != levels[o.LogLevel] || o.Action != fiscalv1.Action_ACTION_LOG_LEVEL && o.LogLevel != "":
		return nil, fmt.Errorf("log level %q: %w", o.LogLevel, ErrInvalid)
	}
	if err := checkAddress(o); err != nil {
		return nil, err
	}
	o.decision, o.settings = nil, nil
	return f.order(ctx, p, o)
}

// Decide takes a person's decision about an operation, as a command. Whether there is still something to decide, and whether the
// document can be the operation's, only the agent can say: it looks once more before it writes the decision down.
func (f *Fleet) Decide(ctx context.Context, p *access.Person, o Order, decision *fiscalv1.Decision) (*cabinetv1.Command, error) {
	d := &fiscalv1.Decision{Key: decision.GetKey(), Fd: decision.GetFd(), Reason: strings.TrimSpace(decision.GetReason())}
	switch {
	case d.GetKey() == "" || len(d.GetKey()) > maxKey || !store.Keeps(d.GetKey()):
		return nil, fmt.Errorf("key of the operation: %w", ErrInvalid)
	case d.GetReason() == "" || utf8.RuneCountInString(d.GetReason()) > maxReason || !store.Keeps(d.GetReason()):
		return nil, fmt.Errorf("reason has 1 to %d characters: %w", maxReason, ErrInvalid)
	}
	o.Action, o.decision, o.Reason = fiscalv1.Action_ACTION_DECIDE, d, ""
	return f.order(ctx, p, o)
}

func (f *Fleet) order(ctx context.Context, p *access.Person, o Order) (*cabinetv1.Command, error) {
	if o.ID == "" || len(o.ID) > maxCommandID || !store.Keeps(o.ID) {
		return nil, fmt.Errorf("id of a command has 1 to %d bytes: %w", maxCommandID, ErrInvalid)
	}
	owner := cmp.Or(o.OrganisationID, p.OrganisationID)
	if cmd, err := f.asked(ctx, owner, o); err == nil || !errors.Is(err, ErrNotFound) {
		return cmd, err
	}
	t, err := f.Till(ctx, owner, o.TillID)
	if err != nil {
		return nil, err
	}
	demands := Demands(o.Action, t.State)
	if o.Reason, err = checkReason(o.Reason, demands.GetReason() && o.decision == nil); err != nil {
		return nil, err
	}
	annuls := o.decision != nil && o.decision.GetFd() == 0
	if (demands.GetConfirm() || annuls) && o.WorkID == "" && !SameName(o.Confirm, t.Name) {
		return nil, ErrConfirm
	}
	wait, err := checkWait(o.Wait)
	if err != nil {
		return nil, err
	}
	if err := f.holder(ctx, t.AgentID, o); err != nil {
		return nil, err
	}
	var raw []byte
	if o.decision != nil {
		if raw, err = proto.Marshal(o.decision); err != nil {
			return nil, fmt.Errorf("encode decision: %w", err)
		}
	}
	settings, err := proto.Marshal(o.settings)
	if err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	now := f.now()
	fresh := int64(0)
	err = f.store.Tx(ctx, func(q *db.Queries) error {
		fresh, err = q.OrderCommand(ctx, db.OrderCommandParams{
			OrganisationID: owner, ID: o.ID, TillID: o.TillID, AgentID: t.AgentID, Till: t.Name, Action: int32(o.Action),
			State: int32(cabinetv1.CommandState_COMMAND_STATE_QUEUED), Actor: p.Login, CreatedAt: store.Micros(now), ExpiresAt: store.Micros(now.Add(wait)),
			Decision: notNil(raw), AskConsent: o.Ask, LogLevel: o.LogLevel, Reason: o.Reason, WorkID: o.WorkID,
			Address: o.Address, Settings: notNil(settings),
		})
		if err != nil || fresh == 0 {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{
			OrganisationID: owner, Act: "command." + word(o.Action.String(), "ACTION_"), Object: o.TillID, Name: t.Name, New: cmp.Or(o.Reason, o.decision.GetReason()),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("store command: %w", err)
	}
	cmd, err := f.asked(ctx, owner, o)
	if err != nil || fresh == 0 { // it was there already
		return cmd, err
	}
	f.log.InfoContext(ctx, "command", "command", o.ID, "till", o.TillID, "action", o.Action.String(), "person", p.ID, "ask", o.Ask,
		"operation", o.decision.GetKey(), "fd", o.decision.GetFd(), "work", o.WorkID)
	f.hub.Publish(owner, Change{What: CommandChanged, TillID: o.TillID, ID: o.ID})
	f.rouse(t.AgentID)
	return cmd, nil
}

// asked gives the command of an order that was taken before; [ErrConflict] when its id is another's.
func (f *Fleet) asked(ctx context.Context, owner string, o Order) (*cabinetv1.Command, error) {
	cmd, err := f.Command(ctx, owner, o.ID)
	if err != nil {
		return nil, err
	}
	if cmd.GetTillId() != o.TillID || cmd.GetAction() != o.Action || cmd.GetAskConsent() != o.Ask || cmd.GetLogLevel() != o.LogLevel || cmd.GetAddress() != o.Address ||
		cmd.GetWorkId() != o.WorkID || !proto.Equal(cmd.GetDecision(), o.decision) {
		return nil, ErrConflict
	}
	return cmd, nil
}

// holder tells whether there is an agent that holds the till and understands an order.
func (f *Fleet) holder(ctx context.Context, agentID string, o Order) error {
	if agentID == "" {
		return ErrNoAgent
	}
	if agent, err := f.store.Read().GetAgent(ctx, agentID); err != nil {
		return fmt.Errorf("read agent: %w", err)
	} else if agent.RevokedAt != 0 {
		return ErrNoAgent
	}
	needed := needs(o)
	if needed == 0 {
		return nil
	}
	ability, err := f.store.Read().GetAgentAbility(ctx, agentID)
	if err != nil {
		return fmt.Errorf("read agent: %w", err)
	}
	if ability.Capability < needed {
		return ErrTooOld
	}
	return nil
}

// Forecast is what an action would come to on a till, before it is asked for.
type Forecast struct {
	// Plan has the steps as the till's agent told them; nil when it has not told.
	Plan *fiscalv1.Run
	// Demands have to go with it.
	Demands *cabinetv1.Demands
	// Obstacle is why it would come to nothing, Doubt what may keep it waiting; both may be empty.
	Obstacle, Doubt string
}

// Plan gives the steps of an action as the till's agent told them; nil when it has not told.
func (f *Fleet) Plan(ctx context.Context, organisation, tillID string, action fiscalv1.Action) (*fiscalv1.Run, error) {
	t, err := f.Till(ctx, organisation, tillID)
	if err != nil {
		return nil, err
	}
	if t.AgentID == "" {
		return nil, ErrNoAgent
	}
	c, err := f.Foresee(ctx, t, action)
	return c.Plan, err
}

// Foresee tells what an action would come to on a till. Nothing is done.
func (f *Fleet) Foresee(ctx context.Context, t *Till, action fiscalv1.Action) (Forecast, error) {
	c := Forecast{Demands: Demands(action, t.State)}
	s := standing{online: t.AgentOnline, state: t.State}
	if t.AgentID != "" {
		agent, err := f.store.Read().GetAgent(ctx, t.AgentID)
		if err != nil {
			return c, fmt.Errorf("read agent: %w", err)
		}
		ability, err := f.store.Read().GetAgentAbility(ctx, t.AgentID)
		if err != nil {
			return c, fmt.Errorf("read agent: %w", err)
		}
		s.held, s.capability = agent.RevokedAt == 0, ability.Capability
		var told uplinkv1.HelloRequest
		if err := proto.Unmarshal(ability.Plans, &told); err != nil {
			return c, fmt.Errorf("plans of agent %s: %w", t.AgentID, err)
		}
		s.plans = len(told.GetPlans()) > 0
		for _, plan := range told.GetPlans() {
			if plan.GetAction() == action {
				c.Plan, s.planned = plan, true
			}
		}
	}
	c.Obstacle, c.Doubt = foresee(action, s)
	return c, nil
}

// Rouse has an agent ask for what there is for it.
func (f *Fleet) Rouse(agentID string) { f.rouse(agentID) }

// rouse ends the agent's long poll, and asks the broker to wake it where it polls another cabinet or none.
func (f *Fleet) rouse(agentID string) {
	f.mu.Lock()
	l := f.lineOf(agentID)
	close(l.waits)
	l.waits = make(chan struct{})
	f.mu.Unlock()
	f.wake(agentID)
}

// Command gives one command of an organisation.
func (f *Fleet) Command(ctx context.Context, organisation, id string) (*cabinetv1.Command, error) {
	row, err := f.store.Read().GetCommand(ctx, db.GetCommandParams{OrganisationID: organisation, ID: id})
	if store.NotFound(err) {
		return nil, fmt.Errorf("command %q: %w", id, ErrNotFound)
	} else if err != nil {
		return nil, fmt.Errorf("read command: %w", err)
	}
	return command(row)
}

// Commands gives the commands of a till, newest first.
func (f *Fleet) Commands(ctx context.Context, organisation, tillID string, limit int) ([]*cabinetv1.Command, error) {
	rows, err := f.store.Read().ListCommands(ctx, db.ListCommandsParams{OrganisationID: organisation, TillID: tillID, Limit: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list commands: %w", err)
	}
	list := make([]*cabinetv1.Command, 0, len(rows))
	for _, row := range rows {
		cmd, err := command(row)
		if err != nil {
			return nil, err
		}
		list = append(list, cmd)
	}
	return list, nil
}

func command(row db.Command) (*cabinetv1.Command, error) {
	cmd := &cabinetv1.Command{
		Id: row.ID, TillId: row.TillID, Action: fiscalv1.Action(row.Action), State: cabinetv1.CommandState(row.State), Actor: row.Actor,
		CreatedMs: row.CreatedAt / 1000, ExpiresMs: row.ExpiresAt / 1000, EndedMs: row.EndedAt / 1000, AskConsent: row.AskConsent,
		LogLevel: row.LogLevel, HasBundle: row.BundleSize > 0, Reason: row.Reason, WorkId: row.WorkID, Rule: row.Rule, Address: row.Address,
	}
	if len(row.Run) > 0 {
		cmd.Run = new(fiscalv1.Run)
		if err := proto.Unmarshal(row.Run, cmd.Run); err != nil {
			return nil, fmt.Errorf("steps of command %s: %w", row.ID, err)
		}
	}
	var err error
	cmd.Decision, err = decision(row)
	return cmd, err
}

// decision is what the command carries; nil when it carries none.
func decision(row db.Command) (*fiscalv1.Decision, error) {
	if len(row.Decision) == 0 {
		return nil, nil
	}
	d := new(fiscalv1.Decision)
	if err := proto.Unmarshal(row.Decision, d); err != nil {
		return nil, fmt.Errorf("decision of command %s: %w", row.ID, err)
	}
	return d, nil
}

// Fetch gives an agent the commands it has to know of, waiting for one up to wait. Commands that were given a moment ago are
// not given again yet.
func (f *Fleet) Fetch(ctx context.Context, agent *access.Agent, wait time.Duration) ([]*uplinkv1.Command, error) {
	return f.FetchUntil(ctx, agent, wait, func(context.Context) (bool, error) { return false, nil })
}

// FetchUntil is Fetch that ends early when something else is to be told too: it is asked at the beginning and at every rouse.
func (f *Fleet) FetchUntil(ctx context.Context, agent *access.Agent, wait time.Duration, early func(context.Context) (bool, error)) ([]*uplinkv1.Command, error) {
	wait = min(wait, longestWait)
	deadline := f.now().Add(wait)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		if err := f.heard(ctx, agent); err != nil {
			return nil, err
		}
		f.mu.Lock()
		roused := f.lineOf(agent.ID).waits // before looking, so that nothing falls in between
		f.mu.Unlock()
		list, again, err := f.due(ctx, agent)
		if err != nil || len(list) > 0 || !f.now().Before(deadline) {
			return list, err
		}
		if now, err := early(ctx); now || err != nil {
			return nil, err
		}
		var later <-chan time.Time
		var retry *time.Timer
		if again > 0 {
			retry = time.NewTimer(again)
			later = retry.C
		}
		over := false
		select {
		case <-roused:
		case <-later:
		case <-timer.C:
			over = true
		case <-ctx.Done():
			over = true
		}
		if retry != nil {
			retry.Stop()
		}
		if over {
			return nil, context.Cause(ctx) // nil when only the time is over
		}
	}
}

// due gives the commands to be given now; again says when the next one falls due by time.
func (f *Fleet) due(ctx context.Context, agent *access.Agent) (list []*uplinkv1.Command, again time.Duration, err error) {
	open, err := f.store.Read().ListOpenCommands(ctx, agent.ID)
	if err != nil {
		return nil, 0, fmt.Errorf("list commands: %w", err)
	}
	if len(open) == 0 {
		return nil, 0, nil
	}
	const queued, delivered = int32(cabinetv1.CommandState_COMMAND_STATE_QUEUED), int32(cabinetv1.CommandState_COMMAND_STATE_DELIVERED)
	now := f.now()
	for _, row := range open {
		if row.State == queued && row.ExpiresAt <= store.Micros(now) {
			continue // the next look expires it
		}
		if rest := redeliverAfter - now.Sub(time.UnixMicro(row.DeliveredAt)); row.State != queued && rest > 0 {
			if again == 0 || rest < again {
				again = rest
			}
			continue
		}
		n, err := f.store.Write().DeliverCommand(ctx, db.DeliverCommandParams{
			OrganisationID: row.OrganisationID, ID: row.ID, Queued: queued, Delivered: delivered, Now: store.Micros(now),
		})
		if err != nil {
			return nil, 0, fmt.Errorf("deliver command: %w", err)
		}
		if n == 0 {
			continue // ended meanwhile
		}
		if row.State == queued {
			f.hub.Publish(row.OrganisationID, Change{What: CommandChanged, TillID: row.TillID, ID: row.ID})
		}
		d, err := decision(row)
		if err != nil {
			return nil, 0, err
		}
		settings, err := settingsOf(row)
		if err != nil {
			return nil, 0, err
		}
		device, err := deviceOf(row)
		if err != nil {
			return nil, 0, err
		}
		list = append(list, &uplinkv1.Command{
			Id: row.ID, Till: row.Till, Action: fiscalv1.Action(row.Action), ExpiresMs: row.ExpiresAt / 1000, Actor: row.Actor, Decision: d, AskConsent: row.AskConsent,
			LogLevel: row.LogLevel, Reason: row.Reason, Address: row.Address, Settings: settings, Device: device,
		})
	}
	return list, again, nil
}

// ReportRun takes the steps of a command so far. A command that ended stays as it is.
func (f *Fleet) ReportRun(ctx context.Context, agent *access.Agent, run *fiscalv1.Run) error {
	if err := f.heard(ctx, agent); err != nil {
		return err
	}
	raw, err := encodeRun(run)
	if err != nil {
		return err
	}
	row, err := f.store.Read().GetCommand(ctx, db.GetCommandParams{OrganisationID: agent.OrganisationID, ID: run.GetId()})
	switch {
	case store.NotFound(err) && run.GetRule() != "":
		return f.act(ctx, agent, run, raw)
	case store.NotFound(err), err == nil && row.AgentID != agent.ID:
		return fmt.Errorf("command %q: %w", run.GetId(), ErrNotFound)
	case err != nil:
		return fmt.Errorf("read command: %w", err)
	}
	state, ended := cabinetv1.CommandState_COMMAND_STATE_RUNNING, int64(0)
	switch {
	case run.GetEnded() && run.GetOk():
		state, ended = cabinetv1.CommandState_COMMAND_STATE_DONE, store.Micros(f.now())
	case run.GetEnded() && len(run.GetSteps()) == 0 && f.now().UnixMicro() > row.ExpiresAt && row.State == int32(cabinetv1.CommandState_COMMAND_STATE_DELIVERED):
		// It came too late and the agent did not begin it.
		state, ended = cabinetv1.CommandState_COMMAND_STATE_EXPIRED, store.Micros(f.now())
	case run.GetEnded():
		state, ended = cabinetv1.CommandState_COMMAND_STATE_FAILED, store.Micros(f.now())
	}
	if state == cabinetv1.CommandState_COMMAND_STATE_DONE && row.EndedAt == 0 && row.Action == int32(fiscalv1.Action_ACTION_ADOPT_TILL) {
		if err := f.adopted(ctx, agent, row, run); err != nil { // before its end is noted: else a cut here would leave the till without its name
			return fmt.Errorf("till of command %q: %w", row.ID, err)
		}
	}
	n, err := f.store.Write().SetCommandRun(ctx, db.SetCommandRunParams{
		OrganisationID: row.OrganisationID, ID: row.ID, State: int32(state), Run: notNil(raw), EndedAt: ended,
	})
	if err != nil {
		return fmt.Errorf("store run: %w", err)
	}
	if n > 0 {
		f.hub.Publish(row.OrganisationID, Change{What: CommandChanged, TillID: row.TillID, ID: row.ID})
		if ended > 0 && f.Ended != nil {
			f.Ended(word(fiscalv1.Action(row.Action).String(), "ACTION_"), word(state.String(), "COMMAND_STATE_"), time.Duration(ended-row.CreatedAt)*time.Microsecond)
		}
	}
	return nil
}

// word is the short word of an enum's name.
func word(name, prefix string) string { return strings.ToLower(strings.TrimPrefix(name, prefix)) }

// expire ends the commands whose time is over.
func (f *Fleet) expire(ctx context.Context) error {
	now := f.now()
	rows, err := f.store.Read().ListExpiredCommands(ctx, db.ListExpiredCommandsParams{
		Now: store.Micros(now), Queued: int32(cabinetv1.CommandState_COMMAND_STATE_QUEUED), LongAgo: store.Micros(now.Add(-giveUpAfter)),
	})
	if err != nil {
		return fmt.Errorf("list expired commands: %w", err)
	}
	for _, row := range rows {
		// Again guarded by its state: it may be delivered at this moment.
		n, err := f.store.Write().ExpireCommand(ctx, db.ExpireCommandParams{
			OrganisationID: row.OrganisationID, ID: row.ID, Expired: int32(cabinetv1.CommandState_COMMAND_STATE_EXPIRED), State: row.State, Now: store.Micros(now),
		})
		if err != nil {
			return fmt.Errorf("expire command: %w", err)
		}
		if n > 0 {
			f.hub.Publish(row.OrganisationID, Change{What: CommandChanged, TillID: row.TillID, ID: row.ID})
		}
	}
	return nil
}
