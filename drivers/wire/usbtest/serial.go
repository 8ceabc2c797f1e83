package usbtest

import "context"

// Serial is a Function of the communications class (CDC 1.2, PSTN 1.2): the
// virtual serial port that most tills are, driven by cdc_acm.
type Serial struct {
	Engine interface {
		Write(ctx context.Context, p []byte) (int, error)
		Read(ctx context.Context, limit int) ([]byte, error)
	}
}

// Pipes of a Serial.
const (
	serialNotify = 0x81
	serialOut    = 0x02
	serialIn     = 0x83
)

// Interfaces implements Function.
func (*Serial) Interfaces() []byte {
	return []byte{
		8, 11, 0, 2, 2, 2, 1, 0, // the two belong together
		9, 4, 0, 0, 1, 2, 2, 1, 0,
		5, 0x24, 0, 0x10, 1, // header
		5, 0x24, 1, 0, 1, // call management
		4, 0x24, 2, 2, // abstract control: line coding and state
		5, 0x24, 6, 0, 1, // union
		7, 5, serialNotify, 3, 16, 0, 10,
		9, 4, 1, 0, 2, 10, 0, 0, 0,
		7, 5, serialOut, 2, packet, 0, 0,
		7, 5, serialIn, 2, packet, 0, 0,
	}
}

// Out implements Function.
func (f *Serial) Out(ctx context.Context, _ byte, p []byte) (int, error) {
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
func (f *Serial) In(ctx context.Context, endpoint byte, limit int) ([]byte, error) {
	if endpoint == serialNotify { // the lines never change
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return f.Engine.Read(ctx, limit)
}

// Request implements Function: line coding and lines are taken as they come.
func (*Serial) Request(s Setup, _ []byte) ([]byte, bool) {
	if s.Type == 0xA1 && s.Request == 0x21 { // GET_LINE_CODING: 115200 8N1
		return []byte{0x00, 0xC2, 0x01, 0x00, 0, 0, 8}, true
	}
	return nil, s.Type == 0x21
}
