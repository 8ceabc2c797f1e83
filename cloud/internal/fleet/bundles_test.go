package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// TestErrands: what is asked of the agent itself goes only to agents that understand it, and the level of the log goes with its
// command and with no other.
func TestErrands(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		till := w.report(t, agent, "kassa", "0001")
		for action := range ofAgent {
			o := Order{ID: "old" + action.String(), TillID: till, Action: action}
			if action == fiscalv1.Action_ACTION_LOG_LEVEL {
				o.LogLevel = "debug"
			}
			_, err := w.Take(t.Context(), w.person, o)
			switch { // those with doors of their own
			case action == fiscalv1.Action_ACTION_CONFIGURE:
				_, err = w.Configure(t.Context(), w.person, o, &fiscalv1.TillSettings{Version: 1})
			case ForAgent(action):
				if !errors.Is(err, ErrInvalid) {
					t.Errorf("%s by way of a till: %v", action, err)
				}
				_, err = w.Ask(t.Context(), w.person, AgentOrder{ID: o.ID, OrganisationID: w.person.OrganisationID, AgentID: agent.ID, Action: action})
			}
			if !errors.Is(err, ErrTooOld) {
				t.Errorf("%s for an old agent: %v", action, err)
			}
		}
		if _, err := w.Hello(t.Context(), agent, &uplinkv1.HelloRequest{Capability: errands}, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		for _, o := range []Order{
			{ID: "l1", TillID: till, Action: fiscalv1.Action_ACTION_LOG_LEVEL},
			{ID: "l2", TillID: till, Action: fiscalv1.Action_ACTION_LOG_LEVEL, LogLevel: "loud"},
			{ID: "l3", TillID: till, Action: fiscalv1.Action_ACTION_CHECK, LogLevel: "debug"},
		} {
			if _, err := w.Take(t.Context(), w.person, o); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s %q: %v", o.Action, o.LogLevel, err)
			}
		}
		o := Order{ID: "l", TillID: till, Action: fiscalv1.Action_ACTION_LOG_LEVEL, LogLevel: "debug"}
		for range 2 {
			if cmd, err := w.Take(t.Context(), w.person, o); err != nil || cmd.GetLogLevel() != "debug" {
				t.Fatalf("%v, %v", cmd, err)
			}
		}
		o.LogLevel = "warn"
		if _, err := w.Take(t.Context(), w.person, o); !errors.Is(err, ErrConflict) {
			t.Errorf("the same id with another level: %v", err)
		}
		list, err := w.Fetch(t.Context(), agent, 0)
		if err != nil || len(list) != 1 || list[0].GetLogLevel() != "debug" {
			t.Errorf("the agent gets %v, %v", list, err)
		}
	})
}

// TestBundles: a bundle comes with its command, once, from its agent, for its organisation, and only the newest stay.
func TestBundles(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		till := w.report(t, agent, "kassa", "0001")
		if _, err := w.Hello(t.Context(), agent, &uplinkv1.HelloRequest{Capability: errands}, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		collect := func(id string) {
			t.Helper()
			if _, err := w.Take(t.Context(), w.person, Order{ID: id, TillID: till, Action: fiscalv1.Action_ACTION_COLLECT_BUNDLE}); err != nil {
				t.Fatal(err)
			}
			w.clock.Pass(time.Minute)
		}
		has := func(id string) bool {
			t.Helper()
			cmd, err := w.Command(t.Context(), "o1", id)
			if err != nil {
				t.Fatal(err)
			}
			return cmd.GetHasBundle()
		}
		collect("b0")
		if has("b0") {
			t.Error("a bundle before it came")
		}
		if _, _, err := w.Bundle(t.Context(), "o1", "b0"); !errors.Is(err, ErrNotFound) {
			t.Errorf("no bundle yet: %v", err)
		}
		for _, zip := range []string{"PK first", "PK second"} {
			if err := w.GiveBundle(t.Context(), agent, "b0", []byte(zip)); err != nil {
				t.Fatal(err)
			}
		}
		zip, name, err := w.Bundle(t.Context(), "o1", "b0")
		if err != nil || string(zip) != "PK first" || !strings.HasPrefix(name, "chekan-") || !strings.HasSuffix(name, ".zip") {
			t.Errorf("%q %q %v", zip, name, err)
		}
		if _, _, err := w.Bundle(t.Context(), "o2", "b0"); !errors.Is(err, ErrNotFound) {
			t.Errorf("for another organisation: %v", err)
		}
		if _, err := w.Start(t.Context(), w.person, "check", till, fiscalv1.Action_ACTION_CHECK, false); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"another agent's":  w.GiveBundle(t.Context(), w.agents[1], "b0", []byte("PK")),
			"of no command":    w.GiveBundle(t.Context(), agent, "nobody", []byte("PK")),
			"nothing":          w.GiveBundle(t.Context(), agent, "b0", nil),
			"too much":         w.GiveBundle(t.Context(), agent, "b0", bytes.Repeat([]byte{0}, MaxBundle+1)),
			"not asked for":    w.GiveBundle(t.Context(), agent, "check", []byte("PK")),
			"from far outside": w.GiveBundle(t.Context(), w.agents[2], "b0", []byte("PK")),
		} {
			if !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrNotFound) {
				t.Errorf("a bundle %s: %v", what, err)
			}
		}
		for n := 1; n <= keptBundles; n++ {
			id := fmt.Sprintf("b%d", n)
			collect(id)
			if err := w.GiveBundle(t.Context(), agent, id, []byte("PK "+id)); err != nil {
				t.Fatal(err)
			}
		}
		if has("b0") {
			t.Error("the oldest is still there")
		}
		if _, _, err := w.Bundle(t.Context(), "o1", "b0"); !errors.Is(err, ErrNotFound) {
			t.Errorf("the oldest is still given: %v", err)
		}
		for n := 1; n <= keptBundles; n++ {
			if !has(fmt.Sprintf("b%d", n)) {
				t.Errorf("b%d is gone", n)
			}
		}
	})
}
