package discovery_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/discovery"
	"github.com/chekan-io/chekan/drivers/wire"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// desk is where the cabinet's wishes come in at an agent.
func (s *shop) desk(f *discovery.Finder, tills ...config.Till) *discovery.Desk {
	cfg := config.Default()
	cfg.Data, cfg.Tills = s.data, tills
	return &discovery.Desk{Finder: f, Config: cfg, Log: slog.New(slog.DiscardHandler)}
}

// at gives what a desk tells of a place.
func told(d *discovery.Desk, at string) *fiscalv1.Stranger {
	_, devices := d.Told()
	for _, s := range devices {
		if s.GetWire() == at {
			return s
		}
	}
	return nil
}

// What a search finds is told as it comes, with what is a till already; the port of a working till hears nothing of it.
func TestDesk_told(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.plug(t, "ttyACM0", newTill(t, 111, "9999078902000111"))
	s.plug(t, "ttyACM1", newTill(t, 222, "9999078902000222"))
	s.plug(t, "ttyUSB0", newMemory(t, "9999078902000333", "0000000000000333"))
	s.plug(t, "ttyUSB1", newPrinter(t))
	s.plug(t, "ttyUSB2", newPrinter(t))
	for _, name := range []string{"ttyACM0", "ttyACM1", "ttyUSB0", "ttyUSB1", "ttyUSB2"} {
		s.describe(name, wire.Port{Virtual: true})
	}
	s.decoy(t, "ttyS0", func(byte) []byte { return []byte("?") })
	s.describe("ttyS0", wire.Port{Virtual: true})
	a := s.start(t, shtrihTill("k", s.serial("ttyACM0")))
	a.online(t, "k")
	d := s.desk(a.finder, shtrihTill("k", s.serial("ttyACM0")))
	if search, devices := d.Told(); search != nil || devices != nil {
		t.Errorf("told before any search: %v %v", search, devices)
	}
	var changes atomic.Int32
	d.Changed = func() { changes.Add(1) }
	said, err := d.Look(t.Context())
	if err != nil || said != "Новых касс: 2, осмотрено мест: 6." {
		t.Errorf("%q %v", said, err)
	}
	search, devices := d.Told()
	if search.GetRunning() || search.GetEndedMs() < search.GetBeganMs() || search.GetPlaces() != 6 || search.GetTried() != 6 || search.GetStep() != "" || search.GetTrouble() != "" {
		t.Errorf("%v", search)
	}
	if len(devices) != 5 || int(changes.Load()) < len(devices) {
		t.Errorf("%d devices, %d changes", len(devices), changes.Load())
	}
	for at, want := range map[string]string{
		"ttyACM0": "till k", "ttyACM1": "till ", "ttyUSB0": "fn ", "ttyUSB1": "printer ", "ttyUSB2": "printer ",
	} {
		if got := told(d, s.serial(at)); got.GetKind()+" "+got.GetTill() != want {
			t.Errorf("%s: %v", at, got)
		}
	}
	if one := told(d, s.serial("ttyACM1")); strings.TrimLeft(one.GetSerial(), "0") != "222" || one.GetFn() != "9999078902000222" || one.GetModel() == "" || one.GetDriver() != "shtrih" {
		t.Errorf("%v", one)
	}
	left := strings.Join(search.GetLeftAlone(), "\n")
	if !strings.Contains(left, "ttyACM0: занят кассой k") || !strings.Contains(left, "ttyS0: отвечает другое устройство") {
		t.Errorf("left alone:\n%s", left)
	}
	a.online(t, "k")

	// A search that its listener gave up.
	enough := errors.New("enough")
	if err := d.Find(t.Context(), func(*posv1.FindTillsResponse) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
	if search, _ := d.Told(); search.GetRunning() || search.GetTrouble() != "enough" {
		t.Errorf("%v", search)
	}
}

// Whoever asks while a search goes on waits for that one.
func TestDesk_joins(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.plug(t, "ttyACM0", newTill(t, 111, "9999078902000111"))
	s.describe("ttyACM0", wire.Port{Virtual: true})
	d := s.desk(discovery.New(discovery.Options{Ports: s.ports, Printers: noPrinters, LockDir: s.locks}))
	second := make(chan string, 1)
	asked := false
	if err := d.Find(t.Context(), func(*posv1.FindTillsResponse) error {
		if !asked {
			asked = true
			go func() {
				said, err := d.Look(t.Context())
				second <- fmt.Sprint(said, err)
			}()
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := <-second; got != "Новых касс: 1, осмотрено мест: 1.<nil>" {
		t.Error(got)
	}
}

// A device is taken over when it still answers where it was found, and from no other place than those the agent looks at. Not beside
// tests that start programs: between fork and exec those hold every lock of ours.
func TestDesk_takes(t *testing.T) {
	s := newShop(t)
	pull, _ := s.plug(t, "ttyACM0", newTill(t, 111, "9999078902000111"))
	s.plug(t, "ttyUSB0", newMemory(t, "9999078902000333", "0000000000000333"))
	s.plug(t, "ttyUSB1", newPrinter(t))
	for _, name := range []string{"ttyACM0", "ttyUSB0", "ttyUSB1"} {
		s.describe(name, wire.Port{Virtual: true})
	}
	elsewhere := onTCP(t, "127.0.0.1:0", newTill(t, 444, "9999078902000444").ServeTCP)
	d := s.desk(discovery.New(discovery.Options{
		Ports: s.ports, Printers: noPrinters, LockDir: s.locks, Discovery: config.Discovery{Exclude: []string{"/dev/nothing"}},
	}))
	var begun []string
	d.Begin = func(till string, first *fiscalv1.TillSettings) error {
		begun = append(begun, till+" "+first.GetTitle())
		return nil
	}
	if _, err := d.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused := func(what string, device *fiscalv1.Stranger, want string) {
		t.Helper()
		if name, err := d.Check(t.Context(), device); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q %v", what, name, err)
		}
	}
	till := told(d, s.serial("ttyACM0"))
	refused("a place nobody listed", &fiscalv1.Stranger{Wire: "tcp://" + elsewhere, Driver: "shtrih", Kind: "till"}, "такого места")
	refused("no address", &fiscalv1.Stranger{Wire: "nonsense", Driver: "shtrih", Kind: "till"}, "такого места")
	refused("another number", &fiscalv1.Stranger{Wire: till.GetWire(), Driver: "shtrih", Kind: "till", Serial: "555"}, "другое устройство")
	refused("a printer alone", &fiscalv1.Stranger{Wire: s.serial("ttyUSB1"), Driver: "fnprint", Kind: "printer"}, "принтер без накопителя")
	memory := told(d, s.serial("ttyUSB0"))
	if memory.GetPrinter() != s.serial("ttyUSB1") {
		// One of each was found, so they are one till.
		t.Fatalf("%v", memory)
	}
	memory.Printer = s.serial("ttyACM0")
	refused("a till for a printer", memory, "")
	memory.Printer = s.serial("ttyUSB1")

	name, err := d.Check(t.Context(), till)
	if err != nil || name != "kassa-1" || d.Has(name) {
		t.Fatalf("%q %v", name, err)
	}
	if _, err := os.Stat(filepath.Join(s.data, config.AdoptedFile)); err == nil {
		t.Error("looking wrote the list")
	}
	if err := d.Take(till, name, &fiscalv1.TillSettings{Version: 1, Title: "У входа"}); err != nil {
		t.Fatal(err)
	}
	if !d.Has("kassa-1") || told(d, till.GetWire()).GetTill() != "kassa-1" || strings.Join(begun, ",") != "kassa-1 У входа" {
		t.Errorf("%v %v", told(d, till.GetWire()), begun)
	}
	if err := d.Take(till, "kassa-2", nil); err == nil || !strings.Contains(err.Error(), "уже есть") {
		t.Errorf("twice: %v", err)
	}
	if name, err = d.Check(t.Context(), memory); err != nil || name != "kassa-2" {
		t.Fatalf("%q %v", name, err)
	}
	if err := d.Take(memory, name, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(s.data, config.AdoptedFile))
	if err != nil || strings.Count(string(text), "[[till]]") != 2 || !strings.Contains(string(text), s.serial("ttyUSB1")) {
		t.Errorf("%s %v", text, err)
	}

	// Plugged out, it is not there any more.
	pull()
	d = s.desk(discovery.New(discovery.Options{Ports: s.ports, Printers: noPrinters, LockDir: s.locks}))
	refused("pulled out", till, "такого места")
}
