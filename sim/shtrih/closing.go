package shtrih

import (
	"slices"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
)

func (d *Device) closeV2(c *call, q codec.CloseReceiptV2) (codec.Answer, error) {
	r, err := d.mine(c)
	if err != nil {
		return nil, err
	}
	if q.Rounding > 99 || bitsOn(byte(q.TaxSystem)) > 1 {
		return nil, refuse(codec.ErrBadParameters)
	}
	paid := fiscal.Payments{
		Cash: q.Payments[codec.PaymentCash], Prepaid: q.Payments[codec.PaymentPrepaid], Credit: q.Payments[codec.PaymentCredit],
		Barter: q.Payments[codec.PaymentBarter],
	}
	for _, p := range q.Payments[codec.PaymentElectronic:codec.PaymentPrepaid] {
		paid.Electronic += p
	}
	doc, change, err := d.closeReceipt(c, r, paid, fiscal.Money(q.Rounding), byte(q.TaxSystem), codec.Printed(q.Text))
	if err != nil {
		return nil, err
	}
	return codec.CloseReceiptV2Answer{Change: change, FD: doc.FD, FP: doc.FP, Time: d.dt(doc)}, nil
}

// closeClassic is 85h and 8Eh: payments after the first are electronic.
func (d *Device) closeClassic(c *call, payments []fiscal.Money, percent int16, words string) (codec.Answer, error) {
	r, err := d.mine(c)
	if err != nil {
		return nil, err
	}
	paid := fiscal.Payments{Cash: payments[0]}
	for i, p := range payments[1:] {
		switch i + 1 {
		case codec.PaymentPrepaid:
			paid.Prepaid += p
		case codec.PaymentCredit:
			paid.Credit += p
		case codec.PaymentBarter:
			paid.Barter += p
		default:
			paid.Electronic += p
		}
	}
	before := r.Discount
	if err := r.discount(fiscal.Money(int64(r.total()) * int64(percent) / 10000)); err != nil {
		return nil, err
	}
	_, change, err := d.closeReceipt(c, r, paid, 0, 0, codec.Printed(words))
	if err != nil {
		r.Discount = before
		return nil, err
	}
	return codec.CloseReceiptAnswer{For: c.code, Operator: c.operator, Change: change}, nil
}

func bitsOn(b byte) int {
	n := 0
	for ; b != 0; b &= b - 1 {
		n++
	}
	return n
}

// closeReceipt turns the open receipt into a fiscal document: checks, the
// accumulator's commit, the till's own memory, print, in this order.
func (d *Device) closeReceipt(c *call, r *receipt, paid fiscal.Payments, rounding fiscal.Money, tax byte, words string) (fn.Document, fiscal.Money, error) {
	fail := func(err error) (fn.Document, fiscal.Money, error) { return fn.Document{}, 0, err }
	total := r.total()
	cashless := paid.Electronic + paid.Prepaid + paid.Credit + paid.Barter
	switch {
	case d.shiftMode() != 2 && d.shiftMode() != 3:
		return fail(refuse(codec.ErrShiftNotOpen))
	case len(r.Items) == 0:
		return fail(refuse(codec.ErrInvalidOperation))
	case rounding > total:
		return fail(refuse(codec.ErrNegativeTotal))
	}
	total -= rounding
	switch {
	case total == 0 && d.tableNumber(1, 1, 23) == 1:
		return fail(refuse(codec.ErrZeroTotal))
	case cashless > total:
		return fail(refuse(codec.ErrCashlessOver))
	case cashless+paid.Cash < total:
		return fail(refuse(codec.ErrPaymentShort))
	}
	change := cashless + paid.Cash - total
	paid.Cash -= change
	if r.gives() && paid.Cash > d.nv.Money[regDrawer] {
		return fail(refuse(codec.ErrCashShort))
	}
	systems := byte(0)
	if reg, _, ok := d.acc.Registration(); ok {
		systems = reg.TaxSystems
	}
	if tax == 0 {
		tax = systems & -systems
	}
	if tax&^systems != 0 {
		return fail(fn.ErrParameter)
	}
	if err := d.reopen(c, r); err != nil {
		return fail(err)
	}
	saved := *r
	saved.Items = append([]item(nil), r.Items...)
	r.spread()
	body, err := d.receiptTLV(r, paid, tax, r.TLV)
	if err == nil {
		err = d.acc.Add(body)
	}
	if err != nil {
		*r = saved
		return fail(err)
	}
	r.Closing = d.acc.Status(c.now).LastFD + 1
	r.Payments = paid
	d.save()
	doc, err := d.acc.Receipt(c.now, r.op(), total)
	if err != nil {
		*r = saved
		// The accumulator forgets nothing by itself; begin again next time.
		_ = d.acc.Cancel()
		r.FNBegun, r.Closing = false, 0
		return fail(err)
	}
	if err := d.committed(c); err != nil {
		return fail(err)
	}
	d.nv.closeReceipt(r, total, paid)
	j := d.receiptJob(doc, r, change)
	if words != "" {
		j.Lines = append(j.Lines, words)
	}
	j.Code, j.Serial = c.code, c.serial
	d.nv.Job = j
	d.nv.keepCopy()
	d.nv.Job = nil
	d.order(j)
	d.save()
	return doc, change, nil
}

