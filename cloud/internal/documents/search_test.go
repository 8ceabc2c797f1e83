package documents

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/pack/sample"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// fact is what a test knows of a document it made, by itself.
type fact struct {
	op  *fiscalv1.Operation
	rnm string
}

// market fills an organisation with the receipts of some tills; some come as operations, some as copies, some as both.
func market(t *testing.T, w *world, agent *access.Agent, seed uint64, tills, receipts int) (facts []fact) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	var entries []*uplinkv1.Entry
	for till := range tills {
		shop := sample.New(seed+uint64(till), true)
		var fn string
		for range receipts {
			op := shop.Receipt()
			fn = op.GetDocument().GetFn()
			op.Till, op.Paper, op.Ofd = fmt.Sprint("kassa-", till), fiscalv1.PaperTrack(1+rng.IntN(3)), fiscalv1.OFDTrack(1+rng.IntN(3))
			op.Kind = fiscalv1.Kind(1 + rng.IntN(4))
			op.Document.Kind = op.Kind
			if rng.IntN(10) == 0 {
				op.Document.Type = 31
				op.Receipt.Correction = &fiscalv1.Correction{}
			}
			at, err := fiscal.ParseDateTime(op.GetDocument().GetAt())
			if err != nil {
				t.Fatal(err)
			}
			at.Second = 0 // a copy knows minutes
			op.Document.At = at.String()
			facts = append(facts, fact{op, "00000000012345" + fmt.Sprintf("%02d", till)})
			how := rng.IntN(3)
			if how != 0 {
				entries = append(entries, &uplinkv1.Entry{Operation: op})
			} else {
				op.Key, op.Paper, op.Ofd = "", 0, 0 // somebody else's: what asked for it is not known
			}
			if how != 1 {
				c := &uplinkv1.DocumentCopy{Till: op.GetTill(), Document: op.GetDocument(), Tlv: whole(op, facts[len(facts)-1].rnm)}
				entries = append(entries, &uplinkv1.Entry{Copy: c})
			}
		}
		_ = fn
	}
	rng.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	cursor := uint64(0)
	for _, e := range entries {
		if e.GetCopy() == nil {
			cursor++
			e.Cursor = cursor
		}
	}
	for _, b := range split(entries, 90) {
		if _, err := w.Push(t.Context(), agent, "market", b); err != nil {
			t.Fatal(err)
		}
	}
	return facts
}

// naive tells whether a document is what a filter asks for, by looking at what it was made of.
func (f fact) naive(q *cabinetv1.DocumentFilter, till string) bool {
	doc, body := f.op.GetDocument(), f.op.GetReceipt()
	p := body.GetPayments()
	cash := p.GetCash() - f.op.GetChange()
	paid := map[cabinetv1.Payment]int64{1: cash, 2: p.GetElectronic(), 3: p.GetPrepaid(), 4: p.GetCredit(), 5: p.GetBarter()}
	minute := doc.GetAt()[:16]
	within := func(from, to string) bool {
		return (from == "" || minute[:len(from)] >= from) && (to == "" || minute[:len(to)] <= to)
	}
	either := func(yes bool, given bool) bool { return yes || !given }
	has := slices.ContainsFunc(body.GetItems(), func(i *fiscalv1.Item) bool {
		return strings.Contains(strings.ToLower(i.GetName()), strings.ToLower(q.GetProduct()))
	})
	some := slices.ContainsFunc(q.GetPayments(), func(x cabinetv1.Payment) bool { return paid[x] != 0 })
	return within(q.GetFrom(), q.GetTo()) &&
		either(slices.Contains(q.GetTillIds(), till), len(q.GetTillIds()) > 0) &&
		either(q.GetFd() == doc.GetFd(), q.GetFd() != 0) && either(q.GetFp() == doc.GetFp(), q.GetFp() != 0) &&
		either(q.GetFn() == doc.GetFn(), q.GetFn() != "") && either(q.GetRnm() == f.rnm, q.GetRnm() != "") &&
		either(doc.GetTotal() >= q.GetSumFrom(), q.SumFrom != nil) && either(doc.GetTotal() <= q.GetSumTo(), q.SumTo != nil) &&
		either(strings.Contains(strings.ToLower(f.op.GetCashier().GetName()), strings.ToLower(q.GetCashier())), q.GetCashier() != "") &&
		either(has, q.GetProduct() != "") && either(slices.Contains(q.GetKinds(), doc.GetKind()), len(q.GetKinds()) > 0) &&
		either(slices.Contains(q.GetTypes(), doc.GetType()), len(q.GetTypes()) > 0) && either(some, len(q.GetPayments()) > 0) &&
		either(body.GetCustomer() == q.GetBuyer(), q.GetBuyer() != "") && either(f.op.GetPaper() == q.GetPaper(), q.GetPaper() != 0) &&
		either(f.op.GetOfd() == q.GetOfd(), q.GetOfd() != 0) && either(f.op.GetKey() == q.GetKey(), q.GetKey() != "")
}

