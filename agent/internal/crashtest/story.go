package crashtest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// How patient the asker of a point is.
const (
	rounds    = 12 // answers and deaths
	ladderAt  = 3  // refusals after which a technician's ladder is climbed
	doneRest  = time.Second
	storyRows = 24
)

// story is one point being played.
type story struct {
	r      *run
	k      kind
	t      trouble
	before fiscal.Baseline
	said   []answer
	told   []string
	doubt  bool // the operation was doubtful when the trouble was over
}

// answer is one thing the agent said, and how many documents of the operation
// the fiscal memory held right after.
type answer struct {
	outcome fiscalv1.Outcome
	fd, fp  uint32
	held    int
}

func (s *story) tell(format string, args ...any) {
	if len(s.told) < storyRows {
		s.told = append(s.told, fmt.Sprintf(format, args...))
	}
}

// point plays one point and judges it. An error says that the till could not be
// brought to where the point begins, or not be read after it.
func (r *run) point(ctx context.Context, p Point) (Point, error) {
	s := &story{
		r: r,
		k: kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == p.Kind })],
		t: troubles[slices.IndexFunc(troubles, func(t trouble) bool { return t.name == p.Trouble })],
	}
	if err := r.prepare(ctx, s.k); err != nil {
		return p, err
	}
	s.before = r.now
	s.tell("до: последний документ ФД %d", s.before.LastFD)
	dir := r.folder()
	if err := s.play(ctx, dir, p); err != nil {
		return p, err
	}
	if err := r.read(ctx); err != nil {
		return p, err
	}
	_, _, fired := r.scissors.count()
	p.Missed = !fired
	s.judge(&p)
	if p.Bad() {
		p.Story = append([]string{p.Words()}, s.told...)
	} else {
		_ = os.RemoveAll(dir)
	}
	return p, nil
}

// play asks until the operation is done.
func (s *story) play(ctx context.Context, dir string, p Point) error {
	r := s.r
	l, err := r.begin(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { l.end() }()
	if _, err := l.fleet.Refresh(ctx, tillName); err != nil {
		return fmt.Errorf("read the till: %w", err)
	}
	op := r.asked(s.k)
	r.scissors.arm(s.t, p.At)
	defer r.scissors.disarm()
	refusals := 0
	for range rounds {
		got, err := r.ask(ctx, l, op)
		r.scissors.disarm()
		if r.scissors.dead() {
			s.tell("шаг %d: %s", p.At, s.t.words)
			l.end()
			if l, err = r.begin(ctx, dir); err != nil {
				return err
			}
			s.tell("агент запущен снова")
			continue
		}
		if err != nil {
			s.tell("агент ответил ошибкой: %v", err)
			return nil
		}
		s.timed(l)
		if len(s.said) == 0 && s.t.wire() {
			s.tell("шаг %d: %s", p.At, s.t.words)
		}
		s.tell("агент: %s %s%s", outcomeWords[got.GetOutcome()], documentWords(got), got.GetText())
		a := answer{outcome: got.GetOutcome(), fd: got.GetDocument().GetFd(), fp: got.GetDocument().GetFp()}
		switch a.outcome {
		case fiscalv1.Outcome_OUTCOME_DONE:
			s.said = append(s.said, a)
			r.count(s.k, got)
			return nil
		case fiscalv1.Outcome_OUTCOME_NOT_DONE:
			r.waitForPerson(ctx, l)
			if refusals++; refusals >= ladderAt {
				_, _ = l.fleet.Act(ctx, op.GetKey()+fmt.Sprint(refusals), tillName, fiscalv1.Action_ACTION_RECOVER, func(*fiscalv1.Run) {})
			}
			// The archive is read with the agent away: its word is not asked.
			l.end()
			if err := r.read(ctx); err != nil {
				return err
			}
			a.held = s.held()
			if l, err = r.begin(ctx, dir); err != nil {
				return err
			}
		case fiscalv1.Outcome_OUTCOME_UNKNOWN, fiscalv1.Outcome_OUTCOME_UNSPECIFIED:
		}
		s.said = append(s.said, a)
		if got.GetStage() == fiscalv1.Stage_STAGE_NEEDS_PERSON {
			return nil // it is not the test's to decide
		}
	}
	return nil
}

var outcomeWords = map[fiscalv1.Outcome]string{
	fiscalv1.Outcome_OUTCOME_DONE: "выполнено", fiscalv1.Outcome_OUTCOME_NOT_DONE: "не выполнено", fiscalv1.Outcome_OUTCOME_UNKNOWN: "неизвестно",
}

func documentWords(op *fiscalv1.Operation) string {
	if fd := op.GetDocument().GetFd(); fd != 0 {
		return fmt.Sprintf("(ФД %d) ", fd)
	}
	return ""
}

// timed keeps how long a doubtful operation took to be settled, from the moment
// the till was heard again.
func (s *story) timed(l *life) {
	if again := s.r.scissors.since(); !s.doubt && l.inDoubt() && !again.IsZero() {
		s.doubt = true
		s.r.settles = append(s.r.settles, time.Since(again))
	}
}

// held counts what the operation has left in the till, as last read.
func (s *story) held() int {
	if s.k.ours == nil {
		// Tills count in two bytes (Shtrih protocol 1.17, command 1Bh).
		return int(uint16(s.k.counter(s.r.now)) - uint16(s.k.counter(s.before)))
	}
	n := 0
	for _, d := range s.r.after(s.before.LastFD) {
		if s.k.ours(d) {
			n++
		}
	}
	return n
}

// judge compares what was said with what is.
func (s *story) judge(p *Point) {
	n := s.held()
	docs := s.r.after(s.before.LastFD)
	p.Documents = n
	p.Lost, p.Doubled = n == 0, n > 1
	p.Unsettled = len(s.said) == 0 || s.said[len(s.said)-1].outcome != fiscalv1.Outcome_OUTCOME_DONE
	strangers := len(docs)
	if s.k.ours != nil {
		strangers -= n
	}
	p.Wrong = strangers > 0
	for _, a := range s.said {
		switch a.outcome {
		case fiscalv1.Outcome_OUTCOME_DONE:
			p.Wrong = p.Wrong || s.k.ours != nil && !slices.ContainsFunc(docs, func(d fiscal.Document) bool { return d.FD == a.fd && d.FP == a.fp && s.k.ours(d) })
		case fiscalv1.Outcome_OUTCOME_NOT_DONE:
			p.Wrong = p.Wrong || a.held != 0
		case fiscalv1.Outcome_OUTCOME_UNKNOWN, fiscalv1.Outcome_OUTCOME_UNSPECIFIED:
		}
	}
	list := "новых документов нет"
	for i, d := range docs {
		if i == 0 {
			list = ""
		}
		list += fmt.Sprintf(" ФД %d форма %d сумма %s;", d.FD, d.Type, d.Total)
	}
	s.tell("после: %s этой операции: %d, должно быть 1", list, n)
}
