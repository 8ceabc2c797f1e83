package pos

import (
	"errors"
	"testing"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

func TestPasses(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC)
	card := func(key, till string) *fiscalv1.Operation {
		return &fiscalv1.Operation{Key: key, Till: till, Kind: fiscalv1.Kind_KIND_SALE, Receipt: &fiscalv1.Receipt{Payments: &fiscalv1.Payments{Electronic: 100}}}
	}
	cash := &fiscalv1.Operation{Key: "c", Kind: fiscalv1.Kind_KIND_SALE, Receipt: &fiscalv1.Receipt{Payments: &fiscalv1.Payments{Cash: 100}}}
	p := newPasses(true)
	good, _ := p.issue("a", now)
	late, until := p.issue("a", now)
	if until.Sub(now) != time.Minute {
		t.Errorf("a token lives %v", until.Sub(now))
	}
	for _, c := range []struct {
		name, token string
		op          *fiscalv1.Operation
		at          time.Duration
		ok          bool
	}{
		{"a card without a token", "", card("k", "a"), 0, false},
		{"cash without a token", "", cash, 0, true},
		{"an unknown token", "guess", card("k", "a"), 0, false},
		{"another till", good, card("k", "b"), 0, false},
		{"in time", good, card("k", "a"), 59 * time.Second, true},
		{"the same operation again", good, card("k", "a"), time.Hour, true},
		{"another operation", good, card("l", "a"), 59 * time.Second, false},
		{"too late", late, card("m", "a"), 61 * time.Second, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := p.spend(c.op, c.token, now.Add(c.at))
			if (err == nil) != c.ok || err != nil && !errors.Is(err, errPass) {
				t.Errorf("%v", err)
			}
		})
	}
	if err := newPasses(false).spend(card("k", "a"), "", now); err != nil {
		t.Errorf("where it is not required: %v", err)
	}
}
