package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/fnprint"
	"github.com/chekan-io/chekan/drivers/printer"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire"
)

// question is one driver's way to ask who is there.
type question struct {
	driver  string
	title   string // for people
	printer bool   // asks for half a till
	kinds   []kind
	speeds  []int // besides the first; nil is none
	ask     func(ctx context.Context, conn wire.Conn) (drivers.Found, error)
}

// everything is every question there is, in the order of the package comment. A
// new driver is a line here, a Probe in its package and a row there.
var everything = []question{
	{
		driver: config.DriverShtrih, title: "Штрих-М", kinds: []kind{onSerial, onTCP, inNetwork}, speeds: []int{4800, 9600, 19200, 38400, 57600},
		ask: func(ctx context.Context, conn wire.Conn) (drivers.Found, error) {
			return shtrih.Probe(ctx, conn, shtrih.Options{})
		},
	},
	{
		driver: config.DriverFNPrint, title: "принтер чеков", printer: true, kinds: []kind{onSerial, onUSB, onTCP}, speeds: []int{9600, 19200, 38400},
		ask: func(ctx context.Context, conn wire.Conn) (drivers.Found, error) {
			name, err := printer.Probe(ctx, conn)
			return drivers.Found{Identity: drivers.Identity{Model: name}}, err
		},
	},
	{driver: config.DriverFNPrint, title: "фискальный накопитель", kinds: []kind{onSerial, onTCP}, ask: fnprint.Probe},
}

// find is a device that answered.
type find struct {
	drivers.Found

	driver  string
	printer bool
	at      wire.Address
}

// errTalks says that a device speaks before it is asked.
var errTalks = errors.New("the device talks by itself")

// quietTime is how long a port is listened to before anything is sent.
const quietTime = 60 * time.Millisecond

// look asks the questions at one place, at every speed it may have. step hears
// what is asked now. Silence to all of them is drivers.ErrSilent.
func (f *Finder) look(ctx context.Context, p place, questions []question, step func(what string)) (find, error) {
	ctx, cancel := context.WithTimeout(ctx, placeLimit)
	defer cancel()
	for i, speed := range speedsOf(p, questions) {
		at := p.at
		at.Baud = speed
		got, err := f.lookAt(ctx, p, at, atSpeed(p, questions, speed, i == 0), step)
		if err == nil || !errors.Is(err, drivers.ErrSilent) {
			return got, err
		}
	}
	return find{}, drivers.ErrSilent
}

// lookAt asks at one speed.
func (f *Finder) lookAt(ctx context.Context, p place, at wire.Address, questions []question, step func(what string)) (find, error) {
	if len(questions) == 0 {
		return find{}, drivers.ErrSilent
	}
	limit := openLimit
	if p.kind == inNetwork {
		limit = knockLimit
	}
	openCtx, cancel := context.WithTimeout(ctx, limit)
	conn, err := wire.Open(openCtx, at.String(), wire.Options{LockDir: f.opts.LockDir, Gentle: true})
	cancel()
	if err != nil {
		return find{}, err
	}
	defer conn.Close()
	if err := quiet(ctx, conn); err != nil {
		return find{}, err
	}
	for _, q := range questions {
		what := q.title
		if p.kind == onSerial && at.Baud != wire.DefaultBaud {
			what = fmt.Sprintf("%s, скорость %d", what, at.Baud)
		}
		step(what)
		found, err := q.ask(ctx, conn)
		if err == nil {
			f.log.Info("found", "driver", q.driver, "at", at.String(), "model", found.Model, "serial", found.Serial, "fn", found.FN)
			return find{Found: found, driver: q.driver, printer: q.printer, at: named(p, at)}, nil
		}
		if !errors.Is(err, drivers.ErrSilent) {
			return find{}, err
		}
	}
	return find{}, drivers.ErrSilent
}

// named is the address for a configuration: by the name that stays with the
// device, where it has one.
func named(p place, at wire.Address) wire.Address {
	if p.kind == onSerial {
		at.Port = p.port.Stable().Port
	}
	return at
}

// quiet listens before anything is sent.
func quiet(ctx context.Context, conn wire.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, quietTime)
	defer cancel()
	var b [64]byte
	n, err := conn.Read(ctx, b[:])
	switch {
	case n > 0:
		return errTalks
	case errors.Is(err, wire.ErrTimeout):
		return nil
	}
	return err
}

// speedsOf lists the speeds of a place, the usual one first. Only a real serial
// line has any.
func speedsOf(p place, questions []question) []int {
	first := p.at.Baud
	if first == 0 {
		first = wire.DefaultBaud
	}
	speeds := []int{first}
	if p.kind != onSerial || p.port.Virtual {
		return speeds
	}
	for _, q := range questions {
		for _, s := range q.speeds {
			if !slices.Contains(speeds, s) {
				speeds = append(speeds, s)
			}
		}
	}
	return speeds
}

// atSpeed are the questions to ask at a speed.
func atSpeed(p place, questions []question, speed int, first bool) []question {
	var out []question
	for _, q := range questions {
		if slices.Contains(q.kinds, p.kind) && (first || slices.Contains(q.speeds, speed)) {
			out = append(out, q)
		}
	}
	return out
}
