package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/post"
)

// stateSent is the state under a name that no local one hides.
const stateSent = sent

// The cabinet dies between deciding and sending, and between sending and noting it: one row, one id.
func TestNotify_restart(t *testing.T) {
	both(t, 1, func(t *testing.T, w *world) {
		declare("no_paper", critical)(w)
		w.pass(0)
		w.now = w.now.Add(10 * time.Minute)
		w.report()
		if err := w.n.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.start()
		w.look() // nothing is known yet of the new cabinet's agents
		w.pass(time.Minute)
		want(t, w.mail.take(), "Касса 0 (Магазин 0): в кассе нет бумаги")
		w.settle()
		want(t, w.mail.take())

		// It went, and nobody noted that it did.
		dying, die := context.WithCancel(t.Context())
		w.post.Mail = senderFunc(func(ctx context.Context, m post.Message) error {
			die()
			return w.mail.Send(ctx, m)
		})
		w.shops[0].state.Problems = nil
		w.pass(0)
		w.now = w.now.Add(10 * time.Minute)
		w.report()
		if err := w.n.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		_ = w.n.Send(dying) // was killed
		w.post.Mail = w.mail
		w.start()
		w.settle()
		sent := w.mail.sent
		if len(sent) != 2 || sent[0].ID == "" || sent[0].ID != sent[1].ID {
			t.Errorf("sent again under another id: %+v", sent)
		}
		var rows int
		for _, c := range w.rows() {
			if c.State == stateSent {
				rows++
			}
		}
		if rows != 2 {
			t.Errorf("%d messages are noted as sent", rows)
		}
	})
}

// What a way does not take is tried again later under the same id, and given up when it is refused for good.
func TestNotify_tries(t *testing.T) {
	both(t, 1, func(t *testing.T, w *world) {
		w.mail.fail = errors.New("no way out")
		declare("no_paper", critical)(w)
		w.settle()
		w.settle()
		ids := map[string]bool{}
		for _, m := range w.mail.sent {
			ids[m.ID] = true
		}
		if len(w.mail.sent) < 3 || len(ids) != 1 {
			t.Errorf("%d tries under %d ids", len(w.mail.sent), len(ids))
		}
		w.mail.fail = fmt.Errorf("no such mailbox: %w", post.ErrRefused)
		for range 8 {
			w.pass(time.Hour)
		}
		if rows := w.rows(); len(rows) != 1 || rows[0].State != failed || !strings.Contains(rows[0].Error, "no such mailbox") {
			t.Errorf("%+v", rows)
		}
	})
}
