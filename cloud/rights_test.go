package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

// secret is a text of which the test knows who may see it: who holds a permission at a place.
type secret struct {
	text         string
	need         access.Permission
	organisation string
	path         []string
}

// secrets of a spot. What stands above a till is known to who sees the till.
func (s *spot) secrets() []secret {
	at := func(need access.Permission, text string) secret {
		return secret{text, need, s.organisation, s.path()}
	}
	plain, spaced, grouped := sums(s.total)
	list := []secret{
		at(access.TillsView, s.till), at(access.TillsView, s.name), at(access.TillsView, s.outlet), at(access.TillsView, s.outletName), at(access.TillsView, s.agent),
		at(access.TillsView, s.command), at(access.TillsView, s.ticket), at(access.TillsView, s.fn), at(access.TillsView, s.department), at(access.TillsView, s.departmentName),
		at(access.DocumentsView, s.key),
	}
	for _, money := range []string{s.product, s.cashier, s.buyer, fmt.Sprint(s.total), plain, spaced, grouped} {
		list = append(list, at(access.MoneyView, money))
	}
	return list
}

// scopes of the test: where in the owner's tree rights are held.
func (w *rightsWorld) scopes() map[string]string {
	return map[string]string{"whole": "", "department": w.a.department, "outlet": w.a.outlet, "till": w.a.till, "other outlet": w.b.outlet}
}

