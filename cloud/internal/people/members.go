package people

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// maxAssignments is how many roles in parts of the tree one person may have.
const maxAssignments = 50

// Assigned is an assignment with its words.
type Assigned struct {
	Assignment
	// RoleName is of a role of their own.
	RoleName string
	NodeName string
	NodeKind NodeKind
}

// Member is a person who works in an organisation.
type Member struct {
	ID, Login, Name            string
	Assignments                []Assigned
	SeenAt, SinceAt, BlockedAt int64
	Me, MayRemove, LastOne     bool
	// Elsewhere says that they have rights that who asks may not look at.
	Elsewhere bool
}

// words writes an assignment for the journal.
func (a Assigned) words() string {
	text := cmp.Or(a.RoleName, usualWords[access.Role(a.Role)], a.Role)
	if a.Node != "" {
		text += ": " + cmp.Or(a.NodeName, a.Node)
	}
	return text
}

// view is what one call knows of an organisation: who looks, its tree and its roles.
type view struct {
	by    *access.Person
	tree  *tree
	roles map[string]Role
}

func (p *People) look(ctx context.Context, q *db.Queries, by *access.Person) (*view, error) {
	t, err := p.tree(ctx, q, by.OrganisationID, by.Organisation)
	if err != nil {
		return nil, err
	}
	roles, _, err := rolesOf(ctx, q, by.OrganisationID)
	return &view{by, t, roles}, err
}

// visible tells whether who looks manages people where an assignment holds.
func (v *view) visible(a Assignment) bool {
	return v.by.CanAt(access.PeopleManage, v.tree.place(a.Node))
}

// mayGive says whether who looks may give or take away an assignment.
func (v *view) mayGive(a Assignment) error {
	return mayGive(v.by, v.roles[a.Role].May, v.tree.place(a.Node))
}

// given checks assignments that somebody wants to give: that there are such roles and nodes, where they may look.
func (v *view) given(list []Assignment) error {
	if len(list) > maxAssignments {
		return refuse(ErrInvalid, "assignments", "at_most", "most", fmt.Sprint(maxAssignments))
	}
	for _, a := range list {
		if _, there := v.roles[a.Role]; !there {
			return notFound("role")
		}
		if _, there := v.tree.node(a.Node); !there || !v.visible(a) {
			return notFound("node")
		}
	}
	return nil
}

func (v *view) assigned(a Assignment) Assigned {
	n, _ := v.tree.node(a.Node)
	as := Assigned{Assignment: a, RoleName: v.roles[a.Role].Name, NodeKind: n.Kind}
	if a.Node != "" {
		as.NodeName = n.Name
	}
	return as
}

// words writes assignments for the journal.
func (v *view) words(list []Assignment) string {
	parts := make([]string, 0, len(list))
	for _, a := range list {
		parts = append(parts, v.assigned(a).words())
	}
	return strings.Join(parts, "; ")
}

// Members gives the people of the organisation somebody works in, as far as they may look.
func (p *People) Members(ctx context.Context, by *access.Person) ([]Member, error) {
	return p.members(ctx, p.store.Read(), by)
}

func (p *People) members(ctx context.Context, q *db.Queries, by *access.Person) ([]Member, error) {
	v, err := p.look(ctx, q, by)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListColleagues(ctx, by.OrganisationID)
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	all, err := q.ListAllAssignments(ctx, by.OrganisationID)
	if err != nil {
		return nil, fmt.Errorf("list assignments: %w", err)
	}
	of := map[string][]Assignment{}
	for _, a := range all {
		of[a.PersonID] = append(of[a.PersonID], Assignment{a.Role, a.NodeID})
	}
	chiefs, err := p.administrated(ctx, q, by.OrganisationID)
	if err != nil {
		return nil, err
	}
	list := make([]Member, 0, len(rows))
	for _, r := range rows {
		m := Member{
			ID: r.ID, Login: r.Login, Name: r.Name, SeenAt: r.SeenAt, SinceAt: r.CreatedAt, BlockedAt: r.BlockedAt, Me: r.ID == by.ID && !by.Key,
			LastOne: len(chiefs) == 1 && chiefs[0] == r.ID, MayRemove: true,
		}
		for _, a := range of[r.ID] {
			if !v.visible(a) {
				m.Elsewhere = true
				continue
			}
			m.Assignments = append(m.Assignments, v.assigned(a))
			m.MayRemove = m.MayRemove && v.mayGive(a) == nil
		}
		if len(m.Assignments) == 0 && !by.CanAll(access.PeopleManage) {
			continue // works where who asks has no say
		}
		m.MayRemove = m.MayRemove && !m.Elsewhere && !m.LastOne && !m.Me
		list = append(list, m)
	}
	return list, nil
}

// member gives one person as far as who asks may look.
func (p *People) member(ctx context.Context, q *db.Queries, by *access.Person, personID string) (Member, error) {
	list, err := p.members(ctx, q, by)
	if err != nil {
		return Member{}, err
	}
	i := slices.IndexFunc(list, func(m Member) bool { return m.ID == personID })
	if i < 0 {
		return Member{}, notFound("person")
	}
	return list[i], nil
}

func called(login, name string) string {
	if name == "" || name == login {
		return login
	}
	return name + " (" + login + ")"
}

