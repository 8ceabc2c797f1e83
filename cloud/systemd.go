package main

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// tellSystemd says one word to the service manager (sd_notify(3)): a datagram to
// the socket it named; a name beginning with @ is an abstract one. Without a
// manager it says nothing.
func tellSystemd(ctx context.Context, word string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	if strings.HasPrefix(path, "@") {
		path = "\x00" + path[1:]
	}
	c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unixgram", path)
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_, _ = c.Write([]byte(word))
}

// feedWatchdog says that the cabinet lives, twice in the time systemd waits
// (sd_watchdog_enabled(3)). What it proves is that the runtime still schedules: a
// database that is away is no reason to begin anew.
func feedWatchdog(ctx context.Context) {
	wait, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if pid := os.Getenv("WATCHDOG_PID"); err != nil || wait < 2 || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return
	}
	beat := time.NewTicker(time.Duration(wait) * time.Microsecond / 2)
	defer beat.Stop()
	for {
		tellSystemd(ctx, "WATCHDOG=1")
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
	}
}
