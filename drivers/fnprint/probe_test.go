package fnprint_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/fnprint"
	"github.com/chekan-io/chekan/drivers/printer"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/fn"
	simprinter "github.com/chekan-io/chekan/sim/printer"
)

// wired opens a wire to something that serves, and keeps what is sent.
func wired(t *testing.T, serve func(io.ReadWriteCloser)) (wire.Conn, func() []byte) {
	t.Helper()
	c := &wiretest.Cable{Serve: serve}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	conn, err := c.Dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	var mu sync.Mutex
	var sent []byte
	tap := func(dir wire.Dir, b []byte) {
		if dir == wire.Out {
			mu.Lock()
			sent = append(sent, b...)
			mu.Unlock()
		}
	}
	return wire.Tapped(conn, tap), func() []byte {
		mu.Lock()
		defer mu.Unlock()
		return sent
	}
}

func probing(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func bare(t *testing.T, registered bool) *fn.Device {
	t.Helper()
	intoTheCalendar()
	o := fn.DeviceOptions{FN: fn.Options{Number: "9999078902000777"}}
	if registered {
		o.Registration = &fiscal.Registration{
			INN: "7702203276", Serial: "0000000000000777", RNM: fiscal.MakeRNM("0000000005", "7702203276", "0000000000000777"), User: "Ромашка",
			Address: "г. Орёл", Place: "Магазин", TaxSystems: fiscal.TaxOSN, FFD: "1.05", OFDINN: "9715260691", OFDName: "Платформа ОФД",
			Cashier: fiscal.Cashier{Name: "Петрова"},
		}
	}
	d, err := fn.NewDevice(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// The printer's question is a broken frame to a fiscal memory; the memory's own
// comes right behind it and is heard.
func TestProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, registered := range []bool{true, false} {
			d := bare(t, registered)
			conn, _ := wired(t, func(end io.ReadWriteCloser) { go func() { _ = d.Serve(t.Context(), end) }() })
			before := len(d.FN().List())
			if name, err := printer.Probe(probing(t), conn); !errors.Is(err, drivers.ErrSilent) {
				t.Errorf("a fiscal memory is the printer %q, %v", name, err)
			}
			found, err := fnprint.Probe(probing(t), conn)
			if err != nil || found.FN != "9999078902000777" || found.Firmware == "" || found.Driver != "fnprint" {
				t.Fatalf("%+v, %v", found, err)
			}
			if registered != (found.Serial == "0000000000000777" && found.RNM != "" && found.INN == "7702203276") {
				t.Errorf("registered %t: %+v", registered, found)
			}
			if n := len(d.FN().List()); n != before {
				t.Errorf("%d documents, then %d", before, n)
			}
		}
	})
}

func TestProbe_others(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		talker := func(says string) func(io.ReadWriteCloser) {
			return func(end io.ReadWriteCloser) {
				go func() {
					b := make([]byte, 64)
					for {
						if _, err := end.Read(b); err != nil {
							return
						}
						_, _ = io.WriteString(end, says)
					}
				}()
			}
		}
		for name, c := range map[string]struct {
			says string
			want error
		}{
			"nothing there":     {"", drivers.ErrSilent},
			"letters":           {"ERROR\r\n", drivers.ErrSilent}, // no frame of ours, none broken
			"a broken frame":    {"\x04\x01\x00\x00\x00\x00", drivers.ErrStranger},
			"somebody's frame":  {"\x04\x02\x00\x00\x07\xD0\xB1", drivers.ErrStranger},
			"half a frame only": {"\x04\x09\x00\x00", drivers.ErrStranger},
		} {
			conn, sent := wired(t, talker(c.says))
			if found, err := fnprint.Probe(probing(t), conn); !errors.Is(err, c.want) {
				t.Errorf("%s: %+v, %v", name, found, err)
			}
			if got := string(sent()); got != "\x04\x01\x00\x30\xFF\xCD" {
				t.Errorf("%s heard % X", name, got)
			}
		}
	})
}

// A printer answers, prints nothing, and keeps nothing of it for the next slip.
func TestProbe_printer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile, ok := escpos.FindProfile("")
		if !ok {
			t.Fatal("no usual printer")
		}
		for name, ill := range map[string]func(*simprinter.Device){
			"ready":     func(*simprinter.Device) {},
			"no paper":  func(p *simprinter.Device) { p.SetPaper(0) },
			"cover off": func(p *simprinter.Device) { p.SetCover(true) },
		} {
			p := simprinter.New(simprinter.Options{Profile: profile})
			t.Cleanup(func() { _ = p.Close() })
			ill(p)
			conn, _ := wired(t, func(end io.ReadWriteCloser) { go func() { _ = p.Serve(t.Context(), end) }() })
			if _, err := printer.Probe(probing(t), conn); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if slips := p.Slips(); len(slips) != 0 {
				t.Errorf("%s: printed %v", name, slips)
			}
		}
		conn, sent := wired(t, func(io.ReadWriteCloser) {})
		if _, err := printer.Probe(probing(t), conn); !errors.Is(err, drivers.ErrSilent) || string(sent()) != "\x10\x04\x01\x00\x00\x00\x00" {
			t.Errorf("nothing there: %v, heard % X", err, sent())
		}
	})
}
