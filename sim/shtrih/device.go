// Package shtrih is a simulated Shtrih-M cash register (ККТ): a [Device] that
// answers on any byte stream as the real one does, with a fiscal accumulator
// (package fn) inside, and that fails on request.
//
// The facts come from the maker's "Protocol of KKT with FN 1.17" and the
// general guide; sections are cited as "Shtrih protocol 1.17". Where they do
// not say how a device behaves, [Options] has a choice.
//
// # What survives what
//
// A till has three memories. The accumulator's archive and the till's own
// memory (mode, open receipt, tables, registers, unfinished print) survive
// power cuts and the death of the program. The link forgets at every power-on:
// the undelivered answer, the number of the last packet, the protocol in use.
// The document the accumulator is preparing is lost in a power cut too, so a
// till can come back in mode 8 with an accumulator that knows of nothing.
//
// # Order of a commit
//
// Closing a receipt first forms the document in the accumulator, then closes
// the receipt in the till's own memory, then prints, then answers. A power cut
// in between leaves exactly what it would leave in a real till; [Plan] can put
// one into each gap.
//
// # Time
//
// A Device uses only time.Now and timers, so it works under testing/synctest.
// It leaves no goroutine after Close.
//
// # What it does not do
//
// It is not a cash register and cannot become one: the accumulator inside
// signs with a keyed hash. Marking codes, graphics and fiscal reports of old
// models are answered with 37h (not supported).
package shtrih

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
)

// Errors of Serve.
var (
	ErrClosed    = errors.New("shtrih simulator: closed")
	ErrNoPower   = errors.New("shtrih simulator: no power")
	ErrUnplugged = errors.New("shtrih simulator: cable is out")
	ErrTaken     = errors.New("shtrih simulator: port is taken by another client")
)

// Device is a simulated till. Its methods may be called from any goroutine.
type Device struct {
	opts Options
	log  *slog.Logger
	plan *Plan

	mu      sync.Mutex
	nv      nvram
	nvLog   flash.Log
	slipLog flash.Log
	acc     *fn.Accumulator
	served  sync.WaitGroup
	closed  bool

	// Volatile from here on.
	on        bool
	offUntil  time.Time // power comes back by itself; zero: not
	bootUntil time.Time
	hung      bool
	hangUntil time.Time // zero while hung: until reboot
	busyUntil time.Time
	unplugged bool
	links     map[byte]*link
	sessions  map[*session]struct{}
	serial    uint64 // of the last command, for the plan
	out       output // FF3Ah…FF3Bh and 01h…02h: mode 1
	relay     relay  // FF30h…FF33h
	print     printing
	slips     []Slip
	timer     *time.Timer
	saved     []byte
	lastErr   string // text for 6Bh without a code
}

// New makes a till over its memories: a new one when they are empty, the same
// one as before otherwise. It is powered on.
func New(opts Options) (*Device, error) {
	opts = opts.withDefaults()
	d := &Device{opts: opts, log: opts.Logger, plan: opts.Plan, sessions: map[*session]struct{}{}}
	if err := d.open(); err != nil {
		return nil, fmt.Errorf("simulated till %s: %w", opts.Name, errors.Join(err, d.release()))
	}
	return d, nil
}

func (d *Device) open() error {
	fnLog, err := d.opts.Bank.Open("fn")
	if err != nil {
		return err
	}
	if d.nvLog, err = d.opts.Bank.Open("nvram"); err != nil {
		return errors.Join(err, fnLog.Close())
	}
	if d.slipLog, err = d.opts.Bank.Open("slips"); err != nil {
		return errors.Join(err, fnLog.Close())
	}
	if err := d.load(); err != nil {
		return errors.Join(err, fnLog.Close())
	}
	now := d.now()
	if d.acc, err = fn.Open(fnLog, d.opts.FN, now); err != nil {
		return errors.Join(err, fnLog.Close())
	}
	if d.acc.Status(now).Phase == fn.PhaseReady && !d.opts.Unregistered {
		if err := d.fiscalise(now); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.powerOn()
	return nil
}

// load reads the till's own memory and the printed slips.
func (d *Device) load() error {
	records, err := d.nvLog.Records()
	if err != nil {
		return err
	}
	d.nv = newNVRAM()
	if n := len(records); n > 0 {
		if err := json.Unmarshal(records[n-1], &d.nv); err != nil {
			return fmt.Errorf("read own memory: %w", err)
		}
	}
	slips, err := d.slipLog.Records()
	if err != nil {
		return err
	}
	for _, r := range slips {
		var s Slip
		if err := json.Unmarshal(r, &s); err != nil {
			return fmt.Errorf("read slips: %w", err)
		}
		d.slips = append(d.slips, s)
	}
	return nil
}

// save writes the till's own memory. Battery-backed memory cannot refuse, so
// a failure is only logged: the till then has what it had before.
func (d *Device) save() {
	b, err := json.Marshal(&d.nv)
	if err == nil && string(b) != string(d.saved) {
		// A log of snapshots: the last one counts.
		records, rerr := d.nvLog.Records()
		if rerr == nil && len(records) < 400 {
			err = d.nvLog.Append(b)
		} else {
			err = d.nvLog.Replace(b)
		}
		d.saved = b
	}
	if err != nil {
		d.log.Error("write own memory", "till", d.opts.Name, "error", err)
	}
}

// FN returns the accumulator inside, the oracle of tests.
func (d *Device) FN() *fn.Accumulator { return d.acc }

// Plan returns the fault plan.
func (d *Device) Plan() *Plan { return d.plan }

// Name returns the name given in Options.
func (d *Device) Name() string { return d.opts.Name }

// Close ends every session, waits for them and closes the memories, which keep
// their content.
func (d *Device) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.tick()
	d.closed = true
	d.dropLinks()
	if d.timer != nil {
		d.timer.Stop()
	}
	d.save()
	d.mu.Unlock()
	d.served.Wait()
	return d.release()
}

