package access

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Scope is a part of one organisation's tree, spelled out in what facts are stored with: outlets and tills.
type Scope struct {
	OrganisationID string
	// Organisation is its name.
	Organisation string
	// All is the whole organisation; then the rest is empty.
	All bool
	// Outlets are in it with everything that stands or happened there.
	Outlets map[string]bool
	// Tills are in it besides, by themselves.
	Tills map[string]bool
}

// Has tells whether something that stands or happened at an outlet, on a till, is in the scope. What belongs to no till or to no
// outlet has an empty id.
func (s Scope) Has(outletID, tillID string) bool {
	return s.All || outletID != "" && s.Outlets[outletID] || tillID != "" && s.Tills[tillID]
}

// Match gives the scope as a word for SQL: "*", or the ids between bars. A column is in it when the word is "*" or the word
// LIKE '%|' || column || '|%': that is one text for both databases and any number of ids, and ids hold nothing that LIKE reads.
func (s Scope) Match() string {
	if s.All {
		return "*"
	}
	return "|" + strings.Join(slices.Concat(slices.Sorted(maps.Keys(s.Outlets)), slices.Sorted(maps.Keys(s.Tills))), "|") + "|"
}

// Reach is everything somebody may see or do with some permission: scopes in one organisation or, for a service centre, in several.
// Reading takes a Reach and gives nothing outside of it.
type Reach []Scope

// Whole is the reach of a whole organisation: of work that the cabinet does by itself, for nobody.
func Whole(organisationID string) Reach { return Reach{{OrganisationID: organisationID, All: true}} }

// In gives the part of a reach in an organisation.
func (r Reach) In(organisationID string) (Scope, bool) {
	for _, s := range r {
		if s.OrganisationID == organisationID {
			return s, true
		}
	}
	return Scope{}, false
}

// Has tells whether something of an organisation, that stands or happened at an outlet, on a till, is within reach.
func (r Reach) Has(organisationID, outletID, tillID string) bool {
	s, ok := r.In(organisationID)
	return ok && s.Has(outletID, tillID)
}

// Organisations gives the ids of the organisations.
func (r Reach) Organisations() []string {
	list := make([]string, 0, len(r))
	for _, s := range r {
		list = append(list, s.OrganisationID)
	}
	return list
}

// tree is what a scope is spelled out with: departments and outlets of an organisation.
type tree struct {
	departments map[string]string // to the one above
	outlets     map[string]string // to the department
}

// forest keeps the trees one call has read.
type forest struct {
	mu    sync.Mutex
	trees map[string]*tree
}

func newForest() *forest { return &forest{trees: map[string]*tree{}} }

// path gives the ids from the top down to a department.
func (t *tree) path(department string) []string { return Way(t.departments, department) }

func (a *Access) tree(ctx context.Context, p *Person, organisationID string) (*tree, error) {
	if p.forest != nil {
		p.forest.mu.Lock()
		defer p.forest.mu.Unlock()
		if t := p.forest.trees[organisationID]; t != nil {
			return t, nil
		}
	}
	t := &tree{departments: map[string]string{}, outlets: map[string]string{}}
	departments, err := a.store.Read().ListDepartments(ctx, organisationID)
	if err != nil {
		return nil, fmt.Errorf("list departments: %w", err)
	}
	for _, d := range departments {
		t.departments[d.ID] = d.ParentID
	}
	outlets, err := a.store.Read().ListOutletPlaces(ctx, organisationID)
	if err != nil {
		return nil, fmt.Errorf("list outlets: %w", err)
	}
	for _, o := range outlets {
		t.outlets[o.ID] = o.DepartmentID
	}
	if p.forest != nil {
		p.forest.trees[organisationID] = t
	}
	return t, nil
}

