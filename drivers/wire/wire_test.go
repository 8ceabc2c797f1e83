package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers/wire"
)

// patience bounds what must happen at once; a test that waits it out fails.
const patience = time.Minute

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestParseAddress(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"serial:///dev/ttyACM0", "serial:///dev/ttyACM0?baud=115200"},
		{"serial:///dev/ttyS0?baud=4800&onebyte=1", "serial:///dev/ttyS0?baud=4800&onebyte=1"},
		{"serial:COM3", "serial:COM3?baud=115200"},
		{"serial://com12?baud=57600", "serial:COM12?baud=57600"},
		{"serial:///COM3", "serial:COM3?baud=115200"},
		{"tcp://192.168.137.111", "tcp://192.168.137.111:7778"},
		{"tcp://[::1]:12345", "tcp://[::1]:12345"},
		{"usb:printer", "usb:printer"},
		{"usb://printer", "usb:printer"},
		{"usb://04b8:0e15", "usb://04b8:0e15"},
		{"usb:04B8:0E15", "usb://04b8:0e15"},
		{"usb://1111:1111?serial=", "usb://1111:1111"},
		{"usb://0416:5011?serial=X3YF%20004+411", "usb://0416:5011?serial=X3YF+004+411"},
		{"usb://0416:5011?serial=%D0%90%26%3D%25", "usb://0416:5011?serial=%D0%90%26%3D%25"},
	} {
		a, err := wire.ParseAddress(tt.in)
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		if got := a.String(); got != tt.want {
			t.Errorf("%s = %s, want %s", tt.in, got, tt.want)
		}
		if b, err := wire.ParseAddress(a.String()); err != nil || b != a {
			t.Errorf("%s read again: %+v, %v", a, b, err)
		}
	}
	for _, in := range []string{
		"", "/dev/ttyS0", "com3", "serial:", "serial:///", "serial:///dev/ttyS0?bauds=9600",
		"serial:///dev/ttyS0?baud=9601", "serial:///dev/ttyS0?baud=9600&baud=4800", "serial:///dev/ttyS0?onebyte=maybe",
		"tcp://", "tcp://host:0", "tcp://host:99999", "tcp://host/path", "tcp://host?x=1", "udp://host:1", "tcp://me@host",
		"usb:", "usb://", "usb:scanner", "usb://04b8", "usb://04b8:0e1", "usb://04b8:0e15:1", "usb://04b8:0e1g", "usb://4b8:00e15", "usb://+4b8:0e15",
		"usb://04b8:0e15?port=1", "usb://04b8:0e15?serial=1&serial=2", "usb://04b8:0e15?serial=%00", "usb:printer?serial=1", "usb://04b8:0e15/x", "usb://04b8:0e15?serial=%",
	} {
		if a, err := wire.ParseAddress(in); err == nil {
			t.Errorf("%q passed as %+v", in, a)
		}
	}
}

// tcpTill listens where a till would and gives each accepted connection.
func tcpTill(t *testing.T) (addr string, accepted <-chan net.Conn) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	conns := make(chan net.Conn, 4)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns <- c
		}
	}()
	return "tcp://" + l.Addr().String(), conns
}

