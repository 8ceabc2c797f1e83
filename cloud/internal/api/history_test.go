package api

import (
	"context"
	"slices"
	"testing"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// past reads all pages of a filter.
func (m *month) past(t *testing.T, ctx context.Context, f *cabinetv1.HistoryFilter, limit uint32) (rows []*cabinetv1.HistoryRow) { //nolint:revive // t first, as everywhere here
	t.Helper()
	service := &historyService{m.service.s}
	for page := ""; ; {
		res, err := service.ListHistory(ctx, &cabinetv1.ListHistoryRequest{Filter: f, Limit: limit, Page: page})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.GetRows()) > int(limit) || len(res.GetRows()) == 0 && res.GetNextPage() != "" {
			t.Fatalf("%d rows on a page of %d", len(res.GetRows()), limit)
		}
		rows = append(rows, res.GetRows()...)
		if page = res.GetNextPage(); page == "" {
			return rows
		}
	}
}

// history: pages of any size make up one list, newest first, of what the filter asks for and the caller may see; the file is that list.
func (m *month) history(t *testing.T) {
	all := m.past(t, m.owner, nil, 500)
	keys := func(rows []*cabinetv1.HistoryRow) (list []string) {
		for _, r := range rows {
			list = append(list, r.GetTillId()+" "+r.GetOperation().GetOperation().GetKey())
		}
		return list
	}
	if len(all) < m.truth.receipts/2 {
		t.Fatalf("%d operations, %d receipts", len(all), m.truth.receipts)
	}
	if !slices.IsSortedFunc(all, func(a, b *cabinetv1.HistoryRow) int { return int(b.GetAtMs() - a.GetAtMs()) }) {
		t.Error("not newest first")
	}
	sorted := slices.Sorted(slices.Values(keys(all)))
	if len(slices.Compact(sorted)) != len(all) {
		t.Error("something stands there twice")
	}
	if got := m.past(t, m.owner, nil, 97); !slices.Equal(keys(got), keys(all)) {
		t.Errorf("pages of 97 make up %d rows, want %d", len(got), len(all))
	}

	// Filters: each is what the whole list has of it.
	middle := all[len(all)/2]
	for name, c := range map[string]struct {
		filter *cabinetv1.HistoryFilter
		keep   func(*cabinetv1.HistoryRow) bool
	}{
		"till": {&cabinetv1.HistoryFilter{TillId: middle.GetTillId()}, func(r *cabinetv1.HistoryRow) bool { return r.GetTillId() == middle.GetTillId() }},
		"kind": {&cabinetv1.HistoryFilter{Kinds: []fiscalv1.Kind{fiscalv1.Kind_KIND_SALE_RETURN}}, func(r *cabinetv1.HistoryRow) bool {
			return r.GetOperation().GetOperation().GetKind() == fiscalv1.Kind_KIND_SALE_RETURN
		}},
		"since":    {&cabinetv1.HistoryFilter{FromMs: middle.GetAtMs()}, func(r *cabinetv1.HistoryRow) bool { return r.GetAtMs() >= middle.GetAtMs() }},
		"before":   {&cabinetv1.HistoryFilter{BeforeMs: middle.GetAtMs()}, func(r *cabinetv1.HistoryRow) bool { return r.GetAtMs() < middle.GetAtMs() }},
		"commands": {&cabinetv1.HistoryFilter{What: cabinetv1.HistoryKind_HISTORY_KIND_COMMANDS}, func(*cabinetv1.HistoryRow) bool { return false }},
	} {
		var want []*cabinetv1.HistoryRow
		for _, r := range all {
			if c.keep(r) {
				want = append(want, r)
			}
		}
		if got := m.past(t, m.owner, c.filter, 100); !slices.Equal(keys(got), keys(want)) {
			t.Errorf("%s: %d rows, want %d", name, len(got), len(want))
		}
		file, err := (&historyService{m.service.s}).ExportHistory(m.owner, &cabinetv1.ExportHistoryRequest{Filter: c.filter, Format: cabinetv1.TableFormat_TABLE_FORMAT_CSV})
		if err != nil || int(file.GetRows()) != len(want) || file.GetCut() {
			t.Errorf("%s: a file of %d rows, want %d: %v", name, file.GetRows(), len(want), err)
		}
	}

	// Who has one till sees that one alone, and without money no sums; who has none sees nothing.
	one := access.WithPerson(context.WithoutCancel(t.Context()), &access.Person{
		OrganisationID: m.person.OrganisationID, Rights: []access.Right{access.Technician.In(m.person.OrganisationID, middle.GetTillId())},
	})
	seen := m.past(t, one, nil, 500)
	if len(seen) == 0 || len(seen) >= len(all) {
		t.Errorf("%d rows of one till, %d of all", len(seen), len(all))
	}
	for _, r := range seen {
		op := r.GetOperation().GetOperation()
		if r.GetTillId() != middle.GetTillId() || op.GetAmount() != 0 || op.GetReceipt() != nil || op.GetDocument().GetTotal() != 0 {
			t.Fatalf("not theirs to see: %v", r)
		}
	}
	stranger := access.WithPerson(context.WithoutCancel(t.Context()), &access.Person{OrganisationID: "nobody", Rights: []access.Right{access.Accountant.In("nobody", "")}})
	if got := m.past(t, stranger, nil, 500); len(got) != 0 {
		t.Errorf("a stranger sees %d rows", len(got))
	}
	for _, f := range []*cabinetv1.HistoryFilter{{FromMs: -1}, {FromMs: 10, BeforeMs: 10}, {TillId: "\xff"}} {
		if _, err := (&historyService{m.service.s}).ListHistory(m.owner, &cabinetv1.ListHistoryRequest{Filter: f}); err == nil || connect.CodeOf(err) == connect.CodeInternal {
			t.Errorf("%v: %v", f, err)
		}
	}
}
