package usbtest

import (
	"context"
	"encoding/binary"
)

// Engine is a printer behind its connector.
type Engine interface {
	// Write takes bytes, as many as there is room for; it waits while there is
	// none, until ctx ends, and says how many it took.
	Write(ctx context.Context, p []byte) (int, error)
	// Read gives up to limit bytes that the printer says; it waits for the first.
	Read(ctx context.Context, limit int) ([]byte, error)
	// PortStatus is the byte of GET_PORT_STATUS.
	PortStatus() byte
}

// Printer is a Function of the printer class (USB printer class 1.1): one
// interface, both ways.
type Printer struct {
	Engine Engine
	ID     string // of IEEE 1284: MFG:…;MDL:…;CMD:…;
}

// Pipes of a Printer.
const (
	PrinterOut = 0x01
	PrinterIn  = 0x82
)

// Interfaces implements Function.
func (*Printer) Interfaces() []byte {
	return []byte{
		9, 4, 0, 0, 2, 0x07, 0x01, 0x02, 0,
		7, 5, PrinterOut, 2, packet, 0, 0,
		7, 5, PrinterIn, 2, packet, 0, 0,
	}
}

// Out implements Function.
func (f *Printer) Out(ctx context.Context, _ byte, p []byte) (int, error) {
	taken := 0
	for taken < len(p) {
		n, err := f.Engine.Write(ctx, p[taken:])
		taken += n
		if err != nil {
			return taken, err
		}
	}
	return taken, nil
}

// In implements Function.
func (f *Printer) In(ctx context.Context, _ byte, limit int) ([]byte, error) {
	return f.Engine.Read(ctx, limit)
}

// Request implements Function.
func (f *Printer) Request(s Setup, _ []byte) ([]byte, bool) {
	switch {
	case s.Type == 0xA1 && s.Request == 0: // GET_DEVICE_ID
		b := binary.BigEndian.AppendUint16(nil, uint16(2+len(f.ID)))
		return append(b, f.ID...), true
	case s.Type == 0xA1 && s.Request == 1: // GET_PORT_STATUS
		return []byte{f.Engine.PortStatus()}, true
	case s.Request == 2: // SOFT_RESET
		return nil, true
	}
	return nil, false
}
