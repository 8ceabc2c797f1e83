package till

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/recovery"
	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// What a caller can do wrong.
var (
	// ErrNoTill: no till of that name, or no name where there are several.
	ErrNoTill = errors.New("no such till")
	// ErrConflict: the key was used for another operation; nothing was done.
	ErrConflict = errors.New("the key belongs to another operation")
	// ErrNotFound: nobody ever asked for the key, or it was never begun.
	ErrNotFound = errors.New("no operation under this key")
	// ErrNothingToDecide: the till waits for no person.
	ErrNothingToDecide = errors.New("no operation needs a decision")
	// ErrNotOurs: the document cannot be the operation's, whatever a person says.
	ErrNotOurs = errors.New("the document cannot be the one asked for")

	errStillUnknown = errors.New("still unknown")
	errNoPaper      = errors.New("printing cannot go on")
	errUnsupported  = errors.New("not supported by this till")
	errInTheWay     = errors.New("something is in the way")
)

// Config is one till of the configuration.
type Config struct {
	Name   string
	Driver string
	// AskToFinish leaves interrupted printing to a person; otherwise it is
	// finished as soon as the paper is back.
	AskToFinish bool
	// Marks puts a mark of ours into every receipt (FFD tag 1084), where the
	// driver can: then equal sales are never confused.
	Marks bool
	// Device is the driver on its wire; the till closes it.
	Device drivers.Till
	// Cable keeps whom the till is bound to and knows where it is; nil is bound to
	// the first device that answers, until the program ends.
	Cable Cable
	// Suspension is the file that keeps why nothing new is begun on the till;
	// empty keeps it until the program ends.
	Suspension string
	// Events hears what happens to operations, a line each (see events.go): the
	// black box keeps them between the bytes. May be nil.
	Events func(event string)
}

// Fleet is every till of this agent.
type Fleet struct {
	tills   []*Till
	byName  map[string]*Till
	journal Journal
	log     *slog.Logger
	hub     hub

	consents consents
	desk     Desk    // nil: nobody to call
	courier  Courier // nil: the tills carry their documents themselves

	mu       sync.Mutex
	inflight map[string]*pending // by key: accepted and not ended
	guard    guard
	quiet    quiet
	stopping bool
}

// NewFleet makes the tills and takes up what the journal left unfinished.
// Nothing is read or driven before Run.
func NewFleet(configs []Config, j Journal, log *slog.Logger) (*Fleet, error) {
	f := &Fleet{
		byName: map[string]*Till{}, journal: j, log: log, inflight: map[string]*pending{},
		guard: guard{window: DuplicateWindow, lately: map[string][]*remembered{}},
	}
	for _, c := range configs {
		if f.byName[c.Name] != nil {
			return nil, fmt.Errorf("till %q is configured twice", c.Name)
		}
		t := &Till{
			name: c.Name, driver: c.Driver, auto: !c.AskToFinish, marks: c.Marks, device: c.Device, journal: j, log: log, events: c.Events,
			cable: cableOf(c), changed: f.hub.publish, settled: f.settled, jobs: make(chan func(context.Context), queueLength),
		}
		t.lock.open(c.Suspension, log)
		b := t.cable.Bound()
		t.identity.Serial, t.identity.FN = b.Serial, b.FN
		t.publish()
		f.tills, f.byName[c.Name] = append(f.tills, t), t
	}
	unfinished, err := j.Unfinished()
	if err != nil {
		return nil, fmt.Errorf("read what was left unfinished: %w", err)
	}
	for _, rec := range unfinished {
		t := f.byName[rec.GetOperation().GetTill()]
		if t == nil {
			log.Warn("unfinished operation of a till that is not configured", "till", rec.GetOperation().GetTill(), "op", rec.GetOperation().GetKey())
			continue
		}
		f.restore(t, rec)
	}
	for _, t := range f.tills {
		if err := f.doubt(t); err != nil {
			return nil, fmt.Errorf("read the last operations: %w", err)
		}
	}
	if err := f.recall(); err != nil {
		return nil, fmt.Errorf("read the last operations: %w", err)
	}
	return f, nil
}

