package printer_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/slip"
	"github.com/chekan-io/chekan/sim/printer"
)

func profile(t *testing.T, name string) escpos.Profile {
	t.Helper()
	p, ok := escpos.FindProfile(name)
	if !ok {
		t.Fatalf("there is no profile %q", name)
	}
	return p
}

// session is a program at the other end of the printer's wire.
type session struct {
	net.Conn
	served chan error
}

func connect(t *testing.T, d *printer.Device) *session {
	t.Helper()
	near, far := net.Pipe()
	s := &session{Conn: near, served: make(chan error, 1)}
	go func() { s.served <- d.Serve(context.Background(), far) }()
	return s
}

func newDevice(t *testing.T, o printer.Options) (*printer.Device, *session) {
	t.Helper()
	d := printer.New(o)
	s := connect(t, d)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if err := <-s.served; err != nil {
			t.Error(err)
		}
	})
	return d, s
}

func (s *session) send(t *testing.T, b []byte) {
	t.Helper()
	if _, err := s.Write(b); err != nil {
		t.Fatal(err)
	}
}

// hear gives so many bytes the printer said.
func (s *session) hear(t *testing.T, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(s, b); err != nil {
		t.Fatal(err)
	}
	return b
}

// silent checks that the printer says nothing.
func (s *session) silent(t *testing.T) {
	t.Helper()
	if err := s.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	if n, err := s.Read(b[:]); n > 0 {
		t.Errorf("it says %02X, %v", b[0], err)
	}
	if err := s.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Slips of other people's encoders come out readable, in pieces of any size.
func TestForeignEncoders(t *testing.T) {
	word := escpos.CP866.Encode(nil, "Чек")
	join := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	for name, b := range map[string][]byte{
		"a prologue before every line": join(
			unhex(t, "1B 40 1D 61 00 1B 4D 30 1C 28 41 02 00 30 00 1B 20 00 1C 53 00 00 1B 33 00 1B 7B 00 1C 2E 1B 74 01 1B 74 11"), word, unhex(t, "0A 1D 56 42 00")),
		"LF CR":                           join(unhex(t, "1B 40 1C 2E 1B 74 11"), word, unhex(t, "0A 0D 1D 56 00")),
		"four lines fed before the knife": join(unhex(t, "1B 74 11"), word, unhex(t, "0A 1B 64 04 1D 56 00")),
	} {
		for n := 1; n <= len(b); n++ {
			synctest.Test(t, func(t *testing.T) {
				d, s := newDevice(t, printer.Options{Profile: profile(t, "epson-80")})
				for rest := b; len(rest) > 0; rest = rest[min(n, len(rest)):] {
					s.send(t, rest[:min(n, len(rest))])
				}
				synctest.Wait()
				slips := d.Whole()
				if len(slips) != 1 || strings.TrimSpace(slips[0].Text()) != "Чек" {
					t.Errorf("%s in pieces of %d: %+v", name, n, d.Slips())
				}
			})
		}
	}
}

// With the page of another printer Cyrillic is rubbish.
func TestWrongPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := newDevice(t, printer.Options{Profile: profile(t, "rongta")}) // has CP866 under 7
		s.send(t, slices.Concat(unhex(t, "1B 40 1B 74 11"), escpos.CP866.Encode(nil, "Чек 1"), unhex(t, "0A 1D 56 00")))
		synctest.Wait()
		if got := d.Slips()[0].Text(); got != "??? 1\n" {
			t.Errorf("printed %q", got)
		}
	})
}

// Real-time questions are answered without paper, the others wait for it.
func TestWithoutPaper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := newDevice(t, printer.Options{Profile: profile(t, "epson-80")})
		d.SetPaper(0)
		s.send(t, []byte("A\n\x1dr\x01"))
		s.silent(t)
		s.send(t, unhex(t, "10 04 01 10 04 02 10 04 03 10 04 04"))
		if got := s.hear(t, 4); !bytes.Equal(got, unhex(t, "1A 32 12 7E")) {
			t.Errorf("% X", got)
		}
		d.Refill()
		if got := s.hear(t, 1); got[0] != 0 {
			t.Errorf("GS r answers %02X", got[0])
		}
		if slips := d.Slips(); len(slips) != 1 || slips[0].Lines[0] != "A" || slips[0].Whole() {
			t.Errorf("%+v", slips)
		}
	})
}

