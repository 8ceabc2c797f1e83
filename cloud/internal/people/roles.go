package people

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// maxRoleName bounds the name of a role, in characters.
	maxRoleName = 60
	// maxRoles is how many roles of its own an organisation may have.
	maxRoles = 100
)

// Role is a named set of permissions.
type Role struct {
	// ID is the name of a usual role, or an id.
	ID string
	// Name is of one of their own; a usual role has words instead.
	Name  string
	May   access.Set
	Usual bool
	// Used is how many people, invitations and keys have it.
	Used int
	// MayGive says that who asks holds all of it somewhere.
	MayGive bool
}

// usual are the roles every organisation has, in the order people read them.
var usual = []access.Role{access.Administrator, access.Manager, access.Accountant, access.Technician, access.Viewer}

// usualWords are the usual roles in the words of the journal.
var usualWords = map[access.Role]string{
	access.Administrator: "Администратор", access.Manager: "Управляющий", access.Accountant: "Бухгалтер", access.Technician: "Техник", access.Viewer: "Наблюдатель",
}

// rolesOf gives an organisation's roles by id: the usual ones and its own.
func rolesOf(ctx context.Context, q *db.Queries, organisationID string) (map[string]Role, []string, error) {
	all, order := map[string]Role{}, []string(nil)
	for _, r := range usual {
		all[string(r)] = Role{ID: string(r), May: r.Permissions(), Usual: true}
		order = append(order, string(r))
	}
	rows, err := q.ListOwnRoles(ctx, organisationID)
	if err != nil {
		return nil, nil, fmt.Errorf("list roles: %w", err)
	}
	for _, r := range rows {
		all[r.ID] = Role{ID: r.ID, Name: r.Name, May: access.ParseSet(r.Permissions)}
		order = append(order, r.ID)
	}
	return all, order, nil
}

// Roles gives the roles of the organisation somebody works in.
func (p *People) Roles(ctx context.Context, by *access.Person) ([]Role, error) {
	q := p.store.Read()
	all, order, err := rolesOf(ctx, q, by.OrganisationID)
	if err != nil {
		return nil, err
	}
	uses, err := q.CountRoleUses(ctx, by.OrganisationID)
	if err != nil {
		return nil, fmt.Errorf("count uses of roles: %w", err)
	}
	nodes, err := p.tree(ctx, q, by.OrganisationID, by.Organisation)
	if err != nil {
		return nil, err
	}
	list := make([]Role, 0, len(order))
	for _, id := range order {
		r := all[id]
		for _, u := range uses {
			if u.Role == id {
				r.Used = int(u.Uses)
			}
		}
		r.MayGive = slices.ContainsFunc(by.Rights, func(right access.Right) bool {
			return right.OrganisationID == by.OrganisationID && mayGive(by, r.May, nodes.place(right.Node)) == nil
		})
		list = append(list, r)
	}
	return list, nil
}

// mayShape says whether somebody may make, change or delete a role with some permissions: a role holds wherever it was given, so
// that is for who manages people everywhere and holds all of it everywhere.
func mayShape(by *access.Person, may ...access.Set) error {
	for _, m := range may {
		if err := mayGive(by, m, access.Place{OrganisationID: by.OrganisationID}); err != nil {
			return err
		}
	}
	return nil
}

