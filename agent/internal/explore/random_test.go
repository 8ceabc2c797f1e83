package explore

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// TestRandom plays random days: sales, returns and cash movements while paper
// runs out, cables come out, the till hangs, restarts or loses power, and the
// agent is killed. After every step the fiscal memory agrees with what was
// said; at the end every key has exactly one document of its own.
func TestRandom(t *testing.T) {
	s := stories()[0]
	sc := prepare(t, s, aShtrih())
	acts := []string{
		"sell", "sell", "sell", "return", "cash in", "cash out", "paper out", "paper in", "cover", "hang", "unplug", "plug", "reboot", "power", "kill",
		"wait", "fault", "foreign", "shift",
	}
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
			return step{
				act:    rapid.SampledFrom(acts).Draw(rt, "act"),
				number: rapid.IntRange(0, 60).Draw(rt, "number"),
				action: rapid.SampledFrom(deviceActions()).Draw(rt, "action"),
				phase:  rapid.SampledFrom(devicePhases()).Draw(rt, "phase"),
			}
		}), 3, 25).Draw(rt, "steps")
		var complaint string
		synctest.Test(t, func(t *testing.T) {
			dawn(time.Hour)
			d := &day{world: build(t, sc, defect{}), done: map[string]uint32{}, asked: map[string]*fiscalv1.Operation{}, sale: s.op}
			defer d.close()
			if err := d.start(); err != nil {
				t.Fatal(err)
			}
			d.before = uint32(len(d.documents()))
			for i, st := range steps {
				if complaint = d.step(i, st); complaint != "" {
					break
				}
			}
			if complaint == "" {
				complaint = d.evening()
			}
			d.bury()
		})
		if complaint != "" {
			rt.Fatal(complaint)
		}
	})
}

type step struct {
	act    string
	number int
	action sim.Fault
	phase  sim.Fault
}

// day is a world with what was asked and answered in it.
type day struct {
	*world
	before uint32
	asked  map[string]*fiscalv1.Operation // fiscal ones
	done   map[string]uint32              // key -> FD
	sale   *fiscalv1.Operation
}

// step does one thing and checks what must always hold.
func (d *day) step(i int, s step) string {
	key := fmt.Sprintf("key-%d", i)
	switch s.act {
	case "sell", "return":
		op := proto.CloneOf(d.sale)
		op.Key = key
		if s.act == "return" {
			op.Kind = fiscalv1.Kind_KIND_SALE_RETURN
		}
		d.ask(op, 20*time.Second)
	case "cash in", "cash out", "shift":
		kind := map[string]fiscalv1.Kind{"cash in": fiscalv1.Kind_KIND_CASH_IN, "cash out": fiscalv1.Kind_KIND_CASH_OUT, "shift": fiscalv1.Kind_KIND_CLOSE_SHIFT}[s.act]
		op := plain(kind, 100)
		if kind == fiscalv1.Kind_KIND_CLOSE_SHIFT {
			op.Amount = 0
		}
		op.Key = key
		d.ask(op, 20*time.Second)
		if kind == fiscalv1.Kind_KIND_CLOSE_SHIFT {
			op := plain(fiscalv1.Kind_KIND_OPEN_SHIFT, 0)
			op.Key = key + "-open"
			d.ask(op, 20*time.Second)
		}
	case "paper out":
		d.shtrih().InsertPaper(max(s.number, 1)) // so many lines are left on the roll
	case "paper in":
		d.shtrih().InsertPaper(0)
	case "cover":
		d.shtrih().OpenCover()
		time.AfterFunc(time.Duration(s.number)*time.Second, d.shtrih().CloseCover)
	case "hang":
		d.shtrih().Hang(time.Duration(s.number+1) * time.Second)
	case "unplug":
		d.machine.Unplug()
	case "plug":
		d.machine.Plug()
	case "reboot":
		d.shtrih().Reboot()
	case "power":
		d.shtrih().PowerCut()
		time.AfterFunc(time.Duration(s.number)*time.Second, d.shtrih().PowerOn)
	case "kill":
		d.counter.Kill()
		if complaint := d.revive(); complaint != "" {
			return complaint
		}
	case "wait":
		wait(time.Duration(s.number) * time.Second)
	case "fault":
		f := s.action
		f.Phase, f.At, f.Nth = s.phase.Phase, s.phase.At, s.number
		d.shtrih().Plan().Add(f)
	case "foreign":
		d.shtrih().Plan().Add(sim.Fault{Action: sim.Foreign, Code: 9, Nth: s.number})
	}
	return d.check()
}

