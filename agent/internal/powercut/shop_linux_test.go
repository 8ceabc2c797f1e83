package powercut

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/proto/gen/pos/v1/posv1connect"
)

// asked is one operation that the shop has asked for.
type asked struct {
	op *fiscalv1.Operation
	// refused: the till has to refuse it, and nothing may come of it.
	refused bool
	// heard is the last answer that was final; nil: none.
	heard *fiscalv1.Operation
}

// ledger is the shop's own list of what it asked for and heard, kept outside
// the rig.
type ledger struct {
	mu   sync.Mutex
	list []asked
}

func (l *ledger) ask(a asked) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, a)
	return len(l.list) - 1
}

func (l *ledger) hear(i int, got *fiscalv1.Operation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list[i].heard = got
}

func (l *ledger) copy() []asked {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// errNoKey: nobody asked for the key, or it was never begun.
var errNoKey = errors.New("no such key")

// resolve is what a well-behaved shop does: ask by the key; what is not known
// or not done is submitted again under the same key; what is unknown is waited
// for.
func resolve(ctx context.Context, d door, a asked) (*fiscalv1.Operation, error) {
	var last string
	for range 12 {
		got, err := d.look(ctx, a.op.GetKey(), 5*time.Second)
		if errors.Is(err, errNoKey) || got.GetOutcome() == fiscalv1.Outcome_OUTCOME_NOT_DONE && !a.refused {
			got, err = d.submit(ctx, a.op, 5*time.Second)
		}
		if err != nil {
			return nil, err
		}
		switch got.GetOutcome() {
		case fiscalv1.Outcome_OUTCOME_DONE:
			return got, nil
		case fiscalv1.Outcome_OUTCOME_NOT_DONE:
			if a.refused {
				return got, nil
			}
			// Something in the way: a till that has just come up, a document to cancel.
			select {
			case <-time.After(200 * time.Millisecond):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		default:
		}
		last = got.GetReason() + ": " + got.GetText()
	}
	return nil, fmt.Errorf("no end in sight: %s", last)
}

// door is the agent's door for the shop's software.
type door struct{ client posv1connect.PosServiceClient }

func knock(addr string) door {
	bearer := connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			req.Header().Set("Authorization", "Bearer "+token)
			return next(ctx, req)
		}
	})
	return door{posv1connect.NewPosServiceClient(&http.Client{Transport: &http.Transport{}}, "http://"+addr, connect.WithInterceptors(bearer))}
}

func (d door) submit(ctx context.Context, op *fiscalv1.Operation, wait time.Duration) (*fiscalv1.Operation, error) {
	res, err := d.client.Submit(ctx, &posv1.SubmitRequest{
		Key: op.GetKey(), Till: op.GetTill(), Kind: op.GetKind(), Receipt: op.GetReceipt(), Amount: op.GetAmount(),
		Cashier: op.GetCashier(), WaitMs: uint32(wait.Milliseconds()),
	})
	return res.GetOperation(), err
}

func (d door) look(ctx context.Context, key string, wait time.Duration) (*fiscalv1.Operation, error) {
	res, err := d.client.GetOperation(ctx, &posv1.GetOperationRequest{Key: key, WaitMs: uint32(wait.Milliseconds())})
	if connect.CodeOf(err) == connect.CodeNotFound {
		return nil, errNoKey
	}
	return res.GetOperation(), err
}

// cashier makes up what is asked of one till. Every sum is asked for once, so
// that a document tells whose it is, and nothing looks like a possible double.
type cashier struct {
	till  string
	rng   *rand.Rand
	made  int
	shift bool
	float bool // there is change in the drawer
}

// next is the operation that comes next.
func (c *cashier) next(prefix string) asked {
	c.made++
	op := &fiscalv1.Operation{
		Key: fmt.Sprintf("%s-%s-%d", prefix, c.till, c.made), Till: c.till,
		Cashier: &fiscalv1.Cashier{Name: "Иванова", Inn: "500100732259"},
	}
	if !c.shift {
		c.shift, op.Kind = true, fiscalv1.Kind_KIND_OPEN_SHIFT
		return asked{op: op}
	}
	if !c.float {
		c.float, op.Kind, op.Amount = true, fiscalv1.Kind_KIND_CASH_IN, 5000000+int64(c.made)
		return asked{op: op}
	}
	switch n := c.rng.IntN(20); {
	case n == 0:
		c.shift, c.float, op.Kind = false, false, fiscalv1.Kind_KIND_CLOSE_SHIFT
	case n == 1: // the shift is open
		op.Kind = fiscalv1.Kind_KIND_OPEN_SHIFT
		return asked{op: op, refused: true}
	case n < 4:
		op.Kind, op.Amount = fiscalv1.Kind_KIND_CASH_IN, 5000+int64(c.made)
	case n == 4:
		op.Kind, op.Amount = fiscalv1.Kind_KIND_CASH_OUT, 100+int64(c.made)
	default:
		kinds := []fiscalv1.Kind{
			fiscalv1.Kind_KIND_SALE, fiscalv1.Kind_KIND_SALE, fiscalv1.Kind_KIND_SALE, fiscalv1.Kind_KIND_SALE_RETURN, fiscalv1.Kind_KIND_PURCHASE,
		}
		op.Kind = kinds[c.rng.IntN(len(kinds))]
		op.Receipt = receipt(c.rng, int64(10000+c.made))
		if c.rng.IntN(8) == 0 {
			op.Kind = fiscalv1.Kind_KIND_SALE
			op.Receipt.Correction = &fiscalv1.Correction{Date: "2026-01-01T00:00", Reason: "пропущен чек"}
		}
	}
	return asked{op: op}
}

// receipt is one of the given sum.
func receipt(rng *rand.Rand, total int64) *fiscalv1.Receipt {
	r := &fiscalv1.Receipt{TaxSystem: 1, Payments: &fiscalv1.Payments{Cash: total}}
	rest := total
	for i := range rng.IntN(4) {
		r.Items = append(r.Items, &fiscalv1.Item{Name: fmt.Sprintf("Товар %d", i+1), Quantity: "1", Price: 1000, Vat: "20"})
		rest -= 1000
	}
	r.Items = append(r.Items, &fiscalv1.Item{Name: "Кофе", Quantity: "1", Price: rest, Vat: "10"})
	if rng.IntN(3) == 0 {
		r.Payments = &fiscalv1.Payments{Electronic: total}
	}
	return r
}

// sumOf is what a document of the operation has to be worth.
func sumOf(op *fiscalv1.Operation) int64 {
	p := op.GetReceipt().GetPayments()
	return p.GetCash() + p.GetElectronic()
}

// follow keeps the cashier in step with an operation of an earlier life.
func (c *cashier) follow(op *fiscalv1.Operation, refused bool) {
	switch {
	case refused:
	case op.GetKind() == fiscalv1.Kind_KIND_OPEN_SHIFT:
		c.shift = true
	case op.GetKind() == fiscalv1.Kind_KIND_CLOSE_SHIFT:
		c.shift, c.float = false, false
	}
}

func notDone(op *fiscalv1.Operation) bool {
	return op.GetOutcome() == fiscalv1.Outcome_OUTCOME_NOT_DONE
}

func final(op *fiscalv1.Operation) bool {
	return notDone(op) || op.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE
}
