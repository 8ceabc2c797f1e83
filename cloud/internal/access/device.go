package access

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// SessionLife is how long the short cookie is good.
	SessionLife = 15 * time.Minute
	// DeviceIdle is how long a remembered browser stays signed in without being used.
	DeviceIdle = 60 * 24 * time.Hour
	// VisitLife is the same for one that is not remembered.
	VisitLife = 12 * time.Hour
	// sameRefresh is for how long the long cookie of just before is still exchanged: two tabs ask at once, an answer is lost on the way.
	sameRefresh = 30 * time.Second
	// touchEvery is how often its use is written down.
	touchEvery = 5 * time.Minute
	maxBrowser = 300
)

// Factor is what somebody proves themselves with.
type Factor string

// Factors.
const (
	ByPassword Factor = "password"
	ByTOTP     Factor = "totp"
	ByRecovery Factor = "recovery"
	ByPasskey  Factor = "passkey"
	// ByOIDC is the organisation's own sign-in.
	ByOIDC Factor = "oidc"
)

// Caller is where a call comes from.
type Caller struct {
	Address string
	// Browser as it calls itself.
	Browser string
}

// Tokens are the secrets of a session: the short cookie, and the long one that is exchanged for the next pair. Long is empty when
// the one the browser has stays.
type Tokens struct {
	Short, Long string
	// Remembered says that the browser keeps the long one when it is closed.
	Remembered bool
}

// Device is a browser somebody is signed in by.
type Device struct {
	ID, Address, Browser string
	Remembered, Current  bool
	Factors              []Factor
	CreatedAt, SeenAt    time.Time
}

// life is how long a device stays signed in from now on.
func life(remembered bool) time.Duration {
	if remembered {
		return DeviceIdle
	}
	return VisitLife
}

// begin signs a browser in, in the transaction of what let it in. Who has just given a password or a passkey is proven.
func (a *Access) begin(ctx context.Context, q *db.Queries, person, organisation string, by []Factor, remember bool, from Caller) (Tokens, error) {
	now := a.now()
	if err := a.tidy(ctx, q, now); err != nil {
		return Tokens{}, err
	}
	device := store.NewID()
	if err := q.CreateDevice(ctx, db.CreateDeviceParams{
		ID: device, PersonID: person, OrganisationID: organisation, Address: from.Address, Browser: truncate(from.Browser, maxBrowser),
		Remembered: asInt(remember), Factors: factorWords(by), Now: store.Micros(now), ExpiresAt: store.Micros(now.Add(life(remember))),
		ProvenAt: store.Micros(now),
	}); err != nil {
		return Tokens{}, fmt.Errorf("remember device: %w", err)
	}
	short, err := a.beginShort(ctx, q, device, person, organisation, from)
	if err != nil {
		return Tokens{}, err
	}
	return Tokens{Short: short, Long: a.secrets.longToken(device, 1), Remembered: remember}, nil
}

func (a *Access) beginShort(ctx context.Context, q *db.Queries, device, person, organisation string, from Caller) (string, error) {
	now, token := a.now(), newToken()
	if err := q.BeginSession(ctx, db.BeginSessionParams{
		Token: hashToken(token), OrganisationID: organisation, PersonID: person, Address: from.Address, Browser: truncate(from.Browser, maxBrowser),
		Now: store.Micros(now), ExpiresAt: store.Micros(now.Add(SessionLife)), DeviceID: device,
	}); err != nil {
		return "", fmt.Errorf("begin session: %w", err)
	}
	return token, nil
}

// tidy removes what has run out.
func (a *Access) tidy(ctx context.Context, q *db.Queries, now time.Time) error {
	if err := q.DeleteExpiredSessions(ctx, store.Micros(now)); err != nil {
		return fmt.Errorf("delete old sessions: %w", err)
	}
	if err := q.DeleteExpiredDevices(ctx, store.Micros(now)); err != nil {
		return fmt.Errorf("delete old devices: %w", err)
	}
	if err := q.DeleteOldAttempts(ctx, store.Micros(now.Add(-attemptKept))); err != nil {
		return fmt.Errorf("delete old attempts: %w", err)
	}
	return nil
}

