//go:build usb && cgo

package wire

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/gousb"
)

// usbSettle is how long a printer is left alone between opening and the first
// byte: real ones lose what comes earlier.
const usbSettle = 130 * time.Millisecond

// device is a USB device that fits an address, opened but not claimed.
type device struct {
	dev  *gousb.Device
	pipe pipe
	// serial is what the device says of itself, "" when it says nothing.
	serial string
}

// pipe is where in a device the bytes go.
type pipe struct {
	config, number, alt int
	out                 gousb.EndpointDesc
	in                  *gousb.EndpointDesc
	// printer tells that the interface is of the printer class and so answers
	// the requests of that class.
	printer bool
}

func (d *device) address() USBAddress {
	return USBAddress{Vendor: uint16(d.dev.Desc.Vendor), Product: uint16(d.dev.Desc.Product), Serial: d.serial}
}

// openUSB finds the device, takes its lock, claims the interface and waits the
// moment that printers need.
func openUSB(ctx context.Context, a Address, lockDir string) (Conn, error) {
	bus, err := newBus()
	if err != nil {
		return nil, err
	}
	c, err := claim(ctx, bus, a, lockDir)
	if err != nil {
		return nil, errors.Join(err, bus.Close())
	}
	settle := time.NewTimer(usbSettle)
	defer settle.Stop()
	select {
	case <-settle.C:
		return c, nil
	case <-ctx.Done():
		_ = c.Close()
		return nil, ctx.Err()
	}
}

// newBus makes a libusb of its own for each Conn, so that what is plugged in is
// looked up anew. Where there is no USB at all gousb panics instead of saying so.
func newBus() (bus *gousb.Context, err error) {
	defer func() {
		if what := recover(); what != nil {
			err = &sorted{ErrAbsent, fmt.Errorf("система не даёт работать с USB: %v", what)}
		}
	}()
	return gousb.NewContext(), nil
}

func claim(ctx context.Context, bus *gousb.Context, a Address, lockDir string) (_ Conn, err error) {
	d, err := find(bus, a.USB)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, errors.Join(err, d.dev.Close())
	}
	release, err := lockDevice(lockDir, Address{Scheme: "usb", USB: d.address()})
	if err != nil {
		return nil, errors.Join(err, d.dev.Close())
	}
	p := &usbPort{bus: bus, dev: d.dev, pipe: d.pipe}
	p.life, p.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := p.claim(); err != nil {
		release()
		return nil, errors.Join(p.explain(err), p.let())
	}
	return &usbConn{stream: newStream(a.String(), p, false, release), port: p}, nil
}

func findUSB(a USBAddress) (USBAddress, error) {
	bus, err := newBus()
	if err != nil {
		return USBAddress{}, err
	}
	d, err := find(bus, a)
	if err != nil {
		return USBAddress{}, errors.Join(err, bus.Close())
	}
	return d.address(), errors.Join(d.dev.Close(), bus.Close())
}

// usbPrinters lists the devices of the printer class. Their descriptors are read,
// nothing is claimed.
func usbPrinters() ([]Port, error) {
	bus, err := newBus()
	if err != nil {
		return nil, err
	}
	defer bus.Close()
	devs, _ := bus.OpenDevices(func(desc *gousb.DeviceDesc) bool { // one that does not open is not ours to use
		_, ok := pipeOf(desc, true)
		return ok
	})
	var ports []Port
	for _, dev := range devs {
		dev.ControlTimeout = controlTimeout
		p := Port{Vendor: uint16(dev.Desc.Vendor), Product: uint16(dev.Desc.Product)}
		p.Serial, _ = dev.SerialNumber()
		maker, _ := dev.Manufacturer()
		product, _ := dev.Product()
		p.Device = strings.TrimSpace(maker + " " + product)
		p.Address = Address{Scheme: "usb", USB: USBAddress{Vendor: p.Vendor, Product: p.Product, Serial: p.Serial}}
		ports = append(ports, p)
		_ = dev.Close()
	}
	return ports, nil
}

