package shtrih

import (
	"bytes"
	"errors"
	"fmt"
)

// A shape makes and takes apart the messages of one struct.
type shape struct {
	encode func(v any, c *cursor) bool // false: v is not the struct
	decode func(c *cursor, code Code) any
	// mayBeEmpty: some firmware answers with nothing where others name the
	// operator.
	mayBeEmpty bool
}

// layouter is a pointer to T that describes T on the wire.
type layouter[T any] interface {
	*T
	layout(c *cursor)
}

// of makes the shape of T. Values and pointers encode alike; decoding makes
// values. Structs that serve several commands get their code by set.
func of[T any, P layouter[T]](set ...func(*T, Code)) shape {
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
			c.writing = true
			P(&t).layout(c)
			return true
		},
		decode: func(c *cursor, code Code) any {
			var t T
			for _, s := range set {
				s(&t, code)
			}
			P(&t).layout(c)
			return t
		},
	}
}

// EncodeRequest makes the message of a command, without framing.
func EncodeRequest(r Request) ([]byte, error) {
	switch u := r.(type) {
	case nil:
		return nil, ErrUnknownRequest
	case Unknown:
		if len(u.Raw) == 0 || len(u.Raw) > MaxMessage {
			return nil, fmt.Errorf("encode %d raw bytes: %w", len(u.Raw), ErrValue)
		}
		return bytes.Clone(u.Raw), nil
	}
	code := r.Code()
	s, ok := requests[family(code)]
	c := &cursor{buf: codeBytes(code)}
	if !ok || !s.encode(r, c) {
		return nil, fmt.Errorf("encode %T: %w", r, ErrUnknownRequest)
	}
	return c.message(code)
}

// message is the finished message, if it fits the link.
func (c *cursor) message(code Code) ([]byte, error) {
	if len(c.buf) > MaxMessage {
		c.tooLong(len(c.buf), MaxMessage)
	}
	if c.err != nil {
		return nil, fmt.Errorf("encode %v: %w", code, c.err)
	}
	return c.buf, nil
}

// DecodeRequest takes the message of a command apart. A command this package
// has no layout for is [Unknown] and no error; a known one of the wrong length
// is [ErrMalformed].
func DecodeRequest(msg []byte) (Request, error) {
	if len(msg) == 0 {
		return nil, fmt.Errorf("decode request: %w: empty", ErrMalformed)
	}
	if len(msg) > MaxMessage {
		return nil, fmt.Errorf("decode request: %w: %d bytes", ErrMalformed, len(msg))
	}
	code := codeOf(msg)
	s, ok := requests[family(code)]
	if !ok {
		return Unknown{Raw: bytes.Clone(msg)}, nil
	}
	c := &cursor{buf: msg[len(codeBytes(code)):]}
	v := s.decode(c, code)
	if len(c.buf) > 0 {
		c.malformed("%d bytes too many", len(c.buf))
	}
	if c.err != nil {
		return nil, fmt.Errorf("decode request %v: %w", code, c.err)
	}
	r, ok := v.(Request)
	if !ok {
		return nil, fmt.Errorf("decode request %v: %w", code, ErrUnknownRequest)
	}
	return r, nil
}

// EncodeAnswer makes the message by which a device says that a command is
// done.
func EncodeAnswer(a Answer) ([]byte, error) {
	if a == nil {
		return nil, ErrUnknownAnswer
	}
	code := a.Code()
	c := &cursor{buf: append(answerCode(code), 0)}
	switch v := a.(type) {
	case RawAnswer:
		c.buf = append(c.buf, v.Data...)
		return c.message(code)
	case EmptyAnswer:
		c.writing = true
		v.layout(c)
		return c.message(code)
	}
	if s, ok := answers[code]; !ok || !s.encode(a, c) {
		return nil, fmt.Errorf("encode %T for %v: %w", a, code, ErrUnknownAnswer)
	}
	return c.message(code)
}

// DecodeAnswer takes apart the answer to the command of the given code. A
// refusal is a [*DeviceError], an answer to another command a
// [*MismatchError], anything else that is wrong wraps [ErrMalformed].
func DecodeAnswer(req Code, msg []byte) (Answer, error) {
	body, err := answerBody(req, msg)
	if err != nil {
		return nil, err
	}
	s, ok := answers[req]
	if !ok {
		return RawAnswer{For: req, Data: bytes.Clone(body)}, nil
	}
	if s.mayBeEmpty && len(body) == 0 {
		return EmptyAnswer{For: req}, nil
	}
	c := &cursor{buf: body}
	v := s.decode(c, req)
	if len(c.buf) > 0 {
		c.malformed("%d bytes too many", len(c.buf))
	}
	if c.err != nil {
		return nil, fmt.Errorf("decode answer to %v: %w", req, c.err)
	}
	a, ok := v.(Answer)
	if !ok {
		return nil, fmt.Errorf("decode answer to %v: %w", req, ErrUnknownAnswer)
	}
	return a, nil
}

// answerBody checks code and error byte and returns what follows them.
func answerBody(req Code, msg []byte) ([]byte, error) {
	head := answerCode(req)
	if len(msg) < 2 || len(msg) > MaxMessage {
		return nil, fmt.Errorf("decode answer to %v: %w: %d bytes", req, ErrMalformed, len(msg))
	}
	switch {
	case len(head) == 2 && len(msg) == 2 && msg[0] == 0xFF && msg[1] != 0:
		// Old firmware refuses an FFh command by the family alone.
		return nil, &DeviceError{Code: req, Err: ErrorCode(msg[1]), Short: true}
	case !bytes.HasPrefix(msg, head):
		got := codeOf(msg)
		if msg[0] == 0xFE {
			got = 0xFE00
		}
		return nil, &MismatchError{Want: req, Got: got}
	case len(msg) == len(head):
		return nil, fmt.Errorf("decode answer to %v: %w: no error byte", req, ErrMalformed)
	}
	code, rest := ErrorCode(msg[len(head)]), msg[len(head)+1:]
	if code == 0 {
		return rest, nil
	}
	e := &DeviceError{Code: req, Err: code}
	c := &cursor{buf: rest}
	if c.left() >= 4 {
		e.Extended = new(uint32)
		u32(c, e.Extended)
	}
	c.bytes(&e.Tail)
	return nil, e
}

// AsDeviceError finds the refusal of a device in an error.
func AsDeviceError(err error) (*DeviceError, bool) {
	var e *DeviceError
	ok := errors.As(err, &e)
	return e, ok
}

// family is the key of the tables: service functions share one layout.
func family(c Code) Code {
	if c>>8 == 0xFE {
		return serviceFamily
	}
	return c
}
