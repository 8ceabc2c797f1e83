package shtrih

// The matrix of the general guide: which commands a device accepts in which
// modes. Where the guide contradicts what current firmware does, the table is
// lenient; a device may still refuse.

// modes is a set of mode numbers.
type modes uint16

func in(numbers ...Mode) modes {
	var s modes
	for _, n := range numbers {
		s |= 1 << n.Number()
	}
	return s
}

func except(numbers ...Mode) modes { return ^in(numbers...) }

const anyMode modes = 0xFFFF

// Sets the matrix uses more than once.
var (
	shiftModes  = in(ModeShiftOpen, ModeShiftExpired)
	idleModes   = in(ModeShiftOpen, ModeShiftExpired, ModeShiftClosed, ModeDecimalPoint, ModeTechReset)
	closedModes = in(ModeShiftClosed, ModeDecimalPoint, ModeTechReset)
	newReceipt  = in(ModeShiftOpen, ModeShiftClosed, ModeDecimalPoint, ModeTechReset)
	inDocument  = in(ModeDocument)
	onlyClosed  = in(ModeShiftClosed)
	textModes   = except(ModeFiscalReport, ModeFiscalSlip)
)

// allowedModes has the commands that are not allowed everywhere.
var allowedModes = map[Code]modes{
	CodeDumpBegin:        except(ModeOutput),
	CodeDumpRead:         in(ModeOutput),
	CodeStopOutput:       in(ModeOutput),
	CodePrintBold:        textModes,
	CodePrintString:      textModes,
	CodePrintFont:        textModes,
	CodeTechReset:        in(ModeTechReset),
	CodePrintHeader:      idleModes,
	CodeTestRun:          idleModes,
	CodeStopTestRun:      in(ModeTestRun),
	CodeWriteTable:       except(ModeOutput, ModeDocument),
	CodeSetTime:          closedModes,
	CodeSetDate:          closedModes,
	CodeConfirmDate:      in(ModeConfirmDate),
	CodeInitTables:       onlyClosed,
	CodeGeneralReset:     onlyClosed,
	CodeCut:              except(ModeDocument, ModeTestRun, ModeFiscalReport, ModeFiscalSlip),
	CodeFeed:             except(ModeDocument, ModeTestRun, ModeFiscalReport, ModeFiscalSlip),
	CodePrintRegisters:   idleModes,
	CodeXReport:          in(ModeShiftOpen, ModeShiftExpired, ModeShiftClosed), // the guide has no row for 40h
	CodeCloseShift:       shiftModes,
	CodeBufferedZ:        shiftModes,
	CodeCashIn:           idleModes,
	CodeCashOut:          idleModes,
	CodePrintClicheHead:  idleModes,
	CodePrintDocumentEnd: idleModes,
	CodePrintAdvert:      idleModes,
	CodeSale:             newReceipt | inDocument,
	CodePurchase:         newReceipt | inDocument,
	CodeSaleReturn:       newReceipt | inDocument,
	CodePurchaseReturn:   newReceipt | inDocument,
	CodeStorno:           inDocument,
	CodeCloseReceipt:     inDocument,
	CodeDiscount:         inDocument,
	CodeCharge:           inDocument,
	CodeCancelReceipt:    inDocument,
	CodeSubtotal:         inDocument,
	CodeDiscountStorno:   inDocument,
	CodeChargeStorno:     inDocument,
	CodeRepeatDocument:   shiftModes,
	CodeOpenReceipt:      newReceipt,
	CodeCloseReceiptExt:  inDocument,
	CodeOpenShift:        onlyClosed,
	CodeOpenNonFiscal:    in(ModeShiftOpen, ModeShiftExpired, ModeShiftClosed),
	CodeCloseNonFiscal:   inDocument,

	CodeBeginRegistration: onlyClosed,
	CodeRegistration:      onlyClosed,
	// By the guide only in mode 8; users report that it also clears a document
	// that hangs in the fiscal memory alone, so no mode forbids it here.
	CodeCancelFNDocument: anyMode,
	CodeFNOpenShift:      onlyClosed,
	CodeReregistration:   onlyClosed,
	CodeBeginCorrection:  in(ModeShiftOpen, ModeShiftClosed),
	CodeCorrection:       in(ModeShiftOpen, ModeShiftClosed),
	CodeCorrectionV2:     in(ModeShiftOpen, ModeShiftClosed),
	CodeBeginSettlement:  onlyClosed,
	CodeSettlement:       onlyClosed,
	CodeBeginCloseFN:     onlyClosed,
	CodeCloseFN:          onlyClosed,
	CodeBeginOpenShift:   onlyClosed,
	CodeBeginCloseShift:  shiftModes,
	CodeFNCloseShift:     shiftModes,
	CodeCloseReceiptV2:   inDocument,
	CodeOperationV2:      inDocument,
	CodeReceiptDiscount:  inDocument,
	CodeOperationTLV:     inDocument,
	CodeBindMarking:      inDocument,
	CodeOFDStatus:        anyMode, // the guide says mode 4; current firmware answers in any
	CodeOFDTicket:        anyMode, // the same
}

// inReceipt has the commands that mode 8 allows only with a receipt open, not
// with a document of text.
var inReceipt = map[Code]bool{
	CodeStorno: true, CodeCloseReceipt: true, CodeDiscount: true, CodeCharge: true, CodeCancelReceipt: true,
	CodeSubtotal: true, CodeDiscountStorno: true, CodeChargeStorno: true, CodeCloseReceiptExt: true,
	CodeCloseReceiptV2: true, CodeOperationV2: true, CodeReceiptDiscount: true, CodeOperationTLV: true,
	CodeBindMarking: true,
}

// receiptOf is the one receipt each classic operation goes into.
var receiptOf = map[Code]Mode{
	CodeSale: ModeSale, CodePurchase: ModePurchase, CodeSaleReturn: ModeSaleReturn, CodePurchaseReturn: ModePurchaseReturn,
}

// Allowed tells whether a device accepts the command in the mode; if not, it
// answers 73h. It knows nothing of submodes. Commands not in the matrix are
// allowed: what the device does not know it refuses as unknown.
func Allowed(code Code, mode Mode) bool {
	set, ok := allowedModes[code]
	if !ok {
		return true
	}
	if set>>mode.Number()&1 == 0 {
		return false
	}
	if mode.Number() != ModeDocument {
		return true
	}
	if own, ok := receiptOf[code]; ok {
		return mode == own
	}
	_, receipt := mode.ReceiptOpen()
	switch {
	case inReceipt[code]:
		return receipt
	case code == CodeCloseNonFiscal:
		return mode == ModeNonFiscal
	}
	return true
}

// Refusal is the error with which the printer's submode stops a command, or
// [ErrNone]. Whether a device says 6Bh or 72h without paper, and whether it
// looks at the mode before the submode, differs between models.
func Refusal(code Code, sub Submode) ErrorCode {
	resume := code == CodeContinuePrint
	if !resume && !Describe(code).Prints {
		return ErrNone
	}
	switch sub {
	case SubPaperOut, SubPaperLost:
		return ErrNoPaper
	case SubPrintingReport, SubPrinting:
		return ErrBusyPrinting
	case SubAwaitContinue:
		if !resume {
			return ErrAwaitContinue
		}
	case SubIdle:
		if resume {
			return ErrWrongSubmode
		}
	}
	return ErrNone
}
