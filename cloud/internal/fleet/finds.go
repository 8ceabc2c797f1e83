package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/tree"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	// Finds is the capability from which an agent looks for devices, and takes them over, when it is asked from here.
	Finds = 7
	// maxStrangers and maxLeft bound what is kept of a search: devices, ports left alone.
	maxStrangers = 64
	maxLeft      = 64
)

// forAgent are the actions that are asked of an agent by its own name and by way of no till.
var forAgent = map[fiscalv1.Action]bool{fiscalv1.Action_ACTION_FIND_TILLS: true, fiscalv1.Action_ACTION_ADOPT_TILL: true}

// ForAgent tells whether an action is asked of an agent by its own name: a till is no way to it.
func ForAgent(action fiscalv1.Action) bool { return forAgent[action] }

// AgentOrder is what a person asks of an agent by its own name.
type AgentOrder struct {
	// ID is chosen by the asker: the same id is the same command, however often it comes.
	ID, OrganisationID, AgentID string
	Action                      fiscalv1.Action
	// Wait is how long it may wait to be begun.
	Wait time.Duration
	// Device is what ACTION_ADOPT_TILL takes over, Title what it is to be called, OutletID where it is to stand.
	Device          *fiscalv1.Stranger
	Title, OutletID string
}

// settings are those a till begins with.
func (o AgentOrder) settings() *fiscalv1.TillSettings {
	if o.Title == "" {
		return nil
	}
	return &fiscalv1.TillSettings{Version: 1, Title: o.Title}
}

// Ask takes a command for an agent. Of a device that is being taken over already the command is the one that does it.
func (f *Fleet) Ask(ctx context.Context, p *access.Person, o AgentOrder) (*cabinetv1.Command, error) {
	if o.ID == "" || len(o.ID) > maxCommandID || !store.Keeps(o.ID) {
		return nil, fmt.Errorf("id of a command has 1 to %d bytes: %w", maxCommandID, ErrInvalid)
	}
	agent, err := f.store.Read().GetAgent(ctx, o.AgentID)
	if err != nil {
		return nil, fmt.Errorf("read agent: %w", err)
	}
	ability, err := f.store.Read().GetAgentAbility(ctx, o.AgentID)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read agent: %w", err)
	case agent.RevokedAt != 0:
		return nil, ErrNoAgent
	case ability.Capability < Finds:
		return nil, ErrTooOld
	}
	device, err := proto.Marshal(o.Device)
	if err != nil {
		return nil, fmt.Errorf("encode device: %w", err)
	}
	settings, err := proto.Marshal(o.settings())
	if err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	now, id, fresh := f.now(), o.ID, int64(0)
	err = f.store.Tx(ctx, func(q *db.Queries) error {
		// Two of them at once take turns here, so that the second finds what the first has begun.
		if err := q.HoldAgent(ctx, o.AgentID); err != nil {
			return err
		}
		open, err := q.ListOpenCommands(ctx, o.AgentID)
		if err != nil {
			return err
		}
		for _, c := range open {
			if c.ID != o.ID && fiscalv1.Action(c.Action) == o.Action && c.Address == o.Device.GetWire() {
				id = c.ID
				return nil
			}
		}
		if fresh, err = q.OrderAgentCommand(ctx, db.OrderAgentCommandParams{
			OrganisationID: o.OrganisationID, ID: o.ID, AgentID: o.AgentID, Action: int32(o.Action), State: int32(cabinetv1.CommandState_COMMAND_STATE_QUEUED),
			Actor: p.Login, CreatedAt: store.Micros(now), ExpiresAt: store.Micros(now.Add(o.Wait)), Address: o.Device.GetWire(),
			Settings: notNil(settings), Device: notNil(device), OutletID: o.OutletID,
		}); err != nil || fresh == 0 {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{
			OrganisationID: o.OrganisationID, Act: "agent." + word(o.Action.String(), "ACTION_"), Object: o.AgentID, Name: cmp.Or(o.Title, agent.Host), New: called(o.Device),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("store command: %w", err)
	}
	row, err := f.store.Read().GetCommand(ctx, db.GetCommandParams{OrganisationID: o.OrganisationID, ID: id})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read command: %w", err)
	case row.AgentID != o.AgentID || fiscalv1.Action(row.Action) != o.Action || row.Address != o.Device.GetWire():
		return nil, ErrConflict
	}
	if fresh > 0 {
		f.log.InfoContext(ctx, "command", "command", o.ID, "agent", o.AgentID, "action", o.Action.String(), "person", p.ID)
		f.rouse(o.AgentID)
	}
	return command(row)
}

// called is a device as the journal names it.
func called(s *fiscalv1.Stranger) string {
	words := []string{s.GetModel()}
	if s.GetSerial() != "" {
		words = append(words, "№ "+s.GetSerial())
	}
	words = append(words, s.GetWire())
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " · ")
}

