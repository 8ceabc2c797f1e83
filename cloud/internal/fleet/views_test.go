package fleet

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

func TestViews(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		anna, boris := w.viewer(t, "anna"), w.viewer(t, "boris")
		red, err := w.SaveView(ctx, anna, " Красные ", "state=red&outlet=o%201")
		if err != nil || red.Name != "Красные" || red.Query != "outlet=o+1&state=red" {
			t.Fatalf("%+v, %v", red, err)
		}
		again, err := w.SaveView(ctx, anna, "Красные", "state=yellow")
		if err != nil || again.ID != red.ID {
			t.Fatalf("the same name is another view: %+v, %v", again, err)
		}
		list, err := w.Views(ctx, anna)
		if diff := cmp.Diff([]View{{red.ID, "Красные", "state=yellow"}}, list); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if list, err := w.Views(ctx, boris); err != nil || len(list) != 0 {
			t.Errorf("of somebody else: %v, %v", list, err)
		}
		elsewhere := *anna
		elsewhere.OrganisationID = "o2"
		for _, p := range []*access.Person{boris, &elsewhere} {
			if err := w.DeleteView(ctx, p, red.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("deleted by somebody else, or elsewhere: %v", err)
			}
		}
		for _, bad := range [][2]string{{"", "a=b"}, {" \t", "a=b"}, {strings.Repeat("я", maxViewName+1), "a=b"}, {"a\nb", "a=b"}, {"a", ""}, {"a", "%zz"}, {"a", "q=" + strings.Repeat("x", maxViewQuery)}} {
			if _, err := w.SaveView(ctx, anna, bad[0], bad[1]); !errors.Is(err, ErrInvalid) {
				t.Errorf("%.20q %.20q: %v", bad[0], bad[1], err)
			}
		}
		for i := range maxViews - 1 {
			if _, err := w.SaveView(ctx, anna, fmt.Sprint("view ", i), "a=b"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.SaveView(ctx, anna, "one more", "a=b"); !errors.Is(err, ErrInvalid) {
			t.Errorf("one more than may be kept: %v", err)
		}
		if err := w.DeleteView(ctx, anna, red.ID); err != nil {
			t.Error(err)
		}
	})
}

// viewer makes a person who is at work in the world's organisation.
func (w *world) viewer(t *testing.T, id string) *access.Person {
	t.Helper()
	if err := w.store.Tx(t.Context(), func(q *db.Queries) error {
		return q.CreatePerson(t.Context(), db.CreatePersonParams{ID: id, Login: id, Folded: id, CreatedAt: store.Micros(w.clock.Now())})
	}); err != nil {
		t.Fatal(err)
	}
	return &access.Person{ID: id, Login: id, OrganisationID: w.person.OrganisationID}
}
