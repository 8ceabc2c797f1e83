package shtrih

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
)

// slipWidth is the width of the paper in characters.
const slipWidth = 32

// pair puts a name to the left and a value to the right.
func pair(name, value string) string {
	room := slipWidth - utf8.RuneCountInString(name) - utf8.RuneCountInString(value)
	return name + strings.Repeat(" ", max(room, 1)) + value
}

func centre(s string) string {
	return strings.Repeat(" ", max((slipWidth-utf8.RuneCountInString(s))/2, 0)) + s
}

// wrap breaks a text into lines.
func wrap(s string) []string {
	runes := []rune(s)
	var out []string
	for len(runes) > slipWidth {
		out = append(out, string(runes[:slipWidth]))
		runes = runes[slipWidth:]
	}
	return append(out, string(runes))
}

// head is the beginning of every document.
func (d *Device) head(title string) []string {
	reg, _, _ := d.acc.Registration()
	var out []string
	for _, s := range []string{reg.User, reg.Address} {
		if s != "" {
			out = append(out, wrap(s)...)
		}
	}
	return append(out, centre(title), pair("ККТ "+fmt.Sprint(d.opts.Serial), d.now().Format("02.01.06 15:04")))
}

// textJob is a document that is not in the accumulator.
func (d *Device) textJob(c *call, lines []string) *job {
	return &job{Code: c.code, Serial: c.serial, Lines: lines}
}

// shiftJob is a report the accumulator has.
func (d *Device) shiftJob(c *call, doc fn.Document, title string) *job {
	lines := d.head(title)
	if doc.Shift != 0 {
		lines = append(lines, pair("СМЕНА", fmt.Sprint(doc.Shift)))
	}
	if doc.Type == fiscal.DocSettlementReport {
		lines = append(lines, pair("НЕПЕРЕДАННЫХ ФД", fmt.Sprint(doc.Unconfirmed)))
	}
	return &job{Code: c.code, Serial: c.serial, FD: doc.FD, Lines: append(lines, signature(doc)...)}
}

func signature(doc fn.Document) []string {
	return []string{pair("ФН", doc.FN), pair("ФД", fmt.Sprint(doc.FD)), pair("ФП", fmt.Sprintf("%010d", doc.FP))}
}

var receiptTitles = [...]string{"ПРИХОД", "РАСХОД", "ВОЗВРАТ ПРИХОДА", "ВОЗВРАТ РАСХОДА"}

// receiptJob is a receipt as it is printed.
func (d *Device) receiptJob(doc fn.Document, r *receipt, change fiscal.Money) *job {
	title := "КАССОВЫЙ ЧЕК"
	if r.Correction {
		title = "КАССОВЫЙ ЧЕК КОРРЕКЦИИ"
	}
	lines := d.head(title)
	lines = append(lines, centre(receiptTitles[r.Type&3]), pair("СМЕНА "+fmt.Sprint(doc.Shift), "ЧЕК "+fmt.Sprint(doc.Receipt)))
	if cashier := d.tableText(2, uint16(max(r.Opener, 1)), 2); cashier != "" {
		if told, ok := hostText(r.TLV, ffd.TagCashier); ok {
			cashier = told
		}
		lines = append(lines, "КАССИР "+cashier)
	}
	for _, i := range r.Items {
		// After // the name goes to the operator and not to paper.
		if name := i.Name; !strings.HasPrefix(name, "//") {
			lines = append(lines, wrap(name)...)
		}
		lines = append(lines, pair(i.Quantity.String()+" x "+i.Price.String(), "="+i.Sum.String()))
		if int(i.VAT) >= 1 {
			if rate, ok := fiscal.VAT(i.VAT).Rate(); ok {
				lines = append(lines, rate.Title)
			}
		}
	}
	lines = append(lines, r.Text...)
	lines = append(lines, pair("ИТОГ", "="+doc.Sum.String()))
	p := r.Payments
	for _, x := range []struct {
		name string
		sum  fiscal.Money
	}{
		{"НАЛИЧНЫМИ", p.Cash + change},
		{"БЕЗНАЛИЧНЫМИ", p.Electronic},
		{"ПРЕДВАРИТЕЛЬНАЯ ОПЛАТА", p.Prepaid},
		{"ПОСЛЕДУЮЩАЯ ОПЛАТА", p.Credit},
		{"ИНАЯ ФОРМА ОПЛАТЫ", p.Barter},
		{"СДАЧА", change},
	} {
		if x.sum != 0 {
			lines = append(lines, pair(x.name, "="+x.sum.String()))
		}
	}
	lines = append(lines, signature(doc)...)
	lines = append(lines, wrap("QR "+doc.Fact().QR())...)
	return &job{FD: doc.FD, Lines: lines}
}

// totals are the lines of X and Z reports.
func (d *Device) totals() []string {
	var out []string
	for g, title := range []string{"ПРИХОД", "РАСХОД", "ВОЗВРАТ ПРИХОДА", "ВОЗВРАТ РАСХОДА"} {
		var sum fiscal.Money
		for p := range 4 {
			sum += d.nv.Money[uint16(regPaymentShift+p*4+g)]
		}
		out = append(out, pair(fmt.Sprintf("%s %d", title, d.nv.Count[uint16(opReceiptsShift+g)]), sum.String()))
	}
	return append(out, pair("ВНЕСЕНО", d.nv.Money[regPaidIn].String()), pair("ВЫПЛАЧЕНО", d.nv.Money[regPaidOut].String()),
		pair("НАЛИЧНЫХ В КАССЕ", d.nv.Money[regDrawer].String()))
}

// printText is 12h, 17h and 2Fh: inside a receipt the line waits for its end.
func (d *Device) printText(c *call, words string) (codec.Answer, error) {
	line := codec.Printed(words)
	if r := d.nv.Receipt; r != nil {
		r.Text = append(r.Text, line)
	} else {
		d.order(d.textJob(c, []string{line}))
	}
	return codec.OperatorAnswer{For: c.code, Operator: c.operator}, nil
}

// continuePrint is B0h: the whole document is printed again.
func (d *Device) continuePrint(c *call) (codec.Answer, error) {
	if j := d.nv.Job; j != nil {
		j.Code, j.Serial = c.code, c.serial
		d.startPrint()
	}
	return codec.OperatorAnswer{For: c.code, Operator: c.operator}, nil
}

// repeat is 8Ch: a copy of the last receipt.
func (d *Device) repeat(c *call) (codec.Answer, error) {
	last := d.nv.Copy
	if last == nil {
		return nil, refuse(codec.ErrNothingToRepeat)
	}
	lines := append([]string{centre("КОПИЯ")}, last.Lines...)
	d.order(&job{Code: c.code, Serial: c.serial, FD: last.FD, Lines: lines})
	return codec.OperatorAnswer{For: c.code, Operator: c.operator}, nil
}

// nonFiscal is E2h and E3h.
func (d *Device) nonFiscal(c *call, open bool) (codec.Answer, error) {
	d.nv.NonFiscal = open
	if open {
		d.nv.Count[opNonFiscal]++
		d.nv.Count[opThrough]++
	}
	return codec.OperatorAnswer{For: c.code, Operator: c.operator}, nil
}
