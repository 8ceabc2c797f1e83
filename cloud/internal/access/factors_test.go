package access

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// totpNow is the code an application shows.
func totpNow(secret string, now time.Time) string {
	raw, err := totpText.DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err != nil {
		panic(err)
	}
	return hotp(raw, uint64(now.Unix()/30), totpDigits)
}

// noCode is one that no application shows now, nor a step before or after.
func noCode(secret string, now time.Time) string {
	raw, err := totpText.DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err != nil {
		panic(err)
	}
	for n := 0; ; n++ {
		if code := fmt.Sprintf("%06d", n); totpStepOf(raw, code, 0, now) == 0 {
			return code
		}
	}
}

// enrol sets up an authenticator application.
func (o *opened) enrol(t *testing.T, p *Person) (secret string, recovery []string) {
	t.Helper()
	made, err := o.BeginTOTP(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if recovery, err = o.ConfirmTOTP(t.Context(), p, totpNow(made.Secret, o.now)); err != nil {
		t.Fatal(err)
	}
	return made.Secret, recovery
}

func TestTOTP_signIn(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		e := o.signUp(t)
		p := o.person(t, e)
		made, err := o.BeginTOTP(t.Context(), p)
		for err == nil && (totpNow(made.Secret, o.now) == totpNow(made.Secret, o.now.Add(totpStep)) ||
			totpNow(made.Secret, o.now.Add(totpStep)) == totpNow(made.Secret, o.now.Add(2*totpStep))) {
			made, err = o.BeginTOTP(t.Context(), p) // a code that was used would be right again, as the next step's
		}
		if err != nil || !strings.HasPrefix(made.URI, "otpauth://totp/") || !strings.HasPrefix(made.SVG, "<svg") {
			t.Fatal(made, err)
		}
		if e := o.in(t, "petr@example.ru", usual, "x"); e.Challenge != nil {
			t.Error("a secret that was not confirmed is asked for")
		}
		right := totpNow(made.Secret, o.now)
		if _, err := o.ConfirmTOTP(t.Context(), p, noCode(made.Secret, o.now)); reason(err) != "code wrong" {
			t.Errorf("a wrong code: %v", err)
		}
		recovery, err := o.ConfirmTOTP(t.Context(), p, right)
		if err != nil || len(recovery) != recoveryCodes {
			t.Fatal(recovery, err)
		}
		if _, err := o.BeginTOTP(t.Context(), p); !errors.Is(err, ErrState) {
			t.Errorf("a second one: %v", err)
		}
		o.received(t, "petr@example.ru")
		o.received(t, "+79161234567")

		ask := func() *Challenge {
			t.Helper()
			e := o.in(t, "petr@example.ru", usual, "10.0.5.5")
			if e.Challenge == nil || e.Person != nil || e.Tokens != (Tokens{}) || fmt.Sprint(e.Challenge.Factors) != "[totp recovery]" {
				t.Fatalf("%+v", e)
			}
			return e.Challenge
		}
		answer := func(c *Challenge, a Answer) error {
			_, err := o.FinishSignIn(t.Context(), c.Ticket, a, here)
			return err
		}
		c := ask()
		if got, err := o.Challenged(t.Context(), c.Ticket, here); err != nil || fmt.Sprint(got.Factors) != fmt.Sprint(c.Factors) {
			t.Errorf("%+v %v", got, err)
		}
		if err := answer(c, Answer{TOTP: right}); reason(err) != "code wrong" {
			t.Errorf("the code that was used to set it up: %v", err)
		}
		o.later(totpStep)
		right = totpNow(made.Secret, o.now)
		if err := answer(c, Answer{}); reason(err) != "code empty" {
			t.Errorf("no answer: %v", err)
		}
		if err := answer(c, Answer{TOTP: right}); err != nil {
			t.Fatal(err)
		}
		if err := answer(c, Answer{TOTP: right}); reason(err) != "code expired" {
			t.Errorf("a ticket twice: %v", err)
		}
		if err := answer(ask(), Answer{TOTP: right}); reason(err) != "code wrong" {
			t.Errorf("a code twice: %v", err)
		}
		typed := strings.ToLower(" " + strings.ReplaceAll(recovery[3], "-", " ") + " ")
		if err := answer(ask(), Answer{Recovery: typed}); err != nil {
			t.Fatal(err)
		}
		if list := o.received(t, "petr@example.ru"); len(list) != 1 || !strings.Contains(list[0].Text, "9") {
			t.Errorf("%v", list)
		}
		if err := answer(ask(), Answer{Recovery: recovery[3]}); reason(err) != "code wrong" {
			t.Errorf("a recovery code twice: %v", err)
		}
		late := ask()
		o.later(challengeTime)
		if err := answer(late, Answer{TOTP: totpNow(made.Secret, o.now)}); reason(err) != "code expired" {
			t.Errorf("a late answer: %v", err)
		}
		o.later(10 * time.Minute)
		locked := ask()
		for range wrongCodes {
			if err := answer(locked, Answer{TOTP: noCode(made.Secret, o.now)}); reason(err) != "code wrong" {
				t.Fatal(err)
			}
		}
		if err := answer(locked, Answer{TOTP: totpNow(made.Secret, o.now)}); reason(err) != "code locked" {
			t.Errorf("a sixth answer: %v", err)
		}
		for range wrongCodes {
			_ = answer(ask(), Answer{TOTP: noCode(made.Secret, o.now)})
		}
		if err := answer(ask(), Answer{TOTP: totpNow(made.Secret, o.now)}); !errors.Is(err, ErrTooOften) {
			t.Errorf("guessing over many attempts: %v", err)
		}
		if got := o.journal(t, p.OrganisationID); !strings.Contains(got, "factor.added") {
			t.Errorf("journal: %s", got)
		}
	})
}