// pages reads through everything a filter finds.
func (w *world) pages(t testing.TB, organisation string, f *cabinetv1.DocumentFilter, limit int) (list []string, err error) {
	t.Helper()
	q, err := w.NewQuery(t.Context(), access.Whole(organisation), f, nil, func(d Document) fiscalv1.OFDTrack { return d.Operation.GetOfd() })
	if err != nil {
		return nil, err
	}
	var last Found
	for page := ""; ; {
		found, next, err := w.Search(t.Context(), q, page, limit)
		if err != nil {
			return nil, err
		}
		for _, x := range found {
			if last.Document.Document != nil && !last.Row.Mark().Before(x.Row.Mark()) {
				t.Errorf("%v does not stand before %v", last.Row.Mark(), x.Row.Mark())
			}
			last = x
			list = append(list, fmt.Sprint(x.Document.Document.GetFn(), " ", x.Document.Document.GetFd()))
		}
		if page = next; page == "" {
			slices.Sort(list)
			return list, nil
		}
	}
}

// TestSearch: every filter, alone and with others, finds what looking at each document finds; page by page, newest first.
func TestSearch(t *testing.T) {
	fewer(t, "rapid.checks", "100")
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		facts := market(t, w, agent, 7, 4, 80)
		foreign := market(t, w, w.agents[1], 7, 1, 20) // the same numbers in another organisation
		tills := map[string]string{}
		for i := range 4 {
			id, err := w.fleet.TillID(t.Context(), agent, fmt.Sprint("kassa-", i))
			if err != nil {
				t.Fatal(err)
			}
			tills[fmt.Sprint("kassa-", i)] = id
		}
		run := func(t *rapid.T, outer *testing.T, f *cabinetv1.DocumentFilter) {
			var want []string
			for _, x := range facts {
				if x.naive(f, tills[x.op.GetTill()]) {
					want = append(want, fmt.Sprint(x.op.GetDocument().GetFn(), " ", x.op.GetDocument().GetFd()))
				}
			}
			slices.Sort(want)
			got, err := w.pages(outer, agent.OrganisationID, f, rapid.SampledFrom([]int{20, 50, 500}).Draw(t, "page"))
			if err != nil {
				t.Fatalf("%v: %v", f, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%v:\n%s", f, diff)
			}
		}
		rapid.Check(t, func(rt *rapid.T) {
			x := rapid.SampledFrom(facts).Draw(rt, "like")
			f := &cabinetv1.DocumentFilter{}
			for range rapid.IntRange(1, 3).Draw(rt, "filters") {
				narrow(rt, f, x, tills)
			}
			run(rt, t, f)
		})
		if got, err := w.pages(t, w.agents[1].OrganisationID, &cabinetv1.DocumentFilter{}, 50); err != nil || len(got) != len(foreign) {
			t.Errorf("the other organisation finds %d of its %d documents: %v", len(got), len(foreign), err)
		}
		if got, err := w.pages(t, w.agents[1].OrganisationID, &cabinetv1.DocumentFilter{TillIds: []string{tills["kassa-2"]}}, 50); err != nil || len(got) != 0 {
			t.Errorf("a till of others tells the other organisation %d documents: %v", len(got), err)
		}
	})
}

