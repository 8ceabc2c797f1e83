package people

import (
	"context"
	"fmt"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// NodeKind is what a part of the tree is. The numbers are cabinet.v1.PlaceKind.
type NodeKind int

// Kinds of nodes.
const (
	NoNode NodeKind = iota
	WholeOrganisation
	Department
	Outlet
	Till
)

// Node is a part of an organisation's tree.
type Node struct {
	ID, Parent, Name string
	Kind             NodeKind
	// Depth is how deep it stands among the nodes given, from 0.
	Depth int
	// Path is the ids from the top down to the node.
	Path []string
}

// tree is an organisation's nodes, each after the one above it.
type tree struct {
	organisationID string
	nodes          []Node
	byID           map[string]int
}

// tree reads the nodes of an organisation; the first is the organisation itself.
func (p *People) tree(ctx context.Context, q *db.Queries, organisationID, name string) (*tree, error) {
	departments, err := q.ListDepartments(ctx, organisationID)
	if err != nil {
		return nil, fmt.Errorf("list departments: %w", err)
	}
	outlets, err := q.ListNodeOutlets(ctx, organisationID)
	if err != nil {
		return nil, fmt.Errorf("list outlets: %w", err)
	}
	tills, err := q.ListNodeTills(ctx, organisationID)
	if err != nil {
		return nil, fmt.Errorf("list tills: %w", err)
	}
	known := map[string]bool{}
	for _, d := range departments {
		known[d.ID] = true
	}
	under := func(id string) string { // what hangs under nothing hangs at the top
		if known[id] {
			return id
		}
		return ""
	}
	below := map[string][]Node{}
	for _, d := range departments {
		below[under(d.ParentID)] = append(below[under(d.ParentID)], Node{ID: d.ID, Name: d.Name, Kind: Department})
	}
	for _, o := range outlets {
		below[under(o.DepartmentID)] = append(below[under(o.DepartmentID)], Node{ID: o.ID, Name: o.Name, Kind: Outlet})
	}
	for _, t := range tills {
		below[t.OutletID] = append(below[t.OutletID], Node{ID: t.ID, Name: t.Name, Kind: Till})
	}
	t := &tree{organisationID: organisationID, nodes: []Node{{Name: name, Kind: WholeOrganisation}}, byID: map[string]int{"": 0}}
	var add func(above Node)
	add = func(above Node) {
		if above.Depth > access.MaxDepth {
			return
		}
		for _, n := range below[above.ID] {
			n.Parent, n.Depth = above.ID, above.Depth+1
			n.Path = append(append([]string(nil), above.Path...), n.ID)
			t.byID[n.ID] = len(t.nodes)
			t.nodes = append(t.nodes, n)
			add(n)
		}
	}
	add(t.nodes[0])
	return t, nil
}

// node gives a node; false when there is none (any more).
func (t *tree) node(id string) (Node, bool) {
	i, ok := t.byID[id]
	if !ok {
		return Node{ID: id}, false
	}
	return t.nodes[i], true
}

// place gives where a node stands. One that is no more stands nowhere, and belongs to who holds the whole organisation.
func (t *tree) place(id string) access.Place {
	n, _ := t.node(id)
	return access.Place{OrganisationID: t.organisationID, Path: n.Path}
}

// Nodes gives the parts of the organisation's tree in which somebody holds one of some permissions, each after the one above it.
func (p *People) Nodes(ctx context.Context, by *access.Person, needs ...access.Permission) ([]Node, error) {
	t, err := p.tree(ctx, p.store.Read(), by.OrganisationID, by.Organisation)
	if err != nil {
		return nil, err
	}
	var list []Node
	depth := map[string]int{} // of those given
	for _, n := range t.nodes {
		may := false
		for _, permission := range needs {
			may = may || by.CanAt(permission, t.place(n.ID))
		}
		if !may {
			continue
		}
		d, under := depth[n.Parent]
		n.Depth = 0
		if under && n.Kind != WholeOrganisation {
			n.Depth = d + 1
		} else {
			n.Parent = ""
		}
		depth[n.ID] = n.Depth
		list = append(list, n)
	}
	return list, nil
}
