package notify

import (
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

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/post"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Webhooks: signed, tried again with pauses, written down, sent again by hand under the same id; nothing of other organisations.
func TestNotify_webhook(t *testing.T) {
	both(t, 2, func(t *testing.T, w *world) {
		var got []*http.Request
		var bodies []string
		status := http.StatusInternalServerError
		s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got, bodies = append(got, r), append(bodies, string(body))
			rw.WriteHeader(status)
		}))
		t.Cleanup(s.Close)
		hook, secret, err := w.n.PutWebhook(t.Context(), anna, Webhook{Name: "Учёт", URL: s.URL + "/hook", Events: []string{"device"}, Node: "outlet0"}, false)
		if err != nil {
			t.Fatal(err)
		}
		w.shops[1].state.Problems = []*fiscalv1.Problem{{Code: "no_paper", Severity: critical}} // not under its node
		declare("no_paper", critical)(w)
		w.settle()
		w.settle()
		if len(got) < 3 {
			t.Fatalf("asked %d times", len(got))
		}
		for i, r := range got {
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte(r.Header.Get(post.TimestampHeader) + "." + bodies[i]))
			if r.Header.Get(post.SignatureHeader) != "v1="+hex.EncodeToString(mac.Sum(nil)) || r.Header.Get(post.DeliveryHeader) != got[0].Header.Get(post.DeliveryHeader) || bodies[i] != bodies[0] {
				t.Errorf("attempt %d: %v", i, r.Header)
			}
		}
		var body hookBody
		if err := json.Unmarshal([]byte(bodies[0]), &body); err != nil || body.Event != "device" || body.Kind != "began" || len(body.Tills) != 1 || body.Tills[0].Name != "Касса 0" || strings.Contains(bodies[0], "Иванова") {
			t.Errorf("%v: %s", err, bodies[0])
		}
		list, _, err := w.n.Deliveries(t.Context(), anna, hook.ID, false, "")
		if err != nil || len(list) != 1 || len(list[0].Attempts) != len(got) || list[0].Attempts[0].Status != 500 {
			t.Fatalf("%v: %+v", err, list)
		}
		before := len(got)
		status = http.StatusNoContent
		d, err := w.n.ResendDelivery(t.Context(), anna, list[0].Row.ID)
		if err != nil || d.Row.State != sent || len(got) != before+1 || got[before].Header.Get(post.DeliveryHeader) != got[0].Header.Get(post.DeliveryHeader) {
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
