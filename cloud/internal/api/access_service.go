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
		Kind: p.Kind, Country: p.Country,
	}
}

// Cookies. The long one goes to one service only: nothing else can lose it.
const (
	cookieName = "chekan_session"
	longName   = "chekan_device"
	longPath   = "/cabinet.v1.AccessService/"
)

func (s *Server) cookie(name, value, path string, life time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: path, MaxAge: int(life.Seconds()), HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteStrictMode,
	}
}

// cookies gives a browser the tokens of a session.
func (s *Server) cookies(h http.Header, t access.Tokens) {
	if t.Short == "" {
		return
	}
	h.Add("Set-Cookie", s.cookie(cookieName, t.Short, "/", access.SessionLife).String())
	if t.Long != "" {
		life := time.Duration(0) // until the browser is closed
		if t.Remembered {
			life = access.DeviceIdle
		}
		h.Add("Set-Cookie", s.cookie(longName, t.Long, longPath, life).String())
	}
}

// forget takes both cookies away.
func (s *Server) forget(h http.Header) {
	for name, path := range map[string]string{cookieName: "/", longName: longPath} {
		gone := s.cookie(name, "", path, 0)
		gone.MaxAge = -1
		h.Add("Set-Cookie", gone.String())
	}
}

// cookieOf is the value of a cookie of a call.
func cookieOf(header http.Header, name string) string {
	c, err := (&http.Request{Header: header}).Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// from is where a call comes from, with what else it carries.
func (a *accessService) from(ctx context.Context) (access.Caller, connect.CallInfo) {
	address, info := a.s.caller(ctx)
	return access.Caller{Address: address, Browser: info.RequestHeader().Get("User-Agent")}, info
}

// own has a wrong password of somebody whose session is good not be answered as "unauthenticated", which would send them to the sign-in
// page.
func own(err error, field string) error {
	if !errors.Is(err, access.ErrCredentials) {
		return err
	}
	e := connect.NewError(connect.CodePermissionDenied, err)
	e.Meta().Set(reasonHeader, "wrong")
	e.Meta().Set(fieldHeader, field)
	return e
}

// GetEntrance implements AccessService.
func (a *accessService) GetEntrance(ctx context.Context, _ *cabinetv1.GetEntranceRequest) (*cabinetv1.GetEntranceResponse, error) {
	e := a.s.Access.Entrance(hostOf(ctx))
	return &cabinetv1.GetEntranceResponse{
		SignUp: e.SignUp, Oidc: e.OIDC, Passkeys: e.Passkeys, Terms: e.Terms, TermsUrl: e.TermsURL,
		MinLength: access.MinLength, MaxLength: access.MaxLength, MinStrength: access.MinStrength, Support: contactsView(a.s.Support),
	}, nil
}

type hostKey struct{}

// hostOf is the host a browser came to.
func hostOf(ctx context.Context) string {
	host, _ := ctx.Value(hostKey{}).(string)
	return host
}

// SignIn implements AccessService.
func (a *accessService) SignIn(ctx context.Context, r *cabinetv1.SignInRequest) (*cabinetv1.SignInResponse, error) {
	from, info := a.from(ctx)
	e, err := a.s.Access.SignIn(ctx, access.Credentials{Login: r.GetLogin(), Password: r.GetPassword(), Remember: r.GetRemember(), From: from})
	if err != nil {
		return nil, err
	}
	a.s.cookies(info.ResponseHeader(), e.Tokens)
	return &cabinetv1.SignInResponse{Person: entered(e), Challenge: challengeView(e.Challenge)}, nil
}

// entered is the person of an entry; nil while the second factor is asked for.
func entered(e access.Entry) *cabinetv1.Person {
	if e.Person == nil {
		return nil
	}
	return personView(e.Person)
}

// FinishSignIn implements AccessService.
func (a *accessService) FinishSignIn(ctx context.Context, r *cabinetv1.FinishSignInRequest) (*cabinetv1.FinishSignInResponse, error) {
	from, info := a.from(ctx)
	e, err := a.s.Access.FinishSignIn(ctx, r.GetTicket(), access.Answer{TOTP: r.GetTotp(), Recovery: r.GetRecovery(), Passkey: r.GetPasskey()}, from)
	if err != nil {
		return nil, err
	}
	a.s.cookies(info.ResponseHeader(), e.Tokens)
	return &cabinetv1.FinishSignInResponse{Person: entered(e)}, nil
}

// GetChallenge implements AccessService.
func (a *accessService) GetChallenge(ctx context.Context, r *cabinetv1.GetChallengeRequest) (*cabinetv1.GetChallengeResponse, error) {
	from, _ := a.from(ctx)
	c, err := a.s.Access.Challenged(ctx, r.GetTicket(), from)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetChallengeResponse{Challenge: challengeView(c)}, nil
}

// BeginPasskeySignIn implements AccessService.
func (a *accessService) BeginPasskeySignIn(ctx context.Context, _ *cabinetv1.BeginPasskeySignInRequest) (*cabinetv1.BeginPasskeySignInResponse, error) {
	from, _ := a.from(ctx)
	c, err := a.s.Access.BeginPasskeySignIn(ctx, from)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.BeginPasskeySignInResponse{Ticket: c.Ticket, Options: c.Options}, nil
}

// FinishPasskeySignIn implements AccessService.
func (a *accessService) FinishPasskeySignIn(ctx context.Context, r *cabinetv1.FinishPasskeySignInRequest) (*cabinetv1.FinishPasskeySignInResponse, error) {
	from, info := a.from(ctx)
	e, err := a.s.Access.FinishPasskeySignIn(ctx, r.GetTicket(), r.GetCredential(), r.GetRemember(), from)
	if err != nil {
		return nil, err
	}
	a.s.cookies(info.ResponseHeader(), e.Tokens)
	return &cabinetv1.FinishPasskeySignInResponse{Person: entered(e)}, nil
}

// SignOut implements AccessService.
func (a *accessService) SignOut(ctx context.Context, _ *cabinetv1.SignOutRequest) (*cabinetv1.SignOutResponse, error) {
	_, info := a.from(ctx)
	if err := a.s.Access.SignOut(ctx, token(info.RequestHeader()), cookieOf(info.RequestHeader(), longName)); err != nil {
		return nil, err
	}
	a.s.forget(info.ResponseHeader())
	return &cabinetv1.SignOutResponse{}, nil
}

// Refresh implements AccessService.
func (a *accessService) Refresh(ctx context.Context, _ *cabinetv1.RefreshRequest) (*cabinetv1.RefreshResponse, error) {
	from, info := a.from(ctx)
	t, err := a.s.Access.Refresh(ctx, cookieOf(info.RequestHeader(), longName), from)
	if err != nil {
		return nil, err
	}
	a.s.cookies(info.ResponseHeader(), t)
	return &cabinetv1.RefreshResponse{Seconds: int32(access.SessionLife / time.Second)}, nil
}

// WhoAmI implements AccessService.
func (a *accessService) WhoAmI(ctx context.Context, _ *cabinetv1.WhoAmIRequest) (*cabinetv1.WhoAmIResponse, error) {
	p := access.PersonFrom(ctx)
	st := &cabinetv1.Standing{Language: p.Standing.Language, FactorDue: errors.Is(p.Standing.Due, access.ErrFactor)}
	if errors.Is(p.Standing.Due, access.ErrTerms) {
		st.TermsDue = a.s.Access.Entrance("").Terms
	}
	if p.Proven(a.s.Now()) == nil {
		st.ProvenUntil = p.Standing.ProvenUntil.UnixMicro()
	}
	works, err := a.s.Access.Works(ctx, p)
	if err != nil {
		return nil, err
	}
	view := personView(p)
	for _, w := range works {
		view.Organisations = append(view.Organisations, &cabinetv1.Workplace{Id: w.ID, Name: w.Name, Kind: w.Kind, Country: w.Country})
	}
	return &cabinetv1.WhoAmIResponse{Person: view, Standing: st}, nil
}

// ChangePassword implements AccessService.
func (a *accessService) ChangePassword(ctx context.Context, r *cabinetv1.ChangePasswordRequest) (*cabinetv1.ChangePasswordResponse, error) {
	if err := a.s.Access.ChangePassword(ctx, access.PersonFrom(ctx), r.GetCurrent(), r.GetNext()); err != nil {
		return nil, own(err, "current")
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
