// Package storetest opens databases for tests: each test body runs on SQLite and, when PGDSN names a PostgreSQL server
// (tools/with-postgres.sh starts one), on PostgreSQL too. Every database is new and gone after the test. [Shop] and [Clock] are
// what the worlds of most tests begin with.
//
// Every database is a copy of one that was brought up to date once: under the race detector the migrations cost SQLite some seconds,
// which every single test would pay. On the PostgreSQL server the one copied from stays, named by its schema.
package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chekan-io/chekan/cloud/internal/store"
)

// Run runs a body on every database there is.
func Run(t *testing.T, body func(t *testing.T, s *store.Store)) {
	t.Helper()
	Addresses(t, func(t *testing.T, address string) { body(t, Open(t, address)) })
}

// Addresses runs a body with the address of a database of every kind there is, which has all tables and no rows.
func Addresses(t *testing.T, body func(t *testing.T, address string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { body(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { body(t, Postgres(t)) })
}

// Bare runs a body with the address of a database of every kind there is, which has nothing.
func Bare(t *testing.T, body func(t *testing.T, address string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { body(t, "sqlite:"+filepath.Join(t.TempDir(), "cabinet.db")) })
	t.Run("postgres", func(t *testing.T) { body(t, postgres(t, "template1")) })
}

// SQLite gives the address of a database in a new file, with all tables and no rows.
func SQLite(t testing.TB) string {
	t.Helper()
	made, err := madeSQLite()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cabinet.db")
	if err := os.WriteFile(path, made, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// Postgres gives the address of a new database of the server of PGDSN, with all tables and no rows.
func Postgres(t testing.TB) string {
	t.Helper()
	made, err := madePostgres()
	if err != nil {
		t.Fatal(err)
	}
	return postgres(t, made)
}

// postgres gives the address of a copy of a database.
func postgres(t testing.TB, of string) string {
	t.Helper()
	dsn := os.Getenv("PGDSN")
	if dsn == "" {
		t.Skip("PGDSN is not set: run by tools/with-postgres.sh")
	}
	ctx := context.WithoutCancel(t.Context())
	server, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := "test_" + store.NewID()
	if _, err := server.ExecContext(ctx, "CREATE DATABASE "+name+" TEMPLATE "+of); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := server.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	address, err := addressOf(dsn, name)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// addressOf is the address of another database of a server.
func addressOf(dsn, name string) (string, error) {
	address, err := url.Parse(dsn)
	if err != nil {
		return "", fmt.Errorf("PGDSN: %w", err)
	}
	address.Path = "/" + name
	return address.String(), nil
}

// Open opens a database and closes it after the test.
func Open(t testing.TB, address string) *store.Store {
	t.Helper()
	s, err := store.Open(context.WithoutCancel(t.Context()), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Meddle changes the journal of acts behind the store's back, runs do, and puts the journal back as it was.
func Meddle(t *testing.T, address, statement string, do func()) {
	t.Helper()
	driver, source := "pgx", address
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"
	}
	ctx := context.WithoutCancel(t.Context())
	d, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	run := func(statement string) {
		t.Helper()
		if _, err := d.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	run("CREATE TABLE audit_as_it_was AS SELECT * FROM audit")
	defer func() {
		run("DELETE FROM audit")
		run("INSERT INTO audit SELECT * FROM audit_as_it_was")
		run("DROP TABLE audit_as_it_was")
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	run(statement)
	do()
}
