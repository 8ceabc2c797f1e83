package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// Kinds of a stranger.
const (
	kindTill    = "till"
	kindMemory  = "fn"
	kindPrinter = "printer"
)

// mostTold bounds the devices, and the ports left alone, that are told: the
// cabinet keeps no more.
const mostTold = 64

// picture is the last search, whoever asked for it: what the cabinet is told.
type picture struct {
	mu      sync.Mutex
	search  *fiscalv1.Search // nil before the first
	devices []*fiscalv1.Stranger
	over    chan struct{} // closed when the search that goes on has ended
}

func (p *picture) begin(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.search, p.devices, p.over = &fiscalv1.Search{Running: true, BeganMs: now.UnixMilli()}, nil, make(chan struct{})
}

func (p *picture) note(m *posv1.FindTillsResponse) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.search
	s.Tried, s.Places = m.GetTried(), m.GetPlaces()
	switch {
	case m.GetFound() != nil && len(p.devices) < mostTold:
		p.devices = append(p.devices, strangerOf(m.GetFound()))
	case m.GetSkipped() != "" && len(s.GetLeftAlone()) < mostTold:
		s.LeftAlone = append(s.LeftAlone, m.GetSkipped())
	case m.GetStep() != "":
		s.Step = m.GetStep()
	}
}

func (p *picture) end(now time.Time, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.search
	s.Running, s.Step, s.EndedMs = false, "", now.UnixMilli()
	switch {
	case err == nil:
		s.Tried = s.GetPlaces()
	case errors.Is(err, context.Canceled):
		s.Trouble = "поиск прерван"
	default:
		s.Trouble = err.Error()
	}
	close(p.over)
}

// taken notes that a device is a till of the list now.
func (p *picture) taken(found *posv1.FoundTill, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.devices {
		if s.GetWire() == found.GetWire() {
			s.Till = name
		}
	}
	if found.GetPrinter() != "" { // its other half is nobody's any more
		p.devices = slices.DeleteFunc(p.devices, func(s *fiscalv1.Stranger) bool {
			return s.GetKind() == kindPrinter && s.GetWire() == found.GetPrinter()
		})
	}
}

// strangerOf is a find as the cabinet hears of it.
func strangerOf(t *posv1.FoundTill) *fiscalv1.Stranger {
	s := &fiscalv1.Stranger{
		Wire: t.GetWire(), Driver: t.GetDriver(), Model: t.GetModel(), Serial: t.GetSerial(), Fn: t.GetFn(), Kind: kindTill, Rnm: t.GetRnm(),
		Firmware: t.GetFirmware(), Printer: t.GetPrinter(), Till: t.GetTill(),
	}
	switch {
	case t.GetWire() == "" && t.GetTill() == "":
		s.Wire, s.Printer, s.Kind = t.GetPrinter(), "", kindPrinter
	case t.GetDriver() == config.DriverFNPrint:
		s.Kind = kindMemory
	}
	return s
}

// foundOf is a stranger as a find once more.
func foundOf(s *fiscalv1.Stranger) *posv1.FoundTill {
	t := &posv1.FoundTill{
		Wire: s.GetWire(), Driver: s.GetDriver(), Model: s.GetModel(), Serial: s.GetSerial(), Fn: s.GetFn(), Rnm: s.GetRnm(), Firmware: s.GetFirmware(), Printer: s.GetPrinter(),
	}
	if s.GetKind() == kindPrinter {
		t.Wire, t.Printer = "", s.GetWire()
	}
	return t
}

func (d *Desk) changed() {
	if d.Changed != nil {
		d.Changed()
	}
}

// Find is Finder.Find, and keeps the picture that the cabinet is told.
func (d *Desk) Find(ctx context.Context, report func(*posv1.FindTillsResponse) error) error {
	began := false
	err := d.find(ctx, func() {
		began = true
		d.seen.begin(time.Now())
		d.changed()
	}, func(m *posv1.FindTillsResponse) error {
		d.seen.note(m)
		d.changed()
		return report(m)
	})
	if began {
		d.seen.end(time.Now(), err)
		d.changed()
	}
	return err
}

// Told gives the last search since the start, and what it found; nil before the
// first.
func (d *Desk) Told() (*fiscalv1.Search, []*fiscalv1.Stranger) {
	d.seen.mu.Lock()
	defer d.seen.mu.Unlock()
	if d.seen.search == nil {
		return nil, nil
	}
	devices := make([]*fiscalv1.Stranger, 0, len(d.seen.devices))
	for _, s := range d.seen.devices {
		devices = append(devices, proto.CloneOf(s))
	}
	return proto.CloneOf(d.seen.search), devices
}

