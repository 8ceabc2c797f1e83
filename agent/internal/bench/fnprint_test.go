//go:build bench && linux

package bench

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers/fnprint"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/fn"
	"github.com/chekan-io/chekan/sim/port"
	"github.com/chekan-io/chekan/sim/printer"
)

// serialPort serves a device on a pseudo-terminal as slow as a serial line, and
// returns a cable to it that counts the bytes both ways.
func serialPort(t *testing.T, baud int, ready port.Ready, serve port.Serve, count *atomic.Int64) wire.DialFunc {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tty")
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		served <- port.Pty(ctx, path, ready, func(ctx context.Context, rwc io.ReadWriteCloser) error {
			return serve(ctx, port.Paced(rwc, baud))
		}, func(error) {})
	}()
	t.Cleanup(func() {
		cancel()
		must(t, <-served)
	})
	dial, err := wire.Dialer("serial://"+path, wire.Options{LockDir: t.TempDir(), Tap: func(_ wire.Dir, b []byte) { count.Add(int64(len(b))) }})
	must(t, err)
	return dial
}

// TestBenchFNPrint_wire is a sale on a till of a fiscal memory and a printer
// that think no time at all, from the asking to the cut slip: what it takes
// beyond the time its bytes take on the two lines.
func TestBenchFNPrint_wire(t *testing.T) {
	const baud, inn, serial = 115200, "7702203276", "0000000000004239"
	memory, err := fn.NewDevice(fn.DeviceOptions{Registration: &fiscal.Registration{
		INN: inn, Serial: serial, RNM: fiscal.MakeRNM("0000000005", inn, serial), User: `ООО "Ромашка"`, Address: "г. Орёл, ул. Ленина, 1",
		Place: "Магазин", TaxSystems: 1, FFD: "1.05", OFDINN: "9715260691", OFDName: "Платформа ОФД", Cashier: fiscal.Cashier{Name: "Петрова Н. И."},
	}})
	must(t, err)
	paper := printer.New(printer.Options{})
	t.Cleanup(func() {
		must(t, memory.Close())
		must(t, paper.Close())
	})
	var bytes atomic.Int64
	till := fnprint.New(
		serialPort(t, baud, memory.WaitReady, memory.Serve, &bytes), serialPort(t, baud, paper.Ready, paper.Serve, &bytes),
		fnprint.File{Path: filepath.Join(t.TempDir(), "till.memory")}, fnprint.Options{})
	t.Cleanup(func() { _ = till.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		if _, err = till.OpenShift(ctx, fiscal.Cashier{Name: "Иванова А. П."}); err == nil {
			break
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	must(t, till.FinishPrint(ctx))
	var over []time.Duration
	var wires time.Duration
	for i := range 18 {
		before, began := bytes.Load(), time.Now()
		_, err := till.Register(ctx, receipt())
		must(t, err)
		must(t, paper.WaitSlips(ctx, i+2)) // the first one was the shift's
		took := time.Since(began)
		onWire := time.Duration(bytes.Load()-before) * 10 * time.Second / baud
		must(t, till.FinishPrint(ctx))
		if i < 3 { // the first sales learn the devices
			continue
		}
		over, wires = append(over, took-onWire), onWire
	}
	t.Logf("%v on the wires", wires)
	// The quickest: what made the others slower is the computer, which paces both lines beside the driver.
	line(t, "fnprint_sale_wire", float64(slices.Min(over))/float64(wires), "ratio", "<=0.10")
}
