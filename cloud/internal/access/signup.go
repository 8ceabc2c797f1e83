package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/contact"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Founding is an organisation that is to be made.
type Founding struct {
	// Country is ru or kz, Kind is [KindOwner] or [KindService].
	Country string `json:"country"`
	Kind    string `json:"kind"`
	TaxID   string `json:"tax_id"`
	Name    string `json:"name"`
	Email   string `json:"email"`
	Phone   string `json:"phone"`
}

// SignUp is what a new organisation and its first person tell of themselves.
type SignUp struct {
	Organisation Founding `json:"organisation"`
	// Name, Email and Phone are the person's.
	Name  string `json:"name"`
	Email string `json:"email"`
	Phone string `json:"phone"`
	// Password is a hash as soon as it is kept.
	Password string `json:"password"`
	// PartnerCode of a service centre; may be empty.
	PartnerCode string `json:"partner_code"`
	// Terms is the version the person accepts.
	Terms    string `json:"terms"`
	Language string `json:"language"`
}

// StartSignUp checks what is told and sends a code to the phone and one to the e-mail. Who has one of them already is told so there,
// and the answer here is the same.
func (a *Access) StartSignUp(ctx context.Context, s SignUp, from Caller) (Attempt, error) {
	if !a.options.SignUp || a.options.Organisations == nil {
		return Attempt{}, ErrClosed
	}
	if err := a.stranger(from); err != nil {
		return Attempt{}, err
	}
	var err error
	if s, err = a.checkSignUp(ctx, s); err != nil {
		return Attempt{}, err
	}
	if !a.maySend(s.Phone, from.Address) || !a.maySend(s.Email, from.Address) {
		return Attempt{}, ErrTooOften
	}
	if s.Password, err = hashPassword(s.Password); err != nil {
		return Attempt{}, err
	}
	knownPhone, err := a.known(ctx, "", s.Phone)
	if err != nil {
		return Attempt{}, err
	}
	knownEmail, err := a.known(ctx, s.Email, "")
	if err != nil {
		return Attempt{}, err
	}
	body := signingUp{SignUp: s, mailing: mailing{
		First:    sending{To: s.Phone, Kind: letterSignUp, Known: knownPhone},
		Second:   sending{To: s.Email, Kind: letterSignUp, Known: knownEmail, Path: "/sign-up?ticket=%s&email_code=%s"},
		Language: s.Language,
	}}
	return a.mail(ctx, forSignUp, "", body, body.mailing)
}

type signingUp struct {
	SignUp
	mailing
}

// known tells whether somebody has a contact.
func (a *Access) known(ctx context.Context, email, phone string) (bool, error) {
	if email == "" {
		email = nobody
	}
	n, err := a.store.Read().CountKnown(ctx, db.CountKnownParams{Email: email, Phone: phone})
	if err != nil {
		return false, fmt.Errorf("find person: %w", err)
	}
	return n > 0, nil
}

func (a *Access) checkSignUp(ctx context.Context, s SignUp) (SignUp, error) {
	var err error
	if s.Name, err = plainName(s.Name); err != nil {
		return s, err
	}
	if s.Email, err = contact.Email(s.Email); err != nil {
		return s, refuse("email", "format", err.Error())
	}
	if s.Phone, err = contact.Mobile(s.Phone); err != nil {
		reason := "format"
		if errors.Is(err, contact.ErrMobile) {
			reason = "mobile"
		}
		return s, refuse("phone", reason, err.Error())
	}
	s.Organisation.Email, s.Organisation.Phone = s.Email, s.Phone
	if s.Organisation, err = a.options.Organisations.Check(s.Organisation); err != nil {
		return s, err
	}
	if s.Organisation.TaxID == "" {
		return s, refuse("tax_id", "empty", "needs a tax id")
	}
	if s.Terms != a.options.Terms {
		return s, refuse("terms", "terms", "the present terms have to be accepted")
	}
	if s.PartnerCode != "" {
		there, err := a.options.Organisations.Partner(ctx, s.PartnerCode)
		if err != nil {
			return s, err
		}
		if !there {
			return s, refuse("partner_code", "partner", "no service centre has this code")
		}
	}
	s.Language = language(s.Language)
	return s, goodPassword(s.Password, "password", s.Name, s.Email, s.Phone, s.Organisation.Name)
}

