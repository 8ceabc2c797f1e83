package people

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

// box keeps what was sent.
type box struct {
	mu   sync.Mutex
	sent []post.Message
	down bool
}

func (b *box) Send(_ context.Context, m post.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return errors.New("no way out")
	}
	b.sent = append(b.sent, m)
	return nil
}

// token is the secret in the last message's link.
func (b *box) token(t *testing.T) string {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.sent) == 0 {
		t.Fatal("nothing was sent")
	}
	_, token, ok := strings.Cut(b.sent[len(b.sent)-1].Text, "https://cabinet.example"+InvitePath)
	if !ok {
		t.Fatalf("no link in %q", b.sent[len(b.sent)-1].Text)
	}
	return strings.Fields(token)[0]
}

// world is an organisation with an administrator, a department, an outlet in it, and one beside.
type world struct {
	*People
	t         *testing.T
	now       time.Time
	mail, sms *box
	org       string
	chief     string // person id of the first administrator
}

func newWorld(t *testing.T, s *store.Store) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), mail: &box{}, sms: &box{}}
	clock := func() time.Time { return w.now }
	authority, err := access.OpenAuthority(t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	a, err := access.New(s, authority, log, clock)
	if err != nil {
		t.Fatal(err)
	}
	w.People = New(s, a, &post.Post{Mail: w.mail, SMS: w.sms}, "https://cabinet.example/", log, clock)
	w.chief = w.person("anna@example.ru", "Анна")
	w.org = w.organisation(access.KindOwner, "ООО «Ромашка»", w.chief)
	ctx := t.Context()
	if err := s.Tx(ctx, func(q *db.Queries) error { return put(ctx, q, w.org) }); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) person(login, name string) string {
	w.t.Helper()
	id := store.NewID()
	if err := w.store.Write().CreatePerson(w.t.Context(), db.CreatePersonParams{ID: id, Login: login, Folded: login, Name: name, Password: "x", CreatedAt: 1}); err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) organisation(kind, name, chief string) string {
	w.t.Helper()
	o, err := w.Create(w.t.Context(), &access.Person{ID: chief}, Organisation{Kind: kind, Name: name})
	if err != nil {
		w.t.Fatal(err)
	}
	return o.ID
}

// as gives a person with the rights they have now.
func (w *world) as(person string) *access.Person {
	w.t.Helper()
	p, err := w.access.PersonIn(w.t.Context(), &access.Person{ID: person, Login: "login of " + person}, w.org, w.org)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// joins makes a person work in the organisation with some rights.
func (w *world) joins(login string, list ...Assignment) string {
	w.t.Helper()
	if _, err := w.Invite(w.t.Context(), w.as(w.chief), login, "", list, "ru"); err != nil {
		w.t.Fatal(err)
	}
	id := w.person(login, "Имя "+login)
	if _, err := w.Accept(w.t.Context(), w.mail.token(w.t), id); err != nil {
		w.t.Fatal(err)
	}
	return id
}

func refused(t *testing.T, err error, kind error, reason string) {
	t.Helper()
	r, ok := errors.AsType[*Refusal](err)
	if !ok || !errors.Is(err, kind) || r.Reason != reason {
		t.Errorf("%v; want %v because of %s", err, kind, reason)
	}
}

// acts gives the acts of the organisation's journal, oldest first.
func (w *world) acts(organisation string) (list []string) {
	w.t.Helper()
	rows, _, err := audit.New(w.store).List(w.t.Context(), organisation, audit.Filter{}, 0, 500)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range rows {
		list = append([]string{r.Act}, list...)
	}
	return list
}

func TestInvitation(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w, ctx := newWorld(t, s), t.Context()
		i, err := w.Invite(ctx, w.as(w.chief), " Boris@Example.RU ", "Борис", []Assignment{{"accountant", ""}, {"viewer", "shop"}}, "ru")
		if err != nil || i.SentAt == 0 {
			t.Fatalf("%+v, %v", i, err)
		}
		if m := w.mail.sent[0]; m.To != i.Recipient || !strings.Contains(m.Subject, "ООО «Ромашка»") || !strings.Contains(m.Text, "11.03.2026") {
			t.Errorf("sent %+v", m)
		}
		token := w.mail.token(t)
		if got, err := w.Invitation(ctx, token); err != nil || got.Organisation != "ООО «Ромашка»" || len(got.Assignments) != 2 || got.Name != "Борис" {
			t.Errorf("%+v, %v", got, err)
		}
		boris := w.person("boris@example.ru", "Борис")
		org, err := w.Accept(ctx, token, boris)
		if err != nil || org != w.org {
			t.Fatal(org, err)
		}
		p := w.as(boris)
		if !p.CanAll(access.MoneyView) || p.Can(access.PeopleManage) {
			t.Errorf("may %v", p.Permissions())
		}
		if _, err := w.Accept(ctx, token, boris); !errors.Is(err, ErrInvitation) {
			t.Errorf("accepted twice: %v", err)
		}
		if _, err := w.Accept(ctx, "no such token", boris); !errors.Is(err, ErrInvitation) {
			t.Errorf("a token of nobody: %v", err)
		}
		if d := cmp.Diff([]string{"organisation.created", "person.invited", "person.joined"}, w.acts(w.org)); d != "" {
			t.Error(d)
		}
	})
}

