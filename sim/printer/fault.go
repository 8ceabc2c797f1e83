package printer

import (
	"slices"
	"time"
)

// FaultKind is what happens to a printer.
type FaultKind uint8

// Faults.
const (
	PaperOut FaultKind = iota + 1
	CoverOpen
	Hang     // answers and obeys nothing for a while, or until Recover
	Unplug   // the cable, until SetPlugged
	PowerCut // until SetPower, or for a while
	Busy     // off line for a while without a reason
	Garbage  // bytes on the wire that nobody asked for
	Jam      // the knife
	Overheat // for a while, or until SetHot
)

// String names the fault.
func (k FaultKind) String() string {
	names := [...]string{"none", "paper out", "cover open", "hang", "unplug", "power cut", "busy", "garbage", "jam", "overheat"}
	if int(k) < len(names) {
		return names[k]
	}
	return "fault"
}

// Fault happens behind a byte.
type Fault struct {
	Kind FaultKind
	// At is the number of the byte, counted from the first the printer ever
	// received; 0 is the next one.
	At int64
	// For is how long it lasts, where it ends by itself.
	For time.Duration
}

// Plan adds a fault.
func (d *Device) Plan(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, f)
}

// nextFault is the place of the fault that comes first, -1 for none.
func (d *Device) nextFault() int {
	best := -1
	for i, f := range d.faults {
		if best < 0 || f.At < d.faults[best].At {
			best = i
		}
	}
	return best
}

// strike lets every fault happen whose byte has come.
func (d *Device) strike() {
	for {
		i := d.nextFault()
		if i < 0 || d.faults[i].At > d.received {
			return
		}
		f := d.faults[i]
		d.faults = slices.Delete(d.faults, i, i+1)
		d.happen(f)
	}
}

// noise is what a bad wire says: nothing that looks like an answer.
var noise = []byte{0xFF, 0x80, 0xA5, 0xC3}

func (d *Device) happen(f Fault) {
	later := func(do func()) {
		if f.For > 0 {
			d.after(f.For, func() { do(); d.run() })
		}
	}
	if !d.powered && f.Kind != PaperOut && f.Kind != CoverOpen && f.Kind != Unplug {
		return // what is switched off neither hangs nor heats
	}
	switch f.Kind {
	case PaperOut:
		d.paper = 0
	case CoverOpen:
		d.cover = true
		later(func() { d.cover = false })
	case Hang:
		d.hung = true
		later(d.unhang)
	case Unplug:
		d.plugged = false
		d.hangUp()
		later(func() { d.plugged = true })
	case PowerCut:
		d.powerCut()
		later(func() { d.powered = true })
	case Busy:
		d.busy = true
		later(func() { d.busy = false })
	case Garbage:
		if d.session != nil {
			d.session.say(noise)
		}
	case Jam:
		d.jam = true
		later(func() { d.jam = false })
	case Overheat:
		d.hot = true
		later(func() { d.hot = false })
	}
}
