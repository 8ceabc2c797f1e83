package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/tree"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// places is a month with departments: region has north in it, which has one outlet; south has two, one of them closed; bare has none.
type places struct {
	*month
	store *store.Store
	// till and fn are what stands in each outlet.
	till, fn map[string]string
	outlets  []string
	// goods are those of each outlet, as they are asked for by its own field.
	goods map[string]map[string]int64
	// receipts are those of each memory.
	receipts map[string]int
}

const monthFrom, monthTo = "2026-03-01", "2026-04-01"

// nodes: what is asked for of a node of the tree is what its outlets come to, on every page and in every file, and nobody asks for one
// that they may not see all of.
func (m *month) nodes(t *testing.T, s *store.Store) {
	ctx, own := t.Context(), m.person.OrganisationID
	p := &places{month: m, store: s, till: map[string]string{}, fn: map[string]string{}, goods: map[string]map[string]int64{}}
	p.outlets = slices.Sorted(maps.Values(m.outlets))
	rows, err := s.Read().ListTillOutlets(ctx, own)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		p.till[row.OutletID] = row.ID
		for fn, till := range m.tills {
			if till == row.ID {
				p.fn[row.OutletID] = fn
			}
		}
	}
	stand := func(outlet, department string) {
		t.Helper()
		if err := s.Write().PlaceOutlet(ctx, db.PlaceOutletParams{ID: outlet, DepartmentID: department}); err != nil {
			t.Fatal(err)
		}
	}
	for id, parent := range map[string]string{"region": "", "north": "region", "south": "", "bare": ""} {
		if err := s.Write().CreateDepartment(ctx, db.CreateDepartmentParams{ID: id, OrganisationID: own, ParentID: parent, Name: id}); err != nil {
			t.Fatal(err)
		}
	}
	here, there, shut := p.outlets[0], p.outlets[1], p.outlets[2]
	stand(here, "north")
	stand(there, "south")
	stand(shut, "south")
	if err := s.Write().CloseOutlet(ctx, db.CloseOutletParams{ID: shut, ClosedAt: 1}); err != nil {
		t.Fatal(err)
	}
	for _, outlet := range p.outlets {
		p.goods[outlet] = p.sold(m.owner, t, &cabinetv1.ListProductsRequest{OutletId: outlet})
	}
	p.receipts = p.filed(t, &cabinetv1.DocumentFilter{})
	come := map[string][]string{
		own: p.outlets, "region": {here}, "north": {here}, "south": {there, shut}, "bare": nil, here: {here}, shut: {shut}, p.till[there]: {there},
	}
	for node, outlets := range come {
		p.agree(m.owner, t, node, outlets)
	}
	p.together(t, here, there)
	p.refused(t, here, there)

	// A till goes from one department to the other: what it did stays where it was done, and so do all sums.
	till := p.till[here]
	if err := s.Tx(ctx, func(q *db.Queries) error {
		if err := tree.Stand(ctx, q, own, till, here, there, "2026-03-15T00:00", "", time.Now()); err != nil {
			return err
		}
		return q.PlaceTill(ctx, db.PlaceTillParams{ID: till, OutletID: there})
	}); err != nil {
		t.Fatal(err)
	}
	for node, outlets := range map[string][]string{own: p.outlets, "north": {here}, "south": {there, shut}, till: {here}} {
		p.agree(m.owner, t, node, outlets)
	}
	for place, want := range map[cabinetv1.Place]string{cabinetv1.Place_PLACE_TILL: till, cabinetv1.Place_PLACE_OUTLET: here} {
		for _, node := range []string{"north", till} {
			res, err := m.service.GetRevenue(m.owner, &cabinetv1.GetRevenueRequest{From: monthFrom, To: monthTo, NodeId: node, Place: place})
			if err != nil || len(res.GetPlaces()) != 1 || res.GetPlaces()[0].GetPlaceId() != want || figureOf(res.GetPlaces()[0].GetFigures()) != p.whole(here) {
				t.Errorf("%v of %s after the move: %v, %v", place, node, res.GetPlaces(), err)
			}
		}
	}
	// Who has the department it came to sees the till, and of its past what it did there: nothing yet.
	newcomer := p.reader(access.Accountant.In(own, "south"))
	p.agree(newcomer, t, till, nil)
	p.agree(newcomer, t, "south", []string{there, shut})
	if _, err := m.service.GetRevenue(p.reader(access.Accountant.In(own, "north")), &cabinetv1.GetRevenueRequest{From: monthFrom, To: monthTo, NodeId: till}); !errors.Is(err, fleet.ErrNotFound) {
		t.Errorf("a till that has left: %v", err)
	}

	// An outlet goes to another department, and takes its past along: a department is its outlets.
	stand(here, "south")
	for node, outlets := range map[string][]string{"region": nil, "north": nil, "south": p.outlets} {
		p.agree(m.owner, t, node, outlets)
	}
}

