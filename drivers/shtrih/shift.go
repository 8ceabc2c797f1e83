package shtrih

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

// OpenShift implements drivers.Till.
func (t *Till) OpenShift(ctx context.Context, by fiscal.Cashier) (fiscal.Document, error) {
	const op = "open shift"
	if err := t.readyIn(ctx, op, shiftClosed); err != nil {
		return fiscal.Document{}, err
	}
	return t.shiftDocument(ctx, op, by, fiscal.DocShiftOpened,
		shtrih.BeginOpenShift{Password: t.opts.Password}, shtrih.OpenShift{Password: t.opts.Password})
}

// CloseShift implements drivers.Till.
func (t *Till) CloseShift(ctx context.Context, by fiscal.Cashier) (fiscal.Document, error) {
	const op = "close shift"
	if err := t.readyIn(ctx, op, shiftExpired); err != nil {
		return fiscal.Document{}, err
	}
	return t.shiftDocument(ctx, op, by, fiscal.DocShiftClosed,
		shtrih.BeginCloseShift{Password: t.opts.Password}, shtrih.CloseShift{Password: t.opts.Password})
}

// shiftDocument names the cashier in a document of the shift and commits it.
func (t *Till) shiftDocument(ctx context.Context, op string, by fiscal.Cashier, form fiscal.DocumentType, begin, commit shtrih.Request) (fiscal.Document, error) {
	if err := t.counters(ctx); err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	tags, err := cashierTags(by)
	if err != nil {
		return fiscal.Document{}, prepared(op, notSent(err))
	}
	if len(tags) > 0 {
		if err := t.begin(ctx, begin, tags); err != nil {
			return fiscal.Document{}, prepared(op, err)
		}
	}
	if _, err := t.ask(ctx, commit); err != nil {
		if isRefusal(err) && len(tags) > 0 {
			t.cancelFN(ctx)
		}
		return fiscal.Document{}, committed(op, err)
	}
	return t.prove(ctx, op, fiscal.Document{Type: form})
}

// begin starts a document in the fiscal memory, which lets tags go into it. A
// till that knows no such command makes the document without them; a document
// somebody left half made is dropped first, it never was anything fiscal.
func (t *Till) begin(ctx context.Context, begin shtrih.Request, tags [][]byte) error {
	_, err := t.ask(ctx, begin)
	if isRefusal(err, errFNState, errInvalid) {
		t.cancelFN(ctx)
		_, err = t.ask(ctx, begin)
	}
	if isRefusal(err, errUnsupported, errNotInMode) {
		t.log.Info("the till makes this document without tags", "command", begin.Code().String())
		return nil
	}
	if err != nil {
		return err
	}
	if err := t.sendTags(ctx, tags); err != nil {
		if isRefusal(err) {
			t.cancelFN(ctx)
		}
		return err
	}
	return nil
}

// cancelFN drops a started document of the fiscal memory (FF08h). The guide
// allows it in mode 8 only; users report that it helps elsewhere too, so a
// refusal is no news.
func (t *Till) cancelFN(ctx context.Context) {
	if _, err := t.ask(ctx, shtrih.CancelFNDocument{Password: t.opts.Password}); err != nil {
		t.log.Info("fiscal memory keeps its document", "error", err.Error())
	}
}

// sendTags sends each row of tags by FF0Ch.
func (t *Till) sendTags(ctx context.Context, tags [][]byte) error {
	for _, row := range tags {
		if _, err := t.ask(ctx, shtrih.SendTLV{Password: t.opts.Password, TLV: row}); err != nil {
			return err
		}
	}
	return nil
}

// proofPatience bounds reading a document back: some tills restart after
// closing a shift (table 17 field 70) and need their time.
const (
	proofPatience = 40 * time.Second
	// shortProof is enough where the till gave number and sign itself: a buyer
	// waits, and only the time of the document is still missing.
	shortProof = 5 * time.Second
	proofPause = 500 * time.Millisecond
)

// prove reads back the document that has just been committed: the last one must
// be exactly one further than before, and in the archive it must be what was
// asked for. The till has said that it is done; if the proof cannot be had the
// outcome is Unknown and the agent settles it.
func (t *Till) prove(ctx context.Context, op string, want fiscal.Document) (fiscal.Document, error) {
	before := t.known.fd
	fnBefore, shift := t.known.fn, t.known.shift
	var got fiscal.Document
	var err error
	patience := proofPatience
	if want.FD == before+1 {
		patience = shortProof
	}
	deadline := time.Now().Add(patience)
	for {
		got, err = t.proof(ctx, want)
		var fault *linkError
		if err == nil || !errors.As(err, &fault) || ctx.Err() != nil || time.Now().After(deadline) || t.isClosed() {
			break
		}
		if pause(ctx, proofPause) != nil {
			break
		}
	}
	if err != nil {
		if want.FD == before+1 && !errors.Is(err, drivers.ErrNoDocument) && !errors.Is(err, errOdd) {
			// The till gave number and sign itself: enough to be sure, too
			// little for the time of the document.
			t.log.Warn("document not read back", "fd", want.FD, "error", err.Error())
			want.FN = fnBefore
			t.advance(want.FD, shift)
			return t.numbered(want, shift), nil
		}
		return fiscal.Document{}, failure(op, explain(op, err).Code, fiscal.Unknown, err)
	}
	if got.FN != fnBefore || got.FD != before+1 {
		return fiscal.Document{}, failure(op, drivers.CodeLink, fiscal.Unknown,
			fmt.Errorf("%w: document %d of %s after %d of %s", errOdd, got.FD, got.FN, before, fnBefore))
	}
	t.advance(got.FD, shift)
	return t.numbered(got, shift), nil
}

