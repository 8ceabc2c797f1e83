package shtrih

import (
	"context"
	"fmt"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

// Register implements drivers.Till: open, tags, operations, a look at the
// subtotal, close. Everything before the closing command lives in the till's
// buffer only, and is cancelled here when the till refuses a part of it.
func (t *Till) Register(ctx context.Context, r fiscal.Receipt) (fiscal.Document, error) {
	if r.Correction != nil {
		return t.correct(ctx, r)
	}
	return t.receipt(ctx, "register", r, fiscal.DocReceipt, nil)
}

// receipt makes a receipt, or a correction in the form of one.
func (t *Till) receipt(ctx context.Context, op string, r fiscal.Receipt, form fiscal.DocumentType, more []ffd.Field) (fiscal.Document, error) {
	plan, err := t.plan(ctx, r, more)
	if err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	if err := t.readyIn(ctx, op, shiftOpen); err != nil {
		return fiscal.Document{}, err
	}
	if err := t.counters(ctx); err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	kind := shtrih.SettlementSign(r.Kind.Sign()).Receipt()
	if form == fiscal.DocCorrection {
		kind |= shtrih.ReceiptCorrection
	}
	if _, err := t.ask(ctx, shtrih.OpenReceipt{Password: t.opts.CashierPassword, Type: kind}); err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	if err := t.fill(ctx, plan); err != nil {
		t.abandon(ctx, err)
		return fiscal.Document{}, prepared(op, err)
	}
	a, err := get[shtrih.CloseReceiptV2Answer](ctx, t, plan.close)
	if err != nil {
		if e := explain(op, err); e.Outcome == fiscal.NotDone {
			t.abandon(ctx, err)
		}
		return fiscal.Document{}, committed(op, err)
	}
	want := fiscal.Document{Type: form, FD: a.FD, FP: a.FP, Kind: r.Kind, Total: r.Total()}
	if a.Time != nil {
		want.At = *a.Time
	}
	return t.prove(ctx, op, want)
}

// plan is a receipt translated whole before the till hears of it.
type plan struct {
	tags  [][]byte
	items []shtrih.OperationV2
	text  []shtrih.PrintString
	total fiscal.Money // of the lines
	close shtrih.CloseReceiptV2
}

func (t *Till) plan(ctx context.Context, r fiscal.Receipt, more []ffd.Field) (plan, error) {
	var p plan
	if !r.Kind.IsReceipt() || len(r.Items) == 0 {
		return p, refuse("", drivers.CodeRefused, "not a receipt: %v with %d lines", r.Kind, len(r.Items))
	}
	device, err := t.device(ctx)
	if err != nil {
		return p, err
	}
	if p.tags, err = cashierTags(r.Cashier); err != nil {
		return p, notSent(err)
	}
	if r.Customer != "" {
		more = append([]ffd.Field{textTag(ffd.TagCustomer, r.Customer)}, more...)
	}
	if r.Marker != "" {
		more = append(more, markerTag(r.Marker))
	}
	if p.tags, err = appendRows(p.tags, more...); err != nil {
		return p, notSent(err)
	}
	for i, item := range r.Items {
		o, err := t.operation(r.Kind, item, device.Model)
		if err != nil {
			return p, fmt.Errorf("line %d: %w", i+1, err)
		}
		p.items = append(p.items, o)
		p.total += o.Sum
	}
	for _, line := range r.Text {
		p.text = append(p.text, shtrih.PrintString{
			Password: t.opts.CashierPassword, Flags: shtrih.OnReceipt, Text: shtrih.Windows1251.Fit(line),
		})
	}
	p.close = shtrih.CloseReceiptV2{
		Password: t.opts.CashierPassword, Rounding: byte(r.Rounding), TaxSystem: shtrih.TaxSystem(r.TaxSystem),
	}
	p.close.Payments[shtrih.PaymentCash] = r.Payments.Cash
	p.close.Payments[shtrih.PaymentElectronic] = r.Payments.Electronic
	p.close.Payments[shtrih.PaymentPrepaid] = r.Payments.Prepaid
	p.close.Payments[shtrih.PaymentCredit] = r.Payments.Credit
	p.close.Payments[shtrih.PaymentBarter] = r.Payments.Barter
	// Whatever the till would refuse only after it has begun is found here.
	requests := []shtrih.Request{p.close}
	for _, o := range p.items {
		requests = append(requests, o)
	}
	for _, s := range p.text {
		requests = append(requests, s)
	}
	for _, request := range requests {
		if _, err := shtrih.EncodeRequest(request); err != nil {
			return p, refuse("", drivers.CodeUnsupported, "%w", err)
		}
	}
	return p, nil
}

// operation translates one line. The sum always goes along, so that the till
// does not round another way than the receipt was checked with; it takes a sum
// within a kopeck of price times quantity (P117, FF46h).
func (t *Till) operation(kind fiscal.Kind, item fiscal.Item, model shtrih.Model) (shtrih.OperationV2, error) {
	vat, ok := shtrih.VATCode(model, item.VAT)
	if !ok {
		return shtrih.OperationV2{}, refuse("", drivers.CodeUnsupported, "VAT rate %q on this model", item.VAT.Name())
	}
	return shtrih.OperationV2{
		Password: t.opts.CashierPassword, Sign: shtrih.SettlementSign(kind.Sign()),
		Quantity: item.Quantity, Price: item.Price, Sum: item.Total(), Tax: shtrih.Auto, VAT: vat,
		Department: byte(or(item.Department, 1)), Method: byte(or(item.Method, 4)), Subject: byte(or(item.Subject, 1)),
		Name: shtrih.Windows1251.Clip(shtrih.Windows1251.Fit(item.Name), shtrih.MaxNameV2),
	}, nil
}

func or(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

// fill brings the open receipt to where only the closing command is missing.
func (t *Till) fill(ctx context.Context, p plan) error {
	if err := t.sendTags(ctx, p.tags); err != nil {
		return err
	}
	for _, o := range p.items {
		if _, err := t.ask(ctx, o); err != nil {
			return err
		}
	}
	for _, s := range p.text {
		if _, err := t.ask(ctx, s); err != nil {
			return err
		}
	}
	sub, err := get[shtrih.SubtotalAnswer](ctx, t, shtrih.Subtotal{Password: t.opts.CashierPassword})
	if err != nil {
		return err
	}
	if sub.Sum != p.total {
		return refuse("", drivers.CodeRefused, "%w: subtotal %v, the lines make %v", errOdd, sub.Sum, p.total)
	}
	return nil
}

// abandon cancels the receipt being built after the till refused a part of it.
// After a fault of the wire it does nothing: then the state is the agent's to
// find out.
func (t *Till) abandon(ctx context.Context, why error) {
	if _, broken := asLinkError(why); broken {
		return
	}
	if _, err := t.ask(ctx, shtrih.CancelReceipt{Password: t.opts.CashierPassword}); err != nil {
		t.log.Info("refused receipt not cancelled", "error", err.Error())
	}
}

// cashierTags are the tags that name the cashier; none when there is no name.
func cashierTags(by fiscal.Cashier) ([][]byte, error) {
	var tags []ffd.Field
	if by.Name != "" {
		tags = append(tags, textTag(ffd.TagCashier, by.Name))
	}
	if by.INN != "" {
		tags = append(tags, textTag(ffd.TagCashierINN, by.INN))
	}
	return appendRows(nil, tags...)
}

// textTag is a tag of text. What the page lacks is replaced as on paper.
func textTag(tag ffd.Tag, s string) ffd.Field { return ffd.Text(tag, shtrih.CP866.Fit(s)) }

// appendRows packs tags into as few commands as they fit in.
func appendRows(rows [][]byte, tags ...ffd.Field) ([][]byte, error) {
	for _, tag := range tags {
		b := ffd.Append(nil, tag)
		if len(b) > shtrih.MaxTLV {
			return nil, fmt.Errorf("tag %d takes %d bytes, at most %d go", tag.Tag, len(b), shtrih.MaxTLV)
		}
		rows = append(rows, b)
	}
	return rows, nil
}
