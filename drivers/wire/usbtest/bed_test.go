//go:build usb && cgo

package usbtest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers/wire/usbtest"
)

// patience bounds what must happen at once; a test that waits it out fails.
const patience = 60 * time.Second

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
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
	mu    sync.Mutex
	news  chan struct{}
	room  int
	out   bool // paper is out
	taken []byte
	tosay []byte
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
	epson      = "usb://04b8:0e15?serial=X3YF004411"
	anyPrinter = "usb:printer"
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
