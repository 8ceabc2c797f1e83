package shtrih

import (
	"fmt"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// SettlementSign is tag 1054: which way the money goes.
type SettlementSign byte

// Settlement signs.
const (
	SignIncome        SettlementSign = 1
	SignIncomeReturn  SettlementSign = 2
	SignExpense       SettlementSign = 3
	SignExpenseReturn SettlementSign = 4
)

// String is the sign in words.
func (s SettlementSign) String() string {
	names := [...]string{SignIncome: "income", SignIncomeReturn: "return of income", SignExpense: "expense", SignExpenseReturn: "return of expense"}
	if s >= SignIncome && int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("sign %d", byte(s))
}

// Receipt is the kind of 8Dh with this sign; a sale for a number that is no
// sign.
func (s SettlementSign) Receipt() ReceiptType {
	switch s {
	case SignIncome:
		return ReceiptSale
	case SignIncomeReturn:
		return ReceiptSaleReturn
	case SignExpense:
		return ReceiptPurchase
	case SignExpenseReturn:
		return ReceiptPurchaseReturn
	}
	return ReceiptSale
}

// TaxSystem is a set of tax systems (tag 1055); a receipt has exactly one.
type TaxSystem byte

// Tax systems.
const (
	TaxCommon              TaxSystem = 1 << iota // ОСН
	TaxSimpleIncome                              // УСН доход
	TaxSimpleIncomeExpense                       // УСН доход минус расход
	TaxImputed                                   // ЕНВД
	TaxAgricultural                              // ЕСХН
	TaxPatent                                    // ПСН
)

// OperationV2 adds a line to a receipt (FF46h). Any operator's password will
// do.
type OperationV2 struct {
	Password   uint32
	Sign       SettlementSign
	Quantity   fiscal.Quantity // to six decimals
	Price      fiscal.Money
	Sum        fiscal.Money // Auto: the device multiplies; else within a kopeck of the product
	Tax        fiscal.Money // Auto: the device counts it
	VAT        byte         // see VATCode
	Department byte
	Method     byte   // sign of the way of settlement, tag 1214
	Subject    byte   // sign of the subject of settlement, tag 1212
	Name       string // at most 128 bytes; after "//" it goes to the OFD and not to paper
}

// Code is FF46h.
func (OperationV2) Code() Code { return CodeOperationV2 }

func (r *OperationV2) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Sign)
	unsigned(c, &r.Quantity, 6)
	c.money(&r.Price)
	c.moneyOrAuto(&r.Sum)
	c.moneyOrAuto(&r.Tax)
	u8(c, &r.VAT)
	u8(c, &r.Department)
	u8(c, &r.Method)
	u8(c, &r.Subject)
	c.text(&r.Name, 0, MaxNameV2)
}

// Greatest lengths of texts and tags, in bytes.
const (
	MaxNameV2 = 128 // name of an operation, FF46h
	MaxTextV2 = 64  // text of a closing, FF45h
	// MaxTLV is what one message of tags carries (FF0Ch, FF4Dh). The protocol
	// says 250, but with the code and the password that is one byte more than
	// the length of a frame can tell.
	MaxTLV = 249
)

// Payments of [CloseReceiptV2], as indices of its Payments. Those from 1 to 12
// are all electronic to the OFD.
const (
	PaymentCash       = 0
	PaymentElectronic = 1
	PaymentPrepaid    = 13
	PaymentCredit     = 14
	PaymentBarter     = 15
)

// CloseReceiptV2 ends a receipt and makes its document (FF45h).
//
// Taxes count only with field 14 of table 1 set to 1; else the device counts
// them. The wire has places for the classic rates only: 20 %, 10 %, turnover
// at 0 %, turnover without VAT, 20/120, 10/110.
type CloseReceiptV2 struct {
	Password  uint32
	Payments  [16]fiscal.Money
	Rounding  byte // kopecks taken off
	Taxes     [6]fiscal.Money
	TaxSystem TaxSystem
	Text      string
}

// Code is FF45h.
func (CloseReceiptV2) Code() Code { return CodeCloseReceiptV2 }

func (r *CloseReceiptV2) layout(c *cursor) {
	u32(c, &r.Password)
	c.moneys(r.Payments[:])
	u8(c, &r.Rounding)
	c.moneys(r.Taxes[:])
	u8(c, &r.TaxSystem)
	c.text(&r.Text, 0, MaxTextV2)
}

// CloseReceiptV2Answer is the answer to FF45h: the receipt is in the fiscal
// memory under this number and sign.
type CloseReceiptV2Answer struct {
	Change fiscal.Money
	FD     uint32
	FP     uint32
	Time   *fiscal.DateTime // nil unless field 36 of table 17 asks for it
	Tail   []byte
}

// Code is FF45h.
func (CloseReceiptV2Answer) Code() Code { return CodeCloseReceiptV2 }

