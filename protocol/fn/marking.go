package fn

import "github.com/chekan-io/chekan/protocol/fiscal"

// MarkingStatus asks how far the check of marked goods is (B0h). Second hand.
type MarkingStatus struct{}

// Command is B0h.
func (MarkingStatus) Command() Command { return CmdMarkingStatus }
func (*MarkingStatus) layout(*cursor)  {}

// MarkingStatusAnswer is the answer to B0h.
type MarkingStatusAnswer struct {
	Check    byte // 0 blocked, 1 idle, 2 a mark was given, 3 a request was formed, 4 an answer was got
	Notice   byte // 1: a notice is being made
	Allowed  byte // bits of the commands that may come now
	Kept     byte // results
	Included byte // marks in the notice
	Fill     byte // 0 below 50 %, 1, 2, 3 above 90 %
	Queue    uint16
}

func (a *MarkingStatusAnswer) layout(c *cursor) {
	for _, b := range []*byte{&a.Check, &a.Notice, &a.Allowed, &a.Kept, &a.Included, &a.Fill} {
		u8(c, b)
	}
	u16(c, &a.Queue)
}

// CheckMark checks a mark with the accumulator's own keys (B1h). Second hand.
type CheckMark struct {
	Type byte
	Mark []byte
}

// Command is B1h.
func (CheckMark) Command() Command { return CmdCheckMark }

func (r *CheckMark) layout(c *cursor) {
	u8(c, &r.Type)
	n := byte(len(r.Mark))
	if len(r.Mark) > 255 {
		c.complain(ErrValue, "a mark of %d bytes", len(r.Mark))
		return
	}
	u8(c, &n)
	c.blob(&r.Mark, int(n))
}

// CheckMarkAnswer is the answer to B1h.
type CheckMarkAnswer struct {
	Result byte // tag 2004
	Reason byte // why it was not checked
}

func (a *CheckMarkAnswer) layout(c *cursor) {
	u8(c, &a.Result)
	u8(c, &a.Reason)
}

// KeepMark keeps or drops the result of a check (B2h). Second hand.
type KeepMark struct{ Keep bool }

// Command is B2h.
func (KeepMark) Command() Command { return CmdKeepMark }

func (r *KeepMark) layout(c *cursor) { c.flag(&r.Keep) }

// MarkResultAnswer is the answer to B2h and B6h: tag 2106.
type MarkResultAnswer struct{ Result byte }

func (a *MarkResultAnswer) layout(c *cursor) { u8(c, &a.Result) }

// DropMarks drops all results (B3h). Second hand.
type DropMarks struct{}

// Command is B3h.
func (DropMarks) Command() Command { return CmdDropMarks }
func (*DropMarks) layout(*cursor)  {}

// MarkRequest forms the request about a mark (B5h); without anything the last
// one again. Second hand.
type MarkRequest struct {
	At  fiscal.DateTime
	TLV []byte
}

// Command is B5h.
func (MarkRequest) Command() Command { return CmdMarkRequest }

func (r *MarkRequest) layout(c *cursor) {
	if c.writing && r.At.IsZero() && len(r.TLV) == 0 || !c.writing && c.left() == 0 {
		return
	}
	c.time(&r.At)
	c.rest(&r.TLV)
}

// MarkAnswer gives the answer about a mark (B6h). Second hand.
type MarkAnswer struct{ Data []byte }

// Command is B6h.
func (MarkAnswer) Command() Command { return CmdMarkAnswer }

func (r *MarkAnswer) layout(c *cursor) { c.rest(&r.Data) }

// MarkData adds marked goods to the receipt in preparation (B7h). Second hand.
type MarkData struct {
	Sub byte // 1 to 3
	TLV []byte
}

// Command is B7h.
func (MarkData) Command() Command { return CmdMarkData }

func (r *MarkData) layout(c *cursor) {
	u8(c, &r.Sub)
	c.rest(&r.TLV)
}

// NoticeStatus asks how the delivery of notices stands (BAh). Second hand.
type NoticeStatus struct{}