// recall gives the guard what was asked lately. An answer that was not noted
// as heard before the agent stopped counts as unheard.
func (f *Fleet) recall() error {
	now := time.Now()
	var lately []*journalv1.Record // newest first
	for page := ""; ; {
		recs, next, err := f.journal.List("", guardLength, page, false)
		if err != nil {
			return err
		}
		for _, rec := range recs {
			if now.Sub(time.UnixMilli(rec.GetOperation().GetAcceptedMs())) > f.guard.window {
				next = "" // older ones do not matter, and reading them all would take memory
				break
			}
			lately = append(lately, rec)
		}
		if page = next; page == "" {
			break
		}
	}
	for _, rec := range slices.Backward(lately) {
		op := rec.GetOperation()
		if !guarded(op) {
			continue
		}
		r := f.guard.remember(op.GetTill(), op.GetKey(), string(rec.GetBodyHash()), time.UnixMilli(op.GetAcceptedMs()))
		r.heard = rec.GetHeard()
		if op.GetStage() == fiscalv1.Stage_STAGE_ENDED {
			f.guard.ended(op)
		}
	}
	return nil
}

// restore gives a till back what it owed when the agent stopped.
func (f *Fleet) restore(t *Till, rec *journalv1.Record) {
	op := rec.GetOperation()
	switch {
	case op.GetStage() != fiscalv1.Stage_STAGE_ENDED:
		r, _ := receiptOf(op) // was checked when accepted
		p := newPending(rec, r)
		p.taken = true
		t.open = p
		t.tell(eventResume, op, "")
		f.inflight[op.GetKey()] = p
		t.log.Info("unfinished operation found", "till", t.name, "op", op.GetKey())
	case rec.GetCancelOwed():
		t.cancelOwed = rec
	case op.GetPaper() == fiscalv1.PaperTrack_PAPER_TRACK_OWED:
		t.paper = rec
	}
	t.publish()
}

// Run drives the tills until ctx ends, then gives operations in progress a
// grace and closes the devices.
func (f *Fleet) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var all sync.WaitGroup
	for _, t := range f.tills {
		all.Go(func() { t.run(ctx, work) })
	}
	<-ctx.Done()
	f.mu.Lock()
	f.stopping = true
	f.quiet.end() // nothing begins any more
	f.mu.Unlock()
	stopped := make(chan struct{})
	go func() { all.Wait(); close(stopped) }()
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-stopped:
	case <-grace.C:
		f.log.Warn("an operation did not end in time: it will be settled at the next start")
		cancel()
	}
	var errs []error
	for _, t := range f.tills {
		errs = append(errs, t.device.Close())
	}
	<-stopped
	return errors.Join(errs...)
}

// Till finds a till; the empty name is the only one.
func (f *Fleet) Till(name string) (*Till, error) {
	if name == "" && len(f.tills) == 1 {
		return f.tills[0], nil
	}
	if t := f.byName[name]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("%q: %w", name, ErrNoTill)
}

// State gives the till as last seen.
func (t *Till) State() *fiscalv1.TillState { return t.state.Load() }

// States gives every till as last seen.
func (f *Fleet) States() []*fiscalv1.TillState {
	out := make([]*fiscalv1.TillState, len(f.tills))
	for i, t := range f.tills {
		out[i] = t.State()
	}
	return out
}

// Watch gives changes from now on. A slow watcher misses changes and should
// read States again when Missed is set; cancel frees it.
func (f *Fleet) Watch() (changes <-chan Change, cancel func()) { return f.hub.watch() }

// settled forgets an operation that has ended.
func (f *Fleet) settled(p *pending) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := p.rec.GetOperation().GetKey()
	if f.inflight[key] == p {
		delete(f.inflight, key)
	}
	f.guard.ended(p.rec.GetOperation())
}

// heard notes that an asker has been told the end of an operation.
func (f *Fleet) heard(ctx context.Context, p *pending, op *fiscalv1.Operation) {
	if ctx.Err() != nil || op.GetStage() != fiscalv1.Stage_STAGE_ENDED {
		return // nobody listens any more, or there was nothing to hear
	}
	f.mu.Lock()
	r := f.guard.find(op.GetTill(), op.GetKey())
	told := r == nil || r.heard
	if r != nil {
		r.heard = true
	}
	f.mu.Unlock()
	if t := f.byName[op.GetTill()]; !told && p != nil {
		select { // written down with whatever is written next of it
		case t.jobs <- func(context.Context) { p.rec.Heard = true }:
		default:
		}
	}
}

