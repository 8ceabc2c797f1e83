package bundle

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/chekan-io/chekan/agent/internal/blackbox"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

// early is how much before its time a recorded byte is played: a program that
// gave it up at the very last moment of its patience must hear it.
const early = time.Millisecond

// tape is a cable that plays a recording. What the program writes must be what
// the recording says once it is blanked; what the till said is heard as long
// after it as it was then.
//
// Whether the driver asks with ENQ before a command depends on how long the
// wire was quiet, which a replay does not repeat exactly: an ENQ too many is
// answered here, and one that is missing is passed over together with its NAK.
type tape struct {
	mu    sync.Mutex
	lines []blackbox.Record // bytes and happenings of the cable
	at    int
	done  int       // bytes of the current line that have passed
	since time.Time // when the line before was over
	extra []byte    // answers to what is not in the recording
	warm  *warmer   // answers everything until the recording begins
	wake  chan struct{}
	over  chan struct{} // closed when something is wanted after the end
	ended bool
	err   error // the first departure
}

func newTape(records []blackbox.Record) *tape {
	t := &tape{wake: make(chan struct{}), over: make(chan struct{})}
	for _, r := range records {
		text := string(r.Bytes)
		if len(r.Bytes) > 0 && (r.Dir != blackbox.Note || text == wire.Opened || text == wire.Closed || wire.Failure(text) != nil) {
			t.lines = append(t.lines, r)
		}
	}
	return t
}

// begin starts the recording.
func (t *tape) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.warm, t.extra, t.since = nil, nil, time.Now()
}

// departure is the first place where the program did something else.
func (t *tape) departure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

func (t *tape) depart(format string, args ...any) error {
	if t.err == nil {
		t.err = fmt.Errorf("record %d of %d: "+format, append([]any{t.at + 1, len(t.lines)}, args...)...)
	}
	t.end()
	return t.err
}

func (t *tape) end() {
	if !t.ended {
		t.ended = true
		close(t.over)
	}
}

// current is the line that is due next; nil at the end.
func (t *tape) current() *blackbox.Record {
	if t.at == len(t.lines) {
		return nil
	}
	return &t.lines[t.at]
}

// advance takes n bytes of the current line, or all of a happening.
func (t *tape) advance(n int) {
	t.done += n
	if l := t.lines[t.at]; l.Dir == blackbox.Note || t.done == len(l.Bytes) {
		t.at, t.done, t.since = t.at+1, 0, time.Now()
	}
	close(t.wake)
	t.wake = make(chan struct{})
}

// due is how long the current line has still to wait: as long as it came
// after the line before it.
func (t *tape) due() time.Duration {
	if t.at == 0 || t.done > 0 {
		return 0
	}
	gap := t.lines[t.at].Mono - t.lines[t.at-1].Mono
	return time.Until(t.since.Add(gap - early))
}

// wait returns when the current line is due or something has changed.
func (t *tape) wait(ctx context.Context, wake <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-timer.C:
	}
	return true
}

// forEver is longer than anybody reads.
const forEver = 24 * time.Hour

// dial is a wire.DialFunc.
func (t *tape) dial(ctx context.Context) (wire.Conn, error) {
	for {
		t.mu.Lock()
		if t.warm != nil {
			t.mu.Unlock()
			return t, nil
		}
		l := t.current()
		text := ""
		if l != nil {
			text = string(l.Bytes)
		}
		failed := wire.Failure(text)
		switch {
		case l == nil:
			t.end()
			t.mu.Unlock()
			return nil, &wire.Error{Op: "open", Addr: "tape", Err: wire.ErrAbsent}
		case l.Dir != blackbox.Note || text != wire.Opened && failed == nil:
			err := t.depart("the port was opened where the recording has %s % X", l.Dir, l.Bytes)
			t.mu.Unlock()
			return nil, err
		}
		if d := t.due(); d > 0 {
			wake := t.wake
			t.mu.Unlock()
			if !t.wait(ctx, wake, d) {
				return nil, &wire.Error{Op: "open", Addr: "tape", Err: stopped(ctx)}
			}
			continue
		}
		t.advance(0)
		t.mu.Unlock()
		if failed != nil {
			return nil, &wire.Error{Op: "open", Addr: "tape", Err: failed}
		}
		return t, nil
	}
}

