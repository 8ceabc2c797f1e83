package till

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// pending is an operation on its way: queued, begun or being settled. Its
// record belongs to the till's goroutine once taken.
type pending struct {
	rec     *journalv1.Record
	receipt fiscal.Receipt
	claim   *drivers.Error // what the driver said when the effect ended badly
	ended   chan struct{}
	insist  bool // the asker knows of an equal one

	mu      sync.Mutex
	view    *fiscalv1.Operation // what waiters are told
	taken   bool
	gone    bool // withdrawn before it was taken
	waiters int
}

func newPending(rec *journalv1.Record, r fiscal.Receipt) *pending {
	p := &pending{rec: rec, receipt: r, ended: make(chan struct{})}
	p.show()
	return p
}

// show makes the record visible to waiters.
func (p *pending) show() {
	v := proto.CloneOf(p.rec.GetOperation())
	p.mu.Lock()
	p.view = v
	p.mu.Unlock()
}

func (p *pending) operation() *fiscalv1.Operation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.view
}

// take makes the operation the goroutine's; false when everybody who waited
// for it has left.
func (p *pending) take() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken = !p.gone
	return p.taken
}

// join counts a waiter; false when the operation has been withdrawn already.
func (p *pending) join() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return false
	}
	p.waiters++
	return true
}

// leave counts a waiter off. The last one to leave an operation that has not
// begun withdraws it: what nobody waits for is never sold behind their back.
func (p *pending) leave() (withdrawn bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiters--
	if p.waiters == 0 && !p.taken {
		p.gone = true
	}
	return p.gone
}

// perform does one operation from the first reading to the durable outcome, or
// leaves it open for settling.
func (t *Till) perform(ctx context.Context, p *pending) {
	if !p.take() {
		t.settled(p)
		return
	}
	// Whoever watches must not take the end of the operation before for the
	// end of this one.
	t.changed(Change{Operation: p.operation()})
	t.tell(eventBegin, p.rec.GetOperation(), t.circumstances())
	if t.open != nil {
		t.trySettle(ctx)
	}
	if t.open != nil {
		code := health.CodeUnfinished
		if t.reason != "" {
			code = health.CodeNeedsPerson
		}
		t.refuse(ctx, p, health.Problem{Code: code})
		return
	}
	kind := fiscal.Kind(p.rec.GetOperation().GetKind())
	if problem := t.prepare(ctx, kind); problem.Code != "" {
		t.refuse(ctx, p, problem)
		return
	}
	baseCtx, cancel := context.WithTimeout(ctx, readLimit)
	base, err := t.device.Baseline(baseCtx)
	cancel()
	if err != nil {
		t.refuse(ctx, p, problemOf(t.fail(err)))
		return
	}
	if t.otherFN(base.FN) {
		t.identified = false
		t.refuse(ctx, p, problemOf(cmp.Or(t.refresh(ctx), errOtherFN)))
		return
	}
	problem, err := t.orphan(ctx, p, base)
	if err != nil {
		problem = problemOf(err)
	}
	if problem.Code != "" {
		t.refuse(ctx, p, problem)
		return
	}
	op := p.rec.GetOperation()
	p.rec.Baseline, p.rec.Begun, p.rec.Serial = baselineProto(base), true, t.identity.Serial
	if _, ok := t.device.(drivers.Marker); ok && t.marks && kind.IsReceipt() {
		p.rec.Marker = markerOf(op)
		p.receipt.Marker = p.rec.GetMarker()
	}
	op.Stage, op.Outcome = fiscalv1.Stage_STAGE_INTENT, fiscalv1.Outcome_OUTCOME_UNKNOWN
	op.Text = health.Sentence(kind, fiscal.Unknown, health.Problem{})
	if err := t.journal.Intend(ctx, p.rec); err != nil {
		t.log.Error("intent not written", "till", t.name, "op", op.GetKey(), "err", err.Error())
		t.turnAway(p, problemOfJournal(err))
		return
	}
	t.open, t.reason, t.tries = p, "", 0
	p.show()
	doc, err := t.effect(ctx, p, kind)
	switch {
	case err != nil:
		t.doubt(ctx, p, err)
	case kind.IsFiscal() && doc.FD != base.LastFD+1:
		// An answer whose number did not follow the baseline is a stale answer
		// of the wire, or somebody else was quicker: the fiscal memory decides.
		t.doubt(ctx, p, &drivers.Error{Op: "answer", Code: drivers.CodeLink, Outcome: fiscal.Unknown})
	default:
		t.tell(eventAnswer, op, fmt.Sprintf("fd=%d", doc.FD))
		t.adopt(ctx, p, doc)
	}
}

