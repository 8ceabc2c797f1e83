// Package wire is the cable between the agent and a till: a byte stream over a
// serial port, TCP or USB, behind one small interface, [Conn].
//
// It moves bytes and knows when the cable is at fault. It does not know any
// till: framing, retries and meaning belong to the drivers.
//
// # Addresses
//
// A cable is named by a short address, which is what the configuration holds:
//
//	serial:///dev/ttyACM0?baud=115200
//	serial:COM3?baud=115200&onebyte=1
//	tcp://192.168.137.111:7778
//	usb://04b8:0e15?serial=X3YF004411
//	usb:printer
//
// The last means the only USB device of the printer class. USB goes through
// libusb and needs a build with cgo and the tag usb; any other build reads these
// addresses and answers [ErrNoUSB] when it is to open one.
//
// [Open] opens one; [Dialer] checks the address first and opens later, as often
// as asked, which is what a driver that reconnects by itself wants.
//
// # Deadlines
//
// Every call takes a context and the context must carry a deadline: a till that
// hangs is ordinary, a program that hangs with it is not. No system gives a
// serial write a timeout, so a write that outlives its deadline ends with the
// port closed under it; the caller opens it again.
//
// # One owner
//
// Two programs talking to one till receive each other's answers. Open therefore
// takes a lock for the device and holds it until Close. The operating system
// drops the lock when its holder dies, so a lock is never stale. Exclusive
// open of the port would not do: it does not hold against root, and TCP has
// nothing like it.
//
// # What only some cables can do
//
// A USB printer tells its paper by a control request while its data pipe is
// stuck ([PortStatuser], [DeviceIdentifier]), and a device on USB can be reset
// by its port ([USBResetter]). [Ability] finds these in a Conn, through whatever
// was wrapped around it.
//
// # Tests
//
// Package wiretest has an in-memory cable, transcripts to record and play back,
// and a cable that fails at a chosen moment.
package wire

import (
	"context"
	"errors"
	"fmt"
)

// Conn is an open cable to one till.
//
// One goroutine may read while another writes and a third closes; two readers
// or two writers at once may not. Errors are those of errors.go, wrapped in
// [*Error]; when the context was cancelled rather than late, the error is the
// context's.
type Conn interface {
	// Read waits for at least one byte and returns what is there. It returns
	// [ErrTimeout] at the deadline of ctx, which leaves the Conn usable.
	Read(ctx context.Context, p []byte) (int, error)

	// Write hands all of p to the cable. A Write that returns an error may have
	// delivered some of p or all of it. After [ErrTimeout] or a cancelled
	// context the Conn is closed.
	Write(ctx context.Context, p []byte) (int, error)

	// Close ends a Read or Write that waits, with [ErrClosed], and lets the
	// device go. Closing twice is fine.
	Close() error
}

// A DialFunc opens a cable. Drivers take one so that they can open it again.
type DialFunc func(ctx context.Context) (Conn, error)

// Dir is the direction of bytes on the cable, as the program sees it.
type Dir int

// Directions.
const (
	Out Dir = iota // to the till
	In             // from the till
)

// String returns the sign used in transcripts: > for out, < for in.
func (d Dir) String() string {
	if d == Out {
		return ">"
	}
	return "<"
}

// A Tap hears every byte that passes: outgoing ones just before they are
// written, incoming ones as they are handed to the reader. It is called from
// the reading or writing goroutine, must be quick and must not keep b.
type Tap func(dir Dir, b []byte)

// Tapped returns c with tap listening. A nil tap returns c itself.
func Tapped(c Conn, tap Tap) Conn {
	if tap == nil {
		return c
	}
	return &tapped{Conn: c, tap: tap}
}

type tapped struct {
	Conn
	tap Tap
}

// Under implements [Ability]'s way down.
func (t *tapped) Under() Conn { return t.Conn }

func (t *tapped) Read(ctx context.Context, p []byte) (int, error) {
	n, err := t.Conn.Read(ctx, p)
	if n > 0 {
		t.tap(In, p[:n])
	}
	return n, err
}

func (t *tapped) Write(ctx context.Context, p []byte) (int, error) {
	t.tap(Out, p)
	return t.Conn.Write(ctx, p)
}

// needDeadline refuses a context without a deadline.
func needDeadline(ctx context.Context) error {
	if _, ok := ctx.Deadline(); !ok {
		return ErrNoDeadline
	}
	return nil
}

// ctxError turns the end of ctx into the error a caller of Conn sees.
func ctxError(ctx context.Context) error {
	if err := ctx.Err(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return ErrTimeout
}

// Error tells which act on which cable met which error.
type Error struct {
	Op   string // "open", "read", "write", "lock", "control", "reset"
	Addr string // the address as configured
	Err  error  // one of the sentinels of this package, or a context's error
	// Cause is what the system said, when it said anything.
	Cause error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s %s: %v (%v)", e.Op, e.Addr, e.Err, e.Cause)
	}
	return fmt.Sprintf("%s %s: %v", e.Op, e.Addr, e.Err)
}

// Unwrap returns the sentinel and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause != nil {
		return []error{e.Err, e.Cause}
	}
	return []error{e.Err}
}
