package api

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

var _ cabinetv1connect.UpdatesServiceHandler = (*updatesService)(nil)

type updatesService struct{ s *Server }

var errLater = connect.NewError(connect.CodeUnimplemented, errors.New("not there yet"))

// ListReleases implements UpdatesService.
func (u *updatesService) ListReleases(context.Context, *cabinetv1.ListReleasesRequest) (*cabinetv1.ListReleasesResponse, error) {
	return nil, errLater
}

// ListRollouts implements UpdatesService.
func (u *updatesService) ListRollouts(context.Context, *cabinetv1.ListRolloutsRequest) (*cabinetv1.ListRolloutsResponse, error) {
	return nil, errLater
}

// GetRollout implements UpdatesService.
func (u *updatesService) GetRollout(context.Context, *cabinetv1.GetRolloutRequest) (*cabinetv1.GetRolloutResponse, error) {
	return nil, errLater
}

// StartRollout implements UpdatesService.
func (u *updatesService) StartRollout(context.Context, *cabinetv1.StartRolloutRequest) (*cabinetv1.StartRolloutResponse, error) {
	return nil, errLater
}

// ChangeRollout implements UpdatesService.
func (u *updatesService) ChangeRollout(context.Context, *cabinetv1.ChangeRolloutRequest) (*cabinetv1.ChangeRolloutResponse, error) {
	return nil, errLater
}

// PinAgent implements UpdatesService.
func (u *updatesService) PinAgent(context.Context, *cabinetv1.PinAgentRequest) (*cabinetv1.PinAgentResponse, error) {
	return nil, errLater
}

// FetchUpdate implements UplinkService.
func (u *uplinkService) FetchUpdate(context.Context, *uplinkv1.FetchUpdateRequest) (*uplinkv1.FetchUpdateResponse, error) {
	return nil, errLater
}

// ReportUpdate implements UplinkService.
func (u *uplinkService) ReportUpdate(context.Context, *uplinkv1.ReportUpdateRequest) (*uplinkv1.ReportUpdateResponse, error) {
	return nil, errLater
}
