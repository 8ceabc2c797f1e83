package wiretest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/chekan-io/chekan/drivers/wire"
)

// ErrDead is what every call returns once the program has "died": nothing that
// happens after it may reach a till or a disk.
var ErrDead = errors.New("the program is dead")

// EffectKind says what an effect is.
type EffectKind int

// Kinds of effect.
const (
	EffectWrite  EffectKind = iota // a write to the wire
	EffectRead                     // a read from the wire that brought bytes
	EffectRecord                   // a write to the journal, reported by the test
)

// String names the kind.
func (k EffectKind) String() string {
	switch k {
	case EffectWrite:
		return "wire write"
	case EffectRead:
		return "wire read"
	case EffectRecord:
		return "journal write"
	}
	return "effect"
}

// Counter numbers effects from 1 across everything that shares it: cables,
// journals. A test first runs its story to count, then once per number with a
// fault there.
type Counter struct {
	mu    sync.Mutex
	n     int
	at    int
	fault Fault
	dead  bool
	fired bool
}

// Fault is what happens at one effect.
type Fault struct {
	// Before runs before the effect, for example the device losing power.
	Before func(n int, kind EffectKind)
	// Lose drops the effect: written bytes never reach the till, read bytes
	// never reach the program, a record never reaches the disk.
	Lose bool
	// Garble changes byte Keep of the bytes of the effect, which is not lost.
	Garble bool
	// Deaf lets a write through but drops all that the till says, beginning
	// with the bytes of this effect if it is a read, until the program opens
	// the cable again: the answer is lost.
	Deaf bool
	// Keep is how many first bytes of a lost write or read pass all the same:
	// the command or the answer breaks off in the middle.
	Keep int
	// Late holds what follows the first Keep bytes up for so long: the cable
	// delivers everything, past every timeout.
	Late time.Duration
	// After runs after the effect.
	After func(n int, kind EffectKind)
	// Die ends the program after the effect: from then on every call returns
	// ErrDead. With Lose it dies just before the effect.
	Die bool
}

// SetFault arms f at effect number at, counting from the present.
func (c *Counter) SetFault(at int, f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.fault, c.fired = c.n+at, f, false
}

// Count is how many effects there were.
func (c *Counter) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// Fired tells whether the armed fault happened.
func (c *Counter) Fired() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fired
}

// Dead tells whether the program has died.
func (c *Counter) Dead() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dead
}

// Kill makes the program dead now.
func (c *Counter) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = true
}

// Revive begins the next life: the program was started again.
func (c *Counter) Revive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = false
	c.at = 0
}

// next counts an effect and returns the fault to apply, nil mostly.
func (c *Counter) next() (n int, f *Fault, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return 0, nil, ErrDead
	}
	c.n++
	if c.n != c.at {
		return c.n, nil, nil
	}
	c.fired = true
	fault := c.fault
	return c.n, &fault, nil
}

// Record numbers an effect that is not on the wire, such as a journal write,
// and does it. It returns ErrDead when the program is dead before or after, and
// when the record was lost: nobody may go on as if it were there.
func (c *Counter) Record(do func() error) error {
	n, f, err := c.next()
	if err != nil {
		return err
	}
	if f == nil {
		return do()
	}
	if f.Before != nil {
		f.Before(n, EffectRecord)
	}
	if !f.Lose {
		err = do()
	}
	if f.After != nil {
		f.After(n, EffectRecord)
	}
	if f.Die {
		c.Kill()
		return ErrDead
	}
	if f.Lose {
		return ErrDead
	}
	return err
}

// Effects returns dial with every write and every read that brings bytes
// numbered by c.
func Effects(dial wire.DialFunc, c *Counter) wire.DialFunc {
	return func(ctx context.Context) (wire.Conn, error) {
		if c.Dead() {
			return nil, ErrDead
		}
		conn, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		return &effects{Conn: conn, c: c}, nil
	}
}

