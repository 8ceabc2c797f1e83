package fleet

import (
	"slices"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// Two agents that hear one till: it stays with the one it went to last, both say so, and it goes back when that one does not hear it any
// more. One that only remembers the till takes it from nobody.
func TestTill_claimed(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		if _, err := w.store.Write().PutOutlet(t.Context(), db.PutOutletParams{ID: "b", OrganisationID: "o1", Name: "the shop next door"}); err != nil {
			t.Fatal(err)
		}
		first, next := w.agents[0], *w.agents[1]
		next.OutletID = "b"
		second := &next
		for _, a := range []struct {
			agent *access.Agent
			host  string
		}{{first, "PC1"}, {second, "PC2"}} {
			if _, err := w.Hello(t.Context(), a.agent, &uplinkv1.HelloRequest{Host: a.host}, "10.0.0.1"); err != nil {
				t.Fatal(err)
			}
		}
		till := w.report(t, first, "kassa", "0001")
		stood := func() int {
			t.Helper()
			rows, err := w.store.Read().ListStays(t.Context(), till)
			if err != nil {
				t.Fatal(err)
			}
			return len(rows)
		}
		if moved := w.report(t, second, "bar", "0001"); moved != till {
			t.Fatal("a till that was carried over is another one")
		}
		stays := stood()
		if stays == 0 {
			t.Fatal("nobody knows that the till was carried over")
		}
		claims := func(id, host string) {
			t.Helper()
			got, err := w.Till(t.Context(), "o1", id)
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(got.State.GetProblems(), func(p *fiscalv1.Problem) bool { return p.GetCode() == CodeClaimed })
			switch {
			case host == "" && (at >= 0 || got.Light != cabinetv1.Light_LIGHT_GREEN):
				t.Errorf("%s: %v %v", got.Name, got.Light, got.State.GetProblems())
			case host != "" && (at < 0 || got.State.GetProblems()[at].GetArgs()["host"] != host || got.Light != cabinetv1.Light_LIGHT_YELLOW):
				t.Errorf("%s: %v %v, want a word of %s", got.Name, got.Light, got.State.GetProblems(), host)
			}
		}
		claims(till, "")
		var other string
		for range 40 { // twenty minutes of reports by both
			if other = w.report(t, first, "kassa", "0001"); other == till {
				t.Fatal("the till went back to an agent that another one took it from")
			}
			if again := w.report(t, second, "bar", "0001"); again != till {
				t.Fatal("the till was lost by the agent that has it")
			}
			w.clock.Pass(30 * time.Second)
		}
		claims(till, "PC1")
		claims(other, "PC2")
		if got := stood(); got != stays {
			t.Errorf("the till went to and fro: %d stays, were %d", got, stays)
		}
		// The other computer was told to leave it alone.
		w.clock.Pass(StaleAfter + time.Second)
		w.report(t, second, "bar", "0001")
		claims(till, "")
		// And now it is the one that does not hear it.
		w.clock.Pass(StaleAfter + time.Second)
		if back := w.report(t, first, "kassa", "0001"); back != till {
			t.Error("nobody hears the till, and who does may not have it")
		}
		claims(till, "")
		if _, err := w.Till(t.Context(), "o1", other); err == nil {
			t.Error("the claimer's own till is still there")
		}
		if err := w.Report(t.Context(), second, &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{
			{Till: "bar", Driver: "shtrih", Serial: "0001"},
		}}); err != nil {
			t.Fatal(err)
		}
		if got, err := w.Till(t.Context(), "o1", till); err != nil || got.AgentID != first.ID {
			t.Errorf("who only remembers the till took it: %v %v", got, err)
		}
		claims(till, "")
	})
}
