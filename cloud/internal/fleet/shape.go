package fleet

import (
	"context"
	"time"
)

// reshapeLimit bounds telling watchers of a tree that has changed.
const reshapeLimit = 30 * time.Second

// Reshaped says that the tree of an organisation has changed: names, places, and with them whose limits hold.
func (f *Fleet) Reshaped(organisation string) {
	ctx, cancel := context.WithTimeout(context.Background(), reshapeLimit) //nolint:forbidigo // of no call
	defer cancel()
	f.publishAll(ctx, organisation)
}

// Alive gives when an agent was last known to be here, and whether it is; stored is when it was heard as the database has it.
func (f *Fleet) Alive(agentID string, stored int64) (last time.Time, online bool) {
	return f.alive(agentID, stored)
}
