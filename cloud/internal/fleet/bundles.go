package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

const (
	// MaxBundle bounds the file a command collects; agents keep below.
	MaxBundle = 8 << 20
	// keptBundles is how many files of a till are kept, the newest.
	keptBundles = 5
)

// GiveBundle keeps the file that a command had the agent collect. Given again it changes nothing.
func (f *Fleet) GiveBundle(ctx context.Context, agent *access.Agent, commandID string, bundle []byte) error {
	if err := f.heard(ctx, agent); err != nil {
		return err
	}
	if len(bundle) == 0 || len(bundle) > MaxBundle {
		return fmt.Errorf("bundle of %d bytes: %w", len(bundle), ErrInvalid)
	}
	row, err := f.store.Read().GetCommand(ctx, db.GetCommandParams{OrganisationID: agent.OrganisationID, ID: commandID})
	if store.NotFound(err) || err == nil && row.AgentID != agent.ID {
		return fmt.Errorf("command %q: %w", commandID, ErrNotFound)
	} else if err != nil {
		return fmt.Errorf("read command: %w", err)
	}
	if fiscalv1.Action(row.Action) != fiscalv1.Action_ACTION_COLLECT_BUNDLE {
		return fmt.Errorf("command %q asked for no bundle: %w", commandID, ErrInvalid)
	}
	fresh := false
	err = f.store.Tx(ctx, func(q *db.Queries) error {
		n, err := q.PutCommandBundle(ctx, db.PutCommandBundleParams{
			OrganisationID: agent.OrganisationID, CommandID: commandID, Bundle: bundle, ReceivedAt: store.Micros(f.now()),
		})
		if err != nil || n == 0 { // it was there already
			return err
		}
		fresh = true
		if err := q.SetBundleSize(ctx, db.SetBundleSizeParams{OrganisationID: agent.OrganisationID, ID: commandID, BundleSize: int32(len(bundle))}); err != nil {
			return err
		}
		old, err := q.ListOldBundles(ctx, db.ListOldBundlesParams{OrganisationID: agent.OrganisationID, TillID: row.TillID, Kept: keptBundles})
		if err != nil {
			return err
		}
		for _, id := range old {
			if err := q.DeleteCommandBundle(ctx, db.DeleteCommandBundleParams{OrganisationID: agent.OrganisationID, CommandID: id}); err != nil {
				return err
			}
			if err := q.SetBundleSize(ctx, db.SetBundleSizeParams{OrganisationID: agent.OrganisationID, ID: id}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store bundle: %w", err)
	}
	if fresh {
		f.log.InfoContext(ctx, "bundle received", "command", commandID, "till", row.TillID, "agent", agent.ID, "bytes", len(bundle))
		f.hub.Publish(agent.OrganisationID, Change{What: CommandChanged, TillID: row.TillID, ID: commandID})
	}
	return nil
}

// Bundle gives the file of a command, and a name to keep it under.
func (f *Fleet) Bundle(ctx context.Context, organisation, commandID string) (bundle []byte, name string, err error) {
	row, err := f.store.Read().GetCommandBundle(ctx, db.GetCommandBundleParams{OrganisationID: organisation, CommandID: commandID})
	if store.NotFound(err) {
		return nil, "", fmt.Errorf("bundle of command %q: %w", commandID, ErrNotFound)
	} else if err != nil {
		return nil, "", fmt.Errorf("read bundle: %w", err)
	}
	return row.Bundle, "chekan-" + time.UnixMicro(row.ReceivedAt).UTC().Format("20060102-150405") + ".zip", nil
}
