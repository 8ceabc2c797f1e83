package api

import (
	"context"
	"math"
	"net/url"
	"strings"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/people"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
)

var _ cabinetv1connect.OrganisationServiceHandler = (*organisationService)(nil)

type organisationService struct{ s *Server }

// Headers of a refusal that says its reason: the field of the request it is about, and the values of its sentence as a query.
const (
	fieldHeader = "Chekan-Field"
	argsHeader  = "Chekan-Args"
)

// refusalCodes maps kinds of refusals to codes of Connect.
var refusalCodes = map[error]connect.Code{
	people.ErrNotFound: connect.CodeNotFound,
	people.ErrInvalid:  connect.CodeInvalidArgument,
	people.ErrConflict: connect.CodeFailedPrecondition,
	people.ErrDenied:   connect.CodePermissionDenied,
	people.ErrOften:    connect.CodeResourceExhausted,
}

// refusalError tells a refusal with its reason, so that a screen finds a sentence for it in its language.
func refusalError(r *people.Refusal) error {
	e := connect.NewError(refusalCodes[r.Kind], r)
	e.Meta().Set(reasonHeader, r.Reason)
	if r.Field != "" {
		e.Meta().Set(fieldHeader, r.Field)
	}
	if len(r.Args) > 0 {
		values := url.Values{}
		for name, value := range r.Args {
			values.Set(name, value)
		}
		e.Meta().Set(argsHeader, values.Encode())
	}
	return e
}

// micros is a moment of the contract as the cabinet keeps it; what is out of bounds is long ago, and refused as such.
func micros(ms int64) int64 {
	if ms < 0 || ms > math.MaxInt64/1000 {
		return -1
	}
	return ms * 1000
}

var organisationKinds = map[string]cabinetv1.OrganisationKind{
	access.KindOwner: cabinetv1.OrganisationKind_ORGANISATION_KIND_OWNER, access.KindService: cabinetv1.OrganisationKind_ORGANISATION_KIND_SERVICE,
}

func organisationView(o people.Organisation) *cabinetv1.Organisation {
	return &cabinetv1.Organisation{
		Id: o.ID, Kind: organisationKinds[o.Kind], Country: o.Country, TaxId: o.TaxID, Name: o.Name, Email: o.Email, Phone: o.Phone, Address: o.Address, Hours: o.Hours,
		CreatedMs: o.CreatedAt / 1000, PartnerCode: o.PartnerCode,
	}
}

func organisationOf(v *cabinetv1.Organisation) people.Organisation {
	o := people.Organisation{Country: v.GetCountry(), TaxID: v.GetTaxId(), Name: v.GetName(), Email: v.GetEmail(), Phone: v.GetPhone(), Address: v.GetAddress(), Hours: v.GetHours()}
	for kind, number := range organisationKinds {
		if number == v.GetKind() {
			o.Kind = kind
		}
	}
	return o
}

// GetOrganisation implements OrganisationService.
func (o *organisationService) GetOrganisation(ctx context.Context, _ *cabinetv1.GetOrganisationRequest) (*cabinetv1.GetOrganisationResponse, error) {
	p := access.PersonFrom(ctx)
	org, err := o.s.People.Organisation(ctx, p.OrganisationID)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetOrganisationResponse{Organisation: organisationView(org), MayChange: p.CanAll(access.PeopleManage)}, nil
}

// UpdateOrganisation implements OrganisationService.
func (o *organisationService) UpdateOrganisation(ctx context.Context, r *cabinetv1.UpdateOrganisationRequest) (*cabinetv1.UpdateOrganisationResponse, error) {
	org, err := o.s.People.Update(ctx, access.PersonFrom(ctx), organisationOf(r.GetOrganisation()))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.UpdateOrganisationResponse{Organisation: organisationView(org)}, nil
}

