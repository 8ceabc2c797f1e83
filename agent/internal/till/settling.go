package till

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/settle"
	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// doubt takes an effect that ended with an error. Whatever the driver claims,
// the device is asked first: a refused receipt may still stand open in it.
func (t *Till) doubt(ctx context.Context, p *pending, err error) {
	var e *drivers.Error
	if !errors.As(err, &e) {
		e = &drivers.Error{Op: "effect", Code: drivers.CodeLink, Outcome: fiscal.Unknown, Err: err}
	}
	p.claim = e
	t.tellError(eventError, e)
	t.log.Warn("doubtful", "till", t.name, "op", p.rec.GetOperation().GetKey(), "outcome", e.Outcome.String(), "err", err.Error())
	t.stayOpen(p, nil)
	t.journal.Amend(p.rec)
	t.trySettle(ctx)
}

// trySettle asks the device and does what package settle says, until there is
// a verdict, the device stops answering or nothing changes any more.
func (t *Till) trySettle(ctx context.Context) {
	p := t.open
	t.tries++
	ctx, cancel := context.WithTimeout(ctx, effectLimit)
	defer cancel()
	a := asked(p.rec)
	pending := t.takePending()
	var docs []fiscal.Document
	const rounds = 12 // read, scan, cancel, read again: four are enough when nobody interferes
	for range rounds {
		f, err := t.facts(ctx, docs, pending)
		if err != nil {
			t.unreadable(ctx, p, err)
			return
		}
		v := settle.Decide(a, f)
		t.tellVerdict(v)
		if len(v.Foreign) > 0 {
			t.foreign = v.Foreign[len(v.Foreign)-1]
		}
		switch v.Next {
		case settle.Wait:
			if !pause(ctx, settleFirst) {
				return
			}
		case settle.ReadDocuments:
			if docs, err = t.documents(ctx, v.From, v.To, a.Marker != ""); err != nil {
				t.unreadable(ctx, p, err)
				return
			}
		case settle.CancelOpen:
			if done := t.cancelOpen(ctx, p, v); done {
				return
			}
		case settle.Adopt:
			p.rec.GetOperation().Evidence = v.Evidence
			if f.Open == drivers.OpenReceipt || f.Open == drivers.OpenFNDocument {
				// The power went between the fiscal memory and the till's own: the
				// receipt is fiscal and still stands open. Closing it again would
				// make it twice; it is cancelled before anything else begins.
				t.oweCancel(p)
			}
			t.adopt(ctx, p, v.Document)
			return
		case settle.Refuse:
			t.notDone(ctx, p, v, false)
			return
		case settle.Person:
			t.needPerson(p, v)
			return
		}
	}
}

// facts reads what settle needs. docs are kept from an earlier round: what is
// in the archive does not change.
func (t *Till) facts(ctx context.Context, docs []fiscal.Document, lost *fiscal.Document) (settle.Facts, error) {
	// Another fiscal memory in the same till is a fact for package settle; another
	// till says nothing about the operation, and ours may yet be found.
	other := t.refresh(ctx)
	if other != nil && (t.stranger == nil || t.stranger.code != health.CodeFNSwapped) {
		return settle.Facts{}, other
	}
	if other == nil {
		t.unstick(ctx)
	}
	readCtx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	now, err := t.device.Baseline(readCtx)
	if err != nil {
		return settle.Facts{}, t.fail(err)
	}
	if other != nil && now.FN == t.open.rec.GetBaseline().GetFn() {
		return settle.Facts{}, other // only a person says that this till is ours
	}
	if more := t.takePending(); more != nil {
		lost = more
	}
	return settle.Facts{
		Now: now, Open: t.status.Open, OpenTotal: t.status.OpenTotal, Busy: t.status.Paper == drivers.PaperPrinting,
		Documents: docs, Pending: lost,
	}, nil
}

func (t *Till) takePending() *fiscal.Document {
	if r, ok := t.device.(drivers.PendingReader); ok {
		if d, ok := r.TakePending(); ok {
			t.log.Info("lost answer found", "till", t.name, "fd", d.FD)
			return &d
		}
	}
	if d, ok := t.cable.TakePending(); ok {
		t.log.Info("lost answer found while looking for the till", "till", t.name, "fd", d.FD)
		return &d
	}
	return nil
}

