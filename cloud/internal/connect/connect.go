package connect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// ErrNotFound says that there is no such connection, or none the caller may see.
var ErrNotFound = errors.New("no such connection")

const (
	// listed is how long an agent that was enrolled is offered as being connected.
	listed = 14 * 24 * time.Hour
	// able is the capability from which an agent prints a test slip and tries an operator's address; fleet.Finds is the one from which it
	// looks for devices.
	able = 6
)

// Connections are all tills on their way. Safe for concurrent use.
type Connections struct {
	store *store.Store
	fleet *fleet.Fleet
	now   func() time.Time
}

// Open gives those of a store.
func Open(s *store.Store, f *fleet.Fleet, now func() time.Time) *Connections {
	return &Connections{store: s, fleet: f, now: now}
}

// May tells whether the caller may connect at a node of an organisation.
type May func(ctx context.Context, organisationID, node string) (bool, error)

// Get tells how far a connection has come. The id is of the code until an agent used it, then of the agent, then of the till; the
// earlier ones go on leading to it.
func (c *Connections) Get(ctx context.Context, may May, id string) (*cabinetv1.Connection, error) {
	q := c.store.Read()
	code, err := q.GetCode(ctx, id)
	if err == nil {
		if ok, err := may(ctx, code.OrganisationID, code.OutletID); err != nil || !ok {
			return nil, errors.Join(err, ErrNotFound)
		}
		if code.AgentID == "" {
			return c.waiting(code), nil
		}
		id = code.AgentID
	} else if !store.NotFound(err) {
		return nil, fmt.Errorf("find code: %w", err)
	}
	agent, err := q.GetConnectingAgent(ctx, id)
	if err == nil {
		if ok, err := may(ctx, agent.OrganisationID, agent.OutletID); err != nil || !ok {
			return nil, errors.Join(err, ErrNotFound)
		}
		return c.ofAgent(ctx, agent)
	} else if !store.NotFound(err) {
		return nil, fmt.Errorf("find agent: %w", err)
	}
	place, err := c.fleet.Place(ctx, id)
	if errors.Is(err, fleet.ErrNotFound) {
		return nil, ErrNotFound
	} else if err != nil {
		return nil, err
	}
	if ok, err := may(ctx, place.OrganisationID, id); err != nil || !ok {
		return nil, errors.Join(err, ErrNotFound)
	}
	return c.ofTill(ctx, place.OrganisationID, id)
}

