package fn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/sim/fault"
	"github.com/chekan-io/chekan/sim/flash"
)

// Plan is a list of a [Device]'s faults. The commit of [fault.OnCommit] is a
// formed document, a taken ticket or a reset.
type Plan = fault.Plan[codec.Command]

// Fault is one of them.
type Fault = fault.Fault[codec.Command]

// Errors of Serve.
var (
	ErrClosed    = errors.New("accumulator simulator: closed")
	ErrNoPower   = errors.New("accumulator simulator: no power")
	ErrUnplugged = errors.New("accumulator simulator: cable is out")
	ErrTaken     = errors.New("accumulator simulator: port is taken")
)

// DeviceOptions describe an accumulator on its own wire.
type DeviceOptions struct {
	Name   string     // in logs
	Bank   flash.Bank // holds the accumulator's memory; nil is a new one in the process
	Memory string     // its name in the bank; empty is "fn"
	FN     Options
	// Registration registers a new accumulator at its first power-on; nil
	// leaves it as it came from the factory.
	Registration *fiscal.Registration
	Clock        time.Duration // how far civil time of that first power-on is off
	Logger       *slog.Logger
	Plan         *Plan

	BootTime    time.Duration // silence after power-on and reboot
	ByteTimeout time.Duration // within a frame; 0 is 200 ms
	Timing      Timing
	// SilentPowerCut keeps connections open while the power is off, as a bare
	// UART does; otherwise they close, as those of a USB adapter do.
	SilentPowerCut bool

	// BlockLength puts a length of two bytes before every block of 23h, as one
	// published model does.
	BlockLength bool
	// SessionHeader makes messages of 22h–26h begin with the session header,
	// which normally the host adds and strips.
	SessionHeader bool
	// ShortQueue leaves the time out of the answer to 20h when nothing waits.
	ShortQueue bool
}

// Timing is the time a command takes before its answer.
type Timing struct {
	Command time.Duration // any command
	Form    time.Duration // more for those that form a document
}

// RealTiming is of the order of real accumulators: signing and writing take
// some hundred milliseconds.
var RealTiming = Timing{Command: 5 * time.Millisecond, Form: 250 * time.Millisecond}

func (o DeviceOptions) withDefaults() DeviceOptions {
	if o.Name == "" {
		o.Name = "fn"
	}
	if o.Bank == nil {
		o.Bank = flash.NewBank()
	}
	if o.Memory == "" {
		o.Memory = "fn"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Plan == nil {
		o.Plan = new(Plan)
	}
	if o.ByteTimeout == 0 {
		o.ByteTimeout = 200 * time.Millisecond
	}
	return o
}

// Device is an accumulator on its own wire: it answers frames of the FN
// protocol on any byte stream, and fails on request. What survives the power
// is in the accumulator's flash; the document in preparation, what is being
// read and the last answer are not.
//
// It uses only time.Now and timers, so it works under testing/synctest, and
// leaves no goroutine after Close. Its methods may be called from any
// goroutine.
type Device struct {
	opts DeviceOptions
	log  *slog.Logger
	plan *Plan

	mu     sync.Mutex
	acc    *Accumulator
	served sync.WaitGroup
	closed bool

	// Volatile from here on.
	on        bool
	offUntil  time.Time // power comes back by itself; zero: not
	bootUntil time.Time
	lateUntil time.Time // a planned delay holds the answer up
	hung      bool
	hangUntil time.Time // zero while hung: until reboot
	unplugged bool
	life      uint64 // counts power-ons: a command does not outlive one
	serial    uint64 // of the last command, for the plan
	session   *session
	last      []byte // frame of the last answer
	reading   reading
}

// reading is what the host reads by pieces.
type reading struct {
	message []byte   // 22h…25h
	tags    [][]byte // 45h, 46h
	reg     [][]byte // 44h, 47h
}

// NewDevice makes an accumulator over its memory: a new one when it is empty,
// the same one as before otherwise. It is powered on.
func NewDevice(opts DeviceOptions) (*Device, error) {
	opts = opts.withDefaults()
	log, err := opts.Bank.Open(opts.Memory)
	if err != nil {
		return nil, fmt.Errorf("simulated accumulator %s: %w", opts.Name, err)
	}
	now := civil(time.Now()).Add(opts.Clock)
	acc, err := Open(log, opts.FN, now)
	if err != nil {
		return nil, fmt.Errorf("simulated accumulator %s: %w", opts.Name, errors.Join(err, log.Close()))
	}
	d := &Device{opts: opts, log: opts.Logger, plan: opts.Plan, acc: acc}
	if opts.Registration != nil && acc.Status(now).Phase == PhaseReady {
		if _, err := acc.Fiscalise(now, *opts.Registration); err != nil {
			return nil, fmt.Errorf("simulated accumulator %s: %w", opts.Name, errors.Join(err, acc.Close()))
		}
		acc.PowerOff()
	}
	d.on = true
	return d, nil
}

// FN returns the accumulator inside, the oracle of tests.
func (d *Device) FN() *Accumulator {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.acc
}

// Plan returns the fault plan.
func (d *Device) Plan() *Plan { return d.plan }

// Name returns the name given in the options.
func (d *Device) Name() string { return d.opts.Name }

// Swap takes the accumulator out and puts another one in its place, as a
// technician does with the power off: everything volatile is lost, connections
// end. The old one is the caller's to close.
func (d *Device) Swap(acc *Accumulator) (old *Accumulator) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	d.forget()
	d.dropLink()
	old, d.acc = d.acc, acc
	return old
}