func stopped(ctx context.Context) error {
	if ctx.Err() == context.Canceled {
		return context.Canceled
	}
	return wire.ErrTimeout
}

// Read implements wire.Conn.
func (t *tape) Read(ctx context.Context, p []byte) (int, error) {
	for {
		t.mu.Lock()
		if len(t.extra) > 0 {
			n := copy(p, t.extra)
			t.extra = t.extra[n:]
			t.mu.Unlock()
			return n, nil
		}
		d := forEver
		if l := t.current(); t.warm == nil {
			switch {
			case l == nil:
				t.end()
			case l.Dir == blackbox.In, l.Dir == blackbox.Note && wire.Failure(string(l.Bytes)) != nil:
				d = t.due()
			}
			if l != nil && d <= 0 {
				n, err := t.take(l, p)
				t.mu.Unlock()
				return n, err
			}
		}
		wake := t.wake
		t.mu.Unlock()
		if !t.wait(ctx, wake, d) {
			return 0, &wire.Error{Op: "read", Addr: "tape", Err: stopped(ctx)}
		}
	}
}

// take hands out what is due.
func (t *tape) take(l *blackbox.Record, p []byte) (int, error) {
	if l.Dir == blackbox.Note {
		err := wire.Failure(string(l.Bytes))
		t.advance(0)
		return 0, &wire.Error{Op: "read", Addr: "tape", Err: err}
	}
	n := copy(p, l.Bytes[t.done:])
	t.advance(n)
	return n, nil
}

// Write implements wire.Conn.
func (t *tape) Write(_ context.Context, p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.warm != nil {
		t.extra = append(t.extra, t.warm.answer(p)...)
		close(t.wake)
		t.wake = make(chan struct{})
		return len(p), nil
	}
	for b := blankWrite(p); len(b) > 0; {
		l := t.current()
		if l == nil {
			t.end()
			return 0, &wire.Error{Op: "write", Addr: "tape", Err: wire.ErrGone}
		}
		if l.Dir == blackbox.Out {
			want := l.Bytes[t.done:]
			k := min(len(want), len(b))
			if bytes.Equal(want[:k], b[:k]) {
				b = b[k:]
				t.advance(k)
				continue
			}
			if t.skipsENQ(want) {
				continue
			}
		}
		if len(b) == 1 && b[0] == shtrih.ENQ && l.Dir == blackbox.Out {
			t.extra = append(t.extra, shtrih.NAK)
			close(t.wake)
			t.wake = make(chan struct{})
			return len(p), nil
		}
		return 0, t.depart("the program wrote % X, the recording has %s % X", b, l.Dir, l.Bytes[t.done:])
	}
	if l := t.current(); l != nil && l.Dir == blackbox.Note && bytes.HasPrefix(l.Bytes, []byte(wire.WriteFailed)) {
		err := wire.Failure(string(l.Bytes))
		t.advance(0)
		return 0, &wire.Error{Op: "write", Addr: "tape", Err: err}
	}
	return len(p), nil
}

// skipsENQ passes over a question of the recording that was simply answered.
func (t *tape) skipsENQ(want []byte) bool {
	if want[0] != shtrih.ENQ || len(want) != 1 || t.at+1 >= len(t.lines) {
		return false
	}
	reply := t.lines[t.at+1]
	if reply.Dir != blackbox.In || len(reply.Bytes) != 1 || reply.Bytes[0] != shtrih.NAK {
		return false
	}
	t.advance(1)
	t.advance(1)
	return true
}

// Close implements wire.Conn.
func (t *tape) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.extra = nil
	if l := t.current(); t.warm == nil && l != nil && l.Dir == blackbox.Note && string(l.Bytes) == wire.Closed {
		t.advance(0)
	}
	return nil
}

// blankWrite blanks what the program writes: control bytes, or one frame or
// packet.
func blankWrite(b []byte) []byte {
	r := redactor{link: shtrih.LinkStandard}
	if b[0] == shtrih.PacketSTX {
		r.link = shtrih.LinkAlternative
	}
	return r.redact([]blackbox.Record{{Dir: blackbox.Out, Bytes: b}}, nil)[0].Bytes
}
