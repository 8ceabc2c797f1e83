package notify

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// firstPause and mostPause bound the wait after the bot's server did not answer.
const firstPause, mostPause = time.Second, 2 * time.Minute

// botName gives the bot's name; empty when nobody knows it now.
func (n *Notify) botName(ctx context.Context) string {
	if n.post.Telegram == nil {
		return ""
	}
	n.mu.Lock()
	name := n.bot
	n.mu.Unlock()
	if name != "" {
		return name
	}
	name, err := n.post.Telegram.Name(ctx)
	if err != nil {
		n.log.WarnContext(ctx, "name of the bot not known", "error", err)
		return ""
	}
	n.mu.Lock()
	n.bot = name
	n.mu.Unlock()
	return name
}

// Bot gives the bot's name; empty without one.
func (n *Notify) Bot(ctx context.Context) string { return n.botName(ctx) }

// listen takes what people write to the bot, until ctx ends.
func (n *Notify) listen(ctx context.Context) { hearOn(ctx, n.log, n.Hear) }

// hearOn asks again and again, from the number on that the last answer gave, until ctx ends. Who does not answer, or answers at once that
// there is nothing, is asked no faster than every firstPause, and one that goes on to fail ever more seldom.
func hearOn(ctx context.Context, log *slog.Logger, hear func(ctx context.Context, from int64) (next int64, err error)) {
	from, wait := int64(0), firstPause
	for ctx.Err() == nil {
		began := time.Now()
		next, err := hear(ctx, from)
		pause := time.Duration(0)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			if next == 0 || next == from {
				pause = firstPause - time.Since(began)
			}
			from, wait = next, firstPause
		default:
			if fast, ok := errors.AsType[*post.TooFast](err); ok {
				wait = max(wait, min(fast.After, mostPause))
			}
			log.WarnContext(ctx, "bot not heard", "error", err, "again", wait)
			pause, wait = wait, min(2*wait, mostPause)
		}
		if pause <= 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// Hear asks once for what was written to the bot, from a number on, and gives the next number; 0 when there was nothing. Telegram keeps
// what nobody has asked beyond, so that nothing is kept here; and as it has forgotten the rest then, and after a week without a message
// goes on with a number at random (https://core.telegram.org/bots/api#update), a smaller one too, the next question is for whatever comes.
func (n *Notify) Hear(ctx context.Context, from int64) (int64, error) {
	news, err := n.post.Telegram.Updates(ctx, from)
	if err != nil {
		return from, err
	}
	slices.SortFunc(news, func(a, b post.Update) int { return cmp.Compare(a.ID, b.ID) })
	if len(news) == 0 {
		return 0, nil
	}
	next := from
	for _, u := range news {
		if u.ID < next {
			continue // answered already
		}
		next = u.ID + 1
		if u.Chat == "0" || u.Text == "" {
			continue
		}
		if err := n.heard(ctx, u); err != nil {
			n.log.WarnContext(ctx, "message to the bot not understood", "error", err)
		}
	}
	return next, nil
}

// heard answers one message.
func (n *Notify) heard(ctx context.Context, u post.Update) error {
	w := wordsIn("ru")
	say := func(text string) error { return n.post.Telegram.Send(ctx, post.Message{To: u.Chat, Text: text}) }
	code, ok := strings.CutPrefix(u.Text, "/start")
	code = strings.TrimSpace(code)
	if !ok || code == "" {
		if !u.Private {
			return nil // a group speaks of its own affairs
		}
		return say(w.Hello)
	}
	q := n.store.Read()
	c, err := q.FindNotifyChannelByCode(ctx, db.FindNotifyChannelByCodeParams{Kind: "telegram", CodeHash: codeHash("telegram", code), Now: store.Micros(n.now())})
	if store.NotFound(err) {
		return say(w.Unlinked)
	} else if err != nil {
		return err
	}
	s, err := n.settings(ctx, c.PersonID, "")
	if err != nil {
		return err
	}
	w = wordsIn(s.Language)
	way, err := q.GetPersonWay(ctx, c.PersonID)
	if err != nil {
		return err
	}
	// The same chat once more is the one there is.
	if same, err := q.FindNotifyChannel(ctx, db.FindNotifyChannelParams{PersonID: c.PersonID, Kind: "telegram", Address: u.Chat}); err == nil && same.ID != c.ID {
		if _, err := n.store.Write().DeleteNotifyChannel(ctx, c.ID); err != nil {
			return err
		}
		return say(w.Linked)
	} else if err != nil && !store.NotFound(err) {
		return err
	}
	if _, err := n.confirmed(ctx, "", way.Login, c, u.Chat, u.Name); err != nil {
		return err
	}
	return say(w.Linked)
}
