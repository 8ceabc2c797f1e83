package verdict_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/agent/internal/verdict"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// asker is somebody in the cabinet who waits for a word of the person at the till.
type asker <-chan fiscalv1.Consent

// ask puts a question about an action as the uplink does.
func (s *shop) ask(t *testing.T, id, till string, action fiscalv1.Action, until time.Time) asker {
	t.Helper()
	run, err := s.Fleet.Plan(till, action)
	if err != nil {
		t.Fatal(err)
	}
	run.Id, run.Actor = id, "Иванов"
	changed, said := s.Fleet.ConsentsChanged(), make(chan fiscalv1.Consent, 1)
	go func() {
		word, err := s.Fleet.Ask(context.Background(), run, until)
		if err != nil {
			t.Errorf("ask: %v", err)
		}
		said <- word
	}()
	select {
	case <-changed:
	case word := <-said: // its time was over before it was put
		said <- word
	}
	return said
}

func (a asker) hears(t *testing.T, want fiscalv1.Consent) {
	t.Helper()
	select {
	case got := <-a:
		if got != want {
			t.Errorf("the asker hears %s, want %s", got, want)
		}
	case <-time.After(patience):
		t.Error("the asker hears nothing")
	}
}

func later() time.Time { return time.Now().Add(time.Hour) }

const (
	given   = fiscalv1.Consent_CONSENT_GIVEN
	refused = fiscalv1.Consent_CONSENT_REFUSED
	expired = fiscalv1.Consent_CONSENT_EXPIRED
)

// Who answers needs a session, says yes or no, and is heard once.
func TestPage_consent(t *testing.T) {
	s := serve(t, name)
	person := s.person(t)
	first := s.ask(t, "r1", name, fiscalv1.Action_ACTION_REBOOT, later())
	var seen verdict.Ask
	s.watch(t, s.Client(), func(p picture, _ string) bool { // a stranger reads what is asked
		if len(p.Asks) > 0 {
			seen = p.Asks[0]
		}
		return len(p.Asks) > 0
	})
	if seen.ID != "r1" || seen.Till != name || seen.Who != "Иванов" || seen.Action != "asked.reboot" || seen.LeftMs <= 0 || len(seen.Steps) != 3 || seen.Steps[0].Key != "step.reboot" {
		t.Errorf("asked %+v", seen)
	}
	for _, c := range []struct {
		name, body string
		client     *http.Client
		code       int
	}{
		{"a stranger", `{"run":"r1","agree":true}`, s.Client(), http.StatusUnauthorized},
		{"neither yes nor no", `{"run":"r1"}`, person, http.StatusBadRequest},
		{"another run", `{"run":"r2","agree":true}`, person, http.StatusConflict},
	} {
		if code, out := s.do(t, c.client, http.MethodPost, "/page/consent", c.body, nil); code != c.code {
			t.Errorf("%s: %d %v", c.name, code, out)
		}
	}
	for _, body := range []string{`{"run":"r1","agree":true}`, `{"run":"r1","agree":false}`} { // the first word counts
		if code, out := s.do(t, person, http.MethodPost, "/page/consent", body, nil); code != http.StatusOK || out["key"] != "consent.given" {
			t.Errorf("%s: %d %v", body, code, out)
		}
	}
	first.hears(t, given)
	s.watch(t, person, func(p picture, _ string) bool { return len(p.Asks) == 0 })
}

// The open ticket of a till stands with its verdict.
func TestPage_ticket(t *testing.T) {
	b := tilltest.Open(t, name)
	open := make(chan []verdict.OpenTicket, 1)
	open <- nil
	page := verdict.New(b.Fleet, b.Journal, verdict.Options{Token: token, Tickets: func() []verdict.OpenTicket {
		list := <-open
		open <- list
		return list
	}})
	s := &shop{b, httptest.NewServer(page.Beside(http.NotFoundHandler()))}
	defer s.Close()
	s.watch(t, s.Client(), func(p picture, _ string) bool { return p.Tills[0].Ticket == nil })
	<-open
	open <- []verdict.OpenTicket{{Till: "другая", Ticket: verdict.Ticket{ID: "X"}}, {Till: name, Ticket: verdict.Ticket{ID: "7QF9-M2PK", Sent: true}}}
	s.watch(t, s.Client(), func(p picture, _ string) bool {
		got := p.Tills[0].Ticket
		return got != nil && *got == verdict.Ticket{ID: "7QF9-M2PK", Sent: true}
	})
}

