package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/windows/svc"
)

// underManager speaks to the service manager of Windows while p runs.
func underManager(ctx context.Context, p Program) (done bool, err error) {
	h := &handler{ctx: ctx, program: p, events: openEvents()}
	defer h.events.close()
	if err := svc.Run(Name, h); err != nil {
		return true, fmt.Errorf("run under the service manager: %w", err)
	}
	return true, h.err
}

// pulse is how often the manager is told that a start or a stop goes on. It
// gives up on a service that promised to be done by now (waitHint).
const (
	pulse    = 3 * time.Second
	waitHint = 20_000 // ms
)

// accepted: the notice before a shutdown leaves the time to finish what the
// tills are at; the notice of a shutdown comes when seconds are left.
const accepted = svc.AcceptStop | svc.AcceptPreShutdown

type handler struct {
	ctx     context.Context
	program Program
	events  events
	err     error
}

// Execute implements svc.Handler. A stop waits for the operation in progress to
// be finished or parked, which the tills bound themselves.
func (h *handler) Execute(_ []string, asks <-chan svc.ChangeRequest, tell chan<- svc.Status) (bool, uint32) {
	now := svc.Status{State: svc.StartPending, WaitHint: waitHint}
	tell <- now
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	ready, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		ended <- h.program(ctx, func() {
			select {
			case ready <- struct{}{}:
			default: // told already
			}
		})
	}()
	beat := time.NewTicker(pulse)
	defer beat.Stop()
	for {
		select {
		case <-ready:
			if now.State != svc.StartPending {
				continue
			}
			now = svc.Status{State: svc.Running, Accepts: accepted}
			tell <- now
			h.events.started()
		case h.err = <-ended:
			return h.ended(ctx)
		case <-beat.C:
			if now.State != svc.Running {
				now.CheckPoint++
				tell <- now
			}
		case ask := <-asks:
			switch ask.Cmd {
			case svc.Interrogate:
				tell <- now
			case svc.Stop, svc.PreShutdown, svc.Shutdown:
				now = svc.Status{State: svc.StopPending, WaitHint: waitHint}
				tell <- now
				cancel()
			}
		}
	}
}

// ended tells the manager how it ended. An end nobody asked for has to look
// like a failure, or the manager's restart does not come.
func (h *handler) ended(ctx context.Context) (bool, uint32) {
	switch {
	case ctx.Err() != nil:
		h.events.stopped()
		return false, 0
	case errors.Is(h.err, ErrRestart):
		h.events.restarts()
	default:
		h.events.failed(h.err)
	}
	return true, 1
}
