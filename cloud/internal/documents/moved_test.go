package documents

import (
	"testing"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// A till that moves keeps its past where it happened, however late the past comes in, and every sum agrees.
func TestPush_afterMove(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent, ctx := w.agents[0], t.Context()
		var entries []*uplinkv1.Entry
		made := map[string]*fiscalv1.Document{}
		tell := func(name, at string) {
			op := sale(uint64(len(entries) + 1))
			op.Document.At = at
			made[name] = op.GetDocument()
			entries = append(entries, &uplinkv1.Entry{Cursor: uint64(len(entries) + 1), Operation: op})
			if _, err := w.Push(ctx, agent, "j", &uplinkv1.Batch{Entries: entries[len(entries)-1:]}); err != nil {
				t.Fatal(err)
			}
		}
		tell("before", "2026-03-04T10:00")
		till := w.document(t, agent, made["before"]).TillID
		move := func(from, to, since string) {
			t.Helper()
			err := w.store.Tx(ctx, func(q *db.Queries) error {
				if _, err := q.PutOutlet(ctx, db.PutOutletParams{ID: to, OrganisationID: agent.OrganisationID, Name: to}); err != nil {
					return err
				}
				if err := q.BeginStays(ctx, db.BeginStaysParams{OrganisationID: agent.OrganisationID, TillID: till, OutletID: from}); err != nil {
					return err
				}
				if err := q.PutStay(ctx, db.PutStayParams{OrganisationID: agent.OrganisationID, TillID: till, Since: since, OutletID: to}); err != nil {
					return err
				}
				return q.PlaceTill(ctx, db.PlaceTillParams{ID: till, OutletID: to})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		move(agent.OutletID, "market", "2026-03-04T12:00")
		tell("late", "2026-03-04T11:59")
		tell("at the moment of the move", "2026-03-04T12:00")
		move("market", "station", "2026-03-05T09:00")
		tell("late of the second place", "2026-03-05T08:59")
		tell("late of the first place", "2026-03-03T23:59")
		tell("of now", "2026-03-05T09:30")
		tell("of no time", "")

		want := map[string]string{
			"before": agent.OutletID, "late": agent.OutletID, "late of the first place": agent.OutletID,
			"at the moment of the move": "market", "late of the second place": "market", "of now": "station", "of no time": "station",
		}
		look := func(when string) {
			t.Helper()
			for name, doc := range made {
				row, err := w.store.Read().ReadDocument(ctx, db.ReadDocumentParams{OrganisationID: agent.OrganisationID, FN: doc.GetFn(), FD: int64(doc.GetFd())})
				if err != nil {
					t.Fatal(err)
				}
				if row.Document.OutletID != want[name] {
					t.Errorf("%s: the document %s counts in %q, not %q", when, name, row.Document.OutletID, want[name])
				}
			}
			revenue, err := w.store.Read().AllRevenue(ctx)
			if err != nil {
				t.Fatal(err)
			}
			got, counted := map[string]int64{}, map[string]int64{}
			for _, r := range revenue {
				if r.OrganisationID == agent.OrganisationID && r.Grain == store.GrainDay {
					got[r.Node] += r.Receipts
				}
			}
			for name, outlet := range want {
				if made[name].GetAt() != "" { // what has no time is in no day
					counted[outlet]++
					counted[till]++
					counted[""]++
				}
			}
			for node, n := range counted {
				if got[node] != n {
					t.Errorf("%s: %d receipts in %q, not %d", when, got[node], node, n)
				}
			}
			if _, err := w.Check(ctx, func(d store.Difference) {
				t.Errorf("%s: %s: kept %+v, documents say %+v", when, d.What, d.Kept, d.Documents)
			}); err != nil {
				t.Fatal(err)
			}
		}
		look("as they came")
		if _, err := w.Push(ctx, agent, "j", &uplinkv1.Batch{Entries: entries}); err != nil { // all of it once more
			t.Fatal(err)
		}
		look("told twice")
		if err := w.Rebuild(ctx); err != nil {
			t.Fatal(err)
		}
		look("counted anew")
	})
}
