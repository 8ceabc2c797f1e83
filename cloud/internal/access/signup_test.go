package access

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

func openedBoth(t *testing.T, body func(t *testing.T, o *opened)) {
	t.Helper()
	storetest.Run(t, func(t *testing.T, s *store.Store) { body(t, newOpened(t, s)) })
}

func openedOne(t *testing.T) *opened {
	t.Helper()
	return newOpened(t, storetest.Open(t, storetest.SQLite(t)))
}

func TestSignUp(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		asked := founders
		asked.PartnerCode = "K7QF-2M9X"
		at, err := o.StartSignUp(t.Context(), asked, here)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"+7 916 •••-••-67", "p•••@example.ru"}, at.Hints); diff != "" {
			t.Error(diff)
		}
		sms := o.code(t, "+79161234567")
		letters := o.received(t, "petr@example.ru")
		if len(letters) != 1 || !strings.Contains(letters[0].Text, "https://kassa.example.ru/sign-up?ticket="+at.Ticket+"&email_code=") || letters[0].Subject == "" {
			t.Fatalf("%v", letters)
		}
		mail := sixDigits.FindString(letters[0].Text)
		for _, c := range [][3]string{{other(sms), mail, "phone_code wrong"}, {sms, other(mail), "email_code wrong"}, {"", "", "phone_code wrong"}} {
			if _, _, err := o.ConfirmSignUp(t.Context(), at.Ticket, c[0], c[1], here); reason(err) != c[2] {
				t.Errorf("%v: %v", c, err)
			}
		}
		e, requested, err := o.ConfirmSignUp(t.Context(), at.Ticket, sms[:3]+" "+sms[3:], mail, here)
		if err != nil || requested {
			t.Fatal(requested, err)
		}
		p := e.Person
		if p.Organisation != "ООО «Лютик»" || p.Login != "petr@example.ru" || p.Standing.Due != nil || !p.CanAll(PeopleManage) || p.Proven(o.now) != nil {
			t.Errorf("%+v", p)
		}
		if diff := cmp.Diff([]string{p.OrganisationID + " K7QF-2M9X"}, o.organisations.offered); diff != "" {
			t.Error(diff)
		}
		if _, _, err := o.ConfirmSignUp(t.Context(), at.Ticket, sms, mail, here); reason(err) != "phone_code expired" {
			t.Errorf("once more: %v", err)
		}
		for _, login := range []string{"petr@example.ru", "PETR@EXAMPLE.RU", "+7 916 123-45-67", "89161234567", "9161234567"} {
			if err := o.try(t, login, usual, "10.0.0.7"); err != nil {
				t.Errorf("%s: %v", login, err)
			}
		}
		s, err := o.Security(t.Context(), p)
		if err != nil || s.Terms != presentTerms || !s.TermsAt.Equal(o.now) || s.Phone != "+79161234567" {
			t.Errorf("%+v %v", s, err)
		}
		if got := o.journal(t, p.OrganisationID); !strings.Contains(got, "person.signed_in") {
			t.Errorf("journal: %s", got)
		}
	})
}

