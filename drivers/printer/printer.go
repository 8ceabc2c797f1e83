// Package printer prints slips on a receipt printer that speaks ESC/POS, over
// any wire, so that each slip comes out whole exactly once or its fate is named.
//
// # What is proof
//
// Bytes a printer took are not lines on paper. A slip goes in blocks that fit
// into the smallest of buffers; behind each goes a question that waits its turn
// in the printer (GS r), and the next block goes when it is answered. Between
// and while waiting the printer is asked how it is (DLE EOT 1 to 4), which it
// answers at once, paper or no paper. [fiscal.Done] means that the question
// behind the knife was answered.
//
// # When it stops
//
// Paper out, an open cover or an error ends [Printer.Print] with an [*Error]
// that names it. The slip stays owed. [Printer.Continue] goes on from the line
// where the printer stopped when the printer still has what it was sent: a
// question is left waiting in its buffer, and only its answer proves that. When
// the answer never comes (the printer was switched off to change the roll) or
// the wire was lost, the whole slip is printed again headed «ПОВТОР», after
// cutting off what is left of the first. Both come by the same call.
//
// A printer that answers nothing is [escpos.Profile.Silent]: it is sent the
// slip, and the outcome is [fiscal.Unknown] for ever.
//
// On USB the paper is also asked for beside the data ([wire.PortStatuser]): when
// a block gets stuck, when status requests go unanswered, and before a slip goes
// to a silent printer.
//
// # What this package does not do
//
// It keeps nothing across a restart of the program: who owes a slip then prints
// it with [Printer.Repeat]. It knows no fiscal document and is no Till.
package printer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/slip"
)

// Options are what New takes besides the wire.
type Options struct {
	Profile escpos.Profile
	// Answer bounds how long the printer may take to answer a status request;
	// 0 is [DefaultAnswer].
	Answer time.Duration
	// Block bounds how long one block may print while the printer says that all
	// is well; 0 is [DefaultBlock].
	Block time.Duration
	// Progress hears how many lines of how many are proved to be on paper. May
	// be nil; must be quick.
	Progress func(done, total int)
}

// Defaults of Options.
const (
	DefaultAnswer = 1500 * time.Millisecond
	DefaultBlock  = 10 * time.Second
)

// Reason says why a slip is not out.
type Reason string

// Reasons.
const (
	PaperOut  Reason = "paper_out"
	CoverOpen Reason = "cover_open"
	Cutter    Reason = "cutter"
	Failed    Reason = "failed"  // an error of the printer, named in Status
	Offline   Reason = "offline" // it says no more than that
	Mute      Reason = "mute"    // no answer
	Link      Reason = "link"    // the wire is at fault
	Late      Reason = "late"    // the caller's time is over and the printer goes on
	Owed      Reason = "owed"    // an earlier slip is not out yet
)

// texts are what the person at the till reads.
var texts = map[Reason]string{
	PaperOut:  "в принтере кончилась бумага: вставьте рулон, печать продолжится",
	CoverOpen: "открыта крышка принтера: закройте её, печать продолжится",
	Cutter:    "заело нож принтера: уберите смятую бумагу и закройте крышку",
	Failed:    "принтер сообщает об ошибке: выключите и включите его",
	Offline:   "принтер не готов: проверьте бумагу и крышку, нажмите кнопку подачи",
	Mute:      "принтер не отвечает: проверьте, включён ли он",
	Link:      "нет связи с принтером: проверьте кабель и питание",
	Late:      "принтер ещё печатает",
	Owed:      "прежний чек ещё не допечатан",
}

// Text is for the person at the till, in Russian.
func (r Reason) Text() string { return texts[r] }

// Error says why a slip is not out and what may be on paper of it.
type Error struct {
	Op     string // "print", "continue", "status", …
	Reason Reason
	// Outcome is NotDone when nothing of the slip is on paper, Unknown when a
	// part of it or all of it may be.
	Outcome fiscal.Outcome
	// Status is what the printer said last.
	Status escpos.Status
	Err    error // the wire's error, if any
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: printer %s: %v", e.Op, e.Reason, e.Err)
	}
	return fmt.Sprintf("%s: printer %s", e.Op, e.Reason)
}

