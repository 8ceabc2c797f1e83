// Package till owns the tills: one goroutine a till serialises all work on it,
// from the first byte to the settled end. A dead till keeps only its own
// goroutine waiting.
//
// # How an operation goes
//
// [Fleet.Submit] checks what was asked and queues it. The till's goroutine
// reads the device (is anything in the way?), takes the baseline, makes the
// intent durable, lets the driver act, makes the outcome durable, answers.
// That is two durable writes; everything later (paper, operator, cabinet) is
// written beside other things.
//
// A doubtful answer leaves the operation open. Until package settle decides it
// nothing else begins on that till but the printing of what is already fiscal.
// Nothing is ever sent to the device twice; "not done" goes back to the asker.
//
// # What this package does not do
//
// It decides nothing about doubtful operations (package settle), has no words
// for people (package health) and never talks to the cabinet (package uplink).
package till

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Journal is what a till needs of package journal.
type Journal interface {
	Intend(ctx context.Context, rec *journalv1.Record) error
	Conclude(ctx context.Context, rec *journalv1.Record) error
	Amend(rec *journalv1.Record)
	Get(key string) (*journalv1.Record, error)
	Unfinished() ([]*journalv1.Record, error)
	List(till string, limit int, page string, unfinishedOnly bool) (recs []*journalv1.Record, next string, err error)
}

// Deadlines and paces. The device's own limits per command are in its driver.
const (
	readLimit     = 15 * time.Second
	effectLimit   = 3 * time.Minute // above the slowest command, E0h at 120 s (Shtrih 1.17, §10)
	journalLimit  = 15 * time.Second
	idlePace      = 5 * time.Second // also keeps a TCP till from its 60 s idle disconnect
	restlessPace  = time.Second     // something is owed, printing or just came back
	offlinePace   = 3 * time.Second
	settleFirst   = 200 * time.Millisecond
	settleSlowest = 3 * time.Second
	stopGrace     = 8 * time.Second // with the door's own two seconds, ten for the service manager
	queueLength   = 256
)

// Till is one till and the goroutine that owns it.
type Till struct {
	name    string
	driver  string
	auto    bool // finish printing by itself when paper is back
	marks   bool // put our mark into receipts
	device  drivers.Till
	journal Journal
	log     *slog.Logger
	changed func(Change)
	settled func(p *pending)
	events  func(event string)

	jobs  chan func(ctx context.Context)
	state atomic.Pointer[fiscalv1.TillState]
	lock  lock
	// finish is what a rule says of finishing the printing; nil leaves it to auto.
	finish   atomic.Pointer[bool]
	finished func(till string, began time.Time, ok bool)
	// delivery is set by whoever carries the till's documents to the operator.
	delivery atomic.Pointer[Delivery]

	// What follows belongs to the goroutine.

	identity   drivers.Identity
	identified bool
	status     drivers.Status
	read       time.Time // of status; zero when never
	failure    *drivers.Error
	open       *pending // the operation whose fate is not known
	reason     string   // why it needs a person
	tries      int      // settle attempts without a verdict
	paper      *journalv1.Record
	timeless   *pending // done, but the archive did not yet tell the document's time
	cancelOwed *journalv1.Record
	foreign    uint32
	cable      Cable
	stranger   *stranger // who answers in our place; nil when it is our till
	registered bool      // an operation of ours may just have given the till its number
	orphans    *orphans  // nil: the journal is whole
	recovering bool
	problems   health.Set
}

// Change is one thing that happened: a state or an operation.
type Change struct {
	State     *fiscalv1.TillState
	Operation *fiscalv1.Operation
}

// run is the goroutine. ctx ends the taking of new work; work outlives it by
// the grace that an operation in progress is given.
func (t *Till) run(ctx, work context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case job := <-t.jobs:
			job(work)
		case <-timer.C:
			t.tick(work)
		}
		t.publish()
		if !timer.Stop() {
			select {
			case <-timer.C:
			default:
			}
		}
		timer.Reset(t.pace())
	}
}

// pace says when to look at the device next.
func (t *Till) pace() time.Duration {
	switch {
	case t.open != nil:
		d := settleFirst << min(t.tries, 10)
		return min(d, settleSlowest)
	case t.failure != nil, t.stranger != nil:
		return offlinePace
	case t.paper != nil, t.status.Paper != drivers.PaperReady:
		return restlessPace
	}
	return idlePace
}

// tick is what the till does when nobody asks anything.
func (t *Till) tick(ctx context.Context) {
	if t.open != nil {
		t.trySettle(ctx)
		return
	}
	if t.refresh(ctx) != nil {
		return
	}
	t.dateLast(ctx)
	t.tidy(ctx)
}

