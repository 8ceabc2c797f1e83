package printer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// open gives the wire, opening it when it is not open.
func (p *Printer) open(ctx context.Context) (wire.Conn, error) {
	p.mu.Lock()
	conn, closed := p.conn, p.closed
	p.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	if conn != nil {
		return conn, nil
	}
	conn, err := p.dial(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = conn.Close()
		return nil, ErrClosed
	}
	p.conn, p.heard, p.unsettled, p.greeted, p.resynced = conn, nil, false, false, false
	p.answers.Reset()
	if p.job != nil {
		p.job.burst = 0
	}
	return conn, nil
}

// hangUp closes the wire; the next call opens it anew.
func (p *Printer) hangUp() {
	p.mu.Lock()
	conn := p.conn
	p.conn = nil
	p.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
}

// Close ends whatever is going on and lets the wire go. Closing twice is fine.
func (p *Printer) Close() error {
	p.mu.Lock()
	conn := p.conn
	p.conn, p.closed = nil, true
	p.mu.Unlock()
	if conn == nil {
		return nil
	}
	return conn.Close()
}

// Reopen lets the wire go so that the next call opens it.
func (p *Printer) Reopen() error {
	p.hangUp()
	if p.job != nil && p.job.touched {
		p.job.torn, p.job.asked = true, false
	}
	return nil
}

// send hands bytes to the wire. A wire that did not take them is hung up.
func (p *Printer) send(ctx context.Context, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	conn, err := p.open(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, p.opts.Block)
	defer cancel()
	if out, err := p.write(ctx, conn, b); err != nil {
		p.hangUp()
		if out {
			if j := p.job; j != nil && j.touched {
				j.torn, j.asked = true, false // as after any lost wire
			}
			return &Error{Reason: PaperOut, Err: err}
		}
		return err
	}
	return nil
}

// ask leaves the question that proves the blocks sent so far.
func (p *Printer) ask(ctx context.Context) error {
	var e escpos.Encoder
	p.owing++
	if err := p.send(ctx, e.AskPaper().Bytes()); err != nil {
		return err
	}
	p.job.asked = true
	return nil
}

// has tells whether an answer of a kind was already read.
func (p *Printer) has(kind escpos.AnswerKind) bool {
	return slices.ContainsFunc(p.heard, func(a escpos.Answer) bool { return a.Kind == kind })
}

// answer gives the next answer of a kind, waiting at most d for it;
// wire.ErrTimeout leaves the wire open. What the printer says by itself is
// taken in passing.
func (p *Printer) answer(ctx context.Context, kind escpos.AnswerKind, d time.Duration) (escpos.Answer, error) {
	conn, err := p.open(ctx)
	if err != nil {
		return escpos.Answer{}, err
	}
	wait, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var buf [256]byte
	for {
		if i := slices.IndexFunc(p.heard, func(a escpos.Answer) bool { return a.Kind == kind }); i >= 0 {
			a := p.heard[i]
			p.heard = slices.Delete(p.heard, i, i+1)
			return a, nil
		}
		n, err := conn.Read(wait, buf[:])
		for _, a := range p.answers.Feed(buf[:n]) {
			if a.Kind == escpos.AnswerPaper {
				p.owing = max(p.owing-1, 0)
			}
			if a.Kind == escpos.AnswerPaper || a.Kind == escpos.AnswerRealTime {
				p.heard = append(p.heard, a)
			}
		}
		switch {
		case n > 0 || err == nil:
		case ctx.Err() != nil:
			// The caller has no more time; the printer may have.
			p.unsettled = true
			return escpos.Answer{}, &Error{Reason: Late, Err: ctx.Err()}
		case errors.Is(err, wire.ErrTimeout):
			return escpos.Answer{}, err
		default:
			p.hangUp()
			return escpos.Answer{}, err
		}
	}
}

// query asks the four questions that are answered at once. A printer that says
// nothing may take them for the rest of a command it never got the end of: it is
// brought out of that and asked again.
func (p *Printer) query(ctx context.Context) error {
	err := p.greet(ctx)
	if err == nil {
		err = p.four(ctx, p.opts.Answer)
	}
	if !errors.Is(err, wire.ErrTimeout) {
		return err
	}
	p.stuttered = true
	if !p.resynced {
		p.resynced = true
		var e escpos.Encoder
		if err := p.send(ctx, e.Resync(p.lacks).Bytes()); err != nil {
			return err
		}
	}
	err = p.four(ctx, resyncFactor*p.opts.Answer)
	if errors.Is(err, wire.ErrTimeout) {
		// The answers carry no number: with one missing the others cannot be
		// told apart, now or later.
		mute := Mute
		if p.noPaper(ctx) {
			mute = PaperOut
		}
		p.hangUp()
		return &Error{Reason: mute, Err: err}
	}
	return err
}

// greet ends the head of a command that was cut off with the link before: the
// questions would be read as its length.
func (p *Printer) greet(ctx context.Context) error {
	if _, err := p.open(ctx); err != nil {
		return err
	}
	if p.greeted || p.lacks == 0 {
		return nil
	}
	p.greeted = true
	var e escpos.Encoder
	return p.send(ctx, e.Resync(escpos.MaxHead).Bytes())
}

