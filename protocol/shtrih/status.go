package shtrih

import "github.com/chekan-io/chekan/protocol/fiscal"

// ShortStatus asks for mode, submode and flags (10h).
type ShortStatus struct{ Password uint32 }

// Code is 10h.
func (ShortStatus) Code() Code          { return CodeShortStatus }
func (r *ShortStatus) layout(c *cursor) { u32(c, &r.Password) }

// ShortStatusAnswer is the answer to 10h: 16 bytes, or 17 with capability bit
// 34 (the last print result).
type ShortStatusAnswer struct {
	Operator     byte
	Flags        Flags
	Mode         Mode
	Submode      Submode
	OperationsLo byte // operations in the open receipt, low byte
	Battery      byte // voltage codes
	Power        byte
	FMError      ErrorCode // error of the fiscal memory unit
	EJError      ErrorCode
	OperationsHi byte
	Reserved     [3]byte
	LastPrint    *PrintResult // nil when the device does not tell
	Tail         []byte
}

// Code is 10h.
func (ShortStatusAnswer) Code() Code { return CodeShortStatus }

// Operations counts the operations in the open receipt.
func (a ShortStatusAnswer) Operations() int { return int(a.OperationsHi)<<8 | int(a.OperationsLo) }

func (a *ShortStatusAnswer) layout(c *cursor) {
	u8(c, &a.Operator)
	u16(c, &a.Flags)
	u8(c, &a.Mode)
	u8(c, &a.Submode)
	u8(c, &a.OperationsLo)
	u8(c, &a.Battery)
	u8(c, &a.Power)
	u8(c, &a.FMError)
	u8(c, &a.EJError)
	u8(c, &a.OperationsHi)
	for i := range a.Reserved {
		u8(c, &a.Reserved[i])
	}
	if c.left() > 0 {
		a.LastPrint = new(PrintResult)
	}
	if a.LastPrint != nil {
		u8(c, a.LastPrint)
	}
	c.bytes(&a.Tail)
}

// FullStatus asks for everything a device says of itself in one go (11h).
type FullStatus struct{ Password uint32 }

// Code is 11h.
func (FullStatus) Code() Code          { return CodeFullStatus }
func (r *FullStatus) layout(c *cursor) { u32(c, &r.Password) }

// FullStatusAnswer is the answer to 11h. Its basic form takes 48 bytes; the
// forms of 50 and 52 bytes are told apart by nothing but the length, and mean
// different things on different models: see [FullStatusAnswer.SerialHigh].
type FullStatusAnswer struct {
	Operator    byte
	Firmware    string // two characters, "C3" is C.3
	Build       uint16
	BuildDate   fiscal.DateTime
	Hall        byte   // number in the hall
	Document    uint16 // through number of the current document
	Flags       Flags
	Mode        Mode
	Submode     Submode
	Port        byte // 128 is TCP
	FMVersion   string
	FMBuild     uint16
	FMDate      fiscal.DateTime
	Time        fiscal.DateTime // the device's clock, with seconds
	FMFlags     byte
	Serial      uint32 // low part; FFFFFFFFh when not set
	ClosedShift uint16 // number of the last closed shift
	FreeRecords uint16
	Registered  byte // registrations done
	Remaining   byte // registrations left
	INN         int64
	Tail        []byte
}

// Code is 11h.
func (FullStatusAnswer) Code() Code { return CodeFullStatus }

// NoSerial and NoINN stand in a full status for numbers not yet set.
const (
	NoSerial uint32 = 0xFFFFFFFF
	NoINN    int64  = 1<<48 - 1
)

// SerialHigh is the high word of the factory number in the 52-byte form. The
// 50-byte form has either that word or two bytes of the fiscal memory there,
// by the model; field 1 of table 18 has the whole number in any case.
func (a FullStatusAnswer) SerialHigh() (word uint16, ok bool) {
	if len(a.Tail) != 4 {
		return 0, false
	}
	return uint16(a.Tail[2]) | uint16(a.Tail[3])<<8, true
}

func (a *FullStatusAnswer) layout(c *cursor) {
	u8(c, &a.Operator)
	c.name(&a.Firmware, 2)
	u16(c, &a.Build)
	c.dmy(&a.BuildDate)
	u8(c, &a.Hall)
	u16(c, &a.Document)
	u16(c, &a.Flags)
	u8(c, &a.Mode)
	u8(c, &a.Submode)
	u8(c, &a.Port)
	c.name(&a.FMVersion, 2)
	u16(c, &a.FMBuild)
	c.dmy(&a.FMDate)
	c.dmyhms(&a.Time)
	u8(c, &a.FMFlags)
	u32(c, &a.Serial)
	u16(c, &a.ClosedShift)
	u16(c, &a.FreeRecords)
	u8(c, &a.Registered)
	u8(c, &a.Remaining)
	unsigned(c, &a.INN, 6)
	c.bytes(&a.Tail)
}