func (a *CloseReceiptV2Answer) layout(c *cursor) {
	c.money(&a.Change)
	u32(c, &a.FD)
	u32(c, &a.FP)
	c.maybeTime(&a.Time)
	c.bytes(&a.Tail)
}

// ReceiptDiscount takes a discount or a charge on the whole receipt (FF4Bh).
type ReceiptDiscount struct {
	Password uint32
	Discount fiscal.Money
	Charge   fiscal.Money
	Tax      byte
	Text     string
}

// Code is FF4Bh.
func (ReceiptDiscount) Code() Code { return CodeReceiptDiscount }

func (r *ReceiptDiscount) layout(c *cursor) {
	u32(c, &r.Password)
	c.money(&r.Discount)
	c.money(&r.Charge)
	u8(c, &r.Tax)
	c.name(&r.Text, 128)
}

// SendTLV adds tags to the document being made (FF0Ch): objects of package ffd.
type SendTLV struct {
	Password uint32
	TLV      []byte
}

// Code is FF0Ch.
func (SendTLV) Code() Code { return CodeSendTLV }

func (r *SendTLV) layout(c *cursor) {
	u32(c, &r.Password)
	c.limited(&r.TLV, MaxTLV)
}

// OperationTLV adds tags to the last operation of the receipt (FF4Dh).
type OperationTLV struct {
	Password uint32
	TLV      []byte
}

// Code is FF4Dh.
func (OperationTLV) Code() Code { return CodeOperationTLV }

func (r *OperationTLV) layout(c *cursor) {
	u32(c, &r.Password)
	c.limited(&r.TLV, MaxTLV)
}

// SendBufferedTLV adds to the document the tags loaded before by
// [OFDBeginWrite] and [OFDWriteBlock] (FF64h): for more than fit a message.
type SendBufferedTLV struct{ Password uint32 }

// Code is FF64h.
func (SendBufferedTLV) Code() Code          { return CodeSendBufferedTLV }
func (r *SendBufferedTLV) layout(c *cursor) { u32(c, &r.Password) }

// BeginCorrection starts a correction receipt (FF35h).
type BeginCorrection struct{ Password uint32 }

// Code is FF35h.
func (BeginCorrection) Code() Code          { return CodeBeginCorrection }
func (r *BeginCorrection) layout(c *cursor) { u32(c, &r.Password) }

// Correction makes a correction receipt of nothing but a total (FF36h).
type Correction struct {
	Password uint32
	Total    fiscal.Money
	Sign     SettlementSign
}

// Code is FF36h.
func (Correction) Code() Code { return CodeCorrection }

func (r *Correction) layout(c *cursor) {
	u32(c, &r.Password)
	c.money(&r.Total)
	u8(c, &r.Sign)
}

// CorrectionV2 makes a correction receipt (FF4Ah). It has no places for the
// rates of 5, 7 and 22 %; a correction with those goes as an ordinary receipt
// opened with [ReceiptCorrection].
type CorrectionV2 struct {
	Password   uint32
	Order      byte // 0 by the seller himself, 1 by order of the tax service
	Sign       SettlementSign
	Total      fiscal.Money
	Cash       fiscal.Money
	Electronic fiscal.Money
	Prepaid    fiscal.Money
	Credit     fiscal.Money
	Barter     fiscal.Money
	VAT20      fiscal.Money
	VAT10      fiscal.Money
	Sum0       fiscal.Money // turnover at 0 %
	SumNone    fiscal.Money // turnover without VAT
	VAT20120   fiscal.Money
	VAT10110   fiscal.Money
	TaxSystem  TaxSystem
}

// Code is FF4Ah.
func (CorrectionV2) Code() Code { return CodeCorrectionV2 }

func (r *CorrectionV2) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Order)
	u8(c, &r.Sign)
	for _, v := range []*fiscal.Money{
		&r.Total, &r.Cash, &r.Electronic, &r.Prepaid, &r.Credit, &r.Barter,
		&r.VAT20, &r.VAT10, &r.Sum0, &r.SumNone, &r.VAT20120, &r.VAT10110,
	} {
		c.money(v)
	}
	u8(c, &r.TaxSystem)
}

// CorrectionAnswer is the answer to FF36h and FF4Ah.
type CorrectionAnswer struct {
	For     Code
	Receipt uint16 // number in the shift
	FD      uint32
	FP      uint32
	Time    *fiscal.DateTime // nil unless field 36 of table 17 asks for it
	Tail    []byte
}

// Code is the command this answers.
func (a CorrectionAnswer) Code() Code { return a.For }

func (a *CorrectionAnswer) layout(c *cursor) {
	u16(c, &a.Receipt)
	u32(c, &a.FD)
	u32(c, &a.FP)
	c.maybeTime(&a.Time)
	c.bytes(&a.Tail)
}
