package store

import (
	"context"
	"sync"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// names remembers which names are in the dictionaries already; forgetting one costs a write that changes nothing.
type names struct {
	mu   sync.Mutex
	here map[int64]struct{}
}

// rememberedNames bounds the memory of names.
const rememberedNames = 500_000

func (n *names) remember(ids []int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.here == nil || len(n.here)+len(ids) > rememberedNames {
		n.here = make(map[int64]struct{}, len(ids))
	}
	for _, id := range ids {
		n.here[id] = struct{}{}
	}
}

func (n *names) known(id int64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, known := n.here[id]
	return known
}

type namedKey int64

func (k namedKey) compare(o namedKey) int {
	switch {
	case k < o:
		return -1
	case k > o:
		return 1
	}
	return 0
}

var (
	memories = newBulk("memories", "ON CONFLICT (id) DO UPDATE SET rnm = excluded.rnm WHERE excluded.rnm > memories.rnm",
		"id bigint", "organisation_id text", "fn text", "rnm text")
	cashiers = newBulk("cashiers", "ON CONFLICT (id) DO NOTHING", "id bigint", "organisation_id text", "name text", "folded text")
	products = newBulk("products", "ON CONFLICT (id) DO NOTHING", "id bigint", "organisation_id text", "name text", "folded text")
)

// putNames writes fiscal memories, cashiers and goods that documents name for the first time, and tells which.
func (w *writer) putNames(ctx context.Context, rows []Document) ([]int64, error) {
	fresh := [3]map[namedKey][]any{{}, {}, {}}
	var written []int64
	seen := map[int64]bool{}
	note := func(of int, mark, id int64, row func() []any) {
		if seen[mark] {
			return
		}
		seen[mark] = true
		if !w.s.names.known(mark) {
			written = append(written, mark)
			fresh[of][namedKey(id)] = append([]any{id}, row()...)
		}
	}
	for i := range rows {
		d := &rows[i]
		rnm := limited(printable(d.RNM))
		id := MemoryID(d.OrganisationID, d.FN)
		mark := id
		if rnm != "" { // a memory is noted once without its registration and once with it
			mark = nameID("registration", d.OrganisationID, d.FN+"\x00"+rnm)
		}
		if rnm != "" || fresh[0][namedKey(id)] == nil {
			note(0, mark, id, func() []any { return []any{d.OrganisationID, d.FN, rnm} })
		}
		named := func(name string) func() []any {
			return func() []any { return []any{d.OrganisationID, limited(printable(name)), limited(Fold(name))} }
		}
		if id := CashierID(d.OrganisationID, d.CashierName); id != 0 {
			note(1, id, id, named(d.CashierName))
		}
		for i := range d.Items {
			id := d.Items[i].of(d.OrganisationID)
			note(2, id, id, named(d.Items[i].Name))
		}
	}
	for of, b := range [...]*bulk{&memories, &cashiers, &products} {
		var values []any
		for _, id := range inOrder(fresh[of]) {
			values = append(values, fresh[of][id]...)
		}
		if err := w.put(ctx, b, values, nil); err != nil {
			return nil, err
		}
	}
	return written, nil
}

var positions = newBulk("positions", "",
	"memory_id bigint", "fd bigint", "line bigint", "product_id bigint", "at text", "quantity bigint", "price bigint", "sum bigint")

// putPositions writes the lines of receipts that are new, and anew where they are known better or where their time is.
func (w *writer) putPositions(ctx context.Context, fresh []Document, changed []change) error {
	var values []any
	add := func(d *Document) {
		memory := MemoryID(d.OrganisationID, d.FN)
		when := validAt(d.At)
		for line := range d.Items {
			item := &d.Items[line]
			values = append(values, memory, d.FD, int64(line), item.of(d.OrganisationID), when, item.Quantity, item.Price, item.Sum)
		}
	}
	for i := range fresh {
		add(&fresh[i])
	}
	for i := range changed {
		c := &changed[i]
		if c.was.Source == c.now.Source && c.was.At == c.now.At {
			continue
		}
		if c.was.Positions > 0 {
			if err := w.DeletePositions(ctx, db.DeletePositionsParams{MemoryID: MemoryID(c.was.OrganisationID, c.was.FN), FD: c.was.FD}); err != nil {
				return err
			}
		}
		add(&c.now)
	}
	err := w.put(ctx, &positions, values, nil)
	return err
}
