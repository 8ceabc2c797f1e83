package shtrih

import "fmt"

// Control bytes of the standard link (Shtrih protocol 1.17, appendix 2).
const (
	STX byte = 0x02
	ENQ byte = 0x05 // host: are you there, have you an answer for me
	ACK byte = 0x06 // the frame was received; after ENQ: an answer is waiting
	NAK byte = 0x15 // the frame was damaged; after ENQ: waiting for a command
)

// EncodeFrame wraps a message for the standard link: STX, length, message,
// and the XOR of everything after STX. The message must have 1 to 255 bytes,
// as every message of this package has; anything else is a programmer's
// mistake and panics.
func EncodeFrame(msg []byte) []byte {
	if len(msg) == 0 || len(msg) > MaxMessage {
		panic(fmt.Sprintf("shtrih: a frame of %d bytes", len(msg)))
	}
	b := make([]byte, 0, len(msg)+3)
	b = append(b, STX, byte(len(msg)))
	b = append(b, msg...)
	return append(b, lrc(b[1:]))
}

func lrc(b []byte) byte {
	var x byte
	for _, c := range b {
		x ^= c
	}
	return x
}

// DecodeFrame takes the frame at the head of b apart and tells how many bytes
// it took. [ErrIncomplete] asks for more bytes, [ErrFrame] says that b does
// not begin with a whole frame.
func DecodeFrame(b []byte) (msg []byte, n int, err error) {
	var r FrameReader
	for i, c := range b {
		event := r.Feed(c)
		if event == FrameDone {
			return r.Message(), i + 1, nil
		}
		if event != FrameMore {
			return nil, 0, ErrFrame
		}
	}
	return nil, 0, ErrIncomplete
}

// FrameEvent is what one more byte made of a stream of the standard link.
type FrameEvent uint8

// Events. The three control bytes are events of their own only between
// frames; inside a frame they are data like any other.
const (
	FrameMore   FrameEvent = iota // inside a frame
	FrameDone                     // Message is whole and its LRC is right
	FrameBad                      // wrong LRC or a length of 0: NAK is due
	FrameENQ                      // between frames
	FrameACK                      // between frames
	FrameNAK                      // between frames
	FrameIgnore                   // any other byte between frames
)

// String names the event.
func (e FrameEvent) String() string {
	names := [...]string{"more", "done", "bad", "ENQ", "ACK", "NAK", "ignore"}
	if int(e) < len(names) {
		return names[e]
	}
	return fmt.Sprintf("frame event %d", uint8(e))
}

// FrameReader parses a stream of the standard link byte by byte. The zero
// value waits for a frame. After FrameDone and FrameBad it waits for the next
// one; [FrameReader.Reset] does the same when the rest of a frame is overdue.
type FrameReader struct {
	msg   []byte
	want  int
	state frameState
}

type frameState uint8

const (
	frameOutside frameState = iota
	frameLength
	frameBody
	frameLRC
)

// Feed takes the next byte.
func (r *FrameReader) Feed(b byte) FrameEvent {
	switch r.state {
	case frameLength:
		if b == 0 {
			r.Reset()
			return FrameBad
		}
		r.want, r.state = int(b), frameBody
	case frameBody:
		r.msg = append(r.msg, b)
		if len(r.msg) == r.want {
			r.state = frameLRC
		}
	case frameLRC:
		r.state = frameOutside
		if b != byte(r.want)^lrc(r.msg) {
			r.msg = nil
			return FrameBad
		}
		return FrameDone
	case frameOutside:
		switch b {
		case STX:
			r.msg, r.state = nil, frameLength
		case ENQ:
			return FrameENQ
		case ACK:
			return FrameACK
		case NAK:
			return FrameNAK
		default:
			return FrameIgnore
		}
	}
	return FrameMore
}

// Message is the message of the frame that Feed has just called done. It is
// the caller's to keep.
func (r *FrameReader) Message() []byte { return r.msg }

// Inside tells whether a frame has begun and not ended.
func (r *FrameReader) Inside() bool { return r.state != frameOutside }

// Reset forgets a frame that has begun.
func (r *FrameReader) Reset() { *r = FrameReader{} }
