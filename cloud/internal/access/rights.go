package access

import (
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
)

// needs says what each exported method needs. There is no other list, and what is not here is refused.
var needs = map[string]Permission{
	cabinetv1connect.AccessServiceGetEntranceProcedure:          Everyone,
	cabinetv1connect.AccessServiceSignInProcedure:               Everyone,
	cabinetv1connect.AccessServiceFinishSignInProcedure:         Everyone,
	cabinetv1connect.AccessServiceGetChallengeProcedure:         Everyone,
	cabinetv1connect.AccessServiceBeginPasskeySignInProcedure:   Everyone,
	cabinetv1connect.AccessServiceFinishPasskeySignInProcedure:  Everyone,
	cabinetv1connect.AccessServiceSignOutProcedure:              Everyone,
	cabinetv1connect.AccessServiceWhoAmIProcedure:               Known,
	cabinetv1connect.AccessServiceRefreshProcedure:              Everyone,
	cabinetv1connect.AccessServiceStartSignUpProcedure:          Everyone,
	cabinetv1connect.AccessServiceConfirmSignUpProcedure:        Everyone,
	cabinetv1connect.AccessServiceSendCodeAgainProcedure:        Everyone,
	cabinetv1connect.AccessServiceGetInvitationProcedure:        Everyone,
	cabinetv1connect.AccessServiceAcceptInvitationProcedure:     Everyone,
	cabinetv1connect.AccessServiceCheckPasswordProcedure:        Everyone,
	cabinetv1connect.AccessServiceGeneratePasswordProcedure:     Everyone,
	cabinetv1connect.AccessServiceChangePasswordProcedure:       SignedIn,
	cabinetv1connect.AccessServiceStartResetProcedure:           Everyone,
	cabinetv1connect.AccessServiceFinishResetProcedure:          Everyone,
	cabinetv1connect.AccessServiceListDevicesProcedure:          SignedIn,
	cabinetv1connect.AccessServiceRevokeDeviceProcedure:         SignedIn,
	cabinetv1connect.AccessServiceRevokeOtherDevicesProcedure:   SignedIn,
	cabinetv1connect.AccessServiceGetSecurityProcedure:          SignedIn,
	cabinetv1connect.AccessServiceSetProfileProcedure:           SignedIn,
	cabinetv1connect.AccessServiceAcceptTermsProcedure:          SignedIn,
	cabinetv1connect.AccessServiceBeginTOTPProcedure:            SignedIn,
	cabinetv1connect.AccessServiceConfirmTOTPProcedure:          SignedIn,
	cabinetv1connect.AccessServiceRemoveTOTPProcedure:           SignedIn,
	cabinetv1connect.AccessServiceRenewRecoveryCodesProcedure:   SignedIn,
	cabinetv1connect.AccessServiceBeginPasskeyProcedure:         SignedIn,
	cabinetv1connect.AccessServiceAddPasskeyProcedure:           SignedIn,
	cabinetv1connect.AccessServiceRenamePasskeyProcedure:        SignedIn,
	cabinetv1connect.AccessServiceRemovePasskeyProcedure:        SignedIn,
	cabinetv1connect.AccessServiceStartContactChangeProcedure:   SignedIn,
	cabinetv1connect.AccessServiceConfirmContactChangeProcedure: SignedIn,
	cabinetv1connect.AccessServiceCancelContactChangeProcedure:  Everyone,
	cabinetv1connect.AccessServiceBeginProofProcedure:           SignedIn,
	cabinetv1connect.AccessServiceProveProcedure:                SignedIn,
	cabinetv1connect.AccessServiceSetFactorRuleProcedure:        SignedIn,

	cabinetv1connect.FleetServiceListTillsProcedure:           TillsView,
	cabinetv1connect.FleetServiceExportTillsProcedure:         TillsView,
	cabinetv1connect.FleetServiceListTillViewsProcedure:       SignedIn,
	cabinetv1connect.FleetServiceSaveTillViewProcedure:        SignedIn,
	cabinetv1connect.FleetServiceDeleteTillViewProcedure:      SignedIn,
	cabinetv1connect.FleetServiceGetTillProcedure:             TillsView,
	cabinetv1connect.FleetServiceWatchProcedure:               TillsView,
	cabinetv1connect.FleetServiceGetCommandProcedure:          TillsView,
	cabinetv1connect.FleetServiceGetCertificateProcedure:      TillsView,
	cabinetv1connect.FleetServiceListCommandsProcedure:        TillsView,
	cabinetv1connect.FleetServiceListTicketsProcedure:         TillsView,
	cabinetv1connect.FleetServiceGetTicketProcedure:           TillsView,
	cabinetv1connect.FleetServiceCloseTicketProcedure:         TillsRecover,
	cabinetv1connect.FleetServicePlanCommandProcedure:         TillsView,
	cabinetv1connect.FleetServiceStartCommandProcedure:        TillsRecover,
	cabinetv1connect.FleetServiceDecideProcedure:              TillsDecide,
	cabinetv1connect.FleetServiceCreateEnrolmentCodeProcedure: TillsConfigure,

	cabinetv1connect.FleetServiceListAgentsProcedure:      TillsView,
	cabinetv1connect.FleetServiceRevokeAgentProcedure:     TillsConfigure,
	cabinetv1connect.FleetServiceListThresholdsProcedure:  TillsView,
	cabinetv1connect.FleetServiceSetThresholdProcedure:    TillsConfigure,
	cabinetv1connect.FleetServiceSetWorkingHoursProcedure: TillsConfigure,
	cabinetv1connect.FleetServiceSetContractProcedure:     TillsConfigure,
	cabinetv1connect.FleetServiceSetMaintenanceProcedure:  TillsRecover, // who repairs a till says that they do; a service centre too

	cabinetv1connect.FleetServiceGetCommandBundleProcedure: TillsRecover,

	cabinetv1connect.RemoteServicePlanWorkProcedure:        TillsRecover,
	cabinetv1connect.RemoteServiceStartWorkProcedure:       TillsRecover,
	cabinetv1connect.RemoteServiceChangeWorkProcedure:      TillsRecover,
	cabinetv1connect.RemoteServiceListWorksProcedure:       TillsView,
	cabinetv1connect.RemoteServiceGetWorkProcedure:         TillsView,
	cabinetv1connect.RemoteServiceListNodeRulesProcedure:   TillsView,
	cabinetv1connect.RemoteServiceSetNodeRuleProcedure:     TillsConfigure,
	cabinetv1connect.RemoteServiceTryNodeRuleProcedure:     TillsView,
	cabinetv1connect.RemoteServiceListNotesProcedure:       TillsView,
	cabinetv1connect.RemoteServiceWriteNoteProcedure:       TillsView,
	cabinetv1connect.RemoteServiceMarkNotesReadProcedure:   TillsView,
	cabinetv1connect.RemoteServiceListUnreadNotesProcedure: TillsView,

	cabinetv1connect.UpdatesServiceListReleasesProcedure:  TillsView,
	cabinetv1connect.UpdatesServiceListRolloutsProcedure:  TillsView,
	cabinetv1connect.UpdatesServiceGetRolloutProcedure:    TillsView,
	cabinetv1connect.UpdatesServiceStartRolloutProcedure:  UpdatesManage,
	cabinetv1connect.UpdatesServiceChangeRolloutProcedure: UpdatesManage,
	cabinetv1connect.UpdatesServicePinAgentProcedure:      UpdatesManage,

	cabinetv1connect.DocumentsServiceListOperationsProcedure: DocumentsView,
	cabinetv1connect.DocumentsServiceListUndecidedProcedure:  DocumentsView,
	cabinetv1connect.DocumentsServiceListDocumentsProcedure:  DocumentsView,
	cabinetv1connect.DocumentsServiceGetDocumentProcedure:    DocumentsView,
	cabinetv1connect.DocumentsServiceGetDocumentPDFProcedure: MoneyView,

	cabinetv1connect.DocumentsServiceSearchDocumentsProcedure: DocumentsView, // a filter by money needs money:view, package api
	cabinetv1connect.DocumentsServiceListShiftsProcedure:      DocumentsView,
	cabinetv1connect.DocumentsServiceGetShiftProcedure:        DocumentsView,
	cabinetv1connect.DocumentsServiceListGapsProcedure:        DocumentsView,
	cabinetv1connect.DocumentsServiceListOutletsProcedure:     TillsView,
	cabinetv1connect.DocumentsServiceExportDocumentsProcedure: MoneyView,
	cabinetv1connect.DocumentsServiceExportShiftsProcedure:    MoneyView,
	cabinetv1connect.DocumentsServiceExportRevenueProcedure:   MoneyView,
	cabinetv1connect.DocumentsServiceGetRevenueProcedure:      MoneyView,
	cabinetv1connect.DocumentsServiceListProductsProcedure:    MoneyView,
	cabinetv1connect.DocumentsServiceExportProductsProcedure:  MoneyView,

	cabinetv1connect.DocumentsServiceReconcileDocumentsProcedure: MoneyView, // what differs tells sums

	cabinetv1connect.LinksServiceCreateLinkProcedure: MoneyView, // a receipt is sums and goods from end to end
	cabinetv1connect.LinksServiceSendLinkProcedure:   MoneyView,
	cabinetv1connect.LinksServiceListLinksProcedure:  MoneyView,
	cabinetv1connect.LinksServiceRevokeLinkProcedure: MoneyView,

	cabinetv1connect.HistoryServiceListHistoryProcedure:   DocumentsView,
	cabinetv1connect.HistoryServiceExportHistoryProcedure: DocumentsView,

	cabinetv1connect.TreeServiceGetTreeProcedure:          TillsView,
	cabinetv1connect.TreeServiceCreateNodeProcedure:       TillsConfigure,
	cabinetv1connect.TreeServiceChangeNodeProcedure:       TillsConfigure,
	cabinetv1connect.TreeServiceMoveNodeProcedure:         TillsConfigure,
	cabinetv1connect.TreeServiceDeleteNodeProcedure:       TillsConfigure,
	cabinetv1connect.TreeServiceListStaysProcedure:        TillsView,
	cabinetv1connect.TreeServiceListConnectionsProcedure:  TillsConfigure,
	cabinetv1connect.TreeServiceGetConnectionProcedure:    TillsConfigure,
	cabinetv1connect.TreeServiceCreateConnectionProcedure: TillsConfigure,
	cabinetv1connect.TreeServiceListFindsProcedure:        TillsView,
	cabinetv1connect.TreeServiceFindDevicesProcedure:      TillsConfigure,
	cabinetv1connect.TreeServiceAdoptDeviceProcedure:      TillsConfigure,
	cabinetv1connect.TreeServiceListOperatorsProcedure:    TillsView,
	cabinetv1connect.TreeServiceGetSettingsProcedure:      TillsView,
	cabinetv1connect.TreeServiceChangeSettingsProcedure:   TillsConfigure,

	cabinetv1connect.NotifyServiceListNoticesProcedure:          TillsView,
	cabinetv1connect.NotifyServiceGetNotifyOptionsProcedure:     SignedIn,
	cabinetv1connect.NotifyServiceListNotifyRulesProcedure:      SignedIn,
	cabinetv1connect.NotifyServicePutOwnNotifyRuleProcedure:     SignedIn,
	cabinetv1connect.NotifyServiceDeleteOwnNotifyRuleProcedure:  SignedIn,
	cabinetv1connect.NotifyServicePutNotifyRuleProcedure:        NotifyManage,
	cabinetv1connect.NotifyServiceDeleteNotifyRuleProcedure:     NotifyManage,
	cabinetv1connect.NotifyServiceGetNotifySettingsProcedure:    SignedIn,
	cabinetv1connect.NotifyServiceSetNotifySettingsProcedure:    SignedIn,
	cabinetv1connect.NotifyServiceListNotifyChannelsProcedure:   SignedIn,
	cabinetv1connect.NotifyServiceAddNotifyChannelProcedure:     SignedIn,
	cabinetv1connect.NotifyServiceConfirmNotifyChannelProcedure: SignedIn,
	cabinetv1connect.NotifyServiceDeleteNotifyChannelProcedure:  SignedIn,
	cabinetv1connect.NotifyServiceTestNotifyChannelProcedure:    SignedIn,
	cabinetv1connect.NotifyServiceListWebhooksProcedure:         NotifyManage,
	cabinetv1connect.NotifyServicePutWebhookProcedure:           NotifyManage,
	cabinetv1connect.NotifyServiceDeleteWebhookProcedure:        NotifyManage,
	cabinetv1connect.NotifyServiceTestWebhookProcedure:          NotifyManage,
	cabinetv1connect.NotifyServiceListDeliveriesProcedure:       NotifyManage,
	cabinetv1connect.NotifyServiceResendDeliveryProcedure:       NotifyManage,

	cabinetv1connect.AuditServiceListAuditProcedure:   AuditView,
	cabinetv1connect.AuditServiceExportAuditProcedure: AuditView,
	cabinetv1connect.AuditServiceVerifyAuditProcedure: AuditView,

	cabinetv1connect.OrganisationServiceGetOrganisationProcedure:    Known,
	cabinetv1connect.OrganisationServiceUpdateOrganisationProcedure: PeopleManage,
	cabinetv1connect.OrganisationServiceCreateOrganisationProcedure: SignedIn,
	cabinetv1connect.OrganisationServiceListCompaniesProcedure:      SignedIn,
	cabinetv1connect.OrganisationServiceListNodesProcedure:          SignedIn,
	cabinetv1connect.OrganisationServiceListPeopleProcedure:         PeopleManage,
	cabinetv1connect.OrganisationServiceInvitePersonProcedure:       PeopleManage,
	cabinetv1connect.OrganisationServiceResendInvitationProcedure:   PeopleManage,
	cabinetv1connect.OrganisationServiceRevokeInvitationProcedure:   PeopleManage,
	cabinetv1connect.OrganisationServiceSetRightsProcedure:          PeopleManage,
	cabinetv1connect.OrganisationServiceBlockPersonProcedure:        PeopleManage,
	cabinetv1connect.OrganisationServiceRemovePersonProcedure:       PeopleManage,
	cabinetv1connect.OrganisationServiceListRolesProcedure:          SignedIn,
	cabinetv1connect.OrganisationServicePutRoleProcedure:            PeopleManage,
	cabinetv1connect.OrganisationServiceDeleteRoleProcedure:         PeopleManage,
	cabinetv1connect.OrganisationServiceListGrantsProcedure:         TillsView,
	cabinetv1connect.OrganisationServiceFindServiceCentreProcedure:  PeopleManage,
	cabinetv1connect.OrganisationServiceGiveGrantProcedure:          PeopleManage,
	cabinetv1connect.OrganisationServiceAcceptGrantProcedure:        PeopleManage,
	cabinetv1connect.OrganisationServiceProlongGrantProcedure:       PeopleManage,
	cabinetv1connect.OrganisationServiceRevokeGrantProcedure:        PeopleManage,
	cabinetv1connect.OrganisationServiceListClientsProcedure:        TillsView,
	cabinetv1connect.OrganisationServiceListKeysProcedure:           APIManage,
	cabinetv1connect.OrganisationServiceCreateKeyProcedure:          APIManage,
	cabinetv1connect.OrganisationServiceRevokeKeyProcedure:          APIManage,

	uplinkv1connect.EnrolmentServiceEnrollProcedure: Everyone, // the code is the right

	uplinkv1connect.UplinkServiceHelloProcedure:             TheAgent,
	uplinkv1connect.UplinkServicePushProcedure:              TheAgent,
	uplinkv1connect.UplinkServiceReportStateProcedure:       TheAgent,
	uplinkv1connect.UplinkServiceFetchCommandsProcedure:     TheAgent,
	uplinkv1connect.UplinkServiceReportRunProcedure:         TheAgent,
	uplinkv1connect.UplinkServiceReportCertificateProcedure: TheAgent,
	uplinkv1connect.UplinkServiceOpenTicketProcedure:        TheAgent,
	uplinkv1connect.UplinkServiceRenewProcedure:             TheAgent,
	uplinkv1connect.UplinkServiceFetchUpdateProcedure:       TheAgent,
	uplinkv1connect.UplinkServiceReportUpdateProcedure:      TheAgent,
	uplinkv1connect.UplinkServiceGiveBundleProcedure:        TheAgent,
}

