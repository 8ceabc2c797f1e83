package uplink

import (
	"context"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	// stateEvery says "still here" when nothing changes.
	stateEvery = time.Minute
	// stateGap keeps a till that flutters from flooding the line.
	stateGap = time.Second
)

// stateLoop reports the newest state of the tills. What could not be reported
// is not kept: only the newest matters.
func (s *session) stateLoop(ctx context.Context) {
	var wait backoff
	for {
		if err := s.reportState(ctx); err != nil {
			if !wait.sleep(ctx, &s.link) {
				return
			}
			continue
		}
		wait.reset()
		if !pause(ctx, stateGap, nil) || !pause(ctx, stateEvery-stateGap, s.stateChanged) {
			return
		}
	}
}

// byCabinet puts the times of a search by the cabinet's clock, as far as we know
// it.
func (s *session) byCabinet(search *fiscalv1.Search) {
	offset := s.offset.Load() / int64(time.Millisecond)
	if search != nil {
		search.BeganMs += offset
	}
	if search.GetEndedMs() != 0 {
		search.EndedMs += offset
	}
}

func (s *session) reportState(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	waiting, _ := s.o.Journal.Backlog()
	problems := s.Problems()
	if s.o.Problems != nil {
		problems = append(problems, s.o.Problems()...)
	}
	report := &uplinkv1.ReportStateRequest{Tills: s.o.Tills.States(), Problems: problems, Outbox: waiting}
	if s.o.Settings != nil {
		report.Settings = s.o.Settings()
	}
	if s.o.Finds != nil {
		report.Search, report.Strangers = s.o.Finds()
		s.byCabinet(report.GetSearch())
	}
	_, err := s.rpc.ReportState(ctx, report)
	return s.note(ctx, "report state", err)
}
