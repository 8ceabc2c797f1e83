package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// bulk is a statement for many rows of one shape. Its text is made here because its length varies; it follows the rules of the
// package like any other.
type bulk struct {
	table string
	// columns are their names.
	columns []string
	// types are text, bigint, bytea or boolean, for PostgreSQL, which gets each column as one array.
	types []string
	// tail is what follows the rows.
	tail string
}

// updates tells whether a row that is there already is changed.
func (b *bulk) updates() bool { return strings.Contains(b.tail, "DO UPDATE") }

func newBulk(table, tail string, columns ...string) bulk {
	b := bulk{table: table, tail: tail}
	for _, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		b.columns, b.types = append(b.columns, name), append(b.types, kind)
	}
	return b
}

// boundAtOnce is how many parameters a statement of SQLite has: its driver's binding is quadratic in their number.
const boundAtOnce = 112

// put stores rows, whose values stand one behind the other. With each, the statement is one that
// returns rows. SQLite gets some rows a statement; PostgreSQL gets all of them at once, which is this package's one exception
// from one text for both (docs/decisions/0003).
func (w *writer) put(ctx context.Context, b *bulk, values []any, each func(*sql.Rows) error) error {
	width := len(b.columns)
	if len(values) == 0 {
		return nil
	}
	if w.postgres() && b.tail == "" && !w.plain {
		return w.copyIn(ctx, b, values)
	}
	if w.postgres() {
		text := &strings.Builder{}
		fmt.Fprintf(text, "INSERT INTO %s (%s) SELECT * FROM unnest(", b.table, strings.Join(b.columns, ", "))
		for i, kind := range b.types {
			if i > 0 {
				text.WriteString(", ")
			}
			fmt.Fprintf(text, "CAST($%d AS %s[])", i+1, kind)
		}
		text.WriteString(") " + b.tail)
		return w.exec(ctx, nil, text.String(), b.arrays(values), each)
	}
	most := max(1, boundAtOnce/width)
	if b.updates() && each == nil {
		// SQLite copies every page such a statement touches, to undo it, when it is of more than one row.
		most = 1
	}
	for _, rows := range []int{most, 1} {
		n := len(values) / width / rows * rows * width
		if n == 0 {
			continue
		}
		stmt, err := w.prepared(ctx, b, rows)
		if err != nil {
			return err
		}
		for part := values[:n]; len(part) > 0; part = part[rows*width:] {
			if err := w.exec(ctx, stmt, "", part[:rows*width], each); err != nil {
				return err
			}
		}
		values = values[n:]
	}
	return nil
}

// copyIn stores rows that are new by COPY, which PostgreSQL takes for half of what an INSERT costs it.
func (w *writer) copyIn(ctx context.Context, b *bulk, values []any) error {
	width := len(b.columns)
	return w.conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("copy into %s: the driver is %T", b.table, driver)
		}
		_, err := c.Conn().CopyFrom(ctx, pgx.Identifier{b.table}, b.columns, pgx.CopyFromSlice(len(values)/width, func(i int) ([]any, error) {
			return values[i*width : (i+1)*width], nil
		}))
		return err
	})
}

func (w *writer) exec(ctx context.Context, stmt *sql.Stmt, text string, args []any, each func(*sql.Rows) error) error {
	var err error
	if each == nil {
		var done sql.Result
		if stmt != nil {
			done, err = stmt.ExecContext(ctx, args...)
		} else {
			done, err = w.tx.ExecContext(ctx, text, args...)
		}
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		w.stored += n
		return err
	}
	var rows *sql.Rows
	if stmt != nil {
		rows, err = stmt.QueryContext(ctx, args...)
	} else {
		rows, err = w.tx.QueryContext(ctx, text, args...)
	}
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// arrays turns rows into columns.
func (b *bulk) arrays(values []any) []any {
	width := len(b.columns)
	n := len(values) / width
	list := make([]any, width)
	for i, kind := range b.types {
		switch kind {
		case "text":
			column := make([]string, n)
			for row := range n {
				column[row], _ = values[row*width+i].(string)
			}
			list[i] = column
		case "bytea":
			column := make([][]byte, n)
			for row := range n {
				column[row], _ = values[row*width+i].([]byte)
			}
			list[i] = column
		case "boolean":
			column := make([]bool, n)
			for row := range n {
				column[row], _ = values[row*width+i].(bool)
			}
			list[i] = column
		default:
			column := make([]int64, n)
			for row := range n {
				switch v := values[row*width+i].(type) {
				case int64:
					column[row] = v
				case int32:
					column[row] = int64(v)
				}
			}
			list[i] = column
		}
	}
	return list
}

// prepared gives the statement for so many rows of SQLite; it lives as long as its transaction.
func (w *writer) prepared(ctx context.Context, b *bulk, rows int) (*sql.Stmt, error) {
	key := statementKey{b, rows}
	stmt := w.statements[key]
	if stmt != nil {
		return stmt, nil
	}
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(b.columns)), ", ") + ")" // the driver looks up $N by its digits, which costs more than the insert
	// OR FAIL: what a failing statement has done is not undone by itself, for the transaction is undone anyway. Without it SQLite copies
	// every page that a statement touches (sqlite.org/lang_conflict.html), which costs a quarter of the ingest.
	text := fmt.Sprintf("INSERT OR FAIL INTO %s (%s) VALUES %s %s", b.table, strings.Join(b.columns, ", "),
		strings.TrimSuffix(strings.Repeat(one+", ", rows), ", "), b.tail)
	stmt, err := w.tx.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	w.statements[key] = stmt
	return stmt, nil
}

type statementKey struct {
	bulk *bulk
	rows int
}

// writer is a transaction that stores many rows.
type writer struct {
	*db.Queries
	s          *Store
	tx         *sql.Tx
	conn       *sql.Conn
	statements map[statementKey]*sql.Stmt
	// stored counts rows that were written by statements without an answer.
	stored int64
	// plain keeps to INSERT.
	plain bool
}

// writing runs do in one transaction.
func (s *Store) writing(ctx context.Context, do func(w *writer) error) error {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer conn.Close() // gives it back to the pool
	return within(ctx, conn, func(tx *sql.Tx) error {
		return do(&writer{Queries: db.New(tx), s: s, tx: tx, conn: conn, statements: map[statementKey]*sql.Stmt{}})
	})
}

func (w *writer) postgres() bool { return w.s.dialect == goose.DialectPostgres }
