package shtrih

import "github.com/chekan-io/chekan/protocol/fiscal"

// OperatingMode is a set of the ways a till was registered to work in.
type OperatingMode byte

// Operating modes.
const (
	OperatesEncrypted OperatingMode = 1 << iota
	OperatesAutonomously
	OperatesAutomatically
	OperatesForServices
	OperatesWithBSO
	OperatesOnInternet
)

// BeginRegistration starts the document of registration (FF05h).
type BeginRegistration struct {
	Password uint32
	Type     byte // 0 registration, 1 again with a new fiscal memory, 2 again without
}

// Code is FF05h.
func (BeginRegistration) Code() Code { return CodeBeginRegistration }

func (r *BeginRegistration) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Type)
}

// Registration makes the document of registration (FF06h).
type Registration struct {
	Password uint32
	INN      string
	RNM      string
	Tax      TaxSystem
	Mode     OperatingMode
}

// Code is FF06h.
func (Registration) Code() Code { return CodeRegistration }

func (r *Registration) layout(c *cursor) {
	u32(c, &r.Password)
	c.number(&r.INN, 12)
	c.number(&r.RNM, 20)
	u8(c, &r.Tax)
	u8(c, &r.Mode)
}

// Reregistration makes the document of a change of registration (FF34h).
type Reregistration struct {
	Password uint32
	INN      string
	RNM      string
	Tax      TaxSystem
	Mode     OperatingMode
	Reason   byte // 1 fiscal memory, 2 OFD, 3 requisites, 4 settings
}

// Code is FF34h.
func (Reregistration) Code() Code { return CodeReregistration }

func (r *Reregistration) layout(c *cursor) {
	u32(c, &r.Password)
	c.number(&r.INN, 12)
	c.number(&r.RNM, 20)
	u8(c, &r.Tax)
	u8(c, &r.Mode)
	u8(c, &r.Reason)
}

// DocumentAnswer is the answer of a command that makes a document and tells
// only its number and sign: FF06h, FF34h, FF3Eh.
type DocumentAnswer struct {
	For  Code
	FD   uint32
	FP   uint32
	Time *fiscal.DateTime // nil unless field 36 of table 17 asks for it
	Tail []byte
}

// Code is the command this answers.
func (a DocumentAnswer) Code() Code { return a.For }

func (a *DocumentAnswer) layout(c *cursor) {
	u32(c, &a.FD)
	u32(c, &a.FP)
	c.maybeTime(&a.Time)
	c.bytes(&a.Tail)
}

// RegistrationTotals asks for the last registration (FF09h).
type RegistrationTotals struct{ Password uint32 }

// Code is FF09h.
func (RegistrationTotals) Code() Code          { return CodeRegistrationTotals }
func (r *RegistrationTotals) layout(c *cursor) { u32(c, &r.Password) }

// RegistrationTotalsV2 asks for a registration by its number (FF4Ch).
type RegistrationTotalsV2 struct {
	Password uint32
	Number   byte
}

// Code is FF4Ch.
func (RegistrationTotalsV2) Code() Code { return CodeRegistrationTotalsV2 }

func (r *RegistrationTotalsV2) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Number)
}

// RegistrationForm tells which of its fields a registration came with.
type RegistrationForm byte

// Forms of a registration. FFD 1.1 and later use the long one.
const (
	RegistrationShort  RegistrationForm = iota // no ModeExt, OFD, Reasons
	RegistrationReason                         // the short one with a single byte of Reasons
	RegistrationLong
)

// RegistrationAnswer is the answer to FF09h and FF4Ch.
type RegistrationAnswer struct {
	For     Code
	Form    RegistrationForm
	Time    fiscal.DateTime
	INN     string
	RNM     string
	Tax     TaxSystem
	Mode    OperatingMode
	ModeExt byte   // tag 1290 and its kin, by the firmware
	OFD     string // INN of the operator
	Reasons uint32 // why it was registered anew; bits of tag 1205
	FD      uint32
	FP      uint32
	Tail    []byte
}

