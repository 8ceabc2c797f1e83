package discovery

import (
	"context"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/fnprint"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire"
)

// question is how the lost till is asked for at a place, and at which speed; 0
// is every speed such tills have. roamer.mu is held.
//
// A till that was switched to the numbered link keeps to it until its power
// goes, and it does not hear ENQ. It is asked in that link where the
// configuration says so, or where the very device hangs that was lost.
func (c *Cable) question(p place) (question, int) {
	kinds := []kind{onSerial, onTCP, inNetwork}
	if c.conf.Driver == config.DriverFNPrint {
		return question{driver: c.conf.Driver, title: "фискальный накопитель", kinds: kinds, ask: fnprint.Probe}, c.baud()
	}
	opts := shtrih.Options{Password: c.conf.Password, CashierPassword: c.conf.CashierPassword}
	sameDevice := c.record.USB != "" && usbOf(p.port) == c.record.USB
	q := question{driver: c.conf.Driver, title: "Штрих-М", kinds: kinds, ask: func(ctx context.Context, conn wire.Conn) (drivers.Found, error) {
		numbered := opts
		numbered.Link = shtrih.LinkNumbered
		if c.conf.Link == config.LinkNumbered {
			return shtrih.Probe(ctx, conn, numbered)
		}
		found, err := shtrih.Probe(ctx, conn, opts)
		if err == drivers.ErrSilent && sameDevice && c.conf.Link == config.LinkAuto { //nolint:errorlint // the very sentinel
			return shtrih.Probe(ctx, conn, numbered)
		}
		return found, err
	}}
	if c.baud() == 0 {
		q.speeds = everything[0].speeds
	}
	return q, c.baud()
}

// baud is the till's speed, which stays what it was wherever the till is
// plugged in; 0 when it is not known.
func (c *Cable) baud() int {
	for _, w := range []string{c.record.Wire, c.conf.Wire} {
		if a, err := wire.ParseAddress(w); err == nil && a.Scheme == "serial" {
			return a.Baud
		}
	}
	return 0
}
