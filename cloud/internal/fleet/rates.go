package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// rateSpan is over how many days of trade the rate of documents is taken: two weeks have every weekday twice.
	rateSpan = 14
	// ratesFor is how long the rates of an organisation are used: they move by the day.
	ratesFor = 10 * time.Minute
)

// span is where a fiscal memory stood at the first shift of the days its rate is taken over.
type span struct {
	fd  uint32
	day time.Time
}

// ratesOf gives the spans of an organisation by fiscal memory.
func (f *Fleet) ratesOf(ctx context.Context, organisation string) (map[string]span, error) {
	now := f.now()
	return f.rates.get(organisation, now, ratesFor, func() (map[string]span, error) {
		rows, err := f.store.Read().ListShiftSpans(ctx, db.ListShiftSpansParams{
			OrganisationID: organisation, Since: now.AddDate(0, 0, -rateSpan).Format(time.DateOnly),
		})
		if err != nil {
			return nil, fmt.Errorf("read rates: %w", err)
		}
		spans := make(map[string]span, len(rows))
		for _, row := range rows {
			if day, err := time.Parse(time.DateOnly, row.FirstDay); err == nil {
				spans[row.FN] = span{uint32(row.FirstFD), day}
			}
		}
		return spans, nil
	})
}

// perDay is how many documents a day a fiscal memory takes, 0 when nobody can tell yet: it takes a day of trade at least.
// lastFD and lastAt are of its newest document, the till's civil time.
func (s span) perDay(lastFD uint32, lastAt time.Time) float64 {
	days := lastAt.Sub(s.day).Hours() / 24
	if s.day.IsZero() || days < 1 || lastFD <= s.fd {
		return 0
	}
	return float64(lastFD-s.fd) / days
}
