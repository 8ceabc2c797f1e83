//go:build bench

package ffd

import (
	"fmt"
	"testing"
)

// The quickest of several rounds: what else the machine does only adds to a figure.
const benchRounds = 5

func TestBenchReceipt(t *testing.T) {
	encode, _, decode, check := speeds(t)
	for _, c := range []struct {
		name, goal string
		f          func()
	}{{"ffd_encode", "<=10", encode}, {"ffd_decode", "<=20", decode}, {"ffd_check", "<=20", check}} {
		best := 0.0
		for range benchRounds {
			r := testing.Benchmark(func(b *testing.B) { run(b, c.f) })
			if us := float64(r.NsPerOp()) / 1e3; best == 0 || us < best {
				best = us
			}
		}
		fmt.Fprintf(t.Output(), "BENCH %s %.4g us %s\n", c.name, best, c.goal)
		fmt.Fprintf(t.Output(), "BENCH %s_allocs %.0f allocs <=%d\n", c.name, testing.AllocsPerRun(100, c.f), maxAllocations)
	}
}