// refresh reads identity, when it is not known, and status. A device that is not
// the till is an error, a *stranger, and its status is not read.
func (t *Till) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	for again := false; ; again = true {
		if !t.identified {
			id, err := t.device.Identity(ctx)
			if err != nil {
				return t.fail(err)
			}
			if err := t.meet(id); err != nil {
				return err
			}
			t.identity, t.identified = id, true
		}
		s, err := t.device.Status(ctx)
		if err != nil {
			return t.fail(err)
		}
		if !again && t.otherFN(s.FN) {
			t.identified = false // behind an adapter a till is exchanged without a sign
			continue
		}
		t.see(s)
		return nil
	}
}

// otherFN tells a number of a fiscal memory that is not the till's.
func (t *Till) otherFN(fn string) bool {
	bound := t.cable.Bound().FN
	return fn != "" && bound != "" && fn != bound
}

// see takes a status that was read.
func (t *Till) see(s drivers.Status) {
	t.status, t.read, t.failure = s, time.Now(), nil
	if t.paper == nil {
		return
	}
	switch s.Paper {
	case drivers.PaperReady:
		t.setPaper(fiscalv1.PaperTrack_PAPER_TRACK_PRINTED)
	case drivers.PaperOut, drivers.PaperCover, drivers.PaperContinue, drivers.PaperAbsent:
		t.setPaper(fiscalv1.PaperTrack_PAPER_TRACK_OWED)
	case drivers.PaperPrinting:
	}
}

// setPaper moves the paper track of the last printed document.
func (t *Till) setPaper(track fiscalv1.PaperTrack) {
	op := t.paper.GetOperation()
	if op.GetPaper() != track {
		op.Paper = track
		if track == fiscalv1.PaperTrack_PAPER_TRACK_OWED {
			op.Text = health.Sentence(fiscal.Kind(op.GetKind()), fiscal.Done, health.Problem{Code: health.CodePaperOwed})
		} else {
			op.Text = health.Sentence(fiscal.Kind(op.GetKind()), fiscal.Done, health.Problem{})
		}
		t.journal.Amend(t.paper)
		t.changed(Change{Operation: proto.CloneOf(op)})
	}
	if track != fiscalv1.PaperTrack_PAPER_TRACK_OWED {
		t.paper = nil
	}
}

// fail remembers why the device could not be read or refused, and returns err.
func (t *Till) fail(err error) error {
	var e *drivers.Error
	if !errors.As(err, &e) {
		e = &drivers.Error{Op: "read", Code: drivers.CodeLink, Err: err}
	}
	if t.failure == nil || t.failure.Code != e.Code {
		t.log.Warn("device does not answer", "till", t.name, "err", err.Error())
		t.tellError(eventDevice, e)
	}
	t.failure, t.identified = e, false
	return err
}

// tidy does what needs no person: leaves a service mode, gives back a lost
// clock, cancels our dead document, finishes printing when the configuration
// says so.
func (t *Till) tidy(ctx context.Context) {
	t.unstick(ctx)
	if t.status.Open == drivers.OpenFNDocument && t.cancelOwed == nil {
		// The till itself is in no document, so nobody is going to finish what
		// its fiscal memory holds; it would forget it at the next power-off.
		t.act(ctx, t.device.Cancel)
	}
	if t.finishes() && t.status.Paper == drivers.PaperContinue {
		began := time.Now()
		ok := t.act(ctx, t.device.FinishPrint)
		if t.finished != nil {
			t.finished(t.name, began, ok)
		}
	}
	if t.cancelOwed != nil {
		t.payCancel(ctx)
	}
}

// finishes tells whether interrupted printing goes on by itself.
func (t *Till) finishes() bool {
	if on := t.finish.Load(); on != nil {
		return *on
	}
	return t.auto
}

// unstick leaves modes in which a till answers nothing of interest. None of it
// touches a document.
func (t *Till) unstick(ctx context.Context) {
	if s, ok := t.device.(drivers.StuckLeaver); ok && t.status.Mode == drivers.ModeStuck {
		t.act(ctx, s.LeaveStuckMode)
	}
	if c, ok := t.device.(drivers.ClockSetter); ok && t.status.Mode == drivers.ModeClock {
		t.act(ctx, func(ctx context.Context) error { return c.SetClock(ctx, civil(time.Now())) })
	}
}

// payCancel cancels the open document that an operation proved not done left
// in the device.
func (t *Till) payCancel(ctx context.Context) {
	if t.status.Open == drivers.OpenReceipt || t.status.Open == drivers.OpenFNDocument {
		if t.status.Paper != drivers.PaperReady || !t.act(ctx, t.device.Cancel) || t.status.Open == drivers.OpenReceipt {
			return
		}
	}
	t.cancelOwed.CancelOwed = false
	t.journal.Amend(t.cancelOwed)
	t.cancelOwed = nil
}

