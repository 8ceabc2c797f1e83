package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/cases"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// SessionIdle is how long a session lives without being used.
	SessionIdle = 7 * 24 * time.Hour
	// touchEvery is how often its use is written down.
	touchEvery = 5 * time.Minute
	// perPair, perLogin and perAddress are the wrong passwords allowed in ten minutes: of one login from one address, of one
	// login from anywhere, of one address for any login.
	perPair, perLogin, perAddress = 10, 100, 50
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
	if !strongEnough(password) {
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
	p, err := a.store.Read().GetPersonByLogin(ctx, foldLogin(login))
	if store.NotFound(err) {
		return "", fmt.Errorf("no person has the login %q", login)
	} else if err != nil {
		return "", fmt.Errorf("find person: %w", err)
	}
	return password, a.setPassword(ctx, p.ID, password, nil)
}

func (a *Access) setPassword(ctx context.Context, person, password string, keep []byte) error {
	if !strongEnough(password) {
		return ErrWeak
	}
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	if keep == nil {
		keep = []byte{}
	}
	return a.store.Tx(ctx, func(q *db.Queries) error {
		if _, err := q.SetPassword(ctx, db.SetPasswordParams{ID: person, Password: hash}); err != nil {
			return fmt.Errorf("set password: %w", err)
		}
		if err := q.DeleteOtherSessions(ctx, db.DeleteOtherSessionsParams{PersonID: person, Token: keep}); err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		return nil
	})
}

// SignIn checks a password and begins a session. It gives the session's secret. A login nobody has takes as long and is
// answered the same as a wrong password.
func (a *Access) SignIn(ctx context.Context, login, password, address, browser string) (string, *Person, error) {
	folded := foldLogin(login)
	pair := folded + "\x00" + address
	if a.signIns.spent(pair, perPair) || a.signIns.spent("login "+folded, perLogin) || a.signIns.spent("address "+address, perAddress) {
		return "", nil, ErrTooOften
	}
	p, err := a.store.Read().GetPersonByLogin(ctx, folded)
	if err != nil && !store.NotFound(err) {
		return "", nil, fmt.Errorf("find person: %w", err)
	}
	hash, known := p.Password, err == nil
	if !known {
		hash = a.dummy
	}
	if right := len(password) <= 1000 && checkPassword(hash, password); !right || !known {
		for _, key := range []string{pair, "login " + folded, "address " + address} {
			a.signIns.count(key)
		}
		a.log.InfoContext(ctx, "sign-in refused", "address", address)
		return "", nil, ErrCredentials
	}
	a.signIns.forget(pair)
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", nil, fmt.Errorf("make session: %w", err)
	}
	token := base64.RawURLEncoding.EncodeToString(secret)
	now := a.now()
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		if err := q.DeleteExpiredSessions(ctx, store.Micros(now)); err != nil {
			return fmt.Errorf("delete old sessions: %w", err)
		}
		return q.CreateSession(ctx, db.CreateSessionParams{
			Token: hashToken(token), OrganisationID: p.OrganisationID, PersonID: p.ID, Address: address, Browser: truncate(browser, 300),
			CreatedAt: store.Micros(now), SeenAt: store.Micros(now), ExpiresAt: store.Micros(now.Add(SessionIdle)),
		})
	})
	if err != nil {
		return "", nil, fmt.Errorf("begin session: %w", err)
	}
	person, err := a.Session(ctx, token)
	if err != nil {
		return "", nil, err
	}
	a.log.InfoContext(ctx, "signed in", "person", person.ID, "address", address)
	return token, person, nil
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
		if err := a.store.Write().TouchSession(ctx, db.TouchSessionParams{
			Token: hashToken(token), Now: store.Micros(now), ExpiresAt: store.Micros(now.Add(SessionIdle)),
		}); err != nil {
			return nil, fmt.Errorf("touch session: %w", err)
		}
	}
	return a.PersonIn(ctx, &Person{ID: s.PersonID, Login: s.Login, Name: s.Name}, organisationID, s.OrganisationID)
}

// SignOut ends a session.
func (a *Access) SignOut(ctx context.Context, token string) error {
	if err := a.store.Write().DeleteSession(ctx, hashToken(token)); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// ChangePassword replaces a person's password and ends their other sessions.
func (a *Access) ChangePassword(ctx context.Context, p *Person, token, current, next string) error {
	key := "change " + p.ID
	if a.signIns.spent(key, perPair) {
		return ErrTooOften
	}
	hash, err := a.store.Read().GetPersonPassword(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("find person: %w", err)
	}
	if len(current) > 1000 || !checkPassword(hash, current) {
		a.signIns.count(key)
		return ErrCredentials
	}
	a.signIns.forget(key)
	return a.setPassword(ctx, p.ID, next, hashToken(token))
}
