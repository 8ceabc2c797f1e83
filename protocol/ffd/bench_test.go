//go:build bench

package ffd

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// The figure is the median of many short samples, so that what else the
// machine does now and then does not count, and the collector does.
const (
	benchSamples = 301
	benchWork    = 50
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
		slices.Sort(samples)
		fmt.Fprintf(t.Output(), "BENCH %s %.4g us %s\n", c.name, samples[benchSamples/2], c.goal)
		fmt.Fprintf(t.Output(), "BENCH %s_allocs %.0f allocs <=%d\n", c.name, testing.AllocsPerRun(100, c.f), maxAllocations)
	}
}
