package access

import (
	"context"
	"fmt"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// StartReset sends a code for a new password to the contact that was typed, or to one of the person whose login it is. A login nobody
// has costs the same work and gets the same answer.
func (a *Access) StartReset(ctx context.Context, typed string, from Caller) (Attempt, error) {
	if err := a.stranger(from); err != nil {
		return Attempt{}, err
	}
	who := parseLogin(typed)
	if who.folded == "" {
		return Attempt{}, refuse("login", "empty", "needs a phone or an e-mail")
	}
	if !a.maySend(who.key(), from.Address) {
		return Attempt{}, ErrTooOften
	}
	p, err := a.store.Read().FindPerson(ctx, db.FindPersonParams{Folded: who.folded, Email: who.email, Phone: who.phone})
	if err != nil && !store.NotFound(err) {
		return Attempt{}, fmt.Errorf("find person: %w", err)
	}
	to := p.Email
	if who.phone != "" && p.Phone == who.phone || to == "" {
		to = p.Phone
	}
	m := mailing{Second: sending{To: to, Kind: letterReset, Path: "/reset?ticket=%s&code=%s"}, Language: p.Language}
	if to == "" {
		m.Second.To, m.Second.Nobody = "nobody", true
	}
	return a.mail(ctx, forReset, p.ID, m, m)
}

// FinishReset takes the code and the new password. Every session of the person ends, and they are told everywhere. A second factor
// stays what it was: a code alone signs nobody in.
func (a *Access) FinishReset(ctx context.Context, ticket, code, password string, from Caller) error {
	if err := a.stranger(from); err != nil {
		return err
	}
	if err := goodPassword(password, "password"); err != nil { // before the code is spent on it
		return err
	}
	var m mailing
	row, err := a.answered(ctx, forReset, ticket, &m, codes{email: code}, "", "code")
	if err != nil {
		return err
	}
	if row.PersonID == "" {
		return refuse("code", "wrong", "the code is not right")
	}
	p, err := a.store.Read().GetPerson(ctx, row.PersonID)
	if err != nil {
		return fmt.Errorf("find person: %w", err)
	}
	if err := goodPassword(password, "password", p.Login, p.Name, p.Email, p.Phone); err != nil {
		return err
	}
	organisation, err := a.store.Read().FirstMembership(ctx, p.ID)
	if err != nil && !store.NotFound(err) {
		return fmt.Errorf("find organisation: %w", err)
	}
	if err := a.setPassword(ctx, p.ID, password, "", func(q *db.Queries) error {
		if err := take(ctx, q, ticket); err != nil {
			return err
		}
		if err := q.DeleteAttemptsOf(ctx, db.DeleteAttemptsOfParams{PersonID: p.ID, Purpose: string(forFactor)}); err != nil {
			return fmt.Errorf("end sign-ins on their way: %w", err)
		}
		return audit.Note(actAs(ctx, p.ID, p.Login, from), q, audit.Entry{OrganisationID: organisation, Act: "password.reset", Object: p.ID, Name: p.Login})
	}); err != nil {
		return err
	}
	a.signIns.forget("login " + parseLogin(p.Login).key())
	a.tell(ctx, receiver(p), letterPassword)
	return nil
}
