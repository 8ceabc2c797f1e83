// Package shtrih drives Shtrih-M tills (KKT of the F series) over their wire.
package shtrih

import (
	"context"
	"errors"
	"log/slog"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Link says which link layer to speak.
type Link int

// Links.
const (
	// LinkAuto speaks the standard layer, which every till understands.
	LinkAuto Link = iota
	// LinkStandard is ENQ, ACK, STX and LRC (Shtrih protocol 1.17, app. 2–3).
	LinkStandard
	// LinkNumbered is the alternative layer with numbered packets; a till has
	// it when bit 28 of its capabilities (F7h) is set.
	LinkNumbered
)

// Options are what a till needs to know of the installation. The zero value
// suits a till with factory settings.
type Options struct {
	// Password is the system administrator's, row 30 of table 2; 0 means 30.
	Password uint32
	// CashierPassword is sent with receipts; 0 means Password.
	CashierPassword uint32
	// Link is the link layer.
	Link Link
	// Log hears what a technician would tell; nil is silence.
	Log *slog.Logger
}

// Till is a Shtrih-M till. It opens the wire by itself at the first call and
// again after any fault of the wire.
type Till struct {
	dial wire.DialFunc
	opts Options
}

var (
	_ drivers.Till          = (*Till)(nil)
	_ drivers.Copier        = (*Till)(nil)
	_ drivers.ClockSetter   = (*Till)(nil)
	_ drivers.StuckLeaver   = (*Till)(nil)
	_ drivers.Reopener      = (*Till)(nil)
	_ drivers.PendingReader = (*Till)(nil)
	_ drivers.TLVReader     = (*Till)(nil)
)

// New returns a till on the wire that dial opens. Nothing is opened yet.
func New(dial wire.DialFunc, opts Options) *Till {
	return &Till{dial: dial, opts: opts}
}

var errSoon = errors.New("not in this build")

func soon(op string) error {
	return &drivers.Error{Op: op, Code: drivers.CodeUnsupported, Outcome: fiscal.NotDone, Err: errSoon}
}

// Identity implements drivers.Till.
func (t *Till) Identity(context.Context) (drivers.Identity, error) {
	return drivers.Identity{}, soon("identity")
}

// Status implements drivers.Till.
func (t *Till) Status(context.Context) (drivers.Status, error) {
	return drivers.Status{}, soon("status")
}

// Baseline implements drivers.Till.
func (t *Till) Baseline(context.Context) (fiscal.Baseline, error) {
	return fiscal.Baseline{}, soon("baseline")
}

// Document implements drivers.Till.
func (t *Till) Document(context.Context, uint32) (fiscal.Document, error) {
	return fiscal.Document{}, soon("document")
}

// DocumentTLV implements drivers.TLVReader.
func (t *Till) DocumentTLV(context.Context, uint32) ([]byte, error) { return nil, soon("document") }

// OpenShift implements drivers.Till.
func (t *Till) OpenShift(context.Context, fiscal.Cashier) (fiscal.Document, error) {
	return fiscal.Document{}, soon("open shift")
}

// CloseShift implements drivers.Till.
func (t *Till) CloseShift(context.Context, fiscal.Cashier) (fiscal.Document, error) {
	return fiscal.Document{}, soon("close shift")
}

// Register implements drivers.Till.
func (t *Till) Register(context.Context, fiscal.Receipt) (fiscal.Document, error) {
	return fiscal.Document{}, soon("register")
}

// CashIn implements drivers.Till.
func (t *Till) CashIn(context.Context, fiscal.Money) error { return soon("cash in") }

// CashOut implements drivers.Till.
func (t *Till) CashOut(context.Context, fiscal.Money) error { return soon("cash out") }

// XReport implements drivers.Till.
func (t *Till) XReport(context.Context) error { return soon("x report") }

// Settlement implements drivers.Till.
func (t *Till) Settlement(context.Context) (fiscal.Document, error) {
	return fiscal.Document{}, soon("settlement report")
}

// FinishPrint implements drivers.Till.
func (t *Till) FinishPrint(context.Context) error { return soon("finish print") }

// Cancel implements drivers.Till.
func (t *Till) Cancel(context.Context) error { return soon("cancel") }

// Reboot implements drivers.Till.
func (t *Till) Reboot(context.Context) error { return soon("reboot") }

// PrintCopy implements drivers.Copier.
func (t *Till) PrintCopy(context.Context) error { return soon("copy") }

// SetClock implements drivers.ClockSetter.
func (t *Till) SetClock(context.Context, fiscal.DateTime) error { return soon("set clock") }

// LeaveStuckMode implements drivers.StuckLeaver.
func (t *Till) LeaveStuckMode(context.Context) error { return soon("leave mode") }

// Reopen implements drivers.Reopener.
func (t *Till) Reopen() error { return nil }

// TakePending implements drivers.PendingReader.
func (t *Till) TakePending() (fiscal.Document, bool) { return fiscal.Document{}, false }

// Close implements drivers.Till.
func (t *Till) Close() error { return nil }
