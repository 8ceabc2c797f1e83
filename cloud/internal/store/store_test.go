package store_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

func TestOpen(t *testing.T) {
	storetest.Bare(t, func(t *testing.T, address string) {
		ctx := context.WithoutCancel(t.Context())
		t.Run("an empty database is made, and opened again", func(t *testing.T) {
			for range 2 {
				s, err := store.Open(ctx, address)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Ping(ctx); err != nil {
					t.Error(err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
		t.Run("a newer one is refused", func(t *testing.T) {
			driver, name := "pgx", address
			if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
				driver, name = "sqlite", path
			}
			raw, err := sql.Open(driver, name)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			if _, err := raw.ExecContext(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)"); err != nil {
				t.Fatal(err)
			}
			s, err := store.Open(ctx, address)
			if !errors.Is(err, store.ErrNewer) {
				t.Errorf("got %v", err)
			}
			if s != nil {
				t.Error("and opened all the same")
			}
		})
	})
	t.Run("an address of another kind", func(t *testing.T) {
		if _, err := store.Open(t.Context(), "mysql://localhost/x"); err == nil {
			t.Error("accepted")
		}
	})
}

func TestErrors(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		one := db.CreatePersonParams{ID: "1", Login: "Anna", Folded: "anna", Password: "x"}
		if err := s.Write().CreatePerson(ctx, one); err != nil {
			t.Fatal(err)
		}
		one.ID = "2"
		if err := s.Write().CreatePerson(ctx, one); !store.Exists(err) {
			t.Errorf("the same login: %v", err)
		}
		one.ID, one.Folded = "1", "berta"
		if err := s.Write().CreatePerson(ctx, one); !store.Exists(err) {
			t.Errorf("the same id: %v", err)
		}
		if err := s.Write().CreateMembership(ctx, db.CreateMembershipParams{OrganisationID: "none", PersonID: "1"}); err == nil || store.Exists(err) {
			t.Errorf("a membership of no organisation: %v", err)
		}
		if _, err := s.Read().GetPerson(ctx, "none"); !store.NotFound(err) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// TestTx: a transaction that fails leaves nothing.
func TestTx(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		broken := errors.New("broken")
		err := s.Tx(t.Context(), func(q *db.Queries) error {
			if err := q.CreateOrganisation(t.Context(), db.CreateOrganisationParams{ID: "o", Name: "o"}); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		if _, err := s.Read().FirstOrganisation(t.Context()); !store.NotFound(err) {
			t.Errorf("the organisation is there: %v", err)
		}
	})
}

func TestNewID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := store.NewID()
		if len(id) != 16 || strings.Trim(id, "0123456789abcdefghjkmnpqrstvwxyz") != "" || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
}
