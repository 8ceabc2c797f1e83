package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	connecting "github.com/chekan-io/chekan/cloud/internal/connect"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/tree"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// settingsWait is how long settings wait for an agent that is away.
const settingsWait = 24 * time.Hour

// ListConnections implements TreeService.
func (t *treeService) ListConnections(ctx context.Context, _ *cabinetv1.ListConnectionsRequest) (*cabinetv1.ListConnectionsResponse, error) {
	p := access.PersonFrom(ctx)
	list, err := t.s.Connections.List(ctx, connecting.MayOf(t.s.Access, p), p.OrganisationID)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		c.Country = p.Country
	}
	return &cabinetv1.ListConnectionsResponse{Connections: list}, nil
}

// GetConnection implements TreeService.
func (t *treeService) GetConnection(ctx context.Context, r *cabinetv1.GetConnectionRequest) (*cabinetv1.GetConnectionResponse, error) {
	p := access.PersonFrom(ctx)
	c, err := t.s.Connections.Get(ctx, connecting.MayOf(t.s.Access, p), r.GetId())
	if err != nil {
		return nil, connectingError(err)
	}
	c.Country = p.Country
	if c.GetFinds() != nil {
		c.Finds.MayAdopt, err = t.mayAdopt(ctx, p.OrganisationID, c.GetAgentId())
	}
	return &cabinetv1.GetConnectionResponse{Connection: c}, err
}

// CreateConnection implements TreeService: in an outlet that is there, or in a new one at the top.
func (t *treeService) CreateConnection(ctx context.Context, r *cabinetv1.CreateConnectionRequest) (*cabinetv1.CreateConnectionResponse, error) {
	p := access.PersonFrom(ctx)
	whole, err := t.s.Trees.Read(ctx, p.OrganisationID, "")
	if err != nil {
		return nil, err
	}
	outlet := strings.Join(strings.Fields(r.GetOutlet()), " ")
	var known *tree.Node
	for _, n := range whole.All() {
		if n.Kind == tree.Outlet && (n.ID == r.GetOutletId() || r.GetOutletId() == "" && n.Name == outlet) {
			known = n
		}
	}
	who := treeCaller(p)
	switch {
	case known != nil && !who.Change(whole.Place(known.ID)), known == nil && r.GetOutletId() != "":
		return nil, fmt.Errorf("outlet %q: %w", r.GetOutletId(), tree.ErrNotFound)
	case known == nil:
		n, err := t.s.Trees.Create(ctx, who, tree.Draft{Kind: tree.Outlet, Parent: p.OrganisationID, Name: outlet})
		if err != nil {
			return nil, treeError(err)
		}
		known = &n
	}
	id, code, expires, err := t.s.Access.NewConnection(ctx, p.OrganisationID, known.Name)
	if err != nil {
		return nil, err
	}
	if t.s.Pin != "" {
		code += "@" + t.s.Pin
	}
	return &cabinetv1.CreateConnectionResponse{Id: id, Code: code, ExpiresMs: expires.UnixMilli(), Cloud: t.s.PublicURL}, nil
}

// ListOperators implements TreeService.
func (t *treeService) ListOperators(context.Context, *cabinetv1.ListOperatorsRequest) (*cabinetv1.ListOperatorsResponse, error) {
	return &cabinetv1.ListOperatorsResponse{Operators: connecting.Operators()}, nil
}

// GetSettings implements TreeService.
func (t *treeService) GetSettings(ctx context.Context, r *cabinetv1.GetSettingsRequest) (*cabinetv1.GetSettingsResponse, error) {
	p, place, err := t.s.at(ctx, access.TillsView, r.GetTillId())
	if err != nil {
		return nil, err
	}
	s, err := t.s.Connections.Settings(ctx, place.OrganisationID, r.GetTillId())
	if err != nil {
		return nil, err
	}
	s.MayChange = p.CanAt(access.TillsConfigure, place)
	return &cabinetv1.GetSettingsResponse{Settings: s}, nil
}

// ChangeSettings implements TreeService.
func (t *treeService) ChangeSettings(ctx context.Context, r *cabinetv1.ChangeSettingsRequest) (*cabinetv1.ChangeSettingsResponse, error) {
	p, place, err := t.s.at(ctx, access.TillsConfigure, r.GetTillId())
	if err != nil {
		return nil, err
	}
	till, err := t.s.Fleet.Till(ctx, place.OrganisationID, r.GetTillId())
	if err != nil {
		return nil, err
	}
	if err := t.s.Connections.Choose(ctx, place.OrganisationID, r.GetTillId(), till.Title, p.Login, r.GetCommandId(), r.GetSettings()); err != nil {
		return nil, connectingError(err)
	}
	t.s.Fleet.Chosen(place.OrganisationID, r.GetTillId())
	s, err := t.s.Connections.Settings(ctx, place.OrganisationID, r.GetTillId())
	if err != nil {
		return nil, err
	}
	answer := &cabinetv1.ChangeSettingsResponse{Settings: s}
	if r.GetCommandId() != "" && s.GetReported().GetVersion() != s.GetWanted().GetVersion() && s.GetState() != cabinetv1.SettingsState_SETTINGS_STATE_WAITS {
		answer.Command, err = t.s.Fleet.Configure(ctx, p, fleet.Order{
			ID: r.GetCommandId(), TillID: r.GetTillId(), OrganisationID: place.OrganisationID, Wait: settingsWait,
		}, s.GetWanted())
		if err != nil && !errors.Is(err, fleet.ErrTooOld) && !errors.Is(err, fleet.ErrNoAgent) { // of which the settings themselves tell
			return nil, err
		}
		if answer.Settings, err = t.s.Connections.Settings(ctx, place.OrganisationID, r.GetTillId()); err != nil {
			return nil, err
		}
	}
	answer.Settings.MayChange = true
	return answer, nil
}

// connectingError gives the reasons of package connect as Connect has them.
func connectingError(err error) error {
	if known := findsError(err); known != nil {
		return known
	}
	if errors.Is(err, connecting.ErrNotFound) {
		return connect.NewError(connect.CodeNotFound, connecting.ErrNotFound)
	}
	return err
}
