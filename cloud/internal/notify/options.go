package notify

import (
	"context"
	"fmt"
	"slices"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Choice is something to choose from.
type Choice struct {
	ID, Name string
	// Depth is how deep it stands in the tree.
	Depth int
}

// Nodes gives the departments and outlets within reach, as they stand in their trees; of several organisations each stands over its own.
func (n *Notify) Nodes(ctx context.Context, reach access.Reach) (list []Choice, err error) {
	q := n.store.Read()
	for _, scope := range reach {
		departments, err := q.ListDepartments(ctx, scope.OrganisationID)
		if err != nil {
			return nil, fmt.Errorf("list departments: %w", err)
		}
		outlets, err := q.ListOutletNames(ctx, scope.OrganisationID)
		if err != nil {
			return nil, fmt.Errorf("list outlets: %w", err)
		}
		outlets = slices.DeleteFunc(outlets, func(o db.ListOutletNamesRow) bool { return !scope.Has(o.ID, "") })
		depth := 0
		if len(reach) > 1 {
			// The whole of another organisation cannot be chosen: a rule without a node has it.
			list = append(list, Choice{Name: scope.Organisation})
			depth = 1
		}
		list = append(list, branch(departments, outlets, "", depth)...)
	}
	return list, nil
}

func branch(departments []db.ListDepartmentsRow, outlets []db.ListOutletNamesRow, above string, depth int) (list []Choice) {
	if depth > access.MaxDepth {
		return nil
	}
	for _, d := range departments {
		if d.ParentID != above {
			continue
		}
		if below := branch(departments, outlets, d.ID, depth+1); len(below) > 0 {
			list = append(append(list, Choice{d.ID, d.Name, depth}), below...)
		}
	}
	for _, o := range outlets {
		if o.DepartmentID == above {
			list = append(list, Choice{o.ID, o.Name, depth})
		}
	}
	return list
}

// NodeName gives the name of a node of a rule; its id when it does not stand there any more.
func NodeName(nodes []Choice, id string) string {
	for _, c := range nodes {
		if c.ID == id {
			return c.Name
		}
	}
	return id
}

// Roles gives what a rule of the organisation can name: the usual roles, which have words on the page, and theirs.
func (n *Notify) Roles(ctx context.Context, organisation string) ([]Choice, error) {
	var list []Choice
	for _, r := range access.Roles() {
		list = append(list, Choice{ID: string(r)})
	}
	own, err := n.store.Read().ListCustomRoles(ctx, organisation)
	if err != nil {
		return nil, fmt.Errorf("list roles: %w", err)
	}
	for _, r := range own {
		list = append(list, Choice{ID: r.ID, Name: r.Name})
	}
	return list, nil
}
