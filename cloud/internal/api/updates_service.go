package api

import (
	"context"
	"net/http"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/updates"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

var _ cabinetv1connect.UpdatesServiceHandler = (*updatesService)(nil)

// releasesPath is where the agents' door gives out the signed releases.
const releasesPath = "/releases/"

type updatesService struct{ s *Server }

// releases serves the files of releases to agents.
func (s *Server) releases() http.Handler {
	return s.OnlyAgents(http.StripPrefix(releasesPath[:len(releasesPath)-1], s.Updates.Releases()))
}

// ListReleases implements UpdatesService.
func (u *updatesService) ListReleases(context.Context, *cabinetv1.ListReleasesRequest) (*cabinetv1.ListReleasesResponse, error) {
	list, until, err := u.s.Updates.Releases().List()
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListReleasesResponse{SignedUntilMs: millis(until)}
	for _, r := range list {
		res.Releases = append(res.Releases, releaseView(r))
	}
	return res, nil
}

func releaseView(r updates.Release) *cabinetv1.Release {
	return &cabinetv1.Release{Version: r.Version, Channel: r.Channel, Platforms: r.Platforms, Notes: r.Notes, ReleasedMs: millis(r.Signed)}
}

// ListRollouts implements UpdatesService.
func (u *updatesService) ListRollouts(ctx context.Context, _ *cabinetv1.ListRolloutsRequest) (*cabinetv1.ListRolloutsResponse, error) {
	list, err := u.s.Updates.Rollouts(ctx, access.PersonFrom(ctx).OrganisationID)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ListRolloutsResponse{Rollouts: list}, nil
}

// GetRollout implements UpdatesService.
func (u *updatesService) GetRollout(ctx context.Context, r *cabinetv1.GetRolloutRequest) (*cabinetv1.GetRolloutResponse, error) {
	rollout, agents, err := u.s.Updates.Agents(ctx, access.PersonFrom(ctx).OrganisationID, r.GetId())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetRolloutResponse{Rollout: rollout, Agents: agents}, nil
}

// StartRollout implements UpdatesService.
func (u *updatesService) StartRollout(ctx context.Context, r *cabinetv1.StartRolloutRequest) (*cabinetv1.StartRolloutResponse, error) {
	rollout, err := u.s.Updates.Start(ctx, access.PersonFrom(ctx), r.GetId(), r.GetVersion(), r.GetPlan())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.StartRolloutResponse{Rollout: rollout}, nil
}

// ChangeRollout implements UpdatesService.
func (u *updatesService) ChangeRollout(ctx context.Context, r *cabinetv1.ChangeRolloutRequest) (*cabinetv1.ChangeRolloutResponse, error) {
	rollout, err := u.s.Updates.Change(ctx, access.PersonFrom(ctx), r.GetId(), r.GetChange(), r.GetPlan())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ChangeRolloutResponse{Rollout: rollout}, nil
}

// PinAgent implements UpdatesService.
func (u *updatesService) PinAgent(ctx context.Context, r *cabinetv1.PinAgentRequest) (*cabinetv1.PinAgentResponse, error) {
	p := access.PersonFrom(ctx)
	if err := u.s.Updates.Pin(ctx, p, r.GetAgentId(), r.GetVersion()); err != nil {
		return nil, err
	}
	a, err := u.s.Fleet.Agent(ctx, p.OrganisationID, r.GetAgentId())
	if err != nil {
		return nil, err
	}
	view := agentView(a)
	return &cabinetv1.PinAgentResponse{Agent: view}, u.s.withUpdates(ctx, []*cabinetv1.Agent{view})
}

// withUpdates tells of agents what rollouts did to them.
func (s *Server) withUpdates(ctx context.Context, agents []*cabinetv1.Agent) error {
	pins, last, err := s.Updates.OfAgents(ctx, access.PersonFrom(ctx).OrganisationID)
	if err != nil {
		return err
	}
	for _, a := range agents {
		a.Pinned, a.Update = pins[a.GetId()], last[a.GetId()]
		if a.Update != nil {
			a.Update.Host, a.Update.Outlet = a.GetHost(), a.GetOutlet()
		}
	}
	return nil
}

// FetchUpdate implements UplinkService.
func (u *uplinkService) FetchUpdate(ctx context.Context, r *uplinkv1.FetchUpdateRequest) (*uplinkv1.FetchUpdateResponse, error) {
	return u.s.Updates.Fetch(ctx, access.AgentFrom(ctx), r)
}

// ReportUpdate implements UplinkService.
func (u *uplinkService) ReportUpdate(ctx context.Context, r *uplinkv1.ReportUpdateRequest) (*uplinkv1.ReportUpdateResponse, error) {
	if err := u.s.Updates.Report(ctx, access.AgentFrom(ctx), r); err != nil {
		return nil, err
	}
	return &uplinkv1.ReportUpdateResponse{}, nil
}
