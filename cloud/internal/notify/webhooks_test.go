package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// hookServer is a system that listens to webhooks, and answers as it is told to.
type hookServer struct {
	*httptest.Server
	status int
	got    []*http.Request
	bodies []string
}

func listenToHooks(t *testing.T) *hookServer {
	t.Helper()
	s := &hookServer{status: http.StatusInternalServerError}
	s.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.got, s.bodies = append(s.got, r), append(s.bodies, string(body))
		rw.WriteHeader(s.status)
	}))
	t.Cleanup(s.Close)
	return s
}

// take reads what came since.
func (s *hookServer) take(t *testing.T) (list []hookBody) {
	t.Helper()
	for _, text := range s.bodies {
		if said := spoken(text); strings.Contains(said, "Иванова") || strings.Contains(said, "1500") || strings.Contains(said, "1 500") {
			t.Errorf("an agent's own words were sent: %s", text)
		}
		var body hookBody
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			t.Fatal(err)
		}
		list = append(list, body)
	}
	s.got, s.bodies = nil, nil
	return list
}

// Webhooks: signed, tried again with pauses, written down, sent again by hand under the same id; nothing of other organisations.
func TestNotify_webhook(t *testing.T) {
	both(t, 2, func(t *testing.T, w *world) {
		s := listenToHooks(t)
		hook, secret, err := w.n.PutWebhook(t.Context(), anna, Webhook{Name: "Учёт", URL: s.URL + "/hook", Events: []string{"device"}, Node: "outlet0"}, false)
		if err != nil {
			t.Fatal(err)
		}
		w.shops[1].state.Problems = []*fiscalv1.Problem{{Code: "no_paper", Severity: critical}} // not under its node
		declare("no_paper", critical)(w)
		w.settle()
		w.settle()
		if len(s.got) < 3 {
			t.Fatalf("asked %d times", len(s.got))
		}
		for i, r := range s.got {
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte(r.Header.Get(post.TimestampHeader) + "." + s.bodies[i]))
			if r.Header.Get(post.SignatureHeader) != "v1="+hex.EncodeToString(mac.Sum(nil)) || r.Header.Get(post.DeliveryHeader) != s.got[0].Header.Get(post.DeliveryHeader) || s.bodies[i] != s.bodies[0] {
				t.Errorf("attempt %d: %v", i, r.Header)
			}
		}
		var body hookBody
		if err := json.Unmarshal([]byte(s.bodies[0]), &body); err != nil || body.Event != "device" || body.Kind != "began" || len(body.Tills) != 1 || body.Tills[0].Name != "Касса 0" || strings.Contains(s.bodies[0], "Иванова") {
			t.Errorf("%v: %s", err, s.bodies[0])
		}
		list, _, err := w.n.Deliveries(t.Context(), anna, hook.ID, false, "")
		if err != nil || len(list) != 1 || len(list[0].Attempts) != len(s.got) || list[0].Attempts[0].Status != 500 {
			t.Fatalf("%v: %+v", err, list)
		}
		before := len(s.got)
		s.status = http.StatusNoContent
		d, err := w.n.ResendDelivery(t.Context(), anna, list[0].Row.ID)
		if err != nil || d.Row.State != sent || len(s.got) != before+1 || s.got[before].Header.Get(post.DeliveryHeader) != s.got[0].Header.Get(post.DeliveryHeader) {
			t.Errorf("resent: %v %+v", err, d.Row)
		}
		stranger := &access.Person{ID: "x", OrganisationID: "other", Rights: []access.Right{access.Administrator.In("other", "")}}
		if _, err := w.n.ResendDelivery(t.Context(), stranger, list[0].Row.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("a stranger resends: %v", err)
		}
		if _, _, err := w.n.Deliveries(t.Context(), stranger, hook.ID, false, ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("a stranger reads: %v", err)
		}
		for _, address := range []string{"http://10.0.0.1/", "ftp://example.ru", "http://169.254.169.254/latest"} {
			if _, _, err := w.n.PutWebhook(t.Context(), anna, Webhook{Name: "x", URL: address}, false); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", address, err)
			}
		}
	})
}

