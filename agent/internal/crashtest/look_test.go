package crashtest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// serialFN is a till with a real fiscal memory.
type serialFN struct{ drivers.Till }

func (serialFN) DebugFN(context.Context) (bool, error) { return false, nil }

// silentFN is a till that does not tell what memory it has.
type silentFN struct{ drivers.Till }

// TestLook: what must not be touched is refused, and not a document is made.
func TestLook(t *testing.T) {
	mask := func(with func(drivers.Till) drivers.Till) func(*Options) {
		return func(o *Options) {
			open := o.Open
			o.Open = func(wrap func(wire.DialFunc) wire.DialFunc) (drivers.Till, error) {
				till, err := open(wrap)
				return with(till), err
			}
		}
	}
	serial := mask(func(till drivers.Till) drivers.Till { return serialFN{till} })
	silent := mask(func(till drivers.Till) drivers.Till { return silentFN{till} })
	sold := func(t *testing.T, o Options) {
		t.Helper()
		r := &run{o: o, scissors: &scissors{}}
		r.o.Log = discard
		for _, k := range []kind{kinds[0], kinds[2]} {
			if _, err := r.calmly(t.Context(), k); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name   string
		before func(t *testing.T, o Options, d *sim.Device)
		change func(*Options)
		want   error
	}{
		{name: "a simulator with a debug memory"},
		{name: "a real memory", change: serial, want: ErrSerialFN},
		{name: "a memory that does not tell", change: silent, want: ErrSerialFN},
		{name: "a memory that does not tell, of a simulator", change: func(o *Options) { silent(o); o.Simulator = true }},
		{name: "somebody's sales", before: func(t *testing.T, o Options, _ *sim.Device) { sold(t, o) }, want: ErrShiftOpen},
		{name: "somebody's sales, forced", before: func(t *testing.T, o Options, _ *sim.Device) { sold(t, o) }, change: func(o *Options) { o.Force = true }},
		{name: "no paper", before: func(_ *testing.T, _ Options, d *sim.Device) { d.RemovePaper() }, want: ErrNotReady},
		{name: "an old shift without sales", before: func(t *testing.T, o Options, d *sim.Device) {
			r := &run{o: o, scissors: &scissors{}}
			r.o.Log = discard
			if _, err := r.calmly(t.Context(), kinds[0]); err != nil {
				t.Fatal(err)
			}
			d.Age(25 * time.Hour)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := scratch(t)
			synctest.Test(t, func(t *testing.T) {
				o, device := simulated(t, dir, nil)
				defer func() { _ = device.Close() }()
				if c.before != nil {
					c.before(t, o, device)
				}
				if c.change != nil {
					c.change(&o)
				}
				before := len(device.FN().List())
				plan, err := Look(t.Context(), o)
				if !errors.Is(err, c.want) {
					t.Errorf("says %v, want %v", err, c.want)
				}
				if err == nil && plan.Till.FN == "" {
					t.Errorf("the till is not named: %+v", plan)
				}
				if n := len(device.FN().List()); n != before {
					t.Errorf("looking made %d documents", n-before)
				}
			})
		})
	}
}

// A till that nobody answers for is no till to test.
func TestLook_absent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, device := simulated(t, "", nil)
		device.PowerCut()
		defer func() { _ = device.Close() }()
		if _, err := Look(t.Context(), o); err == nil {
			t.Error("a till without power was looked at")
		}
	})
}

// kindNames keeps the words of the journal apart from those of the wire.
func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range kinds {
		op := k.operation(1)
		if seen[k.name] || (k.ours == nil) == (k.counter == nil) || op.GetKind() == fiscalv1.Kind_KIND_UNSPECIFIED {
			t.Errorf("%s: %v", k.name, op)
		}
		seen[k.name] = true
	}
	if _, err := chosen([]string{"sale", "nothing"}); err == nil {
		t.Error("an unknown kind was chosen")
	}
}
