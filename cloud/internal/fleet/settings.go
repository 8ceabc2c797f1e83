package fleet

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// maxSetting bounds what is kept of a value that an agent tells of its settings.
const maxSetting = 300

// Configure sends settings of a till to its agent, as a command. Who calls it has stored them as what should be.
func (f *Fleet) Configure(ctx context.Context, p *access.Person, o Order, settings *fiscalv1.TillSettings) (*cabinetv1.Command, error) {
	if settings.GetVersion() == 0 {
		return nil, fmt.Errorf("settings without a version: %w", ErrInvalid)
	}
	o.Action, o.settings, o.decision = fiscalv1.Action_ACTION_CONFIGURE, settings, nil
	return f.order(ctx, p, o)
}

// tellSettings stores what holds of settings at an agent, as it says: only of tills that it holds.
func (f *Fleet) tellSettings(ctx context.Context, q *db.Queries, agent *access.Agent, reports []*fiscalv1.SettingsReport) error {
	if len(reports) > maxTills {
		return fmt.Errorf("settings of %d tills at once: %w", len(reports), ErrInvalid)
	}
	for _, r := range reports {
		t, err := q.FindTillByName(ctx, db.FindTillByNameParams{AgentID: agent.ID, Name: r.GetTill()})
		if store.NotFound(err) {
			continue // it has told of no such till
		} else if err != nil {
			return fmt.Errorf("find till: %w", err)
		}
		body, err := proto.Marshal(cleaned(r))
		if err != nil {
			return fmt.Errorf("encode settings: %w", err)
		}
		if err := q.PutSettingsReport(ctx, db.PutSettingsReportParams{
			OrganisationID: agent.OrganisationID, TillID: t.ID, Body: notNil(body), ReportedAt: store.Micros(f.now()),
		}); err != nil {
			return fmt.Errorf("store settings: %w", err)
		}
	}
	return nil
}

// cleaned is a report as it is kept: bounded, and of one line each.
func cleaned(r *fiscalv1.SettingsReport) *fiscalv1.SettingsReport {
	s := r.GetSettings()
	return &fiscalv1.SettingsReport{
		Till: oneLine(r.GetTill()), Hash: oneLine(r.GetHash()), Refused: oneLine(r.GetRefused()),
		Settings: &fiscalv1.TillSettings{
			Version: s.GetVersion(), Title: oneLine(s.GetTitle()), Ofd: oneLine(s.GetOfd()), OfdInn: oneLine(s.GetOfdInn()),
			FinishPrint: oneLine(s.GetFinishPrint()), RushHours: oneLine(s.GetRushHours()),
		},
	}
}
