package fleet

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

func (w *world) ticket(id, till string) *uplinkv1.OpenTicketRequest {
	return &uplinkv1.OpenTicketRequest{
		Id: id, Till: till, Text: "Касса не отвечает.", Bundle: []byte("PK" + id), OpenedMs: w.clock.Now().UnixMilli(),
		Run: &fiscalv1.Run{Id: "r", Action: fiscalv1.Action_ACTION_RECOVER, Steps: []*fiscalv1.Step{{Code: "reboot", Result: "Касса не ответила."}}},
	}
}

func (w *world) tickets(t *testing.T, organisation, till string, closed bool) (ids []string) {
	t.Helper()
	list, err := w.Tickets(t.Context(), access.Whole(organisation), till, closed)
	if err != nil {
		t.Fatal(err)
	}
	for _, ticket := range list {
		ids = append(ids, ticket.Cell.GetId())
	}
	return ids
}

// TestTickets: a call for help is stored once however often it is told, outlives a restart, belongs to one organisation, and is
// closed once, with who and what was done.
func TestTickets(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		till, other := w.report(t, agent, "kassa", "0001"), w.report(t, agent, "bar", "0002")
		for range 3 {
			if err := w.OpenTicket(t.Context(), agent, w.ticket("A", "kassa")); err != nil {
				t.Fatal(err)
			}
		}
		changed := w.ticket("A", "kassa")
		changed.Text = "другое"
		if err := w.OpenTicket(t.Context(), agent, changed); err != nil {
			t.Errorf("the same id again: %v", err)
		}
		if err := w.OpenTicket(t.Context(), w.agents[1], w.ticket("A", "kassa")); !errors.Is(err, ErrConflict) {
			t.Errorf("another agent's ticket of the same id: %v", err)
		}
		if err := w.OpenTicket(t.Context(), w.agents[2], w.ticket("A", "kassa")); err != nil {
			t.Errorf("the same id in another organisation: %v", err)
		}
		w.clock.Pass(time.Minute)
		if err := w.OpenTicket(t.Context(), agent, w.ticket("B", "bar")); err != nil {
			t.Fatal(err)
		}
		w.restart()
		if got := strings.Join(w.tickets(t, "o1", "", false), " "); got != "B A" {
			t.Errorf("open tickets %q", got)
		}
		if got := strings.Join(w.tickets(t, "o1", other, false), " "); got != "B" {
			t.Errorf("tickets of one till %q", got)
		}
		cell, run, bundle, err := w.Ticket(t.Context(), "o1", "A")
		if err != nil || cell.GetTillId() != till || cell.GetText() != "Касса не отвечает." || !bytes.Equal(bundle, []byte("PKA")) || run.GetSteps()[0].GetCode() != "reboot" {
			t.Errorf("%v %v %q %v", cell, run, bundle, err)
		}
		if _, _, _, err := w.Ticket(t.Context(), "o2", "B"); !errors.Is(err, ErrNotFound) {
			t.Errorf("another organisation reads it: %v", err)
		}

		foreigner := &access.Person{ID: "x", Login: "x", OrganisationID: "o2"}
		if _, err := w.CloseTicket(t.Context(), foreigner, "B", "заменили кабель"); !errors.Is(err, ErrNotFound) {
			t.Errorf("another organisation closes it: %v", err)
		}
		for _, empty := range []string{"", " \n", strings.Repeat("щ", maxResolution+1), "a\x00b"} {
			if _, err := w.CloseTicket(t.Context(), w.person, "A", empty); !errors.Is(err, ErrInvalid) {
				t.Errorf("closed with %.5q: %v", empty, err)
			}
		}
		for range 2 { // a person clicks twice
			cell, err := w.CloseTicket(t.Context(), w.person, "A", " заменили кабель ")
			if err != nil || cell.GetClosedBy() != "anna" || cell.GetResolution() != "заменили кабель" || cell.GetClosedMs() != w.clock.Now().UnixMilli() {
				t.Errorf("%v %v", cell, err)
			}
		}
		if _, err := w.CloseTicket(t.Context(), w.person, "A", "перезагрузили"); !errors.Is(err, ErrClosed) {
			t.Errorf("closed again with other words: %v", err)
		}
		if err := w.OpenTicket(t.Context(), agent, w.ticket("A", "kassa")); err != nil { // an answer that was lost
			t.Error(err)
		}
		if open, all := w.tickets(t, "o1", "", false), w.tickets(t, "o1", "", true); strings.Join(open, " ") != "B" || strings.Join(all, " ") != "B A" {
			t.Errorf("open %v, all %v", open, all)
		}
	})
}

