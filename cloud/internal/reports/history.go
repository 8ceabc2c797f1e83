package reports

import (
	"strings"
	"time"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// History is the layout of [HistoryRow].
var History = Layout{Sheet: "Операции", Rows: "строк", Columns: []Column{
	{"Время (UTC)", 20},
	{"Торговая точка", 24},
	{"Касса", 16},
	{"Что", 10},
	{"Действие", 28},
	{"Состояние", 22},
	{"ФД", 9},
	{"Сумма", 13},
	{"Кто", 22},
	{"Пояснение", 50},
	{"Ключ", 38},
}}

var (
	operationNames = map[fiscalv1.Kind]string{
		fiscalv1.Kind_KIND_CASH_IN: "Внесение", fiscalv1.Kind_KIND_CASH_OUT: "Выплата", fiscalv1.Kind_KIND_OPEN_SHIFT: "Открытие смены",
		fiscalv1.Kind_KIND_CLOSE_SHIFT: "Закрытие смены", fiscalv1.Kind_KIND_X_REPORT: "X-отчёт", fiscalv1.Kind_KIND_SETTLEMENT: "Отчёт о состоянии расчётов",
		fiscalv1.Kind_KIND_REGISTER: "Регистрация",
	}
	stages = map[fiscalv1.Stage]string{
		fiscalv1.Stage_STAGE_ACCEPTED: "принята", fiscalv1.Stage_STAGE_INTENT: "выполняется", fiscalv1.Stage_STAGE_SETTLING: "выясняется",
		fiscalv1.Stage_STAGE_NEEDS_PERSON: "требует решения",
	}
	outcomes = map[fiscalv1.Outcome]string{
		fiscalv1.Outcome_OUTCOME_DONE: "выполнена", fiscalv1.Outcome_OUTCOME_NOT_DONE: "не выполнена", fiscalv1.Outcome_OUTCOME_UNKNOWN: "неизвестно",
	}
	commandStates = map[cabinetv1.CommandState]string{
		cabinetv1.CommandState_COMMAND_STATE_QUEUED: "ждёт агента", cabinetv1.CommandState_COMMAND_STATE_DELIVERED: "у агента",
		cabinetv1.CommandState_COMMAND_STATE_RUNNING: "выполняется", cabinetv1.CommandState_COMMAND_STATE_DONE: "выполнена",
		cabinetv1.CommandState_COMMAND_STATE_FAILED: "не удалась", cabinetv1.CommandState_COMMAND_STATE_EXPIRED: "не успела",
	}
)

// HistoryRow is an operation or a command as a row of a table. What the reader may not see is empty already.
func HistoryRow(r *cabinetv1.HistoryRow) []Cell {
	at := time.UnixMilli(r.GetAtMs()).UTC().Format(time.DateTime)
	if c := r.GetCommand(); c != nil {
		who := c.GetActor()
		if who == "" && c.GetRule() != "" {
			who = "правило"
		}
		return []Cell{
			Text(at), Text(r.GetOutlet()), Text(r.GetTill()), Text("команда"), Text(word(c.GetAction().String(), "ACTION_")), Text(stateOf(c)), Text(""), Text(""),
			Text(who), Text(strings.TrimSpace(c.GetReason() + " " + c.GetRun().GetText())), Text(c.GetId()),
		}
	}
	op := r.GetOperation().GetOperation()
	name := operationNames[op.GetKind()]
	if name == "" {
		name = kinds[op.GetKind()]
	}
	if name == "" {
		name = word(op.GetKind().String(), "KIND_")
	}
	state := stages[op.GetStage()]
	if state == "" {
		state = outcomes[op.GetOutcome()]
	}
	fd, sum := Text(""), Text("")
	if n := op.GetDocument().GetFd(); n != 0 {
		fd = Number(int64(n))
	}
	if total := op.GetDocument().GetTotal(); total != 0 {
		sum = Sum(total)
	}
	return []Cell{
		Text(at), Text(r.GetOutlet()), Text(r.GetTill()), Text("операция"), Text(name), Text(state), fd, sum, Text(op.GetCashier().GetName()),
		Text(op.GetText()), Text(op.GetKey()),
	}
}

func stateOf(c *cabinetv1.Command) string {
	if name := commandStates[c.GetState()]; name != "" {
		return name
	}
	return word(c.GetState().String(), "COMMAND_STATE_")
}

// word is the name of a value that has no words here.
func word(name, prefix string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "_", " "))
}
