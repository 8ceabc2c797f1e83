package api

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	connecting "github.com/chekan-io/chekan/cloud/internal/connect"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/tree"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// ListFinds implements TreeService: read by whoever sees the agent's whole outlet.
func (t *treeService) ListFinds(ctx context.Context, r *cabinetv1.ListFindsRequest) (*cabinetv1.ListFindsResponse, error) {
	p, err := t.s.agentOf(ctx, access.TillsView, r.GetAgentId())
	if err != nil {
		return nil, err
	}
	f, err := t.finds(ctx, p, r.GetAgentId())
	return &cabinetv1.ListFindsResponse{Finds: f}, err
}

// FindDevices implements TreeService.
func (t *treeService) FindDevices(ctx context.Context, r *cabinetv1.FindDevicesRequest) (*cabinetv1.FindDevicesResponse, error) {
	p, err := t.s.agentOf(ctx, access.TillsConfigure, r.GetAgentId())
	if err != nil {
		return nil, err
	}
	if err := t.s.Connections.Look(ctx, p, p.OrganisationID, r.GetAgentId(), r.GetCommandId()); err != nil {
		return nil, connectingError(err)
	}
	f, err := t.finds(ctx, p, r.GetAgentId())
	return &cabinetv1.FindDevicesResponse{Finds: f}, err
}

// AdoptDevice implements TreeService.
func (t *treeService) AdoptDevice(ctx context.Context, r *cabinetv1.AdoptDeviceRequest) (*cabinetv1.AdoptDeviceResponse, error) {
	p, err := t.s.agentOf(ctx, access.TillsConfigure, r.GetAgentId())
	if err != nil {
		return nil, err
	}
	wish := connecting.Wish{
		CommandID: r.GetCommandId(), OrganisationID: p.OrganisationID, AgentID: r.GetAgentId(), Wire: r.GetWire(), Printer: r.GetPrinter(), OutletID: r.GetOutletId(),
	}
	if wish.Title, wish.OutletID, err = t.newcomer(ctx, p, r); err != nil {
		return nil, err
	}
	if err := t.s.Connections.Adopt(ctx, p, wish); err != nil {
		return nil, connectingError(err)
	}
	f, err := t.finds(ctx, p, r.GetAgentId())
	return &cabinetv1.AdoptDeviceResponse{Finds: f}, err
}

// newcomer gives the name and the outlet of a till that is to come, as the tree takes them.
func (t *treeService) newcomer(ctx context.Context, p *access.Person, r *cabinetv1.AdoptDeviceRequest) (title, outletID string, err error) {
	agent, err := t.s.Fleet.Agent(ctx, access.Whole(p.OrganisationID), r.GetAgentId())
	if err != nil {
		return "", "", err
	}
	if outletID = r.GetOutletId(); outletID == "" {
		outletID = agent.OutletID
	}
	title, err = t.s.Trees.Newcomer(ctx, p.OrganisationID, outletID, r.GetTitle(), treeCaller(access.PersonFrom(ctx)))
	if errors.Is(err, tree.ErrNotFound) {
		return "", "", fmt.Errorf("outlet %q: %w", outletID, fleet.ErrNotFound)
	}
	return title, outletID, treeError(err)
}

func (t *treeService) finds(ctx context.Context, p *access.Person, agentID string) (*cabinetv1.Finds, error) {
	f, err := t.s.Connections.Finds(ctx, agentID)
	if err != nil {
		return nil, connectingError(err)
	}
	f.MayAdopt, err = t.mayAdopt(ctx, p.OrganisationID, agentID)
	return f, err
}

// mayAdopt tells whether the caller may have an agent take devices over: it concerns everything at its outlet.
func (t *treeService) mayAdopt(ctx context.Context, organisationID, agentID string) (bool, error) {
	agent, err := t.s.Fleet.Agent(ctx, access.Whole(organisationID), agentID)
	if err != nil {
		return false, err
	}
	place, known, err := t.s.Access.NodePlace(ctx, organisationID, agent.OutletID)
	return known && access.PersonFrom(ctx).CanAt(access.TillsConfigure, place), err
}

// findsError gives why a device is not taken over, or settings are not kept, as Connect has it, with a word for the pages; nil for another
// error.
func findsError(err error) error {
	switch {
	case errors.Is(err, connecting.ErrNoDevice):
		return connectError(connect.CodeNotFound, connecting.ErrNoDevice)
	case errors.Is(err, connecting.ErrHeld):
		return connectError(connect.CodeAlreadyExists, connecting.ErrHeld)
	case errors.Is(err, connecting.ErrHalf):
		return connectError(connect.CodeInvalidArgument, connecting.ErrHalf)
	case errors.Is(err, connecting.ErrTitle):
		return connectError(connect.CodeInvalidArgument, connecting.ErrTitle)
	case errors.Is(err, connecting.ErrHours):
		return connectError(connect.CodeInvalidArgument, connecting.ErrHours)
	case errors.Is(err, connecting.ErrSettings):
		return connectError(connect.CodeInvalidArgument, connecting.ErrSettings)
	case errors.Is(err, connecting.ErrChanged):
		return connectError(connect.CodeAborted, connecting.ErrChanged)
	case errors.Is(err, fleet.ErrTooOld):
		e := connect.NewError(connect.CodeUnimplemented, fleet.ErrTooOld)
		e.Meta().Set(reasonHeader, "agent_old")
		return e
	}
	return nil
}
