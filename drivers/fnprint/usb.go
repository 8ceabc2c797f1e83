package fnprint

import (
	"context"
	"errors"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

var _ drivers.USBResetter = (*Till)(nil)

// ResetUSB implements drivers.USBResetter for whichever of the two devices is on
// USB. A printer that is printing shows that it needs none.
func (t *Till) ResetUSB(ctx context.Context) error {
	const op = "reset USB port"
	if t.isClosed() {
		return failure(op, drivers.CodeGone, fiscal.NotDone, wire.ErrClosed)
	}
	memory := t.resetMemory(ctx)
	printer := drivers.ErrNotUSB
	if !t.paper.busy() {
		printer = t.paper.device.ResetUSB(ctx)
	}
	reset := 0
	for _, err := range []error{memory, printer} {
		switch {
		case err == nil:
			reset++
		case !errors.Is(err, drivers.ErrNotUSB) && !errors.Is(err, errors.ErrUnsupported):
			return failure(op, linkCode(err), fiscal.NotDone, errors.Join(memory, printer))
		}
	}
	if reset == 0 {
		return drivers.ErrNotUSB
	}
	return nil
}

// resetMemory resets the port of the fiscal memory's adapter.
func (t *Till) resetMemory(ctx context.Context) error {
	conn := t.wire()
	if conn == nil {
		if err := t.open(ctx); err != nil {
			return err
		}
		if conn = t.wire(); conn == nil {
			return wire.ErrClosed
		}
	}
	usb, ok := wire.Ability[wire.USBResetter](conn)
	if !ok {
		return drivers.ErrNotUSB
	}
	err := usb.ResetUSB(ctx)
	t.drop()
	return err
}
