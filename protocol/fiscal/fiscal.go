// Package fiscal holds the words of the trade: what a shop asks of a till and
// what a till answers. Every other package speaks these words; this one speaks
// of nothing else: no device, no wire, no clock, no log.
//
// # What is asked
//
// A [Receipt] is a sale, a return, a purchase, a purchase return or a
// correction of one of them: [Item] lines, [Payments], a tax system. Sums are
// [Money], always whole minor units (kopecks, tiyn); a [Quantity] is exact to
// a millionth. [Receipt.Check] finds what is inconsistent before any device
// hears of it and names every field.
//
// # What is answered
//
// A [Document] is a fact in the fiscal memory: identified by the memory's
// number and the document's number in it. An [Outcome] says whether an effect
// happened: done, not done, or not known; nobody may round the third to one of
// the others.
//
// # What this package does not do
//
// It does not know FFD tags (package ffd) or vendors' codes (one package a
// wire format), and it never asks what time it is: civil time of a till is
// a [DateTime] that somebody read from the till.
package fiscal

import "fmt"

// Outcome says what became of an effect on a till. The zero value is Unknown,
// so that forgetting to set it is safe.
type Outcome uint8

// Outcomes.
const (
	// Unknown: the effect may or may not have happened; it is being settled.
	// Asking again under another key could do it twice.
	Unknown Outcome = iota
	// NotDone: the effect did not happen and will not happen unless asked again.
	NotDone
	// Done: the effect happened, once, and its document is known.
	Done
)

// String gives the word used in logs and JSON: unknown, not_done, done.
func (o Outcome) String() string {
	switch o {
	case Unknown:
		return "unknown"
	case NotDone:
		return "not_done"
	case Done:
		return "done"
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// Kind is one thing that can be asked of a till.
type Kind uint8

// Kinds of operation. Sale to PurchaseReturn are receipts; a receipt with a
// [Correction] keeps its kind and becomes a correction receipt.
const (
	KindNone Kind = iota
	Sale
	SaleReturn
	Purchase
	PurchaseReturn
	CashIn
	CashOut
	OpenShift
	CloseShift
	XReport
	Settlement   // state-of-settlement report, FFD form 21
	Register     // registration of the till, form 1
	Reregister   // its change, form 11
	CloseArchive // closing of the fiscal memory for ever, form 6
)

var kindNames = [...]string{
	KindNone: "none", Sale: "sale", SaleReturn: "sale_return", Purchase: "purchase", PurchaseReturn: "purchase_return",
	CashIn: "cash_in", CashOut: "cash_out", OpenShift: "open_shift", CloseShift: "close_shift", XReport: "x_report", Settlement: "settlement",
	Register: "register", Reregister: "reregister", CloseArchive: "close_archive",
}

// String gives the word used in logs, JSON and the command line.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// IsReceipt tells whether the kind is one of the four settlements of FFD tag 1054.
func (k Kind) IsReceipt() bool { return k >= Sale && k <= PurchaseReturn }

// IsFiscal tells whether doing the kind leaves a document in the fiscal
// memory. Cash movements and X reports leave only counters of the till.
func (k Kind) IsFiscal() bool {
	return k.IsReceipt() || k == OpenShift || k == CloseShift || k >= Settlement && k <= CloseArchive
}

// Sign is the settlement sign, FFD tag 1054: 1 income, 2 return of income,
// 3 expense, 4 return of expense; 0 for kinds that are not receipts.
func (k Kind) Sign() int {
	if k.IsReceipt() {
		return int(k)
	}
	return 0
}

// DocumentType is the FFD form code of a document in the archive of the fiscal
// memory (FFD, annex 2; Shtrih protocol 1.17, FF0Ah).
type DocumentType uint8

// Forms of fiscal documents.
const (
	DocRegistration     DocumentType = 1
	DocShiftOpened      DocumentType = 2
	DocReceipt          DocumentType = 3
	DocBSO              DocumentType = 4
	DocShiftClosed      DocumentType = 5
	DocArchiveClosed    DocumentType = 6
	DocOperatorTicket   DocumentType = 7
	DocReregistration   DocumentType = 11
	DocSettlementReport DocumentType = 21
	DocCorrection       DocumentType = 31
	DocBSOCorrection    DocumentType = 41
)

// Document is a fact in the fiscal memory. (FN, FD) identifies it for ever.
type Document struct {
	FN      string       // number of the fiscal memory, 16 digits in Russia
	FD      uint32       // number of the document in it, from 1
	FP      uint32       // fiscal sign, printed as up to ten digits
	Type    DocumentType // FFD form
	At      DateTime     // the till's own civil time
	Kind    Kind         // for receipts and corrections: what was settled
	Total   Money        // for receipts and corrections
	Shift   uint32       // 0 when the source of the facts does not tell
	Receipt uint32       // number in the shift; 0 when not told
	Ticket  bool         // the operator has confirmed it
	Marker  string       // our operation in it (tag 1084), when it was read
	TLV     []byte       // the whole document as one STLV whose tag is its form, when it was read
}

// QR gives the text of the fiscal QR code (tag 1196): the same string a
// buyer's phone sends to the tax service. Empty for anything but receipts, and
// for a receipt whose time is not known.
func (d Document) QR() string {
	if !d.Kind.IsReceipt() || d.FD == 0 || d.At.IsZero() {
		return ""
	}
	return fmt.Sprintf("t=%04d%02d%02dT%02d%02d&s=%d.%02d&fn=%s&i=%d&fp=%d&n=%d",
		d.At.Year, d.At.Month, d.At.Day, d.At.Hour, d.At.Minute, d.Total/100, d.Total%100, d.FN, d.FD, d.FP, d.Kind.Sign())
}

// Baseline is what the till said of itself right before an effect. Against it
// the question "did it happen?" is later decided. Unlike Document numbers the
// counters of cash movements live in the till, not in the fiscal memory.
type Baseline struct {
	FN        string
	LastFD    uint32
	Shift     uint32 // number of the current or, when closed, the last shift
	ShiftOpen bool
	Receipt   uint32 // last receipt number in the shift
	Clock     DateTime
	CashIns   uint32 // count of cash-in documents so far
	CashOuts  uint32
	XReports  uint32
}

// Cashier is who stands at the till (tags 1021 and 1203).
type Cashier struct {
	Name string
	INN  string
}
