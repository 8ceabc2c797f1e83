package api

import (
	"context"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// factors are the words of the contract for what people prove themselves with.
var factors = map[access.Factor]cabinetv1.Factor{
	access.ByPassword: cabinetv1.Factor_FACTOR_PASSWORD,
	access.ByTOTP:     cabinetv1.Factor_FACTOR_TOTP,
	access.ByRecovery: cabinetv1.Factor_FACTOR_RECOVERY,
	access.ByPasskey:  cabinetv1.Factor_FACTOR_PASSKEY,
	access.ByOIDC:     cabinetv1.Factor_FACTOR_OIDC,
}

func factorViews(list []access.Factor) []cabinetv1.Factor {
	views := make([]cabinetv1.Factor, len(list))
	for i, f := range list {
		views[i] = factors[f]
	}
	return views
}

func challengeView(c *access.Challenge) *cabinetv1.Challenge {
	if c == nil {
		return nil
	}
	return &cabinetv1.Challenge{Ticket: c.Ticket, Factors: factorViews(c.Factors), PasskeyOptions: c.Options}
}

// sinceEpoch is a moment as the contract has it; 0 is none.
func sinceEpoch(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

var channels = map[cabinetv1.Channel]string{
	cabinetv1.Channel_CHANNEL_PHONE: access.PhoneChannel,
	cabinetv1.Channel_CHANNEL_EMAIL: access.EmailChannel,
}

// ListDevices implements AccessService.
func (a *accessService) ListDevices(ctx context.Context, _ *cabinetv1.ListDevicesRequest) (*cabinetv1.ListDevicesResponse, error) {
	list, err := a.s.Access.Devices(ctx, access.PersonFrom(ctx))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListDevicesResponse{}
	for _, d := range list {
		res.Devices = append(res.Devices, &cabinetv1.Device{
			Id: d.ID, Browser: d.Browser, Address: d.Address, CreatedAt: d.CreatedAt.UnixMicro(), SeenAt: d.SeenAt.UnixMicro(),
			Current: d.Current, Remembered: d.Remembered, Factors: factorViews(d.Factors),
		})
	}
	return res, nil
}

// RevokeDevice implements AccessService.
func (a *accessService) RevokeDevice(ctx context.Context, r *cabinetv1.RevokeDeviceRequest) (*cabinetv1.RevokeDeviceResponse, error) {
	p := access.PersonFrom(ctx)
	if err := a.s.Access.RevokeDevice(ctx, p, r.GetId()); err != nil {
		return nil, err
	}
	if _, info := a.from(ctx); r.GetId() == p.Standing.Device {
		a.s.forget(info.ResponseHeader())
	}
	return &cabinetv1.RevokeDeviceResponse{}, nil
}

// RevokeOtherDevices implements AccessService.
func (a *accessService) RevokeOtherDevices(ctx context.Context, _ *cabinetv1.RevokeOtherDevicesRequest) (*cabinetv1.RevokeOtherDevicesResponse, error) {
	n, err := a.s.Access.RevokeOthers(ctx, access.PersonFrom(ctx))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.RevokeOtherDevicesResponse{Revoked: int32(n)}, nil
}

func passkeyView(k access.Passkey) *cabinetv1.Passkey {
	return &cabinetv1.Passkey{Id: k.ID, Name: k.Name, CreatedAt: sinceEpoch(k.CreatedAt), UsedAt: sinceEpoch(k.UsedAt), Synced: k.Synced}
}

// GetSecurity implements AccessService.
func (a *accessService) GetSecurity(ctx context.Context, _ *cabinetv1.GetSecurityRequest) (*cabinetv1.GetSecurityResponse, error) {
	p := access.PersonFrom(ctx)
	s, err := a.s.Access.Security(ctx, p)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.GetSecurityResponse{
		Login: s.Login, Name: s.Name, Email: s.Email, Phone: s.Phone, Language: s.Language, TotpAt: sinceEpoch(s.TOTPAt), RecoveryCodes: int32(s.RecoveryCodes),
		PasskeysPossible: a.s.Access.Entrance(hostOf(ctx)).Passkeys, FactorRequired: s.FactorRequired, OrganisationRequires: s.OrganisationRequires,
		MayRequire: p.CanAll(access.PeopleManage), PasswordAt: sinceEpoch(s.PasswordAt), Terms: s.Terms, TermsAt: sinceEpoch(s.TermsAt), Oidc: s.OIDC,
	}
	for _, k := range s.Passkeys {
		res.Passkeys = append(res.Passkeys, passkeyView(k))
	}
	if s.Pending != nil {
		res.Pending = &cabinetv1.ContactChange{Value: s.Pending.Value, At: sinceEpoch(s.Pending.At)}
		for channel, name := range channels {
			if name == s.Pending.Channel {
				res.Pending.Channel = channel
			}
		}
	}
	return res, nil
}

// SetProfile implements AccessService.
func (a *accessService) SetProfile(ctx context.Context, r *cabinetv1.SetProfileRequest) (*cabinetv1.SetProfileResponse, error) {
	if err := a.s.Access.SetProfile(ctx, access.PersonFrom(ctx), r.GetName(), r.GetLanguage()); err != nil {
		return nil, err
	}
	return &cabinetv1.SetProfileResponse{}, nil
}

// AcceptTerms implements AccessService.
func (a *accessService) AcceptTerms(ctx context.Context, r *cabinetv1.AcceptTermsRequest) (*cabinetv1.AcceptTermsResponse, error) {
	from, _ := a.from(ctx)
	if err := a.s.Access.AcceptTerms(ctx, access.PersonFrom(ctx), r.GetTerms(), from); err != nil {
		return nil, err
	}
	return &cabinetv1.AcceptTermsResponse{}, nil
}

// BeginTOTP implements AccessService.
func (a *accessService) BeginTOTP(ctx context.Context, _ *cabinetv1.BeginTOTPRequest) (*cabinetv1.BeginTOTPResponse, error) {
	t, err := a.s.Access.BeginTOTP(ctx, access.PersonFrom(ctx))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.BeginTOTPResponse{Uri: t.URI, Secret: t.Secret, QrSvg: t.SVG}, nil
}

// ConfirmTOTP implements AccessService.
func (a *accessService) ConfirmTOTP(ctx context.Context, r *cabinetv1.ConfirmTOTPRequest) (*cabinetv1.ConfirmTOTPResponse, error) {
	list, err := a.s.Access.ConfirmTOTP(ctx, access.PersonFrom(ctx), r.GetCode())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ConfirmTOTPResponse{RecoveryCodes: list}, nil
}

// RemoveTOTP implements AccessService.
func (a *accessService) RemoveTOTP(ctx context.Context, _ *cabinetv1.RemoveTOTPRequest) (*cabinetv1.RemoveTOTPResponse, error) {
	if err := a.s.Access.RemoveTOTP(ctx, access.PersonFrom(ctx)); err != nil {
		return nil, err
	}
	return &cabinetv1.RemoveTOTPResponse{}, nil
}

// RenewRecoveryCodes implements AccessService.
func (a *accessService) RenewRecoveryCodes(ctx context.Context, _ *cabinetv1.RenewRecoveryCodesRequest) (*cabinetv1.RenewRecoveryCodesResponse, error) {
	list, err := a.s.Access.RenewRecovery(ctx, access.PersonFrom(ctx))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.RenewRecoveryCodesResponse{RecoveryCodes: list}, nil
}

// BeginPasskey implements AccessService.
func (a *accessService) BeginPasskey(ctx context.Context, _ *cabinetv1.BeginPasskeyRequest) (*cabinetv1.BeginPasskeyResponse, error) {
	c, err := a.s.Access.BeginPasskey(ctx, access.PersonFrom(ctx))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.BeginPasskeyResponse{Ticket: c.Ticket, Options: c.Options}, nil
}

// AddPasskey implements AccessService.
func (a *accessService) AddPasskey(ctx context.Context, r *cabinetv1.AddPasskeyRequest) (*cabinetv1.AddPasskeyResponse, error) {
	k, recovery, err := a.s.Access.AddPasskey(ctx, access.PersonFrom(ctx), r.GetTicket(), r.GetCredential(), r.GetName())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.AddPasskeyResponse{Passkey: passkeyView(k), RecoveryCodes: recovery}, nil
}

// RenamePasskey implements AccessService.
func (a *accessService) RenamePasskey(ctx context.Context, r *cabinetv1.RenamePasskeyRequest) (*cabinetv1.RenamePasskeyResponse, error) {
	if err := a.s.Access.RenamePasskey(ctx, access.PersonFrom(ctx), r.GetId(), r.GetName()); err != nil {
		return nil, err
	}
	return &cabinetv1.RenamePasskeyResponse{}, nil
}

// RemovePasskey implements AccessService.
func (a *accessService) RemovePasskey(ctx context.Context, r *cabinetv1.RemovePasskeyRequest) (*cabinetv1.RemovePasskeyResponse, error) {
	if err := a.s.Access.RemovePasskey(ctx, access.PersonFrom(ctx), r.GetId()); err != nil {
		return nil, err
	}
	return &cabinetv1.RemovePasskeyResponse{}, nil
}

// StartContactChange implements AccessService.
func (a *accessService) StartContactChange(ctx context.Context, r *cabinetv1.StartContactChangeRequest) (*cabinetv1.StartContactChangeResponse, error) {
	from, _ := a.from(ctx)
	at, asked, err := a.s.Access.StartContactChange(ctx, access.PersonFrom(ctx), channels[r.GetChannel()], r.GetValue(), r.GetLost(), from)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.StartContactChangeResponse{Attempt: attemptView(at), OldCode: asked}, nil
}

// ConfirmContactChange implements AccessService.
func (a *accessService) ConfirmContactChange(ctx context.Context, r *cabinetv1.ConfirmContactChangeRequest) (*cabinetv1.ConfirmContactChangeResponse, error) {
	at, err := a.s.Access.ConfirmContactChange(ctx, access.PersonFrom(ctx), r.GetTicket(), r.GetCode(), r.GetOldCode())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ConfirmContactChangeResponse{At: sinceEpoch(at)}, nil
}

// CancelContactChange implements AccessService.
func (a *accessService) CancelContactChange(ctx context.Context, r *cabinetv1.CancelContactChangeRequest) (*cabinetv1.CancelContactChangeResponse, error) {
	from, _ := a.from(ctx)
	if err := a.s.Access.CancelContactChange(ctx, a.maybe(ctx), r.GetToken(), from); err != nil {
		return nil, err
	}
	return &cabinetv1.CancelContactChangeResponse{}, nil
}

// BeginProof implements AccessService.
func (a *accessService) BeginProof(ctx context.Context, _ *cabinetv1.BeginProofRequest) (*cabinetv1.BeginProofResponse, error) {
	c, err := a.s.Access.BeginProof(ctx, access.PersonFrom(ctx))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.BeginProofResponse{Challenge: challengeView(c)}, nil
}

// Prove implements AccessService.
func (a *accessService) Prove(ctx context.Context, r *cabinetv1.ProveRequest) (*cabinetv1.ProveResponse, error) {
	until, err := a.s.Access.Prove(ctx, access.PersonFrom(ctx), access.Proof{
		Password: r.GetPassword(), TOTP: r.GetTotp(), Passkey: r.GetPasskey(), Ticket: r.GetTicket(),
	})
	if err != nil {
		return nil, own(err, "password")
	}
	return &cabinetv1.ProveResponse{ProvenUntil: until.UnixMicro()}, nil
}

// SetFactorRule implements AccessService.
func (a *accessService) SetFactorRule(ctx context.Context, r *cabinetv1.SetFactorRuleRequest) (*cabinetv1.SetFactorRuleResponse, error) {
	p := access.PersonFrom(ctx)
	if !p.CanAll(access.PeopleManage) {
		return nil, access.ErrForbidden
	}
	if err := a.s.Access.SetFactorRule(ctx, p, r.GetRequired()); err != nil {
		return nil, err
	}
	return &cabinetv1.SetFactorRuleResponse{}, nil
}