func openTCP(t *testing.T) (wire.Conn, net.Conn) {
	t.Helper()
	addr, conns := tcpTill(t)
	c, err := wire.Open(within(t, patience), addr, wire.Options{LockDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	far := <-conns
	t.Cleanup(func() { _ = far.Close() })
	return c, far
}

func TestTCP_bytesBothWays(t *testing.T) {
	c, far := openTCP(t)
	ctx := within(t, patience)
	if _, err := c.Write(ctx, []byte{5}); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 1)
	if _, err := io.ReadFull(far, got); err != nil || got[0] != 5 {
		t.Fatalf("till got % X, %v", got, err)
	}
	want := make([]byte, 256)
	for i := range want {
		want[i] = byte(i)
	}
	if _, err := far.Write(want); err != nil {
		t.Fatal(err)
	}
	if got := readN(t, c, 256); !bytes.Equal(got, want) {
		t.Fatalf("got % X", got)
	}
}

func readN(t *testing.T, c wire.Conn, n int) []byte {
	t.Helper()
	var got []byte
	buf := make([]byte, 7) // smaller than what came, on purpose
	for len(got) < n {
		k, err := c.Read(within(t, patience), buf)
		if err != nil {
			t.Fatalf("after %d bytes: %v", len(got), err)
		}
		got = append(got, buf[:k]...)
	}
	return got
}

func TestTCP_silenceIsTimeoutAndHangupIsGone(t *testing.T) {
	c, far := openTCP(t)
	buf := make([]byte, 8)
	if _, err := c.Read(within(t, 20*time.Millisecond), buf); !errors.Is(err, wire.ErrTimeout) || errors.Is(err, wire.ErrGone) {
		t.Fatalf("silence: %v", err)
	}
	// A timeout leaves the cable usable, and what came before the end is read.
	if _, err := far.Write([]byte{6}); err != nil {
		t.Fatal(err)
	}
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	if got := readN(t, c, 1); got[0] != 6 {
		t.Fatalf("got % X", got)
	}
	if _, err := c.Read(within(t, patience), buf); !errors.Is(err, wire.ErrGone) || errors.Is(err, wire.ErrTimeout) {
		t.Fatalf("hang-up: %v", err)
	}
}

func TestTCP_cancelEndsRead(t *testing.T) {
	c, _ := openTCP(t)
	ctx, cancel := context.WithCancel(within(t, patience))
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := c.Read(ctx, make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestCloseEndsRead(t *testing.T) {
	c, _ := openTCP(t)
	got := make(chan error, 1)
	go func() {
		_, err := c.Read(within(t, patience), make([]byte, 1))
		got <- err
	}()
	time.AfterFunc(10*time.Millisecond, func() { _ = c.Close() })
	if err := <-got; !errors.Is(err, wire.ErrClosed) {
		t.Fatalf("got %v", err)
	}
	if _, err := c.Write(within(t, patience), []byte{5}); !errors.Is(err, wire.ErrClosed) {
		t.Fatalf("write after close: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatalf("second close: %v", err)
	}
}

// A till that stops taking bytes: the system's buffers fill and a write blocks.
func TestStuckWrite(t *testing.T) {
	fill := func(ctx context.Context, c wire.Conn) error {
		big := make([]byte, 1<<20)
		for {
			if _, err := c.Write(ctx, big); err != nil {
				return err
			}
		}
	}
	t.Run("deadline ends it and closes the cable", func(t *testing.T) {
		c, _ := openTCP(t)
		if err := fill(within(t, 200*time.Millisecond), c); !errors.Is(err, wire.ErrTimeout) {
			t.Fatalf("got %v", err)
		}
		if _, err := c.Read(within(t, patience), make([]byte, 1)); !errors.Is(err, wire.ErrClosed) {
			t.Fatalf("then read: %v", err)
		}
	})
	t.Run("close ends it", func(t *testing.T) {
		c, _ := openTCP(t)
		time.AfterFunc(100*time.Millisecond, func() { _ = c.Close() })
		if err := fill(within(t, patience), c); !errors.Is(err, wire.ErrClosed) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestNoDeadline(t *testing.T) {
	c, _ := openTCP(t)
	if _, err := c.Read(t.Context(), make([]byte, 1)); !errors.Is(err, wire.ErrNoDeadline) {
		t.Errorf("read: %v", err)
	}
	if _, err := c.Write(t.Context(), []byte{5}); !errors.Is(err, wire.ErrNoDeadline) {
		t.Errorf("write: %v", err)
	}
	if _, err := wire.Open(t.Context(), "tcp://127.0.0.1:1", wire.Options{LockDir: t.TempDir()}); !errors.Is(err, wire.ErrNoDeadline) {
		t.Errorf("open: %v", err)
	}
}

func TestOpen_absent(t *testing.T) {
	for _, addr := range []string{"serial:///dev/chekan-no-such-port", "tcp://127.0.0.1:1"} {
		_, err := wire.Open(within(t, patience), addr, wire.Options{LockDir: t.TempDir()})
		if !errors.Is(err, wire.ErrAbsent) {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestLock(t *testing.T) {
	addr, _ := tcpTill(t)
	dir := t.TempDir()
	first, err := wire.Open(within(t, patience), addr, wire.Options{LockDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	_, err = wire.Open(within(t, patience), addr, wire.Options{LockDir: dir})
	if !errors.Is(err, wire.ErrBusy) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Fatalf("second owner: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := wire.Open(within(t, patience), addr, wire.Options{LockDir: dir})
	if err != nil {
		t.Fatalf("after close: %v", err)
	}
	_ = again.Close()
}

func TestLock_failedOpenLetsGo(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if _, err := wire.Open(within(t, patience), "tcp://127.0.0.1:1", wire.Options{LockDir: dir}); !errors.Is(err, wire.ErrAbsent) {
			t.Fatal(err)
		}
	}
}

// TestHoldLock is not a test: it is the other process of TestLock_deadHolder.
func TestHoldLock(t *testing.T) {
	addr, dir := os.Getenv("CHEKAN_TEST_ADDR"), os.Getenv("CHEKAN_TEST_LOCKS")
	if addr == "" {
		t.Skip("runs as the child of TestLock_deadHolder")
	}
	if _, err := wire.Open(within(t, patience), addr, wire.Options{LockDir: dir}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stdout.WriteString("held\n"); err != nil {
		t.Fatal(err)
	}
	<-t.Context().Done() // the parent kills this process
}

func TestLock_deadHolder(t *testing.T) {
	addr, _ := tcpTill(t)
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHoldLock$")
	child.Env = append(os.Environ(), "CHEKAN_TEST_ADDR="+addr, "CHEKAN_TEST_LOCKS="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("held\n"))); err != nil {
		t.Fatal(err)
	}
	_, err = wire.Open(within(t, patience), addr, wire.Options{LockDir: dir})
	if !errors.Is(err, wire.ErrBusy) || !strings.Contains(err.Error(), strconv.Itoa(child.Process.Pid)) {
		t.Fatalf("while the other lives: %v", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	if left, _ := filepath.Glob(filepath.Join(dir, "*.lock")); len(left) != 1 {
		t.Fatalf("the dead holder's lock file should still lie there: %v", left)
	}
	c, err := wire.Open(within(t, patience), addr, wire.Options{LockDir: dir})
	if err != nil {
		t.Fatalf("the dead holder still holds: %v", err)
	}
	_ = c.Close()
}

func TestTap(t *testing.T) {
	addr, conns := tcpTill(t)
	var heard []string
	c, err := wire.Open(within(t, patience), addr, wire.Options{LockDir: t.TempDir(), Tap: func(d wire.Dir, b []byte) {
		heard = append(heard, d.String()+string(b))
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write(within(t, patience), []byte("ask")); err != nil {
		t.Fatal(err)
	}
	if _, err := (<-conns).Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 64)
	n, err := c.Read(within(t, patience), got)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{">ask", "<" + string(got[:n])}; strings.Join(heard, " ") != strings.Join(want, " ") {
		t.Fatalf("heard %q, want %q", heard, want)
	}
}