func TestSignUp_refused(t *testing.T) {
	o := openedOne(t)
	for want, change := range map[string]func(s *SignUp){
		"name empty":           func(s *SignUp) { s.Name = " " },
		"name long":            func(s *SignUp) { s.Name = strings.Repeat("я", 101) },
		"name format":          func(s *SignUp) { s.Name = "a\x00b" },
		"email format":         func(s *SignUp) { s.Email = "petr" },
		"phone format":         func(s *SignUp) { s.Phone = "+375291234567" },
		"phone mobile":         func(s *SignUp) { s.Phone = "8 495 123-45-67" },
		"tax_id empty":         func(s *SignUp) { s.Organisation.TaxID = "" },
		"tax_id taxid":         func(s *SignUp) { s.Organisation.TaxID = "0" },
		"terms terms":          func(s *SignUp) { s.Terms = "2025" },
		"partner_code partner": func(s *SignUp) { s.PartnerCode = "AAAA-AAAA" },
		"password weak":        func(s *SignUp) { s.Password = "лютик лютик" },
	} {
		s := founders
		change(&s)
		if _, err := o.StartSignUp(t.Context(), s, here); reason(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	o.drain(t.Context())
	if n := len(o.mail.messages) + len(o.sms.messages); n != 0 {
		t.Errorf("%d messages for refused attempts", n)
	}
	o.options.SignUp = false
	if _, err := o.StartSignUp(t.Context(), founders, here); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestSignUp_codes: five answers, ten minutes, a minute between codes, six codes in all.
func TestSignUp_codes(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		start := func() (Attempt, string, string) {
			t.Helper()
			at, err := o.StartSignUp(t.Context(), founders, here)
			if err != nil {
				t.Fatal(err)
			}
			return at, o.code(t, "+79161234567"), o.code(t, "petr@example.ru")
		}
		confirm := func(at Attempt, sms, mail string) string {
			_, _, err := o.ConfirmSignUp(t.Context(), at.Ticket, sms, mail, here)
			return reason(err)
		}
		at, sms, mail := start()
		for range wrongCodes {
			if got := confirm(at, other(sms), mail); got != "phone_code wrong" {
				t.Fatal(got)
			}
		}
		if got := confirm(at, sms, mail); got != "phone_code locked" {
			t.Errorf("the sixth answer: %s", got)
		}
		if _, err := o.SendCodeAgain(t.Context(), at.Ticket, false, false, here); reason(err) != "code locked" {
			t.Errorf("another code unlocks: %v", err)
		}
		at, sms, mail = start()
		o.later(CodeTime)
		if got := confirm(at, sms, mail); got != "phone_code expired" {
			t.Errorf("late: %s", got)
		}
		if _, err := o.SendCodeAgain(t.Context(), at.Ticket, true, false, here); err != nil {
			t.Fatal(err)
		}
		fresh := o.code(t, "+79161234567")
		if sms != fresh { // two of a million codes may be one
			if got := confirm(at, sms, mail); got != "phone_code wrong" {
				t.Errorf("the code of before: %s", got)
			}
		}
		if _, err := o.SendCodeAgain(t.Context(), at.Ticket, true, false, here); reason(err) != "code soon" {
			t.Errorf("at once: %v", err)
		}
		if n := len(o.received(t, "petr@example.ru")); n != 0 {
			t.Errorf("%d letters nobody asked for", n)
		}
		if got := confirm(at, fresh, mail); got != "<nil>" {
			t.Errorf("the new code and the old one of the other channel: %s", got)
		}
	})
}

// TestSignUp_flood: one contact gets few messages, however often it is asked for.
func TestSignUp_flood(t *testing.T) {
	o := openedOne(t)
	n := 0
	for i := range 20 {
		if _, err := o.StartSignUp(t.Context(), founders, Caller{Address: fmt.Sprint("10.9.0.", i)}); errors.Is(err, ErrTooOften) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != perContact {
		t.Errorf("%d messages to one phone", n)
	}
}

// TestSignUp_known: who signs up with the contacts of somebody learns nothing here; the owner is told.
func TestSignUp_known(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		o.signUp(t)
		again := founders
		again.Email, again.Organisation.TaxID = "thief@example.ru", "500100732259"
		before := hashed.Load()
		at, err := o.StartSignUp(t.Context(), again, here)
		if err != nil || at.Ticket == "" || len(at.Hints) != 2 {
			t.Fatalf("%+v %v", at, err)
		}
		if n := hashed.Load() - before; n != 1 {
			t.Errorf("%d hashes", n)
		}
		owner := o.received(t, "+79161234567")
		if len(owner) != 1 || sixDigits.MatchString(owner[0].Text) {
			t.Errorf("the owner is told %v", owner)
		}
		mail := o.code(t, "thief@example.ru")
		for range wrongCodes {
			if _, _, err := o.ConfirmSignUp(t.Context(), at.Ticket, o.noCodeOf(t, forSignUp, at.Ticket), mail, here); reason(err) != "phone_code wrong" {
				t.Fatal(err)
			}
		}
	})
}