// verdict is what a long cookie gets.
type verdict int

const (
	// stolen: it was exchanged before, and somebody else has its successor.
	stolen verdict = iota
	// rotate: it is the present one.
	rotate
	// repeat: it is the one of just before, and gets the successor that was made for it already.
	repeat
	// strange: we wrote it, and the database does not know of it: an older copy of the database was put back.
	strange
)

// judge says what a long cookie of a generation gets from a device that is at one since a time.
func judge(shown, present int64, since, now time.Time) verdict {
	switch {
	case shown == present:
		return rotate
	case shown > present:
		return strange
	case shown == present-1 && now.Sub(since) <= sameRefresh:
		return repeat
	}
	return stolen
}

// Refresh exchanges a long cookie. One that was exchanged before is in two hands: every session of the device ends, and the person
// is told.
func (a *Access) Refresh(ctx context.Context, long string, from Caller) (Tokens, error) {
	id, shown, ok := a.secrets.readLong(long)
	if !ok {
		return Tokens{}, ErrNoSession
	}
	var (
		tokens Tokens
		theft  db.GetDeviceRow
	)
	err := a.store.Tx(ctx, func(q *db.Queries) error {
		d, err := q.GetDevice(ctx, id)
		if store.NotFound(err) {
			return ErrNoSession
		} else if err != nil {
			return fmt.Errorf("find device: %w", err)
		}
		now := a.now()
		if d.ExpiresAt <= store.Micros(now) {
			return ErrNoSession
		}
		tokens = Tokens{Remembered: d.Remembered > 0}
		switch v := judge(shown, d.Generation, time.UnixMicro(d.RotatedAt), now); v {
		case rotate:
			n, err := q.RotateDevice(ctx, db.RotateDeviceParams{
				ID: id, Generation: shown, Now: store.Micros(now), Address: from.Address, Browser: truncate(from.Browser, maxBrowser),
				ExpiresAt: store.Micros(now.Add(life(tokens.Remembered))),
			})
			if err != nil {
				return fmt.Errorf("exchange: %w", err)
			}
			_ = n // 0: another call has just done the same, and the successor is one and the same
			tokens.Long = a.secrets.longToken(id, shown+1)
		case repeat:
			tokens.Long = a.secrets.longToken(id, shown+1)
		case strange:
			return ErrNoSession
		case stolen:
			theft = d
			return a.endDevice(ctx, q, d.PersonID, id)
		}
		tokens.Short, err = a.beginShort(ctx, q, id, d.PersonID, d.OrganisationID, from)
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	if theft.ID != "" {
		a.log.WarnContext(ctx, "an exchanged long cookie was shown again: the device is signed out", "person", theft.PersonID, "address", from.Address)
		a.RightsChanged()
		return Tokens{}, a.tellTheft(ctx, theft, from)
	}
	return tokens, nil
}

// tellTheft tells the person, and gives what the caller is told.
func (a *Access) tellTheft(ctx context.Context, d db.GetDeviceRow, from Caller) error {
	p, err := a.store.Read().GetPerson(ctx, d.PersonID)
	if err != nil {
		return fmt.Errorf("find person: %w", err)
	}
	ctx = actAs(ctx, p.ID, p.Login, from)
	if err := a.store.Tx(ctx, func(q *db.Queries) error {
		return audit.Note(ctx, q, audit.Entry{OrganisationID: d.OrganisationID, Act: "session.stolen", Object: d.ID, Name: NameOfBrowser(d.Browser)})
	}); err != nil {
		return err
	}
	a.tell(ctx, receiver(p), letterTheft, NameOfBrowser(d.Browser), from.Address)
	return ErrNoSession
}

// endDevice ends every session of one device.
func (a *Access) endDevice(ctx context.Context, q *db.Queries, person, device string) error {
	n, err := q.DeleteDevice(ctx, db.DeleteDeviceParams{ID: device, PersonID: person})
	if err != nil {
		return fmt.Errorf("forget device: %w", err)
	}
	if n == 0 {
		return ErrDevice
	}
	if err := q.DeleteDeviceSessions(ctx, device); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// endOthers ends every session of a person but those of one device; without one, all.
func endOthers(ctx context.Context, q *db.Queries, person, keep string) (int64, error) {
	n, err := q.DeleteOtherDevices(ctx, db.DeleteOtherDevicesParams{PersonID: person, ID: keep})
	if err != nil {
		return 0, fmt.Errorf("forget devices: %w", err)
	}
	if err := q.DeleteSessionsOfOthers(ctx, db.DeleteSessionsOfOthersParams{PersonID: person, DeviceID: keep}); err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	return n, nil
}

// Devices lists the browsers a person is signed in by, the last seen first.
func (a *Access) Devices(ctx context.Context, p *Person) ([]Device, error) {
	rows, err := a.store.Read().ListDevices(ctx, db.ListDevicesParams{PersonID: p.ID, Now: store.Micros(a.now())})
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	list := make([]Device, len(rows))
	for i, r := range rows {
		list[i] = Device{
			ID: r.ID, Address: r.Address, Browser: NameOfBrowser(r.Browser), Remembered: r.Remembered > 0, Current: r.ID == p.Standing.Device,
			CreatedAt: time.UnixMicro(r.CreatedAt), SeenAt: time.UnixMicro(r.SeenAt),
		}
		for _, f := range strings.Fields(r.Factors) {
			list[i].Factors = append(list[i].Factors, Factor(f))
		}
	}
	return list, nil
}

// RevokeDevice signs one of a person's browsers out.
func (a *Access) RevokeDevice(ctx context.Context, p *Person, id string) error {
	err := a.store.Tx(ctx, func(q *db.Queries) error {
		d, err := q.GetDevice(ctx, id)
		if store.NotFound(err) || err == nil && d.PersonID != p.ID {
			return ErrDevice
		} else if err != nil {
			return fmt.Errorf("find device: %w", err)
		}
		if err := a.endDevice(ctx, q, p.ID, id); err != nil {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "device.revoked", Object: id, Name: NameOfBrowser(d.Browser)})
	})
	if err == nil {
		a.RightsChanged()
	}
	return err
}

// RevokeOthers signs all of a person's browsers out but the one that asks. It gives how many there were.
func (a *Access) RevokeOthers(ctx context.Context, p *Person) (n int64, err error) {
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		if n, err = endOthers(ctx, q, p.ID, p.Standing.Device); err != nil || n == 0 {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "device.revoked_others", Object: p.ID, Name: p.Login, New: fmt.Sprint(n)})
	})
	if err == nil {
		a.RightsChanged()
	}
	return n, err
}

