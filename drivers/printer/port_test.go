package printer_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/chekan-io/chekan/drivers/printer"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fiscal"
	sim "github.com/chekan-io/chekan/sim/printer"
)

// usbPort is a cable whose other end tells its paper beside the data.
type usbPort struct {
	wire.Conn
	status wire.PortStatus
	stuck  bool // takes no bytes
	asked  *int
	resets int
	closed bool
}

func (u *usbPort) PortStatus(context.Context) (wire.PortStatus, error) {
	*u.asked++
	return u.status, nil
}

func (u *usbPort) Write(ctx context.Context, p []byte) (int, error) {
	if u.stuck {
		<-ctx.Done()
		return 0, wire.ErrTimeout
	}
	return len(p), nil
}

func (u *usbPort) Read(ctx context.Context, _ []byte) (int, error) {
	<-ctx.Done()
	return 0, wire.ErrTimeout
}

func (u *usbPort) Close() error {
	u.closed = true
	return nil
}

func (u *usbPort) ResetUSB(context.Context) error {
	u.resets++
	return nil
}

func TestResetUSB(t *testing.T) {
	var opened []*usbPort
	p := printer.New(func(context.Context) (wire.Conn, error) {
		opened = append(opened, &usbPort{asked: new(int)})
		return wire.Tapped(opened[len(opened)-1], func(wire.Dir, []byte) {}), nil
	}, printer.Options{Profile: profile(t, "")})
	for want := 1; want <= 2; want++ { // the wire is closed by it, and opened anew
		if err := p.ResetUSB(limit(t)); err != nil || len(opened) != want || opened[want-1].resets != 1 || !opened[want-1].closed {
			t.Fatalf("reset %d: %v, %+v", want, err, opened)
		}
	}
	b := setUp(t, sim.Options{}, printer.Options{Profile: profile(t, "")})
	if err := b.ResetUSB(limit(t)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a wire that is not USB: %v", err)
	}
}

// What keeps the wire from being opened is said by its name.
func TestError_text(t *testing.T) {
	for cause, want := range map[error]string{
		wire.ErrNoUSB:   "chekan-agent-usb",
		wire.ErrDenied:  "нет прав",
		wire.ErrSeveral: "несколько",
		wire.ErrBusy:    "занят",
		wire.ErrAbsent:  "проверьте кабель",
	} {
		p := printer.New(func(context.Context) (wire.Conn, error) {
			return nil, &wire.Error{Op: "open", Addr: "usb:printer", Err: cause}
		}, printer.Options{Profile: profile(t, "")})
		_, err := p.Print(limit(t), receipt())
		var e *printer.Error
		if !errors.As(err, &e) || e.Reason != printer.Link || !strings.Contains(e.Text(), want) {
			t.Errorf("%v is said as %+v", cause, err)
		}
	}
}

const (
	portReady    = 0x18
	portPaperOut = 0x30
)

// What a printer on USB cannot say in its data it says beside it.
func TestPort(t *testing.T) {
	quiet := profile(t, "")
	quiet.Silent = true
	for _, tt := range []struct {
		name    string
		port    usbPort
		silent  bool
		reason  printer.Reason
		outcome fiscal.Outcome
	}{
		{"no answer, paper out", usbPort{status: portPaperOut}, false, printer.PaperOut, fiscal.NotDone},
		{"no answer, paper there", usbPort{status: portReady}, false, printer.Mute, fiscal.NotDone},
		{"takes nothing, paper out", usbPort{status: portPaperOut, stuck: true}, false, printer.PaperOut, fiscal.NotDone},
		{"takes nothing, paper there", usbPort{status: portReady, stuck: true}, false, printer.Link, fiscal.NotDone},
		{"silent, paper out", usbPort{status: portPaperOut}, true, printer.PaperOut, fiscal.NotDone},
		{"silent, takes nothing", usbPort{status: portReady, stuck: true}, true, printer.Link, fiscal.Unknown},
		{"silent, paper there", usbPort{status: portReady}, true, "", fiscal.Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				port := tt.port
				port.asked = &asked
				opts := printer.Options{Profile: profile(t, "")}
				if tt.silent {
					opts.Profile = quiet
				}
				p := printer.New(func(context.Context) (wire.Conn, error) { return wire.Tapped(&port, func(wire.Dir, []byte) {}), nil }, opts)
				defer p.Close()
				r, err := p.Print(limit(t), receipt())
				var e *printer.Error
				switch {
				case errors.As(err, &e):
					if e.Reason != tt.reason || e.Outcome != tt.outcome {
						t.Errorf("%s, %v: %v", e.Reason, e.Outcome, err)
					}
				case err != nil || tt.reason != "" || r.Outcome != tt.outcome:
					t.Errorf("%+v, %v", r, err)
				}
				if asked == 0 {
					t.Error("the port was never asked")
				}
			})
		})
	}
}