func TestInvitation_void(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w, ctx := newWorld(t, s), t.Context()
		vera := w.person("vera@example.ru", "Вера")
		invite := func(to string) (Invitation, string) {
			t.Helper()
			i, err := w.Invite(ctx, w.as(w.chief), to, "", []Assignment{{"viewer", ""}}, "en")
			if err != nil {
				t.Fatal(err)
			}
			return i, w.mail.token(t)
		}
		i, first := invite("vera@example.ru")
		_, err := w.Invite(ctx, w.as(w.chief), "vera@example.ru", "", []Assignment{{"viewer", ""}}, "en")
		refused(t, err, ErrConflict, "invited")
		_, err = w.Resend(ctx, w.as(w.chief), i.ID, "en")
		refused(t, err, ErrOften, "sent_just_now")
		w.now = w.now.Add(2 * time.Minute)
		if _, err := w.Resend(ctx, w.as(w.chief), i.ID, "en"); err != nil {
			t.Fatal(err)
		}
		second := w.mail.token(t)
		if _, err := w.Accept(ctx, first, vera); !errors.Is(err, ErrInvitation) || first == second {
			t.Errorf("the link before is good: %v", err)
		}
		if err := w.Uninvite(ctx, w.as(w.chief), i.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Accept(ctx, second, vera); !errors.Is(err, ErrInvitation) {
			t.Errorf("taken back and good: %v", err)
		}
		refused(t, w.Uninvite(ctx, w.as(w.chief), i.ID), ErrNotFound, "no_invitation")

		_, late := invite("vera@example.ru")
		w.now = w.now.Add(InvitationLife)
		if _, err := w.Accept(ctx, late, vera); !errors.Is(err, ErrInvitation) {
			t.Errorf("ended and good: %v", err)
		}

		w.sms.down = true
		down, err := w.Invite(ctx, w.as(w.chief), "8 916 123-45-67", "", []Assignment{{"viewer", ""}}, "kk")
		if err != nil || down.SentAt != 0 || down.Recipient != "+79161234567" {
			t.Errorf("%+v, %v", down, err)
		}
		w.sms.down = false
		if down, err = w.Resend(ctx, w.as(w.chief), down.ID, "kk"); err != nil || down.SentAt == 0 || len(w.sms.sent) != 1 {
			t.Errorf("%+v, %v, sent %v", down, err, w.sms.sent)
		}

		for reason, list := range map[string][]Assignment{"no_roles": nil, "no_role": {{"captain", ""}}, "no_node": {{"viewer", "moon"}}} {
			_, err := w.Invite(ctx, w.as(w.chief), "x@example.ru", "", list, "ru")
			if r, ok := errors.AsType[*Refusal](err); !ok || r.Reason != reason {
				t.Errorf("%v: %v", list, err)
			}
		}
		for _, to := range []string{"", "x", "x@", "12", "a@b@c.ru"} {
			_, err := w.Invite(ctx, w.as(w.chief), to, "", []Assignment{{"viewer", ""}}, "ru")
			refused(t, err, ErrInvalid, "recipient")
		}
	})
}

