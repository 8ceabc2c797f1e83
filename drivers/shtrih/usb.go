package shtrih

import (
	"context"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

const opResetUSB = "reset USB port"

// ResetUSB implements drivers.USBResetter: a till of this maker is a virtual
// serial port on USB more often than not, and one that hangs on the bus comes
// back when its port is reset.
func (t *Till) ResetUSB(ctx context.Context) error {
	t.mu.Lock()
	conn := t.conn
	t.mu.Unlock()
	if conn == nil {
		var err error
		if conn, err = t.open(ctx); err != nil {
			return failure(opResetUSB, linkCode(err), fiscal.NotDone, err)
		}
	}
	usb, ok := wire.Ability[wire.USBResetter](conn)
	if !ok {
		return drivers.ErrNotUSB
	}
	err := usb.ResetUSB(ctx)
	t.drop()
	if err != nil {
		return failure(opResetUSB, linkCode(err), fiscal.NotDone, err)
	}
	return nil
}
