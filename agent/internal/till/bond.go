package till

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// A till of the configuration is one device, whatever cable it hangs on: the one
// with its factory number and its fiscal memory. The first device that answers
// is taken for it. From then on a device with another number is a stranger: it
// is announced, nothing is asked of it that could change anything, and nothing
// is settled by what it says. It becomes the till by a person's word ([Fleet.Accept]).
//
// The fiscal memory is replaced in the life of every till. Whoever closes its
// archive through us expects another one: that one is taken without a word.

// Binding is the device a till is bound to. Empty is not known yet.
type Binding struct {
	Serial string // factory number
	FN     string // number of the fiscal memory
	// Retired tells that the archive of FN was closed by an operation of ours.
	Retired bool
}

// Cable keeps a till's binding and knows where the till is. Its calls are short
// and do not wait for a device.
type Cable interface {
	// Bound is what was kept; the zero Binding when nothing was.
	Bound() Binding
	// Bind keeps a binding, and that the till is where it was dialled last. It is
	// told the same one again after every connecting. why is a person's word, ""
	// for what goes without saying.
	Bind(b Binding, why string) error
	// Stray says that a stranger answers. True means that the till is known to be
	// elsewhere: the wire is to be opened anew.
	Stray(id drivers.Identity) bool
	// TakePending is drivers.PendingReader for answers that were found while the
	// till was looked for.
	TakePending() (fiscal.Document, bool)
}

// loose is the Cable of a till that has none: bound until the program ends.
type loose struct{ b Binding }

func (l *loose) Bound() Binding                       { return l.b }
func (l *loose) Bind(b Binding, _ string) error       { l.b = b; return nil }
func (l *loose) Stray(drivers.Identity) bool          { return false }
func (l *loose) TakePending() (fiscal.Document, bool) { return fiscal.Document{}, false }

// shortSerial is how many digits of the number every till tells; the whole
// number comes from a table that it may refuse to show.
const shortSerial = 8

// SameSerial compares factory numbers, whose leading zeros come and go.
func SameSerial(a, b string) bool { return strings.TrimLeft(a, "0") == strings.TrimLeft(b, "0") }

// differs is what about the device is another one's: a code of package health,
// "" when it can be the till. What one of the two does not tell is no difference.
func (b Binding) differs(id drivers.Identity) string {
	sameFN := b.FN == "" || id.FN == "" || b.FN == id.FN
	short := sameFN && b.FN != "" && id.FN != "" && (len(id.Serial) <= shortSerial || len(b.Serial) <= shortSerial)
	switch {
	case b.Serial != "" && id.Serial != "" && !SameSerial(b.Serial, id.Serial) && !short:
		return health.CodeSwapped
	case !sameFN && !b.Retired:
		return health.CodeFNSwapped
	}
	return ""
}

// with is the binding after the device has been met.
func (b Binding) with(id drivers.Identity) Binding {
	if id.Serial != "" && (b.Serial == "" || len(id.Serial) >= len(b.Serial)) {
		b.Serial = id.Serial
	}
	if id.FN != "" && id.FN != b.FN {
		b.FN, b.Retired = id.FN, false
	}
	return b
}

// stranger is a device that is not the till, and what about it is not.
type stranger struct {
	id   drivers.Identity
	code string
	was  Binding
}

func (s *stranger) problem() health.Problem {
	if s.code == health.CodeFNSwapped {
		return health.Problem{Code: s.code, Args: map[string]string{"fn": s.id.FN, "was": s.was.FN}}
	}
	return health.Problem{Code: s.code, Args: map[string]string{"serial": s.id.Serial, "was": s.was.Serial}}
}

func (s *stranger) Error() string {
	return fmt.Sprintf("another device answers: serial %s FN %s instead of serial %s FN %s", s.id.Serial, s.id.FN, s.was.Serial, s.was.FN)
}

