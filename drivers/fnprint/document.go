package fnprint

import (
	"context"
	"errors"
	"fmt"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/fn"
)

// needs is what an effect asks of the till before it begins.
type needs struct {
	registered bool // fiscal mode
	open       bool // a shift, not over 24 hours
	overdue    bool // a shift, however long
	closed     bool // no shift
	afterlife  bool // closed fiscal mode will do
	paper      bool // a printer, whatever the registration says
}

// situation is the till right before an effect.
type situation struct {
	picture
	reg registered
}

// Years that the fiscal memory has a byte for (FN interface 1.2, DATE).
const firstYear, lastYear = 2000, 2255

// ready finds everything that stands in the way of an effect, so that nothing
// is begun that cannot end.
func (t *Till) ready(ctx context.Context, op string, n needs) (situation, error) {
	var s situation
	var err error
	if s.picture, err = t.look(ctx); err != nil {
		return s, prepared(op, err)
	}
	if now := t.now(); now.Year < firstYear || now.Year > lastYear {
		return s, refuse(op, drivers.CodeClock, "the computer's clock says %s", now)
	}
	switch openOf(s.Current) { //nolint:exhaustive // nothing open is what is wanted
	case drivers.OpenReceipt:
		return s, refuse(op, drivers.CodeOpenDocument, "the fiscal memory holds: %s", s.Current)
	case drivers.OpenFNDocument:
		return s, refuse(op, drivers.CodeStuck, "the fiscal memory holds: %s", s.Current)
	}
	paper := n.paper
	if n.registered {
		if s.reg, err = t.inFiscalMode(ctx, op, s.Phase, n.afterlife); err != nil {
			return s, err
		}
		paper = !s.reg.Modes.Has(fiscal.ModeInternet)
	}
	if err := t.shiftIs(ctx, op, s.picture, n); err != nil {
		return s, err
	}
	if paper {
		return s, t.printable(ctx, op, s.StatusAnswer)
	}
	return s, nil
}

// inFiscalMode reads the registration of a till that is registered and not yet
// closed.
func (t *Till) inFiscalMode(ctx context.Context, op string, phase fn.Phase, afterlife bool) (registered, error) {
	switch {
	case phase == fn.PhaseFiscal, afterlife && phase == fn.PhasePostFiscal:
	case phase == fn.PhaseReady, phase == fn.PhaseNone:
		return registered{}, failure(op, drivers.CodeNotRegistered, fiscal.NotDone, drivers.ErrNotRegistered)
	default:
		return registered{}, refuse(op, drivers.CodeFNBlocked, "the fiscal memory is in phase %d: %s", byte(phase), phase)
	}
	reg, err := t.registration(ctx)
	if err != nil {
		return registered{}, prepared(op, err)
	}
	return reg, nil
}

func (t *Till) shiftIs(ctx context.Context, op string, p picture, n needs) error {
	switch {
	case (n.open || n.overdue) && !p.shift.Open:
		return refuse(op, drivers.CodeShiftClosed, "shift %d is closed", p.shift.Shift)
	case n.closed && p.shift.Open:
		return refuse(op, drivers.CodeShiftOpen, "shift %d is open", p.shift.Shift)
	case n.open:
		expired, err := t.shiftExpired(ctx, p)
		if err != nil {
			return prepared(op, err)
		}
		if expired {
			return refuse(op, drivers.CodeShiftExpired, "shift %d began at %s", p.shift.Shift, t.known.shift.at)
		}
	}
	return nil
}

// formation is the two commands around the tags of a document.
type formation struct{ begin, commit fn.Request }

// formed is what the commit answered.
type formed struct {
	FD, FP uint32
	Number uint16 // of the receipt in the shift, or of the shift
}

func formedOf(a fn.Answer) (formed, bool) {
	switch a := a.(type) {
	case fn.NumberedAnswer:
		return formed{FD: a.FD, FP: a.FP, Number: a.Number}, true
	case fn.DocumentAnswer:
		return formed{FD: a.FD, FP: a.FP}, true
	case fn.ReportAnswer:
		return formed{FD: a.FD, FP: a.FP}, true
	}
	return formed{}, false
}

// errCancelled is part of an error that left nothing behind.
var errCancelled = errors.New("the document is cancelled in the fiscal memory")

// errLeft is part of an error after which the document could not be cancelled.
var errLeft = errors.New("the document stays open in the fiscal memory")

