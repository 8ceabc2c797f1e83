package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/chekan-io/chekan/proto/gen/sim/v1/simv1connect"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/control"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
	"github.com/chekan-io/chekan/sim/ofd"
	"github.com/chekan-io/chekan/sim/port"
	"github.com/chekan-io/chekan/sim/printer"
	"github.com/chekan-io/chekan/sim/shtrih"
)

// baud is the speed of the serial till.
const baud = 115200

// till is a simulated till of the shop.
type till struct {
	name string
	// wire is its address as the agent's configuration writes it.
	wire string
	// finish says what the agent does when paper is back: auto or ask.
	finish string
	device control.Machine
	// printer is the wire of a printer that is a device of its own.
	printer string
	// ofd is where the agent sends the till's documents; empty when the till does.
	ofd string
	// idle tells that nothing is being printed.
	idle func() bool
}

// driver is the agent's word for the kind of the till.
func (t *till) driver() string { return t.device.Show().GetDriver() }

// Names of the tills.
const (
	first  = "Касса-1"
	second = "Касса-2"
)

// shop is who owns the tills.
func shop(serial uint32, rnm string) *fn.Registration {
	return &fn.Registration{
		INN: "5752203694", RNM: rnm, TaxSystems: 0x01, OFDINN: "7709364346", OFDName: "Первый ОФД",
		User: `ООО "Ромашка"`, Address: "302028, г. Орёл, ул. Ленина, 1", Place: "Магазин на Ленина, 1",
		KKTSerial: fmt.Sprintf("%016d", serial), FFD: 2,
	}
}

func options(name string, model byte, serial uint32, fnNumber, rnm string) shtrih.Options {
	return shtrih.Options{
		Name: name, Model: model, Serial: serial, FN: fn.Options{Number: fnNumber}, Registration: shop(serial, rnm),
		Timing: shtrih.RealTiming, PrintSpeed: 40 * time.Millisecond, DeliverAfter: 20 * time.Second,
	}
}

// street is the world outside the programs: tills, their ports, the API that
// steers them.
type street struct {
	tills   []*till
	ofd     *ofd.Server
	control string
	url     string
	log     *os.File
	work    sync.WaitGroup
}

