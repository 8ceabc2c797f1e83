package crashtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// trouble is what goes wrong at one effect.
type trouble struct {
	name, words string
	lose        bool // the effect does not happen
	half        bool // only the first half of the bytes goes out
	deaf        bool // nothing the till says reaches this connection any more
	hangUp      bool // the connection ends
	kill        bool // the agent ends
}

// wire tells whether the trouble is one of the cable: it happens only at
// writes, and is numbered by them.
func (t trouble) wire() bool { return !t.kill }

var troubles = []trouble{
	{name: "command_lost", words: "команда потеряна", lose: true},
	{name: "command_broken", words: "команда оборвана", half: true},
	{name: "answer_lost", words: "ответ потерян", deaf: true},
	{name: "link_cut_before", words: "связь оборвана до команды", lose: true, hangUp: true},
	{name: "link_cut_after", words: "связь оборвана после команды", hangUp: true},
	{name: "killed_before", words: "агент убит до шага", lose: true, kill: true},
	{name: "killed_after", words: "агент убит после шага", kill: true},
}

// kind is one operation of the test.
type kind struct {
	name, words string
	shift       bool // the shift is open when it begins
	needsCash   bool
	cash        int64 // what it adds to the drawer
	operation   func(tax uint32) *fiscalv1.Operation
	// ours tells a document the operation can have made; nil for cash
	// movements, which count in the till.
	ours    func(fiscal.Document) bool
	counter func(fiscal.Baseline) uint32
}

// Sums of the test, minor units.
const (
	receiptSum = 123
	cashSum    = 100
	fillUp     = 10000 // put into the drawer when it may run short
)

var cashier = &fiscalv1.Cashier{Name: "Проверка"}

func receiptOf(k fiscalv1.Kind, correction bool) func(uint32) *fiscalv1.Operation {
	return func(tax uint32) *fiscalv1.Operation {
		r := &fiscalv1.Receipt{
			TaxSystem: tax,
			Items: []*fiscalv1.Item{
				{Name: "Проверка обрывом", Quantity: "2", Price: 50, Vat: "none"},
				{Name: "Ещё строка", Quantity: "1", Price: 23, Vat: "none"},
			},
			Payments: &fiscalv1.Payments{Cash: receiptSum},
		}
		if correction {
			r.Correction = &fiscalv1.Correction{Date: "2020-01-01T00:00", Reason: "проверка"}
		}
		return &fiscalv1.Operation{Kind: k, Receipt: r, Cashier: cashier}
	}
}

func plain(k fiscalv1.Kind, amount int64) func(uint32) *fiscalv1.Operation {
	return func(uint32) *fiscalv1.Operation {
		return &fiscalv1.Operation{Kind: k, Amount: amount, Cashier: cashier}
	}
}

func receiptIn(t fiscal.DocumentType, k fiscal.Kind) func(fiscal.Document) bool {
	return func(d fiscal.Document) bool { return d.Type == t && d.Kind == k && d.Total == receiptSum }
}

func form(t fiscal.DocumentType) func(fiscal.Document) bool {
	return func(d fiscal.Document) bool { return d.Type == t }
}

// kinds stand in the order of a day, so that a round of points is one.
var kinds = []kind{
	{name: "open_shift", words: "открытие смены", operation: plain(fiscalv1.Kind_KIND_OPEN_SHIFT, 0), ours: form(fiscal.DocShiftOpened)},
	{name: "cash_in", words: "внесение", shift: true, cash: cashSum, operation: plain(fiscalv1.Kind_KIND_CASH_IN, cashSum), counter: func(b fiscal.Baseline) uint32 { return b.CashIns }},
	{name: "sale", words: "продажа", shift: true, cash: receiptSum, operation: receiptOf(fiscalv1.Kind_KIND_SALE, false), ours: receiptIn(fiscal.DocReceipt, fiscal.Sale)},
	{name: "sale_return", words: "возврат", shift: true, needsCash: true, cash: -receiptSum, operation: receiptOf(fiscalv1.Kind_KIND_SALE_RETURN, false), ours: receiptIn(fiscal.DocReceipt, fiscal.SaleReturn)},
	{name: "correction", words: "коррекция", shift: true, cash: receiptSum, operation: receiptOf(fiscalv1.Kind_KIND_SALE, true), ours: receiptIn(fiscal.DocCorrection, fiscal.Sale)},
	{name: "cash_out", words: "изъятие", shift: true, needsCash: true, cash: -cashSum, operation: plain(fiscalv1.Kind_KIND_CASH_OUT, cashSum), counter: func(b fiscal.Baseline) uint32 { return b.CashOuts }},
	{name: "close_shift", words: "закрытие смены", shift: true, operation: plain(fiscalv1.Kind_KIND_CLOSE_SHIFT, 0), ours: form(fiscal.DocShiftClosed)},
}

