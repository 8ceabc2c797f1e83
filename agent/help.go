package main

import (
	"bytes"
	"context"
	"path/filepath"
	"time"

	"github.com/chekan-io/chekan/agent/internal/bundle"
	"github.com/chekan-io/chekan/agent/internal/errand"
	"github.com/chekan-io/chekan/agent/internal/network"
	"github.com/chekan-io/chekan/agent/internal/ofdlink"
	"github.com/chekan-io/chekan/agent/internal/verdict"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// bundleOf makes the file that goes with a ticket: what `chekan-agent bundle`
// makes of the one till the run was on.
func (a *agent) bundleOf(ctx context.Context, run *fiscalv1.Run) (zip []byte, clean *fiscalv1.Run, err error) {
	return bundle.ForTicket(ctx, a.bundleSource(ctx, run.GetTill()), run)
}

// bundleSource is where a bundle is made from; an empty till is all of them.
func (a *agent) bundleSource(ctx context.Context, till string) bundle.Source {
	src := bundle.Source{
		Version: version, Now: time.Now(), Config: a.cfg.View(), Journal: a.journal, Agent: a.Status(ctx),
		Log: filepath.Join(a.cfg.Data, "logs", "agent.log"),
	}
	for _, t := range a.cfg.Tills {
		if t.Name == till || till == "" {
			src.Tills = append(src.Tills, bundle.Till{Name: t.Name, Driver: t.Driver, Link: t.Link, Box: boxFile(a.cfg, t.Name)})
		}
	}
	for _, s := range a.fleet.States() {
		if s.GetTill() == till || till == "" {
			src.States = append(src.States, s)
		}
	}
	return src
}

// restart ends the agent in good order, so that it is started anew.
func (a *agent) restart() {
	select {
	case a.anew <- struct{}{}:
	default: // it ends already
	}
}

// errands are what the cabinet may ask of the agent itself.
func (a *agent) errands() *errand.Errands {
	return errand.New(errand.Options{
		Restart: a.restart, Level: a.level, Settings: a.wished, Devices: a.desk, Quiet: a.fleet.Quiet,
		// All tills of the agent, or the one asked by when that is too much.
		Bundle: func(ctx context.Context, till string) ([]byte, error) {
			var file bytes.Buffer
			err := bundle.Make(ctx, &file, a.bundleSource(ctx, ""))
			if err == nil && file.Len() > errand.MaxBundle {
				file.Reset()
				err = bundle.Make(ctx, &file, a.bundleSource(ctx, till))
			}
			return file.Bytes(), err
		},
		Network: func(ctx context.Context, address string, report func(network.Step)) []network.Step {
			directory, err := ofdlink.LoadDirectory(filepath.Join(a.cfg.Data, ofdlink.DirectoryFile))
			if err != nil {
				a.log.Error("directory of operators", "error", err)
			}
			id := a.uplink.Identity()
			o := ofdlink.Options{Directory: directory}
			targets := network.Of(a.cfg, id, a.fleet.States(), o)
			if address != "" {
				targets = network.Operator(address, a.fleet.States(), o)
			}
			return network.Check(ctx, network.Options{Born: network.Born(id)}, targets, report)
		},
	})
}

// openTickets are the calls for help as the cashier's page tells of them.
func (a *agent) openTickets() []verdict.OpenTicket {
	var out []verdict.OpenTicket
	for _, t := range a.uplink.Tickets() {
		out = append(out, verdict.OpenTicket{Till: t.Till, Ticket: verdict.Ticket{ID: t.ID, Sent: t.Sent}})
	}
	return out
}
