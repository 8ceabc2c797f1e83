package fnprint

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/protocol/ofd"
)

// OFDQueue implements drivers.Relay.
func (t *Till) OFDQueue(ctx context.Context) (drivers.OFDQueue, error) {
	q, err := get[fn.ExchangeStatusAnswer](ctx, t, fn.ExchangeStatus{})
	if err != nil {
		return drivers.OFDQueue{}, prepared("read queue", err)
	}
	return drivers.OFDQueue{
		Count: uint32(q.Queue), FirstFD: q.FirstFD, First: q.First, Waiting: q.Flags.Has(fn.ExchangeAwaitsTicket),
	}, nil
}

// TakeMessage implements drivers.Relay: 21h, 22h, 23h as often as it takes, 25h.
// The memory gives the container; the session header is put before it here.
func (t *Till) TakeMessage(ctx context.Context) (drivers.OFDMessage, error) {
	const op = "take message"
	status, err := get[fn.StatusAnswer](ctx, t, fn.Status{})
	if err != nil {
		return drivers.OFDMessage{}, prepared(op, err)
	}
	reg, err := t.registration(ctx)
	if err != nil {
		return drivers.OFDMessage{}, prepared(op, err)
	}
	container, err := t.readMessage(ctx)
	if refused(err, fn.ErrNoData) {
		return drivers.OFDMessage{}, failure(op, drivers.CodeRefused, fiscal.NotDone, drivers.ErrNoMessage)
	}
	if err != nil {
		return drivers.OFDMessage{}, prepared(op, err)
	}
	whole := container
	if t.opts.WholeMessages {
		m, err := ofd.ParseMessage(container)
		if err != nil {
			return drivers.OFDMessage{}, prepared(op, maybe(err))
		}
		container = m.Body
	} else {
		version, _ := ffd.ParseVersion(reg.FFD)
		header := ofd.Header{Version: ofd.VersionOf(byte(version)), FN: status.FN, Flags: ofd.HasContainer | ofd.WantsAnswer}
		whole = ofd.Message{Header: header, Body: container}.Append(nil)
	}
	c, err := ofd.ParseContainer(container)
	if err != nil {
		return drivers.OFDMessage{}, prepared(op, maybe(fmt.Errorf("the fiscal memory's message: %w", err)))
	}
	return drivers.OFDMessage{FN: status.FN, FD: c.FD, Bytes: whole}, nil
}

// mostBlock is what is read at a time: a message of the wire less the length
// that some memories put before a block.
const mostBlock = fn.MaxData - 2

// readMessage reads the message of the first document that waits. The memory
// then waits for the answer, or offers the message again.
func (t *Till) readMessage(ctx context.Context) ([]byte, error) {
	if _, err := t.ask(ctx, fn.SetLink{Up: true}, true); err != nil {
		return nil, err
	}
	length, err := once[fn.MessageLengthAnswer](ctx, t, fn.BeginReadMessage{})
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, length.Length)
	for len(b) < int(length.Length) {
		asked := min(mostBlock, int(length.Length)-len(b))
		block, err := get[fn.BlockAnswer](ctx, t, fn.ReadMessage{Offset: uint16(len(b)), Count: uint16(asked)})
		if n := len(block.Data); n == asked+2 && int(binary.LittleEndian.Uint16(block.Data)) == asked {
			block.Data = block.Data[2:] // some memories put the length before each block
		}
		if err == nil && (len(block.Data) == 0 || len(block.Data) > asked) {
			err = maybe(fmt.Errorf("%w: the message ends at byte %d of %d", errOdd, len(b), length.Length))
		}
		if err != nil {
			if _, cancelled := t.ask(ctx, fn.CancelReadMessage{}, false); cancelled != nil {
				t.log.Info("reading of the message not cancelled", "error", cancelled.Error())
			}
			return nil, err
		}
		b = append(b, block.Data...)
	}
	_, err = t.ask(ctx, fn.EndReadMessage{}, false)
	return b, err
}

// GiveAnswer implements drivers.Relay: 26h with the container of the answer.
func (t *Till) GiveAnswer(ctx context.Context, answer []byte) error {
	const op = "give answer"
	if !t.opts.WholeMessages {
		m, err := ofd.ParseMessage(answer)
		if err != nil {
			return failure(op, drivers.CodeOFDAnswer, fiscal.NotDone, err)
		}
		answer = m.Body
	}
	if len(answer) == 0 || len(answer) > fn.MaxData {
		return refuse(op, drivers.CodeOFDAnswer, "an answer of %d bytes", len(answer))
	}
	_, err := t.ask(ctx, fn.OperatorMessage{Container: answer}, false)
	if err == nil {
		return nil
	}
	// When only our hearing of it was lost, the document is out of the queue,
	// which whoever relays looks at next.
	e := explain(op, err)
	e.Outcome = fiscal.NotDone
	if refused(err, fn.ErrMessage, fn.ErrExpired) { // 05h here is a wrong checksum (FN interface 1.2, 26h)
		e.Code, e.Hint = drivers.CodeOFDAnswer, hints[drivers.CodeOFDAnswer]
	}
	return e
}

// DropMessage implements drivers.Relay.
func (t *Till) DropMessage(ctx context.Context) error {
	if _, err := t.ask(ctx, fn.SetLink{Up: false}, true); err != nil {
		return prepared("drop message", err)
	}
	return nil
}