// ConfirmSignUp takes both codes and makes the organisation. When its tax id has one already nothing is made: the administrators are
// asked to let the person in, and requested is true.
func (a *Access) ConfirmSignUp(ctx context.Context, ticket, phoneCode, emailCode string, from Caller) (entry Entry, requested bool, err error) {
	if err := a.stranger(from); err != nil {
		return Entry{}, false, err
	}
	var s signingUp
	if _, err := a.answered(ctx, forSignUp, ticket, &s, codes{phoneCode, emailCode}, "phone_code", "email_code"); err != nil {
		return Entry{}, false, err
	}
	founded := s.Organisation
	there, err := a.store.Read().FindOrganisation(ctx, db.FindOrganisationParams{Country: founded.Country, TaxID: founded.TaxID, Kind: founded.Kind})
	if err != nil && !store.NotFound(err) {
		return Entry{}, false, fmt.Errorf("find organisation: %w", err)
	}
	if err == nil {
		return Entry{}, true, a.request(ctx, ticket, s.SignUp, there, from)
	}
	person := store.NewID()
	so := pending{By: []Factor{ByPassword}, Remember: true}
	entry, err = a.enterMade(ctx, person, s.Email, &so, from, func(q *db.Queries) error {
		if err := take(ctx, q, ticket); err != nil {
			return err
		}
		if err := a.makePerson(ctx, q, newcomer{
			id: person, login: s.Email, name: s.Name, hash: s.Password, email: s.Email, phone: s.Phone, language: s.SignUp.Language, terms: s.Terms,
		}, from); err != nil {
			return err
		}
		acting := actAs(ctx, person, s.Email, from)
		var err error
		if so.Organisation, err = a.options.Organisations.Found(acting, q, founded, person); err != nil {
			return err
		}
		if s.PartnerCode != "" {
			return a.options.Organisations.Offer(acting, q, so.Organisation, s.PartnerCode)
		}
		return nil
	})
	return entry, false, err
}

// enterMade is [Access.enter] where more says where the person goes to work.
func (a *Access) enterMade(ctx context.Context, person, login string, so *pending, from Caller, more func(q *db.Queries) error) (Entry, error) {
	ctx = actAs(ctx, person, login, from)
	var entry Entry
	err := a.store.Tx(ctx, func(q *db.Queries) error {
		if err := more(q); err != nil {
			return err
		}
		var err error
		if entry.Tokens, err = a.begin(ctx, q, person, so.Organisation, so.By, so.Remember, from); err != nil {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{
			OrganisationID: so.Organisation, Act: "person.signed_in", Object: person, Name: login, New: factorWords(so.By),
		})
	})
	if err != nil {
		return Entry{}, err
	}
	entry.OrganisationID = so.Organisation
	if entry.Person, err = a.Session(ctx, entry.Tokens.Short); err != nil {
		return Entry{}, err
	}
	a.log.InfoContext(ctx, "signed in", "person", person, "address", from.Address)
	return entry, nil
}

// newcomer is a person that is made; their contacts are confirmed.
type newcomer struct{ id, login, name, hash, email, phone, language, terms string }

func (a *Access) makePerson(ctx context.Context, q *db.Queries, n newcomer, from Caller) error {
	now := store.Micros(a.now())
	err := q.AddPersonOfSignUp(ctx, db.AddPersonOfSignUpParams{
		ID: n.id, Login: n.login, Folded: foldLogin(n.login), Name: n.name, Password: n.hash, CreatedAt: now,
		Email: n.email, Phone: n.phone, Language: language(n.language), PasswordAt: now,
	})
	if store.Exists(err) { // somebody was quicker
		return ErrState
	} else if err != nil {
		return fmt.Errorf("create person: %w", err)
	}
	return a.acceptTerms(ctx, q, n.id, n.terms, from)
}

func (a *Access) acceptTerms(ctx context.Context, q *db.Queries, person, version string, from Caller) error {
	if version == "" {
		return nil
	}
	if err := q.AcceptTerms(ctx, db.AcceptTermsParams{PersonID: person, Version: version, Address: from.Address, AcceptedAt: store.Micros(a.now())}); err != nil {
		return fmt.Errorf("accept terms: %w", err)
	}
	if err := q.SetTerms(ctx, db.SetTermsParams{ID: person, Terms: version}); err != nil {
		return fmt.Errorf("accept terms: %w", err)
	}
	return nil
}

// request asks the administrators of an organisation to let somebody in whose contacts are confirmed.
func (a *Access) request(ctx context.Context, ticket string, s SignUp, organisation db.FindOrganisationRow, from Caller) error {
	if err := a.store.Tx(ctx, func(q *db.Queries) error {
		if err := take(ctx, q, ticket); err != nil {
			return err
		}
		return audit.Note(actAs(ctx, "", s.Email, from), q, audit.Entry{
			OrganisationID: organisation.ID, Act: "access.requested", Object: organisation.ID, Name: s.Name, New: s.Email + ", " + s.Phone,
		})
	}); err != nil {
		return err
	}
	list, err := a.store.Read().ListAdministrators(ctx, organisation.ID)
	if err != nil {
		return fmt.Errorf("list administrators: %w", err)
	}
	for _, p := range list {
		a.tell(ctx, addressee{p.Email, p.Phone, p.Language}, letterRequest, s.Name, s.Email, s.Phone, organisation.Name)
	}
	return nil
}

// mailing is where the codes of an attempt go.
type mailing struct {
	First    sending `json:"first"`
	Second   sending `json:"second"`
	Language string  `json:"lang"`
}

