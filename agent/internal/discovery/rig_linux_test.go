package discovery_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/discovery"
	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers/wire"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/fn"
	"github.com/chekan-io/chekan/sim/port"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// patience bounds what a test waits for; nothing takes that long.
const patience = 2 * time.Minute

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(late) {
			t.Fatalf("never: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// shop is a computer with sockets: a folder of names of ports, of which some
// have something plugged in.
type shop struct {
	dir, data, locks string
	networks         []string

	mu  sync.Mutex
	usb map[string]wire.Port // what is said of a socket's device
}

func newShop(t *testing.T) *shop {
	t.Helper()
	root := t.TempDir()
	s := &shop{dir: filepath.Join(root, "dev"), data: filepath.Join(root, "data"), locks: filepath.Join(root, "lock"), usb: map[string]wire.Port{}}
	for _, d := range []string{s.dir, s.data, s.locks} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *shop) path(name string) string { return filepath.Join(s.dir, name) }

// describe says what USB device is in a socket.
func (s *shop) describe(name string, p wire.Port) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.usb[name] = p
}

// ports lists the sockets with something plugged in.
func (s *shop) ports(context.Context) ([]wire.Port, error) {
	entries, err := os.ReadDir(s.dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	var ports []wire.Port
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".new") {
			continue // a name that is being made
		}
		p := s.usb[e.Name()]
		p.Address = wire.Address{Scheme: "serial", Port: s.path(e.Name()), Baud: wire.DefaultBaud}
		ports = append(ports, p)
	}
	return ports, err
}

func noPrinters(context.Context) ([]wire.Port, error) { return nil, nil }

// device is anything simulated with a plug.
type device interface {
	Serve(ctx context.Context, rwc io.ReadWriteCloser) error
}

var errPulled = errors.New("pulled out")

// plug puts a device into a socket until it is pulled out, by pull or by a fault
// of its own; out is closed then.
func (s *shop) plug(t *testing.T, name string, d device) (pull func(), out <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan struct{})
	first := true
	go func() {
		defer close(gone)
		_ = port.Pty(ctx, s.path(name), func(context.Context) error {
			if !first {
				return errPulled
			}
			first = false
			return nil
		}, d.Serve, func(error) {})
	}()
	pull = func() { cancel(); <-gone }
	t.Cleanup(pull)
	await(t, name+" is there", func() bool { _, err := os.Stat(s.path(name)); return err == nil })
	return pull, gone
}