// openStreet powers the tills on.
func (d *demo) openStreet(ctx context.Context, fail context.CancelCauseFunc) (*street, error) {
	log, err := os.OpenFile(filepath.Join(d.Dir, "logs", "sim.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	s := &street{log: log}
	if err := s.open(ctx, d, fail); err != nil {
		fail(nil)
		return nil, errors.Join(err, s.close())
	}
	d.tills = s.tills
	return s, nil
}

func (s *street) open(ctx context.Context, d *demo, fail context.CancelCauseFunc) error {
	dir := filepath.Join(d.Dir, "sim")
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	var shown []control.Till
	add := func(t *till, c control.Till) {
		t.device = c.Machine
		s.tills, shown = append(s.tills, t), append(shown, c)
	}
	serial := s.shtrihTill
	if d.Till == tillFNPrint {
		serial = s.fnprintTill
	}
	operator, err := s.openOperator(ctx, d, dir, log, fail)
	if err != nil {
		return err
	}
	t, c, err := serial(ctx, dir, log, fail)
	if err != nil {
		return err
	}
	if d.Till == tillFNPrint { // a bare fiscal memory has nobody but the agent
		t.ofd = operator
	}
	add(t, c)

	address, err := d.port(ctx, "till", shtrihPort, false)
	if err != nil {
		return err
	}
	o := options(second, 250, 17025, "9999078902000002", "0000000005012346")
	o.Bank, o.Logger = flash.Dir(filepath.Join(dir, o.Name)), log
	device, err := shtrih.New(o)
	if err != nil {
		return err
	}
	add(&till{name: second, finish: "ask", wire: "tcp://" + address, idle: func() bool { return device.State().Submode == 0 }},
		control.Till{Machine: control.Shtrih(device), TCP: address})
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("%s: %w", second, err)
	}
	s.work.Go(func() { s.check(port.TCP(ctx, l, device.ServeTCP, reported(log)), fail) })
	return s.openControl(ctx, d, dir, shown, fail)
}

// Values of Command.Till.
const (
	tillShtrih  = "shtrih"
	tillFNPrint = "fnprint"
)

func reported(log *slog.Logger) func(error) {
	return func(err error) { log.Info("connection ended", "error", err) }
}

// check ends the demo when a port cannot be served.
func (s *street) check(err error, fail context.CancelCauseFunc) {
	if err != nil {
		fail(err)
	}
}

// terminal serves a device on a serial line of the usual speed.
func (s *street) terminal(ctx context.Context, path string, ready port.Ready, serve port.Serve, log *slog.Logger, fail context.CancelCauseFunc) string {
	paced := func(ctx context.Context, rwc io.ReadWriteCloser) error { return serve(ctx, port.Paced(rwc, baud)) }
	s.work.Go(func() { s.check(port.Pty(ctx, path, ready, paced, reported(log)), fail) })
	return fmt.Sprintf("serial://%s?baud=%d", path, baud)
}

// shtrihTill is a Shtrih-M on a serial line.
func (s *street) shtrihTill(ctx context.Context, dir string, log *slog.Logger, fail context.CancelCauseFunc) (*till, control.Till, error) {
	o := options(first, 50, 4239, "9999078902000001", "0000000005008570")
	o.Bank, o.Logger = flash.Dir(filepath.Join(dir, o.Name)), log
	device, err := shtrih.New(o)
	if err != nil {
		return nil, control.Till{}, err
	}
	tty := filepath.Join(dir, "ttyTill1")
	wire := s.terminal(ctx, tty, device.WaitReady, device.Serve, log, fail)
	return &till{name: first, finish: "auto", wire: wire}, control.Till{Machine: control.Shtrih(device), Pty: tty}, nil
}

// fnprintTill is a fiscal memory and a printer, each on a serial line.
func (s *street) fnprintTill(ctx context.Context, dir string, log *slog.Logger, fail context.CancelCauseFunc) (*till, control.Till, error) {
	const serial = 4239
	card := shop(serial, "")
	number := card.KKTSerial
	memory, err := fn.NewDevice(fn.DeviceOptions{
		Name: first, Bank: flash.Dir(filepath.Join(dir, first)), FN: fn.Options{Number: "9999078902000003"}, Logger: log, Timing: fn.RealTiming,
		Registration: &fiscal.Registration{
			INN: card.INN, RNM: fiscal.MakeRNM("0000000005", card.INN, number), Serial: number, User: card.User, Address: card.Address, Place: card.Place,
			TaxSystems: fiscal.TaxSystem(card.TaxSystems), FFD: "1.05", OFDINN: card.OFDINN, OFDName: card.OFDName,
			Cashier: fiscal.Cashier{Name: "Петрова Н. И."},
		},
	})
	if err != nil {
		return nil, control.Till{}, err
	}
	paper := printer.New(printer.Options{LineTime: 40 * time.Millisecond})
	c := control.Till{Machine: control.FNPrint(memory, paper), Pty: filepath.Join(dir, "ttyFN"), PrinterPty: filepath.Join(dir, "ttyPrinter")}
	t := &till{
		name: first, finish: "auto",
		wire:    s.terminal(ctx, c.Pty, memory.WaitReady, memory.Serve, log, fail),
		printer: s.terminal(ctx, c.PrinterPty, paper.Ready, paper.Serve, log, fail),
	}
	return t, c, nil
}

// openOperator begins the operator of fiscal data and gives its address.
func (s *street) openOperator(ctx context.Context, d *demo, dir string, log *slog.Logger, fail context.CancelCauseFunc) (string, error) {
	address, err := d.port(ctx, "ofd", ofdPort, false)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	ledger, err := flash.OpenFile(filepath.Join(dir, ofd.LedgerFile))
	if err != nil {
		return "", fmt.Errorf("operator of fiscal data: %w", err)
	}
	if s.ofd, err = ofd.New(ofd.Options{Flash: ledger, INN: shop(0, "").OFDINN, Logger: log}); err != nil {
		return "", errors.Join(err, ledger.Close())
	}
	s.work.Go(func() { s.check(s.ofd.Listen(ctx, address, nil), fail) })
	return address, nil
}

// Preferred ports.
const (
	ofdPort     = 7777
	shtrihPort  = 7778
	controlPort = 7790
	doorPort    = 8777
	cabinetPort = 8090
)

// openControl serves the API that steers the tills, and notes its address
// where the other commands of chekan-sim look for it.
func (s *street) openControl(ctx context.Context, d *demo, dir string, tills []control.Till, fail context.CancelCauseFunc) error {
	address, err := d.port(ctx, "control", controlPort, false)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("control API: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle(simv1connect.NewSimServiceHandler(control.New(tills)))
	mux.Handle(simv1connect.NewOFDServiceHandler(control.NewOperator(s.ofd)))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	s.work.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fail(fmt.Errorf("control API: %w", err))
		}
	})
	s.control = "http://" + address
	s.url = filepath.Join(dir, "control.url")
	return os.WriteFile(s.url, []byte(s.control+"\n"), 0o600)
}

// close waits for the ports, which the end of the context closes, and switches
// the tills off.
func (s *street) close() error {
	s.work.Wait()
	var errs []error
	for _, t := range s.tills {
		errs = append(errs, t.device.Close())
	}
	if s.ofd != nil {
		errs = append(errs, s.ofd.Close())
	}
	if s.url != "" {
		errs = append(errs, os.Remove(s.url))
	}
	return errors.Join(append(errs, s.log.Close())...)
}

// describe is a line about a till.
func (t *till) describe() string {
	wire, _, _ := strings.Cut(t.wire, "?")
	if t.printer != "" {
		printer, _, _ := strings.Cut(t.printer, "?")
		wire += " и " + printer
	}
	v := t.device.Show()
	return fmt.Sprintf("%s: %s № %s, %s", t.name, v.GetModel(), v.GetSerial(), wire)
}