func question(s sight) string { return s.Ask }

// TestBrowser_consent: a question from the cabinet stands above everything, one
// key allows, another does not, silence allows nothing, and sales go on.
func TestBrowser_consent(t *testing.T) {
	e := look(t)
	s := serve(t, "Касса 1", "Касса 2")
	s.OpenShift(t, "Касса 1")
	e.do(t, "open", m{"page": window, "url": s.URL})
	e.until(t, window, `d.colour === "green"`, patience)

	t.Run("a stranger reads and cannot answer", func(t *testing.T) {
		said := s.ask(t, "stranger", "Касса 1", fiscalv1.Action_ACTION_CHECK, later())
		e.says(t, question, "Иванов просит: проверить кассу")
		if got := e.see(t, window); strings.Contains(got.Ask, "F9") || !strings.Contains(got.Ask, "chekan-agent page") {
			t.Errorf("%q", got.Ask)
		}
		e.press(t, "F9")
		e.says(t, notice, "chekan-agent page")
		if len(s.Fleet.Consents()) != 1 {
			t.Error("a stranger has answered")
		}
		if _, err := s.Fleet.Consent("stranger", false); err != nil {
			t.Fatal(err)
		}
		said.hears(t, refused)
		e.until(t, window, `d.ask === ""`, patience)
	})

	e.do(t, "open", m{"page": window, "url": s.link(t)})
	e.until(t, window, `d.colour === "green"`, patience)

	t.Run("allowed", func(t *testing.T) {
		e.press(t, "F1")
		e.says(t, panel, "боковые клавиши")
		said := s.ask(t, "yes", "Касса 1", fiscalv1.Action_ACTION_RECOVER, later())
		e.until(t, window, `d.ask === "yes"`, patience)
		got := e.see(t, window)
		for _, want := range []string{"Разрешить?", "Иванов просит: восстановить кассу", "Касса: Касса 1", "Прочитать состояние кассы", "(меняет фискальные данные)", "Осталось", "F9 разрешить", "F10 не разрешать"} {
			if !strings.Contains(got.Ask, want) {
				t.Errorf("the question does not say %q: %q", want, got.Ask)
			}
		}
		if got.Panel != "" {
			t.Error("the help hides the question")
		}
		s.Do(t, tilltest.Sale("meanwhile", "Касса 1")) // nothing is begun, so the till is free
		e.until(t, window, `d.operation === "meanwhile" && d.colour === "green" && d.ask === "yes"`, patience)
		for _, language := range []string{"ru", "kk", "en"} {
			e.until(t, window, `document.documentElement.lang === "`+language+`"`, patience)
			e.shot(t, window, "ask-"+language)
			e.do(t, "shot", m{"page": window, "width": 360, "height": 740, "file": shots + "/narrow.png"})
			if got := e.see(t, window); got.Wide {
				t.Errorf("%s: wider than 360 px", language)
			}
			e.do(t, "shot", m{"page": window, "file": shots + "/narrow.png"})
			e.press(t, "F8")
		}
		e.until(t, window, `document.documentElement.lang === "ru"`, patience)
		e.press(t, "Enter") // a scanner's, say
		e.press(t, "F9")
		said.hears(t, given)
		e.says(t, notice, "Разрешено")
		e.until(t, window, `d.ask === ""`, patience)
	})

	t.Run("not allowed, of the till that is not shown", func(t *testing.T) {
		said := s.ask(t, "no", "Касса 2", fiscalv1.Action_ACTION_CLOSE_SHIFT, later())
		e.says(t, question, "Касса: Касса 2")
		e.press(t, "F10")
		said.hears(t, refused)
		e.says(t, notice, "Не разрешено")
		e.until(t, window, `d.ask === "" && d.till === "Касса 1"`, patience)
	})

	t.Run("silence", func(t *testing.T) {
		said := s.ask(t, "late", "Касса 1", fiscalv1.Action_ACTION_REBOOT, time.Now().Add(3*time.Second))
		said.hears(t, expired)
		e.until(t, window, `d.ask === ""`, patience)
		e.press(t, "F9")
		if got := e.see(t, window); strings.Contains(got.Notice, "Разрешено,") {
			t.Errorf("allowed too late: %q", got.Notice)
		}
	})
}
