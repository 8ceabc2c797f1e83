//go:build linux

package printer_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers/printer"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/port"
	sim "github.com/chekan-io/chekan/sim/printer"
)

// onTCP serves the printer on loopback, onPty on a pseudo-terminal; both give the address.
func onTCP(t *testing.T, d *sim.Device) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- port.TCP(ctx, l, d.Serve, func(error) {}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "tcp://" + l.Addr().String()
}

func onPty(t *testing.T, d *sim.Device) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "printer")
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- port.Pty(ctx, path, d.Ready, d.Serve, func(error) {}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "serial://" + path
}

// soon does something until it works: a wire that comes back takes a moment.
func soon(t *testing.T, do func() (printer.Result, error)) printer.Result {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		r, err := do()
		if err == nil {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// On real wires: the paper ends in the middle and is refilled, then the cable
// is pulled in the middle and put back.
func TestPrint_wires(t *testing.T) {
	for name, serve := range map[string]func(*testing.T, *sim.Device) string{"tcp": onTCP, "pty": onPty} {
		t.Run(name, func(t *testing.T) {
			p := profile(t, "epson-58")
			dev := sim.New(sim.Options{Profile: p, AfterPaper: sim.Waits})
			t.Cleanup(func() {
				if err := dev.Close(); err != nil {
					t.Error(err)
				}
			})
			addr := serve(t, dev)
			dial, err := wire.Dialer(addr, wire.Options{LockDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			b := &bench{Printer: printer.New(dial, printer.Options{Profile: p}), dev: dev}
			t.Cleanup(func() {
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			})
			again := func() (printer.Result, error) {
				if b.Pending() {
					return b.Continue(limit(t))
				}
				return b.Print(limit(t), receipt())
			}
			soon(t, again)
			whole := dev.Received()

			dev.Plan(sim.Fault{Kind: sim.PaperOut, At: whole + whole/2})
			if _, err := again(); err == nil || !b.Pending() {
				t.Fatalf("printed without paper: %v", err)
			}
			dev.Refill()
			if r := soon(t, again); r.Outcome != fiscal.Done || r.Repeated {
				t.Errorf("%+v", r)
			}

			dev.Plan(sim.Fault{Kind: sim.Unplug, At: 2*whole + whole/2, For: 100 * time.Millisecond})
			if _, err := again(); err == nil || !b.Pending() {
				t.Fatalf("printed without a cable: %v", err)
			}
			if r := soon(t, again); r.Outcome != fiscal.Done || !r.Repeated {
				t.Errorf("%+v", r)
			}
			slips := dev.Whole()
			if len(slips) != 3 || slips[1].Rolls != 1 {
				t.Fatalf("%+v", dev.Slips())
			}
			for i, s := range slips {
				b.headed(t, int64(i), s, i == 2)
			}
		})
	}
}
