//go:build usb && cgo

package usbtest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/usbtest"
)

// patience bounds what must happen at once; a test that waits it out fails.
const patience = 20 * time.Second

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// clientVariable makes the test program the program under test: it runs under
// the preloaded library and does what it reads from its input.
const clientVariable = "CHEKAN_USB_CLIENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(clientVariable); dir != "" {
		serve(dir, os.Stdin, os.Stdout)
		return
	}
	os.Exit(m.Run())
}

// call is one thing for the client to do, reply what came of it.
type call struct {
	Do     string
	Addr   string
	Data   []byte
	Millis int
}

type reply struct {
	Data []byte
	Text string
	Word string // of the sentinel; "" is success
	Took time.Duration
}

// word names the error of the wire.
func word(err error) string {
	for _, w := range []struct {
		err  error
		word string
	}{
		{wire.ErrBusy, "busy"}, {wire.ErrAbsent, "absent"}, {wire.ErrDenied, "denied"}, {wire.ErrSeveral, "several"},
		{wire.ErrTimeout, "timeout"}, {wire.ErrGone, "gone"}, {wire.ErrClosed, "closed"}, {errors.ErrUnsupported, "unsupported"},
	} {
		if errors.Is(err, w.err) {
			return w.word
		}
	}
	if err != nil {
		return "error"
	}
	return ""
}

// serve is the program under test.
func serve(dir string, in io.Reader, out io.Writer) {
	s := &server{dir: dir, conns: map[string]wire.Conn{}}
	lines := json.NewDecoder(in)
	var one sync.Mutex
	for {
		var c call
		if lines.Decode(&c) != nil {
			return
		}
		one.Lock()
		began := time.Now()
		r, err := s.do(c)
		r.Took = time.Since(began)
		if r.Word = word(err); err != nil {
			r.Text = err.Error()
		}
		_ = json.NewEncoder(out).Encode(r)
		one.Unlock()
	}
}

type server struct {
	dir   string
	conns map[string]wire.Conn
}

func (s *server) do(c call) (reply, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(c.Millis)*time.Millisecond)
	defer cancel()
	conn := s.conns[c.Addr]
	switch c.Do {
	case "open":
		conn, err := wire.Open(ctx, c.Addr, wire.Options{LockDir: s.dir})
		if err == nil {
			s.conns[c.Addr] = wire.Tapped(conn, func(wire.Dir, []byte) {})
		}
		return reply{}, err
	case "write":
		_, err := conn.Write(ctx, c.Data)
		return reply{}, err
	case "read":
		b := make([]byte, 256)
		n, err := conn.Read(ctx, b)
		return reply{Data: b[:n]}, err
	case "close":
		return reply{}, conn.Close()
	case "status":
		able, ok := wire.Ability[wire.PortStatuser](conn)
		if !ok {
			return reply{}, errors.New("no PortStatuser")
		}
		status, err := able.PortStatus(ctx)
		return reply{Data: []byte{byte(status)}, Text: status.String()}, err
	case "status while a write waits":
		wrote := make(chan error, 1)
		go func() {
			_, err := conn.Write(ctx, c.Data)
			wrote <- err
		}()
		able, _ := wire.Ability[wire.PortStatuser](conn)
		for ctx.Err() == nil {
			status, err := able.PortStatus(ctx)
			if err != nil || status.PaperOut() {
				return reply{Data: []byte{byte(status)}}, errors.Join(err, <-wrote)
			}
		}
		return reply{}, <-wrote
	case "identify":
		able, ok := wire.Ability[wire.DeviceIdentifier](conn)
		if !ok {
			return reply{}, errors.New("no DeviceIdentifier")
		}
		id, err := able.DeviceID(ctx)
		return reply{Text: id}, err
	case "reset":
		able, ok := wire.Ability[wire.USBResetter](conn)
		if !ok {
			return reply{}, errors.New("no USBResetter")
		}
		return reply{}, able.ResetUSB(ctx)
	}
	return reply{}, fmt.Errorf("what is %q", c.Do)
}

// client drives the program under test.
type client struct {
	t    *testing.T
	in   *json.Encoder
	out  *json.Decoder
	said *strings.Builder
}

func startClient(t *testing.T, bed *usbtest.Testbed) *client {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(bed.Environ(), clientVariable+"="+t.TempDir())
	said := new(strings.Builder)
	cmd.Stderr = said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
		if said.Len() > 0 {
			t.Logf("the program says: %s", said)
		}
	})
	return &client{t, json.NewEncoder(in), json.NewDecoder(bufio.NewReader(out)), said}
}

// start asks and does not wait for the answer.
func (c *client) start(what call) {
	c.t.Helper()
	if what.Millis == 0 {
		what.Millis = int(patience.Milliseconds())
	}
	if err := c.in.Encode(what); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) answer() reply {
	c.t.Helper()
	var r reply
	if err := c.out.Decode(&r); err != nil {
		c.t.Fatalf("the program under test: %v", err)
	}
	return r
}

func (c *client) ask(what call) reply {
	c.t.Helper()
	c.start(what)
	return c.answer()
}

