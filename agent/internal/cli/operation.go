package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// operationFlags are common to everything that is asked of a till.
type operationFlags struct {
	Key        string        `help:"Ключ операции: при повторе с тем же ключом второй раз не пробьётся. По умолчанию новый." placeholder:"КЛЮЧ"`
	Till       string        `help:"Имя кассы; можно не указывать, если касса одна." placeholder:"КАССА"`
	Cashier    string        `help:"Кассир." placeholder:"ИМЯ"`
	CashierINN string        `name:"cashier-inn" help:"ИНН кассира." placeholder:"ИНН"`
	Wait       time.Duration `help:"Сколько ждать ответа кассы." default:"60s"`
}

// submit asks for an operation, waits and tells what became of it.
func (f *operationFlags) submit(e *env, q *posv1.SubmitRequest) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	if f.Key == "" {
		f.Key = "cli-" + time.Now().Format("20060102-150405-") + rand.Text()[:6]
		e.complain("Ключ операции: %s", f.Key)
	}
	q.Key, q.Till, q.WaitMs = f.Key, f.Till, uint32(f.Wait.Milliseconds())
	if f.Cashier != "" || f.CashierINN != "" {
		q.Cashier = &fiscalv1.Cashier{Name: f.Cashier, Inn: f.CashierINN}
	}
	ctx, cancel := e.timeout(f.Wait + 30*time.Second)
	defer cancel()
	answer, err := door.pos.Submit(ctx, q)
	if err != nil {
		if doubtful(err) {
			return &exitError{ExitUnknown, fmt.Errorf("неизвестно, выполнена ли операция: связь с агентом прервалась. Узнать: chekan-agent operation show %s (%w)", f.Key, err)}
		}
		return door.asError(err)
	}
	return e.tell(answer.GetOperation())
}

// tell prints an operation; the exit code is its outcome.
func (e *env) tell(op *fiscalv1.Operation) error {
	if e.json {
		if err := e.printJSON(op); err != nil {
			return err
		}
	} else {
		printOperation(e, op)
	}
	switch op.GetOutcome() {
	case fiscalv1.Outcome_OUTCOME_DONE:
		return nil
	case fiscalv1.Outcome_OUTCOME_NOT_DONE:
		return exit(ExitNotDone)
	case fiscalv1.Outcome_OUTCOME_UNKNOWN, fiscalv1.Outcome_OUTCOME_UNSPECIFIED:
	}
	return exit(ExitUnknown)
}

func printOperation(e *env, op *fiscalv1.Operation) {
	if op.GetText() != "" {
		e.say("%s", op.GetText())
	} else {
		e.say("%s", strings.ToUpper(outcomeWord(op)))
	}
	w := tabwriter.NewWriter(e.Out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	row("Ключ", op.GetKey())
	row("Касса", op.GetTill())
	row("Операция", kindWord(op))
	row("Исход", outcomeWord(op))
	row("Сумма", sumOf(op))
	if op.GetChange() > 0 {
		row("Сдача", fiscal.Money(op.GetChange()).String())
	}
	if d := op.GetDocument(); d != nil {
		row("Документ", fmt.Sprintf("ФН %s, ФД %d, ФПД %d", d.GetFn(), d.GetFd(), d.GetFp()))
		row("Время кассы", d.GetAt())
		if d.GetShift() > 0 {
			row("Смена", fmt.Sprint(d.GetShift()))
		}
		if d.GetReceipt() > 0 {
			row("Чек", fmt.Sprint(d.GetReceipt()))
		}
		row("QR", d.GetQr())
	}
	row("Бумага", paperWords[op.GetPaper()])
	row("ОФД", ofdWords[op.GetOfd()])
	row("Принята", when(op.GetAcceptedMs()))
	row("Закончена", when(op.GetEndedMs()))
	if op.GetAttempt() > 0 {
		row("Попыток", fmt.Sprint(op.GetAttempt()+1))
	}
	row("Причина", op.GetReason())
	_ = w.Flush()
	tellRegistration(e, op)
	for _, line := range op.GetEvidence() {
		e.say("  %s", line)
	}
}

type operationCommand struct {
	Show   operationShowCommand   `cmd:"" help:"Что стало с операцией."`
	List   operationListCommand   `cmd:"" help:"Последние операции."`
	Decide operationDecideCommand `cmd:"" help:"Решить за операцию, которая ждёт человека."`
}

type operationShowCommand struct {
	Key  string        `arg:"" help:"Ключ операции." name:"ключ"`
	Wait time.Duration `help:"Ждать конца столько." default:"0s"`
}

// Run implements the command.
func (c *operationShowCommand) Run(e *env) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(c.Wait + answerTimeout)
	defer cancel()
	answer, err := door.pos.GetOperation(ctx, &posv1.GetOperationRequest{Key: c.Key, WaitMs: uint32(c.Wait.Milliseconds())})
	if err != nil {
		return door.asError(err)
	}
	return e.tell(answer.GetOperation())
}

type operationListCommand struct {
	Till       string `help:"Только этой кассы." placeholder:"КАССА"`
	Limit      uint32 `help:"Сколько показать." default:"20"`
	Unfinished bool   `help:"Только незавершённые."`
}

// Run implements the command.
func (c *operationListCommand) Run(e *env) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	return c.list(ctx, e, door)
}

func (c *operationListCommand) list(ctx context.Context, e *env, door *door) error {
	answer, err := door.pos.ListOperations(ctx, &posv1.ListOperationsRequest{Till: c.Till, Limit: c.Limit, Unfinished: c.Unfinished})
	if err != nil {
		return door.asError(err)
	}
	if e.json {
		return e.printJSON(answer)
	}
	printOperations(e, answer.GetOperations())
	return nil
}

func printOperations(e *env, ops []*fiscalv1.Operation) {
	if len(ops) == 0 {
		e.say("Операций нет.")
		return
	}
	w := tabwriter.NewWriter(e.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ПРИНЯТА\tКАССА\tОПЕРАЦИЯ\tСУММА\tИСХОД\tФД\tБУМАГА\tКЛЮЧ")
	for _, op := range ops {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", when(op.GetAcceptedMs()), op.GetTill(), kindWord(op), sumOf(op), outcomeWord(op), fdOf(op),
			paperWords[op.GetPaper()], op.GetKey())
	}
	_ = w.Flush()
}

type operationDecideCommand struct {
	Key string `arg:"" help:"Ключ операции." name:"ключ"`
	FD  uint32 `name:"fd" help:"Номер документа, который и есть эта операция." xor:"verdict" required:""`
	No  bool   `name:"not-done" help:"Документа нет: операция не выполнена." xor:"verdict" required:""`
}

// Run implements the command.
func (c *operationDecideCommand) Run(e *env) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	answer, err := door.technician.Decide(ctx, &posv1.DecideRequest{Key: c.Key, Fd: c.FD})
	if err != nil {
		return door.asError(err)
	}
	return e.tell(answer.GetOperation())
}
