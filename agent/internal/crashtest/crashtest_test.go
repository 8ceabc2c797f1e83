package crashtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	"github.com/chekan-io/chekan/protocol/fiscal"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

var discard = slog.New(slog.DiscardHandler)

// scratch is a folder on the fastest file system there is: what is tested here
// is the order of commits, not the disk.
func scratch(t *testing.T) string {
	t.Helper()
	root := "/dev/shm"
	if _, err := os.Stat(root); err != nil {
		root = os.TempDir()
	}
	dir, err := os.MkdirTemp(root, "chekan-crashtest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// simulated gives options for a till in memory. mangle, when not nil, plants a
// defect in the driver under test; readings stay honest. Called in a bubble.
func simulated(t *testing.T, dir string, mangle func(drivers.Till) drivers.Till) (Options, *sim.Device) {
	t.Helper()
	tilltest.Begin()
	device, err := sim.New(sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// A connection is served when the one before has ended: a program that was
	// killed leaves bytes behind, and the till still reads them.
	last := make(chan struct{})
	close(last)
	socket := &wiretest.Cable{Serve: func(end io.ReadWriteCloser) {
		before, ended := last, make(chan struct{})
		last = ended
		go func() {
			defer close(ended)
			<-before
			_ = device.Serve(context.Background(), end)
		}()
	}}
	return Options{
		Driver: "shtrih", Dir: dir, Seed: 1, Version: "test",
		Open: func(wrap func(wire.DialFunc) wire.DialFunc) (drivers.Till, error) {
			if wrap == nil {
				return shtrih.New(socket.Dial, shtrih.Options{}), nil
			}
			var till drivers.Till = shtrih.New(wrap(socket.Dial), shtrih.Options{})
			if mangle != nil {
				till = mangle(till)
			}
			return till, nil
		},
	}, device
}

// attempt runs a crash test on a new simulated till.
func attempt(t *testing.T, mangle func(drivers.Till) drivers.Till, change func(*Options, *sim.Device)) (c Certificate) {
	t.Helper()
	dir := scratch(t)
	synctest.Test(t, func(t *testing.T) {
		o, device := simulated(t, dir, mangle)
		defer func() { _ = device.Close() }()
		if change != nil {
			change(&o, device)
		}
		var err error
		if c, err = Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if n := len(device.FN().List()); n != int(c.Circumstances.LastFD) {
			t.Errorf("the certificate ends at document %d, the fiscal memory at %d", c.Circumstances.LastFD, n)
		}
		if err := device.FN().Verify(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestRun(t *testing.T) {
	c := attempt(t, nil, func(o *Options, _ *sim.Device) { o.Points = 98 })
	v := c.Verdict
	if !v.Passed || v.Total.Points+v.Missed != 98 || v.Missed > 2 {
		t.Errorf("the verdict is %+v\n%s", v, c.Summary())
	}
	if len(v.Cells) != len(kinds)*len(troubles) {
		t.Errorf("98 points met %d pairs of operation and trouble, there are %d", len(v.Cells), len(kinds)*len(troubles))
	}
	if v.Serial == "" || v.FN == "" || v.Model == "" || v.Firmware == "" || !v.DebugFN {
		t.Errorf("the till is not named: %+v", v)
	}
	at := c.Circumstances
	if at.Settled == 0 || at.SettleWorstMS > 15_000 {
		t.Errorf("settled %d times, at worst in %d ms: guarantee 5 gives 15 s", at.Settled, at.SettleWorstMS)
	}
	if at.Held != at.Answered || at.Held < 98*5/7 {
		t.Errorf("%d documents held, %d answered", at.Held, at.Answered)
	}
	t.Log("\n" + c.Summary())
}

// The same seed gives the same verdict and the same points, another seed other
// points; a few points already meet every trouble.
func TestRun_reproducible(t *testing.T) {
	few := func(seed uint64) Certificate {
		return attempt(t, nil, func(o *Options, _ *sim.Device) { o.Points, o.Seed = 14, seed })
	}
	one, again, other := few(7), few(7), few(8)
	if diff := cmp.Diff(one.Verdict, again.Verdict) + cmp.Diff(one.Points, again.Points); diff != "" {
		t.Errorf("the same seed gives another verdict:\n%s", diff)
	}
	if one.Verdict.PointsSHA256 == other.Verdict.PointsSHA256 {
		t.Error("another seed gives the same points")
	}
	met := map[string]bool{}
	for _, c := range one.Verdict.Cells {
		met[c.Trouble] = true
	}
	if len(met) != len(troubles) {
		t.Errorf("14 points meet %d troubles of %d", len(met), len(troubles))
	}
}

// A person at the till is asked for paper, and the test goes on.
func TestRun_paper(t *testing.T) {
	asked := 0
	c := attempt(t, nil, func(o *Options, device *sim.Device) {
		o.Points = 14
		device.InsertPaper(40) // lines left on the roll
		o.Told = func(p Progress) {
			if p.Ask != "" {
				asked++
				time.AfterFunc(5*time.Second, func() { device.InsertPaper(0) })
			}
		}
	})
	if asked == 0 || !c.Verdict.Passed {
		t.Errorf("asked for paper %d times\n%s", asked, c.Summary())
	}
}

// Interrupted, it leaves the till with its shift closed and says so.
func TestRun_interrupted(t *testing.T) {
	dir := scratch(t)
	synctest.Test(t, func(t *testing.T) {
		o, device := simulated(t, dir, nil)
		defer func() { _ = device.Close() }()
		ctx, cancel := context.WithCancel(t.Context())
		o.Points = 50
		o.Told = func(p Progress) {
			if p.Done == 3 {
				cancel()
			}
		}
		c, err := Run(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		open, _, _ := device.FN().Shift()
		if c.Verdict.Passed || c.Verdict.Complete || c.Verdict.Total.Points != 3 || open {
			t.Errorf("shift open: %t, verdict %+v", open, c.Verdict)
		}
	})
}

// resender is a driver with the mistake public drivers make: when the answer of
// a committing command is lost it sends the command again.
type resender struct{ drivers.Till }

func (r resender) Register(ctx context.Context, receipt fiscal.Receipt) (fiscal.Document, error) {
	d, err := r.Till.Register(ctx, receipt)
	var e *drivers.Error
	for range 3 {
		if !errors.As(err, &e) || e.Outcome != fiscal.Unknown {
			break
		}
		d, err = r.Till.Register(ctx, receipt)
	}
	return d, err
}

// byAmount is an agent that settles without the baseline: once an answer is
// lost it looks for a document of the same sum among the last ones and takes
// it for its own. To the real settling it shows that document as the only new
// one, so that what is tested is the matching and nothing else.
type byAmount struct {
	drivers.Till

	before uint32          // last document when the sale began
	asked  *fiscal.Receipt // while its fate is not known
}

// lookBack is how many documents such agents look at.
const lookBack = 10

func (a *byAmount) Register(ctx context.Context, r fiscal.Receipt) (fiscal.Document, error) {
	a.asked = nil
	b, err := a.Till.Baseline(ctx)
	if err != nil {
		return fiscal.Document{}, err
	}
	d, err := a.Till.Register(ctx, r)
	if drivers.OutcomeOf(err) == fiscal.Unknown {
		a.before, a.asked = b.LastFD, &r
	}
	return d, err
}

// match finds the newest document of the same sum.
func (a *byAmount) match(ctx context.Context) (fiscal.Document, bool) {
	b, err := a.Till.Baseline(ctx)
	if err != nil || a.asked == nil {
		return fiscal.Document{}, false
	}
	for fd := b.LastFD; fd > 0 && fd+lookBack > b.LastFD; fd-- {
		if d, err := a.Till.Document(ctx, fd); err == nil && d.Kind == a.asked.Kind && d.Total == a.asked.Total() && d.Type == fiscal.DocReceipt {
			return d, true
		}
	}
	return fiscal.Document{}, false
}

func (a *byAmount) Baseline(ctx context.Context) (fiscal.Baseline, error) {
	b, err := a.Till.Baseline(ctx)
	if _, ok := a.match(ctx); err == nil && ok {
		b.LastFD = a.before + 1
	}
	return b, err
}

func (a *byAmount) Document(ctx context.Context, fd uint32) (fiscal.Document, error) {
	if d, ok := a.match(ctx); ok && fd == a.before+1 {
		return d, nil
	}
	return a.Till.Document(ctx, fd)
}

// TestRun_controls plants three mistakes of real products; each must fail the
// test, and the shortest story is printed.
func TestRun_controls(t *testing.T) {
	for _, c := range []struct {
		name   string
		mangle func(drivers.Till) drivers.Till
		fault  func(journal.Point) error
		caught func(Cell) int
	}{
		{
			name:   "a committing command is sent again",
			mangle: func(till drivers.Till) drivers.Till { return resender{till} },
			caught: func(c Cell) int { return c.Doubled },
		},
		{
			name: "the intent is not synced",
			fault: func(p journal.Point) error {
				if p.Moment == journal.BeforeCommit && p.Acts.Has(journal.ActIntent) {
					return journal.SkipSync
				}
				return nil
			},
			caught: func(c Cell) int { return c.Doubled },
		},
		{
			name:   "match by amount only",
			mangle: func(till drivers.Till) drivers.Till { return &byAmount{Till: till} },
			caught: func(c Cell) int { return c.Lost + c.Doubled },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := attempt(t, c.mangle, func(o *Options, _ *sim.Device) { o.Kinds, o.Fault = []string{"sale"}, c.fault })
			v := got.Verdict
			if v.Passed || c.caught(v.Total) == 0 || len(got.Circumstances.Stories) == 0 {
				t.Fatalf("the mistake was not caught: %+v\n%s", v.Total, got.Summary())
			}
			fmt.Printf("CONTROL %q caught: points=%d lost=%d doubled=%d wrong=%d; the shortest story:\n    %s\n",
				c.name, v.Total.Points, v.Total.Lost, v.Total.Doubled, v.Total.Wrong, strings.Join(got.Circumstances.Stories[0], "\n    "))
		})
	}
}

// Without a mistake every place of a sale passes: what the controls fail by is
// the mistake.
func TestRun_everyPlaceOfASale(t *testing.T) {
	c := attempt(t, nil, func(o *Options, _ *sim.Device) { o.Kinds = []string{"sale"} })
	if v := c.Verdict; !v.Passed || v.Missed != 0 || v.Total.Points < 200 {
		t.Errorf("%+v\n%s", v, c.Summary())
	}
}
