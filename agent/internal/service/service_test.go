//go:build !windows

package service

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

func TestRun_tellsSystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	hear := func() string {
		b := make([]byte, 100)
		_ = socket.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := socket.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	ended := make(chan error, 1)
	go func() {
		ended <- Run(t.Context(), true, func(ctx context.Context, ready func()) error {
			ready()
			<-ctx.Done()
			return context.Cause(ctx)
		})
	}()
	if got := hear(); got != "READY=1" {
		t.Errorf("got %q", got)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := hear(); got != "STOPPING=1" {
		t.Errorf("got %q", got)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the program's end was lost")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("SIGTERM did not end the program")
	}
}

// The beats go on while the program finishes what it is at, and end with it.
func TestRun_watchdog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	ctx, stop := context.WithCancel(t.Context())
	finish, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- Run(ctx, false, func(context.Context, func()) error { <-finish; return nil })
	}()
	beats := func(n int) {
		for n > 0 {
			b := make([]byte, 100)
			_ = socket.SetReadDeadline(time.Now().Add(20 * time.Second))
			got, err := socket.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			if string(b[:got]) == "WATCHDOG=1" {
				n--
			}
		}
	}
	beats(3)
	stop()
	beats(3)
	close(finish)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRun_watchdogOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", "1")
	watchdog(t.Context()) // returns: nobody waits for us
	notify("READY=1")
	b := make([]byte, 100)
	n, err := socket.Read(b)
	if err != nil || string(b[:n]) != "READY=1" {
		t.Errorf("got %q, %v", b[:n], err)
	}
}

func TestRun_withoutManager(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	if err := Run(t.Context(), false, func(_ context.Context, ready func()) error { ready(); return nil }); err != nil {
		t.Error(err)
	}
}
