package access

import (
	"context"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// NewConnection is NewCode with an id by which the page of a till that is being connected finds it again; the code itself is shown
// once and kept nowhere.
func (a *Access) NewConnection(ctx context.Context, organisationID, outlet string) (id, code string, expires time.Time, err error) {
	if code, expires, err = a.NewCode(ctx, organisationID, outlet); err != nil {
		return "", "", time.Time{}, err
	}
	id = store.NewID()
	if err := a.store.Write().NameCode(ctx, db.NameCodeParams{Hash: hashCode(code), ID: id}); err != nil {
		return "", "", time.Time{}, fmt.Errorf("name enrolment code: %w", err)
	}
	return id, code, expires, nil
}
