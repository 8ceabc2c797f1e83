// Package fleet knows the tills: which agent holds each, the state it last reported, whether the agent is here, the colour
// that follows, and the commands people gave.
//
// # Tills
//
// A till is one and the same as long as its driver and factory number are: when it moves to another computer its past comes
// along. Until the device has answered for the first time it is known by its agent and name; when it then turns out to be
// a till we know, what was stored meanwhile joins the old past.
//
// Two agents that both hear one till do not pass it to and fro: who took it last keeps it while it hears it, and both say so (claims.go).
//
// # Commands
//
// A command has an id chosen by the asker, so that asking twice is asking once. It goes to the agent by FetchCommands, again and
// again until its end is reported; the agent remembers the id and runs it once. A command that ended never changes. One that was never
// delivered expires by the clock; one that was delivered may have begun, so only the agent can say it did not, and the
// cabinet gives up on it a day later.
//
// A command may ask the person at the till first; then its run says what he answered, and nothing has begun before he agreed.
//
// # Tickets
//
// A ticket is an agent's call for help with a till that recovery did not bring back. Its id is the agent's, so that telling it twice
// is telling it once. A person closes it with a word about what was done; a closed one never changes.
//
// # Presence
//
// An agent is here when it was heard lately, over Connect or through the broker; the broker's last will says it is gone
// sooner than silence would. The colour of a till is worked out when asked, from facts with their age.
//
// # Programs
//
// An agent is an identity; a program speaks under it, and goes from one token to the next with every hello. A copied disk makes
// two programs under one identity: both are shown, one speaks for the agent, and the other is refused until a person enrols
// it anew (programs.go).
//
// # What it does not do
//
// The cabinet never drives a device: it hands the command over and keeps the record.
package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/light"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// Reasons for which something is refused.
var (
	// ErrNotFound says that the organisation has no such till or command.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that a request makes no sense; the error around it says why.
	ErrInvalid = errors.New("request is not valid")
	// ErrConflict says that the id of a command was used for another one.
	ErrConflict = errors.New("id was used for another command")
	// ErrNoAgent says that no agent holds the till, so that nobody could carry out a command.
	ErrNoAgent = errors.New("no agent holds the till")
	// ErrClosed says that a ticket was closed before, with other words.
	ErrClosed = errors.New("ticket is closed already")
	// ErrTooOld says that the till's agent does not know the command yet.
	ErrTooOld = errors.New("the agent is too old for this command")
)

const (
	// heardEvery is how often an agent's sign of life is written down: with those heardSoon before their time, heardAtOnce at most.
	heardEvery  = 30 * time.Second
	heardSoon   = 20 * time.Second
	heardAtOnce = 500
	// lookEvery is how often colours are looked at for change by time alone.
	lookEvery = 5 * time.Second
	// maxTills bounds one report.
	maxTills = 500
	// maxPlans bounds what is stored of an agent's plans.
	maxPlans = 64 << 10
)

// Fleet is safe for concurrent use.
type Fleet struct {
	store *store.Store
	log   *slog.Logger
	now   func() time.Time
	hub   *Hub
	wake  func(agentID string)

	// Ended hears of commands that have ended, set before the fleet is used; may be nil.
	Ended func(action, result string, took time.Duration)
	// OperatorName gives an operator of fiscal data as people know it, by its taxpayer number; set like Ended, may be nil.
	OperatorName func(taxID string) string

	rates  kept[map[string]span]   // by fiscal memory
	wanted kept[map[string]string] // operators that were chosen, by till

	mu     sync.Mutex
	agents map[string]*line
	tills  map[holder]string
	held   map[string]holder       // by till, the other way round
	cells  map[string][]light.Cell // of each till, as last shown
	moves  map[string]move         // of tills that went to another agent
	claims map[string]claim        // on tills, by agents that do not have them
}

