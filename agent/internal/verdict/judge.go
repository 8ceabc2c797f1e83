package verdict

import (
	"cmp"
	"slices"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/settle"
	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Colour is what is seen from the other end of the shop.
type Colour string

// Colours. Each comes with its own sign and words on the page.
const (
	// Green: the document is in the fiscal memory.
	Green Colour = "green"
	// Red: it is not, and it will not come.
	Red Colour = "red"
	// Amber: not known yet.
	Amber Colour = "amber"
	// Grey: nothing to say, or nobody to ask.
	Grey Colour = "grey"
)

// Phase says what an amber verdict waits for; it is empty for the others.
type Phase string

// Phases.
const (
	// Working: the till is at it; the seconds passed are shown.
	Working Phase = "working"
	// Settling: the till answers, so there are at most SettleLimit seconds left.
	Settling Phase = "settling"
	// Silent: the till does not answer; the seconds of silence are shown.
	Silent Phase = "silent"
	// Person: somebody has to decide.
	Person Phase = "person"
)

// Line is one sentence: a key of the words and what is put into it.
type Line struct {
	Key  string            `json:"key"`
	Args map[string]string `json:"args,omitempty"`
}

// Verdict is what the page shows of one till.
type Verdict struct {
	Colour   Colour `json:"colour"`
	Phase    Phase  `json:"phase,omitempty"`
	Headline string `json:"headline"`         // key: does the document exist
	Advice   string `json:"advice,omitempty"` // key: may it be asked again
	Todo     []Line `json:"todo,omitempty"`   // what to do with the till, the paper and the card
	Guide    string `json:"guide,omitempty"`  // which pictures help: "paper", "cover", "reboot"
}

// Judge decides what a till shows. op is the operation the verdict is about: the
// one not ended, otherwise the one that ended last; nil when there has been
// none. state is the till as last seen; nil when it is not known.
//
// Only a durable end gives a colour of certainty: green needs "ended, done", red
// needs "ended, not done", and neither is given while the till says that
// something of ours is unfinished.
func Judge(op *fiscalv1.Operation, state *fiscalv1.TillState) Verdict {
	switch {
	case op == nil && state.GetUnfinished() > 0:
		return amber(nil, state)
	case op == nil && !state.GetOnline():
		return offline(state)
	case op == nil:
		return ready(state)
	case op.GetStage() != fiscalv1.Stage_STAGE_ENDED || state.GetUnfinished() > 0:
		return amber(op, state)
	case !state.GetOnline() && state.GetReadMs() > op.GetEndedMs():
		// The till has been seen well since: its silence is another matter.
		return offline(state)
	}
	switch op.GetOutcome() {
	case fiscalv1.Outcome_OUTCOME_DONE:
		return green(op, state)
	case fiscalv1.Outcome_OUTCOME_NOT_DONE:
		return red(op, state)
	case fiscalv1.Outcome_OUTCOME_UNSPECIFIED, fiscalv1.Outcome_OUTCOME_UNKNOWN:
	}
	return amber(op, state)
}

func offline(state *fiscalv1.TillState) Verdict {
	v := Verdict{Colour: Grey, Headline: "offline"}
	if state.GetReadMs() == 0 {
		v.Headline = "never_seen"
	}
	v.obstacles(state, "")
	return v
}

func ready(state *fiscalv1.TillState) Verdict {
	v := Verdict{Colour: Grey, Headline: "ready"}
	if v.obstacles(state, "") {
		v.Headline = "not_ready"
	}
	return v
}

func green(op *fiscalv1.Operation, state *fiscalv1.TillState) Verdict {
	v := Verdict{Colour: Green, Headline: "done." + what(op), Advice: "stop." + manner(op)}
	owed := op.GetPaper() == fiscalv1.PaperTrack_PAPER_TRACK_OWED || state.GetPaperOwed()
	switch paper := state.GetPaper(); {
	case paper == fiscalv1.Paper_PAPER_OUT, paper == fiscalv1.Paper_PAPER_COVER, paper == fiscalv1.Paper_PAPER_ABSENT:
		if owed {
			v.say("paper.owed")
		}
	case paper == fiscalv1.Paper_PAPER_CONTINUE, owed:
		v.say("paper.continue")
	case op.GetPaper() == fiscalv1.PaperTrack_PAPER_TRACK_PRINTED && isReceipt(op):
		v.say("paper.give")
	}
	v.obstacles(state, "")
	if byCard(op) {
		v.say("card.done." + direction(op))
	}
	return v
}

func red(op *fiscalv1.Operation, state *fiscalv1.TillState) Verdict {
	v := Verdict{Colour: Red, Headline: "not_done." + what(op), Advice: "again." + manner(op)}
	reason := op.GetReason()
	blocked := false
	switch {
	case reason == "" || reason == settle.ReasonNotFiscalised:
		reason = ""
	case reason == drivers.CodeShiftClosed && state.GetShiftOpen(), reason == drivers.CodeShiftOpen && !state.GetShiftOpen():
		// mended since
	case visible[reason] && !standing(state, reason) && state.GetReadMs() > op.GetEndedMs():
		// mended since
	default:
		v.say("problem." + reason)
		v.guide(reason)
		blocked = reason == drivers.CodeShiftClosed || reason == drivers.CodeShiftOpen || visible[reason]
	}
	if v.obstacles(state, reason) || blocked {
		v.Advice = "fix." + manner(op)
	}
	if byCard(op) {
		v.say("card.not_done." + direction(op))
	}
	if isReceipt(op) && len(op.GetEvidence()) > 0 { // the till was asked: something may have come out
		v.say("paper.scrap")
	}
	return v
}

func amber(op *fiscalv1.Operation, state *fiscalv1.TillState) Verdict {
	v := Verdict{Colour: Amber, Headline: "unknown", Advice: "wait." + manner(op)}
	switch stage := op.GetStage(); {
	case stage == fiscalv1.Stage_STAGE_NEEDS_PERSON:
		v.Phase, v.Headline = Person, "person"
		v.say("problem." + cmp.Or(op.GetReason(), health.CodeNeedsPerson))
		v.say("person.call")
	case op != nil && stage < fiscalv1.Stage_STAGE_SETTLING && state.GetUnfinished() == 0:
		// The state is not published in the middle of an effect, so an
		// operation that is open there too is being settled.
		v.Phase, v.Headline = Working, "working."+what(op)
	case state.GetOnline():
		v.Phase = Settling
	default:
		v.Phase = Silent
	}
	if v.Phase != Working {
		v.obstacles(state, op.GetReason())
		if byCard(op) {
			v.say("card.unknown")
		}
		if isReceipt(op) {
			v.say("paper.hold")
		}
	}
	return v
}

// covered are problems that the verdict itself tells.
var covered = map[string]bool{
	health.CodeUnfinished: true, health.CodeNeedsPerson: true, health.CodePaperOwed: true, drivers.CodeContinue: true,
	settle.ReasonFNReplaced: true, settle.ReasonCounterBack: true, settle.ReasonCandidates: true, settle.ReasonCounters: true,
}

// visible are reasons that stand in the state of the till as long as they last.
var visible = map[string]bool{
	drivers.CodeNoPaper: true, drivers.CodeCoverOpen: true, drivers.CodeContinue: true, drivers.CodePrinter: true, drivers.CodeShiftExpired: true,
	drivers.CodeStuck: true, drivers.CodeFNBlocked: true, drivers.CodeClock: true, drivers.CodeOpenDocument: true,
	drivers.CodeLink: true, drivers.CodeGone: true, drivers.CodeInUse: true, health.CodeSwapped: true, health.CodeFNSwapped: true, settle.ReasonForeignOpen: true,
}

// standing tells whether the problem is there now. A lost link is called
// "offline" in a state, an open document of another program "open_document".
func standing(state *fiscalv1.TillState, code string) bool {
	for _, p := range state.GetProblems() {
		if sameProblem(p.GetCode(), code) {
			return true
		}
	}
	return false
}

func sameProblem(a, b string) bool {
	alias := func(code string) string {
		switch code {
		case drivers.CodeLink:
			return health.CodeOffline
		case settle.ReasonForeignOpen:
			return drivers.CodeOpenDocument
		}
		return code
	}
	return alias(a) == alias(b)
}

// guides tells which pictures help against a problem.
var guides = map[string]string{
	drivers.CodeNoPaper: "paper", drivers.CodeCoverOpen: "cover", health.CodeOffline: "reboot", drivers.CodeLink: "reboot",
	drivers.CodeGone: "reboot", drivers.CodeFN: "reboot", drivers.CodeStuck: "reboot",
}

// obstacles adds what keeps the till from working, except said, which has been
// told already; it tells whether there is any.
func (v *Verdict) obstacles(state *fiscalv1.TillState, said string) (found bool) {
	for _, p := range state.GetProblems() {
		code := p.GetCode()
		if code == drivers.CodeContinue && v.Colour != Green {
			found = true
			v.say("paper.continue")
		}
		if p.GetSeverity() < fiscalv1.Severity_SEVERITY_CRITICAL || covered[code] {
			continue
		}
		found = true
		if !sameProblem(code, said) {
			v.add(Line{Key: "problem." + code, Args: p.GetArgs()})
		}
		v.guide(code)
	}
	return found
}

func (v *Verdict) say(key string) { v.add(Line{Key: key}) }

// add says nothing twice.
func (v *Verdict) add(l Line) {
	if !slices.ContainsFunc(v.Todo, func(said Line) bool { return said.Key == l.Key }) {
		v.Todo = append(v.Todo, l)
	}
}

func (v *Verdict) guide(code string) {
	if v.Guide == "" {
		v.Guide = guides[code]
	}
}

// what names the thing asked for in keys of words.
func what(op *fiscalv1.Operation) string {
	switch {
	case op.GetReceipt().GetCorrection() != nil:
		return "correction"
	case direction(op) == "back":
		return "return"
	case isReceipt(op):
		return "receipt"
	}
	switch fiscal.Kind(op.GetKind()) {
	case fiscal.CashIn:
		return "cash_in"
	case fiscal.CashOut:
		return "cash_out"
	case fiscal.OpenShift:
		return "open_shift"
	case fiscal.CloseShift:
		return "close_shift"
	case fiscal.XReport:
		return "x_report"
	case fiscal.Settlement:
		return "settlement"
	case fiscal.Register:
		return "register"
	case fiscal.Reregister:
		return "reregister"
	case fiscal.CloseArchive:
		return "close_archive"
	case fiscal.KindNone, fiscal.Sale, fiscal.SaleReturn, fiscal.Purchase, fiscal.PurchaseReturn:
	}
	return "receipt"
}

// manner tells whether one "punches" the thing or does it.
func manner(op *fiscalv1.Operation) string {
	if op == nil || isReceipt(op) {
		return "receipt"
	}
	return "other"
}

// direction tells which way the money goes.
func direction(op *fiscalv1.Operation) string {
	if k := fiscal.Kind(op.GetKind()); k == fiscal.SaleReturn || k == fiscal.PurchaseReturn {
		return "back"
	}
	return "pay"
}

func isReceipt(op *fiscalv1.Operation) bool { return fiscal.Kind(op.GetKind()).IsReceipt() }

func byCard(op *fiscalv1.Operation) bool {
	return isReceipt(op) && op.GetReceipt().GetPayments().GetElectronic() > 0
}
