package api

import (
	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

func tillView(p *access.Person, t *fleet.Till) *cabinetv1.Till {
	if !p.Can(access.MoneyView) {
		blind := *t
		blind.State = moneylessState(t.State)
		t = &blind
	}
	v := &cabinetv1.Till{
		Id: t.ID, Name: t.Title, Outlet: t.Outlet, Light: t.Light, State: t.State, AgentId: t.AgentID, Host: t.Host, AgentVersion: t.AgentVersion,
		AgentOnline: t.AgentOnline, HeardMs: t.Heard.UnixMilli(), ReportedMs: t.Reported.UnixMilli(), ShiftReceipts: uint32(t.ShiftReceipts),
		Cells: cellViews(t.Cells), Stop: stopView(t.Stop), OutletId: t.OutletID, OfdContract: t.Contract,
		OrganisationId: t.OrganisationID, Owner: p.Owner(t.OrganisationID),
		ShiftOpenedAt: t.ShiftOpened, ShiftClosedAt: t.ShiftClosed,
	}
	if m := t.Maintenance; !m.Until.IsZero() {
		v.Maintenance = &cabinetv1.TillMaintenance{UntilMs: m.Until.UnixMilli(), SinceMs: m.Since.UnixMilli(), Actor: m.Actor, Reason: m.Reason}
	}
	if p.Can(access.MoneyView) {
		v.ShiftTotal = t.ShiftTotal
	} else if m := v.GetMaintenance(); m != nil {
		m.Reason = withoutSums(m.GetReason())
	}
	return v
}

// ofdTrack tells whether the operator has a document. The till tells the first one its operator has not confirmed; every
// earlier one is delivered (docs/guarantees.md). What was read before the document was made says nothing of it.
func ofdTrack(op *fiscalv1.Operation, till *fiscalv1.TillState) fiscalv1.OFDTrack {
	doc := op.GetDocument()
	switch {
	case doc == nil || op.GetOfd() != fiscalv1.OFDTrack_OFD_TRACK_UNSPECIFIED || doc.GetFn() != till.GetFn() || till.GetReadMs() < op.GetEndedMs():
		return op.GetOfd()
	case till.GetUnsent() > 0 && doc.GetFd() >= till.GetUnsentFd():
		return fiscalv1.OFDTrack_OFD_TRACK_QUEUED
	}
	return fiscalv1.OFDTrack_OFD_TRACK_DELIVERED
}

func operationView(p *access.Person, o documents.Operation, till *fiscalv1.TillState) *cabinetv1.OperationView {
	op := o.Operation
	op.Ofd = ofdTrack(op, till)
	if p.Can(access.MoneyView) {
		return &cabinetv1.OperationView{TillId: o.TillID, Operation: op}
	}
	bare := &fiscalv1.Operation{
		Key: op.GetKey(), Till: op.GetTill(), Kind: op.GetKind(), Stage: op.GetStage(), Outcome: op.GetOutcome(), Document: moneylessDocument(op.GetDocument()),
		Reason: op.GetReason(), Text: withoutSums(op.GetText(), namesIn(op)...), Paper: op.GetPaper(), Ofd: op.GetOfd(), InCloud: op.GetInCloud(),
		AcceptedMs: op.GetAcceptedMs(), EndedMs: op.GetEndedMs(), Revision: op.GetRevision(), Attempt: op.GetAttempt(),
	}
	if op.GetStage() == fiscalv1.Stage_STAGE_NEEDS_PERSON { // nobody else needs to know how it was settled
		for _, line := range op.GetEvidence() {
			bare.Evidence = append(bare.Evidence, withoutSums(line, namesIn(op)...))
		}
		for _, d := range op.GetCandidates() {
			bare.Candidates = append(bare.Candidates, moneylessDocument(d))
		}
	}
	return &cabinetv1.OperationView{TillId: o.TillID, Operation: bare}
}

func documentView(p *access.Person, d documents.Document, till *fiscalv1.TillState) *cabinetv1.DocumentView {
	op := d.Operation
	if op == nil { // nobody asked us for it, and its operator takes it all the same
		op = &fiscalv1.Operation{Document: d.Document, EndedMs: d.Stored.UnixMilli()}
	}
	v := &cabinetv1.DocumentView{
		TillId: d.TillID, Key: op.GetKey(), StoredMs: d.Stored.UnixMilli(), Paper: op.GetPaper(), Ofd: ofdTrack(op, till),
	}
	if p.Can(access.MoneyView) {
		v.Document = d.Document
	} else {
		v.Document = moneylessDocument(d.Document)
	}
	return v
}

// moneylessDocument leaves out the sum and the QR text, which says it again.
func moneylessDocument(d *fiscalv1.Document) *fiscalv1.Document {
	if d == nil {
		return nil
	}
	return &fiscalv1.Document{
		Fn: d.GetFn(), Fd: d.GetFd(), Fp: d.GetFp(), Type: d.GetType(), At: d.GetAt(), Kind: d.GetKind(), Shift: d.GetShift(), Receipt: d.GetReceipt(),
		Ticket: d.GetTicket(),
	}
}

// commandView: the record of a command is free text of the agent, in which a sum may stand.
func commandView(p *access.Person, c *cabinetv1.Command) *cabinetv1.Command {
	if p.Can(access.MoneyView) {
		return c
	}
	v := &cabinetv1.Command{
		Id: c.GetId(), TillId: c.GetTillId(), Action: c.GetAction(), State: c.GetState(), Actor: c.GetActor(),
		CreatedMs: c.GetCreatedMs(), ExpiresMs: c.GetExpiresMs(), EndedMs: c.GetEndedMs(), AskConsent: c.GetAskConsent(),
		LogLevel: c.GetLogLevel(), HasBundle: c.GetHasBundle(), Address: c.GetAddress(),
	}
	if d := c.GetDecision(); d != nil {
		v.Decision = &fiscalv1.Decision{Key: d.GetKey(), Fd: d.GetFd(), Reason: withoutSums(d.GetReason())}
	}
	v.Run = runView(p, c.GetRun())
	return v
}

// runView leaves out sums that stand in the sentences of a run.
func runView(p *access.Person, run *fiscalv1.Run) *fiscalv1.Run {
	if run == nil || p.Can(access.MoneyView) || fleet.OfAgent(run.GetAction()) {
		return run
	}
	v := &fiscalv1.Run{
		Id: run.GetId(), Till: run.GetTill(), Action: run.GetAction(), Ended: run.GetEnded(), Ok: run.GetOk(), Text: withoutSums(run.GetText()),
		Consent: run.GetConsent(), ConsentUntilMs: run.GetConsentUntilMs(), Actor: run.GetActor(), Ticket: run.GetTicket(),
	}
	for _, step := range run.GetSteps() {
		v.Steps = append(v.Steps, &fiscalv1.Step{
			Code: step.GetCode(), Title: step.GetTitle(), Result: withoutSums(step.GetResult()), State: step.GetState(),
			BeganMs: step.GetBeganMs(), EndedMs: step.GetEndedMs(), Fiscal: step.GetFiscal(),
		})
	}
	return v
}

// ticketView leaves out sums that a person may have written into what was done.
func ticketView(p *access.Person, t *cabinetv1.TicketCell) *cabinetv1.TicketCell {
	if p.Can(access.MoneyView) {
		return t
	}
	return &cabinetv1.TicketCell{
		Id: t.GetId(), TillId: t.GetTillId(), Text: withoutSums(t.GetText()), OpenedMs: t.GetOpenedMs(), ClosedMs: t.GetClosedMs(), ClosedBy: t.GetClosedBy(),
		Resolution: withoutSums(t.GetResolution()),
	}
}
