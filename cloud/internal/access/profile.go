package access

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Security is how a person comes in.
type Security struct {
	Login, Name, Email, Phone, Language string
	// TOTPAt is since when an authenticator application is asked for; zero is none.
	TOTPAt        time.Time
	RecoveryCodes int64
	Passkeys      []Passkey
	// FactorRequired says that some organisation of the person wants a second factor, OrganisationRequires that the one at work does.
	FactorRequired, OrganisationRequires bool
	Pending                              *ContactChange
	PasswordAt                           time.Time
	Terms                                string
	TermsAt                              time.Time
	OIDC                                 bool
}

// ContactChange is one that waits.
type ContactChange struct {
	Channel, Value string
	At             time.Time
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros)
}

// Security tells how a person comes in.
func (a *Access) Security(ctx context.Context, p *Person) (Security, error) {
	q := a.store.Read()
	row, err := q.GetPerson(ctx, p.ID)
	if err != nil {
		return Security{}, fmt.Errorf("find person: %w", err)
	}
	s := Security{
		Login: row.Login, Name: row.Name, Email: row.Email, Phone: row.Phone, Language: language(row.Language),
		TOTPAt: moment(row.TotpAt), PasswordAt: moment(row.PasswordAt), Terms: row.Terms,
	}
	if s.RecoveryCodes, err = q.CountRecoveryCodes(ctx, p.ID); err != nil {
		return s, fmt.Errorf("count recovery codes: %w", err)
	}
	keys, err := q.ListPasskeys(ctx, p.ID)
	if err != nil {
		return s, fmt.Errorf("list passkeys: %w", err)
	}
	for _, k := range keys {
		var c webauthn.Credential
		if err := json.Unmarshal(k.Body, &c); err != nil {
			return s, fmt.Errorf("read passkey: %w", err)
		}
		s.Passkeys = append(s.Passkeys, Passkey{ID: k.ID, Name: k.Name, CreatedAt: moment(k.CreatedAt), UsedAt: moment(k.UsedAt), Synced: c.Flags.BackupState})
	}
	required, err := q.CountRequiring(ctx, p.ID)
	if err != nil {
		return s, fmt.Errorf("find rule: %w", err)
	}
	s.FactorRequired = required > 0
	if p.OrganisationID != "" {
		rule, err := q.GetFactorRequired(ctx, p.OrganisationID)
		if err != nil {
			return s, fmt.Errorf("find rule: %w", err)
		}
		s.OrganisationRequires = rule > 0
	}
	change, err := q.GetContactChange(ctx, p.ID)
	if err == nil {
		s.Pending = &ContactChange{change.Channel, change.Value, moment(change.EffectiveAt)}
	} else if !store.NotFound(err) {
		return s, fmt.Errorf("find change: %w", err)
	}
	if row.Terms != "" {
		at, err := q.GetAcceptedTerms(ctx, db.GetAcceptedTermsParams{PersonID: p.ID, Version: row.Terms})
		if err != nil && !store.NotFound(err) {
			return s, fmt.Errorf("find terms: %w", err)
		}
		s.TermsAt = moment(at)
	}
	links, err := q.CountLinks(ctx, p.ID)
	if err != nil {
		return s, fmt.Errorf("count links: %w", err)
	}
	s.OIDC = links > 0
	return s, nil
}

// SetProfile changes the name and the language of messages.
func (a *Access) SetProfile(ctx context.Context, p *Person, name, lang string) error {
	name, err := plainName(name)
	if err != nil {
		return err
	}
	if !slices.Contains(languages, lang) {
		return refuse("language", "format", "is not ru, kk or en")
	}
	return a.store.Tx(ctx, func(q *db.Queries) error {
		was, err := q.GetPerson(ctx, p.ID)
		if err != nil {
			return fmt.Errorf("find person: %w", err)
		}
		if was.Name == name && was.Language == lang {
			return nil
		}
		if err := q.SetProfile(ctx, db.SetProfileParams{ID: p.ID, Name: name, Language: lang}); err != nil {
			return fmt.Errorf("change profile: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{
			OrganisationID: p.OrganisationID, Act: "person.changed", Object: p.ID, Name: p.Login, Old: was.Name + ", " + was.Language, New: name + ", " + lang,
		})
	})
}

// AcceptTerms accepts the present terms.
func (a *Access) AcceptTerms(ctx context.Context, p *Person, version string, from Caller) error {
	if version == "" || version != a.options.Terms {
		return refuse("terms", "terms", "the present terms have to be accepted")
	}
	return a.store.Tx(ctx, func(q *db.Queries) error {
		if err := a.acceptTerms(ctx, q, p.ID, version, from); err != nil {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "terms.accepted", Object: p.ID, Name: p.Login, New: version})
	})
}

// GeneratePassword makes up a password that [Estimate] has nothing against.
func GeneratePassword() string { return randomPassword() }