// tellFinds keeps what an agent has found, as it says: the newest search only, bounded.
func (f *Fleet) tellFinds(ctx context.Context, q *db.Queries, agent *access.Agent, report *uplinkv1.ReportStateRequest) error {
	if report.GetSearch() == nil {
		return nil // it has not looked since it started: what it found before stays
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(&uplinkv1.ReportStateRequest{
		Search: boundedSearch(report.GetSearch()), Strangers: boundedStrangers(report.GetStrangers()),
	})
	if err != nil {
		return fmt.Errorf("encode finds: %w", err)
	}
	if err := q.TellFinds(ctx, db.TellFindsParams{ID: agent.ID, Strangers: notNil(body)}); err != nil {
		return fmt.Errorf("store finds: %w", err)
	}
	return nil
}

func boundedSearch(s *fiscalv1.Search) *fiscalv1.Search {
	out := &fiscalv1.Search{
		Running: s.GetRunning(), Tried: s.GetTried(), Places: s.GetPlaces(), Step: oneLine(s.GetStep()), BeganMs: s.GetBeganMs(), EndedMs: s.GetEndedMs(),
		Trouble: oneLine(s.GetTrouble()),
	}
	for _, left := range s.GetLeftAlone()[:min(len(s.GetLeftAlone()), maxLeft)] {
		out.LeftAlone = append(out.LeftAlone, oneLine(left))
	}
	return out
}

func boundedStrangers(list []*fiscalv1.Stranger) []*fiscalv1.Stranger {
	var out []*fiscalv1.Stranger
	for _, s := range list[:min(len(list), maxStrangers)] {
		if wire := oneLine(s.GetWire()); wire != s.GetWire() || wire == "" {
			continue // a place that could not be named to the agent again
		}
		out = append(out, &fiscalv1.Stranger{
			Wire: s.GetWire(), Driver: oneLine(s.GetDriver()), Model: oneLine(s.GetModel()), Serial: oneLine(s.GetSerial()),
			Fn: oneLine(s.GetFn()), Kind: oneLine(s.GetKind()), Rnm: oneLine(s.GetRnm()), Firmware: oneLine(s.GetFirmware()),
			Printer: oneLine(s.GetPrinter()), Till: oneLine(s.GetTill()),
		})
	}
	return out
}

// oneLine is a text of an agent as it is kept: bounded, and of one line.
func oneLine(s string) string {
	return limited(strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")), " "), maxSetting)
}

// adopted gives the till that a device became its name and its place, as they were wished when it was taken over.
func (f *Fleet) adopted(ctx context.Context, agent *access.Agent, row db.Command, run *fiscalv1.Run) error {
	settings, err := settingsOf(row)
	if err != nil {
		return err
	}
	till, err := f.TillID(ctx, agent, run.GetTill())
	if err != nil {
		return err
	}
	return f.store.Tx(ctx, func(q *db.Queries) error {
		if err := q.SetCommandTill(ctx, db.SetCommandTillParams{OrganisationID: row.OrganisationID, ID: row.ID, TillID: till, Till: limited(run.GetTill(), 200)}); err != nil {
			return fmt.Errorf("note till of command: %w", err)
		}
		known, err := q.GetTill(ctx, db.GetTillParams{OrganisationID: row.OrganisationID, ID: till})
		if err != nil {
			return fmt.Errorf("read till: %w", err)
		}
		title := settings.GetTitle()
		if title != "" && title != known.Name {
			if err := q.SetTillTitle(ctx, db.SetTillTitleParams{ID: till, Title: title}); err != nil {
				return fmt.Errorf("name till: %w", err)
			}
		}
		if title != "" {
			if err := f.firstSettings(ctx, q, row, till, settings); err != nil {
				return err
			}
		}
		if row.OutletID == "" || row.OutletID == known.OutletID {
			return nil
		}
		if outlet, err := q.GetOutletOfAny(ctx, row.OutletID); err != nil {
			return fmt.Errorf("find outlet: %w", err)
		} else if outlet.ClosedAt != 0 {
			return nil // meanwhile
		}
		state := new(fiscalv1.TillState)
		if err := proto.Unmarshal(known.State, state); err != nil {
			return fmt.Errorf("state of till %s: %w", till, err)
		}
		if known.ReportedAt != 0 { // one that has a past leaves it where it was
			if err := tree.Stand(ctx, q, row.OrganisationID, till, known.OutletID, row.OutletID, tree.Civil(state, "", f.now()), row.Actor, f.now()); err != nil {
				return err
			}
		}
		if err := q.PlaceTill(ctx, db.PlaceTillParams{ID: till, OutletID: row.OutletID}); err != nil {
			return fmt.Errorf("place till: %w", err)
		}
		return nil
	})
}

// firstSettings notes what the agent took over with the device as what should be, so that later changes go on from there.
func (f *Fleet) firstSettings(ctx context.Context, q *db.Queries, row db.Command, till string, s *fiscalv1.TillSettings) error {
	if _, err := q.NewestSettings(ctx, db.NewestSettingsParams{OrganisationID: row.OrganisationID, TillID: till}); !store.NotFound(err) {
		return err // a till that was here before keeps what was chosen for it
	}
	body, err := proto.Marshal(&fiscalv1.TillSettings{Title: s.GetTitle()})
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	if err := q.AddSettings(ctx, db.AddSettingsParams{
		OrganisationID: row.OrganisationID, TillID: till, Version: int64(s.GetVersion()), Body: notNil(body), Actor: row.Actor, ChangedAt: store.Micros(f.now()), CommandID: row.ID,
	}); err != nil {
		return fmt.Errorf("store settings: %w", err)
	}
	return nil
}

// deviceOf is the device that a command is about; nil when it is about none.
func deviceOf(row db.Command) (*fiscalv1.Stranger, error) {
	if len(row.Device) == 0 {
		return nil, nil
	}
	s := new(fiscalv1.Stranger)
	if err := proto.Unmarshal(row.Device, s); err != nil {
		return nil, fmt.Errorf("device of command %s: %w", row.ID, err)
	}
	return s, nil
}
