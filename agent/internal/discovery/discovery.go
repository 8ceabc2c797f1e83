// Package discovery finds tills: once, for whoever installs the agent or
// connects a till in the cabinet ([Finder], [Desk]), and again, when a till's
// cable has come back under another name ([Roamer]).
//
// # Where it looks
//
// Serial ports and printers on USB that the system lists, and the places in a
// network that the configuration names (discovery.networks), none by default. A
// port of discovery.exclude never gets a byte, nor one that a till of the
// configuration has, nor one that another program has open: the wire's own lock,
// and on Linux the open files of other processes, lock files and the system's
// table of connections are looked at first. An agent without the right to see
// other users' open files still notices programs that take their port
// exclusively or lock it, as most do. Nobody can see from here whether another
// computer talks to a till in the network: name only places that are yours.
//
// # What is sent
//
// One protocol at a time, in an order that harms nobody. A device that talks by
// itself hears nothing; one that answers something else than the question hears
// nothing more. The order at the first speed, and what each question is to the
// others:
//
//	question                 its own         others
//	ENQ: 05, twice at most   Shtrih-M: NAK   fiscal memory: its last answer once more, or nothing; ESC/POS: skipped;
//	                         or ACK          scales (CAS), ATOL, Pirit, payment terminals: ACK and wait, and get no more;
//	                                         modem: skipped or echoed; scanner: skipped or refused
//	DLE EOT 1 and four NULs  ESC/POS: one    fiscal memory: a frame with a wrong sum, dropped; line-oriented scales and
//	10 04 01 00 00 00 00     byte of status  scanners: no whole command; terminals: 04 ends a session
//	FN status: 04 01 00 30   fiscal memory:  a printer that answers no status at all keeps "0" and two letters in its
//	FF CD                    a frame         line; the others as above
//
// ENQ: Shtrih protocol 1.17, app. 3; FN interface 1.2, §2; CAS protocol of AP-1
// and AD scales; ATOL low level protocol 2.4, §3; ISO 1745 for terminals. DLE
// EOT: ESC/POS command reference. What an answer brings on (FCh, then the numbers
// of a till; the name of a printer; the registration of a memory) only reads.
//
// The first speed is 115200; a device on USB itself has no speed and is asked
// once. Behind an adapter or on a port of the computer it may be another, and
// then only ENQ and the printer's question are asked, at five more speeds. To a
// device set to another speed the bytes are a few wrong ones.
//
// Opening a serial port raises its control lines, which restarts some boards;
// nothing can look at a port without that. The port's settings are put back.
//
// # What a till is known by
//
// By its factory number and fiscal memory, never by the port: a [Cable] keeps
// them in a small file a till. See decision 0013. Whether the device that answers
// is the till is decided in package till; here is only where to look for it.
//
// # What it does not do
//
// It changes nothing in a device, prints nothing, and takes no till into the
// configuration that nobody asked for. It never looks by itself but when the
// agent has just been enrolled: every other search is somebody's wish.
package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// Bounds of a search.
const (
	searchLimit = 4 * time.Minute
	placeLimit  = 30 * time.Second // one port, all speeds and a till's whole identity
	openLimit   = 3 * time.Second
	knockLimit  = time.Second // connecting in a network
	atOnce      = 4           // ports
	atOnceTCP   = 32          // addresses of a network
)

// ErrSearching says that a search is going on already.
var ErrSearching = errors.New("поиск касс уже идёт: дождитесь его конца")

// Claim is a place that a till of the configuration has.
type Claim struct {
	Till string
	At   wire.Address
}

// Options of a Finder.
type Options struct {
	// Discovery is the section of the configuration.
	Discovery config.Discovery
	// Claims are the places of configured tills, working or not; nil is none.
	Claims func() []Claim
	// States are the configured tills as last seen; nil is none.
	States func() []*fiscalv1.TillState
	// Ports lists the serial ports of this computer; nil is wire.Ports.
	// Pseudo-terminals are in no list, so tests bring their own.
	Ports func(ctx context.Context) ([]wire.Port, error)
	// Printers lists the printers on USB; nil is wire.USBPrinters.
	Printers func(ctx context.Context) ([]wire.Port, error)
	// LockDir is where device locks live; "" is the place all programs share.
	LockDir string
	Log     *slog.Logger
}

// Finder looks for tills.
type Finder struct {
	opts Options
	log  *slog.Logger
	// asking is held by whoever asks at ports: one at a time, so that two searches
	// do not meet on a port.
	asking    chan struct{}
	searching atomic.Bool
}

