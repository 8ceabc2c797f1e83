package slip

import (
	"strconv"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Desk is where, when and by whom a slip without a document is made.
type Desk struct {
	At      fiscal.DateTime
	Shift   uint32
	Cashier fiscal.Cashier
	FN      string
}

// CashMovement is the slip of money put into or taken out of the drawer:
// kind is CashIn or CashOut. It is no fiscal document and says so.
func CashMovement(kind fiscal.Kind, sum fiscal.Money, at Desk, o Options) Slip {
	title := "ВНЕСЕНИЕ"
	if kind == fiscal.CashOut {
		title = "ИЗЪЯТИЕ"
	}
	p := plain(title, at, o)
	p.add(Line{Left: "СУММА", Right: "=" + sum.String(), Bold: true, Large: true})
	p.end()
	return p.slip()
}

// Totals are the counters of one kind of settlement in a shift.
type Totals struct {
	Kind     fiscal.Kind
	Count    uint32
	Sum      fiscal.Money
	Payments fiscal.Payments
}

// Counters are what an X report shows: what the till itself counted.
type Counters struct {
	Totals             []Totals
	CashIns, CashOuts  uint32
	CashInSum, CashOut fiscal.Money
	Drawer             fiscal.Money // cash that should be in the drawer
}

// XReport is the slip of a shift's counters without closing it.
func XReport(c Counters, at Desk, o Options) Slip {
	p := plain("X-ОТЧЁТ", at, o)
	for _, t := range c.Totals {
		p.add(Line{Left: settlementWord(t.Kind) + ", ЧЕКОВ", Right: strconv.FormatUint(uint64(t.Count), 10)})
		p.money("  СУММА", t.Sum)
		for _, pay := range []struct {
			name string
			sum  fiscal.Money
		}{
			{"  НАЛИЧНЫМИ", t.Payments.Cash},
			{"  БЕЗНАЛИЧНЫМИ", t.Payments.Electronic},
			{"  АВАНСОМ", t.Payments.Prepaid},
			{"  В КРЕДИТ", t.Payments.Credit},
			{"  ИНОЙ ФОРМОЙ", t.Payments.Barter},
		} {
			if pay.sum != 0 {
				p.money(pay.name, pay.sum)
			}
		}
	}
	p.rule()
	p.add(Line{Left: "ВНЕСЕНИЙ " + strconv.FormatUint(uint64(c.CashIns), 10), Right: "=" + c.CashInSum.String()})
	p.add(Line{Left: "ИЗЪЯТИЙ " + strconv.FormatUint(uint64(c.CashOuts), 10), Right: "=" + c.CashOut.String()})
	p.add(Line{Left: "НАЛИЧНЫХ В КАССЕ", Right: "=" + c.Drawer.String(), Bold: true})
	p.end()
	return p.slip()
}

func settlementWord(k fiscal.Kind) string {
	if n := k.Sign(); n > 0 {
		return settlements[n]
	}
	return k.String()
}

// plain begins a slip that shows no document.
func plain(title string, at Desk, o Options) *page {
	p := &page{o: o, fact: fiscal.Document{FN: at.FN, At: at.At}}
	p.head()
	p.rule()
	p.title(title)
	left := ""
	if at.Shift != 0 {
		left = "СМЕНА " + strconv.FormatUint(uint64(at.Shift), 10)
	}
	p.add(Line{Left: left, Right: when(at.At)})
	p.named("КАССИР", at.Cashier.Name)
	p.pair("ИНН КАССИРА", at.Cashier.INN)
	p.rule()
	return p
}

// end closes a slip that shows no document.
func (p *page) end() {
	for _, line := range p.o.Text {
		p.text(line)
	}
	for _, w := range p.o.Warnings {
		p.text(w)
	}
	p.rule()
	p.pair("ЗН ККТ", p.o.Registration.Serial)
	p.pair("РН ККТ", p.o.Registration.RNM)
	p.pair("ФН", p.fact.FN)
	p.centre("НЕФИСКАЛЬНЫЙ ДОКУМЕНТ")
}