func (d *day) revive() string {
	d.bury()
	wait(time.Second)
	if err := d.start(); err != nil {
		return err.Error()
	}
	return ""
}

// ask submits and keeps what was said.
func (d *day) ask(op *fiscalv1.Operation, patience time.Duration) *fiscalv1.Operation {
	if op.GetAmount() == 0 {
		d.asked[op.GetKey()] = op
	}
	got, err := d.fleet.Submit(context.Background(), op, patience)
	if err == nil && got.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE && got.GetDocument() != nil {
		d.done[op.GetKey()] = got.GetDocument().GetFd()
	}
	return got
}

// check compares everything said so far with the fiscal memory.
func (d *day) check() string {
	if err := d.shtrih().FN().Verify(); err != nil {
		return err.Error()
	}
	owner := map[uint32]string{}
	docs := d.documents()
	for key, fd := range d.done {
		if fd == 0 || int(fd) > len(docs) {
			return fmt.Sprintf("%s was answered FD %d, the fiscal memory ends at %d", key, fd, len(docs))
		}
		if other := owner[fd]; other != "" {
			return fmt.Sprintf("%s and %s were both answered FD %d", other, key, fd)
		}
		owner[fd] = key
	}
	return ""
}

// evening puts everything right, asks for every key until it is done, and
// counts.
func (d *day) evening() string {
	d.shtrih().Plan().Clear()
	d.machine.Plug()
	if d.counter.Dead() {
		if complaint := d.revive(); complaint != "" {
			return complaint
		}
	}
	d.shtrih().PowerCut()
	d.shtrih().PowerOn()
	d.shtrih().InsertPaper(0)
	d.shtrih().CloseCover()
	wait(time.Minute)
	for round := range 6 {
		for key := range d.done {
			// A restarted agent may not know that the answer was heard, and would
			// take the next equal sale for a repeat.
			if _, err := d.fleet.Operation(context.Background(), key, 0); err != nil {
				return err.Error()
			}
		}
		open := 0
		for key, op := range d.asked {
			if op.GetKind() == fiscalv1.Kind_KIND_OPEN_SHIFT || op.GetKind() == fiscalv1.Kind_KIND_CLOSE_SHIFT || d.done[key] != 0 {
				continue // a shift that was not closed then is not closed now
			}
			if got := d.ask(op, time.Minute); got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
				open++
				if got.GetReason() == "shift_closed" || got.GetReason() == "shift_expired" {
					o := plain(fiscalv1.Kind_KIND_CLOSE_SHIFT, 0)
					if got.GetReason() == "shift_closed" {
						o = plain(fiscalv1.Kind_KIND_OPEN_SHIFT, 0)
					}
					o.Key = fmt.Sprintf("evening-%d-%s", round, key)
					d.ask(o, time.Minute)
				}
			}
		}
		if open == 0 {
			break
		}
		_, _ = d.fleet.Act(context.Background(), fmt.Sprintf("evening-%d", round), tillName, fiscalv1.Action_ACTION_RECOVER, func(*fiscalv1.Run) {})
	}
	if complaint := d.check(); complaint != "" {
		return complaint
	}
	ours := maps.Clone(d.done)
	receipts := 0
	for key := range d.asked {
		if k := d.asked[key].GetKind(); k == fiscalv1.Kind_KIND_SALE || k == fiscalv1.Kind_KIND_SALE_RETURN {
			receipts++
			if ours[key] == 0 {
				got, _ := d.fleet.Operation(context.Background(), key, 0)
				return fmt.Sprintf("%s was never done: %v", key, got)
			}
		}
	}
	held := 0
	for _, doc := range d.documents()[d.before:] {
		if doc.Sum == 36897 {
			held++
		}
	}
	if held != receipts {
		return fmt.Sprintf("%d receipts were asked for, the fiscal memory holds %d", receipts, held)
	}
	return ""
}
