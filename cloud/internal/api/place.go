package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/remote"
	"github.com/chekan-io/chekan/cloud/internal/updates"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// How a handler knows what its caller may see:
//
//   - of one till: [Server.at];
//   - of one thing by its id: [Server.find];
//   - of lists: [Server.sight]: the reach, given to what reads, and the eyes for whether a row is shown with money;
//   - of lists that are asked for by a node of the tree: [Server.part], which narrows the reach;
//   - of the whole organisation: [Server.whole].
//
// Nothing else asks for rights. What is out of reach is answered like what does not exist: an id that was guessed must teach nothing.

// at gives who calls, as they are at a till, and where it stands.
func (s *Server) at(ctx context.Context, need access.Permission, tillID string) (*access.Person, access.Place, error) {
	p := access.PersonFrom(ctx)
	place, err := s.Fleet.Place(ctx, tillID)
	if err != nil {
		return nil, access.Place{}, err
	}
	if !p.CanAt(need, place) {
		return nil, access.Place{}, fmt.Errorf("till %q: %w", tillID, fleet.ErrNotFound)
	}
	return p.At(place), place, nil
}

// reach gives where the caller may do all of what is needed.
func (s *Server) reach(ctx context.Context, needs ...access.Permission) (access.Reach, error) {
	return s.Access.Reach(ctx, access.PersonFrom(ctx), needs...)
}

// whole refuses who may not do what is needed in the whole of their own organisation.
func (s *Server) whole(ctx context.Context, need access.Permission) (*access.Person, error) {
	p := access.PersonFrom(ctx)
	if !p.CanAll(need) {
		return nil, access.ErrForbidden
	}
	return p, nil
}

// holder tells where in an organisation something stands or happened: outlet, till, or neither.
type holder func(ctx context.Context, organisationID string) (outletID, tillID string, err error)

// find gives who calls, as they are at the place of something that is named by an id alone: it is looked for in every organisation
// within reach.
func (s *Server) find(ctx context.Context, need access.Permission, what string, where holder) (*access.Person, error) {
	p := access.PersonFrom(ctx)
	reach, err := s.reach(ctx, need)
	if err != nil {
		return nil, err
	}
	for _, scope := range reach {
		outletID, tillID, err := where(ctx, scope.OrganisationID)
		if absent(err) || err == nil && !scope.Has(outletID, tillID) {
			continue
		} else if err != nil {
			return nil, err
		}
		place, err := s.Access.PlaceOf(ctx, p, scope.OrganisationID, outletID, tillID)
		if err != nil {
			return nil, err
		}
		return p.At(place), nil
	}
	return nil, fmt.Errorf("%s: %w", what, fleet.ErrNotFound)
}

// absent tells whether an error says that something does not exist.
func absent(err error) bool {
	return errors.Is(err, fleet.ErrNotFound) || errors.Is(err, documents.ErrNotFound) || errors.Is(err, updates.ErrNotFound) || errors.Is(err, remote.ErrNotFound)
}

// onTill is the place of what belongs to a till: where the till stands now.
func (s *Server) onTill(tillOf func(ctx context.Context, organisationID string) (string, error)) holder {
	return func(ctx context.Context, organisationID string) (string, string, error) {
		tillID, err := tillOf(ctx, organisationID)
		if err != nil {
			return "", "", err
		}
		place, err := s.Fleet.Place(ctx, tillID)
		if err != nil {
			return "", "", err
		}
		return place.Outlet(), tillID, nil
	}
}

// command, ticket, document and shift find one by its id.

func (s *Server) command(ctx context.Context, need access.Permission, id string) (*access.Person, error) {
	return s.find(ctx, need, fmt.Sprintf("command %q", id), s.onTill(func(ctx context.Context, organisation string) (string, error) {
		c, err := s.Fleet.Command(ctx, organisation, id)
		return c.GetTillId(), err
	}))
}