// callers gives everybody, one after the other: the walker's rights change from one to the next.
func (w *rightsWorld) callers(t *testing.T, each func(*caller)) {
	t.Helper()
	sets := map[string]access.Set{w.custom: customPermissions}
	for _, role := range access.Roles() {
		sets[string(role)] = role.Permissions()
	}
	for _, role := range slices.Sorted(maps.Keys(sets)) {
		name := role
		if role == w.custom {
			name = "custom"
		}
		for scope, node := range w.scopes() {
			w.assign(t, w.walker, w.owner, role, node)
			each(&caller{name: name + " of " + scope, client: w.walker.http, home: w.owner, rights: []heldRight{{sets[role], w.owner, node}}})
			if role != string(access.Administrator) && role != w.custom || scope != "whole" && scope != "outlet" {
				continue // keys go by the same resolution
			}
			var made access.MadeKey
			err := w.c.store.Tx(t.Context(), func(q *db.Queries) (err error) {
				made, err = w.c.access.NewKey(t.Context(), q, access.NewKey{OrganisationID: w.owner, Name: "ключ", Role: role, Node: node, By: "tester"})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			may := maps.Clone(sets[role])
			delete(may, access.PeopleManage)
			delete(may, access.APIManage)
			each(&caller{
				name: "key of " + name + " of " + scope, client: http.DefaultClient, header: map[string]string{"Authorization": "Bearer " + made.Secret}, key: true,
				home: w.owner, rights: []heldRight{{may, w.owner, node}},
			})
		}
	}
	each(&caller{name: "foreign administrator", client: w.foreigner.http, home: w.f.organisation, rights: []heldRight{{sets["administrator"], w.f.organisation, ""}}})
	served := access.SetOf(access.TillsView, access.TillsRecover, access.DocumentsView)
	for service, node := range map[string]string{grantWhole: "", grantOutlet: w.a.outlet, grantTill: w.a.till, grantEnded: "-", grantRevoked: "-", grantOffered: "-"} {
		for _, role := range []access.Role{access.Technician, access.Administrator, access.Viewer} {
			w.assign(t, w.serviceman, service, string(role), "")
			rights := []heldRight{{role.Permissions(), service, ""}}
			if node != "-" {
				rights = append(rights, heldRight{role.Permissions().Both(served), w.owner, node})
			}
			each(&caller{
				name: string(role) + " of " + service, client: w.serviceman.http, header: map[string]string{"Chekan-Organisation": service}, home: service, rights: rights,
			})
		}
	}
}

// leaks counts what came out that should not have.
type leaks struct {
	mu           sync.Mutex
	combinations int
	found        []string
	wrong        []string
}

func (l *leaks) leak(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found = append(l.found, fmt.Sprintf(format, args...))
}

func (l *leaks) miss(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// TestRights walks every method × role × scope × tenant with ids of real things in and out of reach. Who may is answered; who may
// not is answered as if there were nothing; and nobody's answer holds a word that is not for them.
func TestRights(t *testing.T) {
	methods := cabinetMethods(t)
	storetest.Addresses(t, func(t *testing.T, address string) {
		w := newRightsWorld(t, address)
		var l leaks
		w.callers(t, func(c *caller) {
			var g errgroup.Group
			g.SetLimit(6)
			for _, m := range methods {
				g.Go(func() error {
					w.walk(t, c, m, &l)
					return nil
				})
			}
			_ = g.Wait() // no function gives an error
		})
		for _, line := range slices.Compact(slices.Sorted(slices.Values(l.wrong))) {
			t.Errorf("refused: %s", line)
		}
		for _, line := range slices.Compact(slices.Sorted(slices.Values(l.found))) {
			t.Errorf("leak: %s", line)
		}
		if l.combinations < 3000 {
			t.Errorf("only %d combinations", l.combinations)
		}
		fmt.Printf("RIGHTS combinations=%d leaks=%d\n", l.combinations, len(l.found))
	})
}

// walk asks one method as one caller.
func (w *rightsWorld) walk(t *testing.T, c *caller, m method, l *leaks) {
	t.Helper()
	count := func() {
		l.mu.Lock()
		l.combinations++
		l.mu.Unlock()
	}
	mayCall := m.need == access.Everyone || m.need == access.Known || m.need == access.SignedIn && !c.key || c.anywhere(m.need)
	if m.row.how == open {
		return
	}
	if m.row.how == whole {
		mayCall = c.can(m.need, c.home)
	}
	if m.row.how != thing {
		if mayCall && !m.reads() {
			return
		}
		fillings := []filling{bare}
		if m.row.how == listing && mayCall {
			fillings = append(fillings, byTill, byOutlet)
		}
		if m.narrows() && mayCall {
			w.nodes(t, c, m, l)
		}
		for _, f := range fillings {
			for _, s := range []*spot{w.a, w.b, w.f} {
				count()
				a := c.ask(t, w.c.addresses.Cabinet, m, m.request(s, f))
				w.judge(c, m, a, mayCall, f == bare, l)
				if f == bare {
					break
				}
			}
		}
		return
	}
	need := m.need
	if m.row.need != "" {
		need = m.row.need
	}
	absent := c.ask(t, w.c.addresses.Cabinet, m, m.request(w.absent, bare))
	for _, s := range []*spot{w.a, w.b, w.f} {
		path := s.path()
		switch m.row.by {
		case "agent", "outlet", "rollout":
			path = path[:2] // what is done to it concerns everything at its outlet
		}
		may := mayCall && c.can(need, s.organisation, path...)
		if m.row.by == "rollout" || m.name == "FleetService/CreateEnrolmentCode" || m.name == "UpdatesService/StartRollout" || m.name == "TreeService/CreateConnection" {
			may = may && s.organisation == c.home // acts of one's own organisation
		}
		if may && !m.reads() || m.name == "FleetService/CreateEnrolmentCode" && c.can(need, c.home) { // a name makes an outlet there is not
			continue
		}
		count()
		a := c.ask(t, w.c.addresses.Cabinet, m, m.request(s, bare))
		if seen := c.can(access.TillsView, s.organisation, path...); seen && a.code == "permission_denied" || m.row.partly {
			may = may || a.code == "" // what they see may be refused by its name
		} else if !may && (a.code == "" || a.code != absent.code || s.named(a.message) != w.absent.named(absent.message)) {
			l.leak("%s by %s: about a thing out of reach %q %s, about nothing %q %s", m.name, c.name, a.code, s.named(a.message), absent.code, w.absent.named(absent.message))
		}
		w.judge(c, m, a, may, may && s.organisation == w.owner, l)
	}
}

// nodes asks a list by tills and departments, as nodes of the tree. Who may not see all of one is answered as if there were none.
func (w *rightsWorld) nodes(t *testing.T, c *caller, m method, l *leaks) {
	t.Helper()
	for f, depth := range map[filling]int{byDepartment: 1, byNode: 3} {
		absent := c.ask(t, w.c.addresses.Cabinet, m, m.request(w.absent, f))
		if absent.code != "not_found" {
			l.leak("%s by %s: about no node %q %s", m.name, c.name, absent.code, absent.message)
		}
		for _, s := range []*spot{w.a, w.b, w.f} {
			l.mu.Lock()
			l.combinations++
			l.mu.Unlock()
			may := c.can(m.need, s.organisation, s.path()[:depth]...)
			a := c.ask(t, w.c.addresses.Cabinet, m, m.request(s, f))
			if !may && (a.code != absent.code || s.named(a.message) != w.absent.named(absent.message)) {
				l.leak("%s by %s: about a node out of reach %q %s, about none %q %s", m.name, c.name, a.code, s.named(a.message), absent.code, w.absent.named(absent.message))
			}
			w.judge(c, m, a, may, may, l)
		}
	}
}

// named puts placeholders for what a spot's things are called.
func (s *spot) named(message string) string {
	for _, id := range []string{s.till, s.outlet, s.department, s.agent, s.command, s.bundle, s.ticket, s.rollout, s.key, s.fn, s.outletName, fmt.Sprint(s.fd), fmt.Sprint(s.shift)} {
		message = strings.ReplaceAll(message, id, "…")
	}
	return message
}

// judge looks at an answer.
func (w *rightsWorld) judge(c *caller, m method, a answer, may, fits bool, l *leaks) {
	switch {
	case !may && a.code == "":
		l.leak("%s by %s was answered", m.name, c.name)
	case may && fits && a.code != "" && a.code != "unimplemented":
		l.miss("%s by %s: %s %s", m.name, c.name, a.code, a.message)
	}
	for _, s := range []*spot{w.a, w.b, w.f} {
		for _, secret := range s.secrets() {
			if strings.Contains(a.text+a.message, secret.text) && !c.can(secret.need, secret.organisation, secret.path...) && !m.tells(c, secret, a) {
				l.leak("%s by %s tells %q", m.name, c.name, secret.text)
			}
		}
	}
}

// tells names what a method may say although the table of this test would not let it.
func (m method) tells(c *caller, s secret, a answer) bool {
	return strings.Contains(a.message, s.text) // what was asked for stands in the refusal
}