// dangerous are the methods that ask for a proof of the person lately given, besides the permission. A method of which only some
// acts are dangerous asks in its handler, by [Person.Proven]: what is done to a till (package fleet says which acts). What only takes
// away (a key, a grant, an invitation) is never kept waiting.
var dangerous = map[string]bool{
	cabinetv1connect.AccessServiceBeginTOTPProcedure:          true,
	cabinetv1connect.AccessServiceConfirmTOTPProcedure:        true,
	cabinetv1connect.AccessServiceRemoveTOTPProcedure:         true,
	cabinetv1connect.AccessServiceRenewRecoveryCodesProcedure: true,
	cabinetv1connect.AccessServiceBeginPasskeyProcedure:       true,
	cabinetv1connect.AccessServiceAddPasskeyProcedure:         true,
	cabinetv1connect.AccessServiceRemovePasskeyProcedure:      true,
	cabinetv1connect.AccessServiceStartContactChangeProcedure: true,
	cabinetv1connect.AccessServiceSetFactorRuleProcedure:      true,

	cabinetv1connect.FleetServiceRevokeAgentProcedure: true,

	cabinetv1connect.OrganisationServiceInvitePersonProcedure: true,
	cabinetv1connect.OrganisationServiceSetRightsProcedure:    true,
	cabinetv1connect.OrganisationServiceBlockPersonProcedure:  true, // its other way lets in who was shut out
	cabinetv1connect.OrganisationServiceRemovePersonProcedure: true,
	cabinetv1connect.OrganisationServicePutRoleProcedure:      true,
	cabinetv1connect.OrganisationServiceDeleteRoleProcedure:   true,
	cabinetv1connect.OrganisationServiceGiveGrantProcedure:    true,
	cabinetv1connect.OrganisationServiceAcceptGrantProcedure:  true,
	cabinetv1connect.OrganisationServiceProlongGrantProcedure: true,
	cabinetv1connect.OrganisationServiceCreateKeyProcedure:    true,
}

// Dangerous tells whether a method asks for a proof lately given.
func Dangerous(procedure string) bool { return dangerous[procedure] }

// Needs tells what a method ("/package.Service/Method") needs; false when nobody may call it.
func Needs(procedure string) (Permission, bool) {
	permission, ok := needs[procedure]
	return permission, ok
}
