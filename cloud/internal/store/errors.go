package store

import (
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// When opening.
var (
	// ErrNewer says that the database was made by a newer cabinet.
	ErrNewer = errors.New("database is newer than this program")
)

// NotFound tells whether a query found no row.
func NotFound(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// Exists tells whether a row with the same unique key is there already.
func Exists(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "23505" // unique_violation
	}
	return false
}