// Submit asks for an operation and waits for its end, at most wait. The answer
// is done, not done, or unknown when it has not ended in time: then ask by the
// key. An error means that nothing was done: ErrNoTill, ErrConflict,
// fiscal.FieldErrors.
//
// An operation equal to one whose end nobody has heard is refused as a possible
// duplicate (Operation.DuplicateOf); see Insist.
func (f *Fleet) Submit(ctx context.Context, op *fiscalv1.Operation, wait time.Duration) (*fiscalv1.Operation, error) {
	return f.submit(ctx, op, false, wait)
}

// Insist is Submit by an asker who knows of the equal operation and means
// another one.
func (f *Fleet) Insist(ctx context.Context, op *fiscalv1.Operation, wait time.Duration) (*fiscalv1.Operation, error) {
	return f.submit(ctx, op, true, wait)
}

func (f *Fleet) submit(ctx context.Context, op *fiscalv1.Operation, insist bool, wait time.Duration) (*fiscalv1.Operation, error) {
	t, err := f.Till(op.GetTill())
	if err != nil {
		return nil, err
	}
	asked := &fiscalv1.Operation{
		Key: op.GetKey(), Till: t.name, Kind: op.GetKind(), Receipt: op.GetReceipt(), Amount: op.GetAmount(), Cashier: op.GetCashier(),
		Registration: op.GetRegistration(), Stage: fiscalv1.Stage_STAGE_ACCEPTED, Outcome: fiscalv1.Outcome_OUTCOME_UNKNOWN, AcceptedMs: time.Now().UnixMilli(),
	}
	if err := check(asked); err != nil {
		return nil, err
	}
	hash, err := bodyHash(asked)
	if err != nil {
		return nil, err
	}
	p, stored, err := f.enter(asked, hash, insist)
	if err != nil {
		return nil, err
	}
	if stored != nil {
		f.heard(ctx, nil, stored)
		return stored, nil
	}
	return f.await(ctx, p, wait), nil
}

// enter finds the operation of a key or begins a new one and queues it. stored
// is the final answer when there is one.
func (f *Fleet) enter(op *fiscalv1.Operation, hash []byte, insist bool) (p *pending, stored *fiscalv1.Operation, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.inflight[op.GetKey()]; p != nil && p.join() {
		if !bytes.Equal(p.rec.GetBodyHash(), hash) {
			p.leave()
			return nil, nil, fmt.Errorf("%q: %w", op.GetKey(), ErrConflict)
		}
		return p, nil, nil
	}
	rec, err := f.journal.Get(op.GetKey())
	switch {
	case err == nil && !bytes.Equal(rec.GetBodyHash(), hash):
		return nil, nil, fmt.Errorf("%q: %w", op.GetKey(), ErrConflict)
	case err == nil && rec.GetOperation().GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE:
		return nil, rec.GetOperation(), nil
	case err == nil:
		// Not done before: asking again is allowed and begins a new attempt.
		op.Attempt = rec.GetOperation().GetAttempt() + 1
		op.Revision, op.AcceptedMs = rec.GetOperation().GetRevision(), rec.GetOperation().GetAcceptedMs()
		rec.Operation, rec.Begun, rec.Baseline, rec.CancelOwed = op, false, nil, false
	case errors.Is(err, journal.ErrNotFound):
		rec = &journalv1.Record{Version: 1, Operation: op, BodyHash: hash}
	default:
		return nil, nil, fmt.Errorf("look the key up: %w", err)
	}
	if twin := f.guard.suspect(op.GetTill(), op.GetKey(), string(hash), time.Now()); twin != "" && guarded(op) && !insist {
		denied := f.denied(op, health.CodeDuplicate)
		denied.DuplicateOf = twin
		return nil, denied, nil
	}
	receipt, _ := receiptOf(op)
	p = newPending(rec, receipt)
	p.insist = insist
	if f.stopping {
		return nil, f.denied(op, health.CodeStopping), nil
	}
	if f.quiet.held {
		return nil, f.denied(op, health.CodeUpdating), nil
	}
	t := f.byName[op.GetTill()]
	if problem := t.lock.problem(fiscal.Kind(op.GetKind())); problem != nil {
		notDone(op, *problem)
		return nil, op, nil
	}
	p.join()
	select {
	case t.jobs <- func(ctx context.Context) { t.perform(ctx, p) }:
		f.inflight[op.GetKey()] = p
		if guarded(op) {
			f.guard.remember(t.name, op.GetKey(), string(hash), time.Now())
		}
		return p, nil, nil
	default:
		return nil, f.denied(op, drivers.CodeBusy), nil
	}
}

