package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/drivers/wire"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// Desk is a Finder together with taking over what it found. It is what the door
// offers (pos.Finder), and what the cabinet asks for (errand.Devices).
type Desk struct {
	*Finder

	// Config is the configuration that the agent runs with.
	Config config.Config
	// Restart makes the agent start anew, soon and in good order.
	Restart func()
	// Begin keeps the first settings of a till that is to come, before it is in
	// the list; nil keeps none.
	Begin func(till string, first *fiscalv1.TillSettings) error
	// Changed hears that a search has come further, or a find was taken over; nil
	// is nobody. It must not block.
	Changed func()
	Log     *slog.Logger

	mu      sync.Mutex
	adopted []config.Till // since the start: the file has them, Config not yet

	seen picture
}

// What a find is refused for.
var (
	errNoWire    = errors.New("не сказано, какую кассу принять: нужен провод из поиска")
	errNoPrinter = errors.New("к накопителю не найден ровно один принтер чеков: укажите его провод, а у кассы только для интернета \"none\"")
	errAlone     = errors.New("это принтер без накопителя: принять его одного нельзя, укажите его при накопителе")
)

// Adopt writes a find into the agent's own list of tills, bound to its factory
// number, and has the agent start anew. Of name "" it makes one. A till that is
// in the list already, by wire or by number, is refused.
func (d *Desk) Adopt(_ context.Context, found *posv1.FoundTill, name string) (string, error) {
	name, err := d.write(found, name, nil)
	if err != nil {
		return "", err
	}
	if d.Restart != nil {
		d.Restart()
	}
	return name, nil
}

// write is Adopt without the new start. What was wished of the till is kept
// first: a wish for a till that is not there waits for it, and harms nobody.
func (d *Desk) write(found *posv1.FoundTill, name string, first *fiscalv1.TillSettings) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, all, err := d.plan(found, name)
	if err != nil {
		return "", err
	}
	if first != nil && d.Begin != nil {
		if err := d.Begin(t.Name, first); err != nil {
			return "", err
		}
	}
	if err := all.Adopt(t); err != nil {
		return "", err
	}
	d.adopted = append(d.adopted, t)
	d.Log.Info("a till was taken over", "till", t.Name, "driver", t.Driver, "wire", t.Wire, "serial", t.Serial)
	d.seen.taken(found, t.Name)
	d.changed()
	return t.Name, nil
}

// plan is the till that a find would be, and the configuration it would come
// to; d.mu is held.
func (d *Desk) plan(found *posv1.FoundTill, name string) (t config.Till, all config.Config, err error) {
	switch {
	case found.GetWire() == "" && found.GetPrinter() != "":
		return t, all, errAlone
	case found.GetWire() == "":
		return t, all, errNoWire
	case found.GetDriver() == config.DriverFNPrint && found.GetPrinter() == "":
		return t, all, errNoPrinter
	}
	all = d.Config
	all.Tills = append(append([]config.Till(nil), all.Tills...), d.adopted...)
	t = config.Till{Name: name, Driver: found.GetDriver(), Wire: found.GetWire(), Serial: found.GetSerial(), Printer: found.GetPrinter()}
	if t.Name == "" {
		t.Name = freeName(&all)
	}
	for _, c := range d.claims() {
		if a, err := wire.ParseAddress(found.GetWire()); err == nil && wire.Same(a, c.At) {
			return t, all, fmt.Errorf("на этом проводе уже касса %q", c.Till)
		}
	}
	for _, own := range all.Tills {
		switch {
		case own.Name == t.Name:
			return t, all, fmt.Errorf("касса %q уже есть: дайте другое имя", t.Name)
		case t.Serial != "" && till.SameSerial(own.Serial, t.Serial):
			return t, all, fmt.Errorf("касса с заводским № %s уже есть, имя %q", t.Serial, own.Name)
		case own.Wire == t.Wire && t.Serial != "":
			// The configured place of a till that has moved: the new one is found by
			// its number.
			t.Wire = config.WireAuto
		}
	}
	for _, s := range d.states() {
		if t.Serial != "" && till.SameSerial(s.GetSerial(), t.Serial) {
			return t, all, fmt.Errorf("касса с заводским № %s уже есть, имя %q", t.Serial, s.GetTill())
		}
	}
	return t, all, nil
}

// freeName is kassa-1, kassa-2 and so on: one that no till has, and no wish of
// the cabinet's people for a till that was.
func freeName(c *config.Config) string {
	taken := map[string]bool{}
	for _, t := range c.Tills {
		taken[t.Name] = true
	}
	for _, w := range c.Wished.Tills {
		taken[w.Till] = true
	}
	for n := 1; ; n++ {
		if name := fmt.Sprintf("kassa-%d", n); !taken[name] {
			return name
		}
	}
}
