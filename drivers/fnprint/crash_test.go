package fnprint_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/fnprint"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// counted is a memory whose writes are effects.
type counted struct {
	*keeper
	counter *wiretest.Counter
}

func (c counted) Save(s fnprint.State) error {
	return c.counter.Record(func() error { return c.keeper.Save(s) })
}

// life begins a life of the driver in which every write and read of both
// cables, and every write of the memory, is an effect.
func (r *rig) life(c *wiretest.Counter) {
	dial := func(cable *wiretest.Cable) wire.DialFunc { return wiretest.Effects(cable.Dial, c) }
	r.till = fnprint.New(dial(r.wires[0]), dial(r.wires[1]), counted{r.memory, c}, fnprint.Options{Now: r.now})
}

// TestCrash_everyEffect dies before and after every effect of a sale, a cash in
// and an X report. In the next life each has happened once or not at all, and
// its slip is on paper: whole, and a second time only under «ПОВТОР».
func TestCrash_everyEffect(t *testing.T) {
	acts := map[string]struct {
		do   func(context.Context, *fnprint.Till) error
		mark string // what only this slip says
	}{
		"sale": {func(ctx context.Context, till *fnprint.Till) error {
			_, err := till.Register(ctx, bread(77_00))
			return err
		}, "ПРИХОД"},
		"cash in":  {func(ctx context.Context, till *fnprint.Till) error { return till.CashIn(ctx, 77_00) }, "ВНЕСЕНИЕ"},
		"x report": {func(ctx context.Context, till *fnprint.Till) error { return till.XReport(ctx) }, "X-ОТЧЁТ"},
	}
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			points := 0
			for at := 1; ; at++ {
				fired := false
				for _, lose := range []bool{true, false} {
					hit := crash(t, at, lose, act.do, act.mark)
					fired = fired || hit
				}
				if !fired {
					break
				}
				points += 2
			}
			t.Logf("%d points", points)
			if points < 60 {
				t.Errorf("only %d points: the story is shorter than it can be", points)
			}
		})
	}
}

// crash lets the program die at one effect, and tells whether it came to that.
func crash(t *testing.T, at int, lose bool, do func(context.Context, *fnprint.Till) error, mark string) (fired bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, variant{})
		r.must(t, r.do(t, func(ctx context.Context) error { _, err := r.till.OpenShift(ctx, cashier); return err }))
		r.settled(t)
		_ = r.till.Close()
		counter := &wiretest.Counter{}
		r.life(counter)
		before, was := len(r.Documents()), r.memory.state
		counter.SetFault(at, wiretest.Fault{Lose: lose, Die: true})
		err := r.do(t, func(ctx context.Context) error { return do(ctx, r.till) })
		<-time.After(10 * time.Second) // the slip is printed beside the call
		_ = r.till.Close()
		fired = counter.Fired()
		counter.Revive()
		r.life(counter)
		t.Cleanup(func() { _ = r.till.Close() })
		r.must(t, r.do(t, r.till.Cancel))
		r.settled(t)
		<-time.After(time.Second)

		now := r.memory.state
		done := len(r.Documents()) - before + int(now.CashIns-was.CashIns) + int(now.XReports-was.XReports)
		where := fmt.Sprintf("effect %d, lost %v", at, lose)
		if done > 1 || err == nil && done != 1 {
			t.Errorf("%s: it happened %d times, the driver said %v", where, done, err)
		}
		if err != nil && drivers.OutcomeOf(err) == fiscal.NotDone && done != 0 {
			t.Errorf("%s: said not done, and it is done: %v", where, err)
		}
		first, again := 0, 0
		for _, s := range r.printer.Whole() {
			switch text := s.Text(); {
			case !strings.Contains(text, mark):
			case strings.Contains(text, "ПОВТОР"):
				again++
			default:
				first++
			}
		}
		if first+again < done || first > 1 || again > 1 || done == 0 && first+again > 0 {
			t.Errorf("%s: it happened %d times and is on paper %d times, %d more under ПОВТОР", where, done, first, again)
		}
	})
	return fired
}

// TestGarbledCommand damages the first byte of every command in turn. The memory
// then takes a byte 05h of it for ENQ and repeats its last answer, which must not
// pass for the answer to the command: no document is mistaken for another, and
// no receipt is formed without its items.
func TestGarbledCommand(t *testing.T) {
	for at := 1; ; at++ {
		fired := false
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, variant{})
			r.must(t, r.do(t, func(ctx context.Context) error { _, err := r.till.OpenShift(ctx, cashier); return err }))
			_ = r.till.Close()
			counter := &wiretest.Counter{}
			r.life(counter)
			t.Cleanup(func() { _ = r.till.Close() })
			counter.SetFault(at, wiretest.Fault{Garble: true})
			_, err := r.sell(t, bread(77_00))
			for fd := uint32(1); fd <= 2; fd++ {
				var d fiscal.Document
				reading := r.do(t, func(ctx context.Context) (err error) {
					d, err = r.till.Document(ctx, fd)
					return err
				})
				if want := r.Documents()[fd-1]; reading == nil && (d.FD != fd || d.FP != want.FP || d.Type != want.Type) {
					t.Errorf("effect %d: document %d read as %+v", at, fd, d)
				}
			}
			fired = counter.Fired()
			for _, d := range r.fn.FN().List() {
				content, odd := d.Content()
				if d.Type == fiscal.DocReceipt && (odd != nil || len(content.Items) != 1) {
					t.Errorf("effect %d: a receipt of %d items was formed (%v), the driver said %v", at, len(content.Items), odd, err)
				}
			}
		})
		if !fired {
			break
		}
	}
}
