package shtrih

import (
	"context"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

// Waiting for the printer. A receipt of a hundred lines takes some ten seconds;
// a report may take a minute.
const (
	printPatience = 90 * time.Second
	pollFirst     = 50 * time.Millisecond
	pollMost      = time.Second
)

// pause waits, or returns early with the context's end.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// rest waits while the printer works and returns the first status in which it
// does not.
func (t *Till) rest(ctx context.Context) (shtrih.ShortStatusAnswer, error) {
	deadline := time.Now().Add(printPatience)
	for wait := pollFirst; ; wait = min(2*wait, pollMost) {
		s, err := t.short(ctx)
		if err != nil {
			return s, err
		}
		if s.Submode != shtrih.SubPrinting && s.Submode != shtrih.SubPrintingReport {
			return s, nil
		}
		if time.Now().After(deadline) {
			return s, refuse("", drivers.CodeBusy, "%v for %v", s.Submode, printPatience)
		}
		if err := pause(ctx, wait); err != nil {
			return s, failure("", drivers.CodeBusy, fiscal.NotDone, err)
		}
	}
}

// ready waits until the till can print and returns its mode, or says what is in
// the way.
func (t *Till) ready(ctx context.Context, op string) (shtrih.Mode, error) {
	s, err := t.rest(ctx)
	if err != nil {
		return 0, prepared(op, err)
	}
	switch t.paper(ctx, s) {
	case drivers.PaperReady, drivers.PaperAbsent: // its printer is inside
	case drivers.PaperOut:
		return 0, refuse(op, drivers.CodeNoPaper, "%v", s.Submode)
	case drivers.PaperCover:
		return 0, refuse(op, drivers.CodeCoverOpen, "%v", s.Submode)
	case drivers.PaperContinue:
		return 0, refuse(op, drivers.CodeContinue, "%v", s.Submode)
	case drivers.PaperPrinting:
		return 0, refuse(op, drivers.CodeBusy, "%v", s.Submode)
	}
	return s.Mode, nil
}

// shiftWanted is which state of the shift an effect needs.
type shiftWanted int

const (
	shiftAny     shiftWanted = iota
	shiftOpen                // and not over 24 hours
	shiftExpired             // open, however long
	shiftClosed
)

// readyIn is ready that also checks the mode, so that the till is not asked for
// what it must refuse.
func (t *Till) readyIn(ctx context.Context, op string, want shiftWanted) error {
	mode, err := t.ready(ctx, op)
	if err != nil {
		return err
	}
	switch n := mode.Number(); {
	case n == shtrih.ModeDocument:
		return refuse(op, drivers.CodeOpenDocument, "%v", mode)
	case modeOf(mode) == drivers.ModeStuck:
		return refuse(op, drivers.CodeStuck, "%v", mode)
	case modeOf(mode) == drivers.ModeBlocked:
		return refuse(op, drivers.CodeMode, "%v", mode)
	case want == shiftOpen && n == shtrih.ModeShiftExpired:
		return refuse(op, drivers.CodeShiftExpired, "%v", mode)
	case (want == shiftOpen || want == shiftExpired) && n == shtrih.ModeShiftClosed:
		return refuse(op, drivers.CodeShiftClosed, "%v", mode)
	case want == shiftClosed && n == shtrih.ModeShiftExpired, want == shiftClosed && n == shtrih.ModeShiftOpen:
		return refuse(op, drivers.CodeShiftOpen, "%v", mode)
	}
	return nil
}

// FinishPrint implements drivers.Till. Continuing is asked for as often as the
// till waits for it: a print that runs out of paper again waits again.
func (t *Till) FinishPrint(ctx context.Context) error {
	const op = "finish print"
	for {
		s, err := t.rest(ctx)
		if err != nil {
			return prepared(op, err)
		}
		if s.Submode != shtrih.SubAwaitContinue {
			_, err := t.ready(ctx, op)
			return err
		}
		// B0h is accepted in this submode only, so asking once more after a
		// lost answer cannot print anything twice.
		_, err = t.ask(ctx, shtrih.ContinuePrint{Password: t.opts.Password})
		if err != nil && (isRefusal(err) || ctx.Err() != nil) {
			return committed(op, err)
		}
		if err != nil {
			if err := pause(ctx, pollFirst); err != nil {
				return failure(op, drivers.CodeLink, fiscal.Unknown, err)
			}
		}
	}
}

// PrintCopy implements drivers.Copier.
func (t *Till) PrintCopy(ctx context.Context) error {
	const op = "print copy"
	if err := t.readyIn(ctx, op, shiftExpired); err != nil {
		return err
	}
	if _, err := t.ask(ctx, shtrih.RepeatDocument{Password: t.opts.Password}); err != nil {
		return committed(op, err)
	}
	return nil
}

// PrintText implements drivers.TextPrinter. What was not answered may have been
// printed; to print it again does no harm.
func (t *Till) PrintText(ctx context.Context, lines []string) error {
	const op = "print text"
	if err := t.readyIn(ctx, op, shiftAny); err != nil {
		return err
	}
	for _, line := range lines {
		if _, err := t.ready(ctx, op); err != nil { // the line before is printed
			return err
		}
		_, err := t.ask(ctx, shtrih.PrintString{Password: t.opts.Password, Flags: shtrih.OnReceipt, Text: shtrih.Windows1251.Fit(line)})
		if err != nil {
			return committed(op, err)
		}
	}
	if _, err := t.ready(ctx, op); err != nil { // printing ends later than the command
		return committed(op, err)
	}
	return nil
}
