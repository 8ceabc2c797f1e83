package wire

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Port is a serial port, or a printer on USB, that this computer has now.
type Port struct {
	// Address is the port as an address of this package, at the default speed.
	Address Address
	// Links are further names of a serial port that stay with the device
	// wherever it is plugged in: /dev/chekan/…, /dev/serial/by-id/….
	Links []string
	// Vendor, Product and Serial are of the USB device behind the port; zero
	// when it is not on USB or does not say.
	Vendor, Product uint16
	Serial          string
	// Device is what the USB device calls itself, for people.
	Device string
	// Virtual tells that the speed means nothing to the device: it is on USB
	// itself and not behind an adapter (CDC ACM).
	Virtual bool
}

// OnUSB tells whether there is a USB device behind the port.
func (p Port) OnUSB() bool { return p.Vendor != 0 }

// Stable is the name for a configuration: one that stays with the device, if
// there is one.
func (p Port) Stable() Address {
	a := p.Address
	if a.Scheme == "serial" && len(p.Links) > 0 {
		a.Port = p.Links[0]
	}
	return a
}

// Ports lists the ports of this computer, serial ones first. Nothing is opened
// and nothing is sent. A build without USB lists the serial ones.
func Ports(ctx context.Context) ([]Port, error) {
	if err := needDeadline(ctx); err != nil {
		return nil, err
	}
	type result struct {
		ports []Port
		err   error
	}
	done := make(chan result, 1)
	go func() {
		ports, err := serialPorts()
		printers, usbErr := usbPrinters()
		if errors.Is(usbErr, ErrNoUSB) || errors.Is(usbErr, ErrAbsent) {
			usbErr = nil
		}
		slices.SortFunc(ports, func(a, b Port) int { return strings.Compare(a.Address.Port, b.Address.Port) })
		done <- result{append(ports, printers...), errors.Join(err, usbErr)}
	}()
	select {
	case r := <-done:
		return r.ports, r.err
	case <-ctx.Done():
		return nil, ctxError(ctx)
	}
}

// Same tells whether two addresses mean one device, whichever of its names was
// used.
func Same(a, b Address) bool { return lockName(a) == lockName(b) }
