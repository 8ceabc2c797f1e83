package fn

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Bytes of the link (FN interface 1.2, §2).
const (
	Start byte = 0x04
	ENQ   byte = 0x05 // host, between frames: send the last answer again
)

// CRC16 is CRC-16/CCITT-FALSE: polynomial 1021h, initial value FFFFh, neither
// reflected nor inverted.
func CRC16(b []byte) uint16 { return fiscal.CRC16(0xFFFF, b) }

// EncodeFrame wraps a message: start byte, length, message, CRC over length
// and message. A message must have 1 to [MaxMessage] bytes, as every message
// of this package has; anything else is a programmer's mistake and panics.
func EncodeFrame(msg []byte) []byte {
	if len(msg) == 0 || len(msg) > MaxMessage {
		panic(fmt.Sprintf("fn: a frame of %d bytes", len(msg)))
	}
	b := make([]byte, 0, len(msg)+5)
	b = append(b, Start)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(msg)))
	b = append(b, msg...)
	return binary.LittleEndian.AppendUint16(b, CRC16(b[1:]))
}

// Split finds the first frame in b. It returns its message, sharing memory
// with b, and how many bytes of b are done with: those before the frame and
// the frame itself. Without a whole frame msg is nil and n counts what can
// never become one; the rest may with more bytes. What looked like a frame and
// has a wrong CRC or length is skipped, bad tells that it was met.
func Split(b []byte) (msg []byte, n int, bad bool) {
	for {
		at := bytes.IndexByte(b[n:], Start)
		if at < 0 {
			return nil, len(b), bad
		}
		n += at
		size, whole := frameSize(b[n:])
		switch {
		case size == 0:
			n++
			bad = true
		case !whole:
			return nil, n, bad
		case !sumOK(b[n : n+size]):
			// A start byte inside damage may begin the real frame.
			n++
			bad = true
		default:
			return b[n+3 : n+size-2 : n+size-2], n + size, bad
		}
	}
}

// frameSize is the size the frame at the head of b claims to have, 0 when no
// frame has it; whole tells that b has it all.
func frameSize(b []byte) (size int, whole bool) {
	if len(b) < 3 {
		return MaxFrame, false
	}
	n := int(binary.LittleEndian.Uint16(b[1:]))
	if n == 0 || n > MaxMessage {
		return 0, false
	}
	return n + 5, len(b) >= n+5
}

func sumOK(frame []byte) bool {
	n := len(frame) - 2
	return CRC16(frame[1:n]) == binary.LittleEndian.Uint16(frame[n:])
}

// Event is what a [Reader] found next in its stream.
type Event uint8

// Events.
const (
	EventNone  Event = iota // nothing before more bytes come
	EventFrame              // Message is whole and its CRC is right
	EventENQ                // a byte 05h between frames
	EventBad                // what looked like a frame has a wrong CRC or length
	EventJunk               // a byte that begins nothing
)

// String names the event.
func (e Event) String() string {
	names := [...]string{"none", "frame", "ENQ", "bad", "junk"}
	if int(e) < len(names) {
		return names[e]
	}
	return fmt.Sprintf("fn event %d", uint8(e))
}

// Reader parses a stream of bytes in either direction. The zero value waits
// for a frame. It holds no more than what was pushed since the last Next
// returned EventNone and [MaxFrame] bytes.
type Reader struct {
	buf []byte
	msg []byte
}

// Push gives the reader what came over the wire.
func (r *Reader) Push(b []byte) { r.buf = append(r.buf, b...) }

// Next finds the next event; call it until it returns EventNone.
func (r *Reader) Next() Event {
	if len(r.buf) == 0 {
		return EventNone
	}
	if first := r.buf[0]; first != Start {
		r.buf = r.buf[1:]
		if first == ENQ {
			return EventENQ
		}
		return EventJunk
	}
	size, whole := frameSize(r.buf)
	switch {
	case size == 0:
		r.buf = r.buf[1:]
		return EventBad
	case !whole:
		return EventNone
	case !sumOK(r.buf[:size]):
		r.buf = r.buf[1:]
		return EventBad
	}
	r.msg = bytes.Clone(r.buf[3 : size-2])
	r.buf = r.buf[size:]
	return EventFrame
}

// Message is the message of the frame that Next has just found. It is the
// caller's to keep.
func (r *Reader) Message() []byte { return r.msg }

// Inside tells whether a frame may have begun and is not whole.
func (r *Reader) Inside() bool { return len(r.buf) > 0 }

// Begun is what has come of the frame Inside tells of. It is the reader's own
// until the next Push.
func (r *Reader) Begun() []byte { return r.buf }

// Reset forgets what was pushed, as when the rest of a frame is overdue.
func (r *Reader) Reset() { r.buf = nil }
