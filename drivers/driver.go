// Package drivers says what a till can do, whatever its maker. One package
// below this one speaks one maker's protocol and makes a [Till] of it; the
// table of them stands in package agent/internal/till, in one readable place.
//
// # Reads and effects
//
// Reads ([Till.Identity], [Till.Status], [Till.Baseline], [Till.Document])
// change nothing and may be repeated. Effects change the fiscal memory, the
// drawer or the paper; each either succeeds or returns an [*Error] whose
// Outcome says what became of it. A driver never repeats a committing command
// by itself: when the answer is lost it says Unknown and leaves the question
// to the agent, which has the journal and the fiscal memory to decide by.
//
// # What drivers do not do
//
// They keep nothing across a restart, decide nothing about an unfinished
// document, and hear of neither the journal nor the cloud.
package drivers

import (
	"context"
	"errors"
	"fmt"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Till is one cash register on its wire. Calls come from one goroutine at a
// time, except Close, which may come at any moment and ends whatever is going
// on. Every call ends by its context's deadline.
type Till interface {
	// Identity reads who answers on the wire: maker, model, factory number.
	Identity(ctx context.Context) (Identity, error)
	// Status reads the state a cashier would ask about.
	Status(ctx context.Context) (Status, error)
	// Baseline reads the counters against which an effect is settled later.
	Baseline(ctx context.Context) (fiscal.Baseline, error)
	// Document reads one document of the archive; ErrNoDocument when absent.
	Document(ctx context.Context, fd uint32) (fiscal.Document, error)

	// OpenShift opens a shift and returns its document.
	OpenShift(ctx context.Context, by fiscal.Cashier) (fiscal.Document, error)
	// CloseShift prints the Z report and returns its document.
	CloseShift(ctx context.Context, by fiscal.Cashier) (fiscal.Document, error)
	// Register fiscalises a receipt or, if it has a Correction, a correction.
	// The agent has made its intent durable before calling.
	Register(ctx context.Context, r fiscal.Receipt) (fiscal.Document, error)
	// CashIn and CashOut move money into and out of the drawer. They leave no
	// fiscal document, only counters (see fiscal.Baseline).
	CashIn(ctx context.Context, sum fiscal.Money) error
	CashOut(ctx context.Context, sum fiscal.Money) error
	// XReport prints a report without closing the shift.
	XReport(ctx context.Context) error
	// Settlement makes the state-of-settlement report, shift closed.
	Settlement(ctx context.Context) (fiscal.Document, error)

	// FinishPrint brings the printing of what is already fiscal to its end
	// («Продолжить печать»); nil when nothing is owed.
	FinishPrint(ctx context.Context) error
	// Cancel drops an open document that is provably not in the fiscal memory.
	Cancel(ctx context.Context) error
	// Reboot restarts the device; it answers again some seconds later.
	Reboot(ctx context.Context) error
	// Close releases the wire. Safe to call twice and at any moment.
	Close() error
}

// Copier is a till that can print a copy of the last document.
type Copier interface {
	PrintCopy(ctx context.Context) error
}

// TextPrinter is a till that can print lines which are no document: they are in no
// fiscal memory and count for nothing.
type TextPrinter interface {
	PrintText(ctx context.Context, lines []string) error
}

// ClockSetter is a till whose clock can be set, shift closed.
type ClockSetter interface {
	SetClock(ctx context.Context, to fiscal.DateTime) error
}

// StuckLeaver is a till with modes that only a certain command leaves
// (data output, date confirmation). LeaveStuckMode does that and nothing
// fiscal; nil when the till is in no such mode.
type StuckLeaver interface {
	LeaveStuckMode(ctx context.Context) error
}

// Reopener is a till whose wire can be closed so that the next call opens it.
type Reopener interface {
	Reopen() error
}

// USBResetter is a till whose wire may be USB, a virtual serial port included.
// ResetUSB resets the port it is plugged into, as if it were pulled out and put
// back, and lets the wire go; the next call opens it anew. Nothing fiscal is
// touched, but a command under way loses its answer. ErrNotUSB when the wire is
// another or the system does not let a program do that.
type USBResetter interface {
	ResetUSB(ctx context.Context) error
}

// ErrNotUSB says that there is no USB port to reset.
var ErrNotUSB = errors.New("the till is not on a USB port that can be reset")

// PendingReader is a till that may still hold the answer of a command whose
// answer got lost. TakePending returns what was found on the wire since the
// last call: evidence, not a verdict; ok is false when there was nothing.
type PendingReader interface {
	TakePending() (fiscal.Document, bool)
}

// Marker is a till that can carry a mark of ours inside a receipt
// (fiscal.Receipt.Marker, FFD tag 1084) and give it back from its archive.
type Marker interface {
	// MarkerOf reads the mark of a document, "" when it has none.
	MarkerOf(ctx context.Context, fd uint32) (string, error)
}

// FNTeller is a till that tells a debug fiscal memory, whose documents count for
// nothing, from a serial one.
type FNTeller interface {
	// DebugFN is true for a debug fiscal memory.
	DebugFN(ctx context.Context) (bool, error)
}

// TLVReader is a till that can give a whole document as tags: one STLV whose
// tag is the document's form. ErrNoDocument or ErrNoTags when it cannot.
type TLVReader interface {
	DocumentTLV(ctx context.Context, fd uint32) ([]byte, error)
}

// Relay is a till whose documents travel to the operator of fiscal data through
// us: its fiscal memory has messages for it and waits for answers. One message
// is outstanding at a time, in the order of documents. None of these calls
// changes a fiscal document.
type Relay interface {
	// OFDQueue reads what waits for the operator.
	OFDQueue(ctx context.Context) (OFDQueue, error)
	// TakeMessage reads the whole message of the first document that waits,
	// session header included. ErrNoMessage when nothing waits.
	TakeMessage(ctx context.Context) (OFDMessage, error)
	// GiveAnswer hands the operator's whole answer, session header included, to
	// the fiscal memory, which checks it. A refusal is an [*Error] with
	// CodeOFDAnswer; the document then stays in the queue.
	GiveAnswer(ctx context.Context, answer []byte) error
	// DropMessage tells the fiscal memory that the connection is gone: the
	// message taken will be offered again.
	DropMessage(ctx context.Context) error
}

// OFDQueue is what waits for the operator.
type OFDQueue struct {
	Count   uint32
	FirstFD uint32          // first document not confirmed; 0 when there is none
	First   fiscal.DateTime // its time
	Waiting bool            // a message was taken and its answer is awaited
}

// OFDMessage is one message for the operator.
type OFDMessage struct {
	FN    string
	FD    uint32
	Bytes []byte
}

// ErrNoMessage says that nothing waits for the operator.
var ErrNoMessage = errors.New("no message for the operator")

// Registrar is a till that can be registered, registered anew and closed.
type Registrar interface {
	// RegisterTill makes the report on the registration (form 1), or on its change
	// (form 11) when change is true.
	RegisterTill(ctx context.Context, r fiscal.Registration, change bool) (fiscal.Document, error)
	// CloseArchive closes the fiscal memory for ever (form 6).
	CloseArchive(ctx context.Context, by fiscal.Cashier) (fiscal.Document, error)
	// Registration reads what the till is registered with; ErrNotRegistered before that.
	Registration(ctx context.Context) (fiscal.Registration, error)
}

// ErrNotRegistered says that the fiscal memory is new.
var ErrNotRegistered = errors.New("the till is not registered")

// Identity is who answers on the wire.
type Identity struct {
	Driver   string // key of the table of drivers: "shtrih"
	Maker    string
	Model    string
	Serial   string // factory number
	Firmware string
	FN       string // number of the fiscal memory
	FNExpiry fiscal.DateTime
	RNM      string
	INN      string
	FFD      string // "1.05", "1.1", "1.2"
	OFD      string // operator's name
	OFDINN   string // and taxpayer number; empty in offline mode
	Address  string // place of settlement
}

// Open says what kind of document stands open in the device.
type Open uint8

// Open documents.
const (
	OpenNothing    Open = iota
	OpenReceipt         // in the device's buffer or in the fiscal memory, not committed
	OpenNonFiscal       // a printed text document
	OpenFNDocument      // only the fiscal memory holds one: receipt mode is over, or never was
)

// Paper says where the printing stands.
type Paper uint8

// Paper states.
const (
	PaperReady    Paper = iota
	PaperPrinting       // busy; wait
	PaperOut            // no roll, or the lever is up
	PaperCover          // cover open
	PaperContinue       // roll is back; waits for FinishPrint
	PaperAbsent         // the printer, where it is a device of its own, does not answer or is out of order
)

// Mode is what the device can do now, in the words of the agent.
type Mode uint8

// Modes.
const (
	ModeReady        Mode = iota // shift open or closed, nothing in the way
	ModeShiftExpired             // 24 hours are over
	ModeOpenDocument
	ModeStuck        // a mode that LeaveStuckMode leaves
	ModeClock        // the clock is lost: SetClock
	ModeBlocked      // nothing helps but a person
	ModeUnregistered // a new fiscal memory: nothing but a registration
)

// Status is the device's own picture of itself.
type Status struct {
	Mode       Mode
	Paper      Paper
	Open       Open
	OpenTotal  fiscal.Money // subtotal of the open receipt, when the device tells; -1 when it does not
	Shift      uint32
	ShiftOpen  bool
	Receipt    uint32
	Clock      fiscal.DateTime
	LastFD     uint32
	LastAt     fiscal.DateTime // time of that document; zero when there is none
	FN         string
	FNWarnings uint8  // bits of the FN's warning byte
	FNRoom     uint32 // documents the FN can still take, about; 0 when it does not tell
	Unsent     uint32
	UnsentFD   uint32          // number of the first document the operator has not confirmed
	UnsentFrom fiscal.DateTime // its time
	DrawerOpen bool
	Battery    float64 // volts; 0 when not measured
	Raw        string  // vendor's words for the black box: "mode 8.0 submode 2"
}

// Codes of errors that mean the same for every maker. A vendor's own code goes
// into Error.Vendor unchanged.
const (
	CodeLink          = "link"          // no answer, or garbage
	CodeBusy          = "busy"          // still printing the previous command
	CodeNoPaper       = "no_paper"      // also lever up
	CodeCoverOpen     = "cover_open"    //
	CodeContinue      = "continue"      // waits for FinishPrint
	CodeMode          = "mode"          // not in this mode
	CodeShiftExpired  = "shift_expired" // over 24 hours
	CodeShiftClosed   = "shift_closed"
	CodeShiftOpen     = "shift_open"
	CodeFN            = "fn"             // the fiscal memory refuses or does not answer
	CodeFNBlocked     = "fn_blocked"     // 30 days without the operator, or full, or expired
	CodeClock         = "clock"          // clocks of device and FN differ, or date not confirmed
	CodeNoCash        = "no_cash"        // drawer has less than asked for
	CodeRefused       = "refused"        // any other answer of the device
	CodeStuck         = "stuck"          // a mode that must be left first
	CodeOpenDocument  = "open_document"  // a document stands open
	CodeUnsupported   = "unsupported"    // this till cannot do it
	CodeGone          = "gone"           // port vanished
	CodeInUse         = "in_use"         // another program owns the port
	CodeOFDAnswer     = "ofd_answer"     // the fiscal memory does not take the operator's answer
	CodeFormat        = "format"         // the fiscal memory refuses the content of a document
	CodeNotRegistered = "not_registered" // registration comes first
	CodeRegistered    = "registered"     // is registered already
	CodePrinter       = "printer"        // the printer, where it is a device of its own, does not answer
)

// Error is what every call of a Till returns when it fails.
type Error struct {
	Op      string         // what was being done: "open shift"
	Code    string         // one of the codes above
	Vendor  int            // the maker's number, 0 when there is none
	Outcome fiscal.Outcome // of the effect asked for; reads always say NotDone
	Hint    string         // for the technician, in Russian
	Err     error
}

// Error reads as "sell: no_paper (0x6b): …".
func (e *Error) Error() string {
	s := e.Op + ": " + e.Code
	if e.Vendor != 0 {
		s += fmt.Sprintf(" (0x%02x)", e.Vendor)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrNoDocument says that the archive has no document under the number.
var ErrNoDocument = errors.New("no such document in the fiscal memory")

// ErrNoTags says that the fiscal memory has the document and no longer keeps its
// tags: it does so for a month after their delivery.
var ErrNoTags = errors.New("the tags of the document are no longer kept")

// OutcomeOf reads the outcome out of an error: Done for nil, Unknown for an
// error that says nothing about it.
func OutcomeOf(err error) fiscal.Outcome {
	if err == nil {
		return fiscal.Done
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Outcome
	}
	return fiscal.Unknown
}
