package api

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// errNotYet answers what this version of the cabinet does not do.
var errNotYet = connect.NewError(connect.CodeUnavailable, errors.New("this version of the cabinet does not do that"))

// GetEntrance implements AccessService.
func (a *accessService) GetEntrance(context.Context, *cabinetv1.GetEntranceRequest) (*cabinetv1.GetEntranceResponse, error) {
	return nil, errNotYet
}

// FinishSignIn implements AccessService.
func (a *accessService) FinishSignIn(context.Context, *cabinetv1.FinishSignInRequest) (*cabinetv1.FinishSignInResponse, error) {
	return nil, errNotYet
}

// BeginPasskeySignIn implements AccessService.
func (a *accessService) BeginPasskeySignIn(context.Context, *cabinetv1.BeginPasskeySignInRequest) (*cabinetv1.BeginPasskeySignInResponse, error) {
	return nil, errNotYet
}

// FinishPasskeySignIn implements AccessService.
func (a *accessService) FinishPasskeySignIn(context.Context, *cabinetv1.FinishPasskeySignInRequest) (*cabinetv1.FinishPasskeySignInResponse, error) {
	return nil, errNotYet
}

// Refresh implements AccessService.
func (a *accessService) Refresh(context.Context, *cabinetv1.RefreshRequest) (*cabinetv1.RefreshResponse, error) {
	return nil, errNotYet
}

// StartSignUp implements AccessService.
func (a *accessService) StartSignUp(context.Context, *cabinetv1.StartSignUpRequest) (*cabinetv1.StartSignUpResponse, error) {
	return nil, errNotYet
}

// ConfirmSignUp implements AccessService.
func (a *accessService) ConfirmSignUp(context.Context, *cabinetv1.ConfirmSignUpRequest) (*cabinetv1.ConfirmSignUpResponse, error) {
	return nil, errNotYet
}

// SendCodeAgain implements AccessService.
func (a *accessService) SendCodeAgain(context.Context, *cabinetv1.SendCodeAgainRequest) (*cabinetv1.SendCodeAgainResponse, error) {
	return nil, errNotYet
}

// GetInvitation implements AccessService.
func (a *accessService) GetInvitation(context.Context, *cabinetv1.GetInvitationRequest) (*cabinetv1.GetInvitationResponse, error) {
	return nil, errNotYet
}

// AcceptInvitation implements AccessService.
func (a *accessService) AcceptInvitation(context.Context, *cabinetv1.AcceptInvitationRequest) (*cabinetv1.AcceptInvitationResponse, error) {
	return nil, errNotYet
}

// CheckPassword implements AccessService.
func (a *accessService) CheckPassword(context.Context, *cabinetv1.CheckPasswordRequest) (*cabinetv1.CheckPasswordResponse, error) {
	return nil, errNotYet
}

// GeneratePassword implements AccessService.
func (a *accessService) GeneratePassword(context.Context, *cabinetv1.GeneratePasswordRequest) (*cabinetv1.GeneratePasswordResponse, error) {
	return nil, errNotYet
}

// StartReset implements AccessService.
func (a *accessService) StartReset(context.Context, *cabinetv1.StartResetRequest) (*cabinetv1.StartResetResponse, error) {
	return nil, errNotYet
}

// FinishReset implements AccessService.
func (a *accessService) FinishReset(context.Context, *cabinetv1.FinishResetRequest) (*cabinetv1.FinishResetResponse, error) {
	return nil, errNotYet
}

// ListDevices implements AccessService.
func (a *accessService) ListDevices(context.Context, *cabinetv1.ListDevicesRequest) (*cabinetv1.ListDevicesResponse, error) {
	return nil, errNotYet
}

// RevokeDevice implements AccessService.
func (a *accessService) RevokeDevice(context.Context, *cabinetv1.RevokeDeviceRequest) (*cabinetv1.RevokeDeviceResponse, error) {
	return nil, errNotYet
}

// RevokeOtherDevices implements AccessService.
func (a *accessService) RevokeOtherDevices(context.Context, *cabinetv1.RevokeOtherDevicesRequest) (*cabinetv1.RevokeOtherDevicesResponse, error) {
	return nil, errNotYet
}