// CreateOrganisation implements OrganisationService.
func (o *organisationService) CreateOrganisation(ctx context.Context, r *cabinetv1.CreateOrganisationRequest) (*cabinetv1.CreateOrganisationResponse, error) {
	org, err := o.s.People.Create(ctx, access.PersonFrom(ctx), organisationOf(r.GetOrganisation()))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.CreateOrganisationResponse{Organisation: organisationView(org)}, nil
}

// ListNodes implements OrganisationService.
func (o *organisationService) ListNodes(ctx context.Context, _ *cabinetv1.ListNodesRequest) (*cabinetv1.ListNodesResponse, error) {
	list, err := o.s.People.Nodes(ctx, access.PersonFrom(ctx), access.PeopleManage, access.APIManage)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListNodesResponse{}
	for _, n := range list {
		res.Nodes = append(res.Nodes, &cabinetv1.TreeNode{
			Id: n.ID, ParentId: n.Parent, Kind: cabinetv1.PlaceKind(n.Kind), Name: n.Name, Depth: uint32(n.Depth),
		})
	}
	return res, nil
}

func assignmentsOf(list []*cabinetv1.Assignment) []people.Assignment {
	var all []people.Assignment
	for _, a := range list {
		all = append(all, people.Assignment{Role: a.GetRole(), Node: a.GetNodeId()})
	}
	return all
}

func assignedView(a people.Assigned) *cabinetv1.Assignment {
	return &cabinetv1.Assignment{Role: a.Role, NodeId: a.Node, RoleName: a.RoleName, NodeName: a.NodeName, NodeKind: cabinetv1.PlaceKind(a.NodeKind)}
}

func assignedViews(list []people.Assigned) []*cabinetv1.Assignment {
	views := make([]*cabinetv1.Assignment, 0, len(list))
	for _, a := range list {
		views = append(views, assignedView(a))
	}
	return views
}

func memberView(m people.Member) *cabinetv1.Member {
	return &cabinetv1.Member{
		Id: m.ID, Login: m.Login, Name: m.Name, Assignments: assignedViews(m.Assignments), SeenMs: m.SeenAt / 1000, SinceMs: m.SinceAt / 1000,
		BlockedMs: m.BlockedAt / 1000, Me: m.Me, MayRemove: m.MayRemove, LastAdministrator: m.LastOne, Elsewhere: m.Elsewhere,
	}
}

func invitationView(i people.Invitation) *cabinetv1.Invitation {
	return &cabinetv1.Invitation{
		Id: i.ID, Recipient: i.Recipient, Name: i.Name, Assignments: assignedViews(i.Assignments), CreatedMs: i.CreatedAt / 1000, CreatedBy: i.Inviter,
		SentMs: i.SentAt / 1000, ExpiresMs: i.ExpiresAt / 1000,
	}
}

// ListPeople implements OrganisationService.
func (o *organisationService) ListPeople(ctx context.Context, _ *cabinetv1.ListPeopleRequest) (*cabinetv1.ListPeopleResponse, error) {
	p := access.PersonFrom(ctx)
	members, err := o.s.People.Members(ctx, p)
	if err != nil {
		return nil, err
	}
	invitations, err := o.s.People.Invitations(ctx, p)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListPeopleResponse{}
	for _, m := range members {
		res.People = append(res.People, memberView(m))
	}
	for _, i := range invitations {
		res.Invitations = append(res.Invitations, invitationView(i))
	}
	return res, nil
}

// InvitePerson implements OrganisationService.
func (o *organisationService) InvitePerson(ctx context.Context, r *cabinetv1.InvitePersonRequest) (*cabinetv1.InvitePersonResponse, error) {
	i, err := o.s.People.Invite(ctx, access.PersonFrom(ctx), r.GetRecipient(), r.GetName(), assignmentsOf(r.GetAssignments()), r.GetLang())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.InvitePersonResponse{Invitation: invitationView(i)}, nil
}

