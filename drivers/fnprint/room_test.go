package fnprint_test

import (
	"testing"

	codec "github.com/chekan-io/chekan/protocol/fn"
)

// TestStatus_room: how much the memory can still take is asked once and then
// counted; a restart asks anew, and both say the same.
func TestStatus_room(t *testing.T) {
	story(t, variants[0], func(t *testing.T, r *rig) {
		h := r.listen(t)
		before := r.status(t)
		if before.FNRoom == 0 {
			t.Fatal("the memory says that it is full")
		}
		for range 3 {
			_, err := r.sell(t, bread(100))
			r.must(t, err)
			r.settled(t)
		}
		after := r.status(t)
		if want := before.FNRoom - (after.LastFD - before.LastFD); after.FNRoom != want || after.LastFD != before.LastFD+3 {
			t.Errorf("%d documents later: room %d, want %d", after.LastFD-before.LastFD, after.FNRoom, want)
		}
		asked := 0
		for _, c := range h.commands {
			if c == codec.CmdFreeMemory {
				asked++
			}
		}
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
		r.restart(t)
		if again := r.status(t); again.FNRoom != after.FNRoom {
			t.Errorf("after a restart: room %d, counted %d", again.FNRoom, after.FNRoom)
		}
	})
}
