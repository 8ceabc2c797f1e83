package fn

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/protocol/ffd"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/sim/fault"
)

// TestFaults: what each fault does on the wire.
func TestFaults(t *testing.T) {
	reg := card("1.2")
	forming := func(action fault.Action, phase fault.Phase) Fault {
		return Fault{Command: codec.CmdOpenShift, Phase: phase, Action: action}
	}
	for _, row := range []struct {
		fault Fault
		after uint32 // last document
		err   func(error) bool
		again bool // ENQ gives the answer
	}{
		{forming(fault.LoseAnswer, fault.OnAnswer), 2, quiet, true},
		{forming(fault.ForgetAnswer, fault.After), 2, quiet, false},
		{forming(fault.Garble, fault.OnAnswer), 2, quiet, true},
		{forming(fault.Refuse, fault.Before), 1, code(codec.ErrFailure), true},
		{forming(fault.Refuse, fault.OnCommit), 2, code(codec.ErrFailure), true},
		{forming(fault.CloseLink, fault.Before), 1, quiet, true}, // the answer before
		{forming(fault.CloseLink, fault.OnCommit), 2, quiet, true},
		{forming(fault.Reboot, fault.OnCommit), 2, quiet, false},
		{forming(fault.PowerCut, fault.OnReceive), 1, quiet, false},
		{forming(fault.Hang, fault.OnCommit), 2, nil, true},
		{forming(fault.Delay, fault.Before), 2, nil, true},
		{forming(fault.Duplicate, fault.OnAnswer), 2, nil, true},
	} {
		t.Run(fmt.Sprintf("%s %s", row.fault.Action, row.fault.Phase), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t, DeviceOptions{Registration: &reg})
				h := newHost(t, d, reg)
				h.ok(codec.BeginOpenShift{At: h.at()})
				h.give(ffd.ShiftOpening(cashier, reg))
				row.fault.Code, row.fault.For = byte(codec.ErrFailure), 5*time.Second
				id := d.Plan().Add(row.fault)
				start := time.Now()
				_, err := h.ask(codec.OpenShift{})
				switch {
				case !d.Plan().Fired(id):
					t.Error("the fault has not struck")
				case row.err == nil && err != nil, row.err != nil && !row.err(err):
					t.Errorf("answer %v", err)
				case (row.fault.Action == fault.Delay || row.fault.Action == fault.Hang) && time.Since(start) < row.fault.For:
					t.Errorf("answered after %v", time.Since(start))
				}
				if got := d.FN().Status(h.now).LastFD; got != row.after {
					t.Errorf("last document %d, want %d", got, row.after)
				}
				if row.fault.Action == fault.Duplicate {
					if _, err := h.hear(); err != nil {
						t.Error(err)
					}
				}
				synctest.Wait()
				select {
				case err := <-h.served:
					if err != nil {
						t.Error(err)
					}
					if err := d.WaitReady(t.Context()); err != nil {
						t.Error(err)
					}
					h.connect()
				default:
				}
				h.reader = codec.Reader{}
				if err := h.send([]byte{codec.ENQ}); err != nil {
					t.Fatal(err)
				}
				if _, err := h.hear(); (err == nil) != row.again {
					t.Errorf("ENQ: %v", err)
				}
				h.reader = codec.Reader{}
				h.status()
			})
		})
	}
}

func quiet(err error) bool { return errors.Is(err, errQuiet) }

func code(want codec.Code) func(error) bool {
	return func(err error) bool {
		r, ok := codec.AsRefusal(err)
		return ok && r.Code == want
	}
}
