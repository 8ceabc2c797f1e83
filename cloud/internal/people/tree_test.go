package people

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

// put makes a tree: department north with outlet shop, and outlet south at the top.
func put(ctx context.Context, q *db.Queries, org string) error {
	if err := q.CreateDepartment(ctx, db.CreateDepartmentParams{ID: "north", OrganisationID: org, Name: "Север", CreatedAt: 1}); err != nil {
		return err
	}
	for _, o := range []db.CreateTreeOutletParams{
		{ID: "shop", OrganisationID: org, Name: "Мира, 5", DepartmentID: "north", CreatedAt: 1}, {ID: "south", OrganisationID: org, Name: "Юг", CreatedAt: 1},
	} {
		if err := q.CreateTreeOutlet(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func TestNodes(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w, ctx := newWorld(t, s), t.Context()
		names := func(person string) (list []string) {
			nodes, err := w.Nodes(ctx, w.as(person), access.PeopleManage)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range nodes {
				list = append(list, "...."[:n.Depth]+n.Name)
			}
			return list
		}
		if d := cmp.Diff([]string{"ООО «Ромашка»", ".Север", "..Мира, 5", ".Юг"}, names(w.chief)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"Север", ".Мира, 5"}, names(w.joins("head@example.ru", Assignment{"administrator", "north"}))); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string(nil), names(w.joins("clerk@example.ru", Assignment{"viewer", ""}))); d != "" {
			t.Error(d)
		}
	})
}
