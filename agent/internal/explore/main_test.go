package explore

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// grand adds up everything that was explored in this run of the tests.
var grand struct {
	sync.Mutex
	tally
}

// played counts runs, for the progress line.
var played atomic.Int64

// TestMain ends the run with one line over all of it. A long run says every
// few seconds how far it is.
func TestMain(m *testing.M) {
	flag.Parse()
	if *state != "" {
		if err := resume(*state); err != nil {
			fmt.Fprintln(os.Stderr, "explore:", err)
			os.Exit(1)
		}
	}
	stop := make(chan struct{})
	if *everything {
		go progress(stop)
	}
	code := m.Run()
	close(stop)
	if grand.points > 0 {
		fmt.Println(grand.String())
	}
	os.Exit(code)
}

func progress(stop <-chan struct{}) {
	began := time.Now()
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			fmt.Fprintf(os.Stderr, "explored %d points in %s\n", played.Load(), time.Since(began).Round(time.Second))
		}
	}
}

// include adds a part to the whole.
func (y *tally) include() {
	grand.Lock()
	defer grand.Unlock()
	grand.points += y.points
	grand.lost += y.lost
	grand.doubled += y.doubled
	grand.stuck += y.stuck
	grand.wrong += y.wrong
	grand.slow += y.slow
	grand.settled = append(grand.settled, y.settled...)
}
