package printer

import (
	"context"
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
