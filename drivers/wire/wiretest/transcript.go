package wiretest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/chekan-io/chekan/drivers/wire"
)

// Record returns c with everything that passes written to w as a transcript:
//
//	> 05
//	< 15
//	> 02 05 10 1E 00 00 00 0B
//	< 06
//
// > is to the till, < from it. Lines beginning with # are comments.
func Record(c wire.Conn, w io.Writer) wire.Conn {
	var mu sync.Mutex
	return wire.Tapped(c, func(dir wire.Dir, b []byte) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Fprintf(w, "%s % X\n", dir, b)
	})
}

// Playback is a till made of a transcript. What the program writes must be what
// the transcript says, in its order, though not in its portions; what the till
// said becomes readable when everything before it was written. Close reports
// what was left over, and the first departure from the transcript.
type Playback struct {
	mu    sync.Mutex
	lines []line
	at    int // current line
	done  int // bytes of it that have passed
	err   error
	wake  chan struct{}
	shut  bool
}

type line struct {
	dir wire.Dir
	b   []byte
	no  int
}

// NewPlayback reads a transcript.
func NewPlayback(transcript string) (*Playback, error) {
	p := &Playback{wake: make(chan struct{})}
	sc := bufio.NewScanner(strings.NewReader(transcript))
	for no := 1; sc.Scan(); no++ {
		text := strings.TrimSpace(sc.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		l := line{no: no}
		switch text[0] {
		case '>':
			l.dir = wire.Out
		case '<':
			l.dir = wire.In
		default:
			return nil, fmt.Errorf("transcript line %d: want > or <", no)
		}
		digits, _, _ := strings.Cut(text[1:], "#")
		b, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
		if err != nil || len(b) == 0 {
			return nil, fmt.Errorf("transcript line %d: want bytes in hex", no)
		}
		l.b = b
		p.lines = append(p.lines, l)
	}
	return p, sc.Err()
}

// Dial is a [wire.DialFunc] that returns the playback itself, so a driver that
// reconnects goes on where it was.
func (p *Playback) Dial(context.Context) (wire.Conn, error) { return keepOpen{p}, nil }

// keepOpen lets a driver close and dial again without ending the playback.
type keepOpen struct{ *Playback }

func (keepOpen) Close() error { return nil }

// Write checks b against the transcript.
func (p *Playback) Write(_ context.Context, b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut {
		return 0, wire.ErrClosed
	}
	for n := 0; n < len(b); {
		if p.at == len(p.lines) {
			return n, p.depart(0, "wrote % X after the end", b[n:])
		}
		l := p.lines[p.at]
		if l.dir != wire.Out {
			return n, p.depart(l.no, "wrote % X while the till had % X to say", b[n:], l.b[p.done:])
		}
		want := l.b[p.done:]
		k := min(len(want), len(b)-n)
		if !bytes.Equal(want[:k], b[n:n+k]) {
			return n, p.depart(l.no, "wrote % X, want % X", b[n:], want)
		}
		n += k
		p.advance(k)
	}
	return len(b), nil
}

// Read returns what the till says next.
func (p *Playback) Read(ctx context.Context, b []byte) (int, error) {
	for {
		p.mu.Lock()
		if p.shut {
			p.mu.Unlock()
			return 0, wire.ErrClosed
		}
		if p.at < len(p.lines) && p.lines[p.at].dir == wire.In {
			n := copy(b, p.lines[p.at].b[p.done:])
			p.advance(n)
			p.mu.Unlock()
			return n, nil
		}
		wake := p.wake
		p.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			return 0, &wire.Error{Op: "read", Addr: "playback", Err: stopped(ctx)}
		}
	}
}

// Close ends the playback and tells whether it went as written.
func (p *Playback) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = true
	p.stir()
	if p.err != nil {
		return p.err
	}
	if p.at < len(p.lines) {
		l := p.lines[p.at]
		return fmt.Errorf("transcript line %d: %s % X never happened, nor the %d lines after it",
			l.no, l.dir, l.b[p.done:], len(p.lines)-p.at-1)
	}
	return nil
}

func (p *Playback) advance(n int) {
	p.done += n
	if p.done == len(p.lines[p.at].b) {
		p.at++
		p.done = 0
	}
	p.stir()
}

// stir wakes every reader; they look again for themselves.
func (p *Playback) stir() {
	close(p.wake)
	p.wake = make(chan struct{})
}

func (p *Playback) depart(no int, format string, args ...any) error {
	err := fmt.Errorf("transcript line %d: "+format, append([]any{no}, args...)...)
	if p.err == nil {
		p.err = err
	}
	return err
}
