package people

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Entrance is what people who come in need of organisations: those that sign up found one, those that were invited join.
func (p *People) Entrance() access.Organisations { return entrance{p} }

type entrance struct{ p *People }

func organisationOf(f access.Founding) Organisation {
	return Organisation{Kind: f.Kind, Country: f.Country, TaxID: f.TaxID, Name: f.Name, Email: f.Email, Phone: f.Phone}
}

// Check implements [access.Organisations].
func (e entrance) Check(f access.Founding) (access.Founding, error) {
	if f.Kind != access.KindOwner && f.Kind != access.KindService {
		return f, refuse(ErrInvalid, "kind", "kind")
	}
	if f.Country == "" {
		return f, refuse(ErrInvalid, "country", "taxid_country")
	}
	o, err := checked(organisationOf(f))
	if r, ok := errors.AsType[*Refusal](err); ok && r.Field == "name" {
		r.Field = "organisation" // the name of the form is the person's
	}
	f.Country, f.TaxID, f.Name, f.Email, f.Phone = o.Country, o.TaxID, o.Name, o.Email, o.Phone
	return f, err
}

// Found implements [access.Organisations].
func (e entrance) Found(ctx context.Context, q *db.Queries, f access.Founding, personID string) (string, error) {
	o, err := Create(ctx, q, store.Micros(e.p.now()), organisationOf(f), personID)
	return o.ID, err
}

// Partner implements [access.Organisations].
func (e entrance) Partner(ctx context.Context, code string) (bool, error) {
	_, err := e.p.ServiceCentre(ctx, code)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Offer implements [access.Organisations].
func (e entrance) Offer(ctx context.Context, q *db.Queries, organisationID, code string) error {
	return Offer(ctx, q, store.Micros(e.p.now()), organisationID, code)
}

// Invitation implements [access.Organisations].
func (e entrance) Invitation(ctx context.Context, secret string) (access.Invitation, error) {
	i, err := e.p.Invitation(ctx, secret)
	if errors.Is(err, ErrInvitation) {
		return access.Invitation{}, access.ErrInvitation
	} else if err != nil {
		return access.Invitation{}, err
	}
	var roles []string
	for _, a := range i.Assignments {
		roles = append(roles, a.words())
	}
	return access.Invitation{
		OrganisationID: i.OrganisationID, Given: i, Organisation: i.Organisation, By: i.Inviter, Role: strings.Join(roles, "; "),
		Contact: i.Recipient, Name: i.Name, Expires: time.UnixMicro(i.ExpiresAt),
	}, nil
}

// Accept implements [access.Organisations].
func (e entrance) Accept(ctx context.Context, q *db.Queries, i access.Invitation, personID string) error {
	given, _ := i.Given.(Invitation)
	err := e.p.AcceptIn(ctx, q, given, personID)
	if errors.Is(err, ErrInvitation) {
		return access.ErrInvitation
	}
	return err
}
