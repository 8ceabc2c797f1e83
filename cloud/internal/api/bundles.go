package api

import (
	"context"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// GetCommandBundle implements FleetService.
func (f *fleetService) GetCommandBundle(context.Context, *cabinetv1.GetCommandBundleRequest) (*cabinetv1.GetCommandBundleResponse, error) {
	return nil, errLater
}

// GiveBundle implements UplinkService.
func (u *uplinkService) GiveBundle(context.Context, *uplinkv1.GiveBundleRequest) (*uplinkv1.GiveBundleResponse, error) {
	return nil, errLater
}
