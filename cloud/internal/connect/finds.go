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

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// Reasons for which a device is not taken over.
var (
	// ErrNoDevice says that the agent tells of no device there.
	ErrNoDevice = errors.New("the agent has found no such device: look again")
	// ErrHeld says that the device is a till already.
	ErrHeld = errors.New("the device is a till of this agent already")
	// ErrHalf says that a fiscal memory needs a printer, or a printer a fiscal memory.
	ErrHalf = errors.New("a fiscal memory and a printer make a till together: name the printer, or none")
)

const (
	kindMemory  = "fn"
	kindPrinter = "printer"
	noPrinter   = "none"
)

const (
	// lookWait is how long a wish to look waits for its agent, adoptWait a device that is to be taken over: as settings do.
	lookWait  = fleet.CommandLife
	adoptWait = 24 * time.Hour
)

// Finds tells what an agent has found.
func (c *Connections) Finds(ctx context.Context, agentID string) (*cabinetv1.Finds, error) {
	agent, err := c.store.Read().GetConnectingAgent(ctx, agentID)
	if store.NotFound(err) {
		return nil, ErrNotFound
	} else if err != nil {
		return nil, fmt.Errorf("find agent: %w", err)
	}
	return c.finds(ctx, agent)
}

func (c *Connections) finds(ctx context.Context, agent db.GetConnectingAgentRow) (*cabinetv1.Finds, error) {
	var told uplinkv1.ReportStateRequest
	if err := proto.Unmarshal(agent.Strangers, &told); err != nil {
		return nil, fmt.Errorf("finds of agent %s: %w", agent.ID, err)
	}
	q := c.store.Read()
	tills, err := q.ListHeldTills(ctx, agent.ID)
	if err != nil {
		return nil, fmt.Errorf("list tills of agent: %w", err)
	}
	wishes, err := q.ListAdoptions(ctx, agent.ID)
	if err != nil {
		return nil, fmt.Errorf("list adoptions: %w", err)
	}
	searches, err := q.ListSearches(ctx, agent.ID)
	if err != nil {
		return nil, fmt.Errorf("list searches: %w", err)
	}
	f := &cabinetv1.Finds{AgentId: agent.ID, Able: agent.Capability >= fleet.Finds, Search: told.GetSearch()}
	for _, s := range searches {
		if err := asked(f, s); err != nil {
			return nil, err
		}
	}
	for _, device := range told.GetStrangers() {
		found := &cabinetv1.Find{Device: device}
		if t := heldAs(device, tills); t != nil {
			found.TillId, found.Till = t.ID, cmp.Or(t.Title, t.Name)
		}
		if found.Adoption, err = wished(device, wishes); err != nil {
			return nil, err
		}
		f.Devices = append(f.Devices, found)
	}
	slices.SortStableFunc(f.GetDevices(), func(a, b *cabinetv1.Find) int { return order(a) - order(b) })
	return f, nil
}

// asked tells how the search stands that somebody asked for last.
func asked(f *cabinetv1.Finds, row db.Command) error {
	var run fiscalv1.Run
	if err := proto.Unmarshal(row.Run, &run); err != nil {
		return fmt.Errorf("steps of command %s: %w", row.ID, err)
	}
	switch cabinetv1.CommandState(row.State) { //nolint:exhaustive // of the others the search itself tells
	case cabinetv1.CommandState_COMMAND_STATE_QUEUED, cabinetv1.CommandState_COMMAND_STATE_DELIVERED, cabinetv1.CommandState_COMMAND_STATE_RUNNING:
		f.Asked = !f.GetSearch().GetRunning()
	case cabinetv1.CommandState_COMMAND_STATE_FAILED:
		if f.GetSearch().GetEndedMs()*1000 < row.EndedAt {
			f.Trouble = run.GetText()
		}
	}
	return nil
}

// heldAs is the till that a device is in the cabinet; nil when it is none of this agent's.
func heldAs(s *fiscalv1.Stranger, tills []db.ListHeldTillsRow) *db.ListHeldTillsRow {
	for i, t := range tills {
		if s.GetTill() != "" && t.Name == s.GetTill() || s.GetSerial() != "" && t.Driver == s.GetDriver() && sameNumber(t.Serial, s.GetSerial()) {
			return &tills[i]
		}
	}
	return nil
}

// sameNumber compares factory numbers, which some devices tell with zeros in front.
func sameNumber(a, b string) bool {
	return strings.TrimLeft(a, "0") == strings.TrimLeft(b, "0") && strings.TrimLeft(a, "0") != ""
}

