package api

import (
	"context"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// StartCommand implements FleetService.
func (f *fleetService) StartCommand(ctx context.Context, r *cabinetv1.StartCommandRequest) (*cabinetv1.StartCommandResponse, error) {
	p, place, err := f.s.at(ctx, access.TillsRecover, r.GetTillId())
	if err != nil {
		return nil, err
	}
	if err := f.s.provenFor(ctx, place, r.GetTillId(), r.GetAction()); err != nil {
		return nil, err
	}
	if r.GetAddress() != "" && !p.CanAt(access.TillsConfigure, place) { // else a repairer could look around in the shop's network
		return nil, access.ErrForbidden
	}
	cmd, err := f.s.Fleet.Take(ctx, p, fleet.Order{
		ID: r.GetId(), TillID: r.GetTillId(), OrganisationID: place.OrganisationID, Action: r.GetAction(), Ask: r.GetAskConsent(), LogLevel: r.GetLogLevel(),
		Address: r.GetAddress(),
		Reason:  r.GetReason(), Confirm: r.GetConfirm(), Wait: time.Duration(r.GetWaitMinutes()) * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	return &cabinetv1.StartCommandResponse{Command: commandView(p.At(place), cmd)}, nil
}

// provenFor asks for a proof of who calls where an action on a till wants one.
func (s *Server) provenFor(ctx context.Context, place access.Place, tillID string, action fiscalv1.Action) error {
	wanted, err := s.wantsProof(ctx, place.OrganisationID, tillID, action)
	if err != nil || !wanted {
		return err
	}
	return s.proven(ctx)
}

// wantsProof tells whether an action on a till, as it stands, wants a proof.
func (s *Server) wantsProof(ctx context.Context, organisationID, tillID string, action fiscalv1.Action) (bool, error) {
	t, err := s.Fleet.Till(ctx, organisationID, tillID)
	if err != nil {
		return false, err
	}
	return fleet.Demands(action, t.State).GetProof(), nil
}

// Decide implements FleetService.
func (f *fleetService) Decide(ctx context.Context, r *cabinetv1.DecideRequest) (*cabinetv1.DecideResponse, error) {
	p, place, err := f.s.at(ctx, access.TillsDecide, r.GetTillId())
	if err != nil {
		return nil, err
	}
	if err := f.s.provenFor(ctx, place, r.GetTillId(), fiscalv1.Action_ACTION_DECIDE); err != nil {
		return nil, err
	}
	cmd, err := f.s.Fleet.Decide(ctx, p, fleet.Order{
		ID: r.GetId(), TillID: r.GetTillId(), OrganisationID: place.OrganisationID, Confirm: r.GetConfirm(),
	}, r.GetDecision())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.DecideResponse{Command: commandView(p.At(place), cmd)}, nil
}

// PlanCommand implements FleetService.
func (f *fleetService) PlanCommand(ctx context.Context, r *cabinetv1.PlanCommandRequest) (*cabinetv1.PlanCommandResponse, error) {
	_, place, err := f.s.at(ctx, access.TillsView, r.GetTillId())
	if err != nil {
		return nil, err
	}
	t, err := f.s.Fleet.Till(ctx, place.OrganisationID, r.GetTillId())
	if err != nil {
		return nil, err
	}
	c, err := f.s.Fleet.Foresee(ctx, t, r.GetAction())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.PlanCommandResponse{Plan: c.Plan, Demands: c.Demands, Obstacle: c.Obstacle, Doubt: c.Doubt}, nil
}
