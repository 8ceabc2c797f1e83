// Package recovery is the ladder: what a technician, or a policy, may do to a
// stuck till, step by step.
//
// An action ([fiscalv1.Action]) is a list of steps. [Plan] shows them before
// anything happens; [Run] climbs them through [Hands], which the till lends for
// the time of the run, and reports after every change, so that a person sees it
// live and the record stays. The ladder itself (ACTION_RECOVER) stops at the
// first step after which the till works. Its last rungs are for people: what the
// cashier can do with his hands, and a ticket for those who help the shop.
//
// No step sends a receipt. The only steps that change fiscal data are marked
// so: cancelling a document that is proved to be in no fiscal memory, a person's
// decision about an operation, which may end in such a cancelling, and the
// closing of a shift, which goes the way of every operation, through the
// journal.
package recovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// ErrNotNeeded is returned by a step that found nothing to do.
var ErrNotNeeded = errors.New("not needed")

// Hands is what the ladder may do. Every method works on one till, ends by its
// context and returns a sentence about what came out, in Russian.
type Hands interface {
	// Read reads the device anew; the ladder's judge of success is Works.
	Read(ctx context.Context) (string, error)
	// Works tells whether anything still stands in the way of a sale.
	Works() bool
	WaitWhileBusy(ctx context.Context) (string, error)
	TakePending(ctx context.Context) (string, error)
	Settle(ctx context.Context) (string, error)
	FinishPrint(ctx context.Context) (string, error)
	LeaveStuckMode(ctx context.Context) (string, error)
	CancelDead(ctx context.Context) (string, error)
	Reopen(ctx context.Context) (string, error)
	// Reenumerate takes the device off its bus and lets it come back, as pulling
	// the cable does, where the driver can.
	Reenumerate(ctx context.Context) (string, error)
	Reboot(ctx context.Context) (string, error)
	// Guide tells what a person at the till can do where no program can.
	Guide(ctx context.Context) (string, error)
	// CallForHelp opens a ticket with the run so far and gives its id.
	CallForHelp(ctx context.Context, run *fiscalv1.Run) (ticket, said string, err error)
	PrintCopy(ctx context.Context) (string, error)
	// PrintTest prints a slip that is no document.
	PrintTest(ctx context.Context) (string, error)
	XReport(ctx context.Context) (string, error)
	CloseShift(ctx context.Context) (string, error)
	SyncClock(ctx context.Context) (string, error)
	// Recheck settles anew the operation a person has decided about: what he saw
	// may be over. Decide writes his decision down.
	Recheck(ctx context.Context) (string, error)
	Decide(ctx context.Context) (string, error)
	// ResendOFD has the documents that wait carried to the operator now.
	ResendOFD(ctx context.Context) (string, error)
	// Suspend has the till begin nothing new, Resume ends that.
	Suspend(ctx context.Context) (string, error)
	Resume(ctx context.Context) (string, error)
}

// step is one rung.
type step struct {
	code   string
	title  string
	fiscal bool
	limit  time.Duration
	do     func(Hands, context.Context) (string, error)
}