// A service centre's own webhook is told of the tills in its hands and of no others, and of none from the moment a grant is taken back or
// ends: not of what waits to be tried again either, and not by hand.
func TestNotify_webhookService(t *testing.T) {
	both(t, 3, func(t *testing.T, w *world) {
		s := listenToHooks(t)
		s.status = http.StatusNoContent
		ends := w.now.Add(40 * day)
		centre := func(id string) (*access.Person, string) {
			w.do(func(ctx context.Context, q *db.Queries) error {
				return q.AddOrganisation(ctx, db.AddOrganisationParams{ID: id, Name: id, Kind: access.KindService})
			})
			p := &access.Person{ID: "admin of " + id, OrganisationID: id, Rights: []access.Right{access.Administrator.In(id, "")}}
			hook, _, err := w.n.PutWebhook(t.Context(), p, Webhook{Name: "Заявки", URL: s.URL + "/" + id}, false)
			if err != nil {
				t.Fatal(err)
			}
			return p, hook.ID
		}
		grant := func(service, node string, given bool, ends, revoked time.Time) {
			g := db.CreateGrantParams{ID: service + node, OrganisationID: owner, ServiceID: service, NodeID: node, OfferedAt: 1}
			if given {
				g.GivenAt, g.GivenBy = 1, "anna"
			}
			if !ends.IsZero() {
				g.EndsAt = store.Micros(ends)
			}
			w.do(func(ctx context.Context, q *db.Queries) error {
				if err := q.CreateGrant(ctx, g); err != nil || revoked.IsZero() {
					return err
				}
				_, err := q.RevokeGrant(ctx, db.RevokeGrantParams{ID: g.ID, OrganisationID: owner, RevokedAt: store.Micros(revoked), RevokedBy: "anna"})
				return err
			})
		}
		gleb, hook := centre("centre")
		grant("centre", "outlet0", true, ends, time.Time{})
		grant("centre", "outlet1", true, time.Time{}, time.Time{})
		centre("stranger")
		centre("offered")
		grant("offered", "", false, time.Time{}, time.Time{})
		centre("ended")
		grant("ended", "", true, w.now.Add(-time.Second), time.Time{})
		centre("revoked")
		grant("revoked", "", true, time.Time{}, w.now)
		told := func(what string, want ...string) (bodies []hookBody) {
			t.Helper()
			var got []string
			for _, r := range s.got {
				if r.URL.Path != "/centre" {
					t.Errorf("%s: told %s", what, r.URL.Path)
				}
			}
			bodies = s.take(t)
			for _, b := range bodies {
				line := b.Event + " " + b.Kind
				for _, till := range b.Tills {
					line += " " + till.OutletID
				}
				got = append(got, line)
				if b.Organisation != owner {
					t.Errorf("%s: of %s", what, b.Organisation)
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: %s", what, d)
			}
			return bodies
		}

		// One shop in its hands, one that is not.
		declare("no_paper", critical)(w)
		w.shops[2].state.Problems = w.shops[0].state.Problems
		w.settle()
		told("paper", "device began outlet0")
		w.shops[0].state.Problems, w.shops[2].state.Problems = nil, nil
		w.settle()
		told("paper again", "device ended outlet0")

		// A cause that all three share, the worst of it in the shop of others, and a listener that is out of order.
		s.status = http.StatusInternalServerError
		for i, shop := range w.shops {
			shop.state.Delivery = &fiscalv1.Delivery{Operator: "Такском"}
			shop.state.Unsent, shop.state.UnsentFrom = 5, w.civil(24*time.Hour)
			if i == 2 {
				shop.state.Unsent, shop.state.UnsentFrom = 99, w.civil(11*day)
			}
		}
		w.pass(0)
		w.pass(11 * time.Minute)
		bodies := told("queue", "ofd_queue began outlet0 outlet1")
		if b := bodies[0]; !strings.Contains(b.Title, "2 кассы") || !strings.Contains(b.Title, "не передано в ОФД: 5,") || b.Args["count"] != "5" {
			t.Errorf("it tells of tills of others: %+v", b)
		}
		for _, m := range w.mail.sent {
			if strings.Contains(m.Subject, "Такском") && !strings.Contains(m.Subject, "3 кассы: не передано в ОФД: 99,") {
				t.Errorf("the owner is told %q", m.Subject)
			}
		}
		list, _, err := w.n.Deliveries(t.Context(), gleb, hook, false, "")
		if err != nil || len(list) != 3 || list[0].Row.State != going {
			t.Fatalf("%v: %+v", err, list)
		}
		id := list[0].Row.ID
		w.do(func(ctx context.Context, q *db.Queries) error {
			_, err := q.RevokeGrant(ctx, db.RevokeGrantParams{ID: "centreoutlet1", OrganisationID: owner, RevokedAt: store.Micros(w.now), RevokedBy: "anna"})
			return err
		})
		w.pass(15 * time.Second)
		bodies = told("one grant revoked", "ofd_queue began outlet0")
		if b := bodies[0]; b.ID != id || strings.Contains(b.Title, "2 кассы") || b.URL != "https://kassa.example/tills/"+w.tillID(0) {
			t.Errorf("one grant revoked: %+v", b)
		}

		// The last grant ends by its term while the delivery waits for its next try.
		w.now = ends
		if err := w.n.Send(t.Context()); err != nil {
			t.Fatal(err)
		}
		told("the last grant ended")
		list, _, err = w.n.Deliveries(t.Context(), gleb, hook, false, "")
		if err != nil || len(list) != 3 || list[0].Row.ID != id || list[0].Row.State != dropped {
			t.Fatalf("%v: %+v", err, list)
		}
		for _, d := range list {
			if d.Row.Body != "" {
				t.Errorf("the log tells of tills of others: %s", d.Row.Body)
			}
			if _, err := w.n.ResendDelivery(t.Context(), gleb, d.Row.ID); !errors.Is(err, ErrInvalid) {
				t.Errorf("resent by hand: %v", err)
			}
		}
		s.status = http.StatusNoContent
		for _, shop := range w.shops {
			shop.state.Unsent, shop.state.UnsentFrom = 0, ""
		}
		w.settle()
		w.settle()
		told("when all is well")
		list, _, err = w.n.Deliveries(t.Context(), gleb, hook, false, "")
		if err != nil || len(list) != 3 {
			t.Errorf("written after the end: %v %+v", err, list)
		}
	})
}