type effects struct {
	wire.Conn
	c    *Counter
	mu   sync.Mutex
	deaf bool

	// Of the reading goroutine: bytes under way, and when they arrive.
	late   []byte
	lateAt time.Time
}

func (e *effects) isDeaf() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.deaf
}

func (e *effects) setDeaf() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.deaf = true
}

func (e *effects) Write(ctx context.Context, p []byte) (int, error) {
	n, f, err := e.c.next()
	if err != nil {
		return 0, err
	}
	if f == nil {
		return e.Conn.Write(ctx, p)
	}
	if f.Before != nil {
		f.Before(n, EffectWrite)
	}
	if f.Deaf {
		e.setDeaf()
	}
	k := len(p)
	switch keep := min(f.Keep, len(p)); {
	case f.Late > 0:
		if k, err = e.Conn.Write(ctx, p[:keep]); err == nil {
			err = e.linger(ctx, f.Late)
		}
		if err == nil {
			k, err = e.Conn.Write(ctx, p[keep:])
			k += keep
		}
	case f.Garble:
		k, err = e.Conn.Write(ctx, garbled(p, f.Keep))
	case !f.Lose:
		k, err = e.Conn.Write(ctx, p)
	case keep > 0:
		_, err = e.Conn.Write(ctx, p[:keep])
	}
	if f.After != nil {
		f.After(n, EffectWrite)
	}
	if f.Die {
		e.c.Kill()
		return 0, ErrDead
	}
	return k, err
}

func (e *effects) Read(ctx context.Context, p []byte) (int, error) {
	for {
		if e.c.Dead() {
			return 0, ErrDead
		}
		if len(e.late) > 0 {
			if k, err := e.arrived(ctx, p); k > 0 || err != nil {
				return k, err
			}
			continue
		}
		k, err := e.Conn.Read(ctx, p)
		if err != nil || k == 0 {
			return k, err
		}
		if e.isDeaf() {
			continue
		}
		n, f, err := e.c.next()
		if err != nil {
			return 0, err
		}
		if f == nil {
			return k, nil
		}
		if f.Before != nil {
			f.Before(n, EffectRead)
		}
		if f.Deaf {
			e.setDeaf()
		}
		if f.After != nil {
			f.After(n, EffectRead)
		}
		if f.Die {
			e.c.Kill()
			return 0, ErrDead
		}
		if f.Garble {
			copy(p, garbled(p[:k], f.Keep))
		}
		if f.Late > 0 {
			keep := min(f.Keep, k)
			e.late, e.lateAt = append([]byte(nil), p[keep:k]...), time.Now().Add(f.Late)
			if keep > 0 {
				return keep, nil
			}
			continue
		}
		if f.Lose || f.Deaf {
			if keep := min(f.Keep, k); keep > 0 {
				return keep, nil
			}
			continue
		}
		return k, nil
	}
}

// linger waits as a cable that is slow; a write that outlives its deadline ends
// with the cable closed, as package wire has it.
func (e *effects) linger(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		_ = e.Conn.Close()
		return &wire.Error{Op: "write", Addr: "effects", Err: wire.ErrTimeout}
	}
}

// arrived gives the late bytes once they are there.
func (e *effects) arrived(ctx context.Context, p []byte) (int, error) {
	timer := time.NewTimer(time.Until(e.lateAt))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return 0, &wire.Error{Op: "read", Addr: "effects", Err: wire.ErrTimeout}
	}
	if e.isDeaf() {
		e.late = nil
		return 0, nil
	}
	k := copy(p, e.late)
	e.late = e.late[k:]
	return k, nil
}

// garbled is a copy of p with one byte changed.
func garbled(p []byte, at int) []byte {
	if len(p) == 0 {
		return p
	}
	q := append([]byte(nil), p...)
	q[at%len(q)] ^= 0x55
	return q
}

// Close lets the cable go even when the program is dead: the system does that
// for a dead program too.
func (e *effects) Close() error { return e.Conn.Close() }
