package fleet

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

// What is remembered of tills that went from agent to agent is as much as the last minutes made, however long the cabinet runs; and
// what still decides is not lost on the way.
func TestForgetClaims(t *testing.T) {
	clock := storetest.NewClock()
	f := New(nil, slog.New(slog.DiscardHandler), clock.Now, func(string) {})
	const step = time.Minute
	for i := range 500 {
		till := fmt.Sprint("till", i)
		f.took(till, "a", "b")
		f.mu.Lock()
		f.claims[till] = claim{"PC", clock.Now()}
		f.mu.Unlock()
		f.forgetClaims()
		if f.claimOn(till) == nil {
			t.Fatal("a claim of now was forgotten")
		}
		clock.Pass(step)
		if most := int(claimFor / step); len(f.moves) > most {
			t.Fatalf("%d moves are remembered, %d at most are of use", len(f.moves), most)
		}
		if most := int(StaleAfter/step) + 1; len(f.claims) > most {
			t.Fatalf("%d claims are remembered, %d at most are of use", len(f.claims), most)
		}
	}
	clock.Pass(claimFor)
	f.forgetClaims()
	if len(f.moves) != 0 || len(f.claims) != 0 {
		t.Errorf("of a quiet quarter of an hour %d moves and %d claims are left", len(f.moves), len(f.claims))
	}
	f.took("till", "a", "b")
	clock.Pass(claimFor - time.Second)
	f.forgetClaims()
	if len(f.moves) != 1 {
		t.Error("a move that still decides was forgotten")
	}
	clock.Pass(time.Second)
	f.forgetClaims()
	if len(f.moves) != 0 {
		t.Error("a move that decides nothing any more is kept")
	}
}
