package shtrih

import (
	"context"
	"errors"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

const (
	probeTries = 2
	probeWait  = 600 * time.Millisecond // a till answers ENQ within 100 ms (P117, app. 3), through a busy computer later
	// tillType is the type of a cash register in the answer to FCh; scales and
	// other devices of the maker speak the same link.
	tillType = 0
	// fnStart begins an answer of a bare fiscal memory, which repeats its last one
	// after ENQ (FN interface 1.2, §2).
	fnStart = 0x04
)

// Probe asks whether a till of this driver is on the wire, and who it is. The
// first question is ENQ, one byte, at most twice. Only a device that answers NAK,
// "I wait for a command", gets more: FCh, which takes no password and tells the
// kind of device; and only a cash register is asked for its numbers. Nothing is
// changed in it and nothing printed. An answer held for somebody else is taken,
// because a till answers nobody before; it is in Found.Pending.
//
// With LinkNumbered the question is the empty packet of that link instead, five
// bytes: some of them are letters to a printer, so that this is only for a wire
// where such a till is known to be.
//
// conn is the caller's to close. A password that is not the till's leaves
// Found.Closed.
func Probe(ctx context.Context, conn wire.Conn, opts Options) (drivers.Found, error) {
	if opts.Link != LinkNumbered {
		opts.Link = LinkStandard
		if err := knock(ctx, &inbound{conn: conn}); err != nil {
			return drivers.Found{}, err
		}
	}
	dialled := false
	t := New(func(context.Context) (wire.Conn, error) {
		if dialled {
			return nil, drivers.ErrSilent // one conversation, and no more
		}
		dialled = true
		return borrowed{conn}, nil
	}, opts)
	device, err := get[shtrih.DeviceTypeAnswer](ctx, t, shtrih.DeviceType{})
	switch {
	case opts.Link == LinkNumbered && errors.Is(err, errNoAnswer):
		return drivers.Found{}, drivers.ErrSilent
	case err != nil, device.Type != tillType:
		return drivers.Found{}, drivers.ErrStranger
	}
	found := drivers.Found{}
	found.Identity, err = t.Identity(ctx)
	found.Pending = t.pending
	if isRefusal(err) {
		model := device.Name
		if model == "" {
			model = device.Model.Name()
		}
		found.Identity = drivers.Identity{Driver: "shtrih", Maker: "Штрих-М", Model: model}
		found.Closed = true
		return found, nil
	}
	return found, err
}

// knock asks with ENQ and sorts what answers.
func knock(ctx context.Context, in *inbound) error {
	for range probeTries {
		if err := in.write(ctx, []byte{shtrih.ENQ}); err != nil {
			return err
		}
		b, err := in.next(ctx, probeWait)
		for err == nil && b == idle {
			b, err = in.next(ctx, probeWait)
		}
		switch {
		case err != nil && late(ctx, err):
			continue
		case err != nil:
			return err
		case b == shtrih.NAK:
			return nil
		case b == shtrih.ACK:
			return holds(ctx, in)
		case b == fnStart:
			if err := in.settle(ctx); err != nil {
				return err
			}
			return drivers.ErrSilent
		}
		return drivers.ErrStranger
	}
	return drivers.ErrSilent
}

// holds tells a till that has an answer for somebody, which follows its ACK at
// once, from scales and payment terminals, which wait for more.
func holds(ctx context.Context, in *inbound) error {
	b, err := in.next(ctx, byteWait)
	switch {
	case err != nil && late(ctx, err):
		return drivers.ErrStranger
	case err != nil:
		return err
	case b != shtrih.STX:
		return drivers.ErrStranger
	}
	length, err := in.next(ctx, byteWait)
	for n := 0; err == nil && n <= int(length); n++ { // not confirmed: it is offered again
		_, err = in.next(ctx, byteWait)
	}
	if err != nil {
		if late(ctx, err) {
			return drivers.ErrStranger
		}
		return err
	}
	return nil
}

// borrowed is a Conn that its user does not close.
type borrowed struct{ wire.Conn }

func (borrowed) Close() error { return nil }
