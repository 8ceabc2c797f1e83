package uplink

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/journal"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// runs holds the newest picture of every command that the cabinet has not
// heard: what a person watches live. Steps in between may be skipped, the end
// may not.
type runs struct {
	mu      sync.Mutex
	waiting map[string]*fiscalv1.Run
	order   []string
	acting  map[string]bool
	news    chan struct{}
	passed  chan struct{} // closed and replaced when a picture was told

	// writing is held while a picture is written down: an older one must not
	// come behind a newer.
	writing sync.Mutex
}

func (r *runs) init() {
	r.waiting, r.acting, r.news = map[string]*fiscalv1.Run{}, map[string]bool{}, make(chan struct{}, 1)
	r.passed = make(chan struct{})
}

// claim takes a command for this caller; false when another has it. It is
// claimed before the journal knows it, so that nobody can take a command that
// is just beginning for one that a restart cut off.
func (r *runs) claim(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.acting[id] {
		return false
	}
	r.acting[id] = true
	return true
}

func (r *runs) release(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.acting, id)
}

// put replaces what is waiting to be told about a command; an end stays.
func (r *runs) put(run *fiscalv1.Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := run.GetId()
	old, queued := r.waiting[id]
	if old.GetEnded() {
		return
	}
	if !queued {
		r.order = append(r.order, id)
	}
	r.waiting[id] = run
	signal(r.news)
}

// next takes the oldest picture; nil when nothing waits.
func (r *runs) next() *fiscalv1.Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.order) == 0 {
		return nil
	}
	return r.waiting[r.order[0]]
}

// told takes a picture off the list, unless a newer one has come meanwhile:
// that one goes to the end, so that no command hides another.
func (r *runs) told(run *fiscalv1.Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := run.GetId()
	r.order = r.order[1:]
	if r.waiting[id] == run {
		delete(r.waiting, id)
	} else {
		r.order = append(r.order, id)
	}
	close(r.passed)
	r.passed = make(chan struct{})
}

// newest tells whether nothing newer than a picture waits to be told.
func (r *runs) newest(run *fiscalv1.Run) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waiting[run.GetId()] == run
}

// heard waits until a picture was told, or a newer one took its place; false
// when ctx ended first.
func (r *runs) heard(ctx context.Context, run *fiscalv1.Run) bool {
	for {
		r.mu.Lock()
		waits, passed := r.waiting[run.GetId()] == run, r.passed
		r.mu.Unlock()
		if !waits {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-passed:
		}
	}
}

// runsLoop writes pictures down and tells them.
func (s *session) runsLoop(ctx context.Context) {
	var wait backoff
	for {
		run := s.runs.next()
		if run == nil {
			select {
			case <-ctx.Done():
				return
			case <-s.runs.news:
			}
			continue
		}
		if err := s.tell(ctx, run); err != nil {
			s.o.Log.Debug("run not told", "command", run.GetId(), "error", err)
			if !wait.sleep(ctx, &s.link) {
				return
			}
			continue
		}
		wait.reset()
		s.runs.told(run)
	}
}

// tell makes a picture durable, then gives it to the cabinet, then notes that
// the cabinet has the end.
func (s *session) tell(ctx context.Context, run *fiscalv1.Run) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	exec, err := s.writeDown(ctx, run)
	if err != nil || exec == nil {
		return err
	}
	told := run
	if asked(run) {
		told = proto.CloneOf(run)
		told.ConsentUntilMs += s.offset.Load() / int64(time.Millisecond)
	}
	_, err = s.rpc.ReportRun(ctx, &uplinkv1.ReportRunRequest{Run: told})
	switch connect.CodeOf(err) { //nolint:exhaustive // the other codes are worth another try
	case connect.CodeNotFound, connect.CodeInvalidArgument, connect.CodeAlreadyExists, connect.CodeFailedPrecondition:
		s.o.Log.Warn("cabinet does not want the run", "command", run.GetId(), "error", err)
	default:
		if s.note(ctx, "report run", err) != nil {
			return err
		}
	}
	if run.GetEnded() {
		exec.Reported = true
		if err := s.o.Journal.SaveExecution(ctx, exec); err != nil {
			return fmt.Errorf("write the journal: %w", err)
		}
	}
	return nil
}

// writeDown makes a picture durable and gives the execution it belongs to; nil
// when a newer picture took its place.
func (s *session) writeDown(ctx context.Context, run *fiscalv1.Run) (*journalv1.Execution, error) {
	s.runs.writing.Lock()
	defer s.runs.writing.Unlock()
	if !s.runs.newest(run) {
		return nil, nil
	}
	exec, err := s.o.Journal.Execution(run.GetId())
	if errors.Is(err, journal.ErrNotFound) {
		exec = &journalv1.Execution{Id: run.GetId(), ForgetMs: time.Now().Add(rememberFor).UnixMilli()}
	} else if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	exec.Run = run
	if asked(run) {
		// Durable since the question began. Written once more it could come behind
		// the yes, and a restart would ask, and act, again.
		return exec, nil
	}
	if err := s.o.Journal.SaveExecution(ctx, exec); err != nil {
		return nil, fmt.Errorf("write the journal: %w", err)
	}
	return exec, nil
}
