package documents

import (
	"fmt"
	"testing"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// TestScope: of a till that was moved, everybody sees and adds up what it did where they reach: who has one outlet that part, who has
// the other the rest, who has the till all of it, and who has the till and an outlet nothing twice.
func TestScope(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent, ctx := w.agents[0], t.Context()
		here, there := agent.OutletID, "there"
		var sums []int64
		tell := func(at string) {
			op := sale(uint64(len(sums) + 1))
			op.Key, op.Document.At, op.Document.Fd, op.Document.Fn = at, at, uint32(100+len(sums)), "9999078900012345"
			op.Document.Shift = uint32(7 + len(sums))
			sums = append(sums, op.GetDocument().GetTotal())
			if _, err := w.Push(ctx, agent, "j", &uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Cursor: uint64(len(sums)), Operation: op}}}); err != nil {
				t.Fatal(err)
			}
		}
		tell("2026-03-04T10:00")
		list, _, err := w.Search(ctx, must(w.NewQuery(ctx, access.Whole(agent.OrganisationID), &cabinetv1.DocumentFilter{}, nil, nil)), "", 10)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		till := list[0].TillID
		if err := w.store.Tx(ctx, func(q *db.Queries) error {
			if _, err := q.PutOutlet(ctx, db.PutOutletParams{ID: there, OrganisationID: agent.OrganisationID, Name: there}); err != nil {
				return err
			}
			if err := q.BeginStays(ctx, db.BeginStaysParams{OrganisationID: agent.OrganisationID, TillID: till, OutletID: here}); err != nil {
				return err
			}
			if err := q.PutStay(ctx, db.PutStayParams{OrganisationID: agent.OrganisationID, TillID: till, Since: "2026-03-05T00:00", OutletID: there, CreatedAt: 1}); err != nil {
				return err
			}
			return q.PlaceTill(ctx, db.PlaceTillParams{ID: till, OutletID: there})
		}); err != nil {
			t.Fatal(err)
		}
		tell("2026-03-06T10:00")
		if sums[0] == sums[1] {
			t.Fatal("two receipts of one sum prove nothing")
		}
		set := func(ids ...string) map[string]bool {
			m := map[string]bool{}
			for _, id := range ids {
				m[id] = true
			}
			return m
		}
		for name, c := range map[string]struct {
			outlets, tills map[string]bool
			want           []int64
		}{
			"where it was":                  {set(here), nil, sums[:1]},
			"where it is":                   {set(there), nil, sums[1:]},
			"both outlets":                  {set(here, there), nil, sums},
			"the till":                      {nil, set(till), sums},
			"the till, and where it was":    {set(here), set(till), sums},
			"the till, and where it is":     {set(there), set(till), sums},
			"another outlet":                {set("elsewhere"), nil, nil},
			"nothing":                       {nil, nil, nil},
			"another till and another shop": {set("elsewhere"), set("notill"), nil},
		} {
			scope := access.Scope{OrganisationID: agent.OrganisationID, Outlets: c.outlets, Tills: c.tills}
			reach := access.Reach{scope}
			total := int64(0)
			for _, sum := range c.want {
				total += sum
			}
			for _, span := range []cabinetv1.Span{cabinetv1.Span_SPAN_DAY, cabinetv1.Span_SPAN_HOUR} {
				for _, trade := range []bool{false, span == cabinetv1.Span_SPAN_DAY} {
					r, err := w.Revenue(ctx, scope, &cabinetv1.GetRevenueRequest{
						From: "2026-03-01", To: "2026-03-31", Span: span, Place: cabinetv1.Place_PLACE_TILL, ByShiftDay: trade,
					})
					if err != nil {
						t.Fatal(name, err)
					}
					places := int64(0)
					for _, p := range r.GetPlaces() {
						places += p.GetFigures().GetRevenue()
					}
					if got := r.GetTotal().GetRevenue(); got != total || places != total {
						t.Errorf("%s, %v: revenue %d, of tills %d, want %d", name, span, got, places, total)
					}
				}
			}
			products, err := w.Products(ctx, scope, &cabinetv1.ListProductsRequest{From: "2026-03-01", To: "2026-03-31"}, 100)
			if err != nil || products.GetRevenue() > total {
				t.Errorf("%s: goods for %d: %v", name, products.GetRevenue(), err)
			}
			found, _, err := w.Search(ctx, must(w.NewQuery(ctx, reach, &cabinetv1.DocumentFilter{}, nil, nil)), "", 10)
			if err != nil || len(found) != len(c.want) {
				t.Errorf("%s: found %d: %v", name, len(found), err)
			}
			documents, _, err := w.Documents.Documents(ctx, scope, till, nil, "", 10)
			if err != nil || len(documents) != len(c.want) {
				t.Errorf("%s: %d documents: %v", name, len(documents), err)
			}
			operations, _, err := w.Operations(ctx, scope, till, "", 10)
			if err != nil || len(operations) != len(c.want) {
				t.Errorf("%s: %d operations: %v", name, len(operations), err)
			}
			shifts, _, err := w.Shifts(ctx, reach, &cabinetv1.ListShiftsRequest{}, 10)
			if err != nil || len(shifts) != len(c.want) {
				t.Errorf("%s: %d shifts: %v", name, len(shifts), err)
			}
			if some, err := w.Any(ctx, reach); err != nil || some != (len(c.want) > 0) {
				t.Errorf("%s: any %v: %v", name, some, err)
			}
		}
	})
}

