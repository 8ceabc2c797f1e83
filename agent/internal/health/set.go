package health

import (
	"maps"
	"strconv"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Set remembers since when each problem has stood. Not safe for concurrent use.
type Set struct {
	since map[string]time.Time
	now   []Problem
}

// Update replaces the problems standing; it tells whether anything changed.
func (s *Set) Update(now time.Time, problems []Problem) (changed bool) {
	since := make(map[string]time.Time, len(problems))
	for _, p := range problems {
		if t, ok := s.since[p.Code]; ok {
			since[p.Code] = t
		} else {
			since[p.Code], changed = now, true
		}
	}
	changed = changed || len(since) != len(s.since) || len(problems) != len(s.now)
	for i := range problems {
		changed = changed || problems[i].Words() != s.now[i].Words()
	}
	s.since, s.now = since, problems
	return changed
}

// Proto gives the problems for answers and reports.
func (s *Set) Proto() []*fiscalv1.Problem {
	out := make([]*fiscalv1.Problem, 0, len(s.now))
	for _, p := range s.now {
		out = append(out, p.Proto(s.since[p.Code]))
	}
	return out
}

// Proto gives one problem for an answer.
func (p Problem) Proto(since time.Time) *fiscalv1.Problem {
	w := p.Words()
	m := &fiscalv1.Problem{Code: p.Code, Severity: fiscalv1.Severity(w.Severity), Text: w.Text, Todo: w.Todo, Args: maps.Clone(p.Args)}
	if p.Vendor != 0 { // so that texts in other languages keep the number too
		if m.Args == nil {
			m.Args = map[string]string{}
		}
		m.Args["vendor"] = strconv.Itoa(p.Vendor)
	}
	if !since.IsZero() {
		m.SinceMs = since.UnixMilli()
	}
	return m
}
