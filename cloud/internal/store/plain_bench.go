//go:build bench

package store

import "context"

// InsertPlain writes the rows of pushes and nothing else: no question whether they are there, no sums. It is what [Store.Ingest] is
// measured against.
func (s *Store) InsertPlain(ctx context.Context, pushes []Push) error {
	all := merge(pushes)
	return s.writing(ctx, func(w *writer) error {
		w.plain = true
		if err := w.put(ctx, &operations, operationValues(all.operations), nil); err != nil {
			return err
		}
		var values, lines []any
		for i := range all.documents {
			d := &all.documents[i]
			d.Cashier, d.Class = CashierID(d.OrganisationID, d.CashierName), classOf(&d.Document)
			values = append(values, documentValues(d)...)
			memory := MemoryID(d.OrganisationID, d.FN)
			for line := range d.Items {
				item := &d.Items[line]
				lines = append(lines, memory, d.FD, int64(line), item.of(d.OrganisationID), d.At, item.Quantity, item.Price, item.Sum)
			}
		}
		if err := w.put(ctx, &documents, values, nil); err != nil {
			return err
		}
		err := w.put(ctx, &positions, lines, nil)
		return err
	})
}

// Analyze lets the database count what it has, as it does by itself in time.
func (s *Store) Analyze(ctx context.Context) error {
	_, err := s.write.ExecContext(ctx, "ANALYZE")
	return err
}