// GetSecurity implements AccessService.
func (a *accessService) GetSecurity(context.Context, *cabinetv1.GetSecurityRequest) (*cabinetv1.GetSecurityResponse, error) {
	return nil, errNotYet
}

// SetProfile implements AccessService.
func (a *accessService) SetProfile(context.Context, *cabinetv1.SetProfileRequest) (*cabinetv1.SetProfileResponse, error) {
	return nil, errNotYet
}

// AcceptTerms implements AccessService.
func (a *accessService) AcceptTerms(context.Context, *cabinetv1.AcceptTermsRequest) (*cabinetv1.AcceptTermsResponse, error) {
	return nil, errNotYet
}

// BeginTOTP implements AccessService.
func (a *accessService) BeginTOTP(context.Context, *cabinetv1.BeginTOTPRequest) (*cabinetv1.BeginTOTPResponse, error) {
	return nil, errNotYet
}

// ConfirmTOTP implements AccessService.
func (a *accessService) ConfirmTOTP(context.Context, *cabinetv1.ConfirmTOTPRequest) (*cabinetv1.ConfirmTOTPResponse, error) {
	return nil, errNotYet
}

// RemoveTOTP implements AccessService.
func (a *accessService) RemoveTOTP(context.Context, *cabinetv1.RemoveTOTPRequest) (*cabinetv1.RemoveTOTPResponse, error) {
	return nil, errNotYet
}

// RenewRecoveryCodes implements AccessService.
func (a *accessService) RenewRecoveryCodes(context.Context, *cabinetv1.RenewRecoveryCodesRequest) (*cabinetv1.RenewRecoveryCodesResponse, error) {
	return nil, errNotYet
}

// BeginPasskey implements AccessService.
func (a *accessService) BeginPasskey(context.Context, *cabinetv1.BeginPasskeyRequest) (*cabinetv1.BeginPasskeyResponse, error) {
	return nil, errNotYet
}

// AddPasskey implements AccessService.
func (a *accessService) AddPasskey(context.Context, *cabinetv1.AddPasskeyRequest) (*cabinetv1.AddPasskeyResponse, error) {
	return nil, errNotYet
}

// RenamePasskey implements AccessService.
func (a *accessService) RenamePasskey(context.Context, *cabinetv1.RenamePasskeyRequest) (*cabinetv1.RenamePasskeyResponse, error) {
	return nil, errNotYet
}

// RemovePasskey implements AccessService.
func (a *accessService) RemovePasskey(context.Context, *cabinetv1.RemovePasskeyRequest) (*cabinetv1.RemovePasskeyResponse, error) {
	return nil, errNotYet
}

// StartContactChange implements AccessService.
func (a *accessService) StartContactChange(context.Context, *cabinetv1.StartContactChangeRequest) (*cabinetv1.StartContactChangeResponse, error) {
	return nil, errNotYet
}

// ConfirmContactChange implements AccessService.
func (a *accessService) ConfirmContactChange(context.Context, *cabinetv1.ConfirmContactChangeRequest) (*cabinetv1.ConfirmContactChangeResponse, error) {
	return nil, errNotYet
}

// CancelContactChange implements AccessService.
func (a *accessService) CancelContactChange(context.Context, *cabinetv1.CancelContactChangeRequest) (*cabinetv1.CancelContactChangeResponse, error) {
	return nil, errNotYet
}

// BeginProof implements AccessService.
func (a *accessService) BeginProof(context.Context, *cabinetv1.BeginProofRequest) (*cabinetv1.BeginProofResponse, error) {
	return nil, errNotYet
}

// Prove implements AccessService.
func (a *accessService) Prove(context.Context, *cabinetv1.ProveRequest) (*cabinetv1.ProveResponse, error) {
	return nil, errNotYet
}

// SetFactorRule implements AccessService.
func (a *accessService) SetFactorRule(context.Context, *cabinetv1.SetFactorRuleRequest) (*cabinetv1.SetFactorRuleResponse, error) {
	return nil, errNotYet
}
