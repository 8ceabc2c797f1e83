package access

import "errors"

// Refusal is why something that was typed is not taken. Field names the field of the request, Reason is a word that the pages have a
// sentence for: empty, format, mobile, country, kind, taxid, long, weak, wrong, expired, locked, soon, spent, terms, partner, taken, same.
type Refusal struct {
	Field, Reason string
	// Text is for logs and other systems.
	Text string
	// Kind is the error it is one of; may be nil.
	Kind error
}

// Unwrap gives the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

// Error implements error.
func (r *Refusal) Error() string { return r.Field + ": " + r.Text }

func refuse(field, reason, text string) error {
	return &Refusal{Field: field, Reason: reason, Text: text}
}

// Reasons for which people are not let in, besides those of access.go.
var (
	// ErrDevice says that a device is not one of the person's.
	ErrDevice = errors.New("device is not known")
	// ErrPasskey says that a passkey is not one of the person's, or its answer is not right, whichever it is.
	ErrPasskey = errors.New("passkey is not accepted")
	// ErrNoPasskeys says that passkeys do not work at this address: browsers want a name, and TLS unless it is localhost.
	ErrNoPasskeys = errors.New("passkeys do not work at this address")
	// ErrClosed says that nobody signs up by themselves here.
	ErrClosed = errors.New("sign-up is by invitation")
	// ErrInvitation says that an invitation is wrong, used, taken back or expired, whichever it is.
	ErrInvitation = errors.New("invitation is not valid")
	// ErrForeign says that the other sign-in did not lead to somebody who works here.
	ErrForeign = errors.New("nobody here is known by that sign-in")
	// ErrLastFactor says that the second factor cannot be removed while an organisation wants one.
	ErrLastFactor = errors.New("the organisation requires a second factor: add another one first")
	// ErrState says that it is not the time for that: it was done already, or the step before it was not.
	ErrState = errors.New("not now: begin again")
)
