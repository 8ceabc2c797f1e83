package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

const (
	// linesAtOnce is how many positions of the products are looked at first; each further look takes four times as many.
	linesAtOnce, linesAtMost = 100, 3000
)

// alongProducts tells whether a search goes along the positions of products: nothing that finds a document by itself is asked for.
func (f *Filter) alongProducts() bool {
	return f.Products != nil && f.Numbers == nil && f.FP == 0 && f.FD == 0
}

// sold is a line of a receipt with a product that is looked for.
type sold struct {
	at         string
	fd, memory int64
}

// compare orders lines as their index does, newest first.
func (x sold) compare(y sold) int {
	return cmp.Or(strings.Compare(y.at, x.at), cmp.Compare(y.fd, x.fd), cmp.Compare(y.memory, x.memory))
}

// searchProducts gives documents that have one of the products, newest first. It takes lines from the index, newest first, and
// leaves of their documents those that the rest of the filter lets through, until there are enough.
func (s *Store) searchProducts(ctx context.Context, f *Filter, after Mark, limit int) ([]Found, error) {
	var list []Found
	var last *sold
	if after != (Mark{}) {
		last = &sold{after.At, after.FD, MemoryID(f.Organisation, after.FN)}
	}
	for n := max(limit, linesAtOnce); ; n = min(4*n, linesAtMost) {
		lines, err := s.lines(ctx, f, last, n)
		if err != nil {
			return nil, err
		}
		more := len(lines) >= n
		if more {
			lines = lines[:n]
		}
		if len(lines) > 0 {
			end := lines[len(lines)-1]
			last = &end
		}
		part, err := s.ofLines(ctx, f, slices.Compact(lines))
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
		if len(list) >= limit {
			return list[:limit], nil
		}
		if !more {
			return list, nil
		}
	}
}

// lines gives at least n lines behind the last one, or all there are.
func (s *Store) lines(ctx context.Context, f *Filter, last *sold, n int) ([]sold, error) {
	var list []sold
	for products := range slices.Chunk(f.Products, scansAtOnce) {
		t := new(text)
		where := ""
		if f.From != "" {
			where += " AND p.at >= " + t.arg(f.From)
		}
		if f.Before != "" {
			where += " AND p.at < " + t.arg(f.Before)
		}
		if last != nil {
			where += fmt.Sprintf(" AND (p.at, p.fd, p.memory_id) < (%s, %s, %s)", t.arg(last.at), t.arg(last.fd), t.arg(last.memory))
		}
		most := t.arg(int64(n))
		for i, id := range products {
			if i > 0 {
				t.WriteString(" UNION ALL ")
			}
			fmt.Fprintf(t, "SELECT s%d.* FROM (SELECT p.at, p.fd, p.memory_id FROM positions p WHERE p.product_id = %s%s"+
				" ORDER BY p.at DESC, p.fd DESC, p.memory_id DESC LIMIT %s) AS s%d", i, t.arg(id), where, most, i)
		}
		part, err := s.soldLines(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("search positions: %w", err)
		}
		list = append(list, part...)
	}
	slices.SortFunc(list, sold.compare)
	return list, nil
}

func (s *Store) soldLines(ctx context.Context, t *text) (list []sold, err error) {
	rows, err := s.read.QueryContext(ctx, t.String(), t.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var x sold
		if err := rows.Scan(&x.at, &x.fd, &x.memory); err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, rows.Err()
}

// ofLines gives the documents of lines that the filter lets through, in their order.
func (s *Store) ofLines(ctx context.Context, f *Filter, lines []sold) ([]Found, error) {
	rest := *f
	rest.Products = nil // they have them
	var list []Found
	for part := range slices.Chunk(lines, 200) {
		t := new(text)
		where := append([]string{"d.organisation_id = " + t.arg(f.Organisation)}, rest.rest(t)...)
		t.WriteString("SELECT " + foundColumns + " FROM (")
		order := make(map[Number]int, len(part))
		byMemory := make(map[sold]int, len(part))
		for i, x := range part {
			if i > 0 {
				t.WriteString(" UNION ALL ")
			}
			fmt.Fprintf(t, "SELECT CAST(%s AS BIGINT) AS memory_id, CAST(%s AS BIGINT) AS fd", t.arg(x.memory), t.arg(x.fd))
			byMemory[sold{fd: x.fd, memory: x.memory}] = i
		}
		t.WriteString(") AS k CROSS JOIN memories m CROSS JOIN documents d" + foundJoins + " WHERE m.id = k.memory_id AND m.organisation_id = " +
			t.arg(f.Organisation) + " AND d.fn = m.fn AND d.fd = k.fd AND " + strings.Join(where, " AND "))
		found, err := s.found(ctx, t)
		if err != nil {
			return nil, err
		}
		for i := range found {
			x := &found[i]
			order[Number{x.FN, x.FD}] = byMemory[sold{fd: x.FD, memory: MemoryID(f.Organisation, x.FN)}]
		}
		slices.SortFunc(found, func(a, b Found) int { return cmp.Compare(order[Number{a.FN, a.FD}], order[Number{b.FN, b.FD}]) })
		list = append(list, found...)
	}
	return list, nil
}
