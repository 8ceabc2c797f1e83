package people

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

// centre makes a service centre and gives its technician and its code.
func (w *world) centre(name string) (technician *access.Person, code string) {
	w.t.Helper()
	id := w.person(name+"@example.ru", name)
	org := w.organisation(access.KindService, name, id)
	technician, err := w.access.PersonIn(w.t.Context(), &access.Person{ID: id}, org, org)
	if err != nil {
		w.t.Fatal(err)
	}
	_, code, err = w.Clients(w.t.Context(), technician)
	if err != nil || code == "" {
		w.t.Fatal(code, err)
	}
	return technician, code
}

func (w *world) in(days int) int64 { return store.Micros(w.now.AddDate(0, 0, days)) }

func TestGrants(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w, ctx := newWorld(t, s), t.Context()
		fixer, code := w.centre("ЦТО «Мастер»")
		_, other := w.centre("ЦТО «Сосед»")
		states := func(by *access.Person) (list []GrantState) {
			t.Helper()
			grants, err := w.Grants(ctx, by)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range grants {
				list = append(list, g.State(store.Micros(w.now)))
			}
			return list
		}
		reaches := func(node string) bool {
			t.Helper()
			p, err := w.access.PersonIn(ctx, &access.Person{ID: fixer.ID}, fixer.OrganisationID, "")
			if err != nil {
				t.Fatal(err)
			}
			place, there, err := w.access.NodePlace(ctx, w.org, node)
			if err != nil || !there {
				t.Fatal(node, there, err)
			}
			if p.CanAt(access.MoneyView, place) || p.CanAt(access.PeopleManage, place) || p.CanAt(access.TillsDecide, place) {
				t.Errorf("the service centre may %v", p.At(place).Permissions())
			}
			return p.CanAt(access.TillsRecover, place)
		}

		// Offered by a code typed at sign-up: nothing is given by that.
		if err := s.Tx(ctx, func(q *db.Queries) error { return Offer(ctx, q, store.Micros(w.now), w.org, " "+code+" ") }); err != nil {
			t.Fatal(err)
		}
		err := s.Tx(ctx, func(q *db.Queries) error { return Offer(ctx, q, store.Micros(w.now), w.org, "AAAA-AAAA") })
		refused(t, err, ErrNotFound, "no_centre")
		if d := cmp.Diff([]GrantState{Offered}, states(w.as(w.chief))); d != "" || reaches("shop") {
			t.Error("an offer gives: ", d)
		}
		offers, _, err := w.Clients(ctx, fixer)
		if err != nil || len(offers) != 1 || offers[0].Party != "ООО «Ромашка»" || offers[0].State(store.Micros(w.now)) != Offered {
			t.Fatalf("%+v, %v", offers, err)
		}

		g, err := w.AcceptGrant(ctx, w.as(w.chief), offers[0].ID, "north", w.in(30))
		if err != nil || g.NodeName != "Север" || g.State(store.Micros(w.now)) != Active {
			t.Fatalf("%+v, %v", g, err)
		}
		if !reaches("shop") || reaches("south") {
			t.Error("not the north and nothing else")
		}
		called := Contacts{Name: "ЦТО «Мастер»", Email: "help@master.example", Phone: "+78432001020", Hours: "пн–пт 9:00–18:00"}
		if _, err := w.Update(ctx, fixer, Organisation{Name: called.Name, Email: called.Email, Phone: called.Phone, Hours: called.Hours}); err != nil {
			t.Fatal(err)
		}
		contacts := func() (of []Contacts) {
			t.Helper()
			list, err := w.Grants(ctx, w.as(w.chief))
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range list {
				of = append(of, g.Contacts)
			}
			return of
		}
		if d := cmp.Diff([]Contacts{called}, contacts()); d != "" {
			t.Error("whom the owner calls: ", d)
		}
		if clients, _, err := w.Clients(ctx, fixer); err != nil || len(clients) != 1 || clients[0].Contacts != (Contacts{}) {
			t.Errorf("the centre is told of its client %+v, %v", clients, err)
		}
		_, err = w.AcceptGrant(ctx, w.as(w.chief), g.ID, "", 0)
		refused(t, err, ErrConflict, "not_offered")
		_, err = w.GiveGrant(ctx, w.as(w.chief), code, "north", w.in(10))
		refused(t, err, ErrConflict, "served")

		w.now = w.now.AddDate(0, 0, 30)
		if d := cmp.Diff([]GrantState{Ended}, states(w.as(w.chief))); d != "" || reaches("shop") {
			t.Error("the term is over and it holds: ", d)
		}
		if d := cmp.Diff([]Contacts{{}}, contacts()); d != "" {
			t.Error("the term is over and the centre is still whom one calls: ", d)
		}
		if _, err := w.ProlongGrant(ctx, w.as(w.chief), g.ID, w.in(365)); err != nil || !reaches("shop") {
			t.Errorf("not prolonged: %v", err)
		}
		if _, err := w.RevokeGrant(ctx, w.as(w.chief), g.ID); err != nil || reaches("shop") {
			t.Errorf("not taken back: %v", err)
		}
		_, err = w.ProlongGrant(ctx, w.as(w.chief), g.ID, w.in(365))
		refused(t, err, ErrConflict, "not_given")
		if clients, _, err := w.Clients(ctx, fixer); err != nil || len(clients) != 0 {
			t.Errorf("%+v, %v", clients, err)
		}

		if _, err := w.GiveGrant(ctx, w.as(w.chief), other, "", 0); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]GrantState{Active, Revoked}, states(w.as(w.chief))); d != "" {
			t.Error(d)
		}
		want := []string{"organisation.created", "service.offered", "service.given", "service.prolonged", "service.revoked", "service.given"}
		if d := cmp.Diff(want, w.acts(w.org)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"organisation.created", "service.given", "organisation.changed", "service.prolonged", "service.revoked"}, w.acts(fixer.OrganisationID)); d != "" {
			t.Errorf("the centre's own journal: %s", d)
		}
	})
}

