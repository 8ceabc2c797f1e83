// Package wiretest has cables for tests: in memory, recorded, played back, and
// failing at a chosen moment.
//
//   - [Pipe] is a cable in memory, [Cable] one that can be unplugged and
//     plugged in again; both work under testing/synctest.
//   - [Record] writes down what passes as a transcript, [Playback] is a till
//     made of one.
//   - [Effects] numbers every write and read and lets a fault happen at one of
//     them, which is how a test dies at every possible moment.
package wiretest

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/internal/inbox"
)

// Pipe returns the two ends of a cable in memory: the program's and the
// device's. Like a serial line it is buffered: a write never waits, whether or
// not anybody reads.
func Pipe() (wire.Conn, *End) {
	return pipe("pipe")
}

func pipe(addr string) (*hostEnd, *End) {
	toDevice, toHost := inbox.New(), inbox.New()
	h := &hostEnd{addr: addr, in: toHost, out: toDevice}
	d := &End{in: toDevice, out: toHost}
	return h, d
}

// hostEnd is the program's end.
type hostEnd struct {
	addr    string
	in, out *inbox.Inbox
}

func (h *hostEnd) fail(op string, err error) error {
	return &wire.Error{Op: op, Addr: h.addr, Err: err}
}

func (h *hostEnd) check(ctx context.Context, op string) error {
	if _, ok := ctx.Deadline(); !ok {
		return h.fail(op, wire.ErrNoDeadline)
	}
	return nil
}

func (h *hostEnd) Read(ctx context.Context, p []byte) (int, error) {
	if err := h.check(ctx, "read"); err != nil {
		return 0, err
	}
	n, err := h.in.Read(ctx, p)
	switch {
	case errors.Is(err, inbox.ErrStopped):
		err = h.fail("read", stopped(ctx))
	case err != nil:
		err = h.fail("read", err)
	}
	return n, err
}

func (h *hostEnd) Write(ctx context.Context, p []byte) (int, error) {
	if err := h.check(ctx, "write"); err != nil {
		return 0, err
	}
	if ctx.Err() != nil {
		return 0, h.fail("write", stopped(ctx))
	}
	if err := h.in.Err(); err != nil {
		return 0, h.fail("write", err)
	}
	if !h.out.Put(p) {
		return 0, h.fail("write", wire.ErrGone)
	}
	return len(p), nil
}

func (h *hostEnd) Close() error {
	h.in.Drop(wire.ErrClosed)
	h.out.Fail(io.EOF)
	return nil
}

// stopped tells a late context from a cancelled one, as package wire does.
func stopped(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Canceled
	}
	return wire.ErrTimeout
}

// End is the device's end of a cable: what a simulator is given to serve.
// Closing it is what a till does when it is switched off: the program's end
// finds [wire.ErrGone] after the bytes already sent.
type End struct {
	in, out *inbox.Inbox

	mu       sync.Mutex
	deadline time.Time
}

// Read waits for at least one byte, until the deadline if there is one. It
// returns io.EOF once the program has closed its end.
func (d *End) Read(p []byte) (int, error) {
	d.mu.Lock()
	deadline := d.deadline
	d.mu.Unlock()
	ctx := context.Background()
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	n, err := d.in.Read(ctx, p)
	if errors.Is(err, inbox.ErrStopped) {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

// SetReadDeadline bounds the Reads that begin after it.
func (d *End) SetReadDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deadline = t
	return nil
}

// Write sends p to the program.
func (d *End) Write(p []byte) (int, error) {
	if d.in.Err() != nil || !d.out.Put(p) {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

// Close ends the cable from the device's side.
func (d *End) Close() error {
	d.in.Drop(io.EOF)
	d.out.Fail(wire.ErrGone)
	return nil
}

// Cable is a socket in the wall: a program dials it, a device is served on the
// other end, and it can be unplugged while anything is going on.
type Cable struct {
	// Serve is called with the device's end each time the program connects.
	// It must not block: start a goroutine or hand the end over.
	Serve func(io.ReadWriteCloser)

	mu   sync.Mutex
	out  bool
	live []*End
	host []*hostEnd
}

// Dial is the [wire.DialFunc] of the cable.
func (c *Cable) Dial(ctx context.Context) (wire.Conn, error) {
	fail := func(err error) (wire.Conn, error) {
		return nil, &wire.Error{Op: "open", Addr: "cable", Err: err}
	}
	if err := ctx.Err(); err != nil {
		return fail(stopped(ctx))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out {
		return fail(wire.ErrAbsent)
	}
	h, d := pipe("cable")
	c.live = append(c.live, d)
	c.host = append(c.host, h)
	c.Serve(d)
	return h, nil
}

// Unplug cuts every open connection, bytes on the way included, and refuses
// new ones until Plug.
func (c *Cable) Unplug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = true
	for i, d := range c.live {
		c.host[i].in.Drop(wire.ErrGone)
		_ = d.Close()
	}
	c.live, c.host = nil, nil
}

// Plugged tells whether the cable is in.
func (c *Cable) Plugged() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.out
}

// Plug puts the cable back.
func (c *Cable) Plug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = false
}
