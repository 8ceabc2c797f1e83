package store

import (
	"database/sql"
	"errors"
	"strings"
	"unicode/utf8"

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

// Keeps tells whether every database takes a text: PostgreSQL takes nothing but UTF-8, and no NUL. How long it may be is another matter.
func Keeps(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// Unfit tells whether the database cannot keep or look for a text that it was given: PostgreSQL takes no NUL, and puts nothing without end
// into an index. SQLite takes both.
func Unfit(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "22021", "22P05", "54000": // character_not_in_repertoire, untranslatable_character, program_limit_exceeded
			return true
		}
	}
	return false
}
