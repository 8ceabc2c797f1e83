package access

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

func TestMain(m *testing.M) {
	argonMemory = 64
	m.Run()
}

// mailbox keeps what was sent.
type mailbox struct{ messages []post.Message }

func (m *mailbox) Send(_ context.Context, message post.Message) error {
	m.messages = append(m.messages, message)
	return nil
}

// organisations is what package people is to this one, as far as these tests need it.
type organisations struct {
	a       *Access
	invited map[string]Invitation
	offered []string
}

func (o *organisations) Check(f Founding) (Founding, error) {
	if f.Name == "" || f.TaxID == "0" {
		return f, refuse("tax_id", "taxid", "is none")
	}
	return f, nil
}

func (o *organisations) Found(ctx context.Context, q *db.Queries, f Founding, personID string) (string, error) {
	id, now := store.NewID(), store.Micros(o.a.now())
	return id, errors.Join(
		q.AddOrganisation(ctx, db.AddOrganisationParams{ID: id, Name: f.Name, CreatedAt: now, Kind: f.Kind, Country: f.Country, TaxID: f.TaxID}),
		q.CreateMembership(ctx, db.CreateMembershipParams{OrganisationID: id, PersonID: personID, CreatedAt: now}),
		q.Assign(ctx, db.AssignParams{OrganisationID: id, PersonID: personID, Role: string(Administrator), CreatedAt: now}),
	)
}

func (o *organisations) Partner(_ context.Context, code string) (bool, error) {
	return code == "K7QF-2M9X", nil
}

func (o *organisations) Offer(_ context.Context, _ *db.Queries, organisationID, code string) error {
	o.offered = append(o.offered, organisationID+" "+code)
	return nil
}

func (o *organisations) Invitation(_ context.Context, secret string) (Invitation, error) {
	i, there := o.invited[secret]
	if !there {
		return i, ErrInvitation
	}
	return i, nil
}

func (o *organisations) Accept(ctx context.Context, q *db.Queries, i Invitation, personID string) error {
	for secret, open := range o.invited {
		if open.Contact == i.Contact {
			delete(o.invited, secret)
			return errors.Join(
				q.JoinOrganisation(ctx, db.JoinOrganisationParams{OrganisationID: i.OrganisationID, PersonID: personID, CreatedAt: 1}),
				q.Assign(ctx, db.AssignParams{OrganisationID: i.OrganisationID, PersonID: personID, Role: string(Viewer), CreatedAt: 1}),
			)
		}
	}
	return ErrInvitation
}

// opened is a world where everybody may come in every way.
type opened struct {
	*world
	mail, sms     *mailbox
	organisations *organisations
}

const presentTerms = "2026-01"

func newOpened(t *testing.T, s *store.Store) *opened {
	t.Helper()
	o := &opened{world: newWorld(t, s), mail: new(mailbox), sms: new(mailbox)}
	o.organisations = &organisations{a: o.Access, invited: map[string]Invitation{}}
	if err := o.Configure(Options{
		Mail: o.mail, SMS: o.sms, PublicURL: "https://kassa.example.ru", SignUp: true, Terms: presentTerms, Organisations: o.organisations,
	}); err != nil {
		t.Fatal(err)
	}
	return o
}

// received gives the messages that came to a contact since the last look anywhere.
func (o *opened) received(t *testing.T, contact string) (list []post.Message) {
	t.Helper()
	o.drain(t.Context())
	for _, box := range []*mailbox{o.mail, o.sms} {
		var rest []post.Message
		for _, m := range box.messages {
			if m.To == contact {
				list = append(list, m)
			} else {
				rest = append(rest, m)
			}
		}
		box.messages = rest
	}
	return list
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// code is the one in the only message that came to a contact.
func (o *opened) code(t *testing.T, contact string) string {
	t.Helper()
	list := o.received(t, contact)
	if len(list) != 1 {
		t.Fatalf("%d messages to %s: %v", len(list), contact, list)
	}
	code := sixDigits.FindString(list[0].Text)
	if code == "" {
		t.Fatalf("no code in %q", list[0].Text)
	}
	return code
}

// other is a code that is not this one.
func other(code string) string {
	if code[0] == '1' {
		return "2" + code[1:]
	}
	return "1" + code[1:]
}

// noCodeOf is one that an attempt does not take, whether or not its own code was sent to anybody.
func (o *opened) noCodeOf(t *testing.T, of purpose, ticket string) string {
	t.Helper()
	row, err := o.store.Read().GetAttempt(t.Context(), db.GetAttemptParams{Ticket: hashToken(ticket), Purpose: string(of)})
	if err != nil {
		t.Fatal(err)
	}
	for n := 123456; ; n++ {
		code := fmt.Sprint(n)
		if !bytes.Equal(row.PhoneCode, o.hashCode(ticket, "phone", code)) && !bytes.Equal(row.EmailCode, o.hashCode(ticket, "email", code)) {
			return code
		}
	}
}

// reason is the word of a refusal, with its field.
func reason(err error) string {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Field + " " + r.Reason
	}
	return fmt.Sprint(err)
}

var (
	here     = Caller{"10.0.0.1", "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"}
	usual    = "Кассовый дождь над рекой"
	founders = SignUp{
		Organisation: Founding{Country: "ru", Kind: KindOwner, TaxID: "7707083893", Name: "ООО «Лютик»"},
		Name:         "Пётр", Email: "Petr@Example.ru", Phone: "8 (916) 123-45-67", Password: usual, Terms: presentTerms, Language: "ru",
	}
)

// signUp makes an organisation with a person who has both contacts.
func (o *opened) signUp(t *testing.T) Entry {
	t.Helper()
	at, err := o.StartSignUp(t.Context(), founders, here)
	if err != nil {
		t.Fatal(err)
	}
	e, requested, err := o.ConfirmSignUp(t.Context(), at.Ticket, o.code(t, "+79161234567"), o.code(t, "petr@example.ru"), here)
	if err != nil || requested {
		t.Fatal(requested, err)
	}
	return e
}

func (o *opened) journal(t *testing.T, organisation string) string {
	t.Helper()
	acts, err := o.store.Read().ListAudit(t.Context(), db.ListAuditParams{OrganisationID: organisation, Before: 1 << 60, Until: 1 << 60, Page: 500})
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, a := range acts {
		words = append(words, a.Act)
	}
	return strings.Join(words, " ")
}

func (o *opened) later(d time.Duration) { o.now = o.now.Add(d) }
