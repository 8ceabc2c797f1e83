package shtrih

import "github.com/chekan-io/chekan/protocol/fiscal"

// WriteTable writes one field of a table (1Eh). Numbers go least significant
// byte first in the width of the field, texts may be shorter than the field.
type WriteTable struct {
	Password uint32
	Table    byte
	Row      uint16
	Field    byte
	Value    []byte
}

// Code is 1Eh.
func (WriteTable) Code() Code { return CodeWriteTable }

func (r *WriteTable) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Table)
	u16(c, &r.Row)
	u8(c, &r.Field)
	c.bytes(&r.Value)
}

// ReadTable reads one field of a table (1Fh).
type ReadTable struct {
	Password uint32
	Table    byte
	Row      uint16
	Field    byte
}

// Code is 1Fh.
func (ReadTable) Code() Code { return CodeReadTable }

func (r *ReadTable) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Table)
	u16(c, &r.Row)
	u8(c, &r.Field)
}

// TableValueAnswer is the answer to 1Fh: the field as it stands.
type TableValueAnswer struct{ Value []byte }

// Code is 1Fh.
func (TableValueAnswer) Code() Code          { return CodeReadTable }
func (a *TableValueAnswer) layout(c *cursor) { c.bytes(&a.Value) }

// Uint reads the field as a number; wider ones than eight bytes are cut.
func (a TableValueAnswer) Uint() uint64 { return littleEndian(a.Value) }

// Text reads the field as a text.
func (a TableValueAnswer) Text() string { return Printed(Windows1251.Decode(a.Value)) }

func littleEndian(b []byte) uint64 {
	var v uint64
	for i, x := range b[:min(len(b), 8)] {
		v |= uint64(x) << (8 * i)
	}
	return v
}

// TableInfo asks for name and size of a table (2Dh).
type TableInfo struct {
	Password uint32
	Table    byte
}

// Code is 2Dh.
func (TableInfo) Code() Code { return CodeTableInfo }

func (r *TableInfo) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Table)
}

// TableInfoAnswer is the answer to 2Dh.
type TableInfoAnswer struct {
	Name   string
	Rows   uint16
	Fields byte
	Tail   []byte
}

// Code is 2Dh.
func (TableInfoAnswer) Code() Code { return CodeTableInfo }

func (a *TableInfoAnswer) layout(c *cursor) {
	c.name(&a.Name, 40)
	u16(c, &a.Rows)
	u8(c, &a.Fields)
	c.bytes(&a.Tail)
}

// FieldInfo asks for name, type and limits of a field (2Eh).
type FieldInfo struct {
	Password uint32
	Table    byte
	Field    byte
}

// Code is 2Eh.
func (FieldInfo) Code() Code { return CodeFieldInfo }

func (r *FieldInfo) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Table)
	u8(c, &r.Field)
}

// Types of table fields.
const (
	FieldNumber byte = 0
	FieldText   byte = 1
)

// FieldInfoAnswer is the answer to 2Eh. Only numbers have limits, each Size
// bytes; they stand in Limits as they came.
type FieldInfoAnswer struct {
	Name   string
	Type   byte // FieldNumber or FieldText
	Size   byte
	Limits []byte
}

// Code is 2Eh.
func (FieldInfoAnswer) Code() Code { return CodeFieldInfo }

func (a *FieldInfoAnswer) layout(c *cursor) {
	c.name(&a.Name, 40)
	u8(c, &a.Type)
	u8(c, &a.Size)
	c.bytes(&a.Limits)
}

// Range is the least and greatest value of a number field.
func (a FieldInfoAnswer) Range() (least, greatest uint64, ok bool) {
	n := int(a.Size)
	if a.Type != FieldNumber || n == 0 || n > 8 || len(a.Limits) < 2*n {
		return 0, 0, false
	}
	return littleEndian(a.Limits[:n]), littleEndian(a.Limits[n : 2*n]), true
}

