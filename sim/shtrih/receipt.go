package shtrih

import (
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
)

// maxItems is the most lines a receipt may have.
const maxItems = 100

func (d *Device) openReceipt(c *call, r codec.OpenReceipt) (codec.Answer, error) {
	if r.Type.Sign() == 0 {
		return nil, refuse(codec.ErrBadParameters)
	}
	correction := r.Type&codec.ReceiptCorrection != 0
	if correction && !d.features().Has(codec.FeatureCorrections) {
		return nil, refuse(codec.ErrBadForModel)
	}
	rc := &receipt{Type: byte(r.Type &^ codec.ReceiptCorrection), Correction: correction, Opener: c.operator}
	if err := d.startReceipt(c, rc); err != nil {
		return nil, err
	}
	return codec.OperatorAnswer{For: c.code, Operator: c.operator}, nil
}

// startReceipt opens a receipt in the till's buffer and, by the options, in
// the accumulator.
func (d *Device) startReceipt(c *call, r *receipt) error {
	if d.shiftMode() == 4 {
		if !d.opts.AutoShift {
			return refuse(codec.ErrWrongMode)
		}
		if _, err := d.formOpenShift(c); err != nil {
			return err
		}
	}
	cur := d.acc.Status(c.now).Current
	// FF35h begins a correction that FF46h and FF45h then fill.
	if cur != fn.CurrentNone && (cur != fn.CurrentCorrection || !r.Correction) {
		return &refusal{code: codec.ErrInvalidOperation, text: "Документ в ФН уже открыт"}
	}
	if cur != fn.CurrentNone {
		r.FNBegun = true
	} else if d.opts.FNOpen == FNOpenAtOpen {
		if err := d.beginReceipt(c, r); err != nil {
			return err
		}
	}
	d.nv.Receipt = r
	return nil
}

// beginReceipt starts the receipt's document in the accumulator.
func (d *Device) beginReceipt(c *call, r *receipt) error {
	kind := fn.CurrentReceipt
	if r.Correction {
		kind = fn.CurrentCorrection
	}
	if err := d.acc.Begin(kind, c.now); err != nil {
		return err
	}
	r.FNBegun = true
	return nil
}

// mine checks that the open receipt belongs to the operator.
func (d *Device) mine(c *call) (*receipt, error) {
	r := d.nv.Receipt
	if r == nil {
		return nil, refuse(codec.ErrWrongMode)
	}
	if r.Opener != c.operator {
		return nil, refuse(codec.ErrOtherOperator)
	}
	return r, nil
}

func (d *Device) operationV2(c *call, q codec.OperationV2) (codec.Answer, error) {
	if d.nv.Receipt == nil && d.opts.AutoOpen {
		if q.Sign < 1 || q.Sign > 4 {
			return nil, refuse(codec.ErrBadParameters)
		}
		if err := d.startReceipt(c, &receipt{Type: byte(q.Sign.Receipt()), Opener: c.operator}); err != nil {
			return nil, err
		}
	}
	r, err := d.mine(c)
	if err != nil {
		return nil, err
	}
	if byte(q.Sign) != r.op() {
		return nil, refuse(codec.ErrReceiptKind)
	}
	vat, ok := codec.VATOf(codec.Model(d.opts.Model), q.VAT)
	if !ok || q.Method < 1 || q.Method > 7 || q.Subject < 1 {
		return nil, refuse(codec.ErrBadParameters)
	}
	sum, ok := fiscal.Cost(q.Price, q.Quantity)
	if !ok {
		return nil, refuse(0x60)
	}
	if q.Sum != codec.Auto {
		if diff := q.Sum - sum; diff < -1 || diff > 1 {
			return nil, refuse(codec.ErrBadParameters)
		}
		sum = q.Sum
	}
	err = d.addItem(c, r, item{
		Name: codec.Printed(q.Name), Quantity: q.Quantity, Price: q.Price, Sum: sum, VAT: byte(vat), Dept: q.Department,
		Method: q.Method, Subject: q.Subject,
	})
	if err != nil {
		return nil, err
	}
	return d.empty(c)
}

