package printer_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/drivers/printer"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/escpos/glyph"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/slip"
	sim "github.com/chekan-io/chekan/sim/printer"
)

const qrText = "t=20260304T0506&s=1000.05&fn=9999078902001234&i=12&fp=3456789012&n=1"

// receipt is a short slip with everything a slip can have.
func receipt() slip.Slip {
	return slip.Slip{Lines: []slip.Line{
		{Left: "ООО «Ромашка»", Centred: true},
		{Left: "КАССОВЫЙ ЧЕК", Centred: true, Bold: true},
		{Rule: true},
		{Left: "Кофе зерновой, обжарка средняя, пачка килограмм"},
		{Left: "2 × 500.00", Right: "=1000.00"},
		{Left: "ИТОГ", Right: "=1000.05", Bold: true, Large: true},
		{QR: qrText, Centred: true},
		{Left: "Спасибо!", Centred: true},
	}}
}

func profile(t *testing.T, name string) escpos.Profile {
	t.Helper()
	p, ok := escpos.FindProfile(name)
	if !ok {
		t.Fatalf("there is no profile %q", name)
	}
	return p
}

// bench is a printer at the end of a cable.
type bench struct {
	*printer.Printer
	dev   *sim.Device
	cable *wiretest.Cable
}

func setUp(t *testing.T, o sim.Options, opts printer.Options) *bench {
	t.Helper()
	b := &bench{dev: sim.New(o)}
	b.cable = &wiretest.Cable{Serve: func(rwc io.ReadWriteCloser) {
		go func() { _ = b.dev.Serve(context.Background(), rwc) }()
	}}
	if opts.Profile.Columns == 0 {
		opts.Profile = o.Profile
	}
	b.Printer = printer.New(b.cable.Dial, opts)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if err := b.dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// limit is a deadline far behind anything a printer takes.
func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// fold makes of letters that look the same one letter, as a reader of dots does.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if g, ok := glyph.Of(r); ok {
			r, _ = glyph.Read(g)
		}
		return r
	}, s)
}

// want is the text that a printer of a profile makes of a slip, less the QR code.
func want(s slip.Slip, p escpos.Profile) string {
	var out []string
	for _, l := range s.Fit(p.Columns).Lines {
		if l.QR != "" {
			continue
		}
		columns := p.Columns
		if l.Large {
			columns /= 2
		}
		text := l.Pad(columns)
		if l.Rule {
			text = strings.Repeat("-", columns)
		}
		if p.Cyrillic() {
			text = p.Charset.Decode(p.Charset.Encode(nil, text))
		}
		out = append(out, strings.TrimSpace(text))
	}
	return fold(strings.Join(out, "\n"))
}

// words are the lines of a printed slip, less QR codes, images and empty lines.
func words(s sim.Slip) string {
	var out []string
	for _, l := range s.Lines {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "[") {
			out = append(out, l)
		}
	}
	return fold(strings.Join(out, "\n"))
}

// Every printer prints the same words, whatever its letters are made of.
func TestPrint_profiles(t *testing.T) {
	for _, p := range escpos.Profiles {
		t.Run(p.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				done := 0
				b := setUp(t, sim.Options{Profile: p}, printer.Options{Progress: func(n, _ int) { done = n }})
				r, err := b.Print(limit(t), receipt())
				if err != nil || r.Outcome != fiscal.Done || r.Repeated {
					t.Fatalf("%+v, %v", r, err)
				}
				slips := b.dev.Slips()
				if len(slips) != 1 || !slips[0].Whole() {
					t.Fatalf("printed %+v", slips)
				}
				if diff := cmp.Diff(want(receipt(), p), words(slips[0])); diff != "" {
					t.Error(diff)
				}
				if p.QR == escpos.QRNative && (len(slips[0].QR) != 1 || slips[0].QR[0] != qrText) {
					t.Errorf("QR codes %q", slips[0].QR)
				}
				if n := len(receipt().Fit(p.Columns).Lines); done != n {
					t.Errorf("%d of %d lines are proved", done, n)
				}
			})
		})
	}
}

