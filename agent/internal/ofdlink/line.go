package ofdlink

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/chekan-io/chekan/protocol/ofd"
)

// line is one connection to an operator.
type line struct {
	conn    net.Conn
	address string
	used    bool // has brought an answer already
}

// dial opens a line.
func (o Options) dial(ctx context.Context, address string) (*line, error) {
	ctx, cancel := context.WithTimeout(ctx, o.DialTimeout)
	defer cancel()
	conn, err := o.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, dialFailure(address, err)
	}
	return &line{conn: conn, address: address}, nil
}

func (l *line) close() {
	if l != nil {
		_ = l.conn.Close()
	}
}

// ask sends a message and waits for the answer to it, session header included.
func (l *line) ask(ctx context.Context, message []byte, patience time.Duration) ([]byte, error) {
	if err := l.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, lineFailure(l.address, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = l.conn.Close() })
	defer stop()
	answer, err := l.exchange(message)
	if err != nil {
		return nil, lineFailure(l.address, err)
	}
	l.used = true
	return answer, nil
}

func (l *line) exchange(message []byte) ([]byte, error) {
	if _, err := l.conn.Write(message); err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	var header [ofd.HeaderSize]byte
	if n, err := io.ReadFull(l.conn, header[:]); err != nil {
		// Somebody who speaks first and hangs up is no operator: say so
		// rather than that the line broke.
		if n >= 4 && !bytes.Equal(header[:4], message[:4]) {
			return nil, fmt.Errorf("%w: it begins with % X", errAnswer, header[:4])
		}
		return nil, fmt.Errorf("wait for the answer: %w", err)
	}
	n, err := ofd.BodyLength(header[:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAnswer, err)
	}
	answer := make([]byte, ofd.HeaderSize+n)
	copy(answer, header[:])
	if _, err := io.ReadFull(l.conn, answer[ofd.HeaderSize:]); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return answer, nil
}

// judge looks at an answer from outside: that it is one, and for this memory.
// What is inside the container is the fiscal memory's to judge; ack and ok say
// what we can read of it.
func judge(answer []byte, fn string) (ack ofd.Acknowledgement, ok bool, err error) {
	m, err := ofd.ParseMessage(answer)
	if err != nil {
		return ack, false, fmt.Errorf("%w: %w", errAnswer, err)
	}
	if m.IsService() {
		return ack, false, fmt.Errorf("%w: a service message to a document", errAnswer)
	}
	if m.FN != "" && !ofd.SameFN(m.FN, fn) {
		return ack, false, fmt.Errorf("%w: it is for the fiscal memory %s", errAnswer, m.FN)
	}
	c, err := ofd.ParseContainer(m.Body)
	if err != nil {
		return ack, false, nil //nolint:nilerr // the fiscal memory will say so itself
	}
	ack, err = ofd.ParseAcknowledgement(c) // an encrypted one cannot be read here
	return ack, err == nil, nil
}