// meet compares the device that answers with the binding. A stranger is an
// error, and forgotten only when the till itself answers.
func (t *Till) meet(id drivers.Identity) error {
	b := t.cable.Bound()
	code := b.differs(id)
	if code == health.CodeSwapped && t.registered && b.FN == id.FN {
		code = "" // our own registration gave it the number
	}
	if code == "" {
		t.registered = false
		if b.Retired && id.FN != "" && id.FN != b.FN {
			t.log.Warn("the fiscal memory was replaced after its archive was closed", "till", t.name, "was", b.FN, "is", id.FN)
		}
		if err := t.cable.Bind(b.with(id), ""); err != nil {
			t.log.Error("the till's binding is not kept", "till", t.name, "err", err.Error())
		}
		if t.stranger != nil {
			t.log.Info("the till is back", "till", t.name, "serial", id.Serial, "fn", id.FN)
		}
		t.stranger = nil
		return nil
	}
	s := &stranger{id: id, code: code, was: b}
	if t.stranger == nil || t.stranger.id.Serial != id.Serial || t.stranger.id.FN != id.FN {
		t.log.Error("another device answers", "till", t.name, "serial", id.Serial, "fn", id.FN, "bound_serial", b.Serial, "bound_fn", b.FN)
		t.tellStranger(eventStranger, s)
	}
	t.stranger, t.failure = s, nil
	if r, ok := t.device.(drivers.Reopener); ok && t.cable.Stray(id) {
		t.log.Info("the till has been found elsewhere", "till", t.name)
		_ = r.Reopen() // a wire that does not close properly is gone all the same
	}
	return s
}

// retire notes that the archive of the till's memory is closed.
func (t *Till) retire() {
	b := t.cable.Bound()
	b.Retired = true
	if err := t.cable.Bind(b, ""); err != nil {
		t.log.Error("the till's binding is not kept", "till", t.name, "err", err.Error())
	}
}

// harmless are the actions that change nothing in the device.
var harmless = []fiscalv1.Action{fiscalv1.Action_ACTION_CHECK, fiscalv1.Action_ACTION_DECIDE, fiscalv1.Action_ACTION_REOPEN_PORT}

// keepOff is the end of a run that would touch a stranger; nil when it may go on.
func (t *Till) keepOff(ctx context.Context, plan *fiscalv1.Run) *fiscalv1.Run {
	if t.stranger == nil || slices.Contains(harmless, plan.GetAction()) || t.refresh(ctx) == nil || t.stranger == nil {
		return nil
	}
	w := t.stranger.problem().Words()
	run := proto.CloneOf(plan)
	run.Ended, run.Text = true, w.Text+" "+w.Todo
	for _, s := range run.GetSteps() {
		s.State = fiscalv1.StepState_STEP_STATE_SKIPPED
	}
	return run
}

// cableOf is what a configuration says of the cable.
func cableOf(c Config) Cable {
	if c.Cable == nil {
		return &loose{}
	}
	return c.Cable
}

// Accept takes the device that answers now for the till, on a person's word: by
// is who said so. Of an operation that was under way nothing is decided by that.
func (f *Fleet) Accept(ctx context.Context, name, by string) (string, error) {
	t, err := f.Till(name)
	if err != nil {
		return "", err
	}
	return borrow(ctx, t, func(work context.Context) (string, error) {
		const same = "На проводе та же касса: подтверждать нечего."
		t.identified = false
		err := t.refresh(work)
		s := t.stranger
		if s == nil {
			return same, err
		}
		if err := t.cable.Bind(Binding{Serial: s.id.Serial, FN: s.id.FN}, by); err != nil {
			return same, fmt.Errorf("keep the binding: %w", err)
		}
		t.log.Warn("a person took another device for the till", "till", t.name, "by", by, "serial", s.id.Serial, "fn", s.id.FN, "was_serial", s.was.Serial, "was_fn", s.was.FN)
		t.tellStranger(eventAccepted, s)
		t.stranger = nil
		return fmt.Sprintf("Принята касса с заводским № %s и накопителем %s.", s.id.Serial, s.id.FN), t.refresh(work)
	})
}
