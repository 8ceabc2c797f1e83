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
	cur := d.acc.Preparing()
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
	if _, err := fn.Objects(tlv); err != nil || len(r.Items) == 0 {
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
	if _, err := fn.Objects(tlv); err != nil {
		return nil, err
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
	if cur := d.acc.Preparing(); cur == fn.CurrentReceipt || cur == fn.CurrentCorrection {
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
