// Package usbtest presents devices on USB that are not there, to programs that
// cannot tell: the real libusb and the real Linux kernel.
//
// A [Device] is what a device is to a host: descriptors, the standard requests,
// and pipes. What it does is its [Function]: a simulated printer, a till behind
// a virtual serial port. A [Socket] is a device plugged in once; pulling it out
// ends every transfer as the kernel's host controller does.
//
// Two hosts drive it. [Testbed] is umockdev: the program under test runs with a
// preloaded library that answers libusb's system calls from a script, which
// hands the transfers over to the device here. It needs no rights and takes
// seconds, so it is a part of every test run. [ServeUSBIP] is a USB/IP server:
// a Linux kernel in a virtual machine attaches the device, and the kernel's own
// drivers (usblp, cdc_acm, usbfs) are between the program and it.
//
// There is no electrical side: no speeds, no packets, no split transactions.
package usbtest

import (
	"context"
	"encoding/binary"
	"errors"
	"unicode/utf16"
)

// Function is what a device does.
type Function interface {
	// Interfaces gives the interface and endpoint descriptors of the only
	// configuration.
	Interfaces() []byte
	// Out takes the bytes of an OUT transfer and returns how many it took; it
	// waits while the device takes none, until ctx ends.
	Out(ctx context.Context, endpoint byte, p []byte) (int, error)
	// In gives up to limit bytes to an IN transfer; it waits for the first one.
	In(ctx context.Context, endpoint byte, limit int) ([]byte, error)
	// Request answers a class request; false is a stall.
	Request(s Setup, data []byte) (answer []byte, ok bool)
}

// Setup is the first packet of a control transfer (USB 2.0, table 9-2).
type Setup struct {
	Type, Request        uint8
	Value, Index, Length uint16
}

// ParseSetup reads the eight bytes of a setup packet.
func ParseSetup(b [8]byte) Setup {
	return Setup{b[0], b[1], binary.LittleEndian.Uint16(b[2:]), binary.LittleEndian.Uint16(b[4:]), binary.LittleEndian.Uint16(b[6:])}
}

// Device is a device on USB.
type Device struct {
	Vendor, Product      uint16
	Maker, Model, Serial string
	Function             Function
}

// Descriptor types (USB 2.0, table 9-5).
const (
	descDevice        = 1
	descConfiguration = 2
	descString        = 3
)

// packet is the largest packet of the control and the bulk pipes: full speed.
const packet = 64

// Descriptor returns the device descriptor (USB 2.0, table 9-8).
func (d *Device) Descriptor() []byte {
	b := []byte{18, descDevice, 0x00, 0x02, 0, 0, 0, packet, 0, 0, 0, 0, 0x00, 0x01, 1, 2, 0, 1}
	binary.LittleEndian.PutUint16(b[8:], d.Vendor)
	binary.LittleEndian.PutUint16(b[10:], d.Product)
	if d.Serial != "" {
		b[16] = 3
	}
	return b
}

// Configuration returns the configuration descriptor with all below it.
func (d *Device) Configuration() []byte {
	inside := d.Function.Interfaces()
	numbers := map[byte]bool{}
	for rest := inside; len(rest) > 2; rest = rest[rest[0]:] {
		if rest[1] == 4 {
			numbers[rest[2]] = true
		}
	}
	b := []byte{9, descConfiguration, 0, 0, byte(len(numbers)), 1, 0, 0xC0, 1}
	binary.LittleEndian.PutUint16(b[2:], uint16(len(b)+len(inside)))
	return append(b, inside...)
}

// text returns a string descriptor.
func (d *Device) text(index byte) ([]byte, bool) {
	if index == 0 {
		return []byte{4, descString, 0x09, 0x04}, true // English
	}
	if index > 3 {
		return nil, false
	}
	units := utf16.Encode([]rune([...]string{d.Maker, d.Model, d.Serial}[index-1]))
	b := []byte{byte(2 + 2*len(units)), descString}
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b, true
}

// errStall is a request that the device does not know.
var errStall = errors.New("stall")

// Control answers a control transfer.
func (d *Device) control(s Setup, data []byte) ([]byte, error) {
	answer, ok := d.answer(s, data)
	if !ok {
		return nil, errStall
	}
	return answer[:min(len(answer), int(s.Length))], nil
}

func (d *Device) answer(s Setup, data []byte) ([]byte, bool) {
	if s.Type&0x60 != 0 {
		return d.Function.Request(s, data)
	}
	switch s.Request { // USB 2.0, table 9-4
	case 0: // GET_STATUS: self-powered
		return []byte{1, 0}, true
	case 6: // GET_DESCRIPTOR
		switch s.Value >> 8 {
		case descDevice:
			return d.Descriptor(), true
		case descConfiguration:
			return d.Configuration(), s.Value&0xFF == 0
		case descString:
			return d.text(byte(s.Value))
		}
	case 8: // GET_CONFIGURATION
		return []byte{1}, true
	case 10: // GET_INTERFACE
		return []byte{0}, true
	case 1, 3, 5, 9, 11: // features, address, configuration, interface
		return nil, true
	}
	return nil, false
}
