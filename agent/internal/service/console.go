package service

import (
	"context"
	"net"
	"os"
	"os/signal"
	"strings"
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
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second Ctrl-C ends at once
		notify("STOPPING=1")
	}()
	return p(ctx, func() { notify("READY=1") })
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
