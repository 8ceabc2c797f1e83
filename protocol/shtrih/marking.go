package shtrih

import "github.com/chekan-io/chekan/protocol/fiscal"

// CheckMarking asks the fiscal memory, and through it the marking system,
// about a marking code (FF61h). It may take as long as 40 seconds.
type CheckMarking struct {
	Password uint32
	Planned  byte // planned state of the goods, tag 2003
	Mode     byte // of processing, tag 2102
	Mark     []byte
	TLV      []byte // quantity, for goods sold in part
}

// Code is FF61h.
func (CheckMarking) Code() Code { return CodeCheckMarking }

func (r *CheckMarking) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Planned)
	u8(c, &r.Mode)
	mark, tlv := byte(len(r.Mark)), byte(len(r.TLV))
	if c.writing && (len(r.Mark) > 255 || len(r.TLV) > 255) {
		c.tooLong(max(len(r.Mark), len(r.TLV)), 255)
		return
	}
	u8(c, &mark)
	u8(c, &tlv)
	c.blob(&r.Mark, int(mark))
	c.blob(&r.TLV, int(tlv))
}

// CheckMarkingAnswer is the answer to FF61h.
type CheckMarkingAnswer struct {
	Local  byte // result of the local check, tag 2004
	Reason byte // why there was no local check
	Type   byte // of the marking code, tag 2100
	// FN is the answer of the fiscal memory to the request to the server: code
	// (FFh when the server kept silent), result (tag 2106), tags.
	FN   []byte
	Tail []byte
}

// Code is FF61h.
func (CheckMarkingAnswer) Code() Code { return CodeCheckMarking }

func (a *CheckMarkingAnswer) layout(c *cursor) {
	u8(c, &a.Local)
	u8(c, &a.Reason)
	u8(c, &a.Type)
	c.counted(&a.FN)
	c.bytes(&a.Tail)
}

// AcceptMarking decides on the marking code just checked (FF69h).
type AcceptMarking struct {
	Password uint32
	Decision byte // 0 reject, 1 accept
}

// Code is FF69h.
func (AcceptMarking) Code() Code { return CodeAcceptMarking }

func (r *AcceptMarking) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Decision)
}

// AcceptMarkingAnswer is the answer to FF69h.
type AcceptMarkingAnswer struct {
	Result byte // tag 2106
	Tail   []byte
}

// Code is FF69h.
func (AcceptMarkingAnswer) Code() Code { return CodeAcceptMarking }

func (a *AcceptMarkingAnswer) layout(c *cursor) {
	u8(c, &a.Result)
	c.bytes(&a.Tail)
}

// BindMarking binds a marking code to the last operation of the receipt
// (FF67h).
type BindMarking struct {
	Password uint32
	Mark     []byte
}

// Code is FF67h.
func (BindMarking) Code() Code { return CodeBindMarking }

func (r *BindMarking) layout(c *cursor) {
	u32(c, &r.Password)
	c.counted(&r.Mark)
}

// BindMarkingAnswer is the answer to FF67h. A code not checked before brings
// the result of its check in Tail.
type BindMarkingAnswer struct {
	Prefix     uint16
	DataMatrix byte // length class: 0 of 88, 1 symmetric, 2 tobacco, 3 of 44 characters
	Tail       []byte
}

// Code is FF67h.
func (BindMarkingAnswer) Code() Code { return CodeBindMarking }

func (a *BindMarkingAnswer) layout(c *cursor) {
	u16(c, &a.Prefix)
	u8(c, &a.DataMatrix)
	c.bytes(&a.Tail)
}

// MarkingStatus asks how the work with marking codes stands (FF70h).
type MarkingStatus struct{ Password uint32 }

// Code is FF70h.
func (MarkingStatus) Code() Code          { return CodeMarkingStatus }
func (r *MarkingStatus) layout(c *cursor) { u32(c, &r.Password) }

// MarkingStatusAnswer is the answer to FF70h.
type MarkingStatusAnswer struct {
	Check    byte // state of the check of a code
	Notice   byte // state of the notice being made
	Allowed  byte // flags of the commands allowed
	Saved    byte // results of checks kept
	Included byte // codes in the notice being made
	Area     byte // of notices: 0 less than half full … 4 full
	Queue    uint16
	Tail     []byte
}

// Code is FF70h.
func (MarkingStatusAnswer) Code() Code { return CodeMarkingStatus }

func (a *MarkingStatusAnswer) layout(c *cursor) {
	for _, v := range []*byte{&a.Check, &a.Notice, &a.Allowed, &a.Saved, &a.Included, &a.Area} {
		u8(c, v)
	}
	u16(c, &a.Queue)
	c.bytes(&a.Tail)
}

// MarkingNotices asks how the notices of sales of marked goods are being
// delivered (FF68h).
type MarkingNotices struct{ Password uint32 }

// Code is FF68h.
func (MarkingNotices) Code() Code          { return CodeMarkingNotices }
func (r *MarkingNotices) layout(c *cursor) { u32(c, &r.Password) }

// MarkingNoticesAnswer is the answer to FF68h.
type MarkingNoticesAnswer struct {
	State  byte
	Queue  uint16
	Number uint32          // of the first notice in the queue
	First  fiscal.DateTime // and its time
	Full   byte            // percent of the area of notices in use
	Tail   []byte
}

// Code is FF68h.
func (MarkingNoticesAnswer) Code() Code { return CodeMarkingNotices }

func (a *MarkingNoticesAnswer) layout(c *cursor) {
	u8(c, &a.State)
	u16(c, &a.Queue)
	u32(c, &a.Number)
	c.ymdhm(&a.First)
	u8(c, &a.Full)
	c.bytes(&a.Tail)
}
