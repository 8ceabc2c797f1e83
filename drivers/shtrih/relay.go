package shtrih

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/ofd"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

var _ drivers.Relay = (*Till)(nil)

// maxBlock is the most of a message that fits into one command: the frame's
// length is one byte, and FF33h has nine bytes before the data.
const maxBlock = 240

// tableOFD is the table of the exchange with the operator, where F7h does not tell.
const tableOFD = 19

// OFDQueue implements drivers.Relay (FF39h).
func (t *Till) OFDQueue(ctx context.Context) (drivers.OFDQueue, error) {
	a, err := get[shtrih.OFDStatusAnswer](ctx, t, shtrih.OFDStatus{Password: t.opts.Password})
	if err != nil {
		return drivers.OFDQueue{}, prepared("read OFD queue", err)
	}
	q := drivers.OFDQueue{Count: uint32(a.Queue), Waiting: a.State&shtrih.OFDAwaitsTicket != 0}
	if q.Count > 0 {
		q.FirstFD, q.First = a.FirstFD, a.First
	}
	return q, nil
}

// TakeMessage implements drivers.Relay: FF30h says how long the message is, FF31h
// reads it in blocks. When the answer to the last block is lost the till may
// consider the message read; FF30h then offers it again.
func (t *Till) TakeMessage(ctx context.Context) (drivers.OFDMessage, error) {
	const op = "take OFD message"
	var m drivers.OFDMessage
	for try := 1; ; try++ {
		b, err := t.readMessage(ctx)
		if err == nil && len(b) == 0 {
			return drivers.OFDMessage{}, drivers.ErrNoMessage
		}
		var whole bool
		if err == nil {
			m, whole = opened(ofd.Repaired(b))
		}
		if whole {
			return m, nil
		}
		_, cut := asLinkError(err)
		if try < readTries && ctx.Err() == nil && !t.isClosed() && (err == nil || cut || isRefusal(err, shtrih.ErrNoData, errNoData)) {
			continue
		}
		if err != nil {
			return drivers.OFDMessage{}, prepared(op, err)
		}
		// It came the same three times: not ours to judge.
		if len(b) < ofd.HeaderSize {
			return drivers.OFDMessage{}, refuse(op, drivers.CodeRefused, "a message of %d bytes", len(b))
		}
		q, err := t.OFDQueue(ctx)
		m.FD = q.FirstFD
		return m, err
	}
}

// opened reads who a message is from; whole is false when it came damaged.
func opened(b []byte) (m drivers.OFDMessage, whole bool) {
	m.Bytes = b
	head, err := ofd.ParseMessage(b)
	if err != nil {
		return m, false
	}
	m.FN = head.FN
	c, err := ofd.ParseContainer(head.Body)
	m.FD = c.FD
	return m, err == nil
}

func (t *Till) readMessage(ctx context.Context) ([]byte, error) {
	size, err := get[shtrih.OFDMessageAnswer](ctx, t, shtrih.OFDMessage{Password: t.opts.Password})
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, size.Bytes)
	for len(b) < int(size.Bytes) {
		n := min(int(size.Bytes)-len(b), block(size.MaxBlock))
		a, err := get[shtrih.DataAnswer](ctx, t, shtrih.OFDReadBlock{Password: t.opts.Password, Offset: uint16(len(b)), Count: byte(n)})
		if err != nil {
			return nil, err
		}
		if len(a.Data) == 0 || len(a.Data) > n {
			return nil, maybe(fmt.Errorf("a block of %d bytes where %d were asked for", len(a.Data), n))
		}
		b = append(b, a.Data...)
	}
	return b, nil
}

func block(told byte) int {
	if told == 0 || told > maxBlock {
		return maxBlock
	}
	return int(told)
}

// GiveAnswer implements drivers.Relay: FF32h announces the answer, FF33h writes
// it in blocks, and with the last one the fiscal memory judges it. Until that
// one is sent nothing has happened and writing may begin anew.
func (t *Till) GiveAnswer(ctx context.Context, answer []byte) error {
	const op = "give OFD answer"
	for try := 1; ; try++ {
		last, err := t.writeAnswer(ctx, answer)
		if err == nil {
			return nil
		}
		if last {
			return judged(op, err)
		}
		if _, cut := asLinkError(err); !cut || try == readTries || ctx.Err() != nil || t.isClosed() {
			return prepared(op, err)
		}
	}
}

// writeAnswer tells whether the last block was on its way when it failed.
func (t *Till) writeAnswer(ctx context.Context, answer []byte) (last bool, err error) {
	room, err := get[shtrih.OFDBeginWriteAnswer](ctx, t, shtrih.OFDBeginWrite{Password: t.opts.Password, Size: uint16(len(answer))})
	if err != nil {
		return false, err
	}
	for at := 0; at < len(answer); {
		n := min(len(answer)-at, block(room.MaxBlock))
		last = at+n == len(answer)
		_, err := t.ask(ctx, shtrih.OFDWriteBlock{Password: t.opts.Password, Offset: uint16(at), Data: answer[at : at+n]})
		if fault, ok := asLinkError(err); ok && !fault.sent {
			return false, err
		}
		if err != nil {
			return last, err
		}
		at += n
	}
	return true, nil
}

// judged explains what the last block was answered with. A refusal of the
// fiscal memory (FN interface 1.2, command 26h) is of the answer.
func judged(op string, err error) error {
	var refusal *shtrih.DeviceError
	if !errors.As(err, &refusal) {
		return committed(op, err)
	}
	e := explain(op, err)
	switch refusal.Err { // the others are no judgement about the answer
	case shtrih.ErrFNOFDRejected, shtrih.ErrFNWrongState, shtrih.ErrFNExpired, shtrih.ErrFNNoData, shtrih.ErrFNBadParameter:
		e = failure(op, drivers.CodeOFDAnswer, fiscal.NotDone, err)
		e.Vendor = int(refusal.Err)
	}
	return e
}

// DropMessage implements drivers.Relay. There is no command for it: the next
// FF30h offers the message again.
func (t *Till) DropMessage(context.Context) error { return nil }

// OFDOperator tells the INN of the operator the till is registered with (table
// of the fiscal memory, field 12) and the address in the till's settings (table
// of the operator, fields 1 and 2). What a till does not know is empty.
func (t *Till) OFDOperator(ctx context.Context) (inn, address string, err error) {
	fnTable, ofdTable := byte(tableFN), byte(tableOFD)
	if c, err := t.capabilities(ctx); err == nil {
		if c.FNTable != nil {
			fnTable = *c.FNTable
		}
		if c.OFDTable != nil {
			ofdTable = *c.OFDTable
		}
	}
	var host string
	var port uint64
	for _, f := range []struct {
		table, field byte
		take         func(shtrih.TableValueAnswer)
	}{
		{fnTable, 12, func(a shtrih.TableValueAnswer) { inn = strings.TrimSpace(a.Text()) }},
		{ofdTable, 1, func(a shtrih.TableValueAnswer) { host = strings.TrimSpace(a.Text()) }},
		{ofdTable, 2, func(a shtrih.TableValueAnswer) { port = a.Uint() }},
	} {
		a, err := t.cell(ctx, f.table, 1, f.field)
		switch {
		case err == nil:
			f.take(a)
		case !isRefusal(err):
			return "", "", prepared("read OFD settings", err)
		}
	}
	if host != "" && port != 0 {
		address = net.JoinHostPort(host, strconv.FormatUint(port, 10))
	}
	return inn, address, nil
}
