package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// manyUndecided is how many operations that wait are counted one by one.
const manyUndecided = 1000

// currencies of countries, ISO 4217.
var currencies = map[string]string{"ru": "RUB", "kz": "KZT"}

// ListCompanies implements OrganisationService. Every company is read with the rights the person has there, and sums of two are
// never added: they may be of different money.
func (o *organisationService) ListCompanies(ctx context.Context, r *cabinetv1.ListCompaniesRequest) (*cabinetv1.ListCompaniesResponse, error) {
	p := access.PersonFrom(ctx)
	today, err := time.Parse(time.DateOnly, r.GetToday())
	if r.GetToday() == "" {
		today, err = o.s.Now().UTC(), nil
	}
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("today: %.20q is not a day", r.GetToday()))
	}
	works, err := o.s.Access.Works(ctx, p)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListCompaniesResponse{}
	for _, w := range works {
		org, err := o.s.People.Organisation(ctx, w.ID)
		if err != nil {
			return nil, err
		}
		c := &cabinetv1.Company{Id: w.ID, Name: w.Name, Kind: organisationKinds[w.Kind], Country: w.Country, TaxId: org.TaxID}
		if !r.GetNamesOnly() {
			if err := o.standing(ctx, p, c, today); err != nil {
				if ctx.Err() != nil {
					return nil, err
				}
				o.s.Log.WarnContext(ctx, "company of an overview not read", "organisation", w.ID, "error", err)
				c = &cabinetv1.Company{Id: w.ID, Name: w.Name, Kind: organisationKinds[w.Kind], Country: w.Country, TaxId: org.TaxID, Unread: true}
			}
		}
		res.Companies = append(res.Companies, c)
	}
	return res, nil
}

// standing tells how a company stands, as far as the person may look there.
func (o *organisationService) standing(ctx context.Context, p *access.Person, c *cabinetv1.Company, today time.Time) error {
	there, err := o.s.Access.PersonIn(ctx, &access.Person{ID: p.ID, Login: p.Login, Name: p.Name}, c.GetId(), c.GetId())
	if err != nil {
		return err
	}
	reach, err := o.s.Access.Reach(ctx, there, access.TillsView)
	if err != nil {
		return err
	}
	tills, err := o.s.Fleet.Tills(ctx, reach)
	if err != nil {
		return err
	}
	for _, t := range tills {
		switch t.Light {
		case cabinetv1.Light_LIGHT_GREEN:
			c.Green++
		case cabinetv1.Light_LIGHT_YELLOW:
			c.Yellow++
		case cabinetv1.Light_LIGHT_RED:
			c.Red++
		case cabinetv1.Light_LIGHT_GREY, cabinetv1.Light_LIGHT_UNSPECIFIED:
			c.Grey++
		}
	}
	if reach, err = o.s.Access.Reach(ctx, there, access.DocumentsView); err != nil {
		return err
	}
	undecided, err := o.s.Documents.Undecided(ctx, reach, manyUndecided)
	if err != nil {
		return err
	}
	c.Undecided = uint32(len(undecided))
	if reach, err = o.s.Access.Reach(ctx, there, access.MoneyView); err != nil {
		return err
	}
	scope, sees := reach.In(c.GetId())
	if !sees {
		return nil
	}
	c.Revenue = &cabinetv1.CompanyRevenue{Currency: currencies[c.GetCountry()]}
	return o.revenue(ctx, scope, c.GetRevenue(), today)
}

// revenue adds up what was settled in the part of a company that the person may see the money of.
func (o *organisationService) revenue(ctx context.Context, scope access.Scope, sums *cabinetv1.CompanyRevenue, today time.Time) error {
	day, yesterday, month := today.Format(time.DateOnly), today.AddDate(0, 0, -1).Format(time.DateOnly), today.Format("2006-01")
	ask := &cabinetv1.GetRevenueRequest{From: min(month+"-01", yesterday), To: day, Span: cabinetv1.Span_SPAN_DAY}
	figures, err := o.s.Documents.Revenue(ctx, scope, ask)
	if err != nil {
		return err
	}
	for _, row := range figures.GetSpans() {
		sum := row.GetFigures().GetRevenue()
		switch row.GetSpan() {
		case day:
			sums.Today += sum
		case yesterday:
			sums.Yesterday += sum
		}
		if strings.HasPrefix(row.GetSpan(), month) {
			sums.Month += sum
		}
	}
	return nil
}
