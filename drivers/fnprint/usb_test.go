package fnprint_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/fnprint"
	"github.com/chekan-io/chekan/drivers/wire"
)

// plain is a cable that is not USB.
type plain struct{}

func (plain) Read(context.Context, []byte) (int, error)  { return 0, wire.ErrTimeout }
func (plain) Write(context.Context, []byte) (int, error) { return 0, wire.ErrTimeout }
func (plain) Close() error                               { return nil }

// resettable is a cable that is.
type resettable struct {
	plain
	resets *int
}

func (r resettable) ResetUSB(context.Context) error {
	*r.resets++
	return nil
}

func TestResetUSB(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	resets := 0
	dial := func(c wire.Conn, err error) wire.DialFunc {
		return func(context.Context) (wire.Conn, error) { return c, err }
	}
	usb, other, out := dial(resettable{resets: &resets}, nil), dial(plain{}, nil), dial(nil, wire.ErrAbsent)
	for _, tt := range []struct {
		name            string
		memory, printer wire.DialFunc
		resets          int
		want            error
	}{
		{"printer on USB", other, usb, 1, nil},
		{"memory on USB", usb, other, 1, nil},
		{"both", usb, usb, 2, nil},
		{"neither", other, other, 0, drivers.ErrNotUSB},
		{"printer's cable out", other, out, 0, wire.ErrAbsent},
		{"memory's cable out, printer on USB", out, usb, 1, wire.ErrAbsent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resets = 0
			till := fnprint.New(tt.memory, tt.printer, nil, fnprint.Options{})
			defer till.Close()
			err := till.ResetUSB(ctx)
			if !errors.Is(err, tt.want) || resets != tt.resets {
				t.Errorf("%v, %d resets", err, resets)
			}
			var e *drivers.Error
			if errors.Is(err, wire.ErrAbsent) && (!errors.As(err, &e) || e.Code != drivers.CodeGone) {
				t.Errorf("%v does not say that a port is gone", err)
			}
		})
	}
}
