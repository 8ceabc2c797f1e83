package cli

import (
	"errors"
	"time"

	"github.com/chekan-io/chekan/agent/internal/argv"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

type consentCommands struct {
	List consentListCommand   `cmd:"" help:"О чём спрашивают кассира: кто просит, что будет сделано, сколько осталось."`
	Yes  consentAnswerCommand `cmd:"" help:"Разрешить: шаги начнутся сразу."`
	No   consentAnswerCommand `cmd:"" help:"Не разрешать: ничего не будет сделано."`
}

// actionWords name what a person in the cabinet asks for.
var actionWords = map[fiscalv1.Action]string{
	fiscalv1.Action_ACTION_CHECK: "проверить кассу", fiscalv1.Action_ACTION_FINISH_PRINT: "продолжить печать",
	fiscalv1.Action_ACTION_PRINT_COPY: "напечатать копию последнего документа", fiscalv1.Action_ACTION_PRINT_TEST: "напечатать пробный чек", fiscalv1.Action_ACTION_X_REPORT: "снять X-отчёт",
	fiscalv1.Action_ACTION_CLOSE_SHIFT: "закрыть смену", fiscalv1.Action_ACTION_SYNC_CLOCK: "установить часы кассы",
	fiscalv1.Action_ACTION_REOPEN_PORT: "открыть порт заново", fiscalv1.Action_ACTION_REBOOT: "перезагрузить кассу",
	fiscalv1.Action_ACTION_RECOVER: "восстановить кассу", fiscalv1.Action_ACTION_DECIDE: "решить судьбу операции",
	fiscalv1.Action_ACTION_RESEND_OFD: "передать документы в ОФД", fiscalv1.Action_ACTION_SUSPEND: "приостановить кассу",
	fiscalv1.Action_ACTION_RESUME: "возобновить кассу",
}

type consentListCommand struct{}

// Run implements the command.
func (*consentListCommand) Run(e *env) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	answer, err := door.technician.ListConsents(ctx, &posv1.ListConsentsRequest{})
	if err != nil {
		return door.asError(err)
	}
	if e.json {
		return e.printJSON(answer)
	}
	if len(answer.GetRuns()) == 0 {
		e.say("Никто ни о чём не спрашивает.")
		return nil
	}
	for _, run := range answer.GetRuns() {
		left := time.Until(time.UnixMilli(run.GetConsentUntilMs())).Round(time.Second)
		e.say("%s: %s просит %s. Осталось %s.", run.GetTill(), run.GetActor(), actionWords[run.GetAction()], left)
		for i, s := range run.GetSteps() {
			note := ""
			if s.GetFiscal() {
				note = " (меняет фискальные данные)"
			}
			e.say("%4d. %s%s", i+1, s.GetTitle(), note)
		}
		e.say("  Разрешить: chekan-agent consent yes %s", run.GetId())
		e.say("  Не разрешать: chekan-agent consent no %s", run.GetId())
	}
	return nil
}

type consentAnswerCommand struct {
	ID string `arg:"" name:"вопрос" help:"Номер вопроса из consent list."`
}

// Run implements consent yes and consent no. The exit code is done when the
// word counts.
func (c *consentAnswerCommand) Run(e *env, at *argv.Chosen) error {
	agree := at.Name == "yes"
	door, err := e.connect()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	answer, err := door.technician.Consent(ctx, &posv1.ConsentRequest{RunId: c.ID, Agree: agree})
	if err != nil {
		return door.asError(err)
	}
	if e.json {
		if err := e.printJSON(answer); err != nil {
			return err
		}
	}
	want := fiscalv1.Consent_CONSENT_REFUSED
	if agree {
		want = fiscalv1.Consent_CONSENT_GIVEN
	}
	said := map[fiscalv1.Consent]string{
		fiscalv1.Consent_CONSENT_GIVEN: "Разрешено: шаги начались.", fiscalv1.Consent_CONSENT_REFUSED: "Не разрешено: ничего не сделано.",
		fiscalv1.Consent_CONSENT_EXPIRED: "Время вышло, ничего не сделано.",
	}[answer.GetConsent()]
	if !e.json {
		e.say("%s", said)
	}
	if answer.GetConsent() != want {
		return &exitError{ExitNotDone, errors.New("на этот вопрос уже ответили раньше или время вышло")}
	}
	return nil
}
