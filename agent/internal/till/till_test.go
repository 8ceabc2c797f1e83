package till_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

const name = "касса"

func receipts(d *sim.Device) (n int) {
	for _, doc := range d.FN().List() {
		if doc.Type == fiscal.DocReceipt {
			n++
		}
	}
	return n
}

func TestSubmit_answer(t *testing.T) {
	b := tilltest.Open(t, name)
	b.OpenShift(t, name)
	got := b.Do(t, tilltest.Sale("k1", name))
	truth := b.Devices[name].FN().List()[len(b.Devices[name].FN().List())-1].Fact()
	doc := got.GetDocument()
	if doc.GetFd() != truth.FD || doc.GetFp() != truth.FP || doc.GetFn() != truth.FN || doc.GetTotal() != 30000 || doc.GetReceipt() != truth.Receipt || doc.GetShift() != truth.Shift {
		t.Errorf("answered %v, the fiscal memory holds %+v", doc, truth)
	}
	if doc.GetQr() != truth.QR() || !strings.HasPrefix(doc.GetQr(), "t=") || !strings.Contains(doc.GetQr(), "&s=300.00&") {
		t.Errorf("QR %q, want %q", doc.GetQr(), truth.QR())
	}
	if got.GetChange() != 20000 || got.GetText() != "Чек пробит." {
		t.Errorf("change %d, text %q", got.GetChange(), got.GetText())
	}
}

func TestSubmit_sameKey(t *testing.T) {
	b := tilltest.Open(t, name)
	b.OpenShift(t, name)
	first := b.Do(t, tilltest.Sale("k1", name))
	again := b.Do(t, tilltest.Sale("k1", name))
	if again.GetDocument().GetFd() != first.GetDocument().GetFd() {
		t.Errorf("FD %d, then %d", first.GetDocument().GetFd(), again.GetDocument().GetFd())
	}
	other := tilltest.Sale("k1", name)
	other.Receipt.Items[0].Name = "Чай"
	if _, err := b.Fleet.Submit(t.Context(), other, time.Minute); !errors.Is(err, till.ErrConflict) {
		t.Errorf("another body under the key: %v", err)
	}
	if n := receipts(b.Devices[name]); n != 1 {
		t.Errorf("%d receipts", n)
	}
}

// Twenty callers with one key at one moment get one receipt.
func TestSubmit_together(t *testing.T) {
	b := tilltest.Open(t, name)
	b.OpenShift(t, name)
	var all sync.WaitGroup
	fds := make([]uint32, 20)
	for i := range fds {
		all.Go(func() {
			got, err := b.Fleet.Submit(context.Background(), tilltest.Sale("k1", name), time.Minute)
			if err == nil {
				fds[i] = got.GetDocument().GetFd()
			}
		})
	}
	all.Wait()
	for _, fd := range fds {
		if fd == 0 || fd != fds[0] {
			t.Fatalf("documents %v", fds)
		}
	}
	if n := receipts(b.Devices[name]); n != 1 {
		t.Errorf("%d receipts", n)
	}
}

func TestSubmit_notDoneThenAgain(t *testing.T) {
	b := tilltest.Open(t, name)
	got, err := b.Fleet.Submit(t.Context(), tilltest.Sale("k1", name), time.Minute)
	if err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_NOT_DONE || got.GetReason() != "shift_closed" {
		t.Fatalf("with the shift closed: %v %v", got, err)
	}
	if !strings.HasPrefix(got.GetText(), "Чек НЕ пробит. ") {
		t.Errorf("text %q", got.GetText())
	}
	b.OpenShift(t, name)
	if got := b.Do(t, tilltest.Sale("k1", name)); got.GetAttempt() != 1 {
		t.Errorf("attempt %d", got.GetAttempt())
	}
}

