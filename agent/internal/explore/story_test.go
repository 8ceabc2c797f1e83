package explore

import (
	"context"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/fn"
)

// story is one operation to be asked for.
type story struct {
	name  string
	op    *fiscalv1.Operation
	shift bool // the shift is open when it begins
	fresh bool // the till comes from the factory: not registered
	// made tells whether a document can be the story's.
	made    func(fn.Document) bool
	counted bool // the till counts it, for it leaves no fiscal document
}

func receipt(kind fiscalv1.Kind, correction bool) *fiscalv1.Operation {
	r := &fiscalv1.Receipt{
		TaxSystem: 1,
		Items: []*fiscalv1.Item{
			{Name: "Кофе", Quantity: "2", Price: 15000, Vat: "20"},
			{Name: "Яблоки", Quantity: "0.345", Price: 19990, Vat: "10"},
		},
		Payments: &fiscalv1.Payments{Cash: 36897},
	}
	if correction {
		r.Correction = &fiscalv1.Correction{Date: "2026-03-03T00:00", Reason: "пропущен чек"}
	}
	return &fiscalv1.Operation{Key: "story", Till: tillName, Kind: kind, Receipt: r, Cashier: &fiscalv1.Cashier{Name: "Иванова", Inn: "500100732259"}}
}

func plain(kind fiscalv1.Kind, amount int64) *fiscalv1.Operation {
	return &fiscalv1.Operation{Key: "story", Till: tillName, Kind: kind, Amount: amount, Cashier: &fiscalv1.Cashier{Name: "Иванова"}}
}

func registration(kind fiscalv1.Kind, reasons uint32) *fiscalv1.Operation {
	op := plain(kind, 0)
	op.Registration = &fiscalv1.Registration{
		Inn: tilltest.INN, Rnm: tilltest.RNM, Serial: tilltest.Serial, User: "Ромашка", Address: "г. Орёл, ул. Ленина, 2", Place: "Магазин",
		TaxSystems: 1, Ffd: "1.05", OfdInn: "9715260691", OfdName: "Платформа ОФД", Reasons: reasons,
	}
	return op
}

func ofType(want fiscal.DocumentType) func(fn.Document) bool {
	return func(d fn.Document) bool { return d.Type == want }
}

func ofReceipt(want fiscal.DocumentType, kind fiscalv1.Kind) func(fn.Document) bool {
	return func(d fn.Document) bool { return d.Type == want && int(d.Op) == int(kind) && d.Sum == 36897 }
}

func stories() []story {
	return []story{
		{name: "sale", shift: true, op: receipt(fiscalv1.Kind_KIND_SALE, false), made: ofReceipt(fiscal.DocReceipt, fiscalv1.Kind_KIND_SALE)},
		{name: "sale return", shift: true, op: receipt(fiscalv1.Kind_KIND_SALE_RETURN, false), made: ofReceipt(fiscal.DocReceipt, fiscalv1.Kind_KIND_SALE_RETURN)},
		{name: "purchase", shift: true, op: receipt(fiscalv1.Kind_KIND_PURCHASE, false), made: ofReceipt(fiscal.DocReceipt, fiscalv1.Kind_KIND_PURCHASE)},
		{name: "correction", shift: true, op: receipt(fiscalv1.Kind_KIND_SALE, true), made: ofReceipt(fiscal.DocCorrection, fiscalv1.Kind_KIND_SALE)},
		{name: "cash in", shift: true, op: plain(fiscalv1.Kind_KIND_CASH_IN, 50000), counted: true},
		{name: "cash out", shift: true, op: plain(fiscalv1.Kind_KIND_CASH_OUT, 10000), counted: true},
		{name: "shift open", op: plain(fiscalv1.Kind_KIND_OPEN_SHIFT, 0), made: ofType(fiscal.DocShiftOpened)},
		{name: "shift close", shift: true, op: plain(fiscalv1.Kind_KIND_CLOSE_SHIFT, 0), made: ofType(fiscal.DocShiftClosed)},
		{name: "X report", shift: true, op: plain(fiscalv1.Kind_KIND_X_REPORT, 0), counted: true},
		{name: "settlement report", op: plain(fiscalv1.Kind_KIND_SETTLEMENT, 0), made: ofType(fiscal.DocSettlementReport)},
		{name: "registration", fresh: true, op: registration(fiscalv1.Kind_KIND_REGISTER, 0), made: ofType(fiscal.DocRegistration)},
		{name: "change of registration", op: registration(fiscalv1.Kind_KIND_REREGISTER, 1<<3), made: ofType(fiscal.DocReregistration)},
		{name: "closing of the fiscal memory", op: plain(fiscalv1.Kind_KIND_CLOSE_ARCHIVE, 0), made: ofType(fiscal.DocArchiveClosed)},
	}
}

