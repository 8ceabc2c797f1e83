package main

import (
	"github.com/chekan-io/chekan/cloud/internal/access"
)

// how a method is asked, and what may be expected.
type how int

const (
	// thing: the request names one thing, and who may not act at its place is answered as if there were none.
	thing how = iota
	// listing: shows what is within reach; filters by what is not show nothing of it.
	listing
	// whole: belongs to the whole organisation.
	whole
	// own: of the caller's account, or told to everybody who is known.
	own
	// open: needs nobody.
	open
)

// row says how a method is asked.
type row struct {
	how how
	// by is what the request names: till, outlet, document, shift, command, bundle, ticket, agent, rollout.
	by string
	// id is what stands in a field "id", when that is not by.
	id string
	// need is what is needed at the place, when the method looks for less than the table of rights asks for.
	need access.Permission
	// partly says that the answer tells of several things one by one: it is given, and holds nothing of those out of reach.
	partly bool
	// changes says that the method changes something although the contract does not: it is asked by nobody who may.
	changes bool
}

func on(by string) row    { return row{how: thing, by: by} }
func fresh(by string) row { return row{how: thing, by: by, id: "fresh"} }

// asks has a line for every method of the cabinet. A method without one fails the test: add a line, and a field of a new name to fill.
var asks = map[string]row{
	"FleetService/ListTills":           {how: listing},
	"FleetService/ExportTills":         {how: listing},
	"FleetService/ListTillViews":       {how: own},
	"FleetService/SaveTillView":        {how: own, changes: true},
	"FleetService/DeleteTillView":      {how: own, changes: true},
	"FleetService/GetTill":             on("till"),
	"FleetService/Watch":               on("till"),
	"FleetService/CreateEnrolmentCode": on("outlet"),
	"FleetService/PlanCommand":         on("till"),
	"FleetService/StartCommand":        fresh("till"),
	"FleetService/Decide":              fresh("till"),
	"FleetService/GetCommand":          on("command"),
	"FleetService/GetCommandBundle":    on("bundle"),
	"FleetService/GetCertificate":      on("till"),
	"FleetService/ListCommands":        on("till"),
	"FleetService/ListTickets":         {how: listing},
	"FleetService/GetTicket":           on("ticket"),
	"FleetService/CloseTicket":         on("ticket"),
	"FleetService/ListAgents":          {how: listing},
	"FleetService/RevokeAgent":         on("agent"),
	"FleetService/ListThresholds":      on("till"),
	"FleetService/SetThreshold":        on("till"),
	"FleetService/SetWorkingHours":     on("till"),
	"FleetService/SetContract":         on("till"),
	"FleetService/SetMaintenance":      on("till"),

	"UpdatesService/ListReleases":  {how: listing},
	"UpdatesService/ListRollouts":  {how: listing},
	"UpdatesService/GetRollout":    on("rollout"),
	"UpdatesService/StartRollout":  fresh("outlet"),
	"UpdatesService/ChangeRollout": on("rollout"),
	"UpdatesService/PinAgent":      on("agent"),

	"DocumentsService/ListOperations":     on("till"),
	"DocumentsService/ListUndecided":      {how: listing},
	"DocumentsService/ListDocuments":      on("till"),
	"DocumentsService/GetDocument":        on("document"),
	"DocumentsService/GetDocumentPDF":     on("document"),
	"DocumentsService/SearchDocuments":    {how: listing},
	"DocumentsService/ExportDocuments":    {how: listing},
	"DocumentsService/ListShifts":         {how: listing},
	"DocumentsService/ReconcileDocuments": {how: listing},
	"DocumentsService/ExportShifts":       {how: listing},
	"DocumentsService/GetShift":           on("shift"),
	"DocumentsService/GetRevenue":         {how: listing},
	"DocumentsService/ExportRevenue":      {how: listing},
	"DocumentsService/ListProducts":       {how: listing},
	"DocumentsService/ExportProducts":     {how: listing},
	"DocumentsService/ListGaps":           {how: listing},
	"DocumentsService/ListOutlets":        {how: listing},

	"LinksService/CreateLink": {how: thing, by: "document", changes: true},
	"LinksService/SendLink":   {how: thing, by: "document", changes: true},
	"LinksService/ListLinks":  on("document"),
	"LinksService/RevokeLink": {how: thing, by: "document", changes: true},

	"HistoryService/ListHistory":   {how: listing},
	"HistoryService/ExportHistory": {how: listing},

	"TreeService/GetTree":          {how: listing},
	"TreeService/CreateNode":       on("outlet"),
	"TreeService/ChangeNode":       on("outlet"),
	"TreeService/MoveNode":         on("outlet"),
	"TreeService/DeleteNode":       on("outlet"),
	"TreeService/ListStays":        on("till"),
	"TreeService/ListConnections":  {how: listing},
	"TreeService/GetConnection":    {how: listing, changes: true}, // there is none to be read
	"TreeService/CreateConnection": on("outlet"),
	"TreeService/ListFinds":        on("agent"),
	"TreeService/FindDevices":      on("agent"),
	"TreeService/AdoptDevice":      on("agent"),
	"TreeService/ListOperators":    {how: own},
	"TreeService/GetSettings":      on("till"),
	"TreeService/ChangeSettings":   on("till"),

	"RemoteService/PlanWork":        {how: thing, by: "till", partly: true},
	"RemoteService/StartWork":       {how: thing, by: "till", id: "fresh", partly: true},
	"RemoteService/ChangeWork":      {how: listing, changes: true},
	"RemoteService/ListWorks":       {how: listing},
	"RemoteService/GetWork":         {how: listing, changes: true}, // there is none to be read
	"RemoteService/ListNodeRules":   on("till"),
	"RemoteService/SetNodeRule":     on("till"),
	"RemoteService/TryNodeRule":     {how: thing, by: "till", changes: true}, // of a rule with a name of its own
	"RemoteService/ListNotes":       on("till"),
	"RemoteService/WriteNote":       fresh("till"),
	"RemoteService/MarkNotesRead":   on("till"),
	"RemoteService/ListUnreadNotes": {how: listing},

	"NotifyService/ListNotices":          {how: listing},
	"NotifyService/GetNotifyOptions":     {how: own},
	"NotifyService/ListNotifyRules":      {how: own},
	"NotifyService/PutOwnNotifyRule":     {how: own, changes: true},
	"NotifyService/DeleteOwnNotifyRule":  {how: own, changes: true},
	"NotifyService/PutNotifyRule":        {how: whole, changes: true},
	"NotifyService/DeleteNotifyRule":     {how: whole, changes: true},
	"NotifyService/GetNotifySettings":    {how: own},
	"NotifyService/SetNotifySettings":    {how: own, changes: true},
	"NotifyService/ListNotifyChannels":   {how: own},
	"NotifyService/AddNotifyChannel":     {how: own, changes: true},
	"NotifyService/ConfirmNotifyChannel": {how: own, changes: true},
	"NotifyService/DeleteNotifyChannel":  {how: own, changes: true},
	"NotifyService/TestNotifyChannel":    {how: own, changes: true},
	"NotifyService/ListWebhooks":         {how: whole},
	"NotifyService/PutWebhook":           {how: whole, changes: true},
	"NotifyService/DeleteWebhook":        {how: whole, changes: true},
	"NotifyService/TestWebhook":          {how: whole, changes: true},
	"NotifyService/ListDeliveries":       {how: whole, changes: true}, // of one hook
	"NotifyService/ResendDelivery":       {how: whole, changes: true},

	"AuditService/ListAudit":   {how: whole},
	"AuditService/ExportAudit": {how: whole},
	"AuditService/VerifyAudit": {how: whole},

	"OrganisationService/GetOrganisation":    {how: own},
	"OrganisationService/UpdateOrganisation": {how: whole, changes: true},
	"OrganisationService/CreateOrganisation": {how: own, changes: true},
	"OrganisationService/ListCompanies":      {how: own},
	"OrganisationService/ListNodes":          {how: own},
	"OrganisationService/ListPeople":         {how: listing},
	"OrganisationService/InvitePerson":       {how: listing, changes: true},
	"OrganisationService/ResendInvitation":   {how: listing, changes: true},
	"OrganisationService/RevokeInvitation":   {how: listing, changes: true},
	"OrganisationService/SetRights":          {how: listing, changes: true},
	"OrganisationService/BlockPerson":        {how: listing, changes: true},
	"OrganisationService/RemovePerson":       {how: listing, changes: true},
	"OrganisationService/ListRoles":          {how: own},
	"OrganisationService/PutRole":            {how: listing, changes: true},
	"OrganisationService/DeleteRole":         {how: listing, changes: true},
	"OrganisationService/ListGrants":         {how: listing},
	"OrganisationService/FindServiceCentre":  {how: listing, changes: true},
	"OrganisationService/GiveGrant":          {how: listing, changes: true},
	"OrganisationService/AcceptGrant":        {how: listing, changes: true},
	"OrganisationService/ProlongGrant":       {how: listing, changes: true},
	"OrganisationService/RevokeGrant":        {how: listing, changes: true},
	"OrganisationService/ListClients":        {how: listing},
	"OrganisationService/ListKeys":           {how: listing},
	"OrganisationService/CreateKey":          {how: listing, changes: true},
	"OrganisationService/RevokeKey":          {how: listing, changes: true},

	"AccessService/GetEntrance":          {how: open},
	"AccessService/GetChallenge":         {how: open},
	"AccessService/SignIn":               {how: open},
	"AccessService/FinishSignIn":         {how: open},
	"AccessService/BeginPasskeySignIn":   {how: open},
	"AccessService/FinishPasskeySignIn":  {how: open},
	"AccessService/SignOut":              {how: open, changes: true},
	"AccessService/Refresh":              {how: open, changes: true},
	"AccessService/StartSignUp":          {how: open},
	"AccessService/ConfirmSignUp":        {how: open},
	"AccessService/SendCodeAgain":        {how: open},
	"AccessService/GetInvitation":        {how: open},
	"AccessService/AcceptInvitation":     {how: open},
	"AccessService/CheckPassword":        {how: open},
	"AccessService/GeneratePassword":     {how: open},
	"AccessService/StartReset":           {how: open},
	"AccessService/FinishReset":          {how: open},
	"AccessService/CancelContactChange":  {how: open},
	"AccessService/WhoAmI":               {how: own},
	"AccessService/ChangePassword":       {how: own, changes: true},
	"AccessService/ListDevices":          {how: own},
	"AccessService/RevokeDevice":         {how: own, changes: true},
	"AccessService/RevokeOtherDevices":   {how: own, changes: true},
	"AccessService/GetSecurity":          {how: own},
	"AccessService/SetProfile":           {how: own, changes: true},
	"AccessService/AcceptTerms":          {how: own, changes: true},
	"AccessService/BeginTOTP":            {how: own, changes: true},
	"AccessService/ConfirmTOTP":          {how: own, changes: true},
	"AccessService/RemoveTOTP":           {how: own, changes: true},
	"AccessService/RenewRecoveryCodes":   {how: own, changes: true},
	"AccessService/BeginPasskey":         {how: own, changes: true},
	"AccessService/AddPasskey":           {how: own, changes: true},
	"AccessService/RenamePasskey":        {how: own, changes: true},
	"AccessService/RemovePasskey":        {how: own, changes: true},
	"AccessService/StartContactChange":   {how: own, changes: true},
	"AccessService/ConfirmContactChange": {how: own, changes: true},
	"AccessService/BeginProof":           {how: own, changes: true},
	"AccessService/Prove":                {how: own, changes: true},
	"AccessService/SetFactorRule":        {how: own, changes: true},
}
