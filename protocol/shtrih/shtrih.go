// Package shtrih turns the messages of Shtrih-M cash registers (KKT) into
// values and back. Both ends of the wire use it: a driver encodes requests and
// decodes answers, a simulator does the reverse.
//
// The facts come from the maker's "Protocol of KKT with FN 1.17" and the
// general guide to its tables; sections are cited as "Shtrih protocol 1.17".
//
// # Messages
//
// A [Request] is one Go struct a command, an [Answer] one struct a shape of
// answer. [EncodeRequest] and [DecodeAnswer] serve the driver;
// [DecodeRequest], [EncodeAnswer] and [EncodeError] serve the simulator. What
// decodes re-encodes to the same bytes: bytes an answer has beyond the layout
// known here stay in its Tail, because each firmware adds some.
//
// An answer whose error byte is not zero decodes to a [*DeviceError]. An
// answer to another command is a [*MismatchError]: after a reconnect a device
// may replay an older answer, and taking it for ours would be a false "done".
//
// # Links
//
// The standard link is [EncodeFrame] and [FrameReader] (one-byte length and
// XOR). The alternative one, numbered and stuffed, is [EncodePacket] and
// [PacketReader]. Both readers take one byte at a time and never block: when
// to give up on a byte is the business of whoever holds the clock.
//
// # Facts as data
//
// [Describe] gives name, patience and nature of each command, [Allowed] the
// command by mode matrix, [ErrorCode] the texts, [VATCode] the tax bytes,
// [ModelName] the models.
//
// # What it does not do
//
// It opens no port, reads no clock, writes no log, retries nothing and keeps
// no state but that of the two incremental readers.
package shtrih

import "fmt"

// Code names a command: one byte, or two for the families FFh (fiscal memory)
// and FEh (service), as 0xFF45 and 0xFEF3.
type Code uint16

// Wide tells whether the code takes two bytes in a request.
func (c Code) Wide() bool { return c>>8 == 0xFF || c>>8 == 0xFE }

// Hex writes the code as technicians do: 10h, FF45h.
func (c Code) Hex() string {
	if c.Wide() {
		return fmt.Sprintf("%04Xh", uint16(c))
	}
	return fmt.Sprintf("%02Xh", uint16(c))
}

// String is the code with its short name: "FF45h close receipt".
func (c Code) String() string {
	if d := Describe(c); d.Name != "" {
		return c.Hex() + " " + d.Name
	}
	return c.Hex()
}

// MaxMessage is the longest message the standard link carries. A device may
// set a lower limit ([CapabilitiesAnswer].MaxCommand).
const MaxMessage = 255

// A Request is a command with its parameters. Every struct of this package
// that implements it is used by value.
type Request interface {
	Code() Code
}

// An Answer is what a command returns when its error byte is zero.
type Answer interface {
	Code() Code
}

// Unknown is a request this package has no layout for, kept whole.
type Unknown struct {
	Raw []byte // the message with its code
}

// Code is the code as far as the message has one; 0 for an empty message.
func (u Unknown) Code() Code { return codeOf(u.Raw) }

// RawAnswer is an answer without a layout: the bytes after the error byte.
type RawAnswer struct {
	For  Code
	Data []byte
}

// Code is the command this answers.
func (a RawAnswer) Code() Code { return a.For }

// EmptyAnswer is an answer of nothing but the code and a zero error byte.
type EmptyAnswer struct {
	For  Code
	Tail []byte
}

// Code is the command this answers.
func (a EmptyAnswer) Code() Code { return a.For }

func (a *EmptyAnswer) layout(c *cursor) { c.bytes(&a.Tail) }

// OperatorAnswer is the answer that carries only the operator's number: the
// row of table 2 whose password the request had. A device that leaves the
// operator out is answered for by an [EmptyAnswer] (the text of the protocol
// shows E0h so, practice otherwise).
type OperatorAnswer struct {
	For      Code
	Operator byte
	Tail     []byte
}

// Code is the command this answers.
func (a OperatorAnswer) Code() Code { return a.For }

func (a *OperatorAnswer) layout(c *cursor) {
	u8(c, &a.Operator)
	c.bytes(&a.Tail)
}

func codeOf(msg []byte) Code {
	switch {
	case len(msg) == 0:
		return 0
	case len(msg) > 1 && msg[0] >= 0xFE:
		return Code(msg[0])<<8 | Code(msg[1])
	}
	return Code(msg[0])
}

// codeBytes is the code as a request has it.
func codeBytes(code Code) []byte {
	if code.Wide() {
		return []byte{byte(code >> 8), byte(code)}
	}
	return []byte{byte(code)}
}

// answerCode is the code as an answer has it: a service command is
// answered with FEh alone.
func answerCode(code Code) []byte {
	if code>>8 == 0xFE {
		return []byte{0xFE}
	}
	return codeBytes(code)
}
