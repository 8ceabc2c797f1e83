package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chekan-io/chekan/agent/internal/bundle"
	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/journal"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

type bundleCommand struct {
	Till   string `help:"Только эта касса; по умолчанию все." placeholder:"КАССА"`
	Output string `short:"o" help:"Файл; по умолчанию в этой папке, с датой в имени." type:"path" placeholder:"ФАЙЛ.zip"`
}

// Run implements the command. The agent may run, hang or be stopped: what
// cannot be had is left out, and the bundle says so.
func (c *bundleCommand) Run(e *env) (err error) {
	cfg, err := e.load()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	now := time.Now()
	src := bundle.Source{Version: e.Version, Now: now, Config: cfg.View(), Log: filepath.Join(cfg.Data, "logs", "agent.log")}
	for _, t := range cfg.Tills {
		if c.Till == "" || c.Till == t.Name {
			src.Tills = append(src.Tills, bundle.Till{Name: t.Name, Driver: t.Driver, Link: t.Link, Box: filepath.Join(cfg.Data, "blackbox", t.Name+".wire")})
		}
	}
	if c.Till != "" && len(src.Tills) == 0 {
		return &exitError{ExitUsage, fmt.Errorf("кассы %q в файле настроек нет", c.Till)}
	}
	askAgent(ctx, cfg, &src)
	j, err := e.look(ctx, filepath.Join(cfg.Data, "journal"))
	if err != nil {
		src.JournalError = err
	} else {
		defer func() { err = errors.Join(err, j.Close()) }()
		src.Journal = j
	}
	name := c.Output
	if name == "" {
		name = "chekan-" + now.Format("20060102-150405") + ".zip"
	}
	if err := writeNew(name, func(f *os.File) error { return bundle.Make(ctx, f, src) }); err != nil {
		return fmt.Errorf("файл для разбора не сделан: %w", err)
	}
	if e.json {
		return e.printAnyJSON(map[string]string{"file": name})
	}
	e.say("Сделан файл %s.", name)
	e.say("В нём нет сумм, названий товаров, имён кассиров, телефонов и адресов покупателей. Его можно отправить тому, кто помогает.")
	if src.JournalError != nil {
		e.complain("Журнала в нём нет: %v", src.JournalError)
	}
	return nil
}

// askAgent adds what the running agent says of itself, when it answers.
func askAgent(ctx context.Context, cfg config.Config, src *bundle.Source) {
	d, err := openDoor(cfg)
	if err != nil {
		return
	}
	if src.Agent, err = d.technician.AgentStatus(ctx, &posv1.AgentStatusRequest{}); err != nil {
		src.Agent = nil
		return
	}
	if tills, err := d.pos.ListTills(ctx, &posv1.ListTillsRequest{}); err == nil {
		src.States = tills.GetTills()
	}
}

// look opens a copy of the journal: nothing of the folder is touched.
func (e *env) look(ctx context.Context, dir string) (*journal.Journal, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return journal.Look(ctx, dir, journal.Options{Verify: journal.VerifyInChild(exe)})
}

// writeNew writes a file that must not be there yet; one that was not finished
// does not stay.
func writeNew(name string, write func(*os.File) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}
