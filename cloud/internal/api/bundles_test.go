package api

import (
	"testing"

	"github.com/chekan-io/chekan/cloud/internal/access"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// TestRunView_errands: an address or a date in what an agent says of itself is no sum, and a technician needs it whole; what is
// said of a till is scrubbed as before.
func TestRunView_errands(t *testing.T) {
	technician := &access.Person{Rights: []access.Right{access.Technician.In("", "")}}
	run := func(action fiscalv1.Action, text string) *fiscalv1.Run {
		return &fiscalv1.Run{Action: action, Text: text, Steps: []*fiscalv1.Step{{Result: text}}}
	}
	const address = "192.168.10.25:8443 отвечает, сертификат до 22.11.2026."
	if v := runView(technician, run(fiscalv1.Action_ACTION_CHECK_NETWORK, address)); v.GetText() != address || v.GetSteps()[0].GetResult() != address {
		t.Errorf("got %v", v)
	}
	const sum = "Чек на 310.16 пробит."
	if v := runView(technician, run(fiscalv1.Action_ACTION_CHECK, sum)); v.GetText() == sum || v.GetSteps()[0].GetResult() == sum {
		t.Errorf("got %v", v)
	}
}
