// Package access says who comes in and what they may. People sign in with a password and hold a session; agents hold a
// certificate signed by the cabinet's own authority, which they get for a one-time code.
//
// # Rights
//
// A right is a permission in an organisation. Permissions are few and named after acts; roles are named sets of them;
// one table ([Needs]) says what every exported method needs, and what is not in it is refused. A test walks all methods of all
// services and fails when one is missing.
//
// # Secrets at rest
//
// Passwords are kept as argon2id, session cookies and enrolment codes as SHA-256: who reads the database can sign in as
// nobody. The authority's key is a file of its own, readable by the cabinet's user only.
//
// # What it does not do
//
// It knows nothing of HTTP: package api reads cookies and certificates and asks here.
package access

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/store"
)

// Reasons for which somebody is not let in. They are few on purpose: an answer must not tell a stranger what was right.
var (
	// ErrCredentials says that login and password do not fit each other, whichever is wrong.
	ErrCredentials = errors.New("login or password is wrong")
	// ErrCode says that an enrolment code is wrong, used or expired, whichever it is.
	ErrCode = errors.New("enrolment code is not valid")
	// ErrTooOften says that there were too many attempts.
	ErrTooOften = errors.New("too many attempts")
	// ErrNoSession says that the session does not exist or has expired.
	ErrNoSession = errors.New("no session")
	// ErrWeak says that a new password is too short or too long.
	ErrWeak = errors.New("password must have 10 to 200 characters")
	// ErrRequest says that a certificate request is not one we sign.
	ErrRequest = errors.New("certificate request is not valid")
	// ErrAgent says that an agent is not known.
	ErrAgent = errors.New("agent is not known")
	// ErrRevoked says that an agent was revoked.
	ErrRevoked = errors.New("agent was revoked")
	// ErrLate says that an agent's certificate has ended: it may be renewed, and nothing else.
	ErrLate = errors.New("certificate has ended")
	// ErrProve says that the person has to prove anew who they are; see [Person.Proven].
	ErrProve = errors.New("prove that it is you: give the password or a second factor")
)

// Access lets people and agents in. Safe for concurrent use.
type Access struct {
	store     *store.Store
	authority *Authority
	log       *slog.Logger
	now       func() time.Time
	signIns   *limiter
	codes     *limiter
	dummy     string // a password nobody has, checked for logins nobody has

	mu   sync.Mutex
	cuts []func(agentID string) // see OnRevoked
}

// New makes an Access; now is the clock.
func New(s *store.Store, authority *Authority, log *slog.Logger, now func() time.Time) (*Access, error) {
	dummy, err := hashPassword(randomPassword())
	if err != nil {
		return nil, err
	}
	return &Access{
		store: s, authority: authority, log: log, now: now, dummy: dummy,
		signIns: newLimiter(10*time.Minute, now), codes: newLimiter(10*time.Minute, now),
	}, nil
}

// Agent is an agent that has proved who it is.
type Agent struct {
	ID, OrganisationID, OutletID string
	// Organisation is its name.
	Organisation string
	// Instance is the start of its program that said hello last; empty when none was told.
	Instance string
	// Shown is the certificate of this call; nil outside of one.
	Shown *Shown
}

// Person is somebody signed in, at work in one organisation.
type Person struct {
	ID, Login, Name, OrganisationID, Organisation string
	// Rights are what the person may, and where.
	Rights []Right
	// Device is the id of the browser they are signed in by; empty for who holds no session.
	Device string
	// ProvenUntil is until when a proof of theirs holds: see [Person.Proven].
	ProvenUntil time.Time
}

// ProofLife is how long a person who gave a password or a second factor need not give one again before a dangerous act.
const ProofLife = 10 * time.Minute

// Proven gives [ErrProve] unless the person proved who they are within the last [ProofLife].
func (p *Person) Proven(now time.Time) error {
	if p == nil || !now.Before(p.ProvenUntil) {
		return ErrProve
	}
	return nil
}

// Right is a set of permissions in a part of an organisation's tree.
type Right struct {
	// OrganisationID is whose tree it is: the person's own organisation, or an owner that handed tills to it.
	OrganisationID string
	// Node is a department, an outlet or a till; empty is the whole organisation.
	Node string
	May  map[Permission]bool
}

// Can tells whether the person holds a permission anywhere.
func (p *Person) Can(permission Permission) bool {
	return p != nil && slices.ContainsFunc(p.Rights, func(r Right) bool { return r.May[permission] })
}

// CanAt tells whether the person holds a permission at a place.
func (p *Person) CanAt(permission Permission, at Place) bool {
	return p != nil && slices.ContainsFunc(p.Rights, func(r Right) bool { return r.May[permission] && at.Under(r.OrganisationID, r.Node) })
}

type contextKey int

const (
	personKey contextKey = iota
	agentKey
)

// WithPerson puts a person into a context.
func WithPerson(ctx context.Context, p *Person) context.Context {
	return context.WithValue(ctx, personKey, p)
}

// PersonFrom gives the person of a context; nil when there is none, and nil can do nothing.
func PersonFrom(ctx context.Context) *Person {
	p, _ := ctx.Value(personKey).(*Person)
	return p
}

// WithAgent puts an agent into a context.
func WithAgent(ctx context.Context, a *Agent) context.Context {
	return context.WithValue(ctx, agentKey, a)
}

// AgentFrom gives the agent of a context; nil when there is none.
func AgentFrom(ctx context.Context) *Agent {
	a, _ := ctx.Value(agentKey).(*Agent)
	return a
}
