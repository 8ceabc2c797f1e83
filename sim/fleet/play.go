package fleet

import (
	"fmt"
	"math/rand/v2"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
)

// articles is how many things a fleet sells.
const articles = 2000

// act is one thing a till did.
type act struct {
	kind    fiscal.Kind
	at      time.Time // civil, as if it were UTC
	receipt fiscal.Receipt
	change  fiscal.Money
	// foreign is done by another program: no journal of ours tells of it.
	foreign bool
}

// days gives what a till does, day by day, in order.
func (t *Till) days(yield func(act) error) error {
	rng := rand.New(rand.NewPCG(t.seed, 1))
	shelf := assortment(t.options.Seed, articles)
	for day := range t.options.Days {
		if rng.IntN(40) == 0 {
			continue // closed
		}
		open := t.options.First.AddDate(0, 0, day).Add(time.Duration(t.outlet.Opens)*time.Hour + time.Duration(rng.IntN(20))*time.Minute)
		closes := t.options.First.AddDate(0, 0, day).Add(time.Duration(t.outlet.Closes)*time.Hour - time.Minute)
		who := fiscal.Cashier{Name: t.people[rng.IntN(len(t.people))]}
		if err := yield(act{kind: fiscal.OpenShift, at: open, receipt: fiscal.Receipt{Cashier: who}}); err != nil {
			return err
		}
		n := max(1, t.options.Receipts/2+rng.IntN(t.options.Receipts+1))
		pace := closes.Sub(open) / time.Duration(n+1)
		at := open
		for range n {
			at = at.Add(pace)
			a := t.receipt(rng, shelf, who)
			a.at = at.Truncate(time.Minute)
			if err := yield(a); err != nil {
				return err
			}
		}
		if err := yield(act{kind: fiscal.CloseShift, at: closes, receipt: fiscal.Receipt{Cashier: who}}); err != nil {
			return err
		}
	}
	return nil
}

// receipt invents one.
func (t *Till) receipt(rng *rand.Rand, shelf []article, who fiscal.Cashier) act {
	r := fiscal.Receipt{Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Cashier: who}
	switch x := rng.IntN(1000); {
	case x < 20:
		r.Kind = fiscal.SaleReturn
	case x < 24:
		r.Kind = fiscal.Purchase
	case x < 26:
		r.Kind = fiscal.PurchaseReturn
	}
	for range 1 + rng.IntN(5) {
		a := pick(rng, shelf)
		i := fiscal.Item{Name: a.name, Price: a.price, Quantity: fiscal.One, VAT: a.vat, Method: 4, Subject: 1}
		switch {
		case a.weighs:
			i.Quantity = fiscal.Quantity(100+rng.IntN(3000)) * 1000
		case rng.IntN(4) == 0:
			i.Quantity *= fiscal.Quantity(1 + rng.IntN(4))
		}
		i.Sum = i.Total()
		r.Items = append(r.Items, i)
	}
	if rng.IntN(20) == 0 {
		if total := r.Total(); total > 100 {
			r.Rounding = total % 100
		}
	}
	total := r.Total()
	a := act{kind: r.Kind, foreign: rng.IntN(200) == 0}
	switch x := rng.IntN(100); {
	case x < 35 && r.Kind == fiscal.Sale:
		given := (total + 9999) / 10000 * 10000
		r.Payments.Cash, a.change = given, given-total
	case x < 35:
		r.Payments.Cash = total
	case x < 40:
		r.Payments.Cash, r.Payments.Electronic = total/3, total-total/3
	case x == 40:
		r.Payments.Credit = total
	case x == 41:
		r.Payments.Prepaid = total
	default:
		r.Payments.Electronic = total
	}
	if rng.IntN(10) == 0 {
		r.Customer = fmt.Sprintf("+79%09d", rng.IntN(1_000_000))
	}
	if rng.IntN(300) == 0 {
		r.Correction = &fiscal.Correction{Date: fiscal.DateTime{Year: t.options.First.Year(), Month: int(t.options.First.Month()), Day: 1}}
		r.Customer = ""
		r.Payments.Cash -= a.change
		a.change = 0
	}
	a.receipt = r
	return a
}

