//go:build usb && cgo

package usbtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/chekan-io/chekan/drivers/wire/usbtest"
)

// serveHost is the program under test inside the machine.
func serveHost(host string) error {
	var dialer net.Dialer
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return err
	}
	defer conn.Close()
	dir, err := os.MkdirTemp("", "locks")
	if err != nil {
		return err
	}
	serve(dir, conn, conn)
	return nil
}

// system does what concerns the kernel rather than the wire.
func (s *server) system(ctx context.Context, c call) (r reply, known bool, err error) {
	switch c.Do {
	case "attach":
		return reply{}, true, usbtest.Attach(ctx, c.Addr)
	case "appears": // a file whose name fits
		return reply{}, true, until(ctx, func() bool { return len(names(c.Addr)) > 0 })
	case "vanishes":
		return reply{}, true, until(ctx, func() bool { return len(names(c.Addr)) == 0 })
	case "names":
		for _, name := range names(c.Addr) {
			r.Text += name + "\n"
		}
		return r, true, nil
	case "lp write":
		return reply{}, true, withLP(c.Addr, func(f *os.File) error {
			_, err := f.Write(c.Data)
			return err
		})
	case "lp status":
		var status int
		err := withLP(c.Addr, func(f *os.File) (err error) {
			status, err = unix.IoctlGetInt(int(f.Fd()), lpGetStatus)
			return err
		})
		return reply{Data: []byte{byte(status)}}, true, err
	case "read file":
		b, err := os.ReadFile(c.Addr)
		return reply{Data: bytes.TrimSpace(b)}, true, err
	}
	return reply{}, false, nil
}

// lpGetStatus is LPGETSTATUS of linux/lp.h: the kernel's printer driver asks
// GET_PORT_STATUS itself.
const lpGetStatus = 0x060b

func withLP(path string, do func(*os.File) error) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(do(f), f.Close())
}

func names(pattern string) []string {
	found, _ := filepath.Glob(pattern)
	return found
}

// until asks every few milliseconds: sysfs and devtmpfs tell nobody.
func until(ctx context.Context, so func() bool) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !so() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("it did not come about: %w", ctx.Err())
		}
	}
	return nil
}
