package light

import "time"

// Stop is when a till will stop if nothing is done, and by which cause.
type Stop struct {
	// At is the moment on the cabinet's clock; zero: nothing known will stop it.
	At time.Time
	// Cause is what stops it.
	Cause Cause
}

// Cause is what stops a till.
type Cause string

// Causes.
const (
	ByOFD         Cause = "ofd"         // the oldest document turns thirty days
	ByFNTerm      Cause = "fn_term"     // the term of the fiscal memory
	ByFNRoom      Cause = "fn_room"     // its memory, at the rate of late
	ByShift       Cause = "shift"       // the shift turns 24 hours
	ByAutonomous  Cause = "autonomous"  // Kazakhstan: 72 hours without the operator
	ByContract    Cause = "contract"    // the operator stops taking documents, thirty days later the memory stops
	ByCertificate Cause = "certificate" // the agent is shut out of the cabinet; the till sells on
)

// Terms after which a device refuses by itself.
const (
	ofdTerm        = 30 * 24 * time.Hour
	shiftTerm      = 24 * time.Hour
	autonomousTerm = 72 * time.Hour
)

// Stops gives the nearest stop of a till. What has passed already is a stop too:
// it stopped then.
func Stops(f Facts) Stop {
	var nearest Stop
	take := func(at time.Time, by Cause) {
		if !at.IsZero() && (nearest.At.IsZero() || at.Before(nearest.At)) {
			nearest = Stop{at, by}
		}
	}
	if from, ok := Civil(f.State.GetUnsentFrom()); ok && f.State.GetUnsent() > 0 {
		if at := atCabinet(f, from); !at.IsZero() {
			take(at.Add(ofdTerm), ByOFD)
		}
	}
	if until, ok := Civil(f.State.GetFnExpiry()); ok {
		take(endOf(f, until), ByFNTerm)
	}
	if f.Room > 0 && f.Rate > 0 {
		if days := f.Room / f.Rate; days < 36500 {
			take(f.Now.Add(time.Duration(days*24*float64(time.Hour))), ByFNRoom)
		}
	}
	if f.State.GetShiftOpen() && !f.ShiftOpened.IsZero() {
		if at := atCabinet(f, f.ShiftOpened); !at.IsZero() {
			take(at.Add(shiftTerm), ByShift)
		}
	}
	if !f.Autonomous.IsZero() {
		take(f.Autonomous.Add(autonomousTerm), ByAutonomous)
	}
	if !f.Contract.IsZero() {
		take(endOf(f, f.Contract), ByContract)
	}
	if !f.CertificateUntil.IsZero() {
		take(f.CertificateUntil, ByCertificate)
	}
	return nearest
}

// endOf is the end of a civil day on the cabinet's clock.
func endOf(f Facts, d time.Time) time.Time {
	end := d.AddDate(0, 0, 1)
	if at := atCabinet(f, end); !at.IsZero() {
		return at
	}
	return end
}