// operation is what a journal of ours tells of an act; nil for somebody else's.
func (t *Till) operation(a act, doc *fiscalv1.Document) *fiscalv1.Operation {
	if a.foreign {
		return nil
	}
	utc := a.at.Add(-time.Duration(t.outlet.Zone) * time.Hour).UnixMilli()
	op := &fiscalv1.Operation{
		Key: fmt.Sprintf("%s-%d", t.FN, doc.GetFd()), Till: t.Name, Kind: fiscalv1.Kind(a.kind), Cashier: &fiscalv1.Cashier{Name: a.receipt.Cashier.Name},
		Stage: fiscalv1.Stage_STAGE_ENDED, Outcome: fiscalv1.Outcome_OUTCOME_DONE, Document: doc, Paper: fiscalv1.PaperTrack_PAPER_TRACK_PRINTED,
		AcceptedMs: utc, EndedMs: utc + 900, Revision: 2, Change: int64(a.change),
	}
	if !a.kind.IsReceipt() {
		return op
	}
	r := a.receipt
	op.Receipt = &fiscalv1.Receipt{TaxSystem: uint32(r.TaxSystem), Customer: r.Customer, Rounding: int64(r.Rounding), Payments: &fiscalv1.Payments{
		Cash: int64(r.Payments.Cash), Electronic: int64(r.Payments.Electronic), Prepaid: int64(r.Payments.Prepaid), Credit: int64(r.Payments.Credit),
	}}
	if r.Correction != nil {
		op.Receipt.Correction = &fiscalv1.Correction{Date: r.Correction.Date.String()}
	}
	for _, i := range r.Items {
		op.Receipt.Items = append(op.Receipt.Items, &fiscalv1.Item{
			Name: i.Name, Quantity: i.Quantity.String(), Price: int64(i.Price), Sum: int64(i.Sum), Vat: i.VAT.Name(),
		})
	}
	return op
}

// Quick gives the operations alone, in order, and no fiscal memory remembers them.
func (t *Till) Quick(emit func(*uplinkv1.Entry) error) error {
	fd, shift, receipt := uint32(1), uint32(0), uint32(0)
	return t.days(func(a act) error {
		fd++
		a.foreign = false
		doc := &fiscalv1.Document{Fn: t.FN, Fd: fd, Fp: uint32(t.seed) ^ fd*2654435761, At: fn.Civil(a.at).String()}
		switch a.kind {
		case fiscal.OpenShift:
			shift, receipt = shift+1, 0
			doc.Type = uint32(fiscal.DocShiftOpened)
		case fiscal.CloseShift:
			doc.Type = uint32(fiscal.DocShiftClosed)
		default:
			receipt++
			doc.Type = uint32(ffd.ReceiptForm(a.receipt, t.reg))
			doc.Kind, doc.Total, doc.Receipt = fiscalv1.Kind(a.kind), int64(a.receipt.Total()), receipt
		}
		doc.Shift = shift
		return emit(&uplinkv1.Entry{Operation: t.operation(a, doc)})
	})
}