// ended brings a slip to its end as a person would: puts right what is wrong, presses "continue".
func (b *bench) ended(t *testing.T, r printer.Result, err error) printer.Result {
	t.Helper()
	for range 5 {
		if err == nil && r.Outcome == fiscal.Done {
			return r
		}
		var e *printer.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("an error of another kind: %v", err)
		}
		<-time.After(2 * time.Minute) // a person comes
		b.dev.SetCover(false)
		b.dev.SetJam(false)
		b.dev.SetPlugged(true)
		b.dev.SetPower(true)
		b.dev.Recover()
		if b.dev.Paper() == 0 {
			b.dev.Refill()
		}
		if b.Pending() {
			r, err = b.Continue(limit(t))
		} else {
			r, err = b.Print(limit(t), receipt())
		}
	}
	t.Fatalf("the slip does not end: %+v, %v", r, err)
	return r
}

// length is how many bytes a whole slip is on the wire, questions included.
func length(t *testing.T, p escpos.Profile) int64 {
	t.Helper()
	var n int64
	synctest.Test(t, func(t *testing.T) {
		b := setUp(t, sim.Options{Profile: p}, printer.Options{})
		if _, err := b.Print(limit(t), receipt()); err != nil {
			t.Fatal(err)
		}
		n = b.dev.Received()
	})
	return n
}

// once checks that one whole slip came out, headed as the driver says.
func (b *bench) once(t *testing.T, at int64, r printer.Result) {
	t.Helper()
	slips := b.dev.Whole()
	if len(slips) != 1 {
		t.Fatalf("byte %d: %d whole slips: %+v", at, len(slips), b.dev.Slips())
	}
	b.headed(t, at, slips[0], r.Repeated)
}

// onceOrHeaded allows a second whole slip that says that it is one.
func (b *bench) onceOrHeaded(t *testing.T, at int64, r printer.Result) {
	t.Helper()
	whole := b.dev.Whole()
	switch {
	case len(whole) == 1:
		b.headed(t, at, whole[0], r.Repeated)
	case len(whole) == 2 && r.Repeated:
		b.headed(t, at, whole[0], false)
		b.headed(t, at, whole[1], true)
	default:
		t.Fatalf("byte %d: %d whole slips, %+v", at, len(whole), b.dev.Slips())
	}
}

func (b *bench) headed(t *testing.T, at int64, got sim.Slip, repeated bool) {
	t.Helper()
	s := receipt()
	if repeated {
		s = s.Headed(slip.Repeat)
	}
	if diff := cmp.Diff(want(s, b.Profile()), words(got)); diff != "" {
		t.Fatalf("byte %d:\n%s", at, diff)
	}
	if len(got.QR) != 1 || got.QR[0] != qrText {
		t.Fatalf("byte %d: QR codes %q", at, got.QR)
	}
}

// A printer without paper gets nothing, and nothing is owed.
func TestPrint_notReady(t *testing.T) {
	for _, c := range []struct {
		spoil func(*sim.Device)
		want  printer.Reason
	}{
		{func(d *sim.Device) { d.SetPaper(0) }, printer.PaperOut},
		{func(d *sim.Device) { d.SetCover(true) }, printer.CoverOpen},
		{func(d *sim.Device) { d.SetJam(true) }, printer.Cutter},
		{func(d *sim.Device) { d.SetBroken(true) }, printer.Failed},
		{func(d *sim.Device) { d.SetPower(false) }, printer.Link},
		{func(d *sim.Device) { d.Plan(sim.Fault{Kind: sim.Hang}) }, printer.Mute},
		{func(d *sim.Device) { d.Plan(sim.Fault{Kind: sim.Busy}) }, printer.Offline},
	} {
		t.Run(string(c.want), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := setUp(t, sim.Options{Profile: profile(t, "")}, printer.Options{})
				c.spoil(b.dev)
				_, err := b.Print(limit(t), receipt())
				var e *printer.Error
				if !errors.As(err, &e) || e.Reason != c.want || e.Outcome != fiscal.NotDone || e.Reason.Text() == "" {
					t.Fatalf("%v", err)
				}
				if b.Pending() || len(b.dev.Slips()) != 0 {
					t.Error("something is owed or printed")
				}
			})
		})
	}
}

