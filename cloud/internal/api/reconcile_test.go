package api

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// reconcile: another system that knows what the cabinet knows is told so; of what it is made not to know, to know wrongly and to know too
// much, exactly that is told. Another organisation is told of nothing.
func (m *month) reconcile(t *testing.T) {
	memory := slices.Sorted(maps.Keys(m.tills))[0]
	var theirs []*cabinetv1.OwnReceipt
	for page := ""; ; {
		res, err := m.service.SearchDocuments(m.owner, &cabinetv1.SearchDocumentsRequest{
			Filter: &cabinetv1.DocumentFilter{Fn: memory, Types: []uint32{3, 4, 31, 41}}, Limit: 100, Page: page,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range res.GetDocuments() {
			d := f.GetDocument().GetDocument()
			total := d.GetTotal()
			theirs = append(theirs, &cabinetv1.OwnReceipt{Id: fmt.Sprint("№ ", d.GetFd()), Fn: d.GetFn(), Fd: d.GetFd(), Fp: d.GetFp(), Total: &total, Kind: d.GetKind()})
		}
		if page = res.GetNextPage(); page == "" {
			break
		}
	}
	if len(theirs) < 10 || len(theirs) > 1000 {
		t.Fatalf("%d receipts in memory %s", len(theirs), memory)
	}
	slices.Reverse(theirs)
	verdicts := func(list []*cabinetv1.OwnReceipt) (odd []string) {
		t.Helper()
		res, err := m.service.ReconcileDocuments(m.owner, &cabinetv1.ReconcileDocumentsRequest{Receipts: list})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range res.GetReceipts() {
			if v.GetVerdict() != cabinetv1.Verdict_VERDICT_SAME {
				odd = append(odd, fmt.Sprint(v.GetId(), v.GetFound().GetFd(), v.GetVerdict(), v.GetDiffers()))
			}
		}
		return odd
	}
	if odd := verdicts(theirs); len(odd) != 0 {
		t.Errorf("one and the same differs: %v", odd)
	}
	wrong, forgotten := theirs[2], theirs[5]
	*wrong.Total++
	last := theirs[len(theirs)-1].GetFd() + 5000 // the month has not that many
	planted := append(slices.Delete(slices.Clone(theirs), 5, 6), &cabinetv1.OwnReceipt{Id: "too much", Fn: memory, Fd: last, Total: wrong.Total})
	want := []string{
		fmt.Sprint(wrong.GetId(), wrong.GetFd(), cabinetv1.Verdict_VERDICT_DIFFERS, []string{"total"}),
		fmt.Sprint("too much", 0, cabinetv1.Verdict_VERDICT_MISSING, []string(nil)),
		fmt.Sprint("", forgotten.GetFd(), cabinetv1.Verdict_VERDICT_EXTRA, []string(nil)),
	}
	if diff := cmp.Diff(want, verdicts(planted)); diff != "" {
		t.Error(diff)
	}
	*wrong.Total--
	stranger := access.WithPerson(m.owner, &access.Person{ID: "s", OrganisationID: m.organisations[1], Rights: []access.Right{access.Administrator.In(m.organisations[1], "")}})
	res, err := m.service.ReconcileDocuments(stranger, &cabinetv1.ReconcileDocumentsRequest{Receipts: theirs[:3]})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range res.GetReceipts() {
		if v.GetVerdict() != cabinetv1.Verdict_VERDICT_MISSING || v.GetFound() != nil || v.GetTillId() != "" {
			t.Errorf("a stranger is told %v", v)
		}
	}
}
