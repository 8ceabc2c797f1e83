package access

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// maxPasskeys are the passkeys of one person.
	maxPasskeys = 20
	maxName     = 100 // characters
)

// Passkey is a key somebody signs in with.
type Passkey struct {
	ID, Name          string
	CreatedAt, UsedAt time.Time
	// Synced says that the person's devices have copies of it.
	Synced bool
}

// holder is a person as the library knows them. What authenticators keep of them is our id, which means nothing to anybody else.
type holder struct {
	id, login, name string
	credentials     []webauthn.Credential
}

func (h *holder) WebAuthnID() []byte                         { return []byte(h.id) }
func (h *holder) WebAuthnName() string                       { return h.login }
func (h *holder) WebAuthnDisplayName() string                { return h.name }
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

func (a *Access) holder(ctx context.Context, person string) (*holder, error) {
	p, err := a.store.Read().GetPerson(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("find person: %w", err)
	}
	h := &holder{id: p.ID, login: p.Login, name: p.Name}
	if h.name == "" {
		h.name = p.Login
	}
	keys, err := a.store.Read().ListPasskeys(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	for _, k := range keys {
		var c webauthn.Credential
		if err := json.Unmarshal(k.Body, &c); err != nil {
			return nil, fmt.Errorf("read passkey: %w", err)
		}
		h.credentials = append(h.credentials, c)
	}
	return h, nil
}

// askPasskey gives what a browser needs to answer with a passkey of a person, and what the answer is checked against.
func (a *Access) askPasskey(ctx context.Context, person string) (options string, session []byte, err error) {
	h, err := a.holder(ctx, person)
	if err != nil {
		return "", nil, err
	}
	asked, data, err := a.passkeys.BeginLogin(h)
	if err != nil {
		return "", nil, fmt.Errorf("ask for passkey: %w", err)
	}
	return packed(asked.Response, data)
}

func packed(options any, data *webauthn.SessionData) (string, []byte, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return "", nil, fmt.Errorf("encode options: %w", err)
	}
	session, err := json.Marshal(data)
	if err != nil {
		return "", nil, fmt.Errorf("encode ceremony: %w", err)
	}
	return string(text), session, nil
}

// refused makes one answer of all the reasons for which a passkey is not accepted; the log has the reason.
func (a *Access) refused(ctx context.Context, err error) error {
	details := err.Error()
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		details = e.Details + " " + e.DevInfo
	}
	a.log.InfoContext(ctx, "passkey not accepted", "reason", truncate(details, 300))
	return ErrPasskey
}

// checkPasskey checks a browser's answer against what was asked.
func (a *Access) checkPasskey(ctx context.Context, p db.GetPersonRow, answer string, session []byte) (func(q *db.Queries) error, error) {
	if a.passkeys == nil || len(session) == 0 {
		return nil, ErrNoPasskeys
	}
	var data webauthn.SessionData
	if err := json.Unmarshal(session, &data); err != nil {
		return nil, fmt.Errorf("read ceremony: %w", err)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return nil, a.refused(ctx, err)
	}
	h, err := a.holder(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	credential, err := a.passkeys.ValidateLogin(h, data, parsed)
	if err != nil {
		return nil, a.refused(ctx, err)
	}
	return a.used(ctx, credential)
}

// used gives what writes down that a passkey was used. One whose counter went back has a copy (Web Authentication 7.2 step 22).
func (a *Access) used(ctx context.Context, c *webauthn.Credential) (func(q *db.Queries) error, error) {
	if c.Authenticator.CloneWarning {
		a.log.WarnContext(ctx, "a passkey's counter went back: it was copied")
		return nil, ErrPasskey
	}
	body, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode passkey: %w", err)
	}
	return func(q *db.Queries) error {
		if err := q.UsePasskey(ctx, db.UsePasskeyParams{CredentialID: c.ID, Body: body, UsedAt: store.Micros(a.now())}); err != nil {
			return fmt.Errorf("note use of passkey: %w", err)
		}
		return nil
	}, nil
}

