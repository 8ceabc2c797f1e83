package shtrih_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	"github.com/chekan-io/chekan/protocol/fiscal"
	protocol "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// onWire opens a wire to something that serves, and keeps what is sent.
func onWire(t *testing.T, serve func(io.ReadWriteCloser)) (wire.Conn, func() []byte) {
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
	return wire.Tapped(conn, func(dir wire.Dir, b []byte) {
			if dir == wire.Out {
				mu.Lock()
				sent = append(sent, b...)
				mu.Unlock()
			}
		}), func() []byte {
			mu.Lock()
			defer mu.Unlock()
			return sent
		}
}

func probe(t *testing.T, conn wire.Conn, opts shtrih.Options) (drivers.Found, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return shtrih.Probe(ctx, conn, opts)
}

func simulated(t *testing.T) (*sim.Device, func(io.ReadWriteCloser)) {
	t.Helper()
	intoTheCalendar()
	d, err := sim.New(sim.Options{Serial: 5001, FN: fn.Options{Number: "9999078902005001"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, func(end io.ReadWriteCloser) { go func() { _ = d.Serve(t.Context(), end) }() }
}

// commands are the frames of what was sent.
func commands(sent []byte) (out []protocol.Command) {
	var r protocol.FrameReader
	for _, b := range sent {
		if r.Feed(b) == protocol.FrameDone {
			m := r.Message()
			code := protocol.Code(m[0])
			if m[0] >= 0xFE {
				code = code<<8 | protocol.Code(m[1])
			}
			out = append(out, protocol.Describe(code))
		}
	}
	return out
}

// A probe only reads.
func TestProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, serve := simulated(t)
		conn, sent := onWire(t, serve)
		before := len(d.FN().List())
		found, err := probe(t, conn, shtrih.Options{})
		if err != nil || found.FN != "9999078902005001" || found.Serial == "" || found.Driver != "shtrih" || found.Closed {
			t.Errorf("%+v, %v", found, err)
		}
		asked := commands(sent())
		if len(asked) < 4 || asked[0].Code != protocol.CodeDeviceType {
			t.Errorf("asked %v", asked)
		}
		for _, c := range asked {
			if !c.ReadOnly {
				t.Errorf("a probe asked %v, which does not only read", c.Code)
			}
		}
		if n := len(d.FN().List()); n != before {
			t.Errorf("%d documents, then %d", before, n)
		}
	})
}

// Another password than the factory's: it is a till, and does not say which.
func TestProbe_password(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, serve := simulated(t)
		conn, _ := onWire(t, serve)
		found, err := probe(t, conn, shtrih.Options{Password: 77})
		if err != nil || !found.Closed || found.Serial != "" || found.Model == "" {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

// An answer that the till still held for whoever asked last is kept.
func TestProbe_heldAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, serve := simulated(t)
		first, _ := onWire(t, serve)
		driver := shtrih.New(func(context.Context) (wire.Conn, error) { return first, nil }, shtrih.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		d.Plan().Add(sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, Action: sim.LoseAnswer})
		if _, err := driver.OpenShift(ctx, fiscal.Cashier{Name: "Иванова"}); err != nil {
			t.Fatal(err)
		}
		quick, stop := context.WithTimeout(ctx, time.Second)
		defer stop()
		_, err := driver.Register(quick, fiscal.Receipt{
			Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Payments: fiscal.Payments{Cash: 1000}, Cashier: fiscal.Cashier{Name: "Иванова"},
			Items: []fiscal.Item{{Name: "Чай", Quantity: 1e6, Price: 1000, Sum: 1000, VAT: fiscal.VAT22}},
		})
		if err == nil {
			t.Fatal("the answer was not lost")
		}
		_ = driver.Close()
		conn, _ := onWire(t, serve)
		found, err := probe(t, conn, shtrih.Options{})
		if err != nil || found.FN == "" {
			t.Fatal(found, err)
		}
		last := d.FN().List()[len(d.FN().List())-1]
		if len(found.Pending) != 1 || found.Pending[0].FD != last.FD {
			t.Errorf("kept %v, the last document is %d", found.Pending, last.FD)
		}
	})
}

