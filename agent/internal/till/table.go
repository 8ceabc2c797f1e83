package till

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/fnprint"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/escpos"
)

// Wiring is what the configuration says of one till's driver and wire.
type Wiring struct {
	Driver          string
	Wire            string // serial:///dev/ttyACM0?baud=115200, tcp://host:7778
	Route           Route  // where the wire is, when it may move; nil is Wire
	Link            string // "", "standard", "numbered"
	Password        uint32 // of the system administrator; 0 is the factory's
	CashierPassword uint32
	Printer         string             // of fnprint: the printer's cable
	Profile         string             // and its model
	Memory          string             // of fnprint: the file of what the till remembers itself
	LockDir         string             // "" is the system's
	Tap             wire.Tap           // hears every byte; may be nil
	Events          func(event string) // hears what happens to the cable besides bytes; may be nil
	Log             *slog.Logger
	// Wrap stands between driver and cable; may be nil. The crash test cuts there.
	Wrap func(wire.DialFunc) wire.DialFunc
}

// Route says where a till's cable is now.
type Route interface {
	// Where is the address to dial; "" when it is not known.
	Where(ctx context.Context) string
	// Dialled hears what became of dialling it.
	Dialled(addr string, err error)
}

// errNowhere says that a till has not been found yet.
var errNowhere = &wire.Error{Op: "open", Addr: "auto", Err: wire.ErrAbsent, Cause: errors.New("касса ещё не найдена")}

// along dials wherever the route leads.
func along(r Route, opts wire.Options) wire.DialFunc {
	return func(ctx context.Context) (wire.Conn, error) {
		addr := r.Where(ctx)
		if addr == "" {
			return nil, errNowhere
		}
		conn, err := wire.Open(ctx, addr, opts)
		r.Dialled(addr, err)
		return conn, err
	}
}

// dialer is the cable as the driver gets it.
func (w Wiring) dialer() (wire.DialFunc, error) {
	opts := wire.Options{LockDir: w.LockDir, Tap: w.Tap}
	var dial wire.DialFunc
	var err error
	if w.Route != nil {
		dial = along(w.Route, opts)
	} else {
		dial, err = wire.Dialer(w.Wire, opts)
	}
	if err == nil && w.Wrap != nil {
		dial = w.Wrap(dial)
	}
	return dial, err
}

// makers is every driver there is. A new one is a line here, a package under
// drivers and a run of drivertest.
var makers = map[string]func(Wiring) (drivers.Till, error){
	"fnprint": makeFNPrint,
	"shtrih":  makeShtrih,
}

// Drivers lists the names a configuration may use.
func Drivers() []string {
	names := make([]string, 0, len(makers))
	for n := range makers {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// OpenDevice makes a till of its wiring. The wire is opened by the first call.
func OpenDevice(w Wiring) (drivers.Till, error) {
	open, ok := makers[w.Driver]
	if !ok {
		return nil, fmt.Errorf("драйвера %q нет, есть: %s", w.Driver, strings.Join(Drivers(), ", "))
	}
	return open(w)
}

func makeShtrih(w Wiring) (drivers.Till, error) {
	dial, err := w.dialer()
	if err != nil {
		return nil, err
	}
	links := map[string]shtrih.Link{"": shtrih.LinkAuto, "auto": shtrih.LinkAuto, "standard": shtrih.LinkStandard, "numbered": shtrih.LinkNumbered}
	link, ok := links[w.Link]
	if !ok {
		return nil, fmt.Errorf("протокол связи %q: есть auto, standard и numbered", w.Link)
	}
	return shtrih.New(wire.Watched(dial, w.Events), shtrih.Options{Password: w.Password, CashierPassword: w.CashierPassword, Link: link, Log: w.Log}), nil
}

// noPrinter is the Printer of a till that prints nothing.
const noPrinter = "none"

func (w Wiring) printerDialer() (wire.DialFunc, error) {
	if w.Printer == noPrinter {
		return func(context.Context) (wire.Conn, error) { return nil, wire.ErrAbsent }, nil
	}
	return wire.Dialer(w.Printer, wire.Options{LockDir: w.LockDir})
}

// makeFNPrint makes a till of two cables. The black box hears the fiscal
// memory's; of the printer's it is told only what happens to it, because two
// conversations in one recording could not be told apart.
func makeFNPrint(w Wiring) (drivers.Till, error) {
	dial, err := w.dialer()
	if err != nil {
		return nil, err
	}
	printer, err := w.printerDialer()
	if err != nil {
		return nil, fmt.Errorf("принтер: %w", err)
	}
	profile, ok := escpos.FindProfile(w.Profile)
	if !ok {
		return nil, fmt.Errorf("модели принтера %q нет", w.Profile)
	}
	if w.Memory == "" {
		return nil, errors.New("не указан файл памяти кассы")
	}
	var told func(string)
	if w.Events != nil {
		told = func(event string) { w.Events("printer: " + event) }
	}
	return fnprint.New(wire.Watched(dial, w.Events), wire.Watched(printer, told), fnprint.File{Path: w.Memory}, fnprint.Options{Profile: profile, Log: w.Log}), nil
}
