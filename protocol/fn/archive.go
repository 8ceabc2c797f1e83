package fn

import "github.com/chekan-io/chekan/protocol/fiscal"

// FindDocument reads the short record of a document (40h).
type FindDocument struct{ FD uint32 }

// Command is 40h.
func (FindDocument) Command() Command { return CmdFindDocument }

func (r *FindDocument) layout(c *cursor) { u32(c, &r.FD) }

// FoundDocumentAnswer is the answer to 40h. Which of the fields after FP it
// has depends on Type; what newer accumulators add stays in Rest.
type FoundDocumentAnswer struct {
	Type   fiscal.DocumentType
	Ticket bool // the operator has confirmed it
	At     fiscal.DateTime
	FD     uint32
	FP     uint32

	// Registration, its change, closing of fiscal mode.
	INN        string
	RNM        string
	TaxSystems byte // not with the closing
	Mode       byte // not with the closing
	Reason     byte // change only

	// Opening and closing of a shift.
	Shift uint16

	// Receipts and corrections.
	Sign  byte
	Total fiscal.Money

	// State of settlement.
	Unsent      uint32
	FirstUnsent fiscal.DateTime

	Rest []byte
}

func (a *FoundDocumentAnswer) layout(c *cursor) {
	u8(c, &a.Type)
	c.flag(&a.Ticket)
	c.time(&a.At)
	u32(c, &a.FD)
	u32(c, &a.FP)
	switch a.Type {
	case fiscal.DocRegistration, fiscal.DocReregistration:
		c.chars(&a.INN, 12)
		c.chars(&a.RNM, 20)
		u8(c, &a.TaxSystems)
		u8(c, &a.Mode)
		if a.Type == fiscal.DocReregistration {
			u8(c, &a.Reason)
		}
	case fiscal.DocShiftOpened, fiscal.DocShiftClosed:
		u16(c, &a.Shift)
	case fiscal.DocReceipt, fiscal.DocBSO, fiscal.DocCorrection, fiscal.DocBSOCorrection:
		u8(c, &a.Sign)
		c.money(&a.Total, 5)
	case fiscal.DocArchiveClosed:
		c.chars(&a.INN, 12)
		c.chars(&a.RNM, 20)
	case fiscal.DocSettlementReport:
		u32(c, &a.Unsent)
		// Three bytes in some accumulators, five by the description.
		if c.writing || c.left() >= 5 {
			c.time(&a.FirstUnsent)
		} else {
			c.date(&a.FirstUnsent)
		}
	case fiscal.DocOperatorTicket:
	}
	c.rest(&a.Rest)
}

// FindTicket reads the operator's confirmation of a document (41h).
type FindTicket struct{ FD uint32 }

// Command is 41h.
func (FindTicket) Command() Command { return CmdFindTicket }

func (r *FindTicket) layout(c *cursor) { u32(c, &r.FD) }

// TicketAnswer is the answer to 41h.
type TicketAnswer struct {
	At   fiscal.DateTime
	Sign []byte // tag 1078, 18 bytes
	FD   uint32
}

func (a *TicketAnswer) layout(c *cursor) {
	c.time(&a.At)
	c.blob(&a.Sign, 18)
	u32(c, &a.FD)
}

// UnsentCount asks how many documents the operator has not confirmed (42h).
type UnsentCount struct{}

// Command is 42h.
func (UnsentCount) Command() Command { return CmdUnsentCount }
func (*UnsentCount) layout(*cursor)  {}

// CountAnswer is the answer to 42h.
type CountAnswer struct{ Count uint16 }

func (a *CountAnswer) layout(c *cursor) { u16(c, &a.Count) }

// ReadDocument begins to read a document as tags (45h), while the accumulator
// still keeps it whole: for 30 days after the operator confirmed it.
type ReadDocument struct{ FD uint32 }

// Command is 45h.
func (ReadDocument) Command() Command { return CmdReadDocument }

func (r *ReadDocument) layout(c *cursor) { u32(c, &r.FD) }

// ReadDocumentAnswer is the answer to 45h: the head of the enclosing tag.
type ReadDocumentAnswer struct {
	Type   uint16
	Length uint16
}

func (a *ReadDocumentAnswer) layout(c *cursor) {
	u16(c, &a.Type)
	u16(c, &a.Length)
}

// NextTag reads the next tag of the document (46h); 08h is the end.
type NextTag struct{}

// Command is 46h.
func (NextTag) Command() Command { return CmdNextTag }
func (*NextTag) layout(*cursor)  {}

// FindFormatted is 40h for documents of FFD 1.1 and later (50h). Second hand.
type FindFormatted struct{ FD uint32 }

// Command is 50h.
func (FindFormatted) Command() Command { return CmdFindFormatted }

func (r *FindFormatted) layout(c *cursor) { u32(c, &r.FD) }

// FindFormattedAnswer is the answer to 50h.
type FindFormattedAnswer struct {
	Format byte // tag 1209
	Type   fiscal.DocumentType
	Ticket bool
	FD     uint32
	FP     uint32
	Rest   []byte
}

func (a *FindFormattedAnswer) layout(c *cursor) {
	u8(c, &a.Format)
	u8(c, &a.Type)
	c.flag(&a.Ticket)
	u32(c, &a.FD)
	u32(c, &a.FP)
	c.rest(&a.Rest)
}