// Play puts what the till does through a fiscal memory over the log, and gives what the agent tells of it: operations, and copies of
// all documents. Some come late, some twice.
func (t *Till) Play(log flash.Log, emit func(*uplinkv1.Entry) error) error {
	now := t.options.First.Add(-time.Hour)
	acc, err := fn.Open(log, fn.Options{Number: t.FN}, now)
	if err != nil {
		return fmt.Errorf("open memory %s: %w", t.FN, err)
	}
	rng := rand.New(rand.NewPCG(t.seed, 2))
	late := &delayed{rng: rng, emit: emit}
	tell := func(d fn.Document, op func(*fiscalv1.Document) *fiscalv1.Operation) error {
		f := d.Fact()
		doc := &fiscalv1.Document{
			Fn: f.FN, Fd: f.FD, Fp: f.FP, Type: uint32(f.Type), At: f.At.String(), Kind: fiscalv1.Kind(f.Kind), Total: int64(f.Total), Shift: f.Shift,
			Receipt: f.Receipt, Qr: f.QR(),
		}
		if o := op(doc); o != nil {
			if err := late.add(&uplinkv1.Entry{Operation: o}); err != nil {
				return err
			}
		}
		return late.add(&uplinkv1.Entry{Copy: &uplinkv1.DocumentCopy{Till: t.Name, Document: doc, Tlv: d.TLV}})
	}
	registered, err := acc.Fiscalise(now, t.reg)
	if err != nil {
		return fmt.Errorf("register memory %s: %w", t.FN, err)
	}
	if err := tell(registered, func(*fiscalv1.Document) *fiscalv1.Operation { return nil }); err != nil {
		return err
	}
	err = t.days(func(a act) error {
		acc.Age(a.at.Sub(now))
		now = a.at
		d, err := t.do(acc, a)
		if err != nil {
			return fmt.Errorf("till %s of %s at %s: %w", t.Name, t.outlet.Name, a.at, err)
		}
		if a.kind == fiscal.CloseShift {
			if _, err := acc.Deliver(1<<20, now); err != nil {
				return err
			}
		}
		return tell(d, func(doc *fiscalv1.Document) *fiscalv1.Operation { return t.operation(a, doc) })
	})
	if err != nil {
		return err
	}
	if err := late.rest(); err != nil {
		return err
	}
	return acc.Close()
}

// do makes the document of an act.
func (t *Till) do(acc *fn.Accumulator, a act) (fn.Document, error) {
	current, given, err := fn.CurrentReceipt, []ffd.Field(nil), error(nil)
	switch a.kind {
	case fiscal.OpenShift:
		current = fn.CurrentOpenShift
		given, err = ffd.ShiftOpening(a.receipt.Cashier, t.reg)
	case fiscal.CloseShift:
		current = fn.CurrentCloseShift
		given, err = ffd.ShiftClosing(a.receipt.Cashier, t.reg)
	default:
		if a.receipt.Correction != nil {
			current = fn.CurrentCorrection
		}
		given, err = ffd.Receipt(a.receipt, t.reg)
	}
	if err != nil {
		return fn.Document{}, err
	}
	if err := acc.Begin(current, a.at); err != nil {
		return fn.Document{}, err
	}
	messages, err := ffd.Messages(given)
	if err != nil {
		return fn.Document{}, err
	}
	for _, m := range messages {
		if err := acc.Add(m); err != nil {
			return fn.Document{}, err
		}
	}
	switch current {
	case fn.CurrentOpenShift:
		return acc.OpenShift()
	case fn.CurrentCloseShift:
		return acc.CloseShift()
	}
	return acc.Receipt(a.at, byte(a.kind.Sign()), a.receipt.Total())
}

// delayed holds some entries back and tells some twice.
type delayed struct {
	rng  *rand.Rand
	emit func(*uplinkv1.Entry) error
	held []*uplinkv1.Entry
}

func (d *delayed) add(e *uplinkv1.Entry) error {
	switch d.rng.IntN(40) {
	case 0:
		d.held = append(d.held, e)
		return nil
	case 1:
		if err := d.emit(e); err != nil {
			return err
		}
	}
	if len(d.held) > 0 && d.rng.IntN(100) == 0 {
		if err := d.rest(); err != nil {
			return err
		}
	}
	return d.emit(e)
}

// rest gives what was held back, last first.
func (d *delayed) rest() error {
	for i := len(d.held) - 1; i >= 0; i-- {
		if err := d.emit(d.held[i]); err != nil {
			return err
		}
	}
	d.held = nil
	return nil
}
