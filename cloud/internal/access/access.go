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
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

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
	ErrWeak = errors.New("password must have 10 to 200 characters and be hard to guess")
	// ErrRequest says that a certificate request is not one we sign.
	ErrRequest = errors.New("certificate request is not valid")
	// ErrAgent says that an agent is not known.
	ErrAgent = errors.New("agent is not known")
	// ErrRevoked says that an agent was revoked.
	ErrRevoked = errors.New("agent was revoked")
	// ErrForbidden says that somebody who is known may not do this, or not there; it never says which.
	ErrForbidden = errors.New("no right to do this")
	// ErrLate says that an agent's certificate has ended: it may be renewed, and nothing else.
	ErrLate = errors.New("certificate has ended")
	// ErrProve says that the person has to prove anew who they are; see [Person.Proven].
	ErrProve = errors.New("prove that it is you: give the password or a second factor")
	// ErrKeyProve says that another system asks for what only a person who has proved themselves may do.
	ErrKeyProve = errors.New("a key may not do this: it asks for a password or a second factor, so a person has to do it in the cabinet")
	// ErrFactor says that an organisation of the person wants a second factor, and they have none.
	ErrFactor = errors.New("set up a second factor first: the organisation requires it")
	// ErrTerms says that the terms have a new version, which has to be accepted first.
	ErrTerms = errors.New("accept the new terms first")
)

// Access lets people and agents in. Safe for concurrent use.
type Access struct {
	store     *store.Store
	authority *Authority
	log       *slog.Logger
	now       func() time.Time
	signIns   *limiter
	codes     *limiter
	keys      *limiter
	dummy     string // a password nobody has, checked for logins nobody has
	secrets   *secrets
	sent      *limiter // messages
	asked     *limiter // calls that need no session
	outbox    chan outgoing
	options   Options
	passkeys  *webauthn.WebAuthn // nil: not possible here
	oidc      *foreign           // nil: there is none

	mu   sync.Mutex
	cuts []func(agentID string) // see OnRevoked
	// changed is closed when rights have changed, see RightsChanged.
	changed chan struct{}
}

// New makes an Access; now is the clock.
func New(s *store.Store, authority *Authority, log *slog.Logger, now func() time.Time) (*Access, error) {
	dummy, err := hashPassword(randomPassword())
	if err != nil {
		return nil, err
	}
	keep, err := newSecrets(authority)
	if err != nil {
		return nil, err
	}
	return &Access{
		secrets: keep, sent: newLimiter(time.Hour, now), asked: newLimiter(10*time.Minute, now), outbox: make(chan outgoing, outboxLimit),
		store: s, authority: authority, log: log, now: now, dummy: dummy,
		signIns: newLimiter(10*time.Minute, now), codes: newLimiter(10*time.Minute, now), keys: newLimiter(time.Minute, now),
		changed: make(chan struct{}),
	}, nil
}

// Agent is an agent that has proved who it is.
type Agent struct {
	ID, OrganisationID, OutletID string
	// Organisation is its name.
	Organisation string
	// Host is the computer it runs on, as it calls itself.
	Host string
	// Instance is the start of its program that said hello last; empty when none was told.
	Instance string
	// Shown is the certificate of this call; nil outside of one.
	Shown *Shown
}

// Kinds of organisations.
const (
	// KindOwner has tills.
	KindOwner = "owner"
	// KindService repairs tills of others: a service centre.
	KindService = "service"
)

// Work is an organisation somebody works in.
type Work struct{ ID, Name, Kind, Country string }

// Person is somebody at work in one organisation: a person who is signed in, or a key of another system.
type Person struct {
	ID, Login, Name string
	// Key says that it is a key and no person; ID is the key's.
	Key bool
	// OrganisationID and what follows are of the organisation they work in now; empty when they work in none.
	OrganisationID, Organisation, Kind, Country string
	// Rights are what the person may, and where.
	Rights []Right
	// Standing is how they stand with the rules of coming in.
	Standing Standing

	home     *Person // before [Person.At]
	forest   *forest
	workedAt int64 // when they were last seen at work in the organisation
}

// Right is a set of permissions in a part of an organisation's tree.
type Right struct {
	// OrganisationID is whose tree it is: the person's own organisation, or an owner that handed tills to it.
	OrganisationID string
	// Organisation is its name.
	Organisation string
	// Node is a department, an outlet or a till; empty is the whole organisation.
	Node string
	May  Set
}

// Can tells whether the person holds a permission anywhere.
func (p *Person) Can(permission Permission) bool {
	return p != nil && slices.ContainsFunc(p.Rights, func(r Right) bool { return r.May[permission] })
}

// CanAt tells whether the person holds a permission at a place.
func (p *Person) CanAt(permission Permission, at Place) bool {
	return p != nil && slices.ContainsFunc(p.Rights, func(r Right) bool { return r.May[permission] && at.Under(r.OrganisationID, r.Node) })
}

// CanAll tells whether the person holds a permission in the whole of the organisation they work in.
func (p *Person) CanAll(permission Permission) bool {
	return p != nil && p.OrganisationID != "" && p.CanAt(permission, Place{OrganisationID: p.OrganisationID})
}

// MayGive tells whether a person holds all of some permissions at a place themselves: nobody gives what they do not have.
func (p *Person) MayGive(may Set, at Place) bool {
	for permission, in := range may {
		if in && !p.CanAt(permission, at) {
			return false
		}
	}
	return p != nil
}

// Without is the person without a permission, wherever they hold it.
func (p *Person) Without(permission Permission) *Person {
	return p.with(func(r Right) (Set, bool) {
		may := maps.Clone(r.May)
		delete(may, permission)
		return may, true
	})
}

func (p *Person) with(which func(Right) (Set, bool)) *Person {
	if p == nil {
		return nil
	}
	cut := *p
	cut.Rights = nil
	for _, r := range p.Rights {
		if may, keep := which(r); keep {
			r.May = may
			cut.Rights = append(cut.Rights, r)
		}
	}
	return &cut
}

// Same tells whether somebody is still who they were, with the same rights at the same places.
func (p *Person) Same(o *Person) bool {
	return p.ID == o.ID && p.Key == o.Key && p.OrganisationID == o.OrganisationID &&
		slices.EqualFunc(p.Rights, o.Rights, func(a, b Right) bool {
			return a.OrganisationID == b.OrganisationID && a.Node == b.Node && maps.Equal(a.May, b.May)
		})
}

// Permissions gives what the person may anywhere, in order.
func (p *Person) Permissions() []string {
	var list []string
	for _, right := range p.Rights {
		for _, permission := range right.May.List() {
			list = append(list, string(permission))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
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
