package fnprint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/printer"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/protocol/slip"
)

// slipExtra is what a slip shows and no tag has.
type slipExtra struct {
	text   []string
	change fiscal.Money
}

// proofLimit bounds reading a document back for its slip: whoever asked for it
// waits for the answer, and the slip can be printed later.
const proofLimit = 10 * time.Second

// print begins the slip of a document that has just been formed. Whatever goes
// wrong here is a matter of the paper.
func (t *Till) print(ctx context.Context, d fiscal.Document, extra slipExtra) {
	t.stateMu.Lock()
	t.clean, t.extraFD, t.extra = true, d.FD, extra
	t.stateMu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, proofLimit)
	defer cancel()
	doc, s, err := t.slipOf(ctx, d.FD)
	if err != nil {
		t.log.Warn("document not read back, its slip is owed", "fd", d.FD, "error", err.Error())
		return
	}
	t.counted(doc, d.FD)
	if t.paperless() {
		t.update(func(m *State) { m.Printed = d.FD })
		return
	}
	t.begin(ctx, s, func(m *State) { m.Printed = max(m.Printed, d.FD) })
}

// begin prints a slip that never touched the paper; out notes that it came out.
func (t *Till) begin(ctx context.Context, s slip.Slip, out func(*State)) {
	t.paper.start(ctx, t.paper.print(s, true), func(err error) { t.printed(err, out) })
}

// printed takes the end of a slip.
func (t *Till) printed(err error, out func(*State)) {
	if err == nil {
		t.update(out)
		return
	}
	var e *printer.Error
	t.stateMu.Lock()
	t.clean = errors.As(err, &e) && e.Outcome == fiscal.NotDone
	t.stateMu.Unlock()
	t.log.Warn("slip not printed, it is owed", "error", err.Error())
}

// printNote begins the slip that the till's memory owes.
func (t *Till) printNote(ctx context.Context) {
	if t.paperless() {
		t.update(func(m *State) { m.Owed = nil })
		return
	}
	note := t.copyState().Owed
	if note == nil {
		return
	}
	t.stateMu.Lock()
	t.clean = true
	t.stateMu.Unlock()
	t.begin(ctx, t.noteSlip(*note), func(m *State) { m.Owed = nil })
}

// paperless tells whether the till is registered for the internet only: its
// slips go nowhere.
func (t *Till) paperless() bool {
	return t.known.registration != nil && t.known.registration.Modes.Has(fiscal.ModeInternet)
}

func (t *Till) slipOptions() slip.Options {
	o := slip.Options{Columns: t.paper.columns}
	if r := t.known.registration; r != nil {
		o.Registration = r.Registration
	}
	return o
}

// slipOf lays out the slip of a document that is in the fiscal memory.
func (t *Till) slipOf(ctx context.Context, fd uint32) (ffd.Document, slip.Slip, error) {
	if _, err := t.registration(ctx); err != nil && !errors.Is(err, drivers.ErrNotRegistered) {
		return ffd.Document{}, slip.Slip{}, err
	}
	b, err := t.tags(ctx, fd)
	if err != nil {
		return ffd.Document{}, slip.Slip{}, err
	}
	d, err := ffd.ParseDocument(b)
	if err != nil {
		return ffd.Document{}, slip.Slip{}, fmt.Errorf("document %d: %w", fd, err)
	}
	o := t.slipOptions()
	t.stateMu.Lock()
	if t.extraFD == fd {
		o.Text, o.Change = t.extra.text, t.extra.change
	}
	t.stateMu.Unlock()
	return d, slip.Layout(d, o), nil
}

// noteSlip lays out the slip of a cash movement or of an X report.
func (t *Till) noteSlip(n Note) slip.Slip {
	s := t.copyState()
	desk := slip.Desk{At: n.At, Shift: n.Shift, FN: s.FN}
	if n.Kind != fiscal.XReport {
		return slip.CashMovement(n.Kind, n.Sum, desk, t.slipOptions())
	}
	c := slip.Counters{CashIns: n.Moved.Ins, CashOuts: n.Moved.Outs, CashInSum: n.Moved.InSum, CashOut: n.Moved.OutSum, Drawer: n.Drawer}
	for _, total := range n.Totals {
		if total.Count > 0 {
			c.Totals = append(c.Totals, slip.Totals{Kind: total.Kind, Count: total.Count, Sum: total.Sum})
		}
	}
	return slip.XReport(c, desk, t.slipOptions())
}

