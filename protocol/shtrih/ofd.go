package shtrih

import "github.com/chekan-io/chekan/protocol/fiscal"

// OFDStatus asks how the exchange with the operator (OFD) stands (FF39h).
type OFDStatus struct{ Password uint32 }

// Code is FF39h.
func (OFDStatus) Code() Code          { return CodeOFDStatus }
func (r *OFDStatus) layout(c *cursor) { u32(c, &r.Password) }

// OFDState is a set of facts about the exchange with the OFD.
type OFDState byte

// Facts about the exchange with the OFD.
const (
	OFDConnected OFDState = 1 << iota
	OFDHasMessage
	OFDAwaitsTicket
	OFDHasCommand
	OFDSettingsChanged
	OFDAwaitsReply
)

// String lists the facts.
func (s OFDState) String() string {
	return setString(uint64(s), []string{
		"connected", "has a message", "awaits a ticket", "has a command from the OFD",
		"settings changed", "awaits a reply",
	})
}

// OFDStatusAnswer is the answer to FF39h, 16 bytes.
type OFDStatusAnswer struct {
	State   OFDState
	Reading byte // 1 while a message is being read
	Queue   uint16
	FirstFD uint32          // first in the queue
	First   fiscal.DateTime // and its time
	Tail    []byte
}

// Code is FF39h.
func (OFDStatusAnswer) Code() Code { return CodeOFDStatus }

func (a *OFDStatusAnswer) layout(c *cursor) {
	u8(c, &a.State)
	u8(c, &a.Reading)
	u16(c, &a.Queue)
	u32(c, &a.FirstFD)
	c.ymdhm(&a.First)
	c.bytes(&a.Tail)
}

// UnconfirmedCount asks how many documents the OFD has not confirmed (FF3Fh).
type UnconfirmedCount struct{ Password uint32 }

// Code is FF3Fh.
func (UnconfirmedCount) Code() Code          { return CodeUnconfirmedCount }
func (r *UnconfirmedCount) layout(c *cursor) { u32(c, &r.Password) }

// UnconfirmedCountAnswer is the answer to FF3Fh.
type UnconfirmedCountAnswer struct {
	Count uint16
	Tail  []byte
}

// Code is FF3Fh.
func (UnconfirmedCountAnswer) Code() Code { return CodeUnconfirmedCount }

func (a *UnconfirmedCountAnswer) layout(c *cursor) {
	u16(c, &a.Count)
	c.bytes(&a.Tail)
}

// OFDMessage asks for the size of the message to the OFD (FF30h). With it
// begins the relay of messages by the host.
type OFDMessage struct{ Password uint32 }

// Code is FF30h.
func (OFDMessage) Code() Code          { return CodeOFDMessage }
func (r *OFDMessage) layout(c *cursor) { u32(c, &r.Password) }

// OFDMessageAnswer is the answer to FF30h.
type OFDMessageAnswer struct {
	Bytes    uint16 // 0: nothing to send
	MaxBlock byte
	Tail     []byte
}

// Code is FF30h.
func (OFDMessageAnswer) Code() Code { return CodeOFDMessage }

func (a *OFDMessageAnswer) layout(c *cursor) {
	u16(c, &a.Bytes)
	u8(c, &a.MaxBlock)
	c.bytes(&a.Tail)
}

// OFDReadBlock reads a part of the message to the OFD (FF31h).
type OFDReadBlock struct {
	Password uint32
	Offset   uint16
	Count    byte
}

// Code is FF31h.
func (OFDReadBlock) Code() Code { return CodeOFDReadBlock }

func (r *OFDReadBlock) layout(c *cursor) {
	u32(c, &r.Password)
	u16(c, &r.Offset)
	u8(c, &r.Count)
}

// OFDBeginWrite announces the answer of the OFD (FF32h), or tags for
// [SendBufferedTLV].
type OFDBeginWrite struct {
	Password uint32
	Size     uint16
}

// Code is FF32h.
func (OFDBeginWrite) Code() Code { return CodeOFDBeginWrite }

func (r *OFDBeginWrite) layout(c *cursor) {
	u32(c, &r.Password)
	u16(c, &r.Size)
}

// OFDBeginWriteAnswer is the answer to FF32h.
type OFDBeginWriteAnswer struct {
	MaxBlock byte
	Tail     []byte
}

// Code is FF32h.
func (OFDBeginWriteAnswer) Code() Code { return CodeOFDBeginWrite }

func (a *OFDBeginWriteAnswer) layout(c *cursor) {
	u8(c, &a.MaxBlock)
	c.bytes(&a.Tail)
}

// OFDWriteBlock writes a part of the answer of the OFD (FF33h).
type OFDWriteBlock struct {
	Password uint32
	Offset   uint16
	Data     []byte
}

// Code is FF33h.
func (OFDWriteBlock) Code() Code { return CodeOFDWriteBlock }

func (r *OFDWriteBlock) layout(c *cursor) {
	u32(c, &r.Password)
	u16(c, &r.Offset)
	c.counted(&r.Data)
}

// OFDTicket asks for the OFD's confirmation of a document (FF3Ch).
type OFDTicket struct {
	Password uint32
	FD       uint32
}

// Code is FF3Ch.
func (OFDTicket) Code() Code { return CodeOFDTicket }

func (r *OFDTicket) layout(c *cursor) {
	u32(c, &r.Password)
	u32(c, &r.FD)
}

// OFDTicketAnswer is the answer to FF3Ch.
type OFDTicketAnswer struct {
	Time fiscal.DateTime
	FPO  []byte // the operator's sign, 18 bytes
	FD   uint32
	Tail []byte
}

// Code is FF3Ch.
func (OFDTicketAnswer) Code() Code { return CodeOFDTicket }

func (a *OFDTicketAnswer) layout(c *cursor) {
	c.ymdhm(&a.Time)
	c.blob(&a.FPO, 18)
	u32(c, &a.FD)
	c.bytes(&a.Tail)
}
