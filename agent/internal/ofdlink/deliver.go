package ofdlink

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/ofd"
)

// worker delivers one till's documents, on a goroutine of its own.
type worker struct {
	link *Link
	till string
	log  *slog.Logger
	wake chan struct{} // begin the next attempt now
	news chan struct{} // there is a document
	line *line         // open while the queue has documents

	mu    sync.Mutex
	state State
}

// errNoRelay ends a worker whose till delivers by itself.
var errNoRelay = errors.New("the till has no messages to carry")

func (w *worker) run(ctx context.Context) {
	defer w.hangUp()
	w.update(func(*State) {}) // that it is ours to deliver shows before the till answers
	for {
		err := w.round(ctx)
		switch {
		case ctx.Err() != nil, errors.Is(err, errNoRelay):
			return
		}
		news := w.news
		if err != nil {
			news = nil // a document more does not mend what is broken
		}
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-news:
		case <-time.After(w.settled(err)):
		}
	}
}

// settled notes how a round ended and says how long to wait for the next.
func (w *worker) settled(err error) (wait time.Duration) {
	opts := w.link.opts
	w.update(func(s *State) {
		s.Rounds++
		if err == nil {
			if s.Failures > 0 {
				w.log.Info("delivery to the operator works again", "failures", s.Failures)
			}
			s.Failure, s.Failures, s.NextTry, wait = nil, 0, time.Time{}, opts.Poll
			return
		}
		s.Failures++
		wait = backoff(opts.Retry, opts.RetryMax, s.Failures)
		var f *Failure
		if !errors.As(err, &f) {
			f = &Failure{Kind: KindTill, Err: err}
		}
		if s.Failure == nil || s.Failure.Kind != f.Kind {
			w.log.Warn("delivery to the operator fails", "kind", string(f.Kind), "error", f.Error())
		}
		s.Failure, s.FailedAt, s.NextTry = f, time.Now(), time.Now().Add(wait)
	})
	return wait
}

// backoff is the wait after n failures in a row: doubling, with a quarter of
// jitter either way, so that a hundred shops do not fall upon an operator that
// came back at the same second.
func backoff(first, most time.Duration, n int) time.Duration {
	d := first
	for range min(n-1, 16) {
		if d *= 2; d >= most {
			break
		}
	}
	d = min(d, most)
	return min(d*3/4+rand.N(d/2+1), retryLimit) //nolint:gosec // jitter is no secret
}

// round delivers until the queue is empty or something fails.
func (w *worker) round(ctx context.Context) error {
	q, address, err := w.look(ctx)
	if err != nil {
		return err
	}
	if q.Count == 0 {
		w.hangUp()
		return nil
	}
	if q.Waiting {
		// Taken by somebody who is gone: this program before its death.
		w.drop(ctx)
	}
	delivered := 0
	for ctx.Err() == nil {
		more, err := w.deliver(ctx, address)
		if err != nil {
			w.hangUp()
			return err
		}
		if !more {
			break
		}
		delivered++
	}
	w.hangUp()
	if q, _, err = w.look(ctx); err != nil {
		return err
	}
	if delivered == 0 && q.Count > 0 && !q.Waiting {
		return &Failure{Kind: KindOwnLink, Err: drivers.ErrNoMessage}
	}
	return nil
}

// look reads the queue and, when there is one, where it is to go.
func (w *worker) look(ctx context.Context) (q drivers.OFDQueue, address string, err error) {
	type sight struct {
		relay     bool
		queue     drivers.OFDQueue
		inn, told string
	}
	curious := w.snapshot().Address == ""
	seen, err := borrow(ctx, w, func(ctx context.Context, r drivers.Relay) (s sight, err error) {
		if s.relay = r != nil; !s.relay {
			return s, nil
		}
		if s.queue, err = r.OFDQueue(ctx); err != nil {
			return s, err
		}
		switch {
		case s.queue.Count > 0:
			s.inn, s.told, err = operatorOf(ctx, r)
		case curious: // so that the way can be tried before the first document
			s.inn, s.told, _ = operatorOf(ctx, r)
		}
		return s, err
	})
	if err != nil {
		return drivers.OFDQueue{}, "", tillFailure(err)
	}
	q = seen.queue
	w.update(func(s *State) {
		s.NoRelay, s.Queue, s.FirstFD, s.Since = !seen.relay, q.Count, q.FirstFD, q.First
	})
	if !seen.relay {
		return q, "", errNoRelay
	}
	if q.Count == 0 {
		if seen.inn+seen.told != "" {
			_, _, _ = w.where(q, seen.inn, seen.told)
		}
		return q, "", nil
	}
	return w.where(q, seen.inn, seen.told)
}

// operatorOf asks a relay where its documents go.
func operatorOf(ctx context.Context, r drivers.Relay) (inn, address string, err error) {
	switch r := r.(type) {
	case OperatorTeller:
		return r.OFDOperator(ctx)
	case drivers.Registrar:
		reg, err := r.Registration(ctx)
		return reg.OFDINN, "", err
	}
	return "", "", nil
}

// where decides the address: the configured one, the one of the operator the
// till is registered with, the one that stands in the till's own settings.
func (w *worker) where(q drivers.OFDQueue, inn, told string) (drivers.OFDQueue, string, error) {
	d := w.link.opts.Directory
	operator, known := d.ByINN(inn)
	address := w.snapshot().Setting
	if address == Auto {
		if address = operator.Address; !known {
			address = told
		}
	}
	address = d.Redirected(address)
	name := operator.Name
	if by := d.byAddress(address); by != "" {
		name = by
	}
	w.update(func(s *State) { s.INN, s.Operator, s.Address = inn, name, address })
	if address == "" {
		return q, "", &Failure{Kind: KindNoOperator, Address: inn, Err: errors.New("not in the directory")}
	}
	return q, address, nil
}