// TestSignUp_request: a tax id that is here already asks its administrators, and makes nothing.
func TestSignUp_request(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		first := o.signUp(t)
		second := founders
		second.Name, second.Email, second.Phone = "Анна", "anna@example.ru", "+77012345678"
		at, err := o.StartSignUp(t.Context(), second, here)
		if err != nil {
			t.Fatal(err)
		}
		e, requested, err := o.ConfirmSignUp(t.Context(), at.Ticket, o.code(t, "+77012345678"), o.code(t, "anna@example.ru"), here)
		if err != nil || !requested || e.Person != nil || e.Tokens.Short != "" {
			t.Fatalf("%+v %v %v", e, requested, err)
		}
		letters := append(o.received(t, "petr@example.ru"), o.received(t, "+79161234567")...)
		if len(letters) != 2 || !strings.Contains(letters[0].Text, "anna@example.ru") || !strings.Contains(letters[0].Text, "ООО «Лютик»") {
			t.Errorf("%v", letters)
		}
		if err := o.try(t, "anna@example.ru", usual, "x"); !errors.Is(err, ErrCredentials) {
			t.Errorf("somebody was made: %v", err)
		}
		if got := o.journal(t, first.Person.OrganisationID); !strings.Contains(got, "access.requested") {
			t.Errorf("journal: %s", got)
		}
	})
}

func TestTerms(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		e := o.signUp(t)
		o.options.Terms = "2026-02"
		p := o.person(t, e)
		if !errors.Is(p.Standing.Due, ErrTerms) {
			t.Fatalf("a new version: %v", p.Standing.Due)
		}
		if err := o.AcceptTerms(t.Context(), p, presentTerms, here); reason(err) != "terms terms" {
			t.Errorf("the old version: %v", err)
		}
		if err := o.AcceptTerms(t.Context(), p, "2026-02", here); err != nil {
			t.Fatal(err)
		}
		if p := o.person(t, e); p.Standing.Due != nil {
			t.Errorf("accepted: %v", p.Standing.Due)
		}
	})
}

func TestInvitation(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		owner := o.signUp(t)
		invite := func(secret, contact string) {
			o.organisations.invited[secret] = Invitation{OrganisationID: owner.Person.OrganisationID, Organisation: "ООО «Лютик»", By: "Пётр", Contact: contact}
		}
		if _, err := o.Invitation(t.Context(), "none", here); !errors.Is(err, ErrInvitation) {
			t.Errorf("a link of nobody: %v", err)
		}
		invite("new", "anna@example.ru")
		if i, err := o.Invitation(t.Context(), "new", here); err != nil || i.Known {
			t.Errorf("%+v %v", i, err)
		}
		joining := Joining{Secret: "new", Name: "Анна", Password: "anna@example", Terms: presentTerms}
		if _, err := o.AcceptInvitation(t.Context(), nil, joining, here); reason(err) != "password weak" {
			t.Errorf("a weak password: %v", err)
		}
		joining.Password = usual
		e, err := o.AcceptInvitation(t.Context(), nil, joining, here)
		if err != nil || e.Person.OrganisationID != owner.Person.OrganisationID || e.Person.Can(MoneyView) || !e.Person.Can(TillsView) {
			t.Fatalf("%+v %v", e.Person, err)
		}
		if _, err := o.AcceptInvitation(t.Context(), nil, joining, here); !errors.Is(err, ErrInvitation) {
			t.Errorf("twice: %v", err)
		}
		// One who is here already joins by their own password, or by their session.
		other := newcomerIn(t, o, "boris@example.ru")
		invite("known", "boris@example.ru")
		if i, err := o.Invitation(t.Context(), "known", here); err != nil || !i.Known {
			t.Errorf("%+v %v", i, err)
		}
		if _, err := o.AcceptInvitation(t.Context(), nil, Joining{Secret: "known", Password: "wrong"}, here); !errors.Is(err, ErrCredentials) {
			t.Errorf("a wrong password: %v", err)
		}
		e, err = o.AcceptInvitation(t.Context(), nil, Joining{Secret: "known", Password: other}, here)
		if err != nil || e.Person.OrganisationID != owner.Person.OrganisationID {
			t.Errorf("%+v %v", e.Person, err)
		}
		invite("session", "carl@example.ru")
		e, err = o.AcceptInvitation(t.Context(), o.person(t, owner), Joining{Secret: "session"}, here)
		if err != nil || e.OrganisationID != owner.Person.OrganisationID || e.Tokens.Short != "" {
			t.Errorf("%+v %v", e, err)
		}
	})
}

// newcomerIn makes somebody with a password in the first organisation, and gives it.
func newcomerIn(t *testing.T, o *opened, login string) string {
	t.Helper()
	password, err := o.AddPerson(t.Context(), login, "", "", Viewer)
	if err != nil {
		t.Fatal(err)
	}
	return password
}

