// Package printer is a receipt printer that is not there: bytes of ESC/POS go
// in, slips come out as text and as pictures, and everything a printer can do
// to a program in between can be made to happen at a chosen byte.
//
// # What it is made of
//
// A [Device] has a roll of paper, a cover, power, a buffer and a wire. The
// buffer keeps what it was sent while there is no paper, and loses it with the
// power. Real-time commands are obeyed on arrival, paper or no paper; all
// others wait their turn, GS r among them. [Device.Slips] tells whole slips
// from torn ones: whole is what was cut with nothing lost in it.
//
// # What is real
//
// Letters are read by the code page the program chose: with the page of another
// printer they come out as rubbish, as they would. Letters sent as images are
// read back from their dots. A picture ([Slip.PNG]) has real letters and the
// real modules of every QR code, native ones too.
//
// # What this package does not do
//
// It has no page mode, no images kept in the printer, no barcodes but their
// content as text. It runs no goroutine but those of [Device.Serve], and
// watches only timers, so it works under testing/synctest.
package printer

import (
	"context"
	"sync"
	"time"

	"github.com/chekan-io/chekan/protocol/escpos"
)

// Recovery is what a printer does when paper is back.
type Recovery uint8

// Recoveries.
const (
	// Resumes goes on with its buffer by itself.
	Resumes Recovery = iota
	// Waits for DLE ENQ.
	Waits
	// Forgets drops its buffer when a roll is put in, as if switched off.
	Forgets
)

// Options are what a printer is.
type Options struct {
	// Profile is what kind of printer it is; its code page is the only one it
	// has Cyrillic in.
	Profile escpos.Profile
	// Roll is how many lines a new roll has; 0 is DefaultRoll.
	Roll int
	// NearEnd is how many lines before the end the sensor reports it; 0 is DefaultNearEnd.
	NearEnd int
	// Buffer is how many bytes it takes while it cannot print; 0 is DefaultBuffer.
	Buffer int
	// LineTime is how long a line takes; 0 prints at once.
	LineTime time.Duration
	// AfterPaper is what it does when paper is back.
	AfterPaper Recovery
	// Serial says that the wire does not notice a power cut: bytes go nowhere.
	Serial bool
	// RealTimeInData finds real-time commands inside images, as Epson's do.
	RealTimeInData bool
	// Keep is how many slips are kept; 0 is DefaultKeep.
	Keep int
}

// Defaults of Options.
const (
	DefaultRoll    = 4000
	DefaultNearEnd = 200
	DefaultBuffer  = 4096
	DefaultKeep    = 200
)

// Device is one printer. Its methods may be called from any goroutine.
type Device struct {
	opts Options

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever something changes

	powered, plugged, cover, closed bool
	paper                           int // lines left
	waiting                         bool
	jam, broken, hot                bool
	busy                            bool // off line for a while, for no reason it tells
	hung                            bool
	drawer                          int // pulses

	parser   escpos.Parser
	queue    []escpos.Command
	queued   int // bytes in the queue
	printing bool
	timers   map[*time.Timer]struct{}
	received int64
	stalled  []byte // bytes that came while it hung
	faults   []Fault

	state state
	slip  *Slip // on its way out
	slips []Slip

	session *session
	auto    bool // automatic status is on
	told    [4]byte
}

// New makes a printer with a new roll, power on and the cover closed.
func New(opts Options) *Device {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&opts.Roll, DefaultRoll)
	def(&opts.NearEnd, DefaultNearEnd)
	def(&opts.Buffer, DefaultBuffer)
	def(&opts.Keep, DefaultKeep)
	if opts.Profile.Columns == 0 {
		opts.Profile, _ = escpos.FindProfile("")
	}
	d := &Device{
		opts: opts, changed: make(chan struct{}), powered: true, plugged: true, paper: opts.Roll,
		timers: map[*time.Timer]struct{}{}, slip: new(Slip),
	}
	d.parser.RealTimeInData = opts.RealTimeInData
	d.state.reset()
	return d
}

// Close ends every session and timer.
func (d *Device) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.hangUp()
	for t := range d.timers {
		t.Stop()
	}
	clear(d.timers)
	d.notify()
	return nil
}

// notify wakes everybody who waits for a change.
func (d *Device) notify() {
	close(d.changed)
	d.changed = make(chan struct{})
	if !d.auto || d.session == nil || !d.powered {
		return
	}
	if now := d.status().Auto(); now != d.told {
		d.told = now
		d.session.say(now[:])
	}
}

// after does something later, unless the printer is closed before.
func (d *Device) after(t time.Duration, do func()) {
	var timer *time.Timer
	timer = time.AfterFunc(t, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if _, ok := d.timers[timer]; ok {
			delete(d.timers, timer)
			do()
			d.notify()
		}
	})
	d.timers[timer] = struct{}{}
}

