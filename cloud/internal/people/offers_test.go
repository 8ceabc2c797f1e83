package people

import (
	"testing"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

// An offer that the owner refuses gives nothing, then or later; what was taken back once is not taken back again, nor prolonged, nor
// accepted, and the journal of both acts says which it was.
func TestGrants_taken(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w, ctx := newWorld(t, s), t.Context()
		fixer, code := w.centre("ЦТО «Мастер»")
		chief := w.as(w.chief)
		if err := s.Tx(ctx, func(q *db.Queries) error { return Offer(ctx, q, store.Micros(w.now), w.org, code) }); err != nil {
			t.Fatal(err)
		}
		grants, err := w.Grants(ctx, chief)
		if err != nil || len(grants) != 1 || grants[0].State(store.Micros(w.now)) != Offered {
			t.Fatalf("%+v, %v", grants, err)
		}
		offered := grants[0].ID
		if sees(t, w, fixer) {
			t.Error("an offer shows the owner's tills")
		}
		if _, err := w.RevokeGrant(ctx, chief, offered); err != nil {
			t.Fatal(err)
		}
		given, err := w.GiveGrant(ctx, chief, code, "", 0)
		if err != nil || !sees(t, w, fixer) {
			t.Fatalf("given, and seen nothing: %v", err)
		}
		if _, err := w.RevokeGrant(ctx, chief, given.ID); err != nil || sees(t, w, fixer) {
			t.Fatalf("taken back, and seen: %v", err)
		}
		for _, id := range []string{offered, given.ID} {
			_, err := w.RevokeGrant(ctx, chief, id)
			refused(t, err, ErrConflict, "not_given")
			_, err = w.AcceptGrant(ctx, chief, id, "", 0)
			refused(t, err, ErrConflict, "not_offered")
			if _, err = w.ProlongGrant(ctx, chief, id, w.in(30)); err == nil || sees(t, w, fixer) {
				t.Errorf("prolonged what was taken back: %v", err)
			}
		}
		acts := map[string]int{}
		for _, act := range w.acts(w.org) {
			acts[act]++
		}
		if acts["service.refused"] != 1 || acts["service.given"] != 1 || acts["service.revoked"] != 1 {
			t.Errorf("the journal: %v", acts)
		}
	})
}

// sees tells whether somebody of a service centre reaches tills of the world's organisation.
func sees(t *testing.T, w *world, fixer *access.Person) bool {
	t.Helper()
	p, err := w.access.PersonIn(t.Context(), &access.Person{ID: fixer.ID}, fixer.OrganisationID, "")
	if err != nil {
		t.Fatal(err)
	}
	reach, err := w.access.Reach(t.Context(), p, access.TillsView)
	if err != nil {
		t.Fatal(err)
	}
	_, there := reach.In(w.org)
	return there
}
