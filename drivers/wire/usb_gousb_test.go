//go:build usb && cgo

package wire

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/gousb"
)

// What libusb says becomes what a person can do about it.
func TestExplain(t *testing.T) {
	desc := &gousb.DeviceDesc{Bus: 1, Address: 4, Vendor: 0x04b8, Product: 0x0e15}
	for _, tt := range []struct {
		err  error
		want error
		says string
	}{
		{gousb.ErrorAccess, ErrDenied, "/dev/bus/usb/001/004"},
		// gousb wraps by text: the code is all that is left.
		{errors.New("failed to claim interface 0 on x: " + gousb.ErrorBusy.Error()), ErrBusy, "04b8:0e15"},
		{fmt.Errorf("open: %w", gousb.ErrorNoDevice), ErrAbsent, "вынули"},
		{gousb.ErrorNotSupported, ErrDenied, "WinUSB"},
		{errors.New("something new"), ErrAbsent, "something new"},
	} {
		err := openFailed(Address{Scheme: "usb", USB: USBAddress{Printer: true}}, explain(tt.err, desc))
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%v is said as %v", tt.err, err)
		}
	}
}

func TestPipeOf(t *testing.T) {
	bulk := func(at ...gousb.EndpointAddress) map[gousb.EndpointAddress]gousb.EndpointDesc {
		m := map[gousb.EndpointAddress]gousb.EndpointDesc{}
		for _, a := range at {
			m[a] = gousb.EndpointDesc{Address: a, TransferType: gousb.TransferTypeBulk, Direction: a&0x80 != 0, MaxPacketSize: 64}
		}
		return m
	}
	device := func(ifaces ...gousb.InterfaceDesc) *gousb.DeviceDesc {
		return &gousb.DeviceDesc{Configs: map[int]gousb.ConfigDesc{1: {Number: 1, Interfaces: ifaces}}}
	}
	iface := func(n int, alts ...gousb.InterfaceSetting) gousb.InterfaceDesc {
		for i := range alts {
			alts[i].Number, alts[i].Alternate = n, i
		}
		return gousb.InterfaceDesc{Number: n, AltSettings: alts}
	}
	oneWay := gousb.InterfaceSetting{Class: gousb.ClassPrinter, SubClass: 1, Protocol: 1, Endpoints: bulk(1)}
	bothWays := gousb.InterfaceSetting{Class: gousb.ClassPrinter, SubClass: 1, Protocol: 2, Endpoints: bulk(1, 0x82)}
	wrapped := gousb.InterfaceSetting{Class: gousb.ClassPrinter, SubClass: 1, Protocol: 3, Endpoints: bulk(1, 0x82)}
	keyboard := gousb.InterfaceSetting{Class: gousb.ClassHID, Endpoints: bulk()}
	broken := gousb.InterfaceSetting{Class: gousb.ClassPrinter, Protocol: 2, Endpoints: map[gousb.EndpointAddress]gousb.EndpointDesc{1: {Address: 1, TransferType: gousb.TransferTypeBulk}}}
	own := gousb.InterfaceSetting{Class: gousb.ClassVendorSpec, Endpoints: bulk(3, 0x83)}
	for _, tt := range []struct {
		name        string
		desc        *gousb.DeviceDesc
		printerOnly bool
		want        string
	}{
		{"one way", device(iface(0, oneWay)), true, "0.0 out 0x01"},
		{"both ways is better", device(iface(0, oneWay, wrapped, bothWays)), true, "0.2 out 0x01 in 0x82"},
		{"second interface", device(iface(0, keyboard), iface(1, bothWays)), true, "1.0 out 0x01 in 0x82"},
		{"packets are the last resort", device(iface(0, wrapped, oneWay)), true, "0.1 out 0x01"},
		{"maker's own, by numbers", device(iface(0, own)), false, "0.0 out 0x03 in 0x83"},
		{"maker's own, by class", device(iface(0, own)), true, "none"},
		{"a packet of nothing", device(iface(0, broken)), true, "none"},
		{"a keyboard", device(iface(0, keyboard)), false, "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := "none"
			if p, ok := pipeOf(tt.desc, tt.printerOnly); ok {
				got = fmt.Sprintf("%d.%d out %s", p.number, p.alt, p.out.Address)
				if p.in != nil {
					got += " in " + p.in.Address.String()
				}
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
