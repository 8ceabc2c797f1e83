package fleet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Agent is a program beside tills, as the cabinet knows it.
type Agent struct {
	ID, Host, Outlet, OutletID, Version, Platform string
	// OrganisationID is whose it is.
	OrganisationID string
	Online         bool
	// Heard and Revoked are zero when it never was.
	Heard, Enrolled, Revoked, CertificateUntil time.Time
	// Tills are the names of its tills.
	Tills []string
	// Twins are the programs that speak under its identity, when there are several.
	Twins []Twin
}

// Agents gives the agents within reach: those with several programs first, revoked ones last. An agent is within reach by its outlet
// or by one of its tills, and then tells of the tills within reach.
func (f *Fleet) Agents(ctx context.Context, reach access.Reach) ([]*Agent, error) {
	var agents []*Agent
	for _, scope := range reach {
		list, err := f.agentsOf(ctx, scope)
		if err != nil {
			return nil, err
		}
		agents = append(agents, list...)
	}
	slices.SortStableFunc(agents, func(a, b *Agent) int { return place(a) - place(b) })
	return agents, nil
}

func (f *Fleet) agentsOf(ctx context.Context, scope access.Scope) ([]*Agent, error) {
	rows, err := f.store.Read().ListAgents(ctx, scope.OrganisationID)
	if err != nil {
		return nil, fmt.Errorf("list agents: %w", err)
	}
	tills, err := f.store.Read().ListTillNames(ctx, scope.OrganisationID)
	if err != nil {
		return nil, fmt.Errorf("list tills: %w", err)
	}
	names := map[string][]string{}
	for _, t := range tills {
		if scope.Has(t.OutletID, t.ID) {
			names[t.AgentID] = append(names[t.AgentID], t.Name)
		}
	}
	twins, err := f.twins(ctx, scope.OrganisationID)
	if err != nil {
		return nil, err
	}
	var agents []*Agent
	for _, row := range rows {
		if !scope.Has(row.OutletID, "") && len(names[row.ID]) == 0 {
			continue
		}
		a := &Agent{
			ID: row.ID, OrganisationID: scope.OrganisationID, Host: row.Host, Outlet: row.Outlet, OutletID: row.OutletID, Version: row.Version,
			Platform: row.Platform, Tills: names[row.ID], Enrolled: time.UnixMicro(row.CreatedAt), Revoked: moment(row.RevokedAt),
			CertificateUntil: moment(row.CertificateEndsAt),
		}
		if a.Revoked.IsZero() {
			a.Heard, a.Online = f.alive(row.ID, row.HeardAt)
			a.Twins = twins[row.ID]
		} else {
			a.Heard = time.UnixMicro(row.HeardAt)
		}
		if a.Heard.UnixMicro() == 0 {
			a.Heard = time.Time{}
		}
		agents = append(agents, a)
	}
	return agents, nil
}

// Agent gives one agent within reach.
func (f *Fleet) Agent(ctx context.Context, reach access.Reach, id string) (*Agent, error) {
	agents, err := f.Agents(ctx, reach)
	if err != nil {
		return nil, err
	}
	for _, a := range agents {
		if a.ID == id {
			return a, nil
		}
	}
	return nil, fmt.Errorf("agent %q: %w", id, ErrNotFound)
}

func place(a *Agent) int {
	switch {
	case len(a.Twins) > 0:
		return 0
	case !a.Revoked.IsZero():
		return 2
	}
	return 1
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros)
}

// certified notes the certificate an agent shows at its hello: the newest one was shown now, so the one before may be forgotten.
func (f *Fleet) certified(ctx context.Context, q *db.Queries, agent *access.Agent) error {
	if agent.Shown == nil {
		return nil
	}
	if _, err := q.NoteCertificate(ctx, db.NoteCertificateParams{
		ID: agent.ID, Certificate: agent.Shown.Number, CertificateEndsAt: agent.Shown.Until.UnixMicro(),
	}); err != nil {
		return fmt.Errorf("note certificate: %w", err)
	}
	_, err := q.ShowCertificate(ctx, db.ShowCertificateParams{ID: agent.ID, Certificate: agent.Shown.Number})
	if err != nil {
		return fmt.Errorf("note certificate: %w", err)
	}
	return nil
}

// ShutOut forgets that a revoked agent is here and tells whoever watches its tills.
func (f *Fleet) ShutOut(ctx context.Context, agentID string) error {
	row, err := f.store.Read().GetAgent(ctx, agentID)
	if err != nil {
		return fmt.Errorf("find agent: %w", err)
	}
	now := f.now()
	f.mu.Lock()
	l := f.lineOf(agentID)
	l.organisation, l.present, l.goneAt = row.OrganisationID, false, now
	f.mu.Unlock()
	return f.publishAgent(ctx, row.OrganisationID, agentID)
}
