package main

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
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/chekan-io/chekan/proto/gen/sim/v1/simv1connect"
	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/control"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
	"github.com/chekan-io/chekan/sim/ofd"
	"github.com/chekan-io/chekan/sim/port"
	"github.com/chekan-io/chekan/sim/printer"
	"github.com/chekan-io/chekan/sim/shtrih"
)

// runCommand simulates tills.
type runCommand struct {
	Dir        string        `help:"Where the tills keep their memories." default:"./sim-data" type:"path"`
	Till       []tillSpec    `help:"A till: name=kassa-1,tcp=127.0.0.1:7778,pty=/tmp/kassa-1[,fn=…][,serial=…][,model=…]. With driver=fnprint a fiscal memory there and a printer at printer_tcp=… or printer_pty=…[,profile=…]. Repeatable." sep:"none" required:""`
	Control    string        `help:"Address of the control API; port 0 picks a free one." default:"127.0.0.1:7790"`
	Baud       int           `help:"Pace bytes like a serial line of this speed; 0 does not." default:"0"`
	Lines      time.Duration `help:"Time of one printed line; 0 prints at once." default:"0s"`
	RealTiming bool          `help:"Take as long for commands as real tills do."`
	Deliver    time.Duration `help:"Tills deliver documents to the operator by themselves after this time; 0 leaves them queued." default:"0s"`
	OFD        string        `name:"ofd" help:"Simulate an operator of fiscal data at this address; port 0 picks a free one." placeholder:"ADDRESS"`
	LogLevel   string        `help:"Lowest level logged." default:"info" enum:"debug,info,warn,error"`
}

// tillSpec is one --till.
type tillSpec struct {
	name, tcp, pty, fn string
	serial             uint32
	model              byte

	driver                          string // "" is shtrih
	printerTCP, printerPty, profile string // of fnprint
}

// UnmarshalText reads key=value pairs with commas between them. A colon after
// the name will do too.
func (s *tillSpec) UnmarshalText(b []byte) error {
	text := string(b)
	for _, key := range []string{"tcp", "pty", "fn", "serial", "model", "driver", "printer_tcp", "printer_pty", "profile"} {
		text = strings.ReplaceAll(text, ":"+key+"=", ","+key+"=")
	}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("%q is not key=value", pair)
		}
		switch key {
		case "name":
			s.name = value
		case "tcp":
			s.tcp = value
		case "pty":
			s.pty = value
		case "fn":
			s.fn = value
		case "serial":
			n, err := strconv.ParseUint(value, 10, 32)
			if err != nil {
				return fmt.Errorf("serial %q is not a number", value)
			}
			s.serial = uint32(n)
		case "model":
			n, err := strconv.ParseUint(value, 10, 8)
			if err != nil {
				return fmt.Errorf("model %q is not a code of FCh", value)
			}
			s.model = byte(n)
		case "driver":
			s.driver = value
		case "printer_tcp":
			s.printerTCP = value
		case "printer_pty":
			s.printerPty = value
		case "profile":
			s.profile = value
		default:
			return fmt.Errorf("unknown key %q: name, driver, tcp, pty, fn, serial, model, printer_tcp, printer_pty or profile", key)
		}
	}
	switch printer := s.printerTCP + s.printerPty + s.profile; {
	case s.driver != "" && s.driver != "shtrih" && s.driver != "fnprint":
		return fmt.Errorf("no driver %q: shtrih or fnprint", s.driver)
	case s.driver != "fnprint" && printer != "":
		return fmt.Errorf("%q: only driver=fnprint has a printer of its own", text)
	}
	if s.name == "" || s.name != filepath.Base(s.name) || s.name == ".." {
		return fmt.Errorf("%q: a name without slashes is needed", text)
	}
	return nil
}

// Run serves the tills until ctx is done.
func (c *runCommand) Run(ctx context.Context) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &world{log: log, fail: cancel}
	err := w.start(ctx, c)
	if err == nil {
		<-ctx.Done()
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			err = cause
		}
	}
	cancel(nil)
	return errors.Join(err, w.close())
}

