package fleet

import (
	"errors"
	"strings"
	"testing"
	"time"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

func TestForesee(t *testing.T) {
	here := func(change func(*fiscalv1.TillState)) standing {
		state := &fiscalv1.TillState{Online: true, Paper: fiscalv1.Paper_PAPER_READY, Abilities: []string{"clock", "copy"}}
		if change != nil {
			change(state)
		}
		return standing{held: true, online: true, capability: remoteWork, plans: true, planned: true, state: state}
	}
	const (
		check   = fiscalv1.Action_ACTION_CHECK
		finish  = fiscalv1.Action_ACTION_FINISH_PRINT
		copies  = fiscalv1.Action_ACTION_PRINT_COPY
		closing = fiscalv1.Action_ACTION_CLOSE_SHIFT
		clock   = fiscalv1.Action_ACTION_SYNC_CLOCK
		reboot  = fiscalv1.Action_ACTION_REBOOT
		resend  = fiscalv1.Action_ACTION_RESEND_OFD
		suspend = fiscalv1.Action_ACTION_SUSPEND
		resume  = fiscalv1.Action_ACTION_RESUME
		bundle  = fiscalv1.Action_ACTION_COLLECT_BUNDLE
	)
	open := func(s *fiscalv1.TillState) { s.ShiftOpen = true }
	for _, c := range []struct {
		name            string
		action          fiscalv1.Action
		s               standing
		obstacle, doubt string
	}{
		{"a check", check, here(nil), "", ""},
		{"nobody holds the till", check, standing{state: new(fiscalv1.TillState)}, ObstacleNoAgent, ""},
		{"the agent is not here", check, standing{held: true, state: new(fiscalv1.TillState)}, "", ObstacleAway},
		{"the agent knows no such plan", check, standing{held: true, online: true, plans: true, state: new(fiscalv1.TillState)}, ObstacleTooOld, ""},
		{"an agent of yesterday", suspend, standing{held: true, online: true, capability: remoteWork - 1, state: new(fiscalv1.TillState)}, ObstacleTooOld, ""},
		{"the device is silent", copies, here(func(s *fiscalv1.TillState) { s.Online = false }), "", ObstacleSilent},
		{"a reboot is for devices that are silent", reboot, here(func(s *fiscalv1.TillState) { s.Online = false }), "", ""},
		{"a bundle needs no device", bundle, here(func(s *fiscalv1.TillState) { s.Online = false }), "", ""},
		{"another run goes on", check, here(func(s *fiscalv1.TillState) { s.Recovering = true }), "", ObstacleBusy},
		{"clock, shift closed", clock, here(nil), "", ""},
		{"clock, shift open", clock, here(open), ObstacleShiftOpen, ""},
		{"clock, cannot", clock, here(func(s *fiscalv1.TillState) { s.Abilities = nil }), ObstacleUnsupported, ""},
		{"clock, what was read is old", clock, func() standing { s := here(open); s.online = false; return s }(), "", ObstacleAway},
		{"closing", closing, here(open), "", ""},
		{"closing what is closed", closing, here(nil), ObstacleShiftClosed, ""},
		{"closing without paper", closing, here(func(s *fiscalv1.TillState) { open(s); s.Paper = fiscalv1.Paper_PAPER_OUT }), ObstaclePaper, ""},
		{"closing on a suspended till", closing, here(func(s *fiscalv1.TillState) { open(s); s.Suspended = new(fiscalv1.Suspension) }), ObstacleSuspended, ""},
		{"nothing to print", finish, here(nil), ObstacleNothing, ""},
		{"owed", finish, here(func(s *fiscalv1.TillState) { s.PaperOwed, s.Paper = true, fiscalv1.Paper_PAPER_CONTINUE }), "", ""},
		{"owed without paper", finish, here(func(s *fiscalv1.TillState) { s.PaperOwed, s.Paper = true, fiscalv1.Paper_PAPER_OUT }), ObstaclePaper, ""},
		{"no copy of this device", copies, here(func(s *fiscalv1.TillState) { s.Abilities = nil }), ObstacleUnsupported, ""},
		{"nothing to carry", resend, here(func(s *fiscalv1.TillState) { s.Delivery = new(fiscalv1.Delivery) }), ObstacleNothing, ""},
		{"carried by the agent", resend, here(func(s *fiscalv1.TillState) { s.Unsent, s.Delivery = 3, new(fiscalv1.Delivery) }), "", ""},
		{"carried by the till itself", resend, here(func(s *fiscalv1.TillState) { s.Unsent = 3 }), ObstacleUnsupported, ""},
		{"suspend", suspend, here(nil), "", ""},
		{"suspend what is", suspend, here(func(s *fiscalv1.TillState) { s.Suspended = new(fiscalv1.Suspension) }), ObstacleSuspended, ""},
		{"resume", resume, here(func(s *fiscalv1.TillState) { s.Suspended = new(fiscalv1.Suspension) }), "", ""},
		{"resume what is not", resume, here(nil), ObstacleNotSuspended, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if obstacle, doubt := foresee(c.action, c.s); obstacle != c.obstacle || doubt != c.doubt {
				t.Errorf("%q %q, want %q %q", obstacle, doubt, c.obstacle, c.doubt)
			}
		})
	}
}