// PutRole makes a role of the organisation's own, or changes one.
func (p *People) PutRole(ctx context.Context, by *access.Person, r Role) (Role, error) {
	var err error
	if r.Name, err = line("name", r.Name, maxRoleName, true); err != nil {
		return r, err
	}
	r.May = access.ParseSet(r.May.String()) // words that are no permissions fall out
	if len(r.May) == 0 {
		return r, refuse(ErrInvalid, "permissions", "no_permissions")
	}
	if err := mayShape(by, r.May); err != nil {
		return r, err
	}
	err = p.locked(ctx, by.OrganisationID, func(q *db.Queries) error {
		own, order, err := rolesOf(ctx, q, by.OrganisationID)
		if err != nil {
			return err
		}
		for _, other := range own {
			if other.ID != r.ID && strings.EqualFold(other.Name, r.Name) {
				return refuse(ErrConflict, "name", "role_taken")
			}
		}
		entry := audit.Entry{OrganisationID: by.OrganisationID, Act: "role.created", Name: r.Name, New: r.May.String()}
		if r.ID == "" {
			if len(order)-len(usual) >= maxRoles {
				return refuse(ErrConflict, "", "at_most", "most", fmt.Sprint(maxRoles))
			}
			r.ID = store.NewID()
			if err := q.CreateRole(ctx, db.CreateRoleParams{
				ID: r.ID, OrganisationID: by.OrganisationID, Name: r.Name, Permissions: r.May.String(), CreatedAt: store.Micros(p.now()),
			}); err != nil {
				return fmt.Errorf("create role: %w", err)
			}
		} else {
			was, there := own[r.ID]
			if !there || was.Usual {
				return notFound("role")
			}
			if err := mayShape(by, was.May); err != nil {
				return err
			}
			before, err := p.administrated(ctx, q, by.OrganisationID)
			if err != nil {
				return err
			}
			if _, err := q.UpdateRole(ctx, db.UpdateRoleParams{OrganisationID: by.OrganisationID, ID: r.ID, Name: r.Name, Permissions: r.May.String()}); err != nil {
				return fmt.Errorf("change role: %w", err)
			}
			if err := p.stillAdministrated(ctx, q, by.OrganisationID, before); err != nil {
				return err
			}
			entry.Act, entry.Old, entry.New = "role.changed", was.Name+": "+was.May.String(), r.Name+": "+r.May.String()
		}
		entry.Object = r.ID
		return audit.Note(ctx, q, entry)
	})
	return r, p.changed(err)
}

// DeleteRole deletes a role of the organisation's own that nobody has.
func (p *People) DeleteRole(ctx context.Context, by *access.Person, id string) error {
	return p.changed(p.locked(ctx, by.OrganisationID, func(q *db.Queries) error {
		own, _, err := rolesOf(ctx, q, by.OrganisationID)
		if err != nil {
			return err
		}
		was, there := own[id]
		if !there || was.Usual {
			return notFound("role")
		}
		if err := mayShape(by, was.May); err != nil {
			return err
		}
		uses, err := q.CountRoleUses(ctx, by.OrganisationID)
		if err != nil {
			return fmt.Errorf("count uses of roles: %w", err)
		}
		for _, u := range uses {
			if u.Role == id {
				return refuse(ErrConflict, "", "role_used", "count", fmt.Sprint(u.Uses))
			}
		}
		if _, err := q.DeleteRole(ctx, db.DeleteRoleParams{OrganisationID: by.OrganisationID, ID: id}); err != nil {
			return fmt.Errorf("delete role: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: by.OrganisationID, Act: "role.deleted", Object: id, Name: was.Name, Old: was.May.String()})
	}))
}

// administrated gives those who administer the whole organisation.
func (p *People) administrated(ctx context.Context, q *db.Queries, organisationID string) ([]string, error) {
	roles, _, err := rolesOf(ctx, q, organisationID)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListAllAssignments(ctx, organisationID)
	if err != nil {
		return nil, fmt.Errorf("list assignments: %w", err)
	}
	whole := map[string]access.Set{}
	for _, a := range rows {
		if a.NodeID != "" {
			continue
		}
		if whole[a.PersonID] == nil {
			whole[a.PersonID] = access.Set{}
		}
		for permission := range roles[a.Role].May {
			whole[a.PersonID][permission] = true
		}
	}
	members, err := q.ListColleagues(ctx, organisationID)
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	holders := make([]holder, 0, len(members))
	for _, m := range members {
		holders = append(holders, holder{m.ID, m.BlockedAt != 0, whole[m.ID]})
	}
	return administrators(holders), nil
}

// stillAdministrated refuses a change that left nobody to administer the organisation; before are those who did.
func (p *People) stillAdministrated(ctx context.Context, q *db.Queries, organisationID string, before []string) error {
	if len(before) == 0 {
		return nil
	}
	after, err := p.administrated(ctx, q, organisationID)
	if err == nil && len(after) == 0 {
		return refuse(ErrConflict, "", "last_administrator")
	}
	return err
}
