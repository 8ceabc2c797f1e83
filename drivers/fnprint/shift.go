package fnprint

import (
	"context"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/fn"
)

// OpenShift implements drivers.Till.
func (t *Till) OpenShift(ctx context.Context, by fiscal.Cashier) (fiscal.Document, error) {
	const op = "open shift"
	s, err := t.ready(ctx, op, needs{registered: true, closed: true})
	if err != nil {
		return fiscal.Document{}, err
	}
	given, err := ffd.ShiftOpening(by, s.reg.Registration)
	if err != nil {
		return fiscal.Document{}, failure(op, drivers.CodeFormat, fiscal.NotDone, err)
	}
	at := t.minute()
	got, err := t.form(ctx, op, s.FD, given, formation{begin: fn.BeginOpenShift{At: at}, commit: fn.OpenShift{}})
	if err != nil {
		return fiscal.Document{}, err
	}
	t.known.shift = &shiftStart{shift: got.Number, at: at}
	d := fiscal.Document{FN: s.FN, FD: got.FD, FP: got.FP, Type: fiscal.DocShiftOpened, At: at, Shift: uint32(got.Number)}
	t.print(ctx, d, slipExtra{})
	return d, nil
}

// CloseShift implements drivers.Till.
func (t *Till) CloseShift(ctx context.Context, by fiscal.Cashier) (fiscal.Document, error) {
	const op = "close shift"
	s, err := t.ready(ctx, op, needs{registered: true, overdue: true})
	if err != nil {
		return fiscal.Document{}, err
	}
	given, err := ffd.ShiftClosing(by, s.reg.Registration)
	if err != nil {
		return fiscal.Document{}, failure(op, drivers.CodeFormat, fiscal.NotDone, err)
	}
	at := t.minute()
	got, err := t.form(ctx, op, s.FD, given, formation{begin: fn.BeginCloseShift{At: at}, commit: fn.CloseShift{}})
	if err != nil {
		return fiscal.Document{}, err
	}
	t.known.shift = nil
	d := fiscal.Document{FN: s.FN, FD: got.FD, FP: got.FP, Type: fiscal.DocShiftClosed, At: at, Shift: uint32(got.Number)}
	t.print(ctx, d, slipExtra{})
	return d, nil
}

// Settlement implements drivers.Till.
func (t *Till) Settlement(ctx context.Context) (fiscal.Document, error) {
	const op = "settlement report"
	s, err := t.ready(ctx, op, needs{registered: true, closed: true, afterlife: true})
	if err != nil {
		return fiscal.Document{}, err
	}
	given, err := ffd.Settlement(s.reg.Registration)
	if err != nil {
		return fiscal.Document{}, failure(op, drivers.CodeFormat, fiscal.NotDone, err)
	}
	at := t.minute()
	got, err := t.form(ctx, op, s.FD, given, formation{begin: fn.BeginReport{At: at}, commit: fn.FormReport{}})
	if err != nil {
		return fiscal.Document{}, err
	}
	d := fiscal.Document{FN: s.FN, FD: got.FD, FP: got.FP, Type: fiscal.DocSettlementReport, At: at}
	t.print(ctx, d, slipExtra{})
	return d, nil
}

// CashIn implements drivers.Till.
func (t *Till) CashIn(ctx context.Context, sum fiscal.Money) error {
	return t.cash(ctx, "cash in", fiscal.CashIn, sum)
}

// CashOut implements drivers.Till.
func (t *Till) CashOut(ctx context.Context, sum fiscal.Money) error {
	return t.cash(ctx, "cash out", fiscal.CashOut, sum)
}

// cash moves money. The durable write of the counter is the effect.
func (t *Till) cash(ctx context.Context, op string, kind fiscal.Kind, sum fiscal.Money) error {
	if sum <= 0 || sum > fiscal.MaxMoney {
		return refuse(op, drivers.CodeRefused, "sum %v", sum)
	}
	s, err := t.ready(ctx, op, needs{registered: true, afterlife: true})
	if err != nil {
		return err
	}
	now := t.copyState()
	if kind == fiscal.CashOut && now.Drawer < sum {
		return refuse(op, drivers.CodeNoCash, "%v in the drawer, %v asked for", now.Drawer, sum)
	}
	return t.count(ctx, op, func(m *State) {
		m.Moved = m.Moved.in(uint32(s.shift.Shift))
		if kind == fiscal.CashOut {
			m.CashOuts, m.Drawer = m.CashOuts+1, m.Drawer-sum
			m.Moved.Outs, m.Moved.OutSum = m.Moved.Outs+1, m.Moved.OutSum+sum
		} else {
			m.CashIns, m.Drawer = m.CashIns+1, m.Drawer+sum
			m.Moved.Ins, m.Moved.InSum = m.Moved.Ins+1, m.Moved.InSum+sum
		}
		m.Owed = &Note{Kind: kind, Sum: sum, At: t.now(), Shift: uint32(s.shift.Shift)}
	})
}

// XReport implements drivers.Till.
func (t *Till) XReport(ctx context.Context) error {
	const op = "x report"
	s, err := t.ready(ctx, op, needs{registered: true, overdue: true})
	if err != nil {
		return err
	}
	totals, err := t.shiftTotals(ctx, s.picture)
	if err != nil {
		return prepared(op, err)
	}
	return t.count(ctx, op, func(m *State) {
		m.XReports++
		m.Moved = m.Moved.in(uint32(s.shift.Shift))
		m.Owed = &Note{Kind: fiscal.XReport, At: t.now(), Shift: uint32(s.shift.Shift), Drawer: m.Drawer, Moved: m.Moved, Totals: totals}
	})
}

// count makes a counter durable, which is the effect, and prints its slip.
func (t *Till) count(ctx context.Context, op string, change func(*State)) error {
	if err := t.commit(change); err != nil {
		return failure(op, drivers.CodeRefused, fiscal.Unknown, err)
	}
	t.printNote(ctx)
	return nil
}

// shiftTotals adds up the receipts of the shift out of the archive, where they
// stand between the opening of the shift and the last document.
func (t *Till) shiftTotals(ctx context.Context, p picture) ([]NoteTotal, error) {
	totals := []NoteTotal{{Kind: fiscal.Sale}, {Kind: fiscal.SaleReturn}, {Kind: fiscal.Purchase}, {Kind: fiscal.PurchaseReturn}}
	for fd := p.FD; fd > 0; fd-- {
		d, err := get[fn.FoundDocumentAnswer](ctx, t, fn.FindDocument{FD: fd})
		if err != nil {
			return nil, err
		}
		if d.Type == fiscal.DocShiftOpened {
			break
		}
		if kind := fiscal.Kind(d.Sign); kind.IsReceipt() {
			total := &totals[kind-fiscal.Sale]
			total.Count, total.Sum = total.Count+1, total.Sum+d.Total
		}
	}
	return totals, nil
}
