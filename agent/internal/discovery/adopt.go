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
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// Desk is a Finder together with taking over what it found. It is what the door
// offers (pos.Finder).
type Desk struct {
	*Finder

	// Config is the configuration that the agent runs with.
	Config config.Config
	// Restart makes the agent start anew, soon and in good order.
	Restart func()
	Log     *slog.Logger

	mu      sync.Mutex
	adopted []config.Till // since the start: the file has them, Config not yet
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
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case found.GetWire() == "" && found.GetPrinter() != "":
		return "", errAlone
	case found.GetWire() == "":
		return "", errNoWire
	case found.GetDriver() == config.DriverFNPrint && found.GetPrinter() == "":
		return "", errNoPrinter
	}
	all := d.Config
	all.Tills = append(append([]config.Till(nil), all.Tills...), d.adopted...)
	t := config.Till{Name: name, Driver: found.GetDriver(), Wire: found.GetWire(), Serial: found.GetSerial(), Printer: found.GetPrinter()}
	if t.Name == "" {
		t.Name = freeName(all.Tills)
	}
	for _, c := range d.claims() {
		if a, err := wire.ParseAddress(found.GetWire()); err == nil && wire.Same(a, c.At) {
			return "", fmt.Errorf("на этом проводе уже касса %q", c.Till)
		}
	}
	for _, own := range all.Tills {
		switch {
		case own.Name == t.Name:
			return "", fmt.Errorf("касса %q уже есть: дайте другое имя", t.Name)
		case t.Serial != "" && till.SameSerial(own.Serial, t.Serial):
			return "", fmt.Errorf("касса с заводским № %s уже есть, имя %q", t.Serial, own.Name)
		case own.Wire == t.Wire && t.Serial != "":
			// The configured place of a till that has moved: the new one is found by
			// its number.
			t.Wire = config.WireAuto
		}
	}
	for _, s := range d.states() {
		if t.Serial != "" && till.SameSerial(s.GetSerial(), t.Serial) {
			return "", fmt.Errorf("касса с заводским № %s уже есть, имя %q", t.Serial, s.GetTill())
		}
	}
	if err := all.Adopt(t); err != nil {
		return "", err
	}
	d.adopted = append(d.adopted, t)
	d.Log.Info("a till was taken over", "till", t.Name, "driver", t.Driver, "wire", t.Wire, "serial", t.Serial)
	if d.Restart != nil {
		d.Restart()
	}
	return t.Name, nil
}

// freeName is kassa-1, kassa-2 and so on.
func freeName(tills []config.Till) string {
	taken := map[string]bool{}
	for _, t := range tills {
		taken[t.Name] = true
	}
	for n := 1; ; n++ {
		if name := fmt.Sprintf("kassa-%d", n); !taken[name] {
			return name
		}
	}
}
