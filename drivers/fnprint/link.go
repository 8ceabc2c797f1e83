package fnprint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/fn"
)

var (
	errGarbled = errors.New("the answer came garbled")
	errOdd     = errors.New("the fiscal memory contradicts itself")
)

// Patience. The interface description gives no times; a document is signed and
// written to flash while its command waits, which takes about a second, and
// every other answer is there at once.
const (
	dialWait  = 5 * time.Second
	writeWait = 3 * time.Second
	readWait  = 5 * time.Second  // commands that only look or prepare
	formWait  = 20 * time.Second // commands that form a document
	enqWait   = 2 * time.Second  // the last answer once more: it is ready
	byteWait  = time.Second      // inside a frame
	quietTime = 50 * time.Millisecond
)

// Opening a port that closes at once.
const (
	openTries = 3
	openPause = 50 * time.Millisecond
)

// enqTries is how often a garbled answer is asked for again.
const enqTries = 2

func patience(c fn.Command) time.Duration {
	if c.Forms() {
		return formWait
	}
	return readWait
}

// late tells that err is only our own waiting coming to its end, while the
// caller still has time.
func late(ctx context.Context, err error) bool {
	return errors.Is(err, wire.ErrTimeout) && ctx.Err() == nil
}

// connect makes sure that there is an open wire on which nothing is left of
// earlier conversations.
func (t *Till) connect(ctx context.Context) error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return notSent(wire.ErrClosed)
	}
	open := t.conn != nil
	t.mu.Unlock()
	if open {
		return nil
	}
	for try := 1; ; try++ {
		if err := t.open(ctx); err != nil {
			return notSent(err)
		}
		t.in.Reset()
		t.known = facts{}
		err := t.synchronise(ctx)
		if err == nil {
			return nil
		}
		t.drop()
		// A port that takes one program at a time may not have let the
		// connection before go yet.
		if !errors.Is(err, wire.ErrGone) || try == openTries || pause(ctx, openPause) != nil {
			return notSent(err)
		}
	}
}

// open dials, so that Close can end it.
func (t *Till) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialWait)
	defer cancel()
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return wire.ErrClosed
	}
	t.cancel = cancel
	t.mu.Unlock()
	conn, err := t.dial(ctx)
	t.mu.Lock()
	t.cancel = nil
	closed := t.closed
	if err == nil && !closed {
		t.conn = conn
	}
	t.mu.Unlock()
	if err != nil {
		return err
	}
	if closed {
		_ = conn.Close()
		return wire.ErrClosed
	}
	return nil
}

// drop closes the wire after a fault; the next call opens it again.
func (t *Till) drop() {
	t.mu.Lock()
	conn := t.conn
	t.conn = nil
	t.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
}

// wire is the open wire, nil when Close or Reopen took it.
func (t *Till) wire() wire.Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conn
}

func (t *Till) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

// synchronise makes sure that the next answer is the answer to the next
// command. An answer does not say what it answers, so one that comes late
// could be taken for another. The memory does one command after another: when
// it has answered a question that only this place asks, and the line is quiet,
// nothing older is left. What is found on the way is kept as evidence.
func (t *Till) synchronise(ctx context.Context) error {
	if err := t.settle(ctx); err != nil {
		return err
	}
	msg, err := fn.EncodeRequest(fn.Version{})
	if err != nil {
		return err
	}
	if err := t.write(ctx, fn.EncodeFrame(msg)); err != nil {
		return err
	}
	for {
		answer, err := t.receive(ctx, readWait)
		if errors.Is(err, errGarbled) {
			continue // of something older, or the next try will tell
		}
		if err != nil {
			return err
		}
		a, _, err := fn.DecodeAnswer(fn.CmdVersion, answer)
		if v, ok := a.(fn.VersionAnswer); err == nil && ok {
			t.known.version = &v
			return t.settle(ctx)
		}
		t.keep(answer)
	}
}

// settle takes what comes until the line is quiet.
func (t *Till) settle(ctx context.Context) error {
	for {
		answer, err := t.receive(ctx, quietTime)
		switch {
		case err == nil:
			t.keep(answer)
		case errors.Is(err, errGarbled):
		case late(ctx, err):
			t.in.Reset()
			return nil
		default:
			return err
		}
	}
}

func (t *Till) write(ctx context.Context, b []byte) error {
	conn := t.wire()
	if conn == nil {
		return wire.ErrClosed
	}
	ctx, cancel := context.WithTimeout(ctx, writeWait)
	defer cancel()
	_, err := conn.Write(ctx, b)
	return err
}

// receive waits for one whole message, at most d for its first byte. What
// comes broken is errGarbled, after it has come to its end.
func (t *Till) receive(ctx context.Context, d time.Duration) ([]byte, error) {
	conn := t.wire()
	if conn == nil {
		return nil, wire.ErrClosed
	}
	bad := false
	for {
		switch t.in.Next() {
		case fn.EventFrame:
			return t.in.Message(), nil
		case fn.EventBad:
			bad = true
			continue
		case fn.EventENQ, fn.EventJunk:
			continue
		case fn.EventNone:
		}
		wait := d
		if t.in.Inside() {
			wait = byteWait
		}
		if bad {
			wait = quietTime
		}
		readCtx, cancel := context.WithTimeout(ctx, wait)
		n, err := conn.Read(readCtx, t.room[:])
		cancel()
		t.in.Push(t.room[:n])
		if err == nil {
			continue
		}
		inside := t.in.Inside()
		if (bad || inside) && late(ctx, err) {
			t.in.Reset()
			return nil, errGarbled
		}
		return nil, err
	}
}