var (
	readStatus  = step{"read_status", "Прочитать состояние кассы", false, 20 * time.Second, Hands.Read}
	waitBusy    = step{"wait_busy", "Подождать, пока касса печатает", false, 60 * time.Second, Hands.WaitWhileBusy}
	takePending = step{"read_pending", "Забрать потерянный ответ кассы", false, 20 * time.Second, Hands.TakePending}
	settleStep  = step{"settle", "Выяснить судьбу незавершённой операции", false, 60 * time.Second, Hands.Settle}
	finishPrint = step{"finish_print", "Продолжить печать", false, 90 * time.Second, Hands.FinishPrint}
	leaveStuck  = step{"leave_stuck", "Вывести кассу из служебного режима", false, 30 * time.Second, Hands.LeaveStuckMode}
	cancelDead  = step{"cancel_dead", "Отменить документ, которого нет в фискальном накопителе", true, 60 * time.Second, Hands.CancelDead}
	reopen      = step{"reopen", "Закрыть и открыть порт", false, 20 * time.Second, Hands.Reopen}
	reenumerate = step{"reenumerate", "Отключить кассу от USB и подключить снова", false, 30 * time.Second, Hands.Reenumerate}
	reboot      = step{"reboot", "Перезагрузить кассу", false, 90 * time.Second, Hands.Reboot}
	printCopy   = step{"print_copy", "Напечатать копию последнего чека", false, 60 * time.Second, Hands.PrintCopy}
	printTest   = step{"print_test", "Напечатать пробный чек: не фискальный, без сумм", false, 60 * time.Second, Hands.PrintTest}
	xReport     = step{"x_report", "Снять X-отчёт", false, 90 * time.Second, Hands.XReport}
	closeShift  = step{"close_shift", "Закрыть смену", true, 150 * time.Second, Hands.CloseShift}
	syncClock   = step{"sync_clock", "Установить время кассы по компьютеру", false, 60 * time.Second, Hands.SyncClock}
	recheck     = step{"recheck", "Сверить операцию с фискальным накопителем ещё раз", false, 60 * time.Second, Hands.Recheck}
	guide       = step{"guide", "Подсказать кассиру, что сделать руками", false, 10 * time.Second, Hands.Guide}
	ticket      = step{"ticket", "Отправить заявку в обслуживание", false, 60 * time.Second, nil} // gets the run, see climb
	resendOFD   = step{"resend_ofd", "Передать в ОФД документы, которые ждут", false, 90 * time.Second, Hands.ResendOFD}
	suspend     = step{"suspend", "Не начинать на кассе новых операций", false, 10 * time.Second, Hands.Suspend}
	resume      = step{"resume", "Разрешить на кассе новые операции", false, 10 * time.Second, Hands.Resume}
	decideStep  = step{"decide", "Записать решение человека", true, 60 * time.Second, Hands.Decide}
)

// take goes one step. Only the ticket is told of the run itself.
func (s step) take(ctx context.Context, hands Hands, run *fiscalv1.Run) (string, error) {
	if s.do != nil {
		return s.do(hands, ctx)
	}
	id, said, err := hands.CallForHelp(ctx, proto.CloneOf(run))
	run.Ticket = id
	return said, err
}

// ladder is tried until the till works; guarantees.md, «Recovery ladder».
var ladder = []step{waitBusy, takePending, settleStep, finishPrint, leaveStuck, cancelDead, reopen, settleStep, reenumerate, settleStep, reboot, settleStep, guide, ticket}

// steps of every action but the ladder: all are done, in order.
var actions = map[fiscalv1.Action][]step{
	fiscalv1.Action_ACTION_CHECK:        {readStatus, settleStep},
	fiscalv1.Action_ACTION_FINISH_PRINT: {readStatus, settleStep, finishPrint},
	fiscalv1.Action_ACTION_PRINT_COPY:   {readStatus, printCopy},
	fiscalv1.Action_ACTION_PRINT_TEST:   {readStatus, printTest},
	fiscalv1.Action_ACTION_X_REPORT:     {readStatus, xReport},
	fiscalv1.Action_ACTION_CLOSE_SHIFT:  {readStatus, settleStep, closeShift},
	fiscalv1.Action_ACTION_SYNC_CLOCK:   {readStatus, syncClock},
	fiscalv1.Action_ACTION_REOPEN_PORT:  {reopen, readStatus},
	fiscalv1.Action_ACTION_REBOOT:       {reboot, readStatus, settleStep},
	fiscalv1.Action_ACTION_DECIDE:       {readStatus, recheck, decideStep},
	fiscalv1.Action_ACTION_RESEND_OFD:   {readStatus, resendOFD},
	fiscalv1.Action_ACTION_SUSPEND:      {suspend},
	fiscalv1.Action_ACTION_RESUME:       {resume},
}

