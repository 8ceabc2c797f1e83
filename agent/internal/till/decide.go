package till

import (
	"context"
	"errors"
	"fmt"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/settle"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Decide ends an operation that needs a person: fd is the document that is
// ours, 0 says that there is none. Of an operation that leaves no document any
// other number says that it was done. A document that cannot be ours is
// refused: ErrNotOurs.
func (f *Fleet) Decide(ctx context.Context, key string, fd uint32) (*fiscalv1.Operation, error) {
	f.mu.Lock()
	p := f.inflight[key]
	f.mu.Unlock()
	if p == nil {
		return nil, fmt.Errorf("%q: %w", key, ErrNothingToDecide)
	}
	t := f.byName[p.operation().GetTill()]
	err := t.do(ctx, func(work context.Context) error {
		if t.open != p {
			return ErrNothingToDecide
		}
		return t.decide(work, fd, "решил человек")
	})
	return p.operation(), err
}

// Resolve is Decide as an action with steps: it looks at the device once more,
// and writes the decision of the person down only if there is still something
// to decide. decider and the reason stay in the evidence.
func (f *Fleet) Resolve(ctx context.Context, id, name, decider string, d *fiscalv1.Decision, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
	t, err := f.Till(name)
	if err != nil {
		return nil, err
	}
	return t.climb(ctx, hands{t: t, id: id, decision: d, decider: decider}, fiscalv1.Action_ACTION_DECIDE, report)
}

// decide ends an operation that needed a person. by begins the line of evidence
// about it.
func (t *Till) decide(ctx context.Context, fd uint32, by string) error {
	p := t.open
	if p == nil || t.reason == "" {
		return ErrNothingToDecide
	}
	op := p.rec.GetOperation()
	if fd == 0 {
		t.notDone(ctx, p, settle.Verdict{Evidence: append(op.GetEvidence(), by+": документа нет")}, true)
		return nil
	}
	if !fiscal.Kind(op.GetKind()).IsFiscal() {
		op.Evidence = append(op.GetEvidence(), by+": выполнено")
		t.adopt(ctx, p, fiscal.Document{})
		return nil
	}
	doc, err := t.ours(ctx, p, fd)
	if err != nil {
		return err
	}
	op.Evidence = append(op.GetEvidence(), fmt.Sprintf("%s: наш документ ФД %d", by, fd))
	t.adopt(ctx, p, doc)
	return nil
}

// ours reads a document that a person calls ours, and refuses what cannot be.
func (t *Till) ours(ctx context.Context, p *pending, fd uint32) (fiscal.Document, error) {
	baseCtx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	now, err := t.device.Baseline(baseCtx)
	if err != nil {
		return fiscal.Document{}, t.fail(err)
	}
	a := asked(p.rec)
	if now.FN != a.Baseline.FN || fd > now.LastFD || fd <= a.Baseline.LastFD {
		return fiscal.Document{}, fmt.Errorf("document %d: %w", fd, ErrNotOurs)
	}
	docs, err := t.documents(ctx, fd, fd, a.Marker != "")
	if err != nil {
		return fiscal.Document{}, err
	}
	if !settle.CanBeOurs(a, docs[0]) {
		return fiscal.Document{}, fmt.Errorf("document %d: %w", fd, ErrNotOurs)
	}
	return docs[0], nil
}

func (h hands) Recheck(ctx context.Context) (string, error) {
	t, p := h.t, h.t.open
	if h.decision.GetKey() == "" {
		return "Не сказано, какую операцию решать.", ErrNothingToDecide
	}
	if p == nil || p.rec.GetOperation().GetKey() != h.decision.GetKey() {
		return "Решать нечего: эта операция человека не ждёт.", ErrNothingToDecide
	}
	t.trySettle(ctx)
	switch {
	case t.open != p:
		return "Решение не понадобилось. " + p.operation().GetText(), ErrNothingToDecide
	case t.failure != nil:
		return problemOf(t.failure).Words().Text, t.failure
	case t.reason == "":
		return p.operation().GetText(), errStillUnknown
	}
	return health.Problem{Code: t.reason}.Words().Text, nil
}

func (h hands) Decide(ctx context.Context) (string, error) {
	p := h.t.open
	by := "решил " + h.decider
	if why := h.decision.GetReason(); why != "" {
		by += " («" + why + "»)"
	}
	err := h.t.decide(ctx, h.decision.GetFd(), by)
	switch {
	case errors.Is(err, ErrNothingToDecide):
		return "Решать нечего: эта операция человека не ждёт.", err
	case errors.Is(err, ErrNotOurs):
		return fmt.Sprintf("Документ ФД %d не может быть нашим: решение не записано.", h.decision.GetFd()), err
	case err != nil:
		return problemOf(err).Words().Text, err
	case h.t.open == p:
		return "Решение не удалось записать в журнал: " + p.operation().GetText(), errStillUnknown
	}
	return p.operation().GetText(), nil
}
