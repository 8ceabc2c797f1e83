package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// perPair, perLogin and perAddress are the wrong passwords allowed in ten minutes: of one login from one address, of one
	// login from anywhere, of one address for any login.
	perPair, perLogin, perAddress = 10, 100, 50
	// perFactor are the wrong codes of one person's second factor in ten minutes, over all attempts.
	perFactor = 10
	// perStranger are the calls of one address that need no session, in ten minutes.
	perStranger = 120
	maxPassword = 1000 // bytes that are looked at
)

// Credentials are what somebody signs in with.
type Credentials struct {
	// Login is a phone, an e-mail or a name.
	Login, Password string
	// Remember has the browser stay signed in when it is closed.
	Remember bool
	From     Caller
}

// Entry is how far somebody came: in, or to the second factor.
type Entry struct {
	Tokens Tokens
	Person *Person
	// Challenge is set while the second factor is asked for; then there are no tokens and no person.
	Challenge *Challenge
	// OrganisationID is the one that was joined, by an invitation.
	OrganisationID string
}

// Challenge asks for one more proof.
type Challenge struct {
	Ticket string
	// Factors are what can be given.
	Factors []Factor
	// Options are for the browser's passkeys; empty without.
	Options string
}

// pending is somebody whose password was right.
type pending struct {
	Organisation string   `json:"organisation"`
	By           []Factor `json:"by"`
	Remember     bool     `json:"remember"`
	// Session is what the passkey has to answer, as the library keeps it.
	Session []byte `json:"session,omitempty"`
	// Factors and Options are what was asked, for who comes from elsewhere.
	Factors []Factor `json:"factors,omitempty"`
	Options string   `json:"options,omitempty"`
}

// stranger counts a call of somebody without a session.
func (a *Access) stranger(from Caller) error {
	if !a.asked.take(network(from.Address), perStranger) {
		return ErrTooOften
	}
	return nil
}

// SignIn checks a password and signs a browser in, or asks for the second factor. A login nobody has takes as long and is answered the
// same as a wrong password.
func (a *Access) SignIn(ctx context.Context, c Credentials) (Entry, error) {
	who := parseLogin(c.Login)
	pair := who.key() + "\x00" + c.From.Address
	if a.signIns.spent(pair, perPair) || a.signIns.spent("login "+who.key(), perLogin) || a.signIns.spent("address "+c.From.Address, perAddress) {
		return Entry{}, ErrTooOften
	}
	p, err := a.byPassword(ctx, who, c.Password)
	if errors.Is(err, ErrCredentials) {
		for _, key := range []string{pair, "login " + who.key(), "address " + c.From.Address} {
			a.signIns.count(key)
		}
		a.log.InfoContext(ctx, "sign-in refused", "address", c.From.Address)
	}
	if err != nil {
		return Entry{}, err
	}
	a.signIns.forget(pair)
	return a.admit(ctx, p.ID, p.Login, pending{By: []Factor{ByPassword}, Remember: c.Remember}, c.From)
}

// byPassword finds the person of a login and a password: [ErrCredentials] when they do not fit, after the same work.
func (a *Access) byPassword(ctx context.Context, who login, password string) (db.FindPersonRow, error) {
	p, err := a.store.Read().FindPerson(ctx, db.FindPersonParams{Folded: who.folded, Email: who.email, Phone: who.phone})
	if err != nil && !store.NotFound(err) {
		return p, fmt.Errorf("find person: %w", err)
	}
	hash, known := p.Password, err == nil && who.folded != ""
	if !known {
		hash = a.dummy
	}
	if right := checkPassword(hash, password[:min(len(password), maxPassword)]); !right || !known || len(password) > maxPassword {
		return p, ErrCredentials
	}
	return p, nil
}

// admit lets somebody in whose first proof was right, or asks for the second.
func (a *Access) admit(ctx context.Context, person, login string, so pending, from Caller) (Entry, error) {
	organisation, err := a.store.Read().FirstMembership(ctx, person)
	if store.NotFound(err) {
		return Entry{}, ErrCredentials // they work nowhere any more
	} else if err != nil {
		return Entry{}, fmt.Errorf("find organisation: %w", err)
	}
	if so.Organisation == "" {
		so.Organisation = organisation
	}
	factors, err := a.secondFactors(ctx, person)
	if err != nil {
		return Entry{}, err
	}
	if len(factors) > 0 {
		challenge, err := a.challenge(ctx, forFactor, person, factors, &so)
		return Entry{Challenge: challenge}, err
	}
	return a.enter(ctx, person, login, so, from, nil)
}

// enter signs a browser in. More is done in the same transaction.
func (a *Access) enter(ctx context.Context, person, login string, so pending, from Caller, more func(q *db.Queries) error) (Entry, error) {
	return a.enterMade(ctx, person, login, &so, from, func(q *db.Queries) error {
		if more == nil {
			return nil
		}
		return more(q)
	})
}

