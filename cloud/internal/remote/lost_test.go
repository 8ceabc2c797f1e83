package remote

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// TestWork_expired: a command that no agent came for in its time is said to have expired, by the work too; it is not given again, and
// whoever comes after that gets nothing.
func TestWork_expired(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		order, targets := shop(t, w, 3, &cabinetv1.WorkOrder{Action: check1, PerMinute: 600})
		if err := w.Start(t.Context(), w.people["anna"], "w1", order, targets); err != nil {
			t.Fatal(err)
		}
		w.look(t)
		w.clock.Pass(time.Minute)
		w.look(t)
		if diff := cmp.Diff(&cabinetv1.WorkCounts{All: 3, Given: 3}, w.counts(t, "o1", "w1"), protocmp.Transform()); diff != "" {
			t.Fatal(diff)
		}
		w.clock.Pass(fleet.CommandLife + time.Second)
		for _, target := range targets { // as the fleet does by its own clock
			n, err := w.store.Write().ExpireCommand(t.Context(), db.ExpireCommandParams{
				OrganisationID: "o1", ID: commandID("o1", "w1", target.TillID), Expired: int32(cabinetv1.CommandState_COMMAND_STATE_EXPIRED),
				State: int32(cabinetv1.CommandState_COMMAND_STATE_QUEUED), Now: store.Micros(w.clock.Now()),
			})
			if err != nil || n != 1 {
				t.Fatal(n, err)
			}
		}
		for range 3 {
			w.look(t)
			w.clock.Pass(time.Minute)
			w.restart()
		}
		if got := w.given(t, "o1"); len(got) != 0 {
			t.Errorf("given after their time: %v", got)
		}
		work, err := w.Work(t.Context(), "o1", "w1")
		if err != nil || work.State != through || work.Ended.IsZero() {
			t.Errorf("the work: %+v, %v", work, err)
		}
		if diff := cmp.Diff(&cabinetv1.WorkCounts{All: 3, Expired: 3}, Counts(work.Items), protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
	})
}