// Code is the command this answers.
func (a RegistrationAnswer) Code() Code { return a.For }

func (a *RegistrationAnswer) layout(c *cursor) {
	// 5+12+20+1+1 before the fields that differ, FD and FP after them.
	const short, long = 39 + 8, 39 + 17 + 8
	if !c.writing {
		switch n := c.left(); {
		case n >= long:
			a.Form = RegistrationLong
		case n == short+1:
			a.Form = RegistrationReason
		}
	}
	c.ymdhm(&a.Time)
	c.number(&a.INN, 12)
	c.number(&a.RNM, 20)
	u8(c, &a.Tax)
	u8(c, &a.Mode)
	switch a.Form {
	case RegistrationReason:
		reason := byte(a.Reasons)
		u8(c, &reason)
		a.Reasons = uint32(reason)
	case RegistrationLong:
		u8(c, &a.ModeExt)
		c.number(&a.OFD, 12)
		u32(c, &a.Reasons)
	case RegistrationShort:
	}
	u32(c, &a.FD)
	u32(c, &a.FP)
	c.bytes(&a.Tail)
}

// RegistrationParameter reads one tag of a registration report (FF0Eh). Tag
// FFFFh reads all, through [ReadDocumentBlock].
type RegistrationParameter struct {
	Password uint32
	Number   byte // of the report
	Tag      uint16
}

// Code is FF0Eh.
func (RegistrationParameter) Code() Code { return CodeRegistrationParameter }

func (r *RegistrationParameter) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Number)
	u16(c, &r.Tag)
}

// Parameter reads one tag of a registration (FF60h).
type Parameter struct {
	Password uint32
	Number   byte // of the registration; 0 is the last one
	Tag      uint16
}

// Code is FF60h.
func (Parameter) Code() Code { return CodeParameter }

func (r *Parameter) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Number)
	u16(c, &r.Tag)
}

// BeginSettlement starts the report on the state of settlement (FF37h).
type BeginSettlement struct{ Password uint32 }

// Code is FF37h.
func (BeginSettlement) Code() Code          { return CodeBeginSettlement }
func (r *BeginSettlement) layout(c *cursor) { u32(c, &r.Password) }

// Settlement makes the report on the state of settlement (FF38h).
type Settlement struct{ Password uint32 }

// Code is FF38h.
func (Settlement) Code() Code          { return CodeSettlement }
func (r *Settlement) layout(c *cursor) { u32(c, &r.Password) }

// SettlementAnswer is the answer to FF38h.
type SettlementAnswer struct {
	FD               uint32
	FP               uint32
	Unconfirmed      uint32 // documents the OFD has not confirmed
	FirstUnconfirmed fiscal.DateTime
	Time             *fiscal.DateTime // nil unless field 36 of table 17 asks for it
	Tail             []byte
}

// Code is FF38h.
func (SettlementAnswer) Code() Code { return CodeSettlement }

func (a *SettlementAnswer) layout(c *cursor) {
	u32(c, &a.FD)
	u32(c, &a.FP)
	u32(c, &a.Unconfirmed)
	c.ymd(&a.FirstUnconfirmed)
	c.maybeTime(&a.Time)
	c.bytes(&a.Tail)
}

// BeginCloseFN starts the closing of the fiscal memory (FF3Dh).
type BeginCloseFN struct{ Password uint32 }

// Code is FF3Dh.
func (BeginCloseFN) Code() Code          { return CodeBeginCloseFN }
func (r *BeginCloseFN) layout(c *cursor) { u32(c, &r.Password) }

// CloseFN closes the fiscal memory for ever (FF3Eh).
type CloseFN struct{ Password uint32 }

// Code is FF3Eh.
func (CloseFN) Code() Code          { return CodeCloseFN }
func (r *CloseFN) layout(c *cursor) { u32(c, &r.Password) }