// drawerFill keeps the drawer from running short.
var drawerFill = kind{name: "fill_up", words: "внесение", shift: true, cash: fillUp, operation: plain(fiscalv1.Kind_KIND_CASH_IN, fillUp)}

// chosen are the kinds of a test.
func chosen(names []string) ([]kind, error) {
	if len(names) == 0 {
		return kinds, nil
	}
	var out []kind
	for _, k := range kinds {
		if slices.Contains(names, k.name) {
			out = append(out, k)
		}
	}
	if len(out) != len(names) {
		return nil, fmt.Errorf("%v: такие операции есть не все", names)
	}
	return out, nil
}

// length is how long the exchange of a kind is when nothing goes wrong.
type length struct{ writes, effects int }

func (l length) of(t trouble) int {
	if t.wire() {
		return l.writes
	}
	return l.effects
}

// Point is one thing that went wrong, and what came of it.
type Point struct {
	Kind, Trouble string
	At, Of        int

	Missed    bool // the exchange did not get that far: not counted
	Documents int  // of the operation, in the fiscal memory
	Lost      bool // asked for to the end, and the fiscal memory has nothing
	Doubled   bool
	Wrong     bool // an answer contradicts the fiscal memory
	Unsettled bool
	// Story is what happened, for a person; empty when all is well.
	Story []string
}

// Bad tells whether the point fails the test.
func (p Point) Bad() bool { return p.Lost || p.Doubled || p.Wrong || p.Unsettled }

// Line is the point in the journal of points: nothing in it but what the same
// seed gives again.
func (p Point) Line() string {
	marks := []string{}
	for _, m := range []struct {
		is   bool
		name string
	}{{p.Missed, "missed"}, {p.Lost, "lost"}, {p.Doubled, "doubled"}, {p.Wrong, "wrong"}, {p.Unsettled, "unsettled"}} {
		if m.is {
			marks = append(marks, m.name)
		}
	}
	if len(marks) == 0 {
		marks = append(marks, "ok")
	}
	return fmt.Sprintf("%s %s %d/%d documents=%d %s", p.Kind, p.Trouble, p.At, p.Of, p.Documents, strings.Join(marks, ","))
}

// Words is the point as a person says it.
func (p Point) Words() string {
	k := slices.IndexFunc(kinds, func(k kind) bool { return k.name == p.Kind })
	t := slices.IndexFunc(troubles, func(t trouble) bool { return t.name == p.Trouble })
	if k < 0 || t < 0 {
		return p.Line()
	}
	return fmt.Sprintf("%s: %s, шаг %d из %d", kinds[k].words, troubles[t].words, p.At, p.Of)
}

// choose spreads n points over kinds, troubles and the lengths of the kinds;
// 0 takes every place there is. Round after round has one point of each kind.
func choose(ks []kind, lengths map[string]length, n int, seed uint64) []Point {
	rnd := rand.New(rand.NewPCG(seed, uint64(len(ks)))) //nolint:gosec // a sample, not a secret
	perKind := make([][]Point, len(ks))
	for i, k := range ks {
		want := n / len(ks)
		if i < n%len(ks) {
			want++
		}
		for j, t := range troubles {
			of := lengths[k.name].of(t)
			share := want / len(troubles)
			// Which troubles get one more turns with the kind, so that few points still see every trouble.
			if (j+len(troubles)-i%len(troubles))%len(troubles) < want%len(troubles) {
				share++
			}
			if n == 0 {
				share = of
			}
			for s := range share {
				at := s + 1
				if n != 0 { // one in each of share equal stretches of the exchange
					at = 1 + min(of-1, int((float64(s)+rnd.Float64())*float64(of)/float64(share)))
				}
				perKind[i] = append(perKind[i], Point{Kind: k.name, Trouble: t.name, At: at, Of: of})
			}
		}
		rnd.Shuffle(len(perKind[i]), func(a, b int) { perKind[i][a], perKind[i][b] = perKind[i][b], perKind[i][a] })
	}
	var out []Point
	for round := 0; ; round++ {
		more := false
		for _, list := range perKind {
			if round < len(list) {
				out, more = append(out, list[round]), true
			}
		}
		if !more {
			return out
		}
	}
}

// parsePoint reads a line of the journal of points.
func parsePoint(line string) (p Point, ok bool) {
	var marks string
	n, err := fmt.Sscanf(line, "%s %s %d/%d documents=%d %s", &p.Kind, &p.Trouble, &p.At, &p.Of, &p.Documents, &marks)
	if err != nil || n != 6 {
		return p, false
	}
	for m := range strings.SplitSeq(marks, ",") {
		switch m {
		case "ok":
		case "missed":
			p.Missed = true
		case "lost":
			p.Lost = true
		case "doubled":
			p.Doubled = true
		case "wrong":
			p.Wrong = true
		case "unsettled":
			p.Unsettled = true
		default:
			return p, false
		}
	}
	return p, p.Line() == line
}
