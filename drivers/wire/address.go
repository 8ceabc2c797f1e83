package wire

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Address is a parsed cable address.
type Address struct {
	// Scheme is "serial", "tcp" or "usb".
	Scheme string
	// Port is the serial port's path or name: /dev/ttyACM0, COM3.
	Port string
	// Baud is the serial speed in bits per second.
	Baud int
	// OneByte reads a serial port one byte at a time: some emulated ports never
	// complete a longer read.
	OneByte bool
	// Host is host:port of a TCP till.
	Host string
	// USB is the device on the bus.
	USB USBAddress
}

// DefaultBaud is what tills on a USB virtual port use.
const DefaultBaud = 115200

// DefaultTCPPort is where Shtrih-M tills listen.
const DefaultTCPPort = "7778"

// speeds are the ones a till can be set to (Shtrih protocol 1.17, command 14h).
var speeds = []int{2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600}

// ParseAddress reads an address. What it does not know is an error: a misspelt
// parameter must not become a default.
func ParseAddress(s string) (Address, error) {
	if rest, ok := strings.CutPrefix(s, "usb:"); ok {
		// Not an address as net/url sees it: a product number has letters, and
		// what stands behind a host's colon may not.
		usb, err := parseUSB(rest)
		if err != nil {
			return Address{}, fmt.Errorf("address %q: %w", s, err)
		}
		return Address{Scheme: "usb", USB: usb}, nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return Address{}, fmt.Errorf("address %q: %w", s, err)
	}
	a := Address{Scheme: u.Scheme}
	q := u.Query()
	if u.Fragment != "" || u.User != nil {
		return Address{}, fmt.Errorf("address %q: neither user nor fragment belongs here", s)
	}
	known := func(names ...string) error {
		for name, values := range q {
			if !slices.Contains(names, name) {
				return fmt.Errorf("address %q: unknown parameter %q", s, name)
			}
			if len(values) > 1 {
				return fmt.Errorf("address %q: parameter %q given twice", s, name)
			}
		}
		return nil
	}
	switch u.Scheme {
	case "serial":
		if err := known("baud", "onebyte"); err != nil {
			return Address{}, err
		}
		a.Port = portName(u)
		if a.Port == "" || a.Port == "/" {
			return Address{}, fmt.Errorf("address %q: no port", s)
		}
		if !plain(a.Port) {
			return Address{}, fmt.Errorf("address %q: a port is a path like /dev/ttyACM0 or a name like COM3", s)
		}
		a.Baud = DefaultBaud
		if v := q.Get("baud"); v != "" {
			a.Baud, err = strconv.Atoi(v)
			if err != nil || !slices.Contains(speeds, a.Baud) {
				return Address{}, fmt.Errorf("address %q: baud must be one of %v", s, speeds)
			}
		}
		if v := q.Get("onebyte"); v != "" {
			a.OneByte, err = strconv.ParseBool(v)
			if err != nil {
				return Address{}, fmt.Errorf("address %q: onebyte must be 0 or 1", s)
			}
		}
	case "tcp":
		if err := known(); err != nil {
			return Address{}, err
		}
		if host := u.Hostname(); host == "" || !plain(host) || strings.Contains(host, ":") && net.ParseIP(host) == nil || u.Path != "" && u.Path != "/" {
			return Address{}, fmt.Errorf("address %q: want tcp://host:port", s)
		}
		port := u.Port()
		if port == "" {
			port = DefaultTCPPort
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return Address{}, fmt.Errorf("address %q: port must be 1 to 65535", s)
		}
		a.Host = net.JoinHostPort(u.Hostname(), port)
	default:
		return Address{}, fmt.Errorf("address %q: the scheme is none of serial, tcp and usb", s)
	}
	return a, nil
}

// portName finds the port in serial:COM3, serial://COM3, serial:///COM3 and
// serial:///dev/ttyS0 alike.
func portName(u *url.URL) string {
	name := u.Opaque
	if name == "" {
		name = u.Host + u.Path
	}
	if bare := strings.Trim(name, "/"); isCOM(bare) {
		return strings.ToUpper(bare)
	}
	return name
}

const nameRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-:+@,"

// plain tells whether a name has only what names of ports and hosts are made
// of, so that it is written as it was read.
func plain(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune(nameRunes, r)
	})
}

func isCOM(s string) bool {
	if len(s) < 4 || !strings.EqualFold(s[:3], "COM") {
		return false
	}
	_, err := strconv.ParseUint(s[3:], 10, 16)
	return err == nil
}

// String returns the address in the form ParseAddress reads.
func (a Address) String() string {
	switch a.Scheme {
	case "tcp":
		return "tcp://" + a.Host
	case "usb":
		return a.USB.String()
	}
	s := "serial:"
	if strings.HasPrefix(a.Port, "/") {
		s += "//"
	}
	s += a.Port + "?baud=" + strconv.Itoa(a.Baud)
	if a.OneByte {
		s += "&onebyte=1"
	}
	return s
}
