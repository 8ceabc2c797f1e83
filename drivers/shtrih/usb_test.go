package shtrih_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire"
)

// resettable is a cable on USB.
type resettable struct {
	wire.Conn
	resets *int
	closed bool
}

func (r *resettable) ResetUSB(context.Context) error {
	*r.resets++
	r.closed = true
	return nil
}

func (r *resettable) Close() error { r.closed = true; return nil }

func TestResetUSB(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	resets, opened := 0, []*resettable{}
	till := shtrih.New(wire.Watched(func(context.Context) (wire.Conn, error) {
		r := &resettable{resets: &resets}
		opened = append(opened, r)
		return r, nil
	}, func(string) {}), shtrih.Options{})
	var able drivers.USBResetter = till
	for want := 1; want <= 2; want++ { // the second time it has to be opened anew
		if err := able.ResetUSB(ctx); err != nil || resets != want || len(opened) != want || !opened[want-1].closed {
			t.Fatalf("reset %d: %v, %d resets, %d opened", want, err, resets, len(opened))
		}
	}
	plain := shtrih.New(func(context.Context) (wire.Conn, error) { return unable{}, nil }, shtrih.Options{})
	if err := plain.ResetUSB(ctx); !errors.Is(err, drivers.ErrNotUSB) {
		t.Errorf("a wire that is not USB: %v", err)
	}
	absent := shtrih.New(func(context.Context) (wire.Conn, error) { return nil, wire.ErrAbsent }, shtrih.Options{})
	if err := absent.ResetUSB(ctx); !errors.Is(err, wire.ErrAbsent) {
		t.Errorf("a cable that is out: %v", err)
	}
	_ = till.Close()
	if err := till.ResetUSB(ctx); !errors.Is(err, wire.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// unable is a cable that cannot be reset.
type unable struct{}

func (unable) Read(context.Context, []byte) (int, error)  { return 0, wire.ErrTimeout }
func (unable) Write(context.Context, []byte) (int, error) { return 0, wire.ErrTimeout }
func (unable) Close() error                               { return nil }
