package shtrih

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/protocol/shtrih"
)

const (
	syncTries = 3
	syncWait  = time.Second
	// repeatEvery is how long nothing is heard before a packet is sent again;
	// less for impatient commands.
	repeatEvery = 10 * time.Second
)

// numbered is the host's side of the alternative link (protocol 2): packets
// carry a number, and the till executes a packet only if its number follows
// the last one. Sending a packet again is therefore safe, as long as the till
// keeps its power: after power-on it has forgotten everything and expects
// number 1.
type numbered struct {
	in   *inbound
	last uint16 // number of the last packet the till executed
	sure bool   // last is known
}

// greet implements link. The empty packet asks for the last answer and makes
// the till do nothing.
func (l *numbered) greet(ctx context.Context) ([]byte, error) {
	l.sure = false
	frame := shtrih.EncodeSync()
	last := errNoAnswer
	for range syncTries {
		if err := l.in.write(ctx, frame); err != nil {
			return nil, notSent(err)
		}
		p, err := l.receive(ctx, syncWait)
		switch {
		case err == nil && len(p.Data) == 0:
			return nil, l.first(ctx, p.Number)
		case err == nil:
			l.last, l.sure = p.Number, true
			return p.Data, nil
		case !late(ctx, err):
			return nil, notSent(err)
		}
		last = err
	}
	return nil, notSent(fmt.Errorf("%w to a sync packet: %w", errNoAnswer, last))
}

// first finds the number that a till which has executed nothing since power-on
// expects. The protocol says 1, a recorded till said "1" and no data, which may
// be the last number or the next one: a harmless command tells.
func (l *numbered) first(ctx context.Context, said uint16) error {
	for _, last := range []uint16{said, said - 1} {
		l.last = last
		_, err := l.send(ctx, harmless, syncWait)
		if err == nil {
			return nil
		}
		if !errors.Is(err, errStale) && !late(ctx, err) {
			return notSent(err)
		}
	}
	return notSent(errStale)
}

// harmless is what number 1 is spent on: asking for the device type.
var harmless = []byte{byte(shtrih.CodeDeviceType)}

// exchange implements link.
func (l *numbered) exchange(ctx context.Context, command []byte, patience time.Duration, once bool) ([]byte, error) {
	if !l.sure {
		if _, err := l.greet(ctx); err != nil {
			return nil, err
		}
	}
	if once && l.last+1 == 1 {
		// A till that lost its power expects number 1. Had a committing command
		// that number, its repetition would be done a second time.
		if _, err := l.send(ctx, harmless, byteWait); err != nil {
			return nil, notSent(err)
		}
	}
	return l.send(ctx, command, patience)
}

func (l *numbered) send(ctx context.Context, command []byte, patience time.Duration) ([]byte, error) {
	l.sure = false
	number := l.last + 1
	frame := shtrih.EncodePacket(number, command)
	if ctx.Err() != nil {
		return nil, notSent(ctx.Err())
	}
	deadline := time.Now().Add(patience)
	wait := min(patience/3, repeatEvery)
	for {
		if err := l.in.write(ctx, frame); err != nil {
			return nil, maybe(err)
		}
		answer, err := l.await(ctx, number, wait)
		switch {
		case err == nil:
			l.last, l.sure = number, true
			return answer, nil
		case !late(ctx, err) || !time.Now().Before(deadline):
			return nil, maybe(err)
		}
	}
}

// await waits for the answer with our number. Another copy of the previous
// answer may come before it; any other number means that the till counts
// differently than we: it restarted, or somebody else talks to it.
func (l *numbered) await(ctx context.Context, number uint16, d time.Duration) ([]byte, error) {
	deadline := time.Now().Add(d)
	for {
		p, err := l.receive(ctx, time.Until(deadline))
		switch {
		case err != nil:
			return nil, err
		case p.Number == number && len(p.Data) > 0:
			return p.Data, nil
		case p.Number != l.last || len(p.Data) == 0:
			return nil, fmt.Errorf("%w: number %d, not %d", errStale, p.Number, number)
		}
	}
}

// receive reads one packet. Damaged ones are dropped, as the till drops ours.
func (l *numbered) receive(ctx context.Context, d time.Duration) (shtrih.Packet, error) {
	var reader shtrih.PacketReader
	deadline := time.Now().Add(d)
	for {
		b, err := l.in.next(ctx, time.Until(deadline))
		if err != nil {
			return shtrih.Packet{}, err
		}
		if reader.Feed(b) == shtrih.PacketDone {
			return reader.Packet(), nil
		}
	}
}
