package api

import (
	"context"
	"slices"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

func attemptView(at access.Attempt) *cabinetv1.Attempt {
	return &cabinetv1.Attempt{Ticket: at.Ticket, ExpiresAt: at.Expires.UnixMicro(), AgainAt: at.Again.UnixMicro(), Hints: at.Hints}
}

// StartSignUp implements AccessService.
func (a *accessService) StartSignUp(ctx context.Context, r *cabinetv1.StartSignUpRequest) (*cabinetv1.StartSignUpResponse, error) {
	from, _ := a.from(ctx)
	at, err := a.s.Access.StartSignUp(ctx, access.SignUp{
		Organisation: access.Founding{Country: r.GetCountry(), Kind: r.GetKind(), TaxID: r.GetTaxId(), Name: r.GetOrganisation()},
		Name:         r.GetName(), Email: r.GetEmail(), Phone: r.GetPhone(), Password: r.GetPassword(), PartnerCode: r.GetPartnerCode(),
		Terms: r.GetTerms(), Language: r.GetLanguage(),
	}, from)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.StartSignUpResponse{Attempt: attemptView(at)}, nil
}

// ConfirmSignUp implements AccessService.
func (a *accessService) ConfirmSignUp(ctx context.Context, r *cabinetv1.ConfirmSignUpRequest) (*cabinetv1.ConfirmSignUpResponse, error) {
	from, info := a.from(ctx)
	e, requested, err := a.s.Access.ConfirmSignUp(ctx, r.GetTicket(), r.GetPhoneCode(), r.GetEmailCode(), from)
	if err != nil {
		return nil, err
	}
	a.s.cookies(info.ResponseHeader(), e.Tokens)
	return &cabinetv1.ConfirmSignUpResponse{Person: entered(e), Requested: requested}, nil
}

// SendCodeAgain implements AccessService.
func (a *accessService) SendCodeAgain(ctx context.Context, r *cabinetv1.SendCodeAgainRequest) (*cabinetv1.SendCodeAgainResponse, error) {
	from, _ := a.from(ctx)
	channel := r.GetChannel()
	at, err := a.s.Access.SendCodeAgain(ctx, r.GetTicket(), channel == cabinetv1.Channel_CHANNEL_PHONE, channel == cabinetv1.Channel_CHANNEL_EMAIL, from)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.SendCodeAgainResponse{Attempt: attemptView(at)}, nil
}

// GetInvitation implements AccessService.
func (a *accessService) GetInvitation(ctx context.Context, r *cabinetv1.GetInvitationRequest) (*cabinetv1.GetInvitationResponse, error) {
	from, _ := a.from(ctx)
	i, err := a.s.Access.Invitation(ctx, r.GetToken(), from)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetInvitationResponse{
		Organisation: i.Organisation, By: i.By, Role: i.Role, Contact: i.Contact, Known: i.Known, ExpiresAt: i.Expires.UnixMicro(), Name: i.Name,
	}, nil
}

// AcceptInvitation implements AccessService. It is open to everyone, and the session counts when there is one.
func (a *accessService) AcceptInvitation(ctx context.Context, r *cabinetv1.AcceptInvitationRequest) (*cabinetv1.AcceptInvitationResponse, error) {
	from, info := a.from(ctx)
	e, err := a.s.Access.AcceptInvitation(ctx, a.maybe(ctx), access.Joining{
		Secret: r.GetToken(), Name: r.GetName(), Password: r.GetPassword(), Terms: r.GetTerms(), Language: r.GetLanguage(),
	}, from)
	if err != nil {
		return nil, own(err, "password")
	}
	a.s.cookies(info.ResponseHeader(), e.Tokens)
	return &cabinetv1.AcceptInvitationResponse{Person: entered(e), Challenge: challengeView(e.Challenge), OrganisationId: e.OrganisationID}, nil
}

// maybe is who calls a method that is open to everyone; nil when nobody is signed in.
func (a *accessService) maybe(ctx context.Context) *access.Person {
	_, info := a.from(ctx)
	p, err := a.s.Access.Session(ctx, token(info.RequestHeader()))
	if err != nil {
		return nil
	}
	return p
}

// lacks are the words of the contract for what a password lacks.
var lacks = map[access.Lack]cabinetv1.PasswordReason{
	access.TooShort:  cabinetv1.PasswordReason_PASSWORD_REASON_SHORT,
	access.TooLong:   cabinetv1.PasswordReason_PASSWORD_REASON_LONG,
	access.TooPlain:  cabinetv1.PasswordReason_PASSWORD_REASON_PLAIN,
	access.TooCommon: cabinetv1.PasswordReason_PASSWORD_REASON_COMMON,
	access.OfOwn:     cabinetv1.PasswordReason_PASSWORD_REASON_OWN,
	access.OfRows:    cabinetv1.PasswordReason_PASSWORD_REASON_ROW,
}

// maxOwn bounds what a password is compared with.
const maxOwn = 10

// CheckPassword implements AccessService.
func (a *accessService) CheckPassword(ctx context.Context, r *cabinetv1.CheckPasswordRequest) (*cabinetv1.CheckPasswordResponse, error) {
	own := slices.Clone(r.GetOwn()[:min(len(r.GetOwn()), maxOwn)])
	for i := range own {
		own[i] = own[i][:min(len(own[i]), 200)]
	}
	if p := a.maybe(ctx); p != nil {
		own = append(own, p.Login, p.Name, p.Organisation)
	}
	s := access.Estimate(r.GetPassword(), own)
	res := &cabinetv1.CheckPasswordResponse{Strength: int32(s.Score), Good: s.Good()}
	for _, lack := range s.Lacks {
		res.Reasons = append(res.Reasons, lacks[lack])
	}
	return res, nil
}

// GeneratePassword implements AccessService.
func (a *accessService) GeneratePassword(context.Context, *cabinetv1.GeneratePasswordRequest) (*cabinetv1.GeneratePasswordResponse, error) {
	return &cabinetv1.GeneratePasswordResponse{Password: access.GeneratePassword()}, nil
}

// StartReset implements AccessService.
func (a *accessService) StartReset(ctx context.Context, r *cabinetv1.StartResetRequest) (*cabinetv1.StartResetResponse, error) {
	from, _ := a.from(ctx)
	at, err := a.s.Access.StartReset(ctx, r.GetLogin(), from)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.StartResetResponse{Attempt: attemptView(at)}, nil
}

// FinishReset implements AccessService.
func (a *accessService) FinishReset(ctx context.Context, r *cabinetv1.FinishResetRequest) (*cabinetv1.FinishResetResponse, error) {
	from, info := a.from(ctx)
	if err := a.s.Access.FinishReset(ctx, r.GetTicket(), r.GetCode(), r.GetPassword(), from); err != nil {
		return nil, err
	}
	a.s.forget(info.ResponseHeader())
	return &cabinetv1.FinishResetResponse{}, nil
}