func TestReset(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		e := o.signUp(t)
		known, err := o.StartReset(t.Context(), "8 916 123-45-67", here)
		if err != nil {
			t.Fatal(err)
		}
		stranger, err := o.StartReset(t.Context(), "8 916 765-43-21", here)
		if err != nil {
			t.Fatal(err)
		}
		if known.Hints != nil || stranger.Hints != nil || len(known.Ticket) != len(stranger.Ticket) || !known.Expires.Equal(stranger.Expires) {
			t.Errorf("the answers tell who is known: %+v, %+v", known, stranger)
		}
		code := o.code(t, "+79161234567")
		if n := len(o.received(t, "+79167654321")); n != 0 {
			t.Errorf("%d messages to a stranger", n)
		}
		const next = "Новый дождь над морем"
		if err := o.FinishReset(t.Context(), stranger.Ticket, code, next, here); reason(err) != "code wrong" {
			t.Errorf("a stranger's attempt: %v", err)
		}
		if err := o.FinishReset(t.Context(), known.Ticket, other(code), next, here); reason(err) != "code wrong" {
			t.Errorf("a wrong code: %v", err)
		}
		if err := o.FinishReset(t.Context(), known.Ticket, code, "petr@example.ru1", here); reason(err) != "password weak" {
			t.Errorf("a weak password: %v", err)
		}
		if err := o.FinishReset(t.Context(), known.Ticket, code, next, here); err != nil {
			t.Fatal(err)
		}
		if o.signedIn(t, e) {
			t.Error("a session lives")
		}
		if _, err := o.Refresh(t.Context(), e.Tokens.Long, here); !errors.Is(err, ErrNoSession) {
			t.Errorf("a device lives: %v", err)
		}
		if n := len(o.received(t, "petr@example.ru")) + len(o.received(t, "+79161234567")); n != 2 {
			t.Errorf("%d notices", n)
		}
		if err := o.FinishReset(t.Context(), known.Ticket, code, next, here); reason(err) != "code expired" {
			t.Errorf("twice: %v", err)
		}
		if err := o.try(t, "petr@example.ru", next, "x"); err != nil {
			t.Errorf("the new password: %v", err)
		}
		letter, err := o.StartReset(t.Context(), "petr@example.ru", here)
		if err != nil {
			t.Fatal(err)
		}
		mail := o.received(t, "petr@example.ru")
		if len(mail) != 1 || !strings.Contains(mail[0].Text, "/reset?ticket="+letter.Ticket) {
			t.Errorf("%v", mail)
		}
	})
}