// A printer that waits for DLE ENQ goes on from the line, or forgets it.
func TestEnquiry(t *testing.T) {
	for how, lines := range map[escpos.Enquiry]int{escpos.Resume: 2, escpos.Discard: 1} {
		synctest.Test(t, func(t *testing.T) {
			d, s := newDevice(t, printer.Options{Profile: profile(t, "epson-80"), Roll: 1, AfterPaper: printer.Waits})
			s.send(t, []byte("A\nB\n"))
			synctest.Wait()
			d.SetPaper(10)
			if st := d.Status(); !st.Offline || !st.Waiting || st.PaperOut {
				t.Errorf("%+v", st)
			}
			var e escpos.Encoder
			s.send(t, e.Recover(how).Text([]byte("\x1dV\x00")).Bytes())
			synctest.Wait()
			slips := d.Slips()
			if len(slips) != 1 || len(slips[0].Lines) != lines || slips[0].Whole() != (how == escpos.Resume) || slips[0].Rolls != 1 {
				t.Errorf("%d: %+v", how, slips)
			}
		})
	}
}

// The buffer goes with the power; what is on paper by then is torn.
func TestPowerCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := printer.New(printer.Options{Profile: profile(t, "epson-80"), LineTime: time.Second})
		defer func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}()
		s := connect(t, d)
		s.send(t, []byte("A\nB\nC\n\x1dV\x00"))
		<-time.After(1500 * time.Millisecond)
		d.SetPower(false)
		if err := <-s.served; err != nil {
			t.Error(err)
		}
		if err := connect(t, d).wait(); !errors.Is(err, printer.ErrAway) {
			t.Errorf("served without power: %v", err)
		}
		ready := make(chan error, 1)
		go func() { ready <- d.Ready(t.Context()) }()
		d.SetPower(true)
		if err := <-ready; err != nil {
			t.Error(err)
		}
		again := connect(t, d)
		again.send(t, []byte("\x1b@D\n\x1dV\x00"))
		if err := d.WaitSlips(t.Context(), 1); err != nil {
			t.Error(err)
		}
		if slips := d.Slips(); len(slips) != 1 || slips[0].Whole() || slips[0].Lines[0] != "A" {
			t.Errorf("%+v", slips)
		}
		if err := connect(t, d).wait(); !errors.Is(err, printer.ErrTaken) {
			t.Errorf("two programs at once: %v", err)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
		if err := again.wait(); err != nil {
			t.Error(err)
		}
	})
}

func (s *session) wait() error { return <-s.served }

// The automatic status is sent when something changes, and only then.
func TestAutoStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := newDevice(t, printer.Options{Profile: profile(t, "epson-80")})
		s.send(t, unhex(t, "1D 61 FF"))
		if got := s.hear(t, 4); !bytes.Equal(got, unhex(t, "10 00 00 00")) {
			t.Errorf("% X", got)
		}
		d.SetCover(true)
		if got := s.hear(t, 4); !bytes.Equal(got, unhex(t, "38 00 00 00")) {
			t.Errorf("% X", got)
		}
		d.SetCover(true)
		s.silent(t)
	})
}

// A full buffer stops the wire until there is paper again.
func TestBackpressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := newDevice(t, printer.Options{Profile: profile(t, "epson-80"), Buffer: 256})
		d.SetPaper(0)
		sent := make(chan error, 1)
		go func() {
			for range 100 {
				if _, err := s.Write(append(bytes.Repeat([]byte{'x'}, 40), '\n')); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		synctest.Wait()
		if n := d.Received(); n > 256+41 {
			t.Errorf("it took %d bytes into a buffer of 256", n)
		}
		d.Refill()
		if err := <-sent; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := len(d.Slips()[0].Lines); n != 100 {
			t.Errorf("%d lines", n)
		}
	})
}

// Faults happen behind their byte and end by themselves where they should.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		kind printer.FaultKind
		ill  func(escpos.Status) bool
	}{
		{printer.CoverOpen, func(s escpos.Status) bool { return s.CoverOpen }},
		{printer.Busy, func(s escpos.Status) bool { return s.Offline }},
		{printer.Jam, func(s escpos.Status) bool { return s.Cutter }},
		{printer.Overheat, func(s escpos.Status) bool { return s.Hot }},
	} {
		synctest.Test(t, func(t *testing.T) {
			d, s := newDevice(t, printer.Options{Profile: profile(t, "epson-80")})
			d.Plan(printer.Fault{Kind: c.kind, At: 2, For: time.Second})
			s.send(t, []byte("A"))
			synctest.Wait()
			if !d.Status().Ready() {
				t.Errorf("%s: before its byte", c.kind)
			}
			s.send(t, []byte("\nB\n\x1dV\x00"))
			synctest.Wait()
			if st := d.Status(); !c.ill(st) || !st.Offline || len(d.Whole()) != 0 {
				t.Errorf("%s: %+v", c.kind, st)
			}
			if err := d.WaitSlips(t.Context(), 1); err != nil {
				t.Error(err)
			}
			if slips := d.Whole(); len(slips) != 1 || slips[0].Text() != "A\nB\n" {
				t.Errorf("%s: %+v", c.kind, slips)
			}
		})
	}
}