// List gives the connections of an organisation that are not done, newest first: codes that wait, and agents enrolled lately.
func (c *Connections) List(ctx context.Context, may May, organisationID string) ([]*cabinetv1.Connection, error) {
	q := c.store.Read()
	codes, err := q.ListCodes(ctx, organisationID)
	if err != nil {
		return nil, fmt.Errorf("list codes: %w", err)
	}
	var list []*cabinetv1.Connection
	for _, code := range codes {
		if code.AgentID != "" || c.now().UnixMicro() >= code.ExpiresAt {
			continue
		}
		if ok, err := may(ctx, organisationID, code.OutletID); err != nil {
			return nil, err
		} else if ok {
			list = append(list, c.waiting(db.GetCodeRow{
				ID: code.ID, OrganisationID: organisationID, OutletID: code.OutletID, Outlet: code.Outlet, CreatedAt: code.CreatedAt, ExpiresAt: code.ExpiresAt,
			}))
		}
	}
	agents, err := q.ListConnectingAgents(ctx, db.ListConnectingAgentsParams{OrganisationID: organisationID, Since: store.Micros(c.now().Add(-listed))})
	if err != nil {
		return nil, fmt.Errorf("list agents: %w", err)
	}
	for _, id := range agents {
		one, err := c.Get(ctx, may, id)
		if errors.Is(err, ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		if !one.GetDone() {
			list = append(list, one)
		}
	}
	return list, nil
}

// waiting is a connection of which there is only a code.
func (c *Connections) waiting(code db.GetCodeRow) *cabinetv1.Connection {
	return &cabinetv1.Connection{
		Id: code.ID, OutletId: code.OutletID, Outlet: code.Outlet, ExpiresMs: code.ExpiresAt / 1000, CreatedMs: code.CreatedAt / 1000,
		Steps: Steps(Facts{Now: c.now(), CodeExpires: time.UnixMicro(code.ExpiresAt)}),
	}
}

// ofAgent goes on with the agent's till that has come least far; without one it waits for a device.
func (c *Connections) ofAgent(ctx context.Context, agent db.GetConnectingAgentRow) (*cabinetv1.Connection, error) {
	tills, err := c.store.Read().ListTillsOfAgent(ctx, agent.ID)
	if err != nil {
		return nil, fmt.Errorf("list tills of agent: %w", err)
	}
	if len(tills) == 0 {
		facts, one, err := c.begin(ctx, agent)
		if err != nil {
			return nil, err
		}
		one.Id, one.Steps = agent.ID, Steps(facts)
		return one, nil
	}
	var least *cabinetv1.Connection
	for _, t := range tills {
		one, err := c.ofTill(ctx, agent.OrganisationID, t.ID)
		if err != nil {
			return nil, err
		}
		if least == nil || least.GetDone() && !one.GetDone() {
			least = one
		}
	}
	return least, nil
}

// begin is what is known of an agent.
func (c *Connections) begin(ctx context.Context, agent db.GetConnectingAgentRow) (Facts, *cabinetv1.Connection, error) {
	heard, online := c.fleet.Alive(agent.ID, agent.HeardAt)
	facts := Facts{
		Now: c.now(), Agent: true, Online: online && agent.RevokedAt == 0, Able: agent.Capability >= able, CodeUsed: time.UnixMicro(agent.CreatedAt),
	}
	if agent.HeardAt != 0 || online {
		facts.Heard = heard
	}
	one := &cabinetv1.Connection{
		OutletId: agent.OutletID, Outlet: agent.Outlet, CreatedMs: agent.CreatedAt / 1000, AgentId: agent.ID, Host: agent.Host, AgentOnline: facts.Online,
	}
	finds, err := c.finds(ctx, agent)
	if err != nil {
		return facts, nil, err
	}
	one.Finds, facts.Strangers, facts.Searching = finds, fresh(finds), finds.GetAsked() || finds.GetSearch().GetRunning()
	return facts, one, nil
}

func (c *Connections) ofTill(ctx context.Context, organisationID, id string) (*cabinetv1.Connection, error) {
	t, err := c.fleet.Till(ctx, organisationID, id)
	if err != nil {
		return nil, err
	}
	facts, one := Facts{Now: c.now()}, &cabinetv1.Connection{OutletId: t.OutletID, Outlet: t.Outlet}
	if t.AgentID != "" {
		agent, err := c.store.Read().GetConnectingAgent(ctx, t.AgentID)
		if err != nil {
			return nil, fmt.Errorf("find agent: %w", err)
		}
		if facts, one, err = c.begin(ctx, agent); err != nil {
			return nil, err
		}
		if one.Tills, err = c.others(ctx, organisationID, t.AgentID); err != nil {
			return nil, err
		}
	}
	one.Id, one.TillId, one.Till, one.Device, one.OutletId, one.Outlet = t.ID, t.ID, t.Title, called(t.State), t.OutletID, t.Outlet
	facts.Till, facts.Serial, facts.Answers, facts.Named = true, t.State.GetSerial(), t.State.GetOnline(), t.OutletID != "" && t.Title != ""
	facts.Documents = t.State.GetLastFd() > 0
	facts.Taken = facts.Documents && t.State.GetReadMs() != 0 && (t.State.GetUnsent() == 0 || t.State.GetUnsentFd() > 1)
	wanted, err := c.Wanted(ctx, organisationID, id)
	if err != nil {
		return nil, err
	}
	one.Ofd, one.OfdInn = wanted.GetOfd(), wanted.GetOfdInn()
	facts.Chosen = wanted.GetOfd() != "" || wanted.GetOfdInn() != ""
	if fleet.Address(wanted.GetOfd()) {
		facts.Address = wanted.GetOfd()
		if facts.Check, err = c.last(ctx, organisationID, id, fiscalv1.Action_ACTION_CHECK_NETWORK, facts.Address); err != nil {
			return nil, err
		}
	}
	if facts.Slip, err = c.last(ctx, organisationID, id, fiscalv1.Action_ACTION_PRINT_TEST, ""); err != nil {
		return nil, err
	}
	one.Steps = Steps(facts)
	one.Done = Done(one.GetSteps())
	return one, nil
}

func (c *Connections) others(ctx context.Context, organisationID, agentID string) ([]*cabinetv1.ConnectedTill, error) {
	rows, err := c.store.Read().ListTillsOfAgent(ctx, agentID)
	if err != nil {
		return nil, fmt.Errorf("list tills of agent: %w", err)
	}
	var list []*cabinetv1.ConnectedTill
	for _, row := range rows {
		t, err := c.fleet.Till(ctx, organisationID, row.ID)
		if err != nil {
			return nil, err
		}
		list = append(list, &cabinetv1.ConnectedTill{Id: t.ID, Name: t.Title, Device: called(t.State), Online: t.State.GetOnline()})
	}
	return list, nil
}

func called(s *fiscalv1.TillState) string {
	words := []string{s.GetModel()}
	if s.GetSerial() != "" {
		words = append(words, "№ "+s.GetSerial())
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// last is what became of the newest command of a kind; nil when there was none.
func (c *Connections) last(ctx context.Context, organisationID, till string, action fiscalv1.Action, address string) (*Act, error) {
	row, err := c.store.Read().LastCommandOf(ctx, db.LastCommandOfParams{OrganisationID: organisationID, TillID: till, Action: int32(action), Address: address})
	if store.NotFound(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("find command: %w", err)
	}
	var run fiscalv1.Run
	if err := proto.Unmarshal(row.Run, &run); err != nil {
		return nil, fmt.Errorf("steps of command %s: %w", row.ID, err)
	}
	a := &Act{ID: row.ID, State: cabinetv1.CommandState(row.State), Text: run.GetText()}
	if row.EndedAt != 0 {
		a.Ended = time.UnixMicro(row.EndedAt)
	}
	return a, nil
}

// Wanted is what a till's agent should have, as somebody chose it last; empty when nobody did.
func (c *Connections) Wanted(ctx context.Context, organisationID, till string) (*fiscalv1.TillSettings, error) {
	wanted := new(fiscalv1.TillSettings)
	row, err := c.store.Read().NewestSettings(ctx, db.NewestSettingsParams{OrganisationID: organisationID, TillID: till})
	if store.NotFound(err) {
		return wanted, nil
	} else if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	if err := proto.Unmarshal(row.Body, wanted); err != nil {
		return nil, fmt.Errorf("settings of till %s: %w", till, err)
	}
	wanted.Version = uint64(row.Version)
	return wanted, nil
}

// MayOf is what a person may.
func MayOf(a *access.Access, p *access.Person) May {
	return func(ctx context.Context, organisationID, node string) (bool, error) {
		place, known, err := a.NodePlace(ctx, organisationID, node)
		return known && p.CanAt(access.TillsConfigure, place), err
	}
}
