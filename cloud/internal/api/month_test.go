package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/flash"
	simfleet "github.com/chekan-io/chekan/sim/fleet"
	"github.com/chekan-io/chekan/sim/fn"
)

// month is a cabinet that a generated month was pushed into, and what stands in the fiscal memories of the month's tills.
type month struct {
	documents *documents.Documents
	service   *documentsService
	owner     context.Context // who sees money
	person    *access.Person
	truth     *truth
	outlets   map[string]string // id by name
	tills     map[string]string // id by fiscal memory
	// organisations are both, of whom the first is the person's own.
	organisations []string
}

// figure is what the memories say of a place and a time.
type figure struct{ Revenue, Cash, Returns, Receipts, Positions int64 }

// truth is added up here from the tags of the documents in the memories' files, by code that shares nothing with the cabinet's.
type truth struct {
	hours, days, trade map[string]map[string]figure // by place, by span
	shifts             map[string]figure            // by memory and number
	sold               map[string]int64             // revenue by name
	receipts           int
}

func (w *truth) add(by map[string]map[string]figure, span string, f figure, places ...string) {
	for _, place := range places {
		if by[place] == nil {
			by[place] = map[string]figure{}
		}
		x := by[place][span]
		by[place][span] = figure{x.Revenue + f.Revenue, x.Cash + f.Cash, x.Returns + f.Returns, x.Receipts + f.Receipts, x.Positions + f.Positions}
	}
}

// read adds up the file of a memory.
func (w *truth) read(t *testing.T, path, till, outlet string) {
	t.Helper()
	docs, err := fn.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	opened := map[uint16]string{}
	for _, d := range docs {
		if d.Type == fiscal.DocShiftOpened {
			opened[d.Shift] = d.Time.Format(time.DateOnly)
		}
	}
	for _, d := range docs {
		if d.Op == 0 {
			continue
		}
		doc, err := ffd.ParseDocument(d.TLV)
		if err != nil {
			t.Fatal(err)
		}
		sum := func(tag ffd.Tag) int64 {
			f, _ := doc.Find(tag)
			return int64(f.Sum())
		}
		var f figure
		sign := int64(0)
		switch d.Op {
		case 1:
			sign = 1
		case 2:
			sign = -1
			f.Returns = sum(ffd.TagTotal)
		}
		f.Revenue, f.Cash = sign*sum(ffd.TagTotal), sign*sum(ffd.TagCash)
		items := doc.All(ffd.TagItem)
		if d.Type == fiscal.DocReceipt {
			f.Receipts, f.Positions = 1, int64(len(items))
		}
		for _, i := range items {
			name, _ := i.Find(ffd.TagName)
			line, _ := i.Find(ffd.TagItemSum)
			if sign != 0 {
				w.sold[name.Text()] += sign * int64(line.Sum())
			}
		}
		w.receipts++
		w.add(w.hours, d.Time.Format("2006-01-02T15"), f, "", till, outlet)
		w.add(w.days, d.Time.Format(time.DateOnly), f, "", till, outlet)
		w.add(w.trade, opened[d.Shift], f, "", till, outlet)
		key := fmt.Sprint(d.FN, " ", d.Shift)
		one := map[string]map[string]figure{"": {key: w.shifts[key]}}
		w.add(one, key, f, "")
		w.shifts[key] = one[""][key]
	}
}

