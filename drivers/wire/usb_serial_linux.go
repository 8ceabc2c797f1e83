package wire

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// sysfs is where the kernel tells what hangs on what.
const sysfs = "/sys"

// usbdevfsReset is USBDEVFS_RESET, _IO('U', 20) of linux/usbdevice_fs.h: reset
// the port the device is plugged into. The device is probed anew and its
// drivers are bound to it again.
const usbdevfsReset = 0x5514

// usbSerial is a serial port that is in truth a device on USB: most tills are.
type usbSerial struct {
	*stream
	node string // /dev/bus/usb/001/004
}

// usbBehind finds the USB device behind a serial port.
func usbBehind(a Address) (node string, ok bool) {
	node, err := usbNode(sysfs, a.Port)
	return node, err == nil
}

// usbNode walks from the terminal up to the device that has a number on a bus.
func usbNode(root, port string) (string, error) {
	if target, err := filepath.EvalSymlinks(port); err == nil {
		port = target
	}
	dir, err := filepath.EvalSymlinks(filepath.Join(root, "class", "tty", filepath.Base(port), "device"))
	if err != nil {
		return "", fmt.Errorf("find the device behind %s: %w", port, err)
	}
	number := func(name string) (int, bool) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return 0, false
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(b)))
		return n, err == nil
	}
	for ; len(dir) > 1; dir = filepath.Dir(dir) {
		bus, onBus := number("busnum")
		dev, numbered := number("devnum")
		if onBus && numbered {
			return fmt.Sprintf("/dev/bus/usb/%03d/%03d", bus, dev), nil
		}
	}
	return "", fmt.Errorf("%s is not on USB", port)
}

// ResetUSB implements USBResetter.
func (s *usbSerial) ResetUSB(ctx context.Context) error {
	if err := needDeadline(ctx); err != nil {
		return s.wrap("reset", err, nil)
	}
	// The port is let go first: a terminal held open keeps its name, and the
	// device would come back under the next one.
	_ = s.Close()
	done := make(chan error, 1)
	go func() { done <- resetNode(s.node) }()
	select {
	case err := <-done:
		if err != nil {
			return s.wrap("reset", openError(err), err)
		}
		return nil
	case <-ctx.Done():
		return s.wrap("reset", ctxError(ctx), nil)
	}
}

func resetNode(node string) error {
	f, err := os.OpenFile(node, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.IoctlSetInt(int(f.Fd()), usbdevfsReset, 0)
}
