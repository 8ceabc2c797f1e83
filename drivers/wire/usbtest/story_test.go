//go:build usb && cgo

package usbtest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers/wire/usbtest"
	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/slip"
	"github.com/chekan-io/chekan/sim/printer"
)

func profile() escpos.Profile {
	p, _ := escpos.FindProfile("")
	return p
}

const slipLines = 30

func slipLine(name string, n int) string { return fmt.Sprintf("%s строка %02d", name, n) }

func slipOf(name string) slip.Slip {
	s := slip.Slip{Lines: []slip.Line{{Left: "КАССОВЫЙ ЧЕК", Centred: true, Bold: true}}}
	for n := range slipLines {
		s.Lines = append(s.Lines, slip.Line{Left: slipLine(name, n), Right: fmt.Sprintf("%d.00", n)})
	}
	s.Lines = append(s.Lines, slip.Line{QR: "t=20260304T0506&s=1.00&fn=9999078902001234&i=1&fp=1&n=1"})
	return s
}

// whole tells whether a piece of paper is all of a slip: its lines in order, the
// code behind them, and nothing lost.
func whole(piece printer.Slip, name string) bool {
	n := 0
	for _, line := range piece.Lines {
		if n < slipLines && strings.HasPrefix(line, slipLine(name, n)) {
			n++
		}
	}
	return n == slipLines && len(piece.QR) == 1 && piece.Whole()
}

// simulated is a simulated printer with a USB connector.
type simulated struct {
	dev *printer.Device
	// torn is told when the simulated printer's cable came out.
	torn chan struct{}

	mu     sync.Mutex
	near   net.Conn
	served chan struct{}
}

func simulate(t *testing.T) *simulated {
	t.Helper()
	s := &simulated{dev: printer.New(printer.Options{Profile: profile()}), torn: make(chan struct{}, 1)}
	t.Cleanup(func() {
		s.pull()
		_ = s.dev.Close()
	})
	return s
}

// insert begins a session of the printer.
func (s *simulated) insert() {
	s.dev.SetPlugged(true)
	near, far := net.Pipe()
	s.mu.Lock()
	defer s.mu.Unlock()
	served := make(chan struct{})
	s.near, s.served = near, served
	go func() {
		defer close(served)
		_ = s.dev.Serve(context.Background(), far)
		select {
		case s.torn <- struct{}{}:
		default:
		}
	}()
}

// pull ends the session.
func (s *simulated) pull() {
	s.mu.Lock()
	near, served := s.near, s.served
	s.mu.Unlock()
	if near != nil {
		_ = near.Close()
		<-served
	}
	select {
	case <-s.torn: // of our own making
	default:
	}
}

// during does something to the connection that ctx ends.
func (s *simulated) during(ctx context.Context, deadline func(net.Conn, time.Time) error, do func(net.Conn) (int, error)) (int, error) {
	s.mu.Lock()
	near := s.near
	s.mu.Unlock()
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = deadline(near, time.Unix(1, 0))
		close(ended)
	})
	n, err := do(near)
	if !stop() {
		<-ended
		_ = deadline(near, time.Time{})
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		<-ctx.Done() // the plug is coming out
	}
	if n == 0 && ctx.Err() != nil {
		return 0, ctx.Err()
	}
	return n, nil
}

// Write implements usbtest.Engine.
func (s *simulated) Write(ctx context.Context, p []byte) (int, error) {
	return s.during(ctx, net.Conn.SetWriteDeadline, func(c net.Conn) (int, error) { return c.Write(p) })
}

// Read implements usbtest.Engine.
func (s *simulated) Read(ctx context.Context, limit int) ([]byte, error) {
	b := make([]byte, limit)
	n, err := s.during(ctx, net.Conn.SetReadDeadline, func(c net.Conn) (int, error) { return c.Read(b) })
	return b[:n], err
}

// PortStatus implements usbtest.Engine.
func (s *simulated) PortStatus() byte {
	status := s.dev.Status()
	var b byte
	for bit, on := range map[byte]bool{0x20: status.PaperOut, 0x10: !status.Offline, 0x08: !status.Error && !status.PaperOut} {
		if on {
			b |= bit
		}
	}
	return b
}

// host is a computer that the printer is plugged into.
type host interface {
	plug(t *testing.T, d *usbtest.Device)
	unplug(t *testing.T)
	ask(what call) reply
}

// tally is what the stories came to.
type tally struct{ prints, papersOut, unplugs, whole, doubled int }

func (y tally) String() string {
	return fmt.Sprintf("prints=%d papers_out=%d unplugs=%d whole=%d doubled=%d", y.prints, y.papersOut, y.unplugs, y.whole, y.doubled)
}

// fault of a story: behind so many bytes of the slip, or of what is left of it;
// 0 is none.
type fault struct{ paper, unplug int64 }