func (s *Server) ticket(ctx context.Context, need access.Permission, id string) (*access.Person, error) {
	return s.find(ctx, need, fmt.Sprintf("ticket %q", id), s.onTill(func(ctx context.Context, organisation string) (string, error) {
		c, _, _, err := s.Fleet.Ticket(ctx, organisation, id)
		return c.GetTillId(), err
	}))
}

func (s *Server) document(ctx context.Context, need access.Permission, fn string, fd uint32) (*access.Person, error) {
	return s.find(ctx, need, fmt.Sprintf("document %d of %s", fd, fn), func(ctx context.Context, organisation string) (string, string, error) {
		d, err := s.Documents.Document(ctx, organisation, fn, fd)
		return d.OutletID, d.TillID, err
	})
}

func (s *Server) shift(ctx context.Context, need access.Permission, fn string, number uint32) (*access.Person, error) {
	return s.find(ctx, need, fmt.Sprintf("shift %d of %s", number, fn), func(ctx context.Context, organisation string) (string, string, error) {
		return s.Documents.ShiftPlace(ctx, organisation, fn, number)
	})
}

// agent finds an agent by its id: what is done to it concerns everything at its outlet.
func (s *Server) agentOf(ctx context.Context, need access.Permission, id string) (*access.Person, error) {
	return s.find(ctx, need, fmt.Sprintf("agent %q", id), func(ctx context.Context, organisation string) (string, string, error) {
		a, err := s.Fleet.Agent(ctx, access.Whole(organisation), id)
		if err != nil {
			return "", "", err
		}
		return a.OutletID, "", nil
	})
}

// node gives who calls, as they are at a node where rules are set: a department, an outlet, a till, or their organisation.
func (s *Server) node(ctx context.Context, need access.Permission, n *cabinetv1.ThresholdNode) (*access.Person, error) {
	if n.GetLevel() == cabinetv1.ThresholdLevel_THRESHOLD_LEVEL_ORGANISATION && n.GetId() == "" {
		return s.whole(ctx, need)
	}
	p := access.PersonFrom(ctx)
	place, known, err := s.Access.FindNode(ctx, p, need, n.GetId())
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, fmt.Errorf("node %q: %w", n.GetId(), fleet.ErrNotFound)
	}
	return p.At(place), nil
}

// rollout finds a rollout by its id. It is within reach when every outlet it concerns is.
func (s *Server) rollout(ctx context.Context, need access.Permission, id string) (*access.Person, error) {
	scope, err := s.own(ctx, need)
	if err != nil {
		return nil, err
	}
	r, err := s.Updates.Rollout(ctx, scope.OrganisationID, id)
	if err != nil && !absent(err) {
		return nil, err
	}
	if err != nil || !planWithin(scope, r.GetPlan()) {
		return nil, fmt.Errorf("rollout %q: %w", id, updates.ErrNotFound)
	}
	return access.PersonFrom(ctx), nil
}

// planWithin tells whether everything a rollout concerns is in a scope.
func planWithin(scope access.Scope, plan *cabinetv1.RolloutPlan) bool {
	if scope.All {
		return true
	}
	return len(plan.GetOutletIds()) > 0 && !slices.ContainsFunc(plan.GetOutletIds(), func(id string) bool { return !scope.Has(id, "") })
}

// part narrows what is within reach to a node of the tree that was asked for, together with the tills that were: all of what is asked
// holds. An empty node asks for everything. A till that is the node is given among the tills, for what is within reach of its past is
// not always all of it.
func (s *Server) part(ctx context.Context, reach access.Reach, node string, tills []string, needs ...access.Permission) (access.Reach, []string, error) {
	if node == "" {
		return reach, tills, nil
	}
	part, known, err := s.Access.PartOf(ctx, access.PersonFrom(ctx), node, needs...)
	switch {
	case err != nil:
		return nil, nil, err
	case !known:
		return nil, nil, fmt.Errorf("node %q: %w", node, fleet.ErrNotFound)
	case part.Till == "":
		return access.Reach{part.Scope}, tills, nil
	case len(tills) > 0 && !slices.Contains(tills, part.Till):
		return nil, tills, nil // that till and this one are never the same
	}
	return access.Reach{part.Scope}, []string{part.Till}, nil
}