// readTries is how often a read is asked at most.
const readTries = 3

// ask sends a command that forms nothing and returns its answer: a [*linkError]
// when the wire failed and a [*fn.Refusal] when the memory refused. With again
// it is asked anew after a fault of the wire.
func (t *Till) ask(ctx context.Context, request fn.Request, again bool) (fn.Answer, error) {
	for try := 1; ; try++ {
		answer, err := t.exchange(ctx, request)
		var fault *linkError
		if err == nil || !errors.As(err, &fault) {
			return answer, err
		}
		if !again || try == readTries || ctx.Err() != nil || t.isClosed() || !fault.sent {
			return nil, err
		}
		t.log.Debug("asking again", "command", request.Command().String(), "error", err.Error())
	}
}

// exchange does one exchange. An answer that came garbled is asked for again with
// ENQ, which repeats nothing but the answer. When a document's answer does not
// come at all the last answer is asked for once. What comes then may be the
// answer to the command before, which was "done" without data: that makes no
// sense here. A refusal can only be of this command, and a number is ours when
// it is the one that had to come, which the caller compares.
func (t *Till) exchange(ctx context.Context, request fn.Request) (fn.Answer, error) {
	command, err := fn.EncodeRequest(request)
	if err != nil {
		return nil, notSent(err)
	}
	if err := t.connect(ctx); err != nil {
		return nil, err
	}
	cmd := request.Command()
	answer, err := t.converse(ctx, fn.EncodeFrame(command), patience(cmd))
	repeated := late(ctx, err) && cmd.Forms()
	if repeated {
		answer, err = t.converse(ctx, []byte{fn.ENQ}, enqWait)
	}
	if err != nil {
		t.drop()
		return nil, maybe(err)
	}
	a, _, err := fn.DecodeAnswer(cmd, answer)
	_, refused := fn.AsRefusal(err)
	if err == nil && t.stale(request, a, answer) {
		err = fmt.Errorf("%w: the answer to %v came again for %v", errOdd, t.before.command, cmd)
	}
	if err != nil && !refused {
		// Somebody else's answer, or one that makes no sense. Whatever became
		// of our command, this answer does not tell.
		t.keep(answer)
		t.drop()
		return nil, maybe(err)
	}
	if repeated {
		t.drop() // the answer itself may still come
	}
	t.before.command, t.before.message = cmd, append(t.before.message[:0], answer...)
	return a, err
}

// said is the answer to the command before.
type said struct {
	command fn.Command
	message []byte
}

// stale tells an answer that is not the one to the request. An answer does not
// say what it answers, and a command whose first byte was damaged on the way can
// make the memory repeat its last answer: any byte 05h in it reads as ENQ. That
// a document's answer names the document, and that nothing but the same question
// has the same answer twice, is all there is to hold against it. "Done" without
// data always looks the same; [Till.prepare] sees to that.
func (t *Till) stale(request fn.Request, a fn.Answer, message []byte) bool {
	if r, ok := request.(fn.FindDocument); ok {
		if d, ok := a.(fn.FoundDocumentAnswer); ok && d.FD != r.FD {
			return true
		}
	}
	return len(message) > 1 && request.Command() != t.before.command && bytes.Equal(message, t.before.message)
}

// converse writes and waits for a message.
func (t *Till) converse(ctx context.Context, b []byte, d time.Duration) ([]byte, error) {
	for try := 0; ; try++ {
		if err := t.write(ctx, b); err != nil {
			return nil, err
		}
		answer, err := t.receive(ctx, d)
		if !errors.Is(err, errGarbled) || try == enqTries || ctx.Err() != nil {
			return answer, err
		}
		b, d = []byte{fn.ENQ}, enqWait
	}
}

// get asks something that may be asked again, and asserts the shape of the
// answer.
func get[A fn.Answer](ctx context.Context, t *Till, request fn.Request) (A, error) {
	return shaped[A](ctx, t, request, true)
}

// once asks something that may not be asked again on its own.
func once[A fn.Answer](ctx context.Context, t *Till, request fn.Request) (A, error) {
	return shaped[A](ctx, t, request, false)
}

func shaped[A fn.Answer](ctx context.Context, t *Till, request fn.Request, again bool) (A, error) {
	answer, err := t.ask(ctx, request, again)
	if err != nil {
		var none A
		return none, err
	}
	a, ok := answer.(A)
	if !ok {
		return a, maybe(fmt.Errorf("%w: the answer to %v has the shape %T", errOdd, request.Command(), answer))
	}
	return a, nil
}

// keep makes evidence of an answer that came for a command whose answer we had
// given up on. It counts only when it numbers the document that we lost.
func (t *Till) keep(answer []byte) {
	if t.lost == 0 {
		return
	}
	a, _, err := fn.DecodeAnswer(t.lost, answer)
	if err != nil {
		return
	}
	d, ok := formedOf(a)
	if !ok || d.FD != t.lostFD {
		return
	}
	t.log.Info("the fiscal memory's answer came late", "fd", d.FD)
	t.pending, t.lost = append(t.pending, fiscal.Document{FD: d.FD, FP: d.FP}), 0
}

// TakePending implements drivers.PendingReader.
func (t *Till) TakePending() (fiscal.Document, bool) {
	if len(t.pending) == 0 {
		return fiscal.Document{}, false
	}
	d := t.pending[0]
	t.pending = t.pending[1:]
	return d, true
}