// prepare makes the scene of a story: a till with a shift behind it, cash in
// the drawer and, when the shift is open, a receipt equal to the one to come.
func prepare(t *testing.T, s story, m tilltest.Maker) scene {
	t.Helper()
	out := scene{machine: m, fresh: s.fresh}
	t.Cleanup(func() { _ = os.RemoveAll(out.journal) })
	synctest.Test(t, func(t *testing.T) {
		dawn(0)
		w := build(t, scene{memory: memory{}, machine: m, fresh: s.fresh}, defect{})
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		todo := []*fiscalv1.Operation{
			plain(fiscalv1.Kind_KIND_OPEN_SHIFT, 0), plain(fiscalv1.Kind_KIND_CASH_IN, 1000000),
			receipt(fiscalv1.Kind_KIND_SALE, false), plain(fiscalv1.Kind_KIND_CLOSE_SHIFT, 0),
		}
		if s.shift {
			todo = append(todo, plain(fiscalv1.Kind_KIND_OPEN_SHIFT, 0), plain(fiscalv1.Kind_KIND_CASH_IN, 1000000), receipt(fiscalv1.Kind_KIND_SALE, false))
		}
		if s.fresh {
			todo = nil
		}
		for i, op := range todo {
			op.Key = fmt.Sprintf("before-%d", i)
			got, err := w.fleet.Submit(t.Context(), op, time.Minute)
			if err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
				t.Fatalf("prepare %s: %v %v", op.GetKind(), got, err)
			}
		}
		wait(2 * time.Second)
		w.bury()
		_ = w.machine.Close()
		out.memory, out.journal = w.memory, w.dir
	})
	return out
}

// trouble is what goes wrong in a run: at an effect, or in the device.
type trouble struct {
	name               string
	lose, deaf, die    bool
	cutBefore, cutPast bool
	garble, unplug     bool
	reboot             bool
	late               time.Duration // the rest of the bytes comes so much later
	keep               int           // bytes of the effect that pass, or the one that is garbled
	device             *mishap       // counted from the beginning of the story
	second             *trouble      // goes wrong so many effects after the first
	secondAt           int
}

func effectTroubles() []trouble {
	return []trouble{
		{name: "command lost", lose: true},
		{name: "answer lost", deaf: true},
		{name: "agent dies before", lose: true, die: true},
		{name: "agent dies after", die: true},
		{name: "till loses power before", lose: true, cutBefore: true},
		{name: "till loses power after", cutPast: true},
		{name: "both die before", lose: true, die: true, cutBefore: true},
		{name: "both die after", die: true, cutPast: true},
	}
}

// verdict is what a run came to.
type verdict struct {
	effects int   // of the whole run
	lengths []int // bytes of each effect; 0 for commits of the journal
	fired   bool
	lost    bool
	doubled bool
	unsettled,
	wrong bool // an answer contradicted the fiscal memory
	settle time.Duration
	story  string
}

func (v verdict) bad() bool { return v.lost || v.doubled || v.unsettled || v.wrong }

const (
	darkness = 5 * time.Second  // a power cut of the till
	rest     = 20 * time.Second // the agent is started again after so long
)

