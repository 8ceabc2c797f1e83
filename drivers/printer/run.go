package printer

import (
	"context"
	"errors"
	"time"

	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/slip"
)

// job is a slip on its way to paper.
type job struct {
	slip   slip.Slip
	blocks []escpos.Block
	next   int // block to be sent
	// asked says that a question waits in the printer behind blocks[next-1]:
	// its answer proves that the blocks before next are carried out.
	asked bool
	// touched says that the printer may have got some of the slip; torn, that
	// what it had is lost or may be, and the whole slip begins anew.
	touched, torn bool
	repeat        bool // headed «ПОВТОР»
	// strange says that a program before us may have left questions of its own;
	// burst is how many answers are still awaited before the old ones are over.
	strange     bool
	burst       int
	done, total int // lines proved, lines in all
}

func (j *job) prepare(p escpos.Profile) {
	s := j.slip
	if j.repeat {
		s = s.Headed(slip.Repeat)
	}
	j.blocks, j.next, j.asked, j.torn = escpos.Render(s, p), 0, false, false
	j.done, j.total = 0, 0
	for _, b := range j.blocks {
		j.total += b.Lines
	}
}

// begin starts a slip. What did not touch the paper is not owed.
func (p *Printer) begin(ctx context.Context, op string, s slip.Slip, again bool) (Result, error) {
	j := &job{slip: s, repeat: again}
	j.prepare(p.opts.Profile)
	j.touched, j.strange = again, again
	j.torn = again || p.dirty || p.owing > 0
	p.job = j
	r, err := p.goOn(ctx, op)
	if err != nil && !j.touched {
		p.job = nil
	}
	return r, err
}

// goOn brings the job to its end, or to the next reason why it cannot.
func (p *Printer) goOn(ctx context.Context, op string) (Result, error) {
	if p.opts.Profile.Silent {
		return p.pour(ctx, op)
	}
	r, again, err := p.pass(ctx, op)
	if again {
		// Once: a printer that never answers in its turn would print one
		// beginning after another.
		r, again, err = p.pass(ctx, op)
	}
	if again {
		return Result{}, p.fail(op, &Error{Reason: Mute, Err: errForgotten})
	}
	return r, err
}

// pass is one way through the slip; again says that it turned out to be torn
// and begins anew at once.
func (p *Printer) pass(ctx context.Context, op string) (r Result, again bool, err error) {
	j := p.job
	if err := p.readySoon(ctx); err != nil {
		return Result{}, false, p.fail(op, err)
	}
	if j.asked {
		// The question left in the buffer: its answer proves that the printer
		// still had what it was sent.
		switch err := p.await(ctx); {
		case errors.Is(err, errForgotten):
			j.torn = true
		case err != nil:
			return Result{}, false, p.fail(op, err)
		default:
			p.proved()
		}
	}
	if j.torn {
		if err := p.tearOff(ctx); err != nil {
			return Result{}, false, p.fail(op, err)
		}
		j.repeat = j.repeat || j.touched
		j.prepare(p.opts.Profile)
	}
	for j.next < len(j.blocks) {
		j.touched = true
		b := j.blocks[j.next]
		p.lacks = max(p.lacks, len(b.Bytes))
		if err := p.send(ctx, b.Bytes); err != nil {
			return Result{}, false, p.fail(op, err)
		}
		j.next++
		if err := p.ask(ctx); err != nil {
			return Result{}, false, p.fail(op, err)
		}
		switch err := p.await(ctx); {
		case errors.Is(err, errForgotten):
			j.torn = true
			return Result{}, true, nil
		case err != nil:
			return Result{}, false, p.fail(op, err)
		}
		p.proved()
		switch err := p.between(ctx); {
		case errors.Is(err, errForgotten):
			j.torn = true
			return Result{}, true, nil
		case err != nil:
			return Result{}, false, p.fail(op, err)
		}
	}
	r = Result{Outcome: fiscal.Done, Repeated: j.repeat, NearEnd: p.status.NearEnd}
	p.job = nil
	return r, false, nil
}

// between asks how the printer is after a block. That confirms the answer, too:
// a wire in trouble can bring a byte that looks like one, and then the four
// answers do not follow. A printer that stopped between two blocks is left a
// question: only its answer will prove that nobody switched it off meanwhile.
func (p *Printer) between(ctx context.Context) error {
	p.stuttered = false
	err := p.ready(ctx)
	if err == nil && p.stuttered {
		// Nothing waits in the printer now that would tell whether it was
		// switched off and on.
		return errForgotten
	}
	var e *Error
	if errors.As(err, &e) && e.Err == nil {
		if passing(p.status) {
			return nil // the next answer is waited for anyway
		}
		if p.job.next == len(p.job.blocks) {
			return nil // the slip is out, whatever ails the printer now
		}
		if err := p.ask(ctx); err != nil {
			return err
		}
	}
	return err
}