func newMonth(t *testing.T, s *store.Store) *month {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	log := slog.New(slog.DiscardHandler)
	f := fleet.New(s, log, time.Now, func(string) {})
	m := &month{
		documents: documents.New(s, f, f.Hub(), log, time.Now), outlets: map[string]string{}, tills: map[string]string{},
		truth: &truth{
			hours: map[string]map[string]figure{}, days: map[string]map[string]figure{}, trade: map[string]map[string]figure{},
			shifts: map[string]figure{}, sold: map[string]int64{},
		},
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- m.documents.Run(running) }()
	t.Cleanup(func() { stop(); <-ended })
	authority, err := access.OpenAuthority(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	people, err := access.New(s, authority, log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	m.service = &documentsService{&Server{Access: people, Documents: m.documents, Fleet: f, Log: log, Now: time.Now}}
	for i, organisation := range simfleet.New(simfleet.Options{Seed: 11, Organisations: 2, Outlets: 3, Tills: 1, Days: 31, Receipts: 12}) {
		id := store.NewID()
		if err := s.Write().CreateOrganisation(ctx, db.CreateOrganisationParams{ID: id, Name: organisation.Name}); err != nil {
			t.Fatal(err)
		}
		m.organisations = append(m.organisations, id)
		if i == 0 {
			m.person = &access.Person{OrganisationID: id, Rights: []access.Right{access.Accountant.In(id, "")}}
			m.owner = access.WithPerson(ctx, m.person)
		}
		for _, outlet := range organisation.Outlets {
			place := store.NewID()
			if _, err := s.Write().PutOutlet(ctx, db.PutOutletParams{ID: place, OrganisationID: id, Name: outlet.Name}); err != nil {
				t.Fatal(err)
			}
			agent := &access.Agent{ID: store.NewID(), OrganisationID: id, OutletID: place}
			if err := s.Write().CreateAgent(ctx, db.CreateAgentParams{ID: agent.ID, OrganisationID: id, OutletID: place}); err != nil {
				t.Fatal(err)
			}
			for _, till := range outlet.Tills {
				path := m.play(t, agent, till)
				if i > 0 {
					continue // somebody else's month, which must not be seen
				}
				tillID, err := f.TillID(ctx, agent, till.Name)
				if err != nil {
					t.Fatal(err)
				}
				m.outlets[outlet.Name], m.tills[till.FN] = place, tillID
				m.truth.read(t, path, tillID, place)
			}
		}
	}
	return m
}

// play pushes what a till did, in batches, and gives the file of its memory.
func (m *month) play(t *testing.T, agent *access.Agent, till *simfleet.Till) string {
	t.Helper()
	path := flash.Dir(t.TempDir()).Path("fn")
	log, err := flash.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	batch := new(uplinkv1.Batch)
	cursor := uint64(0)
	push := func() error {
		_, err := m.documents.Push(t.Context(), agent, "journal of "+till.FN, batch)
		batch = new(uplinkv1.Batch)
		return err
	}
	err = till.Play(log, func(e *uplinkv1.Entry) error {
		if e.GetCopy() == nil {
			cursor++
			e = &uplinkv1.Entry{Cursor: cursor, Operation: e.GetOperation()}
		}
		batch.Entries = append(batch.Entries, e)
		if len(batch.GetEntries()) < 37 {
			return nil
		}
		return push()
	})
	if err == nil {
		err = push()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func figureOf(f *cabinetv1.Figures) figure {
	return figure{f.GetRevenue(), f.GetCash(), f.GetReturns(), int64(f.GetReceipts()), int64(f.GetPositions())}
}

func spansOf(rows []*cabinetv1.RevenueRow) map[string]figure {
	list := map[string]figure{}
	for _, r := range rows {
		list[r.GetSpan()] = figureOf(r.GetFigures())
	}
	return list
}

func whole(spans map[string]figure, length int) map[string]figure {
	w := truth{}
	by := map[string]map[string]figure{}
	for span, f := range spans {
		w.add(by, span[:length], f, "")
	}
	return by[""]
}

// TestMonth: sums of hour, day, day of trade, month, shift, till, outlet, organisation, goods and files are what stands in the fiscal
// memories, to the kopeck: over a month with returns, corrections, late and repeated documents, documents of somebody else, and a bar
// that closes at two in the night.
func TestMonth(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		m := newMonth(t, s)
		nights := 0
		for hour := range m.truth.hours[""] {
			if strings.HasSuffix(hour, "T01") {
				nights++
			}
		}
		if nights == 0 || m.truth.receipts < 900 {
			t.Fatalf("%d receipts, %d nights: not the month that was meant", m.truth.receipts, nights)
		}
		t.Run("revenue", m.revenue)
		t.Run("shifts", m.shifts)
		t.Run("goods", m.goods)
		t.Run("reconcile", m.reconcile)
		t.Run("files", m.files)
		t.Run("sheets", m.sheets)
		t.Run("workbooks", m.workbooks)
		t.Run("history", m.history)
		t.Run("no gaps", m.gaps)
		t.Run("who sees no money", m.blind)
		t.Run("companies", func(t *testing.T) { m.companies(t, s) })
		t.Run("nodes of the tree", func(t *testing.T) { m.nodes(t, s) })
		if _, err := m.documents.Check(t.Context(), func(d store.Difference) { t.Errorf("%s: kept %v, documents say %v", d.What, d.Kept, d.Documents) }); err != nil {
			t.Error(err)
		}
	})
}

func (m *month) revenue(t *testing.T) {
	ask := func(r *cabinetv1.GetRevenueRequest) *cabinetv1.GetRevenueResponse {
		r.From, r.To = "2026-03-01", "2026-04-01"
		res, err := m.service.GetRevenue(m.owner, r)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	places := map[string]*cabinetv1.GetRevenueRequest{"": {}}
	for _, id := range m.outlets {
		places[id] = &cabinetv1.GetRevenueRequest{OutletId: id}
	}
	for _, id := range m.tills {
		places[id] = &cabinetv1.GetRevenueRequest{TillId: id}
	}
	for place, r := range places {
		for name, c := range map[string]struct {
			span  cabinetv1.Span
			trade bool
			want  map[string]figure
		}{
			"hours":          {cabinetv1.Span_SPAN_HOUR, false, m.truth.hours[place]},
			"days":           {cabinetv1.Span_SPAN_DAY, false, m.truth.days[place]},
			"days of trade":  {cabinetv1.Span_SPAN_DAY, true, m.truth.trade[place]},
			"months":         {cabinetv1.Span_SPAN_MONTH, false, whole(m.truth.days[place], 7)},
			"trading months": {cabinetv1.Span_SPAN_MONTH, true, whole(m.truth.trade[place], 7)},
		} {
			r.Span, r.ByShiftDay = c.span, c.trade
			res := ask(r)
			if diff := cmp.Diff(c.want, spansOf(res.GetSpans())); diff != "" || len(c.want) == 0 {
				t.Errorf("%s of %q:\n%s", name, place, diff)
			}
			if got, want := figureOf(res.GetTotal()), whole(c.want, 0)[""]; got != want {
				t.Errorf("%s of %q come to %+v, want %+v", name, place, got, want)
			}
		}
	}
	for _, place := range []cabinetv1.Place{cabinetv1.Place_PLACE_OUTLET, cabinetv1.Place_PLACE_TILL} {
		res := ask(&cabinetv1.GetRevenueRequest{Place: place})
		if len(res.GetPlaces()) != 3 {
			t.Errorf("%d places", len(res.GetPlaces()))
		}
		for _, row := range res.GetPlaces() {
			if got, want := figureOf(row.GetFigures()), whole(m.truth.days[row.GetPlaceId()], 0)[""]; got != want {
				t.Errorf("%s: %+v, want %+v", row.GetPlace(), got, want)
			}
		}
	}
	res, err := m.service.GetRevenue(m.owner, &cabinetv1.GetRevenueRequest{From: "2026-03-08", To: "2026-03-14"})
	if err != nil {
		t.Fatal(err)
	}
	before := figure{}
	for day := 1; day <= 7; day++ {
		f := m.truth.days[""][fmt.Sprintf("2026-03-%02d", day)]
		before.Revenue += f.Revenue
	}
	if res.GetPreviousFrom() != "2026-03-01" || res.GetPreviousTo() != "2026-03-07" || res.GetPrevious().GetRevenue() != before.Revenue {
		t.Errorf("the week before is %s to %s with %d, want %d", res.GetPreviousFrom(), res.GetPreviousTo(), res.GetPrevious().GetRevenue(), before.Revenue)
	}
	for name, r := range map[string]*cabinetv1.GetRevenueRequest{
		"no period":                {},
		"a period that ends first": {From: "2026-03-02", To: "2026-03-01"},
		"years by hour":            {From: "2025-03-02", To: "2026-03-01", Span: cabinetv1.Span_SPAN_HOUR},
		"hours of trade":           {From: "2026-03-01", To: "2026-03-01", Span: cabinetv1.Span_SPAN_HOUR, ByShiftDay: true},
	} {
		if _, err := m.service.GetRevenue(m.owner, r); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func (m *month) shifts(t *testing.T) {
	got := map[string]figure{}
	counted := 0
	for page := ""; ; {
		res, err := m.service.ListShifts(m.owner, &cabinetv1.ListShiftsRequest{From: "2026-03-01", To: "2026-03-31", Limit: 10, Page: page})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range res.GetShifts() {
			got[fmt.Sprint(s.GetFn(), " ", s.GetNumber())] = figureOf(s.GetFigures())
			if s.GetOpenedAt() == "" || s.GetClosedAt() == "" || s.GetDay() != s.GetOpenedAt()[:10] || s.GetCashier() == "" {
				t.Errorf("shift %v", s)
			}
			if s.GetCounted() {
				counted++
			}
			if len(s.GetDifferences()) > 0 {
				t.Errorf("shift %d of %s differs from its own counters: %v", s.GetNumber(), s.GetFn(), s.GetDifferences())
			}
		}
		if page = res.GetNextPage(); page == "" {
			break
		}
	}
	if diff := cmp.Diff(m.truth.shifts, got); diff != "" {
		t.Error(diff)
	}
	if counted != len(got) {
		t.Errorf("%d of %d shifts were compared with the till's counters", counted, len(got))
	}
	for fn := range m.tills {
		res, err := m.service.GetShift(m.owner, &cabinetv1.GetShiftRequest{Fn: fn, Number: 3})
		if err != nil || figureOf(res.GetShift().GetFigures()) != m.truth.shifts[fn+" 3"] {
			t.Errorf("shift 3 of %s: %v, %v", fn, res, err)
		}
	}
}

func (m *month) goods(t *testing.T) {
	want := map[string]int64{}
	for name, sum := range m.truth.sold {
		want[store.Fold(name)] += sum
	}
	places := []*cabinetv1.ListProductsRequest{{}}
	for _, id := range m.outlets {
		places = append(places, &cabinetv1.ListProductsRequest{OutletId: id})
	}
	var all []map[string]int64
	for _, r := range places {
		r.From, r.To, r.Limit = "2026-03-01", "2026-04-01", 500
		got := map[string]int64{}
		res, err := m.service.ListProducts(m.owner, r)
		if err != nil {
			t.Fatal(err)
		}
		shelf := m.shelf(t, r)
		for _, p := range shelf {
			got[store.Fold(p.GetName())] = p.GetRevenue()
		}
		if len(got) != len(shelf) || len(got) != int(res.GetCount()) {
			t.Errorf("%d goods page by page, %d names, count %d", len(shelf), len(got), res.GetCount())
		}
		all = append(all, got)
		for name, sum := range got {
			if len(all) == 1 && want[name] != sum {
				t.Errorf("%s: %d, want %d", name, sum, want[name])
			}
		}
		if len(all) == 1 {
			total := int64(0)
			for _, sum := range want {
				total += sum
			}
			if res.GetRevenue() != total || int(res.GetCount()) != len(want) {
				t.Errorf("%d names bring %d, want %d and %d", res.GetCount(), res.GetRevenue(), len(want), total)
			}
			if p := res.GetProducts(); p[0].GetAbc() != "A" || p[0].GetRevenue() < p[1].GetRevenue() {
				t.Errorf("the first is %v", p[0])
			}
		}
	}
	for name, sum := range all[0] { // outlets come to the whole
		if all[1][name]+all[2][name]+all[3][name] != sum {
			t.Errorf("%s: outlets sell %d, %d and %d, the organisation %d", name, all[1][name], all[2][name], all[3][name], sum)
		}
	}
	for _, page := range []string{"-1", "x", "99999999999"} {
		if _, err := m.service.ListProducts(m.owner, &cabinetv1.ListProductsRequest{From: "2026-03-01", Page: page}); !errors.Is(err, documents.ErrInvalid) {
			t.Errorf("page %q: %v", page, err)
		}
	}
}

// shelf is a whole list of goods, read a page after the other, and checked against its file.
func (m *month) shelf(t *testing.T, ask *cabinetv1.ListProductsRequest) (all []*cabinetv1.Product) {
	t.Helper()
	r := proto.CloneOf(ask)
	r.Limit = 37
	for {
		res, err := m.service.ListProducts(m.owner, r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, res.GetProducts()...)
		if r.Page = res.GetNextPage(); r.GetPage() == "" {
			break
		}
	}
	file, err := m.service.ExportProducts(m.owner, &cabinetv1.ExportProductsRequest{Filter: ask, Format: cabinetv1.TableFormat_TABLE_FORMAT_CSV})
	if err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(t, file.GetFile())
	if len(rows) != len(all) || int(file.GetRows()) != len(all) || file.GetCut() {
		t.Fatalf("%d rows in the file, %d goods", len(rows), len(all))
	}
	for i, p := range all {
		if rows[i]["Товар"] != p.GetName() || rows[i]["Количество"] != p.GetQuantity() || rows[i]["Выручка"] != fiscal.Money(p.GetRevenue()).String() {
			t.Errorf("row %d is %v, want %v", i, rows[i], p)
		}
	}
	return all
}

// rowsOf reads a table as its reader sees it: by the names of its columns.
func rowsOf(t *testing.T, text []byte) (rows []map[string]string) {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	r.FieldsPerRecord = -1
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range all[1:] {
		row := map[string]string{}
		for i, cell := range line {
			row[all[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

// figuresOf adds up a table.
func figuresOf(t *testing.T, rows []map[string]string) map[string]figure {
	t.Helper()
	w := truth{}
	by := map[string]map[string]figure{}
	money := func(s string) int64 {
		m, err := fiscal.ParseMoney(s)
		if err != nil {
			t.Fatal(err)
		}
		return int64(m)
	}
	for _, row := range rows {
		var f figure
		sign := map[string]int64{"Приход": 1, "Возврат прихода": -1}[row["Признак расчёта"]]
		if sign < 0 {
			f.Returns = money(row["Сумма"])
		}
		f.Revenue, f.Cash = sign*money(row["Сумма"]), sign*money(row["Наличными"])
		w.add(by, row["Время"][:10], f, "")
	}
	return by[""]
}

func (m *month) files(t *testing.T) {
	filter := &cabinetv1.DocumentFilter{From: "2026-03-01", To: "2026-04-01", Types: []uint32{3, 31}}
	want := maps.Clone(m.truth.days[""])
	for day, f := range want {
		f.Receipts, f.Positions = 0, 0
		want[day] = f
	}
	res, err := m.service.ExportDocuments(m.owner, &cabinetv1.ExportDocumentsRequest{Filter: filter, Format: cabinetv1.TableFormat_TABLE_FORMAT_CSV})
	if err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(t, res.GetFile())
	if len(rows) != m.truth.receipts || int(res.GetRows()) != len(rows) || res.GetCut() {
		t.Errorf("%d rows, said %d, want %d; cut %v", len(rows), res.GetRows(), m.truth.receipts, res.GetCut())
	}
	if diff := cmp.Diff(want, figuresOf(t, rows)); diff != "" {
		t.Errorf("comma separated:\n%s", diff)
	}
	res, err = m.service.ExportDocuments(m.owner, &cabinetv1.ExportDocumentsRequest{Filter: filter, Format: cabinetv1.TableFormat_TABLE_FORMAT_XLSX})
	if err != nil {
		t.Fatal(err)
	}
	opened := inOffice(t, map[string][]byte{"documents": res.GetFile()})["documents"]
	if len(opened) != m.truth.receipts {
		t.Errorf("libreoffice reads %d rows, want %d", len(opened), m.truth.receipts)
	}
	if diff := cmp.Diff(want, figuresOf(t, opened)); diff != "" {
		t.Errorf("workbook:\n%s", diff)
	}
	for i := range min(len(rows), len(opened)) {
		for _, column := range []string{"Время", "Касса", "ФН", "ФД", "ФПД", "Кассир", "Покупатель", "Ключ"} {
			if rows[i][column] != opened[i][column] {
				t.Fatalf("row %d, %s: %q in the workbook, %q comma separated", i, column, opened[i][column], rows[i][column])
			}
		}
	}
}

func (m *month) gaps(t *testing.T) {
	res, err := m.service.ListGaps(m.owner, &cabinetv1.ListGapsRequest{})
	if err != nil || len(res.GetGaps()) != 0 {
		t.Errorf("gaps where there are none: %v, %v", res, err)
	}
}

// blind: a person without money:view sees the same documents and shifts, and no sum of them, and cannot look for one.
func (m *month) blind(t *testing.T) {
	ctx := access.WithPerson(context.WithoutCancel(t.Context()), &access.Person{OrganisationID: m.person.OrganisationID, Rights: []access.Right{access.Technician.In(m.person.OrganisationID, "")}})
	found, err := m.service.SearchDocuments(ctx, &cabinetv1.SearchDocumentsRequest{Limit: 500})
	if err != nil || len(found.GetDocuments()) != 500 {
		t.Fatalf("%d documents: %v", len(found.GetDocuments()), err)
	}
	for _, d := range found.GetDocuments() {
		if d.GetPayments() != nil || d.GetVat() != nil || d.GetCashier() != "" || d.GetBuyer() != "" || d.GetDocument().GetDocument().GetTotal() != 0 ||
			d.GetDocument().GetDocument().GetQr() != "" {
			t.Fatalf("money in %v", d)
		}
	}
	shifts, err := m.service.ListShifts(ctx, &cabinetv1.ListShiftsRequest{})
	if err != nil || len(shifts.GetShifts()) == 0 {
		t.Fatal(err)
	}
	for _, s := range shifts.GetShifts() {
		if s.GetFigures() != nil || s.GetCashier() != "" || s.GetDifferences() != nil {
			t.Fatalf("money in %v", s)
		}
	}
	one := int64(1)
	for _, f := range []*cabinetv1.DocumentFilter{
		{SumFrom: &one}, {SumTo: &one}, {Cashier: "Иванова"}, {Product: "Хлеб"}, {Buyer: "a@b"}, {Payments: []cabinetv1.Payment{1}},
	} {
		if _, err := m.service.SearchDocuments(ctx, &cabinetv1.SearchDocumentsRequest{Filter: f}); connect.CodeOf(err) != connect.CodePermissionDenied {
			t.Errorf("%v: %v", f, err)
		}
	}
	if got, _ := access.Needs("/cabinet.v1.DocumentsService/GetRevenue"); got != access.MoneyView {
		t.Error("revenue needs no money:view")
	}
}
