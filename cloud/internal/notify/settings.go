package notify

import (
	"context"
	"fmt"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// settings gives a person's, or the usual ones of who has made none.
func (n *Notify) settings(ctx context.Context, person, country string) (Settings, error) {
	row, err := n.store.Read().GetNotifySettings(ctx, person)
	switch {
	case err == nil:
		return Settings{
			Language: row.Language, Zone: row.Zone, QuietFrom: int(row.QuietFrom), QuietTo: int(row.QuietTo), UrgentPasses: row.UrgentPasses,
			Digest: Digest(row.Digest), DigestAt: int(row.DigestAt),
		}, nil
	case !store.NotFound(err):
		return Settings{}, fmt.Errorf("read settings of person: %w", err)
	}
	way, err := n.store.Read().GetPersonWay(ctx, person)
	if store.NotFound(err) {
		return Usual("", country), nil
	} else if err != nil {
		return Settings{}, fmt.Errorf("read person: %w", err)
	}
	return Usual(way.Language, country), nil
}

// Settings gives the caller's.
func (n *Notify) Settings(ctx context.Context, p *access.Person) (Settings, error) {
	return n.settings(ctx, p.ID, p.Country)
}

// SetSettings changes them. What waits already keeps its time.
func (n *Notify) SetSettings(ctx context.Context, p *access.Person, s Settings) (Settings, error) {
	if err := human(p); err != nil {
		return s, err
	}
	if err := s.Check(); err != nil {
		return s, err
	}
	before, err := n.Settings(ctx, p)
	if err != nil {
		return s, err
	}
	err = n.store.Tx(ctx, func(q *db.Queries) error {
		if err := putSettings(ctx, q, p.ID, s); err != nil {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "notify.settings", Object: p.ID, Name: p.Login, Old: before.String(), New: s.String()})
	})
	return s, err
}

func putSettings(ctx context.Context, q *db.Queries, person string, s Settings) error {
	if err := q.PutNotifySettings(ctx, db.PutNotifySettingsParams{
		PersonID: person, Language: s.Language, Zone: s.Zone, QuietFrom: int32(s.QuietFrom), QuietTo: int32(s.QuietTo), UrgentPasses: s.UrgentPasses,
		Digest: int32(s.Digest), DigestAt: int32(s.DigestAt),
	}); err != nil {
		return fmt.Errorf("store settings of person: %w", err)
	}
	return nil
}

// String is for the journal of acts.
func (s Settings) String() string {
	clock := func(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }
	text := s.Language + ", " + s.Zone
	if s.QuietFrom != s.QuietTo {
		text += ", " + clock(s.QuietFrom) + "–" + clock(s.QuietTo)
		if s.UrgentPasses {
			text += " !"
		}
	}
	switch s.Digest {
	case Hourly:
		text += ", Σ 1 h"
	case Daily:
		text += ", Σ " + clock(s.DigestAt)
	case NoDigest:
	}
	return text
}

// human refuses keys: they have no eyes to read a message.
func human(p *access.Person) error {
	if p == nil || p.Key {
		return invalid("an API key has no notifications of its own: use a webhook")
	}
	return nil
}
