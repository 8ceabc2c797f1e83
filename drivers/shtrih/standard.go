package shtrih

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/protocol/shtrih"
)

// idle comes after our ACK from tills on RNDIS and TCP (P117, app. 3) and means
// nothing.
const idle = 0xFF

const (
	enqTries   = 4
	fetchTries = 3
	// silence is how long nothing is heard before the answer is asked for.
	silence = 3 * time.Second
	// fresh is how long after a finished exchange the till is still known to
	// wait for the next command, so that ENQ is not needed.
	fresh = 2 * time.Second
)

// standard is the host's side of the standard link (P117, app. 3), without the
// part of it that repeats a command whose answer got lost: see exchange.
type standard struct {
	in *inbound
	// rested is when the last exchange ended well, zero when the till's state
	// is not known.
	rested time.Time
	// held keeps an answer that turned up where none was expected.
	held []byte
}

// greet implements link.
func (l *standard) greet(ctx context.Context) ([]byte, error) {
	if err := l.enquire(ctx); err != nil {
		return l.takeHeld(), notSent(err)
	}
	return l.takeHeld(), nil
}

func (l *standard) takeHeld() []byte {
	held := l.held
	l.held = nil
	return held
}

// enquire asks with ENQ until the till says that it waits for a command (NAK).
// ACK announces the answer to an earlier command that nobody took: it is kept.
func (l *standard) enquire(ctx context.Context) error {
	l.rested = time.Time{}
	var last error
	for try := range enqTries {
		b, err := l.ask(ctx)
		switch {
		case err != nil && !late(ctx, err):
			return err
		case err != nil:
			last = err
		case b == shtrih.NAK:
			if try > 0 {
				// Replies to the earlier ENQ may still be on their way. Read
				// as the reply to a command, one would look like a refusal.
				return l.in.settle(ctx)
			}
			return nil
		case b == shtrih.ACK:
			answer, err := l.receive(ctx, byteWait)
			if err != nil && ctx.Err() != nil {
				return err
			}
			if err == nil {
				l.held = answer
			}
		default:
			if err := l.in.settle(ctx); err != nil {
				return err
			}
		}
	}
	if last == nil {
		last = errGarbled
	}
	return fmt.Errorf("%w to ENQ: %w", errNoAnswer, last)
}

// ask sends one ENQ and returns the reply.
func (l *standard) ask(ctx context.Context) (byte, error) {
	if err := l.in.write(ctx, []byte{shtrih.ENQ}); err != nil {
		return 0, err
	}
	for {
		b, err := l.in.next(ctx, enqWait)
		if err != nil || b != idle {
			return b, err
		}
	}
}

// exchange implements link.
//
// The maker's state machine repeats the command when the till, asked again,
// waits for one. If the till restarted or lost the answer after doing the
// command, that does it twice, so this one never does: whether a read may be
// asked anew is decided above the link.
func (l *standard) exchange(ctx context.Context, command []byte, patience time.Duration, once bool) ([]byte, error) {
	// Before a command that must not be repeated ENQ is worth its millisecond:
	// if our last ACK got lost, the till would not listen to the command now,
	// and we could not tell that from a lost answer.
	if once || l.rested.IsZero() || time.Since(l.rested) > fresh {
		if err := l.enquire(ctx); err != nil {
			return nil, notSent(err)
		}
	}
	l.rested = time.Time{}
	if ctx.Err() != nil {
		return nil, notSent(ctx.Err())
	}
	if err := l.in.write(ctx, shtrih.EncodeFrame(command)); err != nil {
		return nil, maybe(err)
	}
	acked, begun, err := l.acknowledged(ctx)
	if err != nil {
		return nil, maybe(err)
	}
	if !acked {
		// Either the command or the ACK got lost. If the till did the command,
		// it holds the answer, and only this command's: ENQ came before.
		patience = enqWait
	}
	answer, err := l.fetch(ctx, patience, begun)
	if err != nil {
		return nil, maybe(err)
	}
	return answer, nil
}

// acknowledged waits for the till's ACK to a frame. begun tells that the answer
// began instead: its STX has been read and the ACK must have been lost.
func (l *standard) acknowledged(ctx context.Context) (acked, begun bool, err error) {
	deadline := time.Now().Add(byteWait)
	for {
		b, err := l.in.next(ctx, time.Until(deadline))
		switch {
		case err != nil && late(ctx, err):
			return false, false, nil
		case err != nil:
			return false, false, err
		case b == shtrih.ACK:
			return true, false, nil
		case b == shtrih.STX:
			return true, true, nil
		case b == shtrih.NAK:
			return false, false, errRefused
		}
	}
}

// fetch receives the answer. When it is garbled, or silence has lasted a while,
// ENQ asks for it again: the till keeps it until our ACK, and while it still
// works on the command it does not hear the question.
func (l *standard) fetch(ctx context.Context, patience time.Duration, begun bool) ([]byte, error) {
	deadline := time.Now().Add(patience)
	var answer []byte
	var err error
	if begun {
		answer, err = l.rest(ctx)
	} else {
		answer, err = l.receive(ctx, min(patience, silence))
	}
	if err == nil {
		l.rested = time.Now()
		return answer, nil
	}
	// From here on replies to our questions may still be on their way when the
	// exchange is over: the next one begins with ENQ, l.rested stays zero.
	for garbled := 0; ; {
		if errors.Is(err, errGarbled) {
			garbled++
		}
		if err != nil && !errors.Is(err, errGarbled) && !late(ctx, err) {
			return nil, err
		}
		if garbled == fetchTries || time.Now().After(deadline) {
			return nil, err
		}
		b, askErr := l.ask(ctx)
		switch {
		case askErr != nil && !late(ctx, askErr):
			return nil, askErr
		case askErr != nil: // still working, or still deaf
			answer, err = l.receive(ctx, min(time.Until(deadline), silence))
		case b == shtrih.ACK:
			answer, err = l.receive(ctx, byteWait)
		case b == shtrih.STX: // the answer came just now
			answer, err = l.rest(ctx)
		case b == shtrih.NAK:
			return nil, fmt.Errorf("%w: it waits for a command and holds no answer", errNoAnswer)
		default:
			err = l.in.settle(ctx)
			if err == nil {
				garbled++
				err = errGarbled
			}
		}
		if err == nil {
			return answer, nil
		}
	}
}

// receive waits for a frame and confirms it.
func (l *standard) receive(ctx context.Context, patience time.Duration) ([]byte, error) {
	deadline := time.Now().Add(patience)
	for {
		b, err := l.in.next(ctx, time.Until(deadline))
		if err != nil {
			return nil, err
		}
		if b == shtrih.STX {
			return l.rest(ctx)
		}
	}
}

// rest reads a frame whose STX has been read, and confirms it.
func (l *standard) rest(ctx context.Context) ([]byte, error) {
	length, err := l.in.next(ctx, byteWait)
	if err != nil {
		return nil, err
	}
	frame := []byte{shtrih.STX, length}
	for range int(length) + 1 { // the message and its checksum
		b, err := l.in.next(ctx, byteWait)
		if err != nil {
			return nil, err
		}
		frame = append(frame, b)
	}
	message, _, err := shtrih.DecodeFrame(frame)
	if err != nil { // a damaged length may also be zero
		if err := l.in.write(ctx, []byte{shtrih.NAK}); err != nil {
			return nil, err
		}
		return nil, errGarbled
	}
	// The answer is ours whether or not the till hears the ACK; if it does
	// not, it offers the answer again and that does no harm.
	_ = l.in.write(ctx, []byte{shtrih.ACK})
	return message, nil
}
