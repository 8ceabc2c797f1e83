package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// maxKeys is how many keys of one organisation may hold at once.
const maxKeys = 100

// Key is a key of another system.
type Key struct {
	ID, Name, Hint    string
	Assigned          Assigned
	CreatedAt         int64
	CreatedBy         string
	ExpiresAt, SeenAt int64
	RevokedAt         int64
}

// Keys gives the keys of the organisation somebody works in, as far as they may look, newest first.
func (p *People) Keys(ctx context.Context, by *access.Person) ([]Key, error) {
	return p.keys(ctx, p.store.Read(), by)
}

func (p *People) keys(ctx context.Context, q *db.Queries, by *access.Person) ([]Key, error) {
	v, err := p.look(ctx, q, by)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListKeys(ctx, by.OrganisationID)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	var list []Key
	for _, r := range rows {
		a := Assignment{r.Role, r.NodeID}
		if by.CanAt(access.APIManage, v.tree.place(a.Node)) {
			list = append(list, Key{
				ID: r.ID, Name: r.Name, Hint: r.Hint, Assigned: v.assigned(a), CreatedAt: r.CreatedAt, CreatedBy: r.CreatedBy, ExpiresAt: r.ExpiresAt, SeenAt: r.SeenAt,
				RevokedAt: r.RevokedAt,
			})
		}
	}
	return list, nil
}

// holds is what a key with a role may: a key never manages people or keys.
func holds(may access.Set) access.Set {
	keys := access.Set{}
	for _, g := range access.Permissions() {
		if g.Key {
			keys[g.Permission] = true
		}
	}
	return may.Both(keys)
}

// NewKey makes a key and gives its secret, which is told this once. expiresAt 0 is never.
func (p *People) NewKey(ctx context.Context, by *access.Person, name string, a Assignment, expiresAt int64) (k Key, secret string, err error) {
	if name, err = line("name", name, 100, true); err != nil {
		return k, "", err
	}
	if err := p.term(expiresAt); err != nil {
		return k, "", err
	}
	all, err := p.Keys(ctx, by)
	if err != nil {
		return k, "", err
	}
	live := 0
	for _, o := range all {
		if o.RevokedAt == 0 {
			live++
		}
	}
	if live >= maxKeys {
		return k, "", refuse(ErrConflict, "", "at_most", "most", fmt.Sprint(maxKeys))
	}
	err = p.store.Tx(ctx, func(q *db.Queries) error {
		v, err := p.look(ctx, q, by)
		if err != nil {
			return err
		}
		role, there := v.roles[a.Role]
		if !there {
			return notFound("role")
		}
		place := v.tree.place(a.Node)
		if _, there := v.tree.node(a.Node); !there || !by.CanAt(access.APIManage, place) {
			return notFound("node")
		}
		may := holds(role.May)
		if len(may) == 0 {
			return refuse(ErrInvalid, "role", "nothing_for_keys")
		}
		if err := beyond(by, may, place); err != nil {
			return err
		}
		ask := access.NewKey{OrganisationID: by.OrganisationID, Name: name, Role: a.Role, Node: a.Node, By: by.Login}
		if expiresAt != 0 {
			ask.Expires = time.UnixMicro(expiresAt)
		}
		made, err := p.access.NewKey(ctx, q, ask)
		if errors.Is(err, access.ErrNewKey) {
			return refuse(ErrInvalid, "", "key")
		} else if err != nil {
			return err
		}
		k = Key{
			ID: made.ID, Name: name, Hint: made.Hint, Assigned: v.assigned(a), CreatedAt: store.Micros(p.now()), CreatedBy: by.Login, ExpiresAt: expiresAt,
		}
		secret = made.Secret
		return audit.Note(ctx, q, audit.Entry{
			OrganisationID: by.OrganisationID, Act: "key.created", Object: k.ID, Name: k.Name, New: k.Assigned.words() + "; " + endWords(expiresAt),
		})
	})
	return k, secret, err
}

// RevokeKey makes a key void.
func (p *People) RevokeKey(ctx context.Context, by *access.Person, id string) error {
	return p.changed(p.store.Tx(ctx, func(q *db.Queries) error {
		list, err := p.keys(ctx, q, by)
		if err != nil {
			return err
		}
		for _, k := range list {
			if k.ID != id {
				continue
			}
			n, err := q.RevokeKey(ctx, db.RevokeKeyParams{OrganisationID: by.OrganisationID, ID: id, RevokedAt: store.Micros(p.now())})
			if err != nil {
				return fmt.Errorf("revoke key: %w", err)
			}
			if n == 0 {
				return nil // it was void already
			}
			return audit.Note(ctx, q, audit.Entry{OrganisationID: by.OrganisationID, Act: "key.revoked", Object: id, Name: k.Name})
		}
		return notFound("key")
	}))
}