// New makes a Finder.
func New(opts Options) *Finder {
	if opts.Ports == nil {
		opts.Ports = wire.Ports
	}
	if opts.Printers == nil {
		opts.Printers = wire.USBPrinters
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Finder{opts: opts, log: opts.Log, asking: make(chan struct{}, 1)}
}

// Find looks everywhere and tells each step: what is tried, what is found, what
// was left alone and why. Tills of the configuration are told as found, without
// being asked. report may be called from several goroutines, one at a time; its
// error ends the search.
func (f *Finder) Find(ctx context.Context, report func(*posv1.FindTillsResponse) error) error {
	return f.find(ctx, func() {}, report)
}

// find is Find; began hears that it is this search's turn.
func (f *Finder) find(ctx context.Context, began func(), report func(*posv1.FindTillsResponse) error) error {
	if !f.searching.CompareAndSwap(false, true) {
		return ErrSearching
	}
	defer f.searching.Store(false)
	began()
	ctx, cancel := context.WithTimeoutCause(ctx, searchLimit, errors.New("поиск занял слишком много времени и прерван"))
	defer cancel()
	if err := f.begin(ctx); err != nil {
		return context.Cause(ctx)
	}
	defer f.end()
	places, err := f.places(ctx, true)
	if err != nil {
		return fmt.Errorf("list ports: %w", err)
	}
	s := &search{f: f, report: report, places: uint32(len(places)), cancel: cancel}
	claims := f.claims()
	for _, state := range f.states() {
		s.tell(&posv1.FindTillsResponse{Found: &posv1.FoundTill{
			Driver: state.GetDriver(), Wire: addressOf(claims, state.GetTill()), Model: state.GetModel(), Serial: state.GetSerial(), Fn: state.GetFn(),
			Rnm: state.GetRnm(), Firmware: state.GetFirmware(), Till: state.GetTill(),
		}})
	}
	s.all(ctx, places, claims)
	s.pair()
	if s.err != nil {
		return s.err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// begin takes the right to ask at ports.
func (f *Finder) begin(ctx context.Context) error {
	select {
	case f.asking <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *Finder) end() { <-f.asking }

func (f *Finder) claims() []Claim {
	if f.opts.Claims == nil {
		return nil
	}
	return f.opts.Claims()
}

func (f *Finder) states() []*fiscalv1.TillState {
	if f.opts.States == nil {
		return nil
	}
	return f.opts.States()
}

func addressOf(claims []Claim, till string) string {
	for _, c := range claims {
		if c.Till == till {
			return c.At.String()
		}
	}
	return ""
}

// search is one search.
type search struct {
	f      *Finder
	report func(*posv1.FindTillsResponse) error
	cancel context.CancelFunc
	places uint32

	mu       sync.Mutex
	tried    uint32
	err      error // of report
	memories []*posv1.FoundTill
	printers []*posv1.FoundTill
}

// tell reports a step with the count so far.
func (s *search) tell(step *posv1.FindTillsResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(step)
}

func (s *search) send(step *posv1.FindTillsResponse) {
	if s.err != nil {
		return
	}
	step.Tried, step.Places = s.tried, s.places
	if s.err = s.report(step); s.err != nil {
		s.cancel()
	}
}

// all looks at every place, several at once.
func (s *search) all(ctx context.Context, places []place, claims []Claim) {
	ports, network := make(chan struct{}, atOnce), make(chan struct{}, atOnceTCP)
	var all sync.WaitGroup
	for _, p := range places {
		room := ports
		if p.kind == inNetwork {
			room = network
		}
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			all.Wait()
			return
		}
		all.Go(func() {
			defer func() { <-room }()
			s.one(ctx, p, claims)
		})
	}
	all.Wait()
}

// one looks at a place.
func (s *search) one(ctx context.Context, p place, claims []Claim) {
	defer func() {
		s.mu.Lock()
		s.tried++
		s.mu.Unlock()
	}()
	if p.excluded {
		s.tell(&posv1.FindTillsResponse{Skipped: p.name() + ": исключён в настройках"})
		return
	}
	for _, c := range claims {
		if wire.Same(c.At, p.at) {
			s.tell(&posv1.FindTillsResponse{Skipped: fmt.Sprintf("%s: занят кассой %s", p.name(), c.Till)})
			return
		}
	}
	find, err := s.f.look(ctx, p, everything, func(what string) { s.tell(&posv1.FindTillsResponse{Step: p.name() + ": " + what}) })
	if err == nil {
		s.found(find)
		return
	}
	if why := reason(err); why != "" && (p.kind != inNetwork || !errors.Is(err, wire.ErrAbsent) && !errors.Is(err, wire.ErrTimeout)) {
		s.tell(&posv1.FindTillsResponse{Skipped: p.name() + ": " + why})
	}
}

// reason says why a place was left; "" when nothing is there to be said.
func reason(err error) string {
	switch {
	case errors.Is(err, drivers.ErrSilent), errors.Is(err, context.Canceled):
		return ""
	case errors.Is(err, drivers.ErrStranger):
		return "отвечает другое устройство, оставлено в покое"
	case errors.Is(err, errTalks):
		return "устройство говорит само: это не касса, оставлено в покое"
	case errors.Is(err, wire.ErrBusy):
		return "занят другой программой"
	case errors.Is(err, wire.ErrDenied):
		return "нет прав на порт"
	case errors.Is(err, wire.ErrAbsent), errors.Is(err, wire.ErrGone):
		return "не открывается"
	case errors.Is(err, wire.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return "не ответил вовремя"
	}
	return err.Error()
}

// found keeps devices of which two make a till and tells whole tills.
func (s *search) found(f find) {
	t := &posv1.FoundTill{
		Driver: f.driver, Wire: f.at.String(), Model: f.Model, Serial: f.Serial, Fn: f.FN, Rnm: f.RNM, Firmware: f.Firmware,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case f.printer:
		t.Wire, t.Printer = "", t.GetWire()
		s.printers = append(s.printers, t)
	case f.driver == config.DriverFNPrint:
		s.memories = append(s.memories, t)
	default:
		s.send(&posv1.FindTillsResponse{Found: t})
	}
}

// pair makes tills of fiscal memories and printers: of one of each there is no
// doubt, of more a person says which belong together.
func (s *search) pair() {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := func(a, b *posv1.FoundTill) int {
		return cmp.Or(cmp.Compare(a.GetWire(), b.GetWire()), cmp.Compare(a.GetPrinter(), b.GetPrinter()))
	}
	slices.SortFunc(s.memories, by)
	slices.SortFunc(s.printers, by)
	if len(s.memories) == 1 && len(s.printers) == 1 {
		s.memories[0].Printer = s.printers[0].GetPrinter()
		s.printers = nil
	}
	for _, t := range slices.Concat(s.memories, s.printers) {
		s.send(&posv1.FindTillsResponse{Found: t})
	}
}
