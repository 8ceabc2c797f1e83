package verdict

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/till"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
)

// SettleLimit is how long settling may last once the till answers
// (docs/guarantees.md, invariant 5).
const SettleLimit = 15 * time.Second

// Fleet is what the page needs of the tills (package till).
type Fleet interface {
	States() []*fiscalv1.TillState
	Watch() (changes <-chan till.Change, cancel func())
	Act(ctx context.Context, id, name string, action fiscalv1.Action, report func(*fiscalv1.Run)) (*fiscalv1.Run, error)
	Decide(ctx context.Context, key string, fd uint32) (*fiscalv1.Operation, error)
	// Consents are the runs that wait for a word of the person at the till,
	// ConsentsChanged is closed when they change next, Consent gives that word.
	Consents() []*fiscalv1.Run
	ConsentsChanged() <-chan struct{}
	Consent(runID string, agree bool) (fiscalv1.Consent, error)
}

// Journal is what the page needs of package journal: what was before it began
// to watch.
type Journal interface {
	List(till string, limit int, page string, unfinishedOnly bool) (recs []*journalv1.Record, next string, err error)
}

var (
	_ Fleet   = (*till.Fleet)(nil)
	_ Journal = (*journal.Journal)(nil)
)

// board remembers of each till what its verdict is about, and since when.
type board struct {
	mu      sync.Mutex
	tills   map[string]*onBoard
	changed chan struct{} // closed at each change
}

// lookBack is how many operations, of all tills, are looked at to find the last
// one of each: asking for a till that has done nothing would read a journal of
// months.
const lookBack = 200

// onBoard is one till of the board.
type onBoard struct {
	open  *fiscalv1.Operation // not ended
	last  *fiscalv1.Operation // ended last
	phase Phase
	since time.Time // of the phase
}

// entitle says how people call the tills.
func entitle(views []View, title func(till string) string) []View {
	for i := range views {
		if title != nil {
			views[i].Title = title(views[i].Till)
		}
	}
	return views
}

func newBoard() *board { return &board{tills: map[string]*onBoard{}, changed: make(chan struct{})} }

// run follows the tills until ctx ends. A journal that cannot be read hides only
// what was before: the tills themselves tell what is unfinished.
func (b *board) run(ctx context.Context, fleet Fleet, j Journal, log *slog.Logger) {
	changes, cancel := fleet.Watch()
	defer cancel()
	// What is unfinished may lie far behind what ended last.
	for _, unfinished := range []bool{true, false} {
		recs, _, err := j.List("", lookBack, "", unfinished)
		if err != nil {
			log.Error("page cannot read the last operations", "error", err)
		}
		for _, rec := range recs {
			b.take(rec.GetOperation(), time.Now())
		}
	}
	for _, state := range fleet.States() {
		b.look(state, time.Now())
	}
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-changes:
			name := c.State.GetTill()
			if c.Operation != nil {
				name = c.Operation.GetTill()
				b.take(c.Operation, time.Now())
			}
			for _, state := range fleet.States() {
				if state.GetTill() == name {
					b.look(state, time.Now())
				}
			}
		}
	}
}

func (b *board) till(name string) *onBoard {
	t := b.tills[name]
	if t == nil {
		t = &onBoard{}
		b.tills[name] = t
	}
	return t
}

// take puts an operation where it belongs. Changes of older operations, whose
// slip came out late, say, do not replace a newer verdict.
func (b *board) take(op *fiscalv1.Operation, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.till(op.GetTill())
	if op.GetStage() != fiscalv1.Stage_STAGE_ENDED {
		// One that waits its turn never hides one whose fate is not known.
		if t.open == nil || t.open.GetKey() == op.GetKey() || t.open.GetStage() == fiscalv1.Stage_STAGE_ACCEPTED {
			t.open = op
		}
		return
	}
	if op.GetEndedMs() == 0 { // turned away without a trace
		op = proto.CloneOf(op)
		op.EndedMs = now.UnixMilli()
	}
	if t.open.GetKey() == op.GetKey() {
		t.open = nil
	}
	if t.last == nil || t.last.GetKey() == op.GetKey() || op.GetEndedMs() >= t.last.GetEndedMs() {
		t.last = op
	}
}

// look notes since when the present phase has lasted, and tells watchers.
func (b *board) look(state *fiscalv1.TillState, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.till(state.GetTill())
	if phase := Judge(t.about(), state).Phase; phase != t.phase {
		t.phase, t.since = phase, now
	}
	close(b.changed)
	b.changed = make(chan struct{})
}

// poke tells watchers that something besides the tills has changed.
func (b *board) poke() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.changed)
	b.changed = make(chan struct{})
}

// about is the operation the verdict is about.
func (t *onBoard) about() *fiscalv1.Operation {
	if t.open != nil {
		return t.open
	}
	return t.last
}

// next gives the channel that is closed at the next change.
func (b *board) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

