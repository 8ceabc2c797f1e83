package tree

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// moved notes since when a till stands in another outlet. When all tills of an agent stand in one outlet now, its next ones will.
func (t *Trees) moved(ctx context.Context, q *db.Queries, tree *Tree, till, from, to, actor string) error {
	row, err := q.GetTill(ctx, db.GetTillParams{OrganisationID: tree.OrganisationID, ID: till})
	if err != nil {
		return fmt.Errorf("read till: %w", err)
	}
	state := new(fiscalv1.TillState)
	if err := proto.Unmarshal(row.State, state); err != nil {
		return fmt.Errorf("state of till %s: %w", till, err)
	}
	since := Civil(state, tree.Node(to).TimeZone, t.now())
	if err := Stand(ctx, q, tree.OrganisationID, till, from, to, since, actor, t.now()); err != nil {
		return err
	}
	if row.AgentID == "" {
		return nil
	}
	if n, err := q.CountOutletsOfAgent(ctx, row.AgentID); err != nil || n != 1 {
		return err
	}
	return q.SetAgentOutlet(ctx, db.SetAgentOutletParams{ID: row.AgentID, OutletID: to})
}

// Stand notes, in the transaction that moves a till, since when it stands in another outlet, in its own time. actor is empty when its
// agent brought it there.
func Stand(ctx context.Context, q *db.Queries, organisationID, till, from, to, since, actor string, now time.Time) error {
	if from == to {
		return nil
	}
	if err := q.BeginStays(ctx, db.BeginStaysParams{OrganisationID: organisationID, TillID: till, OutletID: from, CreatedAt: store.Micros(now)}); err != nil {
		return fmt.Errorf("note stay: %w", err)
	}
	stays, err := q.ListStays(ctx, till)
	if err != nil {
		return fmt.Errorf("list stays: %w", err)
	}
	// A clock that was put back does not make a till stand in two places: what is noted last holds from where the one before began.
	for _, s := range stays {
		since = max(since, s.Since)
	}
	if err := q.PutStay(ctx, db.PutStayParams{
		OrganisationID: organisationID, TillID: till, Since: since, OutletID: to, Actor: actor, CreatedAt: store.Micros(now),
	}); err != nil {
		return fmt.Errorf("note stay: %w", err)
	}
	return nil
}

// Stay is a time a till stood in an outlet.
type Stay struct{ Since, OutletID, Outlet, Actor string }

// Stays tells where a till stood, newest first; one that never moved stands where it always did.
func (t *Trees) Stays(ctx context.Context, organisationID, till string) ([]Stay, error) {
	rows, err := t.store.Read().ListStays(ctx, till)
	if err != nil {
		return nil, fmt.Errorf("list stays: %w", err)
	}
	list := make([]Stay, 0, len(rows))
	for _, r := range rows {
		list = append(list, Stay{r.Since, r.OutletID, r.Outlet, r.Actor})
	}
	slices.SortFunc(list, func(a, b Stay) int {
		if a.Since > b.Since {
			return -1
		}
		return 1
	})
	if len(list) > 0 {
		return list, nil
	}
	id, err := t.store.Read().GetOutletOfTill(ctx, db.GetOutletOfTillParams{OrganisationID: organisationID, ID: till})
	if store.NotFound(err) {
		return nil, ErrNotFound
	} else if err != nil {
		return nil, fmt.Errorf("find till: %w", err)
	}
	o, err := t.store.Read().GetOutletOfAny(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("find outlet: %w", err)
	}
	return []Stay{{OutletID: o.ID, Outlet: o.Name}}, nil
}
