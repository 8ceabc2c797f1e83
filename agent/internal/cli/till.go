package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/chekan-io/chekan/agent/internal/argv"
	"github.com/chekan-io/chekan/agent/internal/blackbox"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

type tillCommands struct {
	List         tillListCommand     `cmd:"" help:"Все кассы этого компьютера."`
	Status       tillStatusCommand   `cmd:"" help:"Прочитать состояние кассы."`
	Find         tillFindCommand     `cmd:"" help:"Найти кассы на портах, которые никем не заняты."`
	Adopt        tillAdoptCommand    `cmd:"" help:"Принять найденную кассу: агент запишет её в свой список и начнёт с ней работать."`
	Accept       tillAcceptCommand   `cmd:"" help:"Подтвердить замену кассы или накопителя: та, что отвечает сейчас, и есть эта касса."`
	Check        actCommand          `cmd:"" help:"Проверить кассу и выяснить незавершённое."`
	FinishPrint  actCommand          `cmd:"" help:"Продолжить печать уже пробитого."`
	Copy         actCommand          `cmd:"" help:"Напечатать копию последнего документа."`
	XReport      actCommand          `cmd:"" name:"x-report" help:"X-отчёт."`
	CloseShift   actCommand          `cmd:"" help:"Закрыть смену."`
	SyncClock    actCommand          `cmd:"" help:"Установить часы кассы; смена закрыта."`
	Reopen       actCommand          `cmd:"" help:"Закрыть и открыть порт."`
	Reboot       actCommand          `cmd:"" help:"Перезагрузить кассу."`
	Resend       actCommand          `cmd:"" help:"Передать в ОФД документы, которые ждут."`
	Suspend      actCommand          `cmd:"" help:"Приостановить кассу: новые операции на ней не начинаются."`
	Resume       actCommand          `cmd:"" help:"Возобновить кассу."`
	Recover      actCommand          `cmd:"" help:"Вся лестница восстановления, пока касса не заработает."`
	Register     registerCommand     `cmd:"" help:"Зарегистрировать кассу или изменить регистрацию (--change)."`
	CloseArchive closeArchiveCommand `cmd:"" name:"close-fn" help:"Закрыть фискальный накопитель навсегда."`
	Wire         tillWireCommand     `cmd:"" help:"Показать последний обмен с кассой (чёрный ящик)."`
}

// actions are the commands that are actions of a technician.
var actions = map[string]fiscalv1.Action{
	"check": fiscalv1.Action_ACTION_CHECK, "finish-print": fiscalv1.Action_ACTION_FINISH_PRINT, "copy": fiscalv1.Action_ACTION_PRINT_COPY, "test-slip": fiscalv1.Action_ACTION_PRINT_TEST,
	"x-report": fiscalv1.Action_ACTION_X_REPORT, "close-shift": fiscalv1.Action_ACTION_CLOSE_SHIFT, "sync-clock": fiscalv1.Action_ACTION_SYNC_CLOCK,
	"reopen": fiscalv1.Action_ACTION_REOPEN_PORT, "reboot": fiscalv1.Action_ACTION_REBOOT, "recover": fiscalv1.Action_ACTION_RECOVER,
	"resend": fiscalv1.Action_ACTION_RESEND_OFD, "suspend": fiscalv1.Action_ACTION_SUSPEND, "resume": fiscalv1.Action_ACTION_RESUME,
}

type tillListCommand struct{}

// Run implements the command.
func (*tillListCommand) Run(e *env) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	answer, err := door.pos.ListTills(ctx, &posv1.ListTillsRequest{})
	if err != nil {
		return door.asError(err)
	}
	if e.json {
		return e.printJSON(answer)
	}
	printTills(e, answer.GetTills())
	return nil
}

