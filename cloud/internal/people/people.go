// Package people keeps organisations and who works in them: contacts and tax numbers, invitations, roles of their own, what was
// handed to service centres, keys of other systems. Package access says who may what; this package changes what it says.
//
// # Nobody gives more than they have
//
// Who gives or takes away a role in a part of the tree manages people there and holds every permission of that role there
// themselves. A manager of a department sees and changes the rights within the department, and no others.
//
// # Somebody always administers
//
// No change leaves an organisation without a person who may everything everywhere and is not shut out. Changes of people in one
// organisation wait for each other, so that two administrators cannot take away each other.
//
// # Invitations
//
// An invitation is a link with a secret that is good once and for a week; the database holds its hash. What it gives is looked at
// again when it is accepted: if the inviter has left or may no longer give so much, it gives nothing.
//
// # What it does not do
//
// It lets nobody in: passwords, codes and sessions are package access, which calls [People.Accept] when somebody who followed a link
// is known. It does not read tills or sums.
package people

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// People keeps organisations and their people. Safe for concurrent use.
type People struct {
	store  *store.Store
	access *access.Access
	post   *post.Post
	public string
	log    *slog.Logger
	now    func() time.Time
}

// New makes a People; public is the address of the cabinet in links, now is the clock.
func New(s *store.Store, a *access.Access, p *post.Post, public string, log *slog.Logger, now func() time.Time) *People {
	return &People{store: s, access: a, post: p, public: strings.TrimRight(public, "/"), log: log, now: now}
}

// rightsIn gives a person at work in an organisation with all their rights there; without any when they do not work in it.
func (p *People) rightsIn(ctx context.Context, personID, organisationID string) (*access.Person, error) {
	return p.access.PersonIn(ctx, &access.Person{ID: personID}, organisationID, organisationID)
}

// line takes a text of one line: trimmed, bounded, without signs that are not seen.
func line(field, text string, most int, needed bool) (string, error) {
	text = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(text); {
	case needed && n == 0:
		return "", refuse(ErrInvalid, field, "empty")
	case n > most:
		return "", refuse(ErrInvalid, field, "long", "most", fmt.Sprint(most))
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) }):
		return "", refuse(ErrInvalid, field, "unseen")
	}
	return text, nil
}

// lock makes changes of one organisation's people wait for each other until the transaction ends.
func lock(ctx context.Context, q *db.Queries, organisationID string) error {
	if n, err := q.LockOrganisation(ctx, organisationID); err != nil {
		return fmt.Errorf("lock organisation: %w", err)
	} else if n == 0 {
		return notFound("organisation")
	}
	return nil
}

// locked makes a change to an organisation that others wait for.
func (p *People) locked(ctx context.Context, organisationID string, change func(q *db.Queries) error) error {
	return p.store.Tx(ctx, func(q *db.Queries) error {
		if err := lock(ctx, q, organisationID); err != nil {
			return err
		}
		return change(q)
	})
}

// changed passes on what came of a change, and says to calls and streams that go on that rights may be others now.
func (p *People) changed(err error) error {
	if err == nil {
		p.access.RightsChanged()
	}
	return err
}
