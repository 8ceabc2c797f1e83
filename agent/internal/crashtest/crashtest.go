// Package crashtest breaks the exchange with one till on purpose and says, over
// a signature, whether a sale was ever lost or made twice.
//
// The test does with a till at hand what package explore does with thousands of
// simulated ones: it asks for an operation, lets one thing go wrong at one
// effect, settles with the very package that runs in the shop (package till),
// and compares what was said with what the fiscal memory holds. It registers
// real documents, so it belongs on a simulator or on a till with a debug fiscal
// memory, and [Look] refuses others.
//
// # Points
//
// A point is a kind of operation, a trouble and a place in the exchange. Places
// are writes to the wire and commits of the journal, counted from the moment
// the operation is asked for. Reads are not counted: how many pieces an answer
// comes in depends on the cable, and the points of a seed must not. That is
// also why package wiretest, which numbers reads too, is not used here.
//
// A calm run of each kind first measures how long its exchange is; the seed
// then spreads the points over it. The same seed on the same till gives the
// same points, and must give the same verdict.
//
// # Lives
//
// Every point has a journal and an agent of its own in a temporary folder. An
// agent that is killed stops where it is: no byte and no commit after it counts,
// and the next life begins with what is durable. After every point, and after
// every "not done", the agent is ended and the archive of the fiscal memory is
// read by a driver of its own over a cable without scissors; at the end of all
// it is read once more from the beginning.
//
// # What it does not do
//
// It cannot cut the power of a real till or its paper: packages explore and
// powercut do that to simulated ones. It proves nothing of other firmware than
// the one it names.
package crashtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
)

// Options of a crash test.
type Options struct {
	// Open makes the till's driver; wrap, when not nil, stands between it and
	// the cable.
	Open func(wrap func(wire.DialFunc) wire.DialFunc) (drivers.Till, error)
	// Driver is the driver's name.
	Driver string
	// Dir is a folder for journals; that of a point that went well is removed.
	Dir string
	// Points is how many points to try; 0 is every one there is.
	Points int
	// Seed chooses them.
	Seed uint64
	// Kinds limits the operations; empty is every one.
	Kinds []string
	// TaxSystem of the receipts, one bit of tag 1055; 0 lets the till choose.
	TaxSystem uint32
	// Version is the agent's.
	Version string
	// Simulator says that the till is a simulator, whatever its memory says.
	Simulator bool
	// Force allows a shift with receipts in it to be closed first.
	Force bool
	// Log hears the agents under test; Told what a person should see.
	Log  *slog.Logger
	Told func(Progress)
	// Fault is asked at every commit of a journal, for planted defects.
	Fault func(journal.Point) error
}

// Progress is told after every point, and when a person has to do something.
type Progress struct {
	Done, Total int
	Point       Point
	// Ask is what the person at the till has to do; empty mostly.
	Ask string
}

// What stands in the way of a crash test; see [Look].
var (
	// ErrSerialFN: the fiscal memory is not a debug one, or does not tell.
	ErrSerialFN = errors.New("фискальный накопитель не отладочный")
	// ErrShiftOpen: somebody's receipts are in the open shift.
	ErrShiftOpen = errors.New("смена открыта, и в ней есть чеки")
	// ErrNotReady: the till cannot work now.
	ErrNotReady = errors.New("касса не готова")
)

// Plan is what is going to be done, and to which till.
type Plan struct {
	Till   drivers.Identity
	Status drivers.Status
	Debug  bool // the till says that its fiscal memory is a debug one
	Points int  // 0 is every point there is
}

// lookLimit bounds reading a till that answers.
const lookLimit = 30 * time.Second

// Look reads the till, changes nothing, and says what a run would do or why
// there must be none.
func Look(ctx context.Context, o Options) (Plan, error) {
	p := Plan{Points: o.Points}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	device, err := o.Open(nil)
	if err != nil {
		return p, fmt.Errorf("open the till: %w", err)
	}
	defer func() { _ = device.Close() }()
	if p.Till, err = device.Identity(ctx); err != nil {
		return p, fmt.Errorf("identify the till: %w", err)
	}
	if p.Status, err = device.Status(ctx); err != nil {
		return p, fmt.Errorf("read the till: %w", err)
	}
	why := "касса не говорит, какой у неё накопитель"
	if teller, ok := device.(drivers.FNTeller); ok {
		if p.Debug, err = teller.DebugFN(ctx); err != nil {
			why = err.Error()
		} else {
			why = "накопитель серийный: каждый чек был бы настоящим"
		}
	}
	s := p.Status
	switch {
	case !p.Debug && !o.Simulator:
		return p, fmt.Errorf("%w (%s)", ErrSerialFN, why)
	case s.ShiftOpen && s.Receipt > 0 && !o.Force:
		return p, fmt.Errorf("%w: смена %d, чеков %d", ErrShiftOpen, s.Shift, s.Receipt)
	case s.Open != drivers.OpenNothing:
		return p, fmt.Errorf("%w: на кассе открыт документ (%s)", ErrNotReady, s.Raw)
	case s.Mode != drivers.ModeReady && s.Mode != drivers.ModeShiftExpired:
		return p, fmt.Errorf("%w: %s", ErrNotReady, s.Raw)
	case s.Paper != drivers.PaperReady:
		return p, fmt.Errorf("%w: нет бумаги, открыта крышка или идёт печать (%s)", ErrNotReady, s.Raw)
	}
	return p, nil
}
