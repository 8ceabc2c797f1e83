package shtrih

import (
	"time"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// nvram is the till's own memory: what survives the power besides the
// accumulator's archive. Paper and cover stand here because they too stay as
// they are.
type nvram struct {
	Tables      map[string][]byte // "table.row.field": fields that differ from the factory
	Receipt     *receipt          `json:",omitempty"`
	NonFiscal   bool              // mode 48h
	Shift       shiftState
	Job         *job `json:",omitempty"` // what must be printed
	Copy        *job `json:",omitempty"` // the last receipt, for 8Ch
	Paper       bool
	RollLeft    int // lines until the roll ends; 0: endless
	Cover       bool
	Money       map[uint16]fiscal.Money // money registers (Shtrih protocol 1.17, §7)
	Count       map[uint16]uint32       // operation registers
	ClockOffset time.Duration
	NewDate     time.Time `json:",omitzero"` // set by 22h, waits for 23h: mode 6
	ClockLost   bool      // C0h until the clock is set
	RAMBad      bool      // 74h until 16h: mode 9
}

// shiftState is the shift the registers belong to.
type shiftState struct {
	Open   bool
	Number uint16
}

// receipt is an open document in the till's buffer.
type receipt struct {
	Type       byte // 0 sale, 1 purchase, 2 return of sale, 3 return of purchase
	Correction bool
	Opener     byte
	Items      []item
	TLV        []byte       // given by FF0Ch
	Discount   fiscal.Money // on the whole receipt; negative is a charge
	Text       []string     // printed inside
	Payments   fiscal.Payments
	FNBegun    bool   // the accumulator was told to begin
	Closing    uint32 // FD expected while closing is under way
}

// item is one line of the buffer.
type item struct {
	Name     string
	Quantity fiscal.Quantity
	Price    fiscal.Money
	Sum      fiscal.Money
	VAT      byte // tag 1199
	Dept     byte
	Method   byte
	Subject  byte
	TLV      []byte `json:",omitempty"` // given by FF4Dh
}

func newNVRAM() nvram {
	return nvram{Tables: map[string][]byte{}, Paper: true, Money: map[uint16]fiscal.Money{}, Count: map[uint16]uint32{}}
}

// op is tag 1054 of the receipt.
func (r *receipt) op() byte { return [...]byte{1, 3, 2, 4}[r.Type&3] }

// group is the place of the receipt's type in registers that go by fours:
// income, expense, return of income, return of expense.
func (r *receipt) group() uint16 { return uint16(r.Type & 3) }

func (r *receipt) itemsTotal() fiscal.Money {
	var sum fiscal.Money
	for _, i := range r.Items {
		sum += i.Sum
	}
	return sum
}

func (r *receipt) total() fiscal.Money { return r.itemsTotal() - r.Discount }

// gives tells whether cash goes out of the drawer.
func (r *receipt) gives() bool { return r.Type == 1 || r.Type == 2 }

// Registers (Shtrih protocol 1.17, §7).
const (
	regPaymentReceipt = 72  // payments 1–4 in the receipt, by type
	regCashAtClose    = 120 // cash at the moment the receipt was closed
	regDeptShift      = 121 // departments 1–16 in the shift, by type
	regDiscountShift  = 185
	regPaymentShift   = 193 // payments 1–4 in the shift, by type
	regDrawer         = 241
	regPaidIn         = 242
	regPaidOut        = 243
	regForever        = 244
	regCancelled      = 249 // sums cancelled, by type

	opReceiptsShift = 144 // receipts in the shift, by type
	opReceiptNumber = 148
	opThrough       = 152 // through document number
	opCashInCount   = 153
	opCashOutCount  = 154
	opCashInNumber  = 155
	opCashOutNumber = 156
	opCancelled     = 157
	opXReports      = 158
	opZReports      = 159
	opCancels       = 166
	opCancelledType = 179
	opNonFiscal     = 183
)

// closeReceipt books a receipt that is in the accumulator and clears the
// buffer.
func (n *nvram) closeReceipt(r *receipt, total fiscal.Money, paid fiscal.Payments) {
	g := r.group()
	for i, sum := range []fiscal.Money{paid.Cash, paid.Electronic, paid.Prepaid, paid.Credit + paid.Barter} {
		at := uint16(i)*4 + g
		n.Money[regPaymentReceipt+at] = sum
		n.Money[regPaymentShift+at] += sum
	}
	for _, i := range r.Items {
		dept := uint16(max(i.Dept, 1)-1) % 16
		n.Money[regDeptShift+dept*4+g] += i.Sum
	}
	n.Money[regDiscountShift+g] += max(r.Discount, 0)
	if r.gives() {
		n.Money[regDrawer] -= paid.Cash
	} else {
		n.Money[regDrawer] += paid.Cash
	}
	n.Money[regCashAtClose] = n.Money[regDrawer]
	n.Money[regForever] += total
	n.Count[opReceiptsShift+g]++
	n.Count[opReceiptNumber+g]++
	n.Count[opThrough]++
	n.Receipt = nil
}

// cancelReceipt books a cancelled receipt.
func (n *nvram) cancelReceipt(r *receipt) {
	g := r.group()
	n.Money[regCancelled+g] += r.total()
	n.Count[opCancelled]++
	n.Count[opCancels]++
	n.Count[opCancelledType+g]++
	n.Count[opThrough]++
	n.Receipt = nil
}

func (n *nvram) beginShift(number uint16) {
	n.Shift = shiftState{Open: true, Number: number}
	n.Count[opThrough]++
}

// endShift zeroes the registers of the shift and counts the Z report.
func (n *nvram) endShift() {
	n.Shift.Open = false
	for reg := uint16(regDeptShift); reg <= 240; reg++ {
		delete(n.Money, reg)
	}
	delete(n.Money, regPaidIn)
	delete(n.Money, regPaidOut)
	for g := range uint16(4) {
		delete(n.Money, regCancelled+g)
		delete(n.Count, opReceiptsShift+g)
	}
	delete(n.Count, opCashInCount)
	delete(n.Count, opCashOutCount)
	n.Count[opZReports]++
	n.Count[opThrough]++
}

// keepCopy remembers the document being printed for 8Ch.
func (n *nvram) keepCopy() {
	if n.Job == nil {
		return
	}
	c := *n.Job
	n.Copy = &c
}
