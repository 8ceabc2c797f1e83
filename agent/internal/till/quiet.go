package till

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// quiet keeps the tills idle while the program ends to let another version of
// itself begin. It belongs to Fleet and is guarded by its mutex.
type quiet struct {
	held bool
	over chan struct{} // closed when it is over
}

// Quiet takes all tills while nothing is open, unknown or printing on any of
// them, and interrupts nothing: otherwise it takes none and says what is under
// way, in Russian. While the quiet lasts no till begins anything and new
// operations are refused as not done; it ends by release, or by itself when the
// tills stop. ctx bounds the look only.
func (f *Fleet) Quiet(ctx context.Context) (release func(), busy string) {
	over, busy := f.hush()
	if busy != "" {
		return nil, busy
	}
	release = sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.quiet.end()
	})
	answers, asked := make(chan string, len(f.tills)), 0
	for _, t := range f.tills {
		if !t.State().GetOnline() {
			// It is away, and nothing is open on it. Its goroutine may be at a reading
			// that lasts, which is nothing to wait for.
			continue
		}
		asked++
		if err := t.post(ctx, func(work context.Context) { t.rest(work, over, answers) }); err != nil {
			release()
			return nil, fmt.Sprintf("касса %s занята", t.name)
		}
	}
	for range asked {
		select {
		case busy := <-answers:
			if busy != "" {
				release()
				return nil, busy
			}
		case <-ctx.Done():
			release()
			return nil, "касса занята"
		}
	}
	return release, ""
}

// hush keeps new operations out, unless one is under way.
func (f *Fleet) hush() (over chan struct{}, busy string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.quiet.held || f.stopping {
		return nil, "агент останавливается"
	}
	var names []string
	for _, p := range f.inflight {
		op := p.operation()
		what := "идёт операция"
		switch op.GetStage() { //nolint:exhaustive // the others are on their way
		case fiscalv1.Stage_STAGE_SETTLING:
			what = "выясняется чек"
		case fiscalv1.Stage_STAGE_NEEDS_PERSON:
			what = "судьба чека ждёт решения человека"
		}
		names = append(names, fmt.Sprintf("на кассе %s %s", op.GetTill(), what))
	}
	for _, t := range f.tills {
		switch s := t.State(); {
		case s.GetRecovering():
			names = append(names, fmt.Sprintf("на кассе %s идёт восстановление", t.name))
		case s.GetOnline() && s.GetPaper() == fiscalv1.Paper_PAPER_PRINTING:
			names = append(names, fmt.Sprintf("на кассе %s печатается документ", t.name))
		}
	}
	if len(names) > 0 {
		slices.Sort(names) // what it says does not change while nothing does
		return nil, names[0]
	}
	f.quiet = quiet{held: true, over: make(chan struct{})}
	return f.quiet.over, ""
}

// end is called with the fleet's mutex held.
func (q *quiet) end() {
	if q.held {
		q.held = false
		close(q.over)
	}
}

// post gives the till's goroutine something to do and does not wait for it.
func (t *Till) post(ctx context.Context, job func(work context.Context)) error {
	select {
	case t.jobs <- job:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// rest looks whether the till is idle, says so, and keeps it idle until the
// quiet is over.
func (t *Till) rest(work context.Context, over <-chan struct{}, answers chan<- string) {
	select {
	case <-over: // given up meanwhile
		return
	default:
	}
	if t.paper != nil && t.paper.GetOperation().GetPaper() != fiscalv1.PaperTrack_PAPER_TRACK_OWED {
		_ = t.refresh(work) // is the last document out?
	}
	switch {
	case t.open != nil:
		answers <- fmt.Sprintf("на кассе %s выясняется чек", t.name)
		return
	case t.failure == nil && !t.read.IsZero() && t.status.Paper == drivers.PaperPrinting,
		t.failure == nil && t.paper != nil && t.paper.GetOperation().GetPaper() != fiscalv1.PaperTrack_PAPER_TRACK_OWED:
		answers <- fmt.Sprintf("на кассе %s печатается документ", t.name)
		return
	case t.cancelOwed != nil && t.failure == nil:
		answers <- fmt.Sprintf("на кассе %s отменяется незавершённый документ", t.name)
		return
	}
	answers <- ""
	select {
	case <-over:
	case <-work.Done():
	}
}
