package access

import (
	"context"
	"fmt"
	"slices"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// MaxDepth bounds the levels of a tree: whoever climbs one stops there, even where departments stand in a circle.
const MaxDepth = 16

// Place is a node of an organisation's tree: a department, an outlet or a till, with what stands above it. The organisation
// itself is a place with an empty path.
type Place struct {
	OrganisationID string
	// Path is the ids from the department at the top down to the node itself.
	Path []string
}

// Under tells whether a place is a node or stands below it; an empty node is the whole organisation.
func (p Place) Under(organisationID, node string) bool {
	return p.OrganisationID == organisationID && (node == "" || slices.Contains(p.Path, node))
}

// Outlet gives the outlet a till stands in, for the place of a till.
func (p Place) Outlet() string {
	if len(p.Path) < 2 {
		return ""
	}
	return p.Path[len(p.Path)-2]
}

// Way gives the ids from the top down to a department, itself the last. above is what each department stands in.
func Way(above map[string]string, department string) []string {
	var way []string
	for id := department; id != "" && len(way) < MaxDepth; id = above[id] {
		way = append(way, id)
	}
	slices.Reverse(way)
	return way
}

// TillPlace tells where a till stands, whoever has it; false when nobody has it.
func TillPlace(ctx context.Context, q *db.Queries, tillID string) (Place, bool, error) {
	till, err := q.GetTillPlace(ctx, tillID)
	if store.NotFound(err) {
		return Place{}, false, nil
	} else if err != nil {
		return Place{}, false, fmt.Errorf("find till: %w", err)
	}
	var path []string
	if till.DepartmentID != "" {
		if path, err = q.ListAbove(ctx, db.ListAboveParams{DepartmentID: till.DepartmentID, Most: MaxDepth}); err != nil {
			return Place{}, false, fmt.Errorf("list departments above: %w", err)
		}
	}
	return Place{OrganisationID: till.OrganisationID, Path: append(path, till.OutletID, tillID)}, true, nil
}

// NodePlace gives the place of a node of an organisation, whatever it is: a department, an outlet, a till, or the organisation
// itself for an empty id. False when there is no such node in that organisation.
func (a *Access) NodePlace(ctx context.Context, organisationID, node string) (Place, bool, error) {
	_, place, known, err := a.locate(ctx, &Person{}, organisationID, node)
	return place, known, err
}

// FindNode gives the place of a node at which a person holds a permission, in whosever tree they may. False when there is none: it is
// not there, or it is not theirs.
func (a *Access) FindNode(ctx context.Context, p *Person, need Permission, node string) (Place, bool, error) {
	if p == nil || node == "" {
		return Place{}, false, nil
	}
	for i, right := range p.Rights {
		if !right.May[need] || slices.ContainsFunc(p.Rights[:i], func(r Right) bool { return r.May[need] && r.OrganisationID == right.OrganisationID }) {
			continue
		}
		_, place, known, err := a.locate(ctx, p, right.OrganisationID, node)
		if err != nil {
			return Place{}, false, err
		}
		if known && p.CanAt(need, place) {
			return place, true, nil
		}
	}
	return Place{}, false, nil
}

// Part is what stands at a node, for who may do something in all of it.
type Part struct {
	// Scope is what it holds: an organisation is whole; a department is the outlets that stand in it now, those that were closed among
	// them; an outlet is itself. Of a till it is as much of the organisation as is within reach.
	Scope Scope
	// Till is the till, when the node is one. It is told apart: who reaches it through an outlet reaches of its past what it did there.
	Till string
}

// PartOf gives what stands at a node at which a person holds all of some permissions, in whosever tree they may; the node of a whole
// organisation is its id. False when there is none: it is not there, or not all of it is theirs.
func (a *Access) PartOf(ctx context.Context, p *Person, node string, needs ...Permission) (Part, bool, error) {
	if p == nil || node == "" || len(needs) == 0 {
		return Part{}, false, nil
	}
	for i, right := range p.Rights {
		if slices.ContainsFunc(p.Rights[:i], func(r Right) bool { return r.OrganisationID == right.OrganisationID }) {
			continue
		}
		id := node
		if node == right.OrganisationID {
			id = ""
		}
		is, place, known, err := a.locate(ctx, p, right.OrganisationID, id)
		if err != nil {
			return Part{}, false, err
		}
		if !known || slices.ContainsFunc(needs, func(need Permission) bool { return !p.CanAt(need, place) }) {
			continue
		}
		s := Scope{OrganisationID: right.OrganisationID, Organisation: right.Organisation}
		switch {
		case id == "":
			s.All = true
		case is == anOutlet:
			s.Outlets = map[string]bool{id: true}
		case is == aDepartment:
			s.Outlets = map[string]bool{}
			err = a.addDepartment(ctx, p, &s, id)
		default:
			var reach Reach
			reach, err = a.Reach(ctx, p, needs...)
			s, _ = reach.In(right.OrganisationID)
			return Part{Scope: s, Till: id}, err == nil, err
		}
		return Part{Scope: s}, err == nil, err
	}
	return Part{}, false, nil
}
