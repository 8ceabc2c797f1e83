package wire

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// USBAddress names a device on USB. Bus numbers are no part of it: they change
// with every plugging in.
type USBAddress struct {
	// Printer means the only device of the printer class; the rest is empty.
	Printer bool
	// Vendor and Product are the numbers of the device descriptor.
	Vendor, Product uint16
	// Serial is the device's serial number; empty fits any.
	Serial string
}

// serialLimit is how long a serial number can be: a string descriptor has 255
// bytes, two of header and two a character (USB 2.0, §9.6.7).
const serialLimit = 126

// parseUSB reads what stands behind usb: in an address.
func parseUSB(s string) (USBAddress, error) {
	name, query, _ := strings.Cut(s, "?")
	name = strings.TrimSuffix(strings.TrimPrefix(name, "//"), "/")
	q, err := url.ParseQuery(query)
	if err != nil {
		return USBAddress{}, err
	}
	var a USBAddress
	for key, values := range q {
		if key != "serial" {
			return USBAddress{}, fmt.Errorf("unknown parameter %q", key)
		}
		if len(values) > 1 {
			return USBAddress{}, fmt.Errorf("parameter %q given twice", key)
		}
		a.Serial = values[0]
	}
	if len([]rune(a.Serial)) > serialLimit || strings.ContainsFunc(a.Serial, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return USBAddress{}, fmt.Errorf("serial must be at most %d printable characters", serialLimit)
	}
	if name == "printer" {
		if a.Serial != "" {
			return USBAddress{}, errors.New("a printer with a serial number is named usb://VVVV:PPPP?serial=…")
		}
		a.Printer = true
		return a, nil
	}
	vendor, product, ok := strings.Cut(name, ":")
	if !ok || len(vendor) != 4 || len(product) != 4 {
		return USBAddress{}, errors.New("want usb://VVVV:PPPP, four hexadecimal digits of vendor and of product, or usb:printer")
	}
	for _, n := range []struct {
		digits string
		to     *uint16
	}{{vendor, &a.Vendor}, {product, &a.Product}} {
		v, err := strconv.ParseUint(n.digits, 16, 16)
		if err != nil {
			return USBAddress{}, fmt.Errorf("%q is no hexadecimal number of four digits", n.digits)
		}
		*n.to = uint16(v)
	}
	return a, nil
}

// String returns the address in the form ParseAddress reads.
func (a USBAddress) String() string {
	if a.Printer {
		return "usb:printer"
	}
	s := fmt.Sprintf("usb://%04x:%04x", a.Vendor, a.Product)
	if a.Serial != "" {
		s += "?serial=" + url.QueryEscape(a.Serial)
	}
	return s
}

// id is the address in a name of a lock.
func (a USBAddress) id() string {
	if a.Printer {
		return "printer"
	}
	s := fmt.Sprintf("%04x:%04x", a.Vendor, a.Product)
	if a.Serial != "" {
		s += ":" + a.Serial
	}
	return s
}

// FindUSB looks for the device of an address on USB and takes nothing: it may be
// in use. The answer names it by all it has, the serial number too. Errors are
// those of Open that concern finding: ErrAbsent, ErrSeveral, ErrDenied, ErrNoUSB.
func FindUSB(ctx context.Context, addr string) (USBAddress, error) {
	a, err := ParseAddress(addr)
	if err != nil {
		return USBAddress{}, err
	}
	if a.Scheme != "usb" {
		return USBAddress{}, fmt.Errorf("address %q is not on USB", addr)
	}
	if err := needDeadline(ctx); err != nil {
		return USBAddress{}, &Error{Op: "find", Addr: addr, Err: err}
	}
	type result struct {
		found USBAddress
		err   error
	}
	done := make(chan result, 1)
	go func() {
		found, err := findUSB(a.USB)
		done <- result{found, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return USBAddress{}, openFailed(a, r.err)
		}
		return r.found, nil
	case <-ctx.Done():
		return USBAddress{}, &Error{Op: "find", Addr: addr, Err: ctxError(ctx)}
	}
}

// PortStatus is what a printer answers to GET_PORT_STATUS (USB printer class
// 1.1, §4.2.2): the lines of the old parallel port.
type PortStatus byte

// PaperOut tells that the printer has no paper.
func (s PortStatus) PaperOut() bool { return s&0x20 != 0 }

// Selected tells that the printer is on line.
func (s PortStatus) Selected() bool { return s&0x10 != 0 }

// Fault tells that the printer reports an error; the line says "no error", so
// it is there when the bit is not.
func (s PortStatus) Fault() bool { return s&0x08 == 0 }

// String is for logs.
func (s PortStatus) String() string {
	var words []string
	for _, w := range []struct {
		on   bool
		word string
	}{{s.PaperOut(), "paper out"}, {!s.Selected(), "off line"}, {s.Fault(), "error"}} {
		if w.on {
			words = append(words, w.word)
		}
	}
	if len(words) == 0 {
		return "ready"
	}
	return strings.Join(words, ", ")
}

// PortStatuser is a cable whose other end tells its state beside the data, even
// while it takes no data. It may be asked while a Read and a Write wait.
type PortStatuser interface {
	PortStatus(ctx context.Context) (PortStatus, error)
}

// DeviceIdentifier is a cable whose other end says what it is in the words of
// IEEE 1284: "MFG:EPSON;MDL:TM-T20;CMD:ESC/POS;".
type DeviceIdentifier interface {
	DeviceID(ctx context.Context) (string, error)
}

// USBResetter is a cable on USB whose port can be reset, as if the device were
// pulled out and put back. The Conn is closed by it, whatever it returns; the
// device may come back under another number on the bus, so open it anew. Bytes
// that the device had not worked off are lost.
type USBResetter interface {
	ResetUSB(ctx context.Context) error
}

// Ability finds in c what only some cables can do: PortStatuser,
// DeviceIdentifier, USBResetter. It looks under wrappers that have a method
// Under() Conn.
func Ability[T any](c Conn) (T, bool) {
	for c != nil {
		if t, ok := c.(T); ok {
			return t, true
		}
		w, ok := c.(interface{ Under() Conn })
		if !ok {
			break
		}
		c = w.Under()
	}
	var none T
	return none, false
}

// sorted is an opening error of which it is already known what it means.
type sorted struct{ sentinel, cause error }

func (e *sorted) Error() string   { return e.cause.Error() }
func (e *sorted) Unwrap() []error { return []error{e.sentinel, e.cause} }
