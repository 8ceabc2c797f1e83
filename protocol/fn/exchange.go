package fn

import "github.com/chekan-io/chekan/protocol/fiscal"

// ExchangeStatus asks how the exchange with the operator stands (20h).
type ExchangeStatus struct{}

// Command is 20h.
func (ExchangeStatus) Command() Command { return CmdExchangeStatus }
func (*ExchangeStatus) layout(*cursor)  {}

// ExchangeStatusAnswer is the answer to 20h.
type ExchangeStatusAnswer struct {
	Flags   ExchangeFlags
	Reading bool // 22h was given, neither 24h nor 25h followed
	Queue   uint16
	FirstFD uint32          // first in the queue; 0 is none
	First   fiscal.DateTime // and its time
}

func (a *ExchangeStatusAnswer) layout(c *cursor) {
	u8(c, &a.Flags)
	c.flag(&a.Reading)
	u16(c, &a.Queue)
	u32(c, &a.FirstFD)
	// Some accumulators leave the time out when the queue is empty.
	if c.writing || c.left() > 0 {
		c.time(&a.First)
	}
}

// SetLink tells whether the transport connection to the operator is up (21h).
type SetLink struct{ Up bool }

// Command is 21h.
func (SetLink) Command() Command { return CmdSetLink }

func (r *SetLink) layout(c *cursor) { c.flag(&r.Up) }

// BeginReadMessage begins to read the message for the operator (22h).
type BeginReadMessage struct{}

// Command is 22h.
func (BeginReadMessage) Command() Command { return CmdBeginReadMessage }
func (*BeginReadMessage) layout(*cursor)  {}

// MessageLengthAnswer is the length of a message: the answer to 22h and BBh.
type MessageLengthAnswer struct{ Length uint16 }

func (a *MessageLengthAnswer) layout(c *cursor) { u16(c, &a.Length) }

// ReadMessage reads a block of the message (23h). The message is the
// container, without the session header.
type ReadMessage struct {
	Offset uint16
	Count  uint16 // at most [MaxData]
}

// Command is 23h.
func (ReadMessage) Command() Command { return CmdReadMessage }

func (r *ReadMessage) layout(c *cursor) {
	u16(c, &r.Offset)
	u16(c, &r.Count)
}

// BlockAnswer is a block of a message, maybe shorter than asked for: the
// answer to 23h, BCh and D5h.
type BlockAnswer struct{ Data []byte }

func (a *BlockAnswer) layout(c *cursor) { c.rest(&a.Data) }

// CancelReadMessage ends the reading; the message stays first (24h).
type CancelReadMessage struct{}

// Command is 24h.
func (CancelReadMessage) Command() Command { return CmdCancelReadMessage }
func (*CancelReadMessage) layout(*cursor)  {}

// EndReadMessage ends the reading and starts the wait of 300 seconds for the
// operator's answer (25h).
type EndReadMessage struct{}

// Command is 25h.
func (EndReadMessage) Command() Command { return CmdEndReadMessage }
func (*EndReadMessage) layout(*cursor)  {}

// OperatorMessage gives the operator's answer, a container (26h). A refusal of
// it is [ErrMessage] with a [MessageReason].
type OperatorMessage struct{ Container []byte }

// Command is 26h.
func (OperatorMessage) Command() Command { return CmdOperatorMessage }

func (r *OperatorMessage) layout(c *cursor) { c.rest(&r.Container) }

// OperatorMessageAnswer is the answer to 26h.
type OperatorMessageAnswer struct {
	Code byte   // the operator's own answer code (tag 1022); 0 is accepted
	TLV  []byte // the operator's message for the till (tag 1068), maybe
}

func (a *OperatorMessageAnswer) layout(c *cursor) {
	if c.writing || c.left() > 0 {
		u8(c, &a.Code)
	}
	c.rest(&a.TLV)
}

// DataSize asks how much the document in preparation has taken (A7h). Second
// hand.
type DataSize struct{}

// Command is A7h.
func (DataSize) Command() Command { return CmdDataSize }
func (*DataSize) layout(*cursor)  {}

// DataSizeAnswer is the answer to A7h.
type DataSizeAnswer struct {
	Message uint32 // bytes of the message for the operator
	Notice  uint32 // bytes of the notice about marked goods
}

func (a *DataSizeAnswer) layout(c *cursor) {
	u32(c, &a.Message)
	u32(c, &a.Notice)
}

// Speed changes the speed of the serial link (ABh). Second hand.
type Speed struct{ Baud uint32 }

// Command is ABh.
func (Speed) Command() Command { return CmdSpeed }

func (r *Speed) layout(c *cursor) { u32(c, &r.Baud) }
