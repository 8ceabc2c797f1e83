package shtrih

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	codec "github.com/chekan-io/chekan/protocol/shtrih"
)

// link is the till's side of one port. It forgets at every power-on.
type link struct {
	protocol shared[int] // 0 not yet known, 1 standard, 2 numbered

	// Standard link: the answer nobody has confirmed.
	pending shared[*reply]

	// Numbered link.
	last   shared[uint16]
	stored shared[*reply] // the answer to packet last; nil after power-on

	previous shared[*reply] // the answer before the current one, for Replay
}

// shared is a value that a session which is being replaced and the one that
// replaces it may both touch.
type shared[T any] struct {
	mu sync.Mutex
	v  T
}

func (s *shared[T]) get() T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.v
}

func (s *shared[T]) set(v T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.v = v
}

// reply is an answer ready to be sent.
type reply struct {
	serial  uint64
	code    codec.Code
	message []byte
	frame   []byte
}

// errDropped ends a session the till has dropped.
var errDropped = errors.New("shtrih simulator: connection dropped")

// session is one connection.
type session struct {
	d    *Device
	rwc  io.ReadWriteCloser
	port byte

	dropOnce sync.Once
	dropped  chan struct{}

	in    inbox
	timer *time.Timer

	link   *link // the port's, as it was when this session last looked
	parser parser
}

func newSession(d *Device, rwc io.ReadWriteCloser, port byte) *session {
	return &session{d: d, rwc: rwc, port: port, dropped: make(chan struct{}), in: inbox{news: make(chan struct{}, 1)}}
}

// drop ends the session from outside. It does not wait.
func (s *session) drop() {
	s.dropOnce.Do(func() {
		close(s.dropped)
		// The reader and a blocked writer end by this; the error is theirs.
		_ = s.rwc.Close()
	})
}

// inbox takes bytes off the wire at once, so that a host that writes while the
// till writes does not block for ever.
type inbox struct {
	mu   sync.Mutex
	buf  []byte
	err  error
	news chan struct{}
}

func (in *inbox) put(b []byte, err error) {
	in.mu.Lock()
	in.buf = append(in.buf, b...)
	if err != nil && in.err == nil {
		in.err = err
	}
	in.mu.Unlock()
	select {
	case in.news <- struct{}{}:
	default:
	}
}

func (in *inbox) take() (byte, bool, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.buf) > 0 {
		b := in.buf[0]
		in.buf = in.buf[1:]
		return b, true, nil
	}
	return 0, false, in.err
}

func (in *inbox) discard() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.buf = nil
}

// run serves the connection.
func (s *session) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, s.drop)
	defer stop()
	var reader sync.WaitGroup
	reader.Go(func() {
		buf := make([]byte, 1024)
		for {
			n, err := s.rwc.Read(buf)
			s.in.put(buf[:n], err)
			if err != nil {
				return
			}
		}
	})
	defer reader.Wait()
	defer s.drop()
	s.timer = time.NewTimer(time.Hour)
	defer s.timer.Stop()
	s.relink()
	for {
		b, ok, err := s.next()
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, errDropped):
			return nil
		case err != nil:
			return err
		}
		if !s.listening() {
			s.in.discard()
			s.parser = parser{}
			continue
		}
		s.relink()
		if ok {
			err = s.byte(b)
		} else {
			err = s.timeout()
		}
		if errors.Is(err, errDropped) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// next waits for a byte; ok is false when the state's time is over.
func (s *session) next() (b byte, ok bool, err error) {
	b, ok, err = s.in.take()
	if ok || err != nil {
		return b, ok, s.readError(err)
	}
	var over <-chan time.Time
	if t := s.patience(); t > 0 {
		s.timer.Reset(t)
		over = s.timer.C
	}
	for {
		select {
		case <-s.dropped:
			return 0, false, errDropped
		case <-over:
			return 0, false, nil
		case <-s.in.news:
			b, ok, err = s.in.take()
			if ok || err != nil {
				return b, ok, s.readError(err)
			}
		}
	}
}

// readError tells a stream that ended from one that failed.
func (s *session) readError(err error) error {
	select {
	case <-s.dropped:
		return errDropped
	default:
		return err
	}
}

// patience is how long the present state waits for the next byte; 0 is for ever.
func (s *session) patience() time.Duration {
	if s.parser.state.waits() {
		return s.d.opts.ByteTimeout
	}
	if s.port != portTCP || s.d.opts.TCPIdle < 0 {
		return 0
	}
	if s.d.opts.TCPIdle > 0 {
		return s.d.opts.TCPIdle
	}
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	return time.Duration(s.d.tableNumber(21, 1, 16)) * time.Second
}