// ResendInvitation implements OrganisationService.
func (o *organisationService) ResendInvitation(ctx context.Context, r *cabinetv1.ResendInvitationRequest) (*cabinetv1.ResendInvitationResponse, error) {
	i, err := o.s.People.Resend(ctx, access.PersonFrom(ctx), r.GetId(), r.GetLang())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ResendInvitationResponse{Invitation: invitationView(i)}, nil
}

// RevokeInvitation implements OrganisationService.
func (o *organisationService) RevokeInvitation(ctx context.Context, r *cabinetv1.RevokeInvitationRequest) (*cabinetv1.RevokeInvitationResponse, error) {
	if err := o.s.People.Uninvite(ctx, access.PersonFrom(ctx), r.GetId()); err != nil {
		return nil, err
	}
	return &cabinetv1.RevokeInvitationResponse{}, nil
}

// SetRights implements OrganisationService.
func (o *organisationService) SetRights(ctx context.Context, r *cabinetv1.SetRightsRequest) (*cabinetv1.SetRightsResponse, error) {
	p := access.PersonFrom(ctx)
	m, err := o.s.People.SetRights(ctx, p, r.GetPersonId(), assignmentsOf(r.GetAssignments()))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.SetRightsResponse{Person: memberView(m)}, nil
}

// BlockPerson implements OrganisationService.
func (o *organisationService) BlockPerson(ctx context.Context, r *cabinetv1.BlockPersonRequest) (*cabinetv1.BlockPersonResponse, error) {
	m, err := o.s.People.Block(ctx, access.PersonFrom(ctx), r.GetPersonId(), r.GetBlocked())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.BlockPersonResponse{Person: memberView(m)}, nil
}

// RemovePerson implements OrganisationService.
func (o *organisationService) RemovePerson(ctx context.Context, r *cabinetv1.RemovePersonRequest) (*cabinetv1.RemovePersonResponse, error) {
	p := access.PersonFrom(ctx)
	if err := o.s.People.Remove(ctx, p, r.GetPersonId()); err != nil {
		return nil, err
	}
	return &cabinetv1.RemovePersonResponse{}, nil
}

func permissionsView(may access.Set) []string { return strings.Fields(may.String()) }

func roleView(r people.Role) *cabinetv1.Role {
	return &cabinetv1.Role{Id: r.ID, Name: r.Name, Permissions: permissionsView(r.May), Used: uint32(r.Used), Usual: r.Usual, MayGive: r.MayGive}
}

// ListRoles implements OrganisationService.
func (o *organisationService) ListRoles(ctx context.Context, _ *cabinetv1.ListRolesRequest) (*cabinetv1.ListRolesResponse, error) {
	list, err := o.s.People.Roles(ctx, access.PersonFrom(ctx))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListRolesResponse{}
	for _, r := range list {
		res.Roles = append(res.Roles, roleView(r))
	}
	for _, g := range access.Permissions() {
		res.Permissions = append(res.Permissions, string(g.Permission))
	}
	return res, nil
}

// PutRole implements OrganisationService.
func (o *organisationService) PutRole(ctx context.Context, r *cabinetv1.PutRoleRequest) (*cabinetv1.PutRoleResponse, error) {
	p := access.PersonFrom(ctx)
	role, err := o.s.People.PutRole(ctx, p, people.Role{
		ID: r.GetRole().GetId(), Name: r.GetRole().GetName(), May: access.ParseSet(strings.Join(r.GetRole().GetPermissions(), " ")),
	})
	if err != nil {
		return nil, err
	}
	return &cabinetv1.PutRoleResponse{Role: roleView(role)}, nil
}

// DeleteRole implements OrganisationService.
func (o *organisationService) DeleteRole(ctx context.Context, r *cabinetv1.DeleteRoleRequest) (*cabinetv1.DeleteRoleResponse, error) {
	if err := o.s.People.DeleteRole(ctx, access.PersonFrom(ctx), r.GetId()); err != nil {
		return nil, err
	}
	return &cabinetv1.DeleteRoleResponse{}, nil
}