// own gives the part of the caller's reach in the organisation they work in; an empty one when there is none.
func (s *Server) own(ctx context.Context, needs ...access.Permission) (access.Scope, error) {
	reach, err := s.reach(ctx, needs...)
	scope, ok := reach.In(access.PersonFrom(ctx).OrganisationID)
	if !ok {
		scope = access.Scope{OrganisationID: access.PersonFrom(ctx).OrganisationID}
	}
	return scope, err
}

// ownPart is part in the organisation the caller works in, with one till at most: sums of money are of one organisation, and nobody
// sees those of another.
func (s *Server) ownPart(ctx context.Context, node, till string, needs ...access.Permission) (access.Scope, string, error) {
	scope, err := s.own(ctx, needs...)
	if err != nil || node == "" {
		return scope, till, err
	}
	reach, tills, err := s.part(ctx, nil, node, oneOrNone(till), needs...)
	if err != nil {
		return scope, "", err
	}
	scope, known := reach.In(scope.OrganisationID)
	if !known {
		scope = access.Scope{OrganisationID: access.PersonFrom(ctx).OrganisationID}
	}
	return scope, strings.Join(tills, ""), nil
}

// oneOrNone is an id as a list.
func oneOrNone(id string) []string {
	if id == "" {
		return nil
	}
	return []string{id}
}

// scopeAt is at for what a till did: with the part of its organisation in which the caller may see it.
func (s *Server) scopeAt(ctx context.Context, need access.Permission, tillID string) (*access.Person, access.Scope, error) {
	p, place, err := s.at(ctx, need, tillID)
	if err != nil {
		return nil, access.Scope{}, err
	}
	reach, err := s.reach(ctx, need)
	scope, _ := reach.In(place.OrganisationID)
	return p, scope, err
}

// mayEnrol tells whether the caller may let an agent in at an outlet of a name: one of theirs, or a new one for who may everywhere.
func (s *Server) mayEnrol(ctx context.Context, outlet string) (*access.Person, error) {
	p := access.PersonFrom(ctx)
	if p.CanAll(access.TillsConfigure) {
		return p, nil
	}
	scope, err := s.own(ctx, access.TillsConfigure)
	if err != nil {
		return nil, err
	}
	id, err := s.Fleet.OutletNamed(ctx, p.OrganisationID, outlet)
	if err != nil && !absent(err) {
		return nil, err
	}
	if err != nil || !scope.Has(id, "") {
		return nil, access.ErrForbidden
	}
	return p, nil
}

// eyes are with what rights the rows of a list are seen: money is shown where the caller may see it, row by row.
type eyes struct {
	money       access.Reach
	open, blind *access.Person
}

func (s *Server) eyes(ctx context.Context) (eyes, error) {
	p := access.PersonFrom(ctx)
	money, err := s.reach(ctx, access.MoneyView)
	return eyes{money: money, open: p, blind: p.Without(access.MoneyView)}, err
}

// sight gives what a list is read with: where the caller may do all of what is needed, and with what rights they see its rows.
func (s *Server) sight(ctx context.Context, needs ...access.Permission) (access.Reach, eyes, error) {
	reach, err := s.reach(ctx, needs...)
	if err != nil {
		return nil, eyes{}, err
	}
	who, err := s.eyes(ctx)
	return reach, who, err
}

// of gives the caller as a reader of something that stands or happened at an outlet of an organisation, on a till.
func (e eyes) of(organisationID, outletID, tillID string) *access.Person {
	if e.money.Has(organisationID, outletID, tillID) {
		return e.open
	}
	return e.blind
}

// till is a till as the caller may see it in a list.
func (e eyes) till(t *fleet.Till) *cabinetv1.Till {
	return tillView(e.of(t.OrganisationID, t.OutletID, t.ID), t)
}
