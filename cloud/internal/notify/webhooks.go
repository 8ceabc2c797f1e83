package notify

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// mostWebhooks bounds an organisation's.
	mostWebhooks = 20
	// deliveriesPage is how many deliveries are given at once.
	deliveriesPage = 30
)

// Webhook is an address of another system.
type Webhook struct {
	ID, Name, URL string
	Events        []string
	Node          string
	Off           bool
}

// Webhooks gives the organisation's.
func (n *Notify) Webhooks(ctx context.Context, p *access.Person) ([]db.NotifyChannel, error) {
	list, err := n.store.Read().ListWebhooks(ctx, p.OrganisationID)
	if err != nil {
		return nil, fmt.Errorf("list webhooks: %w", err)
	}
	return list, nil
}

// webhook finds one of the caller's organisation.
func (n *Notify) webhook(ctx context.Context, p *access.Person, id string) (db.NotifyChannel, error) {
	c, err := n.store.Read().GetNotifyChannel(ctx, id)
	if store.NotFound(err) || err == nil && (c.Kind != "webhook" || c.OrganisationID != p.OrganisationID || p.OrganisationID == "") {
		return c, ErrNotFound
	} else if err != nil {
		return c, fmt.Errorf("find webhook: %w", err)
	}
	return c, nil
}