// play runs one story with its trouble; at is the effect it happens at, 0 for
// none.
func play(t *testing.T, sc scene, s story, f trouble, at int, d defect) (v verdict) {
	synctest.Test(t, func(t *testing.T) {
		dawn(time.Hour) // the scene was made at dawn
		w := build(t, sc, d)
		defer w.close()
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		before := uint32(len(w.documents()))
		counted := w.count(s)
		over := make(chan struct{})
		w.arm(f, at)
		w.mu.Lock()
		w.lengths = nil
		w.mu.Unlock()
		var happened func() bool
		if f.device != nil {
			happened = f.device.arm(w.machine)
			go w.attend(over)
		}
		began := w.counter.Count()
		var said []answer
		note := func(got *fiscalv1.Operation) {
			said = append(said, answer{got.GetOutcome(), got.GetDocument().GetFd(), got.GetDocument().GetFp(), w.done(s, before, counted), got.GetReason()})
		}
		clock := &stopwatch{w: w, fleet: w.fleet}
		go clock.watch(over)
		for range 12 {
			got, err := ask(context.Background(), w, s.op)
			if w.counter.Dead() {
				clock.follow(nil)
				w.bury()
				wait(rest)
				if err := w.start(); err != nil {
					t.Fatal(err)
				}
				clock.follow(w.fleet)
				continue
			}
			if err != nil {
				v.story = err.Error()
				break
			}
			note(got)
			if got.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE {
				break
			}
			if got.GetOutcome() == fiscalv1.Outcome_OUTCOME_NOT_DONE {
				wait(time.Minute) // nothing may appear while nobody asks
				if now := w.done(s, before, counted); now != said[len(said)-1].held {
					v.wrong, v.story = true, fmt.Sprintf("after «not done» the count went from %d to %d", said[len(said)-1].held, now)
				}
				if w.counter.Dead() {
					continue
				}
				if len(said) >= 3 { // it does not go away by itself: a technician climbs the ladder
					_, _ = w.fleet.Act(context.Background(), fmt.Sprint(len(said)), tillName, fiscalv1.Action_ACTION_RECOVER, func(*fiscalv1.Run) {})
				}
			}
		}
		wait(2 * time.Second)
		close(over)
		v.effects, v.fired = w.counter.Count()-began, w.counter.Fired()
		v.lengths, v.settle = w.lengths, clock.settled
		if f.device != nil {
			v.fired = happened()
		}
		w.judge(&v, s, before, counted, said)
		w.bury()
	})
	return v
}

// judge compares what was said with what is.
func (w *world) judge(v *verdict, s story, before, counted uint32, said []answer) {
	n := w.done(s, before, counted)
	last := answer{}
	if len(said) > 0 {
		last = said[len(said)-1]
	}
	v.unsettled = last.outcome != fiscalv1.Outcome_OUTCOME_DONE
	v.lost = n == 0
	v.doubled = n > 1
	for _, a := range said {
		switch a.outcome {
		case fiscalv1.Outcome_OUTCOME_DONE:
			if s.counted {
				continue
			}
			docs := w.matching(s, before)
			v.wrong = v.wrong || len(docs) == 0 || docs[0].FD != a.fd || docs[0].FP != a.fp
		case fiscalv1.Outcome_OUTCOME_NOT_DONE:
			v.wrong = v.wrong || a.held != 0
		default:
		}
	}
	for _, d := range w.documents() {
		if d.FD <= before || d.Type != fiscal.DocReceipt && d.Type != fiscal.DocCorrection {
			continue
		}
		// The correction of FFD 1.05 by totals has no lines.
		if c, err := d.Content(); err != nil || d.Type == fiscal.DocReceipt && s.op.GetReceipt() != nil && s.made(d) && len(c.Items) != len(s.op.GetReceipt().GetItems()) {
			v.wrong, v.story = true, fmt.Sprintf("document %d has %d lines: %v", d.FD, len(c.Items), err)
		}
	}
	if err := w.machine.FN().Verify(); err != nil {
		v.wrong, v.story = true, err.Error()
	}
	if v.bad() && v.story == "" {
		v.story = fmt.Sprintf("said %v, the till has %d", said, n)
	}
}

// done counts how often the story has happened in the till.
func (w *world) done(s story, before, counted uint32) int {
	if s.counted {
		return int(w.count(s) - counted)
	}
	return len(w.matching(s, before))
}

// count asks the till how often it has done what the story asks for.
func (w *world) count(s story) uint32 {
	if !s.counted {
		return 0
	}
	return w.machine.Count(fiscal.Kind(s.op.GetKind()))
}