func TestPrint_silent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := profile(t, "pos-58")
		quiet := p
		quiet.Silent = true
		b := setUp(t, sim.Options{Profile: p}, printer.Options{Profile: quiet})
		r, err := b.Print(limit(t), receipt())
		if err != nil || r.Outcome != fiscal.Unknown || b.Pending() {
			t.Fatalf("%+v, %v", r, err)
		}
		if err := b.dev.WaitSlips(limit(t), 1); err != nil {
			t.Fatal(err)
		}
	})
}

// An owed slip is not covered by another.
func TestPrint_owed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setUp(t, sim.Options{Profile: profile(t, ""), Roll: 3}, printer.Options{})
		if _, err := b.Print(limit(t), receipt()); err == nil || !b.Pending() {
			t.Fatalf("printed on three lines: %v", err)
		}
		for _, act := range []func() error{
			func() error { _, err := b.Print(limit(t), receipt()); return err },
			func() error { return b.Cut(limit(t)) },
			func() error { return b.OpenDrawer(limit(t)) },
		} {
			var e *printer.Error
			if err := act(); !errors.As(err, &e) || e.Reason != printer.Owed || e.Outcome != fiscal.NotDone {
				t.Errorf("%v", err)
			}
		}
		b.dev.SetPaper(1000)
		if r, err := b.Continue(limit(t)); err != nil || r.Outcome != fiscal.Done {
			t.Fatalf("%+v, %v", r, err)
		}
		if s := b.dev.Whole(); len(s) != 1 || s[0].Rolls != 1 {
			t.Errorf("%+v", s)
		}
		if r, err := b.Continue(limit(t)); err != nil || r != (printer.Result{}) {
			t.Errorf("nothing owed: %+v, %v", r, err)
		}
	})
}

// A slip that is given up does not stand above the next one.
func TestDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setUp(t, sim.Options{Profile: profile(t, ""), Roll: 3, Serial: true}, printer.Options{})
		if _, err := b.Print(limit(t), receipt()); err == nil || !b.Pending() {
			t.Fatalf("printed on three lines: %v", err)
		}
		b.Drop()
		b.dev.SetPower(false) // what the printer still had of it is gone
		b.dev.SetPower(true)
		b.dev.SetPaper(1000)
		if r, err := b.Print(limit(t), receipt()); err != nil || r.Outcome != fiscal.Done || r.Repeated {
			t.Fatalf("%+v, %v", r, err)
		}
		whole := b.dev.Whole()
		if len(whole) != 1 {
			t.Fatalf("%+v", b.dev.Slips())
		}
		b.headed(t, 0, whole[0], false)
	})
}

// After a restart of the program nobody knows what is on paper.
func TestRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := profile(t, "")
		b := setUp(t, sim.Options{Profile: p}, printer.Options{})
		// A program that died in the middle of an image.
		conn, err := b.cable.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var e escpos.Encoder
		e.Init().Text([]byte("torn")).NewLine().Raster(escpos.NewBitmap(576, 24))
		if _, err := conn.Write(limit(t), e.Bytes()[:200]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		r, err := b.Repeat(limit(t), receipt())
		if err != nil || r.Outcome != fiscal.Done || !r.Repeated {
			t.Fatalf("%+v, %v", r, err)
		}
		whole := b.dev.Whole()
		if len(whole) != 1 {
			t.Fatalf("%+v", b.dev.Slips())
		}
		b.headed(t, 0, whole[0], true)
	})
}

func TestStatus_drawerCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setUp(t, sim.Options{Profile: profile(t, ""), NearEnd: 100}, printer.Options{})
		b.dev.SetPaper(50)
		if s, err := b.Status(limit(t)); err != nil || !s.NearEnd || !s.Ready() {
			t.Errorf("%+v, %v", s, err)
		}
		if err := b.OpenDrawer(limit(t)); err != nil {
			t.Error(err)
		}
		if err := b.Cut(limit(t)); err != nil {
			t.Error(err)
		}
		if r, err := b.Print(limit(t), receipt()); err != nil || !r.NearEnd {
			t.Errorf("%+v, %v", r, err)
		}
		if b.dev.Drawer() != 1 {
			t.Errorf("the drawer was opened %d times", b.dev.Drawer())
		}
	})
}