// narrow adds one filter, such that it finds the document it is made like, or nothing.
func narrow(t *rapid.T, f *cabinetv1.DocumentFilter, x fact, tills map[string]string) {
	doc, body := x.op.GetDocument(), x.op.GetReceipt()
	total := doc.GetTotal()
	less, more := max(0, total-rapid.Int64Range(0, 20_000).Draw(t, "less")), total+rapid.Int64Range(0, 20_000).Draw(t, "more")
	word := func(name string) string {
		words := strings.Fields(name)
		return words[rapid.IntRange(0, len(words)-1).Draw(t, "word")]
	}
	switch rapid.IntRange(0, 19).Draw(t, "filter") {
	case 0:
		f.From = doc.GetAt()[:10]
	case 1:
		f.To = doc.GetAt()[:16]
	case 2:
		f.From, f.To = doc.GetAt()[:10], doc.GetAt()[:10]
	case 3:
		f.TillIds = append(f.TillIds, tills[x.op.GetTill()])
	case 4:
		f.Fd = doc.GetFd()
	case 5:
		f.Fp = doc.GetFp()
	case 6:
		f.Fn = doc.GetFn()
	case 7:
		f.Rnm = x.rnm
	case 8:
		f.SumFrom, f.SumTo = &total, &total
	case 9:
		f.SumFrom, f.SumTo = &less, &more
	case 10:
		f.SumFrom = &less
	case 11:
		f.Cashier = word(x.op.GetCashier().GetName())
	case 12:
		if name := word(body.GetItems()[0].GetName()); len([]rune(name)) >= 2 && !strings.ContainsAny(name, "ёЁ") {
			f.Product = name
		}
	case 13:
		f.Kinds = append(f.Kinds, doc.GetKind())
	case 14:
		f.Types = append(f.Types, doc.GetType())
	case 15:
		f.Payments = append(f.Payments, cabinetv1.Payment(rapid.IntRange(1, 5).Draw(t, "payment")))
	case 16:
		f.Buyer = body.GetCustomer()
	case 17:
		f.Paper = x.op.GetPaper()
	case 18:
		f.Ofd = x.op.GetOfd()
	case 19:
		f.Key = x.op.GetKey()
	}
}

// TestSearch_refused: a filter that makes no sense is refused with a reason.
func TestSearch_refused(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		one, two, minus := int64(1), int64(2), int64(-1)
		for name, f := range map[string]*cabinetv1.DocumentFilter{
			"a day that is none":              {From: "2026-02-30"},
			"a time that is none":             {To: "yesterday"},
			"a period that ends first":        {From: "2026-03-02", To: "2026-03-01"},
			"a range of sums that ends first": {SumFrom: &two, SumTo: &one},
			"a negative sum":                  {SumFrom: &minus},
			"one letter of a name":            {Cashier: "и"},
			"too many tills":                  {TillIds: make([]string, maxTills+1)},
			"an unknown way to pay":           {Payments: []cabinetv1.Payment{9}},
			"a text with zeros":               {Product: "a\x00b"},
		} {
			if _, err := w.pages(t, w.agents[0].OrganisationID, f, 10); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		q, err := w.NewQuery(t.Context(), access.Whole(w.agents[0].OrganisationID), &cabinetv1.DocumentFilter{}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Search(t.Context(), q, "!", 10); !errors.Is(err, ErrInvalid) {
			t.Errorf("a mark that is none: %v", err)
		}
	})
}