// act does one harmless thing to the device and reads it anew.
func (t *Till) act(ctx context.Context, do func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, effectLimit)
	defer cancel()
	if err := do(ctx); err != nil {
		t.log.Warn("device act", "till", t.name, "err", err.Error())
		var e *drivers.Error
		if errors.As(err, &e) && (e.Code == drivers.CodeLink || e.Code == drivers.CodeGone) {
			_ = t.fail(err)
		}
		return false
	}
	return t.refresh(ctx) == nil
}

// picture is what the problems of this till are derived from.
func (t *Till) picture() health.Picture {
	p := health.Picture{
		Known: !t.read.IsZero(), Failure: t.failure, Status: t.status, FNUntil: t.identity.FNExpiry,
		Now: t.status.Clock, Foreign: t.foreign, NeedsPerson: t.reason,
		PaperOwed: t.paper.GetOperation().GetPaper() == fiscalv1.PaperTrack_PAPER_TRACK_OWED,
	}
	if t.stranger != nil && t.failure == nil {
		other := t.stranger.problem()
		p.Stranger = &other
	}
	if t.open != nil {
		p.Unfinished = t.open.rec.GetOperation().GetKey()
	}
	p.Suspended = t.lock.standing()
	if d := t.delivery.Load(); d != nil {
		p.Delivery = d.Problems
	}
	if t.status.Clock.Valid() {
		p.Skew = t.status.Clock.Sub(civil(t.read))
	}
	return p
}

// civil is the computer's own local time in the words of a till.
func civil(t time.Time) fiscal.DateTime {
	t = t.Local()
	return fiscal.DateTime{Year: t.Year(), Month: int(t.Month()), Day: t.Day(), Hour: t.Hour(), Minute: t.Minute(), Second: t.Second()}
}

// publish makes the state visible and tells watchers when it changed.
func (t *Till) publish() {
	t.problems.Update(time.Now(), health.Of(t.picture()))
	s := &fiscalv1.TillState{
		Till: t.name, Driver: t.driver, Model: t.identity.Model, Serial: t.identity.Serial, Rnm: t.identity.RNM, Inn: t.identity.INN,
		Fn: t.identity.FN, Firmware: t.identity.Firmware, Ffd: t.identity.FFD, OfdInn: t.identity.OFDINN, OfdName: t.identity.OFD, Online: t.failure == nil && t.stranger == nil && !t.read.IsZero(),
		Shift: t.status.Shift, ShiftOpen: t.status.ShiftOpen, Receipt: t.status.Receipt, LastFd: t.status.LastFD,
		Unsent: t.status.Unsent, UnsentFd: t.status.UnsentFD, FnRoom: t.status.FNRoom, Problems: t.problems.Proto(), Recovering: t.recovering, Raw: t.status.Raw,
		PaperOwed: t.paper.GetOperation().GetPaper() == fiscalv1.PaperTrack_PAPER_TRACK_OWED,
	}
	if d := t.delivery.Load(); d != nil {
		s.Delivery = d.State
	}
	if !t.read.IsZero() {
		s.ReadMs, s.Clock = t.read.UnixMilli(), t.status.Clock.String()
		s.Paper = fiscalv1.Paper(t.status.Paper) + fiscalv1.Paper_PAPER_READY
	}
	if t.status.LastAt.Valid() {
		s.LastAt = t.status.LastAt.String()
	}
	if x := t.identity.FNExpiry; x.Valid() {
		s.FnExpiry = x.String()[:len("2006-01-02")]
	}
	if x := t.status.UnsentFrom; t.status.Unsent > 0 && x.Valid() {
		s.UnsentFrom = x.String()
	}
	if t.open != nil {
		s.Unfinished = 1
	}
	s.Suspended = t.lock.state()
	if _, ok := t.device.(drivers.Copier); ok {
		s.Abilities = append(s.Abilities, "copy")
	}
	if _, ok := t.device.(drivers.ClockSetter); ok {
		s.Abilities = append(s.Abilities, "clock")
	}
	old := t.state.Swap(s)
	if !sameState(old, s) {
		t.changed(Change{State: s})
	}
}

// sameState compares what a watcher would notice: clocks always move.
func sameState(a, b *fiscalv1.TillState) bool {
	if a == nil {
		return false
	}
	a, b = proto.CloneOf(a), proto.CloneOf(b)
	for _, s := range []*fiscalv1.TillState{a, b} {
		s.ReadMs, s.Clock = 0, ""
		if d := s.GetDelivery(); d != nil { // every document moves these
			d.Delivered, d.LastSuccessMs, d.NextTryMs = 0, 0, 0
		}
	}
	return proto.Equal(a, b)
}
