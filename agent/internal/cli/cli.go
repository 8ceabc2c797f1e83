// Package cli is the agent's command line: what a technician types beside the
// till. Commands read as noun and verb ("till status", "operation show").
//
// # Rules
//
//   - People are spoken to in Russian, in whole sentences that say what to do.
//     With --json a command prints one JSON document and nothing else, with
//     the field names of proto/.
//   - Results go to standard output; complaints and progress to standard error.
//   - A command that asks something of a till goes through the running agent's
//     door like any other program, with the token of the data folder. Nothing
//     here opens a till's port. Only the commands about the journal and the
//     black box read the folder of the agent, and write nothing there: the
//     journal they open is a copy, but for "journal repair".
//   - The exit code says what became of it, so that scripts need not read:
//     see the constants below.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/chekan-io/chekan/agent/internal/argv"
	"github.com/chekan-io/chekan/agent/internal/config"
)

// Exit codes.
const (
	// ExitDone: done, or nothing is wrong.
	ExitDone = 0
	// ExitNotDone: not done; safe to ask again. Also: something is wrong.
	ExitNotDone = 1
	// ExitUnknown: it is not known yet whether it was done. Ask by the key.
	ExitUnknown = 2
	// ExitUsage: the command line or the configuration is wrong.
	ExitUsage = 3
	// ExitUnreachable: the agent does not answer; nothing was asked of a till.
	ExitUnreachable = 4
)

// Program is what the command line is made of.
type Program struct {
	// Version is printed by --version and told to the cabinet.
	Version string
	// Run is the agent itself; logTo hears its log, ready is called when it
	// serves.
	Run func(ctx context.Context, cfg config.Config, logTo io.Writer, ready func()) error
	// Out and Err are standard output and standard error.
	Out, Err io.Writer
}

// commands is the whole command line.
type commands struct {
	Config string `help:"Файл настроек." default:"${config}" type:"path" env:"CHEKAN_AGENT_CONFIG" placeholder:"ФАЙЛ"`
	JSON   bool   `name:"json" help:"Вывод в JSON, для программ."`

	Run       runCommand       `cmd:"" help:"Работать: в окне или под управлением службы." group:"Служба:"`
	Prepare   prepareCommand   `cmd:"" hidden:"" help:"Для установщика: папки, первый файл настроек, служба." group:"Служба:"`
	Install   serviceCommand   `cmd:"" help:"Установить службу; запускается вместе с компьютером." group:"Служба:"`
	Uninstall serviceCommand   `cmd:"" help:"Удалить службу. Данные остаются." group:"Служба:"`
	Start     serviceCommand   `cmd:"" help:"Запустить службу." group:"Служба:"`
	Stop      serviceCommand   `cmd:"" help:"Остановить службу. Начатая операция будет закончена." group:"Служба:"`
	Status    statusCommand    `cmd:"" help:"Состояние агента и касс." group:"Служба:"`
	Doctor    doctorCommand    `cmd:"" help:"Проверить всё и сказать, что исправить." group:"Служба:"`
	Bundle    bundleCommand    `cmd:"" help:"Собрать файл для разбора неполадки, без сумм, имён и покупателей." group:"Служба:"`
	Replay    replayCommand    `cmd:"" help:"Повторить операции из такого файла и сравнить исход." group:"Служба:"`
	Conf      configCommands   `cmd:"" name:"config" help:"Файл настроек." group:"Служба:"`
	Update    updateCommands   `cmd:"" help:"Обновления агента: состояние, спросить кабинет." group:"Служба:"`
	Enroll    enrollCommand    `cmd:"" help:"Подключить агента к кабинету по одноразовому коду." group:"Служба:"`
	Till      tillCommands     `cmd:"" help:"Кассы: состояние и действия." group:"Касса:"`
	Shift     shiftCommands    `cmd:"" help:"Смена: открыть, закрыть." group:"Касса:"`
	Cash      cashCommands     `cmd:"" help:"Наличные: внести, выдать." group:"Касса:"`
	Page      pageCommand      `cmd:"" help:"Страница кассира: ссылка, по которой видны суммы и работают клавиши." group:"Касса:"`
	Sell      sellCommand      `cmd:"" help:"Пробить чек из командной строки." group:"Касса:"`
	Operation operationCommand `cmd:"" help:"Операции: что стало с ключом, список." group:"Касса:"`
	Consent   consentCommands  `cmd:"" help:"Разрешения: о чём спрашивают кассира из кабинета, ответить да или нет." group:"Касса:"`
	Crashtest crashtestCommand `cmd:"" help:"Сертификат: обрывать обмен с тестовой кассой в сотнях точек и подписать отчёт." group:"Касса:"`
	OFD       ofdCommands      `cmd:"" name:"ofd" help:"Передача документов в ОФД: состояние, проверка связи." group:"Касса:"`
	Journal   journalCommands  `cmd:"" help:"Журнал операций: проверить, показать, выгрузить, починить." group:"Касса:"`
}

// env is what every command gets.
type env struct {
	Program

	ctx        context.Context
	args       []string
	configPath string
	json       bool
}

// load reads the configuration.
func (e *env) load() (config.Config, error) {
	cfg, err := config.Load(e.configPath)
	if err != nil {
		return cfg, &exitError{ExitUsage, err}
	}
	return cfg, nil
}

func (e *env) say(format string, args ...any) { _, _ = fmt.Fprintf(e.Out, format+"\n", args...) }

func (e *env) complain(format string, args ...any) { _, _ = fmt.Fprintf(e.Err, format+"\n", args...) }

// exitError is an error that chooses the exit code. A nil err says nothing.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exit ends a command that has said everything.
func exit(code int) error {
	if code == ExitDone {
		return nil
	}
	return &exitError{code: code}
}

// Main runs one command line and returns the exit code.
func Main(ctx context.Context, args []string, p Program) int {
	var c commands
	parser, err := argv.New(&c, argv.Options{
		Name: "chekan-agent", About: "Агент Чекан: чеки пробиваются ровно один раз.",
		Version: p.Version, Vars: map[string]string{"config": config.DefaultPath()},
	})
	if err != nil {
		_, _ = fmt.Fprintln(p.Err, err)
		return ExitUsage
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(p.Err, "%s\nПодсказка: chekan-agent --help\n", err)
		return ExitUsage
	}
	if chosen.Text != "" {
		_, _ = io.WriteString(p.Out, chosen.Text)
		return ExitDone
	}
	e := &env{Program: p, ctx: ctx, args: args, configPath: c.Config, json: c.JSON}
	if err := e.do(chosen); err != nil {
		var ended *exitError
		if !errors.As(err, &ended) {
			ended = &exitError{ExitNotDone, err}
		}
		if ended.err != nil {
			_, _ = fmt.Fprintln(p.Err, ended.err)
		}
		return ended.code
	}
	return ExitDone
}

// do runs the command that was typed. One that stands for several asks which.
func (e *env) do(chosen *argv.Chosen) error {
	switch c := chosen.Command.(type) {
	case interface{ Run(e *env) error }:
		return c.Run(e)
	case interface {
		Run(e *env, at *argv.Chosen) error
	}:
		return c.Run(e, chosen)
	}
	return fmt.Errorf("command %q does nothing", chosen.Name)
}
