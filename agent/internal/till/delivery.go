package till

import (
	"context"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Relay lends the till for carrying its documents to the operator: do runs on
// the till's own goroutine, between operations, with nil when the till carries
// its documents itself. It must be short: a sale waits behind it.
func (f *Fleet) Relay(ctx context.Context, name string, do func(context.Context, drivers.Relay) error) error {
	t, err := f.Till(name)
	if err != nil {
		return err
	}
	r, _ := t.device.(drivers.Relay)
	return t.do(ctx, func(work context.Context) error {
		work, cancel := context.WithTimeout(work, effectLimit)
		defer cancel()
		if t.stranger != nil {
			return t.stranger // its documents are not ours to carry
		}
		return do(work, r)
	})
}

// Delivery is how a till's documents get to the operator through this program,
// and what they suffer from. It is not changed once given.
type Delivery struct {
	State    *fiscalv1.Delivery
	Problems []health.Problem
}

// SetDelivery gives a till what stands about its delivery; it shows with the
// till's next state. It does not block.
func (f *Fleet) SetDelivery(name string, d Delivery) {
	if t := f.byName[name]; t != nil {
		t.delivery.Store(&d)
	}
}

// Names lists the tills.
func (f *Fleet) Names() []string {
	names := make([]string, len(f.tills))
	for i, t := range f.tills {
		names[i] = t.name
	}
	return names
}
