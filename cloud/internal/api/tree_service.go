package api

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/light"
	"github.com/chekan-io/chekan/cloud/internal/tree"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
)

var _ cabinetv1connect.TreeServiceHandler = (*treeService)(nil)

type treeService struct{ s *Server }

// caller is a person as package tree asks about them.
func treeCaller(p *access.Person) tree.Caller {
	return tree.Caller{
		See:    func(at access.Place) bool { return p.CanAt(access.TillsView, at) },
		Change: func(at access.Place) bool { return p.CanAt(access.TillsConfigure, at) },
		Name:   p.Login,
	}
}

// treeError is a refused change with its reason, for the sentences of the pages.
func treeError(err error) error {
	refused, ok := errors.AsType[*tree.Refused](err)
	if !ok {
		return err
	}
	code := connect.CodeInvalidArgument
	switch refused.Reason { //nolint:exhaustive // the others are about what was typed
	case tree.ReasonTaken:
		code = connect.CodeAlreadyExists
	case tree.ReasonNotEmpty, tree.ReasonHasAgents, tree.ReasonHasRights, tree.ReasonBefore:
		code = connect.CodeFailedPrecondition
	}
	e := connect.NewError(code, refused)
	e.Meta().Set(reasonHeader, string(refused.Reason))
	return e
}

// GetTree implements TreeService: of every organisation the caller reaches, what they may see, and what stands above it.
func (t *treeService) GetTree(ctx context.Context, _ *cabinetv1.GetTreeRequest) (*cabinetv1.GetTreeResponse, error) {
	p := access.PersonFrom(ctx)
	reach, err := t.s.Access.Reach(ctx, p, access.TillsView)
	if err != nil {
		return nil, err
	}
	tills, err := t.s.Fleet.Tills(ctx, reach)
	if err != nil {
		return nil, err
	}
	known := make(map[string]*fleet.Till, len(tills))
	colours := make(map[string]light.Colour, len(tills))
	for _, till := range tills {
		known[till.ID], colours[till.ID] = till, light.Worst(till.Cells)
	}
	who := treeCaller(p)
	res := &cabinetv1.GetTreeResponse{}
	for _, scope := range reach {
		whole, err := t.s.Trees.Read(ctx, scope.OrganisationID, scope.Organisation)
		if err != nil {
			return nil, err
		}
		counts := whole.Count(colours)
		seen := visible(whole, who.See)
		for _, n := range whole.All() {
			if seen[n.ID] != hidden {
				res.Nodes = append(res.Nodes, nodeView(whole, n, counts[n.ID], known[n.ID], seen[n.ID], who))
			}
		}
	}
	return res, nil
}

// seeing is how much of a node somebody sees.
type seeing int

const (
	hidden seeing = iota
	// passing is a node above what somebody sees: they have to know its name to find the way, and nothing else.
	passing
	seen
)

// visible tells which nodes of a tree somebody sees.
func visible(t *tree.Tree, see tree.May) map[string]seeing {
	list := map[string]seeing{}
	for _, n := range t.All() {
		if !see(t.Place(n.ID)) {
			continue
		}
		list[n.ID] = seen
		for up := t.Node(n.Parent); up != nil && list[up.ID] == hidden; up = t.Node(up.Parent) {
			list[up.ID] = passing
		}
	}
	return list
}

func nodeView(t *tree.Tree, n *tree.Node, counts tree.Counts, till *fleet.Till, how seeing, who tree.Caller) *cabinetv1.Node {
	v := &cabinetv1.Node{
		Id: n.ID, Kind: cabinetv1.PlaceKind(n.Kind), ParentId: n.Parent, Name: n.Name,
		Passing: how == passing,
		Counts: &cabinetv1.LightCounts{
			Red: uint32(counts[light.Red]), Yellow: uint32(counts[light.Yellow]), Grey: uint32(counts[light.Grey]), Green: uint32(counts[light.Green]),
		},
	}
	if worst, known := counts.Worst(); known {
		v.Light = fleet.LightOf(worst)
	}
	if how != seen {
		return v
	}
	v.Address, v.TimeZone, v.Phone, v.AgentName = n.Address, n.TimeZone, n.Phone, n.AgentName
	v.MayChange = who.Change(t.Place(n.ID))
	if till != nil {
		v.Serial, v.Model = till.State.GetSerial(), till.State.GetModel()
	}
	return v
}

