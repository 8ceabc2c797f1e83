// Package settle decides what became of an operation whose answer is doubtful.
//
// [Decide] is a pure function from what was asked and what the device says now
// to the next step. It reads no device, opens no journal, knows no clock: the
// till (package till) collects [Facts], asks, does what [Verdict] says and asks
// again. The table in settle_test.go is the specification; docs/guarantees.md
// is printed from it.
//
// # The rules
//
// The fiscal memory is the witness. Its number and its last document before
// the effect are in the journal; its number, its last document and every
// document between are read after. Exactly one match is "done", none is "not
// done", several are for a person. A receipt standing open in the device is
// never in the fiscal memory: once that is proved it is cancelled, and only if
// its subtotal can be ours.
//
// Where the till takes a mark of ours into the document, only a document with
// that mark is a match: equal sales cannot be confused.
//
// Cash movements and X reports leave no fiscal document; counters of the till
// decide about them in the same manner.
//
// # What it does not do
//
// It never advises to repeat the effect: "not done" goes to the asker, who may
// ask again under the same key.
package settle

import (
	"fmt"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Asked is what the journal remembers of an operation.
type Asked struct {
	Kind       fiscal.Kind
	Correction bool
	Total      fiscal.Money   // of a receipt
	Steps      []fiscal.Money // subtotals an unfinished receipt of ours can show: 0, first line, first two …
	Baseline   fiscal.Baseline
	Marker     string // our mark inside the document, when the till takes one
	Begun      bool   // the intent is in the journal: the device may have been asked
}

// Facts are what the device says now.
type Facts struct {
	Now       fiscal.Baseline
	Open      drivers.Open
	OpenTotal fiscal.Money      // -1 when the device does not tell
	Busy      bool              // still printing: the picture may change
	Documents []fiscal.Document // numbers Baseline.LastFD+1 … Now.LastFD, in order; may be nil before they are read
	Pending   *fiscal.Document  // a lost answer found on the wire
}

// Next is what the till has to do.
type Next uint8

// Steps.
const (
	// Wait: the device is busy; ask again later.
	Wait Next = iota
	// ReadDocuments: read From … To of the archive and ask again.
	ReadDocuments
	// CancelOpen: cancel the open document and ask again.
	CancelOpen
	// Adopt: done; Verdict.Document is the document (zero for non-fiscal kinds).
	Adopt
	// Refuse: not done, proved.
	Refuse
	// Person: cannot be decided without one.
	Person
)

var nextNames = [...]string{"wait", "read documents", "cancel open document", "adopt", "not done", "person"}

// String names the step as in docs/guarantees.md.
func (n Next) String() string {
	if int(n) < len(nextNames) {
		return nextNames[n]
	}
	return fmt.Sprintf("next(%d)", uint8(n))
}

// Reasons of a verdict: codes of the health problem and of the answer.
const (
	ReasonNotFiscalised = "not_fiscalised"
	ReasonFNReplaced    = "fn_replaced"
	ReasonCounterBack   = "counter_back"
	ReasonCandidates    = "candidates"
	ReasonForeignOpen   = "foreign_open"
	ReasonCounters      = "counters"
)

// Verdict is the decision.
type Verdict struct {
	Next     Next
	Reason   string
	From, To uint32          // for ReadDocuments
	Document fiscal.Document // for Adopt
	Foreign  []uint32        // documents of somebody else among those read: alarm «чужой документ»
	Evidence []string        // what was compared, for a person, in Russian
	// Candidates are the documents a person may choose from, for Person.
	Candidates []fiscal.Document
}

// MaxScan bounds how many foreign documents are read: more than that between
// two readings of one till is not an accident but another program at work.
const MaxScan = 200

// Decide gives the next step. See the package comment for the rules.
func Decide(a Asked, f Facts) Verdict {
	if !a.Begun {
		return Verdict{Next: Refuse, Reason: ReasonNotFiscalised, Evidence: []string{"команда кассе не отправлялась"}}
	}
	base, now := a.Baseline, f.Now
	seen := fmt.Sprintf("до операции: ФН %s, ФД %d, смена %d; сейчас: ФН %s, ФД %d, смена %d",
		base.FN, base.LastFD, base.Shift, now.FN, now.LastFD, now.Shift)
	person := func(reason, why string) Verdict {
		return Verdict{Next: Person, Reason: reason, Evidence: []string{seen, why}}
	}
	switch {
	case now.FN != base.FN:
		return person(ReasonFNReplaced, "фискальный накопитель другой: судьбу документа покажет только прежний")
	case now.LastFD < base.LastFD:
		return person(ReasonCounterBack, "номер последнего документа уменьшился: так не бывает у исправного ФН")
	}
	if !a.Kind.IsFiscal() {
		return decideCounters(a, f, seen)
	}
	between := now.LastFD - base.LastFD
	if between > MaxScan {
		return person(ReasonCandidates, fmt.Sprintf("между показаниями %d чужих документов: на кассе работала другая программа", between))
	}
	if uint32(len(f.Documents)) != between {
		return Verdict{Next: ReadDocuments, From: base.LastFD + 1, To: now.LastFD, Evidence: []string{seen}}
	}
	return decideDocuments(a, f, seen)
}

func decideDocuments(a Asked, f Facts, seen string) Verdict {
	evidence := []string{seen}
	var ours, foreign []fiscal.Document
	unmarked := 0 // equal documents that should have carried our mark and carry none
	for _, d := range f.Documents {
		switch {
		case !matches(a, d):
			foreign = append(foreign, d)
		case d.Marker == a.Marker:
			ours = append(ours, d)
		default:
			foreign = append(foreign, d)
			if d.Marker == "" {
				unmarked++
			}
		}
		line := fmt.Sprintf("ФД %d: форма %d, признак %d, сумма %s, %s", d.FD, d.Type, d.Kind.Sign(), d.Total, d.At)
		if d.Marker != "" {
			line += ", метка " + d.Marker
		}
		evidence = append(evidence, line)
	}
	if len(ours) == 0 && unmarked > 0 {
		// Either somebody else's equal sale, or ours on a till that dropped the
		// mark: nobody but a person can tell.
		return Verdict{
			Next: Person, Reason: ReasonCandidates, Candidates: candidates(a, f.Documents),
			Evidence: append(evidence, "есть такой же документ без нашей метки "+a.Marker),
		}
	}
	if len(ours) > 1 && f.Pending != nil {
		for _, d := range ours {
			if d.FD == f.Pending.FD && d.FP == f.Pending.FP {
				evidence = append(evidence, fmt.Sprintf("касса повторила ответ на нашу команду: ФД %d", d.FD))
				ours = []fiscal.Document{d}
				break
			}
		}
	}
	var foreignFDs []uint32
	for _, d := range foreign {
		foreignFDs = append(foreignFDs, d.FD)
	}
	switch len(ours) {
	case 1:
		return Verdict{Next: Adopt, Document: ours[0], Foreign: foreignFDs, Evidence: evidence}
	case 0:
		if f.Busy {
			return Verdict{Next: Wait, Foreign: foreignFDs, Evidence: append(evidence, "касса ещё печатает")}
		}
		v := decideOpen(a, f, evidence)
		v.Foreign = foreignFDs
		return v
	}
	return Verdict{
		Next: Person, Reason: ReasonCandidates, Foreign: foreignFDs, Candidates: candidates(a, f.Documents),
		Evidence: append(evidence, fmt.Sprintf("подходят %d документа: какой из них наш, решает человек", len(ours))),
	}
}

// CanBeOurs tells whether a person may say that the document is the one asked
// for: it came after the baseline, it matches, and it carries no mark of
// somebody else.
func CanBeOurs(a Asked, d fiscal.Document) bool {
	return d.FD > a.Baseline.LastFD && matches(a, d) && (d.Marker == "" || d.Marker == a.Marker)
}

func candidates(a Asked, docs []fiscal.Document) []fiscal.Document {
	var out []fiscal.Document
	for _, d := range docs {
		if CanBeOurs(a, d) {
			out = append(out, d)
		}
	}
	return out
}

// matches tells whether the document can be the one asked for.
func matches(a Asked, d fiscal.Document) bool {
	switch {
	case a.Kind == fiscal.OpenShift:
		return d.Type == fiscal.DocShiftOpened && (d.Shift == 0 || d.Shift == a.Baseline.Shift+1)
	case a.Kind == fiscal.CloseShift:
		return d.Type == fiscal.DocShiftClosed && (d.Shift == 0 || d.Shift == a.Baseline.Shift)
	case a.Kind == fiscal.Settlement:
		return d.Type == fiscal.DocSettlementReport
	case a.Kind == fiscal.Register:
		return d.Type == fiscal.DocRegistration
	case a.Kind == fiscal.Reregister:
		return d.Type == fiscal.DocReregistration
	case a.Kind == fiscal.CloseArchive:
		return d.Type == fiscal.DocArchiveClosed
	case a.Correction:
		return (d.Type == fiscal.DocCorrection || d.Type == fiscal.DocBSOCorrection) && d.Kind == a.Kind && d.Total == a.Total
	}
	return (d.Type == fiscal.DocReceipt || d.Type == fiscal.DocBSO) && d.Kind == a.Kind && d.Total == a.Total
}

// decideOpen is reached when the fiscal memory provably does not hold the
// document. What stands open in the device then is either ours, and dead, or
// somebody else's.
func decideOpen(a Asked, f Facts, evidence []string) Verdict {
	switch f.Open {
	case drivers.OpenNothing, drivers.OpenNonFiscal:
		return Verdict{Next: Refuse, Reason: ReasonNotFiscalised, Evidence: append(evidence, "в ФН документа нет, на кассе ничего не открыто")}
	case drivers.OpenFNDocument:
		return Verdict{Next: CancelOpen, Reason: ReasonNotFiscalised, Evidence: append(evidence, "в ФН начат и не завершён документ: отменяется")}
	case drivers.OpenReceipt:
		if !a.Kind.IsReceipt() || !ourSubtotal(a, f.OpenTotal) {
			// A till holds one receipt at a time: ours is gone, and theirs is not
			// ours to cancel. Nothing new begins while it stands open.
			return Verdict{
				Next: Refuse, Reason: ReasonForeignOpen,
				Evidence: append(evidence, fmt.Sprintf("в ФН документа нет, на кассе открыт чужой документ на %s", f.OpenTotal)),
			}
		}
		return Verdict{Next: CancelOpen, Reason: ReasonNotFiscalised, Evidence: append(evidence, "на кассе открыт наш незакрытый чек: отменяется")}
	}
	return Verdict{Next: Person, Reason: ReasonForeignOpen, Evidence: append(evidence, "непонятное состояние документа на кассе")}
}

func ourSubtotal(a Asked, open fiscal.Money) bool {
	if open < 0 {
		return true // the device does not tell; the baseline was taken with nothing open
	}
	for _, s := range a.Steps {
		if s == open {
			return true
		}
	}
	return false
}

func decideCounters(a Asked, f Facts, seen string) Verdict {
	var before, after uint32
	var what string
	switch a.Kind {
	case fiscal.CashIn:
		before, after, what = a.Baseline.CashIns, f.Now.CashIns, "внесений"
	case fiscal.CashOut:
		before, after, what = a.Baseline.CashOuts, f.Now.CashOuts, "выплат"
	case fiscal.XReport:
		before, after, what = a.Baseline.XReports, f.Now.XReports, "X-отчётов"
	case fiscal.KindNone, fiscal.Sale, fiscal.SaleReturn, fiscal.Purchase, fiscal.PurchaseReturn, fiscal.OpenShift, fiscal.CloseShift, fiscal.Settlement,
		fiscal.Register, fiscal.Reregister, fiscal.CloseArchive:
		fallthrough
	default:
		return Verdict{Next: Person, Reason: ReasonCounters, Evidence: []string{seen, "неизвестный вид операции " + a.Kind.String()}}
	}
	evidence := []string{seen, fmt.Sprintf("%s было %d, стало %d", what, before, after)}
	// The till counts in two bytes (Shtrih protocol 1.17, command 1Bh).
	switch delta := uint16(after) - uint16(before); delta {
	case 0:
		if f.Busy {
			return Verdict{Next: Wait, Evidence: append(evidence, "касса ещё печатает")}
		}
		return Verdict{Next: Refuse, Reason: ReasonNotFiscalised, Evidence: evidence}
	case 1:
		return Verdict{Next: Adopt, Evidence: evidence}
	default:
		return Verdict{Next: Person, Reason: ReasonCounters, Evidence: append(evidence, "на кассе работал кто-то ещё")}
	}
}