// Look looks for devices, or waits for the search that goes on already, and
// says in a sentence what came of it.
func (d *Desk) Look(ctx context.Context) (string, error) {
	err := d.Find(ctx, func(*posv1.FindTillsResponse) error { return ctx.Err() })
	if errors.Is(err, ErrSearching) {
		if err = d.join(ctx); err != nil {
			return "", err
		}
	}
	if err != nil {
		return "", err
	}
	search, devices := d.Told()
	if search.GetTrouble() != "" {
		return "", errors.New(search.GetTrouble())
	}
	n := 0
	for _, s := range devices {
		if s.GetTill() == "" && s.GetKind() != kindPrinter {
			n++
		}
	}
	if n == 0 {
		return fmt.Sprintf("Новых касс не найдено, осмотрено мест: %d.", search.GetPlaces()), nil
	}
	return fmt.Sprintf("Новых касс: %d, осмотрено мест: %d.", n, search.GetPlaces()), nil
}

// join waits for the end of the search that goes on.
func (d *Desk) join(ctx context.Context) error {
	d.seen.mu.Lock()
	over := d.seen.over
	d.seen.mu.Unlock()
	if over == nil {
		return ErrSearching // it is just beginning, and nothing of it is known yet
	}
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// What a device that the cabinet names is refused for.
var (
	errNotListed = errors.New("такого места на этом компьютере больше нет: проверьте кабель и питание и поищите снова")
	errExcluded  = errors.New("порт исключён в настройках агента")
	errSilent    = errors.New("устройство больше не отвечает: проверьте кабель и питание и поищите снова")
	errOther     = errors.New("там отвечает другое устройство: поищите снова")
)

// Check looks whether the device answers where it was found, and gives the name
// that the till would have. Nothing is changed. Only places that the agent looks
// at by itself are asked: nobody can have it knock elsewhere from afar.
func (d *Desk) Check(ctx context.Context, device *fiscalv1.Stranger) (string, error) {
	found := foundOf(device)
	d.mu.Lock()
	t, _, err := d.plan(found, "")
	d.mu.Unlock()
	if err != nil {
		return "", err
	}
	if err := d.begin(ctx); err != nil {
		return "", err
	}
	defer d.end()
	places, err := d.places(ctx, true)
	if err != nil {
		return "", fmt.Errorf("list ports: %w", err)
	}
	for _, q := range everything {
		at := found.GetWire()
		if q.printer {
			at = found.GetPrinter()
		}
		if q.driver != device.GetDriver() || at == "" || at == config.NoPrinter {
			continue
		}
		answer, err := d.ask(ctx, places, at, q)
		switch {
		case err != nil:
			return "", err
		case q.printer:
		case found.GetSerial() != "" && !till.SameSerial(found.GetSerial(), answer.Serial), found.GetFn() != "" && found.GetFn() != answer.FN:
			return "", errOther
		}
	}
	return t.Name, nil
}

// ask asks one question at one of the places.
func (d *Desk) ask(ctx context.Context, places []place, address string, q question) (find, error) {
	at, err := wire.ParseAddress(address)
	if err != nil {
		return find{}, errNotListed
	}
	for _, c := range d.claims() {
		if wire.Same(c.At, at) {
			return find{}, fmt.Errorf("на этом проводе уже касса %q", c.Till)
		}
	}
	for _, p := range places {
		if !wire.Same(p.at, at) && !sameStable(p, at) {
			continue
		}
		if p.excluded {
			return find{}, errExcluded
		}
		if at.Scheme == "serial" {
			at.Port = p.at.Port
		}
		ctx, cancel := context.WithTimeout(ctx, placeLimit)
		defer cancel()
		answer, err := d.lookAt(ctx, p, at, []question{q}, func(string) {})
		switch {
		case err == nil:
			return answer, nil
		case errors.Is(err, drivers.ErrSilent):
			return find{}, errSilent
		}
		if why := reason(err); why != "" {
			return find{}, fmt.Errorf("%s: %s", p.name(), why)
		}
		return find{}, err
	}
	return find{}, errNotListed
}

// sameStable tells whether an address names a port by the name that stays with
// its device.
func sameStable(p place, at wire.Address) bool {
	return p.kind == onSerial && at.Scheme == "serial" && p.port.Stable().Port == at.Port
}

// Take writes a device into the list under a name that Check gave, with the
// settings it begins with. The agent works with it from its next start.
func (d *Desk) Take(device *fiscalv1.Stranger, name string, first *fiscalv1.TillSettings) error {
	_, err := d.write(foundOf(device), name, first)
	return err
}

// Has tells whether the list has a till of a name: the one this program runs
// with, and what was written since.
func (d *Desk) Has(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	named := func(t config.Till) bool { return t.Name == name }
	return slices.ContainsFunc(d.Config.Tills, named) || slices.ContainsFunc(d.adopted, named)
}
