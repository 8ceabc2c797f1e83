package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/chekan-io/chekan/agent/internal/journal"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

type journalCommands struct {
	Check  journalCheckCommand  `cmd:"" help:"Прочитать весь журнал и найти противоречия."`
	Show   journalShowCommand   `cmd:"" help:"Показать операцию или последние операции."`
	Export journalExportCommand `cmd:"" help:"Выгрузить все операции, по строке JSON на каждую."`
	Repair journalRepairCommand `cmd:"" help:"Сказать, что в журнале повреждено, и починить."`
}

// journalFlags choose between the running agent and a folder.
type journalFlags struct {
	Dir string `help:"Папка журнала или её копия; по умолчанию спрашивается работающий агент, а если его нет, папка из настроек." type:"path" placeholder:"ПАПКА"`
}

// open asks the running agent, or looks into the folder when there is none or
// it does not answer. Exactly one of the two is not nil. Nothing is changed.
func (f *journalFlags) open(ctx context.Context, e *env) (*door, *journal.Journal, error) {
	dir := f.Dir
	if dir == "" {
		cfg, err := e.load()
		if err != nil {
			return nil, nil, err
		}
		dir = filepath.Join(cfg.Data, "journal")
		if d, err := openDoor(cfg); err == nil {
			_, err := d.technician.AgentStatus(ctx, &posv1.AgentStatusRequest{})
			if err == nil {
				return d, nil, nil
			}
			if !unreachable(err) {
				return nil, nil, d.asError(err)
			}
		}
	}
	j, err := e.look(ctx, dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, fmt.Errorf("в папке %s журнала нет: %w", dir, err)
	case errors.Is(err, fs.ErrPermission):
		return nil, nil, fmt.Errorf("нет прав на журнал %s: запустите от администратора (%w)", dir, err)
	case err != nil:
		return nil, nil, fmt.Errorf("журнал %s не открывается: %w", dir, err)
	}
	for _, p := range j.Problems() {
		e.complain("Внимание: %s: %s", p.Code, p.Detail)
	}
	return nil, j, nil
}

type journalCheckCommand struct{ journalFlags }

// Run implements the command.
func (c *journalCheckCommand) Run(e *env) (err error) {
	ctx, cancel := e.timeout(actTimeout)
	defer cancel()
	door, j, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	var answer *posv1.CheckJournalResponse
	if door != nil {
		if answer, err = door.technician.CheckJournal(ctx, &posv1.CheckJournalRequest{}); err != nil {
			return door.asError(err)
		}
	} else {
		defer func() { err = errors.Join(err, j.Close()) }()
		findings, n, err := j.Check(ctx)
		if err != nil {
			return fmt.Errorf("журнал не читается: %w", err)
		}
		answer = &posv1.CheckJournalResponse{Ok: len(findings) == 0, Findings: findings, Operations: n}
	}
	if e.json {
		if err := e.printJSON(answer); err != nil {
			return err
		}
	} else if answer.GetOk() {
		e.say("Журнал в порядке, операций: %d.", answer.GetOperations())
	} else {
		e.say("В журнале противоречия, операций: %d.", answer.GetOperations())
		for _, line := range answer.GetFindings() {
			e.say("  %s", line)
		}
	}
	if !answer.GetOk() {
		return exit(ExitNotDone)
	}
	return nil
}

type journalShowCommand struct {
	Key   string `arg:"" optional:"" help:"Ключ операции." name:"ключ"`
	Limit int    `help:"Без ключа: сколько последних показать." default:"20"`
	journalFlags
}

// Run implements the command.
func (c *journalShowCommand) Run(e *env) (err error) {
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	door, j, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	if door != nil {
		if c.Key != "" {
			return (&operationShowCommand{Key: c.Key}).Run(e)
		}
		return (&operationListCommand{Limit: uint32(c.Limit)}).list(ctx, e, door)
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	if c.Key != "" {
		rec, err := j.Get(c.Key)
		if errors.Is(err, journal.ErrNotFound) {
			return fmt.Errorf("операции с ключом %q в журнале нет", c.Key)
		}
		if err != nil {
			return fmt.Errorf("журнал не читается: %w", err)
		}
		if e.json {
			return e.printJSON(rec)
		}
		return e.tell(rec.GetOperation())
	}
	recs, _, err := j.List("", c.Limit, "", false)
	if err != nil {
		return fmt.Errorf("журнал не читается: %w", err)
	}
	list := &posv1.ListOperationsResponse{}
	for _, rec := range recs {
		list.Operations = append(list.Operations, rec.GetOperation())
	}
	if e.json {
		return e.printJSON(list)
	}
	printOperations(e, list.GetOperations())
	return nil
}

type journalExportCommand struct {
	Output string `short:"o" help:"Файл; по умолчанию на экран." type:"path" placeholder:"ФАЙЛ"`
	journalFlags
}

// Run implements the command.
func (c *journalExportCommand) Run(e *env) (err error) {
	ctx, cancel := e.timeout(actTimeout)
	defer cancel()
	door, j, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	if j != nil {
		defer func() { err = errors.Join(err, j.Close()) }()
	}
	to := e.Out
	if c.Output != "" {
		f, err := os.OpenFile(c.Output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("файл выгрузки: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		to = f
	}
	w := bufio.NewWriter(to)
	if j != nil {
		err = j.Export(w)
	} else {
		err = exportFrom(ctx, door, w)
	}
	if err := errors.Join(err, w.Flush()); err != nil {
		return fmt.Errorf("выгрузка не закончена: %w", err)
	}
	return nil
}

// exportFrom pages through the running agent, newest first, and writes the
// operations oldest first like an export of a folder.
func exportFrom(ctx context.Context, door *door, w io.Writer) error {
	var ops []*fiscalv1.Operation
	for page := ""; ; {
		answer, err := door.pos.ListOperations(ctx, &posv1.ListOperationsRequest{Limit: 1000, Page: page})
		if err != nil {
			return door.asError(err)
		}
		ops = append(ops, answer.GetOperations()...)
		if page = answer.GetNextPage(); page == "" {
			break
		}
	}
	for i := len(ops) - 1; i >= 0; i-- {
		line, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(ops[i])
		if err != nil {
			return fmt.Errorf("write operation %s: %w", ops[i].GetKey(), err)
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}
