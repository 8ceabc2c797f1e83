package access

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rsc.io/qr"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// recoveryCodes are made at once, recoveryLength letters each: 50 bits.
	recoveryCodes, recoveryLength = 10, 10
	// issuer is how authenticator applications name us.
	issuer = "Чекан"
)

var errWrongCode = refuse("code", "wrong", "the code is not right")

// secondFactors are what a person can be asked for besides the password; none when there is no second factor.
func (a *Access) secondFactors(ctx context.Context, person string) (list []Factor, err error) {
	p, err := a.store.Read().GetPerson(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("find person: %w", err)
	}
	keys, err := a.store.Read().ListPasskeys(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	if p.TotpAt > 0 {
		list = append(list, ByTOTP)
	}
	if len(keys) > 0 && a.passkeys != nil {
		list = append(list, ByPasskey)
	}
	if p.TotpAt == 0 && len(keys) == 0 {
		return nil, nil
	}
	n, err := a.store.Read().CountRecoveryCodes(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("count recovery codes: %w", err)
	}
	if n > 0 || len(list) == 0 { // who can give nothing at all is asked nevertheless: a lost factor opens nothing
		list = append(list, ByRecovery)
	}
	return list, nil
}

// challenge begins an attempt that asks a person for one of some factors.
func (a *Access) challenge(ctx context.Context, of purpose, person string, factors []Factor, so *pending) (*Challenge, error) {
	c := &Challenge{Factors: factors}
	if slices.Contains(factors, ByPasskey) {
		var err error
		if c.Options, so.Session, err = a.askPasskey(ctx, person); err != nil {
			return nil, err
		}
	}
	so.Factors, so.Options = factors, c.Options
	err := a.store.Tx(ctx, func(q *db.Queries) error {
		at, err := a.attempt(ctx, q, of, person, so, codes{}, challengeTime)
		c.Ticket = at.Ticket
		return err
	})
	return c, err
}

// checkAnswer checks a second factor. What it gives uses the factor up, in the transaction of what it is for.
func (a *Access) checkAnswer(ctx context.Context, p db.GetPersonRow, answer Answer, session []byte) (func(q *db.Queries) error, Factor, error) {
	switch {
	case answer.TOTP != "":
		use, err := a.checkTOTP(p, answer.TOTP)
		return func(q *db.Queries) error { return use(ctx, q) }, ByTOTP, err
	case answer.Recovery != "":
		hash := a.hashRecovery(p.ID, answer.Recovery)
		n, err := a.store.Read().HasRecoveryCode(ctx, db.HasRecoveryCodeParams{PersonID: p.ID, Hash: hash})
		if err != nil {
			return nil, "", fmt.Errorf("find recovery code: %w", err)
		}
		if n == 0 {
			return nil, "", errWrongCode
		}
		return func(q *db.Queries) error {
			n, err := q.UseRecoveryCode(ctx, db.UseRecoveryCodeParams{PersonID: p.ID, Hash: hash})
			if err == nil && n == 0 {
				return errWrongCode
			}
			return err
		}, ByRecovery, nil
	case answer.Passkey != "":
		use, err := a.checkPasskey(ctx, p, answer.Passkey, session)
		return use, ByPasskey, err
	}
	return nil, "", refuse("code", "empty", "no answer was given")
}

func (a *Access) checkTOTP(p db.GetPersonRow, code string) (func(ctx context.Context, q *db.Queries) error, error) {
	if p.TotpAt == 0 {
		return nil, errWrongCode
	}
	secret, err := a.secrets.open(p.Totp, p.ID)
	if err != nil {
		return nil, err
	}
	step := totpStepOf(secret, code, p.TotpStep, a.now())
	if step == 0 {
		return nil, errWrongCode
	}
	return func(ctx context.Context, q *db.Queries) error {
		n, err := q.UseTOTP(ctx, db.UseTOTPParams{ID: p.ID, Step: step})
		if err != nil {
			return fmt.Errorf("use code: %w", err)
		}
		if n == 0 { // the same code was used a moment ago
			return errWrongCode
		}
		return nil
	}, nil
}

// TOTP is the secret of an authenticator application, shown once.
type TOTP struct{ URI, Secret, SVG string }

// BeginTOTP makes a secret; it counts from [Access.ConfirmTOTP] on.
func (a *Access) BeginTOTP(ctx context.Context, p *Person) (TOTP, error) {
	row, err := a.store.Read().GetPerson(ctx, p.ID)
	if err != nil {
		return TOTP{}, fmt.Errorf("find person: %w", err)
	}
	if row.TotpAt > 0 {
		return TOTP{}, ErrState // the one there is goes first
	}
	secret := newTOTPSecret()
	if err := a.store.Write().SetTOTP(ctx, db.SetTOTPParams{ID: p.ID, Totp: a.secrets.shut(secret, p.ID), TotpAt: 0}); err != nil {
		return TOTP{}, fmt.Errorf("keep secret: %w", err)
	}
	uri := totpURI(issuer, row.Login, secret)
	picture, err := drawn(uri)
	if err != nil {
		return TOTP{}, err
	}
	return TOTP{URI: uri, Secret: grouped(totpText.EncodeToString(secret)), SVG: picture}, nil
}

// ConfirmTOTP takes the first code of the application; from now on it is asked for. It gives the recovery codes.
func (a *Access) ConfirmTOTP(ctx context.Context, p *Person, code string) ([]string, error) {
	if a.signIns.spent("factor "+p.ID, perFactor) {
		return nil, ErrTooOften
	}
	row, err := a.store.Read().GetPerson(ctx, p.ID)
	if err != nil {
		return nil, fmt.Errorf("find person: %w", err)
	}
	if row.TotpAt > 0 || len(row.Totp) == 0 {
		return nil, ErrState
	}
	secret, err := a.secrets.open(row.Totp, p.ID)
	if err != nil {
		return nil, err
	}
	step := totpStepOf(secret, code, 0, a.now())
	if step == 0 {
		a.signIns.count("factor " + p.ID)
		return nil, errWrongCode
	}
	var list []string
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		n, err := q.ConfirmTOTP(ctx, db.ConfirmTOTPParams{ID: p.ID, Now: store.Micros(a.now()), Step: step})
		if err != nil {
			return fmt.Errorf("confirm: %w", err)
		}
		if n == 0 {
			return ErrState
		}
		if list, err = a.newRecovery(ctx, q, p.ID); err != nil {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "factor.added", Object: p.ID, Name: p.Login, New: string(ByTOTP)})
	})
	if err != nil {
		return nil, err
	}
	a.tellThing(ctx, row, letterFactorOn, ByTOTP)
	return list, nil
}