// form makes a document: everything that can be wrong with its tags is found
// before it is begun, last is the number of the document before it.
func (t *Till) form(ctx context.Context, op string, last uint32, given []ffd.Field, f formation) (formed, error) {
	t.lost, t.unprinted, t.pending = 0, 0, nil
	messages, err := ffd.Messages(given)
	if err != nil {
		return formed{}, failure(op, drivers.CodeFormat, fiscal.NotDone, err)
	}
	if err := t.prepare(ctx, f.begin, messages); err != nil {
		return formed{}, prepared(op, err)
	}
	answer, err := t.exchange(ctx, f.commit)
	if err != nil {
		e := explain(op, err)
		if e.Outcome == fiscal.NotDone {
			e.Err = t.abandon(ctx, err)
			return formed{}, e
		}
		t.doubt(f.commit.Command(), last+1)
		return formed{}, e
	}
	d, ok := formedOf(answer)
	if !ok || d.FD != last+1 {
		// Not the answer to this command: see Till.exchange.
		t.drop()
		t.doubt(f.commit.Command(), last+1)
		return formed{}, failure(op, drivers.CodeLink, fiscal.Unknown, fmt.Errorf("%w: document %d after %d", errOdd, d.FD, last))
	}
	return d, nil
}

// doubt notes what may have been formed: its answer is evidence when it still
// comes, and its slip is printed when the fiscal memory turns out to have it.
func (t *Till) doubt(c fn.Command, fd uint32) {
	t.lost, t.lostFD, t.unprinted = c, fd, fd
}

// prepare brings a document to where only the commit is missing, or cancels it.
// Between two answers that say "done" and nothing else the memory is asked where
// it stands: the first, repeated, would pass for the second (see Till.stale), and
// a receipt without its items would be formed.
func (t *Till) prepare(ctx context.Context, begin fn.Request, messages [][]byte) error {
	if _, err := t.ask(ctx, begin, false); err != nil {
		if refused(err) {
			return err
		}
		return t.abandon(ctx, err)
	}
	for i, m := range messages {
		switch s, err := get[fn.StatusAnswer](ctx, t, fn.Status{}); {
		case err != nil:
			return t.abandon(ctx, err)
		case s.Current == fn.CurrentNone, s.HasData != (i > 0):
			return t.abandon(ctx, maybe(fmt.Errorf("%w: %s with tags %t after %d messages", errOdd, s.Current, s.HasData, i)))
		}
		if _, err := t.ask(ctx, fn.Data{TLV: m}, false); err != nil {
			return t.abandon(ctx, err)
		}
	}
	return nil
}

// abandon cancels a document that was begun and will not be committed, and says
// so in the error. After a fault of the wire the document may not even have
// been begun.
func (t *Till) abandon(ctx context.Context, why error) error {
	var fault *linkError
	if errors.As(why, &fault) && !fault.sent {
		return why
	}
	if ctx.Err() != nil || t.isClosed() {
		return fmt.Errorf("%w; %w", why, errLeft)
	}
	if _, err := t.ask(ctx, fn.Cancel{}, true); err != nil && !refused(err, fn.ErrState) {
		t.log.Warn("document not cancelled", "error", err.Error())
		return fmt.Errorf("%w; %w", why, errLeft)
	}
	return fmt.Errorf("%w; %w", why, errCancelled)
}

// Cancel implements drivers.Till. It is the caller who has proved that the open
// document is not in the fiscal memory's archive; what can be cancelled never
// is.
func (t *Till) Cancel(ctx context.Context) error {
	const op = "cancel"
	for try := 1; ; try++ {
		s, err := get[fn.StatusAnswer](ctx, t, fn.Status{})
		if err != nil {
			return prepared(op, err)
		}
		if s.Current == fn.CurrentNone {
			return nil
		}
		if try > readTries {
			return refuse(op, drivers.CodeOpenDocument, "the fiscal memory still holds: %s", s.Current)
		}
		// Cancelling what is cancelled does no harm, so a lost answer is
		// answered by looking again.
		if _, err := t.ask(ctx, fn.Cancel{}, false); err != nil && ctx.Err() != nil {
			return explain(op, err)
		}
	}
}

// LeaveStuckMode implements drivers.StuckLeaver: a report that was begun in the
// fiscal memory and that nobody is going to finish is cancelled. A receipt is
// not: it may be somebody's sale.
func (t *Till) LeaveStuckMode(ctx context.Context) error {
	const op = "leave mode"
	s, err := get[fn.StatusAnswer](ctx, t, fn.Status{})
	if err != nil {
		return prepared(op, err)
	}
	if openOf(s.Current) != drivers.OpenFNDocument {
		return nil
	}
	if err := t.Cancel(ctx); err != nil {
		return explain(op, err)
	}
	return nil
}

// Reboot implements drivers.Till. Neither device restarts by a command; both
// cables are opened anew, which is all that a restart would do for them.
func (t *Till) Reboot(ctx context.Context) error {
	if t.isClosed() {
		return failure("reboot", drivers.CodeGone, fiscal.NotDone, wire.ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return failure("reboot", drivers.CodeLink, fiscal.NotDone, err)
	}
	if err := t.Reopen(); err != nil {
		t.log.Info("reopen", "error", err.Error())
	}
	return nil
}
