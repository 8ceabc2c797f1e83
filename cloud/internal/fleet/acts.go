package fleet

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// maxActor bounds how whoever acted is called, in characters.
const maxActor = 200

// act keeps the record of what an agent did by itself, because a rule of the cabinet says so. Told twice it is kept once; only its
// end is kept, for nobody waits for it.
func (f *Fleet) act(ctx context.Context, agent *access.Agent, run *fiscalv1.Run, raw []byte) error {
	if !run.GetEnded() {
		return nil
	}
	if run.GetId() == "" || len(run.GetId()) > maxCommandID || !store.Keeps(run.GetId()) || len(run.GetRule()) > maxWord || !store.Keeps(run.GetRule()) {
		return fmt.Errorf("run of a rule: %w", ErrInvalid)
	}
	till, err := f.TillID(ctx, agent, run.GetTill())
	if err != nil {
		return err
	}
	now := f.now()
	began := now
	for _, s := range run.GetSteps() {
		if at := time.UnixMilli(s.GetBeganMs()); s.GetBeganMs() > 0 && at.Before(began) && now.Sub(at) < giveUpAfter {
			began = at
		}
	}
	state := cabinetv1.CommandState_COMMAND_STATE_FAILED
	if run.GetOk() {
		state = cabinetv1.CommandState_COMMAND_STATE_DONE
	}
	fresh := int64(0)
	err = f.store.Tx(ctx, func(q *db.Queries) error {
		fresh, err = q.NoteAct(ctx, db.NoteActParams{
			OrganisationID: agent.OrganisationID, ID: run.GetId(), TillID: till, AgentID: agent.ID, Till: run.GetTill(), Action: int32(run.GetAction()),
			State: int32(state), Run: notNil(raw), Actor: limited(run.GetActor(), maxActor), CreatedAt: store.Micros(began), EndedAt: store.Micros(now),
			Rule: run.GetRule(),
		})
		if err != nil || fresh == 0 {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: agent.OrganisationID, Act: "rule.acted", Object: till, Name: run.GetTill(), New: run.GetActor()})
	})
	if err != nil {
		return fmt.Errorf("store run of a rule: %w", err)
	}
	if fresh > 0 {
		f.hub.Publish(agent.OrganisationID, Change{What: CommandChanged, TillID: till, ID: run.GetId()})
	}
	return nil
}

// encodeRun is a run as it is stored.
func encodeRun(run *fiscalv1.Run) ([]byte, error) {
	raw, err := proto.Marshal(run)
	if err != nil {
		return nil, fmt.Errorf("encode run: %w", err)
	}
	if len(raw) > maxRun {
		return nil, fmt.Errorf("run of %d bytes: %w", len(raw), ErrInvalid)
	}
	return raw, nil
}
