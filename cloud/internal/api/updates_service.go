package api

import (
	"context"
	"net/http"
	"slices"

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
	scope, err := u.s.own(ctx, access.TillsView)
	if err != nil {
		return nil, err
	}
	list, err := u.s.Updates.Rollouts(ctx, scope.OrganisationID)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(r *cabinetv1.Rollout) bool { return !planWithin(scope, r.GetPlan()) })
	return &cabinetv1.ListRolloutsResponse{Rollouts: list}, nil
}

// GetRollout implements UpdatesService.
func (u *updatesService) GetRollout(ctx context.Context, r *cabinetv1.GetRolloutRequest) (*cabinetv1.GetRolloutResponse, error) {
	p, err := u.s.rollout(ctx, access.TillsView, r.GetId())
	if err != nil {
		return nil, err
	}
	rollout, agents, err := u.s.Updates.Agents(ctx, p.OrganisationID, r.GetId())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetRolloutResponse{Rollout: rollout, Agents: agents}, nil
}

// StartRollout implements UpdatesService.
func (u *updatesService) StartRollout(ctx context.Context, r *cabinetv1.StartRolloutRequest) (*cabinetv1.StartRolloutResponse, error) {
	scope, err := u.s.own(ctx, access.UpdatesManage)
	if err != nil {
		return nil, err
	}
	if !planWithin(scope, r.GetPlan()) {
		return nil, access.ErrForbidden
	}
	rollout, err := u.s.Updates.Start(ctx, access.PersonFrom(ctx), r.GetId(), r.GetVersion(), r.GetPlan())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.StartRolloutResponse{Rollout: rollout}, nil
}

// ChangeRollout implements UpdatesService.
func (u *updatesService) ChangeRollout(ctx context.Context, r *cabinetv1.ChangeRolloutRequest) (*cabinetv1.ChangeRolloutResponse, error) {
	p, err := u.s.rollout(ctx, access.UpdatesManage, r.GetId())
	if err != nil {
		return nil, err
	}
	if r.GetPlan() != nil {
		if scope, err := u.s.own(ctx, access.UpdatesManage); err != nil {
			return nil, err
		} else if !planWithin(scope, r.GetPlan()) {
			return nil, access.ErrForbidden
		}
	}
	rollout, err := u.s.Updates.Change(ctx, p, r.GetId(), r.GetChange(), r.GetPlan())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ChangeRolloutResponse{Rollout: rollout}, nil
}

// PinAgent implements UpdatesService.
func (u *updatesService) PinAgent(ctx context.Context, r *cabinetv1.PinAgentRequest) (*cabinetv1.PinAgentResponse, error) {
	p, err := u.s.agentOf(ctx, access.UpdatesManage, r.GetAgentId())
	if err != nil {
		return nil, err
	}
	if err := u.s.Updates.Pin(ctx, p, r.GetAgentId(), r.GetVersion()); err != nil {
		return nil, err
	}
	a, err := u.s.Fleet.Agent(ctx, access.Whole(p.OrganisationID), r.GetAgentId())
	if err != nil {
		return nil, err
	}
	view := agentView(a)
	return &cabinetv1.PinAgentResponse{Agent: view}, u.s.withUpdates(ctx, []string{p.OrganisationID}, []*cabinetv1.Agent{view})
}

// withUpdates tells of agents what rollouts did to them.
func (s *Server) withUpdates(ctx context.Context, organisations []string, agents []*cabinetv1.Agent) error {
	for _, organisation := range organisations {
		pins, last, err := s.Updates.OfAgents(ctx, organisation)
		if err != nil {
			return err
		}
		for _, a := range agents {
			if pin, ok := pins[a.GetId()]; ok {
				a.Pinned = pin
			}
			if update := last[a.GetId()]; update != nil {
				a.Update = update
				a.Update.Host, a.Update.Outlet = a.GetHost(), a.GetOutlet()
			}
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
