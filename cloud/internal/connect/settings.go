package connect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/taxid"
	"github.com/chekan-io/chekan/cloud/internal/tree"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

var (
	// ErrSettings says that settings cannot be what was given.
	ErrSettings = errors.New("settings are not valid: ofd is auto, off or host:port, ofd_inn a taxpayer number, finish_print auto or ask")
	// ErrTitle says that a till cannot be called so.
	ErrTitle = errors.New("a name has at most 100 characters, of one line")
	// ErrHours says that hours are not as they are written.
	ErrHours = errors.New("hours are written as 08:00-22:00, parted by commas, 12 of them at most; - is none")
	// ErrChanged says that somebody changed them meanwhile.
	ErrChanged = errors.New("settings were changed meanwhile: look at them again")
)

const (
	maxRushHours = 12
	noRushHours  = "-"
)

// check gives settings as they are kept.
func check(s *fiscalv1.TillSettings) (*fiscalv1.TillSettings, error) {
	kept := &fiscalv1.TillSettings{Ofd: strings.TrimSpace(s.GetOfd()), OfdInn: strings.TrimSpace(s.GetOfdInn()), FinishPrint: s.GetFinishPrint()}
	if o := kept.GetOfd(); o != "" && o != "auto" && o != "off" && !fleet.Address(o) {
		return nil, ErrSettings
	}
	if inn := kept.GetOfdInn(); inn != "" {
		if _, err := taxid.Check(taxid.Russia, inn); err != nil {
			return nil, ErrSettings
		}
	}
	if f := kept.GetFinishPrint(); f != "" && f != "auto" && f != "ask" {
		return nil, ErrSettings
	}
	var err error
	if strings.TrimSpace(s.GetTitle()) != "" {
		if kept.Title, err = tree.Name(s.GetTitle()); err != nil {
			return nil, ErrTitle
		}
	}
	kept.RushHours, err = hours(s.GetRushHours())
	return kept, err
}

// hours gives hours of the day as agents read them.
func hours(text string) (string, error) {
	if text = strings.TrimSpace(text); text == "" || text == noRushHours {
		return text, nil
	}
	parts := strings.Split(text, ",")
	if len(parts) > maxRushHours {
		return "", ErrHours
	}
	for i, part := range parts {
		from, to, ok := strings.Cut(part, "-")
		begin, err1 := time.Parse("15:04", strings.TrimSpace(from))
		end, err2 := time.Parse("15:04", strings.TrimSpace(to))
		if !ok || err1 != nil || err2 != nil || begin.Equal(end) {
			return "", ErrHours
		}
		parts[i] = begin.Format("15:04") + "-" + end.Format("15:04")
	}
	return strings.Join(parts, ","), nil
}

// over puts what somebody chooses now over what was chosen before, as agents do: what is empty stays as it was. Where documents go and
// who takes them are one choice.
func over(was, now *fiscalv1.TillSettings) *fiscalv1.TillSettings {
	next := &fiscalv1.TillSettings{
		Title: cmp.Or(now.GetTitle(), was.GetTitle()), FinishPrint: cmp.Or(now.GetFinishPrint(), was.GetFinishPrint()),
		RushHours: cmp.Or(now.GetRushHours(), was.GetRushHours()), Ofd: now.GetOfd(), OfdInn: now.GetOfdInn(),
	}
	if next.GetOfd() == "" && next.GetOfdInn() == "" {
		next.Ofd, next.OfdInn = was.GetOfd(), was.GetOfdInn()
	}
	return next
}