func TestGrants_refused(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w, ctx := newWorld(t, s), t.Context()
		fixer, code := w.centre("ЦТО «Мастер»")
		chief := w.as(w.chief)
		for _, c := range []struct {
			name, code, node, reason string
			ends                     int64
		}{
			{"no such centre", "ZZZZ-ZZZZ", "", "no_centre", 0},
			{"no code", "", "", "no_centre", 0},
			{"no such node", code, "moon", "no_node", 0},
			{"over before it begins", code, "", "past", w.in(-1)},
			{"for a lifetime", code, "", "far", w.in(366 * 11)},
			{"out of bounds", code, "", "past", -1},
		} {
			t.Run(c.name, func(t *testing.T) {
				_, err := w.GiveGrant(ctx, chief, c.code, c.node, c.ends)
				if r, ok := errors.AsType[*Refusal](err); !ok || r.Reason != c.reason {
					t.Errorf("%v; want %s", err, c.reason)
				}
			})
		}
		_, err := w.GiveGrant(ctx, fixer, code, "", 0)
		refused(t, err, ErrInvalid, "own_code")
		head := w.joins("head@example.ru", Assignment{"administrator", "north"})
		_, err = w.GiveGrant(ctx, w.as(head), code, "south", 0)
		refused(t, err, ErrNotFound, "no_node")
		g, err := w.GiveGrant(ctx, chief, code, "south", 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.RevokeGrant(ctx, w.as(head), g.ID)
		refused(t, err, ErrNotFound, "no_grant")
		_, err = w.RevokeGrant(ctx, fixer, g.ID)
		refused(t, err, ErrNotFound, "no_grant")
	})
}

func TestKeys(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w, ctx := newWorld(t, s), t.Context()
		chief := w.as(w.chief)
		k, secret, err := w.NewKey(ctx, chief, "1С", Assignment{"accountant", "north"}, w.in(90))
		if err != nil || secret == "" || k.Hint == "" || len(k.Hint) > 8 {
			t.Fatalf("%+v, %v", k, err)
		}
		stands, err := w.access.Key(ctx, secret)
		if err != nil || !stands.Can(access.MoneyView) || stands.CanAll(access.MoneyView) {
			t.Fatalf("%+v, %v", stands, err)
		}
		_, _, err = w.NewKey(ctx, chief, "1С", Assignment{"accountant", "moon"}, 0)
		refused(t, err, ErrNotFound, "no_node")
		_, _, err = w.NewKey(ctx, chief, "1С", Assignment{"captain", ""}, 0)
		refused(t, err, ErrNotFound, "no_role")
		_, _, err = w.NewKey(ctx, chief, " ", Assignment{"viewer", ""}, 0)
		refused(t, err, ErrInvalid, "empty")
		_, _, err = w.NewKey(ctx, chief, "1С", Assignment{"viewer", ""}, store.Micros(w.now.Add(-time.Second)))
		refused(t, err, ErrInvalid, "past")
		role, err := w.PutRole(ctx, chief, Role{Name: "Ключи", May: access.SetOf(access.APIManage, access.TillsView)})
		if err != nil {
			t.Fatal(err)
		}
		blind := w.joins("dev@example.ru", Assignment{role.ID, ""})
		_, _, err = w.NewKey(ctx, w.as(blind), "деньги", Assignment{"accountant", ""}, 0)
		refused(t, err, ErrDenied, "beyond")
		if _, _, err := w.NewKey(ctx, w.as(blind), "кассы", Assignment{"viewer", ""}, 0); err != nil {
			t.Error(err)
		}
		refused(t, w.DeleteRole(ctx, chief, role.ID), ErrConflict, "role_used")
		if err := w.RevokeKey(ctx, chief, k.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.access.Key(ctx, secret); !errors.Is(err, access.ErrKey) {
			t.Errorf("taken back and good: %v", err)
		}
		refused(t, w.RevokeKey(ctx, chief, "nothing"), ErrNotFound, "no_key")
	})
}

