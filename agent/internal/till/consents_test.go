package till_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

const (
	given   = fiscalv1.Consent_CONSENT_GIVEN
	refused = fiscalv1.Consent_CONSENT_REFUSED
	expired = fiscalv1.Consent_CONSENT_EXPIRED
)

// word is what Ask came back with.
type word struct {
	consent fiscalv1.Consent
	err     error
}

// ask puts a question and gives the channel of its answer, when the question is
// seen.
func ask(ctx context.Context, t *testing.T, f *till.Fleet, id string, until time.Time) <-chan word {
	t.Helper()
	changed, before := f.ConsentsChanged(), len(f.Consents())
	out := make(chan word, 1)
	go func() {
		got, err := f.Ask(ctx, &fiscalv1.Run{Id: id, Till: name, Actor: "Иванов"}, until)
		out <- word{got, err}
	}()
	<-changed
	if list := f.Consents(); len(list) != before+1 {
		t.Fatalf("%d questions, want %d", len(list), before+1)
	}
	return out
}

// The first word counts, a second hears it, and the till sells meanwhile.
func TestConsents(t *testing.T) {
	b := tilltest.Open(t, name)
	b.OpenShift(t, name)
	later := time.Now().Add(time.Hour) // more than anybody may think
	yes, no := ask(t.Context(), t, b.Fleet, "yes", later), ask(t.Context(), t, b.Fleet, "no", later)
	list := b.Fleet.Consents()
	if q := list[0]; q.GetId() != "yes" || q.GetConsent() != fiscalv1.Consent_CONSENT_ASKED || q.GetActor() != "Иванов" || q.GetConsentUntilMs() > time.Now().Add(till.ConsentLimit).UnixMilli() {
		t.Errorf("asked %v", q)
	}
	if op := b.Do(t, tilltest.Sale("meanwhile", name)); op.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
		t.Errorf("a sale while somebody is asked: %v", op)
	}
	if got, err := b.Fleet.Ask(t.Context(), &fiscalv1.Run{Id: "yes", Till: name}, later); err == nil {
		t.Errorf("asked twice at once: %v", got)
	}
	for _, c := range []struct {
		id    string
		agree bool
		want  fiscalv1.Consent
		asker <-chan word
	}{{"yes", true, given, yes}, {"no", false, refused, no}} {
		if got, err := b.Fleet.Consent(c.id, c.agree); err != nil || got != c.want {
			t.Errorf("%s: %v %v", c.id, got, err)
		}
		if got := <-c.asker; got.err != nil || got.consent != c.want {
			t.Errorf("%s: the asker hears %v", c.id, got)
		}
		if got, err := b.Fleet.Consent(c.id, !c.agree); err != nil || got != c.want {
			t.Errorf("%s: another word changes it to %v %v", c.id, got, err)
		}
	}
	if got := b.Fleet.Consents(); len(got) != 0 {
		t.Errorf("still asked: %v", got)
	}
	if _, err := b.Fleet.Consent("nobody", true); !errors.Is(err, till.ErrNoConsent) {
		t.Errorf("a word about nothing: %v", err)
	}
	if _, err := b.Fleet.Ask(t.Context(), &fiscalv1.Run{Id: "x", Till: "нет такой"}, later); !errors.Is(err, till.ErrNoTill) {
		t.Errorf("a till there is not: %v", err)
	}
}

// An asker who leaves takes the question with him: a later word does nothing.
func TestConsents_askerLeaves(t *testing.T) {
	b := tilltest.Open(t, name)
	ctx, leave := context.WithCancel(t.Context())
	gone := ask(ctx, t, b.Fleet, "r1", time.Now().Add(time.Hour))
	leave()
	if got := <-gone; !errors.Is(got.err, context.Canceled) {
		t.Errorf("%v", got)
	}
	if got, err := b.Fleet.Consent("r1", true); !errors.Is(err, till.ErrNoConsent) {
		t.Errorf("a yes to nobody: %v %v", got, err)
	}
	again := ask(t.Context(), t, b.Fleet, "r1", time.Now().Add(time.Hour)) // after a restart, say
	if got, err := b.Fleet.Consent("r1", false); err != nil || got != refused || (<-again).consent != refused {
		t.Errorf("%v %v", got, err)
	}
}

// Silence is no consent, and neither is a yes that comes too late.
func TestConsents_expire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := tilltest.Open(t, name).Fleet
		began := time.Now()
		answer := ask(t.Context(), t, f, "r1", began.Add(time.Hour))
		if got := <-answer; got.err != nil || got.consent != expired || time.Since(began) != till.ConsentLimit {
			t.Errorf("%v after %v", got, time.Since(began))
		}
		if got, err := f.Consent("r1", true); err != nil || got != expired {
			t.Errorf("a late yes: %v %v", got, err)
		}
		if got, err := f.Ask(t.Context(), &fiscalv1.Run{Id: "r2", Till: name}, began); err != nil || got != expired {
			t.Errorf("asked in the past: %v %v", got, err)
		}
		if len(f.Consents()) != 0 {
			t.Error("still asked")
		}
	})
}
