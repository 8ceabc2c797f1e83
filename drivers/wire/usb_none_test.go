//go:build !usb || !cgo

package wire_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/chekan-io/chekan/drivers/wire"
)

// A build without USB reads the addresses of one with it and says how to get it.
func TestOpen_noUSB(t *testing.T) {
	for _, addr := range []string{"usb:printer", "usb://04b8:0e15?serial=X3YF004411"} {
		dial, err := wire.Dialer(addr, wire.Options{LockDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		_, err = dial(within(t, patience))
		if !errors.Is(err, wire.ErrNoUSB) {
			t.Fatalf("got %v", err)
		}
		if want := "open " + addr + ": " + wire.ErrNoUSB.Error(); err.Error() != want {
			t.Errorf("says %q, want %q", err, want)
		}
		if _, err := wire.FindUSB(within(t, patience), addr); !errors.Is(err, wire.ErrNoUSB) {
			t.Errorf("look for %s: %v", addr, err)
		}
		for _, how := range []string{"chekan-agent-usb", "-tags usb", "libusb"} {
			if !strings.Contains(err.Error(), how) {
				t.Errorf("%q does not say %q", err, how)
			}
		}
		if got := wire.Failure(wire.OpenFailed + "no usb"); !errors.Is(got, wire.ErrNoUSB) {
			t.Errorf("read back as %v", got)
		}
	}
}