// SignOut ends the session that either cookie names, and forgets the device.
func (a *Access) SignOut(ctx context.Context, short, long string) error {
	device, person := "", ""
	if p, err := a.Session(ctx, short); err == nil {
		device, person = p.Standing.Device, p.ID
	} else if id, _, ok := a.secrets.readLong(long); ok {
		if d, err := a.store.Read().GetDevice(ctx, id); err == nil {
			device, person = id, d.PersonID
		}
	}
	if device == "" {
		return nil
	}
	err := a.store.Tx(ctx, func(q *db.Queries) error {
		d, err := q.GetDevice(ctx, device)
		if store.NotFound(err) {
			return nil
		} else if err != nil {
			return fmt.Errorf("find device: %w", err)
		}
		if err := a.endDevice(ctx, q, person, device); err != nil {
			return err
		}
		p, err := q.GetPerson(ctx, person)
		if err != nil {
			return fmt.Errorf("find person: %w", err)
		}
		return audit.Note(actAs(ctx, p.ID, p.Login, Caller{}), q, audit.Entry{OrganisationID: d.OrganisationID, Act: "person.signed_out", Object: p.ID, Name: p.Login})
	})
	a.RightsChanged()
	return err
}

// actAs has the journal name somebody who is not signed in yet. What the door knows of the call stays.
func actAs(ctx context.Context, id, login string, from Caller) context.Context {
	actor := audit.ActorFrom(ctx)
	actor.ID, actor.Name = id, login
	if from != (Caller{}) {
		actor.Address, actor.Browser = from.Address, from.Browser
	}
	return audit.WithActor(ctx, actor)
}

func asInt(b bool) int32 {
	if b {
		return 1
	}
	return 0
}
