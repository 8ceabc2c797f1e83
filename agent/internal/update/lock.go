package update

import (
	"fmt"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
)

// Hours in which a switch may happen, and in which it may not.
type hours struct {
	// rush are the configuration's: never in these.
	rush []config.Hours
	// window is the offer's: only in this one. nil is any time.
	window *config.Hours
}

// windowOf reads the window of an offer, minutes of the day; begin and end equal
// are any time.
func windowOf(from, to uint32) *config.Hours {
	const day = 24 * 60
	if from == to || from > day || to > day {
		return nil
	}
	return &config.Hours{Begin: time.Duration(from) * time.Minute, End: time.Duration(to) * time.Minute}
}

// wait says in Russian what hour has to be waited for; empty when now is good.
// now is the shop's own time.
func (h hours) wait(now time.Time) string {
	if h.window != nil && !h.window.Contains(now) {
		return fmt.Sprintf("ждём: обновляться можно с %s до %s", clock(h.window.Begin), clock(h.window.End))
	}
	for _, r := range h.rush {
		if r.Contains(now) {
			return "ждём: часы пик до " + clock(r.End)
		}
	}
	return ""
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours())%24, int(d.Minutes())%60)
}