// What passes by itself is waited for: nobody has to do anything.
func TestPrint_passing(t *testing.T) {
	p := profile(t, "epson-58")
	total := length(t, p)
	for _, kind := range []sim.FaultKind{sim.Busy, sim.Overheat} {
		for at := int64(0); at < total; at += 7 {
			synctest.Test(t, func(t *testing.T) {
				b := setUp(t, sim.Options{Profile: p}, printer.Options{})
				b.dev.Plan(sim.Fault{Kind: kind, At: at, For: 3 * time.Second})
				r, err := b.Print(limit(t), receipt())
				if err != nil || r.Outcome != fiscal.Done || r.Repeated {
					t.Fatalf("%s at %d: %+v, %v", kind, at, r, err)
				}
				b.once(t, at, r)
			})
		}
	}
}

// Close ends a print that waits.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setUp(t, sim.Options{Profile: profile(t, ""), LineTime: time.Second}, printer.Options{})
		ended := make(chan error, 1)
		go func() { _, err := b.Print(limit(t), receipt()); ended <- err }()
		synctest.Wait()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, wire.ErrClosed) && !errors.Is(err, printer.ErrClosed) {
			t.Errorf("ended with %v", err)
		}
		if _, err := b.Print(limit(t), receipt()); !errors.Is(err, printer.ErrClosed) && !errors.Is(err, wire.ErrClosed) {
			var e *printer.Error
			if !errors.As(err, &e) || e.Reason != printer.Owed {
				t.Errorf("after Close: %v", err)
			}
		}
	})
}

// A slow printer is waited for as long as it says that all is well.
func TestPrint_slow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setUp(t, sim.Options{Profile: profile(t, ""), LineTime: 250 * time.Millisecond}, printer.Options{})
		r, err := b.Print(limit(t), receipt())
		if err != nil || r.Outcome != fiscal.Done || r.Repeated {
			t.Fatalf("%+v, %v", r, err)
		}
		if s := b.dev.Slips(); len(s) != 1 || !s[0].Whole() {
			t.Errorf("%+v", s)
		}
	})
}

// A print ends by its deadline, whatever the printer does, and goes on later
// where it was: being slow tears no slip.
func TestPrint_deadline(t *testing.T) {
	for name, end := range map[string]func(ctx context.Context) (context.Context, context.CancelFunc){
		"late": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 2*time.Second)
		},
		"cancelled": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			time.AfterFunc(2*time.Second, cancel)
			return ctx, cancel
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := setUp(t, sim.Options{Profile: profile(t, ""), LineTime: time.Second}, printer.Options{Block: time.Minute})
				ctx, cancel := end(t.Context())
				defer cancel()
				began := time.Now()
				_, err := b.Print(ctx, receipt())
				var e *printer.Error
				if took := time.Since(began); took > 3*time.Second || !b.Pending() || !errors.As(err, &e) || e.Reason != printer.Late || e.Outcome != fiscal.Unknown {
					t.Fatalf("%v after %s", err, took)
				}
				if r, err := b.Continue(limit(t)); err != nil || r.Outcome != fiscal.Done || r.Repeated {
					t.Fatalf("%+v, %v", r, err)
				}
				b.once(t, 0, printer.Result{})
			})
		})
	}
}

// Asked for at any moment, the end of the caller's time loses no line.
func TestPrint_deadlineAtAnyMoment(t *testing.T) {
	for wait := 10 * time.Millisecond; wait < 4*time.Second; wait += 70 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			b := setUp(t, sim.Options{Profile: profile(t, "epson-58"), LineTime: 130 * time.Millisecond}, printer.Options{Answer: 300 * time.Millisecond})
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			r, err := b.Print(ctx, receipt())
			r = b.ended(t, r, err)
			b.once(t, int64(wait/time.Millisecond), r)
		})
	}
}
