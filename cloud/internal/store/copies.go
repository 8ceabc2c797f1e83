package store

import "context"

var copies = newBulk("copies", "ON CONFLICT (organisation_id, fn, fd, digest) DO NOTHING",
	"organisation_id text", "fn text", "fd bigint", "digest bytea", "aside boolean", "fp bigint", "stored_at bigint", "body bytea")

// addCopies stores copies beside the documents they are of, which there holds or which are new with them. A copy that says
// another fiscal sign than its document, or comes from another till, is marked and never stands for it.
func (w *writer) addCopies(ctx context.Context, rows []Copy, there map[documentKey]known) error {
	values := make([]any, 0, len(rows)*len(copies.columns))
	for i := range rows {
		c := &rows[i]
		of := there[documentKey{c.OrganisationID, c.FN, c.FD}]
		aside := c.Aside || of.FP != c.FP || of.TillID != c.TillID
		values = append(values, c.OrganisationID, c.FN, c.FD, c.Digest, aside, c.FP, c.StoredAt, c.Body)
	}
	err := w.put(ctx, &copies, values, nil)
	return err
}
