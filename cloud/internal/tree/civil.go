package tree

import (
	"time"

	"github.com/chekan-io/chekan/cloud/internal/light"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// civilLayout is how a till's own time is written, to the minute.
const civilLayout = "2006-01-02T15:04"

// Civil is a till's own time now, by what is known best: its clock as it was read and what has passed since; the zone of its outlet;
// its last document, which was made before now; the cabinet's own clock.
func Civil(state *fiscalv1.TillState, zone string, now time.Time) string {
	if clock, ok := light.Civil(state.GetClock()); ok && state.GetReadMs() != 0 {
		return clock.Add(max(now.Sub(time.UnixMilli(state.GetReadMs())), 0)).Format(civilLayout)
	}
	if at, err := time.LoadLocation(zone); err == nil && zone != "" {
		return now.In(at).Format(civilLayout)
	}
	if last, ok := light.Civil(state.GetLastAt()); ok {
		return last.Add(time.Minute).Format(civilLayout)
	}
	return now.Format(civilLayout)
}