// world is what runs: tills, their ports, the control API.
type world struct {
	log   *slog.Logger
	fail  context.CancelCauseFunc
	tills []control.Till
	work  sync.WaitGroup
	ofd   *ofd.Server
	url   string // file with the address of the control API
}

func (w *world) start(ctx context.Context, c *runCommand) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Control)
	if err != nil {
		return fmt.Errorf("control API: %w", err)
	}
	for i, spec := range c.Till {
		if err := w.add(ctx, c, i, spec); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	mux := http.NewServeMux()
	mux.Handle(simv1connect.NewSimServiceHandler(control.New(w.tills)))
	operator, err := w.operator(ctx, c)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if w.ofd != nil {
		mux.Handle(simv1connect.NewOFDServiceHandler(control.NewOperator(w.ofd)))
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	w.work.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			w.fail(fmt.Errorf("control API: %w", err))
		}
	})
	w.url = filepath.Join(c.Dir, controlFile)
	address := "http://" + l.Addr().String()
	if err := os.WriteFile(w.url, []byte(address+"\n"), 0o600); err != nil {
		return err
	}
	for _, t := range w.tills {
		printer := ""
		if t.PrinterTCP+t.PrinterPty != "" {
			printer = fmt.Sprintf(" printer_tcp=%s printer_pty=%s", t.PrinterTCP, t.PrinterPty)
		}
		_, err = fmt.Fprintf(os.Stdout, "till %s fn=%s tcp=%s pty=%s%s\n", t.Name(), t.FN().Number(), t.TCP, t.Pty, printer)
		if err != nil {
			return err
		}
	}
	if operator != "" {
		if _, err = fmt.Fprintf(os.Stdout, "ofd %s\n", operator); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(os.Stdout, "control %s\n", address)
	return err
}

