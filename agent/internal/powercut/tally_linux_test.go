package powercut

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// tally adds verdicts up.
type tally struct {
	name        string
	want        int
	began, told time.Time

	mu                                   sync.Mutex
	cuts, pending, repaired, doubtful    int
	lost, doubled, damaged, stuck, clean int
	events                               map[event]int
	caught                               string // the first story of a loss or a double
	back                                 int    // machines that came up after a cut, settled and agreed with the tills
	stories                              []string
}

func newTally(name string, want int) *tally {
	return &tally{name: name, want: want, began: time.Now(), told: time.Now(), events: map[event]int{}}
}

// cameBack counts a machine that came up after a cut.
func (y *tally) cameBack(after bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if after {
		y.back++
	}
}

// add counts a cut, gives it a name, and shows now and then how far it got.
func (y *tally) add(m *moment, v verdict) string {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.cuts++
	name := fmt.Sprintf("%s-%d", y.name, y.cuts)
	y.events[m.at]++
	if len(m.pending) > 0 {
		y.pending++
	}
	if v.repaired {
		y.repaired++
	}
	if v.doubtful {
		y.doubtful++
	}
	for _, c := range []struct {
		bad bool
		n   *int
	}{{v.lost, &y.lost}, {v.doubled, &y.doubled}, {v.damaged, &y.damaged}, {v.stuck, &y.stuck}, {!v.bad(), &y.clean}} {
		if c.bad {
			*c.n++
		}
	}
	if v.bad() {
		y.stories = append(y.stories, fmt.Sprintf("%s, at %s with %d writes pending: %s", name, m.at, len(m.pending), strings.Join(v.notes, "; ")))
	}
	if y.caught == "" && (v.lost || v.doubled) {
		y.caught = y.stories[len(y.stories)-1]
	}
	if now := time.Now(); now.Sub(y.told) > 5*time.Second {
		y.told = now
		say("  %4.0f s: %d of %d cuts, %d clean", now.Sub(y.began).Seconds(), y.cuts, max(y.want, y.cuts), y.clean)
	}
	return name
}

func (y *tally) String() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.text()
}

func (y *tally) text() string {
	var at []string
	for _, e := range slices.Sorted(maps.Keys(y.events)) {
		at = append(at, fmt.Sprintf("at %s %d", e, y.events[e]))
	}
	text := fmt.Sprintf("%d cuts (%s), %d with writes pending, %d left an operation in doubt: %d clean, %d lost, %d doubled, %d damaged, %d unsettled",
		y.cuts, strings.Join(at, ", "), y.pending, y.doubtful, y.clean, y.lost, y.doubled, y.damaged, y.stuck)
	if y.repaired > 0 {
		text += fmt.Sprintf("; %d torn superblocks of ext4 restored", y.repaired)
	}
	if y.back > 0 {
		text += fmt.Sprintf("; booted again and agreed with the tills %d times", y.back)
	}
	return text
}
