package documents

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// whole is a receipt as a fiscal memory stores it, with everything it is counted by.
func whole(op *fiscalv1.Operation, rnm string) []byte {
	doc, body := op.GetDocument(), op.GetReceipt()
	more := []ffd.Field{ffd.Text(ffd.TagRNM, rnm)}
	if who := op.GetCashier().GetName(); who != "" {
		more = append(more, ffd.Text(ffd.TagCashier, who))
	}
	if doc.GetType() != 3 && doc.GetType() != 31 {
		return written(doc, more...)
	}
	p := body.GetPayments()
	if doc.GetType() == 31 { // written knows receipts only
		more = append(more, ffd.Uint(ffd.TagSettlement, uint64(doc.GetKind())), ffd.Sum(ffd.TagTotal, fiscal.Money(doc.GetTotal())))
	}
	more = append(more, ffd.Sum(ffd.TagCash, fiscal.Money(p.GetCash()-op.GetChange())), ffd.Sum(ffd.TagElectronic, fiscal.Money(p.GetElectronic())),
		ffd.Sum(ffd.TagPrepaid, fiscal.Money(p.GetPrepaid())), ffd.Sum(ffd.TagCredit, fiscal.Money(p.GetCredit())))
	var none, tax22 fiscal.Money
	for _, i := range body.GetItems() {
		q, err := fiscal.ParseQuantity(i.GetQuantity())
		if err != nil {
			panic(err)
		}
		sum := fiscal.Item{Price: fiscal.Money(i.GetPrice()), Quantity: q, Sum: fiscal.Money(i.GetSum())}.Total()
		code := fiscal.VATNone
		if i.GetVat() == "22" {
			code = fiscal.VAT22
			tax22 += sum
		} else {
			none += sum
		}
		more = append(more, ffd.Group(ffd.TagItem, ffd.Text(ffd.TagName, i.GetName()), ffd.Sum(ffd.TagPrice, fiscal.Money(i.GetPrice())),
			ffd.Amount(ffd.TagQuantity, q), ffd.Sum(ffd.TagItemSum, sum), ffd.Uint(ffd.TagVAT, uint64(code))))
	}
	if none > 0 {
		more = append(more, ffd.Sum(ffd.TagVATNone, none))
	}
	if tax22 > 0 {
		more = append(more, ffd.Group(ffd.TagVATSums, ffd.Group(ffd.TagVATSum, ffd.Uint(ffd.TagVAT, uint64(fiscal.VAT22)),
			ffd.Sum(ffd.TagVATAmount, fiscal.VAT22.In(tax22)))))
	}
	if c := body.GetCustomer(); c != "" {
		more = append(more, ffd.Text(ffd.TagCustomer, c))
	}
	return written(doc, more...)
}

var goodsOfTests = []string{"Хлеб", "хлеб ", "Молоко 3,2%", "Ёлка", "Кофе", "=cmd|' /C calc'!A0"}

// shopStory is what one till did: entries of its journal and of its archive, in the order they were made.
func shopStory(t *rapid.T, till, fn string) []*uplinkv1.Entry {
	var entries []*uplinkv1.Entry
	fd := uint32(rapid.IntRange(1, 1000).Draw(t, "first"))
	day := rapid.IntRange(1, 3).Draw(t, "day")
	for shift := range uint32(rapid.IntRange(1, 3).Draw(t, "shifts")) {
		hour := rapid.IntRange(8, 20).Draw(t, "opens")
		clock := func(minutes int) string {
			return time.Date(2026, 3, day+int(shift), hour, minutes, 0, 0, time.UTC).Format("2006-01-02T15:04")
		}
		n := rapid.IntRange(0, 5).Draw(t, "receipts")
		for i := range n + 2 {
			fd++
			op := &fiscalv1.Operation{
				Key: fmt.Sprintf("%s-%d", fn, fd), Till: till, Cashier: &fiscalv1.Cashier{Name: rapid.SampledFrom([]string{"Иванова А.", "иванова а.", "Петров"}).Draw(t, "cashier")},
				Revision: 3, Stage: fiscalv1.Stage_STAGE_ENDED, Outcome: fiscalv1.Outcome_OUTCOME_DONE, Paper: fiscalv1.PaperTrack_PAPER_TRACK_PRINTED,
				Ofd:      fiscalv1.OFDTrack_OFD_TRACK_DELIVERED,
				Document: &fiscalv1.Document{Fn: fn, Fd: fd, Fp: 7 * fd, At: clock(i * rapid.IntRange(1, 150).Draw(t, "pace")), Shift: 1 + shift},
			}
			switch i {
			case 0:
				op.Kind, op.Document.Type = fiscalv1.Kind_KIND_OPEN_SHIFT, 2
			case n + 1:
				op.Kind, op.Document.Type = fiscalv1.Kind_KIND_CLOSE_SHIFT, 5
			default:
				receipt(t, op, uint32(i))
			}
			entries = append(entries, told(t, op)...)
		}
	}
	return entries
}