// TestTickets_tillMoves: a ticket goes with its till, told before the till had said its number or after.
func TestTickets_tillMoves(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		till := w.report(t, w.agents[0], "kassa", "0001")
		if err := w.OpenTicket(t.Context(), w.agents[1], w.ticket("A", "here")); err != nil { // a till of no number yet
			t.Fatal(err)
		}
		if moved := w.report(t, w.agents[1], "here", "0001"); moved != till {
			t.Fatalf("till %s became %s", till, moved)
		}
		if got := w.tickets(t, "o1", till, false); len(got) != 1 {
			t.Errorf("tickets of the till %v", got)
		}
	})
}

func TestTickets_refused(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		for name, spoil := range map[string]func(*uplinkv1.OpenTicketRequest){
			"no id":            func(q *uplinkv1.OpenTicketRequest) { q.Id = "" },
			"an id too long":   func(q *uplinkv1.OpenTicketRequest) { q.Id = strings.Repeat("A", maxCommandID+1) },
			"no till":          func(q *uplinkv1.OpenTicketRequest) { q.Till = "" },
			"a run too great":  func(q *uplinkv1.OpenTicketRequest) { q.Run.Text = strings.Repeat("A", maxRun) },
			"a file too great": func(q *uplinkv1.OpenTicketRequest) { q.Bundle = make([]byte, maxBundle+1) },
		} {
			q := w.ticket("A", "kassa")
			spoil(q)
			if err := w.OpenTicket(t.Context(), w.agents[0], q); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		bare := &uplinkv1.OpenTicketRequest{Id: "B", Till: "kassa", Text: strings.Repeat("щ", 2*maxTicketText) + "\xff", OpenedMs: w.clock.Now().Add(time.Hour).UnixMilli()}
		if err := w.OpenTicket(t.Context(), w.agents[0], bare); err != nil {
			t.Fatal(err)
		}
		cell, run, bundle, err := w.Ticket(t.Context(), "o1", "B")
		if err != nil || len(bundle) != 0 || len(run.GetSteps()) != 0 || cell.GetOpenedMs() != w.clock.Now().UnixMilli() || len([]rune(cell.GetText())) != maxTicketText {
			t.Errorf("%v %v", cell, err)
		}
	})
}

// TestCommands_consent: the question goes with the command, only to an agent that asks, and what the person at the till said stays.
func TestCommands_consent(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		till := w.report(t, agent, "kassa", "0001")
		if _, err := w.Start(t.Context(), w.person, "old", till, fiscalv1.Action_ACTION_REOPEN_PORT, true); !errors.Is(err, ErrTooOld) {
			t.Errorf("an agent that would not ask: %v", err)
		}
		if _, err := w.Hello(t.Context(), agent, &uplinkv1.HelloRequest{Capability: asksConsent}, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Start(t.Context(), w.person, "c1", till, fiscalv1.Action_ACTION_REOPEN_PORT, true); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Start(t.Context(), w.person, "c1", till, fiscalv1.Action_ACTION_REOPEN_PORT, false); !errors.Is(err, ErrConflict) {
			t.Errorf("the same command without the question: %v", err)
		}
		list, err := w.Fetch(t.Context(), agent, 0)
		if err != nil || len(list) != 1 || !list[0].GetAskConsent() {
			t.Fatalf("%v %v", list, err)
		}
		until := w.clock.Now().Add(10 * time.Minute).UnixMilli()
		run := &fiscalv1.Run{Id: "c1", Consent: fiscalv1.Consent_CONSENT_ASKED, ConsentUntilMs: until, Steps: []*fiscalv1.Step{{Code: "reboot"}}}
		if err := w.ReportRun(t.Context(), agent, run); err != nil {
			t.Fatal(err)
		}
		w.clock.Pass(2 * CommandLife) // he thinks longer than a command may wait for an agent
		if err := w.expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		cmd, err := w.Command(t.Context(), "o1", "c1")
		if err != nil || cmd.GetState() != cabinetv1.CommandState_COMMAND_STATE_RUNNING || !cmd.GetAskConsent() || cmd.GetRun().GetConsentUntilMs() != until {
			t.Errorf("%v %v", cmd, err)
		}
		end := &fiscalv1.Run{Id: "c1", Consent: fiscalv1.Consent_CONSENT_REFUSED, Ended: true, Text: "Кассир не разрешил."}
		if err := w.ReportRun(t.Context(), agent, end); err != nil {
			t.Fatal(err)
		}
		cmd, err = w.Command(t.Context(), "o1", "c1")
		if err != nil || cmd.GetState() != cabinetv1.CommandState_COMMAND_STATE_FAILED || cmd.GetRun().GetConsent() != fiscalv1.Consent_CONSENT_REFUSED {
			t.Errorf("%v %v", cmd, err)
		}
	})
}
