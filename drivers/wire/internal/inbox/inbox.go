// Package inbox is the receiving end of a cable: a buffer that one goroutine
// fills and another reads with a context.
//
// It waits on channels only, so it works under testing/synctest.
package inbox

import (
	"context"
	"errors"
	"sync"
)

// ErrStopped says that the context ended before a byte came.
var ErrStopped = errors.New("stopped waiting")

// Limit is how many unread bytes are kept. A till answers what it was asked, at
// most some hundred bytes; a device that talks without end loses its oldest
// bytes here instead of filling the memory.
const Limit = 64 << 10

// Inbox is a buffer of received bytes.
type Inbox struct {
	mu   sync.Mutex
	buf  []byte
	err  error
	wake chan struct{} // holds one token when there may be news
}

// New returns an empty Inbox.
func New() *Inbox { return &Inbox{wake: make(chan struct{}, 1)} }

// Put appends b. It never waits. It reports false after Fail.
func (in *Inbox) Put(b []byte) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.err != nil {
		return false
	}
	in.buf = append(in.buf, b...)
	if over := len(in.buf) - Limit; over > 0 {
		in.buf = append(in.buf[:0], in.buf[over:]...)
	}
	in.poke()
	return true
}

// Fail ends the stream: a Read that finds the buffer empty returns err from now
// on. The first error stays.
func (in *Inbox) Fail(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.err == nil {
		in.err = err
	}
	in.poke()
}

// Drop is Fail that also throws away what was not read.
func (in *Inbox) Drop(err error) {
	in.mu.Lock()
	in.buf = nil
	in.mu.Unlock()
	in.Fail(err)
}

// Err returns what ended the stream, nil while it goes on.
func (in *Inbox) Err() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.err
}

func (in *Inbox) poke() {
	select {
	case in.wake <- struct{}{}:
	default:
	}
}

// Read waits for at least one byte. Bytes that came before Fail are delivered
// before its error. When ctx ends first it returns ErrStopped.
func (in *Inbox) Read(ctx context.Context, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		in.mu.Lock()
		if len(in.buf) > 0 {
			n := copy(p, in.buf)
			in.buf = in.buf[n:]
			if len(in.buf) == 0 {
				in.buf = nil
			} else {
				in.poke()
			}
			in.mu.Unlock()
			return n, nil
		}
		if in.err != nil {
			err := in.err
			in.poke() // the next reader must find it too
			in.mu.Unlock()
			return 0, err
		}
		in.mu.Unlock()
		select {
		case <-in.wake:
		case <-ctx.Done():
			return 0, ErrStopped
		}
	}
}