// documents reads the archive; with the marks of receipts when they decide.
func (t *Till) documents(ctx context.Context, from, to uint32, marks bool) ([]fiscal.Document, error) {
	docs := make([]fiscal.Document, 0, to-from+1)
	for fd := from; fd <= to; fd++ {
		readCtx, cancel := context.WithTimeout(ctx, readLimit)
		d, err := t.device.Document(readCtx, fd)
		cancel()
		if err != nil {
			return nil, t.fail(err)
		}
		if m, ok := t.device.(drivers.Marker); ok && marks && d.Kind.IsReceipt() {
			readCtx, cancel := context.WithTimeout(ctx, readLimit)
			d.Marker, err = m.MarkerOf(readCtx, fd)
			cancel()
			if err != nil {
				return nil, t.fail(err)
			}
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// unreadable ends a round in which the device could not be asked. Where the
// driver has proved that the order never reached the commit, "not done" is
// already certain and the cashier need not wait; the document that may stand
// open in the device is cancelled before anything else begins.
func (t *Till) unreadable(ctx context.Context, p *pending, err error) {
	if p.claim != nil && p.claim.Outcome == fiscal.NotDone {
		t.notDone(ctx, p, settle.Verdict{Evidence: []string{"команда до кассы не дошла: " + p.claim.Error()}}, true)
		return
	}
	t.log.Info("still unknown", "till", t.name, "op", p.rec.GetOperation().GetKey(), "err", err.Error())
}

// cancelOpen cancels the dead document. It tells whether the operation has
// left the hands of settling: a device that refuses to cancel (no paper, say)
// still has proved the operation not done, and owes the cancellation.
func (t *Till) cancelOpen(ctx context.Context, p *pending, v settle.Verdict) bool {
	err := t.device.Cancel(ctx)
	if err == nil {
		return false
	}
	t.log.Warn("cancel refused", "till", t.name, "err", err.Error())
	var e *drivers.Error
	if !errors.As(err, &e) || e.Outcome != fiscal.NotDone || e.Code == drivers.CodeLink || e.Code == drivers.CodeGone {
		return true // unknown whether it was cancelled: the next round will see
	}
	t.notDone(ctx, p, v, true)
	return true
}

// notDone ends a begun operation that is proved not done. The device's own
// complaint, if it made one, is the reason the cashier reads.
func (t *Till) notDone(ctx context.Context, p *pending, v settle.Verdict, cancelOwed bool) {
	op := p.rec.GetOperation()
	problem := health.Problem{Code: settle.ReasonNotFiscalised}
	if v.Reason != "" {
		problem.Code = v.Reason
	}
	if c := p.claim; c != nil && c.Outcome == fiscal.NotDone {
		problem = health.Problem{Code: c.Code, Vendor: c.Vendor}
	}
	notDone(op, problem)
	op.Evidence = v.Evidence
	if cancelOwed && (fiscal.Kind(op.GetKind()).IsReceipt() || t.status.Open == drivers.OpenFNDocument) {
		t.oweCancel(p)
	}
	t.conclude(ctx, p)
}

// oweCancel remembers that the document open in the device is ours and dead.
func (t *Till) oweCancel(p *pending) {
	p.rec.CancelOwed = true
	t.cancelOwed = p.rec
}

// needPerson leaves the operation open for «Требуют решения».
func (t *Till) needPerson(p *pending, v settle.Verdict) {
	op := p.rec.GetOperation()
	known := t.reason == v.Reason && op.GetStage() == fiscalv1.Stage_STAGE_NEEDS_PERSON
	if known && slices.Equal(op.GetEvidence(), v.Evidence) {
		return
	}
	t.reason = v.Reason
	op.Stage, op.Outcome, op.Reason, op.Evidence = fiscalv1.Stage_STAGE_NEEDS_PERSON, fiscalv1.Outcome_OUTCOME_UNKNOWN, v.Reason, v.Evidence
	op.Candidates = nil
	for _, d := range v.Candidates {
		d.FN = p.rec.GetBaseline().GetFn()
		op.Candidates = append(op.Candidates, documentProto(d))
	}
	op.Text = health.Sentence(fiscal.Kind(op.GetKind()), fiscal.Unknown, health.Problem{Code: v.Reason})
	t.journal.Amend(p.rec)
	p.show()
	t.changed(Change{Operation: p.operation()})
	if !known {
		t.log.Error("needs a person", "till", t.name, "op", op.GetKey(), "reason", v.Reason)
	}
}

// pause waits without holding the deadline up; false when it came.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