// A till in the numbered link does not hear ENQ.
func TestProbe_numbered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, serve := simulated(t)
		conn, _ := onWire(t, serve)
		if found, err := probe(t, conn, shtrih.Options{Link: shtrih.LinkNumbered}); err != nil || found.FN == "" {
			t.Fatalf("in the numbered link: %+v, %v", found, err)
		}
		again, sent := onWire(t, serve)
		if _, err := probe(t, again, shtrih.Options{}); !errors.Is(err, drivers.ErrSilent) {
			t.Errorf("in the standard link: %v", err)
		}
		if got := sent(); string(got) != "\x05\x05" {
			t.Errorf("sent % X", got)
		}
		silent, sent := onWire(t, func(io.ReadWriteCloser) {})
		if _, err := probe(t, silent, shtrih.Options{Link: shtrih.LinkNumbered}); !errors.Is(err, drivers.ErrSilent) {
			t.Errorf("nothing there: %v", err)
		}
		for _, b := range sent() {
			if b == protocol.ENQ {
				t.Errorf("sent % X", sent())
			}
		}
	})
}

// Devices that answer and are no till of ours hear no more than is needed to see
// it.
func TestProbe_strangers(t *testing.T) {
	answer := func(what map[byte][]byte) func(io.ReadWriteCloser) {
		return func(end io.ReadWriteCloser) {
			go func() {
				var r protocol.FrameReader
				b := make([]byte, 1)
				for {
					if _, err := end.Read(b); err != nil {
						return
					}
					key := b[0]
					switch r.Feed(b[0]) {
					case protocol.FrameDone:
						key = protocol.STX
					case protocol.FrameMore, protocol.FrameBad, protocol.FrameIgnore:
						continue
					case protocol.FrameENQ, protocol.FrameACK, protocol.FrameNAK:
					}
					_, _ = end.Write(what[key])
				}
			}()
		}
	}
	scalesOfTheMaker := append([]byte{protocol.ACK}, protocol.EncodeFrame([]byte{0xFC, 0, 1, 2, 3, 4, 0, 0, 'v'})...)
	for _, c := range []struct {
		name string
		says map[byte][]byte
		want error
		sent int // most bytes
	}{
		{"scales: ACK and no more", map[byte][]byte{protocol.ENQ: {protocol.ACK}}, drivers.ErrStranger, 1},
		{"ACK and letters", map[byte][]byte{protocol.ENQ: {protocol.ACK, 'S'}}, drivers.ErrStranger, 1},
		{"ACK and half a frame", map[byte][]byte{protocol.ENQ: {protocol.ACK, protocol.STX, 9, 1}}, drivers.ErrStranger, 1},
		{"an echo", map[byte][]byte{protocol.ENQ: {protocol.ENQ}}, drivers.ErrStranger, 1},
		{"letters", map[byte][]byte{protocol.ENQ: []byte("ERROR\r\n")}, drivers.ErrStranger, 1},
		{"a fiscal memory", map[byte][]byte{protocol.ENQ: {0x04, 0x01, 0x00, 0x00, 0xAC, 0xFB}}, drivers.ErrSilent, 1},
		{"NAK to everything", map[byte][]byte{protocol.ENQ: {protocol.NAK}, protocol.STX: {protocol.NAK}}, drivers.ErrStranger, 20},
		{"other goods of the maker", map[byte][]byte{protocol.ENQ: {protocol.NAK}, protocol.STX: scalesOfTheMaker}, drivers.ErrStranger, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn, sent := onWire(t, answer(c.says))
				found, err := probe(t, conn, shtrih.Options{})
				if !errors.Is(err, c.want) {
					t.Errorf("%+v, %v", found, err)
				}
				if got := sent(); len(got) > c.sent {
					t.Errorf("heard % X", got)
				}
			})
		})
	}
}
