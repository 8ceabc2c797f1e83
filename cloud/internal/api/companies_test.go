package api

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/people"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// companies: somebody of several organisations sees of each what they may there, and the sums are those of the memories.
func (m *month) companies(t *testing.T, s *store.Store) {
	ctx, log := t.Context(), slog.New(slog.DiscardHandler)
	now := func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }
	authority, err := access.OpenAuthority(t.TempDir(), now)
	if err != nil {
		t.Fatal(err)
	}
	a, err := access.New(s, authority, log, now)
	if err != nil {
		t.Fatal(err)
	}
	server := m.service.s
	server.Access, server.People = a, people.New(s, a, nil, "", log, now)
	service := &organisationService{server}
	if err := s.Write().CreatePerson(ctx, db.CreatePersonParams{ID: "several", Login: "several", Folded: "several", Password: "x"}); err != nil {
		t.Fatal(err)
	}
	works := func(organisation string, role access.Role, node string) {
		t.Helper()
		if err := s.Write().JoinOrganisation(ctx, db.JoinOrganisationParams{OrganisationID: organisation, PersonID: "several"}); err != nil {
			t.Fatal(err)
		}
		if err := s.Write().Assign(ctx, db.AssignParams{OrganisationID: organisation, PersonID: "several", Role: string(role), NodeID: node}); err != nil {
			t.Fatal(err)
		}
	}
	list := func(day string) map[string]*cabinetv1.Company {
		t.Helper()
		res, err := service.ListCompanies(access.WithPerson(ctx, &access.Person{ID: "several"}), &cabinetv1.ListCompaniesRequest{Today: day})
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]*cabinetv1.Company{}
		for _, c := range res.GetCompanies() {
			if c.GetUnread() {
				t.Errorf("%s was not read", c.GetName())
			}
			by[c.GetId()] = c
		}
		return by
	}
	own := m.person.OrganisationID
	var other string
	for _, o := range m.organisations {
		if o != own {
			other = o
		}
	}
	days := make([]string, 0, len(m.truth.days[""]))
	for day := range m.truth.days[""] {
		days = append(days, day)
	}
	slices.Sort(days)
	today := days[len(days)/2]
	at, err := time.Parse(time.DateOnly, today)
	if err != nil {
		t.Fatal(err)
	}
	yesterday := at.AddDate(0, 0, -1).Format(time.DateOnly)
	sums := func(place string) [3]int64 {
		w := [3]int64{m.truth.days[place][today].Revenue, m.truth.days[place][yesterday].Revenue, 0}
		for day, f := range m.truth.days[place] {
			if day[:7] == today[:7] && day <= today {
				w[2] += f.Revenue
			}
		}
		return w
	}
	got := func(r *cabinetv1.CompanyRevenue) [3]int64 {
		return [3]int64{r.GetToday(), r.GetYesterday(), r.GetMonth()}
	}

	works(own, access.Accountant, "")
	works(other, access.Technician, "")
	all := list(today)
	if d := cmp.Diff(sums(""), got(all[own].GetRevenue())); d != "" || sums("")[2] == 0 {
		t.Errorf("sums of %s: %s", today, d)
	}
	if all[other] == nil || all[other].GetRevenue() != nil {
		t.Errorf("who sees no money there sees %v", all[other].GetRevenue())
	}
	if n := all[own].GetGreen() + all[own].GetYellow() + all[own].GetRed() + all[own].GetGrey(); int(n) != len(m.tills) {
		t.Errorf("%d tills, want %d", n, len(m.tills))
	}
	if len(all) != 2 {
		t.Errorf("%d companies", len(all))
	}

	// Of one outlet, whichever: its tills and its money, and no others.
	for name, outlet := range m.outlets {
		if err := s.Write().UnassignAll(ctx, db.UnassignAllParams{OrganisationID: own, PersonID: "several"}); err != nil {
			t.Fatal(err)
		}
		works(own, access.Accountant, outlet)
		if d := cmp.Diff(sums(outlet), got(list(today)[own].GetRevenue())); d != "" || sums(outlet) == sums("") {
			t.Errorf("sums of %s: %s", name, d)
		}
	}
	if _, err := service.ListCompanies(access.WithPerson(ctx, &access.Person{ID: "several"}), &cabinetv1.ListCompaniesRequest{Today: "yesterday"}); err == nil {
		t.Error("a day that is none is read")
	}
}
