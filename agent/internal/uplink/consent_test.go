package uplink

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	given   = fiscalv1.Consent_CONSENT_GIVEN
	refused = fiscalv1.Consent_CONSENT_REFUSED
	expired = fiscalv1.Consent_CONSENT_EXPIRED
	asking  = fiscalv1.Consent_CONSENT_ASKED
)

// person is the one at the till: he is asked, and answers when the test says.
type person struct {
	asked  chan *fiscalv1.Run
	answer chan fiscalv1.Consent
}

func newPerson() *person {
	return &person{asked: make(chan *fiscalv1.Run, 10), answer: make(chan fiscalv1.Consent)}
}

func (p *person) ask(ctx context.Context, run *fiscalv1.Run, _ time.Time) (fiscalv1.Consent, error) {
	p.asked <- run
	select {
	case word := <-p.answer:
		return word, nil
	case <-ctx.Done():
		return fiscalv1.Consent_CONSENT_UNSPECIFIED, ctx.Err()
	}
}

// check is a command that asks first.
func check(id string) *uplinkv1.Command {
	return &uplinkv1.Command{Id: id, Till: "k", Action: fiscalv1.Action_ACTION_CHECK, Actor: "Иванов", AskConsent: true}
}

func done(context.Context, string, func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
	return &fiscalv1.Run{Ended: true, Ok: true, Text: "Сделано."}, nil
}

// last is what the cabinet heard last of a command; mu is held.
func (c *cabinet) last(id string) *fiscalv1.Run {
	if n := len(c.runs[id]); n > 0 {
		return c.runs[id][n-1]
	}
	return nil
}

// Nothing begins before the person at the till agrees, however often the command comes; his word is told and kept.
func TestConsent(t *testing.T) {
	for _, c := range []struct {
		name string
		word fiscalv1.Consent
		acts int
		text string
	}{
		{"given", given, 1, "Сделано."},
		{"refused", refused, 0, "не разрешил"},
		{"expired", expired, 0, "не ответил"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cab := newCabinet(t)
			cab.set(func() { cab.clock = time.Hour })
			j := openJournal(t, t.TempDir())
			p := newPerson()
			ts := &tills{act: done, ask: p.ask}
			a, _ := enrolled(t, cab, j, ts)
			eventually(t, "the clock is known", func() bool { return a.Status().ClockOffset > 50*time.Minute })
			cab.set(func() { cab.commands = []*uplinkv1.Command{check("c1"), check("c1")} })
			q := <-p.asked
			if q.GetActor() != "Иванов" || q.GetTill() != "k" || len(q.GetSteps()) != 1 || q.GetSteps()[0].GetState() != fiscalv1.StepState_STEP_STATE_PLANNED {
				t.Errorf("asked about %v", q)
			}
			cab.until("the question is seen live", func() bool { return cab.last("c1").GetConsent() == asking })
			cab.set(func() {
				// The cabinet's clock is an hour ahead, and so is what it hears.
				if got := time.Until(time.UnixMilli(cab.last("c1").GetConsentUntilMs())); cab.last("c1").GetEnded() || got < 50*time.Minute || got > 71*time.Minute {
					t.Errorf("asked until %v from now: %v", got, cab.last("c1"))
				}
			})
			polls := 0
			cab.set(func() { polls = cab.polls })
			a.Wake()
			cab.until("it is delivered again", func() bool { return cab.polls > polls+1 })
			if n := ts.times("c1"); n != 0 {
				t.Fatalf("begun %d times before the answer", n)
			}
			p.answer <- c.word
			cab.until("the end", func() bool { return cab.ended["c1"] })
			cab.set(func() {
				last := cab.last("c1")
				if last.GetConsent() != c.word || last.GetOk() != (c.acts > 0) || !strings.Contains(last.GetText(), c.text) || last.GetConsentUntilMs() != 0 || last.GetActor() != "Иванов" {
					t.Errorf("told %v", last)
				}
				if c.acts == 0 && last.GetSteps()[0].GetState() != fiscalv1.StepState_STEP_STATE_SKIPPED {
					t.Errorf("a step of nothing: %v", last.GetSteps())
				}
			})
			if n := ts.times("c1"); n != c.acts || len(p.asked) != 0 {
				t.Errorf("begun %d times, asked %d times more", n, len(p.asked))
			}
		})
	}
}

