package documents

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// nodes are the rows of revenue that a scope adds up to. Sums are kept by till, by outlet and for the whole organisation; a till that
// was moved has taken part of its sums in each outlet, and where a scope cuts between them they are added up from its documents.
type nodes struct {
	organisation string
	// kept are nodes whose sums are kept.
	kept []string
	// moved are tills of which only a part counts.
	moved []movedTill
}

// movedTill is the part of a till's documents that was made in some outlets, or in all others.
type movedTill struct {
	till string
	// outlets as [access.Scope.Match] writes them.
	outlets string
	inside  bool
}

// nodes finds them; outlet and till, when given, are the only ones asked for. What is out of scope is nothing.
func (d *Documents) nodes(ctx context.Context, scope access.Scope, outlet, till string) (nodes, error) {
	n := nodes{organisation: scope.OrganisationID}
	if scope.All {
		n.kept = []string{till + outlet}
		return n, nil
	}
	moves, err := d.moves(ctx, scope)
	if err != nil {
		return n, err
	}
	places, err := d.store.Read().ListTillOutlets(ctx, scope.OrganisationID)
	if err != nil {
		return n, fmt.Errorf("list tills: %w", err)
	}
	stands := make(map[string]string, len(places))
	for _, p := range places {
		stands[p.ID] = p.OutletID
	}
	outlets := access.Scope{Outlets: scope.Outlets}
	switch {
	case outlet != "":
		if scope.Has(outlet, "") {
			n.kept = []string{outlet}
			break
		}
		for _, id := range slices.Sorted(maps.Keys(scope.Tills)) { // single tills count wherever they stand; here by what they did in it
			one := access.Scope{Outlets: map[string]bool{outlet: true}}
			n.moved = append(n.moved, movedTill{till: id, outlets: one.Match(), inside: true})
		}
	case till != "":
		switch {
		case scope.Has("", till), scope.Has(stands[till], "") && !moves[till]:
			n.kept = []string{till}
		case moves[till]:
			n.moved = []movedTill{{till: till, outlets: outlets.Match(), inside: true}}
		}
	default:
		n.kept = slices.Sorted(maps.Keys(scope.Outlets))
		for _, id := range slices.Sorted(maps.Keys(scope.Tills)) {
			switch {
			case moves[id]:
				n.moved = append(n.moved, movedTill{till: id, outlets: outlets.Match()})
			case !scope.Has(stands[id], ""):
				n.kept = append(n.kept, id)
			}
		}
	}
	return n, nil
}

// moves tells which tills have ever been moved; nothing for a whole organisation, which does not ask.
func (d *Documents) moves(ctx context.Context, scope access.Scope) (map[string]bool, error) {
	if scope.All {
		return nil, nil
	}
	rows, err := d.store.Read().AllStays(ctx, scope.OrganisationID)
	if err != nil {
		return nil, fmt.Errorf("list moves of tills: %w", err)
	}
	moves := map[string]bool{}
	for _, r := range rows {
		moves[r.TillID] = true
	}
	return moves, nil
}

// ofOutlets cuts what a till did within a scope by the outlets it did it in.
func (d *Documents) ofOutlets(
	ctx context.Context, scope access.Scope, till string, grain int32, first, before time.Time, add func(outlet, name string, s kindSums),
) error {
	stays, err := d.store.Read().AllStays(ctx, scope.OrganisationID)
	if err != nil {
		return fmt.Errorf("list moves of tills: %w", err)
	}
	stood, moved := map[string]bool{}, false
	for _, s := range stays {
		if s.TillID == till {
			stood[s.OutletID], moved = true, true
		}
	}
	if !moved {
		outlet, err := d.store.Read().GetOutletOfTill(ctx, db.GetOutletOfTillParams{OrganisationID: scope.OrganisationID, ID: till})
		if store.NotFound(err) {
			return nil
		} else if err != nil {
			return fmt.Errorf("find till: %w", err)
		}
		stood[outlet] = true
	}
	outlets, err := d.store.Read().ListOutlets(ctx, scope.OrganisationID)
	if err != nil {
		return fmt.Errorf("list outlets: %w", err)
	}
	for _, o := range outlets {
		if !stood[o.ID] || !scope.Has(o.ID, till) {
			continue
		}
		n := nodes{organisation: scope.OrganisationID, kept: []string{till}}
		if moved {
			here := access.Scope{Outlets: map[string]bool{o.ID: true}}
			n.kept, n.moved = nil, []movedTill{{till: till, outlets: here.Match(), inside: true}}
		}
		sums, err := d.spans(ctx, n, grain, first, before)
		if err != nil {
			return err
		}
		for _, s := range sums {
			add(o.ID, o.Name, s.kindSums)
		}
	}
	return nil
}

// moved adds up a part of a till's documents.
func (d *Documents) moved(ctx context.Context, organisation string, m movedTill, grain int32, first, before time.Time) ([]spanSums, error) {
	rows, err := d.store.Read().SumMoved(ctx, db.SumMovedParams{
		OrganisationID: organisation, TillID: m.till, Scope: m.outlets, Inside: m.inside, Grain: grain,
		First: first.Format(time.DateOnly), Before: before.Format(time.DateOnly),
	})
	if err != nil {
		return nil, fmt.Errorf("add up documents of a till that was moved: %w", err)
	}
	list := make([]spanSums, 0, len(rows))
	for _, r := range rows {
		list = append(list, spanSums{r.Span, kindSums{r.Correction, r.Kind, store.Sums{
			Receipts: r.Receipts, Total: r.Total, Cash: r.Cash, Electronic: r.Electronic, Prepaid: r.Prepaid, Credit: r.Credit, Barter: r.Barter, Positions: r.Positions,
		}}})
	}
	return list, nil
}