func (c *client) must(what call) reply {
	c.t.Helper()
	r := c.ask(what)
	if r.Word != "" {
		c.t.Fatalf("%s %s: %s: %s", what.Do, what.Addr, r.Word, r.Text)
	}
	return r
}

// hopper is a printer of bytes: it holds room of them until paper is there.
type hopper struct {
	mu     sync.Mutex
	news   chan struct{}
	room   int
	out    bool // paper is out
	taken  []byte
	tosay  []byte
	answer func(taken []byte) []byte
}

func newHopper() *hopper { return &hopper{news: make(chan struct{}), room: 1 << 20} }

func (h *hopper) change(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
	close(h.news)
	h.news = make(chan struct{})
}

// wait waits until f is content, which is called with mu held.
func (h *hopper) wait(ctx context.Context, f func() bool) error {
	for {
		h.mu.Lock()
		ok, news := f(), h.news
		h.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (h *hopper) Write(ctx context.Context, p []byte) (n int, err error) {
	err = h.wait(ctx, func() bool { return h.room > 0 })
	if err == nil {
		h.change(func() {
			n = min(len(p), h.room)
			h.taken = append(h.taken, p[:n]...)
			h.room -= n
			h.out = h.room == 0
		})
	}
	return n, err
}

func (h *hopper) Read(ctx context.Context, limit int) (b []byte, err error) {
	err = h.wait(ctx, func() bool { return len(h.tosay) > 0 })
	if err == nil {
		h.change(func() {
			n := min(len(h.tosay), limit)
			b, h.tosay = h.tosay[:n:n], h.tosay[n:]
		})
	}
	return b, err
}

func (h *hopper) PortStatus() byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.out {
		return 0x30
	}
	return 0x18
}

func (h *hopper) got() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.taken)
}

const (
	epson   = "usb://04b8:0e15?serial=X3YF004411"
	printer = "usb:printer"
)

func deviceOf(h usbtest.Engine, serial string) *usbtest.Device {
	return &usbtest.Device{
		Vendor: 0x04B8, Product: 0x0E15, Maker: "EPSON", Model: "TM-T20II", Serial: serial,
		Function: &usbtest.Printer{Engine: h, ID: "MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;"},
	}
}

func openBed(t *testing.T) *usbtest.Testbed {
	t.Helper()
	bed, err := usbtest.OpenTestbed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bed.Close() })
	return bed
}

func plug(t *testing.T, bed *usbtest.Testbed, d *usbtest.Device, at usbtest.Place) *usbtest.Plugged {
	t.Helper()
	p, err := bed.Plug(within(t, patience), d, at)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestUSB_bytesBothWays(t *testing.T) {
	bed := openBed(t)
	h := newHopper()
	p := plug(t, bed, deviceOf(h, "X3YF004411"), usbtest.Place{Bus: 1, Port: 2, Number: 4})
	c := startClient(t, bed)
	for _, addr := range []string{epson, printer, "usb://04b8:0e15"} {
		if took := c.must(call{Do: "open", Addr: addr}).Took; took < 130*time.Millisecond {
			t.Errorf("the first byte could go after %v; printers need 130 ms", took)
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
	if claimed, released := p.Count("claimed"), p.Count("released"); claimed != 3 || released != 3 {
		t.Errorf("claimed %d times, released %d", claimed, released)
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
	c.must(call{Do: "open", Addr: printer})
	h.change(func() { h.room = 700 })
	r := c.ask(call{Do: "status while a write waits", Addr: printer, Data: make([]byte, 1000), Millis: 1000})
	if len(r.Data) != 1 || r.Data[0] != 0x30 || r.Word != "timeout" {
		t.Fatalf("status % X, the write ends with %q: %s", r.Data, r.Word, r.Text)
	}
	if got := len(h.got()); got != 700 {
		t.Errorf("the printer took %d bytes", got)
	}
	if r := c.ask(call{Do: "write", Addr: printer, Data: []byte("x")}); r.Word != "closed" {
		t.Errorf("a write after one that was called off: %q %s", r.Word, r.Text)
	}
	c.must(call{Do: "close", Addr: printer})
	c.must(call{Do: "open", Addr: printer})
	h.change(func() { h.room, h.out, h.taken = 1<<20, false, nil })
	c.must(call{Do: "write", Addr: printer, Data: []byte("again")})
	if got := string(h.got()); got != "again" {
		t.Errorf("what was called off came after all: %q", got)
	}
	c.must(call{Do: "close", Addr: printer})
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
		printer:           {epson, "usb://0416:5011", "serial=%3F%3F%3F%3F%3F+2", "шина 1, номер 5"},
		"usb://04b8:0e15": {epson, "serial=%3F%3F%3F%3F%3F+2"},
	} {
		r := c.ask(call{Do: "open", Addr: addr})
		if r.Word != "several" {
			t.Errorf("%s: %q %s", addr, r.Word, r.Text)
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
		if r := c.ask(call{Do: "open", Addr: printer}); r.Word != "busy" || !strings.Contains(r.Text, "другая программа") {
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
