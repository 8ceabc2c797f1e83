package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/chekan-io/chekan/drivers/wire/internal/inbox"
)

// port is what an operating system gives for an open cable.
type port interface {
	io.ReadWriteCloser
	// discard throws away what is written but not yet sent, which lets a
	// blocked write return.
	discard()
}

// stream makes a Conn of a blocking port. A goroutine of its own reads the port
// into a buffer, because a blocked system read cannot be called off on every
// system; reading the buffer can.
type stream struct {
	addr string
	port port
	in   *inbox.Inbox
	// release lets the device lock go once the port is really closed.
	release func()

	closing  chan struct{}
	once     sync.Once
	closeErr error
	finished chan struct{} // the port is closed and the pump is out
}

// pumpChunk is larger than any answer of a till, so an answer that arrived at
// once takes one system call.
const pumpChunk = 1024

// closeGrace bounds how long Close waits for the system: closing a UART whose
// other end does not take bytes may wait 30 s in the kernel.
const closeGrace = 2 * time.Second

func newStream(addr string, p port, oneByte bool, release func()) *stream {
	s := &stream{
		addr: addr, port: p, in: inbox.New(), release: release,
		closing: make(chan struct{}), finished: make(chan struct{}),
	}
	size := pumpChunk
	if oneByte {
		size = 1
	}
	pumped := make(chan struct{})
	go s.pump(size, pumped)
	go func() {
		<-s.closing
		s.closeErr = s.port.Close()
		<-pumped
		s.release()
		close(s.finished)
	}()
	return s
}

func (s *stream) pump(size int, done chan<- struct{}) {
	defer close(done)
	buf := make([]byte, size)
	for {
		n, err := s.port.Read(buf)
		if n > 0 {
			s.in.Put(buf[:n])
		}
		if err != nil {
			s.in.Fail(s.wrap("read", s.ended(), err))
			return
		}
		select {
		case <-s.closing:
			s.in.Fail(s.wrap("read", ErrClosed, nil))
			return
		default: // a read of nothing is the port's own timeout
		}
	}
}

// ended sorts a port's error: closed by us, or gone by itself. Whatever a
// system calls it, a port that stops reading for another reason than our Close
// is a port that is gone.
func (s *stream) ended() error {
	select {
	case <-s.closing:
		return ErrClosed
	default:
		return ErrGone
	}
}

func (s *stream) wrap(op string, err, cause error) error {
	if errors.Is(err, ErrClosed) || errors.Is(cause, io.EOF) {
		cause = nil
	}
	return &Error{Op: op, Addr: s.addr, Err: err, Cause: cause}
}

// Read implements Conn.
func (s *stream) Read(ctx context.Context, p []byte) (int, error) {
	if err := needDeadline(ctx); err != nil {
		return 0, s.wrap("read", err, nil)
	}
	n, err := s.in.Read(ctx, p)
	if errors.Is(err, inbox.ErrStopped) {
		err = s.wrap("read", ctxError(ctx), nil)
	}
	return n, err
}

// Write implements Conn.
func (s *stream) Write(ctx context.Context, p []byte) (int, error) {
	if err := needDeadline(ctx); err != nil {
		return 0, s.wrap("write", err, nil)
	}
	select {
	case <-s.closing:
		return 0, s.wrap("write", ErrClosed, nil)
	case <-ctx.Done():
		// Nothing was written, so there is nothing to call off.
		return 0, s.wrap("write", ctxError(ctx), nil)
	default:
	}
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	b := append([]byte(nil), p...) // p is the caller's again once we return
	go func() {
		n, err := s.port.Write(b)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		if r.err != nil || r.n < len(p) {
			err := s.wrap("write", s.ended(), r.err)
			s.shut(false)
			return r.n, err
		}
		return r.n, nil
	case <-ctx.Done():
		err := s.wrap("write", ctxError(ctx), nil)
		s.shut(true)
		return 0, err
	case <-s.closing:
		return 0, s.wrap("write", ErrClosed, nil)
	}
}

// shut begins closing; stuck says that a write is blocked in the system.
func (s *stream) shut(stuck bool) {
	s.once.Do(func() {
		close(s.closing)
		s.in.Fail(s.wrap("read", ErrClosed, nil))
	})
	if stuck {
		go s.port.discard()
	}
}

// Close implements Conn.
func (s *stream) Close() error {
	s.shut(false)
	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	select {
	case <-s.finished:
	case <-grace.C:
		// Whoever blocks in the system now has nothing to wait for.
		s.port.discard()
		return s.wrap("close", ErrTimeout, nil)
	}
	if s.closeErr != nil && !errors.Is(s.closeErr, net.ErrClosed) && !errors.Is(s.closeErr, os.ErrClosed) {
		return s.wrap("close", ErrGone, s.closeErr)
	}
	return nil
}