// reader is somebody with rights in the month's own organisation.
func (p *places) reader(rights ...access.Right) context.Context {
	return access.WithPerson(context.WithoutCancel(p.owner), &access.Person{OrganisationID: p.person.OrganisationID, Rights: rights})
}

// whole is what a month comes to in some outlets, as the memories have it.
func (p *places) whole(outlets ...string) figure {
	return whole(p.spans(p.truth.days, outlets), 0)[""]
}

// spans adds up spans of outlets.
func (p *places) spans(by map[string]map[string]figure, outlets []string) map[string]figure {
	w := truth{}
	sums := map[string]map[string]figure{"": {}}
	for _, outlet := range outlets {
		for span, f := range by[outlet] {
			w.add(sums, span, f, "")
		}
	}
	return sums[""]
}

// sold is what goods brought, by name; the pages of the list and its file have to agree.
func (p *places) sold(who context.Context, t *testing.T, r *cabinetv1.ListProductsRequest) map[string]int64 {
	t.Helper()
	r.From, r.To, r.Limit = monthFrom, monthTo, 500
	sums, shown := map[string]int64{}, 0
	for r.Page = ""; ; {
		res, err := p.service.ListProducts(who, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range res.GetProducts() {
			sums[x.GetName()] += x.GetRevenue()
			shown++
		}
		if r.Page = res.GetNextPage(); r.GetPage() == "" {
			break
		}
	}
	file, err := p.service.ExportProducts(who, &cabinetv1.ExportProductsRequest{Filter: r, Format: cabinetv1.TableFormat_TABLE_FORMAT_CSV})
	if err != nil || int(file.GetRows()) != shown || len(sums) != shown {
		t.Errorf("%d goods of %d names, %d in the file, %v", shown, len(sums), file.GetRows(), err)
	}
	return sums
}

// agree asks every page and every file for a node, and wants what its outlets come to.
func (p *places) agree(who context.Context, t *testing.T, node string, outlets []string) {
	t.Helper()
	for name, c := range map[string]struct {
		span  cabinetv1.Span
		trade bool
		by    map[string]map[string]figure
	}{
		"hours": {cabinetv1.Span_SPAN_HOUR, false, p.truth.hours}, "days": {cabinetv1.Span_SPAN_DAY, false, p.truth.days},
		"days of trade": {cabinetv1.Span_SPAN_DAY, true, p.truth.trade},
	} {
		ask := &cabinetv1.GetRevenueRequest{From: monthFrom, To: monthTo, NodeId: node, Span: c.span, ByShiftDay: c.trade, Place: cabinetv1.Place_PLACE_OUTLET}
		res, err := p.service.GetRevenue(who, ask)
		if err != nil {
			t.Fatalf("%s of %q: %v", name, node, err)
		}
		want := p.spans(c.by, outlets)
		if diff := cmp.Diff(want, spansOf(res.GetSpans())); diff != "" {
			t.Errorf("%s of %q:\n%s", name, node, diff)
		}
		if got := figureOf(res.GetTotal()); got != whole(want, 0)[""] {
			t.Errorf("%s of %q come to %+v, want %+v", name, node, got, whole(want, 0)[""])
		}
		var there []string
		for _, row := range res.GetPlaces() {
			there = append(there, row.GetPlaceId())
			if got := figureOf(row.GetFigures()); got != p.whole(row.GetPlaceId()) && !c.trade {
				t.Errorf("%s of %q in %s: %+v, want %+v", name, node, row.GetPlace(), got, p.whole(row.GetPlaceId()))
			}
		}
		slices.Sort(there)
		if diff := cmp.Diff(slices.Sorted(slices.Values(outlets)), there); diff != "" {
			t.Errorf("outlets of %q:\n%s", node, diff)
		}
		file, err := p.service.ExportRevenue(who, &cabinetv1.ExportRevenueRequest{Request: ask, Format: cabinetv1.TableFormat_TABLE_FORMAT_CSV})
		if err != nil || int(file.GetRows()) != len(outlets) {
			t.Errorf("%s of %q: %d rows in the file: %v", name, node, file.GetRows(), err)
		}
	}
	want := map[string]int64{}
	for _, outlet := range outlets {
		for name, sum := range p.goods[outlet] {
			want[name] += sum
		}
	}
	if diff := cmp.Diff(want, p.sold(who, t, &cabinetv1.ListProductsRequest{NodeId: node})); diff != "" {
		t.Errorf("goods of %q:\n%s", node, diff)
	}
	p.lists(who, t, node, outlets)
}

// lists asks for the receipts and the shifts of a node: they are those of the memories in its outlets.
func (p *places) lists(who context.Context, t *testing.T, node string, outlets []string) {
	t.Helper()
	fns := map[string]bool{}
	for _, outlet := range outlets {
		fns[p.fn[outlet]] = true
	}
	want := map[string]figure{}
	for key, f := range p.truth.shifts {
		if fns[strings.Fields(key)[0]] {
			want[key] = f
		}
	}
	got := map[string]figure{}
	for page := ""; ; {
		res, err := p.service.ListShifts(who, &cabinetv1.ListShiftsRequest{NodeId: node, Limit: 30, Page: page})
		if err != nil {
			t.Fatalf("shifts of %q: %v", node, err)
		}
		for _, s := range res.GetShifts() {
			got[fmt.Sprint(s.GetFn(), " ", s.GetNumber())] = figureOf(s.GetFigures())
		}
		if page = res.GetNextPage(); page == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("shifts of %q:\n%s", node, diff)
	}
	file, err := p.service.ExportShifts(who, &cabinetv1.ExportShiftsRequest{Filter: &cabinetv1.ListShiftsRequest{NodeId: node}, Format: cabinetv1.TableFormat_TABLE_FORMAT_CSV})
	if err != nil || int(file.GetRows()) != len(want) {
		t.Errorf("shifts of %q: %d in the file, want %d: %v", node, file.GetRows(), len(want), err)
	}
	receipts := map[string]int{}
	for page := ""; ; {
		res, err := p.service.SearchDocuments(who, &cabinetv1.SearchDocumentsRequest{Filter: &cabinetv1.DocumentFilter{NodeId: node, Types: receiptForms}, Limit: 500, Page: page})
		if err != nil {
			t.Fatalf("receipts of %q: %v", node, err)
		}
		for _, d := range res.GetDocuments() {
			receipts[d.GetDocument().GetDocument().GetFn()]++
		}
		if page = res.GetNextPage(); page == "" {
			break
		}
	}
	all := map[string]int{}
	for fn, n := range p.receipts {
		if fns[fn] {
			all[fn] = n
		}
	}
	if diff := cmp.Diff(all, receipts); diff != "" {
		t.Errorf("receipts of %q:\n%s", node, diff)
	}
	if res, err := p.service.ListGaps(who, &cabinetv1.ListGapsRequest{NodeId: node}); err != nil || len(res.GetGaps()) != 0 {
		t.Errorf("gaps of %q: %v, %v", node, res, err)
	}
}

// receiptForms are receipts and corrections.
var receiptForms = []uint32{3, 4, 31, 41}

// filed gives the receipts of a file by memory.
func (p *places) filed(t *testing.T, f *cabinetv1.DocumentFilter) map[string]int {
	t.Helper()
	f.Types = receiptForms
	file, err := p.service.ExportDocuments(p.owner, &cabinetv1.ExportDocumentsRequest{Filter: f, Format: cabinetv1.TableFormat_TABLE_FORMAT_CSV})
	if err != nil {
		t.Fatal(err)
	}
	receipts := map[string]int{}
	for _, row := range rowsOf(t, file.GetFile()) {
		receipts[row["ФН"]]++
	}
	return receipts
}

// together: a node narrows what the older fields ask for; all of what is given holds.
func (p *places) together(t *testing.T, here, there string) {
	t.Helper()
	for name, c := range map[string]struct {
		filter *cabinetv1.DocumentFilter
		want   string
	}{
		"a department":                      {&cabinetv1.DocumentFilter{NodeId: "region"}, here},
		"a till of the department":          {&cabinetv1.DocumentFilter{NodeId: "region", TillIds: []string{p.till[here], p.till[there]}}, here},
		"an outlet of the department":       {&cabinetv1.DocumentFilter{NodeId: "region", OutletId: here}, here},
		"an outlet of another department":   {&cabinetv1.DocumentFilter{NodeId: "region", OutletId: there}, ""},
		"the till twice":                    {&cabinetv1.DocumentFilter{NodeId: p.till[here], TillIds: []string{p.till[here], p.till[there]}}, here},
		"two tills that are not the same":   {&cabinetv1.DocumentFilter{NodeId: p.till[here], TillIds: []string{p.till[there]}}, ""},
		"a till and an outlet it is not in": {&cabinetv1.DocumentFilter{NodeId: p.till[here], OutletId: there}, ""},
		"an outlet, a till elsewhere":       {&cabinetv1.DocumentFilter{NodeId: here, TillIds: []string{p.till[there]}}, ""},
	} {
		want := map[string]int{}
		if c.want != "" {
			want[p.fn[c.want]] = p.receipts[p.fn[c.want]]
		}
		if diff := cmp.Diff(want, p.filed(t, c.filter)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	for name, c := range map[string]struct {
		node, outlet, till string
		want               []string
	}{
		"till of the department":       {"south", "", p.till[there], []string{there}},
		"till of another":              {"north", "", p.till[there], nil},
		"outlet of the department":     {"south", there, "", []string{there}},
		"outlet of another":            {"north", there, "", nil},
		"tills that are not the same":  {p.till[here], "", p.till[there], nil},
		"the same till by both fields": {p.till[here], "", p.till[here], []string{here}},
	} {
		res, err := p.service.GetRevenue(p.owner, &cabinetv1.GetRevenueRequest{From: monthFrom, To: monthTo, NodeId: c.node, OutletId: c.outlet, TillId: c.till})
		if err != nil || figureOf(res.GetTotal()) != p.whole(c.want...) {
			t.Errorf("%s: %+v, want %+v, %v", name, figureOf(res.GetTotal()), p.whole(c.want...), err)
		}
		want := map[string]int64{}
		for _, outlet := range c.want {
			maps.Copy(want, p.goods[outlet])
		}
		if diff := cmp.Diff(want, p.sold(p.owner, t, &cabinetv1.ListProductsRequest{NodeId: c.node, OutletId: c.outlet, TillId: c.till})); diff != "" {
			t.Errorf("%s: goods:\n%s", name, diff)
		}
	}
}

// refused: a node of which somebody may not see everything is answered like one that is not there, whatever is asked.
func (p *places) refused(t *testing.T, here, there string) {
	t.Helper()
	own := p.person.OrganisationID
	var foreign []string
	for _, id := range p.organisations {
		if id == own {
			continue
		}
		foreign = append(foreign, id)
		outlets, err := p.store.Read().ListOutlets(t.Context(), id)
		if err != nil || len(outlets) == 0 {
			t.Fatal(outlets, err)
		}
		foreign = append(foreign, outlets[0].ID)
	}
	ask := func(who context.Context, node string, money bool) map[string]error {
		sum := int64(1)
		errs := map[string]error{}
		search := &cabinetv1.DocumentFilter{NodeId: node}
		if money {
			search.SumFrom = &sum
		}
		shifts := &cabinetv1.ListShiftsRequest{NodeId: node, Different: money}
		_, errs["SearchDocuments"] = p.service.SearchDocuments(who, &cabinetv1.SearchDocumentsRequest{Filter: search})
		_, errs["ListShifts"] = p.service.ListShifts(who, shifts)
		if !money {
			_, errs["ListGaps"] = p.service.ListGaps(who, &cabinetv1.ListGapsRequest{NodeId: node})
			return errs
		}
		revenue := &cabinetv1.GetRevenueRequest{From: monthFrom, To: monthTo, NodeId: node}
		goods := &cabinetv1.ListProductsRequest{From: monthFrom, To: monthTo, NodeId: node}
		csv := cabinetv1.TableFormat_TABLE_FORMAT_CSV
		_, errs["ExportDocuments"] = p.service.ExportDocuments(who, &cabinetv1.ExportDocumentsRequest{Filter: &cabinetv1.DocumentFilter{NodeId: node, From: "2026-03-02", To: "2026-03-02"}, Format: csv})
		_, errs["ExportShifts"] = p.service.ExportShifts(who, &cabinetv1.ExportShiftsRequest{Filter: shifts, Format: csv})
		_, errs["GetRevenue"] = p.service.GetRevenue(who, revenue)
		_, errs["ExportRevenue"] = p.service.ExportRevenue(who, &cabinetv1.ExportRevenueRequest{Request: revenue, Format: csv})
		_, errs["ListProducts"] = p.service.ListProducts(who, goods)
		_, errs["ExportProducts"] = p.service.ExportProducts(who, &cabinetv1.ExportProductsRequest{Filter: goods, Format: csv})
		return errs
	}
	for name, c := range map[string]struct {
		rights  []access.Right
		yes, no []string
		blind   []string // may be asked for without money, and not with it
	}{
		"the owner": {
			rights: []access.Right{access.Accountant.In(own, "")}, yes: []string{own, "region", "south", "bare", here, p.till[here]}, no: append(foreign, "nowhere", "*", "|"),
		},
		"who has one department": {
			rights: []access.Right{access.Accountant.In(own, "north")}, yes: []string{"north", here, p.till[here]},
			no: append(foreign, own, "region", "south", "bare", there, p.till[there], "nowhere"),
		},
		"who has one outlet": {
			rights: []access.Right{access.Accountant.In(own, here)}, yes: []string{here, p.till[here]}, no: []string{own, "region", "north", there, p.till[there]},
		},
		"who has one till": {
			rights: []access.Right{access.Accountant.In(own, p.till[here])}, yes: []string{p.till[here]}, no: []string{own, "north", here, p.till[there]},
		},
		"who sees money in one department": {
			rights: []access.Right{access.Technician.In(own, ""), access.Accountant.In(own, "north")}, yes: []string{"north", here},
			no: []string{"nowhere"}, blind: []string{own, "region", "south", there, p.till[there]},
		},
	} {
		who := p.reader(c.rights...)
		for _, node := range slices.Concat(c.yes, c.no, c.blind) {
			for _, money := range []bool{false, true} {
				refused := slices.Contains(c.no, node) || money && slices.Contains(c.blind, node)
				for method, err := range ask(who, node, money) {
					if refused && (!errors.Is(err, fleet.ErrNotFound) || !strings.Contains(err.Error(), fmt.Sprintf("node %q", node))) || !refused && err != nil {
						t.Errorf("%s asks %s for %q, money %v: %v", name, method, node, money, err)
					}
				}
			}
		}
	}
}
