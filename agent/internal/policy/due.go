package policy

import (
	"slices"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// night is how long after its time a shift is still closed: a computer that was
// off in the evening does not close it in the morning, when it may be in use.
const night = 2 * time.Hour

// Seen is what the state of a till does not say by itself.
type Seen struct {
	// Silent is for how long it has not answered, Quiet for how long it has made
	// no document, both since this program began at most.
	Silent, Quiet time.Duration
}

// Due tells whether a rule acts on a till now. now has the shop's own zone.
func Due(r *uplinkv1.Rule, s *fiscalv1.TillState, seen Seen, now time.Time) bool {
	if !r.GetOn() || s.GetSuspended() != nil || s.GetRecovering() {
		return false
	}
	minutes := func(n uint32) time.Duration { return time.Duration(n) * time.Minute }
	switch r.GetName() {
	case FinishPrint:
		return s.GetOnline() && s.GetPaper() == fiscalv1.Paper_PAPER_CONTINUE
	case ReopenPort:
		return !s.GetOnline() && seen.Silent >= minutes(max(r.GetIdleMinutes(), 1)) && !stranger(s)
	}
	if !s.GetOnline() || s.GetUnfinished() > 0 || s.GetPaper() != fiscalv1.Paper_PAPER_READY {
		return false
	}
	switch r.GetName() {
	case CloseShift:
		midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
		after := now.Sub(midnight.Add(minutes(r.GetAtMinute())))
		if after < 0 {
			after += 24 * time.Hour // since the evening before
		}
		return s.GetShiftOpen() && !s.GetPaperOwed() && after < night && seen.Quiet >= minutes(max(r.GetIdleMinutes(), 1))
	case SyncClock:
		return !s.GetShiftOpen() && slices.Contains(s.GetAbilities(), "clock") && skew(s) >= time.Duration(max(r.GetSeconds(), 1))*time.Second
	}
	return false // a rule of tomorrow
}

// stranger tells whether it is another device that answers: nothing is mended
// by opening its port.
func stranger(s *fiscalv1.TillState) bool {
	return slices.ContainsFunc(s.GetProblems(), func(p *fiscalv1.Problem) bool {
		return p.GetCode() == "swapped" || p.GetCode() == "fn_swapped" || p.GetCode() == "in_use"
	})
}

// skew is how far the till's clock was from this computer's when it was read,
// at least: a clock that tells no seconds may be anywhere in its minute. 0 when
// it is not known.
func skew(s *fiscalv1.TillState) time.Duration {
	if s.GetReadMs() == 0 {
		return 0
	}
	read := time.UnixMilli(s.GetReadMs())
	from, err := time.ParseInLocation("2006-01-02T15:04:05", s.GetClock(), time.Local)
	to := from
	if err != nil {
		if from, err = time.ParseInLocation("2006-01-02T15:04", s.GetClock(), time.Local); err != nil {
			return 0
		}
		to = from.Add(time.Minute)
	}
	return max(from.Sub(read), read.Sub(to), 0)
}

// Rested tells whether the limits allow one more act now.
func Rested(acted []time.Time, now time.Time) bool {
	day := 0
	for _, at := range acted {
		if now.Sub(at) < CoolDown {
			return false
		}
		if now.Sub(at) < 24*time.Hour {
			day++
		}
	}
	return day < PerDay
}
