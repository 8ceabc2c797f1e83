// Package fnprint makes a till of a fiscal memory and a receipt printer, each
// on a cable of its own: the driver is the cash register's brain.
//
// # Who knows what
//
// The fiscal memory is the only truth for fiscal facts: what was registered,
// which shift is open, which documents there are. The driver asks it anew
// whenever anything depends on it; what it keeps between calls (the
// registration, when the shift was opened) it reads back at every connect. The
// clock is the computer's.
//
// What a cash register has and a fiscal memory has not is kept in a [Memory] of
// the driver's own: the cash in the drawer, the counts of cash movements and X
// reports, and the last document whose slip came out whole.
//
// # How a document is made
//
// A document is translated whole and checked against the registration before
// the fiscal memory hears of it; what the registration forbids is refused by
// the name of what it forbids. Then: begin, tags in messages of whole tags,
// and the command that forms it, which is the commit and is sent once. When its
// answer is lost, the last answer is asked for once (ENQ). It is ours when it
// numbers the document that had to come next; otherwise the outcome is Unknown
// and the agent settles it. An error before the commit cancels the document in
// the fiscal memory, and says so.
//
// # Paper
//
// A printer that is not ready refuses a document before the fiscal memory is
// touched. After the commit nothing that happens to the paper changes the
// answer: the slip is owed, [drivers.Status] says so, and FinishPrint prints it
// from the document in the fiscal memory. Nobody can know how much of a slip
// came out before the cable went, so a slip begun once is printed whole again
// under the heading «ПОВТОР».
//
// The slip of document N is owed when the fiscal memory has it and the Memory
// has not. That order (commit, print, remember) needs no write before the
// commit: whatever dies in between, the document is found and its slip printed.
//
// # What counts as done
//
// A cash movement and an X report leave no fiscal document. For them the
// durable write of their counter is the effect: before it nothing has happened,
// after it only the slip is missing, which is in the same write. Counter,
// drawer and slip can therefore not disagree.
//
// # When the memory is lost
//
// The file is replaced whole, so a power cut leaves the old state or the new
// one. Only damage or removal loses it. Then the driver says so in its log and
// begins again: every document counts as printed, the drawer holds what nobody
// knows and begins at zero, and the counters begin at zero. No double can come
// of it. Fiscal documents do not depend on the memory at all. For a cash
// movement that was being settled the agent compares counters: one that went
// from n to 0 is neither the same nor one more, so a person decides. With n = 0
// the verdict is "not done", and that is what the new memory says too: asked
// again, the movement is counted once in it.
//
// # What it does not do
//
// It does not settle, repeats nothing that commits, and checks no marking
// codes.
package fnprint

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/fn"
)

// Names of a till made by this driver.
const (
	driverName = "fnprint"
	maker      = "Чекан"
	model      = "Чекан-ФН"
)

// Options are what the driver needs to know of the installation. The zero value
// suits a printer with 48 characters in a line and Epson's code pages.
type Options struct {
	// Profile is the printer; the zero value is escpos.DefaultProfile.
	Profile escpos.Profile
	// WholeMessages hands messages of the operator to the fiscal memory, and
	// takes them, with their session header. The interface description gives
	// the container alone.
	WholeMessages bool
	// Now is the computer's clock; nil is time.Now.
	Now func() time.Time
	// Log hears what a technician would tell; nil is silence.
	Log *slog.Logger
}

// Till is a till made of a fiscal memory and a printer. It opens both cables by
// itself and opens them again after any fault.
type Till struct {
	dial   wire.DialFunc
	opts   Options
	log    *slog.Logger
	paper  *paper
	memory Memory

	// mu guards what Close and Reopen touch while a call is going on.
	mu     sync.Mutex
	conn   wire.Conn
	cancel context.CancelFunc // ends the dialling in progress
	closed bool

	// stateMu guards what the till remembers: printing goes on beside calls.
	stateMu sync.Mutex
	state   State
	loaded  bool
	clean   bool // what is owed never touched the paper
	extraFD uint32
	extra   slipExtra // of document extraFD

	// The rest belongs to the one goroutine that calls.
	in     fn.Reader
	room   [2048]byte
	known  facts
	before said

	lost   fn.Command // whose answer never came; 0 when none
	lostFD uint32     // the document it would have numbered
	// unprinted is a document that may have been formed, and whose slip has not
	// been begun; 0 when there is none.
	unprinted uint32
	pending   []fiscal.Document
}

// facts are what the fiscal memory said on this connection. They spare
// commands; what decides anything is read anew.
type facts struct {
	version      *fn.VersionAnswer
	registration *registered
	shift        *shiftStart
	free         freeRoom
}

var (
	_ drivers.Till          = (*Till)(nil)
	_ drivers.Copier        = (*Till)(nil)
	_ drivers.TextPrinter   = (*Till)(nil)
	_ drivers.StuckLeaver   = (*Till)(nil)
	_ drivers.Reopener      = (*Till)(nil)
	_ drivers.PendingReader = (*Till)(nil)
	_ drivers.Marker        = (*Till)(nil)
	_ drivers.FNTeller      = (*Till)(nil)
	_ drivers.TLVReader     = (*Till)(nil)
	_ drivers.Relay         = (*Till)(nil)
	_ drivers.Registrar     = (*Till)(nil)
)

// New returns a till whose fiscal memory and printer are on the cables that
// memoryDial and printerDial open. Nothing is opened yet.
func New(memoryDial, printerDial wire.DialFunc, memory Memory, opts Options) *Till {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Profile.Columns == 0 {
		opts.Profile, _ = escpos.FindProfile("")
	}
	return &Till{dial: memoryDial, opts: opts, log: opts.Log, memory: memory, paper: newPaper(printerDial, opts.Profile)}
}

// Close implements drivers.Till.
func (t *Till) Close() error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	return t.letGo(t.paper.close)
}

// Reopen implements drivers.Reopener: both cables are closed now and opened by
// the next call.
func (t *Till) Reopen() error { return t.letGo(t.paper.reopen) }

// letGo takes the cables away from the call in progress.
func (t *Till) letGo(printer func() error) error {
	t.mu.Lock()
	conn := t.conn
	t.conn = nil
	if t.cancel != nil {
		t.cancel()
	}
	t.mu.Unlock()
	err := printer()
	if conn != nil {
		if closing := conn.Close(); closing != nil {
			return closing
		}
	}
	return err
}

// now is the computer's civil time, which is the till's.
func (t *Till) now() fiscal.DateTime {
	now := t.opts.Now().Local()
	return fiscal.DateTime{Year: now.Year(), Month: int(now.Month()), Day: now.Day(), Hour: now.Hour(), Minute: now.Minute(), Second: now.Second()}
}

// minute is now as the fiscal memory takes it: without seconds.
func (t *Till) minute() fiscal.DateTime {
	now := t.now()
	now.Second = 0
	return now
}
