package access

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

func (w *world) newKey(t *testing.T, k NewKey) (MadeKey, error) {
	t.Helper()
	var made MadeKey
	err := w.store.Tx(t.Context(), func(q *db.Queries) (err error) {
		made, err = w.NewKey(t.Context(), q, k)
		return err
	})
	return made, err
}

// TestKey: a key works until it ends or is taken back, never manages people or keys, and has so many calls a minute.
func TestKey(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		org, err := w.store.Read().FirstOrganisation(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for name, k := range map[string]NewKey{
			"no name":            {OrganisationID: org.ID, Role: "viewer"},
			"long name":          {OrganisationID: org.ID, Name: strings.Repeat("я", 101), Role: "viewer"},
			"no role":            {OrganisationID: org.ID, Name: "k", Role: "king"},
			"no node":            {OrganisationID: org.ID, Name: "k", Role: "viewer", Node: "nowhere"},
			"an end in the past": {OrganisationID: org.ID, Name: "k", Role: "viewer", Expires: w.now},
		} {
			if _, err := w.newKey(t, k); !errors.Is(err, ErrNewKey) {
				t.Errorf("%s: %v", name, err)
			}
		}
		made, err := w.newKey(t, NewKey{OrganisationID: org.ID, Name: " Учёт ", Role: string(Administrator), Expires: w.now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.Key(ctx, made.Secret)
		if err != nil || !p.Key || p.Login != "Учёт" || !p.Can(MoneyView) || p.Can(PeopleManage) || p.Can(APIManage) || p.MayCall(SignedIn) || !p.MayCall(Known) {
			t.Fatalf("%+v %v", p, err)
		}
		if err := p.Proven(w.now); !errors.Is(err, ErrKeyProve) {
			t.Errorf("a key proves itself: %v", err)
		}
		if !strings.HasSuffix(made.Secret, made.Hint) || strings.Contains(made.Hint, KeyPrefix) {
			t.Errorf("hint %q of %q", made.Hint, made.Secret)
		}
		for _, wrong := range []string{"", KeyPrefix, made.Secret + "x", made.Secret[:len(made.Secret)-1], strings.TrimPrefix(made.Secret, KeyPrefix), strings.Repeat("chk_", 100)} {
			if _, err := w.Key(ctx, wrong); !errors.Is(err, ErrKey) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		for range callsOfKey - 1 {
			if _, err := w.Key(ctx, made.Secret); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Key(ctx, made.Secret); !errors.Is(err, ErrTooOften) {
			t.Errorf("one call too many: %v", err)
		}
		if _, err := w.KeyAgain(ctx, made.Secret); err != nil {
			t.Errorf("a call that goes on is no further call: %v", err)
		}
		w.now = w.now.Add(time.Minute)
		if _, err := w.Key(ctx, made.Secret); err != nil {
			t.Errorf("a minute later: %v", err)
		}
		w.now = w.now.Add(time.Hour)
		if _, err := w.Key(ctx, made.Secret); !errors.Is(err, ErrKey) {
			t.Errorf("after its end: %v", err)
		}
		lasting, err := w.newKey(t, NewKey{OrganisationID: org.ID, Name: "k", Role: string(Viewer)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.store.Write().RevokeKey(ctx, db.RevokeKeyParams{OrganisationID: org.ID, ID: lasting.ID, RevokedAt: store.Micros(w.now)}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Key(ctx, lasting.Secret); !errors.Is(err, ErrKey) {
			t.Errorf("taken back: %v", err)
		}
	})
}

// TestPersonIn: a person works where they are a member and not shut out, and nowhere else.
func TestPersonIn(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		org, err := w.store.Read().FirstOrganisation(ctx)
		if err != nil {
			t.Fatal(err)
		}
		who, err := w.store.Read().FindPerson(ctx, db.FindPersonParams{Folded: "admin"})
		if err != nil {
			t.Fatal(err)
		}
		in := func(asked, usual string) (*Person, error) { return w.PersonIn(ctx, &Person{ID: who.ID}, asked, usual) }
		if p, err := in("", org.ID); err != nil || p.OrganisationID != org.ID || !p.CanAll(PeopleManage) {
			t.Errorf("%+v %v", p, err)
		}
		if _, err := in("elsewhere", org.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("an organisation of others: %v", err)
		}
		if p, err := in("", "gone"); err != nil || p.OrganisationID != org.ID {
			t.Errorf("the usual one is gone: %+v %v", p, err)
		}
		if err := w.store.Write().BlockMembership(ctx, db.BlockMembershipParams{OrganisationID: org.ID, PersonID: who.ID, BlockedAt: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := in(org.ID, org.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("shut out: %v", err)
		}
		if p, err := in("", org.ID); err != nil || p.OrganisationID != "" || len(p.Rights) != 0 || !p.MayCall(SignedIn) {
			t.Errorf("at work nowhere: %+v %v", p, err)
		}
	})
}
