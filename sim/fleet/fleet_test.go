package fleet

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
)

func played(t *testing.T, till *Till, log flash.Log) (entries []*uplinkv1.Entry) {
	t.Helper()
	if err := till.Play(log, func(e *uplinkv1.Entry) error {
		entries = append(entries, e)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return entries
}

// TestPlay: the memory takes everything, its archive is whole, and the entries tell all of it; the same seed does the same.
func TestPlay(t *testing.T) {
	o := Options{Seed: 5, Organisations: 1, Outlets: 3, Tills: 1, Days: 12, Receipts: 30}
	tills := New(o)[0].Outlets
	again := New(o)[0].Outlets
	nights := 0
	kinds := map[fiscal.DocumentType]int{}
	for i, outlet := range tills {
		till := outlet.Tills[0]
		path := flash.Dir(t.TempDir()).Path("fn")
		log, err := flash.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		entries := played(t, till, log)
		docs, err := fn.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := fn.Verify(docs); err != nil {
			t.Errorf("%s: %v", outlet.Name, err)
		}
		copied := map[uint32]bool{}
		late := 0
		last := uint32(0)
		for _, e := range entries {
			if c := e.GetCopy(); c != nil {
				copied[c.GetDocument().GetFd()] = true
				if c.GetDocument().GetFd() < last {
					late++
				}
				last = c.GetDocument().GetFd()
			}
		}
		if len(copied) != len(docs) || late == 0 {
			t.Errorf("%d copies of %d documents, %d of them late", len(copied), len(docs), late)
		}
		for _, d := range docs {
			kinds[d.Type]++
			if d.Op != 0 && d.Time.Hour() < 3 {
				nights++
			}
		}
		if diff := cmp.Diff(entries, played(t, again[i].Tills[0], &flash.Memory{}), protocmp.Transform()); diff != "" {
			t.Errorf("the same seed did something else:\n%s", diff)
		}
	}
	if nights == 0 || kinds[fiscal.DocReceipt] < 500 || kinds[fiscal.DocCorrection] == 0 {
		t.Errorf("%d receipts after midnight, documents %v", nights, kinds)
	}
}

// TestQuick: without a memory the same acts are done.
func TestQuick(t *testing.T) {
	till := New(Options{Seed: 5, Organisations: 1, Outlets: 1, Tills: 1, Days: 5})[0].Outlets[0].Tills[0]
	quick := map[string]int64{}
	if err := till.Quick(func(e *uplinkv1.Entry) error {
		doc := e.GetOperation().GetDocument()
		quick[doc.GetAt()] += doc.GetTotal()
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slow := map[string]int64{}
	seen := map[uint32]bool{}
	for _, e := range played(t, till, &flash.Memory{}) {
		if doc := e.GetCopy().GetDocument(); doc != nil && !seen[doc.GetFd()] && doc.GetType() != 1 {
			seen[doc.GetFd()] = true
			slow[doc.GetAt()] += doc.GetTotal()
		}
	}
	if diff := cmp.Diff(quick, slow); diff != "" || len(quick) == 0 {
		t.Error(diff)
	}
}
