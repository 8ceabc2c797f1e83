package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

// TestRightsTaken: a stream ends by itself after the right it began with was taken, whatever took it, even by another cabinet of the
// same database, of which this one is told nothing.
func TestRightsTaken(t *testing.T) {
	storetest.Addresses(t, func(t *testing.T, address string) {
		w := newRightsWorld(t, address)
		ctx, q := t.Context(), w.c.store.Write()
		now := store.Micros(time.Now())
		service := map[string]string{"Chekan-Organisation": grantOutlet}
		w.assign(t, w.serviceman, grantOutlet, string(access.Technician), "")
		w.assign(t, w.serviceman, grantWhole, string(access.Technician), "")
		var made access.MadeKey
		if err := w.c.store.Tx(ctx, func(q *db.Queries) (err error) {
			made, err = w.c.access.NewKey(ctx, q, access.NewKey{OrganisationID: w.owner, Name: "ключ", Role: string(access.Viewer), By: "x"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		taken := []taking{
			{"an assignment changed", w.walker.http, nil, false, func() error {
				return q.Assign(ctx, db.AssignParams{OrganisationID: w.owner, PersonID: w.ids[w.walker], Role: string(access.Viewer), NodeID: w.b.outlet})
			}},
			{"a role of the organisation's own changed", w.walker.http, nil, true, func() error {
				_, err := q.UpdateRole(ctx, db.UpdateRoleParams{OrganisationID: w.owner, ID: w.custom, Name: "Мастер", Permissions: string(access.TillsView)})
				return err
			}},
			{"a grant ended", w.serviceman.http, service, false, func() error {
				grants, err := w.c.store.Read().ListGrantsTo(ctx, grantOutlet)
				if err != nil {
					return err
				}
				_, err = q.ProlongGrant(ctx, db.ProlongGrantParams{OrganisationID: w.owner, ID: grants[0].ID, EndsAt: now})
				return err
			}},
			{"a grant was revoked", w.serviceman.http, map[string]string{"Chekan-Organisation": grantWhole}, false, func() error {
				grants, err := w.c.store.Read().ListGrantsTo(ctx, grantWhole)
				if err != nil {
					return err
				}
				_, err = q.RevokeGrant(ctx, db.RevokeGrantParams{OrganisationID: w.owner, ID: grants[0].ID, RevokedAt: now, RevokedBy: "x"})
				return err
			}},
			{"a key was revoked", http.DefaultClient, map[string]string{"Authorization": "Bearer " + made.Secret}, false, func() error {
				_, err := q.RevokeKey(ctx, db.RevokeKeyParams{OrganisationID: w.owner, ID: made.ID, RevokedAt: now})
				return err
			}},
			{"a person was shut out", w.walker.http, nil, false, func() error {
				return q.BlockMembership(ctx, db.BlockMembershipParams{OrganisationID: w.owner, PersonID: w.ids[w.walker], BlockedAt: now})
			}},
			{"a person signed out", w.foreigner.http, nil, false, func() error {
				res, err := w.foreigner.http.Post(w.c.addresses.Cabinet+"/cabinet.v1.AccessService/SignOut", "application/json", bytes.NewReader([]byte("{}")))
				if err == nil {
					err = res.Body.Close()
				}
				return err
			}},
		}
		t.Run("all at once", func(t *testing.T) {
			t.Run("one after the other", func(t *testing.T) { // they are of one person
				t.Parallel()
				for _, c := range taken {
					if c.client == w.walker.http {
						role := string(access.Technician)
						if c.custom {
							role = w.custom
						}
						w.assign(t, w.walker, w.owner, role, "")
						c.watch(t, w.c.addresses.Cabinet)
					}
				}
			})
			for _, c := range taken {
				if c.client != w.walker.http {
					t.Run(c.what, func(t *testing.T) {
						t.Parallel()
						c.watch(t, w.c.addresses.Cabinet)
					})
				}
			}
		})
	})
}

// taking is a way to lose a right.
type taking struct {
	what   string
	client *http.Client
	header map[string]string
	// custom says that the person has the organisation's own role.
	custom bool
	take   func() error
}

// watch begins a stream, takes the right and waits until the stream has ended.
func (c taking) watch(t *testing.T, base string) {
	t.Helper()
	body := append(binary.BigEndian.AppendUint32([]byte{0}, 2), "{}"...)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/cabinet.v1.FleetService/Watch", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/connect+json")
	for k, v := range c.header {
		r.Header.Set(k, v)
	}
	res, err := c.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	for { // until everything was told, and the stream waits
		var head [5]byte
		if _, err := io.ReadFull(res.Body, head[:]); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		frame := make([]byte, binary.BigEndian.Uint32(head[1:]))
		if _, err := io.ReadFull(res.Body, frame); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		if head[0] != 0 {
			t.Fatalf("%s: ended before anything was taken: %s", c.what, frame)
		}
		if string(frame) == "{}" {
			break
		}
	}
	began := time.Now()
	if err := c.take(); err != nil {
		t.Fatal(c.what, err)
	}
	late := time.AfterFunc(patience, func() { t.Errorf("%s: the stream goes on", c.what); _ = res.Body.Close() })
	rest, _ := io.ReadAll(res.Body) // to its end, whatever it says
	late.Stop()
	if !bytes.Contains(rest, []byte(`"code"`)) {
		t.Errorf("%s: ended without a reason: %s", c.what, rest)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	fmt.Printf("RIGHTS taken: %s, the stream ended after %.1f s\n", c.what, time.Since(began).Seconds())
}
