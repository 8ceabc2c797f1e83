// Package shtrih drives Shtrih-M tills (KKT of the F series) over their wire,
// by the commands of package protocol/shtrih.
//
// # Links
//
// The till speaks the standard link or the numbered one, whichever it met
// first since power-on. [LinkAuto] tries the standard one and falls back. After
// every fault of the wire the port is closed; the next call opens it and finds
// out where the till stands.
//
// # What is never repeated
//
// A command that commits something (closing a receipt, a shift, moving cash) is
// sent once. When its answer is lost the error says Unknown, even where the
// maker's own state machine would send it again: a till that restarted, or that
// lost only the answer, would do it twice. Reads are asked again a bounded
// number of times. An answer that a till still held for an earlier command is
// kept as evidence, see [Till.TakePending].
//
// # Before printing
//
// A command that prints waits, within bounds, until the printer rests. Missing
// paper, an open cover and a document that waits to be continued are errors
// with the outcome NotDone: what to do about them is the agent's to say.
//
// # What it does not do
//
// It does not settle, keeps nothing across a restart, and cancels a receipt by
// itself only when it knows that the closing command was never sent or was
// refused.
package shtrih

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

// Link says which link layer to speak.
type Link int

// Links.
const (
	// LinkAuto begins with the link that worked last, the standard one at
	// first, and tries the other when the till does not answer.
	LinkAuto Link = iota
	// LinkStandard is ENQ, ACK, STX and LRC (P117, app. 2–3).
	LinkStandard
	// LinkNumbered is the alternative layer with numbered packets; a till has
	// it when bit 28 of its capabilities (F7h) is set.
	LinkNumbered
)

// adminPassword is the factory password of the system administrator.
const adminPassword = 30

// Options are what the driver needs to know of the installation. The zero value
// suits a till with factory settings.
type Options struct {
	// Password is the system administrator's, row 30 of table 2; 0 means 30.
	Password uint32
	// CashierPassword is sent with receipts; 0 means Password.
	CashierPassword uint32
	// Link is the link layer.
	Link Link
	// Log hears what a technician would tell; nil is silence.
	Log *slog.Logger
}

// Till is a Shtrih-M till. It opens the wire by itself at the first call and
// again after any fault of the wire.
type Till struct {
	dial wire.DialFunc
	opts Options
	log  *slog.Logger

	// mu guards what Close and Reopen touch while a call is going on.
	mu     sync.Mutex
	conn   wire.Conn
	cancel context.CancelFunc // ends the dialling in progress
	closed bool

	// The rest belongs to the one goroutine that calls.
	link    link
	prefer  Link
	met     bool // some link has worked
	misses  int  // connects in a row without an answer
	known   facts
	pending []fiscal.Document
}

// facts are what the till said on this connection. They spare commands; what
// decides anything is read anew.
type facts struct {
	capabilities *shtrih.CapabilitiesAnswer
	device       *shtrih.DeviceTypeAnswer
	ffd          *byte
	// fn and fd are the fiscal memory and its last document; fn is empty until
	// read. shift and receipt are the current numbers, likewise.
	fn    string
	fd    uint32
	shift *shtrih.ShiftStateAnswer
}

var (
	_ drivers.Till          = (*Till)(nil)
	_ drivers.Copier        = (*Till)(nil)
	_ drivers.TextPrinter   = (*Till)(nil)
	_ drivers.ClockSetter   = (*Till)(nil)
	_ drivers.StuckLeaver   = (*Till)(nil)
	_ drivers.Reopener      = (*Till)(nil)
	_ drivers.PendingReader = (*Till)(nil)
	_ drivers.TLVReader     = (*Till)(nil)
)

// New returns a till on the wire that dial opens. Nothing is opened yet.
func New(dial wire.DialFunc, opts Options) *Till {
	if opts.Password == 0 {
		opts.Password = adminPassword
	}
	if opts.CashierPassword == 0 {
		opts.CashierPassword = opts.Password
	}
	log := opts.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Till{dial: dial, opts: opts, log: log, prefer: LinkStandard}
}

// Close implements drivers.Till.
func (t *Till) Close() error {
	t.mu.Lock()
	t.closed = true
	conn := t.letGo()
	t.mu.Unlock()
	if conn == nil {
		return nil
	}
	return conn.Close()
}

// Reopen implements drivers.Reopener: the wire is closed now and opened by the
// next call.
func (t *Till) Reopen() error {
	t.mu.Lock()
	conn := t.letGo()
	t.mu.Unlock()
	if conn == nil {
		return nil
	}
	return conn.Close()
}

// letGo takes the wire away from the call in progress. t.mu is held.
func (t *Till) letGo() wire.Conn {
	conn := t.conn
	t.conn = nil
	if t.cancel != nil {
		t.cancel()
	}
	return conn
}

// dialWait bounds opening the wire.
const dialWait = 5 * time.Second

