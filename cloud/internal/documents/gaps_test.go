package documents

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// TestGaps: missing numbers are told with their neighbours and why, and are gone when the documents come.
func TestGaps(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		one := sale(3)
		copyNumbered := func(fd uint32) *uplinkv1.DocumentCopy {
			op := proto.CloneOf(one)
			op.Document.Fd, op.Document.Fp = fd, 1000+fd
			return copyOf("kassa", op.GetDocument())
		}
		type gap struct {
			first, last, before, after uint32
			cause                      cabinetv1.GapCause
		}
		check := func(what string, want ...gap) {
			t.Helper()
			list, cut, err := w.Gaps(t.Context(), access.Whole(agent.OrganisationID), "")
			if err != nil || cut || len(list) != len(want) {
				t.Fatalf("%s: %v, cut %v: %v", what, list, cut, err)
			}
			for i := range list {
				g := list[i].View
				got := gap{g.GetFirst(), g.GetLast(), g.GetBefore().GetFd(), g.GetAfter().GetFd(), g.GetCause()}
				if got != want[i] {
					t.Errorf("%s: %+v, want %+v", what, got, want[i])
				}
			}
		}
		check("nothing came")
		for _, fd := range []uint32{5, 6, 9} {
			w.pushCopies(t, agent, copyNumbered(fd))
		}
		op := proto.CloneOf(one)
		op.Key, op.Document.Fd, op.Document.Fp = "later", 12, 1012
		if _, err := w.Push(t.Context(), agent, "j", &uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Cursor: 1, Operation: op}}}); err != nil {
			t.Fatal(err)
		}
		missing := func(want ...Missing) {
			t.Helper()
			list, err := w.Missing(t.Context(), agent.OrganisationID)
			if err != nil || !slices.Equal(list, want) {
				t.Errorf("missing %+v, want %+v: %v", list, want, err)
			}
		}
		// What is on its way and what was before the agent is nothing to be told of.
		id, err := w.fleet.TillID(t.Context(), agent, "kassa")
		if err != nil {
			t.Fatal(err)
		}
		missing(Missing{FN: one.GetDocument().GetFn(), TillID: id, First: 7, Last: 8})
		check("some are missing",
			gap{10, 11, 9, 12, cabinetv1.GapCause_GAP_CAUSE_NOT_COPIED_YET},
			gap{7, 8, 6, 9, cabinetv1.GapCause_GAP_CAUSE_NEVER_CAME},
			gap{1, 4, 0, 5, cabinetv1.GapCause_GAP_CAUSE_BEFORE_FIRST},
		)
		for fd := range uint32(13) {
			if fd > 0 {
				w.pushCopies(t, agent, copyNumbered(fd))
			}
		}
		check("all came")
		missing()
		if list, _, err := w.Gaps(t.Context(), access.Whole(w.agents[1].OrganisationID), ""); err != nil || len(list) != 0 {
			t.Errorf("another organisation sees %v: %v", list, err)
		}
	})
}
