package shtrih

import "slices"

// Command is what there is to know of a command besides its layout.
type Command struct {
	Code Code
	Name string
	// TimeoutMS is how long to wait for the beginning of the answer, in
	// milliseconds: the maker's own drivers wait so long.
	TimeoutMS int
	// Commits: executing it twice is not the same as executing it once. After
	// a lost answer the device must be asked what it has done; such a command
	// is never sent again blindly.
	Commits bool
	// Prints: the device refuses it unless the printer is ready (submode 0).
	Prints bool
	// ReadOnly: it changes nothing and may be repeated. A command that neither
	// commits nor only reads (a mode change, a table write) may be repeated
	// too, but not without need.
	ReadOnly bool
}

// defaultTimeoutMS is the patience for a command without its own.
const defaultTimeoutMS = 30_000

// Describe finds a command. One that is not known has no name and commits:
// caution costs nothing.
func Describe(code Code) Command {
	d, ok := commands[code]
	if !ok {
		d = Command{Commits: true}
	}
	d.Code = code
	if d.TimeoutMS == 0 {
		d.TimeoutMS = defaultTimeoutMS
	}
	return d
}

// Commands lists every command this package knows, by code.
func Commands() []Command {
	all := make([]Command, 0, len(commands))
	for code := range commands {
		all = append(all, Describe(code))
	}
	slices.SortFunc(all, func(a, b Command) int { return int(a.Code) - int(b.Code) })
	return all
}