// printable finds what keeps the next slip from being printed.
func (t *Till) printable(ctx context.Context, op string, s fn.StatusAnswer) error {
	return t.paper.ready(ctx, op, func() debt { return t.owed(s) })
}

// FinishPrint implements drivers.Till: everything owed comes out, and this
// returns when it has.
func (t *Till) FinishPrint(ctx context.Context) error {
	const op = "finish print"
	if err := t.paper.wait(ctx); err != nil {
		return failure(op, drivers.CodeBusy, fiscal.NotDone, err)
	}
	s, err := get[fn.StatusAnswer](ctx, t, fn.Status{})
	if err != nil {
		return prepared(op, err)
	}
	if err := t.remember(ctx, s); err != nil {
		return prepared(op, err)
	}
	if _, err := t.registration(ctx); err != nil && !errors.Is(err, drivers.ErrNotRegistered) {
		return prepared(op, err)
	}
	owed := t.owed(s)
	switch {
	case !owed.any():
		return nil
	case t.paperless():
		t.update(func(m *State) { m.Printed, m.Owed = s.FD, nil })
		return nil
	}
	if err := t.paper.ready(ctx, op, func() debt { return debt{from: 1} }); err != nil {
		return err
	}
	for fd := owed.from; fd <= owed.to; fd++ {
		_, paper, err := t.slipOf(ctx, fd)
		if refused(err) {
			t.log.Warn("document no longer kept whole, its slip cannot be printed", "fd", fd)
			t.update(func(m *State) { m.Printed = fd })
			continue
		}
		if err != nil {
			return prepared(op, err)
		}
		if err := t.pay(ctx, op, paper, func(m *State) { m.Printed = fd }); err != nil {
			return err
		}
	}
	if owed.note == nil {
		return nil
	}
	return t.pay(ctx, op, t.noteSlip(*owed.note), func(m *State) { m.Owed = nil })
}

// pay prints one owed slip and waits for it.
func (t *Till) pay(ctx context.Context, op string, s slip.Slip, out func(*State)) error {
	t.stateMu.Lock()
	clean := t.clean
	t.stateMu.Unlock()
	var ended error
	t.paper.start(ctx, t.paper.print(s, clean), func(err error) {
		ended = err
		t.printed(err, out)
	})
	if err := t.paper.wait(ctx); err != nil {
		return failure(op, drivers.CodeBusy, fiscal.NotDone, err)
	}
	if ended != nil {
		return failed(op, ended)
	}
	return nil
}

// PrintCopy implements drivers.Copier: the last document once more, headed
// «КОПИЯ». A copy that does not come out is not owed.
func (t *Till) PrintCopy(ctx context.Context) error {
	const op = "print copy"
	p, err := t.look(ctx)
	if err != nil {
		return prepared(op, err)
	}
	if err := t.printable(ctx, op, p.StatusAnswer); err != nil {
		return err
	}
	if p.FD == 0 {
		return failure(op, drivers.CodeRefused, fiscal.NotDone, drivers.ErrNoDocument)
	}
	_, s, err := t.slipOf(ctx, p.FD)
	if err != nil {
		return prepared(op, err)
	}
	_, err = t.paper.device.Print(ctx, s.Headed(slip.Copy))
	if err != nil {
		t.paper.device.Drop()
		return failed(op, err)
	}
	return nil
}

// PrintText implements drivers.TextPrinter. What does not come out is not owed.
func (t *Till) PrintText(ctx context.Context, lines []string) error {
	const op = "print text"
	if t.paperless() {
		return failure(op, drivers.CodeUnsupported, fiscal.NotDone, errors.New("the till has no printer"))
	}
	p, err := t.look(ctx)
	if err != nil {
		return prepared(op, err)
	}
	if err := t.printable(ctx, op, p.StatusAnswer); err != nil {
		return err
	}
	if _, err := t.paper.device.Print(ctx, slip.Plain(lines)); err != nil {
		t.paper.device.Drop()
		return failed(op, err)
	}
	return nil
}