// resyncFactor is how much longer an answer behind a resync may take: its 2 KB
// travel two seconds at 9600 bits a second.
const resyncFactor = 3

func (p *Printer) four(ctx context.Context, patience time.Duration) error {
	if err := p.settle(ctx); err != nil {
		return err
	}
	var e escpos.Encoder
	for n := byte(1); n <= 4; n++ {
		e.RealTimeStatus(n)
	}
	p.forget(escpos.AnswerRealTime)
	if err := p.send(ctx, e.Bytes()); err != nil {
		return err
	}
	var s escpos.Status
	for n := byte(1); n <= 4; n++ {
		a, err := p.answer(ctx, escpos.AnswerRealTime, patience)
		if err != nil {
			return fmt.Errorf("ask DLE EOT %d: %w", n, err)
		}
		if err := s.TakeRealTime(n, a.Bytes[0]); err != nil {
			return err
		}
	}
	p.status = s
	return nil
}

// quiet is how long the wire must be silent for answers to be known as gone.
const quiet = 200 * time.Millisecond

// settle waits out the answers to questions that a call before had no time for:
// they would be taken for those of the next.
func (p *Printer) settle(ctx context.Context) error {
	for p.unsettled {
		_, err := p.answer(ctx, escpos.AnswerRealTime, quiet)
		switch {
		case errors.Is(err, wire.ErrTimeout):
			p.unsettled = false
		case err != nil:
			return err
		}
	}
	return nil
}

// forget drops answers of a kind that nobody waits for any more.
func (p *Printer) forget(kind escpos.AnswerKind) {
	p.heard = slices.DeleteFunc(p.heard, func(a escpos.Answer) bool { return a.Kind == kind })
}

// ready asks the printer how it is, leads it out of an error it can leave, and
// names what keeps it from printing.
func (p *Printer) ready(ctx context.Context) error {
	if err := p.query(ctx); err != nil {
		return err
	}
	s := p.status
	if s.Ready() {
		return nil
	}
	if !s.PaperOut && !s.CoverOpen && !s.Unrecoverable && (s.Recoverable || s.Waiting) {
		// The person did what was asked for; go on from the line where it stopped.
		var e escpos.Encoder
		if err := p.send(ctx, e.Recover(escpos.Resume).Bytes()); err != nil {
			return err
		}
		if err := p.query(ctx); err != nil {
			return err
		}
		if s = p.status; s.Ready() {
			return nil
		}
	}
	return &Error{Reason: reasonOf(s)}
}

// passing tells of a printer that will be well by itself: it takes nothing for a
// while and names nothing that a person could do about it, or its head is hot.
func passing(s escpos.Status) bool {
	person := s.PaperOut || s.CoverOpen || s.Cutter || s.Unrecoverable || s.Recoverable || s.Waiting
	return !person && (s.Hot || s.Offline && !s.Error)
}

// poll is how often a printer that will be well by itself is asked.
const poll = 250 * time.Millisecond

// readySoon is ready with patience for what passes by itself.
func (p *Printer) readySoon(ctx context.Context) error {
	patience := time.Now().Add(p.opts.Block)
	for {
		err := p.ready(ctx)
		var e *Error
		if !errors.As(err, &e) || e.Err != nil || !passing(p.status) || time.Now().After(patience) {
			return err
		}
		timer := time.NewTimer(poll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return &Error{Reason: Late, Err: ctx.Err()}
		}
	}
}

// reasonOf names the first thing a person has to do something about.
func reasonOf(s escpos.Status) Reason {
	switch {
	case s.CoverOpen:
		return CoverOpen
	case s.PaperOut:
		return PaperOut
	case s.Cutter:
		return Cutter
	case s.Unrecoverable, s.Recoverable, s.Error, s.Hot:
		return Failed
	}
	return Offline
}

// Status asks the printer how it is. A silent printer is never asked.
func (p *Printer) Status(ctx context.Context) (escpos.Status, error) {
	if p.opts.Profile.Silent {
		return escpos.Status{}, nil
	}
	if err := p.query(ctx); err != nil {
		return escpos.Status{}, p.fail("status", err)
	}
	return p.status, nil
}

// drawerPulse opens a drawer: 100 ms on, 200 ms off, in units of 2 ms.
const (
	drawerOn  = 50
	drawerOff = 100
)

// OpenDrawer opens the cash drawer on the printer's connector.
func (p *Printer) OpenDrawer(ctx context.Context) error {
	var e escpos.Encoder
	return p.act(ctx, "open drawer", e.Drawer(0, drawerOn, drawerOff).Bytes())
}

// Cut feeds the paper out and cuts it.
func (p *Printer) Cut(ctx context.Context) error {
	return p.act(ctx, "cut", escpos.TearOff(p.opts.Profile).Bytes)
}

// act does something that is no slip. While one is owed it would be printed in its middle.
func (p *Printer) act(ctx context.Context, op string, b []byte) error {
	if p.job != nil {
		return &Error{Op: op, Reason: Owed, Outcome: fiscal.NotDone, Status: p.status}
	}
	if !p.opts.Profile.Silent {
		if err := p.ready(ctx); err != nil {
			return p.fail(op, err)
		}
	}
	if err := p.send(ctx, b); err != nil {
		return p.fail(op, err)
	}
	return nil
}
