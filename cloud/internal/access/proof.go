package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// ProofLife is how long a person who gave a password or a second factor need not give one again before a dangerous act.
const ProofLife = 10 * time.Minute

// Standing is how somebody who is signed in stands with the rules of coming in. A key has an empty one: it can prove nothing.
type Standing struct {
	// Device is the id of the browser they are signed in by.
	Device string
	// ProvenUntil is until when a proof of theirs holds: see [Person.Proven].
	ProvenUntil time.Time
	// Due is [ErrTerms] or [ErrFactor] while something has to be done before anything else; else nil.
	Due error
	// Language of messages to them: ru, kk or en.
	Language string
}

// Proven gives [ErrProve] unless the person proved who they are within the last [ProofLife], and [ErrKeyProve] for a key.
func (p *Person) Proven(now time.Time) error {
	if p != nil && p.Key {
		return ErrKeyProve
	}
	if p == nil || !now.Before(p.Standing.ProvenUntil) {
		return ErrProve
	}
	return nil
}

// BeginProof tells what a person can prove themselves with.
func (a *Access) BeginProof(ctx context.Context, p *Person) (*Challenge, error) {
	factors, err := a.secondFactors(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	factors = slices.DeleteFunc(factors, func(f Factor) bool { return f == ByRecovery })
	return a.challenge(ctx, forProof, p.ID, append([]Factor{ByPassword}, factors...), new(pending))
}

// Proof is what a person proves themselves with; one of the three is given.
type Proof struct {
	Password, TOTP, Passkey string
	// Ticket of [Access.BeginProof], for a passkey.
	Ticket string
}

// Prove notes that a person has proved who they are. It gives until when that holds.
func (a *Access) Prove(ctx context.Context, p *Person, proof Proof) (time.Time, error) {
	use := func(*db.Queries) error { return nil }
	by := ByPassword
	if proof.TOTP == "" && proof.Passkey == "" {
		if _, err := a.checkOwn(ctx, p, proof.Password); err != nil {
			return time.Time{}, err
		}
	} else {
		if a.signIns.spent("factor "+p.ID, perFactor) {
			return time.Time{}, ErrTooOften
		}
		var so pending
		if proof.Passkey != "" {
			row, err := a.find(ctx, forProof, proof.Ticket, &so)
			if errors.Is(err, errNoAttempt) || err == nil && row.PersonID != p.ID {
				return time.Time{}, ErrState
			} else if err != nil {
				return time.Time{}, err
			}
		}
		row, err := a.store.Read().GetPerson(ctx, p.ID)
		if err != nil {
			return time.Time{}, fmt.Errorf("find person: %w", err)
		}
		if use, by, err = a.checkAnswer(ctx, row, Answer{TOTP: proof.TOTP, Passkey: proof.Passkey}, so.Session); err != nil {
			a.signIns.count("factor " + p.ID)
			return time.Time{}, err
		}
	}
	now := a.now()
	err := a.store.Tx(ctx, func(q *db.Queries) error {
		if err := use(q); err != nil {
			return err
		}
		if by == ByPasskey {
			if err := take(ctx, q, proof.Ticket); err != nil {
				return err
			}
		}
		if err := q.ProveDevice(ctx, db.ProveDeviceParams{ID: p.Standing.Device, ProvenAt: store.Micros(now)}); err != nil {
			return fmt.Errorf("note proof: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "person.proven", Object: p.ID, Name: p.Login, New: string(by)})
	})
	return now.Add(ProofLife), err
}
