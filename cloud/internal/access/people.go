package access

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/cases"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// ErrLogin says that a login is taken, or is none.
var ErrLogin = errors.New("login is taken or empty")

func foldLogin(login string) string { return cases.Fold().String(strings.TrimSpace(login)) }

// FirstStart makes the organisation and its administrator when there is nobody yet, and gives the password made for them.
// The password is shown to keep before it is stored: if the showing fails, nothing was made.
func (a *Access) FirstStart(ctx context.Context, organisation string, show func(login, password string) error) error {
	n, err := a.store.Read().CountPeople(ctx)
	if err != nil {
		return fmt.Errorf("count people: %w", err)
	}
	if n > 0 {
		return nil
	}
	const login = "admin"
	password := randomPassword()
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	now := store.Micros(a.now())
	return a.store.Tx(ctx, func(q *db.Queries) error {
		id := store.NewID()
		if err := q.CreateOrganisation(ctx, db.CreateOrganisationParams{ID: id, Name: organisation, CreatedAt: now}); err != nil {
			return fmt.Errorf("create organisation: %w", err)
		}
		if err := createPerson(ctx, q, id, login, "Администратор", hash, Administrator, now); err != nil {
			return err
		}
		return show(login, password)
	})
}

func createPerson(ctx context.Context, q *db.Queries, organisation, login, name, hash string, role Role, now int64) error {
	id := store.NewID()
	if err := q.CreatePerson(ctx, db.CreatePersonParams{
		ID: id, Login: strings.TrimSpace(login), Folded: foldLogin(login), Name: name, Password: hash, CreatedAt: now,
	}); err != nil {
		if store.Exists(err) {
			return ErrLogin
		}
		return fmt.Errorf("create person: %w", err)
	}
	if err := q.CreateMembership(ctx, db.CreateMembershipParams{OrganisationID: organisation, PersonID: id, CreatedAt: now}); err != nil {
		return fmt.Errorf("create membership: %w", err)
	}
	if err := q.Assign(ctx, db.AssignParams{OrganisationID: organisation, PersonID: id, Role: string(role), CreatedAt: now}); err != nil {
		return fmt.Errorf("assign role: %w", err)
	}
	return nil
}

// AddPerson makes a person with a role in the first organisation; an empty password is made up. It gives the password.
func (a *Access) AddPerson(ctx context.Context, login, name, password string, role Role) (string, error) {
	if foldLogin(login) == "" {
		return "", ErrLogin
	}
	if roles[role] == nil {
		return "", fmt.Errorf("role %q is not one of %v", role, Roles())
	}
	if password == "" {
		password = randomPassword()
	}
	if !Estimate(password, []string{login, name}).Good() {
		return "", ErrWeak
	}
	organisation, err := a.store.Read().FirstOrganisation(ctx)
	if err != nil {
		return "", fmt.Errorf("find organisation (start the cabinet once first): %w", err)
	}
	hash, err := hashPassword(password)
	if err != nil {
		return "", err
	}
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		return createPerson(ctx, q, organisation.ID, login, name, hash, role, store.Micros(a.now()))
	})
	return password, err
}

// ResetPassword gives a person a new password and ends every session of theirs; an empty one is made up.
func (a *Access) ResetPassword(ctx context.Context, login, password string) (string, error) {
	if password == "" {
		password = randomPassword()
	}
	who := parseLogin(login)
	p, err := a.store.Read().FindPerson(ctx, db.FindPersonParams{Folded: who.folded, Email: who.email, Phone: who.phone})
	if store.NotFound(err) {
		return "", fmt.Errorf("no person has the login %q", login)
	} else if err != nil {
		return "", fmt.Errorf("find person: %w", err)
	}
	if !Estimate(password, []string{p.Login, p.Name, p.Email, p.Phone}).Good() {
		return "", ErrWeak
	}
	return password, a.setPassword(ctx, p.ID, password, "", func(q *db.Queries) error {
		return audit.Note(ctx, q, audit.Entry{Act: "password.reset", Object: p.ID, Name: p.Login})
	})
}

// RemoveFactors takes every second factor of a person away: for who has lost them all, by who runs the computer.
func (a *Access) RemoveFactors(ctx context.Context, login string) error {
	who := parseLogin(login)
	p, err := a.store.Read().FindPerson(ctx, db.FindPersonParams{Folded: who.folded, Email: who.email, Phone: who.phone})
	if store.NotFound(err) {
		return fmt.Errorf("no person has the login %q", login)
	} else if err != nil {
		return fmt.Errorf("find person: %w", err)
	}
	return a.store.Tx(ctx, func(q *db.Queries) error {
		err := errors.Join(
			q.SetTOTP(ctx, db.SetTOTPParams{ID: p.ID, Totp: []byte{}}), q.DeletePasskeys(ctx, p.ID), q.DeleteRecoveryCodes(ctx, p.ID),
		)
		if err != nil {
			return fmt.Errorf("remove factors: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{Act: "factor.removed", Object: p.ID, Name: p.Login})
	})
}

// setPassword replaces a password and ends every session but those of one device; without one, all.
func (a *Access) setPassword(ctx context.Context, person, password, keep string, note func(q *db.Queries) error) error {
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		if _, err := q.SetPassword(ctx, db.SetPasswordParams{ID: person, Password: hash, Now: store.Micros(a.now())}); err != nil {
			return fmt.Errorf("set password: %w", err)
		}
		if _, err := endOthers(ctx, q, person, keep); err != nil {
			return err
		}
		return note(q)
	})
	if err == nil {
		a.RightsChanged()
	}
	return err
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func truncate(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// Session gives the person of a session's secret, at work where they signed in.
func (a *Access) Session(ctx context.Context, token string) (*Person, error) {
	return a.SessionIn(ctx, token, "")
}

// SessionIn gives the person of a session's secret, at work in an organisation: [ErrForbidden] when they do not work there. With
// none it is where they signed in or, when they no longer work there, wherever they do.
func (a *Access) SessionIn(ctx context.Context, token, organisationID string) (*Person, error) {
	now := a.now()
	s, err := a.store.Read().GetSession(ctx, db.GetSessionParams{Token: hashToken(token), Now: store.Micros(now)})
	if store.NotFound(err) {
		return nil, ErrNoSession
	} else if err != nil {
		return nil, fmt.Errorf("find session: %w", err)
	}
	if now.Sub(time.UnixMicro(s.SeenAt)) > touchEvery {
		if err := a.store.Write().TouchDevice(ctx, db.TouchDeviceParams{ID: s.DeviceID, SeenAt: store.Micros(now)}); err != nil {
			return nil, fmt.Errorf("touch device: %w", err)
		}
	}
	p := &Person{ID: s.PersonID, Login: s.Login, Name: s.Name, Standing: a.standing(s)}
	if p, err = a.PersonIn(ctx, p, organisationID, s.OrganisationID); err != nil {
		return nil, err
	}
	if p.OrganisationID != "" && now.Sub(time.UnixMicro(p.workedAt)) > touchEvery {
		if err := a.store.Write().TouchMembership(ctx, db.TouchMembershipParams{OrganisationID: p.OrganisationID, PersonID: p.ID, Now: store.Micros(now)}); err != nil {
			return nil, fmt.Errorf("note who is at work: %w", err)
		}
	}
	return p, nil
}