// reopen makes sure that the accumulator prepares this receipt. What it forgot
// in a power cut is begun again only by firmware that does so.
func (d *Device) reopen(c *call, r *receipt) error {
	cur := d.acc.Preparing()
	want := fn.CurrentReceipt
	if r.Correction {
		want = fn.CurrentCorrection
	}
	switch {
	case cur == want:
		return nil
	case cur != fn.CurrentNone:
		return &refusal{code: codec.ErrInvalidOperation, text: "Документ в ФН уже открыт"}
	case r.FNBegun && !d.opts.RestartsFN:
		return fn.ErrState
	}
	return d.beginReceipt(c, r)
}

// correction is FF36h: a total and nothing else.
func (d *Device) correction(c *call, q codec.Correction) (codec.Answer, error) {
	return d.formCorrection(c, byte(q.Sign), q.Total, fiscal.Payments{Cash: q.Total}, 0)
}

// correctionV2 is FF4Ah.
func (d *Device) correctionV2(c *call, q codec.CorrectionV2) (codec.Answer, error) {
	paid := fiscal.Payments{Cash: q.Cash, Electronic: q.Electronic, Prepaid: q.Prepaid, Credit: q.Credit, Barter: q.Barter}
	if q.Order > 1 || bitsOn(byte(q.TaxSystem)) != 1 {
		return nil, refuse(codec.ErrBadParameters)
	}
	if paid.Total() != q.Total {
		return nil, refuse(codec.ErrPaymentShort)
	}
	more := []ffd.Field{ffd.Uint(ffd.TagCorrectionType, uint64(q.Order))}
	for tag, sum := range map[ffd.Tag]fiscal.Money{
		ffd.TagVAT20: q.VAT20, ffd.TagVAT10: q.VAT10, ffd.TagVAT0: q.Sum0, ffd.TagVATNone: q.SumNone, ffd.TagVAT20120: q.VAT20120, ffd.TagVAT10110: q.VAT10110,
	} {
		if sum != 0 {
			more = append(more, ffd.Sum(tag, sum))
		}
	}
	slices.SortFunc(more, func(a, b ffd.Field) int { return int(a.Tag) - int(b.Tag) })
	return d.formCorrection(c, byte(q.Sign), q.Total, paid, byte(q.TaxSystem), more...)
}

func (d *Device) formCorrection(c *call, op byte, total fiscal.Money, paid fiscal.Payments, tax byte, more ...ffd.Field) (codec.Answer, error) {
	if op < 1 || op > 4 {
		return nil, refuse(codec.ErrBadParameters)
	}
	if d.shiftMode() == 4 {
		return nil, refuse(codec.ErrShiftNotOpen)
	}
	switch cur := d.acc.Preparing(); cur {
	case fn.CurrentCorrection:
	case fn.CurrentNone:
		if err := d.acc.Begin(fn.CurrentCorrection, c.now); err != nil {
			return nil, err
		}
	default:
		return nil, &refusal{code: codec.ErrInvalidOperation, text: "Документ в ФН уже открыт"}
	}
	reg, _, _ := d.acc.Registration()
	if tax == 0 {
		tax = reg.TaxSystems & -reg.TaxSystems
	}
	if tax&^reg.TaxSystems != 0 {
		return nil, fn.ErrParameter
	}
	r := &receipt{Type: [...]byte{0, 2, 1, 3}[op-1], Correction: true, Opener: c.operator}
	if err := d.addCorrection(r, paid, tax, more); err != nil {
		return nil, err
	}
	doc, err := d.acc.Receipt(c.now, op, total)
	if err != nil {
		return nil, err
	}
	if err := d.committed(c); err != nil {
		return nil, err
	}
	d.nv.closeReceipt(r, total, paid)
	j := d.receiptJob(doc, r, 0)
	j.Code, j.Serial = c.code, c.serial
	d.nv.Job = j
	d.nv.keepCopy()
	d.nv.Job = nil
	d.order(j)
	d.save()
	return codec.CorrectionAnswer{For: c.code, Receipt: doc.Receipt, FD: doc.FD, FP: doc.FP, Time: d.dt(doc)}, nil
}

// addCorrection gives the accumulator the tags of a correction without lines,
// less what the host has given it already (FF0Ch).
func (d *Device) addCorrection(r *receipt, paid fiscal.Payments, tax byte, more []ffd.Field) error {
	given := d.acc.Given()
	body, err := d.receiptTLV(r, paid, tax, given)
	if err != nil {
		return err
	}
	body = body[:len(body)-len(given)]
	t, err := newTags(given)
	if err != nil {
		return err
	}
	t.add(more...)
	return d.acc.Add(ffd.Append(body, t.list...))
}
