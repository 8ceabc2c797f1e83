package cli

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/ofdlink"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

type ofdCommands struct {
	Status    ofdStatusCommand    `cmd:"" help:"Как уходят документы касс в ОФД."`
	Test      ofdTestCommand      `cmd:"" help:"Проверить связь с ОФД служебным сообщением, без документов."`
	Operators ofdOperatorsCommand `cmd:"" help:"Список операторов, известных программе."`
}

type ofdStatusCommand struct{}

// Run implements the command. It fails when documents of some till do not leave.
func (*ofdStatusCommand) Run(e *env) error {
	tills, err := e.listTills()
	if err != nil {
		return err
	}
	code := ExitDone
	for _, s := range tills {
		if s.GetDelivery().GetFailure() != nil {
			code = ExitNotDone
		}
	}
	if e.json {
		if err := e.printJSON(&posv1.ListTillsResponse{Tills: tills}); err != nil {
			return err
		}
		return exit(code)
	}
	if len(tills) == 0 {
		e.say("Касс нет: добавьте раздел [[till]] в файл настроек.")
	}
	for _, s := range tills {
		for _, line := range deliveryLines(s, time.Now()) {
			e.say("%s", line)
		}
	}
	return exit(code)
}

// deliveryLines say how a till's documents leave.
func deliveryLines(s *fiscalv1.TillState, now time.Time) []string {
	waiting := "в очереди нет"
	if n := s.GetUnsent(); n > 0 {
		waiting = fmt.Sprintf("в очереди %d, с %s", n, s.GetUnsentFrom())
	}
	d := s.GetDelivery()
	if d == nil {
		return []string{fmt.Sprintf("%s: передаёт сама касса; %s", s.GetTill(), waiting)}
	}
	where := cmp.Or(d.GetAddress(), "адрес неизвестен")
	if d.GetOperator() != "" {
		where = d.GetOperator() + ", " + where
	}
	lines := []string{fmt.Sprintf("%s: передаёт агент, %s; %s", s.GetTill(), where, waiting)}
	if ms := d.GetLastSuccessMs(); ms > 0 {
		lines = append(lines, fmt.Sprintf("  передано после запуска: %d, последний %s", d.GetDelivered(), health.Ago(now.Sub(time.UnixMilli(ms)))))
	}
	if f := d.GetFailure(); f != nil {
		lines = append(lines, "  "+f.GetText()+" "+f.GetTodo())
		if ms := d.GetNextTryMs(); ms > 0 {
			lines = append(lines, "  Следующая попытка: "+time.UnixMilli(ms).Format("15:04:05"))
		}
	}
	return lines
}