// deliver carries one document; more is false when there is none.
func (w *worker) deliver(ctx context.Context, address string) (more bool, err error) {
	// The line comes first: a message taken without one would only make the
	// fiscal memory wait.
	if err := w.connect(ctx, address); err != nil {
		return false, err
	}
	m, err := borrow(ctx, w, func(ctx context.Context, r drivers.Relay) (drivers.OFDMessage, error) { return r.TakeMessage(ctx) })
	if errors.Is(err, drivers.ErrNoMessage) {
		return false, nil
	}
	if err != nil {
		w.drop(ctx)
		return false, tillFailure(err)
	}
	w.update(func(s *State) { s.FN, s.Sent = m.FN, m.FD })
	defer w.update(func(s *State) { s.Sent = 0 })
	answer, ack, readable, err := w.ask(ctx, address, m)
	if err != nil {
		w.drop(ctx)
		return false, err
	}
	err = w.lend(ctx, func(ctx context.Context, r drivers.Relay) error { return r.GiveAnswer(ctx, answer) })
	if err != nil {
		f := tillFailure(err)
		if f.Kind == KindNotTaken {
			w.update(func(s *State) { s.NotTaken++ })
		}
		w.drop(ctx)
		return false, f
	}
	w.delivered(m, ack, readable)
	return true, nil
}

func (w *worker) connect(ctx context.Context, address string) error {
	if w.line != nil && w.line.address == address {
		return nil
	}
	w.hangUp()
	l, err := w.link.opts.dial(ctx, address)
	if err != nil {
		return err
	}
	w.line = l
	return nil
}

// ask sends the message and returns an answer that looks like one. An operator
// may close a line that has brought answers before; then the same bytes go over
// a new one at once.
func (w *worker) ask(ctx context.Context, address string, m drivers.OFDMessage) ([]byte, ofd.Acknowledgement, bool, error) {
	reused := w.line.used
	began := time.Now()
	answer, err := w.line.ask(ctx, m.Bytes, w.link.opts.AnswerWait)
	var f *Failure
	if errors.As(err, &f) && f.Kind == KindDropped && reused && ctx.Err() == nil {
		w.hangUp()
		if err := w.connect(ctx, address); err != nil {
			return nil, ofd.Acknowledgement{}, false, err
		}
		answer, err = w.line.ask(ctx, m.Bytes, w.link.opts.AnswerWait-time.Since(began))
	}
	if err != nil {
		return nil, ofd.Acknowledgement{}, false, err
	}
	ack, readable, err := judge(answer, m.FN)
	if err != nil {
		return nil, ack, false, &Failure{Kind: KindWrongAnswer, Address: address, Err: err}
	}
	return answer, ack, readable, nil
}

func (w *worker) delivered(m drivers.OFDMessage, ack ofd.Acknowledgement, readable bool) {
	w.update(func(s *State) {
		s.Delivered++
		s.LastFD, s.LastSuccess = m.FD, time.Now()
		if s.Queue > 0 {
			s.Queue--
		}
		s.FirstFD = 0
		if s.Queue > 0 {
			s.FirstFD = m.FD + 1
		}
		if !readable {
			return
		}
		if ack.Code != ofd.CodeAccepted {
			s.Refused++
			s.RefusedFD, s.RefusedAt = m.FD, time.Now()
			w.log.Warn("the operator calls a document malformed", "fd", m.FD, "code", ack.Code)
		}
		if ack.Notice != 0 && ack.Notice != s.Notice {
			w.log.Warn("the operator has something to say", "fd", m.FD, "notice", ack.Notice.Words())
		}
		s.Notice = ack.Notice
	})
}

// drop tells the fiscal memory that the line is gone. When that fails too, the
// next round finds the memory waiting and tells it then.
func (w *worker) drop(ctx context.Context) {
	w.hangUp()
	if ctx.Err() != nil {
		return
	}
	err := w.lend(ctx, func(ctx context.Context, r drivers.Relay) error { return r.DropMessage(ctx) })
	if err != nil {
		w.log.Warn("the till was not told that the line is gone", "error", err)
	}
}

func (w *worker) hangUp() {
	w.line.close()
	w.line = nil
}

func (w *worker) lend(ctx context.Context, do func(context.Context, drivers.Relay) error) error {
	return w.link.opts.Tills.Relay(ctx, w.till, do)
}

// borrow is lend for what has something to tell: nothing, when the worker stopped
// waiting. It must not share what the till's goroutine writes later.
func borrow[T any](ctx context.Context, w *worker, do func(context.Context, drivers.Relay) (T, error)) (T, error) {
	told := make(chan T, 1)
	err := w.lend(ctx, func(ctx context.Context, r drivers.Relay) error {
		v, err := do(ctx, r)
		told <- v
		return err
	})
	select {
	case v := <-told:
		return v, err
	default:
		var nothing T
		return nothing, err
	}
}

func (w *worker) update(change func(*State)) {
	w.mu.Lock()
	change(&w.state)
	now := w.state
	w.mu.Unlock()
	if w.link.opts.Changed != nil {
		w.link.opts.Changed(now)
	}
}

func (w *worker) snapshot() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}
