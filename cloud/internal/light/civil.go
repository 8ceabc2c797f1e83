package light

import "time"

// civilNow is the shop's own time now: the device's clock when it was read, and
// what has passed since. Without a device's clock it is not known, for the
// cabinet cannot tell which hour it is in a shop.
func civilNow(f Facts) (time.Time, bool) {
	clock, ok := Civil(f.State.GetClock())
	if !ok || f.State.GetReadMs() == 0 {
		return time.Time{}, false
	}
	return clock.Add(f.Now.Sub(time.UnixMilli(f.State.GetReadMs()))), true
}

// Civil reads a time of a till, "2026-03-04T05:06" with or without seconds, or a
// day alone. It is asked a dozen times for each till of a list, so that it tries
// one layout only.
func Civil(text string) (time.Time, bool) {
	var layout string
	switch len(text) {
	case len(minutes):
		layout = minutes
	case len(withSeconds):
		layout = withSeconds
	case len(time.DateOnly):
		layout = time.DateOnly
	default:
		return time.Time{}, false
	}
	t, err := time.Parse(layout, text)
	return t, err == nil
}

const (
	minutes     = "2006-01-02T15:04"
	withSeconds = "2006-01-02T15:04:05"
)

// atCabinet is a civil time on the cabinet's clock.
func atCabinet(f Facts, civil time.Time) time.Time {
	now, ok := civilNow(f)
	if !ok {
		return time.Time{}
	}
	return f.Now.Add(civil.Sub(now))
}

// Within gives how much of the time between two civil moments lies in the hours.
func (h Hours) Within(from, to time.Time) time.Duration {
	if !to.After(from) {
		return 0
	}
	return h.until(to) - h.until(from)
}

// until is the working time from a distant midnight to t.
func (h Hours) until(t time.Time) time.Duration {
	const day = 24 * time.Hour
	midnight := t.Truncate(day)
	days, now := int64(midnight.Sub(time.Unix(0, 0))/day), t.Sub(midnight)
	begin, end := time.Duration(h.From)*time.Minute, time.Duration(h.To)*time.Minute
	// An ordinary day's length, and how much of it has passed by now.
	length, passed := day, now
	switch {
	case begin < end:
		length, passed = end-begin, min(max(now-begin, 0), end-begin)
	case begin > end: // over midnight
		length, passed = day-begin+end, min(now, end)+max(now-begin, 0)
	}
	return time.Duration(days*int64(length)) + passed
}

// has tells whether a civil moment lies in the hours.
func (h Hours) has(t time.Time) bool {
	m := t.Hour()*60 + t.Minute()
	switch {
	case h.From < h.To:
		return h.From <= m && m < h.To
	case h.From > h.To: // over midnight
		return m >= h.From || m < h.To
	}
	return true
}

// Open tells whether the shop works now; one whose clock is not known is taken
// to.
func Open(f Facts) bool {
	now, ok := civilNow(f)
	return !ok || f.Hours.has(now)
}

// Away is how much working time has passed since the agent was last heard of, or
// since a later moment: what the cabinet could not have heard does not count.
func Away(f Facts, since time.Time) time.Duration {
	if f.Heard.After(since) {
		since = f.Heard
	}
	passed := f.Now.Sub(since)
	now, ok := civilNow(f)
	if !ok {
		return max(passed, 0)
	}
	return f.Hours.Within(now.Add(-passed), now)
}
