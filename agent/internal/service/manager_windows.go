package service

import (
	"context"
	"fmt"

	"golang.org/x/sys/windows/svc"
)

// underManager speaks to the service manager of Windows while p runs.
func underManager(ctx context.Context, p Program) (done bool, err error) {
	h := &handler{ctx: ctx, program: p}
	if err := svc.Run(Name, h); err != nil {
		return true, fmt.Errorf("run under the service manager: %w", err)
	}
	return true, h.err
}

type handler struct {
	ctx     context.Context
	program Program
	err     error
}

// Execute implements svc.Handler.
func (h *handler) Execute(_ []string, asks <-chan svc.ChangeRequest, tell chan<- svc.Status) (bool, uint32) {
	tell <- svc.Status{State: svc.StartPending}
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- h.program(ctx, func() { close(ready) }) }()
	for {
		select {
		case <-ready:
			ready = nil
			tell <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
		case h.err = <-ended:
			// An end nobody asked for has to look like a failure, or the
			// manager's restart does not come.
			if ctx.Err() == nil {
				return true, 1
			}
			return false, 0
		case ask := <-asks:
			switch ask.Cmd {
			case svc.Interrogate:
				tell <- ask.CurrentStatus
			case svc.Stop, svc.Shutdown:
				tell <- svc.Status{State: svc.StopPending, WaitHint: 15_000}
				cancel()
			}
		}
	}
}
