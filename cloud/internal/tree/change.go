package tree

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/light"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Trees are those of all organisations. Safe for concurrent use.
type Trees struct {
	store *store.Store
	log   *slog.Logger
	now   func() time.Time
	// changed hears of every organisation whose tree has changed.
	changed func(organisationID string)
}

// Open gives the trees of a store.
func Open(s *store.Store, log *slog.Logger, now func() time.Time, changed func(organisationID string)) *Trees {
	return &Trees{store: s, log: log, now: now, changed: changed}
}

// May tells whether something may be done at a place.
type May func(access.Place) bool

// Caller is who changes a tree: what he may see decides whether a place exists for him, what he may change whether he may.
type Caller struct {
	See, Change May
	// Name as it is kept with a move.
	Name string
}

// at says why a caller may not change a place; a place he does not see is not there.
func (c Caller) at(p access.Place) error {
	switch {
	case c.Change(p):
		return nil
	case c.See(p):
		return access.ErrForbidden
	}
	return ErrNotFound
}

// OrganisationOf tells whose a node is.
func (t *Trees) OrganisationOf(ctx context.Context, id string) (string, error) {
	if id == "" {
		return "", ErrNotFound
	}
	q := t.store.Read()
	if _, err := q.GetTreeVersion(ctx, id); err == nil {
		return id, nil
	} else if !store.NotFound(err) {
		return "", fmt.Errorf("find organisation: %w", err)
	}
	if d, err := q.GetDepartment(ctx, id); err == nil {
		return d.OrganisationID, nil
	} else if !store.NotFound(err) {
		return "", fmt.Errorf("find department: %w", err)
	}
	if o, err := q.GetOutletOfAny(ctx, id); err == nil {
		return o.OrganisationID, nil
	} else if !store.NotFound(err) {
		return "", fmt.Errorf("find outlet: %w", err)
	}
	till, err := q.GetTillPlace(ctx, id)
	if store.NotFound(err) {
		return "", ErrNotFound
	} else if err != nil {
		return "", fmt.Errorf("find till: %w", err)
	}
	return till.OrganisationID, nil
}

// Read gives the tree of an organisation, which is called by a name.
func (t *Trees) Read(ctx context.Context, organisationID, name string) (*Tree, error) {
	return read(ctx, t.store.Read(), organisationID, name)
}

func read(ctx context.Context, q *db.Queries, organisationID, name string) (*Tree, error) {
	nodes := []Node{{Kind: Organisation, ID: organisationID, Name: name}}
	above := func(department string) string {
		if department == "" {
			return organisationID
		}
		return department
	}
	departments, err := q.ListDepartments(ctx, organisationID)
	if err != nil {
		return nil, fmt.Errorf("list departments: %w", err)
	}
	for _, d := range departments {
		nodes = append(nodes, Node{Kind: Department, ID: d.ID, Parent: above(d.ParentID), Name: d.Name, Position: int64(d.Position)})
	}
	outlets, err := q.ListTreeOutlets(ctx, organisationID)
	if err != nil {
		return nil, fmt.Errorf("list outlets: %w", err)
	}
	for _, o := range outlets {
		nodes = append(nodes, Node{
			Kind: Outlet, ID: o.ID, Parent: above(o.DepartmentID), Name: o.Name, Position: int64(o.Position),
			Details: Details{Address: o.Address, TimeZone: o.TimeZone, Phone: o.Phone},
		})
	}
	tills, err := q.ListTreeTills(ctx, organisationID)
	if err != nil {
		return nil, fmt.Errorf("list tills: %w", err)
	}
	for _, row := range tills {
		n := Node{Kind: Till, ID: row.ID, Parent: row.OutletID, Name: row.Name, Position: int64(row.Position)}
		if row.Title != "" && row.Title != row.Name {
			n.Name, n.AgentName = row.Title, row.Name
		}
		nodes = append(nodes, n)
	}
	return New(organisationID, nodes), nil
}

