//go:build usb && cgo

package usbtest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers/wire/usbtest"
)

func TestUSB_bytesBothWays(t *testing.T) {
	bed := openBed(t)
	h := newHopper()
	p := plug(t, bed, deviceOf(h, "X3YF004411"), usbtest.Place{Bus: 1, Port: 2, Number: 4})
	c := startClient(t, bed)
	for _, addr := range []string{epson, anyPrinter, "usb://04b8:0e15"} {
		if took := c.must(call{Do: "open", Addr: addr}).Took; took < 130*time.Millisecond {
			t.Errorf("the first byte could go after %v; printers need 130 ms", took)
		}
		if r := c.must(call{Do: "find", Addr: addr}); r.Text != epson { // while it is in use
			t.Errorf("%s is found as %s", addr, r.Text)
		}
		h.change(func() { h.taken = nil })
		sent := make([]byte, 10_000)
		for i := range sent {
			sent[i] = byte(i * 7)
		}
		c.must(call{Do: "write", Addr: addr, Data: sent})
		if got := h.got(); !slices.Equal(got, sent) {
			t.Fatalf("%s: %d bytes came of %d", addr, len(got), len(sent))
		}
		h.change(func() { h.tosay = []byte{0x12, 0x7E} })
		if r := c.must(call{Do: "read", Addr: addr}); !slices.Equal(r.Data, []byte{0x12, 0x7E}) {
			t.Errorf("%s: read % X", addr, r.Data)
		}
		if r := c.must(call{Do: "status", Addr: addr}); r.Data[0] != 0x18 || r.Text != "ready" {
			t.Errorf("%s: status % X, %s", addr, r.Data, r.Text)
		}
		if r := c.must(call{Do: "identify", Addr: addr}); r.Text != "MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;" {
			t.Errorf("%s: it is %q", addr, r.Text)
		}
		if r := c.ask(call{Do: "read", Addr: addr, Millis: 30}); r.Word != "timeout" {
			t.Errorf("%s: silence is %q %s", addr, r.Word, r.Text)
		}
		c.must(call{Do: "close", Addr: addr})
	}
	if err := p.Wait(within(t, patience), "released", 3); err != nil || p.Count("claimed") != 3 {
		t.Errorf("claimed %d times, released %d: %v", p.Count("claimed"), p.Count("released"), err)
	}
}

