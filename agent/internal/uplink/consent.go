package uplink

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// consentLimit is how long the person at the till may think; package till keeps
// the same bound.
const consentLimit = 10 * time.Minute

// Sentences with which a run ends that the person at the till did not allow.
const (
	textAsked    = "Спрашиваем разрешения у кассира."
	textRefused  = "Кассир не разрешил. Ничего не сделано."
	textExpired  = "Кассир не ответил вовремя. Ничего не сделано: молчание разрешением не считается."
	textNotAsked = "Кассира не удалось спросить, ничего не сделано: "
	textNotNoted = "Кассир разрешил, но записать это не удалось. Ничего не сделано: "
)

// asks makes of the run of a new command the question about it, when the command
// asks for consent; false when there is nothing to ask about.
func (s *session) asks(cmd *uplinkv1.Command, run *fiscalv1.Run) bool {
	if !cmd.GetAskConsent() {
		return false
	}
	for _, plan := range s.plans() {
		if plan.GetAction() != cmd.GetAction() {
			continue
		}
		for _, step := range plan.GetSteps() {
			run.Steps = append(run.Steps, proto.CloneOf(step))
		}
		run.Consent, run.Text = fiscalv1.Consent_CONSENT_ASKED, textAsked
		run.ConsentUntilMs = time.Now().Add(consentLimit).UnixMilli()
		return true
	}
	return false // an action of tomorrow, which act refuses
}

// asked tells whether the run waits for a word of the person at the till.
func asked(run *fiscalv1.Run) bool {
	return !run.GetEnded() && run.GetConsent() == fiscalv1.Consent_CONSENT_ASKED
}

// commandOf is the command that was asked about before a restart.
func commandOf(exec *journalv1.Execution) *uplinkv1.Command {
	run := exec.GetRun()
	return &uplinkv1.Command{Id: run.GetId(), Till: run.GetTill(), Action: run.GetAction(), Actor: run.GetActor(), AskConsent: true, Reason: exec.GetReason()}
}

// askFirst asks the person at the till and carries the command out when he
// agrees. When the agent stops first, the question stays in the journal and is
// asked again.
func (s *session) askFirst(ctx context.Context, cmd *uplinkv1.Command, exec *journalv1.Execution) {
	run := proto.CloneOf(exec.GetRun())
	word, err := s.o.Tills.Ask(ctx, run, time.UnixMilli(run.GetConsentUntilMs()))
	if ctx.Err() != nil {
		s.runs.release(cmd.GetId())
		return
	}
	s.o.Log.Info("the person at the till has answered", "command", cmd.GetId(), "till", cmd.GetTill(), "consent", word.String(), "error", err)
	run.ConsentUntilMs, run.Consent = 0, word
	switch {
	case err != nil:
		run.Text = textNotAsked + err.Error()
	case cmd.GetAction() == fiscalv1.Action_ACTION_DECIDE && cmd.GetDecision() == nil:
		run.Text = textNotAsked + "решение не пережило перезапуска агента"
	case word == fiscalv1.Consent_CONSENT_GIVEN:
		// His yes is durable before anything begins: a restart from here on is an
		// interrupted run and no question.
		run.Text = ""
		given := proto.CloneOf(exec)
		given.Run = proto.CloneOf(run)
		if err = s.o.Journal.SaveExecution(ctx, given); err == nil {
			s.runs.put(given.GetRun())
			s.act(ctx, cmd, word)
			return
		}
		run.Text = textNotNoted + err.Error()
	case word == fiscalv1.Consent_CONSENT_REFUSED:
		run.Text = textRefused
	default:
		run.Consent, run.Text = fiscalv1.Consent_CONSENT_EXPIRED, textExpired
	}
	for _, step := range run.GetSteps() {
		step.State = fiscalv1.StepState_STEP_STATE_SKIPPED
	}
	run.Ended = true
	ended := proto.CloneOf(exec)
	ended.Run = proto.CloneOf(run)
	err = s.o.Journal.SaveExecution(ctx, ended)
	s.runs.put(run)
	if err != nil {
		// The journal still says that he is asked. The claim stays, so that a command
		// that comes once more does not ask him once more.
		s.o.Log.Error("the answer is not noted", "command", cmd.GetId(), "error", err)
		return
	}
	s.runs.release(cmd.GetId())
}
