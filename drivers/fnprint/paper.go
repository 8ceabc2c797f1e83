package fnprint

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/printer"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/slip"
)

// paper is the printer with the slip that is on its way. A slip is printed
// beside the calls of the till, as a cash register's own printer does; nothing
// else is printed meanwhile.
type paper struct {
	device  *printer.Printer
	columns int

	mu     sync.Mutex
	done   chan struct{} // of the slip on its way; nil when there is none
	cancel context.CancelFunc
	closed bool
}

// Patience with the printer.
const (
	printLimit    = 2 * time.Minute  // one slip
	printPatience = 90 * time.Second // for the slip before ours
	statusLimit   = 4 * time.Second
)

func newPaper(dial wire.DialFunc, profile escpos.Profile) *paper {
	return &paper{device: printer.New(dial, printer.Options{Profile: profile}), columns: profile.Columns}
}

// busy tells whether a slip is on its way.
func (p *paper) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done != nil
}

// start does the work of printing beside the caller; over hears how it ended before anybody else
// can print. The time of ctx does not count, its values do.
func (p *paper) start(ctx context.Context, work func(context.Context) (printer.Result, error), over func(error)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), printLimit)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.done != nil {
		cancel()
		return
	}
	done := make(chan struct{})
	p.done, p.cancel = done, cancel
	go func() {
		defer cancel()
		_, err := work(ctx)
		over(err)
		p.mu.Lock()
		p.done, p.cancel = nil, nil
		p.mu.Unlock()
		close(done)
	}()
}

// wait waits until no slip is on its way.
func (p *paper) wait(ctx context.Context) error {
	p.mu.Lock()
	done := p.done
	p.mu.Unlock()
	if done == nil {
		return nil
	}
	timer := time.NewTimer(printPatience)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
		return fmt.Errorf("the printer prints for %v", printPatience)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends the slip on its way; it stays owed.
func (p *paper) stop() {
	p.mu.Lock()
	done := p.done
	if p.cancel != nil {
		p.cancel()
	}
	p.mu.Unlock()
	if done != nil {
		<-done
	}
}

func (p *paper) close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	err := p.device.Close()
	p.stop()
	return err
}

// reopen lets the cable go, unless a slip on its way shows that it works.
func (p *paper) reopen() error {
	if p.busy() {
		return nil
	}
	return p.device.Reopen()
}

// state says where the printing stands.
func (p *paper) state(ctx context.Context, owed debt) (drivers.Paper, string) {
	if p.busy() {
		return drivers.PaperPrinting, "печатает"
	}
	ctx, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	s, err := p.device.Status(ctx)
	var e *printer.Error
	switch {
	case errors.As(err, &e):
		return drivers.PaperAbsent, e.Text()
	case err != nil:
		return drivers.PaperAbsent, err.Error()
	case s.CoverOpen:
		return drivers.PaperCover, printer.CoverOpen.Text()
	case s.PaperOut:
		return drivers.PaperOut, printer.PaperOut.Text()
	case busyWith(s):
		return drivers.PaperPrinting, "занят"
	case owed.any():
		return drivers.PaperContinue, "чек не допечатан"
	case !s.Ready():
		return drivers.PaperAbsent, printer.Failed.Text()
	}
	return drivers.PaperReady, "готов"
}

// busyWith tells of a printer that takes nothing for a while and names nothing
// that a person could do about it: paper is fed by its button, its buffer is
// full.
func busyWith(s escpos.Status) bool {
	return s.Offline && !s.PaperOut && !s.CoverOpen && !s.Error && !s.Waiting && !s.Cutter && !s.Unrecoverable && !s.Recoverable && !s.Hot
}

// failed explains an error of the printer. The slip is not done; of the
// document paper never decides.
func failed(op string, err error) *drivers.Error {
	var e *printer.Error
	if !errors.As(err, &e) {
		return failure(op, drivers.CodeRefused, fiscal.NotDone, err)
	}
	code := drivers.CodePrinter
	switch e.Reason {
	case printer.PaperOut:
		code = drivers.CodeNoPaper
	case printer.CoverOpen:
		code = drivers.CodeCoverOpen
	case printer.Owed:
		code = drivers.CodeContinue
	case printer.Link:
		if errors.Is(err, wire.ErrBusy) {
			code = drivers.CodeInUse
		}
	case printer.Late:
		code = drivers.CodeBusy
	case printer.Mute, printer.Cutter, printer.Failed, printer.Offline:
	}
	out := failure(op, code, fiscal.NotDone, err)
	if text := e.Text(); text != "" {
		out.Hint = text
	}
	return out
}

// Polling of a printer that is busy by itself.
const (
	pollFirst = 50 * time.Millisecond
	pollMost  = time.Second
)

// idle waits until the printer neither prints for us nor is busy by itself, and
// gives its status.
func (p *paper) idle(ctx context.Context, op string) (escpos.Status, error) {
	if err := p.wait(ctx); err != nil {
		return escpos.Status{}, failure(op, drivers.CodeBusy, fiscal.NotDone, err)
	}
	deadline := time.Now().Add(printPatience)
	for wait := pollFirst; ; wait = min(2*wait, pollMost) {
		s, err := p.device.Status(ctx)
		if err != nil {
			return s, failed(op, err)
		}
		if !busyWith(s) {
			return s, nil
		}
		if time.Now().After(deadline) {
			return s, refuse(op, drivers.CodeBusy, "the printer is busy for %v", printPatience)
		}
		if err := pause(ctx, wait); err != nil {
			return s, failure(op, drivers.CodeBusy, fiscal.NotDone, err)
		}
	}
}

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

// ready says what keeps the printer from printing.
func (p *paper) ready(ctx context.Context, op string, owed func() debt) error {
	s, err := p.idle(ctx, op)
	switch {
	case err != nil:
		return err
	case s.CoverOpen:
		return refuse(op, drivers.CodeCoverOpen, "the printer's cover is open")
	case s.PaperOut:
		return refuse(op, drivers.CodeNoPaper, "the printer has no paper")
	case owed().any():
		return refuse(op, drivers.CodeContinue, "the last slip is not out")
	case !s.Ready() && !s.Waiting && !s.Recoverable:
		e := refuse(op, drivers.CodePrinter, "the printer is not ready: %+v", s)
		e.Hint = printer.Failed.Text()
		return e
	}
	return nil
}

// print puts a slip on paper. One that may be on paper already, in part or
// whole, is headed «ПОВТОР».
func (p *paper) print(s slip.Slip, clean bool) func(context.Context) (printer.Result, error) {
	return func(ctx context.Context) (printer.Result, error) {
		switch {
		case p.device.Pending():
			return p.device.Continue(ctx)
		case clean:
			return p.device.Print(ctx, s)
		}
		return p.device.Repeat(ctx, s)
	}
}