// line is what we know of an agent's being here.
type line struct {
	organisation string
	heard        time.Time // last call or message
	written      time.Time // heard as the database has it
	present      bool      // the broker says so
	goneAt       time.Time // the broker said it went
	waits        chan struct{}
}

// holder is a till as an agent names it.
type holder struct{ agent, name string }

// New makes a fleet. wake is called when an agent has a command; it must not block.
func New(s *store.Store, log *slog.Logger, now func() time.Time, wake func(agentID string)) *Fleet {
	return &Fleet{store: s, log: log, now: now, hub: newHub(), wake: wake, agents: map[string]*line{}, tills: map[holder]string{}, held: map[string]holder{}, cells: map[string][]light.Cell{}, moves: map[string]move{}, claims: map[string]claim{}}
}

// Hub tells watchers of changes.
func (f *Fleet) Hub() *Hub { return f.hub }

// Run looks after what changes by time alone, until ctx ends: colours and expiries.
func (f *Fleet) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	colours := map[string]cabinetv1.Light{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := f.expire(ctx); err != nil && ctx.Err() == nil {
			f.log.WarnContext(ctx, "commands not expired", "error", err)
		}
		if err := f.endMaintenance(ctx); err != nil && ctx.Err() == nil {
			f.log.WarnContext(ctx, "maintenance not ended", "error", err)
		}
		f.forgetClaims()
		for _, organisation := range f.hub.watched() {
			tills, err := f.Tills(ctx, access.Whole(organisation))
			if err != nil {
				if ctx.Err() == nil {
					f.log.WarnContext(ctx, "colours not known", "error", err)
				}
				continue
			}
			for _, t := range tills {
				if before, known := colours[t.ID]; known && before != t.Light {
					f.hub.Publish(organisation, Change{What: TillChanged, TillID: t.ID})
				}
				colours[t.ID] = t.Light
			}
		}
	}
}

// lineOf gives the agent's line; f.mu is held.
func (f *Fleet) lineOf(agentID string) *line {
	l := f.agents[agentID]
	if l == nil {
		l = &line{waits: make(chan struct{})}
		f.agents[agentID] = l
	}
	return l
}

// heard notes a sign of life.
func (f *Fleet) heard(ctx context.Context, agent *access.Agent) error {
	now := f.now()
	f.mu.Lock()
	l := f.lineOf(agent.ID)
	back := now.Sub(l.heard) > AwayAfter || l.goneAt.After(l.heard)
	l.organisation, l.heard = agent.OrganisationID, now
	var due map[string]time.Time
	if now.Sub(l.written) > heardEvery {
		due = f.dueToWrite(now)
	}
	f.mu.Unlock()
	if err := f.writeHeard(ctx, due); err != nil {
		return err
	}
	if back {
		return f.publishAgent(ctx, agent.OrganisationID, agent.ID)
	}
	return nil
}

// dueToWrite gives the agents whose sign of life is to be written down, and when they were heard: with one that is due those that will be
// soon, so that of thousands not each costs a commit. They count as written; f.mu is held.
func (f *Fleet) dueToWrite(now time.Time) map[string]time.Time {
	due := map[string]time.Time{}
	for id, l := range f.agents {
		if l.heard.After(l.written) && now.Sub(l.written) > heardSoon {
			due[id], l.written = l.heard, now
			if len(due) == heardAtOnce {
				break
			}
		}
	}
	return due
}

