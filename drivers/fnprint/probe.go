package fnprint

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fn"
)

// probeWait is how long the first answer may take. A memory that only looks
// answers at once; its interface description gives no time.
const probeWait = 1200 * time.Millisecond

// fnDigits is the length of a fiscal memory's number.
const fnDigits = 16

// Probe asks whether a bare fiscal memory is on the wire, and whose it is. The
// first question is one frame of six bytes, the status; only what answers with a
// frame of this link gets more, and all of it only reads. conn is the caller's to
// close. The factory number is of the till that the memory is registered with.
func Probe(ctx context.Context, conn wire.Conn) (drivers.Found, error) {
	dialled := false
	t := New(func(context.Context) (wire.Conn, error) {
		if dialled {
			return nil, drivers.ErrSilent // one conversation, and no more
		}
		dialled = true
		return borrowed{conn}, nil
	}, nil, nil, Options{})
	if err := t.open(ctx); err != nil {
		return drivers.Found{}, err
	}
	s, err := t.knock(ctx)
	if err != nil {
		return drivers.Found{}, err
	}
	found := drivers.Found{Identity: drivers.Identity{Driver: driverName, Maker: maker, Model: model, FN: s.FN}}
	version, err := get[fn.VersionAnswer](ctx, t, fn.Version{})
	if err != nil {
		return found, err
	}
	found.Firmware = strings.TrimSpace(version.Version)
	life, err := get[fn.LifeAnswer](ctx, t, fn.Life{})
	switch {
	case err == nil:
		found.FNExpiry = life.Until
	case !refused(err):
		return found, err
	}
	reg, err := t.registration(ctx)
	if errors.Is(err, drivers.ErrNotRegistered) {
		return found, nil
	}
	if err != nil {
		return found, err
	}
	found.Serial, found.RNM, found.INN, found.FFD, found.OFD, found.Address = reg.Serial, reg.RNM, reg.INN, reg.FFD, reg.OFDName, reg.Address
	return found, nil
}

// knock asks for the status, once.
func (t *Till) knock(ctx context.Context) (fn.StatusAnswer, error) {
	var none fn.StatusAnswer
	msg, err := fn.EncodeRequest(fn.Status{})
	if err != nil {
		return none, err
	}
	if err := t.write(ctx, fn.EncodeFrame(msg)); err != nil {
		return none, err
	}
	heard := false
	for wait := probeWait; ; wait = quietTime {
		answer, err := t.receive(ctx, wait)
		switch {
		case err == nil:
			a, _, decodeErr := fn.DecodeAnswer(fn.CmdStatus, answer)
			if s, ok := a.(fn.StatusAnswer); decodeErr == nil && ok && len(s.FN) == fnDigits {
				return s, nil
			}
			heard = true // the answer to somebody else may come before ours
		case errors.Is(err, errGarbled):
			heard = true
		case late(ctx, err) && heard:
			return none, drivers.ErrStranger
		case late(ctx, err):
			return none, drivers.ErrSilent
		default:
			return none, err
		}
	}
}

// borrowed is a Conn that its user does not close.
type borrowed struct{ wire.Conn }

func (borrowed) Close() error { return nil }
