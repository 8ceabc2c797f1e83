package fn

import "github.com/chekan-io/chekan/protocol/fiscal"

// BeginRegistration begins the report on a registration or its change (02h).
type BeginRegistration struct{ Type byte }

// Command is 02h.
func (BeginRegistration) Command() Command { return CmdBeginRegistration }

func (r *BeginRegistration) layout(c *cursor) {
	// Absent, it is a first registration.
	if c.writing || c.left() > 0 {
		u8(c, &r.Type)
	}
}

// Register forms it (03h).
type Register struct {
	At         fiscal.DateTime
	INN        string
	RNM        string
	TaxSystems byte
	Mode       byte
	Reason     byte // tag 1101; 0 goes without, as all but a change of type 2 do
}

// Command is 03h.
func (Register) Command() Command { return CmdRegister }

func (r *Register) layout(c *cursor) {
	c.time(&r.At)
	c.chars(&r.INN, 12)
	c.chars(&r.RNM, 20)
	u8(c, &r.TaxSystems)
	u8(c, &r.Mode)
	if c.writing && r.Reason != 0 || c.left() > 0 {
		u8(c, &r.Reason)
	}
}

// BeginCloseArchive begins the report on the closing of fiscal mode (04h).
type BeginCloseArchive struct{}

// Command is 04h.
func (BeginCloseArchive) Command() Command { return CmdBeginCloseArchive }
func (*BeginCloseArchive) layout(*cursor)  {}

// CloseArchive closes fiscal mode for ever (05h).
type CloseArchive struct {
	At  fiscal.DateTime
	RNM string
}

// Command is 05h.
func (CloseArchive) Command() Command { return CmdCloseArchive }

func (r *CloseArchive) layout(c *cursor) {
	c.time(&r.At)
	c.chars(&r.RNM, 20)
}

// RegistrationTotals asks what the till is registered with (43h): by the last
// registration, or by the one of a number.
type RegistrationTotals struct {
	Index byte // from 1; 0 is the last one
}

// Command is 43h.
func (RegistrationTotals) Command() Command { return CmdRegistrationTotals }

func (r *RegistrationTotals) layout(c *cursor) {
	if c.writing && r.Index != 0 || c.left() > 0 {
		u8(c, &r.Index)
	}
}

// RegistrationTotalsAnswer is the answer to 43h. It has three lengths, told
// apart when read; written, Form decides.
type RegistrationTotalsAnswer struct {
	Form       TotalsForm
	At         fiscal.DateTime
	INN        string
	RNM        string
	TaxSystems byte
	Mode       byte
	ExtMode    byte   // long form
	OFDINN     string // long form
	Reasons    uint32 // one byte of tag 1101, or tag 1205 in the long form
	FD         uint32
	FP         uint32
}

// TotalsForm says which fields a registration came with.
type TotalsForm byte

// Forms of a registration.
const (
	TotalsShort  TotalsForm = iota // no Reasons, ExtMode, OFDINN
	TotalsReason                   // the short one with a byte of Reasons
	TotalsLong                     // second hand: since FFD 1.1
)

func (a *RegistrationTotalsAnswer) layout(c *cursor) {
	const short, long = 5 + 12 + 20 + 1 + 1 + 8, 5 + 12 + 20 + 1 + 1 + 1 + 12 + 4 + 8
	if !c.writing {
		switch n := c.left(); {
		case n >= long:
			a.Form = TotalsLong
		case n > short:
			a.Form = TotalsReason
		}
	}
	c.time(&a.At)
	c.chars(&a.INN, 12)
	c.chars(&a.RNM, 20)
	u8(c, &a.TaxSystems)
	u8(c, &a.Mode)
	switch a.Form {
	case TotalsReason:
		a.Reasons = uint32(c.uint(uint64(a.Reasons), 1))
	case TotalsLong:
		u8(c, &a.ExtMode)
		c.chars(&a.OFDINN, 12)
		u32(c, &a.Reasons)
	case TotalsShort:
	}
	u32(c, &a.FD)
	u32(c, &a.FP)
}

// AllTags as the tag of [RegistrationTag] begins to read all of them, one a
// [NextRegistrationTag].
const AllTags = 0xFFFF

// RegistrationTag reads one tag of a registration (44h).
type RegistrationTag struct {
	Index byte // from 1; 0 is the last registration
	Tag   uint16
}

// Command is 44h.
func (RegistrationTag) Command() Command { return CmdRegistrationTag }

func (r *RegistrationTag) layout(c *cursor) {
	if c.writing && r.Index != 0 || c.left() > 2 {
		u8(c, &r.Index)
	}
	u16(c, &r.Tag)
}

// NextRegistrationTag reads the next tag of a registration (47h); 08h is the
// end.
type NextRegistrationTag struct{}

// Command is 47h.
func (NextRegistrationTag) Command() Command { return CmdNextRegistration }
func (*NextRegistrationTag) layout(*cursor)  {}

// TLVAnswer is one whole tag: the answer to 44h, 46h and 47h. It is empty for
// [AllTags].
type TLVAnswer struct{ TLV []byte }

func (a *TLVAnswer) layout(c *cursor) { c.rest(&a.TLV) }

// Reset erases a debug accumulator (60h); Code is [ResetCode].
type Reset struct{ Code byte }

// Command is 60h.
func (Reset) Command() Command { return CmdReset }

func (r *Reset) layout(c *cursor) { u8(c, &r.Code) }

// BeginRegistration2 is 02h that tells the FFD (A2h). Second hand.
type BeginRegistration2 struct {
	Type byte
	FFD  byte // tag 1209: 3 or 4
}

// Command is A2h.
func (BeginRegistration2) Command() Command { return CmdBeginRegistration2 }

func (r *BeginRegistration2) layout(c *cursor) {
	u8(c, &r.Type)
	u8(c, &r.FFD)
}

// Register2 is 03h with what FFD 1.1 added (A3h). Second hand.
type Register2 struct {
	At         fiscal.DateTime
	INN        string
	RNM        string
	TaxSystems byte
	Mode       byte
	ExtMode    byte
	OFDINN     string
	Reasons    uint32 // tag 1205; 0 goes without
}

// Command is A3h.
func (Register2) Command() Command { return CmdRegister2 }

func (r *Register2) layout(c *cursor) {
	c.time(&r.At)
	c.chars(&r.INN, 12)
	c.chars(&r.RNM, 20)
	u8(c, &r.TaxSystems)
	u8(c, &r.Mode)
	u8(c, &r.ExtMode)
	c.chars(&r.OFDINN, 12)
	if c.writing && r.Reasons != 0 || c.left() > 0 {
		u32(c, &r.Reasons)
	}
}