func TestContactChange(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		p := o.person(t, o.signUp(t))
		const old, fresh, third = "+79161234567", "+77012345678", "+79160000000"
		for value, want := range map[string]string{"8 916 123 45 67": "value same", "123": "value format", "8 495 123-45-67": "value mobile"} {
			if _, _, err := o.StartContactChange(t.Context(), p, PhoneChannel, value, false, here); reason(err) != want {
				t.Errorf("%s: %v", value, err)
			}
		}
		at, asked, err := o.StartContactChange(t.Context(), p, PhoneChannel, "8 701 234-56-78", false, here)
		if err != nil || !asked {
			t.Fatal(asked, err)
		}
		oldCode, code := o.code(t, old), o.code(t, fresh)
		for _, c := range [][3]string{{code, "", "old_code wrong"}, {code, code, "old_code wrong"}, {"", oldCode, "code wrong"}} {
			if c[1] == oldCode && c[0] == oldCode || code == oldCode {
				continue
			}
			if _, err := o.ConfirmContactChange(t.Context(), p, at.Ticket, c[0], c[1]); reason(err) != c[2] {
				t.Errorf("%v: %v", c, err)
			}
		}
		if when, err := o.ConfirmContactChange(t.Context(), p, at.Ticket, code, oldCode); err != nil || !when.IsZero() {
			t.Fatal(when, err)
		}
		if a, b, c := len(o.received(t, old)), len(o.received(t, fresh)), len(o.received(t, "petr@example.ru")); a != 1 || b != 1 || c != 1 {
			t.Errorf("notices: %d, %d, %d", a, b, c)
		}
		if o.try(t, old, usual, "x") == nil || o.try(t, fresh, usual, "x") != nil {
			t.Error("the old phone signs in, or the new one does not")
		}

		// The old one is lost: a day, notices, and a link that stops it.
		lose := func() string {
			t.Helper()
			at, asked, err := o.StartContactChange(t.Context(), p, PhoneChannel, third, true, here)
			if err != nil || asked {
				t.Fatal(asked, err)
			}
			when, err := o.ConfirmContactChange(t.Context(), p, at.Ticket, o.code(t, third), "")
			if err != nil || !when.Equal(o.now.Add(LostDelay)) {
				t.Fatal(when, err)
			}
			if err := o.settleContacts(t.Context()); err != nil {
				t.Fatal(err)
			}
			if o.try(t, third, usual, "y") == nil {
				t.Error("the new phone alone took over")
			}
			notices := append(o.received(t, fresh), o.received(t, "petr@example.ru")...)
			if len(notices) != 2 {
				t.Fatalf("%v", notices)
			}
			_, secret, _ := strings.Cut(notices[0].Text, "/cancel-change?token=")
			return secret
		}
		secret := lose()
		if err := o.CancelContactChange(t.Context(), nil, secret+"x", here); !errors.Is(err, ErrState) {
			t.Errorf("a link of nobody: %v", err)
		}
		if err := o.CancelContactChange(t.Context(), nil, "", here); !errors.Is(err, ErrNoSession) {
			t.Errorf("nobody: %v", err)
		}
		if err := o.CancelContactChange(t.Context(), nil, secret, here); err != nil {
			t.Fatal(err)
		}
		o.later(LostDelay)
		if err := o.settleContacts(t.Context()); err != nil {
			t.Fatal(err)
		}
		if o.try(t, third, usual, "y") == nil {
			t.Error("a stopped change was made")
		}
		o.received(t, fresh)
		o.received(t, "petr@example.ru")
		lose()
		if s, err := o.Security(t.Context(), p); err != nil || s.Pending == nil || s.Pending.Value != third {
			t.Errorf("%+v %v", s, err)
		}
		o.later(LostDelay)
		if err := o.settleContacts(t.Context()); err != nil {
			t.Fatal(err)
		}
		if o.try(t, third, usual, "z") != nil || o.try(t, fresh, usual, "z") == nil {
			t.Error("after a day the change is not made")
		}
	})
}

// TestContactChange_login: a login that is the e-mail changes with it, and one that is somebody else's contact is not told.
func TestContactChange_login(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		p := o.person(t, o.signUp(t))
		newcomerIn(t, o, "taken@example.ru")
		at, _, err := o.StartContactChange(t.Context(), p, EmailChannel, "taken@example.ru", false, here)
		if err != nil {
			t.Fatal(err)
		}
		if list := o.received(t, "taken@example.ru"); len(list) != 1 || sixDigits.MatchString(list[0].Text) {
			t.Errorf("%v", list)
		}
		if _, err := o.ConfirmContactChange(t.Context(), p, at.Ticket, o.noCodeOf(t, forContact, at.Ticket), o.code(t, "petr@example.ru")); reason(err) != "code wrong" {
			t.Errorf("a contact of somebody else: %v", err)
		}
		if at, _, err = o.StartContactChange(t.Context(), p, EmailChannel, "piter@example.ru", false, here); err != nil {
			t.Fatal(err)
		}
		if _, err := o.ConfirmContactChange(t.Context(), p, at.Ticket, o.code(t, "piter@example.ru"), o.code(t, "petr@example.ru")); err != nil {
			t.Fatal(err)
		}
		if e := o.in(t, "piter@example.ru", usual, "x"); e.Person.Login != "piter@example.ru" {
			t.Errorf("login %s", e.Person.Login)
		}
		if o.try(t, "petr@example.ru", usual, "x") == nil {
			t.Error("the old e-mail signs in")
		}
	})
}

// TestLetters: every message is there in every language, and says the same things.
func TestLetters(t *testing.T) {
	for kind, texts := range words {
		want := strings.Count(texts["ru"][1], "%s")
		for _, lang := range languages {
			text := texts[lang]
			if text[0] == "" || text[1] == "" || strings.Count(text[1], "%s") != want || strings.Contains(text[0], "%") {
				t.Errorf("%s %s: %q", kind, lang, text)
			}
			if len([]rune(text[0])) > 60 {
				t.Errorf("%s %s: the subject is long", kind, lang)
			}
		}
	}
	for what, names := range things {
		for _, lang := range languages {
			if names[lang] == "" {
				t.Errorf("%s has no name in %s", what, lang)
			}
		}
	}
}