func printTills(e *env, tills []*fiscalv1.TillState) {
	if len(tills) == 0 {
		e.say("Касс нет. Найти: chekan-agent till find")
		return
	}
	w := tabwriter.NewWriter(e.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "КАССА\tСОСТОЯНИЕ\tМОДЕЛЬ\tЗАВ. №\tСМЕНА\tФД\tБУМАГА")
	for _, s := range tills {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", s.GetTill(), lightOf(s), s.GetModel(), s.GetSerial(), shiftWord(s), s.GetLastFd(), printingWords[s.GetPaper()])
	}
	_ = w.Flush()
	for _, s := range tills {
		for _, p := range s.GetProblems() {
			e.say("%s: %s", s.GetTill(), problemLine(p))
		}
	}
}

type tillStatusCommand struct {
	Name string `arg:"" optional:"" help:"Имя кассы; можно не указывать, если касса одна." name:"касса"`
}

// Run implements the command. It fails when the till does not work.
func (c *tillStatusCommand) Run(e *env) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	answer, err := door.pos.TillStatus(ctx, &posv1.TillStatusRequest{Till: c.Name, Fresh: true})
	if err != nil {
		return door.asError(err)
	}
	s := answer.GetState()
	code := ExitDone
	if l := lightOf(s); l == "НЕ РАБОТАЕТ" || l == "НЕТ СВЯЗИ" {
		code = ExitNotDone
	}
	if e.json {
		if err := e.printJSON(s); err != nil {
			return err
		}
		return exit(code)
	}
	e.say("%s: %s", s.GetTill(), lightOf(s))
	for _, p := range s.GetProblems() {
		e.say("  %s", problemLine(p))
	}
	w := tabwriter.NewWriter(e.Out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	row("Модель", strings.TrimSpace(s.GetModel()+" "+s.GetFirmware()))
	row("Заводской №", s.GetSerial())
	row("РНМ", s.GetRnm())
	row("ИНН", s.GetInn())
	row("ФН", s.GetFn())
	row("ФН до", s.GetFnExpiry())
	row("ФФД", s.GetFfd())
	row("Смена", shiftWord(s))
	row("Последний ФД", fmt.Sprint(s.GetLastFd()))
	row("Бумага", printingWords[s.GetPaper()])
	if s.GetUnsent() > 0 {
		row("Не передано в ОФД", fmt.Sprintf("%d, с %s", s.GetUnsent(), s.GetUnsentFrom()))
	}
	row("Часы кассы", s.GetClock())
	row("Прочитано", when(s.GetReadMs()))
	row("Режим", s.GetRaw())
	_ = w.Flush()
	return exit(code)
}

type actCommand struct {
	Name string `arg:"" optional:"" help:"Имя кассы; можно не указывать, если касса одна." name:"касса"`
	Plan bool   `help:"Только показать шаги."`
}

// Run implements every action: its steps are shown as they go.
func (c *actCommand) Run(e *env, at *argv.Chosen) error {
	action := actions[at.Name]
	door, err := e.connect()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(actTimeout)
	defer cancel()
	if c.Plan {
		answer, err := door.technician.Plan(ctx, &posv1.PlanRequest{Till: c.Name, Action: action})
		if err != nil {
			return door.asError(err)
		}
		if e.json {
			return e.printJSON(answer.GetPlan())
		}
		for i, s := range answer.GetPlan().GetSteps() {
			note := ""
			if s.GetFiscal() {
				note = " (меняет фискальные данные)"
			}
			e.say("%2d. %s%s", i+1, s.GetTitle(), note)
		}
		return nil
	}
	stream, err := door.technician.Act(ctx, &posv1.ActRequest{Till: c.Name, Action: action})
	if err != nil {
		return door.asError(err)
	}
	defer stream.Close()
	var run *fiscalv1.Run
	shown := map[int]fiscalv1.StepState{}
	for stream.Receive() {
		run = stream.Msg().GetRun()
		if !e.json {
			showSteps(e, run, shown)
		}
	}
	if err := stream.Err(); err != nil {
		return door.asError(err)
	}
	if e.json {
		if err := e.printJSON(run); err != nil {
			return err
		}
	} else {
		e.say("%s", run.GetText())
	}
	if !run.GetOk() {
		return exit(ExitNotDone)
	}
	return nil
}

