package wiretest_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
)

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func read(t *testing.T, c wire.Conn) (string, error) {
	t.Helper()
	buf := make([]byte, 64)
	n, err := c.Read(within(t, time.Minute), buf)
	return string(buf[:n]), err
}

func TestPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, till := wiretest.Pipe()
		for range 1000 { // nobody reads, nobody waits
			if _, err := c.Write(within(t, time.Second), []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := io.ReadFull(till, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := c.Read(within(t, time.Hour), make([]byte, 1)); !errors.Is(err, wire.ErrTimeout) {
			t.Fatalf("silence: %v", err)
		}
		if took := time.Since(began); took != time.Hour {
			t.Fatalf("waited %v of the bubble's time", took)
		}
		if err := till.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := till.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("till's deadline: %v", err)
		}
		if _, err := till.Write([]byte("bye")); err != nil {
			t.Fatal(err)
		}
		_ = till.Close()
		if got, err := read(t, c); got != "bye" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
		if _, err := read(t, c); !errors.Is(err, wire.ErrGone) {
			t.Fatalf("after the till's close: %v", err)
		}
		if _, err := c.Write(within(t, time.Second), []byte("x")); !errors.Is(err, wire.ErrGone) {
			t.Fatalf("write after the till's close: %v", err)
		}
	})
}

func TestPipe_close(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, till := wiretest.Pipe()
		time.AfterFunc(time.Minute, func() { _ = c.Close() })
		if _, err := c.Read(within(t, time.Hour), make([]byte, 1)); !errors.Is(err, wire.ErrClosed) {
			t.Fatalf("got %v", err)
		}
		if _, err := till.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Fatalf("till: %v", err)
		}
	})
}

func TestCable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var till io.ReadWriteCloser
		cable := &wiretest.Cable{Serve: func(end io.ReadWriteCloser) { till = end }}
		c, err := cable.Dial(within(t, time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := till.Write([]byte("lost on the way")); err != nil {
			t.Fatal(err)
		}
		cable.Unplug()
		if got, err := read(t, c); !errors.Is(err, wire.ErrGone) {
			t.Fatalf("unplugged: %q, %v", got, err)
		}
		if _, err := cable.Dial(within(t, time.Second)); !errors.Is(err, wire.ErrAbsent) {
			t.Fatalf("dial unplugged: %v", err)
		}
		cable.Plug()
		if _, err := cable.Dial(within(t, time.Second)); err != nil {
			t.Fatal(err)
		}
	})
}

const transcript = `
# connect
> 05
< 15
> 02 01 FC FD   # device type
< 06
< 02 03
`