// operator begins the simulated operator of fiscal data, if one is asked for,
// and gives its address.
func (w *world) operator(ctx context.Context, c *runCommand) (address string, err error) {
	if c.OFD == "" {
		return "", nil
	}
	ledger, err := flash.OpenFile(filepath.Join(c.Dir, ofd.LedgerFile))
	if err != nil {
		return "", fmt.Errorf("operator of fiscal data: %w", err)
	}
	if w.ofd, err = ofd.New(ofd.Options{Flash: ledger, Logger: w.log.With("ofd", c.OFD)}); err != nil {
		return "", errors.Join(err, ledger.Close())
	}
	ready, failed := make(chan string, 1), make(chan error, 1)
	w.work.Go(func() {
		err := w.ofd.Listen(ctx, c.OFD, func(a string) { ready <- a })
		if err != nil {
			failed <- err
			w.fail(err)
		}
	})
	select {
	case address = <-ready:
		return address, nil
	case err := <-failed:
		return "", err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// add opens a till and its ports.
func (w *world) add(ctx context.Context, c *runCommand, i int, spec tillSpec) error {
	for _, t := range w.tills {
		if t.Name() == spec.name {
			return fmt.Errorf("two tills are called %s", spec.name)
		}
	}
	if spec.driver == "fnprint" {
		return w.addFNPrint(ctx, c, i, spec)
	}
	opts := shtrih.Options{
		Name: spec.name, Bank: flash.Dir(filepath.Join(c.Dir, spec.name)), Logger: w.log, Model: spec.model,
		PrintSpeed: c.Lines, DeliverAfter: c.Deliver,
	}
	if opts.Serial = spec.serial; opts.Serial == 0 {
		opts.Serial = uint32(4239 + i)
	}
	opts.FN = fn.Options{Number: spec.number(i)}
	if c.RealTiming {
		opts.Timing = shtrih.RealTiming
	}
	d, err := shtrih.New(opts)
	if err != nil {
		return err
	}
	t := control.Till{Machine: control.Shtrih(d)}
	if t.TCP, err = w.listen(ctx, c, spec.name, spec.tcp, d.ServeTCP); err == nil {
		t.Pty, err = w.terminal(ctx, c, spec.name, spec.pty, d.WaitReady, d.Serve)
	}
	if err != nil {
		return errors.Join(err, d.Close())
	}
	w.tills = append(w.tills, t)
	return nil
}

// number is the fiscal memory's, of till i when nobody said.
func (s tillSpec) number(i int) string {
	if s.fn != "" {
		return s.fn
	}
	return fmt.Sprintf("99990789020%05d", i+1)
}

// addFNPrint opens a fiscal memory and a printer, each with ports of its own.
func (w *world) addFNPrint(ctx context.Context, c *runCommand, i int, spec tillSpec) error {
	profile, ok := escpos.FindProfile(spec.profile)
	if !ok {
		return fmt.Errorf("till %s: no printer profile %q", spec.name, spec.profile)
	}
	serial := spec.serial
	if serial == 0 {
		serial = uint32(4239 + i)
	}
	opts := fn.DeviceOptions{
		Name: spec.name, Bank: flash.Dir(filepath.Join(c.Dir, spec.name)), Logger: w.log, FN: fn.Options{Number: spec.number(i)},
		Registration: fnprintCard(serial),
	}
	if c.RealTiming {
		opts.Timing = fn.RealTiming
	}
	memory, err := fn.NewDevice(opts)
	if err != nil {
		return err
	}
	p := printer.New(printer.Options{Profile: profile, LineTime: c.Lines})
	t := control.Till{Machine: control.FNPrint(memory, p)}
	if t.TCP, err = w.listen(ctx, c, spec.name, spec.tcp, memory.Serve); err == nil {
		t.Pty, err = w.terminal(ctx, c, spec.name, spec.pty, memory.WaitReady, memory.Serve)
	}
	if err == nil {
		t.PrinterTCP, err = w.listen(ctx, c, spec.name, spec.printerTCP, p.Serve)
	}
	if err == nil {
		t.PrinterPty, err = w.terminal(ctx, c, spec.name, spec.printerPty, p.Ready, p.Serve)
	}
	if err != nil {
		return errors.Join(err, t.Close())
	}
	w.tills = append(w.tills, t)
	return nil
}

// fnprintCard is what a new till of two devices is registered with.
func fnprintCard(serial uint32) *fiscal.Registration {
	const inn = "7702203276"
	number := fmt.Sprintf("%016d", serial)
	return &fiscal.Registration{
		INN: inn, Serial: number, RNM: fiscal.MakeRNM("0000000005", inn, number), User: `ООО "Ромашка"`, Address: "302028, г. Орёл, ул. Ленина, 1",
		Place: "Магазин", TaxSystems: fiscal.TaxOSN, FFD: "1.05", OFDINN: "9715260691", OFDName: "Платформа ОФД", Cashier: fiscal.Cashier{Name: "Петрова Н. И."},
	}
}

// paced slows a device down to the speed of the line.
func (c *runCommand) paced(serve port.Serve) port.Serve {
	return func(ctx context.Context, rwc io.ReadWriteCloser) error { return serve(ctx, port.Paced(rwc, c.Baud)) }
}

func (w *world) report(till string) func(error) {
	return func(err error) { w.log.Info("connection ended", "till", till, "error", err) }
}

// listen serves a device on TCP, if an address is given.
func (w *world) listen(ctx context.Context, c *runCommand, till, address string, serve port.Serve) (string, error) {
	if address == "" {
		return "", nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("till %s: %w", till, err)
	}
	w.work.Go(func() { w.check(port.TCP(ctx, l, c.paced(serve), w.report(till))) })
	return l.Addr().String(), nil
}

// terminal serves a device on a pseudo-terminal, if a path is given.
func (w *world) terminal(ctx context.Context, c *runCommand, till, path string, ready port.Ready, serve port.Serve) (string, error) {
	if path == "" {
		return "", nil
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("till %s: %w", till, err)
	}
	w.work.Go(func() { w.check(port.Pty(ctx, path, ready, c.paced(serve), w.report(till))) })
	return path, nil
}

// check ends the program when a port cannot be served.
func (w *world) check(err error) {
	if err != nil {
		w.fail(err)
	}
}

func (w *world) close() error {
	w.work.Wait()
	var errs []error
	if w.ofd != nil {
		errs = append(errs, w.ofd.Close())
	}
	for _, t := range w.tills {
		errs = append(errs, t.Close())
	}
	if w.url != "" {
		errs = append(errs, os.Remove(w.url))
	}
	return errors.Join(errs...)
}
