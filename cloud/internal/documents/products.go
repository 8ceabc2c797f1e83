package documents

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Products gives what was sold in a period, the most or the least first.
func (d *Documents) Products(ctx context.Context, organisation string, r *cabinetv1.ListProductsRequest, limit int) (*cabinetv1.ListProductsResponse, error) {
	first, last, err := days(r.GetFrom(), r.GetTo())
	if err != nil {
		return nil, err
	}
	rows, err := d.sold(ctx, organisation, r, first.Format(time.DateOnly), last.AddDate(0, 0, 1).Format(time.DateOnly))
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
	res.Products = list[:min(limit, len(list))]
	return res, nil
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

// sold adds up the whole organisation from what is kept, and a till or an outlet from their receipts.
func (d *Documents) sold(ctx context.Context, organisation string, r *cabinetv1.ListProductsRequest, first, before string) ([]db.ListProductsRow, error) {
	read := d.store.Read()
	var tills []string
	switch {
	case r.GetTillId() != "":
		tills = []string{r.GetTillId()}
	case r.GetOutletId() != "":
		var err error
		tills, err = read.ListTillsOfOutlet(ctx, db.ListTillsOfOutletParams{OrganisationID: organisation, OutletID: r.GetOutletId()})
		if err != nil {
			return nil, err
		}
	default:
		return read.ListProducts(ctx, db.ListProductsParams{OrganisationID: organisation, First: first, Before: before})
	}
	at := map[string]int{}
	var list []db.ListProductsRow
	for _, till := range tills {
		rows, err := read.ListProductsOfPlace(ctx, db.ListProductsOfPlaceParams{
			OrganisationID: organisation, TillID: till, OutletID: r.GetOutletId(), First: first, Before: before,
		})
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