// Command is BAh.
func (NoticeStatus) Command() Command { return CmdNoticeStatus }
func (*NoticeStatus) layout(*cursor)  {}

// NoticeStatusAnswer is the answer to BAh.
type NoticeStatusAnswer struct {
	State  byte // 0 idle, 1 being read, 2 waits for its receipt
	Queue  uint16
	Number uint32
	At     fiscal.DateTime
	Fill   byte // per cent
}

func (a *NoticeStatusAnswer) layout(c *cursor) {
	u8(c, &a.State)
	u16(c, &a.Queue)
	u32(c, &a.Number)
	c.time(&a.At)
	u8(c, &a.Fill)
}

// BeginReadNotice begins to read a notice (BBh). Second hand.
type BeginReadNotice struct{}

// Command is BBh.
func (BeginReadNotice) Command() Command { return CmdBeginReadNotice }
func (*BeginReadNotice) layout(*cursor)  {}

// ReadNotice reads a block of it (BCh). Second hand.
type ReadNotice struct {
	Offset uint16
	Count  uint16
}

// Command is BCh.
func (ReadNotice) Command() Command { return CmdReadNotice }

func (r *ReadNotice) layout(c *cursor) {
	u16(c, &r.Offset)
	u16(c, &r.Count)
}

// CancelReadNotice ends the reading without effect (BDh). Second hand.
type CancelReadNotice struct{}

// Command is BDh.
func (CancelReadNotice) Command() Command { return CmdCancelReadNotice }
func (*CancelReadNotice) layout(*cursor)  {}

// EndReadNotice ends the reading (BEh). Second hand.
type EndReadNotice struct{}

// Command is BEh.
func (EndReadNotice) Command() Command { return CmdEndReadNotice }
func (*EndReadNotice) layout(*cursor)  {}

// NoticeTicket gives the receipt for a notice (BFh). Second hand.
type NoticeTicket struct{ Data []byte }

// Command is BFh.
func (NoticeTicket) Command() Command { return CmdNoticeTicket }

func (r *NoticeTicket) layout(c *cursor) { c.rest(&r.Data) }

// KeysRequest asks for the request for new keys of marking (D0h). Second hand.
type KeysRequest struct{ At fiscal.DateTime }

// Command is D0h.
func (KeysRequest) Command() Command { return CmdKeysRequest }

func (r *KeysRequest) layout(c *cursor) { c.time(&r.At) }

// KeysAnswer gives the answer of the key server (D1h). Second hand.
type KeysAnswer struct{ Data []byte }

// Command is D1h.
func (KeysAnswer) Command() Command { return CmdKeysAnswer }

func (r *KeysAnswer) layout(c *cursor) { c.rest(&r.Data) }

// BeginExport begins the export of notices in offline mode (D3h). Second hand.
type BeginExport struct{}

// Command is D3h.
func (BeginExport) Command() Command { return CmdBeginExport }
func (*BeginExport) layout(*cursor)  {}

// NextExport goes to the next notice (D4h). Second hand.
type NextExport struct{}

// Command is D4h.
func (NextExport) Command() Command { return CmdNextExport }
func (*NextExport) layout(*cursor)  {}

// ReadExport reads a block of a notice (D5h). Second hand.
type ReadExport struct {
	Offset uint16
	Count  uint16
}

// Command is D5h.
func (ReadExport) Command() Command { return CmdReadExport }

func (r *ReadExport) layout(c *cursor) {
	u16(c, &r.Offset)
	u16(c, &r.Count)
}

// ConfirmExport confirms that a notice was taken over (D6h). Second hand.
type ConfirmExport struct {
	Number uint32
	CRC    uint16
}

// Command is D6h.
func (ConfirmExport) Command() Command { return CmdConfirmExport }

func (r *ConfirmExport) layout(c *cursor) {
	u32(c, &r.Number)
	u16(c, &r.CRC)
}

// KeyServer asks for the key server (D7h). Second hand.
type KeyServer struct {
	What byte // 0 a flag, 1 its address
}

// Command is D7h.
func (KeyServer) Command() Command { return CmdKeyServer }

func (r *KeyServer) layout(c *cursor) { u8(c, &r.What) }
