package shtrih

import (
	"fmt"
	"strings"
)

// Mode is what a device is busy with: the low half is the mode, the high half
// tells the kind of the document in modes 8, 13 and 14.
type Mode byte

// Modes (Shtrih protocol 1.17, mode of the KKT).
const (
	ModeReady          Mode = 0 // devices without a fiscal memory
	ModeOutput         Mode = 1 // data output: a dump, or a document read as tags
	ModeShiftOpen      Mode = 2
	ModeShiftExpired   Mode = 3 // open for more than 24 hours
	ModeShiftClosed    Mode = 4
	ModeLocked         Mode = 5 // wrong password of the tax inspector
	ModeConfirmDate    Mode = 6 // waits for 23h
	ModeDecimalPoint   Mode = 7 // after 27h
	ModeDocument       Mode = 8
	ModeTechReset      Mode = 9
	ModeTestRun        Mode = 10
	ModeFiscalReport   Mode = 11
	ModeFiscalSlip     Mode = 12
	ModeSlip           Mode = 13
	ModeSlipReady      Mode = 14
	ModeSale           Mode = 0x08 // an open sale; also the number of mode 8
	ModePurchase       Mode = 0x18
	ModeSaleReturn     Mode = 0x28
	ModePurchaseReturn Mode = 0x38
	ModeNonFiscal      Mode = 0x48
)

// Number is the mode without its status.
func (m Mode) Number() Mode { return m & 0x0F }

// Status is the high half.
func (m Mode) Status() byte { return byte(m >> 4) }

// ReceiptOpen tells whether a receipt stands open, and of which kind.
func (m Mode) ReceiptOpen() (ReceiptType, bool) {
	return ReceiptType(m.Status()), m.Number() == ModeDocument && m.Status() <= 3
}

// ReceiptMode is the mode of an open receipt of this kind.
func ReceiptMode(t ReceiptType) Mode { return ModeDocument | Mode(t&3)<<4 }

// String is the mode in words.
func (m Mode) String() string {
	names := [...]string{
		"ready", "data output", "shift open", "shift over 24 hours", "shift closed", "locked",
		"date to confirm", "decimal point", "document open", "technological reset", "test run", "fiscal report",
		"fiscal slip", "slip printing", "slip ready",
	}
	if m.Number() == ModeDocument && m.Status() < 5 {
		return [...]string{"sale open", "purchase open", "sale return open", "purchase return open", "text document open"}[m.Status()]
	}
	if n := int(m.Number()); n < len(names) {
		return names[n]
	}
	return fmt.Sprintf("mode %d", byte(m))
}

// Submode is what the printer is busy with ("advanced mode").
type Submode byte

// Submodes.
const (
	SubIdle           Submode = 0
	SubPaperOut       Submode = 1 // noticed while nothing was printing
	SubPaperLost      Submode = 2 // ran out while printing
	SubAwaitContinue  Submode = 3 // paper is back; only B0h goes on
	SubPrintingReport Submode = 4
	SubPrinting       Submode = 5
)

