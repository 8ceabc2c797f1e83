package ofdlink

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers"
)

// fuse counts the effects of an agent and kills it at one of them.
type fuse struct {
	mu    sync.Mutex
	left  int // effects until death; negative never
	steps []string
	dead  bool
	kill  func()
}

// burn counts an effect and tells whether the agent is dead before it.
func (f *fuse) burn(step string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return true
	}
	f.steps = append(f.steps, step)
	if f.left == 0 {
		f.dead = true
		f.kill()
		return true
	}
	f.left--
	return false
}

// mortal is the agent's hold on tills and lines: each effect may be its last,
// before it happens or right after, when its result is lost.
type mortal struct {
	*world
	*fuse
}

func (m mortal) Relay(ctx context.Context, till string, do func(context.Context, drivers.Relay) error) error {
	return m.world.Relay(ctx, till, func(ctx context.Context, r drivers.Relay) error {
		return do(ctx, mortalRelay{r.(counting), m.fuse})
	})
}

// mortalRelay burns around each call.
type mortalRelay struct {
	counting
	*fuse
}

func around[T any](f *fuse, step string, effect func() (T, error)) (T, error) {
	var none T
	if f.burn("before " + step) {
		return none, errKilled
	}
	v, err := effect()
	if f.burn("after " + step) {
		return none, errKilled
	}
	return v, err
}

func (m mortalRelay) OFDQueue(ctx context.Context) (drivers.OFDQueue, error) {
	return around(m.fuse, "queue", func() (drivers.OFDQueue, error) { return m.counting.OFDQueue(ctx) })
}

func (m mortalRelay) TakeMessage(ctx context.Context) (drivers.OFDMessage, error) {
	return around(m.fuse, "take", func() (drivers.OFDMessage, error) { return m.counting.TakeMessage(ctx) })
}

func (m mortalRelay) GiveAnswer(ctx context.Context, answer []byte) error {
	_, err := around(m.fuse, "give", func() (struct{}, error) { return struct{}{}, m.counting.GiveAnswer(ctx, answer) })
	return err
}

func (m mortalRelay) DropMessage(ctx context.Context) error {
	_, err := around(m.fuse, "drop", func() (struct{}, error) { return struct{}{}, m.counting.DropMessage(ctx) })
	return err
}

func (m mortal) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var open net.Conn
	c, err := around(m.fuse, "dial", func() (_ net.Conn, err error) {
		if open, err = m.world.dial(ctx, network, address); err != nil {
			return nil, err
		}
		return mortalConn{open, m.fuse}, nil
	})
	if err != nil && open != nil {
		_ = open.Close() // the system closes a dead program's connections
	}
	return c, err
}

// mortalConn burns around every write and read, and in the middle of a write.
type mortalConn struct {
	net.Conn
	*fuse
}

func (c mortalConn) Write(b []byte) (int, error) {
	return around(c.fuse, "send", func() (int, error) {
		n, err := c.Conn.Write(b[:len(b)/2])
		if err != nil {
			return n, err
		}
		if c.burn("half sent") {
			_ = c.Close()
			return n, errKilled
		}
		more, err := c.Conn.Write(b[len(b)/2:])
		return n + more, err
	})
}

func (c mortalConn) Read(b []byte) (int, error) {
	return around(c.fuse, "receive", func() (int, error) { return c.Conn.Read(b) })
}

// TestCrash kills the agent at every effect of a delivery of three documents,
// the till's power going with it or not, and lets another agent go on.
func TestCrash(t *testing.T) {
	for kind, maker := range makers {
		for _, power := range []bool{false, true} {
			total := 0
			for at := 0; at <= total; at++ {
				name := fmt.Sprintf("%s, power lost %t, effect %d", kind, power, at)
				if at == 0 {
					total = len(crash(t, maker, name, -1, power)) // undisturbed: how many there are
					if total < 20 {
						t.Fatalf("only %d effects: they are not enough to test", total)
					}
				}
				crash(t, maker, name, at, power)
				if t.Failed() {
					return
				}
			}
			t.Logf("%s, power lost %t: %d deaths", kind, power, total+1)
		}
	}
}

func crash(t *testing.T, maker tilltest.Maker, name string, at int, power bool) (steps []string) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, maker, false, "kassa")
			k := w.tills["kassa"]
			w.sell("kassa", 1)
			f := &fuse{left: at}
			m := mortal{w, f}
			o := w.options(map[string]string{"kassa": Auto})
			o.Tills, o.Dial = m, m.dial
			ctx, cancel := context.WithCancel(t.Context())
			f.kill = cancel
			l := New(o)
			ended := make(chan struct{})
			go func() { defer close(ended); _ = l.Run(ctx) }()
			if at < 0 {
				w.until("delivered", soon, func() bool { return w.empty("kassa") })
				synctest.Wait()
				f.mu.Lock()
				steps = f.steps
				f.mu.Unlock()
				cancel()
				<-ended
			} else {
				select {
				case <-ended:
				case <-time.After(soon): // the fuse was longer than the delivery
					cancel()
					<-ended
				}
				if power {
					k.machine.PowerCut()
					<-time.After(10 * time.Second)
					k.machine.PowerOn()
				}
				w.plugIn(k)
				w.start(w.options(map[string]string{"kassa": Auto}))
				// A till that waits for an answer is told at once that there will be none.
				w.until("delivered by the next agent", soon, func() bool { return w.empty("kassa") })
			}
			w.agree("kassa", first)
			for _, e := range w.servers[first].Ledger("") {
				if e.Times > 2 {
					t.Errorf("document %d came %d times", e.FD, e.Times)
				}
			}
		})
	})
	return steps
}
