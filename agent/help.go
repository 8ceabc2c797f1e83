package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/chekan-io/chekan/agent/internal/bundle"
	"github.com/chekan-io/chekan/agent/internal/verdict"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// bundleOf makes the file that goes with a ticket: what `chekan-agent bundle`
// makes of the one till the run was on.
func (a *agent) bundleOf(ctx context.Context, run *fiscalv1.Run) (zip []byte, clean *fiscalv1.Run, err error) {
	src := bundle.Source{
		Version: version, Now: time.Now(), Config: a.cfg.View(), Journal: a.journal, Agent: a.Status(ctx),
		Log: filepath.Join(a.cfg.Data, "logs", "agent.log"),
	}
	for _, t := range a.cfg.Tills {
		if t.Name == run.GetTill() {
			src.Tills = append(src.Tills, bundle.Till{Name: t.Name, Driver: t.Driver, Link: t.Link, Box: boxFile(a.cfg, t.Name)})
		}
	}
	for _, s := range a.fleet.States() {
		if s.GetTill() == run.GetTill() {
			src.States = append(src.States, s)
		}
	}
	return bundle.ForTicket(ctx, src, run)
}

// openTickets are the calls for help as the cashier's page tells of them.
func (a *agent) openTickets() []verdict.OpenTicket {
	var out []verdict.OpenTicket
	for _, t := range a.uplink.Tickets() {
		out = append(out, verdict.OpenTicket{Till: t.Till, Ticket: verdict.Ticket{ID: t.ID, Sent: t.Sent}})
	}
	return out
}