func TestPlayback(t *testing.T) {
	play := func(t *testing.T) *wiretest.Playback {
		p, err := wiretest.NewPlayback(transcript)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	t.Run("as written", func(t *testing.T) {
		p := play(t)
		var log strings.Builder
		c := wiretest.Record(p, &log)
		for _, step := range []string{"\x05", "", "\x02\x01", "\xFC\xFD", "", ""} {
			var err error
			if step == "" {
				_, err = read(t, c)
			} else {
				_, err = c.Write(within(t, time.Second), []byte(step))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		want := "> 05\n< 15\n> 02 01\n> FC FD\n< 06\n< 02 03\n"
		if diff := cmp.Diff(want, log.String()); diff != "" {
			t.Error(diff)
		}
		if _, err := wiretest.NewPlayback(log.String()); err != nil {
			t.Errorf("a record does not read as a transcript: %v", err)
		}
	})
	t.Run("left over", func(t *testing.T) {
		p := play(t)
		if _, err := p.Write(within(t, time.Second), []byte{5}); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err == nil || !strings.Contains(err.Error(), "line 4") {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("other bytes", func(t *testing.T) {
		p := play(t)
		if _, err := p.Write(within(t, time.Second), []byte{6}); err == nil {
			t.Fatal("passed")
		}
		if err := p.Close(); err == nil || !strings.Contains(err.Error(), "want 05") {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("before the till answered", func(t *testing.T) {
		p := play(t)
		if _, err := p.Write(within(t, time.Second), []byte{5, 2}); err == nil {
			t.Fatal("passed")
		}
	})
	for _, bad := range []string{"05", "> 5", "> zz", ">"} {
		if _, err := wiretest.NewPlayback(bad); err == nil {
			t.Errorf("%q is no transcript", bad)
		}
	}
}

// echo answers each byte with its capital.
func echo(end io.ReadWriteCloser) {
	go func() {
		buf := make([]byte, 1)
		for {
			if _, err := end.Read(buf); err != nil {
				return
			}
			if _, err := end.Write([]byte{buf[0] - 'a' + 'A'}); err != nil {
				return
			}
		}
	}()
}

func TestEffects(t *testing.T) {
	// The story: write a, read A, a record, write b, read B.
	story := func(t *testing.T, dial wire.DialFunc, c *wiretest.Counter, did *strings.Builder) error {
		conn, err := dial(within(t, time.Second))
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		exchange := func(s string) error {
			if _, err := conn.Write(within(t, time.Second), []byte(s)); err != nil {
				return err
			}
			buf := make([]byte, 1)
			if _, err := conn.Read(within(t, time.Second), buf); err != nil {
				return err
			}
			did.Write(buf)
			return nil
		}
		if err := exchange("a"); err != nil {
			return err
		}
		if err := c.Record(func() error { did.WriteByte('!'); return nil }); err != nil {
			return err
		}
		return exchange("b")
	}
	for _, tt := range []struct {
		name  string
		at    int
		fault wiretest.Fault
		did   string
		err   error
	}{
		{"no fault", 0, wiretest.Fault{}, "A!B", nil},
		{"command lost", 1, wiretest.Fault{Lose: true}, "", wire.ErrTimeout},
		{"answer lost at the write", 4, wiretest.Fault{Deaf: true}, "A!", wire.ErrTimeout},
		{"answer lost at the read", 5, wiretest.Fault{Lose: true}, "A!", wire.ErrTimeout},
		{"dies after the write", 4, wiretest.Fault{Die: true}, "A!", wiretest.ErrDead},
		{"dies before the record", 3, wiretest.Fault{Lose: true, Die: true}, "A", wiretest.ErrDead},
		{"dies after the record", 3, wiretest.Fault{Die: true}, "A!", wiretest.ErrDead},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c wiretest.Counter
				if tt.at > 0 {
					c.SetFault(tt.at, tt.fault)
				}
				cable := &wiretest.Cable{Serve: echo}
				dial := wiretest.Effects(cable.Dial, &c)
				var did strings.Builder
				err := story(t, dial, &c, &did)
				if !errors.Is(err, tt.err) || did.String() != tt.did {
					t.Errorf("did %q with %v, want %q with %v", did.String(), err, tt.did, tt.err)
				}
				if c.Fired() != (tt.at > 0) {
					t.Error("fault fired:", c.Fired())
				}
				if errors.Is(tt.err, wiretest.ErrDead) {
					if _, err := dial(within(t, time.Second)); !errors.Is(err, wiretest.ErrDead) {
						t.Errorf("the dead dialled: %v", err)
					}
					c.Revive()
					did.Reset()
					if err := story(t, dial, &c, &did); err != nil || did.String() != "A!B" {
						t.Errorf("next life: %q, %v", did.String(), err)
					}
				}
				cable.Unplug()
			})
		})
	}
	t.Run("before and after see the number", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var c wiretest.Counter
			var seen []string
			note := func(when string) func(int, wiretest.EffectKind) {
				return func(n int, k wiretest.EffectKind) {
					seen = append(seen, when+" "+string(rune('0'+n))+" "+k.String())
				}
			}
			c.SetFault(3, wiretest.Fault{Before: note("before"), After: note("after")})
			cable := &wiretest.Cable{Serve: echo}
			var did strings.Builder
			if err := story(t, wiretest.Effects(cable.Dial, &c), &c, &did); err != nil {
				t.Fatal(err)
			}
			cable.Unplug()
			if diff := cmp.Diff([]string{"before 3 journal write", "after 3 journal write"}, seen); diff != "" {
				t.Error(diff)
			}
			if c.Count() != 5 {
				t.Errorf("%d effects, want 5", c.Count())
			}
		})
	})
}
