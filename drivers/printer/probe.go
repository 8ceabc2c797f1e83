package printer

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/escpos"
)

// probeWait is how long a printer may take: it obeys DLE EOT at once, whatever it
// does.
const probeWait = 800 * time.Millisecond

// nameOf is the n of GS I for the printer's name; not every printer knows it.
const nameOf = 67

// probe is DLE EOT 1 and four NULs. A printer answers the first and skips the
// others. To a fiscal memory the 04h in it begins a frame, which the NULs end:
// with a wrong sum, so that it is dropped and the next frame is heard.
var probe = []byte{escpos.DLE, escpos.EOT, 1, 0, 0, 0, 0}

// Probe asks whether a receipt printer is on the wire: seven bytes that print
// nothing. name is what it calls itself, "" when it does not tell.
func Probe(ctx context.Context, conn wire.Conn) (name string, err error) {
	if err := put(ctx, conn, probe); err != nil {
		return "", err
	}
	b, err := hear(ctx, conn, nil, func(b []byte) bool { return len(b) > 0 })
	if err != nil {
		return "", err
	}
	var s escpos.Status
	switch {
	case len(b) == 0:
		return "", drivers.ErrSilent
	case b[0] == escpos.EOT: // begins a fiscal memory's answer; the next question must not meet its rest
		_, err := hear(ctx, conn, nil, func([]byte) bool { return false })
		return "", errors.Join(drivers.ErrSilent, err)
	case s.TakeRealTime(1, b[0]) != nil:
		return "", drivers.ErrStranger
	}
	var e escpos.Encoder
	if err := put(ctx, conn, e.Identify(nameOf).Bytes()); err != nil {
		return "", err
	}
	var answers escpos.Answers
	_, err = hear(ctx, conn, nil, func(b []byte) bool {
		for _, a := range answers.Feed(b) {
			if a.Kind == escpos.AnswerText {
				name = strings.TrimSpace(string(a.Bytes[1 : len(a.Bytes)-1]))
				return true
			}
		}
		return false
	})
	return name, err
}

func put(ctx context.Context, conn wire.Conn, b []byte) error {
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	_, err := conn.Write(ctx, b)
	return err
}

// hear reads until enough says so or nothing more comes; silence is no error.
func hear(ctx context.Context, conn wire.Conn, got []byte, enough func(news []byte) bool) ([]byte, error) {
	wait, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	var room [256]byte
	for {
		n, err := conn.Read(wait, room[:])
		got = append(got, room[:n]...)
		switch {
		case n > 0 && enough(room[:n]):
			return got, nil
		case errors.Is(err, wire.ErrTimeout) && ctx.Err() == nil:
			return got, nil
		case err != nil:
			return got, err
		}
	}
}
