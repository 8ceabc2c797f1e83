package fn

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/sim/fault"
)

// errDropped ends a session the accumulator has dropped; errSilent says that
// it lost interest in the command: it was cut off, restarted or hung.
var (
	errDropped = errors.New("accumulator simulator: connection dropped")
	errSilent  = errors.New("accumulator simulator: silent")
)

// session is one connection.
type session struct {
	d   *Device
	rwc io.ReadWriteCloser

	once    sync.Once
	dropped chan struct{}
	bytes   chan []byte
	readErr error // valid when bytes is closed

	reader codec.Reader
	begun  *call  // whose frame is coming
	life   uint64 // of the accumulator that hears it
}

// call is one command.
type call struct {
	serial uint64
	cmd    codec.Command
	life   uint64

	silent bool // the answer stays off the wire
	forget bool // … and out of memory
	twice  bool
	garble byte
	refuse byte
	delay  time.Duration
}

func newSession(d *Device, rwc io.ReadWriteCloser) *session {
	return &session{d: d, rwc: rwc, dropped: make(chan struct{}), bytes: make(chan []byte)}
}

// drop ends the session from outside. It does not wait.
func (s *session) drop() {
	s.once.Do(func() {
		close(s.dropped)
		// The reader and a blocked writer end by this; the error is theirs.
		_ = s.rwc.Close()
	})
}

// run serves the connection.
func (s *session) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, s.drop)
	defer stop()
	var reader sync.WaitGroup
	reader.Go(s.read)
	defer reader.Wait()
	defer s.drop()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		var late <-chan time.Time
		if s.reader.Inside() {
			timer.Reset(s.d.opts.ByteTimeout)
			late = timer.C
		}
		var err error
		select {
		case <-s.dropped:
			return nil
		case <-late:
			s.reader.Reset()
			s.begun = nil
		case b, ok := <-s.bytes:
			if !ok {
				return s.end(s.readErr)
			}
			err = s.take(b)
		}
		if err != nil {
			return s.end(err)
		}
	}
}

// read takes bytes off the wire.
func (s *session) read() {
	defer close(s.bytes)
	for {
		buf := make([]byte, 512)
		n, err := s.rwc.Read(buf)
		if n > 0 {
			select {
			case s.bytes <- buf[:n]:
			case <-s.dropped:
				s.readErr = errDropped
				return
			}
		}
		if err != nil {
			s.readErr = err
			return
		}
	}
}

// end tells a stream that ended from one that failed.
func (s *session) end(err error) error {
	select {
	case <-s.dropped:
		return nil
	default:
	}
	if errors.Is(err, io.EOF) || errors.Is(err, errDropped) {
		return nil
	}
	return err
}

// take handles what came over the wire. An accumulator without power or one
// that hangs does not hear it.
func (s *session) take(b []byte) error {
	for _, one := range b {
		up, life := s.d.alive()
		if !up || life != s.life {
			s.reader.Reset()
			s.begun, s.life = nil, life
		}
		if !up {
			continue
		}
		if err := s.byte(one); err != nil && !errors.Is(err, errSilent) {
			return err
		}
	}
	return nil
}

func (s *session) byte(b byte) error {
	s.reader.Push([]byte{b})
	for {
		switch s.reader.Next() {
		case codec.EventNone:
			return s.incoming()
		case codec.EventENQ:
			if err := s.again(); err != nil {
				return err
			}
		case codec.EventFrame:
			if err := s.frame(s.reader.Message()); err != nil {
				return err
			}
		case codec.EventBad:
			// The description has no answer to a damaged frame.
			s.begun = nil
			s.d.log.Debug("damaged frame", "fn", s.d.opts.Name)
		case codec.EventJunk:
		}
	}
}

// commandAt is the place of the command in a frame.
const commandAt = 3

// incoming gives the plan its chance while a request comes in.
func (s *session) incoming() error {
	begun := s.reader.Begun()
	if len(begun) <= commandAt {
		return nil
	}
	if s.begun == nil {
		s.begun = s.d.newCall(codec.Command(begun[commandAt]))
	}
	return s.moment(s.begun, fault.OnReceive, len(begun), false)
}