// Unwrap returns the wire's error.
func (e *Error) Unwrap() error { return e.Err }

// Text is for the person at the till, in Russian: the reason, or what keeps the
// wire from being opened where that is more than a cable.
func (e *Error) Text() string {
	switch {
	case errors.Is(e.Err, wire.ErrNoUSB):
		return wire.ErrNoUSB.Error()
	case errors.Is(e.Err, wire.ErrDenied):
		return "у агента нет прав на порт принтера: docs/usb.md или группа dialout"
	case errors.Is(e.Err, wire.ErrSeveral):
		return "подключено несколько таких принтеров: укажите в файле настроек серийный номер нужного"
	case errors.Is(e.Err, wire.ErrBusy):
		return "принтер занят другой программой: закройте её"
	}
	return e.Reason.Text()
}

// ErrClosed is what calls end with once Close was called.
var ErrClosed = errors.New("printer is closed")

// Result says what came out.
type Result struct {
	// Outcome is Done when the slip is proved to be out and cut, Unknown for a
	// silent printer.
	Outcome fiscal.Outcome
	// Repeated says that the slip that is out is headed «ПОВТОР».
	Repeated bool
	// NearEnd says that the roll is about to end.
	NearEnd bool
}

// Printer is one printer on its wire. Calls come from one goroutine at a time,
// except Close, which may come at any moment and ends whatever is going on.
// Every call ends by its context's deadline.
type Printer struct {
	dial wire.DialFunc
	opts Options

	mu     sync.Mutex // guards conn and closed against Close
	conn   wire.Conn
	closed bool

	answers escpos.Answers
	heard   []escpos.Answer // answers read and not yet taken
	status  escpos.Status
	// unsettled says that answers may still come to questions nobody waits for.
	unsettled bool
	// stuttered says that a status request went unanswered once: as when a
	// printer is switched off and on.
	stuttered bool
	// owing is how many questions may still be answered; dirty, that a part of a
	// slip hangs out of the printer that nobody wants any more.
	owing int
	dirty bool
	// lacks is how many bytes of a command the printer may still wait for, had
	// its link been lost; greeted and resynced, that this link has brought the
	// end of a head and all of them.
	lacks             int
	greeted, resynced bool
	job               *job // the slip that is owed
}

// New makes a printer; the wire is opened when it is first needed, and again
// after it was lost.
func New(dial wire.DialFunc, opts Options) *Printer {
	if opts.Answer <= 0 {
		opts.Answer = DefaultAnswer
	}
	if opts.Block <= 0 {
		opts.Block = DefaultBlock
	}
	// A program before us may have left anything.
	return &Printer{dial: dial, opts: opts, lacks: escpos.MaxBlock}
}

// Profile is what the printer was said to be.
func (p *Printer) Profile() escpos.Profile { return p.opts.Profile }

// Print prints a slip. With an error it stays owed unless the error's Outcome
// is NotDone.
func (p *Printer) Print(ctx context.Context, s slip.Slip) (Result, error) {
	if p.job != nil {
		return Result{}, &Error{Op: "print", Reason: Owed, Outcome: fiscal.NotDone, Status: p.status}
	}
	return p.begin(ctx, "print", s, false)
}

// Repeat prints a slip whose first print has an unknown fate, headed «ПОВТОР»:
// after a restart of the program. What is still owed is forgotten.
func (p *Printer) Repeat(ctx context.Context, s slip.Slip) (Result, error) {
	p.Drop()
	return p.begin(ctx, "repeat", s, true)
}

// Continue brings the slip that is owed to its end; a Result of the zero value
// when nothing is.
func (p *Printer) Continue(ctx context.Context) (Result, error) {
	if p.job == nil {
		return Result{}, nil
	}
	return p.goOn(ctx, "continue")
}

// Pending tells whether a slip is owed.
func (p *Printer) Pending() bool { return p.job != nil }

// Drop forgets the slip that is owed; what is on paper of it is cut off before
// the next one.
func (p *Printer) Drop() {
	p.dirty = p.dirty || p.job != nil && p.job.touched
	p.job = nil
}