// Challenged gives once more what a ticket asks for: who comes back from the other sign-in has nothing but the ticket.
func (a *Access) Challenged(ctx context.Context, ticket string, from Caller) (*Challenge, error) {
	if err := a.stranger(from); err != nil {
		return nil, err
	}
	var so pending
	if _, err := a.find(ctx, forFactor, ticket, &so); errors.Is(err, errNoAttempt) {
		return nil, refuse("code", "expired", "the sign-in has expired: begin again")
	} else if err != nil {
		return nil, err
	}
	return &Challenge{Ticket: ticket, Factors: so.Factors, Options: so.Options}, nil
}

// Answer is a second factor; one of the three is given.
type Answer struct{ TOTP, Recovery, Passkey string }

// FinishSignIn takes the second factor.
func (a *Access) FinishSignIn(ctx context.Context, ticket string, answer Answer, from Caller) (Entry, error) {
	if err := a.stranger(from); err != nil {
		return Entry{}, err
	}
	var so pending
	row, err := a.find(ctx, forFactor, ticket, &so)
	if errors.Is(err, errNoAttempt) {
		return Entry{}, refuse("code", "expired", "the sign-in has expired: begin again")
	} else if err != nil {
		return Entry{}, err
	}
	if a.signIns.spent("factor "+row.PersonID, perFactor) {
		return Entry{}, ErrTooOften
	}
	if left, err := a.spend(ctx, ticket); err != nil {
		return Entry{}, err
	} else if !left {
		return Entry{}, refuse("code", "locked", "too many wrong codes: begin again")
	}
	p, err := a.store.Read().GetPerson(ctx, row.PersonID)
	if err != nil {
		return Entry{}, fmt.Errorf("find person: %w", err)
	}
	use, by, err := a.checkAnswer(ctx, p, answer, so.Session)
	if err != nil {
		a.signIns.count("factor " + p.ID)
		return Entry{}, err
	}
	so.By = append(so.By, by)
	entry, err := a.enter(ctx, p.ID, p.Login, so, from, func(q *db.Queries) error {
		if err := take(ctx, q, ticket); err != nil {
			return err
		}
		return use(q)
	})
	if err == nil && by == ByRecovery {
		left, err := a.store.Read().CountRecoveryCodes(ctx, p.ID)
		if err != nil {
			return Entry{}, fmt.Errorf("count recovery codes: %w", err)
		}
		a.tell(ctx, receiver(p), letterRecoverUsed, fmt.Sprint(left))
	}
	return entry, err
}

// standing says how somebody who is signed in stands with the rules.
func (a *Access) standing(s db.GetSessionRow) Standing {
	st := Standing{Device: s.DeviceID, Language: language(s.Language)}
	if s.ProvenAt > 0 {
		st.ProvenUntil = time.UnixMicro(s.ProvenAt).Add(ProofLife)
	}
	switch {
	case a.options.Terms != "" && s.Terms != a.options.Terms:
		st.Due = ErrTerms
	case s.Required > 0 && s.TotpAt == 0 && s.Passkeys == 0:
		st.Due = ErrFactor
	}
	return st
}

// ChangePassword replaces a person's password and ends their other sessions.
func (a *Access) ChangePassword(ctx context.Context, p *Person, current, next string) error {
	row, err := a.checkOwn(ctx, p, current)
	if err != nil {
		return err
	}
	if err := goodPassword(next, "next", row.Login, row.Name, row.Email, row.Phone); err != nil {
		return err
	}
	err = a.setPassword(ctx, p.ID, next, p.Standing.Device, func(q *db.Queries) error {
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "password.changed", Object: p.ID, Name: p.Login})
	})
	if err == nil {
		a.tell(ctx, receiver(row), letterPassword)
	}
	return err
}

// checkOwn checks the password of somebody who is signed in.
func (a *Access) checkOwn(ctx context.Context, p *Person, password string) (db.GetPersonRow, error) {
	key := "change " + p.ID
	if a.signIns.spent(key, perPair) {
		return db.GetPersonRow{}, ErrTooOften
	}
	row, err := a.store.Read().GetPerson(ctx, p.ID)
	if err != nil {
		return row, fmt.Errorf("find person: %w", err)
	}
	if len(password) > maxPassword || !checkPassword(row.Password, password) {
		a.signIns.count(key)
		return row, ErrCredentials
	}
	a.signIns.forget(key)
	return row, nil
}

// goodPassword says why a new password is not taken.
func goodPassword(password, field string, own ...string) error {
	s := Estimate(password, own)
	if s.Good() {
		return nil
	}
	return &Refusal{Field: field, Reason: "weak", Text: ErrWeak.Error(), Kind: ErrWeak}
}
