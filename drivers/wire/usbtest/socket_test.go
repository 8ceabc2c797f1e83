package usbtest_test

import (
	"context"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers/wire/usbtest"
)

// gate is a Function whose pipe takes a byte when it is told to.
type gate struct {
	usbtest.Printer
	open chan struct{}
	mu   sync.Mutex
	got  []byte
}

func (g *gate) Out(ctx context.Context, _ byte, p []byte) (int, error) {
	for n, b := range p {
		select {
		case <-g.open:
			g.mu.Lock()
			g.got = append(g.got, b)
			g.mu.Unlock()
		case <-ctx.Done():
			return n, ctx.Err()
		}
	}
	return len(p), nil
}

func TestSocket(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	s := usbtest.Plug(&usbtest.Device{Vendor: 1, Product: 2, Function: g})
	submit := func(data string) (<-chan usbtest.Result, func()) {
		done := make(chan usbtest.Result, 1)
		cancel := s.Submit(usbtest.Transfer{Endpoint: usbtest.PrinterOut, Data: []byte(data)}, func(r usbtest.Result) { done <- r })
		return done, cancel
	}
	await := func(what string, from <-chan usbtest.Result, want usbtest.Result) {
		t.Helper()
		select {
		case r := <-from:
			if r.Errno != want.Errno || r.Actual != want.Actual {
				t.Errorf("%s: %v, %d bytes; want %v, %d", what, r.Errno, r.Actual, want.Errno, want.Actual)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: does not end", what)
		}
	}
	first, _ := submit("ab")
	second, cancelSecond := submit("c")
	third, _ := submit("d")
	// The kernel's cdc_acm calls its transfers off in any order.
	cancelSecond()
	await("called off before its turn", second, usbtest.Result{Errno: syscall.ECONNRESET})
	for range 3 {
		g.open <- struct{}{}
	}
	await("the first", first, usbtest.Result{Actual: 2})
	await("the third", third, usbtest.Result{Actual: 1})
	if want := []byte("abd"); !slices.Equal(g.got, want) {
		t.Errorf("the device got %q, want %q", g.got, want)
	}
	half, cancel := submit("xy")
	g.open <- struct{}{}
	cancel()
	await("called off in its middle", half, usbtest.Result{Errno: syscall.ECONNRESET, Actual: 1})
	waiting, _ := submit("z")
	behind, _ := submit("z")
	s.Unplug()
	await("unplugged", waiting, usbtest.Result{Errno: syscall.ESHUTDOWN})
	await("unplugged before its turn", behind, usbtest.Result{Errno: syscall.ESHUTDOWN})
	late, _ := submit("z")
	await("after unplugging", late, usbtest.Result{Errno: syscall.ESHUTDOWN})
}

func TestDevice_control(t *testing.T) {
	s := usbtest.Plug(&usbtest.Device{Vendor: 0x04B8, Product: 0x0E15, Maker: "EPSON", Model: "TM-T20II", Serial: "Ж1", Function: &gate{}})
	defer s.Unplug()
	for _, tt := range []struct {
		name  string
		setup [8]byte
		want  []byte
		errno syscall.Errno
	}{
		{"device descriptor", [8]byte{0x80, 6, 0, 1, 0, 0, 18}, []byte{18, 1, 0, 2, 0, 0, 0, 64, 0xB8, 0x04, 0x15, 0x0E, 0, 1, 1, 2, 3, 1}, 0},
		{"its beginning", [8]byte{0x80, 6, 0, 1, 0, 0, 2}, []byte{18, 1}, 0},
		{"configuration", [8]byte{0x80, 6, 0, 2, 0, 0, 255}, []byte{
			9, 2, 32, 0, 1, 1, 0, 0xC0, 1,
			9, 4, 0, 0, 2, 7, 1, 2, 0,
			7, 5, 0x01, 2, 64, 0, 0,
			7, 5, 0x82, 2, 64, 0, 0,
		}, 0},
		{"serial number", [8]byte{0x80, 6, 3, 3, 9, 4, 255}, []byte{6, 3, 0x16, 0x04, '1', 0}, 0},
		{"no such text", [8]byte{0x80, 6, 9, 3, 9, 4, 255}, nil, syscall.EPIPE},
		{"no such descriptor", [8]byte{0x80, 6, 0, 6, 0, 0, 10}, nil, syscall.EPIPE},
		{"set configuration", [8]byte{0x00, 9, 1}, nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			done := make(chan usbtest.Result, 1)
			s.Submit(usbtest.Transfer{Setup: tt.setup, Length: 255}, func(r usbtest.Result) { done <- r })
			if r := <-done; r.Errno != tt.errno || !slices.Equal(r.Data, tt.want) {
				t.Errorf("% X, %v; want % X, %v", r.Data, r.Errno, tt.want, tt.errno)
			}
		})
	}
}
