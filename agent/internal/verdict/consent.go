package verdict

import (
	"cmp"
	"net/http"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Ask is a run that somebody afar asks for and the person at the till has to
// allow. Anybody at this computer may read it; the answer needs a session.
type Ask struct {
	ID     string `json:"id"`
	Till   string `json:"till"`
	Who    string `json:"who"`    // login of who asks
	Action string `json:"action"` // key: "asked.reboot"
	// Steps are what will be done, in order.
	Steps []AskStep `json:"steps"`
	// LeftMs is how long an answer counts; silence is no yes.
	LeftMs int64 `json:"left_ms"`
}

// AskStep is one step of the plan.
type AskStep struct {
	Key    string `json:"key"`   // "step.reboot"
	Title  string `json:"title"` // the agent's own words, for a step newer than the page
	Fiscal bool   `json:"fiscal,omitempty"`
}

// actionKeys name the actions in keys of words.
var actionKeys = map[fiscalv1.Action]string{
	fiscalv1.Action_ACTION_CHECK: "check", fiscalv1.Action_ACTION_FINISH_PRINT: "finish_print", fiscalv1.Action_ACTION_PRINT_COPY: "print_copy",
	fiscalv1.Action_ACTION_X_REPORT: "x_report", fiscalv1.Action_ACTION_CLOSE_SHIFT: "close_shift", fiscalv1.Action_ACTION_SYNC_CLOCK: "sync_clock",
	fiscalv1.Action_ACTION_REOPEN_PORT: "reopen_port", fiscalv1.Action_ACTION_REBOOT: "reboot", fiscalv1.Action_ACTION_RECOVER: "recover",
	fiscalv1.Action_ACTION_DECIDE: "decide", fiscalv1.Action_ACTION_RESEND_OFD: "resend_ofd", fiscalv1.Action_ACTION_SUSPEND: "suspend",
	fiscalv1.Action_ACTION_RESUME: "resume",
}

// asks are the questions for a page, oldest first. Steps that stand in a plan
// several times are told once: a cashier reads what, not how often.
func asks(runs []*fiscalv1.Run, now time.Time) []Ask {
	var out []Ask
	for _, run := range runs {
		a := Ask{
			ID: run.GetId(), Till: run.GetTill(), Who: run.GetActor(), Action: "asked." + cmp.Or(actionKeys[run.GetAction()], "unknown"),
			LeftMs: max(run.GetConsentUntilMs()-now.UnixMilli(), 0), Steps: []AskStep{},
		}
		told := map[string]bool{}
		for _, s := range run.GetSteps() {
			if !told[s.GetCode()] {
				told[s.GetCode()] = true
				a.Steps = append(a.Steps, AskStep{Key: "step." + s.GetCode(), Title: s.GetTitle(), Fiscal: s.GetFiscal()})
			}
		}
		out = append(out, a)
	}
	return out
}

// consent takes the word of the person at the till.
func (p *Page) consent(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Run   string `json:"run"`
		Agree *bool  `json:"agree"`
	}
	if !p.ours(w, r, &asked) {
		return
	}
	if asked.Agree == nil {
		refuse(w, http.StatusBadRequest, "ответ: да или нет")
		return
	}
	consent, err := p.fleet.Consent(asked.Run, *asked.Agree)
	if err != nil {
		refuse(w, http.StatusConflict, "на этот вопрос отвечать уже не нужно")
		return
	}
	p.opts.Log.Info("answered on the page", "run", asked.Run, "agree", *asked.Agree, "consent", consent.String())
	words := map[fiscalv1.Consent]string{
		fiscalv1.Consent_CONSENT_GIVEN: "consent.given", fiscalv1.Consent_CONSENT_REFUSED: "consent.refused", fiscalv1.Consent_CONSENT_EXPIRED: "consent.expired",
	}
	// The page says it in its own language; the first word counts, whosever it was.
	answer(w, http.StatusOK, map[string]any{"ok": true, "key": cmp.Or(words[consent], "consent.expired")})
}

// Ticket is a call for help about a till, as the page tells of it.
type Ticket struct {
	ID   string `json:"id"`
	Sent bool   `json:"sent"`
}

// OpenTicket is a call for help that is open, as Options.Tickets gives it.
type OpenTicket struct {
	Till string
	Ticket
}

// ticketOf gives the newest open ticket of a till; nil when there is none.
func (p *Page) ticketOf(till string) *Ticket {
	if p.opts.Tickets == nil {
		return nil
	}
	var out *Ticket
	for _, t := range p.opts.Tickets() {
		if t.Till == till {
			out = &t.Ticket
		}
	}
	return out
}
