package fleet

import (
	"context"
	"time"
)

// reshapeLimit bounds telling watchers of a tree that has changed.
const reshapeLimit = 30 * time.Second

// Reshaped says that the tree of an organisation has changed: names, places, and with them whose limits hold.
func (f *Fleet) Reshaped(organisation string) {
	ctx, cancel := context.WithTimeout(context.Background(), reshapeLimit)
	defer cancel()
	f.publishAll(ctx, organisation)
}