// ExtendedQuery asks for what the model can do (F7h); it takes no password.
type ExtendedQuery struct {
	Type byte // 1: parameters of the model
	Data []byte
}

// Code is F7h.
func (ExtendedQuery) Code() Code { return CodeExtendedQuery }

func (r *ExtendedQuery) layout(c *cursor) {
	u8(c, &r.Type)
	c.bytes(&r.Data)
}

// CapabilitiesAnswer is the answer to F7h of type 1. Newer firmware adds
// numbers of tables at the end; nil where the answer ends before them.
type CapabilitiesAnswer struct {
	Features         Features
	Font1Chars       byte // characters in a line of font 1
	Font2Chars       byte
	FirstGraphicLine byte
	INNDigits        byte
	RNMDigits        byte
	LongRNMDigits    byte
	LongSerialDigits byte
	InspectorPass    uint32
	AdminPass        uint32
	BluetoothTable   byte
	TaxField         byte   // field of table 1: who counts the taxes
	MaxCommand       uint16 // longest message; 0 is the default 255
	LineWidth        byte   // bytes of graphics in a line
	GraphicWidth     byte   // graphics 512
	GraphicLines     uint16
	FNTable          *byte // 18 unless told
	OFDTable         *byte // 19 unless told
	EmbeddedTable    *byte // 24 unless told
	FFDTable         *byte // 17 unless told
	FFDField         *byte // 17 unless told
	Tail             []byte
}

// Code is F7h.
func (CapabilitiesAnswer) Code() Code { return CodeExtendedQuery }

func (a *CapabilitiesAnswer) layout(c *cursor) {
	u64(c, &a.Features)
	for _, v := range []*byte{
		&a.Font1Chars, &a.Font2Chars, &a.FirstGraphicLine, &a.INNDigits,
		&a.RNMDigits, &a.LongRNMDigits, &a.LongSerialDigits,
	} {
		u8(c, v)
	}
	u32(c, &a.InspectorPass)
	u32(c, &a.AdminPass)
	u8(c, &a.BluetoothTable)
	u8(c, &a.TaxField)
	u16(c, &a.MaxCommand)
	u8(c, &a.LineWidth)
	u8(c, &a.GraphicWidth)
	u16(c, &a.GraphicLines)
	for _, v := range []**byte{&a.FNTable, &a.OFDTable, &a.EmbeddedTable, &a.FFDTable, &a.FFDField} {
		if c.left() > 0 {
			*v = new(byte)
		}
		if *v == nil {
			break
		}
		u8(c, *v)
	}
	c.bytes(&a.Tail)
}

// DeviceType asks who is there (FCh); it takes no password.
type DeviceType struct{}

// Code is FCh.
func (DeviceType) Code() Code      { return CodeDeviceType }
func (*DeviceType) layout(*cursor) {}

// DeviceTypeAnswer is the answer to FCh.
type DeviceTypeAnswer struct {
	Type          byte // 0 is a till
	Subtype       byte
	Protocol      byte // 1
	ProtocolMinor byte // 14
	Model         Model
	Language      byte // 0 Russian, 3 Kazakh, 4 Belarusian
	Name          string
}

// Code is FCh.
func (DeviceTypeAnswer) Code() Code { return CodeDeviceType }

func (a *DeviceTypeAnswer) layout(c *cursor) {
	u8(c, &a.Type)
	u8(c, &a.Subtype)
	u8(c, &a.Protocol)
	u8(c, &a.ProtocolMinor)
	u8(c, &a.Model)
	u8(c, &a.Language)
	c.text(&a.Name, 0, MaxMessage)
}

// ErrorText asks for the text of an error (6Bh); it takes no password. A nil
// code asks for the last error with its details (capability bit 49).
type ErrorText struct{ Of *ErrorCode }

// Code is 6Bh.
func (ErrorText) Code() Code { return CodeErrorText }

func (r *ErrorText) layout(c *cursor) {
	if c.left() > 0 {
		r.Of = new(ErrorCode)
	}
	if r.Of != nil {
		u8(c, r.Of)
	}
}

