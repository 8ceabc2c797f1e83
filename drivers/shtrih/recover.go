package shtrih

import (
	"context"
	"errors"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

func asLinkError(err error) (*linkError, bool) {
	var fault *linkError
	ok := errors.As(err, &fault)
	return fault, ok
}

// Cancel implements drivers.Till. It is the caller who has proved that the open
// document is in no fiscal memory; this checks only what can be checked here.
func (t *Till) Cancel(ctx context.Context) error {
	const op = "cancel"
	for try := 1; ; try++ {
		open, err := t.cancelOnce(ctx)
		if err != nil {
			// Cancelling what is cancelled does no harm, so a lost answer is
			// answered by looking again.
			if fault, ok := asLinkError(err); ok && fault.sent && try < readTries && ctx.Err() == nil {
				continue
			}
			return committed(op, err)
		}
		if !open {
			return nil
		}
		if try == readTries {
			return refuse(op, drivers.CodeOpenDocument, "the document stays open")
		}
	}
}

// cancelOnce takes one step and tells whether a document is still open.
func (t *Till) cancelOnce(ctx context.Context) (bool, error) {
	s, err := t.rest(ctx)
	if err != nil {
		return true, err
	}
	if s.Mode.Number() == shtrih.ModeDocument {
		if err := t.cancelReceipt(ctx, s.Mode); err != nil {
			return true, err
		}
		if s, err = t.rest(ctx); err != nil {
			return true, err
		}
	}
	if s.Mode.Number() == shtrih.ModeDocument {
		return true, nil
	}
	fn, err := t.readFN(ctx)
	if err != nil {
		return true, err
	}
	if fn.Document == 0 {
		return false, nil
	}
	if _, err := t.ask(ctx, shtrih.CancelFNDocument{Password: t.opts.Password}); err != nil && !isRefusal(err, errNotInMode) {
		return true, err
	}
	fn, err = t.readFN(ctx)
	return fn.Document != 0, err
}

// cancelReceipt sends 88h, and with every operator's password when another one
// opened the document.
func (t *Till) cancelReceipt(ctx context.Context, mode shtrih.Mode) error {
	if mode == shtrih.ModeNonFiscal {
		_, err := t.ask(ctx, shtrih.CloseNonFiscal{Password: t.opts.Password})
		return err
	}
	try := func(password uint32) (done bool, err error) {
		_, err = t.ask(ctx, shtrih.CancelReceipt{Password: password})
		switch {
		case isRefusal(err, errOtherOperator):
			return false, nil
		case isRefusal(err, errNotInMode): // not open any more
			return true, nil
		}
		return true, err
	}
	for _, password := range []uint32{t.opts.CashierPassword, t.opts.Password} {
		if done, err := try(password); done {
			return err
		}
	}
	for row := uint16(1); row <= cashiers; row++ {
		cell, err := t.cell(ctx, tableCashiers, row, 1)
		if err != nil {
			return err
		}
		if done, err := try(uint32(cell.Uint())); done {
			return err
		}
	}
	return refuse("", drivers.CodeOpenDocument, "opened by an operator that is not in table 2")
}

// LeaveStuckMode implements drivers.StuckLeaver: data output is stopped, a date
// that waits to be confirmed is confirmed, damaged working memory is reset.
func (t *Till) LeaveStuckMode(ctx context.Context) error {
	const op = "leave mode"
	s, err := t.short(ctx)
	if err != nil {
		return prepared(op, err)
	}
	switch s.Mode.Number() { //nolint:exhaustive // the other modes are not stuck
	case shtrih.ModeOutput:
		_, err = t.ask(ctx, shtrih.StopOutput{Password: t.opts.Password})
	case shtrih.ModeConfirmDate:
		err = t.confirmDate(ctx)
	case shtrih.ModeTechReset: // the clock is lost by it and is to be set next
		_, err = t.ask(ctx, shtrih.TechReset{})
	default:
		return nil
	}
	if err != nil {
		return committed(op, err)
	}
	if s, err = t.short(ctx); err != nil {
		return prepared(op, err)
	}
	if modeOf(s.Mode) == drivers.ModeStuck {
		return refuse(op, drivers.CodeStuck, "%v", s.Mode)
	}
	return nil
}

// confirmDate confirms the date the till shows; where that is not the one that
// waits, it is set once more and confirmed.
func (t *Till) confirmDate(ctx context.Context) error {
	full, err := get[shtrih.FullStatusAnswer](ctx, t, shtrih.FullStatus{Password: t.opts.Password})
	if err != nil {
		return err
	}
	confirm := shtrih.ConfirmDate{Password: t.opts.Password, Date: full.Time}
	if _, err = t.ask(ctx, confirm); !isRefusal(err, errDateMismatch) {
		return err
	}
	if _, err := t.ask(ctx, shtrih.SetDate{Password: t.opts.Password, Date: full.Time}); err != nil && !isRefusal(err, errNotInMode) {
		return err
	}
	_, err = t.ask(ctx, confirm)
	return err
}

// SetClock implements drivers.ClockSetter: 22h, 23h, 21h.
func (t *Till) SetClock(ctx context.Context, to fiscal.DateTime) error {
	const op = "set clock"
	s, err := t.short(ctx)
	if err != nil {
		return prepared(op, err)
	}
	switch n := s.Mode.Number(); n { //nolint:exhaustive // the rest of the modes allow it or say why not
	case shtrih.ModeShiftOpen, shtrih.ModeShiftExpired, shtrih.ModeDocument:
		// A till that lost its clock takes a new one even now: it works again
		// in no other way.
		if _, err := t.readFN(ctx); !isRefusal(err, errClockLost) {
			return refuse(op, drivers.CodeShiftOpen, "%v", s.Mode)
		}
		return t.setClock(ctx, op, to)
	case shtrih.ModeConfirmDate:
	default:
		return t.setClock(ctx, op, to)
	}
	return t.confirmClock(ctx, op, to)
}

func (t *Till) setClock(ctx context.Context, op string, to fiscal.DateTime) error {
	if _, err := t.ask(ctx, shtrih.SetDate{Password: t.opts.Password, Date: to}); err != nil {
		return committed(op, err)
	}
	return t.confirmClock(ctx, op, to)
}

func (t *Till) confirmClock(ctx context.Context, op string, to fiscal.DateTime) error {
	if _, err := t.ask(ctx, shtrih.ConfirmDate{Password: t.opts.Password, Date: to}); err != nil {
		return committed(op, err)
	}
	if _, err := t.ask(ctx, shtrih.SetTime{Password: t.opts.Password, Time: to}); err != nil {
		return committed(op, err)
	}
	return nil
}

// Reboot implements drivers.Till. The till goes down instead of answering, and
// the wire with it.
func (t *Till) Reboot(ctx context.Context) error {
	const op = "reboot"
	_, err := t.ask(ctx, shtrih.Reboot())
	t.drop()
	if fault, ok := asLinkError(err); err == nil || ok && fault.sent && !errors.Is(err, wire.ErrClosed) {
		return nil
	}
	return committed(op, err)
}

// TakePending implements drivers.PendingReader.
func (t *Till) TakePending() (fiscal.Document, bool) {
	if len(t.pending) == 0 {
		return fiscal.Document{}, false
	}
	d := t.pending[0]
	t.pending = t.pending[1:]
	return d, true
}

// mostPending is how many pieces of evidence are kept for a caller that never
// asks for them.
const mostPending = 8

// keep makes evidence of an answer that came for an earlier command. The same
// answer may come several times: the till offers it until it hears our ACK.
func (t *Till) keep(message []byte) {
	d, ok := evidence(message)
	if !ok {
		t.log.Info("the till held an answer", "bytes", len(message))
		return
	}
	for _, p := range t.pending {
		if p.FD == d.FD && p.FP == d.FP {
			return
		}
	}
	t.log.Info("the till held the answer of a document", "fd", d.FD)
	t.pending = append(t.pending, d)
	if over := len(t.pending) - mostPending; over > 0 {
		t.pending = t.pending[over:]
	}
}

// evidence reads the document out of an answer that tells its number and sign.
func evidence(message []byte) (fiscal.Document, bool) {
	if len(message) < 2 {
		return fiscal.Document{}, false
	}
	code := shtrih.Code(message[0])
	if message[0] == 0xFF {
		code = code<<8 | shtrih.Code(message[1])
	}
	answer, err := shtrih.DecodeAnswer(code, message)
	if err != nil {
		return fiscal.Document{}, false
	}
	var d fiscal.Document
	var at *fiscal.DateTime
	switch a := answer.(type) {
	case shtrih.CloseReceiptV2Answer:
		d, at = fiscal.Document{Type: fiscal.DocReceipt, FD: a.FD, FP: a.FP}, a.Time
	case shtrih.CorrectionAnswer:
		d, at = fiscal.Document{Type: fiscal.DocCorrection, FD: a.FD, FP: a.FP}, a.Time
	case shtrih.SettlementAnswer:
		d, at = fiscal.Document{Type: fiscal.DocSettlementReport, FD: a.FD, FP: a.FP}, a.Time
	default:
		return fiscal.Document{}, false
	}
	if at != nil {
		d.At = *at
	}
	return d, d.FD != 0
}
