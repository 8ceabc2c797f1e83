//go:build !usb || !cgo

package wire

import "context"

// openUSB says that this program has no USB. The address was understood, so the
// configuration of one build is the configuration of the other.
func openUSB(context.Context, Address, string) (Conn, error) {
	return nil, ErrNoUSB
}

func findUSB(USBAddress) (USBAddress, error) { return USBAddress{}, ErrNoUSB }

func usbPrinters() ([]Port, error) { return nil, ErrNoUSB }