// ErrorTextAnswer is the answer to 6Bh.
type ErrorTextAnswer struct{ Text string }

// Code is 6Bh.
func (ErrorTextAnswer) Code() Code          { return CodeErrorText }
func (a *ErrorTextAnswer) layout(c *cursor) { c.text(&a.Text, 0, MaxMessage) }

// Service is one of the maker's service functions (FEh, not in the published
// protocol): F3h reboots, F2h pings.
type Service struct {
	Function byte
	Data     []byte // a four-byte parameter for most functions
}

// Code is FEh with the function in its low byte.
func (r Service) Code() Code { return 0xFE00 | Code(r.Function) }

func (r *Service) layout(c *cursor) { c.bytes(&r.Data) }

// Reboot is the service function that restarts the device. The device does
// not always answer before it goes down.
func Reboot() Service { return Service{Function: 0xF3, Data: []byte{0, 0, 0, 0}} }

// Beep sounds the beeper (13h).
type Beep struct{ Password uint32 }

// Code is 13h.
func (Beep) Code() Code          { return CodeBeep }
func (r *Beep) layout(c *cursor) { u32(c, &r.Password) }

// SetPort sets speed and byte timeout of a port (14h). The answer still comes
// at the old speed. See [BaudCode] and [ByteTimeoutCode].
type SetPort struct {
	Password uint32
	Port     byte // 128 is TCP
	Baud     byte
	Timeout  byte
}

// Code is 14h.
func (SetPort) Code() Code { return CodeSetPort }

func (r *SetPort) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Port)
	u8(c, &r.Baud)
	u8(c, &r.Timeout)
}

// GetPort asks for speed and byte timeout of a port (15h).
type GetPort struct {
	Password uint32
	Port     byte
}

// Code is 15h.
func (GetPort) Code() Code { return CodeGetPort }

func (r *GetPort) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Port)
}

// PortAnswer is the answer to 15h.
type PortAnswer struct {
	Baud    byte
	Timeout byte
	Tail    []byte
}

// Code is 15h.
func (PortAnswer) Code() Code { return CodeGetPort }

func (a *PortAnswer) layout(c *cursor) {
	u8(c, &a.Baud)
	u8(c, &a.Timeout)
	c.bytes(&a.Tail)
}

// MoneyRegister reads a money register (1Ah). Numbers above 255 go as two
// bytes by themselves; Wide sends a smaller one so too.
type MoneyRegister struct {
	Password uint32
	Register uint16
	Wide     bool
}

// Code is 1Ah.
func (MoneyRegister) Code() Code { return CodeMoneyRegister }

func (r *MoneyRegister) layout(c *cursor) {
	u32(c, &r.Password)
	c.register(&r.Register, &r.Wide)
}

// OperationRegister reads an operation register (1Bh). Whether a device takes
// a two-byte number is not certain.
type OperationRegister struct {
	Password uint32
	Register uint16
	Wide     bool
}

// Code is 1Bh.
func (OperationRegister) Code() Code { return CodeOperationRegister }

func (r *OperationRegister) layout(c *cursor) {
	u32(c, &r.Password)
	c.register(&r.Register, &r.Wide)
}

func (c *cursor) register(number *uint16, wide *bool) {
	if c.writing && !*wide && *number <= 0xFF || !c.writing && c.left() < 2 {
		n := byte(*number)
		u8(c, &n)
		*number = uint16(n)
		return
	}
	u16(c, number)
	*wide = *number <= 0xFF
}

// MoneyRegisterAnswer is the answer to 1Ah.
type MoneyRegisterAnswer struct {
	Operator byte
	Value    fiscal.Money
	Tail     []byte
}

// Code is 1Ah.
func (MoneyRegisterAnswer) Code() Code { return CodeMoneyRegister }

func (a *MoneyRegisterAnswer) layout(c *cursor) {
	u8(c, &a.Operator)
	unsigned(c, &a.Value, 6)
	c.bytes(&a.Tail)
}

// OperationRegisterAnswer is the answer to 1Bh.
type OperationRegisterAnswer struct {
	Operator byte
	Value    uint16
	Tail     []byte
}

// Code is 1Bh.
func (OperationRegisterAnswer) Code() Code { return CodeOperationRegister }

func (a *OperationRegisterAnswer) layout(c *cursor) {
	u8(c, &a.Operator)
	u16(c, &a.Value)
	c.bytes(&a.Tail)
}
