//go:build linux

package wire_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/chekan-io/chekan/drivers/wire"
)

// openPTY opens the slave of a pseudo-terminal as a serial port; the test holds
// the till's side.
func openPTY(t *testing.T, query string) (wire.Conn, *os.File, string) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	// A name of the test's own, as a udev rule gives it: that of a terminal which is gone is the next one's, of whatever program.
	name := filepath.Join(t.TempDir(), "ttyTill")
	if err := os.Symlink(slave.Name(), name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	addr := "serial://" + name + query
	c, err := wire.Open(within(t, patience), addr, wire.Options{LockDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = slave.Close()
	return c, master, addr
}

func TestSerial_eightBitClean(t *testing.T) {
	for name, query := range map[string]string{"usual": "", "one byte a read": "?onebyte=1", "slow": "?baud=4800"} {
		t.Run(name, func(t *testing.T) {
			c, master, _ := openPTY(t, query)
			all := make([]byte, 256)
			for i := range all {
				all[i] = byte(i)
			}
			if _, err := c.Write(within(t, patience), all); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 256)
			if _, err := io.ReadFull(master, got); err != nil || !bytes.Equal(got, all) {
				t.Fatalf("till got % X, %v", got, err)
			}
			if _, err := master.Write(all); err != nil {
				t.Fatal(err)
			}
			if got := readN(t, c, 256); !bytes.Equal(got, all) {
				t.Fatalf("program got % X", got)
			}
		})
	}
}

func TestSerial_unplug(t *testing.T) {
	c, master, addr := openPTY(t, "")
	a, err := wire.ParseAddress(addr)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() {
		if err := os.Remove(a.Port); err != nil {
			t.Error(err)
		}
		_ = master.Close()
	})
	if _, err := c.Read(within(t, patience), make([]byte, 1)); !errors.Is(err, wire.ErrGone) {
		t.Fatalf("read: %v", err)
	}
	if _, err := c.Write(within(t, patience), []byte{5}); !errors.Is(err, wire.ErrGone) {
		t.Fatalf("write: %v", err)
	}
	_ = c.Close()
	if _, err := wire.Open(within(t, patience), addr, wire.Options{LockDir: t.TempDir()}); !errors.Is(err, wire.ErrAbsent) {
		t.Fatalf("open again: %v", err)
	}
}

func TestSerial_closeEndsRead(t *testing.T) {
	c, _, _ := openPTY(t, "")
	time.AfterFunc(20*time.Millisecond, func() { _ = c.Close() })
	if _, err := c.Read(within(t, patience), make([]byte, 1)); !errors.Is(err, wire.ErrClosed) {
		t.Fatalf("got %v", err)
	}
}

// Nobody reads the other end: the line's buffer fills and the system blocks.
func TestSerial_stuckWrite(t *testing.T) {
	c, _, addr := openPTY(t, "")
	ctx := within(t, 300*time.Millisecond)
	block := make([]byte, 4096)
	began := time.Now()
	var err error
	for err == nil {
		_, err = c.Write(ctx, block)
	}
	if !errors.Is(err, wire.ErrTimeout) {
		t.Fatalf("got %v", err)
	}
	_ = c.Close()
	if took := time.Since(began); took > patience/2 {
		t.Fatalf("a stuck write held its caller for %v", took)
	}
	again, err := wire.Open(within(t, patience), addr, wire.Options{LockDir: t.TempDir()})
	if err != nil {
		t.Fatalf("open again: %v", err)
	}
	_ = again.Close()
}
