package service

import (
	"context"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Run runs p until it ends or the system asks to stop. managed says that the
// service manager started us (--service).
func Run(ctx context.Context, managed bool, p Program) error {
	if managed {
		if done, err := underManager(ctx, p); done {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	alive, end := context.WithCancel(context.WithoutCancel(ctx))
	// Nothing is said in the program's name after its end: whoever runs next may have systemd's socket by then.
	var saying sync.WaitGroup
	defer saying.Wait()
	defer end()
	defer stop()
	saying.Go(func() { watchdog(alive) })
	saying.Go(func() {
		<-ctx.Done()
		stop() // a second Ctrl-C ends at once
		notify("STOPPING=1")
	})
	ready := func() { notify("READY=1") }
	if managed {
		return p(ctx, ready)
	}
	return anew(ctx, p, ready)
}

// watchdog tells systemd that we live, twice in the time it waits
// (sd_watchdog_enabled(3)), to the very end: finishing the operation in
// progress is life too. What it proves is that the runtime still schedules; a
// till that hangs holds only its own queue, and has its own deadlines.
func watchdog(ctx context.Context) {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return // meant for the process that started us
	}
	wait, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || wait < 2 {
		return
	}
	beat := time.NewTicker(time.Duration(wait) * time.Microsecond / 2)
	defer beat.Stop()
	for {
		notify("WATCHDOG=1")
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
	}
}

// notify tells systemd, when it is there (sd_notify(3)): one datagram to the
// socket it named. A name beginning with @ is an abstract one.
func notify(state string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	if strings.HasPrefix(path, "@") {
		path = "\x00" + path[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_, _ = c.Write([]byte(state))
}
