package printer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/chekan-io/chekan/protocol/escpos"
)

// Errors of Serve.
var (
	// ErrClosed says that the printer is no more.
	ErrClosed = errors.New("printer is closed")
	// ErrAway says that the printer has no power or its cable is out.
	ErrAway = errors.New("printer cannot be reached")
	// ErrTaken says that another program is connected: printers take one at a time.
	ErrTaken = errors.New("printer is taken")
)

// session is one connected program.
type session struct {
	rwc  io.ReadWriteCloser
	once sync.Once
	done chan struct{}

	mu  sync.Mutex
	out []byte
	tap chan struct{} // one token when there is something to say
}

// say sends bytes without waiting for anybody.
func (s *session) say(b []byte) {
	s.mu.Lock()
	s.out = append(s.out, b...)
	s.mu.Unlock()
	select {
	case s.tap <- struct{}{}:
	default:
	}
}

func (s *session) end() {
	s.once.Do(func() {
		close(s.done)
		_ = s.rwc.Close()
	})
}

func (s *session) over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// talk writes what was said until the session ends.
func (s *session) talk() {
	for {
		select {
		case <-s.tap:
		case <-s.done:
			return
		}
		s.mu.Lock()
		b := s.out
		s.out = nil
		s.mu.Unlock()
		if len(b) == 0 {
			continue
		}
		if _, err := s.rwc.Write(b); err != nil {
			s.end()
			return
		}
	}
}

// hangUp ends the session there is.
func (d *Device) hangUp() {
	if d.session != nil {
		d.session.end()
	}
}

// Serve answers on one connection until it ends, and closes it.
func (d *Device) Serve(ctx context.Context, rwc io.ReadWriteCloser) error {
	s := &session{rwc: rwc, done: make(chan struct{}), tap: make(chan struct{}, 1)}
	defer s.end()
	if err := d.attach(s); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, s.end)()
	talked := make(chan struct{})
	go func() { s.talk(); close(talked) }()
	defer func() {
		s.end()
		<-talked
		d.mu.Lock()
		if d.session == s {
			d.session = nil
		}
		d.notify()
		d.mu.Unlock()
	}()
	buf := make([]byte, 1024)
	for {
		if !d.room(s) {
			return nil
		}
		n, err := rwc.Read(buf)
		if n > 0 {
			d.receive(s, buf[:n])
		}
		if err != nil {
			if s.over() || errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("read from the program: %w", err)
		}
	}
}

func (d *Device) attach(s *session) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return ErrClosed
	case !d.plugged || !d.powered && !d.opts.Serial:
		return ErrAway
	case d.session != nil && !d.session.over():
		return ErrTaken
	}
	d.session = s
	return nil
}

// room waits until the printer takes bytes; false when the session is over.
func (d *Device) room(s *session) bool {
	for {
		d.mu.Lock()
		full := d.hung || d.queued >= d.opts.Buffer
		changed := d.changed
		d.mu.Unlock()
		if !full {
			return true
		}
		select {
		case <-changed:
		case <-s.done:
			return false
		}
	}
}

// receive takes bytes off the wire, up to each fault that is planned for one of them.
func (d *Device) receive(s *session, b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.notify()
	for len(b) > 0 {
		n := len(b)
		if i := d.nextFault(); i >= 0 {
			n = int(min(int64(n), max(d.faults[i].At-d.received, 1)))
		}
		d.received += int64(n)
		d.take(b[:n])
		b = b[n:]
		d.strike()
		if s.over() {
			return // the cable is out: the rest never arrived
		}
		if d.hung {
			d.stalled = append(d.stalled, b...)
			return
		}
	}
}

// take parses bytes that arrived; without power they are gone.
func (d *Device) take(b []byte) {
	if !d.powered {
		return
	}
	d.parser.Feed(b, func(c escpos.Command) {
		if c.Op.RealTime() {
			d.atOnce(c)
			return
		}
		d.queue = append(d.queue, c)
		d.queued += c.Size
	})
	d.run()
}

// unhang lets a hung printer go on with what waited.
func (d *Device) unhang() {
	if !d.hung {
		return
	}
	d.hung = false
	b := d.stalled
	d.stalled = nil
	d.take(b)
}

// atOnce obeys a real-time command.
func (d *Device) atOnce(c escpos.Command) {
	switch c.Op {
	case escpos.OpRealTime:
		if d.session != nil {
			d.session.say([]byte{d.status().RealTime(byte(c.N))})
		}
	case escpos.OpEnquiry:
		if !d.waiting || d.paper <= 0 || d.cover {
			return
		}
		d.waiting = false
		if escpos.Enquiry(c.N) == escpos.Discard {
			d.lose()
		}
	case escpos.OpRealTimeAct:
		if c.N == 1 {
			d.drawer++
		}
	}
}

// run obeys the commands in the buffer as long as the printer can.
func (d *Device) run() {
	for len(d.queue) > 0 && d.powered && !d.printing && !d.hung && !d.status().Offline {
		c := d.queue[0]
		lines := d.obey(c)
		if lines < 0 {
			return // no paper or no knife for it: it waits at the head of the queue
		}
		d.queue = d.queue[1:]
		d.queued -= c.Size
		if lines > 0 && d.opts.LineTime > 0 {
			d.printing = true
			d.after(time.Duration(lines)*d.opts.LineTime, func() {
				d.printing = false
				d.run()
			})
		}
	}
}
