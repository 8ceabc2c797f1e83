package people

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
)

func TestMayGive(t *testing.T) {
	everywhere := access.Place{OrganisationID: "o"}
	north := access.Place{OrganisationID: "o", Path: []string{"north"}}
	shop := access.Place{OrganisationID: "o", Path: []string{"north", "shop"}}
	south := access.Place{OrganisationID: "o", Path: []string{"south"}}
	foreign := access.Place{OrganisationID: "other", Path: []string{"north"}}
	right := func(node string, may ...access.Permission) access.Right {
		return access.Right{OrganisationID: "o", Node: node, May: access.SetOf(may...)}
	}
	administrator := []access.Right{access.Administrator.In("o", "")}
	head := []access.Right{right("north", access.PeopleManage, access.TillsView, access.MoneyView)}
	for _, c := range []struct {
		name   string
		rights []access.Right
		may    access.Set
		at     access.Place
		reason string // empty: may
		lacks  string
	}{
		{"an administrator gives everything everywhere", administrator, access.Administrator.Permissions(), everywhere, "", ""},
		{"an administrator gives a part", administrator, access.Accountant.Permissions(), shop, "", ""},
		{"not in an organisation of others", administrator, access.Viewer.Permissions(), foreign, "not_yours", ""},
		{"the head of the north gives money in the north", head, access.SetOf(access.TillsView, access.MoneyView), north, "", ""},
		{"and below", head, access.SetOf(access.TillsView, access.MoneyView), shop, "", ""},
		{"and the right to give on", head, access.SetOf(access.PeopleManage), shop, "", ""},
		{"not beside", head, access.Viewer.Permissions(), south, "not_yours", ""},
		{"not above", head, access.Viewer.Permissions(), everywhere, "not_yours", ""},
		{"not what they lack", head, access.Technician.Permissions(), shop, "beyond", "documents:view tills:recover"},
		{"not what they hold elsewhere", append(slices.Clone(head), right("south", access.DocumentsView)), access.SetOf(access.DocumentsView), north, "beyond", "documents:view"},
		{"from two roles that meet", append(slices.Clone(head), right("shop", access.DocumentsView)), access.SetOf(access.DocumentsView, access.MoneyView), shop, "", ""},
		{"who does not manage people gives nothing", []access.Right{access.Accountant.In("o", "")}, access.Viewer.Permissions(), everywhere, "not_yours", ""},
		{"nobody gives nothing", nil, access.Set{}, everywhere, "not_yours", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := mayGive(&access.Person{ID: "p", OrganisationID: "o", Rights: c.rights}, c.may, c.at)
			if c.reason == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			r, ok := errors.AsType[*Refusal](err)
			if !ok || !errors.Is(err, ErrDenied) || r.Reason != c.reason || r.Args["permissions"] != c.lacks {
				t.Errorf("%v; want %s %q", err, c.reason, c.lacks)
			}
		})
	}
}

func TestAdministrators(t *testing.T) {
	all := access.Administrator.Permissions()
	nearly := access.Administrator.Permissions()
	delete(nearly, access.AuditView)
	for _, c := range []struct {
		name    string
		holders []holder
		want    []string
	}{
		{"nobody", nil, nil},
		{"one", []holder{{"a", false, all}}, []string{"a"}},
		{"who is shut out does not count", []holder{{"a", true, all}, {"b", false, all}}, []string{"b"}},
		{"nearly everything is not everything", []holder{{"a", false, nearly}, {"b", false, access.Accountant.Permissions()}}, nil},
		{"nothing", []holder{{"a", false, nil}}, nil},
		{"two", []holder{{"a", false, all}, {"c", false, nil}, {"b", false, all}}, []string{"a", "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, administrators(c.holders)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestChange(t *testing.T) {
	north := func(a Assignment) bool { return a.Node == "north" }
	everything := func(Assignment) bool { return true }
	viewer, accountant, everywhere := Assignment{"viewer", "north"}, Assignment{"accountant", "north"}, Assignment{"viewer", ""}
	for _, c := range []struct {
		name                            string
		current, wanted, added, removed []Assignment
		visible                         func(Assignment) bool
	}{
		{"nothing changes", []Assignment{viewer}, []Assignment{viewer}, nil, nil, everything},
		{"one for another", []Assignment{viewer}, []Assignment{accountant}, []Assignment{accountant}, []Assignment{viewer}, everything},
		{"what is not seen stays", []Assignment{everywhere, viewer}, nil, nil, []Assignment{viewer}, north},
		{"said twice is said once", nil, []Assignment{viewer, viewer}, []Assignment{viewer}, nil, everything},
		{"everything goes", []Assignment{everywhere, viewer}, nil, nil, []Assignment{everywhere, viewer}, everything},
	} {
		t.Run(c.name, func(t *testing.T) {
			added, removed := change(c.current, c.wanted, c.visible)
			if d := cmp.Diff(c.added, added) + cmp.Diff(c.removed, removed); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestGrant_State(t *testing.T) {
	for want, g := range map[GrantState]Grant{
		Offered: {OfferedAt: 1},
		Active:  {OfferedAt: 1, GivenAt: 2, EndsAt: 101},
		Ended:   {OfferedAt: 1, GivenAt: 2, EndsAt: 100},
		Revoked: {OfferedAt: 1, GivenAt: 2, EndsAt: 50, RevokedAt: 40},
	} {
		if got := g.State(100); got != want {
			t.Errorf("%+v: %d, want %d", g, got, want)
		}
	}
	if got := (Grant{GivenAt: 2}).State(1 << 60); got != Active {
		t.Errorf("without an end: %d", got)
	}
}

func TestPartnerCode(t *testing.T) {
	code := newPartnerCode()
	if len(code) != 9 || code[4] != '-' || readable(plainCode(code)) != code {
		t.Errorf("code %q", code)
	}
	for _, typed := range []string{"k7qf2m9x", " K7QF 2M9X ", "k7qf-2m9x", "K7QF–2M9X"} {
		if got := readable(plainCode(typed)); got != "K7QF-2M9X" {
			t.Errorf("%q is read as %q", typed, got)
		}
	}
}
