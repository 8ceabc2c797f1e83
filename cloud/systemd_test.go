//go:build !windows

package main

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"
)

func TestFeedWatchdog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", "")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		tellSystemd(ctx, "READY=1")
		feedWatchdog(ctx)
		close(ended)
	}()
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		b := make([]byte, 100)
		_ = socket.SetReadDeadline(time.Now().Add(patience))
		n, err := socket.Read(b)
		if got := string(b[:n]); err != nil || got != want {
			t.Fatalf("got %q, %v; want %s", got, err, want)
		}
	}
	cancel()
	<-ended
	t.Setenv("WATCHDOG_PID", "1")
	feedWatchdog(t.Context()) // meant for another process: comes back at once
}
