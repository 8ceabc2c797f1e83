package access

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

func TestWay(t *testing.T) {
	above := map[string]string{"north": "", "town": "north", "square": "town", "lost": "gone", "egg": "hen", "hen": "egg"}
	for department, want := range map[string][]string{
		"":       nil,
		"north":  {"north"},
		"square": {"north", "town", "square"},
		"lost":   {"gone", "lost"},
	} {
		if d := cmp.Diff(want, Way(above, department)); d != "" {
			t.Errorf("to %q: %s", department, d)
		}
	}
	if got := Way(above, "egg"); len(got) != MaxDepth {
		t.Errorf("in a circle %d steps", len(got))
	}
}

// TestPlaces: a till and a node are found where they stand, and by nobody who holds nothing there; whatever way is taken, it is the same.
func TestPlaces(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ctx, now := t.Context(), int64(1)
		q := w.store.Write()
		organisation := func(id string) error {
			return q.AddOrganisation(ctx, db.AddOrganisationParams{ID: id, Name: id, CreatedAt: now, Kind: KindOwner, Country: "RU"})
		}
		department := func(id, parent string) error {
			return q.CreateDepartment(ctx, db.CreateDepartmentParams{ID: id, OrganisationID: "o1", ParentID: parent, Name: id, CreatedAt: now})
		}
		outlet := func(id, organisation, department string) error {
			return q.CreateTreeOutlet(ctx, db.CreateTreeOutletParams{ID: id, OrganisationID: organisation, DepartmentID: department, Name: id, CreatedAt: now})
		}
		agent := func(id, organisation, outlet string) error {
			return q.CreateAgent(ctx, db.CreateAgentParams{ID: id, OrganisationID: organisation, OutletID: outlet, CreatedAt: now})
		}
		till := func(id, organisation, outlet, agent string) error {
			return q.CreateTill(ctx, db.CreateTillParams{ID: id, OrganisationID: organisation, OutletID: outlet, AgentID: agent, Name: id})
		}
		if err := errors.Join(
			organisation("o1"), organisation("o2"),
			department("north", ""), department("town", "north"), department("bare", ""),
			outlet("shop", "o1", "town"), outlet("top", "o1", ""), outlet("foreign", "o2", ""),
			agent("a1", "o1", "shop"), agent("a2", "o2", "foreign"),
			till("t1", "o1", "shop", "a1"), till("t2", "o1", "top", "a1"), till("t3", "o2", "foreign", "a2"),
		); err != nil {
			t.Fatal(err)
		}
		owner := &Person{Rights: []Right{Viewer.In("o1", "")}}
		for node, want := range map[string]Place{
			"t1":    {"o1", []string{"north", "town", "shop", "t1"}},
			"t2":    {"o1", []string{"top", "t2"}},
			"shop":  {"o1", []string{"north", "town", "shop"}},
			"top":   {"o1", []string{"top"}},
			"town":  {"o1", []string{"north", "town"}},
			"north": {"o1", []string{"north"}},
			"bare":  {"o1", []string{"bare"}},
		} {
			got, known, err := w.NodePlace(ctx, "o1", node)
			if d := cmp.Diff(want, got); d != "" || !known || err != nil {
				t.Errorf("%s: %v %v %s", node, known, err, d)
			}
			got, known, err = w.FindNode(ctx, owner, TillsView, node)
			if d := cmp.Diff(want, got); d != "" || !known || err != nil {
				t.Errorf("found %s: %v %v %s", node, known, err, d)
			}
			if node[0] == 't' && len(node) == 2 {
				got, known, err = TillPlace(ctx, w.store.Read(), node)
				if d := cmp.Diff(want, got); d != "" || !known || err != nil {
					t.Errorf("till %s: %v %v %s", node, known, err, d)
				}
			}
		}
		if _, known, err := TillPlace(ctx, w.store.Read(), "nobody's"); known || err != nil {
			t.Errorf("a till nobody has: %v %v", known, err)
		}

		// Whose rights are at nodes finds what is below them, in whosever tree, and nothing else.
		somebody := &Person{Rights: []Right{Viewer.In("o1", "town"), Viewer.In("o1", "bare"), Viewer.In("o2", "t3")}}
		for node, want := range map[string]bool{
			"t1": true, "shop": true, "town": true, "bare": true, "t3": true,
			"t2": false, "top": false, "north": false, "foreign": false, "nobody's": false, "": false,
		} {
			for _, p := range []*Person{somebody, somebody.Afresh()} {
				if _, known, err := w.FindNode(ctx, p, TillsView, node); known != want || err != nil {
					t.Errorf("%q found: %v, %v", node, known, err)
				}
			}
			if _, known, err := w.FindNode(ctx, somebody, MoneyView, node); known || err != nil {
				t.Errorf("%q found without the permission: %v", node, err)
			}
			if _, known, err := w.FindNode(ctx, nil, TillsView, node); known || err != nil {
				t.Errorf("%q found by nobody: %v", node, err)
			}
		}

		// Departments in a circle, which nobody can make, end somewhere.
		if err := q.PlaceDepartment(ctx, db.PlaceDepartmentParams{ID: "town", ParentID: "town"}); err != nil {
			t.Fatal(err)
		}
		if place, known, err := TillPlace(ctx, w.store.Read(), "t1"); !known || err != nil || place.Outlet() != "shop" || len(place.Path) != MaxDepth+2 {
			t.Errorf("in a circle: %v, %v, %v", fmt.Sprint(place.Path), known, err)
		}
	})
}
