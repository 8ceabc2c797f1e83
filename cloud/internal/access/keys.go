package access

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// KeyPrefix begins every key, so that one that lies somewhere is recognised for what it is.
	KeyPrefix = "chk_"
	// keyHint is how many letters of a key are kept to tell one from another.
	keyHint = 4
	// callsOfKey are the calls of one key in a minute.
	callsOfKey = 600
	// maxKeyName bounds the name of a key, in characters.
	maxKeyName = 100
)

var (
	// ErrKey says that a key of another system is wrong, has ended or was taken back, whichever it is.
	ErrKey = errors.New("key is not valid")
	// ErrNewKey says that a key cannot be made as it was asked for.
	ErrNewKey = errors.New("key needs a name of 1 to 100 characters, a role, a node of the tree and an end in the future")
)

// NewKey is a key to be made.
type NewKey struct {
	OrganisationID, Name string
	// Role is the name of a usual role or the id of one of the organisation's own.
	Role string
	// Node is a department, an outlet or a till; empty is the whole organisation.
	Node string
	// By is the login of who makes it.
	By string
	// Expires is when it ends; zero is never.
	Expires time.Time
}

// MadeKey is a key that was made. Its secret is told once: what is stored is a hash.
type MadeKey struct{ ID, Secret, Hint string }

// NewKey makes a key of another system in the caller's transaction. Whether its maker may give so much is asked before, by
// [Person.MayGive].
func (a *Access) NewKey(ctx context.Context, q *db.Queries, k NewKey) (MadeKey, error) {
	k.Name = strings.TrimSpace(k.Name)
	now := a.now()
	if n := utf8.RuneCountInString(k.Name); n == 0 || n > maxKeyName || !store.Keeps(k.Name) ||
		!k.Expires.IsZero() && !k.Expires.After(now) {
		return MadeKey{}, ErrNewKey
	}
	if may, err := a.RolePermissions(ctx, k.OrganisationID, k.Role); err != nil {
		return MadeKey{}, err
	} else if len(may) == 0 {
		return MadeKey{}, ErrNewKey
	}
	if _, there, err := a.NodePlace(ctx, k.OrganisationID, k.Node); err != nil {
		return MadeKey{}, err
	} else if !there {
		return MadeKey{}, ErrNewKey
	}
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return MadeKey{}, fmt.Errorf("make key: %w", err)
	}
	secret := KeyPrefix + base64.RawURLEncoding.EncodeToString(raw)
	made := MadeKey{ID: store.NewID(), Secret: secret, Hint: secret[len(secret)-keyHint:]}
	expires := int64(0)
	if !k.Expires.IsZero() {
		expires = store.Micros(k.Expires)
	}
	if err := q.MakeKey(ctx, db.MakeKeyParams{
		ID: made.ID, OrganisationID: k.OrganisationID, Name: k.Name, Hash: hashToken(secret), Hint: made.Hint, Role: k.Role, NodeID: k.Node,
		CreatedAt: store.Micros(now), CreatedBy: k.By, ExpiresAt: expires,
	}); err != nil {
		return MadeKey{}, fmt.Errorf("store key: %w", err)
	}
	return made, nil
}

// RolePermissions gives what a role may in an organisation: a usual one by its name, or one of its own by id. Empty when there is
// no such role.
func (a *Access) RolePermissions(ctx context.Context, organisationID, role string) (Set, error) {
	if may := roles[Role(role)]; may != nil {
		return Role(role).Permissions(), nil
	}
	text, err := a.store.Read().GetRolePermissions(ctx, db.GetRolePermissionsParams{OrganisationID: organisationID, ID: role})
	if store.NotFound(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read role: %w", err)
	}
	return ParseSet(text), nil
}

// Key gives who a key of another system stands for. A key works in its own organisation, never manages people or keys, and has so
// many calls a minute.
func (a *Access) Key(ctx context.Context, secret string) (*Person, error) {
	p, err := a.key(ctx, secret)
	if err != nil {
		return nil, err
	}
	if !a.keys.take(p.ID, callsOfKey) {
		return nil, ErrTooOften
	}
	return p, nil
}

// KeyAgain is Key of a call that goes on: it is no further call.
func (a *Access) KeyAgain(ctx context.Context, secret string) (*Person, error) {
	return a.key(ctx, secret)
}

func (a *Access) key(ctx context.Context, secret string) (*Person, error) {
	if !strings.HasPrefix(secret, KeyPrefix) || len(secret) > 200 {
		return nil, ErrKey
	}
	now := a.now()
	k, err := a.store.Read().GetLiveKey(ctx, db.GetLiveKeyParams{Hash: hashToken(secret), Now: store.Micros(now)})
	if store.NotFound(err) {
		return nil, ErrKey
	} else if err != nil {
		return nil, fmt.Errorf("find key: %w", err)
	}
	if now.Sub(time.UnixMicro(k.SeenAt)) > touchEvery {
		if err := a.store.Write().TouchKey(ctx, db.TouchKeyParams{ID: k.ID, Now: store.Micros(now)}); err != nil {
			return nil, fmt.Errorf("touch key: %w", err)
		}
	}
	may, err := a.RolePermissions(ctx, k.OrganisationID, k.Role)
	if err != nil {
		return nil, err
	}
	p := &Person{
		ID: k.ID, Login: k.Name, Name: k.Name, Key: true, OrganisationID: k.OrganisationID, Organisation: k.Organisation, Kind: k.Kind, Country: k.Country,
		forest: newForest(),
	}
	may = may.Both(ofKeys)
	p.Rights = []Right{{OrganisationID: k.OrganisationID, Organisation: k.Organisation, Node: k.NodeID, May: may}}
	if k.NodeID == "" {
		err = a.served(ctx, p, may)
	}
	return p, err
}
