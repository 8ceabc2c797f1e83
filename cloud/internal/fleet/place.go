package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// maxDepth bounds departments within departments.
const maxDepth = 16

// Place tells where a till stands: [ErrNotFound] for one nobody has.
func (f *Fleet) Place(ctx context.Context, tillID string) (access.Place, error) {
	q := f.store.Read()
	row, err := q.GetTillPlace(ctx, tillID)
	if store.NotFound(err) {
		return access.Place{}, fmt.Errorf("till %q: %w", tillID, ErrNotFound)
	} else if err != nil {
		return access.Place{}, fmt.Errorf("find till: %w", err)
	}
	path := []string{tillID, row.OutletID}
	for above := row.DepartmentID; above != "" && len(path) < maxDepth; {
		path = append(path, above)
		if above, err = q.GetDepartmentParent(ctx, above); err != nil {
			return access.Place{}, fmt.Errorf("find department: %w", err)
		}
	}
	slices.Reverse(path)
	return access.Place{OrganisationID: row.OrganisationID, Path: path}, nil
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
