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
	"github.com/chekan-io/chekan/sim/control"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
	"github.com/chekan-io/chekan/sim/ofd"
	"github.com/chekan-io/chekan/sim/port"
	"github.com/chekan-io/chekan/sim/shtrih"
)

// runCommand simulates tills.
type runCommand struct {
	Dir        string        `help:"Where the tills keep their memories." default:"./sim-data" type:"path"`
	Till       []tillSpec    `help:"A till: name=kassa-1,tcp=127.0.0.1:7778,pty=/tmp/kassa-1[,fn=…][,serial=…][,model=…]. Repeatable." sep:"none" required:""`
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
}

// UnmarshalText reads key=value pairs with commas between them. A colon after
// the name will do too.
func (s *tillSpec) UnmarshalText(b []byte) error {
	text := string(b)
	for _, key := range []string{"tcp", "pty", "fn", "serial", "model"} {
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
		default:
			return fmt.Errorf("unknown key %q: name, tcp, pty, fn, serial or model", key)
		}
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
		_, err = fmt.Fprintf(os.Stdout, "till %s fn=%s tcp=%s pty=%s\n", t.Device.Name(), t.Device.FN().Number(), t.TCP, t.Pty)
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
	ledger, err := flash.OpenFile(filepath.Join(c.Dir, ledgerFile))
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
	}
}

// ledgerFile is where the simulated operator keeps its ledger.
const ledgerFile = "ofd.flash"

// add opens a till and its ports.
func (w *world) add(ctx context.Context, c *runCommand, i int, spec tillSpec) error {
	for _, t := range w.tills {
		if t.Device.Name() == spec.name {
			return fmt.Errorf("two tills are called %s", spec.name)
		}
	}
	opts := shtrih.Options{
		Name: spec.name, Bank: flash.Dir(filepath.Join(c.Dir, spec.name)), Logger: w.log, Model: spec.model,
		PrintSpeed: c.Lines, DeliverAfter: c.Deliver,
	}
	if opts.Serial = spec.serial; opts.Serial == 0 {
		opts.Serial = uint32(4239 + i)
	}
	opts.FN = fn.Options{Number: spec.fn}
	if spec.fn == "" {
		opts.FN.Number = fmt.Sprintf("99990789020%05d", i+1)
	}
	if c.RealTiming {
		opts.Timing = shtrih.RealTiming
	}
	d, err := shtrih.New(opts)
	if err != nil {
		return err
	}
	t := control.Till{Device: d}
	report := func(err error) { w.log.Info("connection ended", "till", spec.name, "error", err) }
	paced := func(serve port.Serve) port.Serve {
		return func(ctx context.Context, rwc io.ReadWriteCloser) error { return serve(ctx, port.Paced(rwc, c.Baud)) }
	}
	if spec.tcp != "" {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", spec.tcp)
		if err != nil {
			return errors.Join(fmt.Errorf("till %s: %w", spec.name, err), d.Close())
		}
		t.TCP = l.Addr().String()
		w.work.Go(func() { w.check(port.TCP(ctx, l, paced(d.ServeTCP), report)) })
	}
	if spec.pty != "" {
		if t.Pty, err = filepath.Abs(spec.pty); err != nil {
			return errors.Join(fmt.Errorf("till %s: %w", spec.name, err), d.Close())
		}
		w.work.Go(func() { w.check(port.Pty(ctx, t.Pty, d.WaitReady, paced(d.Serve), report)) })
	}
	w.tills = append(w.tills, t)
	return nil
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
		errs = append(errs, t.Device.Close())
	}
	if w.url != "" {
		errs = append(errs, os.Remove(w.url))
	}
	return errors.Join(errs...)
}
