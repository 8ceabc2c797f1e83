package printer_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/chekan-io/chekan/drivers/printer"
	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/slip"
	sim "github.com/chekan-io/chekan/sim/printer"
)

// Any printer, several faults at any bytes, a person who puts things right: in
// the end the last slip is whole, at most one is without a heading, and each
// whole one says what it should.
func TestStories(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := sim.Options{
			Profile:        rapid.SampledFrom(escpos.Profiles).Draw(rt, "profile"),
			LineTime:       time.Duration(rapid.IntRange(0, 100).Draw(rt, "line")) * time.Millisecond,
			AfterPaper:     rapid.SampledFrom([]sim.Recovery{sim.Resumes, sim.Waits, sim.Forgets}).Draw(rt, "recovery"),
			Serial:         rapid.Bool().Draw(rt, "serial"),
			RealTimeInData: rapid.Bool().Draw(rt, "epson"),
		}
		kinds := []sim.FaultKind{sim.PaperOut, sim.CoverOpen, sim.Hang, sim.Unplug, sim.PowerCut, sim.Busy, sim.Garbage, sim.Jam, sim.Overheat}
		type planned struct {
			Kind sim.FaultKind
			At   int64
			For  int
		}
		faults := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) planned {
			return planned{
				rapid.SampledFrom(kinds).Draw(rt, "kind"), rapid.Int64Range(0, 6000).Draw(rt, "at"), rapid.SampledFrom([]int{0, 1, 5, 30}).Draw(rt, "for"),
			}
		}), 1, 4).Draw(rt, "faults")
		var bad string // rapid's own failures do not leave a bubble
		defer func() {
			if bad != "" {
				rt.Fatal(bad)
			}
		}()
		synctest.Test(t, func(t *testing.T) {
			b := setUp(t, o, printer.Options{})
			for _, f := range faults {
				b.dev.Plan(sim.Fault{Kind: f.Kind, At: f.At, For: time.Duration(f.For) * time.Second})
			}
			r, err := b.Print(limit(t), receipt())
			for tries := 0; err != nil; tries++ {
				var e *printer.Error
				if tries > 20 || !errors.As(err, &e) {
					bad = fmt.Sprintf("the slip does not end: %v", err)
					return
				}
				<-time.After(time.Minute)
				if tries > 5 {
					// A full buffer that waits for DLE ENQ takes none: off and on.
					b.dev.SetPower(false)
				}
				b.dev.SetCover(false)
				b.dev.SetJam(false)
				b.dev.SetHot(false)
				b.dev.SetBusy(false)
				b.dev.SetPlugged(true)
				b.dev.SetPower(true)
				b.dev.Recover()
				if b.dev.Paper() == 0 {
					b.dev.Refill()
				}
				if b.Pending() {
					r, err = b.Continue(limit(t))
				} else {
					r, err = b.Print(limit(t), receipt())
				}
			}
			whole := b.dev.Whole()
			if r.Outcome != fiscal.Done || len(whole) == 0 {
				bad = fmt.Sprintf("%+v, %+v", r, b.dev.Slips())
				return
			}
			plain, headed := want(receipt(), o.Profile), want(receipt().Headed(slip.Repeat), o.Profile)
			for i, s := range whole {
				got := words(s)
				switch {
				case got == headed && (i > 0 || r.Repeated):
				case got == plain && i == 0 && (len(whole) > 1 || !r.Repeated):
				default:
					bad = fmt.Sprintf("slip %d of %d, %+v:\n%s", i+1, len(whole), r, cmp.Diff(plain, got))
				}
			}
		})
	})
}
