//go:build bench

package ffd

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// The figure is the quickest of many samples: what else the machine does only
// adds to one. A sample is long enough to have the collector in it.
const (
	benchSamples = 200
	benchWork    = 400
)

func TestBenchReceipt(t *testing.T) {
	encode, _, decode, check := speeds(t)
	for _, c := range []struct {
		name, goal string
		f          func()
	}{{"ffd_encode", "<=10", encode}, {"ffd_decode", "<=20", decode}, {"ffd_check", "<=20", check}} {
		var samples []float64
		for range benchSamples {
			start := time.Now()
			for range benchWork {
				c.f()
			}
			samples = append(samples, float64(time.Since(start).Nanoseconds())/1e3/benchWork)
		}
		fmt.Fprintf(t.Output(), "BENCH %s %.4g us %s\n", c.name, slices.Min(samples), c.goal)
		fmt.Fprintf(t.Output(), "BENCH %s_allocs %.0f allocs <=%d\n", c.name, testing.AllocsPerRun(100, c.f), maxAllocations)
	}
}