// prepare reads the device and clears what may be cleared without a person.
// The problem, if any, is what stands in the way of the kind.
func (t *Till) prepare(ctx context.Context, kind fiscal.Kind) health.Problem {
	if err := t.refresh(ctx); err != nil {
		return problemOf(err)
	}
	t.tidy(ctx)
	if t.failure != nil {
		return problemOf(t.failure)
	}
	s := t.status
	code := ""
	unregistered := s.Mode == drivers.ModeUnregistered
	switch {
	case unregistered && kind.IsFiscal() && kind != fiscal.Register && kind != fiscal.Reregister:
		code = drivers.CodeNotRegistered
	case kind == fiscal.Register && !unregistered && s.Mode != drivers.ModeBlocked:
		code = drivers.CodeRegistered
	case s.Mode == drivers.ModeBlocked:
		code = drivers.CodeFNBlocked
	case s.Mode == drivers.ModeStuck:
		code = drivers.CodeStuck
	case s.Mode == drivers.ModeClock:
		code = drivers.CodeClock
	case s.Paper == drivers.PaperOut:
		code = drivers.CodeNoPaper
	case s.Paper == drivers.PaperCover:
		code = drivers.CodeCoverOpen
	case s.Paper == drivers.PaperContinue:
		code = drivers.CodeContinue
	case s.Paper == drivers.PaperAbsent:
		code = drivers.CodePrinter
	case s.Open == drivers.OpenReceipt, s.Open == drivers.OpenFNDocument:
		code = drivers.CodeOpenDocument
	case kind == fiscal.OpenShift && s.ShiftOpen:
		code = drivers.CodeShiftOpen
	case kind == fiscal.CloseShift && !s.ShiftOpen, kind.IsReceipt() && !s.ShiftOpen:
		code = drivers.CodeShiftClosed
	case kind >= fiscal.Settlement && s.ShiftOpen:
		code = drivers.CodeShiftOpen
	case kind.IsReceipt() && s.Mode == drivers.ModeShiftExpired:
		code = drivers.CodeShiftExpired
	}
	return health.Problem{Code: code}
}

// effect asks the device, once.
func (t *Till) effect(ctx context.Context, p *pending, kind fiscal.Kind) (fiscal.Document, error) {
	ctx, cancel := context.WithTimeout(ctx, effectLimit)
	defer cancel()
	op := p.rec.GetOperation()
	switch kind {
	case fiscal.Sale, fiscal.SaleReturn, fiscal.Purchase, fiscal.PurchaseReturn:
		return t.device.Register(ctx, p.receipt)
	case fiscal.OpenShift:
		return t.device.OpenShift(ctx, cashierOf(op))
	case fiscal.CloseShift:
		return t.device.CloseShift(ctx, cashierOf(op))
	case fiscal.Settlement:
		return t.device.Settlement(ctx)
	case fiscal.CashIn:
		return fiscal.Document{}, t.device.CashIn(ctx, fiscal.Money(op.GetAmount()))
	case fiscal.CashOut:
		return fiscal.Document{}, t.device.CashOut(ctx, fiscal.Money(op.GetAmount()))
	case fiscal.XReport:
		return fiscal.Document{}, t.device.XReport(ctx)
	case fiscal.Register, fiscal.Reregister, fiscal.CloseArchive:
		r, ok := t.device.(drivers.Registrar)
		if !ok {
			break
		}
		if kind == fiscal.CloseArchive {
			return r.CloseArchive(ctx, cashierOf(op))
		}
		body, _ := registrationOf(op) // was checked when accepted
		return r.RegisterTill(ctx, body, kind == fiscal.Reregister)
	case fiscal.KindNone:
	}
	return fiscal.Document{}, &drivers.Error{Op: kind.String(), Code: drivers.CodeUnsupported, Outcome: fiscal.NotDone}
}

// adopt ends an operation as done.
func (t *Till) adopt(ctx context.Context, p *pending, doc fiscal.Document) {
	op := p.rec.GetOperation()
	kind := fiscal.Kind(op.GetKind())
	if kind.IsFiscal() {
		op.Document = documentProto(t.complete(ctx, p, doc))
	}
	op.Stage, op.Outcome = fiscalv1.Stage_STAGE_ENDED, fiscalv1.Outcome_OUTCOME_DONE
	op.Reason, op.Text = "", health.Sentence(kind, fiscal.Done, health.Problem{})
	if kind.IsReceipt() {
		op.Change = int64(p.receipt.Change())
	}
	if kind == fiscal.CloseArchive {
		t.retire() // before anybody hears of it, and before a power cut after which nobody would do it
	}
	t.conclude(ctx, p)
	if t.paper != nil && t.paper != p.rec {
		// A till prints one thing after another: the one before is out.
		t.setPaper(fiscalv1.PaperTrack_PAPER_TRACK_PRINTED)
	}
	t.paper = p.rec
	if t.orphans != nil {
		t.orphans.known[op.GetDocument().GetFd()] = true
	}
	if kind.IsFiscal() && op.GetDocument().GetAt() == "" {
		t.timeless = p
	}
	if kind == fiscal.Register || kind == fiscal.Reregister {
		t.identified, t.registered = false, true // what the till is registered with has changed
	}
	t.log.Info("done", "till", t.name, "op", op.GetKey(), "kind", kind.String(), "fd", op.GetDocument().GetFd())
}