// operation is 80h–84h.
func (d *Device) operation(c *call, q codec.Operation) (codec.Answer, error) {
	kinds := map[codec.Code]byte{codec.CodeSale: 0, codec.CodePurchase: 1, codec.CodeSaleReturn: 2, codec.CodePurchaseReturn: 3}
	kind, sells := kinds[q.Command]
	if d.nv.Receipt == nil && sells {
		if err := d.startReceipt(c, &receipt{Type: kind, Opener: c.operator}); err != nil {
			return nil, err
		}
	}
	r, err := d.mine(c)
	if err != nil {
		return nil, err
	}
	if sells && r.Type != kind {
		return nil, refuse(codec.ErrReceiptKind)
	}
	sum, ok := fiscal.Cost(q.Price, q.Quantity)
	if !ok {
		return nil, refuse(0x60)
	}
	vat := fiscal.VATNone
	if row := int(q.Taxes[0]); row > len(taxRows) {
		return nil, refuse(codec.ErrBadParameters)
	} else if row > 0 {
		vat = taxRows[row-1].vat
	}
	it := item{Name: codec.Printed(q.Text), Quantity: q.Quantity, Price: q.Price, Sum: sum, VAT: byte(vat), Dept: q.Department, Method: 4, Subject: 1}
	if !sells {
		if err := r.storno(it); err != nil {
			return nil, err
		}
	} else if err := d.addItem(c, r, it); err != nil {
		return nil, err
	}
	return codec.OperatorAnswer{For: c.code, Operator: c.operator}, nil
}

// storno takes a line back: the last one of the same price and quantity.
func (r *receipt) storno(it item) error {
	for i := len(r.Items) - 1; i >= 0; i-- {
		if r.Items[i].Price == it.Price && r.Items[i].Quantity == it.Quantity {
			r.Items = append(r.Items[:i:i], r.Items[i+1:]...)
			return nil
		}
	}
	return refuse(codec.ErrNegativeTotal)
}

func (d *Device) addItem(c *call, r *receipt, it item) error {
	if len(r.Items) >= maxItems {
		return refuse(codec.ErrReceiptFull)
	}
	if r.total()+it.Sum > fiscal.MaxMoney {
		return refuse(codec.ErrTotalOverflow)
	}
	if !r.FNBegun && d.opts.FNOpen == FNOpenAtItem {
		if err := d.beginReceipt(c, r); err != nil {
			return err
		}
	}
	r.Items = append(r.Items, it)
	return nil
}

func (d *Device) operationTLV(c *call, tlv []byte) (codec.Answer, error) {
	r, err := d.mine(c)
	if err != nil {
		return nil, err
	}
	if _, err := fn.ParseTLV(tlv); err != nil || len(r.Items) == 0 {
		return nil, refuse(codec.ErrBadParameters)
	}
	last := &r.Items[len(r.Items)-1]
	last.TLV = append(last.TLV, tlv...)
	return d.empty(c)
}

// adjust is 86h, 87h and their stornos: a discount or a charge on the receipt.
func (d *Device) adjust(c *call, q codec.Adjustment) (codec.Answer, error) {
	r, err := d.mine(c)
	if err != nil {
		return nil, err
	}
	sum := q.Sum
	if q.Command == codec.CodeCharge || q.Command == codec.CodeDiscountStorno {
		sum = -sum
	}
	if err := r.discount(sum); err != nil {
		return nil, err
	}
	return codec.OperatorAnswer{For: c.code, Operator: c.operator}, nil
}

func (d *Device) receiptDiscount(c *call, q codec.ReceiptDiscount) (codec.Answer, error) {
	r, err := d.mine(c)
	if err != nil {
		return nil, err
	}
	if err := r.discount(q.Discount - q.Charge); err != nil {
		return nil, err
	}
	return d.empty(c)
}

func (r *receipt) discount(sum fiscal.Money) error {
	if sum > r.total() {
		return refuse(0x5A)
	}
	r.Discount += sum
	return nil
}

// spread puts the discount on the whole receipt onto its lines, as FFD has no
// other place for it: in proportion, the rest on the lines that can bear it.
func (r *receipt) spread() {
	total := r.itemsTotal()
	if r.Discount == 0 || total == 0 {
		return
	}
	left := r.Discount
	for i := range r.Items {
		part := fiscal.Money(int64(r.Discount) * int64(r.Items[i].Sum) / int64(total))
		r.Items[i].Sum -= part
		left -= part
	}
	for i := range r.Items {
		part := left
		if part > 0 {
			part = min(part, r.Items[i].Sum)
		}
		r.Items[i].Sum -= part
		left -= part
	}
	r.Discount = 0
}

// sendTLV is FF0Ch: to the open receipt, or to the document the accumulator
// prepares.
func (d *Device) sendTLV(c *call, tlv []byte) (codec.Answer, error) {
	if _, err := fn.ParseTLV(tlv); err != nil {
		return nil, fn.ErrCommand
	}
	if r := d.nv.Receipt; r != nil {
		if !r.FNBegun && d.opts.FNOpen == FNOpenAtItem {
			if err := d.beginReceipt(c, r); err != nil {
				return nil, err
			}
		}
		r.TLV = append(r.TLV, tlv...)
		return d.empty(c)
	}
	if err := d.acc.Add(tlv); err != nil {
		return nil, err
	}
	return d.empty(c)
}

