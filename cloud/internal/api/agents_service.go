package api

import (
	"context"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// ListAgents implements FleetService.
func (f *fleetService) ListAgents(context.Context, *cabinetv1.ListAgentsRequest) (*cabinetv1.ListAgentsResponse, error) {
	return nil, errLater
}

// RevokeAgent implements FleetService.
func (f *fleetService) RevokeAgent(context.Context, *cabinetv1.RevokeAgentRequest) (*cabinetv1.RevokeAgentResponse, error) {
	return nil, errLater
}
