package notify

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Who is told: by rules, of what they may see when it is sent.
func TestNotify_people(t *testing.T) {
	both(t, 2, func(t *testing.T, w *world) {
		boris := w.person(owner, "boris", access.Viewer, "outlet1")
		w.person(owner, "vera", access.Viewer, "outlet0")
		for _, r := range []struct {
			who  *access.Person
			rule Rule
		}{
			{anna, Rule{Role: string(access.Viewer), Events: []string{"device"}, Kinds: []string{"mail"}}},
			{boris, Rule{Own: true, Events: []string{"silence"}}},
			{anna, Rule{Own: true, Node: "outlet1"}},
		} {
			if _, err := w.n.PutRule(t.Context(), r.who, r.rule); err != nil {
				t.Fatal(err)
			}
		}
		declare("no_paper", critical)(w)
		w.settle()
		if len(w.mail.sent) != 1 || w.mail.sent[0].To != "vera@example.ru" {
			t.Errorf("of the first shop: %+v", w.mail.sent)
		}
		w.mail.take()
		w.shops[0].state.Problems = nil
		w.settle()
		w.mail.take()

		// Vera leaves before a message in her quiet hours is sent.
		w.do(func(ctx context.Context, q *db.Queries) error {
			s := Usual("ru", "ru")
			s.Zone, s.QuietFrom, s.QuietTo, s.UrgentPasses = "UTC", 0, 23*60, false
			return putSettings(ctx, q, "vera", s)
		})
		declare("cover_open", critical)(w)
		w.settle()
		want(t, w.mail.take())
		w.do(func(ctx context.Context, q *db.Queries) error {
			return q.UnassignAll(ctx, db.UnassignAllParams{OrganisationID: owner, PersonID: "vera"})
		})
		w.pass(12 * time.Hour)
		want(t, w.mail.take())
	})
}

// A service centre hears of the tills handed to it and of no others, by rules of its own, without money or names.
func TestNotify_service(t *testing.T) {
	both(t, 2, func(t *testing.T, w *world) {
		w.do(func(ctx context.Context, q *db.Queries) error {
			if err := q.AddOrganisation(ctx, db.AddOrganisationParams{ID: "centre", Name: "ЦТО", Kind: access.KindService}); err != nil {
				return err
			}
			return q.CreateGrant(ctx, db.CreateGrantParams{ID: "g", OrganisationID: owner, ServiceID: "centre", NodeID: "outlet0", GivenAt: 1, GivenBy: "anna"})
		})
		w.person("centre", "gleb", access.Administrator, "")
		w.shops[1].state.Problems = []*fiscalv1.Problem{{Code: "no_paper", Severity: critical}}
		declare("no_paper", critical)(w)
		w.settle()
		to := map[string]int{}
		for _, m := range w.mail.sent {
			to[m.To]++
			if m.To == "gleb@example.ru" && !strings.Contains(m.Subject, "Магазин 0") {
				t.Errorf("told the centre: %s", m.Subject)
			}
		}
		if diff := cmp.Diff(map[string]int{"anna@example.ru": 2, "gleb@example.ru": 1}, to); diff != "" {
			t.Error(diff)
		}
		w.mail.take()
		w.do(func(ctx context.Context, q *db.Queries) error {
			_, err := q.RevokeGrant(ctx, db.RevokeGrantParams{ID: "g", OrganisationID: owner, RevokedAt: store.Micros(w.now), RevokedBy: "anna"})
			return err
		})
		w.shops[0].state.Problems = nil
		w.settle()
		for _, m := range w.mail.sent {
			if m.To == "gleb@example.ru" {
				t.Errorf("told a centre whose grant was taken back: %s", m.Subject)
			}
		}
	})
}

// Quiet hours hold back, what is over by then is not told at all, and a bad night comes as one letter.
func TestNotify_quiet(t *testing.T) {
	both(t, 6, func(t *testing.T, w *world) {
		w.do(func(ctx context.Context, q *db.Queries) error {
			s := Usual("ru", "ru")
			s.Zone, s.QuietFrom, s.QuietTo = "UTC", 12*60, 20*60
			return putSettings(ctx, q, "anna", s)
		})
		for i := range 4 {
			w.shops[i+1].state.Problems = []*fiscalv1.Problem{{Code: "clock", Severity: warning}}
		}
		w.shops[5].state.Problems = []*fiscalv1.Problem{{Code: "paper_owed", Severity: warning}}
		w.settle()
		w.shops[5].state.Problems = nil
		w.settle()
		want(t, w.mail.take())
		declare("needs_person", critical)(w) // red: it passes
		w.settle()
		want(t, w.mail.take(), "Касса 0 (Магазин 0): не удалось выяснить, пробит ли последний документ")
		w.pass(w.now.Truncate(day).Add(20 * time.Hour).Sub(w.now))
		text := ""
		for _, m := range w.mail.sent {
			text += m.Text
		}
		got := w.mail.take()
		if len(got) == 0 || !strings.HasPrefix(got[0], "Чекан: сводка, ") || strings.Count(text, "касса потеряла время") != 4 || strings.Contains(text, "не допечатан") {
			t.Errorf("at the end of quiet hours: %q\n%s", got, text)
		}
	})
}

func TestNotify_digest(t *testing.T) {
	both(t, 2, func(t *testing.T, w *world) {
		w.do(func(ctx context.Context, q *db.Queries) error {
			s := Usual("en", "ru")
			s.Zone, s.QuietFrom, s.QuietTo, s.Digest, s.DigestAt = "UTC", 0, 0, Daily, 18*60
			return putSettings(ctx, q, "anna", s)
		})
		for _, s := range w.shops {
			s.state.Problems = []*fiscalv1.Problem{{Code: "clock", Severity: warning}}
		}
		w.settle()
		want(t, w.mail.take())
		w.pass(w.now.Truncate(day).Add(18 * time.Hour).Sub(w.now))
		want(t, w.mail.take(), "Chekan: summary, 2 events")
	})
}
