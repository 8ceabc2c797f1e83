package documents

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

func TestReconcile(t *testing.T) {
	here := map[own]held{}
	for _, d := range []*fiscalv1.Document{
		{Fn: "1", Fd: 1, Type: 2},
		{Fn: "1", Fd: 2, Fp: 20, Type: 3, Total: 100, Kind: fiscalv1.Kind_KIND_SALE},
		{Fn: "1", Fd: 3, Fp: 30, Type: 3, Total: 200, Kind: fiscalv1.Kind_KIND_SALE_RETURN},
		{Fn: "1", Fd: 5, Fp: 50, Type: 31, Total: 7},
		{Fn: "0", Fd: 9, Type: 4},
	} {
		here[own{d.GetFn(), d.GetFd()}] = held{"till of " + d.GetFn(), d}
	}
	total := func(n int64) *int64 { return &n }
	var got []string
	for _, v := range reconcile([]*cabinetv1.OwnReceipt{
		{Id: "all", Fn: "1", Fd: 2, Fp: 20, Total: total(100), Kind: fiscalv1.Kind_KIND_SALE},
		{Id: "number alone", Fn: "1", Fd: 3},
		{Id: "again", Fn: "1", Fd: 3, Total: total(1)},
		{Id: "not here", Fn: "1", Fd: 4, Total: total(5)},
		{Id: "a shift", Fn: "1", Fd: 1, Total: total(0)},
	}, here) {
		got = append(got, fmt.Sprint(v.GetId(), "|", v.GetFound().GetFn(), " ", v.GetFound().GetFd(), "|", strings.TrimPrefix(v.GetVerdict().String(), "VERDICT_"), v.GetDiffers(), v.GetTillId()))
	}
	want := []string{
		"all|1 2|SAME[]till of 1", "number alone|1 3|SAME[]till of 1", "again|1 3|REPEATED[]till of 1", "not here| 0|MISSING[]", "a shift|1 1|SAME[]till of 1",
		"|0 9|EXTRA[]till of 0", "|1 5|EXTRA[]till of 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	odd := reconcile([]*cabinetv1.OwnReceipt{{Fn: "1", Fd: 2, Fp: 21, Total: total(0), Kind: fiscalv1.Kind_KIND_PURCHASE}}, here)
	if diff := cmp.Diff([]string{"fp", "total", "kind"}, odd[0].GetDiffers()); diff != "" || odd[0].GetVerdict() != cabinetv1.Verdict_VERDICT_DIFFERS {
		t.Error(odd[0], diff)
	}
}

func TestReconcile_bounds(t *testing.T) {
	many := make([]*cabinetv1.OwnReceipt, maxOwn+1)
	for i := range many {
		many[i] = &cabinetv1.OwnReceipt{Fn: "1", Fd: uint32(i + 1)}
	}
	for name, c := range map[string]struct {
		receipts []*cabinetv1.OwnReceipt
		bad      bool
	}{
		"none":                {},
		"as many as may be":   {receipts: many[:maxOwn]},
		"more":                {receipts: many, bad: true},
		"no memory":           {receipts: []*cabinetv1.OwnReceipt{{Fd: 1}}, bad: true},
		"no number":           {receipts: []*cabinetv1.OwnReceipt{{Fn: "1"}}, bad: true},
		"a long memory":       {receipts: []*cabinetv1.OwnReceipt{{Fn: strings.Repeat("1", 17), Fd: 1}}, bad: true},
		"a long name":         {receipts: []*cabinetv1.OwnReceipt{{Fn: "1", Fd: 1, Id: strings.Repeat("я", maxOwnID+1)}}, bad: true},
		"a name":              {receipts: []*cabinetv1.OwnReceipt{{Fn: "1", Fd: 1, Id: strings.Repeat("я", maxOwnID)}}},
		"far apart":           {receipts: []*cabinetv1.OwnReceipt{{Fn: "1", Fd: 1}, {Fn: "1", Fd: maxBetween + 1}}, bad: true},
		"as far as may be":    {receipts: []*cabinetv1.OwnReceipt{{Fn: "1", Fd: maxBetween}, {Fn: "1", Fd: 1}}},
		"the whole of memory": {receipts: []*cabinetv1.OwnReceipt{{Fn: "1", Fd: 1}, {Fn: "1", Fd: 1<<32 - 1}}, bad: true},
	} {
		if _, err := spansOf(c.receipts); errors.Is(err, ErrInvalid) != c.bad {
			t.Errorf("%s: %v", name, err)
		}
	}
}
