package wire

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

func TestLockName_usb(t *testing.T) {
	for addr, want := range map[string]string{
		"usb:printer":                       "chekan-usb-printer.lock",
		"usb://04B8:0E15":                   "chekan-usb-04b8%3a0e15.lock",
		"usb://04b8:0e15?serial=X3YF004411": "chekan-usb-04b8%3a0e15%3ax3yf004411.lock",
		"usb://04b8:0e15?serial=../a%2Fb":   "chekan-usb-04b8%3a0e15%3a..%2fa%2fb.lock",
	} {
		a, err := ParseAddress(addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := lockName(a); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

func TestPortStatus(t *testing.T) {
	for status, want := range map[PortStatus]string{
		0x18: "ready",
		0x38: "paper out",
		0x30: "paper out, error",
		0x00: "off line, error",
		0x10: "error",
	} {
		if got := status.String(); got != want {
			t.Errorf("%02x is %q, want %q", byte(status), got, want)
		}
	}
}

type speaker struct{ Conn }

func (speaker) PortStatus(context.Context) (PortStatus, error) { return 0x18, nil }

func TestAbility(t *testing.T) {
	plain := &stream{}
	able := speaker{plain}
	watch := Watched(func(context.Context) (Conn, error) { return Tapped(able, func(Dir, []byte) {}), nil }, func(string) {})
	wrapped, err := watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, ok := Ability[PortStatuser](wrapped)
	if !ok {
		t.Fatal("not found under two wrappers")
	}
	if got, err := s.PortStatus(t.Context()); err != nil || got != 0x18 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, ok := Ability[USBResetter](wrapped); ok {
		t.Error("found what is not there")
	}
	if _, ok := Ability[PortStatuser](nil); ok {
		t.Error("found in nothing")
	}
	if _, ok := Ability[PortStatuser](Tapped(plain, func(Dir, []byte) {})); ok {
		t.Error("a serial port told its paper")
	}
}

// The kernel's tree for a till on cdc_acm and for a port on the board.
func TestUSBNode(t *testing.T) {
	root := t.TempDir()
	device := filepath.Join(root, "devices/pci0000:00/usb1/1-2")
	for dir, files := range map[string]map[string]string{
		filepath.Join(device, "1-2:1.0"): {},
		device:                           {"busnum": "1\n", "devnum": "14\n"},
		filepath.Join(root, "devices/pci0000:00/usb1"):   {"busnum": "1\n", "devnum": "1\n"},
		filepath.Join(root, "devices/platform/serial82"): {},
		filepath.Join(root, "class/tty/ttyACM0"):         {},
		filepath.Join(root, "class/tty/ttyS0"):           {},
	} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for tty, to := range map[string]string{"ttyACM0": filepath.Join(device, "1-2:1.0"), "ttyS0": filepath.Join(root, "devices/platform/serial82")} {
		if err := os.Symlink(to, filepath.Join(root, "class/tty", tty, "device")); err != nil {
			t.Fatal(err)
		}
	}
	if node, err := usbNode(root, "/dev/ttyACM0"); err != nil || node != "/dev/bus/usb/001/014" {
		t.Errorf("till: %q, %v", node, err)
	}
	for _, port := range []string{"/dev/ttyS0", "/dev/pts/7", "/dev/ttyACM1"} {
		if node, err := usbNode(root, port); err == nil {
			t.Errorf("%s is said to be %s", port, node)
		}
	}
}