// TestRemoveFactors: who has lost everything comes in by a password again.
func TestRemoveFactors(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		p := o.person(t, o.signUp(t))
		o.enrol(t, p)
		o.addPasskey(t, p, newAuthenticator(t), "x")
		if e := o.in(t, "petr@example.ru", usual, "x"); e.Challenge == nil {
			t.Fatal("no second factor is asked for")
		}
		if err := o.RemoveFactors(t.Context(), "8 916 123-45-67"); err != nil {
			t.Fatal(err)
		}
		if e := o.in(t, "petr@example.ru", usual, "x"); e.Person == nil {
			t.Errorf("%+v", e)
		}
		if err := o.RemoveFactors(t.Context(), "nobody"); err == nil {
			t.Error("nobody's factors are removed")
		}
	})
}

// TestTOTP_sealed: what the database has of a secret is not the secret.
func TestTOTP_sealed(t *testing.T) {
	o := openedOne(t)
	p := o.person(t, o.signUp(t))
	secret, recovery := o.enrol(t, p)
	row, err := o.store.Read().GetPerson(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := totpText.DecodeString(strings.ReplaceAll(secret, " ", ""))
	if strings.Contains(string(row.Totp), string(raw)) || strings.Contains(string(row.Totp), recovery[0]) {
		t.Error("the secret stands in the database")
	}
	if _, err := o.secrets.open(row.Totp, "somebody else"); err == nil {
		t.Error("it opens for somebody else")
	}
}

func TestFactorRule(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		e := o.signUp(t)
		p := o.person(t, e)
		if err := o.SetFactorRule(t.Context(), p, true); !errors.Is(err, ErrFactor) {
			t.Errorf("who has none asks for one of everybody: %v", err)
		}
		o.enrol(t, p)
		if err := o.SetFactorRule(t.Context(), p, true); err != nil {
			t.Fatal(err)
		}
		if err := o.RemoveTOTP(t.Context(), p); !errors.Is(err, ErrLastFactor) {
			t.Errorf("the last one is removed: %v", err)
		}
		o.organisations.invited["x"] = Invitation{OrganisationID: p.OrganisationID, Contact: "anna@example.ru"}
		anna, err := o.AcceptInvitation(t.Context(), nil, Joining{Secret: "x", Name: "Анна", Password: usual, Terms: presentTerms}, here)
		if err != nil {
			t.Fatal(err)
		}
		if !errors.Is(anna.Person.Standing.Due, ErrFactor) {
			t.Errorf("a colleague without one: %v", anna.Person.Standing.Due)
		}
		o.enrol(t, anna.Person)
		if due := o.person(t, anna).Standing.Due; due != nil {
			t.Errorf("a colleague with one: %v", due)
		}
		if err := o.SetFactorRule(t.Context(), p, false); err != nil {
			t.Fatal(err)
		}
		if err := o.RemoveTOTP(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if s, err := o.Security(t.Context(), p); err != nil || s.RecoveryCodes != 0 || !s.TOTPAt.IsZero() {
			t.Errorf("%+v %v", s, err)
		}
		if e := o.in(t, "petr@example.ru", usual, "x"); e.Person == nil {
			t.Error("a removed factor is asked for")
		}
	})
}

