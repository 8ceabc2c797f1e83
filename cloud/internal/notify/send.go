package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// mostDue bounds what is taken at once.
	mostDue = 500
	// atOnce is how many messages to one channel go singly; more of them go as a summary, in the morning after a bad night.
	atOnce = 3
	// mostInParcel bounds a summary.
	mostInParcel = 50
	// senders is how many channels are served at once: one that hangs does not hold the others.
	senders = 8
)

// pauses are between one try and the next; after the last there is none.
var pauses = []time.Duration{15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour}

// pause gives the pause after a number of tries; false when there have been enough.
func pause(tries int) (time.Duration, bool) {
	if tries < 1 || tries > len(pauses) {
		return 0, false
	}
	return pauses[tries-1], true
}

// parcel are messages that go as one.
type parcel struct {
	id   string
	rows []db.NotifyOutbox
}

// parcels puts the messages of one channel together. What was on its way goes again as it was; the rest singly, or as one.
func parcels(rows []db.NotifyOutbox, newID func() string) (list []parcel) {
	var fresh, summed []db.NotifyOutbox
	for _, row := range rows {
		switch {
		case row.State == going:
			if at := slices.IndexFunc(list, func(p parcel) bool { return p.id == row.Parcel }); at >= 0 {
				list[at].rows = append(list[at].rows, row)
			} else {
				list = append(list, parcel{row.Parcel, []db.NotifyOutbox{row}})
			}
		case row.Digest:
			summed = append(summed, row)
		default:
			fresh = append(fresh, row)
		}
	}
	if len(fresh) > atOnce {
		summed, fresh = append(fresh, summed...), nil
	}
	for _, row := range fresh {
		list = append(list, parcel{row.ID, []db.NotifyOutbox{row}})
	}
	for part := range slices.Chunk(summed, mostInParcel) {
		list = append(list, parcel{newID(), part})
	}
	return list
}

