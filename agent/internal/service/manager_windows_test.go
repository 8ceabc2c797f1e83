package service

import (
	"context"
	"errors"
	"testing"

	"golang.org/x/sys/windows/svc"
)

// manage plays the service manager to a program.
func manage(t *testing.T, p Program) (asks chan<- svc.ChangeRequest, next func(svc.State) svc.Status, end func() (bool, uint32)) {
	t.Helper()
	type result struct {
		own  bool
		code uint32
	}
	requests, statuses, results := make(chan svc.ChangeRequest), make(chan svc.Status, 10), make(chan result, 1)
	h := &handler{ctx: t.Context(), program: p}
	go func() {
		own, code := h.Execute(nil, requests, statuses)
		results <- result{own, code}
	}()
	next = func(want svc.State) svc.Status {
		t.Helper()
		for s := range statuses { // those before are repeated at each pulse
			if s.State == want {
				return s
			}
			if s.State == svc.Running {
				break
			}
		}
		t.Fatalf("the manager was not told of state %d", want)
		return svc.Status{}
	}
	return requests, next, func() (bool, uint32) { r := <-results; return r.own, r.code }
}

func TestExecute_stopFinishes(t *testing.T) {
	stopping, finish := make(chan struct{}), make(chan struct{})
	asks, next, end := manage(t, func(ctx context.Context, ready func()) error {
		ready()
		ready() // once is enough
		<-ctx.Done()
		close(stopping)
		<-finish // the operation in progress
		return nil
	})
	next(svc.StartPending)
	if s := next(svc.Running); s.Accepts&svc.AcceptStop == 0 || s.Accepts&svc.AcceptPreShutdown == 0 {
		t.Errorf("accepts %x", s.Accepts)
	}
	asks <- svc.ChangeRequest{Cmd: svc.Stop}
	if s := next(svc.StopPending); s.WaitHint == 0 {
		t.Error("the manager does not know how long to wait")
	}
	<-stopping
	asks <- svc.ChangeRequest{Cmd: svc.Interrogate}
	next(svc.StopPending)
	close(finish)
	if own, code := end(); own || code != 0 {
		t.Errorf("ended with %v %d", own, code)
	}
}

func TestExecute_failure(t *testing.T) {
	for name, err := range map[string]error{"an error": errors.New("no disk"), "an end nobody asked for": nil, "a restart": ErrRestart} {
		t.Run(name, func(t *testing.T) {
			_, _, end := manage(t, func(_ context.Context, ready func()) error { ready(); return err })
			if own, code := end(); !own || code == 0 {
				t.Errorf("ended with %v %d: the manager would not start it again", own, code)
			}
		})
	}
}

func TestExecute_shutdown(t *testing.T) {
	asks, next, end := manage(t, func(ctx context.Context, ready func()) error { ready(); <-ctx.Done(); return nil })
	next(svc.Running)
	asks <- svc.ChangeRequest{Cmd: svc.PreShutdown}
	if own, code := end(); own || code != 0 {
		t.Errorf("ended with %v %d", own, code)
	}
}
