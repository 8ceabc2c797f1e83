package access

import "time"

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

// Proven gives [ErrProve] unless the person proved who they are within the last [ProofLife].
func (p *Person) Proven(now time.Time) error {
	if p == nil || !now.Before(p.Standing.ProvenUntil) {
		return ErrProve
	}
	return nil
}
