package wire

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"syscall"
	"time"

	"go.bug.st/serial"
)

// Options are what Open takes besides the address.
type Options struct {
	// LockDir is where device locks live; empty means the place that all
	// programs of this machine share, see [DefaultLockDir].
	LockDir string
	// Tap hears the bytes. May be nil.
	Tap Tap
	// Gentle opens only what no other program has, as far as this user can see,
	// and leaves a serial port set as it was found. It is for looking who is
	// there; on Windows a port that somebody has does not open anyway.
	Gentle bool
}

// Open opens the cable at addr. ctx bounds the opening only.
func Open(ctx context.Context, addr string, opts Options) (Conn, error) {
	dial, err := Dialer(addr, opts)
	if err != nil {
		return nil, err
	}
	return dial(ctx)
}

// Dialer checks addr and returns a function that opens it.
func Dialer(addr string, opts Options) (DialFunc, error) {
	a, err := ParseAddress(addr)
	if err != nil {
		return nil, err
	}
	if opts.LockDir == "" {
		opts.LockDir = DefaultLockDir()
	}
	return func(ctx context.Context) (Conn, error) {
		return open(ctx, a, opts)
	}, nil
}

func open(ctx context.Context, a Address, opts Options) (Conn, error) {
	name := a.String()
	if err := needDeadline(ctx); err != nil {
		return nil, &Error{Op: "open", Addr: name, Err: err}
	}
	type result struct {
		c   Conn
		err error
	}
	done := make(chan result, 1)
	go func() {
		c, err := openConn(ctx, a, opts)
		done <- result{c, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, r.err
		}
		return Tapped(r.c, opts.Tap), nil
	case <-ctx.Done():
		// Opening a dead USB or Bluetooth port can hang in the system; when it
		// comes back after all, nobody wants it any more.
		go func() {
			if r := <-done; r.c != nil {
				_ = r.c.Close()
			}
		}()
		return nil, &Error{Op: "open", Addr: name, Err: ctxError(ctx)}
	}
}

// openConn takes the device's lock and opens it; the lock lasts until the Conn
// is closed.
func openConn(ctx context.Context, a Address, opts Options) (Conn, error) {
	if a.Scheme == "usb" {
		// Which device it is, and so which lock, is known only on the bus.
		c, err := openUSB(ctx, a, opts.LockDir)
		if err != nil {
			return nil, openFailed(a, err)
		}
		return c, nil
	}
	release, err := lockDevice(opts.LockDir, a)
	if err != nil {
		return nil, err
	}
	if opts.Gentle {
		undo, err := beGentle(a)
		if err != nil {
			release()
			return nil, openFailed(a, err)
		}
		unlock := release
		release = func() { undo(); unlock() }
	}
	var p port
	if a.Scheme == "tcp" {
		p, err = openTCP(ctx, a.Host)
	} else {
		p, err = openSerial(a)
	}
	if err != nil {
		release()
		return nil, openFailed(a, err)
	}
	s := newStream(a.String(), p, a.OneByte, release)
	if node, ok := usbBehind(a); ok {
		return &usbSerial{stream: s, node: node}, nil
	}
	return s, nil
}

func openFailed(a Address, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	sentinel := openError(err)
	if sentinel == err { //nolint:errorlint // the very sentinel has nothing to add to itself
		return &Error{Op: "open", Addr: a.String(), Err: err}
	}
	return &Error{Op: "open", Addr: a.String(), Err: sentinel, Cause: err}
}

// Keepalive probes find a till whose power is gone in about 20 s even when
// nothing is being said. They do not stop the till's own idle disconnect
// (60 s, table 21 field 16): only commands do.
const (
	keepaliveIdle  = 10 * time.Second
	keepaliveEvery = 3 * time.Second
	keepaliveCount = 3
)

type tcpPort struct{ net.Conn }

func (tcpPort) discard() {}

func openTCP(ctx context.Context, host string) (port, error) {
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: keepaliveIdle, Interval: keepaliveEvery, Count: keepaliveCount,
	}}
	c, err := d.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	if tc, ok := c.(*net.TCPConn); ok {
		// Undelivered bytes of a closed session must not reach the till later.
		_ = tc.SetLinger(0)
	}
	return tcpPort{c}, nil
}

type serialPort struct{ serial.Port }

func (p serialPort) discard() { _ = p.ResetOutputBuffer() }

// serialPoll bounds one system read, so that the pump notices a Close even
// where closing the handle does not end the read.
const serialPoll = 500 * time.Millisecond

func openSerial(a Address) (port, error) {
	p, err := serial.Open(a.Port, &serial.Mode{BaudRate: a.Baud, DataBits: 8, Parity: serial.NoParity, StopBits: serial.OneStopBit})
	if err != nil {
		return nil, err
	}
	if err := p.SetReadTimeout(serialPoll); err != nil {
		_ = p.Close()
		return nil, err
	}
	// Some adapters hold the till's transmitter until these lines are up. A
	// pseudo-terminal has no such lines and says ENOTTY: no matter.
	_ = p.SetDTR(true)
	_ = p.SetRTS(true)
	// What the till said to somebody before us is not ours.
	_ = p.ResetInputBuffer()
	return serialPort{p}, nil
}

// openError sorts what the system said when it would not open.
func openError(err error) error {
	var known *sorted
	if errors.As(err, &known) {
		return known.sentinel
	}
	var pe *serial.PortError
	if errors.As(err, &pe) {
		switch pe.Code() { //nolint:exhaustive // the other codes say that the name is no usable port
		case serial.PortBusy:
			return ErrBusy
		case serial.PermissionDenied:
			return ErrDenied
		default:
			return ErrAbsent
		}
	}
	switch {
	case errors.Is(err, ErrNoUSB):
		return ErrNoUSB
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return ErrTimeout
	case errors.Is(err, fs.ErrPermission):
		return ErrDenied
	case errors.Is(err, syscall.EBUSY):
		return ErrBusy
	default:
		return ErrAbsent
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
