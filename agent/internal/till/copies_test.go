package till_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// What the cabinet gets is what the fiscal memory has.
func TestFleet_Copies(t *testing.T) {
	b := tilltest.Open(t, "a", "b")
	b.OpenShift(t, "a")
	b.Do(t, tilltest.Sale("one", "a"))
	b.Do(t, tilltest.Sale("two", "a"))
	fn := b.Devices["a"].FN()
	docs := fn.List()
	have := map[string]uint32{fn.Number(): docs[len(docs)-3].FD}
	got := copies(t, b, have, 2)
	for i, c := range got {
		want := docs[len(docs)-2+i]
		d := c.GetDocument()
		if c.GetTill() != "a" || d.GetFn() != want.FN || d.GetFd() != want.FD || d.GetFp() != want.FP || d.GetTotal() != int64(want.Sum) {
			t.Errorf("copy %v of %+v", c, want)
		}
		if form := binary.LittleEndian.Uint16(c.GetTlv()); form != uint16(want.Type) || len(c.GetTlv()) < len(want.TLV) {
			t.Errorf("form %d, %d bytes", form, len(c.GetTlv()))
		}
	}
	have[fn.Number()] = docs[len(docs)-1].FD
	for _, c := range b.Fleet.Copies(t.Context(), have, 100) {
		if c.GetTill() == "a" {
			t.Errorf("copied again: %v", c)
		}
	}
	copies(t, b, map[string]uint32{}, len(docs)) // from the beginning
}

// copies asks until there are so many: a till that prints is passed over.
func copies(t *testing.T, b *tilltest.Bench, have map[string]uint32, want int) []*uplinkv1.DocumentCopy {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		got := b.Fleet.Copies(t.Context(), have, want)
		if len(got) == want {
			return got
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v, and %d copies of %d", patience, len(got), want)
		}
		if _, err := b.Fleet.Refresh(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
}
