package documents

import (
	"context"
	"fmt"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// newest adds when the newest receipt was made: of all that is asked for, and of each place.
func (d *Documents) newest(ctx context.Context, scope access.Scope, r *cabinetv1.GetRevenueRequest, res *cabinetv1.GetRevenueResponse) error {
	rows, err := d.store.Read().NewestReceipts(ctx, scope.OrganisationID)
	if err != nil {
		return fmt.Errorf("read newest receipts: %w", err)
	}
	at := map[string]string{}
	for _, row := range rows {
		if !scope.Has(row.OutletID, row.ID) || r.GetOutletId() != "" && r.GetOutletId() != row.OutletID || r.GetTillId() != "" && r.GetTillId() != row.ID {
			continue
		}
		at[row.ID] = row.At
		at[row.OutletID] = max(at[row.OutletID], row.At)
		res.NewestAt = max(res.GetNewestAt(), row.At)
	}
	for _, place := range res.GetPlaces() {
		place.NewestAt = at[place.GetPlaceId()]
	}
	return nil
}