// View is one till as the page gets it. What a stranger at the computer has no
// business to see is in Inside.
type View struct {
	Verdict
	Till string `json:"till"`
	// Title is how people call the till; empty is Till.
	Title  string `json:"title,omitempty"`
	Online bool   `json:"online"`
	// AgeMs is how old the facts are; -1 when the till has never been read.
	AgeMs int64 `json:"age_ms"`
	// LeftMs of Settling may be negative: it takes longer than promised.
	LeftMs int64 `json:"left_ms,omitempty"`
	// ForMs is how long the phase has lasted.
	ForMs  int64   `json:"for_ms,omitempty"`
	About  *About  `json:"about,omitempty"`
	Ticket *Ticket `json:"ticket,omitempty"`
	Facts  Facts   `json:"facts"`
	Inside *Inside `json:"inside,omitempty"`
}

// About tells which operation is spoken of.
type About struct {
	What   string `json:"what"`
	Result string `json:"result"` // "done", "not_done", "unknown"
	FD     uint32 `json:"fd,omitempty"`
	AtMs   int64  `json:"at_ms"` // ended or, when it has not, accepted
}

// Facts are for the details.
type Facts struct {
	Model     string `json:"model,omitempty"`
	Serial    string `json:"serial,omitempty"`
	Shift     uint32 `json:"shift,omitempty"`
	ShiftOpen bool   `json:"shift_open"`
	LastFD    uint32 `json:"last_fd,omitempty"`
	Paper     string `json:"paper"`
	Problems  []Line `json:"problems,omitempty"`
}

// Inside is shown only to a session.
type Inside struct {
	Sum      int64    `json:"sum,omitempty"`
	Currency string   `json:"currency,omitempty"`
	Cashier  string   `json:"cashier,omitempty"`
	Key      string   `json:"key,omitempty"`
	Text     string   `json:"text,omitempty"`
	Evidence []string `json:"evidence,omitempty"`
	Choices  []Choice `json:"choices,omitempty"`
	Raw      string   `json:"raw,omitempty"`
}

// views gives every till as it is now.
func (b *board) views(states []*fiscalv1.TillState, inside bool, now time.Time) []View {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]View, 0, len(states))
	for _, s := range states {
		t := b.till(s.GetTill())
		out = append(out, t.view(s, inside, now))
	}
	return out
}

func (t *onBoard) view(s *fiscalv1.TillState, inside bool, now time.Time) View {
	op := t.about()
	v := View{Verdict: Judge(op, s), Till: s.GetTill(), Online: s.GetOnline(), AgeMs: -1, Facts: factsOf(s)}
	if ms := s.GetReadMs(); ms > 0 {
		v.AgeMs = max(now.UnixMilli()-ms, 0)
	}
	if v.Phase != "" {
		lasted := time.Duration(0)
		if v.Phase == t.phase {
			lasted = now.Sub(t.since)
		}
		v.ForMs = lasted.Milliseconds()
		if v.Phase == Settling {
			v.LeftMs = (SettleLimit - lasted).Milliseconds()
		}
	}
	if op != nil {
		v.About = aboutOf(op)
		if inside {
			v.Inside = insideOf(op, s)
		}
	}
	return v
}

func aboutOf(op *fiscalv1.Operation) *About {
	a := &About{What: what(op), Result: "unknown", FD: op.GetDocument().GetFd(), AtMs: op.GetAcceptedMs()}
	if op.GetStage() == fiscalv1.Stage_STAGE_ENDED {
		a.AtMs = op.GetEndedMs()
		switch op.GetOutcome() {
		case fiscalv1.Outcome_OUTCOME_DONE:
			a.Result = "done"
		case fiscalv1.Outcome_OUTCOME_NOT_DONE:
			a.Result = "not_done"
		case fiscalv1.Outcome_OUTCOME_UNSPECIFIED, fiscalv1.Outcome_OUTCOME_UNKNOWN:
		}
	}
	return a
}

func insideOf(op *fiscalv1.Operation, s *fiscalv1.TillState) *Inside {
	i := &Inside{
		Sum: int64(total(op)), Currency: op.GetReceipt().GetCurrency(), Cashier: op.GetCashier().GetName(), Key: op.GetKey(),
		Text: op.GetText(), Evidence: op.GetEvidence(), Choices: Choices(op, s), Raw: s.GetRaw(),
	}
	if i.Currency == "" {
		i.Currency = "RUB"
	}
	return i
}

var paperNames = map[fiscalv1.Paper]string{
	fiscalv1.Paper_PAPER_UNSPECIFIED: "unknown", fiscalv1.Paper_PAPER_READY: "ready", fiscalv1.Paper_PAPER_PRINTING: "printing",
	fiscalv1.Paper_PAPER_OUT: "out", fiscalv1.Paper_PAPER_COVER: "cover", fiscalv1.Paper_PAPER_CONTINUE: "continue",
	fiscalv1.Paper_PAPER_ABSENT: "absent",
}

func factsOf(s *fiscalv1.TillState) Facts {
	f := Facts{
		Model: s.GetModel(), Serial: s.GetSerial(), Shift: s.GetShift(), ShiftOpen: s.GetShiftOpen(), LastFD: s.GetLastFd(),
		Paper: paperNames[s.GetPaper()],
	}
	for _, p := range s.GetProblems() {
		f.Problems = append(f.Problems, Line{Key: "problem." + p.GetCode(), Args: p.GetArgs()})
	}
	return f
}
