package printer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/drivers/wire"
)

// A printer on USB tells its paper beside the data, by the control request
// GET_PORT_STATUS. That is heard while the data pipe is stuck, and of printers
// that have no other way to speak. Only the paper is believed: there are
// printers whose lines "selected" and "error" never move.

// noPaper asks a printer on USB for its paper; false also when it cannot be asked.
func (p *Printer) noPaper(ctx context.Context) bool {
	p.mu.Lock()
	conn := p.conn
	p.mu.Unlock()
	port, ok := wire.Ability[wire.PortStatuser](conn)
	if !ok {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, p.opts.Answer)
	defer cancel()
	status, err := port.PortStatus(ctx)
	return err == nil && status.PaperOut()
}

// write hands bytes to the wire; out tells that it got stuck for want of paper.
func (p *Printer) write(ctx context.Context, conn wire.Conn, b []byte) (out bool, err error) {
	if _, ok := wire.Ability[wire.PortStatuser](conn); !ok {
		_, err = conn.Write(ctx, b)
		return false, err
	}
	// A wire whose write has run out of time is closed, so the port is asked
	// while the write waits. One that goes through at once asks nothing.
	watching, stop := context.WithCancel(ctx)
	last := make(chan bool)
	go func() {
		seen := false
		ticker := time.NewTicker(p.opts.Answer)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				seen = p.noPaper(watching)
			case <-watching.Done():
				last <- seen
				return
			}
		}
	}()
	_, err = conn.Write(ctx, b)
	stop()
	return <-last && err != nil, err
}

// ResetUSB resets the USB port the printer is plugged into, as if it were pulled
// out and put back; errors.ErrUnsupported when its wire is another. The printer
// forgets what it was sent, so a slip that is owed begins anew.
func (p *Printer) ResetUSB(ctx context.Context) error {
	conn, err := p.open(ctx)
	if err != nil {
		return fmt.Errorf("reset the USB port: %w", err)
	}
	usb, ok := wire.Ability[wire.USBResetter](conn)
	if !ok {
		return fmt.Errorf("reset the USB port: %w", errors.ErrUnsupported)
	}
	if err := errors.Join(usb.ResetUSB(ctx), p.Reopen()); err != nil {
		return fmt.Errorf("reset the USB port: %w", err)
	}
	return nil
}
