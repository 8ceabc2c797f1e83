package fleet

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// maxViews is how many filters a person may keep in an organisation; maxViewName and maxViewQuery bound each, in letters.
	maxViews, maxViewName, maxViewQuery = 50, 60, 1000
)

// View is a filter of the list of tills that a person keeps.
type View struct{ ID, Name, Query string }

// Views gives the filters a person keeps in the organisation they are at work in, by name.
func (f *Fleet) Views(ctx context.Context, p *access.Person) ([]View, error) {
	rows, err := f.store.Read().ListTillViews(ctx, db.ListTillViewsParams{PersonID: p.ID, OrganisationID: p.OrganisationID})
	if err != nil {
		return nil, fmt.Errorf("list views: %w", err)
	}
	list := make([]View, len(rows))
	for i, row := range rows {
		list[i] = View(row)
	}
	return list, nil
}

// SaveView keeps a filter under a name; the same name is another filter from then on. The query is kept as the page's address
// has it, in one order, so that it can be told which view is on screen.
func (f *Fleet) SaveView(ctx context.Context, p *access.Person, name, query string) (View, error) {
	v := View{ID: store.NewID(), Name: strings.TrimSpace(name)}
	if v.Name == "" || len([]rune(v.Name)) > maxViewName || strings.ContainsAny(v.Name, "\x00\n\r") {
		return View{}, fmt.Errorf("name of a view has 1 to %d letters on one line: %w", maxViewName, ErrInvalid)
	}
	values, err := url.ParseQuery(query)
	if err != nil || len(query) > maxViewQuery || len(values) == 0 {
		return View{}, fmt.Errorf("filter of a view is empty or too long: %w", ErrInvalid)
	}
	v.Query = values.Encode()
	err = f.store.Tx(ctx, func(q *db.Queries) error {
		n, err := q.CountTillViews(ctx, db.CountTillViewsParams{PersonID: p.ID, OrganisationID: p.OrganisationID, Name: v.Name})
		if err != nil {
			return err
		}
		if n >= maxViews {
			return fmt.Errorf("no more than %d views are kept: %w", maxViews, ErrInvalid)
		}
		v.ID, err = q.SaveTillView(ctx, db.SaveTillViewParams{ID: v.ID, OrganisationID: p.OrganisationID, PersonID: p.ID, Name: v.Name, Query: v.Query})
		return err
	})
	if err != nil {
		return View{}, fmt.Errorf("save view: %w", err)
	}
	return v, nil
}

// DeleteView forgets one.
func (f *Fleet) DeleteView(ctx context.Context, p *access.Person, id string) error {
	n, err := f.store.Write().DeleteTillView(ctx, db.DeleteTillViewParams{ID: id, PersonID: p.ID, OrganisationID: p.OrganisationID})
	if err != nil {
		return fmt.Errorf("delete view: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("view %q: %w", id, ErrNotFound)
	}
	return nil
}