// Choose notes what a till's settings should be, as a new version. The version in what is given is the one its author saw, and what is
// empty in it stays as it was chosen before. What is asked twice is noted once, unless the till's agent has come to hold something else.
// A till that is given a name is called so here too.
func (c *Connections) Choose(ctx context.Context, organisationID, till, name, actor, commandID string, s *fiscalv1.TillSettings) error {
	chosen, err := check(s)
	if err != nil {
		return err
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
		kept := over(was, chosen)
		body, err := proto.Marshal(kept)
		if err != nil {
			return fmt.Errorf("encode settings: %w", err)
		}
		told, _, err := reported(ctx, q, organisationID, till)
		if err != nil {
			return err
		}
		lost := told.GetSettings().GetVersion() >= uint64(row.Version) && len(drifts(was, told, nil)) > 0
		if proto.Equal(was, kept) && row.Version > 0 && !lost {
			return nil // asked twice
		}
		if uint64(row.Version) != s.GetVersion() {
			return ErrChanged
		}
		// An agent that served another cabinet before may know higher numbers, and takes none that is not above them.
		version := max(row.Version, int64(min(told.GetSettings().GetVersion(), 1<<62))) + 1
		if err := q.AddSettings(ctx, db.AddSettingsParams{
			OrganisationID: organisationID, TillID: till, Version: version, Body: append([]byte{}, body...), Actor: actor, ChangedAt: store.Micros(c.now()),
			CommandID: commandID,
		}); err != nil {
			return fmt.Errorf("store settings: %w", err)
		}
		if chosen.GetTitle() != "" && chosen.GetTitle() != name {
			if err := q.SetTillTitle(ctx, db.SetTillTitleParams{ID: till, Title: chosen.GetTitle()}); err != nil {
				return fmt.Errorf("name till: %w", err)
			}
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: organisationID, Act: "till.settings", Object: till, Name: name, Old: text(was), New: text(kept)})
	})
	if store.Exists(err) { // another one took the number at the same moment
		return ErrChanged
	}
	return err
}

// reported is what a till's agent told of its settings, and when; nothing while it never did.
func reported(ctx context.Context, q *db.Queries, organisationID, till string) (*fiscalv1.SettingsReport, time.Time, error) {
	row, err := q.GetSettingsReport(ctx, db.GetSettingsReportParams{OrganisationID: organisationID, TillID: till})
	if store.NotFound(err) {
		return nil, time.Time{}, nil
	} else if err != nil {
		return nil, time.Time{}, fmt.Errorf("read settings report: %w", err)
	}
	told := new(fiscalv1.SettingsReport)
	if err := proto.Unmarshal(row.Body, told); err != nil {
		return nil, time.Time{}, fmt.Errorf("settings report of till %s: %w", till, err)
	}
	return told, time.UnixMicro(row.ReportedAt), nil
}

func text(s *fiscalv1.TillSettings) string {
	parts := []string{s.GetTitle(), strings.TrimSpace(s.GetOfd() + " " + s.GetOfdInn()), s.GetFinishPrint(), s.GetRushHours()}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " · ")
}

// Drifts are values that are not what they should be: what was chosen for a till against what its agent and its registration say.
func Drifts(wanted *fiscalv1.TillSettings, told *fiscalv1.SettingsReport, s *fiscalv1.TillState) []*cabinetv1.Drift {
	list := drifts(wanted, told, s)
	if found := fleet.OtherOperator(wanted.GetOfdInn(), s); found != "" {
		list = append(list, &cabinetv1.Drift{What: "operator", Wanted: OperatorName(wanted.GetOfdInn()), Found: strings.TrimSpace(s.GetOfdName() + " " + found)})
	}
	return list
}

// drifts are those at the agent. One that tells nothing of settings tells where it carries documents.
func drifts(wanted *fiscalv1.TillSettings, told *fiscalv1.SettingsReport, s *fiscalv1.TillState) []*cabinetv1.Drift {
	has := told.GetSettings()
	address := has.GetOfd()
	if told == nil && fleet.Address(wanted.GetOfd()) {
		address = s.GetDelivery().GetAddress()
	}
	var list []*cabinetv1.Drift
	for _, v := range []struct{ what, wanted, found string }{
		{"title", wanted.GetTitle(), has.GetTitle()},
		{"ofd", wanted.GetOfd(), address},
		{"finish_print", wanted.GetFinishPrint(), has.GetFinishPrint()},
		{"rush_hours", wanted.GetRushHours(), has.GetRushHours()},
	} {
		if v.wanted != "" && v.found != "" && !strings.EqualFold(v.wanted, v.found) {
			list = append(list, &cabinetv1.Drift{What: v.what, Wanted: v.wanted, Found: v.found})
		}
	}
	return list
}

// OperatorName is an operator as people know it.
func OperatorName(inn string) string {
	for _, o := range operators {
		if o.taxID == inn {
			return o.name + " " + inn
		}
	}
	return inn
}