// sending is one code that goes out.
type sending struct {
	// To is empty when there is no such code.
	To   string `json:"to"`
	Kind letter `json:"kind"`
	// Before is what the letter says before the code.
	Before []string `json:"before,omitempty"`
	// Known says that somebody else has the contact: they are told so, and no code that would be right is sent to anybody.
	Known bool `json:"known,omitempty"`
	// Nobody says that nobody has the contact: nothing is sent, and the work is the same.
	Nobody bool `json:"nobody,omitempty"`
	// Path of the link with ticket and code, for letters.
	Path string `json:"path,omitempty"`
}

// mail begins an attempt and sends its codes.
func (a *Access) mail(ctx context.Context, of purpose, person string, body any, m mailing) (Attempt, error) {
	var sent codes
	if m.First.To != "" {
		sent.phone = newCode()
	}
	if m.Second.To != "" {
		sent.email = newCode()
	}
	var at Attempt
	if err := a.store.Tx(ctx, func(q *db.Queries) (err error) {
		at, err = a.attempt(ctx, q, of, person, body, sent, CodeTime)
		return err
	}); err != nil {
		return Attempt{}, err
	}
	a.dispatch(ctx, at.Ticket, m, sent)
	at.Hints = m.hints()
	return at, nil
}

func (m mailing) hints() (list []string) {
	for _, s := range []sending{m.First, m.Second} {
		if s.To != "" && !s.Nobody && s.Kind != letterReset {
			list = append(list, hidden(s.To))
		}
	}
	return list
}

func (a *Access) dispatch(ctx context.Context, ticket string, m mailing, sent codes) {
	for _, one := range []struct {
		s    sending
		code string
	}{{m.First, sent.phone}, {m.Second, sent.email}} {
		switch {
		case one.s.To == "" || one.code == "" || one.s.Nobody:
		case one.s.Known:
			a.write(ctx, one.s.To, m.Language, letterKnown, "")
		default:
			args := make([]any, 0, len(one.s.Before)+1)
			for _, text := range one.s.Before {
				args = append(args, text)
			}
			link := ""
			if one.s.Path != "" {
				link = a.link(fmt.Sprintf(one.s.Path, ticket, one.code))
			}
			a.write(ctx, one.s.To, m.Language, one.s.Kind, link, append(args, one.code)...)
		}
	}
}

// SendCodeAgain sends new codes of an attempt, the first one, the second one or both. The codes of before are void; the wrong answers
// still count.
func (a *Access) SendCodeAgain(ctx context.Context, ticket string, phone, email bool, from Caller) (Attempt, error) {
	if err := a.stranger(from); err != nil {
		return Attempt{}, err
	}
	now := a.now()
	for _, of := range []purpose{forSignUp, forReset, forContact} {
		row, err := a.store.Read().GetAttempt(ctx, db.GetAttemptParams{Ticket: hashToken(ticket), Purpose: string(of)})
		if store.NotFound(err) {
			continue
		} else if err != nil {
			return Attempt{}, fmt.Errorf("find attempt: %w", err)
		}
		return a.again(ctx, ticket, row, phone, email, now, from)
	}
	return Attempt{}, refuse("code", "expired", "the attempt is over: begin again")
}

func (a *Access) again(ctx context.Context, ticket string, row db.GetAttemptRow, phone, email bool, now time.Time, from Caller) (Attempt, error) {
	switch {
	case row.Wrong >= wrongCodes:
		return Attempt{}, refuse("code", "locked", "too many wrong codes: begin again")
	case row.Sent > resends:
		return Attempt{}, refuse("code", "spent", "the code was sent too often: begin again")
	case now.Sub(time.UnixMicro(row.SentAt)) < resendAfter:
		return Attempt{}, refuse("code", "soon", "wait a minute before another code is sent")
	}
	var m mailing
	if err := decode(row.Body, &m); err != nil {
		return Attempt{}, err
	}
	if !phone && !email {
		phone, email = true, true
	}
	var sent codes
	first, second := row.PhoneCode, row.EmailCode
	if phone && m.First.To != "" {
		if !a.maySend(m.First.To, from.Address) {
			return Attempt{}, ErrTooOften
		}
		sent.phone = newCode()
		first = a.hashCode(ticket, "phone", sent.phone)
	}
	if email && m.Second.To != "" {
		if !a.maySend(m.Second.To, from.Address) {
			return Attempt{}, ErrTooOften
		}
		sent.email = newCode()
		second = a.hashCode(ticket, "email", sent.email)
	}
	n, err := a.store.Write().RenewCodes(ctx, db.RenewCodesParams{
		Ticket: hashToken(ticket), PhoneCode: first, EmailCode: second, SentAt: store.Micros(now), ExpiresAt: store.Micros(now.Add(CodeTime)), Sent: row.Sent,
	})
	if err != nil {
		return Attempt{}, fmt.Errorf("renew codes: %w", err)
	}
	if n == 0 { // a second click
		return Attempt{}, refuse("code", "soon", "wait a minute before another code is sent")
	}
	a.dispatch(ctx, ticket, m, sent)
	return Attempt{Ticket: ticket, Expires: now.Add(CodeTime), Again: now.Add(resendAfter), Hints: m.hints()}, nil
}