// Close ends the session, waits for it and closes the memory, which keeps its
// content.
func (d *Device) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	d.dropLink()
	d.mu.Unlock()
	d.served.Wait()
	return d.acc.Close()
}

// PowerCut cuts the power until PowerOn.
func (d *Device) PowerCut() { d.change(func() { d.powerOff(0) }) }

// PowerOn gives power back.
func (d *Device) PowerOn() {
	d.change(func() {
		if !d.on {
			d.powerOn()
		}
	})
}

// Reboot restarts the accumulator; it is silent for DeviceOptions.BootTime.
func (d *Device) Reboot() { d.change(d.reboot) }

// Hang stops the accumulator for the time; 0 is until Reboot or a power cut.
func (d *Device) Hang(t time.Duration) { d.change(func() { d.hang(t) }) }

// Unplug pulls the cable out: connections end and no new one is taken until
// Plug. The accumulator itself keeps its power.
func (d *Device) Unplug() {
	d.change(func() {
		d.unplugged = true
		d.dropLink()
	})
}

// Plug puts the cable back.
func (d *Device) Plug() { d.change(func() { d.unplugged = false }) }

// Age lets the time pass on the accumulator's timer. The till's clock, which
// comes with the commands, is the host's affair.
func (d *Device) Age(t time.Duration) { d.change(func() { d.acc.Age(t) }) }

func (d *Device) change(act func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	act()
}

// Powered tells whether the power is on.
func (d *Device) Powered() bool { return d.ask(func() bool { return d.on }) }

// Plugged tells whether the cable is in.
func (d *Device) Plugged() bool { return d.ask(func() bool { return !d.unplugged }) }

// Up tells whether the accumulator would take a command now.
func (d *Device) Up() bool { return d.ask(d.up) }

func (d *Device) ask(what func() bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	return what()
}

func (d *Device) up() bool {
	now := time.Now()
	return d.on && !d.hung && !d.closed && !now.Before(d.bootUntil) && !now.Before(d.lateUntil)
}

