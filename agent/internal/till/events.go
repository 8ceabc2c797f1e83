package till

import (
	"fmt"

	"github.com/chekan-io/chekan/agent/internal/settle"
	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Events, by their first word. A line goes on with name=value pairs; what
// follows ": " is for people. None of them holds a sum or a name.
const (
	eventBegin     = "begin"     // an operation is taken up; how the till stood before it
	eventResume    = "resume"    // the agent began anew and found an operation unfinished
	eventAnswer    = "answer"    // the effect ended well
	eventError     = "error"     // the effect ended with an error: what the driver said
	eventSettle    = "settle"    // a verdict of package settle
	eventEnd       = "end"       // the outcome is durable and told
	eventUnwritten = "unwritten" // the journal did not take the outcome
	eventDevice    = "device"    // the device could not be read
	eventStranger  = "stranger"  // another device answers than the one the till is bound to
	eventAccepted  = "accepted"  // a person took that device for the till
)

func (t *Till) tell(event string, op *fiscalv1.Operation, more string) {
	if t.events == nil {
		return
	}
	line := fmt.Sprintf("%s key=%q", event, op.GetKey())
	if event == eventBegin || event == eventResume {
		line += fmt.Sprintf(" kind=%s attempt=%d", fiscal.Kind(op.GetKind()), op.GetAttempt())
	}
	if more != "" {
		line += " " + more
	}
	t.events(line)
}

func (t *Till) tellEnd(op *fiscalv1.Operation) {
	t.tell(eventEnd, op, fmt.Sprintf("outcome=%s reason=%q fd=%d", outcomeWords[op.GetOutcome()], op.GetReason(), op.GetDocument().GetFd()))
}

var outcomeWords = map[fiscalv1.Outcome]string{
	fiscalv1.Outcome_OUTCOME_DONE: "done", fiscalv1.Outcome_OUTCOME_NOT_DONE: "not_done", fiscalv1.Outcome_OUTCOME_UNKNOWN: "unknown",
}

func (t *Till) tellError(event string, e *drivers.Error) {
	if t.events != nil {
		t.events(fmt.Sprintf("%s code=%s vendor=%d outcome=%s: %v", event, e.Code, e.Vendor, e.Outcome, e))
	}
}

func (t *Till) tellStranger(event string, s *stranger) {
	if t.events != nil {
		t.events(fmt.Sprintf("%s reason=%q serial=%q fn=%q", event, s.code, s.id.Serial, s.id.FN))
	}
}

// tellVerdict leaves out the steps in between.
func (t *Till) tellVerdict(v settle.Verdict) {
	if t.events != nil && v.Next != settle.ReadDocuments && v.Next != settle.Wait {
		t.events(fmt.Sprintf("%s next=%q reason=%q fd=%d", eventSettle, v.Next, v.Reason, v.Document.FD))
	}
}

// circumstances are what the beginning of an operation depends on and the
// bytes do not tell.
func (t *Till) circumstances() string {
	return fmt.Sprintf("identified=%t owed=%t busy=%t auto=%t marks=%t model=%q",
		t.identified, t.cancelOwed != nil, t.open != nil, t.finishes(), t.marks, t.identity.Model)
}
