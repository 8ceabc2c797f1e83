package documents

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Products gives a page of what was sold within a scope in a period, the most or the least first.
func (d *Documents) Products(ctx context.Context, scope access.Scope, r *cabinetv1.ListProductsRequest, limit int) (*cabinetv1.ListProductsResponse, error) {
	from, err := productsFrom(r.GetPage())
	if err != nil {
		return nil, err
	}
	first, last, err := days(r.GetFrom(), r.GetTo())
	if err != nil {
		return nil, err
	}
	rows, err := d.sold(ctx, scope, r, first.Format(time.DateOnly), last.AddDate(0, 0, 1).Format(time.DateOnly))
	if err != nil {
		return nil, fmt.Errorf("add up products: %w", err)
	}
	res := &cabinetv1.ListProductsResponse{}
	list := make([]*cabinetv1.Product, 0, len(rows))
	for _, row := range rows {
		list = append(list, &cabinetv1.Product{
			Name: row.Name, Quantity: fiscal.Quantity(row.SoldQuantity - row.ReturnedQuantity).String(), Revenue: row.Sold - row.Returned, Sold: row.Sold,
			Returned: row.Returned, Lines: uint64(row.Lines),
		})
		res.Revenue += row.Sold - row.Returned
	}
	slices.SortStableFunc(list, func(a, b *cabinetv1.Product) int {
		return cmp.Or(cmp.Compare(b.GetRevenue(), a.GetRevenue()), strings.Compare(a.GetName(), b.GetName()))
	})
	classify(list, res.GetRevenue())
	if name := store.Fold(r.GetName()); name != "" {
		list = slices.DeleteFunc(list, func(p *cabinetv1.Product) bool { return !strings.Contains(store.Fold(p.GetName()), name) })
	}
	res.Count = uint32(len(list))
	if r.GetLeast() {
		slices.Reverse(list)
	}
	from = min(from, len(list))
	to := min(from+limit, len(list))
	res.Products = list[from:to]
	if to < len(list) {
		res.NextPage = strconv.Itoa(to)
	}
	return res, nil
}

// productsFrom reads the mark of a page: how many goods were given before it. A list that is added up and put in order anew each time
// has no other.
func productsFrom(mark string) (int, error) {
	if mark == "" {
		return 0, nil
	}
	from, err := strconv.ParseUint(mark, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("mark of a page: %w", ErrInvalid)
	}
	return int(from), nil
}

// classify says which products make most of the revenue: A those that bring 80 percent of it, B the next 15, C the rest.
func classify(list []*cabinetv1.Product, revenue int64) {
	var before int64
	for _, p := range list {
		switch {
		case revenue <= 0 || p.GetRevenue() <= 0:
			p.Abc = "C"
			continue
		case before*100 < revenue*80:
			p.Abc = "A"
		case before*100 < revenue*95:
			p.Abc = "B"
		default:
			p.Abc = "C"
		}
		before += p.GetRevenue()
		p.Share = uint32((p.GetRevenue()*10_000 + revenue/2) / revenue)
	}
}

// sold adds up the whole organisation from what is kept, and tills, outlets and scopes from their receipts.
func (d *Documents) sold(ctx context.Context, scope access.Scope, r *cabinetv1.ListProductsRequest, first, before string) ([]db.ListProductsRow, error) {
	read, organisation := d.store.Read(), scope.OrganisationID
	if scope.All && r.GetTillId() == "" && r.GetOutletId() == "" {
		return read.ListProducts(ctx, db.ListProductsParams{OrganisationID: organisation, First: first, Before: before})
	}
	asked, err := d.asked(ctx, scope, r)
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	var list []db.ListProductsRow
	for _, params := range asked {
		params.OrganisationID, params.First, params.Before = organisation, first, before
		rows, err := read.ListProductsOfPlace(ctx, params)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			i, twice := at[row.Name]
			if !twice {
				at[row.Name] = len(list)
				list = append(list, db.ListProductsRow(row))
				continue
			}
			list[i].Sold += row.Sold
			list[i].Returned += row.Returned
			list[i].SoldQuantity += row.SoldQuantity
			list[i].ReturnedQuantity += row.ReturnedQuantity
			list[i].Lines += row.Lines
		}
	}
	return list, nil
}

// asked gives what is to be added up: tills, each within an outlet or anywhere, no receipt twice.
func (d *Documents) asked(ctx context.Context, scope access.Scope, r *cabinetv1.ListProductsRequest) (list []db.ListProductsOfPlaceParams, err error) {
	outlets := slices.Sorted(maps.Keys(scope.Outlets))
	if r.GetOutletId() != "" {
		outlets = nil
		if scope.Has(r.GetOutletId(), "") {
			outlets = []string{r.GetOutletId()}
		}
	}
	if scope.All && r.GetOutletId() == "" { // then a till is asked for
		return []db.ListProductsOfPlaceParams{{TillID: r.GetTillId()}}, nil
	}
	stood, err := d.store.StoodIn(ctx, scope.OrganisationID, outlets)
	if err != nil {
		return nil, err
	}
	for _, x := range stood {
		if (r.GetTillId() == "" || r.GetTillId() == x.Till) && !scope.Tills[x.Till] {
			list = append(list, db.ListProductsOfPlaceParams{TillID: x.Till, OutletID: x.Outlet})
		}
	}
	for _, till := range slices.Sorted(maps.Keys(scope.Tills)) {
		if r.GetTillId() == "" || r.GetTillId() == till {
			list = append(list, db.ListProductsOfPlaceParams{TillID: till, OutletID: r.GetOutletId()})
		}
	}
	return list, nil
}
