// Package store keeps the cabinet's data in SQLite or PostgreSQL. One SQL text serves both: migrations/*.sql are applied
// by goose, queries/*.sql are type-checked against them and turned into package db by sqlc, and the same code runs on
// either database. It is the only package that knows SQL; the tests run every body on both.
//
// # Rules of the text
//
// Types are TEXT, INTEGER, BIGINT, BOOLEAN and BYTEA. Ids are made here ([NewID]). Times are BIGINT, microseconds UTC, in
// columns named _at; a till's own civil time is TEXT, for the fiscal memory knows no zone. Sums are BIGINT, minor units. What an agent
// may send twice is an upsert on its natural key: the key is the idempotence. Every row belongs to an organisation.
//
// # Reading and writing
//
// SQLite has one writer: [Store.Tx] and [Store.Write] queue for it and readers never wait for them. PostgreSQL does
// the same with its own means. A commit is durable when the call returns.
//
// # What it does not do
//
// The store decides nothing: who may see what is for package access, what a push means is for package documents.
package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the PostgreSQL driver
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	_ "modernc.org/sqlite" // the SQLite driver

	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Schema names what a database is brought to by this program: 16 letters of a hash of all migrations.
func Schema() (string, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql") // in the order of their names
	if err != nil {
		return "", fmt.Errorf("read migrations: %w", err)
	}
	hash := sha256.New()
	for _, name := range names {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read migrations: %w", err)
		}
		fmt.Fprintf(hash, "%s %d\n%s", name, len(text), text)
	}
	return hex.EncodeToString(hash.Sum(nil)[:8]), nil
}

// Store is an open database. Safe for concurrent use.
type Store struct {
	dialect goose.Dialect
	write   *sql.DB
	read    *sql.DB
	names   names
}

// Open opens the database of an address, "sqlite:<path>" or "postgres://…", and brings its schema up to date. It
// refuses a schema newer than it knows: [ErrNewer].
func Open(ctx context.Context, address string) (*Store, error) {
	s := new(Store)
	var err error
	switch scheme, rest, _ := strings.Cut(address, ":"); scheme {
	case "sqlite":
		err = s.openSQLite(rest)
	case "postgres", "postgresql":
		s.dialect = goose.DialectPostgres
		s.write, err = sql.Open("pgx", address)
		if err == nil {
			s.write.SetMaxOpenConns(16)
			s.write.SetMaxIdleConns(4)
			s.read = s.write
		}
	default:
		return nil, fmt.Errorf("open database: address begins with %q, neither sqlite nor postgres", scheme)
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) openSQLite(path string) error {
	if path == "" {
		return errors.New("sqlite: needs a path")
	}
	s.dialect = goose.DialectSQLite3
	address := func(more string) string {
		return "file:" + (&url.URL{Path: path}).EscapedPath() +
			"?_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=temp_store(2)" + more
	}
	var err error
	if s.write, err = sql.Open("sqlite", address("&_txlock=immediate&_pragma=cache_size(-131072)&_pragma=wal_autocheckpoint(32000)")); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	s.write.SetMaxIdleConns(1)
	if s.read, err = sql.Open("sqlite", address("&_pragma=query_only(1)")); err != nil {
		return errors.Join(err, s.write.Close())
	}
	s.read.SetMaxOpenConns(4)
	s.read.SetMaxIdleConns(4)
	return nil
}

func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	var opts []goose.ProviderOption
	if s.dialect == goose.DialectPostgres { // two cabinets may start at once
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("migrate database: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(s.dialect, s.write, files, opts...)
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate database: read version: %w", err)
	}
	if have > want {
		return fmt.Errorf("migrate database: it has version %d, this program knows %d: %w", have, want, ErrNewer)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	return nil
}

// Close closes the database.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(err, s.read.Close())
	}
	return err
}

// Writers is how many transactions that store much get on faster side by side than one after the other: SQLite lets one write, and
// with PostgreSQL one fills its batch while the other waits for the disk or the server.
func (s *Store) Writers() int {
	if s.dialect == goose.DialectPostgres {
		return 2
	}
	return 1
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.read.PingContext(ctx) }

// Pool is how a pool of connections stands.
type Pool struct {
	Name             string
	Open, InUse, Max int
	Waits            int64
	Waited           time.Duration
}

// Pools tells how the pools stand: one for SQLite's single writer and one for its readers, or one of PostgreSQL.
func (s *Store) Pools() []Pool {
	pool := func(name string, of *sql.DB) Pool {
		n := of.Stats()
		return Pool{Name: name, Open: n.OpenConnections, InUse: n.InUse, Max: n.MaxOpenConnections, Waits: n.WaitCount, Waited: n.WaitDuration}
	}
	if s.read == s.write {
		return []Pool{pool("all", s.read)}
	}
	return []Pool{pool("read", s.read), pool("write", s.write)}
}

// Read gives queries that only read.
func (s *Store) Read() *db.Queries { return db.New(s.read) }

// Write gives queries that each commit by themselves.
func (s *Store) Write() *db.Queries { return db.New(s.write) }

// Tx runs do in one transaction: all of it or nothing.
func (s *Store) Tx(ctx context.Context, do func(q *db.Queries) error) error {
	return s.tx(ctx, func(tx *sql.Tx) error { return do(db.New(tx)) })
}

func (s *Store) tx(ctx context.Context, do func(tx *sql.Tx) error) error {
	return within(ctx, s.write, do)
}

// within runs do in a transaction of a pool or of one connection.
func within(ctx context.Context, of interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}, do func(tx *sql.Tx) error,
) error {
	tx, err := of.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if err := do(tx); err != nil {
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			err = errors.Join(err, undo)
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
