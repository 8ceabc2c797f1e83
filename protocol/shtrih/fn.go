package shtrih

import "github.com/chekan-io/chekan/protocol/fiscal"

// FNStatus asks for the state of the fiscal memory (FF01h).
type FNStatus struct{ Password uint32 }

// Code is FF01h.
func (FNStatus) Code() Code          { return CodeFNStatus }
func (r *FNStatus) layout(c *cursor) { u32(c, &r.Password) }

// FNStatusAnswer is the answer to FF01h, 33 bytes. Last and FD belong to the
// last document made, and so tell whether a doubtful one was.
type FNStatusAnswer struct {
	Phase    FNPhase
	Document FNDocument // the one being made
	Data     byte       // 1 when the document has received tags
	Shift    byte       // 1 when open
	Warnings FNWarnings
	Last     fiscal.DateTime
	FN       string
	FD       uint32
	Tail     []byte
}

// Code is FF01h.
func (FNStatusAnswer) Code() Code { return CodeFNStatus }

func (a *FNStatusAnswer) layout(c *cursor) {
	u8(c, &a.Phase)
	u8(c, &a.Document)
	u8(c, &a.Data)
	u8(c, &a.Shift)
	u8(c, &a.Warnings)
	c.ymdhm(&a.Last)
	c.name(&a.FN, 16)
	u32(c, &a.FD)
	c.bytes(&a.Tail)
}

// FNNumber asks for the number of the fiscal memory (FF02h).
type FNNumber struct{ Password uint32 }

// Code is FF02h.
func (FNNumber) Code() Code          { return CodeFNNumber }
func (r *FNNumber) layout(c *cursor) { u32(c, &r.Password) }

// FNNumberAnswer is the answer to FF02h.
type FNNumberAnswer struct {
	FN   string
	Tail []byte
}

// Code is FF02h.
func (FNNumberAnswer) Code() Code { return CodeFNNumber }

func (a *FNNumberAnswer) layout(c *cursor) {
	c.name(&a.FN, 16)
	c.bytes(&a.Tail)
}

// FNExpiry asks till when the fiscal memory serves (FF03h).
type FNExpiry struct{ Password uint32 }

// Code is FF03h.
func (FNExpiry) Code() Code          { return CodeFNExpiry }
func (r *FNExpiry) layout(c *cursor) { u32(c, &r.Password) }

// FNExpiryAnswer is the answer to FF03h. Older firmware gives the date alone.
type FNExpiryAnswer struct {
	Until         fiscal.DateTime
	Registrations *Registrations
	Tail          []byte
}

// Registrations counts re-registrations of the fiscal memory.
type Registrations struct{ Left, Done byte }

// Code is FF03h.
func (FNExpiryAnswer) Code() Code { return CodeFNExpiry }

func (a *FNExpiryAnswer) layout(c *cursor) {
	c.ymd(&a.Until)
	if c.left() >= 2 {
		a.Registrations = new(Registrations)
	}
	if a.Registrations != nil {
		u8(c, &a.Registrations.Left)
		u8(c, &a.Registrations.Done)
	}
	c.bytes(&a.Tail)
}

// FNVersion asks for the program of the fiscal memory (FF04h).
type FNVersion struct{ Password uint32 }

// Code is FF04h.
func (FNVersion) Code() Code          { return CodeFNVersion }
func (r *FNVersion) layout(c *cursor) { u32(c, &r.Password) }

// FNVersionAnswer is the answer to FF04h.
type FNVersionAnswer struct {
	Version string
	Serial  byte // 0 is a debug memory, 1 a serial one
	Tail    []byte
}

// Code is FF04h.
func (FNVersionAnswer) Code() Code { return CodeFNVersion }

func (a *FNVersionAnswer) layout(c *cursor) {
	c.name(&a.Version, 16)
	u8(c, &a.Serial)
	c.bytes(&a.Tail)
}

// ResetFN erases a debug fiscal memory (FF07h); Parameter is 16h.
type ResetFN struct {
	Password  uint32
	Parameter byte
}

// Code is FF07h.
func (ResetFN) Code() Code { return CodeResetFN }

func (r *ResetFN) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Parameter)
}

// CancelFNDocument drops the document the fiscal memory is making (FF08h).
type CancelFNDocument struct{ Password uint32 }

// Code is FF08h.
func (CancelFNDocument) Code() Code          { return CodeCancelFNDocument }
func (r *CancelFNDocument) layout(c *cursor) { u32(c, &r.Password) }

// FindDocument reads a document of the archive by its number (FF0Ah).
type FindDocument struct {
	Password uint32
	FD       uint32
}

// Code is FF0Ah.
func (FindDocument) Code() Code { return CodeFindDocument }

func (r *FindDocument) layout(c *cursor) {
	u32(c, &r.Password)
	u32(c, &r.FD)
}

