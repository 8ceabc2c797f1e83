package bundle

import (
	"strings"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

// cut returns the record without sums, names and buyers, in such a way that the
// driver says the same bytes for it once those are blanked too: texts keep
// their length on the wire, every line costs a kopeck, and the payment is as
// many kopecks as there are lines.
func cut(rec *journalv1.Record, s *scrubber) *journalv1.Record {
	rec = proto.CloneOf(rec)
	rec.BodyHash = nil // with a short list of prices it would tell the sum
	op := rec.GetOperation()
	if op == nil {
		return rec
	}
	op.Key, op.DuplicateOf = s.text(op.GetKey()), s.text(op.GetDuplicateOf())
	op.Text = s.text(op.GetText())
	for i, line := range op.GetEvidence() {
		op.Evidence[i] = s.text(line)
	}
	op.Change = 0
	if op.GetAmount() != 0 {
		op.Amount = 1
	}
	if c := op.GetCashier(); c != nil {
		c.Name, c.Inn = filler(shtrih.CP866.Fit(c.GetName())), strings.Repeat("0", len(c.GetInn()))
	}
	if d := op.GetDocument(); d != nil {
		d.Total, d.Qr = 0, ""
	}
	for _, d := range op.GetCandidates() { // of other people's receipts too
		d.Total, d.Qr = 0, ""
	}
	if r := op.GetRegistration(); r != nil {
		r.Inn = strings.Repeat("0", len(r.GetInn()))
		r.User, r.Address, r.Place, r.Sender = filler(r.GetUser()), filler(r.GetAddress()), filler(r.GetPlace()), filler(r.GetSender())
	}
	if r := op.GetReceipt(); r != nil {
		cutReceipt(r)
	}
	return rec
}

func cutReceipt(r *fiscalv1.Receipt) {
	r.Customer = filler(shtrih.CP866.Fit(r.GetCustomer()))
	r.Rounding = 0
	for _, i := range r.GetItems() {
		i.Name = filler(shtrih.Windows1251.Clip(shtrih.Windows1251.Fit(i.GetName()), shtrih.MaxNameV2))
		i.Price, i.Sum = 1, 1
	}
	for i, line := range r.GetText() {
		r.Text[i] = filler(shtrih.Windows1251.Fit(line))
	}
	if c := r.GetCorrection(); c != nil {
		c.Reason, c.Number = filler(shtrih.CP866.Fit(c.GetReason())), filler(shtrih.CP866.Fit(c.GetNumber()))
	}
	all := int64(len(r.GetItems()))
	was := r.GetPayments()
	now := &fiscalv1.Payments{}
	switch {
	case was.GetCash() > 0:
		now.Cash = all
	case was.GetElectronic() > 0:
		now.Electronic = all
	case was.GetPrepaid() > 0:
		now.Prepaid = all
	case was.GetCredit() > 0:
		now.Credit = all
	default:
		now.Barter = all
	}
	r.Payments = now
}

// filler is as long as a text on the wire, where a character is a byte.
func filler(text string) string { return strings.Repeat("x", len([]rune(text))) }

// sumsOf is what the receipt of an operation comes to after each line.
func sumsOf(op *fiscalv1.Operation) sums {
	if op.GetReceipt() == nil {
		return sums{}
	}
	s := sums{steps: []fiscal.Money{0}}
	for _, i := range op.GetReceipt().GetItems() {
		item := fiscal.Item{Price: fiscal.Money(i.GetPrice()), Sum: fiscal.Money(i.GetSum())}
		item.Quantity, _ = fiscal.ParseQuantity(i.GetQuantity()) // was checked when it was asked for
		s.total += item.Total()
		s.steps = append(s.steps, s.total)
	}
	s.total -= fiscal.Money(op.GetReceipt().GetRounding())
	return s
}
