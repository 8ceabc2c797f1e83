package access

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// revokedEvery is how often the database is asked whom another cabinet of the same database has revoked. With a call's start and
// end around it a revocation is complete within a minute wherever it was given.
const revokedEvery = 5 * time.Second

// Revoke shuts an agent out for good: by is the login of who did it. From the next call on it is refused; what it has open is cut by
// the function given to [Access.WatchRevoked]. Revoking twice is revoking once.
func (a *Access) Revoke(ctx context.Context, organisationID, agentID, by string) error {
	var n int64
	err := a.store.Tx(ctx, func(q *db.Queries) (err error) {
		n, err = q.RevokeAgent(ctx, db.RevokeAgentParams{OrganisationID: organisationID, ID: agentID, Now: store.Micros(a.now()), RevokedBy: by})
		if err != nil || n == 0 {
			return err
		}
		known, err := q.GetAgent(ctx, agentID)
		if err != nil {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: organisationID, Act: "agent.revoked", Object: agentID, Name: known.Host})
	})
	if err != nil {
		return fmt.Errorf("revoke agent: %w", err)
	}
	if n == 0 {
		row, err := a.store.Read().GetAgent(ctx, agentID)
		if store.NotFound(err) || err == nil && row.OrganisationID != organisationID {
			return ErrAgent
		} else if err != nil {
			return fmt.Errorf("revoke agent: %w", err)
		}
	}
	a.log.InfoContext(ctx, "agent revoked", "agent", agentID, "by", by)
	a.cut(agentID)
	return nil
}

// OnRevoked names a function that cuts what a revoked agent has open, besides those named before. It must not block.
func (a *Access) OnRevoked(cut func(agentID string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cuts = append(a.cuts, cut)
}

func (a *Access) cut(agentID string) {
	a.mu.Lock()
	cuts := slices.Clone(a.cuts)
	a.mu.Unlock()
	for _, cut := range cuts {
		cut(agentID)
	}
}

// WatchRevoked has agents cut off that were revoked through another cabinet of the same database, until ctx ends.
func (a *Access) WatchRevoked(ctx context.Context) error {
	tick := time.NewTicker(revokedEvery)
	defer tick.Stop()
	for {
		since := a.now().Add(-time.Minute) // clocks of two computers are not one
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		list, err := a.store.Read().ListRevokedSince(ctx, store.Micros(since))
		if err != nil {
			if ctx.Err() == nil {
				a.log.WarnContext(ctx, "revocations not read", "error", err)
			}
			continue
		}
		for _, id := range list {
			a.cut(id)
		}
	}
}