func (f *Fleet) denied(op *fiscalv1.Operation, code string) *fiscalv1.Operation {
	notDone(op, health.Problem{Code: code})
	return op
}

// await waits for the end of an operation it has joined.
func (f *Fleet) await(ctx context.Context, p *pending, wait time.Duration) *fiscalv1.Operation {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
	case <-ctx.Done():
	}
	if p.leave() {
		f.settled(p)
		op := p.operation()
		notDone(op, health.Problem{Code: health.CodeWithdrawn})
		return op
	}
	op := p.operation()
	f.heard(ctx, p, op)
	return op
}

// Operation gives what became of a key, waiting for its end at most wait.
func (f *Fleet) Operation(ctx context.Context, key string, wait time.Duration) (*fiscalv1.Operation, error) {
	f.mu.Lock()
	p := f.inflight[key]
	joined := p != nil && p.join()
	f.mu.Unlock()
	if joined {
		return f.await(ctx, p, wait), nil
	}
	rec, err := f.journal.Get(key)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, fmt.Errorf("%q: %w", key, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("look the key up: %w", err)
	}
	f.heard(ctx, nil, rec.GetOperation())
	return rec.GetOperation(), nil
}

// Refresh reads the device now and gives its state.
func (f *Fleet) Refresh(ctx context.Context, name string) (*fiscalv1.TillState, error) {
	t, err := f.Till(name)
	if err != nil {
		return nil, err
	}
	err = t.do(ctx, func(work context.Context) error { t.tick(work); return nil })
	return t.State(), err
}

// Plans tells the steps of every action without doing anything.
func (f *Fleet) Plans() []*fiscalv1.Run { return recovery.Plans() }

// Plan tells the steps of an action without doing anything.
func (f *Fleet) Plan(name string, action fiscalv1.Action) (*fiscalv1.Run, error) {
	t, err := f.Till(name)
	if err != nil {
		return nil, err
	}
	return recovery.Plan("", t.name, action)
}

// Act runs an action on a till, reporting its steps, and returns the finished
// run. id keys the operations the run makes, so that one id acts once.
func (f *Fleet) Act(ctx context.Context, id, name string, action fiscalv1.Action, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
	t, err := f.Till(name)
	if err != nil {
		return nil, err
	}
	if action == fiscalv1.Action_ACTION_RESEND_OFD {
		return f.resend(ctx, t, id, report)
	}
	return t.climb(ctx, hands{t: t, id: id, desk: f.desk}, action, report)
}

// climb runs an action by the hands given.
func (t *Till) climb(ctx context.Context, h hands, action fiscalv1.Action, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
	plan, err := recovery.Plan(h.id, t.name, action)
	if err != nil {
		return nil, err
	}
	return borrow(ctx, t, func(work context.Context) (*fiscalv1.Run, error) {
		if run := t.keepOff(work, plan); run != nil {
			report(run)
			return run, nil
		}
		t.recovering = true
		t.publish()
		run := recovery.Run(work, h, plan, time.Now, report)
		t.recovering = false
		return run, nil
	})
}

// borrow is do for work that has something to tell: nothing, when the caller
// stopped waiting. He must not share what is written later.
func borrow[T any](ctx context.Context, t *Till, work func(context.Context) (T, error)) (T, error) {
	told := make(chan T, 1)
	err := t.do(ctx, func(ctx context.Context) error {
		v, err := work(ctx)
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

// do runs a piece of work on the till's goroutine and waits for it; the state
// that it left is visible when do returns.
func (t *Till) do(ctx context.Context, work func(context.Context) error) error {
	done := make(chan error, 1)
	select {
	case t.jobs <- func(ctx context.Context) {
		err := work(ctx)
		t.publish() // whoever waits reads the state next
		done <- err
	}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
