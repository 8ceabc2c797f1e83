package documents

import (
	"context"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/store"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// readOperation tells of a document what the operation that made it knows: what it is searched and counted by. A fact without a
// key knows nothing.
func readOperation(d *store.Document, op *fiscalv1.Operation) {
	if op.GetKey() == "" {
		return
	}
	d.Paper, d.Ofd, d.Revision = int32(op.GetPaper()), int32(op.GetOfd()), int64(op.GetRevision())
	body := op.GetReceipt()
	if body == nil && isReceipt(d.Type) {
		return // its copy tells more
	}
	d.Source = store.SourceReceipt
	d.CashierName = op.GetCashier().GetName()
	if body == nil {
		return
	}
	var rates [fiscal.VAT22122 + 1]rate
	var lines fiscal.Money
	d.Items = make([]store.Item, len(body.GetItems()))
	for i, item := range body.GetItems() {
		quantity, _ := fiscal.ParseQuantity(item.GetQuantity()) // the agent has checked it; what is no number counts nothing
		line := fiscal.Item{Quantity: quantity, Price: fiscal.Money(item.GetPrice()), Sum: fiscal.Money(item.GetSum())}
		sum := line.Total()
		lines += sum
		d.Items[i] = store.Item{Name: item.GetName(), Quantity: int64(quantity), Price: item.GetPrice(), Sum: int64(sum)}
		if v, ok := fiscal.ParseVAT(item.GetVat()); ok {
			rates[v].lines++
			rates[v].sum += sum
		}
	}
	total := lines - fiscal.Money(body.GetRounding())
	if d.Total == 0 {
		d.Total = int64(total)
	}
	p := body.GetPayments()
	d.Cash, d.Electronic, d.Prepaid, d.Credit, d.Barter = p.GetCash(), p.GetElectronic(), p.GetPrepaid(), p.GetCredit(), p.GetBarter()
	if change := d.Cash + d.Electronic + d.Prepaid + d.Credit + d.Barter - int64(total); change > 0 && d.Cash >= change {
		d.Cash -= change // given back to the buyer
	}
	var vat strings.Builder
	for v := range rates {
		if rates[v].lines == 0 {
			continue
		}
		tax := rates[v].sum // without a tax the format tells the sum itself
		if v := fiscal.VAT(v); v != fiscal.VAT0 && v != fiscal.VATNone {
			tax = v.In(tax)
		}
		addVAT(&vat, fiscal.VAT(v), tax)
	}
	d.Vat, d.Buyer, d.Positions = vat.String(), store.FoldBuyer(body.GetCustomer()), int32(len(d.Items))
}

type rate struct {
	lines int
	sum   fiscal.Money
}

func addVAT(text *strings.Builder, v fiscal.VAT, sum fiscal.Money) {
	if text.Len() > 0 {
		text.WriteByte(' ')
	}
	text.WriteString(v.Name() + "=" + strconv.FormatInt(int64(sum), 10))
}

// vatTags are the tags of a receipt for the rates that have one of their own; the others stand in tag 1115.
var vatTags = map[ffd.Tag]fiscal.VAT{
	ffd.TagVAT20: fiscal.VAT20, ffd.TagVAT10: fiscal.VAT10, ffd.TagVAT20120: fiscal.VAT20120, ffd.TagVAT10110: fiscal.VAT10110,
	ffd.TagVAT0: fiscal.VAT0, ffd.TagVATNone: fiscal.VATNone,
}

// readCopy tells of a document what its own tags say.
func readCopy(d *store.Document, doc ffd.Document) {
	d.Source = store.SourceCopy
	if f, ok := doc.Find(ffd.TagRNM); ok {
		d.RNM = f.Text()
	}
	if f, ok := doc.Find(ffd.TagCashier); ok {
		d.CashierName = f.Text()
	}
	r, ok := doc.Receipt()
	if !ok {
		return
	}
	d.Cash, d.Electronic, d.Prepaid = int64(r.Payments.Cash), int64(r.Payments.Electronic), int64(r.Payments.Prepaid)
	d.Credit, d.Barter = int64(r.Payments.Credit), int64(r.Payments.Barter)
	d.Buyer = store.FoldBuyer(r.Customer)
	d.Items = make([]store.Item, len(r.Items))
	for i, item := range r.Items {
		d.Items[i] = store.Item{Name: item.Name, Quantity: int64(item.Quantity), Price: int64(item.Price), Sum: int64(item.Total())}
	}
	d.Positions = int32(len(d.Items))
	var taxes [fiscal.VAT22122 + 1]fiscal.Money
	var told [fiscal.VAT22122 + 1]bool
	for i := range doc.Fields {
		f := &doc.Fields[i]
		if v := vatTags[f.Tag]; v != 0 {
			taxes[v], told[v] = taxes[v]+f.Sum(), true
		}
		if f.Tag != ffd.TagVATSums {
			continue
		}
		for _, one := range f.All(ffd.TagVATSum) {
			which, _ := one.Find(ffd.TagVAT)
			sum, _ := one.Find(ffd.TagVATAmount)
			if v := which.Uint(); v > 0 && v < uint64(len(taxes)) {
				taxes[v], told[v] = taxes[v]+sum.Sum(), true
			}
		}
	}
	var vat strings.Builder
	for v := range taxes {
		if told[v] {
			addVAT(&vat, fiscal.VAT(v), taxes[v])
		}
	}
	d.Vat = vat.String()
}

func isReceipt(form int32) bool {
	switch fiscal.DocumentType(form) { //nolint:exhaustive // the other forms are no receipts
	case fiscal.DocReceipt, fiscal.DocBSO, fiscal.DocCorrection, fiscal.DocBSOCorrection:
		return true
	default:
		return false
	}
}

// again reads a stored document anew: what it is searched and counted by follows from its operation and its copy alone.
func again(s store.Stored) store.Document {
	d := s.Document
	d.Source, d.CashierName, d.RNM, d.Items = store.SourceFact, "", "", nil
	d.Cash, d.Electronic, d.Prepaid, d.Credit, d.Barter, d.Vat, d.Cashier, d.Buyer, d.Positions = 0, 0, 0, 0, 0, "", 0, "", 0
	if len(s.Operation) > 0 {
		op := new(fiscalv1.Operation)
		if err := proto.Unmarshal(s.Operation, op); err == nil {
			told := d
			readOperation(&told, op)
			// A later revision may tell of another document, or of none any more; what was asked for is the same.
			if own := op.GetDocument(); own.GetFn() != d.FN || int64(own.GetFd()) != d.FD {
				told.Paper, told.Ofd, told.Revision = d.Paper, d.Ofd, d.Revision
			}
			d, _ = store.Join(d, told)
		}
	}
	if doc, err := ffd.ParseDocument(s.Copy); err == nil {
		told := d
		told.Items, told.Buyer, told.CashierName, told.Vat, told.Positions = nil, "", "", "", 0
		told.Cash, told.Electronic, told.Prepaid, told.Credit, told.Barter = 0, 0, 0, 0, 0
		readCopy(&told, doc)
		d, _ = store.Join(d, told)
	}
	return d
}

// ReadUnread reads what was stored before there were figures. It ends when all is read.
func (d *Documents) ReadUnread(ctx context.Context) error {
	return d.store.ReadUnread(ctx, again, func(left int64) {
		if left%10_000 < 1000 {
			d.log.InfoContext(ctx, "reading stored documents", "left", left)
		}
	})
}

// Rebuild makes every sum anew from the documents.
func (d *Documents) Rebuild(ctx context.Context) error {
	if err := d.store.Unread(ctx); err != nil {
		return err
	}
	return d.ReadUnread(ctx)
}

// Check compares every sum with the documents; it tells how many documents it read.
func (d *Documents) Check(ctx context.Context, differ func(store.Difference)) (int64, error) {
	return d.store.Check(ctx, again, differ)
}
