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
	"github.com/chekan-io/chekan/sim/control"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
	"github.com/chekan-io/chekan/sim/port"
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
	device *shtrih.Device
}

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
	add := func(o shtrih.Options, finish string) (*till, error) {
		o.Bank, o.Logger = flash.Dir(filepath.Join(dir, o.Name)), log
		device, err := shtrih.New(o)
		if err != nil {
			return nil, err
		}
		t := &till{name: o.Name, finish: finish, device: device}
		s.tills = append(s.tills, t)
		return t, nil
	}
	report := func(err error) { log.Info("connection ended", "error", err) }
	check := func(err error) {
		if err != nil {
			fail(err)
		}
	}

	serial, err := add(options(first, 50, 4239, "9999078902000001", "0000000005008570"), "auto")
	if err != nil {
		return err
	}
	tty := filepath.Join(dir, "ttyTill1")
	serial.wire = "serial://" + tty + "?baud=115200"
	shown = append(shown, control.Till{Device: serial.device, Pty: tty})
	paced := func(ctx context.Context, rwc io.ReadWriteCloser) error {
		return serial.device.Serve(ctx, port.Paced(rwc, baud))
	}
	s.work.Go(func() { check(port.Pty(ctx, tty, serial.device.WaitReady, paced, report)) })

	network, err := add(options(second, 250, 17025, "9999078902000002", "0000000005012346"), "ask")
	if err != nil {
		return err
	}
	address, err := d.port(ctx, "till", shtrihPort, false)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("%s: %w", second, err)
	}
	network.wire = "tcp://" + address
	shown = append(shown, control.Till{Device: network.device, TCP: address})
	s.work.Go(func() { check(port.TCP(ctx, l, network.device.ServeTCP, report)) })

	return s.openControl(ctx, d, dir, shown, fail)
}

// Preferred ports.
const (
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
	if s.url != "" {
		errs = append(errs, os.Remove(s.url))
	}
	return errors.Join(append(errs, s.log.Close())...)
}

// describe is a line about a till.
func (t *till) describe() string {
	wire, _, _ := strings.Cut(t.wire, "?")
	model, serial := t.device.Model()
	return fmt.Sprintf("%s: %s № %s, %s", t.name, model, serial, wire)
}
