package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/contact"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// LostDelay is how long a change waits when the old contact was called lost: time for its owner to see the notices and stop it.
const LostDelay = 24 * time.Hour

// Channels of contacts.
const (
	PhoneChannel = "phone"
	EmailChannel = "email"
)

type changing struct {
	Channel string `json:"channel"`
	Value   string `json:"value"`
	Lost    bool   `json:"lost"`
	mailing
}

// old is what a person has on a channel.
func old(p db.GetPersonRow, channel string) string {
	if channel == PhoneChannel {
		return p.Phone
	}
	return p.Email
}

// StartContactChange sends a code to a new phone or e-mail, and one to the old unless it is lost or there is none. asked tells whether the
// old one is asked for.
func (a *Access) StartContactChange(ctx context.Context, p *Person, channel, value string, lost bool, from Caller) (at Attempt, asked bool, err error) {
	var known bool
	switch channel {
	case PhoneChannel:
		if value, err = contact.Mobile(value); err != nil {
			reason := "format"
			if errors.Is(err, contact.ErrMobile) {
				reason = "mobile"
			}
			return Attempt{}, false, refuse("value", reason, err.Error())
		}
		known, err = a.known(ctx, "", value)
	case EmailChannel:
		if value, err = contact.Email(value); err != nil {
			return Attempt{}, false, refuse("value", "format", err.Error())
		}
		known, err = a.known(ctx, value, "")
	default:
		return Attempt{}, false, refuse("channel", "empty", "needs a channel")
	}
	if err != nil {
		return Attempt{}, false, err
	}
	row, err := a.store.Read().GetPerson(ctx, p.ID)
	if err != nil {
		return Attempt{}, false, fmt.Errorf("find person: %w", err)
	}
	had := old(row, channel)
	if had == value {
		return Attempt{}, false, refuse("value", "same", "it is the present one")
	}
	if known && foldLogin(row.Login) == value { // their own login, not confirmed yet
		known = false
	}
	if !a.maySend(value, from.Address) {
		return Attempt{}, false, ErrTooOften
	}
	body := changing{Channel: channel, Value: value, Lost: lost && had != "", mailing: mailing{
		First: sending{To: value, Kind: letterNewContact, Known: known}, Language: row.Language,
	}}
	if had != "" && !lost {
		body.Second = sending{To: had, Kind: letterOldContact, Before: []string{hidden(value)}}
	}
	at, err = a.mail(ctx, forContact, p.ID, body, body.mailing)
	return at, body.Second.To != "", err
}

// ConfirmContactChange takes the codes. It gives when the change holds; zero is at once.
func (a *Access) ConfirmContactChange(ctx context.Context, p *Person, ticket, code, oldCode string) (time.Time, error) {
	var c changing
	row, err := a.answered(ctx, forContact, ticket, &c, codes{code, oldCode}, "code", "old_code")
	if err != nil {
		return time.Time{}, err
	}
	if row.PersonID != p.ID {
		return time.Time{}, ErrState
	}
	person, err := a.store.Read().GetPerson(ctx, p.ID)
	if err != nil {
		return time.Time{}, fmt.Errorf("find person: %w", err)
	}
	if c.Lost {
		return a.postpone(ctx, p, person, ticket, c)
	}
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		if err := take(ctx, q, ticket); err != nil {
			return err
		}
		return a.applyContact(ctx, q, person, p.OrganisationID, c.Channel, c.Value)
	})
	if err != nil {
		return time.Time{}, err
	}
	a.tellChange(ctx, person, c.Channel, c.Value)
	return time.Time{}, nil
}

func (a *Access) postpone(ctx context.Context, p *Person, person db.GetPersonRow, ticket string, c changing) (time.Time, error) {
	now, secret := a.now(), newToken()
	at := now.Add(LostDelay)
	err := a.store.Tx(ctx, func(q *db.Queries) error {
		if err := take(ctx, q, ticket); err != nil {
			return err
		}
		if err := q.PutContactChange(ctx, db.PutContactChangeParams{
			PersonID: p.ID, Channel: c.Channel, Value: c.Value, Cancel: hashToken(secret), CreatedAt: store.Micros(now), EffectiveAt: store.Micros(at),
		}); err != nil {
			return fmt.Errorf("keep change: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{
			OrganisationID: p.OrganisationID, Act: "contact.waits", Object: p.ID, Name: p.Login, Old: hidden(old(person, c.Channel)), New: hidden(c.Value),
		})
	})
	if err != nil {
		return time.Time{}, err
	}
	a.tell(ctx, receiver(person), letterWaits, hidden(c.Value), at.UTC().Format("02.01.2006 15:04 UTC"), a.link("/cancel-change?token="+secret))
	return at, nil
}