// timeout is the end of patience.
func (s *session) timeout() error {
	if !s.parser.state.waits() {
		s.d.log.Info("close idle connection", "till", s.d.opts.Name)
		return errDropped
	}
	switch s.parser.state {
	case inConfirm:
		s.parser.state = idle
		return nil
	case inPacket:
		s.parser = parser{}
		return nil
	case idle, inSTX, inLength, inData, inLRC:
	}
	s.parser = parser{state: inSTX}
	return s.write(codec.NAK)
}

// listening brings the till up to date and tells whether it hears.
func (s *session) listening() bool {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	s.d.tick()
	return s.d.up()
}

// relink takes the port's link; after a restart it is a new one and the parser
// begins anew.
func (s *session) relink() {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	l := s.d.links[s.port]
	if l == nil && s.d.links != nil {
		l = &link{}
		l.last.set(*s.d.opts.FirstNumber)
		s.d.links[s.port] = l
	}
	if l == nil {
		l = &link{}
	}
	if l != s.link {
		s.link, s.parser = l, parser{}
	}
}

func (s *session) write(b ...byte) error {
	if _, err := s.rwc.Write(b); err != nil {
		return s.readError(err)
	}
	return nil
}

// wait lets time pass without holding the till, unless the session ends.
func (s *session) wait(t time.Duration) error {
	if t <= 0 {
		return s.alive()
	}
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.dropped:
		return errDropped
	}
	return s.alive()
}

// errSilent says that the till lost interest in the command: it was cut off,
// restarted or hung.
var errSilent = errors.New("shtrih simulator: till is silent")

func (s *session) alive() error {
	select {
	case <-s.dropped:
		return errDropped
	default:
	}
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	s.d.tick()
	if s.d.hung && !s.d.hangUntil.IsZero() {
		return errHung
	}
	if !s.d.up() || s.d.links[s.port] != s.link {
		return errSilent
	}
	return nil
}

// errHung says that the till will go on later where it stopped.
var errHung = errors.New("shtrih simulator: till hangs")

// outlive waits until a hang that has an end is over.
func (s *session) outlive(err error) error {
	for errors.Is(err, errHung) {
		s.d.mu.Lock()
		left := time.Until(s.d.hangUntil)
		s.d.mu.Unlock()
		err = s.wait(left)
	}
	return err
}

// serve handles one whole message and returns the reply, or errSilent.
func (s *session) serve(serial uint64, msg []byte) (*reply, *call, error) {
	c := &call{serial: serial, code: messageCode(msg), message: msg, session: s}
	s.d.mu.Lock()
	s.d.tick()
	s.d.strike(c, Before, 0, false)
	s.d.mu.Unlock()
	if err := s.outlive(s.wait(c.takeDelay())); err != nil {
		return nil, c, err
	}
	s.d.mu.Lock()
	answer := s.d.execute(c)
	if answer != nil {
		s.d.strike(c, After, 0, false)
	}
	s.d.mu.Unlock()
	if err := s.outlive(s.wait(c.takeDelay())); err != nil {
		return nil, c, err
	}
	if answer == nil {
		return nil, c, errSilent
	}
	if c.refuse != 0 && !c.refused {
		answer = codec.EncodeError(c.code, codec.ErrorCode(c.refuse))
	}
	if !s.d.opts.BusyHears {
		s.in.discard()
	}
	return &reply{serial: serial, code: c.code, message: answer}, c, nil
}

// send puts the reply's frame on the wire, with the faults planned for it.
func (s *session) send(r *reply, c *call) error {
	frame := r.frame
	if c != nil {
		if c.silent {
			return nil
		}
		if c.duplicate {
			defer func() { c.duplicate = false }()
			frame = append(append([]byte(nil), frame...), frame...)
		}
	}
	sent := 0
	for sent < len(frame) {
		at, planned := s.d.plan.Next(r.serial, r.code, OnAnswer)
		if !planned || at >= len(frame) {
			break
		}
		if at > sent {
			if err := s.write(frame[sent:at]...); err != nil {
				return err
			}
			sent = at
		}
		hit := &call{serial: r.serial, code: r.code, session: s}
		s.d.mu.Lock()
		s.d.tick()
		s.d.strike(hit, OnAnswer, at, false)
		s.d.mu.Unlock()
		if err := s.outlive(s.wait(hit.takeDelay())); err != nil {
			return err
		}
		if hit.garble != 0 {
			frame = append([]byte(nil), frame...)
			frame[sent] ^= hit.garble
		}
		if hit.duplicate {
			frame = append(append([]byte(nil), frame...), r.frame...)
		}
		if hit.silent {
			if hit.forget && c != nil {
				c.forget = true
			}
			return nil
		}
	}
	return s.write(frame[sent:]...)
}