func (d *Device) release() error {
	var errs []error
	if d.acc != nil {
		errs = append(errs, d.acc.Close())
	}
	for _, l := range []flash.Log{d.nvLog, d.slipLog} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
}

// now is the till's clock: civil time kept as if it were UTC.
func (d *Device) now() time.Time { return civil(time.Now()).Add(d.opts.Clock + d.nv.ClockOffset) }

func civil(t time.Time) time.Time {
	t = t.Local()
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// Now returns the till's clock: civil time as if it were UTC.
func (d *Device) Now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now()
}

// dropLinks ends every session.
func (d *Device) dropLinks() {
	for s := range d.sessions {
		s.drop()
	}
}

// Serve answers on the stream as the till's serial port until the stream ends,
// the power goes or ctx is done, and closes the stream.
func (d *Device) Serve(ctx context.Context, rwc io.ReadWriteCloser) error {
	return d.serve(ctx, rwc, portSerial)
}

// ServeTCP answers as the till's TCP port does.
func (d *Device) ServeTCP(ctx context.Context, rwc io.ReadWriteCloser) error {
	return d.serve(ctx, rwc, portTCP)
}

// Ports as full status (11h) names them.
const (
	portSerial byte = 0
	portTCP    byte = 128
)

func (d *Device) serve(ctx context.Context, rwc io.ReadWriteCloser, port byte) error {
	s := newSession(d, rwc, port)
	if err := d.admit(s); err != nil {
		return errors.Join(err, rwc.Close())
	}
	defer d.served.Done()
	err := s.run(ctx)
	d.mu.Lock()
	delete(d.sessions, s)
	d.mu.Unlock()
	return err
}

func (d *Device) admit(s *session) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	switch {
	case d.closed:
		return ErrClosed
	case d.unplugged:
		return ErrUnplugged
	case !d.opts.SilentPowerCut && (!d.on || time.Now().Before(d.bootUntil)):
		return ErrNoPower
	}
	for other := range d.sessions {
		if other.port != s.port {
			continue
		}
		switch d.opts.Second {
		case SecondRefused:
			return ErrTaken
		case SecondTakesOver:
			other.drop()
		case SecondShares:
		}
	}
	d.sessions[s] = struct{}{}
	d.served.Add(1)
	return nil
}

// State is what a look at the till shows.
type State struct {
	Mode, Submode byte
	Paper, Cover  bool
	Powered       bool
	Plugged       bool
	LastFD        uint32
	Open          bool // a receipt is open
}

// State returns what a look at the till shows.
func (d *Device) State() State {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	return State{
		Mode: d.mode(), Submode: d.submode(), Paper: d.nv.Paper, Cover: d.nv.Cover, Powered: d.on, Plugged: !d.unplugged,
		LastFD: d.acc.Status(d.now()).LastFD, Open: d.nv.Receipt != nil,
	}
}

// WaitReady returns when the till takes connections: it has power, is through
// with its start and the cable is in.
func (d *Device) WaitReady(ctx context.Context) error {
	const look = 50 * time.Millisecond
	for {
		d.mu.Lock()
		d.tick()
		closed := d.closed
		ready := !d.unplugged && (d.opts.SilentPowerCut || d.on && !time.Now().Before(d.bootUntil))
		d.mu.Unlock()
		if closed {
			return ErrClosed
		}
		if ready {
			return ctx.Err()
		}
		t := time.NewTimer(look)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
}

// Model returns the name of the model and the factory number.
func (d *Device) Model() (name, serial string) {
	return codec.ModelName(d.opts.Model), d.serialNumber()
}
