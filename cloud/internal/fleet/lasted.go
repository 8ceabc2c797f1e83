package fleet

import (
	"context"
	"fmt"
	"maps"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// maxCode bounds the code of a problem, in bytes, and maxCodes how many of a till are kept at one time.
const maxCode, maxCodes = 64, 40

// lasted keeps since when and until when a till had its problems, as its agent told them. It writes only what has changed: most reports
// change nothing. What is standing is read from the database once, after a start.
func (f *Fleet) lasted(ctx context.Context, organisation, tillID string, state *fiscalv1.TillState) error {
	now := map[string]bool{}
	for _, p := range state.GetProblems() {
		if code := p.GetCode(); code != "" && len(code) <= maxCode && validText(code) && len(now) < maxCodes {
			now[code] = true
		}
	}
	f.mu.Lock()
	before, known := f.lasts[tillID]
	f.mu.Unlock()
	if !known {
		codes, err := f.store.Read().ListStandingProblems(ctx, tillID)
		if err != nil {
			return fmt.Errorf("list problems: %w", err)
		}
		before = map[string]bool{}
		for _, code := range codes {
			before[code] = true
		}
	}
	if !maps.Equal(before, now) {
		at := store.Micros(f.now())
		err := f.store.Tx(ctx, func(q *db.Queries) error {
			for code := range before {
				if !now[code] {
					if err := q.ProblemEnded(ctx, db.ProblemEndedParams{TillID: tillID, Code: code, EndedAt: at}); err != nil {
						return err
					}
				}
			}
			for code := range now {
				if !before[code] {
					if err := q.ProblemBegan(ctx, db.ProblemBeganParams{OrganisationID: organisation, TillID: tillID, Code: code, BeganAt: at}); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("keep problems: %w", err)
		}
	}
	f.mu.Lock()
	f.lasts[tillID] = now
	f.mu.Unlock()
	return nil
}
