package crashtest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/drivers/wire"
)

// errKilled is what every call of a killed agent returns.
var errKilled = errors.New("the agent was killed")

// scissors number the effects of the agent under test and spoil one of them.
type scissors struct {
	planted func(journal.Point) error

	mu       sync.Mutex
	counting bool
	writes   int // to the wire, since armed
	effects  int // writes and commits
	spoil    trouble
	at       int // 0 is never
	fired    bool
	parting  bool // the commit in progress is the last
	killed   chan struct{}
	again    time.Time // when the till was first heard after the trouble
}

// arm begins to count; at is the effect that t spoils, 0 for none.
func (s *scissors) arm(t trouble, at int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counting, s.writes, s.effects, s.spoil, s.at, s.fired, s.again = true, 0, 0, t, at, false, time.Time{}
}

// disarm ends the counting; what was counted stays.
func (s *scissors) disarm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counting = false
}

// revive begins a life of the agent.
func (s *scissors) revive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killed, s.parting = make(chan struct{}), false
}

func (s *scissors) death() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.killed
}

func (s *scissors) dead() bool {
	select {
	case <-s.death():
		return true
	default:
		return false
	}
}

func (s *scissors) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.killed:
	default:
		close(s.killed)
	}
}

// count says how many effects there were, and whether the trouble happened.
func (s *scissors) count() (writes, effects int, fired bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes, s.effects, s.fired
}

// heard notes that the till answers; since gives when it first did after the
// trouble, zero when it has not.
func (s *scissors) heard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fired && s.again.IsZero() {
		s.again = time.Now()
	}
}

func (s *scissors) since() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.again
}

// next counts an effect and tells whether it is the one to spoil.
func (s *scissors) next(write bool) (trouble, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.counting {
		return trouble{}, false
	}
	s.effects++
	place := s.effects
	if write {
		s.writes++
	}
	if s.spoil.wire() {
		place = s.writes
	}
	if s.fired || place != s.at || s.spoil.wire() && !write {
		return trouble{}, false
	}
	s.fired = true
	return s.spoil, true
}

// commit is the journal's fault: commits are effects, and a killed agent
// commits nothing.
func (s *scissors) commit(p journal.Point) error {
	if s.dead() {
		return errKilled
	}
	counts := p.Acts&(journal.ActIntent|journal.ActOutcome) != 0
	switch {
	case counts && p.Moment == journal.BeforeCommit:
		t, now := s.next(false)
		if now && t.lose {
			s.kill()
			return errKilled
		}
		s.mu.Lock()
		s.parting = now
		s.mu.Unlock()
	case counts:
		s.mu.Lock()
		parting := s.parting
		s.mu.Unlock()
		if parting {
			s.kill()
			return errKilled
		}
	}
	if s.planted != nil {
		return s.planted(p)
	}
	return nil
}

// wrap puts the scissors on a cable.
func (s *scissors) wrap(dial wire.DialFunc) wire.DialFunc {
	return func(ctx context.Context) (wire.Conn, error) {
		if s.dead() {
			return nil, errKilled
		}
		c, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		return &cable{Conn: c, s: s}, nil
	}
}

// cable is an open connection under the scissors.
type cable struct {
	wire.Conn
	s *scissors

	mu         sync.Mutex
	deaf, gone bool
}

func (c *cable) is(flag *bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *flag
}

func (c *cable) set(flag *bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*flag = true
}

// fail gives the error of a connection that was cut.
func (c *cable) fail(op string) error { return &wire.Error{Op: op, Addr: "cut", Err: wire.ErrGone} }

// Write implements wire.Conn.
func (c *cable) Write(ctx context.Context, p []byte) (int, error) {
	switch {
	case c.s.dead():
		return 0, errKilled
	case c.is(&c.gone):
		return 0, c.fail("write")
	}
	t, now := c.s.next(true)
	if !now {
		return c.Conn.Write(ctx, p)
	}
	if t.deaf {
		c.set(&c.deaf)
	}
	n, err := len(p), error(nil)
	switch {
	case t.half && len(p) > 1:
		_, err = c.Conn.Write(ctx, p[:len(p)/2])
	case !t.half && !t.lose:
		n, err = c.Conn.Write(ctx, p)
	}
	if t.hangUp {
		c.set(&c.gone)
		_ = c.Close()
	}
	if t.kill {
		c.s.kill()
		_ = c.Close() // as the system does with what a dead program held
		return 0, errKilled
	}
	return n, err
}

// Read implements wire.Conn.
func (c *cable) Read(ctx context.Context, p []byte) (int, error) {
	for {
		switch {
		case c.s.dead():
			return 0, errKilled
		case c.is(&c.gone):
			return 0, c.fail("read")
		}
		n, err := c.Conn.Read(ctx, p)
		switch {
		case err != nil && c.is(&c.gone):
			return 0, c.fail("read")
		case err != nil || n == 0:
			return n, err
		case c.is(&c.deaf):
			continue
		}
		c.s.heard()
		return n, nil
	}
}
