package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/contact"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Invitation is what its link opens.
type Invitation struct {
	// OrganisationID is what is joined; Given is what [Organisations] keeps of the invitation.
	OrganisationID string
	Given          any
	// Organisation and By are names; Role is the name of the role that is offered.
	Organisation, By, Role string
	// Contact is where it was sent: an e-mail or a phone. Having the link confirms it.
	Contact string
	// Name as the inviter wrote it.
	Name    string
	Expires time.Time
	// Known says that somebody has the contact already.
	Known bool
}

// Invitation tells who invites; [ErrInvitation] when the secret opens none.
func (a *Access) Invitation(ctx context.Context, secret string, from Caller) (Invitation, error) {
	if err := a.stranger(from); err != nil {
		return Invitation{}, err
	}
	i, person, err := a.invitation(ctx, secret)
	i.Known = person.ID != ""
	return i, err
}

// invitation finds one, and the person who has its contact.
func (a *Access) invitation(ctx context.Context, secret string) (Invitation, db.FindPersonRow, error) {
	if a.options.Organisations == nil || secret == "" {
		return Invitation{}, db.FindPersonRow{}, ErrInvitation
	}
	i, err := a.options.Organisations.Invitation(ctx, secret)
	if err != nil {
		return i, db.FindPersonRow{}, err
	}
	who := parseLogin(i.Contact)
	p, err := a.store.Read().FindPerson(ctx, db.FindPersonParams{Folded: who.folded, Email: who.email, Phone: who.phone})
	if err != nil && !store.NotFound(err) {
		return i, p, fmt.Errorf("find person: %w", err)
	}
	return i, p, nil
}

// Joining is how somebody accepts an invitation.
type Joining struct {
	Secret string
	// Name, Terms and Language are a new person's; Password is theirs to choose, or that of a known one who is not signed in.
	Name, Password, Terms, Language string
}

// AcceptInvitation has somebody join: who is signed in, who proves to be the known owner of the contact, or a new person.
func (a *Access) AcceptInvitation(ctx context.Context, p *Person, j Joining, from Caller) (Entry, error) {
	if err := a.stranger(from); err != nil {
		return Entry{}, err
	}
	i, known, err := a.invitation(ctx, j.Secret)
	if err != nil {
		return Entry{}, err
	}
	if p != nil {
		return Entry{Person: p, OrganisationID: i.OrganisationID}, a.join(ctx, p.ID, p.Login, i, from)
	}
	if known.ID != "" {
		key := "invited " + known.ID
		if a.signIns.spent(key, perPair) {
			return Entry{}, ErrTooOften
		}
		if len(j.Password) > maxPassword || !checkPassword(known.Password, j.Password) {
			a.signIns.count(key)
			return Entry{}, ErrCredentials
		}
		if err := a.join(ctx, known.ID, known.Login, i, from); err != nil {
			return Entry{}, err
		}
		entry, err := a.admit(ctx, known.ID, known.Login, pending{Organisation: i.OrganisationID, By: []Factor{ByPassword}}, from)
		entry.OrganisationID = i.OrganisationID
		return entry, err
	}
	if j.Name, err = plainName(j.Name); err != nil {
		return Entry{}, err
	}
	if j.Terms != a.options.Terms {
		return Entry{}, refuse("terms", "terms", "the present terms have to be accepted")
	}
	if err := goodPassword(j.Password, "password", j.Name, i.Contact, i.Organisation); err != nil {
		return Entry{}, err
	}
	hash, err := hashPassword(j.Password)
	if err != nil {
		return Entry{}, err
	}
	return a.arriveNew(ctx, i, j, hash, pending{By: []Factor{ByPassword}}, from, nil)
}

// join has a known person join an organisation.
func (a *Access) join(ctx context.Context, person, login string, i Invitation, from Caller) error {
	ctx = actAs(ctx, person, login, from)
	err := a.store.Tx(ctx, func(q *db.Queries) error { return a.options.Organisations.Accept(ctx, q, i, person) })
	if err == nil {
		a.RightsChanged()
	}
	return err
}

// arriveNew makes the person an invitation was sent to, and lets them in. More is done in the same transaction.
func (a *Access) arriveNew(ctx context.Context, i Invitation, j Joining, hash string, so pending, from Caller, more func(q *db.Queries, person string) error) (Entry, error) {
	contact := parseLogin(i.Contact)
	n := newcomer{id: store.NewID(), login: contact.key(), name: j.Name, hash: hash, email: contact.email, phone: contact.phone, language: j.Language, terms: j.Terms}
	return a.enterMade(ctx, n.id, n.login, &so, from, func(q *db.Queries) error {
		if err := a.makePerson(ctx, q, n, from); err != nil {
			return err
		}
		so.Organisation = i.OrganisationID
		if err := a.options.Organisations.Accept(actAs(ctx, n.id, n.login, from), q, i, n.id); err != nil {
			return err
		}
		if more != nil {
			return more(q, n.id)
		}
		return nil
	})
}

// arriveInvited joins somebody whom the other sign-in has named: the invitation is for the e-mail it has verified.
func (a *Access) arriveInvited(ctx context.Context, id identity, email, person string, linked bool, j journey, from Caller) (Entry, error) {
	i, known, err := a.invitation(ctx, j.Invitation)
	if err != nil {
		return Entry{}, err
	}
	if invited, err := contact.Email(i.Contact); err != nil || !id.Verified || invited != email {
		return Entry{}, ErrForeign
	}
	if person == "" {
		person = known.ID
	}
	if person == "" {
		name, err := plainName(id.Name)
		if err != nil {
			name = email
		}
		hash, err := hashPassword(randomPassword()) // nobody's: they come in the way they came
		if err != nil {
			return Entry{}, err
		}
		// Terms are not accepted here: the first page asks.
		return a.arriveNew(ctx, i, Joining{Name: name}, hash, pending{By: []Factor{ByOIDC}}, from, func(q *db.Queries, person string) error {
			return a.addLink(actAs(ctx, person, email, from), q, person, email, id.subject)
		})
	}
	p, err := a.store.Read().GetPerson(ctx, person)
	if err != nil {
		return Entry{}, fmt.Errorf("find person: %w", err)
	}
	if !linked && p.Email != email { // a login that looks like the address was never confirmed
		return Entry{}, ErrForeign
	}
	if err := a.join(ctx, p.ID, p.Login, i, from); err != nil {
		return Entry{}, err
	}
	if !linked {
		if err := a.linkTo(ctx, p, id.subject, from); err != nil {
			return Entry{}, err
		}
	}
	entry, err := a.admit(ctx, p.ID, p.Login, pending{Organisation: i.OrganisationID, By: []Factor{ByOIDC}}, from)
	if errors.Is(err, ErrCredentials) {
		err = ErrForeign
	}
	entry.OrganisationID = i.OrganisationID
	return entry, err
}

func decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read attempt: %w", err)
	}
	return nil
}

// factorWords are factors as the journal has them.
func factorWords(by []Factor) string {
	words := make([]string, len(by))
	for i, f := range by {
		words[i] = string(f)
	}
	return strings.Join(words, " ")
}
