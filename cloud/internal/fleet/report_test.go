package fleet

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// An agent may speak to one cabinet of a database now and to another one then: what stands and what has ended is one story.
func TestReport_twoCabinets(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		first := w.Fleet
		second := New(w.store, slog.New(slog.DiscardHandler), w.clock.Now, func(string) {})
		paper := &fiscalv1.Problem{Code: "no_paper", Severity: fiscalv1.Severity_SEVERITY_CRITICAL}
		began := w.clock.Now()
		var till string
		for _, at := range []struct {
			cabinet  *Fleet
			problems []*fiscalv1.Problem
		}{
			{first, []*fiscalv1.Problem{paper}},
			{first, []*fiscalv1.Problem{paper}},
			{second, nil},
			{first, []*fiscalv1.Problem{paper}},
			{second, []*fiscalv1.Problem{paper}},
		} {
			w.Fleet = at.cabinet
			till = w.report(t, w.agents[0], "kassa", "0001", at.problems...)
			w.clock.Pass(time.Minute)
		}
		rows, err := w.store.Read().ListProblemTimes(t.Context(), db.ListProblemTimesParams{OrganisationID: "o1", Since: 0})
		if err != nil || len(rows) != 2 {
			t.Fatalf("%v %v", rows, err)
		}
		for i, want := range []struct{ began, ended time.Time }{
			{began, began.Add(2 * time.Minute)}, {began.Add(3 * time.Minute), time.UnixMicro(0)},
		} {
			if r := rows[i]; r.TillID != till || r.BeganAt != want.began.UnixMicro() || r.EndedAt != want.ended.UnixMicro() {
				t.Errorf("%d: %+v, want %v", i, r, want)
			}
		}
	})
}

// What an agent tells is stored whole or not at all, so that it can tell it again.
func TestReport_whole(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		good := &fiscalv1.TillState{Till: "kassa", Driver: "shtrih", Serial: "0001"}
		if err := w.tell(t, good, &fiscalv1.TillState{}); err == nil {
			t.Fatal("a till without a name was taken")
		}
		if rows, err := w.store.Read().ListTillsOfAgent(t.Context(), w.agents[0].ID); err != nil || len(rows) != 0 {
			t.Errorf("%v %v", rows, err)
		}
		if err := w.tell(t, good); err != nil {
			t.Fatal(err)
		}
		if rows, err := w.store.Read().ListTillsOfAgent(t.Context(), w.agents[0].ID); err != nil || len(rows) != 1 {
			t.Errorf("%v %v", rows, err)
		}
	})
}

// tell reports states of tills of the first agent.
func (w *world) tell(t *testing.T, states ...*fiscalv1.TillState) error {
	t.Helper()
	return w.Report(t.Context(), w.agents[0], &uplinkv1.ReportStateRequest{Tills: states})
}

func TestTills_order(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if _, err := w.store.Write().PutOutlet(ctx, db.PutOutletParams{ID: "b", OrganisationID: "o1", Name: "a shop before the others"}); err != nil {
			t.Fatal(err)
		}
		other := *w.agents[1]
		other.OutletID = "b"
		red := w.report(t, w.agents[0], "9", "0003", &fiscalv1.Problem{Code: "no_paper", Severity: fiscalv1.Severity_SEVERITY_CRITICAL})
		two := w.report(t, w.agents[0], "2", "0001")
		one := w.report(t, w.agents[0], "1", "0002")
		first := w.report(t, &other, "7", "0004")
		tills, err := w.Tills(ctx, access.Whole("o1"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, till := range tills {
			got = append(got, till.ID)
		}
		if want := []string{red, first, one, two}; !slices.Equal(got, want) {
			t.Errorf("%q, not problems first, then by outlet and name %q", got, want)
		}
	})
}

// A sign of life is written down every half minute; with one that is due those go that will be soon.
func TestHeard_together(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		hear := func(agents ...*access.Agent) time.Time {
			t.Helper()
			for _, a := range agents {
				if err := w.heard(ctx, a); err != nil {
					t.Fatal(err)
				}
			}
			return w.clock.Now()
		}
		written := func(want ...time.Time) {
			t.Helper()
			for i, at := range want {
				row, err := w.store.Read().GetAgent(ctx, w.agents[i].ID)
				if err != nil || row.HeardAt != at.UnixMicro() {
					t.Errorf("agent %d: written at %v, not %v; %v", i, time.UnixMicro(row.HeardAt).UTC(), at, err)
				}
			}
		}
		first := hear(w.agents[:2]...)
		written(first, first, time.UnixMicro(0))
		w.clock.Pass(15 * time.Second)
		late := hear(w.agents[2])
		w.clock.Pass(10 * time.Second)
		second := hear(w.agents[1:]...)
		written(first, first, late)
		w.clock.Pass(6 * time.Second)
		third := hear(w.agents[0])
		written(third, second, late)
	})
}
