package shtrih

import (
	"errors"
	"fmt"
)

// When encoding.
var (
	// ErrValue: a field does not fit its place on the wire.
	ErrValue = errors.New("shtrih: value does not fit")
	// ErrText: a text has a character its code page lacks.
	ErrText = errors.New("shtrih: character not in the code page")
	// ErrUnknownRequest: the value is not a request of this package.
	ErrUnknownRequest = errors.New("shtrih: not a request of this protocol")
	// ErrUnknownAnswer: the value is not an answer to its command.
	ErrUnknownAnswer = errors.New("shtrih: not an answer of this protocol")
)

// When decoding.
var (
	// ErrMalformed: the bytes do not have the layout of the message.
	ErrMalformed = errors.New("shtrih: malformed message")
	// ErrIncomplete: the bytes may be the beginning of a frame.
	ErrIncomplete = errors.New("shtrih: incomplete frame")
	// ErrFrame: the bytes are not a frame: no STX, zero length or wrong LRC.
	ErrFrame = errors.New("shtrih: damaged frame")
)

// MismatchError is an answer to another command than the one asked: a stale
// answer, or a second program on the same till.
type MismatchError struct {
	Want, Got Code
}

// Error names both commands.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("shtrih: answer to %v where %v was asked", e.Got, e.Want)
}

// DeviceError is the refusal of a device: an answer whose error byte is not
// zero.
type DeviceError struct {
	Code Code
	Err  ErrorCode
	// Extended is the four-byte detail some firmware adds (capability bit 54).
	Extended *uint32
	// Short is the form without the second byte of the code, which old
	// firmware uses for FFh commands it does not know.
	Short bool
	Tail  []byte
}

// Error reads "shtrih: FF46h operation: wrong mode (73h)".
func (e *DeviceError) Error() string {
	s := fmt.Sprintf("shtrih: %v: %v", e.Code, e.Err)
	if e.Extended != nil {
		s += fmt.Sprintf(" extended %d", *e.Extended)
	}
	return s
}

// ErrorOption varies the form of an error answer.
type ErrorOption func(*DeviceError)

// ShortForm leaves the second byte of an FFh code out.
func ShortForm() ErrorOption { return func(e *DeviceError) { e.Short = true } }

// WithExtended adds the four-byte detail.
func WithExtended(detail uint32) ErrorOption {
	return func(e *DeviceError) { e.Extended = &detail }
}

// EncodeError is the answer by which a device refuses a command.
func EncodeError(code Code, err ErrorCode, opts ...ErrorOption) []byte {
	e := &DeviceError{Code: code, Err: err}
	for _, o := range opts {
		o(e)
	}
	return e.Encode()
}

// Encode is the answer the error was made of.
func (e *DeviceError) Encode() []byte {
	var b []byte
	if e.Short && e.Code>>8 == 0xFF {
		b = append(b, 0xFF, byte(e.Err))
	} else {
		b = append(answerCode(e.Code), byte(e.Err))
	}
	if e.Extended != nil {
		x := *e.Extended
		b = append(b, byte(x), byte(x>>8), byte(x>>16), byte(x>>24))
	}
	return append(b, e.Tail...)
}