// story prints one slip through its faults, and looks at the paper.
func (y *tally) story(t *testing.T, h host, s *simulated, d *usbtest.Device, name string, f fault) {
	t.Helper()
	addr := printerOf(d)
	y.prints++
	plan := func(kind printer.FaultKind, behind int64) {
		s.dev.Plan(printer.Fault{Kind: kind, At: s.dev.Received() + behind})
	}
	// pulled pulls the plug when the story's cable comes out.
	pulled := func() <-chan struct{} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			select {
			case <-s.torn:
				h.unplug(t)
				s.pull()
			case <-t.Context().Done():
			}
		}()
		return done
	}
	out := make(<-chan struct{})
	switch {
	case f.paper > 0:
		plan(printer.PaperOut, f.paper)
	case f.unplug > 0:
		plan(printer.Unplug, f.unplug)
		out = pulled()
	}
	r := h.ask(call{Do: "print", Addr: addr, Data: []byte(name)})
	if f.paper > 0 {
		y.papersOut++
		if r.Word != "paper_out" {
			t.Fatalf("%s: paper out ends the print with %q: %s", name, r.Word, r.Text)
		}
		if r := h.ask(call{Do: "status", Addr: addr}); r.Word != "" || r.Data[0]&0x38 != 0x20 {
			t.Errorf("%s: port status % X %s without paper", name, r.Data, r.Text)
		}
		if r := h.ask(call{Do: "printer", Addr: addr}); r.Word != "" || !strings.Contains(r.Text, "PaperOut:true") {
			t.Errorf("%s: the printer's own status: %s", name, r.Text)
		}
		if f.unplug > 0 {
			plan(printer.Unplug, f.unplug)
			out = pulled()
		}
		s.dev.Refill()
		r = h.ask(call{Do: "continue", Addr: addr})
	}
	if f.unplug > 0 {
		y.unplugs++
		if r.Word != "link" {
			t.Fatalf("%s: unplugging ends the print with %q: %s", name, r.Word, r.Text)
		}
		<-out
		if r := h.ask(call{Do: "continue", Addr: addr}); r.Word != "link" || !strings.Contains(r.Text, "absent") {
			t.Errorf("%s: the cable is out, and %q: %s", name, r.Word, r.Text)
		}
		s.insert()
		h.plug(t, d)
		if r := h.ask(call{Do: "status", Addr: addr}); r.Word != "gone" && r.Word != "closed" {
			t.Errorf("%s: the old cable answers: %q %s", name, r.Word, r.Text)
		}
		r = h.ask(call{Do: "continue", Addr: addr})
	}
	if repeated := fmt.Sprint(f.unplug > 0); r.Word != "" || r.Text != repeated {
		t.Fatalf("%s: the print ends with %q, repeated: %s", name, r.Word, r.Text)
	}
	if r := h.ask(call{Do: "continue", Addr: addr}); r.Word != "" {
		t.Errorf("%s: something is still owed: %q %s", name, r.Word, r.Text)
	}
	y.judge(t, s, name)
}

// judge looks for a slip on the paper, where it has to be whole, once.
func (y *tally) judge(t *testing.T, s *simulated, name string) {
	t.Helper()
	n, torn := s.count(name)
	y.whole += min(n, 1)
	y.doubled += max(n-1, 0)
	if n == 1 && torn == 0 {
		return
	}
	t.Errorf("%s came out whole %d times, and %d times with its end only", name, n, torn)
	for _, piece := range s.dev.Slips() {
		t.Logf("cut %v, torn %v:\n%s", piece.Cut, piece.Torn, piece.Text())
	}
}

// count tells how often a slip is on the paper whole, and how often a piece has
// the slip's end, its code, and is not whole.
func (s *simulated) count(name string) (n, torn int) {
	for _, piece := range s.dev.Slips() {
		of := slices.ContainsFunc(piece.Lines, func(l string) bool { return strings.HasPrefix(l, name+" строка") })
		switch {
		case whole(piece, name):
			n++
		case of && len(piece.QR) > 0:
			torn++
		}
	}
	return n, torn
}

func printerOf(d *usbtest.Device) string {
	return fmt.Sprintf("usb://%04x:%04x?serial=%s", d.Vendor, d.Product, d.Serial)
}

// bedHost is the testbed as a host.
type bedHost struct {
	*client
	bed    *usbtest.Testbed
	number int
	in     *usbtest.Plugged
}

func (h *bedHost) plug(t *testing.T, d *usbtest.Device) {
	t.Helper()
	h.number++
	h.in = plug(t, h.bed, d, usbtest.Place{Bus: 1, Port: 2, Number: h.number})
}

func (h *bedHost) unplug(t *testing.T) {
	t.Helper()
	if err := h.in.Unplug(within(t, patience)); err != nil {
		t.Error(err)
	}
}

// A slip through paper out and unplugging, by the real libusb.
func TestPrint(t *testing.T) {
	bed := openBed(t)
	h := &bedHost{client: startClient(t, bed), bed: bed, number: 3}
	s := simulate(t)
	d := deviceOf(s, "X3YF004411")
	s.insert()
	h.plug(t, d)
	var y tally
	for _, tt := range []struct {
		name string
		fault
	}{
		{"гладкий", fault{}},
		{"без бумаги", fault{paper: 400}},
		{"без кабеля", fault{unplug: 700}},
		{"без всего", fault{paper: 300, unplug: 500}},
	} {
		y.story(t, h, s, d, tt.name, tt.fault)
	}
	if want := (tally{prints: 4, papersOut: 2, unplugs: 2, whole: 4}); y != want {
		t.Errorf("%v, want %v", y, want)
	}
}

// What the stories are judged by finds a slip that came out twice.
func TestPrint_control(t *testing.T) {
	bed := openBed(t)
	h := &bedHost{client: startClient(t, bed), bed: bed, number: 3}
	s := simulate(t)
	d := deviceOf(s, "X3YF004411")
	s.insert()
	h.plug(t, d)
	for range 2 {
		h.must(call{Do: "print", Addr: printerOf(d), Data: []byte("дважды")})
	}
	if n, torn := s.count("дважды"); n != 2 || torn != 0 {
		t.Errorf("a slip printed twice is found %d times, torn %d", n, torn)
	}
	if n, torn := s.count("никакой"); n != 0 || torn != 0 {
		t.Errorf("a slip never printed is found %d times, torn %d", n, torn)
	}
}
