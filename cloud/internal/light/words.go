package light

import (
	"fmt"
	"strings"
)

// fill puts the number of a rule into its sentence.
func fill(text string, value int64, count string) string {
	return strings.NewReplacer("{value}", said(value), "{count}", count).Replace(text)
}

// said writes a length of time as people say it: in its greatest unit, and with
// the next one when the first is small.
func said(seconds int64) string {
	if seconds < 0 {
		seconds = 0
	}
	switch {
	case seconds >= 2*day:
		return fmt.Sprintf("%d дн.", seconds/day)
	case seconds >= hour:
		if m := seconds % hour / minute; m != 0 && seconds < 10*hour {
			return fmt.Sprintf("%d ч %d мин", seconds/hour, m)
		}
		return fmt.Sprintf("%d ч", seconds/hour)
	case seconds >= minute:
		return fmt.Sprintf("%d мин", seconds/minute)
	}
	return fmt.Sprintf("%d с", seconds)
}