func TestUSB_unplug(t *testing.T) {
	bed := openBed(t)
	h := newHopper()
	d := deviceOf(h, "X3YF004411")
	at := usbtest.Place{Bus: 1, Port: 2, Number: 4}
	c := startClient(t, bed)
	if r := c.ask(call{Do: "open", Addr: epson}); r.Word != "absent" {
		t.Fatalf("before plugging in: %q %s", r.Word, r.Text)
	}
	p := plug(t, bed, d, at)

	c.must(call{Do: "open", Addr: epson})
	c.start(call{Do: "read", Addr: epson})
	began := time.Now()
	if err := p.Unplug(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	if r := c.answer(); r.Word != "gone" {
		t.Errorf("a waiting read ends with %q: %s", r.Word, r.Text)
	}
	if took := time.Since(began); took > patience/2 {
		t.Errorf("and only after %v", took)
	}
	for _, do := range []string{"write", "read", "status"} {
		if r := c.ask(call{Do: do, Addr: epson, Data: []byte("x")}); r.Word != "gone" {
			t.Errorf("%s of what is gone: %q %s", do, r.Word, r.Text)
		}
	}
	c.must(call{Do: "close", Addr: epson})
	if r := c.ask(call{Do: "open", Addr: epson}); r.Word != "absent" {
		t.Errorf("open with the cable out: %q %s", r.Word, r.Text)
	}

	// Back under another number, and on another port.
	at.Number, at.Port = 5, 3
	p = plug(t, bed, d, at)
	c.must(call{Do: "open", Addr: epson})
	h.change(func() { h.room = 5000 })
	c.start(call{Do: "write", Addr: epson, Data: make([]byte, 9000)})
	if err := h.wait(within(t, patience), func() bool { return h.room == 0 }); err != nil {
		t.Fatal(err)
	}
	if err := p.Unplug(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	if r := c.answer(); r.Word != "gone" {
		t.Errorf("a waiting write ends with %q: %s", r.Word, r.Text)
	}
	c.must(call{Do: "close", Addr: epson})
	at.Number = 6
	plug(t, bed, d, at)
	h.change(func() { h.room, h.taken = 1<<20, nil })
	c.must(call{Do: "open", Addr: epson})
	c.must(call{Do: "write", Addr: epson, Data: []byte("after")})
	if got := string(h.got()); got != "after" {
		t.Errorf("the printer got %q", got)
	}
	c.must(call{Do: "close", Addr: epson})
}

// A printer without paper takes what its buffer holds and then nothing; it tells
// why beside the data.
func TestUSB_paperOut(t *testing.T) {
	bed := openBed(t)
	h := newHopper()
	plug(t, bed, deviceOf(h, ""), usbtest.Place{Bus: 1, Port: 2, Number: 4})
	c := startClient(t, bed)
	c.must(call{Do: "open", Addr: anyPrinter})
	h.change(func() { h.room = 700 })
	r := c.ask(call{Do: "status while a write waits", Addr: anyPrinter, Data: make([]byte, 1000), Millis: 5000})
	if len(r.Data) != 1 || r.Data[0] != 0x30 || r.Word != "timeout" {
		t.Fatalf("status % X, the write ends with %q: %s", r.Data, r.Word, r.Text)
	}
	if got := len(h.got()); got != 700 {
		t.Errorf("the printer took %d bytes", got)
	}
	if r := c.ask(call{Do: "write", Addr: anyPrinter, Data: []byte("x")}); r.Word != "closed" {
		t.Errorf("a write after one that was called off: %q %s", r.Word, r.Text)
	}
	c.must(call{Do: "close", Addr: anyPrinter})
	c.must(call{Do: "open", Addr: anyPrinter})
	h.change(func() { h.room, h.out, h.taken = 1<<20, false, nil })
	c.must(call{Do: "write", Addr: anyPrinter, Data: []byte("again")})
	if got := string(h.got()); got != "again" {
		t.Errorf("what was called off came after all: %q", got)
	}
	c.must(call{Do: "close", Addr: anyPrinter})
}

func TestUSB_whichOne(t *testing.T) {
	bed := openBed(t)
	c := startClient(t, bed)
	first, second, third := newHopper(), newHopper(), newHopper()
	plug(t, bed, deviceOf(first, "X3YF004411"), usbtest.Place{Bus: 1, Port: 2, Number: 4})
	p := plug(t, bed, deviceOf(second, "Серия 2"), usbtest.Place{Bus: 1, Port: 3, Number: 5})
	other := deviceOf(third, "")
	other.Vendor, other.Product = 0x0416, 0x5011
	plug(t, bed, other, usbtest.Place{Bus: 2, Port: 1, Number: 2})

	for addr, parts := range map[string][]string{
		anyPrinter:        {epson, "usb://0416:5011", "serial=%3F%3F%3F%3F%3F+2", "шина 1, номер 5"},
		"usb://04b8:0e15": {epson, "serial=%3F%3F%3F%3F%3F+2"},
	} {
		r := c.ask(call{Do: "open", Addr: addr})
		if r.Word != "several" {
			t.Errorf("%s: %q %s", addr, r.Word, r.Text)
		}
		if r := c.ask(call{Do: "find", Addr: addr}); r.Word != "several" {
			t.Errorf("look for %s: %q %s", addr, r.Word, r.Text)
		}
		for _, part := range parts {
			if !strings.Contains(r.Text, part) {
				t.Errorf("%s: %s does not say %s", addr, r.Text, part)
			}
		}
	}
	for addr, h := range map[string]*hopper{epson: first, "usb://04b8:0e15?serial=%3F%3F%3F%3F%3F+2": second, "usb://0416:5011": third} {
		c.must(call{Do: "open", Addr: addr})
		c.must(call{Do: "write", Addr: addr, Data: []byte(addr)})
		if got := string(h.got()); got != addr {
			t.Errorf("the printer of %s got %q", addr, got)
		}
		if r := c.ask(call{Do: "open", Addr: addr}); r.Word != "busy" || !strings.Contains(r.Text, "held by process") {
			t.Errorf("%s a second time: %q %s", addr, r.Word, r.Text)
		}
	}
	for _, addr := range []string{"usb://04b8:0e15?serial=X", "usb://04b8:0e16"} {
		if r := c.ask(call{Do: "open", Addr: addr}); r.Word != "absent" {
			t.Errorf("%s: %q %s", addr, r.Word, r.Text)
		}
	}
	if err := p.Unplug(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	// The lock is the device's: another of its names finds it held.
	if r := c.ask(call{Do: "open", Addr: "usb://04b8:0e15"}); r.Word != "busy" {
		t.Errorf("by another name: %q %s", r.Word, r.Text)
	}
	for _, addr := range []string{epson, "usb://0416:5011"} {
		c.must(call{Do: "close", Addr: addr})
	}
}

func TestUSB_busy(t *testing.T) {
	bed := openBed(t)
	plug(t, bed, deviceOf(newHopper(), "1"), usbtest.Place{Bus: 1, Port: 2, Number: 4, Busy: true})
	c := startClient(t, bed)
	for range 2 { // what is not opened leaves nothing held
		if r := c.ask(call{Do: "open", Addr: anyPrinter}); r.Word != "busy" || !strings.Contains(r.Text, "другая программа") {
			t.Errorf("%q %s", r.Word, r.Text)
		}
	}
}

func TestUSB_reset(t *testing.T) {
	bed := openBed(t)
	h := newHopper()
	p := plug(t, bed, deviceOf(h, "X3YF004411"), usbtest.Place{Bus: 1, Port: 2, Number: 4})
	c := startClient(t, bed)
	c.must(call{Do: "open", Addr: epson})
	c.must(call{Do: "reset", Addr: epson})
	if err := p.Wait(within(t, patience), "reset", 1); err != nil {
		t.Fatal(err)
	}
	if p.Count("released") != 1 {
		t.Error("the interface was held through the reset")
	}
	if r := c.ask(call{Do: "write", Addr: epson, Data: []byte("x")}); r.Word != "closed" {
		t.Errorf("the cable after a reset: %q %s", r.Word, r.Text)
	}
	// A port reset gives it a new number, as pulling it out does.
	if err := p.Unplug(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	plug(t, bed, p.Device(), usbtest.Place{Bus: 1, Port: 2, Number: 5})
	c.must(call{Do: "open", Addr: epson})
	c.must(call{Do: "write", Addr: epson, Data: []byte("back")})
	if got := string(h.got()); got != "back" {
		t.Errorf("the printer got %q", got)
	}
	c.must(call{Do: "close", Addr: epson})
}