// PlaceOf gives the place of something that stands or happened at an outlet of an organisation, on a till; either may be empty.
func (a *Access) PlaceOf(ctx context.Context, p *Person, organisationID, outletID, tillID string) (Place, error) {
	place := Place{OrganisationID: organisationID}
	nodes := slices.ContainsFunc(p.Rights, func(r Right) bool { return r.OrganisationID == organisationID && r.Node != "" })
	switch { // what stands above matters to who has rights at nodes
	case outletID != "" && !nodes:
		place.Path = []string{outletID}
	case outletID != "":
		t, err := a.tree(ctx, p, organisationID)
		if err != nil {
			return place, err
		}
		place.Path = append(t.path(t.outlets[outletID]), outletID)
	}
	if tillID != "" {
		place.Path = append(place.Path, tillID)
	}
	return place, nil
}

// level is what a node is.
type level int

const (
	aDepartment level = iota
	anOutlet
	aTill
)

func (a *Access) locate(ctx context.Context, p *Person, organisationID, node string) (level, Place, bool, error) {
	place := Place{OrganisationID: organisationID}
	if node == "" {
		return aDepartment, place, true, nil
	}
	t, err := a.tree(ctx, p, organisationID)
	if err != nil {
		return 0, place, false, err
	}
	if _, ok := t.departments[node]; ok {
		place.Path = t.path(node)
		return aDepartment, place, true, nil
	}
	if above, ok := t.outlets[node]; ok {
		place.Path = append(t.path(above), node)
		return anOutlet, place, true, nil
	}
	till, known, err := TillPlace(ctx, a.store.Read(), node)
	if err != nil || !known || till.OrganisationID != organisationID {
		return 0, place, false, err
	}
	return aTill, till, true, nil
}

// Reach spells out where a person holds all of some permissions. A person of a service centre reaches into the trees of owners.
func (a *Access) Reach(ctx context.Context, p *Person, needs ...Permission) (Reach, error) {
	if p == nil {
		return nil, nil
	}
	holds := func(at Place) bool {
		return len(needs) > 0 && !slices.ContainsFunc(needs, func(need Permission) bool { return !p.CanAt(need, at) })
	}
	var reach Reach
	for i, right := range p.Rights {
		if slices.ContainsFunc(p.Rights[:i], func(r Right) bool { return r.OrganisationID == right.OrganisationID }) {
			continue
		}
		s := Scope{OrganisationID: right.OrganisationID, Organisation: right.Organisation, Outlets: map[string]bool{}, Tills: map[string]bool{}}
		if s.All = holds(Place{OrganisationID: s.OrganisationID}); s.All {
			reach = append(reach, s)
			continue
		}
		for _, r := range p.Rights[i:] {
			if r.OrganisationID != s.OrganisationID || r.Node == "" {
				continue
			}
			is, place, there, err := a.locate(ctx, p, s.OrganisationID, r.Node)
			if err != nil {
				return nil, err
			}
			if !there || !holds(place) {
				continue
			}
			switch is {
			case aDepartment:
				if err := a.addDepartment(ctx, p, &s, r.Node); err != nil {
					return nil, err
				}
			case anOutlet:
				s.Outlets[r.Node] = true
			case aTill:
				s.Tills[r.Node] = true
			}
		}
		if len(s.Outlets)+len(s.Tills) > 0 {
			reach = append(reach, s)
		}
	}
	return reach, nil
}

// addDepartment adds every outlet below a department.
func (a *Access) addDepartment(ctx context.Context, p *Person, s *Scope, department string) error {
	t, err := a.tree(ctx, p, s.OrganisationID)
	if err != nil {
		return err
	}
	for outlet, above := range t.outlets {
		if slices.Contains(t.path(above), department) {
			s.Outlets[outlet] = true
		}
	}
	return nil
}