// RemoveTOTP removes the authenticator application, and the recovery codes when it was the last second factor.
func (a *Access) RemoveTOTP(ctx context.Context, p *Person) error {
	row, err := a.store.Read().GetPerson(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("find person: %w", err)
	}
	if row.TotpAt == 0 {
		return ErrState
	}
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		if err := q.SetTOTP(ctx, db.SetTOTPParams{ID: p.ID, Totp: []byte{}, TotpAt: 0}); err != nil {
			return fmt.Errorf("remove: %w", err)
		}
		return a.removed(ctx, q, p, ByTOTP)
	})
	if err == nil {
		a.tellThing(ctx, row, letterFactorOff, ByTOTP)
	}
	return err
}

// removed looks at what is left after a factor was removed: none when one is required is refused.
func (a *Access) removed(ctx context.Context, q *db.Queries, p *Person, what Factor) error {
	left, err := q.GetPerson(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("find person: %w", err)
	}
	keys, err := q.ListPasskeys(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("list passkeys: %w", err)
	}
	if left.TotpAt == 0 && len(keys) == 0 {
		required, err := q.CountRequiring(ctx, p.ID)
		if err != nil {
			return fmt.Errorf("find rule: %w", err)
		}
		if required > 0 {
			return ErrLastFactor
		}
		if err := q.DeleteRecoveryCodes(ctx, p.ID); err != nil {
			return fmt.Errorf("remove recovery codes: %w", err)
		}
	}
	return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "factor.removed", Object: p.ID, Name: p.Login, Old: string(what)})
}

// RenewRecovery makes new recovery codes; those of before no longer count.
func (a *Access) RenewRecovery(ctx context.Context, p *Person) ([]string, error) {
	factors, err := a.secondFactors(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	if len(factors) == 0 {
		return nil, ErrState
	}
	var list []string
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		if list, err = a.newRecovery(ctx, q, p.ID); err != nil {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "factor.recovery_renewed", Object: p.ID, Name: p.Login})
	})
	if err != nil {
		return nil, err
	}
	row, err := a.store.Read().GetPerson(ctx, p.ID)
	if err != nil {
		return nil, fmt.Errorf("find person: %w", err)
	}
	a.tellThing(ctx, row, letterFactorOn, ByRecovery)
	return list, nil
}

func (a *Access) newRecovery(ctx context.Context, q *db.Queries, person string) ([]string, error) {
	if err := q.DeleteRecoveryCodes(ctx, person); err != nil {
		return nil, fmt.Errorf("remove recovery codes: %w", err)
	}
	list := make([]string, recoveryCodes)
	for i := range list {
		text := randomText(recoveryLength)
		if err := q.AddRecoveryCode(ctx, db.AddRecoveryCodeParams{PersonID: person, Hash: a.hashRecovery(person, text)}); err != nil {
			return nil, fmt.Errorf("keep recovery code: %w", err)
		}
		list[i] = text[:recoveryLength/2] + "-" + text[recoveryLength/2:]
	}
	return list, nil
}

func (a *Access) hashRecovery(person, code string) []byte {
	return a.secrets.hash("recovery", person, strings.ToUpper(onlyDigits(strings.TrimSpace(code))))
}

// tellThing tells a person that a factor came or went.
func (a *Access) tellThing(ctx context.Context, p db.GetPersonRow, kind letter, what Factor) {
	a.tell(ctx, receiver(p), kind, things[what][language(p.Language)])
}

// SetFactorRule says whether everybody of the organisation at work has to have a second factor. Who asks for it has one.
func (a *Access) SetFactorRule(ctx context.Context, p *Person, required bool) error {
	if required {
		factors, err := a.secondFactors(ctx, p.ID)
		if err != nil {
			return err
		}
		if len(factors) == 0 {
			return ErrFactor
		}
	}
	err := a.store.Tx(ctx, func(q *db.Queries) error {
		was, err := q.GetFactorRequired(ctx, p.OrganisationID)
		if err != nil {
			return fmt.Errorf("find rule: %w", err)
		}
		if err := q.SetFactorRequired(ctx, db.SetFactorRequiredParams{ID: p.OrganisationID, FactorRequired: asInt(required)}); err != nil {
			return fmt.Errorf("set rule: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{
			OrganisationID: p.OrganisationID, Act: "factor.rule", Object: p.OrganisationID, Name: p.Organisation,
			Old: onOff(was > 0), New: onOff(required),
		})
	})
	if err == nil {
		a.RightsChanged()
	}
	return err
}

func onOff(b bool) string {
	if b {
		return "required"
	}
	return "optional"
}

// drawn is a text as a QR code, SVG: one path, dark on white with the quiet zone of four modules (ISO/IEC 18004).
func drawn(text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("draw code: %w", err)
	}
	const quiet = 4
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	size := code.Size + 2*quiet
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		size, size, size, size, path.String()), nil
}
