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

// patience is how long a test waits for what must happen: only a failure takes so long.
const patience = time.Minute

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
		_ = socket.SetReadDeadline(time.Now().Add(patience))
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
	case <-time.After(patience):
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
	hear := func(word string) {
		t.Helper()
		for b := make([]byte, 100); ; {
			_ = socket.SetReadDeadline(time.Now().Add(patience))
			n, err := socket.Read(b)
			if err != nil {
				t.Fatalf("no %s: %v", word, err)
			}
			if string(b[:n]) == word {
				return
			}
		}
	}
	beats := func(n int) {
		t.Helper()
		for range n {
			hear("WATCHDOG=1")
		}
	}
	beats(3)
	stop()
	hear("STOPPING=1") // the beats from before it are heard by then
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
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()+1)) // never ours, as 1 is in a container
	watchdog(t.Context())                                 // returns: nobody waits for us
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
