package powercut

import (
	"context"
	"net"
	"slices"
	"sync"

	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/port"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// chips is the non-volatile memory of a till, which a cut of the computer does
// not touch. A copy is of one instant.
type chips struct {
	mu   sync.Mutex
	logs map[string]*chip
}

// chip is one log of it.
type chip struct {
	of      *chips
	records [][]byte // never changed in place
}

var (
	_ flash.Bank = (*chips)(nil)
	_ flash.Log  = (*chip)(nil)
)

// Open implements flash.Bank.
func (c *chips) Open(name string) (flash.Log, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.logs == nil {
		c.logs = map[string]*chip{}
	}
	if c.logs[name] == nil {
		c.logs[name] = &chip{of: c}
	}
	return c.logs[name], nil
}

// copy is the memory as it is now. What is in both is shared.
func (c *chips) copy() *chips {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := &chips{logs: map[string]*chip{}}
	for name, log := range c.logs {
		out.logs[name] = &chip{of: out, records: slices.Clip(log.records)}
	}
	return out
}

// Records implements flash.Log.
func (l *chip) Records() ([][]byte, error) {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	return slices.Clip(l.records), nil
}

// Append implements flash.Log.
func (l *chip) Append(record []byte) error {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.records = append(l.records, slices.Clone(record))
	return nil
}

// Replace implements flash.Log.
func (l *chip) Replace(records ...[]byte) error {
	kept := make([][]byte, len(records))
	for i, r := range records {
		kept[i] = slices.Clone(r)
	}
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.records = kept
	return nil
}

// Close implements flash.Log.
func (l *chip) Close() error { return nil }

// outside is a simulated till outside the rig, on a TCP port of its own.
type outside struct {
	name   string
	chips  *chips
	device *sim.Device
	addr   string
	stop   context.CancelFunc
	served chan struct{}
}

// standTill puts a till with the given memory on the network.
func standTill(name string, memory *chips) (*outside, error) {
	device, err := sim.New(sim.Options{Name: name, Bank: memory})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		cancel()
		return nil, err
	}
	o := &outside{name: name, chips: memory, device: device, addr: l.Addr().String(), stop: cancel, served: make(chan struct{})}
	go func() {
		defer close(o.served)
		_ = port.TCP(ctx, l, device.ServeTCP, func(error) {}) // connections of the dead end anyhow
	}()
	return o, nil
}

func (o *outside) close() {
	o.stop()
	_ = o.device.Close()
	<-o.served
}