func TestSubmit_badInput(t *testing.T) {
	b := tilltest.Open(t, name)
	b.OpenShift(t, name)
	before := len(b.Devices[name].FN().List())
	for _, c := range []struct {
		name  string
		spoil func(*fiscalv1.Operation)
		field string
	}{
		{"no key", func(o *fiscalv1.Operation) { o.Key = "" }, "key"},
		{"a key too long", func(o *fiscalv1.Operation) { o.Key = strings.Repeat("k", 129) }, "key"},
		{"no kind", func(o *fiscalv1.Operation) { o.Kind = 0 }, "kind"},
		{"a kind of the future", func(o *fiscalv1.Operation) { o.Kind = 99 }, "kind"},
		{"no receipt", func(o *fiscalv1.Operation) { o.Receipt = nil }, "receipt"},
		{"a receipt with a shift", func(o *fiscalv1.Operation) { o.Kind = fiscalv1.Kind_KIND_CLOSE_SHIFT }, "receipt"},
		{"no items", func(o *fiscalv1.Operation) { o.Receipt.Items = nil }, "receipt.items"},
		{"negative quantity", func(o *fiscalv1.Operation) { o.Receipt.Items[0].Quantity = "-1" }, "receipt.items[0].quantity"},
		{"words for a quantity", func(o *fiscalv1.Operation) { o.Receipt.Items[0].Quantity = "два" }, "receipt.items[0].quantity"},
		{"seven decimals", func(o *fiscalv1.Operation) { o.Receipt.Items[0].Quantity = "1.0000001" }, "receipt.items[0].quantity"},
		{"negative price", func(o *fiscalv1.Operation) { o.Receipt.Items[0].Price = -1 }, "receipt.items[0].price"},
		{"a sum that is not price × quantity", func(o *fiscalv1.Operation) { o.Receipt.Items[0].Sum = 29000 }, "receipt.items[0].sum"},
		{"a product beyond the till", func(o *fiscalv1.Operation) { o.Receipt.Items[0].Quantity = "99999999" }, "receipt.items[0].sum"},
		{"no name", func(o *fiscalv1.Operation) { o.Receipt.Items[0].Name = " " }, "receipt.items[0].name"},
		{"a name too long", func(o *fiscalv1.Operation) { o.Receipt.Items[0].Name = strings.Repeat("я", 129) }, "receipt.items[0].name"},
		{"an unknown rate", func(o *fiscalv1.Operation) { o.Receipt.Items[0].Vat = "18" }, "receipt.items[0].vat"},
		{"too little paid", func(o *fiscalv1.Operation) { o.Receipt.Payments.Cash = 29999 }, "receipt.payments"},
		{"more by card than owed", func(o *fiscalv1.Operation) { o.Receipt.Payments = &fiscalv1.Payments{Electronic: 30001} }, "receipt.payments"},
		{"negative payment", func(o *fiscalv1.Operation) { o.Receipt.Payments.Credit = -5 }, "receipt.payments.credit"},
		{"two tax systems", func(o *fiscalv1.Operation) { o.Receipt.TaxSystem = 3 }, "receipt.tax_system"},
		{"another currency", func(o *fiscalv1.Operation) { o.Receipt.Currency = "KZT" }, "receipt.currency"},
		{"a cashier's INN of letters", func(o *fiscalv1.Operation) { o.Cashier.Inn = "12345678901a" }, "cashier.inn"},
		{"a correction without a date", func(o *fiscalv1.Operation) {
			o.Receipt.Correction = &fiscalv1.Correction{}
		}, "receipt.correction.date"},
		{"cash in without a sum", func(o *fiscalv1.Operation) { o.Kind, o.Receipt = fiscalv1.Kind_KIND_CASH_IN, nil }, "amount"},
		{"a sum beside a receipt", func(o *fiscalv1.Operation) { o.Amount = 5 }, "amount"},
	} {
		t.Run(c.name, func(t *testing.T) {
			op := tilltest.Sale("bad", name)
			c.spoil(op)
			_, err := b.Fleet.Submit(t.Context(), op, time.Minute)
			var fields fiscal.FieldErrors
			if !errors.As(err, &fields) {
				t.Fatalf("not refused by field: %v", err)
			}
			for _, f := range fields {
				if f.Field == c.field && f.Text != "" {
					return
				}
			}
			t.Errorf("field %s not named: %v", c.field, err)
		})
	}
	if after := len(b.Devices[name].FN().List()); after != before {
		t.Errorf("%d documents appeared", after-before)
	}
	if _, err := b.Fleet.Operation(t.Context(), "bad", 0); !errors.Is(err, till.ErrNotFound) {
		t.Errorf("a refused request left a trace: %v", err)
	}
}

