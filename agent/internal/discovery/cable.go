package discovery

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Cable is where one till is, and whom it is bound to. It implements till.Cable
// and till.Route.
type Cable struct {
	roamer *Roamer
	conf   config.Till

	// The rest is guarded by roamer.mu.
	record  record
	addr    string // where to dial; "" when the till has not been found
	dialled string // what was dialled last
	usb     string // the device behind that
	gone    bool
	stray   *drivers.Identity // who answers in the till's place
	pending []fiscal.Document
}

var (
	_ till.Cable = (*Cable)(nil)
	_ till.Route = (*Cable)(nil)
)

// known tells whether the till can be recognised.
func (c *Cable) known() bool { return c.record.Serial != "" || c.record.FN != "" }

// is tells whether what was found is the till.
func (c *Cable) is(f *find) bool {
	if f.driver != c.conf.Driver || f.printer {
		return false
	}
	sameFN := c.record.FN != "" && c.record.FN == f.FN
	return sameFN || c.record.Serial != "" && f.Serial != "" && till.SameSerial(c.record.Serial, f.Serial)
}

// mayBe tells whether the till can be at a place: it does not change its kind of
// cable by itself. roamer.mu is held.
func (c *Cable) mayBe(p place) bool {
	for _, w := range []string{c.conf.Wire, c.record.Wire} {
		if a, err := wire.ParseAddress(w); err == nil {
			return a.Scheme == p.at.Scheme
		}
	}
	return true
}

// Where implements till.Route.
func (c *Cable) Where(ctx context.Context) string {
	c.roamer.mu.Lock()
	addr, want := c.addr, c.record.USB
	c.roamer.mu.Unlock()
	if addr == "" {
		c.lose("")
		return ""
	}
	usb := c.roamer.behind(ctx, addr)
	c.roamer.mu.Lock()
	defer c.roamer.mu.Unlock()
	if want != "" && usb != "" && usb != want {
		// Another device has the name now: it gets no byte of ours.
		c.gone, c.stray = true, nil
		c.roamer.wake()
		return ""
	}
	c.dialled, c.usb = addr, usb
	return addr
}

// behind names the USB device behind a serial port, "" when there is none.
func (r *Roamer) behind(ctx context.Context, addr string) string {
	a, err := wire.ParseAddress(addr)
	if err != nil || a.Scheme != "serial" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, seekPorts)
	defer cancel()
	ports, _ := r.finder.opts.Ports(ctx) // what is not listed is not on USB
	for _, p := range ports {
		if wire.Same(p.Address, a) {
			return usbOf(p)
		}
	}
	return ""
}

// lose notes that the till is not where it was looked for.
func (c *Cable) lose(addr string) {
	c.roamer.mu.Lock()
	defer c.roamer.mu.Unlock()
	if addr == c.addr {
		c.gone, c.stray = true, nil
		c.roamer.wake()
	}
}

// Dialled implements till.Route.
func (c *Cable) Dialled(addr string, err error) {
	if errors.Is(err, wire.ErrAbsent) {
		c.lose(addr)
		return
	}
	if err == nil {
		c.roamer.mu.Lock()
		c.gone = false
		c.roamer.mu.Unlock()
	}
}

// Bound implements till.Cable.
func (c *Cable) Bound() till.Binding {
	c.roamer.mu.Lock()
	defer c.roamer.mu.Unlock()
	return c.record.binding()
}

// Bind implements till.Cable.
func (c *Cable) Bind(b till.Binding, why string) error {
	c.roamer.mu.Lock()
	was := c.record
	rec := was
	if why != "" {
		rec.Before = append(slices.Clone(was.Before), former{Serial: was.Serial, FN: was.FN, Until: time.Now().UTC(), By: why})
		rec.Before = rec.Before[max(0, len(rec.Before)-mostBefore):]
	}
	rec.Serial, rec.FN, rec.Retired, rec.Wire, rec.USB = b.Serial, b.FN, b.Retired, c.dialled, c.usb
	c.stray, c.gone = nil, false
	c.roamer.mu.Unlock()
	if same(rec, was) {
		return nil
	}
	if err := rec.save(c.roamer.dir, c.conf.Name); err != nil {
		return err
	}
	c.roamer.mu.Lock()
	c.record = rec
	c.roamer.mu.Unlock()
	return nil
}

func same(a, b record) bool {
	return a.binding() == b.binding() && a.Wire == b.Wire && a.USB == b.USB && a.Configured == b.Configured && len(a.Before) == len(b.Before)
}

// Stray implements till.Cable.
func (c *Cable) Stray(id drivers.Identity) bool {
	c.roamer.mu.Lock()
	defer c.roamer.mu.Unlock()
	if c.addr != c.dialled {
		return true // found elsewhere meanwhile
	}
	c.stray = &id
	c.roamer.wake()
	return false
}

// TakePending implements till.Cable.
func (c *Cable) TakePending() (fiscal.Document, bool) {
	c.roamer.mu.Lock()
	defer c.roamer.mu.Unlock()
	if len(c.pending) == 0 {
		return fiscal.Document{}, false
	}
	d := c.pending[0]
	c.pending = c.pending[1:]
	return d, true
}
