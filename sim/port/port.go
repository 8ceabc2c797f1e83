// Package port puts a simulated device on real wires: a pseudo-terminal, a TCP
// port, either of them as slow as a serial line of a given speed.
//
// A pseudo-terminal is found by a path of the caller's choice, a symbolic link
// to whatever name the system gave it. While the device has no power or its
// cable is out the path does not exist, as with a USB device; a TCP port
// closes what connects.
//
// The package moves bytes and knows no protocol.
package port

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Serve answers on one connection until it ends, and closes it.
type Serve func(ctx context.Context, rwc io.ReadWriteCloser) error

// Ready waits until the device can be reached; its error ends serving.
type Ready func(ctx context.Context) error

// TCP serves every connection of the listener until ctx is done, and closes
// the listener. Errors of single connections are handed to report.
func TCP(ctx context.Context, l net.Listener, serve Serve, report func(error)) error {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("accept on %s: %w", l.Addr(), err)
		}
		conns.Go(func() {
			if err := serve(ctx, conn); err != nil {
				report(err)
			}
		})
	}
}

// Pty serves a pseudo-terminal behind the symbolic link path until ctx is
// done. Whenever the session ends (power cut, cable out) the link goes, and
// comes back when ready returns.
func Pty(ctx context.Context, path string, ready Ready, serve Serve, report func(error)) error {
	for {
		if err := ready(ctx); err != nil {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // serving is over, which is no failure
			}
			return err
		}
		err := ptyOnce(ctx, path, serve)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the session ended because serving is over
		}
		if errors.Is(err, errPty) {
			return err
		}
		if err != nil {
			report(err)
		}
	}
}

// errPty says that there can be no pseudo-terminal at all.
var errPty = errors.New("no pseudo-terminal")

// Paced slows a connection down to a serial line of so many bits a second,
// ten bits a byte. A speed of 0 leaves it as it is.
func Paced(rwc io.ReadWriteCloser, baud int) io.ReadWriteCloser {
	if baud <= 0 {
		return rwc
	}
	return &paced{
		ReadWriteCloser: rwc, perByte: 10 * time.Second / time.Duration(baud), done: make(chan struct{}),
	}
}

type paced struct {
	io.ReadWriteCloser
	perByte time.Duration
	in, out line
	once    sync.Once
	done    chan struct{}
}

// line is one direction of a full-duplex line.
type line struct{ free time.Time }

// carry returns when n bytes are through.
func (l *line) carry(n int, perByte time.Duration) time.Time {
	now := time.Now()
	if l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(n) * perByte)
	return l.free
}

// coarse is what is left to nap: a byte of a fast line takes a tenth of a
// millisecond, and timers wake up to one late.
const coarse = 2 * time.Millisecond

func (p *paced) wait(until time.Time) error {
	if left := time.Until(until); left > coarse {
		if err := p.timer(left - coarse); err != nil {
			return err
		}
	}
	left := time.Until(until)
	if left <= 0 {
		return nil
	}
	nap(left)
	if rest := time.Until(until); rest >= left {
		return p.timer(rest) // a test's clock, which no system moves
	}
	return nil
}

func (p *paced) timer(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-p.done:
		return io.ErrClosedPipe
	}
}

// chunk is how many bytes travel together: short enough for a reader to see
// them trickle, long enough for timers of a millisecond.
const chunk = 16

func (p *paced) Read(b []byte) (int, error) {
	n, err := p.ReadWriteCloser.Read(b[:min(len(b), chunk)])
	if n > 0 {
		if werr := p.wait(p.in.carry(n, p.perByte)); werr != nil {
			return n, werr
		}
	}
	return n, err
}

func (p *paced) Write(b []byte) (int, error) {
	sent := 0
	for sent < len(b) {
		n := min(len(b)-sent, chunk)
		if err := p.wait(p.out.carry(n, p.perByte)); err != nil {
			return sent, err
		}
		m, err := p.ReadWriteCloser.Write(b[sent : sent+n])
		sent += m
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

func (p *paced) Close() error {
	p.once.Do(func() { close(p.done) })
	return p.ReadWriteCloser.Close()
}
