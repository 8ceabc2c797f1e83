package explore

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	sim "github.com/chekan-io/chekan/sim/shtrih"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
)

// byteTroubles are what happens at one byte of one write or read.
func byteTroubles() []trouble {
	return []trouble{
		{name: "the rest is lost", lose: true},
		{name: "garbled", garble: true},
		{name: "the answer is lost from here", deaf: true},
		{name: "the link is cut", lose: true, unplug: true},
		{name: "the till loses power", lose: true, cutPast: true},
		{name: "the agent dies", lose: true, die: true},
		{name: "both die", lose: true, die: true, cutPast: true},
	}
}

// longestWrite bounds the bytes of one write or read that are tried: the
// longest frame of a receipt.
const longestWrite = 130

// Shares of the wide exploration that a plain `go test` tries.
const (
	byteShare = 60
	pairShare = 60
	pairs     = 3000 // of faults, for one kind
)

// TestExplore_bytes breaks every byte of every write and read, in both
// directions, of every kind of operation.
func TestExplore_bytes(t *testing.T) {
	var all tally
	each(t, func(t *testing.T, s story, m tilltest.Maker) { exploreBytes(t, s, m, &all) })
	all.report(t, 600)
}

func exploreBytes(t *testing.T, s story, m tilltest.Maker, into *tally) {
	t.Helper()
	sc := prepare(t, s, m)
	calm := play(t, sc, s, trouble{}, 0, defect{})
	for _, f := range byteTroubles() {
		for at := 1; at <= calm.effects; at++ {
			for keep := 0; keep < min(calm.lengths[at-1], longestWrite); keep++ {
				f.keep = keep
				if name := fmt.Sprintf("%s, %s, effect %d byte %d", s.name, f.name, at, keep); sampled(name, byteShare) {
					into.add(name, point(t, name, sc, s, f, at))
				}
			}
		}
	}
}

// TestExplore_pairs lets a second thing go wrong while the first is being
// settled: a power cut in recovery, an agent that dies twice.
func TestExplore_pairs(t *testing.T) {
	var all tally
	each(t, func(t *testing.T, s story, m tilltest.Maker) {
		rnd := rand.New(rand.NewPCG(pointID(s.name), 2026))
		sc := prepare(t, s, m)
		calm := play(t, sc, s, trouble{}, 0, defect{})
		every := append(effectTroubles(), byteTroubles()...)
		for range pairs {
			first, second := every[rnd.IntN(len(every))], every[rnd.IntN(len(every))]
			at := 1 + rnd.IntN(calm.effects)
			first.second, first.secondAt = &second, 1+rnd.IntN(150)
			if name := fmt.Sprintf("%s, %s at effect %d, then %s %d later", s.name, first.name, at, second.name, first.secondAt); sampled(name, pairShare) {
				all.add(name, point(t, name, sc, s, first, at))
			}
		}
	})
	all.report(t, 200)
}

// TestExplore_options runs the effects of a sale on tills that behave
// otherwise where the sources do not say how they behave.
func TestExplore_options(t *testing.T) {
	var all tally
	for how, o := range map[string]sim.Options{
		"document begun with the first item": {FNOpen: sim.FNOpenAtItem},
		"document begun at the close":        {FNOpen: sim.FNOpenAtClose},
		"firmware mends a stale receipt":     {Stale: sim.StaleHeals},
		"firmware cancels at power-on":       {CancelsOnPowerUp: true},
		"printing continues by command":      {ContinueByCommand: true, PrintSpeed: 40 * time.Millisecond},
		"slow printer":                       {PrintSpeed: 40 * time.Millisecond, Timing: sim.RealTiming},
		"cable keeps open without power":     {SilentPowerCut: true},
		"hears while busy":                   {BusyHears: true, Timing: sim.RealTiming},
		"strict confirmation":                {StrictConfirm: true},
		"keeps the pending answer on STX":    {KeepPendingOnSTX: true},
		"NAK to junk":                        {NAKJunk: true},
		"time in answers":                    {DocumentTime: true},
		"long answers, short refusals":       {FullStatus: 52, ShortFFError: true, ExtendedErr: true},
	} {
		t.Run(how, func(t *testing.T) {
			sale := stories()[0]
			sc := prepare(t, sale, tilltest.Shtrih(o))
			calm := play(t, sc, sale, trouble{}, 0, defect{})
			if calm.bad() {
				t.Fatalf("without any fault: %+v", calm)
			}
			for _, f := range effectTroubles() {
				for at := 1; at <= calm.effects; at++ {
					if name := fmt.Sprintf("sale, %s, %s, effect %d", how, f.name, at); sampled(name, 2) {
						all.add(name, point(t, name, sc, sale, f, at))
					}
				}
			}
		})
	}
	all.report(t, 2000)
}