// till makes a simulated till with a factory number and a fiscal memory.
func newTill(t *testing.T, serial uint32, number string) *sim.Device {
	t.Helper()
	d, err := sim.New(sim.Options{Name: number, Serial: serial, FN: fn.Options{Number: number}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// decoy is something on a port that is not a till. It counts what it hears.
type decoy struct {
	mu    sync.Mutex
	heard []byte
	ends  []*os.File
}

func (d *decoy) bytes() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.heard)
}

// decoy puts one into a socket. answer is what it says to a byte.
func (s *shop) decoy(t *testing.T, name string, answer func(b byte) []byte) *decoy {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	d := &decoy{ends: []*os.File{master, slave}}
	raw, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	raw.Lflag &^= unix.ECHO | unix.ICANON
	raw.Oflag &^= unix.OPOST
	if err := errors.Join(unix.IoctlSetTermios(int(slave.Fd()), unix.TCSETS, raw), os.Symlink(slave.Name(), s.path(name))); err != nil {
		t.Fatal(err)
	}
	go func() {
		var b [256]byte
		for {
			n, err := master.Read(b[:])
			d.mu.Lock()
			d.heard = append(d.heard, b[:n]...)
			d.mu.Unlock()
			for _, c := range b[:n] {
				if answer != nil {
					_, _ = master.Write(answer(c))
				}
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = slave.Close(); _ = master.Close() })
	return d
}

// search runs a search and gives what was found and what was left alone.
func search(t *testing.T, f *discovery.Finder) (found map[string]*posv1.FoundTill, skipped []string) {
	t.Helper()
	found = map[string]*posv1.FoundTill{}
	err := f.Find(t.Context(), func(step *posv1.FindTillsResponse) error {
		if s := step.GetSkipped(); s != "" {
			skipped = append(skipped, s)
		}
		if t := step.GetFound(); t != nil {
			found[t.GetWire()+t.GetPrinter()] = t
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, skipped
}

func left(skipped []string, name, why string) bool {
	return slices.ContainsFunc(skipped, func(s string) bool { return strings.Contains(s, name) && strings.Contains(s, why) })
}

// agent is the tills of a configuration, as the program has them.
type agent struct {
	*till.Fleet
	roamer *discovery.Roamer
	finder *discovery.Finder
	stop   func()
}

// start runs the tills of a configuration over the shop's sockets.
func (s *shop) start(t *testing.T, tills ...config.Till) *agent {
	t.Helper()
	return s.startLogging(t, slog.New(slog.DiscardHandler), tills...)
}

func (s *shop) startLogging(t *testing.T, log *slog.Logger, tills ...config.Till) *agent {
	t.Helper()
	a := &agent{}
	a.finder = discovery.New(discovery.Options{
		Discovery: config.Discovery{Networks: s.networks}, Ports: s.ports, Printers: noPrinters, LockDir: s.locks, Log: log,
		Claims: func() []discovery.Claim { return a.roamer.Claims() },
		States: func() []*fiscalv1.TillState { return a.States() },
	})
	a.roamer = discovery.NewRoamer(s.data, tills, a.finder, log)
	j, err := journal.Open(t.Context(), filepath.Join(s.data, "journal"), journal.Options{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	var configs []till.Config
	for _, c := range tills {
		d, err := till.OpenDevice(till.Wiring{
			Driver: c.Driver, Wire: c.Wire, Route: a.roamer.Cable(c.Name), Printer: c.Printer, LockDir: s.locks, Log: log,
			Memory: filepath.Join(s.data, "tills", c.Name+".memory"),
		})
		if err != nil {
			t.Fatal(err)
		}
		configs = append(configs, till.Config{Name: c.Name, Driver: c.Driver, Device: d, Cable: a.roamer.Cable(c.Name)})
	}
	if a.Fleet, err = till.NewFleet(configs, j, log); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := a.Run(ctx); err != nil {
			t.Errorf("tills: %v", err)
		}
	})
	parts.Go(func() { _ = a.roamer.Run(ctx) })
	a.stop = sync.OnceFunc(func() {
		cancel()
		parts.Wait()
		if err := j.Close(); err != nil {
			t.Errorf("journal: %v", err)
		}
	})
	t.Cleanup(a.stop)
	return a
}

// shtrihTill is a till of a configuration.
func shtrihTill(name, at string) config.Till {
	return config.Till{Name: name, Driver: config.DriverShtrih, Wire: at, Link: config.LinkAuto}
}

func (s *shop) serial(name string) string { return "serial://" + s.path(name) + "?baud=115200" }

// state is a till as the agent shows it.
func (a *agent) state(t *testing.T, name string) *fiscalv1.TillState {
	t.Helper()
	for _, s := range a.States() {
		if s.GetTill() == name {
			return s
		}
	}
	t.Fatalf("no till %s", name)
	return nil
}

// at is where the agent has a till now.
func (a *agent) at(name string) string {
	for _, c := range a.roamer.Claims() {
		if c.Till == name {
			return c.At.Port
		}
	}
	return ""
}

func (a *agent) online(t *testing.T, name string) {
	t.Helper()
	await(t, name+" answers", func() bool { return a.state(t, name).GetOnline() })
}

func (a *agent) problem(t *testing.T, name, code string) *fiscalv1.Problem {
	t.Helper()
	for _, p := range a.state(t, name).GetProblems() {
		if p.GetCode() == code {
			return p
		}
	}
	return nil
}

// do asks for an operation.
func (a *agent) do(t *testing.T, op *fiscalv1.Operation) *fiscalv1.Operation {
	t.Helper()
	got, err := a.Submit(t.Context(), op, patience)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (a *agent) done(t *testing.T, op *fiscalv1.Operation) *fiscalv1.Operation {
	t.Helper()
	got := a.do(t, op)
	if got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
		t.Fatalf("%s on %s: %s %v", op.GetKind(), op.GetTill(), got.GetText(), got.GetEvidence())
	}
	return got
}

func (a *agent) openShift(t *testing.T, name string) {
	t.Helper()
	a.done(t, &fiscalv1.Operation{Key: "open-" + name, Till: name, Kind: fiscalv1.Kind_KIND_OPEN_SHIFT})
}

func sale(key, name string) *fiscalv1.Operation { return tilltest.Sale(key, name) }

// receipts counts what a fiscal memory holds: the truth.
func receipts(d *sim.Device) (n int) {
	for _, doc := range d.FN().List() {
		if doc.Type == fiscal.DocReceipt {
			n++
		}
	}
	return n
}