// resolve gives a person at work in an organisation, with all their rights.
func (a *Access) resolve(ctx context.Context, p *Person, work db.GetWorkplaceRow) error {
	p.OrganisationID, p.Organisation, p.Kind, p.Country, p.workedAt = work.ID, work.Name, work.Kind, work.Country, work.SeenAt
	assigned, err := a.store.Read().ListAssignedRights(ctx, db.ListAssignedRightsParams{OrganisationID: work.ID, PersonID: p.ID})
	if err != nil {
		return fmt.Errorf("list rights: %w", err)
	}
	whole := Set{} // what the person may in the whole of their own organisation
	for _, r := range assigned {
		may := roles[Role(r.Role)]
		if may == nil {
			may = ParseSet(r.Permissions)
		}
		p.Rights = append(p.Rights, Right{OrganisationID: work.ID, Organisation: work.Name, Node: r.NodeID, May: may})
		if r.NodeID == "" {
			for permission := range may {
				whole[permission] = true
			}
		}
	}
	return a.served(ctx, p, whole)
}

// served adds what a service centre's person may in the trees of owners: of what they may at home, what is not money and decides
// nothing, and where a grant holds now.
func (a *Access) served(ctx context.Context, p *Person, whole Set) error {
	may := whole.Both(ofService)
	if p.Kind != KindService || len(may) == 0 {
		return nil
	}
	grants, err := a.store.Read().ListLiveGrants(ctx, db.ListLiveGrantsParams{ServiceID: p.OrganisationID, Now: store.Micros(a.now())})
	if err != nil {
		return fmt.Errorf("list grants: %w", err)
	}
	for _, g := range grants {
		if g.OrganisationID != p.OrganisationID {
			p.Rights = append(p.Rights, Right{OrganisationID: g.OrganisationID, Organisation: g.Organisation, Node: g.NodeID, May: may})
		}
	}
	return nil
}

// ServiceReach gives what is in the hands of a service centre now, in the trees of owners: of systems of its own, which are nobody's
// person.
func (a *Access) ServiceReach(ctx context.Context, serviceID string) (Reach, error) {
	p := &Person{OrganisationID: serviceID, Kind: KindService, forest: newForest()}
	if err := a.served(ctx, p, SetOf(TillsView)); err != nil {
		return nil, err
	}
	return a.Reach(ctx, p, TillsView)
}

// PersonIn gives a person at work in an organisation, with all their rights there: [ErrForbidden] when they do not work in it. With
// none asked for it is the usual one or, when they do not work there (any more), the first they do; none at all leaves a person
// without rights, who may still look after their own account.
func (a *Access) PersonIn(ctx context.Context, p *Person, asked, usual string) (*Person, error) {
	p.forest = newForest()
	id := asked
	if id == "" {
		id = usual
	}
	work, err := a.store.Read().GetWorkplace(ctx, db.GetWorkplaceParams{PersonID: p.ID, OrganisationID: id})
	switch {
	case err == nil:
		return p, a.resolve(ctx, p, work)
	case !store.NotFound(err):
		return nil, fmt.Errorf("find organisation: %w", err)
	case asked != "":
		return nil, ErrForbidden
	}
	works, err := a.store.Read().ListWorkplaces(ctx, p.ID)
	if err != nil {
		return nil, fmt.Errorf("list organisations: %w", err)
	}
	if len(works) == 0 {
		return p, nil
	}
	return p, a.resolve(ctx, p, db.GetWorkplaceRow(works[0]))
}

// Works gives the organisations somebody works in, by name.
func (a *Access) Works(ctx context.Context, p *Person) ([]Work, error) {
	if p.Key {
		return []Work{{p.OrganisationID, p.Organisation, p.Kind, p.Country}}, nil
	}
	rows, err := a.store.Read().ListWorkplaces(ctx, p.ID)
	if err != nil {
		return nil, fmt.Errorf("list organisations: %w", err)
	}
	list := make([]Work, 0, len(rows))
	for _, r := range rows {
		list = append(list, Work{r.ID, r.Name, r.Kind, r.Country})
	}
	return list, nil
}
