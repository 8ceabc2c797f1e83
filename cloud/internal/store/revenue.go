package store

import (
	"context"
	"fmt"
)

// Span is what some nodes come to in an hour or a day, of one settlement.
type Span struct {
	Span             string
	Correction, Kind int32
	Sums
}

// Revenue adds up what is kept of nodes (a till, an outlet, or empty for the organisation), by span from one on and before another.
// Nodes are not to share receipts: each is added as it is.
func (s *Store) Revenue(ctx context.Context, organisation string, nodes []string, grain int32, first, before string) (spans []Span, err error) {
	if len(nodes) == 0 {
		return nil, nil
	}
	t := new(text)
	t.WriteString("SELECT r.span, r.correction, r.kind, CAST(SUM(r.receipts) AS BIGINT), CAST(SUM(r.total) AS BIGINT), CAST(SUM(r.cash) AS BIGINT)," +
		" CAST(SUM(r.electronic) AS BIGINT), CAST(SUM(r.prepaid) AS BIGINT), CAST(SUM(r.credit) AS BIGINT), CAST(SUM(r.barter) AS BIGINT)," +
		" CAST(SUM(r.positions) AS BIGINT) FROM revenue r WHERE r.organisation_id = " + t.arg(organisation) + " AND r.grain = " + t.arg(grain) +
		" AND r.span >= " + t.arg(first) + " AND r.span < " + t.arg(before) + " AND r.node IN (" + list(t, nodes) + ")" +
		" GROUP BY r.span, r.correction, r.kind ORDER BY r.span, r.correction, r.kind")
	rows, err := s.read.QueryContext(ctx, t.String(), t.args...)
	if err != nil {
		return nil, fmt.Errorf("add up revenue: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var x Span
		if err := rows.Scan(&x.Span, &x.Correction, &x.Kind, &x.Receipts, &x.Total, &x.Cash, &x.Electronic, &x.Prepaid, &x.Credit, &x.Barter, &x.Positions); err != nil {
			return nil, fmt.Errorf("add up revenue: %w", err)
		}
		spans = append(spans, x)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("add up revenue: %w", err)
	}
	return spans, nil
}