// applyContact puts a contact in the place of another. A login that was the old one goes with it.
func (a *Access) applyContact(ctx context.Context, q *db.Queries, p db.GetPersonRow, organisation, channel, value string) error {
	var err error
	if channel == PhoneChannel {
		err = q.SetPhone(ctx, db.SetPhoneParams{ID: p.ID, Phone: value})
	} else {
		err = q.SetEmail(ctx, db.SetEmailParams{ID: p.ID, Email: value})
	}
	if had := old(p, channel); err == nil && had != "" && foldLogin(p.Login) == had {
		err = q.SetLogin(ctx, db.SetLoginParams{ID: p.ID, Login: value, Folded: foldLogin(value)})
	}
	if store.Exists(err) { // somebody confirmed it in the meantime
		return ErrState
	} else if err != nil {
		return fmt.Errorf("change contact: %w", err)
	}
	if _, err := q.DeleteContactChange(ctx, p.ID); err != nil {
		return fmt.Errorf("end change: %w", err)
	}
	return audit.Note(ctx, q, audit.Entry{
		OrganisationID: organisation, Act: "contact.changed", Object: p.ID, Name: p.Login, Old: hidden(old(p, channel)), New: hidden(value),
	})
}

// tellChange tells a person of a change everywhere: at the contacts of before, the changed one among them, and at the new one.
func (a *Access) tellChange(ctx context.Context, before db.GetPersonRow, channel, value string) {
	a.tell(ctx, receiver(before), letterChanged, hidden(value))
	fresh := addressee{language: before.Language}
	if channel == PhoneChannel {
		fresh.phone = value
	} else {
		fresh.email = value
	}
	a.tell(ctx, fresh, letterChanged, hidden(value))
}

// CancelContactChange stops a change that waits: by the secret of the notice's link or, without one, of who is signed in.
func (a *Access) CancelContactChange(ctx context.Context, p *Person, secret string, from Caller) error {
	person := ""
	switch {
	case secret != "":
		if err := a.stranger(from); err != nil {
			return err
		}
		c, err := a.store.Read().FindContactChange(ctx, hashToken(secret))
		if store.NotFound(err) {
			return ErrState
		} else if err != nil {
			return fmt.Errorf("find change: %w", err)
		}
		person = c.PersonID
	case p != nil:
		person = p.ID
	default:
		return ErrNoSession
	}
	row, err := a.store.Read().GetPerson(ctx, person)
	if err != nil {
		return fmt.Errorf("find person: %w", err)
	}
	c, err := a.store.Read().GetContactChange(ctx, person)
	if store.NotFound(err) {
		return ErrState
	} else if err != nil {
		return fmt.Errorf("find change: %w", err)
	}
	organisation, err := a.organisationOf(ctx, person)
	if err != nil {
		return err
	}
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		n, err := q.DeleteContactChange(ctx, person)
		if err != nil {
			return fmt.Errorf("end change: %w", err)
		}
		if n == 0 {
			return ErrState
		}
		return audit.Note(actAs(ctx, row.ID, row.Login, from), q, audit.Entry{
			OrganisationID: organisation, Act: "contact.cancelled", Object: row.ID, Name: row.Login, Old: hidden(c.Value),
		})
	})
	if err == nil {
		a.tell(ctx, receiver(row), letterCancelled, hidden(c.Value))
	}
	return err
}

// organisationOf is in whose journal the acts of a person stand who is not at work; empty when they work nowhere.
func (a *Access) organisationOf(ctx context.Context, person string) (string, error) {
	organisation, err := a.store.Read().FirstMembership(ctx, person)
	if err != nil && !store.NotFound(err) {
		return "", fmt.Errorf("find organisation: %w", err)
	}
	return organisation, nil
}

// settleContacts applies the changes that have waited long enough.
func (a *Access) settleContacts(ctx context.Context) error {
	due, err := a.store.Read().ListDueContactChanges(ctx, store.Micros(a.now()))
	if err != nil {
		return fmt.Errorf("list changes: %w", err)
	}
	for _, c := range due {
		p, err := a.store.Read().GetPerson(ctx, c.PersonID)
		if err != nil {
			return fmt.Errorf("find person: %w", err)
		}
		organisation, err := a.organisationOf(ctx, p.ID)
		if err != nil {
			return err
		}
		err = a.store.Tx(ctx, func(q *db.Queries) error {
			now, err := q.GetContactChange(ctx, p.ID)
			if store.NotFound(err) || err == nil && (now.Value != c.Value || now.EffectiveAt > store.Micros(a.now())) {
				return ErrState // stopped, or begun anew, a moment ago
			} else if err != nil {
				return fmt.Errorf("find change: %w", err)
			}
			return a.applyContact(ctx, q, p, organisation, c.Channel, c.Value)
		})
		if errors.Is(err, ErrState) { // nobody can have it any more
			if _, err := a.store.Write().DeleteDueContactChange(ctx, db.DeleteDueContactChangeParams{PersonID: p.ID, Now: store.Micros(a.now())}); err != nil {
				return fmt.Errorf("end change: %w", err)
			}
			continue
		} else if err != nil {
			return err
		}
		a.tellChange(ctx, p, c.Channel, c.Value)
	}
	return nil
}
