package wire

import (
	"context"
	"errors"
	"strings"
)

// words are the sentinels of this package as [Watched] says them.
var words = []struct {
	word string
	err  error
}{
	{"busy", ErrBusy},
	{"absent", ErrAbsent},
	{"denied", ErrDenied},
	{"several", ErrSeveral},
	{"no usb", ErrNoUSB},
	{"timeout", ErrTimeout},
	{"gone", ErrGone},
	{"closed", ErrClosed},
	{"cancelled", context.Canceled},
}

func wordOf(err error) string {
	for _, w := range words {
		if errors.Is(err, w.err) {
			return w.word
		}
	}
	return "error"
}

// Happenings that [Watched] tells; the failed ones go on with a word, which
// [Failure] reads.
const (
	Opened      = "wire opened"
	Closed      = "wire closed"
	OpenFailed  = "wire open failed: "
	ReadFailed  = "wire read failed: "
	WriteFailed = "wire write failed: "
)

// Failure is the error that a happening told of; nil when it told of none.
func Failure(happening string) error {
	for _, prefix := range []string{OpenFailed, ReadFailed, WriteFailed} {
		word, ok := strings.CutPrefix(happening, prefix)
		if !ok {
			continue
		}
		for _, w := range words {
			if w.word == word {
				return w.err
			}
		}
		return ErrGone
	}
	return nil
}

// Watched returns dial with everything told to tell that happens to the cable
// besides bytes: opened, closed, unplugged. The silence of a till is not told:
// it shows in the times of the bytes. A nil tell returns dial itself.
func Watched(dial DialFunc, tell func(happening string)) DialFunc {
	if tell == nil {
		return dial
	}
	return func(ctx context.Context) (Conn, error) {
		c, err := dial(ctx)
		if err != nil {
			tell(OpenFailed + wordOf(err))
			return nil, err
		}
		tell(Opened)
		return &watched{Conn: c, tell: tell}, nil
	}
}

type watched struct {
	Conn
	tell func(string)
}

// Under implements [Ability]'s way down.
func (w *watched) Under() Conn { return w.Conn }

func (w *watched) Read(ctx context.Context, p []byte) (int, error) {
	n, err := w.Conn.Read(ctx, p)
	if err != nil && !errors.Is(err, ErrTimeout) {
		w.tell(ReadFailed + wordOf(err))
	}
	return n, err
}

func (w *watched) Write(ctx context.Context, p []byte) (int, error) {
	n, err := w.Conn.Write(ctx, p)
	if err != nil {
		w.tell(WriteFailed + wordOf(err))
	}
	return n, err
}

func (w *watched) Close() error {
	w.tell(Closed)
	return w.Conn.Close()
}
