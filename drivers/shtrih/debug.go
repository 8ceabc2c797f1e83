package shtrih

import (
	"context"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

var _ drivers.FNTeller = (*Till)(nil)

// DebugFN implements drivers.FNTeller by FF04h, whose last byte is 0 for a debug
// memory and 1 for a serial one. Any other value is no proof of anything.
func (t *Till) DebugFN(ctx context.Context) (bool, error) {
	a, err := get[shtrih.FNVersionAnswer](ctx, t, shtrih.FNVersion{Password: t.opts.Password})
	if err != nil {
		return false, prepared("read FN version", err)
	}
	return a.Serial == 0, nil
}