// changed gives a node as it is after a change.
func (t *treeService) changed(ctx context.Context, id string) (*cabinetv1.Node, error) {
	all, err := t.GetTree(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, n := range all.GetNodes() {
		if n.GetId() == id {
			return n, nil
		}
	}
	return nil, tree.ErrNotFound
}

// CreateNode implements TreeService.
func (t *treeService) CreateNode(ctx context.Context, r *cabinetv1.CreateNodeRequest) (*cabinetv1.CreateNodeResponse, error) {
	n, err := t.s.Trees.Create(ctx, treeCaller(access.PersonFrom(ctx)), tree.Draft{
		Kind: tree.Kind(r.GetKind()), Parent: r.GetParentId(), Name: r.GetName(),
		Details: tree.Details{Address: r.GetAddress(), TimeZone: r.GetTimeZone(), Phone: r.GetPhone()},
	})
	if err != nil {
		return nil, treeError(err)
	}
	view, err := t.changed(ctx, n.ID)
	return &cabinetv1.CreateNodeResponse{Node: view}, err
}

// ChangeNode implements TreeService.
func (t *treeService) ChangeNode(ctx context.Context, r *cabinetv1.ChangeNodeRequest) (*cabinetv1.ChangeNodeResponse, error) {
	n, err := t.s.Trees.Change(ctx, treeCaller(access.PersonFrom(ctx)), tree.Edit{
		ID: r.GetId(), Name: r.GetName(), Details: tree.Details{Address: r.GetAddress(), TimeZone: r.GetTimeZone(), Phone: r.GetPhone()},
	})
	if err != nil {
		return nil, treeError(err)
	}
	view, err := t.changed(ctx, n.ID)
	return &cabinetv1.ChangeNodeResponse{Node: view}, err
}

// MoveNode implements TreeService.
func (t *treeService) MoveNode(ctx context.Context, r *cabinetv1.MoveNodeRequest) (*cabinetv1.MoveNodeResponse, error) {
	n, err := t.s.Trees.Move(ctx, treeCaller(access.PersonFrom(ctx)), r.GetId(), r.GetParentId(), r.GetBeforeId())
	if err != nil {
		return nil, treeError(err)
	}
	view, err := t.changed(ctx, n.ID)
	return &cabinetv1.MoveNodeResponse{Node: view}, err
}

// DeleteNode implements TreeService.
func (t *treeService) DeleteNode(ctx context.Context, r *cabinetv1.DeleteNodeRequest) (*cabinetv1.DeleteNodeResponse, error) {
	if err := t.s.Trees.Delete(ctx, treeCaller(access.PersonFrom(ctx)), r.GetId()); err != nil {
		return nil, treeError(err)
	}
	return &cabinetv1.DeleteNodeResponse{}, nil
}

// ListStays implements TreeService. Of an outlet the caller may not see he learns the time and no name.
func (t *treeService) ListStays(ctx context.Context, r *cabinetv1.ListStaysRequest) (*cabinetv1.ListStaysResponse, error) {
	p, place, err := t.s.at(ctx, access.TillsView, r.GetTillId())
	if err != nil {
		return nil, err
	}
	stays, err := t.s.Trees.Stays(ctx, place.OrganisationID, r.GetTillId())
	if err != nil {
		return nil, err
	}
	whole, err := t.s.Trees.Read(ctx, place.OrganisationID, "")
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListStaysResponse{}
	for _, stay := range stays {
		v := &cabinetv1.Stay{Since: stay.Since}
		there := access.Place{OrganisationID: place.OrganisationID}
		if whole.Node(stay.OutletID) != nil {
			there = whole.Place(stay.OutletID)
		}
		if p.CanAt(access.TillsView, there) {
			v.OutletId, v.Outlet, v.Actor = stay.OutletID, stay.Outlet, stay.Actor
		}
		res.Stays = append(res.Stays, v)
	}
	return res, nil
}
