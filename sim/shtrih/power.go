package shtrih

import (
	"time"
)

// PowerCut cuts the power until PowerOn.
func (d *Device) PowerCut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	d.powerOff(0)
}

// PowerOn gives power back.
func (d *Device) PowerOn() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	if !d.on {
		d.powerOn()
	}
}

// Powered tells whether the power is on.
func (d *Device) Powered() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	return d.on
}

// Reboot restarts the till; it is silent for Options.RebootTime.
func (d *Device) Reboot() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	d.reboot()
}

// Hang stops the till for the time; 0 is until Reboot or a power cut.
func (d *Device) Hang(t time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	d.hang(t)
}

// Unplug pulls the cable out: connections end and no new one is taken until
// Plug. The till itself goes on.
func (d *Device) Unplug() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	d.unplugged = true
	d.dropLinks()
}

// Plug puts the cable back.
func (d *Device) Plug() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unplugged = false
}

// Plugged tells whether the cable is in.
func (d *Device) Plugged() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.unplugged
}

// Age lets the time pass on the till's clock and on the accumulator's timer.
func (d *Device) Age(t time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	d.age(t)
}

func (d *Device) age(t time.Duration) {
	d.nv.ClockOffset += t
	d.acc.Age(t)
	d.save()
}

// SetClock moves the till's clock alone, so that it disagrees with the
// accumulator's timer (17h) or goes back (07h).
func (d *Device) SetClock(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nv.ClockOffset += by
	d.save()
}

// Deliver confirms up to n undelivered documents as the operator would, and
// returns how many.
func (d *Device) Deliver(n int) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.acc.Deliver(n, d.now())
}

// powerOff forgets everything volatile. For a time t other than 0 the power
// comes back by itself.
func (d *Device) powerOff(t time.Duration) {
	if !d.on {
		return
	}
	d.on = false
	d.offUntil = time.Time{}
	if t > 0 {
		d.offUntil = time.Now().Add(t)
	}
	d.forget()
	if !d.opts.SilentPowerCut {
		d.dropLinks()
	}
	d.save()
	d.log.Info("power cut", "till", d.opts.Name)
}

// forget loses the volatile state.
func (d *Device) forget() {
	d.acc.PowerOff()
	d.links = nil
	d.out, d.relay = output{}, relay{}
	d.hung, d.hangUntil, d.busyUntil, d.bootUntil = false, time.Time{}, time.Time{}, time.Time{}
	d.breakSlip("")
	d.lastErr = ""
}

func (d *Device) reboot() {
	if !d.on {
		return
	}
	d.forget()
	if !d.opts.SilentPowerCut {
		d.dropLinks()
	}
	d.powerOn()
	d.bootUntil = time.Now().Add(d.opts.RebootTime)
	d.log.Info("reboot", "till", d.opts.Name)
}

// powerOn starts the till: what was lost stays lost, what the firmware mends
// is mended.
func (d *Device) powerOn() {
	d.on = true
	d.offUntil = time.Time{}
	d.links = map[byte]*link{}
	d.mend()
	if j := d.nv.Job; j != nil {
		if d.opts.ContinueByCommand || !d.paperOK() {
			j.Broken = true
		}
		if !j.Broken {
			d.startPrint()
		}
	}
	d.save()
}

// mend compares the till's own memory with the accumulator, as firmware does
// at start.
func (d *Device) mend() {
	open, shift, _ := d.acc.Shift()
	if d.nv.Shift.Open && (!open || d.nv.Shift.Number != shift) {
		d.nv.endShift()
	}
	if open && !d.nv.Shift.Open {
		d.nv.beginShift(shift)
	}
	r := d.nv.Receipt
	if r == nil {
		return
	}
	if r.Closing != 0 && d.acc.Status(d.now()).LastFD >= r.Closing {
		if d.opts.Stale == StaleHeals {
			if doc, err := d.acc.Find(r.Closing); err == nil {
				d.nv.closeReceipt(r, doc.Sum, r.Payments)
				d.nv.Job = d.receiptJob(doc, r, 0)
				d.nv.keepCopy()
			}
		}
		return
	}
	r.Closing = 0
	if d.opts.CancelsOnPowerUp {
		d.nv.cancelReceipt(r)
	}
}

func (d *Device) hang(t time.Duration) {
	d.hung = true
	d.hangUntil = time.Time{}
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
		d.print.rebase(now)
	}
	d.progress()
	if after := d.opts.DeliverAfter; after > 0 {
		d.deliverDue(after)
	}
}

func (d *Device) deliverDue(after time.Duration) {
	for {
		q := d.acc.Queue()
		if q.Count == 0 || d.now().Sub(q.First) < after {
			return
		}
		if _, err := d.acc.Deliver(1, d.now()); err != nil {
			d.log.Error("deliver to operator", "till", d.opts.Name, "error", err)
			return
		}
	}
}

// up tells whether the till listens.
func (d *Device) up() bool {
	return d.on && !d.hung && !d.closed && !time.Now().Before(d.bootUntil)
}