// BeginPasskeySignIn asks for any passkey of this cabinet; the browser shows those it has.
func (a *Access) BeginPasskeySignIn(ctx context.Context, from Caller) (Challenge, error) {
	if err := a.stranger(from); err != nil {
		return Challenge{}, err
	}
	if a.passkeys == nil {
		return Challenge{}, ErrNoPasskeys
	}
	asked, data, err := a.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Challenge{}, fmt.Errorf("ask for passkey: %w", err)
	}
	c := Challenge{Factors: []Factor{ByPasskey}}
	var so pending
	if c.Options, so.Session, err = packed(asked.Response, data); err != nil {
		return Challenge{}, err
	}
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		at, err := a.attempt(ctx, q, forPasskey, "", so, codes{}, challengeTime)
		c.Ticket = at.Ticket
		return err
	})
	return c, err
}

// FinishPasskeySignIn signs in by a passkey. It is both factors in one: the key, and the finger or code that unlocked it.
func (a *Access) FinishPasskeySignIn(ctx context.Context, ticket, answer string, remember bool, from Caller) (Entry, error) {
	if err := a.stranger(from); err != nil {
		return Entry{}, err
	}
	var so pending
	if _, err := a.find(ctx, forPasskey, ticket, &so); errors.Is(err, errNoAttempt) {
		return Entry{}, ErrPasskey
	} else if err != nil {
		return Entry{}, err
	}
	if left, err := a.spend(ctx, ticket); err != nil || !left {
		return Entry{}, errors.Join(err, ErrPasskey)
	}
	var data webauthn.SessionData
	if err := json.Unmarshal(so.Session, &data); err != nil {
		return Entry{}, fmt.Errorf("read ceremony: %w", err)
	}
	if a.passkeys == nil {
		return Entry{}, ErrNoPasskeys
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return Entry{}, a.refused(ctx, err)
	}
	user, credential, err := a.passkeys.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		h, err := a.holder(ctx, string(handle))
		return h, err
	}, data, parsed)
	if err != nil {
		return Entry{}, a.refused(ctx, err)
	}
	note, err := a.used(ctx, credential)
	if err != nil {
		return Entry{}, err
	}
	organisation, err := a.store.Read().FirstMembership(ctx, string(user.WebAuthnID()))
	if store.NotFound(err) {
		return Entry{}, ErrPasskey
	} else if err != nil {
		return Entry{}, fmt.Errorf("find organisation: %w", err)
	}
	so = pending{Organisation: organisation, By: []Factor{ByPasskey}, Remember: remember}
	return a.enter(ctx, string(user.WebAuthnID()), user.WebAuthnName(), so, from, func(q *db.Queries) error {
		if err := take(ctx, q, ticket); err != nil {
			return err
		}
		return note(q)
	})
}

// BeginPasskey asks a browser for a new passkey.
func (a *Access) BeginPasskey(ctx context.Context, p *Person) (Challenge, error) {
	if a.passkeys == nil {
		return Challenge{}, ErrNoPasskeys
	}
	h, err := a.holder(ctx, p.ID)
	if err != nil {
		return Challenge{}, err
	}
	if len(h.credentials) >= maxPasskeys {
		return Challenge{}, refuse("name", "spent", "there are too many passkeys: remove one first")
	}
	asked, data, err := a.passkeys.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.credentials).CredentialDescriptors()))
	if err != nil {
		return Challenge{}, fmt.Errorf("ask for passkey: %w", err)
	}
	var (
		c  Challenge
		so pending
	)
	if c.Options, so.Session, err = packed(asked.Response, data); err != nil {
		return Challenge{}, err
	}
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		at, err := a.attempt(ctx, q, forKey, p.ID, so, codes{}, challengeTime)
		c.Ticket = at.Ticket
		return err
	})
	return c, err
}