// WaitReady returns when the accumulator takes connections.
func (d *Device) WaitReady(ctx context.Context) error {
	const look = 50 * time.Millisecond
	for {
		switch err := d.admissible(); {
		case err == nil:
			return ctx.Err()
		case errors.Is(err, ErrClosed):
			return err
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

func (d *Device) admissible() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.admits()
}

// admits tells why no connection is taken, if so.
func (d *Device) admits() error {
	d.tick()
	switch {
	case d.closed:
		return ErrClosed
	case d.unplugged:
		return ErrUnplugged
	case !d.opts.SilentPowerCut && (!d.on || time.Now().Before(d.bootUntil)):
		return ErrNoPower
	}
	return nil
}

func (d *Device) powerOff(t time.Duration) {
	if !d.on {
		return
	}
	d.on, d.offUntil = false, time.Time{}
	if t > 0 {
		d.offUntil = time.Now().Add(t)
	}
	d.forget()
	if !d.opts.SilentPowerCut {
		d.dropLink()
	}
	d.log.Info("power cut", "fn", d.opts.Name)
}

// forget loses the volatile state.
func (d *Device) forget() {
	d.acc.PowerOff()
	d.life++
	d.last, d.reading = nil, reading{}
	d.hung, d.hangUntil, d.bootUntil, d.lateUntil = false, time.Time{}, time.Time{}, time.Time{}
}

func (d *Device) powerOn() {
	d.on, d.offUntil = true, time.Time{}
	d.bootUntil = time.Now().Add(d.opts.BootTime)
}

func (d *Device) reboot() {
	if !d.on {
		return
	}
	d.forget()
	if !d.opts.SilentPowerCut {
		d.dropLink()
	}
	d.powerOn()
	d.log.Info("reboot", "fn", d.opts.Name)
}

func (d *Device) hang(t time.Duration) {
	d.hung, d.hangUntil = true, time.Time{}
	if t > 0 {
		d.hangUntil = time.Now().Add(t)
	}
}

// tick brings the state up to the present. Everything that looks at the state
// calls it first, so that no goroutine has to keep it moving.
func (d *Device) tick() {
	now := time.Now()
	if !d.on && !d.offUntil.IsZero() && !now.Before(d.offUntil) {
		d.powerOn()
	}
	if d.hung && !d.hangUntil.IsZero() && !now.Before(d.hangUntil) {
		d.hung, d.hangUntil = false, time.Time{}
	}
}

func (d *Device) dropLink() {
	if d.session != nil {
		d.session.drop()
	}
}

// Serve answers on the stream until it ends, the power goes or ctx is done,
// and closes the stream. There is one wire, so a second stream is refused.
func (d *Device) Serve(ctx context.Context, rwc io.ReadWriteCloser) error {
	s := newSession(d, rwc)
	if err := d.admit(s); err != nil {
		return errors.Join(err, rwc.Close())
	}
	defer d.served.Done()
	err := s.run(ctx)
	d.mu.Lock()
	d.session = nil
	d.mu.Unlock()
	return err
}

func (d *Device) admit(s *session) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.admits(); err != nil {
		return err
	}
	if d.session != nil {
		return ErrTaken
	}
	d.session = s
	d.served.Add(1)
	return nil
}

// strike lets the faults of a moment happen.
func (d *Device) strike(c *call, phase fault.Phase, at int, whole bool) {
	for _, f := range d.plan.Strike(c.serial, c.cmd, phase, at, whole) {
		d.log.Info("fault", "fn", d.opts.Name, "fault", f.String())
		switch f.Action {
		case fault.Reboot:
			d.reboot()
		case fault.PowerCut:
			d.powerOff(f.For)
		case fault.Hang:
			d.hang(f.For)
		case fault.CloseLink:
			d.dropLink()
		case fault.Age:
			if f.For == 0 {
				f.For = 24*time.Hour + time.Minute
			}
			d.acc.Age(f.For)
		case fault.LoseAnswer:
			c.silent = true
		case fault.ForgetAnswer:
			c.silent, c.forget = true, true
		case fault.Garble:
			if c.garble = f.Code; c.garble == 0 {
				c.garble = 0xFF
			}
		case fault.Duplicate:
			c.twice = true
		case fault.Delay:
			c.delay += f.For
			d.lateUntil = time.Now().Add(c.delay)
		case fault.Refuse:
			c.refuse = f.Code
		}
	}
}

// civil is the time on the wall, kept as if it were UTC.
func civil(t time.Time) time.Time {
	t = t.Local()
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}
