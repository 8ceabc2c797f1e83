package fleet

import (
	"context"
	"fmt"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Place tells where a till stands: [ErrNotFound] for one nobody has.
func (f *Fleet) Place(ctx context.Context, tillID string) (access.Place, error) {
	place, known, err := access.TillPlace(ctx, f.store.Read(), tillID)
	if err == nil && !known {
		err = fmt.Errorf("till %q: %w", tillID, ErrNotFound)
	}
	return place, err
}

// OutletNamed gives the outlet of a name: [ErrNotFound] when there is none that is open.
func (f *Fleet) OutletNamed(ctx context.Context, organisationID, name string) (string, error) {
	row, err := f.store.Read().FindOutletByName(ctx, db.FindOutletByNameParams{OrganisationID: organisationID, Name: strings.TrimSpace(name)})
	if store.NotFound(err) || err == nil && row.ClosedAt != 0 {
		return "", fmt.Errorf("outlet %q: %w", name, ErrNotFound)
	} else if err != nil {
		return "", fmt.Errorf("find outlet: %w", err)
	}
	return row.ID, nil
}