// wished is the last wish to take over this very device; nil when there was none.
func wished(s *fiscalv1.Stranger, rows []db.Command) (*cabinetv1.Adoption, error) {
	for _, row := range rows { // newest first
		if row.Address != s.GetWire() {
			continue
		}
		var device fiscalv1.Stranger
		var settings fiscalv1.TillSettings
		var run fiscalv1.Run
		if err := errors.Join(proto.Unmarshal(row.Device, &device), proto.Unmarshal(row.Settings, &settings), proto.Unmarshal(row.Run, &run)); err != nil {
			return nil, fmt.Errorf("command %s: %w", row.ID, err)
		}
		if device.GetSerial() != s.GetSerial() || device.GetDriver() != s.GetDriver() {
			return nil, nil // another device was there then
		}
		return &cabinetv1.Adoption{
			CommandId: row.ID, State: cabinetv1.CommandState(row.State), Text: run.GetText(), Title: settings.GetTitle(), Actor: row.Actor, AskedMs: row.CreatedAt / 1000,
		}, nil
	}
	return nil, nil
}

// order puts new tills first, then halves of tills, then what is a till already.
func order(f *cabinetv1.Find) int {
	switch {
	case !isNew(f):
		return 2
	case f.GetDevice().GetKind() == kindPrinter:
		return 1
	}
	return 0
}

func isNew(f *cabinetv1.Find) bool { return f.GetTillId() == "" && f.GetDevice().GetTill() == "" }

// fresh counts what could be taken over.
func fresh(f *cabinetv1.Finds) int {
	n := 0
	for _, found := range f.GetDevices() {
		if isNew(found) && found.GetDevice().GetKind() != kindPrinter {
			n++
		}
	}
	return n
}

// Look has an agent look for devices.
func (c *Connections) Look(ctx context.Context, p *access.Person, organisationID, agentID, commandID string) error {
	_, err := c.fleet.Ask(ctx, p, fleet.AgentOrder{
		ID: commandID, OrganisationID: organisationID, AgentID: agentID, Action: fiscalv1.Action_ACTION_FIND_TILLS, Wait: lookWait,
	})
	return err
}

// Wish is what somebody wants of a device that was found.
type Wish struct {
	CommandID, OrganisationID, AgentID string
	// Wire is where the device answers, Printer the wire of the one that belongs to a fiscal memory.
	Wire, Printer string
	// Title is what it is to be called, OutletID where it is to stand; who calls has checked both.
	Title, OutletID string
}

// Adopt has an agent take a device over. The device is what the agent told of it, whatever the asker believes.
func (c *Connections) Adopt(ctx context.Context, p *access.Person, w Wish) error {
	f, err := c.Finds(ctx, w.AgentID)
	if err != nil {
		return err
	}
	device, err := choose(f, w.Wire, w.Printer)
	if errors.Is(err, ErrHeld) {
		// Asked twice, and done between: the same wish is no reason to refuse.
		if row, found := c.store.Read().GetCommand(ctx, db.GetCommandParams{OrganisationID: w.OrganisationID, ID: w.CommandID}); found == nil && row.AgentID == w.AgentID && row.Address == w.Wire {
			return nil
		}
	}
	if err != nil {
		return err
	}
	_, err = c.fleet.Ask(ctx, p, fleet.AgentOrder{
		ID: w.CommandID, OrganisationID: w.OrganisationID, AgentID: w.AgentID, Action: fiscalv1.Action_ACTION_ADOPT_TILL, Wait: adoptWait,
		Device: device, Title: w.Title, OutletID: w.OutletID,
	})
	return err
}

// choose gives the device at a place as it is to be taken over.
func choose(f *cabinetv1.Finds, wire, printer string) (*fiscalv1.Stranger, error) {
	at := func(wire string) *cabinetv1.Find {
		for _, found := range f.GetDevices() {
			if found.GetDevice().GetWire() == wire {
				return found
			}
		}
		return nil
	}
	found := at(wire)
	switch {
	case found == nil:
		return nil, ErrNoDevice
	case !isNew(found):
		return nil, ErrHeld
	case found.GetDevice().GetKind() == kindPrinter, found.GetDevice().GetKind() != kindMemory && printer != "":
		return nil, ErrHalf
	}
	device := proto.CloneOf(found.GetDevice())
	if device.GetKind() != kindMemory {
		return device, nil
	}
	if printer != "" && printer != noPrinter && printer != device.GetPrinter() {
		if half := at(printer); half == nil || half.GetDevice().GetKind() != kindPrinter {
			return nil, ErrNoDevice
		}
	}
	if device.Printer = cmp.Or(printer, device.GetPrinter()); device.GetPrinter() == "" {
		return nil, ErrHalf
	}
	return device, nil
}
