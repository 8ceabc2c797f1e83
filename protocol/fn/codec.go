package fn

import (
	"bytes"
	"fmt"
)

// Request is a command with its parameters.
type Request interface {
	Command() Command
}

// Answer is what a command is answered with when it is done: a struct of this
// package whose name ends so.
type Answer interface {
	answer()
}

// Unknown is a request this package has no layout for.
type Unknown struct{ Raw []byte }

// Command is the first byte.
func (u Unknown) Command() Command {
	if len(u.Raw) == 0 {
		return 0
	}
	return Command(u.Raw[0])
}

// layouter describes itself on the wire.
type layouter interface{ layout(c *cursor) }

// shape makes and takes apart the messages of one struct.
type shape struct {
	encode func(v any, c *cursor) bool // false: v is not the struct
	decode func(c *cursor) any
}

// of makes the shape of T. Values and pointers encode alike; decoding makes
// values.
func of[T any, P interface {
	*T
	layouter
}]() shape {
	return shape{
		encode: func(v any, c *cursor) bool {
			var t T
			switch v := v.(type) {
			case T:
				t = v
			case *T:
				t = *v
			default:
				return false
			}
			P(&t).layout(c)
			return true
		},
		decode: func(c *cursor) any {
			var t T
			P(&t).layout(c)
			return t
		},
	}
}

// EncodeRequest makes the message of a command, without frame.
func EncodeRequest(r Request) ([]byte, error) {
	if r == nil {
		return nil, ErrUnknown
	}
	if u, ok := r.(Unknown); ok {
		if len(u.Raw) == 0 || len(u.Raw) > MaxMessage {
			return nil, fmt.Errorf("encode %d raw bytes: %w", len(u.Raw), ErrValue)
		}
		return bytes.Clone(u.Raw), nil
	}
	c := &cursor{writing: true, buf: []byte{byte(r.Command())}}
	s, ok := requests[r.Command()]
	if !ok || !s.encode(r, c) {
		return nil, fmt.Errorf("encode %T: %w", r, ErrUnknown)
	}
	return c.message(r.Command())
}

// DecodeRequest takes the message of a command apart. A command this package
// has no layout for is [Unknown] and no error; a known one of the wrong length
// is [ErrMalformed].
func DecodeRequest(msg []byte) (Request, error) {
	if len(msg) == 0 || len(msg) > MaxMessage {
		return nil, fmt.Errorf("decode request: %w: %d bytes", ErrMalformed, len(msg))
	}
	cmd := Command(msg[0])
	s, ok := requests[cmd]
	if !ok {
		return Unknown{Raw: bytes.Clone(msg)}, nil
	}
	c := &cursor{buf: msg[1:]}
	v := s.decode(c)
	if c.left() > 0 {
		c.complain(ErrMalformed, "%d bytes too many", c.left())
	}
	if c.err != nil {
		return nil, fmt.Errorf("decode request %v: %w", cmd, c.err)
	}
	r, ok := v.(Request)
	if !ok {
		return nil, fmt.Errorf("decode request %v: %w", cmd, ErrUnknown)
	}
	return r, nil
}

// EncodeAnswer makes the message by which an accumulator says that a command
// is done; warning sets bit 7. Commands without data in their answer take
// [EmptyAnswer] or nil.
func EncodeAnswer(cmd Command, a Answer, warning bool) ([]byte, error) {
	first := byte(OK)
	if warning {
		first |= WarningBit
	}
	c := &cursor{writing: true, buf: []byte{first}}
	if a == nil {
		a = EmptyAnswer{}
	}
	s := shapeOf(cmd)
	if _, raw := a.(RawAnswer); raw {
		s = of[RawAnswer]()
	}
	if !s.encode(a, c) {
		return nil, fmt.Errorf("encode %T for %v: %w", a, cmd, ErrUnknown)
	}
	return c.message(cmd)
}

// DecodeAnswer takes apart the answer to a command and tells the warning bit.
// A code other than 00h is a [*Refusal], anything else that is wrong wraps
// [ErrMalformed]. Bytes behind the known fields are those of a newer
// accumulator and are ignored.
func DecodeAnswer(cmd Command, msg []byte) (a Answer, warning bool, err error) {
	if len(msg) == 0 || len(msg) > MaxMessage {
		return nil, false, fmt.Errorf("decode answer to %v: %w: %d bytes", cmd, ErrMalformed, len(msg))
	}
	warning = msg[0]&WarningBit != 0
	if code := Code(msg[0] &^ WarningBit); code != OK {
		return nil, warning, &Refusal{Command: cmd, Code: code, Warning: warning, Data: append([]byte(nil), msg[1:]...)}
	}
	c := &cursor{buf: msg[1:]}
	v := shapeOf(cmd).decode(c)
	if c.err != nil {
		return nil, warning, fmt.Errorf("decode answer to %v: %w", cmd, c.err)
	}
	a, ok := v.(Answer)
	if !ok {
		return nil, warning, fmt.Errorf("decode answer to %v: %w", cmd, ErrUnknown)
	}
	return a, warning, nil
}

// message is the finished message, if it fits a frame.
func (c *cursor) message(cmd Command) ([]byte, error) {
	if len(c.buf) > MaxMessage {
		c.complain(ErrValue, "%d bytes of message", len(c.buf))
	}
	if c.err != nil {
		return nil, fmt.Errorf("encode %v: %w", cmd, c.err)
	}
	return c.buf, nil
}

// shapeOf is the layout of the answer to a command: nothing for those that
// have no other, raw bytes for those this package does not know.
func shapeOf(cmd Command) shape {
	if s, ok := answerShapes[cmd]; ok {
		return s
	}
	if _, known := requests[cmd]; known {
		return of[EmptyAnswer]()
	}
	return of[RawAnswer]()
}

// EmptyAnswer is the answer of nothing but a code.
type EmptyAnswer struct{}

func (*EmptyAnswer) layout(*cursor) {}

// RawAnswer is the answer to a command whose answer this package does not take
// apart. It can stand for any other answer when one is made.
type RawAnswer struct{ Data []byte }

func (a *RawAnswer) layout(c *cursor) { c.rest(&a.Data) }