// current gives all assignments of a person, and who administers, with the organisation locked.
func (p *People) current(ctx context.Context, q *db.Queries, by *access.Person, personID string) (*view, Member, []Assignment, []string, error) {
	if err := lock(ctx, q, by.OrganisationID); err != nil {
		return nil, Member{}, nil, nil, err
	}
	m, err := p.member(ctx, q, by, personID)
	if err != nil {
		return nil, m, nil, nil, err
	}
	v, err := p.look(ctx, q, by)
	if err != nil {
		return nil, m, nil, nil, err
	}
	rows, err := q.ListAssignedRights(ctx, db.ListAssignedRightsParams{OrganisationID: by.OrganisationID, PersonID: personID})
	if err != nil {
		return nil, m, nil, nil, fmt.Errorf("list assignments: %w", err)
	}
	var list []Assignment
	for _, r := range rows {
		list = append(list, Assignment{r.Role, r.NodeID})
	}
	chiefs, err := p.administrated(ctx, q, by.OrganisationID)
	return v, m, list, chiefs, err
}

// SetRights replaces what a person may, as far as who asks may look; what they may not look at stays.
func (p *People) SetRights(ctx context.Context, by *access.Person, personID string, wanted []Assignment) (m Member, err error) {
	err = p.store.Tx(ctx, func(q *db.Queries) error {
		v, was, current, chiefs, err := p.current(ctx, q, by, personID)
		if err != nil {
			return err
		}
		if err := v.given(wanted); err != nil {
			return err
		}
		added, removed := change(current, wanted, v.visible)
		for _, a := range slices.Concat(added, removed) {
			if err := v.mayGive(a); err != nil {
				return err
			}
		}
		switch n := len(current) + len(added) - len(removed); {
		case n == 0:
			return refuse(ErrInvalid, "assignments", "no_roles")
		case n > maxAssignments:
			return refuse(ErrInvalid, "assignments", "at_most", "most", fmt.Sprint(maxAssignments))
		}
		for _, a := range removed {
			if err := q.Unassign(ctx, db.UnassignParams{OrganisationID: by.OrganisationID, PersonID: personID, Role: a.Role, NodeID: a.Node}); err != nil {
				return fmt.Errorf("take role away: %w", err)
			}
		}
		for _, a := range added {
			if err := q.Assign(ctx, db.AssignParams{
				OrganisationID: by.OrganisationID, PersonID: personID, Role: a.Role, NodeID: a.Node, CreatedAt: store.Micros(p.now()),
			}); err != nil {
				return fmt.Errorf("assign role: %w", err)
			}
		}
		if err := p.stillAdministrated(ctx, q, by.OrganisationID, chiefs); err != nil {
			return err
		}
		if len(added)+len(removed) > 0 {
			if err := audit.Note(ctx, q, audit.Entry{
				OrganisationID: by.OrganisationID, Act: "person.rights", Object: personID, Name: called(was.Login, was.Name), Old: v.words(removed), New: v.words(added),
			}); err != nil {
				return err
			}
		}
		if m, err = p.member(ctx, q, by, personID); errors.Is(err, ErrNotFound) { // all they still may is where one may not look
			m, err = Member{ID: was.ID, Login: was.Login, Name: was.Name, Elsewhere: true}, nil
		}
		return err
	})
	return m, p.changed(err)
}

// mayDismiss says whether who asks may shut a person out of the organisation, or take them out of it.
func mayDismiss(v *view, m Member, current []Assignment) error {
	if m.Me {
		return refuse(ErrConflict, "", "yourself")
	}
	for _, a := range current {
		if err := v.mayGive(a); err != nil {
			return err
		}
	}
	return nil
}

// Block shuts a person out of the organisation, or lets them in again.
func (p *People) Block(ctx context.Context, by *access.Person, personID string, blocked bool) (m Member, err error) {
	err = p.store.Tx(ctx, func(q *db.Queries) error {
		v, was, current, chiefs, err := p.current(ctx, q, by, personID)
		if err != nil {
			return err
		}
		if err := mayDismiss(v, was, current); err != nil {
			return err
		}
		if blocked != (was.BlockedAt != 0) {
			at, act := int64(0), "person.unblocked"
			if blocked {
				at, act = store.Micros(p.now()), "person.blocked"
			}
			if err := q.BlockMembership(ctx, db.BlockMembershipParams{OrganisationID: by.OrganisationID, PersonID: personID, BlockedAt: at}); err != nil {
				return fmt.Errorf("block person: %w", err)
			}
			if err := p.stillAdministrated(ctx, q, by.OrganisationID, chiefs); err != nil {
				return err
			}
			if err := audit.Note(ctx, q, audit.Entry{OrganisationID: by.OrganisationID, Act: act, Object: personID, Name: called(was.Login, was.Name)}); err != nil {
				return err
			}
		}
		m, err = p.member(ctx, q, by, personID)
		return err
	})
	return m, p.changed(err)
}

// Remove takes a person out of the organisation. What they did stays in the journal.
func (p *People) Remove(ctx context.Context, by *access.Person, personID string) error {
	return p.changed(p.store.Tx(ctx, func(q *db.Queries) error {
		v, was, current, chiefs, err := p.current(ctx, q, by, personID)
		if err != nil {
			return err
		}
		if err := mayDismiss(v, was, current); err != nil {
			return err
		}
		if err := q.UnassignAll(ctx, db.UnassignAllParams{OrganisationID: by.OrganisationID, PersonID: personID}); err != nil {
			return fmt.Errorf("take roles away: %w", err)
		}
		if err := q.DeleteMembership(ctx, db.DeleteMembershipParams{OrganisationID: by.OrganisationID, PersonID: personID}); err != nil {
			return fmt.Errorf("remove person: %w", err)
		}
		if err := p.stillAdministrated(ctx, q, by.OrganisationID, chiefs); err != nil {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{
			OrganisationID: by.OrganisationID, Act: "person.removed", Object: personID, Name: called(was.Login, was.Name), Old: v.words(current),
		})
	}))
}
