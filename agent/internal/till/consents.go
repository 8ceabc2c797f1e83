package till

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// ConsentLimit is how long the person at the till may think. Nobody's silence is
// a yes: then nothing is done.
const ConsentLimit = 10 * time.Minute

// consentsKept is how many answered questions are remembered, so that an answer
// given twice, or too late, hears what became of the question.
const consentsKept = 32

// ErrNoConsent says that nobody asks for a word about such a run.
var ErrNoConsent = errors.New("nobody asks for consent to this run")

// errAskedAlready says that the run is being asked about.
var errAskedAlready = errors.New("the person at the till is being asked already")

// consents are the runs asked for from afar that wait for a word of the person
// at the till. They wait beside the tills, not on a till's goroutine: sales go
// on meanwhile.
type consents struct {
	mu      sync.Mutex
	asked   []*question // oldest first
	ended   []*question // oldest first, at most consentsKept
	changed chan struct{}
}

// question is one run asked about.
type question struct {
	run    *fiscalv1.Run
	until  time.Time // with the monotonic clock: the computer's own may jump
	said   fiscalv1.Consent
	answer chan struct{} // closed when said is final
}

// Ask shows a run to the person at the till and waits for his word, at most
// until the time given: given, refused or expired. An error means that nobody
// was asked, or that ctx ended first; then nothing may be done either.
func (f *Fleet) Ask(ctx context.Context, run *fiscalv1.Run, until time.Time) (fiscalv1.Consent, error) {
	t, err := f.Till(run.GetTill())
	if err != nil {
		return fiscalv1.Consent_CONSENT_UNSPECIFIED, err
	}
	left := min(time.Until(until), ConsentLimit)
	if left <= 0 {
		return fiscalv1.Consent_CONSENT_EXPIRED, nil
	}
	q := &question{run: proto.CloneOf(run), until: time.Now().Add(left), answer: make(chan struct{})}
	q.run.Till, q.run.Consent, q.run.ConsentUntilMs = t.name, fiscalv1.Consent_CONSENT_ASKED, q.until.UnixMilli()
	if !f.consents.put(q) {
		return fiscalv1.Consent_CONSENT_UNSPECIFIED, fmt.Errorf("run %s: %w", run.GetId(), errAskedAlready)
	}
	t.log.Info("the person at the till is asked", "till", t.name, "run", run.GetId(), "action", run.GetAction().String(), "actor", run.GetActor())
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-q.answer:
	case <-timer.C:
		f.consents.end(q, fiscalv1.Consent_CONSENT_EXPIRED)
	case <-ctx.Done():
		if f.consents.drop(q) {
			return fiscalv1.Consent_CONSENT_UNSPECIFIED, ctx.Err()
		}
	}
	<-q.answer
	return q.said, nil
}

// Consents gives the runs that wait for a word, oldest first.
func (f *Fleet) Consents() []*fiscalv1.Run {
	c := &f.consents
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]*fiscalv1.Run, 0, len(c.asked))
	for _, q := range c.asked {
		if time.Now().Before(q.until) {
			out = append(out, proto.CloneOf(q.run))
		}
	}
	return out
}

// ConsentsChanged gives the channel that is closed when Consents changes next.
func (f *Fleet) ConsentsChanged() <-chan struct{} {
	c := &f.consents
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed
}

// Consent gives the word of the person at the till and tells what became of the
// question: the first word counts, and one that comes too late is expired.
func (f *Fleet) Consent(runID string, agree bool) (fiscalv1.Consent, error) {
	said := fiscalv1.Consent_CONSENT_REFUSED
	if agree {
		said = fiscalv1.Consent_CONSENT_GIVEN
	}
	q := f.consents.find(runID)
	if q == nil {
		return fiscalv1.Consent_CONSENT_UNSPECIFIED, fmt.Errorf("%q: %w", runID, ErrNoConsent)
	}
	if !time.Now().Before(q.until) {
		said = fiscalv1.Consent_CONSENT_EXPIRED // its own timer is about to say so
	}
	return f.consents.end(q, said), nil
}

func (c *consents) put(q *question) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, other := range c.asked {
		if other.run.GetId() == q.run.GetId() {
			return false
		}
	}
	c.asked = append(c.asked, q)
	c.tell()
	return true
}

// find gives the newest question about a run, answered or not.
func (c *consents) find(runID string) *question {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, list := range [][]*question{c.asked, c.ended} {
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].run.GetId() == runID {
				return list[i]
			}
		}
	}
	return nil
}

// end answers a question, unless it has been answered, and gives the answer.
func (c *consents) end(q *question, said fiscalv1.Consent) fiscalv1.Consent {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q.said == fiscalv1.Consent_CONSENT_UNSPECIFIED && c.remove(q) {
		q.said = said
		c.ended = append(c.ended, q)
		if len(c.ended) > consentsKept {
			c.ended = c.ended[1:]
		}
		close(q.answer)
	}
	return q.said
}

// drop takes a question away whose asker has left; false when it was answered first.
func (c *consents) drop(q *question) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remove(q)
}

// remove is called with mu held.
func (c *consents) remove(q *question) bool {
	for i, other := range c.asked {
		if other == q {
			c.asked = append(c.asked[:i:i], c.asked[i+1:]...)
			c.tell()
			return true
		}
	}
	return false
}

// tell wakes whoever shows the questions; mu is held.
func (c *consents) tell() {
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}