// Send sends everything that is due, once.
func (n *Notify) Send(ctx context.Context) error {
	n.sending.Lock()
	defer n.sending.Unlock()
	rows, err := n.store.Read().ListDueOutbox(ctx, db.ListDueOutboxParams{Now: store.Micros(n.now()), Most: mostDue})
	if err != nil {
		return fmt.Errorf("list messages: %w", err)
	}
	channels := map[string][]db.NotifyOutbox{}
	var order []string
	for _, row := range rows {
		if channels[row.ChannelID] == nil {
			order = append(order, row.ChannelID)
		}
		channels[row.ChannelID] = append(channels[row.ChannelID], row)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(senders)
	for _, id := range order {
		group.Go(func() error {
			if err := n.serve(ctx, id, channels[id]); err != nil && ctx.Err() == nil {
				n.log.WarnContext(ctx, "messages not sent", "channel", id, "error", err)
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}

// serve sends what is due to one channel.
func (n *Notify) serve(ctx context.Context, id string, rows []db.NotifyOutbox) error {
	c, err := n.store.Read().GetNotifyChannel(ctx, id)
	if store.NotFound(err) {
		return n.mark(ctx, rows, mark{state: dropped})
	} else if err != nil {
		return fmt.Errorf("find channel: %w", err)
	}
	if c.Kind == "webhook" {
		for _, row := range rows {
			if _, err := n.hook(ctx, c, row); err != nil {
				return err
			}
		}
		return nil
	}
	for _, p := range parcels(rows, store.NewID) {
		if err := n.parcel(ctx, c, p); err != nil {
			return err
		}
	}
	return nil
}

// mark is what becomes of messages.
type mark struct {
	state  int32
	parcel string
	due    time.Time
	tries  int32
	err    string
}

func (n *Notify) mark(ctx context.Context, rows []db.NotifyOutbox, m mark) error {
	now := n.now()
	err := n.store.Tx(ctx, func(q *db.Queries) error {
		for _, row := range rows {
			p := db.SetOutboxParams{ID: row.ID, State: m.state, Parcel: m.parcel, DueAt: row.DueAt, Tries: m.tries, Error: m.err}
			if !m.due.IsZero() {
				p.DueAt = store.Micros(m.due)
			}
			if m.state == sent {
				p.SentAt = store.Micros(now)
			}
			if _, err := q.SetOutbox(ctx, p); err != nil {
				return err
			}
		}
		if len(rows) == 0 {
			return nil
		}
		switch {
		case m.state == sent:
			return q.NoteNotifySent(ctx, db.NoteNotifySentParams{ID: rows[0].ChannelID, Now: store.Micros(now)})
		case m.err != "":
			return q.NoteNotifyFailed(ctx, db.NoteNotifyFailedParams{ID: rows[0].ChannelID, Now: store.Micros(now), Error: m.err})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("mark messages: %w", err)
	}
	return nil
}

// parcel sends one message to a person: intent, sending, result.
func (n *Notify) parcel(ctx context.Context, c db.NotifyChannel, p parcel) error {
	var stories []story
	var kept, gone []db.NotifyOutbox
	settings := Settings{}
	for _, row := range p.rows {
		// Who may see a till may have changed since it was decided.
		w, err := n.ways(ctx, row.OrganisationID, row.PersonID)
		if err != nil {
			return err
		}
		s, organisation, err := n.story(ctx, row.NoticeID)
		if err != nil && !store.NotFound(err) {
			return err
		}
		if w != nil && err == nil {
			s = s.of(within(w.reach, organisation, s.Tills))
		}
		if w == nil || err != nil || len(s.Tills) == 0 || c.ConfirmedAt == 0 {
			gone = append(gone, row)
			continue
		}
		settings = w.settings
		kept, stories = append(kept, row), append(stories, s)
	}
	if len(gone) > 0 {
		if err := n.mark(ctx, gone, mark{state: dropped}); err != nil {
			return err
		}
	}
	if len(kept) == 0 {
		return nil
	}
	m := compose(stories, settings, n.url, c.Kind)
	m.ID, m.To = p.id, c.Address
	tries := kept[0].Tries
	if err := n.mark(ctx, kept, mark{state: going, parcel: p.id, tries: tries}); err != nil {
		return err
	}
	err := n.give(ctx, c.Kind, m)
	if ctx.Err() != nil {
		return ctx.Err() // the cabinet stops; nobody knows whether it went
	}
	result := n.result(err, p.id, tries)
	if err != nil {
		n.log.WarnContext(ctx, "message not sent", "kind", c.Kind, "channel", c.ID, "tries", result.tries, "error", err)
	}
	return n.mark(ctx, kept, result)
}

// result says what follows from the end of a try.
func (n *Notify) result(err error, parcel string, tries int32) mark {
	if err == nil {
		return mark{state: sent, parcel: parcel, tries: tries + 1}
	}
	m := mark{state: going, parcel: parcel, tries: tries + 1, err: trouble(err)}
	if fast, ok := errors.AsType[*post.TooFast](err); ok {
		m.due, m.tries, m.err = n.now().Add(max(fast.After, time.Second)), tries, ""
		return m
	}
	wait, again := pause(int(m.tries))
	if errors.Is(err, post.ErrRefused) || !again {
		m.state = failed
		return m
	}
	m.due = n.now().Add(wait)
	return m
}

// trouble is why a message did not go, as it is kept and as [post.ReadTrouble] reads it.
func trouble(err error) string {
	t := post.TroubleOf(err)
	if errors.Is(err, ErrNoWay) {
		t = post.Trouble{Fault: post.FaultUnset}
	}
	return bounded(t.String(), 300)
}

// give hands a message to its way.
func (n *Notify) give(ctx context.Context, kind string, m post.Message) error {
	switch kind {
	case "mail":
		return n.post.Mail.Send(ctx, m)
	case "sms":
		return n.post.SMS.Send(ctx, m)
	case "telegram":
		if n.post.Telegram != nil {
			return n.post.Telegram.Send(ctx, m)
		}
	}
	return fmt.Errorf("%s: %w: %w", kind, ErrNoWay, post.ErrRefused)
}

// story reads a notice.
func (n *Notify) story(ctx context.Context, id string) (s story, organisation string, err error) {
	row, err := n.store.Read().GetNotice(ctx, id)
	if err != nil {
		return s, "", fmt.Errorf("find notice: %w", err)
	}
	if err := json.Unmarshal([]byte(row.Body), &s); err != nil {
		return s, "", fmt.Errorf("read notice %s: %w", id, err)
	}
	return s, row.OrganisationID, nil
}

// compose makes the text of a message: of one notice, or of many as a summary.
func compose(stories []story, settings Settings, url, kind string) post.Message {
	w := wordsIn(settings.Language)
	zone, err := time.LoadLocation(settings.Zone)
	if err != nil {
		zone = time.UTC
	}
	var m post.Message
	if len(stories) == 1 {
		s := stories[0]
		m.Subject = upper(w.title(s))
		m.Text = w.details(s, zone) + "\n" + w.links(s, url)
		if kind == "sms" {
			m.Text = bounded(m.Subject, 160) + " " + strings.Fields(w.links(s, url))[1]
		}
	} else {
		m.Subject = put(w.Digest.Subject, "n", w.count(w.Digest.Events, len(stories)))
		if kind == "sms" {
			m.Text = m.Subject + " " + url + "/notifications"
		} else {
			for _, s := range stories {
				m.Text += "- " + upper(w.title(s)) + "\n"
			}
			m.Text += "\n" + put(w.Digest.Open, "url", url+"/notifications") + "\n"
		}
	}
	if kind == "sms" {
		m.Subject = ""
	}
	return m
}

func upper(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

// hook makes one attempt of a webhook and writes it down.
func (n *Notify) hook(ctx context.Context, c db.NotifyChannel, row db.NotifyOutbox) (db.NotifyOutbox, error) {
	rows := []db.NotifyOutbox{row}
	body, err := n.tellable(ctx, c, row)
	if err != nil {
		return row, err
	}
	if c.Off || body == "" {
		return row, n.mark(ctx, rows, mark{state: dropped})
	}
	if err := n.mark(ctx, rows, mark{state: going, parcel: row.ID, tries: row.Tries}); err != nil {
		return row, err
	}
	at := n.now()
	answer, err := n.post.Webhooks.Send(ctx, post.Hook{ID: row.ID, Event: row.Event, URL: c.Address, Secret: c.Secret, Body: []byte(body), At: at})
	if ctx.Err() != nil {
		return row, ctx.Err()
	}
	text := ""
	if err != nil {
		text = trouble(err)
	}
	if err := n.store.Write().CreateNotifyAttempt(ctx, db.CreateNotifyAttemptParams{
		ID: store.NewID(), OutboxID: row.ID, CreatedAt: store.Micros(at), Status: int32(answer.Status), TookMs: answer.Took.Milliseconds(), Error: text, Answer: answer.Text,
	}); err != nil {
		return row, fmt.Errorf("note attempt: %w", err)
	}
	if err := n.mark(ctx, rows, n.result(err, row.ID, row.Tries)); err != nil {
		return row, err
	}
	return n.store.Read().GetOutbox(ctx, row.ID)
}

// forget deletes what is too old to be of use.
func (n *Notify) forget(ctx context.Context) error {
	before := store.Micros(n.now().Add(-keepFor))
	return n.store.Tx(ctx, func(q *db.Queries) error {
		for _, do := range []func(context.Context, int64) error{
			q.DeleteOldHookAttempts, q.DeleteOldOutbox, q.DeleteOldNoticeTills, q.DeleteOldNotices, q.DeleteOldCauses,
		} {
			if err := do(ctx, before); err != nil {
				return err
			}
		}
		return nil
	})
}
