package fn

// requests has the layout of every command's parameters.
var requests = map[Command]shape{
	CmdBeginRegistration:  of[BeginRegistration](),
	CmdRegister:           of[Register](),
	CmdBeginCloseArchive:  of[BeginCloseArchive](),
	CmdCloseArchive:       of[CloseArchive](),
	CmdCancel:             of[Cancel](),
	CmdData:               of[Data](),
	CmdShiftState:         of[ShiftState](),
	CmdBeginOpenShift:     of[BeginOpenShift](),
	CmdOpenShift:          of[OpenShift](),
	CmdBeginCloseShift:    of[BeginCloseShift](),
	CmdCloseShift:         of[CloseShift](),
	CmdBeginReceipt:       of[BeginReceipt](),
	CmdFormReceipt:        of[FormReceipt](),
	CmdBeginCorrection:    of[BeginCorrection](),
	CmdBeginReport:        of[BeginReport](),
	CmdFormReport:         of[FormReport](),
	CmdExchangeStatus:     of[ExchangeStatus](),
	CmdSetLink:            of[SetLink](),
	CmdBeginReadMessage:   of[BeginReadMessage](),
	CmdReadMessage:        of[ReadMessage](),
	CmdCancelReadMessage:  of[CancelReadMessage](),
	CmdEndReadMessage:     of[EndReadMessage](),
	CmdOperatorMessage:    of[OperatorMessage](),
	CmdStatus:             of[Status](),
	CmdNumber:             of[Number](),
	CmdLife:               of[Life](),
	CmdVersion:            of[Version](),
	CmdLastErrors:         of[LastErrors](),
	CmdFindDocument:       of[FindDocument](),
	CmdFindTicket:         of[FindTicket](),
	CmdUnsentCount:        of[UnsentCount](),
	CmdRegistrationTotals: of[RegistrationTotals](),
	CmdRegistrationTag:    of[RegistrationTag](),
	CmdReadDocument:       of[ReadDocument](),
	CmdNextTag:            of[NextTag](),
	CmdNextRegistration:   of[NextRegistrationTag](),
	CmdReset:              of[Reset](),
	CmdServiceRecord:      of[ServiceRecord](),
	CmdCounters:           of[Counters](),
	CmdOperationCounters:  of[OperationCounters](),
	CmdTypeCounters:       of[TypeCounters](),
	CmdUnsentCounters:     of[UnsentCounters](),
	CmdFFDVersions:        of[FFDVersions](),
	CmdDaysLeft:           of[DaysLeft](),
	CmdFreeMemory:         of[FreeMemory](),
	CmdExecution:          of[Execution](),
	CmdFindFormatted:      of[FindFormatted](),
	CmdBeginRegistration2: of[BeginRegistration2](),
	CmdRegister2:          of[Register2](),
	CmdDataSize:           of[DataSize](),
	CmdSpeed:              of[Speed](),
	CmdMarkingStatus:      of[MarkingStatus](),
	CmdCheckMark:          of[CheckMark](),
	CmdKeepMark:           of[KeepMark](),
	CmdDropMarks:          of[DropMarks](),
	CmdMarkRequest:        of[MarkRequest](),
	CmdMarkAnswer:         of[MarkAnswer](),
	CmdMarkData:           of[MarkData](),
	CmdNoticeStatus:       of[NoticeStatus](),
	CmdBeginReadNotice:    of[BeginReadNotice](),
	CmdReadNotice:         of[ReadNotice](),
	CmdCancelReadNotice:   of[CancelReadNotice](),
	CmdEndReadNotice:      of[EndReadNotice](),
	CmdNoticeTicket:       of[NoticeTicket](),
	CmdKeysRequest:        of[KeysRequest](),
	CmdKeysAnswer:         of[KeysAnswer](),
	CmdBeginExport:        of[BeginExport](),
	CmdNextExport:         of[NextExport](),
	CmdReadExport:         of[ReadExport](),
	CmdConfirmExport:      of[ConfirmExport](),
	CmdKeyServer:          of[KeyServer](),
}

