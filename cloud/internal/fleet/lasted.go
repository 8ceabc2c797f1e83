package fleet

import (
	"context"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// maxCode bounds the code of a problem, in bytes, and maxCodes how many of a till are kept at one time.
const maxCode, maxCodes = 64, 40

// lasted keeps since when and until when a till had its problems, as its agent told them. It writes only what has changed: most reports
// change nothing.
func (f *Fleet) lasted(ctx context.Context, q *db.Queries, organisation, tillID string, state *fiscalv1.TillState) error {
	now := map[string]bool{}
	for _, p := range state.GetProblems() {
		if code := p.GetCode(); code != "" && len(code) <= maxCode && store.Keeps(code) && len(now) < maxCodes {
			now[code] = true
		}
	}
	standing, err := q.ListStandingProblems(ctx, tillID)
	if err != nil {
		return err
	}
	at := store.Micros(f.now())
	for _, code := range standing {
		if now[code] {
			delete(now, code)
		} else if err := q.ProblemEnded(ctx, db.ProblemEndedParams{TillID: tillID, Code: code, EndedAt: at}); err != nil {
			return err
		}
	}
	for code := range now {
		if err := q.ProblemBegan(ctx, db.ProblemBeganParams{OrganisationID: organisation, TillID: tillID, Code: code, BeganAt: at}); err != nil {
			return err
		}
	}
	return nil
}