// carried is the newest command that carries settings of a till.
type carried struct {
	id      string
	version uint64
	state   cabinetv1.CommandState
	ended   time.Time
	text    string
}

func (c *Connections) carried(ctx context.Context, organisationID, till string) (carried, error) {
	row, err := c.store.Read().LastCommandOf(ctx, db.LastCommandOfParams{OrganisationID: organisationID, TillID: till, Action: int32(fiscalv1.Action_ACTION_CONFIGURE)})
	if store.NotFound(err) {
		return carried{}, nil
	} else if err != nil {
		return carried{}, fmt.Errorf("find command: %w", err)
	}
	var run fiscalv1.Run
	var settings fiscalv1.TillSettings
	if err := errors.Join(proto.Unmarshal(row.Run, &run), proto.Unmarshal(row.Settings, &settings)); err != nil {
		return carried{}, fmt.Errorf("command %s: %w", row.ID, err)
	}
	k := carried{id: row.ID, version: settings.GetVersion(), state: cabinetv1.CommandState(row.State), text: run.GetText()}
	if row.EndedAt != 0 {
		k.ended = time.UnixMicro(row.EndedAt)
	}
	return k, nil
}

// stands tells how a version that should be and what is stand to each other. differs says that values do, tooOld that the agent cannot be
// told; toldAt is when it last told what it has.
func stands(version uint64, last carried, has uint64, toldAt time.Time, tooOld, differs bool) cabinetv1.SettingsState {
	on := last.version == version && last.id != ""
	switch {
	case version == 0:
		return cabinetv1.SettingsState_SETTINGS_STATE_UNSPECIFIED
	case on && last.state < cabinetv1.CommandState_COMMAND_STATE_DONE:
		return cabinetv1.SettingsState_SETTINGS_STATE_WAITS
	case on && last.state == cabinetv1.CommandState_COMMAND_STATE_DONE && has < version && toldAt.Before(last.ended):
		return cabinetv1.SettingsState_SETTINGS_STATE_WAITS // it has them, and says so with its next report
	case on && last.state == cabinetv1.CommandState_COMMAND_STATE_FAILED && has != version:
		return cabinetv1.SettingsState_SETTINGS_STATE_REFUSED
	case tooOld && has != version:
		return cabinetv1.SettingsState_SETTINGS_STATE_TOO_OLD
	case has != version || differs:
		return cabinetv1.SettingsState_SETTINGS_STATE_DIFFERS
	}
	return cabinetv1.SettingsState_SETTINGS_STATE_SAME
}

// Settings gives what a till's agent should have, what it has, and where they differ.
func (c *Connections) Settings(ctx context.Context, organisationID, till string) (*cabinetv1.Settings, error) {
	t, err := c.fleet.Till(ctx, organisationID, till)
	if err != nil {
		return nil, err
	}
	s := &cabinetv1.Settings{TillId: till}
	if s.Wanted, err = c.Wanted(ctx, organisationID, till); err != nil {
		return nil, err
	}
	told, at, err := reported(ctx, c.store.Read(), organisationID, till)
	if err != nil {
		return nil, err
	}
	s.Reported, s.ReportedMs = told.GetSettings(), millis(at)
	if s.Wanted.GetVersion() == 0 {
		return s, nil
	}
	row, err := c.store.Read().NewestSettings(ctx, db.NewestSettingsParams{OrganisationID: organisationID, TillID: till})
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	last, err := c.carried(ctx, organisationID, till)
	if err != nil {
		return nil, err
	}
	tooOld := false
	if t.AgentID != "" {
		ability, err := c.store.Read().GetAgentAbility(ctx, t.AgentID)
		if err != nil {
			return nil, fmt.Errorf("read agent: %w", err)
		}
		tooOld = ability.Capability < able
	}
	s.Actor, s.ChangedMs = row.Actor, row.ChangedAt/1000
	s.Drifts = Drifts(s.Wanted, told, t.State)
	s.State = stands(s.Wanted.GetVersion(), last, told.GetSettings().GetVersion(), at, tooOld, len(s.Drifts) > 0)
	if last.version == s.Wanted.GetVersion() {
		s.CommandId = last.id
	}
	if s.State == cabinetv1.SettingsState_SETTINGS_STATE_REFUSED {
		s.Refused = cmp.Or(last.text, told.GetRefused())
	}
	return s, nil
}