// TestInvitation_inviter: an invitation gives no more than its inviter may give at the time it is accepted.
func TestInvitation_inviter(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w, ctx := newWorld(t, s), t.Context()
		second := w.joins("second@example.ru", Assignment{"administrator", ""})
		if _, err := w.Invite(ctx, w.as(second), "friend@example.ru", "", []Assignment{{"administrator", ""}}, "ru"); err != nil {
			t.Fatal(err)
		}
		token := w.mail.token(t)
		if _, err := w.SetRights(ctx, w.as(w.chief), second, []Assignment{{"viewer", ""}}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Accept(ctx, token, w.person("friend@example.ru", "")); !errors.Is(err, ErrInvitation) {
			t.Errorf("an administrator made by who is none: %v", err)
		}
		if _, err := w.Block(ctx, w.as(w.chief), second, true); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Accept(ctx, token, w.person("friend2@example.ru", "")); !errors.Is(err, ErrInvitation) {
			t.Errorf("invited by who is shut out: %v", err)
		}
		// Who was shut out does not come back by a link.
		if _, err := w.Invite(ctx, w.as(w.chief), "other@example.ru", "", []Assignment{{"viewer", ""}}, "ru"); err != nil {
			t.Fatal(err)
		}
		token = w.mail.token(t)
		if _, err := w.Accept(ctx, token, second); !errors.Is(err, ErrInvitation) {
			t.Errorf("shut out and back: %v", err)
		}
		if _, err := w.Accept(ctx, token, w.person("other@example.ru", "")); err != nil {
			t.Errorf("the link was spent by who may not use it: %v", err)
		}
	})
}

