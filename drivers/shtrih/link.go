package shtrih

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/drivers/wire"
)

// link carries one command and its answer over an open wire.
type link interface {
	// greet finds out that the till is there and ready for a command. It
	// returns the answer the till still held for somebody, nil mostly.
	greet(ctx context.Context) (held []byte, err error)

	// exchange sends a command and waits for its answer, at most patience
	// after the till has taken the command. With once, nothing is ever sent
	// that could make the till do the command twice. Errors are *linkError.
	exchange(ctx context.Context, command []byte, patience time.Duration, once bool) ([]byte, error)
}

// linkError is a failure of the wire, not of the till.
type linkError struct {
	// sent tells that the till may have got the command. When it is false the
	// till has certainly not.
	sent bool
	err  error
}

func (e *linkError) Error() string { return e.err.Error() }
func (e *linkError) Unwrap() error { return e.err }

func notSent(err error) error { return &linkError{sent: false, err: err} }
func maybe(err error) error   { return &linkError{sent: true, err: err} }

var (
	errNoAnswer = errors.New("the till does not answer")
	errGarbled  = errors.New("the answer came garbled")
	errRefused  = errors.New("the till got the command garbled")
	errStale    = errors.New("the till answered an older command")
)

// Patience with single bytes. The protocol lets a till take 100 ms and more
// for an acknowledgement (P117, note to 14h); a radio or USB link adds its own.
const (
	byteWait  = time.Second            // inside a frame, and for ACK
	enqWait   = 500 * time.Millisecond // for the reply to ENQ
	quietTime = 50 * time.Millisecond  // of silence after junk
	writeWait = 3 * time.Second        // for the port to take the bytes
)

// inbound reads a Conn byte by byte without a system call for each.
type inbound struct {
	conn wire.Conn
	buf  []byte
	room [512]byte
}

// next returns the next byte, waiting at most d for it.
func (in *inbound) next(ctx context.Context, d time.Duration) (byte, error) {
	if len(in.buf) == 0 {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		n, err := in.conn.Read(ctx, in.room[:])
		if n == 0 {
			if err == nil {
				err = errNoAnswer
			}
			return 0, err
		}
		in.buf = in.room[:n]
	}
	b := in.buf[0]
	in.buf = in.buf[1:]
	return b, nil
}

// settle throws away what comes until the line is quiet. A till that never
// stops talking is given up on.
func (in *inbound) settle(ctx context.Context) error {
	for range 64 << 10 {
		if _, err := in.next(ctx, quietTime); err != nil {
			if late(ctx, err) {
				return nil
			}
			return err
		}
	}
	return fmt.Errorf("%w: it talks without end", errNoAnswer)
}

func (in *inbound) write(ctx context.Context, b []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeWait)
	defer cancel()
	_, err := in.conn.Write(ctx, b)
	return err
}

// late tells that err is only our own waiting coming to its end, while the
// caller still has time.
func late(ctx context.Context, err error) bool {
	return errors.Is(err, wire.ErrTimeout) && ctx.Err() == nil
}
