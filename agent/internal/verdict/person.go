package verdict

import (
	"fmt"

	"github.com/chekan-io/chekan/agent/internal/settle"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Choice is one answer a person may give for an operation.
type Choice struct {
	FD   uint32 `json:"fd"` // 0: there is no document of ours
	Key  string `json:"key"`
	Line string `json:"line,omitempty"` // what the slip of that document says, to compare with the tape
}

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
		if len(op.GetCandidates()) == 0 {
			return nil // nobody has read them: "none of them" would be a guess
		}
		out := make([]Choice, 0, len(op.GetCandidates())+1)
		for _, d := range op.GetCandidates() {
			out = append(out, Choice{FD: d.GetFd(), Key: "choose.document", Line: lineOf(d)})
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

// lineOf is what tells one slip from another, in figures alone, so that it needs
// no language.
func lineOf(d *fiscalv1.Document) string {
	line := d.GetAt()
	if at, err := fiscal.ParseDateTime(d.GetAt()); err == nil {
		line = fmt.Sprintf("%02d.%02d.%04d %02d:%02d", at.Day, at.Month, at.Year, at.Hour, at.Minute)
	}
	if d.GetTotal() != 0 {
		line += " · " + fiscal.Money(d.GetTotal()).String()
	}
	return line + fmt.Sprintf(" · %010d", d.GetFp())
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