func receipt(t *rapid.T, op *fiscalv1.Operation, number uint32) {
	op.Kind = fiscalv1.Kind(rapid.IntRange(1, 4).Draw(t, "kind"))
	op.Document.Type, op.Document.Kind, op.Document.Receipt = 3, op.GetKind(), number
	body := &fiscalv1.Receipt{Payments: &fiscalv1.Payments{}}
	if rapid.IntRange(0, 4).Draw(t, "correction") == 0 {
		op.Document.Type, body.Correction = 31, &fiscalv1.Correction{Reason: "ошибка"}
	}
	total := int64(0)
	for range rapid.IntRange(1, 4).Draw(t, "items") {
		item := &fiscalv1.Item{
			Name: rapid.SampledFrom(goodsOfTests).Draw(t, "name"), Quantity: rapid.SampledFrom([]string{"1", "2", "0.345", "1.000001"}).Draw(t, "quantity"),
			Price: int64(rapid.IntRange(1, 100_000).Draw(t, "price")), Vat: rapid.SampledFrom([]string{"22", "none"}).Draw(t, "vat"),
		}
		q, _ := fiscal.ParseQuantity(item.GetQuantity())
		sum := fiscal.Item{Price: fiscal.Money(item.GetPrice()), Quantity: q}.Total()
		item.Sum, total = int64(sum), total+int64(sum)
		body.Items = append(body.Items, item)
	}
	op.Document.Total = total
	switch rapid.IntRange(0, 3).Draw(t, "payment") {
	case 0:
		op.Change = int64(rapid.IntRange(0, 5000).Draw(t, "change"))
		body.Payments.Cash = total + op.GetChange()
	case 1:
		body.Payments.Electronic = total
	case 2:
		body.Payments.Electronic, body.Payments.Cash = total/2, total-total/2
	default:
		body.Payments.Credit = total
	}
	if rapid.Bool().Draw(t, "buyer") {
		body.Customer = "+79991234567"
	}
	op.Receipt = body
}

// told is what comes to the cabinet about one document: revisions of the operation, or nothing but a fact, and a copy.
func told(t *rapid.T, op *fiscalv1.Operation) (entries []*uplinkv1.Entry) {
	rnm := "0000000001" + op.GetDocument().GetFn()[10:]
	copied := &uplinkv1.Entry{Copy: &uplinkv1.DocumentCopy{Till: op.GetTill(), Document: proto.CloneOf(op.GetDocument()), Tlv: whole(op, rnm)}}
	bare := &uplinkv1.Entry{Operation: &fiscalv1.Operation{Till: op.GetTill(), Document: proto.CloneOf(op.GetDocument())}}
	how := rapid.IntRange(0, 5).Draw(t, "told")
	if how != 0 && how != 4 {
		accepted := proto.CloneOf(op)
		accepted.Revision, accepted.Document, accepted.Stage, accepted.Outcome = 1, nil, fiscalv1.Stage_STAGE_ACCEPTED, 0
		done := proto.CloneOf(op)
		done.Revision, done.Paper, done.Ofd = 2, fiscalv1.PaperTrack_PAPER_TRACK_OWED, fiscalv1.OFDTrack_OFD_TRACK_QUEUED
		entries = append(entries, &uplinkv1.Entry{Operation: accepted}, &uplinkv1.Entry{Operation: done}, &uplinkv1.Entry{Operation: op})
	}
	if how == 0 || how == 2 || how == 3 { // 0: somebody else's document
		entries = append(entries, copied)
	}
	if how == 3 || how == 4 || how == 5 { // 4: somebody else's, and the memory kept no copy
		entries = append(entries, bare)
	}
	return entries
}

// batches cuts entries into batches as an agent may send them: operations and copies apart, cursors growing.
func batches(t *rapid.T, entries []*uplinkv1.Entry) (list []*uplinkv1.Batch) {
	for len(entries) > 0 {
		n := rapid.IntRange(1, len(entries)).Draw(t, "batch")
		b := new(uplinkv1.Batch)
		for i, e := range entries[:n] {
			e = proto.CloneOf(e)
			if e.GetCopy() == nil {
				e.Cursor = uint64(i + 1)
			}
			b.Entries = append(b.Entries, e)
		}
		list, entries = append(list, b), entries[n:]
	}
	return list
}

