package verdict

import (
	"regexp"
	"strconv"

	"github.com/chekan-io/chekan/agent/internal/settle"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Choice is one answer a person may give for an operation.
type Choice struct {
	FD   uint32 `json:"fd"` // 0: there is no document of ours
	Key  string `json:"key"`
	Line string `json:"line,omitempty"` // the evidence about that document
}

// evidenceOfDocument is how package settle tells of a document it read:
// "ФД 12: форма 3, признак 1, сумма 300.00, 2026-03-04T05:06".
var evidenceOfDocument = regexp.MustCompile(`^ФД (\d+): форма (\d+), признак (\d+), сумма (\S+), `)

// Choices are the answers that cannot make things worse. A document that was
// never a candidate cannot be chosen, and where the fiscal memory itself is in
// doubt nothing can: the service centre decides from the command line.
func Choices(op *fiscalv1.Operation, state *fiscalv1.TillState) []Choice {
	if op.GetStage() != fiscalv1.Stage_STAGE_NEEDS_PERSON {
		return nil
	}
	none := Choice{Key: "choose.none"}
	switch op.GetReason() {
	case settle.ReasonCandidates:
		var out []Choice
		for _, line := range op.GetEvidence() {
			if fd := candidate(op, line); fd != 0 {
				out = append(out, Choice{FD: fd, Key: "choose.document", Line: line})
			}
		}
		if out == nil {
			return nil // nobody has read them: "none of them" would be a guess
		}
		return append(out, none)
	case settle.ReasonCounters:
		// Cash movements and X reports have no document; any number says "done".
		if fd := state.GetLastFd(); fd > 0 && !fiscal.Kind(op.GetKind()).IsFiscal() {
			return []Choice{{FD: fd, Key: "choose.done"}, none}
		}
		return []Choice{none}
	}
	return nil
}

// candidate gives the number of the document in a line of evidence, when it is
// one that op could have made; otherwise 0.
func candidate(op *fiscalv1.Operation, line string) uint32 {
	m := evidenceOfDocument.FindStringSubmatch(line)
	if m == nil || !isReceipt(op) || m[3] != strconv.Itoa(fiscal.Kind(op.GetKind()).Sign()) || m[4] != total(op).String() {
		return 0
	}
	form, err := strconv.ParseUint(m[2], 10, 8)
	corrects := fiscal.DocumentType(form) == fiscal.DocCorrection || fiscal.DocumentType(form) == fiscal.DocBSOCorrection
	if err != nil || corrects != (op.GetReceipt().GetCorrection() != nil) {
		return 0
	}
	fd, err := strconv.ParseUint(m[1], 10, 32)
	if err != nil {
		return 0
	}
	return uint32(fd)
}

// mayChoose tells whether the answer is among the choices.
func mayChoose(choices []Choice, fd uint32) bool {
	for _, c := range choices {
		if c.FD == fd {
			return true
		}
	}
	return false
}

// total is the sum of the operation as it was asked.
func total(op *fiscalv1.Operation) fiscal.Money {
	if !isReceipt(op) {
		return fiscal.Money(op.GetAmount())
	}
	r := fiscal.Receipt{Rounding: fiscal.Money(op.GetReceipt().GetRounding())}
	for _, i := range op.GetReceipt().GetItems() {
		q, err := fiscal.ParseQuantity(i.GetQuantity())
		if err != nil {
			continue // was checked when it was accepted
		}
		r.Items = append(r.Items, fiscal.Item{Quantity: q, Price: fiscal.Money(i.GetPrice()), Sum: fiscal.Money(i.GetSum())})
	}
	return r.Total()
}