func (e *env) listTills() ([]*fiscalv1.TillState, error) {
	door, err := e.connect()
	if err != nil {
		return nil, err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	answer, err := door.pos.ListTills(ctx, &posv1.ListTillsRequest{})
	if err != nil {
		return nil, door.asError(err)
	}
	return answer.GetTills(), nil
}

type ofdTestCommand struct {
	Address string `arg:"" optional:"" help:"Что проверить; без адреса проверяются адреса касс из настроек." name:"узел:порт"`
	Till    string `help:"Только эта касса." placeholder:"КАССА"`
}

// tested is one probe as JSON.
type tested struct {
	Till    string `json:"till,omitempty"`
	Address string `json:"address"`
	OK      bool   `json:"ok"`
	Code    string `json:"code,omitempty"`
	Text    string `json:"text"`
	Todo    string `json:"todo,omitempty"`
	MS      int64  `json:"ms"`
}

// Run implements the command. It fails when some operator does not answer.
func (c *ofdTestCommand) Run(e *env) error {
	cfg, err := e.load()
	if err != nil {
		return err
	}
	directory, err := ofdlink.LoadDirectory(filepath.Join(cfg.Data, ofdlink.DirectoryFile))
	if err != nil {
		return &exitError{ExitUsage, err}
	}
	targets, err := c.targets(e, cfg)
	if err != nil {
		return err
	}
	var out []tested
	code := ExitDone
	for _, t := range targets {
		ctx, cancel := e.timeout(answerTimeout)
		r := ofdlink.Probe(ctx, ofdlink.Options{Directory: directory}, t.address, t.fn)
		cancel()
		x := tested{Till: t.till, Address: r.Address, OK: r.Failure == nil, Text: r.Text(), MS: r.Took.Milliseconds()}
		if r.Failure != nil {
			x.Code, x.Todo, code = string(r.Failure.Kind), r.Failure.Todo(), ExitNotDone
		}
		out = append(out, x)
	}
	if e.json {
		if err := e.printAnyJSON(out); err != nil {
			return err
		}
		return exit(code)
	}
	for _, x := range out {
		prefix := ""
		if x.Till != "" {
			prefix = x.Till + ": "
		}
		e.say("%s%s", prefix, x.Text)
		if x.Todo != "" {
			e.say("  %s", x.Todo)
		}
	}
	return exit(code)
}

// target is one address to try.
type target struct{ till, address, fn string }

// targets finds what to try: the address given, or those of the tills.
func (c *ofdTestCommand) targets(e *env, cfg config.Config) ([]target, error) {
	if c.Address != "" {
		if err := ofdlink.CheckAddress(c.Address); err != nil {
			return nil, &exitError{ExitUsage, err}
		}
		return []target{{address: c.Address}}, nil
	}
	var out []target
	var states map[string]*fiscalv1.TillState
	for _, t := range cfg.Tills {
		setting := t.Delivery()
		if t.Exclude || c.Till != "" && t.Name != c.Till || c.Till == "" && setting == config.OFDOff {
			continue
		}
		switch setting {
		case config.OFDOff:
			return nil, &exitError{ExitUsage, fmt.Errorf("касса %q передаёт документы сама (ofd = %q). Проверить адрес: chekan-agent ofd test узел:порт", t.Name, setting)}
		case config.OFDAuto: // only the till knows its operator, and the agent has the till
			if states == nil {
				list, err := e.listTills()
				if err != nil {
					return nil, err
				}
				states = map[string]*fiscalv1.TillState{}
				for _, s := range list {
					states[s.GetTill()] = s
				}
			}
			s := states[t.Name]
			if s.GetDelivery().GetAddress() == "" {
				return nil, &exitError{ExitNotDone, fmt.Errorf("агент ещё не узнал у кассы %q её оператора. Проверить адрес: chekan-agent ofd test узел:порт", t.Name)}
			}
			out = append(out, target{t.Name, s.GetDelivery().GetAddress(), s.GetFn()})
		default:
			out = append(out, target{till: t.Name, address: setting})
		}
	}
	switch {
	case len(out) > 0:
		return out, nil
	case c.Till != "":
		return nil, &exitError{ExitUsage, fmt.Errorf("кассы %q в файле настроек нет", c.Till)}
	}
	return nil, &exitError{ExitUsage, errors.New("агент не передаёт документы ни одной кассы (ofd = \"off\"). Проверить адрес: chekan-agent ofd test узел:порт")}
}

type ofdOperatorsCommand struct{}

// Run implements the command.
func (*ofdOperatorsCommand) Run(e *env) error {
	cfg, err := e.load()
	if err != nil {
		return err
	}
	directory, err := ofdlink.LoadDirectory(filepath.Join(cfg.Data, ofdlink.DirectoryFile))
	if err != nil {
		return &exitError{ExitUsage, err}
	}
	if e.json {
		return e.printAnyJSON(directory.Operators())
	}
	w := tabwriter.NewWriter(e.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ИНН\tОПЕРАТОР\tАДРЕС")
	for _, o := range directory.Operators() {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", o.INN, o.Name, directory.Redirected(o.Address))
	}
	_ = w.Flush()
	return nil
}