// answerShapes has the layout of every answer that has data.
var answerShapes = map[Command]shape{
	CmdRegister:           of[DocumentAnswer](),
	CmdCloseArchive:       of[DocumentAnswer](),
	CmdShiftState:         of[ShiftStateAnswer](),
	CmdOpenShift:          of[NumberedAnswer](),
	CmdCloseShift:         of[NumberedAnswer](),
	CmdFormReceipt:        of[NumberedAnswer](),
	CmdFormReport:         of[ReportAnswer](),
	CmdExchangeStatus:     of[ExchangeStatusAnswer](),
	CmdBeginReadMessage:   of[MessageLengthAnswer](),
	CmdReadMessage:        of[BlockAnswer](),
	CmdOperatorMessage:    of[OperatorMessageAnswer](),
	CmdStatus:             of[StatusAnswer](),
	CmdNumber:             of[NumberAnswer](),
	CmdLife:               of[LifeAnswer](),
	CmdVersion:            of[VersionAnswer](),
	CmdLastErrors:         of[LastErrorsAnswer](),
	CmdFindDocument:       of[FoundDocumentAnswer](),
	CmdFindTicket:         of[TicketAnswer](),
	CmdUnsentCount:        of[CountAnswer](),
	CmdRegistrationTotals: of[RegistrationTotalsAnswer](),
	CmdRegistrationTag:    of[TLVAnswer](),
	CmdReadDocument:       of[ReadDocumentAnswer](),
	CmdNextTag:            of[TLVAnswer](),
	CmdNextRegistration:   of[TLVAnswer](),
	CmdServiceRecord:      of[ServiceRecordAnswer](),
	CmdCounters:           of[CountersAnswer](),
	CmdOperationCounters:  of[OperationCountersAnswer](),
	CmdTypeCounters:       of[TypeCountersAnswer](),
	CmdUnsentCounters:     of[UnsentCountersAnswer](),
	CmdFFDVersions:        of[FFDVersionsAnswer](),
	CmdDaysLeft:           of[DaysLeftAnswer](),
	CmdFreeMemory:         of[FreeMemoryAnswer](),
	CmdExecution:          of[ExecutionAnswer](),
	CmdFindFormatted:      of[FindFormattedAnswer](),
	CmdRegister2:          of[DocumentAnswer](),
	CmdDataSize:           of[DataSizeAnswer](),
	CmdMarkingStatus:      of[MarkingStatusAnswer](),
	CmdCheckMark:          of[CheckMarkAnswer](),
	CmdKeepMark:           of[MarkResultAnswer](),
	CmdMarkRequest:        of[RawAnswer](),
	CmdMarkAnswer:         of[MarkResultAnswer](),
	CmdMarkData:           of[RawAnswer](),
	CmdNoticeStatus:       of[NoticeStatusAnswer](),
	CmdBeginReadNotice:    of[MessageLengthAnswer](),
	CmdReadNotice:         of[BlockAnswer](),
	CmdKeysRequest:        of[RawAnswer](),
	CmdKeysAnswer:         of[RawAnswer](),
	CmdBeginExport:        of[RawAnswer](),
	CmdNextExport:         of[RawAnswer](),
	CmdReadExport:         of[BlockAnswer](),
	CmdKeyServer:          of[RawAnswer](),
}

func (FoundDocumentAnswer) answer()      {}
func (TicketAnswer) answer()             {}
func (CountAnswer) answer()              {}
func (ReadDocumentAnswer) answer()       {}
func (FindFormattedAnswer) answer()      {}
func (EmptyAnswer) answer()              {}
func (RawAnswer) answer()                {}
func (ServiceRecordAnswer) answer()      {}
func (CountersAnswer) answer()           {}
func (OperationCountersAnswer) answer()  {}
func (TypeCountersAnswer) answer()       {}
func (UnsentCountersAnswer) answer()     {}
func (FFDVersionsAnswer) answer()        {}
func (DaysLeftAnswer) answer()           {}
func (FreeMemoryAnswer) answer()         {}
func (ExecutionAnswer) answer()          {}
func (StatusAnswer) answer()             {}
func (NumberAnswer) answer()             {}
func (LifeAnswer) answer()               {}
func (VersionAnswer) answer()            {}
func (LastErrorsAnswer) answer()         {}
func (DocumentAnswer) answer()           {}
func (ShiftStateAnswer) answer()         {}
func (NumberedAnswer) answer()           {}
func (ReportAnswer) answer()             {}
func (ExchangeStatusAnswer) answer()     {}
func (MessageLengthAnswer) answer()      {}
func (BlockAnswer) answer()              {}
func (OperatorMessageAnswer) answer()    {}
func (DataSizeAnswer) answer()           {}
func (MarkingStatusAnswer) answer()      {}
func (CheckMarkAnswer) answer()          {}
func (MarkResultAnswer) answer()         {}
func (NoticeStatusAnswer) answer()       {}
func (RegistrationTotalsAnswer) answer() {}
func (TLVAnswer) answer()                {}
