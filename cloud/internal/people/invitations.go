package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// InvitationLife is how long an invitation is good.
	InvitationLife = 7 * 24 * time.Hour
	// againAfter is how soon an invitation may be sent once more: it goes to somebody who did not ask for it.
	againAfter = time.Minute
	// maxOpen is how many invitations of one organisation may be open at once.
	maxOpen = 100
)

// ErrInvitation says that an invitation is wrong, was used, taken back or has ended, whichever it is.
var ErrInvitation = errors.New("invitation is not valid")

// Invitation is somebody asked to work in an organisation.
type Invitation struct {
	ID, OrganisationID, Organisation string
	// Recipient is an e-mail address or a phone number, as people sign in by it.
	Recipient string
	// Name is of the person, as the inviter wrote it.
	Name string
	// By is the person who invited; Inviter is how they are called.
	By, Inviter string
	Assignments []Assigned
	CreatedAt   int64
	// SentAt is 0 when the message did not go out.
	SentAt, ExpiresAt int64
}

// letter is the message of an invitation in one of the languages.
func (p *People) letter(i Invitation, token, lang string) post.Message {
	link := p.public + InvitePath + token
	until := time.UnixMicro(i.ExpiresAt).UTC().Format("02.01.2006")
	texts := inviting[lang]
	if texts == nil {
		texts = inviting["ru"]
	}
	say := func(text string) string {
		return strings.NewReplacer("{organisation}", i.Organisation, "{inviter}", i.Inviter, "{link}", link, "{until}", until).Replace(text)
	}
	if !strings.Contains(i.Recipient, "@") {
		return post.Message{To: i.Recipient, Text: say(texts["sms"])}
	}
	return post.Message{To: i.Recipient, Subject: say(texts["subject"]), Text: say(texts["text"])}
}

// InvitePath is the page of an invitation; the token follows.
const InvitePath = "/invite/"

// inviting are the words of the message, by language.
var inviting = map[string]map[string]string{
	"ru": {
		"subject": "{organisation} приглашает вас в кабинет касс",
		"text": "Здравствуйте!\n\n{inviter} приглашает вас в «Чекан», кабинет касс. Компания: {organisation}.\n\nЧтобы принять приглашение, откройте ссылку:\n{link}\n\n" +
			"Она действует до {until} и сработает один раз. Если вы не ждали этого письма, ничего не делайте.\n",
		"sms": "{organisation} приглашает вас в Чекан, кабинет касс: {link}",
	},
	"kk": {
		"subject": "{organisation} сізді касса кабинетіне шақырады",
		"text": "Сәлеметсіз бе!\n\n{inviter} сізді «Чекан» касса кабинетіне шақырады. Компания: {organisation}.\n\nШақыруды қабылдау үшін сілтемені ашыңыз:\n{link}\n\n" +
			"Ол {until} дейін жарамды және бір рет қана жұмыс істейді. Бұл хатты күтпеген болсаңыз, ештеңе істемеңіз.\n",
		"sms": "{organisation} сізді Чекан касса кабинетіне шақырады: {link}",
	},
	"en": {
		"subject": "{organisation} invites you to its cabinet of tills",
		"text": "Hello!\n\n{inviter} invites you to Chekan, the cabinet of tills. Company: {organisation}.\n\nTo accept, open this link:\n{link}\n\n" +
			"It is good until {until} and works once. If you did not expect this letter, do nothing.\n",
		"sms": "{organisation} invites you to Chekan, the cabinet of tills: {link}",
	},
}

