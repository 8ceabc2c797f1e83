package store

import (
	"context"
	"database/sql"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const copyColumns = 8

// addCopies stores copies beside the documents they are of, which there holds or which are new with them. A copy that says
// another fiscal sign than its document, or comes from another till, is marked and never stands for it.
func (s *Store) addCopies(ctx context.Context, tx *sql.Tx, copies []Copy, there map[documentKey]db.ListNumbersRow) error {
	for _, size := range bulkRows {
		n := len(copies) / size * size
		if err := s.addCopiesBy(ctx, tx, copies[:n], size, there); err != nil {
			return err
		}
		copies = copies[n:]
	}
	return nil
}

// addCopiesBy adds rows, a multiple of size, so many at a time.
func (s *Store) addCopiesBy(ctx context.Context, tx *sql.Tx, rows []Copy, size int, there map[documentKey]db.ListNumbersRow) error {
	if len(rows) == 0 {
		return nil
	}
	stmt, err := s.prepare(ctx, tx,
		"INSERT INTO copies (organisation_id, fn, fd, digest, aside, fp, stored_at, body)", copyColumns, size,
		"ON CONFLICT (organisation_id, fn, fd, digest) DO NOTHING")
	if err != nil {
		return err
	}
	defer stmt.Close()
	args := make([]any, 0, size*copyColumns)
	for ; len(rows) > 0; rows = rows[size:] {
		args = args[:0]
		for i := range rows[:size] {
			c := &rows[i]
			known := there[documentKey{c.OrganisationID, c.FN, c.FD}]
			aside := c.Aside || known.FP != c.FP || known.TillID != c.TillID
			args = append(args, c.OrganisationID, c.FN, c.FD, c.Digest, aside, c.FP, c.StoredAt, c.Body)
		}
		if _, err := stmt.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}