// missesToSwitch is after how many silent connects the other link is tried on a
// till that used to speak this one: somebody may have switched it.
const missesToSwitch = 4

// connect makes sure that there is an open wire with a till that answers.
func (t *Till) connect(ctx context.Context) error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return notSent(wire.ErrClosed)
	}
	if t.conn != nil && t.link != nil {
		t.mu.Unlock()
		return nil
	}
	t.mu.Unlock()
	first := t.opts.Link
	if first == LinkAuto {
		first = t.prefer
	}
	err := t.connectBy(ctx, first)
	if err == nil || !errors.Is(err, errNoAnswer) || ctx.Err() != nil {
		return err
	}
	// A till that has just been switched on takes the link of the first byte
	// it hears and keeps it, so one that is merely silent for a moment is not
	// spoken to otherwise at once.
	t.misses++
	if t.opts.Link != LinkAuto || t.met && t.misses < missesToSwitch {
		return err
	}
	other := LinkStandard
	if first == LinkStandard {
		other = LinkNumbered
	}
	if otherErr := t.connectBy(ctx, other); otherErr != nil {
		return err
	}
	return nil
}

func (t *Till) connectBy(ctx context.Context, which Link) error {
	conn, err := t.open(ctx)
	if err != nil {
		return notSent(err)
	}
	in := &inbound{conn: conn}
	var l link = &standard{in: in}
	if which == LinkNumbered {
		l = &numbered{in: in}
	}
	held, err := l.greet(ctx)
	if held != nil {
		t.keep(held)
	}
	if err != nil {
		t.drop()
		return err
	}
	t.link, t.prefer = l, which
	t.met, t.misses = true, 0
	t.known = facts{}
	return nil
}

// open dials, so that Close can end it.
func (t *Till) open(ctx context.Context) (wire.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWait)
	defer cancel()
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return nil, wire.ErrClosed
	}
	old := t.conn
	t.conn, t.cancel = nil, cancel
	t.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
	conn, err := t.dial(ctx)
	t.mu.Lock()
	t.cancel = nil
	closed := t.closed
	if err == nil && !closed {
		t.conn = conn
	}
	t.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if closed {
		_ = conn.Close()
		return nil, wire.ErrClosed
	}
	return conn, nil
}

// drop closes the wire after a fault; the next call opens it again.
func (t *Till) drop() {
	t.link = nil
	t.mu.Lock()
	conn := t.conn
	t.conn = nil
	t.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
}

// readTries is how often a read is asked at most.
const readTries = 3

// ask sends a command and returns its answer: a *linkError when the wire failed
// and a *shtrih.DeviceError when the till refused. A read is asked again after
// a fault of the wire, anything else never.
func (t *Till) ask(ctx context.Context, request shtrih.Request) (shtrih.Answer, error) {
	about := shtrih.Describe(request.Code())
	command, err := shtrih.EncodeRequest(request)
	if err != nil {
		return nil, notSent(err)
	}
	for try := 1; ; try++ {
		answer, err := t.once(ctx, command, about)
		var fault *linkError
		if err == nil || !errors.As(err, &fault) {
			return answer, err
		}
		if !about.ReadOnly || try == readTries || ctx.Err() != nil || t.isClosed() {
			return nil, err
		}
		if !fault.sent && (errors.Is(err, wire.ErrAbsent) || errors.Is(err, wire.ErrBusy) || errors.Is(err, errNoAnswer)) {
			return nil, err // connecting has tried hard enough
		}
		t.log.Debug("asking again", "command", request.Code().String(), "error", err.Error())
	}
}

func (t *Till) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

// once does one exchange.
func (t *Till) once(ctx context.Context, command []byte, about shtrih.Command) (shtrih.Answer, error) {
	if err := t.connect(ctx); err != nil {
		return nil, err
	}
	message, err := t.link.exchange(ctx, command, time.Duration(about.TimeoutMS)*time.Millisecond, about.Commits && !fillsBuffer(about.Code))
	if held := t.heldByLink(); held != nil {
		t.keep(held)
	}
	if err != nil {
		t.drop()
		return nil, err
	}
	answer, err := shtrih.DecodeAnswer(about.Code, message)
	var refusal *shtrih.DeviceError
	switch {
	case err == nil, errors.As(err, &refusal):
		return answer, err
	default:
		// Somebody else's answer, or one that makes no sense. Whatever became
		// of our command, this answer does not tell.
		t.keep(message)
		t.drop()
		return nil, maybe(err)
	}
}

// fillsBuffer tells of commands that only add to a document not yet made. One
// of them lost spoils the document, which the subtotal shows before it counts.
func fillsBuffer(c shtrih.Code) bool {
	switch c {
	case shtrih.CodeOperationV2, shtrih.CodeOperationTLV, shtrih.CodeSendTLV, shtrih.CodePrintString:
		return true
	}
	return false
}

func (t *Till) heldByLink() []byte {
	if l, ok := t.link.(*standard); ok {
		return l.takeHeld()
	}
	return nil
}
