package access

import (
	"maps"
	"slices"
	"strings"
)

// Permission is a right to act, named after the act.
type Permission string

// Permissions.
const (
	TillsView      Permission = "tills:view"
	TillsRecover   Permission = "tills:recover"
	TillsConfigure Permission = "tills:configure"
	// TillsDecide is for saying what became of an operation that the agent could not settle.
	TillsDecide   Permission = "tills:decide"
	DocumentsView Permission = "documents:view"
	// MoneyView is for sums, goods, buyers and the names of cashiers.
	MoneyView Permission = "money:view"
	// UpdatesManage is for bringing new versions to agents.
	UpdatesManage Permission = "updates:manage"
	// PeopleManage is for people, their roles, and what is handed to service centres.
	PeopleManage Permission = "people:manage"
	// APIManage is for keys and hooks of other systems.
	APIManage Permission = "api:manage"
	// AuditView is for the journal of who did what.
	AuditView Permission = "audit:view"
	// NotifyManage is for saying who is told of what.
	NotifyManage Permission = "notify:manage"
)

// What a method needs besides a permission of a person.
const (
	// Everyone needs nothing at all.
	Everyone Permission = "everyone"
	// SignedIn needs a session and no further permission; a key is no session.
	SignedIn Permission = "signed in"
	// Known needs a session or a key and no further permission.
	Known Permission = "known"
	// TheAgent needs an agent's certificate.
	TheAgent Permission = "agent"
)

// Grantable is a permission as it may be given to somebody.
type Grantable struct {
	Permission Permission
	// Money says that with it sums, goods, buyers and cashiers are seen.
	Money bool
	// Service says that a service centre may use it in the trees of owners that handed tills to it.
	Service bool
	// Key says that a key of another system may hold it.
	Key bool
	// Whole says that what it is for belongs to the whole organisation: held for a part of the tree it opens nothing.
	Whole bool
}

// permissions is the one list, in the order people read it.
var permissions = []Grantable{
	{TillsView, false, true, true, false},
	{TillsRecover, false, true, true, false},
	{TillsConfigure, false, false, true, false},
	{TillsDecide, false, false, true, false},
	{DocumentsView, false, true, true, false},
	{MoneyView, true, false, true, false},
	{UpdatesManage, false, false, true, false},
	{PeopleManage, false, false, false, false}, // a key that makes people or keys would outlive its own end
	{APIManage, false, false, false, false},
	{AuditView, false, false, true, true},
	{NotifyManage, false, false, true, true},
}

// Permissions gives every permission there is to be given.
func Permissions() []Grantable { return slices.Clone(permissions) }

// Role is a named set of permissions.
type Role string

// Usual roles. Organisations make further ones for themselves.
const (
	Administrator Role = "administrator"
	Technician    Role = "technician" // repairs tills and sees no money
	Accountant    Role = "accountant"
	Manager       Role = "manager" // head of an outlet
	Viewer        Role = "viewer"
)

var roles = map[Role]Set{
	Administrator: all(func(Grantable) bool { return true }),
	Technician:    SetOf(TillsView, TillsRecover, DocumentsView),
	Accountant:    SetOf(TillsView, DocumentsView, MoneyView),
	Manager:       SetOf(TillsView, DocumentsView, MoneyView),
	Viewer:        SetOf(TillsView),
}

// Roles gives the names of the usual roles.
func Roles() []Role { return slices.Sorted(maps.Keys(roles)) }

// Permissions gives what a usual role may; nothing for a name that is none.
func (r Role) Permissions() Set { return maps.Clone(roles[r]) }

// In is the right to what a usual role may in a part of an organisation's tree.
func (r Role) In(organisationID, node string) Right {
	return Right{OrganisationID: organisationID, Node: node, May: roles[r]}
}

// Set is a set of permissions.
type Set map[Permission]bool

// SetOf makes a set.
func SetOf(list ...Permission) Set {
	s := Set{}
	for _, p := range list {
		s[p] = true
	}
	return s
}

func all(which func(Grantable) bool) Set {
	s := Set{}
	for _, g := range permissions {
		if which(g) {
			s[g.Permission] = true
		}
	}
	return s
}

var (
	ofService = all(func(g Grantable) bool { return g.Service })
	ofKeys    = all(func(g Grantable) bool { return g.Key })
	known     = all(func(Grantable) bool { return true })
	ofWhole   = all(func(g Grantable) bool { return g.Whole })
)

// Both gives what is in both sets.
func (s Set) Both(o Set) Set {
	both := Set{}
	for p, in := range s {
		if in && o[p] {
			both[p] = true
		}
	}
	return both
}

// List gives the permissions in order.
func (s Set) List() []Permission {
	var list []Permission
	for p, in := range s {
		if in {
			list = append(list, p)
		}
	}
	slices.Sort(list)
	return list
}

// String writes a set as it is stored: in order, parted by blanks.
func (s Set) String() string {
	var words []string
	for _, p := range s.List() {
		words = append(words, string(p))
	}
	return strings.Join(words, " ")
}

// ParseSet reads what String wrote. A word that is no permission (any more) is nothing.
func ParseSet(text string) Set {
	s := Set{}
	for word := range strings.FieldsSeq(text) {
		s[Permission(word)] = true
	}
	return s.Both(known)
}