func TestProve(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		e := o.signUp(t)
		proven := func() bool { return o.person(t, e).Proven(o.now) == nil }
		if !proven() {
			t.Error("who has just come in is asked again")
		}
		o.later(ProofLife - time.Second)
		if !proven() {
			t.Error("too early")
		}
		o.later(time.Second)
		p := o.person(t, e)
		if proven() {
			t.Fatal("a proof for ever")
		}
		var key *Person
		if key.Proven(o.now) == nil || (&Person{Key: true}).Proven(o.now) == nil {
			t.Error("nobody, or a key, is proven")
		}
		if _, err := o.Prove(t.Context(), p, Proof{Password: "wrong"}); !errors.Is(err, ErrCredentials) || proven() {
			t.Errorf("a wrong password: %v", err)
		}
		if _, err := o.Prove(t.Context(), p, Proof{}); !errors.Is(err, ErrCredentials) || proven() {
			t.Errorf("nothing: %v", err)
		}
		if _, err := o.Prove(t.Context(), p, Proof{TOTP: "123456"}); reason(err) != "code wrong" || proven() {
			t.Errorf("a code of no application: %v", err)
		}
		until, err := o.Prove(t.Context(), p, Proof{Password: usual})
		if err != nil || !until.Equal(o.now.Add(ProofLife)) || !proven() {
			t.Errorf("%v %v", until, err)
		}
		secret, _ := o.enrol(t, p)
		o.later(ProofLife + time.Minute)
		e2, err := o.Refresh(t.Context(), e.Tokens.Long, here)
		if err != nil {
			t.Fatal(err)
		}
		e.Tokens = e2
		c, err := o.BeginProof(t.Context(), p)
		if err != nil || fmt.Sprint(c.Factors) != "[password totp]" {
			t.Errorf("%+v %v", c, err)
		}
		if _, err := o.Prove(t.Context(), p, Proof{TOTP: totpNow(secret, o.now)}); err != nil || !proven() {
			t.Error(err)
		}
		if got := o.journal(t, p.OrganisationID); strings.Count(got, "person.proven") != 2 {
			t.Errorf("journal: %s", got)
		}
	})
}

// TestSecrets: keys of one authority are the same at every start, and of no other.
func TestSecrets(t *testing.T) {
	dir, now := t.TempDir(), time.Now
	open := func(dir string) *secrets {
		t.Helper()
		authority, err := OpenAuthority(dir, now)
		if err != nil {
			t.Fatal(err)
		}
		s, err := newSecrets(authority)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	one, same, another := open(dir), open(dir), open(t.TempDir())
	sealed := one.shut([]byte("secret"), "p")
	if plain, err := same.open(sealed, "p"); err != nil || string(plain) != "secret" {
		t.Errorf("%q %v", plain, err)
	}
	if _, err := another.open(sealed, "p"); err == nil {
		t.Error("another authority opens it")
	}
	if string(one.hash("a", "bc")) == string(one.hash("a", "b", "c")) || string(one.hash("x")) == string(another.hash("x")) {
		t.Error("hashes are alike")
	}
}
