package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// ListAgents implements FleetService.
func (f *fleetService) ListAgents(ctx context.Context, _ *cabinetv1.ListAgentsRequest) (*cabinetv1.ListAgentsResponse, error) {
	reach, err := f.s.reach(ctx, access.TillsView)
	if err != nil {
		return nil, err
	}
	agents, err := f.s.Fleet.Agents(ctx, reach)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListAgentsResponse{}
	for _, a := range agents {
		res.Agents = append(res.Agents, agentView(a))
	}
	return res, f.s.withUpdates(ctx, reach.Organisations(), res.GetAgents())
}

// RevokeAgent implements FleetService.
func (f *fleetService) RevokeAgent(ctx context.Context, r *cabinetv1.RevokeAgentRequest) (*cabinetv1.RevokeAgentResponse, error) {
	p, err := f.s.agentOf(ctx, access.TillsConfigure, r.GetAgentId())
	if err != nil {
		return nil, err
	}
	if err := f.s.Access.Revoke(ctx, p.OrganisationID, r.GetAgentId(), p.Login); errors.Is(err, access.ErrAgent) { // as an answer to an agent it means something else
		return nil, fmt.Errorf("agent %q: %w", r.GetAgentId(), fleet.ErrNotFound)
	} else if err != nil {
		return nil, err
	}
	a, err := f.s.Fleet.Agent(ctx, access.Whole(p.OrganisationID), r.GetAgentId())
	if err != nil {
		return nil, err
	}
	view := agentView(a)
	return &cabinetv1.RevokeAgentResponse{Agent: view}, f.s.withUpdates(ctx, []string{p.OrganisationID}, []*cabinetv1.Agent{view})
}

func agentView(a *fleet.Agent) *cabinetv1.Agent {
	v := &cabinetv1.Agent{
		Id: a.ID, Host: a.Host, Outlet: a.Outlet, Version: a.Version, Platform: a.Platform, Online: a.Online,
		HeardMs: millis(a.Heard), EnrolledMs: millis(a.Enrolled), RevokedMs: millis(a.Revoked), CertificateUntilMs: millis(a.CertificateUntil), Tills: a.Tills,
	}
	for _, t := range a.Twins {
		v.Twins = append(v.Twins, &cabinetv1.AgentTwin{Host: t.Host, Address: t.Address, HeardMs: millis(t.Heard)})
	}
	return v
}

// millis is a time for a message; 0 when there is none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
