package uplink

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// lost is a run that did not help.
func lost() *fiscalv1.Run {
	return &fiscalv1.Run{
		Id: "r1", Till: "k", Action: fiscalv1.Action_ACTION_RECOVER, Text: "Не помогло.",
		Steps: []*fiscalv1.Step{{Code: "reboot", State: fiscalv1.StepState_STEP_STATE_FAILED, Result: "300.00 за кофе"}},
	}
}

func call(t *testing.T, a *agent, cause string) (id, said string) {
	t.Helper()
	id, said, err := a.Call(t.Context(), lost(), cause, "Касса не отвечает.")
	if err != nil || id == "" {
		t.Fatalf("%q %v", id, err)
	}
	return id, said
}

// A ticket outlives a line that is down and an agent that restarts, and is one however often it is asked for.
func TestTicket(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	ts := &tills{}
	a, home := enrolled(t, cab, j, ts)
	cab.until("the line is up", func() bool { return cab.state != nil })
	cab.cable.set(true)
	eventually(t, "the break is noticed", func() bool { return !a.Status().Online })
	id, said := call(t, a, "offline")
	if !strings.Contains(said, "№ "+id) || !strings.Contains(said, "ждёт связи") {
		t.Errorf("said %q", said)
	}
	for range 20 { // nobody knows what else to press
		if again, _ := call(t, a, "offline"); again != id {
			t.Errorf("another ticket %s", again)
		}
	}
	other, _ := call(t, a, "fn")
	if other == id {
		t.Error("another cause has the same ticket")
	}
	a.stop()
	b := start(t, home, j, ts)
	if got := b.Tickets(); len(got) != 2 || got[0].ID != id || got[0].Till != "k" || got[0].Cause != "offline" || got[0].Sent {
		t.Errorf("after a restart: %+v", got)
	}
	cab.set(func() { cab.loseTicket = 1 }) // the cabinet has it, the agent does not hear so
	cab.cable.set(false)
	cab.until("both are there", func() bool { return len(cab.tickets) == 2 })
	eventually(t, "both are known to be there", func() bool { return b.Tickets()[0].Sent && b.Tickets()[1].Sent })
	cab.set(func() {
		q := cab.tickets[id]
		if q.GetTill() != "k" || q.GetText() != "Касса не отвечает." || q.GetOpenedMs() == 0 || q.GetRun().GetTicket() != id || len(q.GetRun().GetSteps()) != 1 {
			t.Errorf("the cabinet has %v", q)
		}
		if r := q.GetRun().GetSteps()[0].GetResult(); r != "" {
			t.Errorf("without a bundle nobody knows what to cut, and it says %q", r)
		}
		if cab.ticketCalls < 3 {
			t.Errorf("told %d times: the lost answer was not repeated", cab.ticketCalls)
		}
	})
	if again, said := call(t, b, "offline"); again != id || !strings.Contains(said, "отправлена") {
		t.Errorf("%s: %q", again, said)
	}

	// A till that works ends its tickets: the next trouble is another one.
	b.StateChanged() // the till of this test is online and has no problems
	if got := b.Tickets(); len(got) != 0 {
		t.Errorf("open although the till works: %+v", got)
	}
	if files, err := os.ReadDir(filepath.Join(home, ticketsDir)); err != nil || len(files) != 0 {
		t.Errorf("left on disk: %v %v", files, err)
	}
	if next, _ := call(t, b, "offline"); next == id {
		t.Error("an old ticket for a new trouble")
	}
}

// The bundle and the scrubbed run travel; one that is too great or cannot be made does not keep the ticket back.
func TestTicket_bundle(t *testing.T) {
	for _, c := range []struct {
		name  string
		make  func() ([]byte, error)
		bytes int
		said  string
	}{
		{"as made", func() ([]byte, error) { return []byte("PK"), nil }, 2, "•"},
		{"too great", func() ([]byte, error) { return make([]byte, maxBundle+1), nil }, 0, "•"},
		{"not made", func() ([]byte, error) { return nil, errors.New("no black box") }, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cab := newCabinet(t)
			j := openJournal(t, t.TempDir())
			a, _ := enrolled(t, cab, j, &tills{})
			a.o.Bundle = func(_ context.Context, run *fiscalv1.Run) ([]byte, *fiscalv1.Run, error) {
				b, err := c.make()
				run.Steps[0].Result = "•"
				return b, run, err
			}
			id, _ := call(t, a, "offline")
			cab.until("the ticket", func() bool { return cab.tickets[id] != nil })
			cab.mu.Lock()
			defer cab.mu.Unlock()
			if q := cab.tickets[id]; len(q.GetBundle()) != c.bytes || q.GetRun().GetSteps()[0].GetResult() != c.said {
				t.Errorf("%d bytes, %v", len(q.GetBundle()), q.GetRun())
			}
		})
	}
}

func TestTicket_nobodyToCall(t *testing.T) {
	a := start(t, t.TempDir(), openJournal(t, t.TempDir()), &tills{})
	if id, _, err := a.Call(t.Context(), lost(), "offline", "Касса не отвечает."); err == nil || id != "" {
		t.Errorf("ticket %q of an agent without a cabinet: %v", id, err)
	}
}

// A file that a dying disk left behind hides no other ticket.
func TestTicket_damaged(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	a, home := enrolled(t, cab, j, &tills{})
	cab.cable.set(true)
	id, _ := call(t, a, "offline")
	a.stop()
	folder := filepath.Join(home, ticketsDir)
	for name, text := range map[string]string{"HALF.json": `{"id":"HALF","ti`, "ticket-1.new": "{}", "EMPTY.json": ""} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := start(t, home, j, &tills{})
	if got := b.Tickets(); len(got) != 1 || got[0].ID != id {
		t.Errorf("%+v", got)
	}
	cab.cable.set(false)
	cab.until("the ticket", func() bool { return cab.tickets[id] != nil })
}
