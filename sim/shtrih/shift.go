package shtrih

import (
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
)

// Documents begun by a command of their own, so that TLV data may follow.
const (
	beginOpenShift  = fn.CurrentOpenShift
	beginCloseShift = fn.CurrentCloseShift
	beginReport     = fn.CurrentReport
	beginCorrection = fn.CurrentCorrection
)

func (d *Device) begin(c *call, kind fn.Current) (codec.Answer, error) {
	if err := d.acc.Begin(kind, c.now); err != nil {
		return nil, err
	}
	return d.empty(c)
}

// prepared begins a document of the kind unless it is already begun.
func (d *Device) prepared(c *call, kind fn.Current) error {
	switch cur := d.acc.Preparing(); cur {
	case kind:
		return nil
	case fn.CurrentNone:
		return d.acc.Begin(kind, c.now)
	default:
		return &refusal{code: codec.ErrInvalidOperation, text: "Документ в ФН уже открыт"}
	}
}

// formOpenShift opens the shift in the accumulator, then in the till.
func (d *Device) formOpenShift(c *call) (fn.Document, error) {
	if err := d.prepared(c, fn.CurrentOpenShift); err != nil {
		return fn.Document{}, err
	}
	if err := d.fill(c, d.kktTags()...); err != nil {
		return fn.Document{}, err
	}
	doc, err := d.acc.OpenShift()
	if err != nil {
		return fn.Document{}, err
	}
	if err := d.committed(c); err != nil {
		return fn.Document{}, err
	}
	d.nv.beginShift(doc.Shift)
	d.order(d.shiftJob(c, doc, "ОТЧЁТ ОБ ОТКРЫТИИ СМЕНЫ"))
	d.save()
	return doc, nil
}

func (d *Device) openShift(c *call) (codec.Answer, error) {
	if _, err := d.formOpenShift(c); err != nil {
		return nil, err
	}
	if d.opts.BareE0 {
		return d.empty(c)
	}
	return codec.OperatorAnswer{For: c.code, Operator: c.operator}, nil
}

func (d *Device) fnOpenShift(c *call) (codec.Answer, error) {
	doc, err := d.formOpenShift(c)
	if err != nil {
		return nil, err
	}
	return codec.FNShiftAnswer{For: c.code, Shift: doc.Shift, FD: doc.FD, FP: doc.FP, Time: d.dt(doc)}, nil
}

func (d *Device) formCloseShift(c *call, prints bool) (fn.Document, error) {
	if err := d.prepared(c, fn.CurrentCloseShift); err != nil {
		return fn.Document{}, err
	}
	if err := d.fill(c); err != nil {
		return fn.Document{}, err
	}
	doc, err := d.acc.CloseShift()
	if err != nil {
		return fn.Document{}, err
	}
	if err := d.committed(c); err != nil {
		return fn.Document{}, err
	}
	lines := d.totals()
	d.nv.endShift()
	if d.tableNumber(1, 1, 2) == 1 {
		delete(d.nv.Money, regDrawer)
	}
	if prints {
		j := d.shiftJob(c, doc, "ОТЧЁТ О ЗАКРЫТИИ СМЕНЫ")
		j.Lines = append(j.Lines, lines...)
		j.Long = true
		d.order(j)
	}
	d.save()
	return doc, nil
}

func (d *Device) closeShift(c *call, prints bool) (codec.Answer, error) {
	if _, err := d.formCloseShift(c, prints); err != nil {
		return nil, err
	}
	return codec.OperatorAnswer{For: c.code, Operator: c.operator}, nil
}

func (d *Device) fnCloseShift(c *call) (codec.Answer, error) {
	doc, err := d.formCloseShift(c, true)
	if err != nil {
		return nil, err
	}
	return codec.FNShiftAnswer{For: c.code, Shift: doc.Shift, FD: doc.FD, FP: doc.FP, Time: d.dt(doc)}, nil
}

func (d *Device) xReport(c *call) (codec.Answer, error) {
	d.nv.Count[opXReports]++
	j := d.textJob(c, append(d.head("СУТОЧНЫЙ ОТЧЁТ БЕЗ ГАШЕНИЯ"), d.totals()...))
	j.Long = true
	d.order(j)
	return codec.OperatorAnswer{For: c.code, Operator: c.operator}, nil
}

// cash is 50h and 51h: money into and out of the drawer. They leave registers
// and a slip, no fiscal document.
func (d *Device) cash(c *call, sum fiscal.Money, in bool) (codec.Answer, error) {
	title, count, no, reg, signed := "ВНЕСЕНИЕ", uint16(opCashInCount), uint16(opCashInNumber), uint16(regPaidIn), sum
	if !in {
		title, count, no, reg, signed = "ВЫПЛАТА", opCashOutCount, opCashOutNumber, regPaidOut, -sum
		if d.nv.Money[regDrawer] < sum {
			return nil, refuse(codec.ErrCashShort)
		}
	}
	d.nv.Money[regDrawer] += signed
	d.nv.Money[reg] += sum
	d.nv.Count[count]++
	d.nv.Count[no]++
	d.nv.Count[opThrough]++
	number := uint16(d.nv.Count[opThrough])
	d.save()
	d.order(d.textJob(c, append(d.head(title), pair("СУММА", sum.String()))))
	return codec.DocumentNumberAnswer{For: c.code, Operator: c.operator, Document: number}, nil
}

func (d *Device) settlement(c *call) (codec.Answer, error) {
	if err := d.prepared(c, fn.CurrentReport); err != nil {
		return nil, err
	}
	if err := d.fill(c); err != nil {
		return nil, err
	}
	doc, err := d.acc.Report()
	if err != nil {
		return nil, err
	}
	if err := d.committed(c); err != nil {
		return nil, err
	}
	d.nv.Count[opThrough]++
	d.order(d.shiftJob(c, doc, "ОТЧЁТ О СОСТОЯНИИ РАСЧЁТОВ"))
	return codec.SettlementAnswer{
		FD: doc.FD, FP: doc.FP, Unconfirmed: doc.Unconfirmed, FirstUnconfirmed: day(doc.UnconfirmedSince), Time: d.dt(doc),
	}, nil
}