// An agent that restarts while it asks asks again, and the yes acts once; a restart behind the yes is an interrupted run.
func TestConsent_restart(t *testing.T) {
	cab := newCabinet(t)
	dir := t.TempDir()
	j := openJournal(t, dir)
	p := newPerson()
	begun := make(chan struct{}, 10)
	ts := &tills{ask: p.ask, act: func(ctx context.Context, _ string, _ func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
		begun <- struct{}{}
		<-ctx.Done() // the till is silent until the agent dies
		return nil, ctx.Err()
	}}
	a, home := enrolled(t, cab, j, ts)
	cab.set(func() { cab.commands = []*uplinkv1.Command{check("c1")} })
	first := <-p.asked
	cab.until("the question is seen live", func() bool { return cab.last("c1").GetConsent() == asking })
	again := func() {
		t.Helper()
		cab.cable.set(true)
		a.stop()
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		j = openJournal(t, dir)
		cab.cable.set(false)
		a = start(t, home, j, ts)
	}
	again()
	if second := <-p.asked; second.GetId() != "c1" || second.GetConsentUntilMs() != first.GetConsentUntilMs() || len(second.GetSteps()) != 1 || second.GetActor() != "Иванов" {
		t.Errorf("asked again about %v", second)
	}
	if n := ts.times("c1"); n != 0 {
		t.Fatalf("begun %d times without an answer", n)
	}
	p.answer <- given
	<-begun
	again()
	cab.until("the end", func() bool { return cab.ended["c1"] })
	cab.set(func() {
		if last := cab.last("c1"); last.GetOk() || last.GetConsent() != given || !strings.Contains(last.GetText(), "неизвестно") {
			t.Errorf("told %v", last)
		}
	})
	if n := ts.times("c1"); n != 1 || len(p.asked) != 0 {
		t.Errorf("begun %d times, asked %d times more", n, len(p.asked))
	}
}

// What comes too late is not asked about, and a question that cannot be put does nothing.
func TestConsent_notAsked(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	ts := &tills{act: done, ask: func(context.Context, *fiscalv1.Run, time.Time) (fiscalv1.Consent, error) {
		return fiscalv1.Consent_CONSENT_UNSPECIFIED, errors.New("нет такой кассы")
	}}
	enrolled(t, cab, j, ts)
	cab.set(func() {
		late, unknown := check("late"), check("unknown")
		late.ExpiresMs = time.Now().Add(-time.Minute).UnixMilli()
		unknown.Action = 999
		cab.commands = []*uplinkv1.Command{late, unknown, check("c1")}
	})
	cab.until("the ends", func() bool { return cab.ended["late"] && cab.ended["unknown"] && cab.ended["c1"] })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	for id, want := range map[string]string{"late": "просрочена", "unknown": "не умеет", "c1": "не удалось спросить"} {
		if last := cab.last(id); last.GetOk() || last.GetConsent() != 0 || !strings.Contains(last.GetText(), want) {
			t.Errorf("%s: told %v", id, last)
		}
		if n := ts.times(id); n != 0 {
			t.Errorf("%s: begun %d times", id, n)
		}
	}
}

// forgetful tells of no command that a restart cut off.
type forgetful struct{ *journal.Journal }

func (forgetful) Unreported() ([]*journalv1.Execution, error) { return nil, nil }

// Whoever finds a question that a restart cut off asks it again: the search for such, or the command that comes once more.
func TestConsent_deliveredAgain(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	p := newPerson()
	ts := &tills{act: done, ask: p.ask}
	a, home := enrolled(t, cab, j, ts)
	cab.set(func() { cab.commands = []*uplinkv1.Command{check("c1")} })
	<-p.asked
	a.stop()
	start(t, home, forgetful{j}, ts)
	<-p.asked
	p.answer <- refused
	cab.until("the end", func() bool { return cab.ended["c1"] })
	if exec, err := j.Execution("c1"); err != nil || !exec.GetRun().GetEnded() || exec.GetRun().GetConsent() != refused {
		t.Errorf("in the journal: %v %v", exec, err)
	}
	if n := ts.times("c1"); n != 0 || len(p.asked) != 0 {
		t.Errorf("begun %d times, asked %d times more", n, len(p.asked))
	}
}
