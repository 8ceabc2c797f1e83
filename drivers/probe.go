package drivers

import (
	"errors"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Found is who answered a probe: a function of a driver that asks, with few and
// harmless bytes, whether one of its tills is on an open wire.
type Found struct {
	Identity
	// Pending are answers the till still held for whoever asked it before:
	// taking the answer to our own question takes them off the wire, so they are
	// kept (see PendingReader).
	Pending []fiscal.Document
	// Closed tells that it answers and does not say who it is: another password
	// than the factory's.
	Closed bool
}

// What a probe can end with besides a find.
var (
	// ErrSilent says that nothing answers the driver's question. Another driver
	// may ask.
	ErrSilent = errors.New("nothing answers")
	// ErrStranger says that a device answers which none of our questions is for:
	// it is left alone.
	ErrStranger = errors.New("another kind of device answers")
)
