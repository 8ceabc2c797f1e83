package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
)

var (
	_ cabinetv1connect.AccessServiceHandler   = (*accessService)(nil)
	_ uplinkv1connect.EnrolmentServiceHandler = (*enrolmentService)(nil)
)

type accessService struct{ s *Server }

func personView(p *access.Person) *cabinetv1.Person {
	return &cabinetv1.Person{
		Id: p.ID, Login: p.Login, Name: p.Name, OrganisationId: p.OrganisationID, Organisation: p.Organisation, Permissions: p.Permissions(),
	}
}

func (a *accessService) cookie(value string, life time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: int(life.Seconds()), HttpOnly: true, Secure: a.s.Secure, SameSite: http.SameSiteStrictMode,
	}
}

// SignIn implements AccessService.
func (a *accessService) SignIn(ctx context.Context, r *cabinetv1.SignInRequest) (*cabinetv1.SignInResponse, error) {
	address, info := a.s.caller(ctx)
	secret, p, err := a.s.Access.SignIn(ctx, r.GetLogin(), r.GetPassword(), address, info.RequestHeader().Get("User-Agent"))
	if err != nil {
		return nil, err
	}
	info.ResponseHeader().Set("Set-Cookie", a.cookie(secret, 30*24*time.Hour).String()) // the server's own limit is shorter and slides
	return &cabinetv1.SignInResponse{Person: personView(p)}, nil
}

// SignOut implements AccessService.
func (a *accessService) SignOut(ctx context.Context, _ *cabinetv1.SignOutRequest) (*cabinetv1.SignOutResponse, error) {
	_, info := a.s.caller(ctx)
	if err := a.s.Access.SignOut(ctx, token(info.RequestHeader())); err != nil {
		return nil, err
	}
	gone := a.cookie("", 0)
	gone.MaxAge = -1
	info.ResponseHeader().Set("Set-Cookie", gone.String())
	return &cabinetv1.SignOutResponse{}, nil
}

// WhoAmI implements AccessService.
func (a *accessService) WhoAmI(ctx context.Context, _ *cabinetv1.WhoAmIRequest) (*cabinetv1.WhoAmIResponse, error) {
	return &cabinetv1.WhoAmIResponse{Person: personView(access.PersonFrom(ctx))}, nil
}

// ChangePassword implements AccessService.
func (a *accessService) ChangePassword(ctx context.Context, r *cabinetv1.ChangePasswordRequest) (*cabinetv1.ChangePasswordResponse, error) {
	_, info := a.s.caller(ctx)
	err := a.s.Access.ChangePassword(ctx, access.PersonFrom(ctx), token(info.RequestHeader()), r.GetCurrent(), r.GetNext())
	if errors.Is(err, access.ErrCredentials) { // the session is good: "unauthenticated" would send them to the sign-in page
		return nil, connect.NewError(connect.CodePermissionDenied, err)
	}
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ChangePasswordResponse{}, nil
}

type enrolmentService struct{ s *Server }

// Enroll implements EnrolmentService.
func (e *enrolmentService) Enroll(ctx context.Context, r *uplinkv1.EnrollRequest) (*uplinkv1.EnrollResponse, error) {
	address, _ := e.s.caller(ctx)
	agent, certificate, err := e.s.Access.Enroll(ctx, r.GetCode(), r.GetCsr(), r.GetHost(), r.GetVersion(), address)
	if err != nil {
		return nil, err
	}
	return &uplinkv1.EnrollResponse{
		AgentId: agent.ID, Certificate: certificate, Authority: e.s.Authority.Certificate(), UplinkUrl: e.s.UplinkURL, BrokerUrl: e.s.BrokerURL,
		Organisation: agent.Organisation,
	}, nil
}