// handsOn is what a person can always try.
const handsOn = "Перезагрузите кассу вручную: держите боковые кнопки 3–5 секунд; если не поможет, обратитесь в обслуживание."

// ErrNoSuchAction says that the action is not in the table.
var ErrNoSuchAction = errors.New("no such action")

// Plan gives the steps of an action without doing anything.
func Plan(id, till string, action fiscalv1.Action) (*fiscalv1.Run, error) {
	list, err := stepsOf(action)
	if err != nil {
		return nil, err
	}
	run := &fiscalv1.Run{Id: id, Till: till, Action: action}
	for _, s := range list {
		run.Steps = append(run.Steps, &fiscalv1.Step{Code: s.code, Title: s.title, Fiscal: s.fiscal, State: fiscalv1.StepState_STEP_STATE_PLANNED})
	}
	return run, nil
}

// Plans gives the plan of every action there is, for those who show them before
// anything is asked for.
func Plans() []*fiscalv1.Run {
	plans := make([]*fiscalv1.Run, 0, len(fiscalv1.Action_name))
	for _, n := range slices.Sorted(maps.Keys(fiscalv1.Action_name)) {
		if plan, err := Plan("", "", fiscalv1.Action(n)); err == nil {
			plans = append(plans, plan)
		}
	}
	return plans
}

func stepsOf(action fiscalv1.Action) ([]step, error) {
	if action == fiscalv1.Action_ACTION_RECOVER {
		return append([]step{readStatus}, ladder...), nil
	}
	list, ok := actions[action]
	if !ok {
		return nil, fmt.Errorf("%s: %w", action, ErrNoSuchAction)
	}
	return list, nil
}

// Run climbs. report is called after every change with a copy of the run; it
// must not block for long.
func Run(ctx context.Context, hands Hands, plan *fiscalv1.Run, now func() time.Time, report func(*fiscalv1.Run)) *fiscalv1.Run {
	run := proto.CloneOf(plan)
	list, err := stepsOf(run.GetAction())
	if err != nil {
		run.Ended, run.Text = true, "Такого действия нет."
		report(proto.CloneOf(run))
		return run
	}
	climbing := run.GetAction() == fiscalv1.Action_ACTION_RECOVER
	var failed string
	for i, s := range list {
		row := run.GetSteps()[i]
		if failed != "" && !climbing || climbing && i > 0 && hands.Works() {
			row.State = fiscalv1.StepState_STEP_STATE_SKIPPED
			continue
		}
		row.State, row.BeganMs = fiscalv1.StepState_STEP_STATE_RUNNING, now().UnixMilli()
		report(proto.CloneOf(run))
		stepCtx, cancel := context.WithTimeout(ctx, s.limit)
		result, err := s.take(stepCtx, hands, run)
		cancel()
		row.Result, row.EndedMs = result, now().UnixMilli()
		switch {
		case errors.Is(err, ErrNotNeeded):
			row.State = fiscalv1.StepState_STEP_STATE_SKIPPED
		case err != nil:
			row.State = fiscalv1.StepState_STEP_STATE_FAILED
			if row.Result == "" {
				row.Result = err.Error()
			}
			failed = row.GetResult()
		default:
			row.State = fiscalv1.StepState_STEP_STATE_DONE
		}
		report(proto.CloneOf(run))
	}
	run.Ended = true
	switch {
	case climbing:
		run.Ok = hands.Works()
		run.Text = "Касса работает."
		if !run.Ok {
			run.Text = "Не помогло. " + handsOn
			if run.GetTicket() != "" {
				run.Text = "Не помогло. Заявка № " + run.GetTicket() + " ждёт обслуживания. Пока попробуйте сами: " + handsOn
			}
		}
	case failed != "":
		run.Text = failed
	default:
		run.Ok, run.Text = true, run.GetSteps()[len(list)-1].GetResult()
	}
	report(proto.CloneOf(run))
	return run
}
