// Package storetest opens databases for tests: each test body runs on SQLite and, when PGDSN names a PostgreSQL server
// (tools/with-postgres.sh starts one), on PostgreSQL too. Every database is new and gone after the test. [Shop] and [Clock] are
// what the worlds of most tests begin with.
package storetest

import (
	"context"
	"database/sql"
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

// Addresses runs a body with the address of an empty database of every kind there is.
func Addresses(t *testing.T, body func(t *testing.T, address string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { body(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { body(t, Postgres(t)) })
}

// SQLite gives the address of a database in a new file.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "cabinet.db")
}

// Postgres gives the address of a new database of the server of PGDSN.
func Postgres(t testing.TB) string {
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
	if _, err := server.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
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
	address, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + name
	return address.String()
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