func TestRights(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w, ctx := newWorld(t, s), t.Context()
		head := w.joins("head@example.ru", Assignment{"administrator", "north"})
		clerk := w.joins("clerk@example.ru", Assignment{"viewer", "shop"}, Assignment{"accountant", "south"})
		other := w.joins("other@example.ru", Assignment{"viewer", "south"})

		list, err := w.Members(ctx, w.as(head))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for _, m := range list {
			seen[m.ID] = len(m.Assignments)
			if m.ID == clerk && !m.Elsewhere {
				t.Error("rights elsewhere are not told")
			}
		}
		if d := cmp.Diff(map[string]int{head: 1, clerk: 1}, seen); d != "" {
			t.Errorf("the head of the north sees: %s", d)
		}

		if _, err := w.SetRights(ctx, w.as(head), clerk, []Assignment{{"technician", "shop"}}); err != nil {
			t.Fatal(err)
		}
		p := w.as(clerk)
		shop, south := access.Place{OrganisationID: w.org, Path: []string{"north", "shop"}}, access.Place{OrganisationID: w.org, Path: []string{"south"}}
		if !p.CanAt(access.TillsRecover, shop) || !p.CanAt(access.MoneyView, south) {
			t.Error("what the head may not look at did not stay")
		}
		_, err = w.SetRights(ctx, w.as(head), clerk, []Assignment{{"technician", "south"}})
		refused(t, err, ErrNotFound, "no_node")
		_, err = w.SetRights(ctx, w.as(head), clerk, []Assignment{{"technician", ""}})
		refused(t, err, ErrNotFound, "no_node")
		_, err = w.SetRights(ctx, w.as(head), other, []Assignment{{"viewer", "shop"}})
		refused(t, err, ErrNotFound, "no_person")
		_, err = w.SetRights(ctx, w.as(head), "nobody", []Assignment{{"viewer", "shop"}})
		refused(t, err, ErrNotFound, "no_person")
		refused(t, w.Remove(ctx, w.as(head), clerk), ErrDenied, "not_yours")
		if _, err := w.SetRights(ctx, w.as(head), clerk, nil); err != nil {
			t.Errorf("rights elsewhere remain: %v", err)
		}
		_, err = w.SetRights(ctx, w.as(w.chief), other, nil)
		refused(t, err, ErrInvalid, "no_roles")

		// A manager who sees no money gives none, and takes none away.
		role, err := w.PutRole(ctx, w.as(w.chief), Role{Name: "Кадры", May: access.SetOf(access.PeopleManage, access.TillsView)})
		if err != nil {
			t.Fatal(err)
		}
		hr := w.joins("hr@example.ru", Assignment{role.ID, ""})
		_, err = w.SetRights(ctx, w.as(hr), other, []Assignment{{"viewer", "south"}, {"accountant", "south"}})
		refused(t, err, ErrDenied, "beyond")
		_, err = w.SetRights(ctx, w.as(hr), clerk, []Assignment{{"viewer", "south"}})
		refused(t, err, ErrDenied, "beyond")
		_, err = w.Block(ctx, w.as(hr), clerk, true)
		refused(t, err, ErrDenied, "beyond")
		if _, err := w.SetRights(ctx, w.as(hr), other, []Assignment{{"viewer", ""}}); err != nil {
			t.Error(err)
		}
		_, err = w.SetRights(ctx, w.as(hr), hr, []Assignment{{"administrator", ""}})
		refused(t, err, ErrDenied, "beyond")
	})
}

func TestLastAdministrator(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w, ctx := newWorld(t, s), t.Context()
		second := w.joins("second@example.ru", Assignment{"administrator", "north"})
		_, err := w.SetRights(ctx, w.as(w.chief), w.chief, []Assignment{{"viewer", ""}})
		refused(t, err, ErrConflict, "last_administrator")
		_, err = w.Block(ctx, w.as(w.chief), w.chief, true)
		refused(t, err, ErrConflict, "yourself")
		if _, err := w.SetRights(ctx, w.as(w.chief), second, []Assignment{{"administrator", ""}}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Block(ctx, w.as(second), w.chief, true); err != nil {
			t.Fatal(err)
		}
		_, err = w.SetRights(ctx, w.as(second), second, []Assignment{{"viewer", ""}})
		refused(t, err, ErrConflict, "last_administrator") // the other one is shut out
		if _, err := w.access.PersonIn(ctx, &access.Person{ID: w.chief}, w.org, w.org); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("who is shut out works here: %v", err)
		}
		if _, err := w.Block(ctx, w.as(second), w.chief, false); err != nil {
			t.Fatal(err)
		}
		if err := w.Remove(ctx, w.as(second), w.chief); err != nil {
			t.Fatal(err)
		}
		if list, err := w.Members(ctx, w.as(second)); err != nil || len(list) != 1 || !list[0].LastOne || list[0].MayRemove {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// TestLastAdministrator_together: two administrators who take each other away at once do not both succeed.
func TestLastAdministrator_together(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w, ctx := newWorld(t, s), t.Context()
		second := w.joins("second@example.ru", Assignment{"administrator", ""})
		a, b := w.as(w.chief), w.as(second)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		wg.Go(func() { errs[0] = w.Remove(ctx, a, second) })
		wg.Go(func() { errs[1] = w.Remove(ctx, b, w.chief) })
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("%v and %v", errs[0], errs[1])
		}
		chiefs, err := w.administrated(ctx, s.Read(), w.org)
		if err != nil || len(chiefs) != 1 {
			t.Errorf("administered by %v, %v", chiefs, err)
		}
	})
}