var commands = map[Code]Command{
	CodeDumpBegin:             {Name: "begin dump"},
	CodeDumpRead:              {Name: "read dump"},
	CodeStopOutput:            {Name: "stop data output"},
	CodeShortStatus:           {Name: "short status", TimeoutMS: 3000, ReadOnly: true},
	CodeFullStatus:            {Name: "full status", TimeoutMS: 3000, ReadOnly: true},
	CodePrintBold:             {Name: "print bold line", Commits: true, Prints: true},
	CodeBeep:                  {Name: "beep"},
	CodeSetPort:               {Name: "set port"},
	CodeGetPort:               {Name: "get port", ReadOnly: true},
	CodeTechReset:             {Name: "technological reset", TimeoutMS: 60000},
	CodePrintString:           {Name: "print line", Commits: true, Prints: true},
	CodePrintHeader:           {Name: "print document header", Commits: true, Prints: true},
	CodeTestRun:               {Name: "test run", Prints: true},
	CodeMoneyRegister:         {Name: "money register", ReadOnly: true},
	CodeOperationRegister:     {Name: "operation register", ReadOnly: true},
	CodeWriteTable:            {Name: "write table"},
	CodeReadTable:             {Name: "read table", ReadOnly: true},
	CodeSetTime:               {Name: "set time"},
	CodeSetDate:               {Name: "set date"},
	CodeConfirmDate:           {Name: "confirm date"},
	CodeInitTables:            {Name: "initialise tables", Commits: true},
	CodeCut:                   {Name: "cut", Prints: true},
	CodeFontParams:            {Name: "font parameters", TimeoutMS: 5000, ReadOnly: true},
	CodeGeneralReset:          {Name: "general reset", Commits: true},
	CodeOpenDrawer:            {Name: "open drawer"},
	CodeFeed:                  {Name: "feed", Prints: true},
	CodeStopTestRun:           {Name: "stop test run"},
	CodePrintRegisters:        {Name: "print registers", Commits: true, Prints: true},
	CodeTableInfo:             {Name: "table structure", ReadOnly: true},
	CodeFieldInfo:             {Name: "field structure", ReadOnly: true},
	CodePrintFont:             {Name: "print line in font", Commits: true, Prints: true},
	CodeXReport:               {Name: "X report", TimeoutMS: 30000, Commits: true, Prints: true},
	CodeCloseShift:            {Name: "close shift", TimeoutMS: 65000, Commits: true, Prints: true},
	CodeCashIn:                {Name: "cash in", Commits: true, Prints: true},
	CodeCashOut:               {Name: "cash out", Commits: true, Prints: true},
	CodePrintClicheHead:       {Name: "print head", Commits: true, Prints: true},
	CodePrintDocumentEnd:      {Name: "print document end", Commits: true, Prints: true},
	CodePrintAdvert:           {Name: "print advertisement", Commits: true, Prints: true},
	CodeErrorText:             {Name: "error text", ReadOnly: true},
	CodeSale:                  {Name: "sale", Commits: true, Prints: true},
	CodePurchase:              {Name: "purchase", Commits: true, Prints: true},
	CodeSaleReturn:            {Name: "sale return", Commits: true, Prints: true},
	CodePurchaseReturn:        {Name: "purchase return", Commits: true, Prints: true},
	CodeStorno:                {Name: "storno", Commits: true, Prints: true},
	CodeCloseReceipt:          {Name: "close receipt", Commits: true, Prints: true},
	CodeDiscount:              {Name: "discount", Commits: true, Prints: true},
	CodeCharge:                {Name: "charge", Commits: true, Prints: true},
	CodeCancelReceipt:         {Name: "cancel receipt", Prints: true},
	CodeSubtotal:              {Name: "subtotal", ReadOnly: true},
	CodeDiscountStorno:        {Name: "storno of discount", Commits: true, Prints: true},
	CodeChargeStorno:          {Name: "storno of charge", Commits: true, Prints: true},
	CodeRepeatDocument:        {Name: "repeat document", Commits: true, Prints: true},
	CodeOpenReceipt:           {Name: "open receipt", Prints: true},
	CodeCloseReceiptExt:       {Name: "close receipt extended", Commits: true, Prints: true},
	CodeContinuePrint:         {Name: "continue print"},
	CodeBufferedZ:             {Name: "close shift unprinted", TimeoutMS: 65000, Commits: true},
	CodeOpenShift:             {Name: "open shift", TimeoutMS: 120000, Commits: true, Prints: true},
	CodeOpenNonFiscal:         {Name: "open text document", Prints: true},
	CodeCloseNonFiscal:        {Name: "close text document", Prints: true},
	CodeExtendedQuery:         {Name: "extended query", ReadOnly: true},
	CodeDeviceType:            {Name: "device type", ReadOnly: true},
	CodeServicePing:           {Name: "ping"},
	CodeServiceReboot:         {Name: "reboot"},
	CodeFNStatus:              {Name: "FN status", ReadOnly: true},
	CodeFNNumber:              {Name: "FN number", ReadOnly: true},
	CodeFNExpiry:              {Name: "FN expiry", ReadOnly: true},
	CodeFNVersion:             {Name: "FN version", ReadOnly: true},
	CodeBeginRegistration:     {Name: "begin registration"},
	CodeRegistration:          {Name: "register", Commits: true, Prints: true},
	CodeResetFN:               {Name: "reset FN", Commits: true},
	CodeCancelFNDocument:      {Name: "cancel FN document"},
	CodeRegistrationTotals:    {Name: "registration totals", ReadOnly: true},
	CodeFindDocument:          {Name: "find document", ReadOnly: true},
	CodeFNOpenShift:           {Name: "open shift in FN", TimeoutMS: 120000, Commits: true, Prints: true},
	CodeSendTLV:               {Name: "send tags", Commits: true},
	CodeRegistrationParameter: {Name: "registration parameter", ReadOnly: true},
	CodeOFDMessage:            {Name: "OFD message"},
	CodeOFDReadBlock:          {Name: "read OFD message", ReadOnly: true},
	CodeOFDBeginWrite:         {Name: "begin OFD answer"},
	CodeOFDWriteBlock:         {Name: "write OFD answer"},
	CodeReregistration:        {Name: "register anew", Commits: true, Prints: true},
	CodeBeginCorrection:       {Name: "begin correction"},
	CodeCorrection:            {Name: "correction", Commits: true, Prints: true},
	CodeBeginSettlement:       {Name: "begin settlement report"},
	CodeSettlement:            {Name: "settlement report", Commits: true, Prints: true},
	CodeOFDStatus:             {Name: "OFD status", ReadOnly: true},
	CodeReadDocument:          {Name: "read document"},
	CodeReadDocumentBlock:     {Name: "read document block"},
	CodeOFDTicket:             {Name: "OFD ticket", ReadOnly: true},
	CodeBeginCloseFN:          {Name: "begin FN closing"},
	CodeCloseFN:               {Name: "close FN", Commits: true, Prints: true},
	CodeUnconfirmedCount:      {Name: "unconfirmed count", ReadOnly: true},
	CodeShiftState:            {Name: "shift state", ReadOnly: true},
	CodeBeginOpenShift:        {Name: "begin shift opening"},
	CodeBeginCloseShift:       {Name: "begin shift closing"},
	CodeFNCloseShift:          {Name: "close shift in FN", TimeoutMS: 65000, Commits: true, Prints: true},
	CodeCloseReceiptV2:        {Name: "close receipt", Commits: true, Prints: true},
	CodeOperationV2:           {Name: "operation", Commits: true, Prints: true},
	CodeCorrectionV2:          {Name: "correction", Commits: true, Prints: true},
	CodeReceiptDiscount:       {Name: "receipt discount", Commits: true, Prints: true},
	CodeRegistrationTotalsV2:  {Name: "registration totals", ReadOnly: true},
	CodeOperationTLV:          {Name: "tags of operation", Commits: true},
	CodeParameter:             {Name: "registration parameter", ReadOnly: true},
	CodeCheckMarking:          {Name: "check marking code", TimeoutMS: 40000},
	CodeSyncRegisters:         {Name: "synchronise registers"},
	CodeFNMemory:              {Name: "FN memory", ReadOnly: true},
	CodeSendBufferedTLV:       {Name: "send buffered tags", Commits: true},
	CodeBindMarking:           {Name: "bind marking code", TimeoutMS: 40000, Commits: true},
	CodeMarkingNotices:        {Name: "marking notices", ReadOnly: true},
	CodeAcceptMarking:         {Name: "accept marking code"},
	CodeMarkingStatus:         {Name: "marking status", ReadOnly: true},
}
