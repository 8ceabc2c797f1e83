package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// walked is how many documents are looked through along the time for those of many places. Places that make one of forty of all fill a
// page with that; of quieter ones every till is gone along by itself.
const walked = 2000

// Stood is a till that made something in an outlet, or stands in it.
type Stood struct{ Till, Outlet string }

// StoodIn gives the tills that stand in outlets or have a past there.
func (s *Store) StoodIn(ctx context.Context, organisation string, outlets []string) (stood []Stood, err error) {
	if len(outlets) == 0 {
		return nil, nil
	}
	t := new(text)
	where := " WHERE organisation_id = " + t.arg(organisation) + " AND outlet_id IN (" + list(t, outlets) + ")"
	t.WriteString("SELECT till_id, outlet_id FROM shifts" + where + " UNION SELECT till_id, outlet_id FROM shift_sums" + where +
		" UNION SELECT id, outlet_id FROM tills" + where)
	rows, err := s.read.QueryContext(ctx, t.String(), t.args...)
	if err != nil {
		return nil, fmt.Errorf("list tills of outlets: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var x Stood
		if err := rows.Scan(&x.Till, &x.Outlet); err != nil {
			return nil, fmt.Errorf("list tills of outlets: %w", err)
		}
		stood = append(stood, x)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list tills of outlets: %w", err)
	}
	return stood, nil
}

// byPlaces goes along every till of some outlets, and some tills besides.
func (s *Store) byPlaces(ctx context.Context, organisation string, outlets, alone []string) ([]scan, error) {
	stood, err := s.StoodIn(ctx, organisation, outlets)
	if err != nil {
		return nil, err
	}
	tills := slices.Clone(alone)
	for _, x := range stood {
		tills = append(tills, x.Till)
	}
	slices.Sort(tills)
	return byTill(slices.Compact(tills)), nil
}

// searchPlaces gives documents of many places, when nothing else promises to be short. Most often they are a good part of what there is:
// they are looked for along the time. When a bounded walk does not fill the page they are quiet, or were in this period, and going on
// could mean to read years for nothing: then it goes along each of their tills.
func (s *Store) searchPlaces(ctx context.Context, f *Filter, after Mark, limit int) ([]Found, error) {
	if len(f.Outlets)+len(f.Alone) == 0 {
		return nil, nil
	}
	end, more, err := s.walk(ctx, f, after)
	if err != nil {
		return nil, err
	}
	near := scan{}
	if more {
		near.where, near.args = []string{"d.at >= ? AND (d.at, d.fd, d.fn) >= (?, ?, ?)"}, []any{end.At, end.At, end.FD, end.FN}
	}
	found, err := s.along(ctx, f, []scan{near}, after, limit)
	if err != nil || len(found) >= limit || !more {
		return found, err
	}
	scans, err := s.byPlaces(ctx, f.Organisation, f.Outlets, f.Alone)
	if err != nil {
		return nil, err
	}
	rest, err := s.along(ctx, f, scans, end, limit-len(found))
	return append(found, rest...), err
}

// fewOfClasses tells whether there are so few documents of some classes that all of them may be looked through.
func (s *Store) fewOfClasses(ctx context.Context, f *Filter, classes []int32, after Mark) (bool, error) {
	if len(classes) == 0 {
		return true, nil
	}
	t := new(text)
	t.WriteString("SELECT COUNT(*) FROM (SELECT 1 FROM documents d WHERE d.organisation_id = " + t.arg(f.Organisation) + " AND d.class IN (" + list(t, classes) + ")")
	f.behind(t, after)
	t.WriteString(" LIMIT " + t.arg(int64(walked)) + ") AS few")
	var n int
	if err := s.read.QueryRowContext(ctx, t.String(), t.args...).Scan(&n); err != nil {
		return false, fmt.Errorf("count documents of classes: %w", err)
	}
	return n < walked, nil
}

// behind confines a statement to the period of a filter, behind a mark.
func (f *Filter) behind(t *text, after Mark) {
	if f.From != "" {
		t.WriteString(" AND d.at >= " + t.arg(f.From))
	}
	if f.Before != "" {
		t.WriteString(" AND d.at < " + t.arg(f.Before))
	}
	if after != (Mark{}) {
		fmt.Fprintf(t, " AND (d.at, d.fd, d.fn) < (%s, %s, %s)", t.arg(after.At), t.arg(after.FD), t.arg(after.FN))
	}
}

// walk gives the mark of the last document of a walk along the time, and whether there are documents behind it.
func (s *Store) walk(ctx context.Context, f *Filter, after Mark) (end Mark, more bool, err error) {
	t := new(text)
	t.WriteString("SELECT d.at, d.fd, d.fn FROM documents d WHERE d.organisation_id = " + t.arg(f.Organisation))
	f.behind(t, after)
	t.WriteString(" ORDER BY " + byTime + " LIMIT 1 OFFSET " + t.arg(int64(walked-1)))
	err = s.read.QueryRowContext(ctx, t.String(), t.args...).Scan(&end.At, &end.FD, &end.FN)
	if errors.Is(err, sql.ErrNoRows) {
		return Mark{}, false, nil
	} else if err != nil {
		return Mark{}, false, fmt.Errorf("look along the time: %w", err)
	}
	return end, true, nil
}