// change runs a change of an organisation's tree, holding it.
func (t *Trees) change(ctx context.Context, organisationID string, do func(q *db.Queries, tree *Tree) error) error {
	err := t.store.Tx(ctx, func(q *db.Queries) error {
		if n, err := q.HoldTree(ctx, organisationID); err != nil {
			return fmt.Errorf("hold the tree: %w", err)
		} else if n == 0 {
			return ErrNotFound
		}
		tree, err := read(ctx, q, organisationID, "")
		if err != nil {
			return err
		}
		return do(q, tree)
	})
	if store.Exists(err) {
		return refuse(ReasonTaken) // somebody took the name at the same moment, outside of the tree
	}
	if err != nil {
		return err
	}
	t.changed(organisationID)
	return nil
}

// Draft is a department or an outlet to be made.
type Draft struct {
	Kind         Kind
	Parent, Name string

	Details
}

// Create makes a department or an outlet, last among its neighbours. An outlet of that name that was closed opens again, with its
// past, for who may change it where it stood; for anybody else its name is taken.
func (t *Trees) Create(ctx context.Context, who Caller, d Draft) (Node, error) {
	organisationID, err := t.OrganisationOf(ctx, d.Parent)
	if err != nil {
		return Node{}, err
	}
	n := Node{Kind: d.Kind, ID: store.NewID(), Parent: d.Parent}
	err = t.change(ctx, organisationID, func(q *db.Queries, tree *Tree) error {
		if tree.Node(d.Parent) == nil {
			return ErrNotFound
		}
		if err := who.at(tree.Place(d.Parent)); err != nil {
			return err
		}
		if err := tree.CheckNew(d.Kind, d.Parent); err != nil {
			return err
		}
		var err error
		if n.Name, err = Name(d.Name); err != nil {
			return err
		}
		if n.Details, err = d.Check(); err != nil {
			return err
		}
		if tree.taken(n.Kind, n.Parent, n.Name, "") {
			return refuse(ReasonTaken)
		}
		for _, c := range tree.Children(n.Parent) {
			if c.Kind == n.Kind {
				n.Position = max(n.Position, c.Position+1)
			}
		}
		act := "department.created"
		if n.Kind == Outlet {
			if act, err = createOutlet(ctx, q, who, tree, &n, store.Micros(t.now())); err != nil {
				return err
			}
		} else if err := q.CreateDepartment(ctx, db.CreateDepartmentParams{
			ID: n.ID, OrganisationID: organisationID, ParentID: department(n.Parent, organisationID), Name: n.Name, Position: int32(n.Position), CreatedAt: store.Micros(t.now()),
		}); err != nil {
			return fmt.Errorf("store department: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: organisationID, Act: act, Object: n.ID, Name: n.Name, New: tree.path(n.Parent)})
	})
	return n, err
}

// department is a parent as it is stored: nothing at the top.
func department(parent, organisationID string) string {
	if parent == organisationID {
		return ""
	}
	return parent
}

func createOutlet(ctx context.Context, q *db.Queries, who Caller, tree *Tree, n *Node, now int64) (act string, err error) {
	organisationID := tree.OrganisationID
	old, err := q.FindOutletByName(ctx, db.FindOutletByNameParams{OrganisationID: organisationID, Name: n.Name})
	switch {
	case store.NotFound(err):
		err = q.CreateTreeOutlet(ctx, db.CreateTreeOutletParams{
			ID: n.ID, OrganisationID: organisationID, DepartmentID: department(n.Parent, organisationID), Name: n.Name, Position: int32(n.Position),
			Address: n.Address, TimeZone: n.TimeZone, Phone: n.Phone, CreatedAt: now,
		})
		act = "outlet.created"
	case err == nil && old.ClosedAt != 0 && who.at(tree.closed(old)) == nil: // its past comes along
		n.ID = old.ID
		err = q.ReopenOutlet(ctx, db.ReopenOutletParams{
			ID: n.ID, DepartmentID: department(n.Parent, organisationID), Position: int32(n.Position), Address: n.Address, TimeZone: n.TimeZone, Phone: n.Phone,
		})
		act = "outlet.opened"
	case err == nil:
		return "", refuse(ReasonTaken)
	}
	if err != nil {
		return "", fmt.Errorf("store outlet: %w", err)
	}
	return act, nil
}

// closed is where an outlet stood when it was closed: at the top, when its department has gone since.
func (t *Tree) closed(o db.FindOutletByNameRow) access.Place {
	p := t.Place(o.DepartmentID)
	p.Path = append(p.Path, o.ID)
	return p
}

// taken tells whether a name is another's: of an outlet anywhere in the organisation, of a department among its neighbours.
func (t *Tree) taken(kind Kind, parent, name, but string) bool {
	for _, n := range t.nodes {
		if n.Kind == kind && n.ID != but && n.Name == name && (kind == Outlet || kind == Department && n.Parent == parent) {
			return true
		}
	}
	return false
}

// path is a node as people read it: its name after those above it, without the organisation.
func (t *Tree) path(id string) string {
	text := ""
	for _, step := range t.Place(id).Path {
		if text != "" {
			text += " / "
		}
		text += t.nodes[step].Name
	}
	return text
}

// Edit is what a node should be called, and of an outlet its details.
type Edit struct {
	ID, Name string

	Details
}

// Change gives a node another name, and an outlet its details. A till's empty name gives back the one of its agent.
func (t *Trees) Change(ctx context.Context, who Caller, e Edit) (Node, error) {
	organisationID, err := t.OrganisationOf(ctx, e.ID)
	if err != nil {
		return Node{}, err
	}
	var n Node
	err = t.change(ctx, organisationID, func(q *db.Queries, tree *Tree) error {
		was := tree.Node(e.ID)
		if was == nil {
			return ErrNotFound
		}
		if err := who.at(tree.Place(e.ID)); err != nil {
			return err
		}
		n = *was
		return t.edit(ctx, q, tree, &n, e)
	})
	return n, err
}

func (t *Trees) edit(ctx context.Context, q *db.Queries, tree *Tree, n *Node, e Edit) error {
	was := *n
	var err error
	if n.Kind != Till || e.Name != "" {
		if n.Name, err = Name(e.Name); err != nil {
			return err
		}
	}
	if tree.taken(n.Kind, n.Parent, n.Name, n.ID) {
		return refuse(ReasonTaken)
	}
	entry := audit.Entry{OrganisationID: tree.OrganisationID, Object: n.ID, Name: n.Name, Old: was.Name, New: n.Name}
	switch n.Kind {
	case Department:
		entry.Act = "department.changed"
		err = q.ChangeDepartment(ctx, db.ChangeDepartmentParams{ID: n.ID, Name: n.Name})
	case Outlet:
		if n.Details, err = e.Check(); err != nil {
			return err
		}
		entry.Act, entry.Old, entry.New = "outlet.changed", was.text(), n.text()
		err = q.ChangeOutlet(ctx, db.ChangeOutletParams{ID: n.ID, Name: n.Name, Address: n.Address, TimeZone: n.TimeZone, Phone: n.Phone})
	case Till:
		own := was.AgentName
		if own == "" {
			own = was.Name
		}
		title := n.Name
		if n.AgentName = own; e.Name == "" || title == own {
			n.Name, n.AgentName, title = own, "", ""
		}
		entry.Act, entry.Name, entry.New = "till.renamed", n.Name, n.Name
		err = q.SetTillTitle(ctx, db.SetTillTitleParams{ID: n.ID, Title: title})
	case Organisation:
		return refuse(ReasonKind) // its name is for package people
	}
	if err != nil {
		return fmt.Errorf("store node: %w", err)
	}
	return audit.Note(ctx, q, entry)
}

// text is a node with its details, for the audit.
func (n *Node) text() string {
	text := n.Name
	for _, part := range []string{n.Address, n.TimeZone, n.Phone} {
		if part != "" {
			text += " · " + part
		}
	}
	return text
}

// Move puts a node under another one, before one of its neighbours there, or last. It needs the right at both places.
func (t *Trees) Move(ctx context.Context, who Caller, id, parent, before string) (Node, error) {
	organisationID, err := t.OrganisationOf(ctx, id)
	if err != nil {
		return Node{}, err
	}
	var n Node
	err = t.change(ctx, organisationID, func(q *db.Queries, tree *Tree) error {
		if tree.Node(id) == nil || tree.Node(parent) == nil {
			return ErrNotFound
		}
		for _, place := range []string{id, parent} {
			if err := who.at(tree.Place(place)); err != nil {
				return err
			}
		}
		if err := tree.CheckMove(id, parent); err != nil {
			return err
		}
		n = *tree.Node(id)
		if b := tree.Node(before); before != "" && (b == nil || b.Parent != parent || b.Kind != n.Kind || before == id) {
			return refuse(ReasonBefore)
		}
		if n.Parent != parent && tree.taken(n.Kind, parent, n.Name, n.ID) {
			return refuse(ReasonTaken)
		}
		from := tree.path(n.Parent)
		was := n.Parent
		n.Parent = parent
		for i, sibling := range tree.order(parent, n.Kind, id, before) {
			if sibling == id {
				n.Position = int64(i)
			}
			if err := put(ctx, q, n.Kind, sibling, department(parent, organisationID), parent, int32(i)); err != nil {
				return fmt.Errorf("store place: %w", err)
			}
		}
		if n.Kind == Till && was != parent {
			if err := t.moved(ctx, q, tree, id, was, parent, who.Name); err != nil {
				return err
			}
		}
		act := map[Kind]string{Department: "department.moved", Outlet: "outlet.moved", Till: "till.moved"}[n.Kind]
		if was == parent {
			act = map[Kind]string{Department: "department.reordered", Outlet: "outlet.reordered", Till: "till.reordered"}[n.Kind]
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: organisationID, Act: act, Object: id, Name: n.Name, Old: from, New: tree.path(parent)})
	})
	return n, err
}

func put(ctx context.Context, q *db.Queries, kind Kind, id, department, outlet string, position int32) error {
	switch kind {
	case Department:
		return q.PlaceDepartment(ctx, db.PlaceDepartmentParams{ID: id, ParentID: department, Position: position})
	case Outlet:
		return q.PlaceOutlet(ctx, db.PlaceOutletParams{ID: id, DepartmentID: department, Position: position})
	case Till:
		return q.PlaceTill(ctx, db.PlaceTillParams{ID: id, OutletID: outlet, Position: position})
	case Organisation:
	}
	return nil
}

// Delete takes away an empty department, or closes an empty outlet.
func (t *Trees) Delete(ctx context.Context, who Caller, id string) error {
	organisationID, err := t.OrganisationOf(ctx, id)
	if err != nil {
		return err
	}
	return t.change(ctx, organisationID, func(q *db.Queries, tree *Tree) error {
		n := tree.Node(id)
		if n == nil {
			return ErrNotFound
		}
		if err := who.at(tree.Place(id)); err != nil {
			return err
		}
		if n.Kind != Department && n.Kind != Outlet {
			return refuse(ReasonKind)
		}
		if len(tree.Children(id)) > 0 {
			return refuse(ReasonNotEmpty)
		}
		if rights, err := q.CountRightsOfNode(ctx, db.CountRightsOfNodeParams{OrganisationID: organisationID, NodeID: id}); err != nil {
			return fmt.Errorf("count rights: %w", err)
		} else if rights > 0 {
			return refuse(ReasonHasRights)
		}
		act, level := "department.deleted", light.OfDepartment
		if n.Kind == Outlet {
			act, level = "outlet.closed", light.OfOutlet
			if agents, err := q.CountAgentsOfOutlet(ctx, id); err != nil {
				return fmt.Errorf("count agents: %w", err)
			} else if agents > 0 {
				return refuse(ReasonHasAgents)
			}
			err = q.CloseOutlet(ctx, db.CloseOutletParams{ID: id, ClosedAt: store.Micros(t.now())})
		} else {
			err = q.DeleteDepartment(ctx, id)
		}
		if err != nil {
			return fmt.Errorf("delete node: %w", err)
		}
		if err := q.DeleteThresholdsOfNode(ctx, db.DeleteThresholdsOfNodeParams{OrganisationID: organisationID, Level: int32(level), NodeID: id}); err != nil {
			return fmt.Errorf("delete thresholds: %w", err)
		}
		if err := q.DeleteHoursOfNode(ctx, db.DeleteHoursOfNodeParams{OrganisationID: organisationID, Level: int32(level), NodeID: id}); err != nil {
			return fmt.Errorf("delete working hours: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: organisationID, Act: act, Object: id, Name: n.Name, Old: tree.path(id)})
	})
}