// String is the submode in words.
func (s Submode) String() string {
	names := [...]string{"idle", "no paper", "paper ran out while printing", "waiting for continue print", "printing report", "printing"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("submode %d", byte(s))
}

// Flags are the sensors and settings in a status. Which of them a model has,
// [Features] tell; a device without a sensor reports a constant.
type Flags uint16

// Flags of a status.
const (
	FlagJournalRoll      Flags = 1 << 0
	FlagReceiptRoll      Flags = 1 << 1
	FlagSlipUpper        Flags = 1 << 2
	FlagSlipLower        Flags = 1 << 3
	FlagTwoDecimals      Flags = 1 << 4
	FlagEJ               Flags = 1 << 5
	FlagJournalPaper     Flags = 1 << 6
	FlagReceiptPaper     Flags = 1 << 7 // the optical sensor sees paper
	FlagJournalLever     Flags = 1 << 8
	FlagReceiptLever     Flags = 1 << 9 // down
	FlagCoverOpen        Flags = 1 << 10
	FlagDrawerOpen       Flags = 1 << 11
	FlagPresenterRight   Flags = 1 << 12
	FlagPresenterLeft    Flags = 1 << 13
	FlagEJAlmostFull     Flags = 1 << 14
	FlagQuantityDecimals Flags = 1 << 15
)

var flagNames = [...]string{
	"journal roll", "receipt roll", "slip upper", "slip lower", "two decimals", "ej",
	"journal paper", "receipt paper", "journal lever", "receipt lever", "cover open", "drawer open",
	"presenter right", "presenter left", "ej almost full", "quantity decimals",
}

// String lists the flags that are set.
func (f Flags) String() string { return setString(uint64(f), flagNames[:]) }

func setString(set uint64, names []string) string {
	var on []string
	for i := range 64 {
		if set>>i&1 == 0 {
			continue
		}
		if i < len(names) && names[i] != "" {
			on = append(on, names[i])
		} else {
			on = append(on, fmt.Sprintf("bit %d", i))
		}
	}
	return strings.Join(on, ", ")
}

// PrintResult is the fate of the last print, in the 17-byte short status.
type PrintResult byte

// Print results.
const (
	PrintOK       PrintResult = 0
	PrintNoPaper  PrintResult = 1
	PrintBroken   PrintResult = 2
	PrintUnderway PrintResult = 5
)

// String is the result in words.
func (r PrintResult) String() string {
	switch r {
	case PrintOK:
		return "printed"
	case PrintNoPaper:
		return "paper broke off"
	case PrintBroken:
		return "printer error"
	case PrintUnderway:
		return "printing"
	}
	return fmt.Sprintf("print result %d", byte(r))
}

// Features is what a model can do (F7h, the first eight bytes). Bits from 43
// on come from newer firmware than the published text.
type Features uint64

// Features used here; the rest keep their numbers.
const (
	FeatureJournalWeight  Features = 1 << 0
	FeatureReceiptWeight  Features = 1 << 1
	FeatureJournalOptical Features = 1 << 2
	FeatureReceiptOptical Features = 1 << 3
	FeatureCover          Features = 1 << 4
	FeatureJournalLever   Features = 1 << 5
	FeatureReceiptLever   Features = 1 << 6
	FeatureCutter         Features = 1 << 13
	FeatureDrawerSensor   Features = 1 << 15
	FeatureNonFiscal      Features = 1 << 22
	FeatureCashcore       Features = 1 << 23
	FeatureAlternative    Features = 1 << 28 // the numbered link
	FeatureSeniorCashier  Features = 1 << 33
	FeatureLastPrint      Features = 1 << 34 // last print result in 10h
	FeatureErrorText      Features = 1 << 36 // 6Bh
	FeatureFN             Features = 1 << 43
	FeatureHostRelay      Features = 1 << 44 // the host may relay OFD messages
	FeatureAutoTags       Features = 1 << 45
	FeatureFFD11          Features = 1 << 47
	FeatureCorrections    Features = 1 << 48 // corrections as ordinary receipts
	FeatureErrorDetails   Features = 1 << 49 // 6Bh without parameter
	FeatureTimes          Features = 1 << 50 // times at the end of answers
	FeatureAuthorization  Features = 1 << 51
	FeaturePlainTransfer  Features = 1 << 52
	FeatureSessionCancel  Features = 1 << 53 // drops an unfinished document with the session
	FeatureExtendedError  Features = 1 << 54 // four more bytes in an error answer
)

var featureNames = map[Features]string{
	FeatureJournalWeight: "journal weight sensor", FeatureReceiptWeight: "receipt weight sensor",
	FeatureJournalOptical: "journal optical sensor", FeatureReceiptOptical: "receipt optical sensor",
	FeatureCover: "cover sensor", FeatureJournalLever: "journal lever", FeatureReceiptLever: "receipt lever",
	FeatureCutter: "cutter", FeatureDrawerSensor: "drawer sensor", FeatureNonFiscal: "text documents",
	FeatureCashcore: "cashcore", FeatureAlternative: "alternative link", FeatureSeniorCashier: "senior cashier",
	FeatureLastPrint: "last print result", FeatureErrorText: "error texts", FeatureFN: "FN",
	FeatureHostRelay: "OFD relay by host", FeatureAutoTags: "automatic tags", FeatureFFD11: "FFD 1.1",
	FeatureCorrections: "corrections as receipts", FeatureErrorDetails: "error details", FeatureTimes: "times in answers",
	FeatureAuthorization: "authorization", FeaturePlainTransfer: "plain transfer", FeatureSessionCancel: "cancels with the session",
	FeatureExtendedError: "extended errors",
}

// String lists the features, for a person.
func (f Features) String() string {
	names := make([]string, 64)
	for i := range names {
		names[i] = featureNames[1<<i]
	}
	return setString(uint64(f), names)
}

// Has tells whether all of these features are there.
func (f Features) Has(all Features) bool { return f&all == all }

// FNPhase is the phase in the life of a fiscal memory: a set of bits that is
// only ever added to.
type FNPhase byte

// Phases.
const (
	PhaseReady        FNPhase = 1
	PhaseFiscal       FNPhase = 3
	PhaseTransferring FNPhase = 7 // closed, messages still to be sent
	PhaseArchive      FNPhase = 15
)

// String is the phase in words.
func (p FNPhase) String() string {
	switch p {
	case PhaseReady:
		return "ready"
	case PhaseFiscal:
		return "fiscal"
	case PhaseTransferring:
		return "closed, transferring"
	case PhaseArchive:
		return "archive"
	}
	return fmt.Sprintf("phase %d", byte(p))
}

// FNDocument is the document a fiscal memory is making (FF01h). Its numbers
// are not those of [ArchiveType].
type FNDocument byte

// Documents being made.
const (
	MakingNothing       FNDocument = 0x00
	MakingRegistration  FNDocument = 0x01
	MakingOpenShift     FNDocument = 0x02
	MakingReceipt       FNDocument = 0x04
	MakingCloseShift    FNDocument = 0x08
	MakingCloseFN       FNDocument = 0x10
	MakingBSO           FNDocument = 0x11
	MakingReplacement   FNDocument = 0x12 // registration anew with another fiscal memory
	MakingChange        FNDocument = 0x13 // registration anew
	MakingCorrection    FNDocument = 0x14
	MakingBSOCorrection FNDocument = 0x15
	MakingSettlement    FNDocument = 0x17
)

// String is the document in words.
func (d FNDocument) String() string {
	switch d {
	case MakingNothing:
		return "no document"
	case MakingRegistration:
		return "registration"
	case MakingOpenShift:
		return "shift opening"
	case MakingReceipt:
		return "receipt"
	case MakingCloseShift:
		return "shift closing"
	case MakingCloseFN:
		return "FN closing"
	case MakingBSO:
		return "BSO"
	case MakingReplacement:
		return "registration with another FN"
	case MakingChange:
		return "registration anew"
	case MakingCorrection:
		return "correction receipt"
	case MakingBSOCorrection:
		return "correction BSO"
	case MakingSettlement:
		return "settlement report"
	}
	return fmt.Sprintf("document %02Xh", byte(d))
}

// FNWarnings are what a fiscal memory warns of (FF01h).
type FNWarnings byte

// Warnings of a fiscal memory.
const (
	WarnReplaceNow  FNWarnings = 1 << 0 // 3 days of the key are left
	WarnReplaceSoon FNWarnings = 1 << 1 // 30 days of the key are left
	WarnAlmostFull  FNWarnings = 1 << 2 // 90 % of the archive
	WarnOFDOverdue  FNWarnings = 1 << 3
	WarnFormat      FNWarnings = 1 << 4
	WarnCritical    FNWarnings = 1 << 7
)

// String lists the warnings that are set.
func (w FNWarnings) String() string {
	return setString(uint64(w), []string{
		"replace within 3 days", "replace within 30 days", "archive 90% full",
		"OFD overdue", "format refused", "", "", "critical",
	})
}

// ArchiveType is the kind of a document in the archive of a fiscal memory
// (FF0Ah): the FFD number of its form.
type ArchiveType byte

// Kinds of documents.
const (
	ArchiveRegistration  ArchiveType = 1
	ArchiveOpenShift     ArchiveType = 2
	ArchiveReceipt       ArchiveType = 3
	ArchiveBSO           ArchiveType = 4
	ArchiveCloseShift    ArchiveType = 5
	ArchiveCloseFN       ArchiveType = 6
	ArchiveChange        ArchiveType = 11
	ArchiveSettlement    ArchiveType = 21
	ArchiveCorrection    ArchiveType = 31
	ArchiveBSOCorrection ArchiveType = 41
)

// String is the kind in words.
func (a ArchiveType) String() string {
	switch a {
	case ArchiveRegistration:
		return "registration"
	case ArchiveOpenShift:
		return "shift opening"
	case ArchiveReceipt:
		return "receipt"
	case ArchiveBSO:
		return "BSO"
	case ArchiveCloseShift:
		return "shift closing"
	case ArchiveCloseFN:
		return "FN closing"
	case ArchiveChange:
		return "registration anew"
	case ArchiveSettlement:
		return "settlement report"
	case ArchiveCorrection:
		return "correction receipt"
	case ArchiveBSOCorrection:
		return "correction BSO"
	}
	return fmt.Sprintf("document type %d", byte(a))
}