// find opens the one device that fits the address.
func find(bus *gousb.Context, a USBAddress) (*device, error) {
	pipes := map[*gousb.DeviceDesc]pipe{}
	var seen []*gousb.DeviceDesc
	devs, failed := bus.OpenDevices(func(desc *gousb.DeviceDesc) bool {
		if !a.Printer && (uint16(desc.Vendor) != a.Vendor || uint16(desc.Product) != a.Product) {
			return false
		}
		p, ok := pipeOf(desc, a.Printer)
		if !ok {
			return false
		}
		pipes[desc] = p
		seen = append(seen, desc)
		return true
	})
	var fits []*device
	for _, dev := range devs {
		dev.ControlTimeout = controlTimeout
		serial, err := dev.SerialNumber()
		if err != nil {
			serial = ""
		}
		d := &device{dev: dev, pipe: pipes[dev.Desc], serial: serial}
		if a.Serial == "" || ascii(a.Serial) == serial {
			fits = append(fits, d)
			continue
		}
		_ = dev.Close()
	}
	switch {
	case len(fits) == 1 && (len(devs) == len(seen) || a.Serial != ""):
		return fits[0], nil
	case len(seen) == 0:
		return nil, &sorted{ErrAbsent, errors.New("такого устройства нет на USB")}
	}
	var list []string
	for _, d := range fits {
		list = append(list, fmt.Sprintf("%s (шина %d, номер %d)", d.address(), d.dev.Desc.Bus, d.dev.Desc.Address))
		_ = d.dev.Close()
	}
	switch {
	case len(fits) > 1:
		return nil, &sorted{ErrSeveral, fmt.Errorf("подходят %s: укажите одно из них", strings.Join(list, ", "))}
	case failed != nil: // of those that fit by number, one does not open
		return nil, explain(failed, seen[0])
	}
	return nil, &sorted{ErrAbsent, errors.New("устройства есть, но с другими заводскими номерами")}
}

// ascii is a serial number as libusb gives it.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 127 {
			return '?'
		}
		return r
	}, s)
}

// pipeOf finds the interface to speak to: of the printer class, or, in a device
// named by its numbers, the maker's own (class FFh), which is how some printers
// present themselves.
func pipeOf(desc *gousb.DeviceDesc, printerOnly bool) (pipe, bool) {
	var best pipe
	found := 0 // 1: the maker's own; 2 and more: printer class
	for _, cfg := range desc.Configs {
		for i, iface := range cfg.Interfaces {
			if iface.Number != i {
				continue // gousb takes the number for an index
			}
			for _, alt := range iface.AltSettings {
				rank := 0
				switch {
				case alt.Class == gousb.ClassPrinter:
					// USB printer class 1.1, §5.3: 1 is one-way, 2 both ways, 3
					// wraps the bytes in packets of IEEE 1284.4.
					rank = map[gousb.Protocol]int{2: 4, 1: 3}[alt.Protocol]
					rank = max(rank, 2)
				case alt.Class == gousb.ClassVendorSpec && !printerOnly:
					rank = 1
				}
				if rank <= found {
					continue
				}
				if p, ok := endpoints(alt); ok {
					p.config, p.printer = cfg.Number, alt.Class == gousb.ClassPrinter
					best, found = p, rank
				}
			}
		}
	}
	return best, found > 0
}

func endpoints(alt gousb.InterfaceSetting) (pipe, bool) {
	p := pipe{number: alt.Number, alt: alt.Alternate}
	ok := false
	addresses := make([]gousb.EndpointAddress, 0, len(alt.Endpoints))
	for at := range alt.Endpoints {
		addresses = append(addresses, at)
	}
	slices.Sort(addresses)
	for _, at := range addresses {
		e := alt.Endpoints[at]
		switch {
		case e.TransferType != gousb.TransferTypeBulk, e.MaxPacketSize < 1, e.MaxPacketSize > pumpChunk:
			// No pipe, or a descriptor that no bulk pipe can have (USB 3.2, §9.6.6: 1024 at most).
		case e.Direction == gousb.EndpointDirectionOut && !ok:
			p.out, ok = e, true
		case e.Direction == gousb.EndpointDirectionIn && p.in == nil:
			p.in = &e
		}
	}
	return p, ok
}

// explain sorts what libusb said when it would not give the device.
func explain(err error, desc *gousb.DeviceDesc) error {
	node := fmt.Sprintf("/dev/bus/usb/%03d/%03d", desc.Bus, desc.Address)
	switch usbCode(err) { //nolint:exhaustive // the other codes say nothing to a person
	case gousb.ErrorAccess:
		return &sorted{ErrDenied, fmt.Errorf("нет прав на %s: нужно правило udev для пользователя агента, см. docs/usb.md (%w)", node, err)}
	case gousb.ErrorBusy:
		return &sorted{ErrBusy, fmt.Errorf("принтер %s:%s держит другая программа: служба печати или чужая касса (%w)", desc.Vendor, desc.Product, err)}
	case gousb.ErrorNoDevice, gousb.ErrorNotFound:
		return &sorted{ErrAbsent, fmt.Errorf("устройство вынули во время открытия (%w)", err)}
	case gousb.ErrorNotSupported:
		return &sorted{ErrDenied, fmt.Errorf("система не отдаёт принтер программам: в Windows ему нужен драйвер WinUSB, см. docs/usb.md (%w)", err)}
	default:
		return &sorted{ErrAbsent, err}
	}
}

// codeInText is where gousb leaves the number of an error that it has wrapped
// by its text only.
var codeInText = regexp.MustCompile(`\[code (-?\d+)\]`)

func usbCode(err error) gousb.Error {
	var code gousb.Error
	if errors.As(err, &code) {
		return code
	}
	if m := codeInText.FindStringSubmatch(err.Error()); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			return gousb.Error(n)
		}
	}
	return gousb.ErrorOther
}
