package discovery_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/discovery"
	"github.com/chekan-io/chekan/drivers/wire"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/fn"
	"github.com/chekan-io/chekan/sim/port"
	"github.com/chekan-io/chekan/sim/printer"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// questions is all that a silent device hears at the first speed, as the package
// comment has it.
var questions = []byte{
	0x05, 0x05,
	0x10, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00,
	0x04, 0x01, 0x00, 0x30, 0xFF, 0xCD,
}

// later is what it hears at the other speeds: 4800, 9600, 19200, 38400, 57600.
var later = bytes.Join([][]byte{
	{0x05, 0x05},
	{0x05, 0x05, 0x10, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00},
	{0x05, 0x05, 0x10, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00},
	{0x05, 0x05, 0x10, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00},
	{0x05, 0x05},
}, nil)

// newMemory makes a bare fiscal memory, registered.
func newMemory(t *testing.T, number, serial string) *fn.Device {
	t.Helper()
	inn := "7702203276"
	d, err := fn.NewDevice(fn.DeviceOptions{FN: fn.Options{Number: number}, Registration: &fiscal.Registration{
		INN: inn, Serial: serial, RNM: fiscal.MakeRNM("0000000005", inn, serial), User: "Ромашка", Address: "г. Орёл", Place: "Магазин",
		TaxSystems: fiscal.TaxOSN, FFD: "1.05", OFDINN: "9715260691", OFDName: "Платформа ОФД", Cashier: fiscal.Cashier{Name: "Петрова"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func newPrinter(t *testing.T) *printer.Device {
	t.Helper()
	profile, ok := escpos.FindProfile("")
	if !ok {
		t.Fatal("no usual printer")
	}
	p := printer.New(printer.Options{Profile: profile})
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// onTCP serves a device at an address of this computer.
func onTCP(t *testing.T, address string, serve port.Serve) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	serveUntil(t, l, serve)
	return l.Addr().String()
}

// onTCPUntil serves a device at an address until hangUp.
func onTCPUntil(t *testing.T, address string, serve port.Serve) (hangUp func()) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return serveUntil(t, l, serve)
}

func serveUntil(t *testing.T, l net.Listener, serve port.Serve) (hangUp func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = port.TCP(ctx, l, serve, func(error) {})
	}()
	hangUp = func() { cancel(); <-ended }
	t.Cleanup(hangUp)
	return hangUp
}

// A technician's first minute: tills of every kind among things that are none.
func TestFind(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	a, b := newTill(t, 111, "9999078902000111"), newTill(t, 222, "9999078902000222")
	s.plug(t, "ttyACM0", a)
	s.plug(t, "ttyACM1", b)
	s.plug(t, "ttyUSB0", newMemory(t, "9999078902000333", "0000000000000333"))
	s.plug(t, "ttyUSB1", newPrinter(t))
	// A pair of scales answers ENQ with ACK and waits for DC1, which never comes.
	scales := s.decoy(t, "ttyUSB2", func(b byte) []byte {
		if b == 0x05 {
			return []byte{0x06}
		}
		return nil
	})
	modem := s.decoy(t, "ttyUSB3", func(b byte) []byte { return []byte{b} })
	silent := s.decoy(t, "ttyUSB4", nil)
	line := s.decoy(t, "ttyS0", nil)
	excluded := s.decoy(t, "ttyUSB5", nil)
	claimed := s.decoy(t, "ttyUSB6", nil)
	held := s.decoy(t, "ttyUSB7", nil)
	talker := s.decoy(t, "ttyUSB8", nil)
	for _, name := range []string{"ttyACM0", "ttyACM1", "ttyUSB0", "ttyUSB1", "ttyUSB2", "ttyUSB3", "ttyUSB4", "ttyUSB5", "ttyUSB6", "ttyUSB7", "ttyUSB8"} {
		s.describe(name, wire.Port{Virtual: true})
	}
	other := exec.CommandContext(t.Context(), "sleep", "600") // another program with the port open
	other.Stdin = held.ends[1]
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go func() {
		for {
			if _, err := talker.ends[0].WriteString("$GPGGA\r\n"); err != nil {
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	c := newTill(t, 444, "9999078902000444")
	atHost := onTCP(t, "127.0.0.1:0", c.ServeTCP)
	d := newTill(t, 555, "9999078902000555")
	inNetwork := onTCP(t, "127.77.13.6:7778", d.ServeTCP)

	f := discovery.New(discovery.Options{
		Discovery: config.Discovery{Exclude: []string{s.path("ttyUSB5")}, Networks: []string{atHost, "127.77.13.0/28"}},
		Claims: func() []discovery.Claim {
			return []discovery.Claim{{Till: "kassa", At: wire.Address{Scheme: "serial", Port: s.path("ttyUSB6"), Baud: 9600}}}
		},
		Ports: s.ports, Printers: noPrinters, LockDir: s.locks,
	})
	found, skipped := search(t, f)

	for at, want := range map[string]*posv1.FoundTill{
		s.serial("ttyACM0"):                       {Driver: "shtrih", Fn: "9999078902000111"},
		s.serial("ttyACM1"):                       {Driver: "shtrih", Fn: "9999078902000222"},
		s.serial("ttyUSB0") + s.serial("ttyUSB1"): {Driver: "fnprint", Fn: "9999078902000333", Serial: "0000000000000333"},
		"tcp://" + atHost:                         {Driver: "shtrih", Fn: "9999078902000444"},
		"tcp://" + inNetwork:                      {Driver: "shtrih", Fn: "9999078902000555"},
	} {
		got := found[at]
		if got.GetDriver() != want.GetDriver() || got.GetFn() != want.GetFn() || got.GetSerial() == "" || got.GetModel() == "" ||
			want.GetSerial() != "" && got.GetSerial() != want.GetSerial() {
			t.Errorf("at %s: %v, want %v", at, got, want)
		}
		delete(found, at)
	}
	if len(found) > 0 {
		t.Errorf("found besides: %v", found)
	}
	for _, c := range []struct {
		what  string
		decoy *decoy
		want  []byte
		name  string
		why   string
	}{
		{"scales", scales, []byte{0x05}, "ttyUSB2", "другое устройство"},
		{"a modem that echoes", modem, []byte{0x05}, "ttyUSB3", "другое устройство"},
		{"a silent device on USB", silent, questions, "", ""},
		{"a silent line", line, append(bytes.Clone(questions), later...), "", ""},
		{"an excluded port", excluded, nil, "ttyUSB5", "исключён"},
		{"a till's own port", claimed, nil, "ttyUSB6", "занят кассой kassa"},
		{"another program's port", held, nil, "ttyUSB7", "занят другой программой"},
		{"a device that talks", talker, nil, "ttyUSB8", "говорит само"},
	} {
		if got := c.decoy.bytes(); !bytes.Equal(got, c.want) {
			t.Errorf("%s heard % X, want % X", c.what, got, c.want)
		}
		if c.name != "" && !left(skipped, c.name, c.why) {
			t.Errorf("%s: nothing says why it was left in %q", c.what, skipped)
		}
	}
	for _, d := range []*sim.Device{a, b, c, d} {
		if n := len(d.FN().List()); n != 1 { // its registration
			t.Errorf("a till has %d documents after being found", n)
		}
	}
}

// A port is left as it was found: speed and modes are another program's.
func TestFind_leavesSettings(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d := s.decoy(t, "ttyS0", nil)
	slave := int(d.ends[1].Fd())
	set, err := unix.IoctlGetTermios(slave, unix.TCGETS2)
	if err != nil {
		t.Fatal(err)
	}
	set.Cflag = set.Cflag&^(unix.CBAUD|unix.CSIZE) | unix.B1200 | unix.CS7 | unix.PARENB
	set.Lflag |= unix.ICANON
	set.Ispeed, set.Ospeed = 1200, 1200
	if err := unix.IoctlSetTermios(slave, unix.TCSETS2, set); err != nil {
		t.Fatal(err)
	}
	before, err := unix.IoctlGetTermios(slave, unix.TCGETS2)
	if err != nil {
		t.Fatal(err)
	}
	search(t, discovery.New(discovery.Options{Ports: s.ports, Printers: noPrinters, LockDir: s.locks}))
	if len(d.bytes()) == 0 {
		t.Fatal("nothing was asked")
	}
	after, err := unix.IoctlGetTermios(slave, unix.TCGETS2)
	if err != nil || *after != *before {
		t.Errorf("%+v became %+v, %v", before, after, err)
	}
}

// There is one search at a time, and it ends with whoever asked for it.
func TestFind_oneAtATime(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	f := discovery.New(discovery.Options{Ports: s.ports, Printers: noPrinters, LockDir: s.locks})
	s.decoy(t, "ttyS0", nil)
	second := make(chan error, 1)
	err := f.Find(t.Context(), func(step *posv1.FindTillsResponse) error {
		if step.GetStep() != "" && len(second) == 0 {
			second <- f.Find(t.Context(), func(*posv1.FindTillsResponse) error { return nil })
			return errors.New("enough")
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("the search goes on without its listener: %v", err)
	}
	if err := <-second; !errors.Is(err, discovery.ErrSearching) {
		t.Errorf("a second search: %v", err)
	}
}

// Two of a kind do not make a pair by chance.
func TestFind_severalPrinters(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.plug(t, "ttyUSB0", newMemory(t, "9999078902000333", "0000000000000333"))
	s.plug(t, "ttyUSB1", newPrinter(t))
	s.plug(t, "ttyUSB2", newPrinter(t))
	for _, name := range []string{"ttyUSB0", "ttyUSB1", "ttyUSB2"} {
		s.describe(name, wire.Port{Virtual: true})
	}
	found, _ := search(t, discovery.New(discovery.Options{Ports: s.ports, Printers: noPrinters, LockDir: s.locks}))
	if len(found) != 3 || found[s.serial("ttyUSB0")].GetPrinter() != "" || found[s.serial("ttyUSB1")].GetDriver() != "fnprint" {
		t.Errorf("found %v", found)
	}
}