func TestRoles(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w, ctx := newWorld(t, s), t.Context()
		chief := w.as(w.chief)
		r, err := w.PutRole(ctx, chief, Role{Name: " Старший смены ", May: access.SetOf(access.TillsView, access.TillsDecide)})
		if err != nil || r.Name != "Старший смены" {
			t.Fatalf("%+v, %v", r, err)
		}
		_, err = w.PutRole(ctx, chief, Role{Name: "старший СМЕНЫ", May: access.SetOf(access.TillsView)})
		refused(t, err, ErrConflict, "role_taken")
		_, err = w.PutRole(ctx, chief, Role{Name: "Никто", May: access.SetOf("fly")})
		refused(t, err, ErrInvalid, "no_permissions")
		_, err = w.PutRole(ctx, chief, Role{ID: "administrator", Name: "Мой", May: access.SetOf(access.TillsView)})
		refused(t, err, ErrNotFound, "no_role")
		someone := w.joins("someone@example.ru", Assignment{r.ID, "shop"})
		r.May = access.SetOf(access.TillsView, access.MoneyView)
		if _, err := w.PutRole(ctx, chief, r); err != nil {
			t.Fatal(err)
		}
		if p := w.as(someone); !p.Can(access.MoneyView) || p.Can(access.TillsDecide) {
			t.Errorf("may %v", p.Permissions())
		}
		refused(t, w.DeleteRole(ctx, chief, r.ID), ErrConflict, "role_used")
		if err := w.Remove(ctx, chief, someone); err != nil {
			t.Fatal(err)
		}
		list, err := w.Roles(ctx, chief)
		if err != nil || len(list) != 6 || list[0].ID != "administrator" || list[0].Used != 1 || list[5].Used != 0 || !list[5].MayGive {
			t.Errorf("%+v, %v", list, err)
		}
		if err := w.DeleteRole(ctx, chief, r.ID); err != nil {
			t.Fatal(err)
		}
		head := w.joins("head@example.ru", Assignment{"administrator", "north"})
		_, err = w.PutRole(ctx, w.as(head), Role{Name: "Своя", May: access.SetOf(access.TillsView)})
		refused(t, err, ErrDenied, "not_yours")
	})
}

func TestOrganisation(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w, ctx := newWorld(t, s), t.Context()
		chief := w.as(w.chief)
		o, err := w.Update(ctx, chief, Organisation{Name: "ООО «Лютик»", Country: "ru", TaxID: "7707 083893", Email: "Office@Example.RU", Phone: "8 495 123-45-67", Hours: " пн–пт 9:00–18:00 "})
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.Organisation(ctx, w.org)
		if err != nil || got != o || got.TaxID != "7707083893" || got.Phone != "+74951234567" || got.Hours != "пн–пт 9:00–18:00" || got.Kind != access.KindOwner {
			t.Errorf("%+v, %v", got, err)
		}
		for _, c := range []struct {
			field, reason string
			o             Organisation
		}{
			{"name", "empty", Organisation{Name: "  "}},
			{"name", "unseen", Organisation{Name: "a\nb"}},
			{"country", "taxid_country", Organisation{Name: "x", Country: "by"}},
			{"tax_id", "taxid_country", Organisation{Name: "x", TaxID: "7707083893"}},
			{"tax_id", "taxid_check", Organisation{Name: "x", Country: "ru", TaxID: "7707083894"}},
			{"tax_id", "taxid_lengthBIN", Organisation{Name: "x", Country: "kz", TaxID: "7707083893"}},
			{"email", "email", Organisation{Name: "x", Email: "nobody"}},
			{"phone", "phone", Organisation{Name: "x", Phone: "12"}},
			{"hours", "unseen", Organisation{Name: "x", Hours: "пн\nвт"}},
			{"hours", "long", Organisation{Name: "x", Hours: strings.Repeat("я", maxHours+1)}},
		} {
			_, err := w.Update(ctx, chief, c.o)
			if r, ok := errors.AsType[*Refusal](err); !ok || r.Reason != c.reason || r.Field != c.field || !errors.Is(err, ErrInvalid) {
				t.Errorf("%+v: %v; want %s of %s", c.o, err, c.reason, c.field)
			}
		}
		_, err = w.Create(ctx, &access.Person{ID: w.chief}, Organisation{Kind: access.KindOwner, Name: "Ещё", Country: "ru", TaxID: "7707083893"})
		refused(t, err, ErrConflict, "taxid_taken")
		if _, err := w.Create(ctx, &access.Person{ID: w.chief}, Organisation{Kind: access.KindService, Name: "И ЦТО", Country: "ru", TaxID: "7707083893"}); err != nil {
			t.Errorf("one company may be both: %v", err)
		}
		_, err = w.Update(ctx, w.as(w.joins("clerk@example.ru", Assignment{"administrator", "north"})), Organisation{Name: "Моё"})
		refused(t, err, ErrDenied, "not_yours")
		if d := cmp.Diff([]string{"organisation.created", "organisation.changed", "person.invited", "person.joined"}, w.acts(w.org)); d != "" {
			t.Error(d)
		}
	})
}
