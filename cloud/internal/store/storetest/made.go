package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/chekan-io/chekan/cloud/internal/store"
)

// made brings a database up to date and closes it.
func made(address string) error {
	s, err := store.Open(context.Background(), address)
	if err != nil {
		return err
	}
	return s.Close()
}

// madeSQLite is the file of a database with all tables and no rows.
var madeSQLite = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "chekan-storetest-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "cabinet.db")
	if err := made("sqlite:" + path); err != nil {
		return nil, err
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		return nil, fmt.Errorf("%s was closed and is not in one file", path)
	}
	return os.ReadFile(path)
})

// making is the advisory lock of whoever makes the database to copy: packages are tested side by side.
const making = 0x6368656b

// madePostgres is the name of a database with all tables and no rows, made by the first who asks for one of this schema. It is a
// template only when it is whole.
var madePostgres = sync.OnceValues(func() (name string, err error) {
	dsn := os.Getenv("PGDSN")
	if dsn == "" {
		return "template1", nil // who asks for a database is told that there is no server
	}
	ctx := context.Background()
	server, err := sql.Open("pgx", dsn)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	conn, err := server.Conn(ctx) // the lock is a connection's; it ends with it
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", making); err != nil {
		return "", err
	}
	schema, err := store.Schema()
	if err != nil {
		return "", err
	}
	name = "chekan_" + schema
	var whole bool
	err = conn.QueryRowContext(ctx, "SELECT datistemplate FROM pg_database WHERE datname = $1", name).Scan(&whole)
	switch {
	case err == nil && whole:
		return name, nil
	case err == nil: // somebody was stopped in the middle
		if _, err := conn.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			return "", err
		}
	case !errors.Is(err, sql.ErrNoRows):
		return "", err
	}
	if _, err := conn.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	address, err := addressOf(dsn, name)
	if err != nil {
		return "", err
	}
	if err := made(address); err != nil {
		return "", err
	}
	_, err = conn.ExecContext(ctx, "ALTER DATABASE "+name+" IS_TEMPLATE true")
	return name, err
})
