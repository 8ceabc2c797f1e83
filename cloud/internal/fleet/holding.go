package fleet

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/tree"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// TillID gives the till that an agent calls by a name, and makes it when there is none: an operation may come in before the
// first state does.
func (f *Fleet) TillID(ctx context.Context, agent *access.Agent, name string) (string, error) {
	key := holder{agent.ID, name}
	f.mu.Lock()
	id, known := f.tills[key]
	f.mu.Unlock()
	if known {
		return id, nil
	}
	err := f.settled(ctx, func(q *db.Queries) error {
		var err error
		id, _, err = f.named(ctx, q, agent, name)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("find till %q: %w", name, err)
	}
	f.keep(key, id)
	return id, nil
}

// keep remembers which till an agent means by a name. Another agent may have held it, under another name.
func (f *Fleet) keep(key holder, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if before := f.held[id]; before != key && f.tills[before] == id {
		delete(f.tills, before)
	}
	f.tills[key], f.held[id] = id, key
}

// settled runs a transaction that finds a till or makes it. Two calls may make the same one at once; the second then finds
// what the first has made.
func (f *Fleet) settled(ctx context.Context, do func(q *db.Queries) error) error {
	var err error
	for range 5 {
		if err = f.store.Tx(ctx, do); !store.Exists(err) {
			return err
		}
	}
	return err
}

// named finds or makes the till an agent calls by a name.
func (f *Fleet) named(ctx context.Context, q *db.Queries, agent *access.Agent, name string) (id, serial string, err error) {
	row, err := q.FindTillByName(ctx, db.FindTillByNameParams{AgentID: agent.ID, Name: name})
	if err == nil {
		return row.ID, row.Driver + "\x00" + row.Serial, nil
	}
	if !store.NotFound(err) {
		return "", "", err
	}
	id = store.NewID()
	return id, "\x00", q.CreateTill(ctx, db.CreateTillParams{
		ID: id, OrganisationID: agent.OrganisationID, OutletID: agent.OutletID, AgentID: agent.ID, Name: limited(name, 200), CreatedAt: store.Micros(f.now()),
	})
}

// hold stores a state with the till it belongs to, and sees to it that the till is the right one.
func (f *Fleet) hold(ctx context.Context, q *db.Queries, agent *access.Agent, state *fiscalv1.TillState) (string, error) {
	id, claimed, err := f.holding(ctx, q, agent, state)
	if err != nil {
		return "", err
	}
	if claimed != nil { // what it says of the device is told by who has it
		state = &fiscalv1.TillState{
			Till: state.GetTill(), Driver: state.GetDriver(), Model: state.GetModel(), Serial: state.GetSerial(), Online: state.GetOnline(),
			ReadMs: state.GetReadMs(), Problems: append([]*fiscalv1.Problem{claimed}, state.GetProblems()...),
		}
	}
	raw, err := proto.Marshal(state)
	if err != nil {
		return "", fmt.Errorf("encode state: %w", err)
	}
	return id, q.SetTillState(ctx, db.SetTillStateParams{
		ID: id, State: notNil(raw), ReportedAt: store.Micros(f.now()), FN: state.GetFn(), Shift: int64(state.GetShift()),
	})
}

func (f *Fleet) holding(ctx context.Context, q *db.Queries, agent *access.Agent, state *fiscalv1.TillState) (id string, claimed *fiscalv1.Problem, err error) {
	id, serial, err := f.named(ctx, q, agent, state.GetTill())
	if err != nil || state.GetSerial() == "" || serial == state.GetDriver()+"\x00"+state.GetSerial() {
		return id, nil, err
	}
	known, err := q.FindTillBySerial(ctx, db.FindTillBySerialParams{
		OrganisationID: agent.OrganisationID, Driver: state.GetDriver(), Serial: state.GetSerial(),
	})
	if err != nil && !store.NotFound(err) {
		return "", nil, err
	}
	fresh := serial == "\x00" // never said its number
	switch {
	case err == nil: // a till we know stands here now
		kept, err := f.keeps(ctx, q, agent, known, state)
		if err != nil {
			return "", nil, err
		}
		if kept {
			if !fresh { // the name was another device's, which is not there any more
				if err := q.ReleaseTill(ctx, id); err != nil {
					return "", nil, err
				}
				if id, _, err = f.named(ctx, q, agent, state.GetTill()); err != nil {
					return "", nil, err
				}
			}
			if !state.GetOnline() {
				return id, nil, nil
			}
			claimed, err = f.claimed(ctx, q, agent, known.ID)
			return id, claimed, err
		}
		if known.AgentID != "" && known.AgentID != agent.ID {
			f.took(known.ID, known.AgentID, agent.ID)
			f.log.WarnContext(ctx, "till moved from one agent to another", "till", known.ID, "from", known.AgentID, "to", agent.ID)
		}
		stood := agent.OutletID
		if fresh {
			if stood, err = q.GetOutletOfTill(ctx, db.GetOutletOfTillParams{OrganisationID: agent.OrganisationID, ID: id}); err != nil {
				return "", nil, err
			}
		}
		if err := f.leave(ctx, q, id, known.ID, fresh); err != nil {
			return "", nil, err
		}
		return known.ID, nil, f.adopt(ctx, q, agent, known, state, stood)
	case fresh: // the first time it says its number
		return id, nil, q.SetTillSerial(ctx, db.SetTillSerialParams{ID: id, Driver: state.GetDriver(), Serial: state.GetSerial()})
	}
	// Another device was put in place of the one we know: that one keeps its past, this one begins its own.
	if err := q.ReleaseTill(ctx, id); err != nil {
		return "", nil, err
	}
	id, _, err = f.named(ctx, q, agent, state.GetTill())
	if err != nil {
		return "", nil, err
	}
	return id, nil, q.SetTillSerial(ctx, db.SetTillSerialParams{ID: id, Driver: state.GetDriver(), Serial: state.GetSerial()})
}

// leave frees the name a till had at its agent. One that never said its number was the heir all along: what was stored under it
// is the heir's.
func (f *Fleet) leave(ctx context.Context, q *db.Queries, id, heir string, fresh bool) error {
	if !fresh {
		return q.ReleaseTill(ctx, id)
	}
	if err := q.MoveOperations(ctx, db.MoveOperationsParams{TillID: id, Heir: heir}); err != nil {
		return err
	}
	if err := q.MoveDocuments(ctx, db.MoveDocumentsParams{TillID: id, Heir: heir}); err != nil {
		return err
	}
	if err := q.MoveShifts(ctx, db.MoveShiftsParams{TillID: id, Heir: heir}); err != nil {
		return err
	}
	if err := store.MoveFigures(ctx, q, id, heir); err != nil {
		return err
	}
	if err := q.MoveCommands(ctx, db.MoveCommandsParams{TillID: id, Heir: heir}); err != nil {
		return err
	}
	if err := q.MoveNotes(ctx, db.MoveNotesParams{TillID: id, Heir: heir}); err != nil {
		return err
	}
	if err := q.MoveProblemTimes(ctx, id); err != nil {
		return err
	}
	if err := q.MoveTickets(ctx, db.MoveTicketsParams{TillID: id, Heir: heir}); err != nil {
		return err
	}
	if err := q.DeleteStays(ctx, id); err != nil {
		return err
	}
	// Somebody who took the device over may have named it before it said who it is.
	if err := q.InheritTitle(ctx, db.InheritTitleParams{FromID: id, Heir: heir}); err != nil {
		return err
	}
	if err := q.InheritSettings(ctx, db.InheritSettingsParams{TillID: id, Heir: heir}); err != nil {
		return err
	}
	if err := q.MoveMaintenance(ctx, db.MoveMaintenanceParams{TillID: id, Heir: heir}); err != nil {
		return err
	}
	return q.DeleteTill(ctx, id)
}

// adopt gives a till we know to the agent that holds it now. With another agent it comes into that one's outlet, or where somebody
// wanted the newcomer to stand, from now on by its own clock: what was made before counts where it was made. With the agent it had it
// stays where people put it.
func (f *Fleet) adopt(ctx context.Context, q *db.Queries, agent *access.Agent, known db.FindTillBySerialRow, state *fiscalv1.TillState, to string) error {
	outlet, err := q.GetOutletOfTill(ctx, db.GetOutletOfTillParams{OrganisationID: agent.OrganisationID, ID: known.ID})
	if err != nil {
		return err
	}
	if known.AgentID != agent.ID {
		if err := tree.Stand(ctx, q, agent.OrganisationID, known.ID, outlet, to, tree.Civil(state, "", f.now()), "", f.now()); err != nil {
			return err
		}
		outlet = to
	}
	return q.AdoptTill(ctx, db.AdoptTillParams{ID: known.ID, AgentID: agent.ID, Name: state.GetTill(), OutletID: outlet})
}