var errOdd = errors.New("the till contradicts itself")

// proof finds the committed document in the archive.
func (t *Till) proof(ctx context.Context, want fiscal.Document) (fiscal.Document, error) {
	fd := want.FD
	if fd == 0 {
		fn, err := t.readFN(ctx)
		if err != nil {
			return fiscal.Document{}, err
		}
		fd = fn.FD
	}
	got, err := t.find(ctx, fd)
	if err != nil {
		return fiscal.Document{}, err
	}
	if got.Type != want.Type || want.FP != 0 && got.FP != want.FP ||
		want.Kind != fiscal.KindNone && (got.Kind != want.Kind || got.Total != want.Total) {
		return fiscal.Document{}, failure("", drivers.CodeLink, fiscal.Unknown,
			fmt.Errorf("%w: asked for %v %v of %v, document %d is %v %v of %v", errOdd,
				want.Type, want.Kind, want.Total, got.FD, got.Type, got.Kind, got.Total))
	}
	return got, nil
}

// advance remembers what the new document changes.
func (t *Till) advance(fd uint32, shift *shtrih.ShiftStateAnswer) {
	t.known.fd = fd
	t.known.shift = shift
}

// numbered adds the numbers in the shift, which the archive does not tell: that
// exactly one document was added makes them certain.
func (t *Till) numbered(d fiscal.Document, shift *shtrih.ShiftStateAnswer) fiscal.Document {
	switch d.Type { //nolint:exhaustive // other documents have no number in the shift
	case fiscal.DocReceipt, fiscal.DocCorrection:
		if shift != nil {
			next := *shift
			next.Receipt++
			t.known.shift = &next
			d.Shift, d.Receipt = uint32(next.Shift), uint32(next.Receipt)
		}
	default:
		t.known.shift = nil // counted anew by the till
	}
	return d
}

// CashIn implements drivers.Till.
func (t *Till) CashIn(ctx context.Context, sum fiscal.Money) error {
	return t.cash(ctx, "cash in", sum, shtrih.CashIn{Password: t.opts.CashierPassword, Sum: sum})
}

// CashOut implements drivers.Till.
func (t *Till) CashOut(ctx context.Context, sum fiscal.Money) error {
	return t.cash(ctx, "cash out", sum, shtrih.CashOut{Password: t.opts.CashierPassword, Sum: sum})
}

func (t *Till) cash(ctx context.Context, op string, sum fiscal.Money, request shtrih.Request) error {
	if sum <= 0 || sum > fiscal.MaxMoney {
		return refuse(op, drivers.CodeRefused, "sum %v", sum)
	}
	if err := t.readyIn(ctx, op, shiftAny); err != nil {
		return err
	}
	if _, err := t.ask(ctx, request); err != nil {
		return committed(op, err)
	}
	return nil
}

// XReport implements drivers.Till.
func (t *Till) XReport(ctx context.Context) error {
	const op = "x report"
	if err := t.readyIn(ctx, op, shiftExpired); err != nil {
		return err
	}
	if _, err := t.ask(ctx, shtrih.XReport{Password: t.opts.Password}); err != nil {
		return committed(op, err)
	}
	return nil
}

// Settlement implements drivers.Till.
func (t *Till) Settlement(ctx context.Context) (fiscal.Document, error) {
	const op = "settlement report"
	if err := t.readyIn(ctx, op, shiftClosed); err != nil {
		return fiscal.Document{}, err
	}
	if err := t.counters(ctx); err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	if err := t.begin(ctx, shtrih.BeginSettlement{Password: t.opts.Password}, nil); err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	a, err := get[shtrih.SettlementAnswer](ctx, t, shtrih.Settlement{Password: t.opts.Password})
	if err != nil {
		if isRefusal(err) {
			t.cancelFN(ctx)
		}
		return fiscal.Document{}, committed(op, err)
	}
	return t.prove(ctx, op, fiscal.Document{Type: fiscal.DocSettlementReport, FD: a.FD, FP: a.FP})
}
