package till_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// desk writes down who called.
type desk struct {
	causes []string
	run    *fiscalv1.Run
	err    error
}

func (d *desk) Call(_ context.Context, run *fiscalv1.Run, cause, text string) (id, said string, err error) {
	d.causes, d.run = append(d.causes, cause+": "+text), run
	return "7QF9-M2PK", "Заявка № 7QF9-M2PK отправляется.", d.err
}

// stepOf finds a step of a run; the last one when there are several.
func stepOf(t *testing.T, run *fiscalv1.Run, code string) *fiscalv1.Step {
	t.Helper()
	var found *fiscalv1.Step
	for _, s := range run.GetSteps() {
		if s.GetCode() == code {
			found = s
		}
	}
	if found == nil {
		t.Fatalf("no step %s in %v", code, run)
	}
	return found
}

// A till that nothing brings back: the record says what a person can do with his hands, and help is called with it.
func TestRecover_nothingHelps(t *testing.T) {
	for _, c := range []struct {
		name         string
		desk         *desk
		breaks       func(*tilltest.Bench)
		cause, guide string
		ticket       string
		state        fiscalv1.StepState
	}{
		{"no power", &desk{}, func(b *tilltest.Bench) { b.Devices[name].PowerCut() }, "gone: ", "боковые кнопки 3–5 секунд", "7QF9-M2PK", fiscalv1.StepState_STEP_STATE_DONE},
		{"no paper", &desk{}, func(b *tilltest.Bench) { b.Devices[name].RemovePaper() }, "no_paper: ", "рулон краем наружу", "7QF9-M2PK", fiscalv1.StepState_STEP_STATE_DONE},
		{"nobody answers the desk", &desk{err: errors.New("диск полон")}, func(b *tilltest.Bench) { b.Devices[name].PowerCut() }, "gone: ", "боковые кнопки", "", fiscalv1.StepState_STEP_STATE_FAILED},
		{"no desk", nil, func(b *tilltest.Bench) { b.Devices[name].PowerCut() }, "", "боковые кнопки", "", fiscalv1.StepState_STEP_STATE_SKIPPED},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := tilltest.Open(t, name)
				b.OpenShift(t, name)
				if c.desk != nil {
					b.Fleet.SetDesk(c.desk)
				}
				c.breaks(b)
				run, err := b.Fleet.Act(t.Context(), "r1", name, fiscalv1.Action_ACTION_RECOVER, func(*fiscalv1.Run) {})
				if err != nil || run.GetOk() || !run.GetEnded() || run.GetTicket() != c.ticket {
					t.Fatalf("%v %v", run, err)
				}
				if got := stepOf(t, run, "guide"); got.GetState() != fiscalv1.StepState_STEP_STATE_DONE || !strings.Contains(got.GetResult(), c.guide) {
					t.Errorf("guided by %v", got)
				}
				if got := stepOf(t, run, "ticket"); got.GetState() != c.state || got.GetResult() == "" {
					t.Errorf("ticket: %v", got)
				}
				if c.desk == nil {
					return
				}
				if len(c.desk.causes) != 1 || !strings.HasPrefix(c.desk.causes[0], c.cause) || stepOf(t, c.desk.run, "guide").GetResult() == "" {
					t.Errorf("called with %q: %v", c.desk.causes, c.desk.run)
				}
			})
		})
	}
}

// onUSB is a till whose cable a program can pull and put back.
type onUSB struct {
	drivers.Till
	reset func() error
}

func (u onUSB) ResetUSB(context.Context) error { return u.reset() }

// The USB port is reset only where there is one, and before the till is restarted.
func TestRecover_resetsUSB(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error // of the reset
		cures bool
		state fiscalv1.StepState
	}{
		{"comes back", nil, true, fiscalv1.StepState_STEP_STATE_DONE},
		{"stays away", nil, false, fiscalv1.StepState_STEP_STATE_FAILED},
		{"not on USB", drivers.ErrNotUSB, false, fiscalv1.StepState_STEP_STATE_SKIPPED},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tilltest.Begin()
				device, err := sim.New(sim.Options{Name: name})
				if err != nil {
					t.Fatal(err)
				}
				defer device.Close()
				served, hangUp := context.WithCancel(t.Context())
				defer hangUp()
				cable := &wiretest.Cable{Serve: func(end io.ReadWriteCloser) { go func() { _ = device.Serve(served, end) }() }}
				j, err := journal.Open(t.Context(), t.TempDir(), journal.Options{Reserve: -1})
				if err != nil {
					t.Fatal(err)
				}
				defer j.Close()
				resets := 0
				usb := onUSB{shtrih.New(cable.Dial, shtrih.Options{}), func() error {
					resets++
					if c.cures {
						cable.Plug()
					}
					return c.err
				}}
				f, err := till.NewFleet([]till.Config{{Name: name, Driver: "shtrih", Device: usb}}, j, slog.New(slog.DiscardHandler))
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithCancel(t.Context())
				stopped := make(chan error, 1)
				go func() { stopped <- f.Run(ctx) }()
				defer func() { stop(); <-stopped }()
				cable.Unplug()
				run, err := f.Act(t.Context(), "r1", name, fiscalv1.Action_ACTION_RECOVER, func(*fiscalv1.Run) {})
				if err != nil || run.GetOk() != c.cures || resets != 1 {
					t.Fatalf("%v %v, %d resets", run, err, resets)
				}
				if got := stepOf(t, run, "reenumerate"); got.GetState() != c.state {
					t.Errorf("%v", got)
				}
				if got := stepOf(t, run, "reboot"); c.cures && got.GetState() != fiscalv1.StepState_STEP_STATE_SKIPPED {
					t.Errorf("restarted although it works: %v", got)
				}
			})
		})
	}
}