// PutWebhook makes or changes one; a new secret is given once.
func (n *Notify) PutWebhook(ctx context.Context, p *access.Person, w Webhook, newSecret bool) (row db.NotifyChannel, secret string, err error) {
	w.Name = bounded(w.Name, 100)
	if w.Name == "" {
		return row, "", invalid("a webhook needs a name")
	}
	if p.OrganisationID == "" {
		return row, "", invalid("webhooks belong to an organisation")
	}
	if err := n.post.Webhooks.Check(w.URL); err != nil {
		return row, "", invalid("%w", err)
	}
	events, err := checked(w.Events, "event", knownEvent)
	if err != nil {
		return row, "", err
	}
	if err := n.checkNode(ctx, p, w.Node); err != nil {
		return row, "", err
	}
	list, err := n.Webhooks(ctx, p)
	if err != nil {
		return row, "", err
	}
	if w.ID == "" && len(list) >= mostWebhooks {
		return row, "", invalid("there are %d webhooks already", mostWebhooks)
	}
	row = db.NotifyChannel{ID: store.NewID(), OrganisationID: p.OrganisationID, Kind: "webhook", CodeHash: []byte{}, CreatedAt: store.Micros(n.now()), ConfirmedAt: store.Micros(n.now())}
	act, old := "notify.webhook.added", ""
	if w.ID != "" {
		if row, err = n.webhook(ctx, p, w.ID); err != nil {
			return row, "", err
		}
		act, old = "notify.webhook.changed", webhookText(row)
	}
	row.Name, row.Address, row.Events, row.NodeID, row.Off = w.Name, w.URL, events, w.Node, w.Off
	if w.ID == "" || newSecret {
		b := make([]byte, 32)
		_, _ = rand.Read(b) // never fails (crypto/rand)
		secret = base64.RawURLEncoding.EncodeToString(b)
		row.Secret = []byte(secret)
	}
	err = n.store.Tx(ctx, func(q *db.Queries) error {
		if w.ID == "" {
			if err := q.CreateNotifyChannel(ctx, db.CreateNotifyChannelParams{
				ID: row.ID, OrganisationID: row.OrganisationID, Kind: row.Kind, Address: row.Address, Name: row.Name, Events: row.Events, NodeID: row.NodeID, Secret: row.Secret,
				CodeHash: row.CodeHash, ConfirmedAt: row.ConfirmedAt, Off: row.Off, CreatedAt: row.CreatedAt,
			}); err != nil {
				return fmt.Errorf("store webhook: %w", err)
			}
		} else if _, err := q.SetWebhook(ctx, db.SetWebhookParams{
			OrganisationID: row.OrganisationID, ID: row.ID, Name: row.Name, Address: row.Address, Events: row.Events, NodeID: row.NodeID, Off: row.Off, Secret: row.Secret,
		}); err != nil {
			return fmt.Errorf("store webhook: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: act, Object: row.ID, Name: row.Name, Old: old, New: webhookText(row)})
	})
	return row, secret, err
}

// webhookText is for the journal of acts. What follows the question mark of an address is often a key.
func webhookText(c db.NotifyChannel) string {
	address, query, _ := strings.Cut(c.Address, "?")
	if query != "" {
		address += "?…"
	}
	if c.Off {
		address += " (off)"
	}
	return address + " " + c.Events
}

// DeleteWebhook takes one away with its log.
func (n *Notify) DeleteWebhook(ctx context.Context, p *access.Person, id string) error {
	c, err := n.webhook(ctx, p, id)
	if err != nil {
		return err
	}
	return n.store.Tx(ctx, func(q *db.Queries) error {
		if err := q.DeleteAttemptsOfChannel(ctx, id); err != nil {
			return fmt.Errorf("delete log: %w", err)
		}
		if err := q.DeleteOutboxOfChannel(ctx, id); err != nil {
			return fmt.Errorf("delete deliveries: %w", err)
		}
		if _, err := q.DeleteNotifyChannel(ctx, id); err != nil {
			return fmt.Errorf("delete webhook: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "notify.webhook.deleted", Object: id, Name: c.Name, Old: webhookText(c)})
	})
}

// Delivery is one event for a webhook, with its attempts, newest first. The body is empty when it is of tills that were handed to a service
// centre and are not any more.
type Delivery struct {
	Row      db.NotifyOutbox
	Attempts []db.NotifyAttempt
}

// delivery reads one as it may be shown now.
func (n *Notify) delivery(ctx context.Context, c db.NotifyChannel, row db.NotifyOutbox) (d Delivery, err error) {
	if row.Body, err = n.tellable(ctx, c, row); err != nil {
		return Delivery{}, err
	}
	attempts, err := n.store.Read().ListNotifyAttempts(ctx, row.ID)
	if err != nil {
		return Delivery{}, fmt.Errorf("list attempts: %w", err)
	}
	return Delivery{row, attempts}, nil
}

// Deliveries gives what was sent to a webhook, newest first, from a cursor on; the next cursor is empty at the end.
func (n *Notify) Deliveries(ctx context.Context, p *access.Person, webhook string, onlyFailed bool, cursor string) (list []Delivery, next string, err error) {
	c, err := n.webhook(ctx, p, webhook)
	if err != nil {
		return nil, "", err
	}
	before, id, err := readCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	rows, err := n.store.Read().ListOutboxOfChannel(ctx, db.ListOutboxOfChannelParams{ChannelID: webhook, Before: before, BeforeID: id, AllStates: !onlyFailed, Most: deliveriesPage + 1})
	if err != nil {
		return nil, "", fmt.Errorf("list deliveries: %w", err)
	}
	if len(rows) > deliveriesPage {
		rows = rows[:deliveriesPage]
		last := rows[len(rows)-1]
		next = writeCursor(last.CreatedAt, last.ID)
	}
	for _, row := range rows {
		d, err := n.delivery(ctx, c, row)
		if err != nil {
			return nil, "", err
		}
		list = append(list, d)
	}
	return list, next, nil
}

// TestWebhook sends an event "test", now.
func (n *Notify) TestWebhook(ctx context.Context, p *access.Person, id string) (Delivery, error) {
	c, err := n.webhook(ctx, p, id)
	if err != nil {
		return Delivery{}, err
	}
	if c.Off {
		return Delivery{}, invalid("this webhook is switched off")
	}
	if now := n.now(); now.Sub(at(max(c.SentAt, c.FailedAt))) < testEvery {
		return Delivery{}, ErrTooOften
	}
	now := n.now()
	row := db.CreateNotifyOutboxParams{
		ID: store.NewID(), ChannelID: id, OrganisationID: p.OrganisationID, Kind: "webhook", State: going, CreatedAt: store.Micros(now), DueAt: math.MaxInt64, Event: "test",
	}
	row.NoticeID, row.Parcel = "test-"+row.ID, row.ID
	body, err := json.Marshal(hookBody{
		ID: row.ID, Event: "test", Kind: "test", At: stamp(now), Organisation: p.OrganisationID, Title: wordsIn("ru").Test.Text, Tills: []hookTill{}, URL: n.url,
	})
	if err != nil {
		return Delivery{}, fmt.Errorf("encode webhook: %w", err)
	}
	row.Body = string(body)
	if err := n.store.Tx(ctx, func(q *db.Queries) error {
		if _, err := q.CreateNotifyOutbox(ctx, row); err != nil {
			return fmt.Errorf("store delivery: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "notify.webhook.tested", Object: id, Name: c.Name})
	}); err != nil {
		return Delivery{}, err
	}
	return n.attempt(ctx, c, row.ID)
}

// ResendDelivery sends one again under its own id, now.
func (n *Notify) ResendDelivery(ctx context.Context, p *access.Person, id string) (Delivery, error) {
	row, err := n.store.Read().GetOutbox(ctx, id)
	if store.NotFound(err) {
		return Delivery{}, ErrNotFound
	} else if err != nil {
		return Delivery{}, fmt.Errorf("find delivery: %w", err)
	}
	c, err := n.webhook(ctx, p, row.ChannelID)
	if err != nil {
		return Delivery{}, err
	}
	if c.Off {
		return Delivery{}, invalid("this webhook is switched off")
	}
	if body, err := n.tellable(ctx, c, row); err != nil {
		return Delivery{}, err
	} else if body == "" {
		return Delivery{}, invalid("its tills are not in your hands any more")
	}
	if err := n.store.Tx(ctx, func(q *db.Queries) error {
		// Not due for the sender: this call sends it.
		if _, err := q.RestartOutbox(ctx, db.RestartOutboxParams{ID: id, DueAt: math.MaxInt64}); err != nil {
			return fmt.Errorf("restart delivery: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "notify.webhook.resent", Object: id, Name: c.Name})
	}); err != nil {
		return Delivery{}, err
	}
	return n.attempt(ctx, c, id)
}

// attempt makes one attempt now. Who asked for it may go away: it is made and written down all the same.
func (n *Notify) attempt(ctx context.Context, c db.NotifyChannel, id string) (Delivery, error) {
	ctx = context.WithoutCancel(ctx)
	row, err := n.store.Read().GetOutbox(ctx, id)
	if err != nil {
		return Delivery{}, fmt.Errorf("find delivery: %w", err)
	}
	row, err = n.hook(ctx, c, row)
	if err != nil {
		return Delivery{}, err
	}
	return n.delivery(ctx, c, row)
}