// AddPasskey keeps a new passkey. Who had no second factor before gets recovery codes with it.
func (a *Access) AddPasskey(ctx context.Context, p *Person, ticket, answer, name string) (Passkey, []string, error) {
	if strings.TrimSpace(name) == "" { // a key must not be lost for want of a name: it is named after where it was made
		name = cmp.Or(NameOfBrowser(audit.ActorFrom(ctx).Browser), "Passkey")
	}
	name, err := plainName(name)
	if err != nil {
		return Passkey{}, nil, err
	}
	var so pending
	row, err := a.find(ctx, forKey, ticket, &so)
	if errors.Is(err, errNoAttempt) || err == nil && row.PersonID != p.ID {
		return Passkey{}, nil, ErrState
	} else if err != nil {
		return Passkey{}, nil, err
	}
	if a.passkeys == nil {
		return Passkey{}, nil, ErrNoPasskeys
	}
	var data webauthn.SessionData
	if err := json.Unmarshal(so.Session, &data); err != nil {
		return Passkey{}, nil, fmt.Errorf("read ceremony: %w", err)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return Passkey{}, nil, a.refused(ctx, err)
	}
	h, err := a.holder(ctx, p.ID)
	if err != nil {
		return Passkey{}, nil, err
	}
	credential, err := a.passkeys.CreateCredential(h, data, parsed)
	if err != nil {
		return Passkey{}, nil, a.refused(ctx, err)
	}
	body, err := json.Marshal(credential)
	if err != nil {
		return Passkey{}, nil, fmt.Errorf("encode passkey: %w", err)
	}
	person, err := a.store.Read().GetPerson(ctx, p.ID)
	if err != nil {
		return Passkey{}, nil, fmt.Errorf("find person: %w", err)
	}
	now := a.now()
	key := Passkey{ID: store.NewID(), Name: name, CreatedAt: now, Synced: credential.Flags.BackupState}
	var recovery []string
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		if err := take(ctx, q, ticket); err != nil {
			return err
		}
		if err := q.AddPasskey(ctx, db.AddPasskeyParams{
			ID: key.ID, PersonID: p.ID, CredentialID: credential.ID, Body: body, Name: name, CreatedAt: store.Micros(now),
		}); store.Exists(err) {
			return ErrPasskey
		} else if err != nil {
			return fmt.Errorf("keep passkey: %w", err)
		}
		if person.TotpAt == 0 && len(h.credentials) == 0 {
			if recovery, err = a.newRecovery(ctx, q, p.ID); err != nil {
				return err
			}
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "factor.added", Object: p.ID, Name: p.Login, New: string(ByPasskey) + ": " + name})
	})
	if err != nil {
		return Passkey{}, nil, err
	}
	a.tellThing(ctx, person, letterFactorOn, ByPasskey)
	return key, recovery, nil
}

// RenamePasskey renames one of a person's passkeys.
func (a *Access) RenamePasskey(ctx context.Context, p *Person, id, name string) error {
	name, err := plainName(name)
	if err != nil {
		return err
	}
	return a.store.Tx(ctx, func(q *db.Queries) error {
		was, err := q.GetPasskey(ctx, db.GetPasskeyParams{PersonID: p.ID, ID: id})
		if store.NotFound(err) {
			return ErrPasskey
		} else if err != nil {
			return fmt.Errorf("find passkey: %w", err)
		}
		if _, err := q.RenamePasskey(ctx, db.RenamePasskeyParams{PersonID: p.ID, ID: id, Name: name}); err != nil {
			return fmt.Errorf("rename passkey: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "factor.renamed", Object: p.ID, Name: p.Login, Old: was.Name, New: name})
	})
}

// RemovePasskey removes one of a person's passkeys.
func (a *Access) RemovePasskey(ctx context.Context, p *Person, id string) error {
	row, err := a.store.Read().GetPerson(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("find person: %w", err)
	}
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		n, err := q.RemovePasskey(ctx, db.RemovePasskeyParams{PersonID: p.ID, ID: id})
		if err != nil {
			return fmt.Errorf("remove passkey: %w", err)
		}
		if n == 0 {
			return ErrPasskey
		}
		return a.removed(ctx, q, p, ByPasskey)
	})
	if err == nil {
		a.tellThing(ctx, row, letterFactorOff, ByPasskey)
	}
	return err
}

// plainName is a name as people give it: one line, bounded, without signs that are not seen.
func plainName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "", refuse("name", "empty", "needs a name")
	case n > maxName:
		return "", refuse("name", "long", "is longer than 100 characters")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) }):
		return "", refuse("name", "format", "has signs that are not seen")
	}
	return name, nil
}
