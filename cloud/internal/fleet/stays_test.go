package fleet

import (
	"testing"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// A till that comes to an agent of another outlet stands there from then on by its own clock; one that comes back to the agent it had
// stands where people put it.
func TestReport_anotherOutlet(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if _, err := w.store.Write().PutOutlet(ctx, db.PutOutletParams{ID: "second", OrganisationID: "o1", Name: "second"}); err != nil {
			t.Fatal(err)
		}
		first, second := w.agents[0], *w.agents[1]
		second.OutletID = "second"
		state := func(name, clock string) *uplinkv1.ReportStateRequest {
			return &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{{
				Till: name, Driver: "shtrih", Serial: "0012", Clock: clock, ReadMs: w.clock.Now().UnixMilli(),
			}}}
		}
		stays := func(want ...string) {
			t.Helper()
			rows, err := w.store.Read().AllStays(ctx, "o1")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rows {
				got = append(got, r.Since+" "+r.OutletID)
			}
			if len(got) != len(want) {
				t.Fatalf("stays %q, not %q", got, want)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("stays %q, not %q", got, want)
				}
			}
		}
		if err := w.Report(ctx, first, state("kassa", "2026-03-04T08:00")); err != nil {
			t.Fatal(err)
		}
		stays()
		if err := w.Report(ctx, &second, state("till", "2026-03-04T09:30")); err != nil {
			t.Fatal(err)
		}
		stays(" "+first.OutletID, "2026-03-04T09:30 second")
		// Another name at the same agent is no move, wherever the agent's next till would stand.
		second.OutletID = first.OutletID
		if err := w.Report(ctx, &second, state("other", "2026-03-04T10:00")); err != nil {
			t.Fatal(err)
		}
		stays(" "+first.OutletID, "2026-03-04T09:30 second")
		rows, err := w.store.Read().ListTreeTills(ctx, "o1")
		if err != nil || len(rows) != 1 || rows[0].OutletID != "second" || rows[0].Name != "other" {
			t.Errorf("%v %v", rows, err)
		}
	})
}
