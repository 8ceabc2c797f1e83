package shtrih

import "github.com/chekan-io/chekan/protocol/fiscal"

// OpenShift opens a shift and makes its document (E0h).
type OpenShift struct{ Password uint32 }

// Code is E0h.
func (OpenShift) Code() Code          { return CodeOpenShift }
func (r *OpenShift) layout(c *cursor) { u32(c, &r.Password) }

// XReport prints the report without closing the shift (40h).
type XReport struct{ Password uint32 }

// Code is 40h.
func (XReport) Code() Code          { return CodeXReport }
func (r *XReport) layout(c *cursor) { u32(c, &r.Password) }

// CloseShift is the Z report: it closes the shift and makes its document (41h).
type CloseShift struct{ Password uint32 }

// Code is 41h.
func (CloseShift) Code() Code          { return CodeCloseShift }
func (r *CloseShift) layout(c *cursor) { u32(c, &r.Password) }

// BufferedZ closes the shift and keeps the report unprinted (C6h).
type BufferedZ struct{ Password uint32 }

// Code is C6h.
func (BufferedZ) Code() Code          { return CodeBufferedZ }
func (r *BufferedZ) layout(c *cursor) { u32(c, &r.Password) }

// CashIn puts money into the drawer (50h).
type CashIn struct {
	Password uint32
	Sum      fiscal.Money
}

// Code is 50h.
func (CashIn) Code() Code { return CodeCashIn }

func (r *CashIn) layout(c *cursor) {
	u32(c, &r.Password)
	c.money(&r.Sum)
}

// CashOut takes money out of the drawer (51h).
type CashOut struct {
	Password uint32
	Sum      fiscal.Money
}

// Code is 51h.
func (CashOut) Code() Code { return CodeCashOut }

func (r *CashOut) layout(c *cursor) {
	u32(c, &r.Password)
	c.money(&r.Sum)
}

// BeginOpenShift starts the document of the shift's opening (FF41h), so that
// [SendTLV] may add tags to it before [OpenShift].
type BeginOpenShift struct{ Password uint32 }

// Code is FF41h.
func (BeginOpenShift) Code() Code          { return CodeBeginOpenShift }
func (r *BeginOpenShift) layout(c *cursor) { u32(c, &r.Password) }

// BeginCloseShift does the same before [CloseShift] (FF42h).
type BeginCloseShift struct{ Password uint32 }

// Code is FF42h.
func (BeginCloseShift) Code() Code          { return CodeBeginCloseShift }
func (r *BeginCloseShift) layout(c *cursor) { u32(c, &r.Password) }

// FNOpenShift opens the shift in the fiscal memory (FF0Bh).
type FNOpenShift struct{ Password uint32 }

// Code is FF0Bh.
func (FNOpenShift) Code() Code          { return CodeFNOpenShift }
func (r *FNOpenShift) layout(c *cursor) { u32(c, &r.Password) }

// FNCloseShift closes the shift in the fiscal memory (FF43h).
type FNCloseShift struct{ Password uint32 }

// Code is FF43h.
func (FNCloseShift) Code() Code          { return CodeFNCloseShift }
func (r *FNCloseShift) layout(c *cursor) { u32(c, &r.Password) }

// FNShiftAnswer is the answer to FF0Bh and FF43h.
type FNShiftAnswer struct {
	For   Code
	Shift uint16
	FD    uint32
	FP    uint32
	Time  *fiscal.DateTime // nil unless field 36 of table 17 asks for it
	Tail  []byte
}

// Code is the command this answers.
func (a FNShiftAnswer) Code() Code { return a.For }

func (a *FNShiftAnswer) layout(c *cursor) {
	u16(c, &a.Shift)
	u32(c, &a.FD)
	u32(c, &a.FP)
	c.maybeTime(&a.Time)
	c.bytes(&a.Tail)
}

// ShiftState asks for the shift as the fiscal memory sees it (FF40h).
type ShiftState struct{ Password uint32 }

// Code is FF40h.
func (ShiftState) Code() Code          { return CodeShiftState }
func (r *ShiftState) layout(c *cursor) { u32(c, &r.Password) }

// ShiftStateAnswer is the answer to FF40h.
type ShiftStateAnswer struct {
	Open    byte // 1 when the shift is open
	Shift   uint16
	Receipt uint16 // the last one in the shift
	Tail    []byte
}

// Code is FF40h.
func (ShiftStateAnswer) Code() Code { return CodeShiftState }

func (a *ShiftStateAnswer) layout(c *cursor) {
	u8(c, &a.Open)
	u16(c, &a.Shift)
	u16(c, &a.Receipt)
	c.bytes(&a.Tail)
}