// FoundDocumentAnswer is the answer to FF0Ah. Which of the fields after FP it
// has depends on Type; what newer formats add stays in Tail.
type FoundDocumentAnswer struct {
	Type   ArchiveType
	Ticket byte // 1 when the OFD has confirmed it
	Time   fiscal.DateTime
	FD     uint32
	FP     uint32

	// Registration and its change.
	INN    string
	RNM    string
	Tax    TaxSystem
	Mode   OperatingMode
	Reason byte // change only

	// Opening and closing of a shift.
	Shift uint16

	// Receipts and corrections.
	Sign SettlementSign
	Sum  fiscal.Money

	// State of settlement.
	Unconfirmed      uint32
	FirstUnconfirmed fiscal.DateTime

	Tail []byte
}

// Code is FF0Ah.
func (FoundDocumentAnswer) Code() Code { return CodeFindDocument }

func (a *FoundDocumentAnswer) layout(c *cursor) {
	u8(c, &a.Type)
	u8(c, &a.Ticket)
	c.ymdhm(&a.Time)
	u32(c, &a.FD)
	u32(c, &a.FP)
	switch a.Type {
	case ArchiveRegistration, ArchiveChange:
		c.number(&a.INN, 12)
		c.number(&a.RNM, 20)
		u8(c, &a.Tax)
		u8(c, &a.Mode)
		if a.Type == ArchiveChange {
			u8(c, &a.Reason)
		}
	case ArchiveOpenShift, ArchiveCloseShift:
		u16(c, &a.Shift)
	case ArchiveReceipt, ArchiveBSO, ArchiveCorrection, ArchiveBSOCorrection:
		u8(c, &a.Sign)
		c.money(&a.Sum)
	case ArchiveSettlement:
		u32(c, &a.Unconfirmed)
		c.ymd(&a.FirstUnconfirmed)
	case ArchiveCloseFN:
		// Its fields are not documented; they stay in Tail.
	}
	c.bytes(&a.Tail)
}

// ReadDocument begins to read a document as tags (FF3Ah). The device is in
// mode 1 until [ReadDocumentBlock] has come to error 08h.
type ReadDocument struct {
	Password uint32
	FD       uint32
}

// Code is FF3Ah.
func (ReadDocument) Code() Code { return CodeReadDocument }

func (r *ReadDocument) layout(c *cursor) {
	u32(c, &r.Password)
	u32(c, &r.FD)
}

// ReadDocumentAnswer is the answer to FF3Ah.
type ReadDocumentAnswer struct {
	Type   uint16 // of the enclosing tag
	Length uint16
	Tail   []byte
}

// Code is FF3Ah.
func (ReadDocumentAnswer) Code() Code { return CodeReadDocument }

func (a *ReadDocumentAnswer) layout(c *cursor) {
	u16(c, &a.Type)
	u16(c, &a.Length)
	c.bytes(&a.Tail)
}

// ReadDocumentBlock reads the next tags of a document (FF3Bh).
type ReadDocumentBlock struct{ Password uint32 }

// Code is FF3Bh.
func (ReadDocumentBlock) Code() Code          { return CodeReadDocumentBlock }
func (r *ReadDocumentBlock) layout(c *cursor) { u32(c, &r.Password) }

// DataAnswer is an answer of nothing but data: tags of FF0Eh, FF3Bh and FF60h,
// a block of FF31h.
type DataAnswer struct {
	For  Code
	Data []byte
}

// Code is the command this answers.
func (a DataAnswer) Code() Code        { return a.For }
func (a *DataAnswer) layout(c *cursor) { c.bytes(&a.Data) }

// FNMemory asks how much room the fiscal memory has (FF63h).
type FNMemory struct{ Password uint32 }

// Code is FF63h.
func (FNMemory) Code() Code          { return CodeFNMemory }
func (r *FNMemory) layout(c *cursor) { u32(c, &r.Password) }

// FNMemoryAnswer is the answer to FF63h.
type FNMemoryAnswer struct {
	Documents uint32 // that still fit the five-year archive
	Kilobytes uint32 // that still fit the thirty-day archive
	Marking   *byte  // percent of the area of marking codes in use
	Tail      []byte
}

// Code is FF63h.
func (FNMemoryAnswer) Code() Code { return CodeFNMemory }

func (a *FNMemoryAnswer) layout(c *cursor) {
	u32(c, &a.Documents)
	u32(c, &a.Kilobytes)
	if c.left() > 0 {
		a.Marking = new(byte)
	}
	if a.Marking != nil {
		u8(c, a.Marking)
	}
	c.bytes(&a.Tail)
}

// SyncRegisters brings the till's registers in line with the counters of the
// fiscal memory (FF62h).
type SyncRegisters struct{ Password uint32 }

// Code is FF62h.
func (SyncRegisters) Code() Code          { return CodeSyncRegisters }
func (r *SyncRegisters) layout(c *cursor) { u32(c, &r.Password) }