// kept is everything there is of an organisation, but for when it came.
func kept(t *rapid.T, w *world, organisation string) map[string]string {
	list := map[string]string{}
	ctx := context.Background()
	q := w.store.Read()
	rows, err := q.ListStored(ctx, db.ListStoredParams{AfterOrganisation: organisation, AnySource: true, Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string, value any) { list[key] = fmt.Sprintf("%+v", value) }
	for _, row := range rows {
		d := row.Document
		if d.OrganisationID != organisation {
			continue
		}
		d.StoredAt = 0
		d.OrganisationID, d.TillID, d.JournalID, d.OutletID, d.Cashier = "", "", "", "", 0
		put(fmt.Sprint("document ", d.FN, d.FD), d)
		put(fmt.Sprint("cashier of ", d.FN, d.FD), store.Fold(row.CashierName))
		lines, err := q.ListPositions(ctx, db.ListPositionsParams{MemoryID: store.MemoryID(organisation, d.FN), FD: d.FD})
		if err != nil {
			t.Fatal(err)
		}
		for i := range lines {
			lines[i].Name = store.Fold(lines[i].Name)
		}
		put(fmt.Sprint("positions of ", d.FN, d.FD), lines)
	}
	shifts, err := q.AllShifts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range shifts {
		if s.OrganisationID == organisation {
			s.OrganisationID, s.TillID, s.OutletID, s.Cashier = "", "", "", 0
			put(fmt.Sprint("shift ", s.FN, s.Number), s)
		}
	}
	sums, err := q.AllShiftSums(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sums {
		if s.OrganisationID == organisation && s.Receipts != 0 {
			s.OrganisationID, s.TillID, s.OutletID = "", "", ""
			put(fmt.Sprint("sums of shift ", s.FN, s.Number, s.Correction, s.Kind), s)
		}
	}
	revenue, err := q.AllRevenue(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range revenue {
		if r.OrganisationID == organisation && r.Receipts != 0 && r.Node == "" {
			r.OrganisationID = ""
			put(fmt.Sprint("revenue ", r.Grain, r.Span, r.Correction, r.Kind), r)
		}
	}
	sold, err := q.AllProductDays(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range sold {
		if r.OrganisationID == organisation && r.Lines != 0 {
			for _, name := range goodsOfTests {
				if store.ProductID(organisation, name) == r.ProductID {
					put(fmt.Sprint("sold ", r.Day, store.Fold(name), r.Kind), []int64{r.Lines, r.Quantity, r.Sum})
				}
			}
		}
	}
	return list
}

// TestFigures: in any order, with any repetitions and cut in any way, the same entries leave the same figures, and the figures are
// what the documents say.
func TestFigures(t *testing.T) {
	fewer(t, "rapid.checks", "30") // each is two organisations in a database
	both(t, func(t *testing.T, w *world) {
		rapid.Check(t, func(t *rapid.T) {
			var entries []*uplinkv1.Entry
			for i := range rapid.IntRange(1, 2).Draw(t, "tills") {
				entries = append(entries, shopStory(t, fmt.Sprint("kassa-", i), fmt.Sprintf("99990789%08d", i+1))...)
			}
			straight, tangled := newcomer(t, w), newcomer(t, w)
			push := func(a *access.Agent, entries []*uplinkv1.Entry) {
				for _, b := range batches(t, entries) {
					if _, err := w.Push(context.Background(), a, "j", b); err != nil {
						t.Fatal(err)
					}
				}
			}
			push(straight, entries)
			again := rapid.Permutation(slices.Concat(entries, rapid.SliceOfN(rapid.SampledFrom(entries), 0, 5).Draw(t, "repeated"))).Draw(t, "order")
			push(tangled, again)
			want, got := kept(t, w, straight.OrganisationID), kept(t, w, tangled.OrganisationID)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("another order, other figures:\n%s", diff)
			}
		})
		differ := func(d store.Difference) { t.Errorf("%s: kept %+v, documents say %+v", d.What, d.Kept, d.Documents) }
		n, err := w.Check(t.Context(), differ)
		if err != nil || n == 0 {
			t.Fatalf("checked %d documents: %v", n, err)
		}
		if err := w.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Check(t.Context(), differ); err != nil {
			t.Fatal(err)
		}
	})
}

// fewer sets a flag for the length of a test, unless it was set by hand.
func fewer(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	if f.Value.String() != f.DefValue {
		return
	}
	if err := f.Value.Set(value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Value.Set(f.DefValue); err != nil {
			t.Error(err)
		}
	})
}

// TestCheck: a sum that is not what the documents say is found.
func TestCheck(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		op := sale(1)
		if _, err := w.Push(t.Context(), agent, "j", &uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Cursor: 1, Operation: op}}}); err != nil {
			t.Fatal(err)
		}
		found := func() (list []string) {
			if _, err := w.Check(t.Context(), func(d store.Difference) { list = append(list, d.What) }); err != nil {
				t.Fatal(err)
			}
			return list
		}
		if list := found(); len(list) != 0 {
			t.Fatalf("differs without a reason: %q", list)
		}
		till := w.document(t, agent, op.GetDocument()).TillID
		if err := w.store.Write().DeleteRevenue(t.Context(), till); err != nil {
			t.Fatal(err)
		}
		if list := found(); len(list) != 3 { // hour, day and day of trade of the till
			t.Errorf("a till without revenue: %q", list)
		}
		if err := w.store.Write().EmptyPositions(t.Context()); err != nil {
			t.Fatal(err)
		}
		if list := found(); len(list) != 5 {
			t.Errorf("and without positions: %q", list)
		}
		if err := w.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if list := found(); len(list) != 0 {
			t.Errorf("and rebuilt: %q", list)
		}
	})
}