func TestDemands(t *testing.T) {
	owed := &fiscalv1.TillState{Unfinished: 1}
	for _, c := range []struct {
		action                 fiscalv1.Action
		state                  *fiscalv1.TillState
		harm                   cabinetv1.Harm
		reason, confirm, proof bool
	}{
		{fiscalv1.Action_ACTION_CHECK, owed, cabinetv1.Harm_HARM_NONE, false, false, false},
		{fiscalv1.Action_ACTION_SYNC_CLOCK, owed, cabinetv1.Harm_HARM_PAUSE, false, false, false},
		{fiscalv1.Action_ACTION_CLOSE_SHIFT, nil, cabinetv1.Harm_HARM_LASTING, false, false, false},
		{fiscalv1.Action_ACTION_CLOSE_SHIFT, owed, cabinetv1.Harm_HARM_LASTING, false, false, true},
		{fiscalv1.Action_ACTION_CLOSE_SHIFT, &fiscalv1.TillState{PaperOwed: true}, cabinetv1.Harm_HARM_LASTING, false, false, true},
		{fiscalv1.Action_ACTION_REBOOT, nil, cabinetv1.Harm_HARM_LASTING, true, true, true},
		{fiscalv1.Action_ACTION_SUSPEND, nil, cabinetv1.Harm_HARM_LASTING, true, true, true},
		{fiscalv1.Action_ACTION_RESUME, nil, cabinetv1.Harm_HARM_PAUSE, false, false, false},
		{fiscalv1.Action_ACTION_DECIDE, nil, cabinetv1.Harm_HARM_LASTING, true, false, true},
	} {
		d := Demands(c.action, c.state)
		if d.GetHarm() != c.harm || d.GetReason() != c.reason || d.GetConfirm() != c.confirm || d.GetProof() != c.proof {
			t.Errorf("%v: %v", c.action, d)
		}
	}
}

// TestTake_demands: what an action demands is demanded once, of the person who asks; a repetition is answered by what was taken.
func TestTake_demands(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		till := w.report(t, agent, "Касса 1", "0001")
		if _, err := w.Hello(t.Context(), agent, &uplinkv1.HelloRequest{Capability: remoteWork}, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		reboot := Order{ID: "r1", TillID: till, Action: fiscalv1.Action_ACTION_REBOOT, Reason: " висит ", Confirm: " касса  1"}
		for name, c := range map[string]struct {
			change func(*Order)
			want   error
		}{
			"without a reason":  {func(o *Order) { o.Reason = " " }, ErrReason},
			"a long reason":     {func(o *Order) { o.Reason = strings.Repeat("я", maxReason+1) }, ErrInvalid},
			"without a name":    {func(o *Order) { o.Confirm = "" }, ErrConfirm},
			"with another name": {func(o *Order) { o.Confirm = "Касса 2" }, ErrConfirm},
			"for a week":        {func(o *Order) { o.Wait = 7 * 24 * time.Hour }, ErrInvalid},
			"for a moment":      {func(o *Order) { o.Wait = time.Second }, ErrInvalid},
			"of a stranger":     {func(o *Order) { o.OrganisationID = "o2" }, ErrNotFound},
		} {
			o := reboot
			c.change(&o)
			if _, err := w.Take(t.Context(), w.person, o); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		reboot.Wait = time.Hour
		for range 2 {
			cmd, err := w.Take(t.Context(), w.person, reboot)
			if err != nil || cmd.GetReason() != "висит" || cmd.GetExpiresMs()-cmd.GetCreatedMs() != time.Hour.Milliseconds() {
				t.Fatalf("%v %v", cmd, err)
			}
			reboot.Confirm = "" // a second click may say less: it is the same command
		}
		list, err := w.Fetch(t.Context(), agent, 0)
		if err != nil || len(list) != 1 || list[0].GetReason() != "висит" {
			t.Errorf("the agent is given %v %v", list, err)
		}
		if _, err := w.Decide(t.Context(), w.person, Order{ID: "d1", TillID: till}, &fiscalv1.Decision{Key: "k", Reason: "нет на ленте"}); !errors.Is(err, ErrConfirm) {
			t.Errorf("that there is no document, without the till's name: %v", err)
		}
		if _, err := w.Take(t.Context(), w.person, Order{ID: "c1", TillID: till, Action: fiscalv1.Action_ACTION_CONFIGURE}); !errors.Is(err, ErrInvalid) {
			t.Errorf("a change of configuration by way of commands: %v", err)
		}
	})
}