// cancel is 88h. Only the operator who opened the receipt may.
func (d *Device) cancel(c *call) (codec.Answer, error) {
	r, err := d.mine(c)
	if err != nil {
		return nil, err
	}
	if cur := d.acc.Status(c.now).Current; cur == fn.CurrentReceipt || cur == fn.CurrentCorrection {
		if err := d.acc.Cancel(); err != nil {
			return nil, err
		}
	}
	d.nv.cancelReceipt(r)
	if d.tableNumber(17, 1, 15) == 1 {
		d.order(d.textJob(c, append(d.head("ЧЕК"), "АННУЛИРОВАН")))
	}
	return codec.OperatorAnswer{For: c.code, Operator: c.operator}, nil
}

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
	body := d.receiptTLV(r, paid, tax, total)
	body = append(body, r.TLV...)
	if err := d.acc.Add(body); err != nil {
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
	d.nv.closeReceipt(r, total, paid, change)
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
	cur := d.acc.Status(c.now).Current
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

// receiptTLV is what the till tells the accumulator of a receipt.
func (d *Device) receiptTLV(r *receipt, paid fiscal.Payments, tax byte, total fiscal.Money) []byte {
	b := make([]byte, 0, 512)
	b = d.cashierTLV(b, r.Opener, r.TLV)
	ffd := byte(2)
	if reg, _, ok := d.acc.Registration(); ok {
		ffd = reg.FFD
	}
	b = fn.AppendTLV(b, fn.TagFFD, []byte{ffd})
	b = fn.AppendTLV(b, fn.TagTaxSystem, []byte{tax})
	var it []byte
	for _, i := range r.Items {
		it = fn.AppendText(it[:0], fn.TagName, i.Name)
		it = fn.AppendUint(it, fn.TagPrice, uint64(i.Price))
		it = fn.AppendQuantity(it, fn.TagQuantity, i.Quantity)
		it = fn.AppendUint(it, fn.TagItemSum, uint64(i.Sum))
		it = fn.AppendTLV(it, fn.TagVAT, []byte{i.VAT})
		it = fn.AppendTLV(it, fn.TagMethod, []byte{i.Method})
		it = fn.AppendTLV(it, fn.TagSubject, []byte{i.Subject})
		it = append(it, i.TLV...)
		b = fn.AppendTLV(b, fn.TagItem, it)
	}
	b = fn.AppendUint(b, fn.TagCash, uint64(paid.Cash))
	b = fn.AppendUint(b, fn.TagElectronic, uint64(paid.Electronic))
	b = fn.AppendUint(b, fn.TagPrepaid, uint64(paid.Prepaid))
	b = fn.AppendUint(b, fn.TagCredit, uint64(paid.Credit))
	b = fn.AppendUint(b, fn.TagBarter, uint64(paid.Barter))
	return b
}

// cashierTLV adds the operator's name of table 2, unless the host gave one.
func (d *Device) cashierTLV(b []byte, operator byte, given []byte) []byte {
	if _, ok := fn.Get(given, fn.TagCashier); ok || operator == 0 {
		return b
	}
	return fn.AppendText(b, fn.TagCashier, d.tableText(2, uint16(operator), 2))
}

// correction is FF36h: a total and nothing else.
func (d *Device) correction(c *call, q codec.Correction) (codec.Answer, error) {
	return d.formCorrection(c, byte(q.Sign), q.Total, fiscal.Payments{Cash: q.Total}, 0, nil)
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
	return d.formCorrection(c, byte(q.Sign), q.Total, paid, byte(q.TaxSystem), fn.AppendTLV(nil, fn.TagCorrection, []byte{q.Order}))
}

func (d *Device) formCorrection(c *call, op byte, total fiscal.Money, paid fiscal.Payments, tax byte, more []byte) (codec.Answer, error) {
	if op < 1 || op > 4 {
		return nil, refuse(codec.ErrBadParameters)
	}
	if d.shiftMode() == 4 {
		return nil, refuse(codec.ErrShiftNotOpen)
	}
	switch cur := d.acc.Status(c.now).Current; cur {
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
	body := append(d.receiptTLV(r, paid, tax, total), more...)
	if err := d.acc.Add(body); err != nil {
		return nil, err
	}
	doc, err := d.acc.Receipt(c.now, op, total)
	if err != nil {
		return nil, err
	}
	if err := d.committed(c); err != nil {
		return nil, err
	}
	d.nv.closeReceipt(r, total, paid, 0)
	j := d.receiptJob(doc, r, 0)
	j.Code, j.Serial = c.code, c.serial
	d.nv.Job = j
	d.nv.keepCopy()
	d.nv.Job = nil
	d.order(j)
	d.save()
	return codec.CorrectionAnswer{For: c.code, Receipt: doc.Receipt, FD: doc.FD, FP: doc.FP, Time: d.dt(doc)}, nil
}
