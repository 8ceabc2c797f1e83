package discovery

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"path"
	"strings"

	"github.com/chekan-io/chekan/drivers/wire"
)

// kind is what sort of place it is: it decides what may be asked there.
type kind uint8

const (
	onSerial  kind = iota
	onUSB          // a device of the printer class
	onTCP          // an address that a person wrote down
	inNetwork      // one of the addresses of a network
)

// place is where a till may be.
type place struct {
	kind     kind
	at       wire.Address
	port     wire.Port // of serial and USB
	excluded bool
}

// name is the place as people call it.
func (p place) name() string {
	switch p.kind {
	case onSerial:
		name := "Порт " + p.at.Port
		if p.port.Device != "" {
			name += " (" + p.port.Device + ")"
		}
		return name
	case onUSB:
		if p.port.Device != "" {
			return "USB " + p.port.Device
		}
		return p.at.String()
	case onTCP, inNetwork:
	}
	return "Адрес " + p.at.Host
}

// places lists where to look: ports, printers when wanted, then networks.
func (f *Finder) places(ctx context.Context, printers bool) ([]place, error) {
	ports, err := f.opts.Ports(ctx)
	if printers {
		more, usbErr := f.opts.Printers(ctx)
		ports, err = append(ports, more...), errors.Join(err, usbErr)
	}
	if err != nil && len(ports) == 0 {
		return nil, err
	}
	if err != nil {
		f.log.Warn("not every port is listed", "error", err.Error())
	}
	var places []place
	for _, p := range ports {
		k := onSerial
		if p.Address.Scheme == "usb" {
			k = onUSB
		}
		places = append(places, place{kind: k, at: p.Address, port: p})
	}
	for _, n := range f.opts.Discovery.Networks {
		for _, host := range hosts(n) {
			k := inNetwork
			if !strings.Contains(n, "/") {
				k = onTCP
			}
			places = append(places, place{kind: k, at: wire.Address{Scheme: "tcp", Host: host}})
		}
	}
	for i := range places {
		places[i].excluded = f.excluded(places[i])
	}
	return places, nil
}

// hosts are the addresses of a network, or the one address that was written;
// package config has checked it.
func hosts(network string) []string {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		if _, _, err := net.SplitHostPort(network); err != nil {
			network = net.JoinHostPort(network, wire.DefaultTCPPort)
		}
		return []string{network}
	}
	var out []string
	prefix = prefix.Masked()
	last := lastOf(prefix)
	for a := prefix.Addr(); prefix.Contains(a); a = a.Next() {
		// The network's own address and the one of all its hosts are nobody's.
		if prefix.Bits() < 31 && (a == prefix.Addr() || a == last) {
			continue
		}
		out = append(out, netip.AddrPortFrom(a, defaultPort).String())
	}
	return out
}

// defaultPort is wire.DefaultTCPPort as a number.
const defaultPort = 7778

// lastOf is the last address of a prefix of IPv4.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	return netip.AddrFrom4(b)
}

// match compares a name of a port with one of the configuration, which may have
// * and ? in it: "/dev/ttyS*", "COM*".
func match(pattern, name string) bool {
	ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(name))
	return err == nil && ok
}

// excluded tells whether the configuration keeps us away, by whichever of the
// port's names.
func (f *Finder) excluded(p place) bool {
	for _, e := range f.opts.Discovery.Exclude {
		if a, err := wire.ParseAddress(e); err == nil {
			if wire.Same(a, p.at) {
				return true
			}
			continue
		}
		if p.at.Scheme == "tcp" {
			host, _, _ := net.SplitHostPort(p.at.Host)
			if strings.EqualFold(e, p.at.Host) || strings.EqualFold(e, host) {
				return true
			}
			continue
		}
		if match(e, p.at.Port) || wire.Same(wire.Address{Scheme: "serial", Port: e}, p.at) {
			return true
		}
		for _, l := range p.port.Links {
			if match(e, l) {
				return true
			}
		}
	}
	return false
}