func must(q *Query, err error) *Query {
	if err != nil {
		panic(err)
	}
	return q
}

// TestManyPlaces: of many places everything is found, page by page, be they busy or so quiet that a walk along the time does not reach
// what they made.
func TestManyPlaces(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ctx, busy, quiet := t.Context(), w.agents[0], *w.agents[0]
		quiet.ID, quiet.OutletID = "quiet agent", "quiet"
		if err := w.store.Tx(ctx, func(q *db.Queries) error {
			if _, err := q.PutOutlet(ctx, db.PutOutletParams{ID: quiet.OutletID, OrganisationID: quiet.OrganisationID, Name: "quiet"}); err != nil {
				return err
			}
			return q.CreateAgent(ctx, db.CreateAgentParams{ID: quiet.ID, OrganisationID: quiet.OrganisationID, OutletID: quiet.OutletID})
		}); err != nil {
			t.Fatal(err)
		}
		tell := func(agent *access.Agent, fn, day string, n int) {
			batch := &uplinkv1.Batch{}
			for i := range n {
				op := sale(uint64(i + 1))
				op.Key, op.Document.Fn, op.Document.Fd = fmt.Sprint(fn, " ", i), fn, uint32(i+1)
				op.Document.At = fmt.Sprintf("%sT%02d:%02d", day, i/60%24, i%60)
				batch.Entries = append(batch.Entries, &uplinkv1.Entry{Cursor: uint64(i + 1), Operation: op})
			}
			if _, err := w.Push(ctx, agent, "j"+fn, batch); err != nil {
				t.Fatal(err)
			}
		}
		const many, few = 2100, 5 // a walk looks at 2000
		tell(busy, "9999078900010001", "2026-03-05", many)
		tell(&quiet, "9999078900010002", "2026-03-04", few)
		for name, c := range map[string]struct {
			outlet string
			want   int
		}{"quiet": {quiet.OutletID, few}, "busy": {busy.OutletID, many}} {
			scope := access.Scope{OrganisationID: busy.OrganisationID, Outlets: map[string]bool{c.outlet: true}}
			for i := range 30 {
				scope.Outlets[fmt.Sprint("closed ", i)] = true
			}
			for _, forms := range [][]uint32{nil, {3, 4, 31, 41}} {
				q := must(w.NewQuery(ctx, access.Reach{scope}, &cabinetv1.DocumentFilter{Types: forms}, nil, nil))
				seen := map[string]bool{}
				for page := ""; ; {
					list, next, err := w.Search(ctx, q, page, max(2, c.want/4))
					if err != nil {
						t.Fatal(err)
					}
					for _, f := range list {
						seen[fmt.Sprint(f.Row.FN, f.Row.FD)] = true
					}
					if page = next; page == "" {
						break
					}
				}
				if len(seen) != c.want {
					t.Errorf("%s of forms %v: %d found, want %d", name, forms, len(seen), c.want)
				}
			}
		}
	})
}
