package api

import (
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// ListCompanies implements OrganisationService. Every company is read with the rights the person has there, and sums of two are
// never added: they may be of different money.
func (o *organisationService) ListCompanies(ctx context.Context, r *cabinetv1.ListCompaniesRequest) (*cabinetv1.ListCompaniesResponse, error) {
	p := access.PersonFrom(ctx)
	if _, err := time.Parse(time.DateOnly, r.GetToday()); err != nil && r.GetToday() != "" {
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
		c.Unread = !r.GetNamesOnly()
		res.Companies = append(res.Companies, c)
	}
	return res, nil
}