func showSteps(e *env, run *fiscalv1.Run, shown map[int]fiscalv1.StepState) {
	for i, s := range run.GetSteps() {
		if shown[i] == s.GetState() {
			continue
		}
		shown[i] = s.GetState()
		switch s.GetState() {
		case fiscalv1.StepState_STEP_STATE_RUNNING:
			e.complain("… %s", s.GetTitle())
		case fiscalv1.StepState_STEP_STATE_DONE:
			e.say("✓ %s: %s", s.GetTitle(), s.GetResult())
		case fiscalv1.StepState_STEP_STATE_FAILED:
			e.say("✗ %s: %s", s.GetTitle(), s.GetResult())
		case fiscalv1.StepState_STEP_STATE_SKIPPED:
			e.say("– %s: не понадобилось", s.GetTitle())
		case fiscalv1.StepState_STEP_STATE_PLANNED, fiscalv1.StepState_STEP_STATE_UNSPECIFIED:
		}
	}
}

type tillWireCommand struct {
	Name string `arg:"" help:"Имя кассы." name:"касса"`
	Last int    `help:"Сколько последних записей показать; 0 покажет все." default:"100"`
}

// Run implements the command; the agent need not run.
func (c *tillWireCommand) Run(e *env) error {
	cfg, err := e.load()
	if err != nil {
		return err
	}
	records, err := blackbox.Read(filepath.Join(cfg.Data, "blackbox", c.Name+".wire"))
	if err != nil {
		return fmt.Errorf("чёрный ящик кассы %q не читается: %w", c.Name, err)
	}
	if c.Last > 0 && len(records) > c.Last {
		records = records[len(records)-c.Last:]
	}
	if e.json {
		type line struct {
			At    string `json:"at"`
			MonoM int64  `json:"mono_us"`
			Dir   string `json:"dir"`
			Bytes string `json:"bytes"`
		}
		lines := make([]line, len(records))
		for i, r := range records {
			lines[i] = line{r.At.Format("2006-01-02T15:04:05.000000Z07:00"), r.Mono.Microseconds(), r.Dir.String(), bytesOf(r)}
		}
		return e.printAnyJSON(lines)
	}
	for _, r := range records {
		e.say("%s %s %s", r.At.Format("02.01 15:04:05.000"), r.Dir, bytesOf(r))
	}
	return nil
}

func bytesOf(r blackbox.Record) string {
	if r.Dir == blackbox.Note {
		return string(r.Bytes)
	}
	return fmt.Sprintf("% X", r.Bytes)
}

type shiftCommands struct {
	Open  operationFlags `cmd:"" help:"Открыть смену."`
	Close operationFlags `cmd:"" help:"Закрыть смену, Z-отчёт."`
}

type cashCommands struct {
	In  cashCommand `cmd:"" help:"Внести наличные."`
	Out cashCommand `cmd:"" help:"Выдать наличные."`
}

type cashCommand struct {
	Sum string `arg:"" help:"Сумма: 1500 или 1500.50." name:"сумма"`
	operationFlags
}

// Run implements the command.
func (c *cashCommand) Run(e *env, at *argv.Chosen) error {
	sum, err := fiscal.ParseMoney(c.Sum)
	if err != nil {
		return &exitError{ExitUsage, fmt.Errorf("сумма пишется как 1500 или 1500.50, пришло %q", c.Sum)}
	}
	kind := fiscalv1.Kind_KIND_CASH_IN
	if at.Name == "out" {
		kind = fiscalv1.Kind_KIND_CASH_OUT
	}
	return c.submit(e, &posv1.SubmitRequest{Kind: kind, Amount: int64(sum)})
}

// Run implements shift open and shift close.
func (f *operationFlags) Run(e *env, at *argv.Chosen) error {
	kind := fiscalv1.Kind_KIND_OPEN_SHIFT
	if at.Name == "close" {
		kind = fiscalv1.Kind_KIND_CLOSE_SHIFT
	}
	return f.submit(e, &posv1.SubmitRequest{Kind: kind})
}
