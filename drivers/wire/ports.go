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
	for _, l := range p.Links {
		// Devices of one kind without numbers share one name of this sort, and it
		// leads to the one plugged in last.
		if p.Serial != "" || !strings.Contains(l, "/by-id/") {
			a.Port = l
			break
		}
	}
	return a
}

// Ports lists the serial ports of this computer. Nothing is opened and nothing
// is sent.
func Ports(ctx context.Context) ([]Port, error) { return listed(ctx, serialPorts) }

// USBPrinters lists the devices of the printer class on USB: their descriptors
// are read, none is claimed. A build without USB has none.
func USBPrinters(ctx context.Context) ([]Port, error) {
	ports, err := listed(ctx, usbPrinters)
	if errors.Is(err, ErrNoUSB) || errors.Is(err, ErrAbsent) {
		err = nil
	}
	return ports, err
}

func listed(ctx context.Context, list func() ([]Port, error)) ([]Port, error) {
	if err := needDeadline(ctx); err != nil {
		return nil, err
	}
	type result struct {
		ports []Port
		err   error
	}
	done := make(chan result, 1)
	go func() {
		ports, err := list()
		slices.SortFunc(ports, func(a, b Port) int { return strings.Compare(a.Address.String(), b.Address.String()) })
		done <- result{ports, err}
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