// proved takes the answer behind the last block sent.
func (p *Printer) proved() {
	j := p.job
	j.asked, p.lacks = false, 0
	j.done = 0
	for _, b := range j.blocks[:j.next] {
		j.done += b.Lines
	}
	if p.opts.Progress != nil {
		p.opts.Progress(j.done, j.total)
	}
}

// tearOff ends what is on paper of a torn slip, and brings a printer that lost
// the end of a command back to its senses.
func (p *Printer) tearOff(ctx context.Context) error {
	if j := p.job; j.burst == 0 {
		var e escpos.Encoder
		e.Resync(p.lacks).Text(escpos.TearOff(p.opts.Profile).Bytes)
		p.forget(escpos.AnswerPaper)
		old := p.owing
		if j.strange {
			old = max(old, strangers)
		}
		for range old + 1 {
			e.AskPaper()
		}
		j.burst, p.owing = old+1, 2*old+1
		if err := p.send(ctx, e.Bytes()); err != nil {
			return err
		}
	}
	return p.clear(ctx)
}

const (
	// strangers is how many questions a program before us may have left.
	strangers = 3
	// pairGap is how near each other the answers to questions come that were
	// asked together.
	pairGap = 100 * time.Millisecond
)

// clear makes sure that no answer is on its way any more: of a slip that a wire
// or a program before us left in the printer, questions may still wait there,
// and their answers would prove blocks of ours that are not out. Answers do not
// say what they answer, so one question more was asked than there can be old
// ones: with as many answers one of them is new, and the others follow at once.
func (p *Printer) clear(ctx context.Context) error {
	j := p.job
	patience := time.Now().Add(p.opts.Block)
	for j.burst > 0 {
		_, err := p.answer(ctx, escpos.AnswerPaper, p.opts.Answer)
		switch {
		case err == nil:
			j.burst--
			continue
		case !errors.Is(err, wire.ErrTimeout):
			return err
		}
		if err := p.readySoon(ctx); err != nil {
			return err
		}
		if time.Now().After(patience) && !p.has(escpos.AnswerPaper) {
			j.burst = 0
			return &Error{Reason: Mute, Err: errForgotten}
		}
	}
	for {
		_, err := p.answer(ctx, escpos.AnswerPaper, pairGap)
		switch {
		case errors.Is(err, wire.ErrTimeout):
			p.owing, p.dirty, j.strange = 0, false, false
			return nil
		case err != nil:
			return err
		}
	}
}

// pour sends a slip to a printer that says nothing.
func (p *Printer) pour(ctx context.Context, op string) (Result, error) {
	j := p.job
	if _, err := p.open(ctx); err == nil && p.noPaper(ctx) {
		return Result{}, p.fail(op, &Error{Reason: PaperOut})
	}
	for j.next < len(j.blocks) {
		j.touched = true
		if err := p.send(ctx, j.blocks[j.next].Bytes); err != nil {
			err := p.fail(op, err)
			j.prepare(p.opts.Profile)
			return Result{}, err
		}
		j.next++
	}
	p.job = nil
	return Result{Outcome: fiscal.Unknown, Repeated: j.repeat}, nil
}

// fail makes the error of a call, and notes what the job lost by it.
func (p *Printer) fail(op string, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Reason: Link, Err: err}
	}
	e.Op, e.Status = op, p.status
	e.Outcome = fiscal.NotDone
	if j := p.job; j != nil && j.touched {
		e.Outcome = fiscal.Unknown
		if e.Reason == Link || e.Reason == Mute {
			// What was on its way is gone, in the middle of a command perhaps.
			j.torn, j.asked = true, false
		}
		// Without a question in the printer nothing would prove later that
		// nobody switched it off meanwhile.
		j.torn = j.torn || !j.asked
	}
	return e
}

// errForgotten says that a printer that is well does not answer the question in
// its buffer: the buffer is not what it was.
var errForgotten = errors.New("the printer forgot what it was sent")

// await waits for the answer of the question in the printer's buffer. While it
// does not come the printer is asked how it is: only a printer that says it is
// well is held to its time.
func (p *Printer) await(ctx context.Context) error {
	patience := time.Now().Add(p.opts.Block)
	for {
		a, err := p.answer(ctx, escpos.AnswerPaper, p.opts.Answer)
		switch {
		case err == nil:
			if p.owing > 0 {
				continue // an older question's
			}
			p.status.TakePaper(a.Bytes[0])
			return nil
		case !errors.Is(err, wire.ErrTimeout):
			return err
		}
		var e *Error
		if err := p.ready(ctx); errors.As(err, &e) && e.Err == nil && passing(p.status) && time.Now().Before(patience) {
			continue
		} else if err != nil {
			return err
		}
		if p.has(escpos.AnswerPaper) {
			continue
		}
		if time.Now().After(patience) {
			return errForgotten
		}
	}
}
