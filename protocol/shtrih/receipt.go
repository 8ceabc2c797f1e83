package shtrih

import (
	"fmt"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// ReceiptType is the kind of receipt [OpenReceipt] opens. Beware: the order
// differs from that of [SettlementSign], which the FFh commands use.
type ReceiptType byte

// Kinds of receipt of 8Dh.
const (
	ReceiptSale           ReceiptType = 0
	ReceiptPurchase       ReceiptType = 1
	ReceiptSaleReturn     ReceiptType = 2
	ReceiptPurchaseReturn ReceiptType = 3
	// ReceiptCorrection added to a kind makes a correction in the form of an
	// ordinary receipt (capability bit 48).
	ReceiptCorrection ReceiptType = 0x80
)

// Sign is the settlement sign (tag 1054) of the kind; 0 for a number that is
// no kind.
func (t ReceiptType) Sign() SettlementSign {
	signs := [...]SettlementSign{SignIncome, SignExpense, SignIncomeReturn, SignExpenseReturn}
	if i := int(t &^ ReceiptCorrection); i < len(signs) {
		return signs[i]
	}
	return 0
}

// String is the kind in words.
func (t ReceiptType) String() string {
	names := [...]string{"sale", "purchase", "sale return", "purchase return"}
	i := int(t &^ ReceiptCorrection)
	if i >= len(names) {
		return fmt.Sprintf("receipt type %d", byte(t))
	}
	if t&ReceiptCorrection != 0 {
		return "correction of " + names[i]
	}
	return names[i]
}

// OpenReceipt opens a receipt (8Dh).
type OpenReceipt struct {
	Password uint32
	Type     ReceiptType
}

// Code is 8Dh.
func (OpenReceipt) Code() Code { return CodeOpenReceipt }

func (r *OpenReceipt) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Type)
}

// Operation adds a line to a receipt, or opens the receipt with it, in the
// classic form (80h–83h), or takes a line back (84h).
type Operation struct {
	Command    Code // CodeSale … CodeStorno
	Password   uint32
	Quantity   fiscal.Quantity // to three decimals
	Price      fiscal.Money
	Department byte
	Taxes      [4]byte // rows of table 6, not bits; 0 is none
	Text       string
}

// Code is 80h, 81h, 82h, 83h or 84h.
func (r Operation) Code() Code { return r.Command }

func (r *Operation) layout(c *cursor) {
	u32(c, &r.Password)
	c.thousandths(&r.Quantity)
	c.money(&r.Price)
	u8(c, &r.Department)
	c.taxes(&r.Taxes)
	c.text(&r.Text, 40, MaxMessage)
}

func (c *cursor) taxes(t *[4]byte) {
	for i := range t {
		u8(c, &t[i])
	}
}

// CloseReceipt ends a receipt with up to four payments (85h).
type CloseReceipt struct {
	Password uint32
	Payments [4]fiscal.Money // cash first
	Discount int16           // hundredths of a percent; below zero is a charge
	Taxes    [4]byte
	Text     string
}

// Code is 85h.
func (CloseReceipt) Code() Code { return CodeCloseReceipt }

func (r *CloseReceipt) layout(c *cursor) {
	u32(c, &r.Password)
	c.moneys(r.Payments[:])
	c.signed(&r.Discount)
	c.taxes(&r.Taxes)
	c.text(&r.Text, 40, MaxMessage)
}

func (c *cursor) signed(v *int16) {
	u := uint16(*v)
	u16(c, &u)
	*v = int16(u)
}

// CloseReceiptExt ends a receipt with up to sixteen payments (8Eh).
type CloseReceiptExt struct {
	Password uint32
	Payments [16]fiscal.Money
	Discount int16
	Taxes    [4]byte
	Text     string
}

// Code is 8Eh.
func (CloseReceiptExt) Code() Code { return CodeCloseReceiptExt }

func (r *CloseReceiptExt) layout(c *cursor) {
	u32(c, &r.Password)
	c.moneys(r.Payments[:])
	c.signed(&r.Discount)
	c.taxes(&r.Taxes)
	c.text(&r.Text, 40, MaxMessage)
}

// CloseReceiptAnswer is the answer to 85h and 8Eh. Some firmware adds a web
// link, which stays in Tail.
type CloseReceiptAnswer struct {
	For      Code
	Operator byte
	Change   fiscal.Money
	Tail     []byte
}

// Code is the command this answers.
func (a CloseReceiptAnswer) Code() Code { return a.For }

func (a *CloseReceiptAnswer) layout(c *cursor) {
	u8(c, &a.Operator)
	c.money(&a.Change)
	c.bytes(&a.Tail)
}

// Adjustment is a discount or a charge on the receipt, or its storno (86h,
// 87h, 8Ah, 8Bh).
type Adjustment struct {
	Command  Code
	Password uint32
	Sum      fiscal.Money
	Taxes    [4]byte
	Text     string
}

// Code is 86h, 87h, 8Ah or 8Bh.
func (r Adjustment) Code() Code { return r.Command }

func (r *Adjustment) layout(c *cursor) {
	u32(c, &r.Password)
	c.money(&r.Sum)
	c.taxes(&r.Taxes)
	c.text(&r.Text, 40, MaxMessage)
}

// CancelReceipt drops the open receipt (88h). Only the operator who opened it
// may: error 59h.
type CancelReceipt struct{ Password uint32 }

// Code is 88h.
func (CancelReceipt) Code() Code          { return CodeCancelReceipt }
func (r *CancelReceipt) layout(c *cursor) { u32(c, &r.Password) }

// Subtotal asks what the open receipt comes to (89h).
type Subtotal struct{ Password uint32 }

// Code is 89h.
func (Subtotal) Code() Code          { return CodeSubtotal }
func (r *Subtotal) layout(c *cursor) { u32(c, &r.Password) }

// SubtotalAnswer is the answer to 89h.
type SubtotalAnswer struct {
	Operator byte
	Sum      fiscal.Money
	Tail     []byte
}

// Code is 89h.
func (SubtotalAnswer) Code() Code { return CodeSubtotal }

func (a *SubtotalAnswer) layout(c *cursor) {
	u8(c, &a.Operator)
	c.money(&a.Sum)
	c.bytes(&a.Tail)
}
