package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Why a message did not go is kept as its kind and what was said, and given so wherever it is shown: of a test, of the channel, of a
// message that waits, of each attempt of a webhook.
func TestTrouble(t *testing.T) {
	both(t, 1, func(t *testing.T, w *world) {
		ctx := t.Context()
		channel := func(id string) db.NotifyChannel {
			t.Helper()
			c, err := w.store.Read().GetNotifyChannel(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		w.do(func(ctx context.Context, q *db.Queries) error {
			w.channel(ctx, q, "anna", "telegram", "42") // of a bot that was taken out of the settings
			return nil
		})
		for _, c := range []struct {
			id   string
			fail error
			want post.Trouble
		}{
			{"mail-anna", &post.TooFast{After: time.Minute}, post.Trouble{Fault: post.FaultOften, Said: "retry after 1m0s"}},
			{"mail-anna", fmt.Errorf("keep message: %w", errors.New("disk full")), post.Trouble{Said: "keep message: disk full"}},
			{"telegram-anna", nil, post.Trouble{Fault: post.FaultUnset}},
		} {
			w.now = w.now.Add(testEvery)
			w.mail.fail = c.fail
			refusal, err := w.n.TestChannel(ctx, anna, c.id)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, post.ReadTrouble(refusal)); diff != "" {
				t.Error(diff)
			}
			if got := channel(c.id); got.Error != refusal || got.FailedAt == 0 {
				t.Errorf("of the channel is kept %q at %d", got.Error, got.FailedAt)
			}
		}
		w.now, w.mail.fail = w.now.Add(testEvery), nil
		if refusal, err := w.n.TestChannel(ctx, anna, "mail-anna"); err != nil || refusal != "" || channel("mail-anna").Error != "" || channel("mail-anna").FailedAt != 0 {
			t.Errorf("a test that went leaves %q, %v", refusal, err)
		}
		w.do(func(ctx context.Context, q *db.Queries) error {
			_, err := q.DeleteNotifyChannel(ctx, "telegram-anna")
			return err
		})
		w.mail.fail = fmt.Errorf("send letter: %w", context.DeadlineExceeded)
		declare("no_paper", critical)(w)
		w.settle()
		waits := w.rows()
		if len(waits) != 1 || post.ReadTrouble(waits[0].Error) != (post.Trouble{Fault: post.FaultReach, Said: "timeout"}) {
			t.Errorf("a message that waits: %+v", waits)
		}

		s := listenToHooks(t)
		s.status = http.StatusBadGateway
		hook, _, err := w.n.PutWebhook(ctx, anna, Webhook{Name: "x", URL: s.URL}, false)
		if err != nil {
			t.Fatal(err)
		}
		d, err := w.n.TestWebhook(ctx, anna, hook.ID)
		if err != nil || len(d.Attempts) != 1 {
			t.Fatalf("%+v, %v", d, err)
		}
		want := post.Trouble{Fault: post.FaultAnswer, Said: "502"}
		if diff := cmp.Diff(want, post.ReadTrouble(d.Attempts[0].Error)); diff != "" || channel(hook.ID).Error != d.Attempts[0].Error {
			t.Errorf("%s of the webhook is kept %q", diff, channel(hook.ID).Error)
		}
	})
}

// The pages have a sentence for every kind, in every language, and none for what is no kind.
func TestTrouble_words(t *testing.T) {
	for _, lang := range []string{"ru", "kk", "en"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "web", "src", "words", lang, "notify.json"))
		if err != nil {
			t.Fatal(err)
		}
		var words struct {
			Notify struct{ Faults map[string]string }
		}
		if err := json.Unmarshal(text, &words); err != nil {
			t.Fatal(err)
		}
		// Beside the kinds: for what is of none, and how what was said is put.
		want := map[string]bool{"other": true, "said": true, "cause": true}
		for _, f := range post.Faults() {
			want[string(f)] = true
		}
		got := map[string]bool{}
		for fault, sentence := range words.Notify.Faults {
			got[fault] = strings.TrimSpace(sentence) != ""
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", lang, diff)
		}
	}
}
