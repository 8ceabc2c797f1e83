package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/chekan-io/chekan/agent/internal/argv"
	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/secret"
	"github.com/chekan-io/chekan/agent/internal/service"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

type serviceCommand struct{}

// Run implements install, uninstall, start and stop.
func (*serviceCommand) Run(e *env, at *argv.Chosen) error {
	action := at.Name
	path, err := filepath.Abs(e.configPath)
	if err != nil {
		return fmt.Errorf("find the configuration: %w", err)
	}
	if action == "install" {
		// What could not start is not installed.
		if err := begin(e, path, ""); err != nil {
			return err
		}
		cfg, err := e.load()
		if err != nil {
			return err
		}
		// Data of an agent that somebody ran by hand is the service's now.
		if _, err := os.Stat(cfg.Data); err == nil {
			if err := secret.Share(cfg.Data); err != nil {
				return fmt.Errorf("не получилось, нужны права администратора (%w)", err)
			}
		}
	}
	if err := service.Control(action, path); err != nil {
		if errors.Is(err, os.ErrPermission) || os.Geteuid() > 0 {
			return fmt.Errorf("не получилось, нужны права администратора (%w)", err)
		}
		return fmt.Errorf("не получилось: %w", err)
	}
	done := map[string]string{
		"install":   "Служба установлена и будет запускаться вместе с компьютером. Сейчас: chekan-agent start",
		"uninstall": "Служба удалена. Данные остались.",
		"start":     "Служба запущена. Посмотреть: chekan-agent status",
		"stop":      "Служба остановлена.",
	}
	e.say("%s", done[action])
	return nil
}

type statusCommand struct{}

// Run implements the command.
func (*statusCommand) Run(e *env) error {
	cfg, err := e.load()
	if err != nil {
		return err
	}
	door, err := openDoor(cfg)
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	agent, err := door.technician.AgentStatus(ctx, &posv1.AgentStatusRequest{})
	if err != nil {
		return door.asError(err)
	}
	tills, err := door.pos.ListTills(ctx, &posv1.ListTillsRequest{})
	if err != nil {
		return door.asError(err)
	}
	if e.json {
		return e.printJSON(agent)
	}
	state, err := service.State()
	words := map[string]string{service.Running: "служба работает", service.Stopped: "служба остановлена, агент запущен вручную", service.NotInstalled: "служба не установлена, агент запущен вручную"}
	if err != nil {
		words[state] = "служба: нет сведений"
	}
	e.say("Агент %s, %s, работает %s", agent.GetVersion(), words[state], health.Ago(time.Since(time.UnixMilli(agent.GetStartedMs()))))
	e.say("Кабинет: %s", cloudWord(agent))
	if n := agent.GetOutbox(); n > 0 {
		e.say("Ждёт отправки: %d, самое старое %s", n, health.Ago(time.Duration(agent.GetOutboxAgeMs())*time.Millisecond))
	}
	e.say("Журнал: %s", health.Size(agent.GetJournalBytes()))
	if cfg.Metrics != "" {
		e.say("Метрики: http://%s/metrics", cfg.Metrics)
	}
	for _, p := range agent.GetProblems() {
		e.say("  %s", problemLine(p))
	}
	e.say("")
	printTills(e, tills.GetTills())
	return nil
}

func cloudWord(s *posv1.AgentStatusResponse) string {
	switch {
	case s.GetAgentId() == "":
		return "не подключён. Подключить: chekan-agent enroll КОД"
	case s.GetCloudOnline() && s.GetBrokerOnline():
		return s.GetCloud() + ", на связи"
	case s.GetCloudOnline():
		return s.GetCloud() + ", на связи (без мгновенных команд: брокер недоступен)"
	}
	return s.GetCloud() + ", нет связи: на продажи не влияет"
}

type configCommands struct {
	Check configCheckCommand `cmd:"" help:"Проверить файл и показать, что будет использовано."`
}

type configCheckCommand struct{}

// Run implements the command.
func (*configCheckCommand) Run(e *env) error {
	cfg, err := e.load()
	if err != nil {
		return err
	}
	if e.json {
		return e.printAnyJSON(cfg.View())
	}
	e.say("Файл настроек %s в порядке.", e.configPath)
	w := tabwriter.NewWriter(e.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "data\t%s\nlisten\t%s\ncloud\t%s\nlog_level\t%s\norigins\t%v\n", cfg.Data, cfg.Listen, cfg.Cloud, cfg.LogLevel, cfg.Origins)
	for _, t := range cfg.Tills {
		note := ""
		if t.Exclude {
			note = " (исключена)"
		}
		cables := t.Wire
		if t.Printer != "" {
			cables += ", принтер " + t.Printer
		}
		_, _ = fmt.Fprintf(w, "касса %s%s\t%s, %s, finish_print %s\n", t.Name, note, t.Driver, cables, t.FinishPrint)
	}
	_ = w.Flush()
	if len(cfg.Tills) == 0 {
		e.say("В файле нет ни одной кассы: добавьте раздел [[till]].")
	}
	return nil
}

type enrollCommand struct {
	Code  string `arg:"" help:"Одноразовый код из кабинета, раздел «Подключить кассу»." name:"код"`
	Cloud string `help:"Адрес кабинета; по умолчанию из файла настроек." placeholder:"АДРЕС"`
}

// Run implements the command.
func (c *enrollCommand) Run(e *env) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	answer, err := door.technician.Enroll(ctx, &posv1.EnrollRequest{Code: c.Code, Cloud: c.Cloud})
	if err != nil {
		return door.asError(err)
	}
	if e.json {
		return e.printJSON(answer)
	}
	e.say("Агент подключён: %s, %s.", answer.GetOrganisation(), answer.GetAgentId())
	return nil
}
