package till_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/recovery"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// A suspended till begins nothing, says why and by whom, and still knows what was done before; a command that would make a document is
// refused like a sale.
func TestSuspend(t *testing.T) {
	b := tilltest.Open(t, name)
	b.OpenShift(t, name)
	before := b.Do(t, tilltest.Sale("k1", name))
	report := func(*fiscalv1.Run) {}
	run, err := b.Fleet.Suspend(t.Context(), "s1", name, "Анна", "ревизия", report)
	if err != nil || !run.GetOk() {
		t.Fatal(run, err)
	}
	if again, err := b.Fleet.Suspend(t.Context(), "s2", name, "Борис", "другое", report); err != nil || again.GetOk() || !strings.Contains(again.GetText(), "ревизия") {
		t.Errorf("suspended twice: %v %v", again, err)
	}
	for _, kind := range []fiscalv1.Kind{fiscalv1.Kind_KIND_SALE, fiscalv1.Kind_KIND_CASH_IN, fiscalv1.Kind_KIND_CLOSE_SHIFT} {
		op := tilltest.Sale("k2", name)
		if kind != fiscalv1.Kind_KIND_SALE {
			op.Receipt = nil
		}
		if kind == fiscalv1.Kind_KIND_CASH_IN {
			op.Amount = 100
		}
		op.Kind = kind
		got, err := b.Fleet.Submit(t.Context(), op, time.Minute)
		if err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_NOT_DONE || got.GetReason() != "suspended" ||
			!strings.Contains(got.GetText(), "ревизия") || !strings.Contains(got.GetText(), "Анна") || !strings.Contains(got.GetText(), "НЕ ") {
			t.Errorf("%v: %v %v", kind, got, err)
		}
	}
	if got := b.Do(t, tilltest.Sale("k1", name)); got.GetDocument().GetFd() != before.GetDocument().GetFd() {
		t.Errorf("what was done before is answered %v", got)
	}
	if run, err := b.Fleet.Act(t.Context(), "c1", name, fiscalv1.Action_ACTION_CLOSE_SHIFT, report); err != nil || run.GetOk() || !strings.Contains(run.GetText(), "приостановлена") {
		t.Errorf("closing the shift: %v %v", run, err)
	}
	if run, err := b.Fleet.Act(t.Context(), "x1", name, fiscalv1.Action_ACTION_X_REPORT, report); err != nil || !run.GetOk() {
		t.Errorf("a report: %v %v", run, err)
	}
	s := b.Fleet.States()[0]
	if s.GetSuspended().GetReason() != "ревизия" || len(s.GetProblems()) != 1 || s.GetProblems()[0].GetCode() != "suspended" {
		t.Errorf("the state says %v %v", s.GetSuspended(), s.GetProblems())
	}
	if n := receipts(b.Devices[name]); n != 1 {
		t.Errorf("%d receipts", n)
	}
	if run, err := b.Fleet.Act(t.Context(), "r1", name, fiscalv1.Action_ACTION_RESUME, report); err != nil || !run.GetOk() {
		t.Fatal(run, err)
	}
	if b.Do(t, tilltest.Sale("k2", name)).GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE || b.Fleet.States()[0].GetSuspended() != nil {
		t.Error("resumed, and still suspended")
	}
}

// courier carries what the test says.
type courier func(ctx context.Context, till string) (string, error)

func (c courier) Resend(ctx context.Context, till string) (string, error) { return c(ctx, till) }

// The courier works while its run lasts: it needs the till's goroutine for every document.
func TestResendOFD(t *testing.T) {
	b := tilltest.Open(t, name)
	report := func(*fiscalv1.Run) {}
	if run, err := b.Fleet.Act(t.Context(), "o0", name, fiscalv1.Action_ACTION_RESEND_OFD, report); err != nil || run.GetOk() || !strings.Contains(run.GetText(), "сама") {
		t.Errorf("with nobody to carry: %v %v", run, err)
	}
	for _, c := range []struct {
		name string
		err  error
		ok   bool
	}{{"carried", nil, true}, {"nothing waits", recovery.ErrNotNeeded, true}, {"the operator is away", errors.New("away"), false}} {
		b.Fleet.SetCourier(courier(func(ctx context.Context, till string) (string, error) {
			if _, err := b.Fleet.Refresh(ctx, till); err != nil { // as a relay would
				return "касса занята", err
			}
			return c.name, c.err
		}))
		run, err := b.Fleet.Act(t.Context(), "o1", name, fiscalv1.Action_ACTION_RESEND_OFD, report)
		if err != nil || run.GetOk() != c.ok || run.GetText() != c.name || len(run.GetSteps()) != 2 || !run.GetEnded() {
			t.Errorf("%s: %v %v", c.name, run, err)
		}
	}
}