// change does something to the printer and lets it go on.
func (d *Device) change(do func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	do()
	d.run()
	d.notify()
}

// SetPaper puts in a roll with so many lines; 0 takes it out.
func (d *Device) SetPaper(lines int) {
	d.change(func() {
		before := d.paper
		d.paper = lines
		switch {
		case lines == 0 || before > 0:
			return
		case d.opts.AfterPaper == Forgets:
			d.lose()
		case d.opts.AfterPaper == Waits:
			d.waiting = true
		}
		if d.slip.started() {
			d.slip.Rolls++
		}
	})
}

// Refill puts in a new roll.
func (d *Device) Refill() { d.SetPaper(d.opts.Roll) }

// Paper is how many lines are left.
func (d *Device) Paper() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.paper
}

// SetCover opens or closes the cover.
func (d *Device) SetCover(open bool) { d.change(func() { d.cover = open }) }

// SetJam jams the knife or frees it.
func (d *Device) SetJam(jam bool) { d.change(func() { d.jam = jam }) }

// SetBroken puts the printer into an error that only switching off leaves.
func (d *Device) SetBroken(broken bool) { d.change(func() { d.broken = broken }) }

// SetHot overheats the head or cools it.
func (d *Device) SetHot(hot bool) { d.change(func() { d.hot = hot }) }

// SetBusy takes the printer off line for no reason it tells, or brings it back.
func (d *Device) SetBusy(busy bool) { d.change(func() { d.busy = busy }) }

// SetPower switches the printer off or on. Off loses buffer and settings.
func (d *Device) SetPower(on bool) {
	d.change(func() {
		if on == d.powered {
			return
		}
		if d.powered = on; !on {
			d.powerCut()
		}
	})
}

// powerCut loses buffer, settings and every error.
func (d *Device) powerCut() {
	d.powered = false
	d.lose()
	d.state.reset()
	d.waiting, d.busy, d.hung, d.broken, d.jam, d.auto = false, false, false, false, false, false
	d.stalled = nil
	if !d.opts.Serial {
		d.hangUp()
	}
}

// SetPlugged takes the cable out or puts it back; the printer itself stays on.
func (d *Device) SetPlugged(in bool) {
	d.change(func() {
		d.plugged = in
		if !in {
			d.hangUp()
		}
	})
}

// Recover ends a hang.
func (d *Device) Recover() { d.change(d.unhang) }

// Ready waits until the printer can be reached by its wire.
func (d *Device) Ready(ctx context.Context) error {
	return d.until(ctx, func() bool { return d.powered && d.plugged && !d.closed })
}

// until waits for something to become so.
func (d *Device) until(ctx context.Context, so func() bool) error {
	for {
		d.mu.Lock()
		ok, closed, changed := so(), d.closed, d.changed
		d.mu.Unlock()
		switch {
		case ok:
			return nil
		case closed:
			return ErrClosed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// WaitSlips waits until so many slips came out.
func (d *Device) WaitSlips(ctx context.Context, n int) error {
	return d.until(ctx, func() bool { return len(d.slips) >= n })
}

// Slips gives what came out, oldest first, and last what is still in the
// printer if anything is.
func (d *Device) Slips() []Slip {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]Slip, 0, len(d.slips)+1)
	for _, s := range d.slips {
		out = append(out, s.read())
	}
	if d.slip.started() {
		out = append(out, d.slip.read())
	}
	return out
}

// Whole gives the slips that came out whole.
func (d *Device) Whole() []Slip {
	var out []Slip
	for _, s := range d.Slips() {
		if s.Whole() {
			out = append(out, s)
		}
	}
	return out
}

// Drawer is how often the drawer was opened.
func (d *Device) Drawer() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.drawer
}

// Received is how many bytes have arrived.
func (d *Device) Received() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.received
}

// Status is what the printer would say of itself.
func (d *Device) Status() escpos.Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.status()
}

func (d *Device) status() escpos.Status {
	s := escpos.Status{
		CoverOpen: d.cover, PaperOut: d.paper <= 0, NearEnd: d.opts.Profile.NearEnd && d.paper <= d.opts.NearEnd,
		Waiting: d.waiting, Recoverable: d.waiting, Cutter: d.jam, Unrecoverable: d.broken, Hot: d.hot,
	}
	s.Error = s.Recoverable || s.Cutter || s.Unrecoverable || s.Hot
	s.Offline = d.busy || !s.Ready()
	return s
}

// lose drops what is in the buffer, as a power cut does.
func (d *Device) lose() {
	if d.slip.started() || d.state.line.started() || len(d.queue) > 0 {
		d.slip.Torn = true
	}
	d.queue, d.queued = nil, 0
	d.state.line = row{}
	d.parser.Reset()
}
