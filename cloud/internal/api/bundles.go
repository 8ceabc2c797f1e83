package api

import (
	"context"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// GetCommandBundle implements FleetService.
func (f *fleetService) GetCommandBundle(ctx context.Context, r *cabinetv1.GetCommandBundleRequest) (*cabinetv1.GetCommandBundleResponse, error) {
	p, err := f.s.command(ctx, access.TillsRecover, r.GetCommandId())
	if err != nil {
		return nil, err
	}
	bundle, name, err := f.s.Fleet.Bundle(ctx, p.OrganisationID, r.GetCommandId())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetCommandBundleResponse{Bundle: bundle, Name: name}, nil
}

// GiveBundle implements UplinkService.
func (u *uplinkService) GiveBundle(ctx context.Context, r *uplinkv1.GiveBundleRequest) (*uplinkv1.GiveBundleResponse, error) {
	if err := u.s.Fleet.GiveBundle(ctx, access.AgentFrom(ctx), r.GetCommandId(), r.GetBundle()); err != nil {
		return nil, err
	}
	return &uplinkv1.GiveBundleResponse{}, nil
}