func (f *Fleet) writeHeard(ctx context.Context, due map[string]time.Time) error {
	if len(due) == 0 {
		return nil
	}
	ids := slices.Sorted(maps.Keys(due)) // in one order, for another cabinet may write the same
	err := f.store.Tx(ctx, func(q *db.Queries) error {
		for _, id := range ids {
			if err := q.SetAgentHeard(ctx, db.SetAgentHeardParams{ID: id, HeardAt: store.Micros(due[id])}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for id := range due {
		f.agents[id].written = time.Time{}
	}
	return fmt.Errorf("note agents: %w", err)
}

// Presence notes what the broker says of an agent. retained is a message that may be old.
func (f *Fleet) Presence(ctx context.Context, agentID string, here, retained bool) error {
	row, err := f.store.Read().GetAgent(ctx, agentID)
	if store.NotFound(err) {
		return nil // a topic of somebody we do not know
	} else if err != nil {
		return fmt.Errorf("find agent: %w", err)
	}
	if row.RevokedAt != 0 {
		return nil // an external broker may not know yet
	}
	now := f.now()
	f.mu.Lock()
	l := f.lineOf(agentID)
	changed := l.present != here
	l.organisation, l.present = row.OrganisationID, here
	switch {
	case here && !retained:
		l.heard = now
	case !here && !retained:
		l.goneAt = now
	}
	f.mu.Unlock()
	if !changed {
		return nil
	}
	f.log.DebugContext(ctx, "agent presence", "agent", agentID, "here", here)
	return f.publishAgent(ctx, row.OrganisationID, agentID)
}

func (f *Fleet) publishAgent(ctx context.Context, organisation, agentID string) error {
	tills, err := f.store.Read().ListTillsOfAgent(ctx, agentID)
	if err != nil {
		return fmt.Errorf("list tills of agent: %w", err)
	}
	for _, t := range tills {
		f.hub.Publish(organisation, Change{What: TillChanged, TillID: t.ID})
	}
	return nil
}

// Online is how many agents are here.
func (f *Fleet) Online() int {
	f.mu.Lock()
	ids := slices.Collect(maps.Keys(f.agents))
	f.mu.Unlock()
	n := 0
	for _, id := range ids {
		if _, here := f.alive(id, 0); here {
			n++
		}
	}
	return n
}

// alive gives when the agent was last known to be here, and whether it is.
func (f *Fleet) alive(agentID string, stored int64) (last time.Time, online bool) {
	last = time.UnixMicro(stored)
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.agents[agentID]
	if l == nil {
		return last, f.now().Sub(last) <= AwayAfter
	}
	if l.heard.After(last) {
		last = l.heard
	}
	if l.goneAt.After(last) {
		return last, false // since then nothing was heard
	}
	// The broker's word alone is believed for a while only: a retained "online" may have outlived its agent.
	return last, f.now().Sub(last) <= AwayAfter || l.present && f.now().Sub(last) <= StaleAfter
}

// Till is a till with everything the cabinet knows of it.
type Till struct {
	// Title is how people call it: Name, which is its agent's, unless somebody gave it another one.
	Title            string
	ID, Name, Outlet string
	// OrganisationID is whose it is.
	OrganisationID              string
	AgentID, Host, AgentVersion string
	AgentOnline                 bool
	Heard, Reported             time.Time
	// Light is the worst colour of Cells, one for each aspect. Cells are for reading: of tills that are well they are the same.
	Light cabinetv1.Light
	Cells []light.Cell
	// Reasons are everything that is not green, and Facts what it was made of.
	Reasons []light.Cell
	Facts   light.Facts
	// Stop is when the till will stop if nothing is done.
	Stop                      light.Stop
	OutletID, Contract        string
	State                     *fiscalv1.TillState
	ShiftReceipts, ShiftTotal int64
	// ShiftOpened and ShiftClosed are of the till's last shift, the till's time; empty while not known, or while it is open.
	ShiftOpened, ShiftClosed string
	// Maintenance is that somebody works on it.
	Maintenance Maintenance

	limits light.Limits
}

// Near are the numbers that are half way to a threshold.
func (t *Till) Near() []light.Metric { return light.Near(t.Facts, t.limits) }

// byName orders tills of one organisation as people look for them: by outlet, then by what they are called.
func byName(a, b *Till) int {
	return cmp.Or(strings.Compare(a.Outlet, b.Outlet), strings.Compare(a.Title, b.Title), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
}

func (f *Fleet) till(row db.GetTillRow, twins map[string][]Twin, s settings) (*Till, error) {
	t := &Till{
		ID: row.ID, OrganisationID: row.OrganisationID, Name: row.Name, Title: cmp.Or(row.Title, row.Name), Outlet: row.Outlet, AgentID: row.AgentID, Host: row.Host, AgentVersion: row.Version,
		Reported: time.UnixMicro(row.ReportedAt), State: new(fiscalv1.TillState), ShiftReceipts: row.Receipts, ShiftTotal: row.Total,
		OutletID: row.OutletID, Contract: row.OfdContract, ShiftOpened: row.ShiftOpenedAt, ShiftClosed: row.ShiftClosedAt,
		Maintenance: s.maintenance[row.ID],
	}
	if err := proto.Unmarshal(row.State, t.State); err != nil {
		return nil, fmt.Errorf("state of till %s: %w", row.ID, err)
	}
	if list := twins[row.AgentID]; len(list) > 0 {
		t.State.Problems = append(t.State.Problems, twinsProblem(list))
	}
	if p := f.claimOn(row.ID); p != nil {
		t.State.Problems = append(t.State.Problems, p)
	}
	if p := f.operatorProblem(s.operators[row.ID], t.State); p != nil {
		t.State.Problems = append(t.State.Problems, p)
	}
	t.Heard, t.AgentOnline = f.alive(row.AgentID, row.HeardAt)
	seen := t.Heard
	if t.AgentOnline {
		seen = f.now()
	}
	if err := f.look(t, row, fresh(f.now(), seen, t.Reported), s); err != nil {
		return nil, err
	}
	t.Light = LightOf(light.Worst(t.Cells))
	return t, nil
}

// Tills gives the tills within reach, those with problems first.
func (f *Fleet) Tills(ctx context.Context, reach access.Reach) ([]*Till, error) {
	var tills []*Till
	for _, scope := range reach {
		rows, err := f.store.Read().ListTills(ctx, scope.OrganisationID)
		if err != nil {
			return nil, fmt.Errorf("list tills: %w", err)
		}
		twins, err := f.twins(ctx, scope.OrganisationID)
		if err != nil {
			return nil, err
		}
		set, err := f.settings(ctx, scope.OrganisationID)
		if err != nil {
			return nil, err
		}
		some := make([]*Till, 0, len(rows))
		for _, row := range rows {
			if !scope.Has(row.OutletID, row.ID) {
				continue
			}
			t, err := f.till(db.GetTillRow(row), twins, set)
			if err != nil {
				return nil, err
			}
			some = append(some, t)
		}
		slices.SortFunc(some, byName)
		tills = append(tills, some...)
	}
	slices.SortStableFunc(tills, func(a, b *Till) int { return rank(a.Light) - rank(b.Light) })
	return tills, nil
}

// Till gives one till of an organisation.
func (f *Fleet) Till(ctx context.Context, organisation, id string) (*Till, error) {
	tills, err := f.TillsByID(ctx, organisation, id)
	if err != nil {
		return nil, err
	}
	if len(tills) == 0 {
		return nil, fmt.Errorf("till %q: %w", id, ErrNotFound)
	}
	return tills[0], nil
}

// TillsByID gives those tills of an organisation that are there, in the order asked for.
func (f *Fleet) TillsByID(ctx context.Context, organisation string, ids ...string) ([]*Till, error) {
	twins, err := f.twins(ctx, organisation)
	if err != nil {
		return nil, err
	}
	set, err := f.settings(ctx, organisation)
	if err != nil {
		return nil, err
	}
	tills := make([]*Till, 0, len(ids))
	for _, id := range ids {
		row, err := f.store.Read().GetTill(ctx, db.GetTillParams{OrganisationID: organisation, ID: id})
		if store.NotFound(err) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("read till: %w", err)
		}
		t, err := f.till(row, twins, set)
		if err != nil {
			return nil, err
		}
		tills = append(tills, t)
	}
	return tills, nil
}

// Hello opens a conversation with an agent, who speaks from an address, and gives the token for its next one.
func (f *Fleet) Hello(ctx context.Context, agent *access.Agent, hello *uplinkv1.HelloRequest, address string) (token string, err error) {
	plans, err := proto.Marshal(&uplinkv1.HelloRequest{Plans: hello.GetPlans()})
	if err != nil {
		return "", fmt.Errorf("encode plans: %w", err)
	}
	if len(plans) > maxPlans {
		return "", fmt.Errorf("plans of %d bytes: %w", len(plans), ErrInvalid)
	}
	if token, err = f.meet(ctx, agent, hello, address); err != nil {
		return "", err
	}
	err = f.store.Tx(ctx, func(q *db.Queries) error {
		if err := q.SetAgentHello(ctx, db.SetAgentHelloParams{
			ID: agent.ID, Host: limited(hello.GetHost(), 200), Version: limited(hello.GetVersion(), 100), Capability: int64(hello.GetCapability()), HeardAt: store.Micros(f.now()),
			Plans: notNil(plans),
		}); err != nil {
			return err
		}
		if err := f.certified(ctx, q, agent); err != nil {
			return err
		}
		// It may have forgotten what it was given just before it stopped.
		return q.RedeliverCommands(ctx, agent.ID)
	})
	if err != nil {
		return "", fmt.Errorf("note hello: %w", err)
	}
	return token, f.report(ctx, agent, hello.GetTills(), nil)
}

// Report takes the latest state of tills and of the agent itself, in one transaction: thousands of agents tell theirs every minute, and
// each commit waits for the disk.
func (f *Fleet) Report(ctx context.Context, agent *access.Agent, report *uplinkv1.ReportStateRequest) error {
	problems, err := proto.Marshal(&uplinkv1.ReportStateRequest{Problems: report.GetProblems()})
	if err != nil {
		return fmt.Errorf("encode problems: %w", err)
	}
	return f.report(ctx, agent, report.GetTills(), func(q *db.Queries) error {
		if err := q.SetAgentReport(ctx, db.SetAgentReportParams{
			ID: agent.ID, Problems: notNil(problems), Outbox: int64(report.GetOutbox()), HeardAt: store.Micros(f.now()),
		}); err != nil {
			return fmt.Errorf("store report: %w", err)
		}
		if err := f.tellSettings(ctx, q, agent, report.GetSettings()); err != nil {
			return err
		}
		return f.tellFinds(ctx, q, agent, report)
	})
}

// report stores states of tills and what the agent tells besides; also is nil when that is nothing.
func (f *Fleet) report(ctx context.Context, agent *access.Agent, states []*fiscalv1.TillState, also func(q *db.Queries) error) error {
	if len(states) > maxTills {
		return fmt.Errorf("%d tills at once: %w", len(states), ErrInvalid)
	}
	for _, state := range states {
		if state.GetTill() == "" {
			return fmt.Errorf("till without a name: %w", ErrInvalid)
		}
	}
	if err := f.heard(ctx, agent); err != nil {
		return err
	}
	ids := make([]string, len(states))
	err := f.settled(ctx, func(q *db.Queries) error {
		for i, state := range states {
			var err error
			if ids[i], err = f.hold(ctx, q, agent, state); err != nil {
				return fmt.Errorf("store state of till %q: %w", state.GetTill(), err)
			}
			if err := f.lasted(ctx, q, agent.OrganisationID, ids[i], state); err != nil {
				return fmt.Errorf("problems of till %q: %w", state.GetTill(), err)
			}
		}
		if also == nil {
			return nil
		}
		return also(q)
	})
	if err != nil {
		return err
	}
	for i, state := range states {
		f.keep(holder{agent.ID, state.GetTill()}, ids[i])
		f.hub.Publish(agent.OrganisationID, Change{What: TillChanged, TillID: ids[i]})
	}
	return nil
}

func limited(s string, n int) string { return string([]rune(s)[:min(n, len([]rune(s)))]) }

// notNil: an empty message encodes to nil, which the driver would store as NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
