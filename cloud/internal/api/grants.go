package api

import (
	"context"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/people"
	"github.com/chekan-io/chekan/cloud/internal/store"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// contactsView is nil when there is no way to reach them.
func contactsView(c people.Contacts) *cabinetv1.Contacts {
	if c.Email == "" && c.Phone == "" {
		return nil
	}
	return &cabinetv1.Contacts{Name: c.Name, Email: c.Email, Phone: c.Phone, Hours: c.Hours}
}

func (o *organisationService) grantView(g people.Grant) *cabinetv1.Grant {
	return &cabinetv1.Grant{
		Id: g.ID, State: cabinetv1.GrantState(g.State(store.Micros(o.s.Now()))), Party: g.Party, OrganisationId: g.OrganisationID, NodeId: g.Node, NodeName: g.NodeName,
		NodeKind: cabinetv1.PlaceKind(g.NodeKind), OfferedMs: g.OfferedAt / 1000, GivenMs: g.GivenAt / 1000, GivenBy: g.GivenBy, EndsMs: g.EndsAt / 1000,
		RevokedMs: g.RevokedAt / 1000, RevokedBy: g.RevokedBy, Contacts: contactsView(g.Contacts),
	}
}

// ListGrants implements OrganisationService.
func (o *organisationService) ListGrants(ctx context.Context, _ *cabinetv1.ListGrantsRequest) (*cabinetv1.ListGrantsResponse, error) {
	list, err := o.s.People.Grants(ctx, access.PersonFrom(ctx))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListGrantsResponse{}
	for _, g := range list {
		res.Grants = append(res.Grants, o.grantView(g))
	}
	return res, nil
}

// FindServiceCentre implements OrganisationService.
func (o *organisationService) FindServiceCentre(ctx context.Context, r *cabinetv1.FindServiceCentreRequest) (*cabinetv1.FindServiceCentreResponse, error) {
	c, err := o.s.People.ServiceCentre(ctx, r.GetPartnerCode())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.FindServiceCentreResponse{Name: c.Name, TaxId: c.TaxID, Country: c.Country}, nil
}

// GiveGrant implements OrganisationService.
func (o *organisationService) GiveGrant(ctx context.Context, r *cabinetv1.GiveGrantRequest) (*cabinetv1.GiveGrantResponse, error) {
	p := access.PersonFrom(ctx)
	g, err := o.s.People.GiveGrant(ctx, p, r.GetPartnerCode(), r.GetNodeId(), micros(r.GetEndsMs()))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GiveGrantResponse{Grant: o.grantView(g)}, nil
}

// AcceptGrant implements OrganisationService.
func (o *organisationService) AcceptGrant(ctx context.Context, r *cabinetv1.AcceptGrantRequest) (*cabinetv1.AcceptGrantResponse, error) {
	p := access.PersonFrom(ctx)
	g, err := o.s.People.AcceptGrant(ctx, p, r.GetId(), r.GetNodeId(), micros(r.GetEndsMs()))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.AcceptGrantResponse{Grant: o.grantView(g)}, nil
}

// ProlongGrant implements OrganisationService.
func (o *organisationService) ProlongGrant(ctx context.Context, r *cabinetv1.ProlongGrantRequest) (*cabinetv1.ProlongGrantResponse, error) {
	g, err := o.s.People.ProlongGrant(ctx, access.PersonFrom(ctx), r.GetId(), micros(r.GetEndsMs()))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ProlongGrantResponse{Grant: o.grantView(g)}, nil
}

// RevokeGrant implements OrganisationService. It asks for no proof: to shut a door must be quick.
func (o *organisationService) RevokeGrant(ctx context.Context, r *cabinetv1.RevokeGrantRequest) (*cabinetv1.RevokeGrantResponse, error) {
	g, err := o.s.People.RevokeGrant(ctx, access.PersonFrom(ctx), r.GetId())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.RevokeGrantResponse{Grant: o.grantView(g)}, nil
}

// ListClients implements OrganisationService.
func (o *organisationService) ListClients(ctx context.Context, _ *cabinetv1.ListClientsRequest) (*cabinetv1.ListClientsResponse, error) {
	list, code, err := o.s.People.Clients(ctx, access.PersonFrom(ctx))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListClientsResponse{PartnerCode: code}
	for _, g := range list {
		res.Grants = append(res.Grants, o.grantView(g))
	}
	return res, nil
}

func keyView(k people.Key) *cabinetv1.Key {
	return &cabinetv1.Key{
		Id: k.ID, Name: k.Name, Hint: k.Hint, Assignment: assignedView(k.Assigned), CreatedMs: k.CreatedAt / 1000, CreatedBy: k.CreatedBy,
		ExpiresMs: k.ExpiresAt / 1000, SeenMs: k.SeenAt / 1000, RevokedMs: k.RevokedAt / 1000,
	}
}

// ListKeys implements OrganisationService.
func (o *organisationService) ListKeys(ctx context.Context, _ *cabinetv1.ListKeysRequest) (*cabinetv1.ListKeysResponse, error) {
	list, err := o.s.People.Keys(ctx, access.PersonFrom(ctx))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListKeysResponse{}
	for _, k := range list {
		res.Keys = append(res.Keys, keyView(k))
	}
	return res, nil
}

// CreateKey implements OrganisationService.
func (o *organisationService) CreateKey(ctx context.Context, r *cabinetv1.CreateKeyRequest) (*cabinetv1.CreateKeyResponse, error) {
	p := access.PersonFrom(ctx)
	a := people.Assignment{Role: r.GetAssignment().GetRole(), Node: r.GetAssignment().GetNodeId()}
	k, secret, err := o.s.People.NewKey(ctx, p, r.GetName(), a, micros(r.GetExpiresMs()))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.CreateKeyResponse{Key: keyView(k), Secret: secret}, nil
}

// RevokeKey implements OrganisationService. It asks for no proof: to shut a door must be quick.
func (o *organisationService) RevokeKey(ctx context.Context, r *cabinetv1.RevokeKeyRequest) (*cabinetv1.RevokeKeyResponse, error) {
	if err := o.s.People.RevokeKey(ctx, access.PersonFrom(ctx), r.GetId()); err != nil {
		return nil, err
	}
	return &cabinetv1.RevokeKeyResponse{}, nil
}
