package wire_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
)

func TestWatched(t *testing.T) {
	cable := &wiretest.Cable{Serve: func(io.ReadWriteCloser) {}}
	var told []string
	dial := wire.Watched(cable.Dial, func(h string) { told = append(told, h) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	brief, end := context.WithTimeout(ctx, time.Millisecond)
	defer end()
	if _, err := c.Read(brief, make([]byte, 1)); !errors.Is(err, wire.ErrTimeout) {
		t.Errorf("read: %v", err)
	}
	cable.Unplug()
	if _, err := c.Read(ctx, make([]byte, 1)); !errors.Is(err, wire.ErrGone) {
		t.Errorf("read: %v", err)
	}
	if _, err := c.Write(ctx, []byte{5}); err == nil {
		t.Error("written to an unplugged cable")
	}
	_ = c.Close()
	if _, err := dial(ctx); err == nil {
		t.Error("opened an unplugged cable")
	}
	want := []string{wire.Opened, wire.ReadFailed + "gone", wire.WriteFailed + "gone", wire.Closed, wire.OpenFailed + "absent"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	for happening, want := range map[string]error{told[0]: nil, told[1]: wire.ErrGone, told[4]: wire.ErrAbsent, wire.ReadFailed + "error": wire.ErrGone} {
		if got := wire.Failure(happening); !errors.Is(got, want) {
			t.Errorf("%s: %v", happening, got)
		}
	}
}
