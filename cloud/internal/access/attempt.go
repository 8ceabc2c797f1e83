package access

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// codeDigits is the length of a code that is sent.
	codeDigits = 6
	// CodeTime is how long it is good.
	CodeTime = 10 * time.Minute
	// wrongCodes are the answers that one attempt allows.
	wrongCodes = 5
	// resendAfter is how long one waits for another code, resends how many there are.
	resendAfter = time.Minute
	resends     = 5
	// challengeTime is how long a second factor is waited for.
	challengeTime = 5 * time.Minute
	// attemptKept is how long an attempt is kept after its end, so that codes may be sent again.
	attemptKept = 20 * time.Minute
	// perContact and perSender are the messages in an hour: to one contact, and from one address.
	perContact, perSender = 6, 30
)

// purpose is what an attempt is for: the ticket of one opens no other.
type purpose string

const (
	forSignUp  purpose = "sign-up"
	forReset   purpose = "reset"
	forContact purpose = "contact"
	forFactor  purpose = "factor"
	forPasskey purpose = "passkey"     // sign-in by a passkey alone
	forKey     purpose = "new passkey" // registering one
	forProof   purpose = "proof"
	forOIDC    purpose = "oidc"
)

// Attempt is something that waits for codes.
type Attempt struct {
	Ticket string
	// Expires is until when the codes are good, Again when they may be sent again.
	Expires, Again time.Time
	// Hints are where they went, half hidden.
	Hints []string
}

// codes are what was sent, or is answered; an empty one went nowhere.
type codes struct{ phone, email string }

func (a *Access) hashCode(ticket, way, code string) []byte {
	if code == "" {
		return []byte{}
	}
	return a.secrets.hash("code", ticket, way, onlyDigits(code))
}

// attempt begins one. Of codes only hashes are kept.
func (a *Access) attempt(ctx context.Context, q *db.Queries, of purpose, person string, body any, sent codes, life time.Duration) (Attempt, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return Attempt{}, fmt.Errorf("begin attempt: %w", err)
	}
	now, ticket := a.now(), newToken()
	if err := q.CreateAttempt(ctx, db.CreateAttemptParams{
		Ticket: hashToken(ticket), Purpose: string(of), PersonID: person, Body: text,
		PhoneCode: a.hashCode(ticket, "phone", sent.phone), EmailCode: a.hashCode(ticket, "email", sent.email),
		Sent: 1, SentAt: store.Micros(now), CreatedAt: store.Micros(now), ExpiresAt: store.Micros(now.Add(life)),
	}); err != nil {
		return Attempt{}, fmt.Errorf("begin attempt: %w", err)
	}
	return Attempt{Ticket: ticket, Expires: now.Add(life), Again: now.Add(resendAfter)}, nil
}

// errNoAttempt is what an unknown or finished ticket gets; callers name the field.
var errNoAttempt = errors.New("attempt is over")

// find gives an attempt that goes on.
func (a *Access) find(ctx context.Context, of purpose, ticket string, body any) (db.GetAttemptRow, error) {
	row, err := a.store.Read().GetAttempt(ctx, db.GetAttemptParams{Ticket: hashToken(ticket), Purpose: string(of)})
	if store.NotFound(err) || err == nil && row.ExpiresAt <= store.Micros(a.now()) {
		return row, errNoAttempt
	} else if err != nil {
		return row, fmt.Errorf("find attempt: %w", err)
	}
	if err := json.Unmarshal(row.Body, body); err != nil {
		return row, fmt.Errorf("read attempt: %w", err)
	}
	return row, nil
}

// spend takes one of the answers an attempt allows, before it is looked at: two at once cannot both be the last.
func (a *Access) spend(ctx context.Context, ticket string) (bool, error) {
	n, err := a.store.Write().CountWrong(ctx, db.CountWrongParams{Ticket: hashToken(ticket), Allowed: wrongCodes})
	if err != nil {
		return false, fmt.Errorf("count attempt: %w", err)
	}
	return n == 1, nil
}

// answered checks codes against an attempt: nil when every code that was asked for is right. Fields name where each was typed.
func (a *Access) answered(ctx context.Context, of purpose, ticket string, body any, given codes, phoneField, emailField string) (db.GetAttemptRow, error) {
	row, err := a.find(ctx, of, ticket, body)
	field := emailField
	if phoneField != "" {
		field = phoneField
	}
	if errors.Is(err, errNoAttempt) {
		return row, refuse(field, "expired", "the code has expired: begin again, or have a new one sent")
	} else if err != nil {
		return row, err
	}
	left, err := a.spend(ctx, ticket)
	if err != nil {
		return row, err
	}
	if !left {
		return row, refuse(field, "locked", "too many wrong codes: begin again")
	}
	var wrong []error
	check := func(way, field string, want []byte, code string) {
		if len(want) > 0 && !hmac.Equal(want, a.hashCode(ticket, way, code)) {
			wrong = append(wrong, refuse(field, "wrong", "the code is not right"))
		}
	}
	check("phone", phoneField, row.PhoneCode, given.phone)
	check("email", emailField, row.EmailCode, given.email)
	if len(wrong) > 0 {
		return row, wrong[0]
	}
	if len(row.PhoneCode)+len(row.EmailCode) == 0 { // nothing was sent to anybody who could answer
		return row, refuse(field, "wrong", "the code is not right")
	}
	return row, nil
}

// take ends an attempt: of two calls that answer it at once, one goes on.
func take(ctx context.Context, q *db.Queries, ticket string) error {
	n, err := q.TakeAttempt(ctx, hashToken(ticket))
	if err != nil {
		return fmt.Errorf("end attempt: %w", err)
	}
	if n == 0 {
		return ErrState
	}
	return nil
}

// maySend counts a message to a contact from an address.
func (a *Access) maySend(contact, address string) bool {
	return a.sent.take("to "+contact, perContact) && a.sent.take("from "+network(address), perSender)
}