// An operation that waits behind a hanging one is withdrawn with its waiter,
// and never happens.
func TestSubmit_withdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tilltest.Open(t, name)
		b.OpenShift(t, name)
		b.Devices[name].Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.Before, Action: sim.Delay, For: 25 * time.Second})
		go func() { _, _ = b.Fleet.Submit(context.Background(), tilltest.Sale("slow", name), time.Minute) }()
		synctest.Wait()
		hasty := tilltest.Sale("hasty", name)
		hasty.Receipt.Items[0].Name = "Чай"
		got, err := b.Fleet.Submit(t.Context(), hasty, time.Second)
		if err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_NOT_DONE || got.GetReason() != "withdrawn" {
			t.Fatalf("got %v %v", got, err)
		}
		<-time.After(2 * time.Minute)
		if n := receipts(b.Devices[name]); n != 1 {
			t.Errorf("%d receipts", n)
		}
		if _, err := b.Fleet.Operation(t.Context(), "hasty", 0); !errors.Is(err, till.ErrNotFound) {
			t.Errorf("the withdrawn operation: %v", err)
		}
	})
}

// A till that does not answer keeps only its own callers waiting.
func TestFleet_deadTillSlowsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tilltest.Open(t, "мёртвая", "живая")
		b.OpenShift(t, "живая")
		b.Cables["мёртвая"].Unplug()
		b.Devices["мёртвая"].Hang(0)
		go func() {
			op := tilltest.Sale("never", "мёртвая")
			_, _ = b.Fleet.Submit(context.Background(), op, time.Minute)
		}()
		began := time.Now()
		for i := range 20 {
			b.Do(t, tilltest.Sale(string(rune('a'+i)), "живая"))
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("20 sales beside a dead till took %v of fake time", took)
		}
	})
}

func TestAct_finishPrint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tilltest.Open(t, name)
		b.OpenShift(t, name)
		d := b.Devices[name]
		d.InsertPaper(3) // the roll ends inside the receipt
		op := b.Do(t, tilltest.Sale("torn", name))
		<-time.After(3 * time.Second)
		if got, _ := b.Fleet.Operation(t.Context(), "torn", 0); got.GetPaper() != fiscalv1.PaperTrack_PAPER_TRACK_OWED || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
			t.Fatalf("after the roll ended: %v", got)
		}
		run, err := b.Fleet.Act(t.Context(), "r1", name, fiscalv1.Action_ACTION_FINISH_PRINT, func(*fiscalv1.Run) {})
		if err != nil || run.GetOk() {
			t.Fatalf("without paper: %v %v", run, err)
		}
		d.InsertPaper(0)
		var steps int
		run, err = b.Fleet.Act(t.Context(), "r2", name, fiscalv1.Action_ACTION_FINISH_PRINT, func(*fiscalv1.Run) { steps++ })
		if err != nil || !run.GetOk() || run.GetText() != "Документ допечатан." {
			t.Fatalf("with paper: %v %v", run, err)
		}
		if steps < 4 {
			t.Errorf("%d reports of progress", steps)
		}
		last := d.Slips()[len(d.Slips())-1]
		if !last.Whole {
			t.Errorf("the slip is torn: %v", last)
		}
		if got, _ := b.Fleet.Operation(t.Context(), "torn", 0); got.GetPaper() != fiscalv1.PaperTrack_PAPER_TRACK_PRINTED || got.GetDocument().GetFd() != op.GetDocument().GetFd() {
			t.Errorf("in the end: %v", got)
		}
		if n := receipts(d); n != 1 {
			t.Errorf("%d receipts", n)
		}
		if probs := b.Fleet.States()[0].GetProblems(); len(probs) != 0 {
			t.Errorf("problems stay: %v", probs)
		}
	})
}

func TestAct_closeShiftIsJournaled(t *testing.T) {
	b := tilltest.Open(t, name)
	b.OpenShift(t, name)
	run, err := b.Fleet.Act(t.Context(), "id-7", name, fiscalv1.Action_ACTION_CLOSE_SHIFT, func(*fiscalv1.Run) {})
	if err != nil || !run.GetOk() {
		t.Fatalf("%v %v", run, err)
	}
	op, err := b.Fleet.Operation(t.Context(), "run-id-7", 0)
	if err != nil || op.GetDocument().GetType() != uint32(fiscal.DocShiftClosed) {
		t.Errorf("in the journal: %v %v", op, err)
	}
}

func TestWatch(t *testing.T) {
	b := tilltest.Open(t, name)
	changes, cancel := b.Fleet.Watch()
	defer cancel()
	b.OpenShift(t, name)
	deadline := time.After(2 * time.Minute)
	var state, operation bool
	for !state || !operation {
		select {
		case c := <-changes:
			state = state || c.State.GetShiftOpen()
			operation = operation || c.Operation.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE
		case <-deadline:
			t.Fatalf("state %v, operation %v", state, operation)
		}
	}
	if proto.Equal(b.Fleet.States()[0], &fiscalv1.TillState{}) {
		t.Error("no state")
	}
}