// moment strikes the faults of a moment and lives through what they did.
func (s *session) moment(c *call, phase fault.Phase, at int, whole bool) error {
	s.d.mu.Lock()
	s.d.tick()
	s.d.strike(c, phase, at, whole)
	s.d.mu.Unlock()
	return s.pass(c)
}

// pass waits out the delay of a command and any hang that ends.
func (s *session) pass(c *call) error {
	delay := c.delay
	c.delay = 0
	for {
		if delay > 0 {
			timer := time.NewTimer(delay)
			select {
			case <-timer.C:
			case <-s.dropped:
				timer.Stop()
				return errDropped
			}
		}
		s.d.mu.Lock()
		s.d.tick()
		alive, hung, left := s.d.on && s.d.life == c.life && !s.d.closed, s.d.hung, time.Until(s.d.hangUntil)
		forever := s.d.hangUntil.IsZero()
		s.d.mu.Unlock()
		select {
		case <-s.dropped:
			return errDropped
		default:
		}
		switch {
		case !alive || hung && forever:
			return errSilent
		case !hung:
			return nil
		}
		delay = max(left, time.Millisecond)
	}
}

// again answers ENQ with the last answer, or with silence when there is none.
func (s *session) again() error {
	s.d.mu.Lock()
	last := s.d.last
	s.d.mu.Unlock()
	if last == nil {
		return nil
	}
	_, err := s.rwc.Write(last)
	return err
}

// frame executes the request of a whole frame and sends its answer.
func (s *session) frame(msg []byte) error {
	c := s.begun
	s.begun = nil
	if c == nil || c.cmd != codec.Command(msg[0]) {
		c = s.d.newCall(codec.Command(msg[0]))
	}
	if err := s.moment(c, fault.OnReceive, len(msg)+5, true); err != nil {
		return err
	}
	if err := s.moment(c, fault.Before, 0, true); err != nil {
		return err
	}
	s.d.mu.Lock()
	s.d.tick()
	var answer []byte
	if s.d.up() && s.d.life == c.life {
		answer = s.d.execute(c, msg)
	}
	var out []byte
	if answer != nil {
		out = codec.EncodeFrame(answer)
		s.d.last = out
	}
	s.d.mu.Unlock()
	if err := s.pass(c); err != nil {
		return err
	}
	if out == nil {
		return errSilent
	}
	if err := s.moment(c, fault.After, 0, true); err != nil {
		return err
	}
	return s.send(c, out)
}

// send puts the answer on the wire, with the faults planned for it.
func (s *session) send(c *call, frame []byte) error {
	sent := 0
	for !c.silent && sent < len(frame) {
		at, planned := s.d.plan.Next(c.serial, c.cmd, fault.OnAnswer)
		if !planned || at >= len(frame) {
			break
		}
		if at > sent {
			if _, err := s.rwc.Write(frame[sent:at]); err != nil {
				return err
			}
			sent = at
		}
		if err := s.moment(c, fault.OnAnswer, at, true); err != nil {
			return err
		}
		if c.garble != 0 {
			frame = append([]byte(nil), frame...)
			frame[sent] ^= c.garble
			c.garble = 0
		}
	}
	if c.forget {
		s.d.mu.Lock()
		s.d.last = nil
		s.d.mu.Unlock()
	}
	if c.silent {
		return nil
	}
	if c.garble != 0 {
		frame = append([]byte(nil), frame...)
		frame[sent] ^= c.garble
	}
	if _, err := s.rwc.Write(frame[sent:]); err != nil {
		return err
	}
	if c.twice {
		_, err := s.rwc.Write(frame)
		return err
	}
	return nil
}

// alive tells whether the accumulator hears, and in which of its power-ons.
func (d *Device) alive() (up bool, life uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	return d.up(), d.life
}

func (d *Device) newCall(cmd codec.Command) *call {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.serial++
	return &call{serial: d.serial, cmd: cmd, life: d.life}
}
