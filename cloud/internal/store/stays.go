package store

import (
	"context"
	"sort"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Stays are where a till stood: outlets with the till's own civil time it came there, from old to new. The first is from the
// beginning. A till that never moved has none.
type Stays []Stay

// Stay is one of them.
type Stay struct{ Since, Outlet string }

// At gives the outlet the till stood in when a document was made: a document that comes late counts where it happened, not where the
// till is now. Both times are the till's own, so a clock that is wrong is wrong in both alike. A document of no time that can be
// read is of the present.
func (s Stays) At(civil, now string) string {
	civil = validAt(civil)
	if len(s) == 0 || civil == "" {
		return now
	}
	// The first stay that begins later; the one before it holds.
	n := sort.Search(len(s), func(i int) bool { return s[i].Since > civil })
	if n == 0 {
		return s[0].Outlet
	}
	return s[n-1].Outlet
}

// standing is where the tills of an organisation stand and stood.
type standing struct {
	now   map[string]string
	stays map[string]Stays
}

func (w *writer) standing(ctx context.Context, organisation string) (standing, error) {
	rows, err := w.ListTillOutlets(ctx, organisation)
	if err != nil {
		return standing{}, err
	}
	s := standing{now: make(map[string]string, len(rows)), stays: map[string]Stays{}}
	for _, row := range rows {
		s.now[row.ID] = row.OutletID
	}
	stays, err := w.AllStays(ctx, organisation)
	if err != nil {
		return standing{}, err
	}
	for _, row := range stays {
		s.stays[row.TillID] = append(s.stays[row.TillID], Stay{row.Since, row.OutletID})
	}
	for _, list := range s.stays { // a database's own order of texts is not to be relied on
		sort.Slice(list, func(i, j int) bool { return list[i].Since < list[j].Since })
	}
	return s, nil
}

// of gives the outlet a document was made in.
func (s standing) of(d *db.Document) string { return s.stays[d.TillID].At(d.At, s.now[d.TillID]) }