// SetTime sets the clock (21h); the shift must be closed. The date in Time is
// not sent.
type SetTime struct {
	Password uint32
	Time     fiscal.DateTime
}

// Code is 21h.
func (SetTime) Code() Code { return CodeSetTime }

func (r *SetTime) layout(c *cursor) {
	u32(c, &r.Password)
	c.hms(&r.Time)
}

// SetDate sets the date (22h), which takes effect after [ConfirmDate].
type SetDate struct {
	Password uint32
	Date     fiscal.DateTime
}

// Code is 22h.
func (SetDate) Code() Code { return CodeSetDate }

func (r *SetDate) layout(c *cursor) {
	u32(c, &r.Password)
	c.dmy(&r.Date)
}

// ConfirmDate repeats the date just set (23h) and so leaves mode 6.
type ConfirmDate struct {
	Password uint32
	Date     fiscal.DateTime
}

// Code is 23h.
func (ConfirmDate) Code() Code { return CodeConfirmDate }

func (r *ConfirmDate) layout(c *cursor) {
	u32(c, &r.Password)
	c.dmy(&r.Date)
}

// InitTables returns the tables to their factory state (24h).
type InitTables struct{ Password uint32 }

// Code is 24h.
func (InitTables) Code() Code          { return CodeInitTables }
func (r *InitTables) layout(c *cursor) { u32(c, &r.Password) }

// GeneralReset zeroes the registers (27h).
type GeneralReset struct{ Password uint32 }

// Code is 27h.
func (GeneralReset) Code() Code          { return CodeGeneralReset }
func (r *GeneralReset) layout(c *cursor) { u32(c, &r.Password) }

// TechReset is the technological reset (16h): no password, only in mode 9.
// On newer models it clears the errors 74h, 78h and 79h.
type TechReset struct{}

// Code is 16h.
func (TechReset) Code() Code      { return CodeTechReset }
func (*TechReset) layout(*cursor) {}

// TestRun prints test slips every Period minutes (19h).
type TestRun struct {
	Password uint32
	Period   byte
}

// Code is 19h.
func (TestRun) Code() Code { return CodeTestRun }

func (r *TestRun) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Period)
}

// StopTestRun ends the test run (2Bh).
type StopTestRun struct{ Password uint32 }

// Code is 2Bh.
func (StopTestRun) Code() Code          { return CodeStopTestRun }
func (r *StopTestRun) layout(c *cursor) { u32(c, &r.Password) }

// DumpBegin starts the output of a memory (01h) and with it mode 1.
type DumpBegin struct {
	Password uint32
	Device   byte
}

// Code is 01h.
func (DumpBegin) Code() Code { return CodeDumpBegin }

func (r *DumpBegin) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Device)
}

// DumpBeginAnswer is the answer to 01h.
type DumpBeginAnswer struct {
	Blocks uint16
	Tail   []byte
}

// Code is 01h.
func (DumpBeginAnswer) Code() Code { return CodeDumpBegin }

func (a *DumpBeginAnswer) layout(c *cursor) {
	u16(c, &a.Blocks)
	c.bytes(&a.Tail)
}

// DumpRead reads the next block of a memory (02h).
type DumpRead struct{ Password uint32 }

// Code is 02h.
func (DumpRead) Code() Code          { return CodeDumpRead }
func (r *DumpRead) layout(c *cursor) { u32(c, &r.Password) }

// DumpReadAnswer is the answer to 02h.
type DumpReadAnswer struct {
	Device byte
	Block  uint16
	Data   []byte
}

// Code is 02h.
func (DumpReadAnswer) Code() Code { return CodeDumpRead }

func (a *DumpReadAnswer) layout(c *cursor) {
	u8(c, &a.Device)
	u16(c, &a.Block)
	c.bytes(&a.Data)
}

// StopOutput breaks data output off (03h) and so leaves mode 1.
type StopOutput struct{ Password uint32 }

// Code is 03h.
func (StopOutput) Code() Code          { return CodeStopOutput }
func (r *StopOutput) layout(c *cursor) { u32(c, &r.Password) }
