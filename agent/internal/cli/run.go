package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/service"
	"github.com/chekan-io/chekan/agent/internal/update"
)

type runCommand struct {
	Service bool `help:"Запущено диспетчером служб." hidden:""`
	Child   bool `help:"Выбранную версию запускать рядом, а не вместо себя." hidden:""`
}

// Run implements the command: the packaged program first finds out which version
// has to run (see package update).
func (c *runCommand) Run(e *env) error {
	if update.Launched() {
		return c.launched(e)
	}
	exe, err := update.Exe()
	if err != nil {
		return err
	}
	l := &update.Launcher{
		Data: config.DataOf(e.configPath), Version: e.Version, Exe: exe, Args: e.args, Out: e.Out, Err: e.Err,
		Log: slog.New(slog.NewTextHandler(e.Err, nil)),
	}
	if c.Child || !update.CanBecome {
		l.Args = slices.DeleteFunc(slices.Clone(e.args), func(a string) bool { return a == "--service" || a == "--child" })
		return service.Run(e.ctx, c.Service, func(ctx context.Context, ready func()) error {
			return l.Supervise(ctx, ready, e.own)
		})
	}
	l.Exec()
	// This very program is the one to run.
	err = service.Run(e.ctx, c.Service, e.own)
	if errors.Is(err, update.ErrRelaunch) {
		return l.Relaunch()
	}
	return err
}

// launched runs this program as the version that a launcher chose.
func (c *runCommand) launched(e *env) error {
	ctx, managed := e.ctx, c.Service
	if update.IsChild() {
		var cancel context.CancelFunc
		ctx, cancel = update.UntilStdinEnds(ctx, os.Stdin)
		defer cancel()
		managed = false // the launcher speaks to the manager
	}
	err := service.Run(ctx, managed, func(ctx context.Context, ready func()) error {
		return e.own(ctx, func() { ready(); update.Serves(e.Out) })
	})
	switch {
	case !errors.Is(err, update.ErrRelaunch):
		return err
	case update.IsChild():
		return exit(update.ExitRelaunch)
	}
	return (&update.Launcher{Args: e.args}).Relaunch()
}

// own is the agent itself. The configuration is read here and not before: a
// later version may know keys that its launcher does not.
func (e *env) own(ctx context.Context, ready func()) error {
	cfg, err := e.load()
	if err != nil {
		return err
	}
	return e.Run(ctx, cfg, e.Err, ready)
}