// A line wider than the paper goes on in the next, as on paper.
func TestWideLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := newDevice(t, printer.Options{Profile: profile(t, "epson-58")})
		s.send(t, []byte(strings.Repeat("x", 40)+"\n\x1d!\x11"+strings.Repeat("y", 17)+"\n\x1b@\x1ba\x01mid\n\x1ba\x02end\n"))
		synctest.Wait()
		want := []string{strings.Repeat("x", 32), strings.Repeat("x", 8), strings.Repeat("y", 16), "y", strings.Repeat(" ", 14) + "mid", strings.Repeat(" ", 29) + "end"}
		if diff := cmp.Diff(want, d.Slips()[0].Lines); diff != "" {
			t.Error(diff)
		}
	})
}

// samples are fiscal QR codes as tills of several makers printed them.
var samples = []string{
	"t=20200924T1837&s=349.93&fn=9282440300682838&i=46534&fp=1273019065&n=1",
	"t=20190406T104300&s=641.93&fn=9289000100110273&i=80715&fp=1246602073&n=1",
	"t=20190503T0922&s=213.00&fn=9284000100000099&i=145000&fp=0000306862&n=1",
	"t=20201107T2058&s=63.00&fn=9288000100192401&i=439&fp=2880362760&n=1",
}

// scan reads the QR codes of a slip's picture with a decoder that knows nothing of ours.
func scan(t *testing.T, s printer.Slip) []string {
	t.Helper()
	var picture bytes.Buffer
	if err := s.PNG(&picture); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "-")
	cmd.Stdin = &picture
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("zbarimg (tools/deps.sh test installs it): %v\n%s", err, stderr.Bytes())
	}
	return strings.Fields(string(out))
}

// onPaper puts a slip on the paper of a printer.
func onPaper(t *testing.T, p escpos.Profile, s slip.Slip) printer.Slip {
	t.Helper()
	d, conn := newDevice(t, printer.Options{Profile: p})
	for _, b := range escpos.Render(s, p) {
		conn.send(t, b.Bytes)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := d.WaitSlips(ctx, 1); err != nil {
		t.Fatal(err)
	}
	return d.Slips()[0]
}

// The code on paper says, to a stranger, what was to be said: native and drawn, wide and narrow.
func TestQR(t *testing.T) {
	for _, name := range []string{"epson-80", "epson-58", "star", "simple-58"} {
		p := profile(t, name)
		for _, want := range samples {
			s := onPaper(t, p, slip.Slip{Lines: []slip.Line{{Left: "ЧЕК", Large: true}, {QR: want}, {Left: "спасибо"}}})
			if diff := cmp.Diff([]string{want}, scan(t, s)); diff != "" {
				t.Errorf("%s:\n%s", name, diff)
			}
		}
	}
}

// The code of a receipt is the document's own.
func TestQR_receipt(t *testing.T) {
	d := ffd.Document{Type: fiscal.DocReceipt, Fields: []ffd.Field{
		ffd.Uint(ffd.TagSettlement, 2), ffd.Time(ffd.TagTime, fiscal.DateTime{Year: 2026, Month: 3, Day: 4, Hour: 5, Minute: 6}),
		ffd.Text(ffd.TagFN, "9999078902001234"), ffd.Uint(ffd.TagFD, 12), ffd.Sign(3456789012), ffd.Sum(ffd.TagTotal, 100005), ffd.Sum(ffd.TagCash, 100005),
	}}
	for _, p := range escpos.Profiles {
		s := onPaper(t, p, slip.Layout(d, slip.Options{}))
		if got := scan(t, s); len(got) != 1 || got[0] != d.Fact().QR() || got[0] == "" {
			t.Errorf("%s: %q, want %q", p.Name, got, d.Fact().QR())
		}
	}
}