// complete fills in what the committing answer did not tell: the archive gives
// the time, the baseline the shift and the receipt's number in it.
func (t *Till) complete(ctx context.Context, p *pending, doc fiscal.Document) fiscal.Document {
	base := baselineOf(p.rec.GetBaseline())
	kind := fiscal.Kind(p.rec.GetOperation().GetKind())
	doc.FN = base.FN
	if doc.At.IsZero() || doc.Type == 0 {
		readCtx, cancel := context.WithTimeout(ctx, readLimit)
		if d, err := t.device.Document(readCtx, doc.FD); err == nil && d.FP == doc.FP {
			doc = d
			doc.FN = base.FN
		}
		cancel()
	}
	if doc.Shift == 0 {
		doc.Shift = base.Shift
		if kind == fiscal.OpenShift {
			doc.Shift++
		}
	}
	if kind.IsReceipt() {
		doc.Kind, doc.Total = kind, p.receipt.Total()
		if doc.Receipt == 0 {
			doc.Receipt = base.Receipt + doc.FD - base.LastFD
		}
	}
	return doc
}

// dateLast asks the archive again for the time of a document whose committing
// answer did not tell it and whose proof could not be read then. Without the
// time there is no QR code.
func (t *Till) dateLast(ctx context.Context) {
	p := t.timeless
	if p == nil {
		return
	}
	op := p.rec.GetOperation()
	doc := t.complete(ctx, p, fiscal.Document{FD: op.GetDocument().GetFd(), FP: op.GetDocument().GetFp()})
	if doc.At.IsZero() {
		return
	}
	t.timeless = nil
	op.Document = documentProto(doc)
	t.journal.Amend(p.rec)
	t.changed(Change{Operation: proto.CloneOf(op)})
}

// refuse ends an operation that never reached the device.
func (t *Till) refuse(ctx context.Context, p *pending, problem health.Problem) {
	notDone(p.rec.GetOperation(), problem)
	t.conclude(ctx, p)
}

// turnAway answers "not done" without a trace: the journal itself is in the way.
func (t *Till) turnAway(p *pending, problem health.Problem) {
	notDone(p.rec.GetOperation(), problem)
	t.tellEnd(p.rec.GetOperation())
	p.show()
	t.settled(p)
	close(p.ended)
	t.changed(Change{Operation: p.operation()})
}

func notDone(op *fiscalv1.Operation, problem health.Problem) {
	op.Stage, op.Outcome = fiscalv1.Stage_STAGE_ENDED, fiscalv1.Outcome_OUTCOME_NOT_DONE
	op.Reason = problem.Code
	op.Text = health.Sentence(fiscal.Kind(op.GetKind()), fiscal.NotDone, problem)
}

// conclude makes the end durable before anyone hears of it. When the journal
// refuses, the answer stays "unknown": the settling of the next start, or of
// the next tick, will find the same verdict in the fiscal memory.
func (t *Till) conclude(ctx context.Context, p *pending) {
	op := p.rec.GetOperation()
	op.EndedMs, op.Candidates = time.Now().UnixMilli(), nil // nobody chooses any more
	// The device's time may be over; the journal has its own.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalLimit)
	defer cancel()
	if err := t.journal.Conclude(ctx, p.rec); err != nil {
		t.log.Error("outcome not written", "till", t.name, "op", op.GetKey(), "err", err.Error())
		t.tell(eventUnwritten, op, "")
		if !p.rec.GetBegun() {
			t.turnAway(p, problemOfJournal(err))
			return
		}
		t.open = p
		t.stayOpen(p, nil)
		return
	}
	if t.open == p { // another one, refused meanwhile, leaves it open
		t.open, t.reason, t.tries = nil, "", 0
	}
	t.tellEnd(op)
	p.show()
	t.settled(p)
	close(p.ended)
	t.changed(Change{Operation: p.operation()})
}

// stayOpen puts an operation whose end could not be written back to unknown.
func (t *Till) stayOpen(p *pending, evidence []string) {
	op := p.rec.GetOperation()
	op.Stage, op.Outcome, op.EndedMs = fiscalv1.Stage_STAGE_SETTLING, fiscalv1.Outcome_OUTCOME_UNKNOWN, 0
	op.Reason, op.Evidence = health.CodeUnfinished, evidence
	op.Text = health.Sentence(fiscal.Kind(op.GetKind()), fiscal.Unknown, health.Problem{Code: health.CodeUnfinished})
	p.show()
	t.changed(Change{Operation: p.operation()})
}

// errOtherFN says that the fiscal memory changed its number in the middle.
var errOtherFN = errors.New("the number of the fiscal memory changed between two readings")

func problemOf(err error) health.Problem {
	var s *stranger
	if errors.As(err, &s) {
		return s.problem()
	}
	var e *drivers.Error
	if errors.As(err, &e) {
		return health.Problem{Code: e.Code, Vendor: e.Vendor}
	}
	return health.Problem{Code: drivers.CodeLink}
}

func problemOfJournal(err error) health.Problem {
	if errors.Is(err, journal.ErrFull) {
		return health.Problem{Code: health.CodeJournalFull}
	}
	return health.Problem{Code: health.CodeJournal, Args: map[string]string{"what": err.Error()}}
}