func newToken() (token string, hash []byte, err error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", nil, fmt.Errorf("make invitation: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(secret)
	return token, hashToken(token), nil
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// send sends an invitation and notes that it went out. That it did not is no error: the invitation stands, and is sent again.
func (p *People) send(ctx context.Context, i Invitation, token, lang string) Invitation {
	way := p.post.Mail
	if !strings.Contains(i.Recipient, "@") {
		way = p.post.SMS
	}
	if err := way.Send(ctx, p.letter(i, token, lang)); err != nil {
		p.log.WarnContext(ctx, "invitation not sent", "invitation", i.ID, "error", err)
		return i
	}
	i.SentAt = store.Micros(p.now())
	if err := p.store.Write().InvitationSent(ctx, db.InvitationSentParams{ID: i.ID, SentAt: i.SentAt}); err != nil {
		p.log.WarnContext(ctx, "sent invitation not noted", "invitation", i.ID, "error", err)
	}
	return i
}

// Invite asks somebody to work in the organisation. lang is the language of the message: ru, kk or en.
func (p *People) Invite(ctx context.Context, by *access.Person, to, name string, wanted []Assignment, lang string) (Invitation, error) {
	i := Invitation{OrganisationID: by.OrganisationID, Organisation: by.Organisation, By: by.ID, Inviter: called(by.Login, by.Name)}
	var err error
	if i.Recipient, err = recipient(to); err != nil {
		return i, err
	}
	if i.Name, err = line("name", name, maxName, false); err != nil {
		return i, err
	}
	if len(wanted) == 0 {
		return i, refuse(ErrInvalid, "assignments", "no_roles")
	}
	token, hash, err := newToken()
	if err != nil {
		return i, err
	}
	i.ID, i.CreatedAt = store.NewID(), store.Micros(p.now())
	i.ExpiresAt = store.Micros(p.now().Add(InvitationLife))
	err = p.locked(ctx, by.OrganisationID, func(q *db.Queries) error {
		v, err := p.look(ctx, q, by)
		if err != nil {
			return err
		}
		if err := v.given(wanted); err != nil {
			return err
		}
		open, err := q.ListInvitations(ctx, by.OrganisationID)
		if err != nil {
			return fmt.Errorf("list invitations: %w", err)
		}
		live := 0
		for _, o := range open {
			if o.ExpiresAt <= i.CreatedAt {
				continue
			}
			if live++; live >= maxOpen {
				return refuse(ErrConflict, "", "at_most", "most", fmt.Sprint(maxOpen))
			}
			if o.Recipient == i.Recipient {
				return refuse(ErrConflict, "recipient", "invited")
			}
		}
		members, err := q.ListColleagues(ctx, by.OrganisationID)
		if err != nil {
			return fmt.Errorf("list people: %w", err)
		}
		for _, m := range members {
			if strings.EqualFold(m.Login, i.Recipient) {
				return refuse(ErrConflict, "recipient", "member")
			}
		}
		for _, a := range wanted {
			if err := v.mayGive(a); err != nil {
				return err
			}
			i.Assignments = append(i.Assignments, v.assigned(a))
		}
		if err := q.CreateInvitation(ctx, db.CreateInvitationParams{
			ID: i.ID, OrganisationID: i.OrganisationID, Recipient: i.Recipient, Name: i.Name, Hash: hash, CreatedAt: i.CreatedAt, CreatedBy: by.ID, ExpiresAt: i.ExpiresAt,
		}); err != nil {
			return fmt.Errorf("create invitation: %w", err)
		}
		for _, a := range wanted {
			if err := q.AddInvitationRight(ctx, db.AddInvitationRightParams{InvitationID: i.ID, Role: a.Role, NodeID: a.Node}); err != nil {
				return fmt.Errorf("create invitation: %w", err)
			}
		}
		return audit.Note(ctx, q, audit.Entry{
			OrganisationID: i.OrganisationID, Act: "person.invited", Object: i.ID, Name: called(i.Recipient, i.Name), New: v.words(wanted),
		})
	})
	if err != nil {
		return i, err
	}
	return p.send(ctx, i, token, lang), nil
}

// Invitations gives the open invitations of the organisation somebody works in, as far as they may look.
func (p *People) Invitations(ctx context.Context, by *access.Person) ([]Invitation, error) {
	return p.invitations(ctx, p.store.Read(), by)
}

func (p *People) invitations(ctx context.Context, q *db.Queries, by *access.Person) ([]Invitation, error) {
	v, err := p.look(ctx, q, by)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListInvitations(ctx, by.OrganisationID)
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	rights, err := q.ListInvitationRights(ctx, by.OrganisationID)
	if err != nil {
		return nil, fmt.Errorf("list rights of invitations: %w", err)
	}
	var list []Invitation
	for _, r := range rows {
		i := Invitation{
			ID: r.ID, OrganisationID: by.OrganisationID, Organisation: by.Organisation, Recipient: r.Recipient, Name: r.Name, By: r.CreatedBy, Inviter: r.Inviter,
			CreatedAt: r.CreatedAt, SentAt: r.SentAt, ExpiresAt: r.ExpiresAt,
		}
		hidden := false
		for _, a := range rights {
			if a.InvitationID == r.ID {
				i.Assignments = append(i.Assignments, v.assigned(Assignment{a.Role, a.NodeID}))
				hidden = hidden || !v.visible(Assignment{a.Role, a.NodeID})
			}
		}
		if !hidden {
			list = append(list, i)
		}
	}
	return list, nil
}

// open gives an open invitation that somebody may look at, with the organisation locked.
func (p *People) open(ctx context.Context, q *db.Queries, by *access.Person, id string) (Invitation, error) {
	if err := lock(ctx, q, by.OrganisationID); err != nil {
		return Invitation{}, err
	}
	list, err := p.invitations(ctx, q, by)
	if err != nil {
		return Invitation{}, err
	}
	n := slices.IndexFunc(list, func(i Invitation) bool { return i.ID == id })
	if n < 0 {
		return Invitation{}, notFound("invitation")
	}
	return list[n], nil
}

// Resend sends an invitation with another link; the earlier one is void. From now on it is an invitation of who sent it again.
func (p *People) Resend(ctx context.Context, by *access.Person, id, lang string) (Invitation, error) {
	token, hash, err := newToken()
	if err != nil {
		return Invitation{}, err
	}
	var i Invitation
	err = p.store.Tx(ctx, func(q *db.Queries) error {
		if i, err = p.open(ctx, q, by, id); err != nil {
			return err
		}
		if now := p.now(); i.SentAt != 0 && now.Sub(time.UnixMicro(i.SentAt)) < againAfter {
			return refuse(ErrOften, "", "sent_just_now")
		}
		v, err := p.look(ctx, q, by)
		if err != nil {
			return err
		}
		for _, a := range i.Assignments {
			if err := v.mayGive(a.Assignment); err != nil {
				return err
			}
		}
		i.By, i.Inviter, i.SentAt = by.ID, called(by.Login, by.Name), 0
		i.ExpiresAt = store.Micros(p.now().Add(InvitationLife))
		if _, err := q.RenewInvitation(ctx, db.RenewInvitationParams{
			OrganisationID: by.OrganisationID, ID: id, Hash: hash, CreatedBy: by.ID, ExpiresAt: i.ExpiresAt,
		}); err != nil {
			return fmt.Errorf("renew invitation: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: by.OrganisationID, Act: "person.invited_again", Object: id, Name: called(i.Recipient, i.Name)})
	})
	if err != nil {
		return i, err
	}
	return p.send(ctx, i, token, lang), nil
}

// Uninvite makes an invitation void.
func (p *People) Uninvite(ctx context.Context, by *access.Person, id string) error {
	return p.store.Tx(ctx, func(q *db.Queries) error {
		i, err := p.open(ctx, q, by, id)
		if err != nil {
			return err
		}
		if _, err := q.RevokeInvitation(ctx, db.RevokeInvitationParams{OrganisationID: by.OrganisationID, ID: id, RevokedAt: store.Micros(p.now())}); err != nil {
			return fmt.Errorf("revoke invitation: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: by.OrganisationID, Act: "person.uninvited", Object: id, Name: called(i.Recipient, i.Name)})
	})
}

// Invitation gives the invitation of a link: [ErrInvitation] for one that is not good. What the inviter may not give any more is
// not in it, and one that would give nothing is not good.
func (p *People) Invitation(ctx context.Context, token string) (Invitation, error) {
	q := p.store.Read()
	r, err := q.FindInvitation(ctx, db.FindInvitationParams{Hash: hashToken(token), Now: store.Micros(p.now())})
	if store.NotFound(err) {
		return Invitation{}, ErrInvitation
	} else if err != nil {
		return Invitation{}, fmt.Errorf("find invitation: %w", err)
	}
	i := Invitation{ID: r.ID, OrganisationID: r.OrganisationID, Organisation: r.Organisation, Recipient: r.Recipient, Name: r.Name, By: r.CreatedBy, ExpiresAt: r.ExpiresAt}
	inviter, err := p.rightsIn(ctx, r.CreatedBy, r.OrganisationID)
	if errors.Is(err, access.ErrForbidden) || err == nil && inviter.OrganisationID != r.OrganisationID {
		return Invitation{}, ErrInvitation // they work here no more
	} else if err != nil {
		return Invitation{}, err
	}
	member, err := q.GetColleague(ctx, db.GetColleagueParams{OrganisationID: r.OrganisationID, PersonID: r.CreatedBy})
	if err != nil {
		return Invitation{}, fmt.Errorf("find inviter: %w", err)
	}
	i.Inviter = called(member.Login, member.Name)
	v, err := p.look(ctx, q, inviter)
	if err != nil {
		return Invitation{}, err
	}
	rights, err := q.ListInvitationRights(ctx, r.OrganisationID)
	if err != nil {
		return Invitation{}, fmt.Errorf("list rights of invitations: %w", err)
	}
	for _, a := range rights {
		as := Assignment{a.Role, a.NodeID}
		if _, there := v.tree.node(as.Node); a.InvitationID == r.ID && there && len(v.roles[as.Role].May) > 0 && v.mayGive(as) == nil {
			i.Assignments = append(i.Assignments, v.assigned(as))
		}
	}
	if len(i.Assignments) == 0 {
		return Invitation{}, ErrInvitation
	}
	return i, nil
}

// Accept makes a person who followed a link a member of the organisation, and gives its id. The caller has made sure who the
// person is.
func (p *People) Accept(ctx context.Context, token, personID string) (organisationID string, err error) {
	i, err := p.Invitation(ctx, token)
	if err != nil {
		return "", err
	}
	err = p.store.Tx(ctx, func(q *db.Queries) error { return p.AcceptIn(ctx, q, i, personID) })
	return i.OrganisationID, p.changed(err)
}

// AcceptIn is [People.Accept] in a transaction of the caller, who may make the person in it; the invitation is what
// [People.Invitation] gave a moment ago.
func (p *People) AcceptIn(ctx context.Context, q *db.Queries, i Invitation, personID string) error {
	if err := lock(ctx, q, i.OrganisationID); err != nil {
		return err
	}
	now := store.Micros(p.now())
	if n, err := q.AcceptInvitation(ctx, db.AcceptInvitationParams{ID: i.ID, Now: now, PersonID: personID}); err != nil {
		return fmt.Errorf("accept invitation: %w", err)
	} else if n == 0 {
		return ErrInvitation // somebody was quicker
	}
	if err := q.JoinOrganisation(ctx, db.JoinOrganisationParams{OrganisationID: i.OrganisationID, PersonID: personID, CreatedAt: now}); err != nil {
		return fmt.Errorf("join organisation: %w", err)
	}
	m, err := q.GetColleague(ctx, db.GetColleagueParams{OrganisationID: i.OrganisationID, PersonID: personID})
	if err != nil {
		return fmt.Errorf("find person: %w", err)
	}
	if m.BlockedAt != 0 {
		return ErrInvitation // who was shut out comes back by who shut them out
	}
	var given []string
	for _, a := range i.Assignments {
		if err := q.Assign(ctx, db.AssignParams{OrganisationID: i.OrganisationID, PersonID: personID, Role: a.Role, NodeID: a.Node, CreatedAt: now}); err != nil {
			return fmt.Errorf("assign role: %w", err)
		}
		given = append(given, a.words())
	}
	return audit.Note(ctx, q, audit.Entry{
		OrganisationID: i.OrganisationID, Act: "person.joined", Object: personID, Name: called(m.Login, m.Name), New: strings.Join(given, "; "),
	})
}
