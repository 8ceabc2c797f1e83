package connect

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/taxid"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

var (
	// ErrSettings says that settings cannot be what was given.
	ErrSettings = errors.New("settings are not valid: ofd is auto, off or host:port, ofd_inn a taxpayer number; nothing else is chosen here")
	// ErrChanged says that somebody changed them meanwhile.
	ErrChanged = errors.New("settings were changed meanwhile: look at them again")
)

// check gives settings as they are kept.
func check(s *fiscalv1.TillSettings) (*fiscalv1.TillSettings, error) {
	kept := &fiscalv1.TillSettings{Ofd: strings.TrimSpace(s.GetOfd()), OfdInn: strings.TrimSpace(s.GetOfdInn())}
	if s.GetTitle() != "" || s.GetFinishPrint() != "" || s.GetRushHours() != "" {
		return nil, ErrSettings
	}
	if o := kept.GetOfd(); o != "" && o != "auto" && o != "off" && !fleet.Address(o) {
		return nil, ErrSettings
	}
	if inn := kept.GetOfdInn(); inn != "" {
		if _, err := taxid.Check(taxid.Russia, inn); err != nil {
			return nil, ErrSettings
		}
	}
	return kept, nil
}

// Choose notes what a till's operator should be, as a new version. The version in what is given is the one its author saw.
func (c *Connections) Choose(ctx context.Context, organisationID, till, name, actor string, s *fiscalv1.TillSettings) error {
	kept, err := check(s)
	if err != nil {
		return err
	}
	body, err := proto.Marshal(kept)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	err = c.store.Tx(ctx, func(q *db.Queries) error {
		row, err := q.NewestSettings(ctx, db.NewestSettingsParams{OrganisationID: organisationID, TillID: till})
		if err != nil && !store.NotFound(err) {
			return fmt.Errorf("read settings: %w", err)
		}
		was := new(fiscalv1.TillSettings)
		if err := proto.Unmarshal(row.Body, was); err != nil {
			return fmt.Errorf("settings of till %s: %w", till, err)
		}
		if proto.Equal(was, kept) && row.Version > 0 {
			return nil // asked twice
		}
		if uint64(row.Version) != s.GetVersion() {
			return ErrChanged
		}
		if err := q.AddSettings(ctx, db.AddSettingsParams{
			OrganisationID: organisationID, TillID: till, Version: row.Version + 1, Body: append([]byte{}, body...), Actor: actor, ChangedAt: store.Micros(c.now()),
		}); err != nil {
			return fmt.Errorf("store settings: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: organisationID, Act: "till.settings", Object: till, Name: name, Old: text(was), New: text(kept)})
	})
	if store.Exists(err) { // another one took the number at the same moment
		return ErrChanged
	}
	return err
}

func text(s *fiscalv1.TillSettings) string {
	return strings.TrimSpace(s.GetOfd() + " " + s.GetOfdInn())
}

// Drifts are values that are not what they should be: what was chosen for a till against what its agent and its registration say.
func Drifts(wanted *fiscalv1.TillSettings, s *fiscalv1.TillState) []*cabinetv1.Drift {
	var list []*cabinetv1.Drift
	if found := s.GetDelivery().GetAddress(); fleet.Address(wanted.GetOfd()) && found != "" && !strings.EqualFold(found, wanted.GetOfd()) {
		list = append(list, &cabinetv1.Drift{What: "ofd", Wanted: wanted.GetOfd(), Found: found})
	}
	if found := strings.TrimSpace(s.GetOfdInn()); wanted.GetOfdInn() != "" && found != "" && strings.TrimPrefix(found, "00") != wanted.GetOfdInn() {
		list = append(list, &cabinetv1.Drift{What: "operator", Wanted: named(wanted.GetOfdInn()), Found: strings.TrimSpace(s.GetOfdName() + " " + found)})
	}
	return list
}

// named is an operator as people know it.
func named(inn string) string {
	for _, o := range operators {
		if o.taxID == inn {
			return o.name + " " + inn
		}
	}
	return inn
}

// Settings gives what a till's agent should have, and where that differs from what is.
func (c *Connections) Settings(ctx context.Context, organisationID, till string) (*cabinetv1.Settings, error) {
	t, err := c.fleet.Till(ctx, organisationID, till)
	if err != nil {
		return nil, err
	}
	s := &cabinetv1.Settings{TillId: till, ReportedMs: t.State.GetReadMs()}
	if s.Wanted, err = c.Wanted(ctx, organisationID, till); err != nil || s.Wanted.GetVersion() == 0 {
		return s, err
	}
	row, err := c.store.Read().NewestSettings(ctx, db.NewestSettingsParams{OrganisationID: organisationID, TillID: till})
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	s.Actor, s.ChangedMs, s.State = row.Actor, row.ChangedAt/1000, cabinetv1.SettingsState_SETTINGS_STATE_SAME
	if s.Drifts = Drifts(s.Wanted, t.State); len(s.Drifts) > 0 {
		s.State = cabinetv1.SettingsState_SETTINGS_STATE_DIFFERS
	}
	return s, nil
}
