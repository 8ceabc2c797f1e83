package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
)

// Paces of looking for tills that are lost.
const (
	lookEvery = 2 * time.Second // at the list of ports: nothing is opened
	askEvery  = time.Minute     // a port that was asked and has not changed
	seekPorts = 5 * time.Second // listing
)

// Roamer knows where the tills of the configuration are, and looks for those
// that are lost: whose port vanished, whose port another device took, or in
// whose place another till answers. A till that is silent on its port is not
// lost: it is off.
//
// A port is asked once when it appears and then once a minute, in the protocol
// and at the speed of the lost till only.
type Roamer struct {
	finder *Finder
	dir    string // of the records
	log    *slog.Logger
	news   chan struct{}

	mu     sync.Mutex
	cables []*Cable
	fixed  []Claim // cables that do not roam: printers, excluded tills
	asked  map[string]asked
}

// asked is what a port said, and when.
type asked struct {
	at    time.Time
	found *find
}

// NewRoamer makes a Roamer over the tills of the configuration that are not
// excluded. data is the agent's data folder.
func NewRoamer(data string, tills []config.Till, finder *Finder, log *slog.Logger) *Roamer {
	r := &Roamer{finder: finder, dir: filepath.Join(data, "tills"), log: log, news: make(chan struct{}, 1), asked: map[string]asked{}}
	for _, t := range tills {
		if a, err := wire.ParseAddress(t.Printer); err == nil {
			r.fixed = append(r.fixed, Claim{Till: t.Name, At: a})
		}
		if t.Exclude {
			if a, err := wire.ParseAddress(t.Wire); err == nil {
				r.fixed = append(r.fixed, Claim{Till: t.Name, At: a})
			}
			continue
		}
		r.cables = append(r.cables, r.newCable(t))
	}
	r.wake()
	return r
}

func (r *Roamer) newCable(t config.Till) *Cable {
	rec, err := loadRecord(r.dir, t.Name)
	if err != nil {
		// Better bound anew than not selling: the message is for whoever reads logs.
		r.log.Error("the till is bound anew", "till", t.Name, "error", err.Error())
	}
	c := &Cable{roamer: r, conf: t, record: rec}
	if t.Serial != "" && !till.SameSerial(t.Serial, rec.Serial) {
		c.record.Serial, c.record.FN, c.record.Retired = t.Serial, "", false // a person wrote it
	}
	if c.addr = t.Wire; rec.Configured == t.Wire && rec.Wire != "" {
		c.addr = rec.Wire
	}
	if c.addr == config.WireAuto {
		c.addr = ""
	}
	c.record.Configured = t.Wire
	if c.addr != rec.Wire {
		c.record.USB = ""
	}
	return c
}

// Cable gives the cable of a till, nil when it has none.
func (r *Roamer) Cable(name string) *Cable {
	for _, c := range r.cables {
		if c.conf.Name == name {
			return c
		}
	}
	return nil
}

// Claims are the places that tills have, or last had; a till's own before that
// of its printer.
func (r *Roamer) Claims() []Claim {
	r.mu.Lock()
	defer r.mu.Unlock()
	var claims []Claim
	for _, c := range r.cables {
		if a, err := wire.ParseAddress(c.addr); err == nil {
			claims = append(claims, Claim{Till: c.conf.Name, At: a})
		}
	}
	return append(claims, r.fixed...)
}

// Run looks for lost tills until ctx ends.
func (r *Roamer) Run(ctx context.Context) error {
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.news:
		case <-timer.C:
		}
		if r.anyLost() {
			r.seek(ctx)
		}
		timer.Reset(lookEvery)
	}
}

// wake begins a look at once. r.mu may be held.
func (r *Roamer) wake() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

func (r *Roamer) anyLost() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lost()) > 0
}

// lost are the cables to look for. r.mu is held.
func (r *Roamer) lost() []*Cable {
	var out []*Cable
	for _, c := range r.cables {
		if (c.gone || c.stray != nil || c.addr == "") && (c.known() || c.conf.Wire == config.WireAuto) {
			out = append(out, c)
		}
	}
	return out
}

// seek does one round.
func (r *Roamer) seek(ctx context.Context) {
	r.mu.Lock()
	r.exchange()
	lost := r.lost()
	r.mu.Unlock()
	if len(lost) == 0 || r.finder.begin(ctx) != nil {
		return
	}
	defer r.finder.end()
	listCtx, cancel := context.WithTimeout(ctx, seekPorts)
	places, err := r.finder.places(listCtx, false)
	cancel()
	if err != nil {
		r.log.Warn("ports are not listed", "error", err.Error())
		return
	}
	r.forget(places)
	var network sync.WaitGroup
	room := make(chan struct{}, atOnceTCP)
	for _, p := range r.order(places, lost) {
		if ctx.Err() != nil {
			break
		}
		if p.kind != inNetwork {
			r.ask(ctx, p, lost)
			continue
		}
		room <- struct{}{} // most addresses of a network are nobody's and cost a second each
		network.Go(func() {
			defer func() { <-room }()
			r.ask(ctx, p, lost)
		})
	}
	network.Wait()
	r.mu.Lock()
	r.assign()
	r.mu.Unlock()
}

// key names a port in what was asked: another device on it is another port.
func (p place) key() string { return p.at.Scheme + " " + p.at.Port + p.at.Host + " " + usbOf(p.port) }

// usbOf is the device behind a port, "" when it is not on USB.
func usbOf(p wire.Port) string {
	if !p.OnUSB() {
		return ""
	}
	return fmt.Sprintf("%04x:%04x %s", p.Vendor, p.Product, p.Serial)
}

// forget drops what ports said that are gone: whoever comes back is asked anew.
func (r *Roamer) forget(places []place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	here := map[string]bool{}
	for _, p := range places {
		here[p.key()] = true
	}
	for k := range r.asked {
		if !here[k] {
			delete(r.asked, k)
		}
	}
}

// order leaves the places that may be asked: nobody's, and not asked lately. A
// device of the very kind that was lost comes first.
func (r *Roamer) order(places []place, lost []*Cable) []place {
	r.mu.Lock()
	defer r.mu.Unlock()
	var first, rest []place
	for _, p := range places {
		if p.excluded || r.taken(p.at) || time.Since(r.asked[p.key()].at) < askEvery {
			continue
		}
		usb := usbOf(p.port)
		if usb != "" && slices.ContainsFunc(lost, func(c *Cable) bool { return c.record.USB == usb }) {
			first = append(first, p)
		} else {
			rest = append(rest, p)
		}
	}
	return append(first, rest...)
}

// taken tells whether a till has the place. A lost one has it no more, unless a
// stranger answers there: that one is announced, not asked again. r.mu is held.
func (r *Roamer) taken(at wire.Address) bool {
	for _, f := range r.fixed {
		if wire.Same(f.At, at) {
			return true
		}
	}
	for _, c := range r.cables {
		if a, err := wire.ParseAddress(c.addr); err == nil && wire.Same(a, at) && (!c.gone || c.stray != nil) {
			return true
		}
	}
	return false
}

// ask asks a place for the lost tills, in their own words and at their own
// speeds, until one answers.
func (r *Roamer) ask(ctx context.Context, p place, lost []*Cable) {
	tried := map[string]bool{}
	for _, c := range lost {
		r.mu.Lock()
		q, baud := c.question(p)
		may := c.mayBe(p)
		r.mu.Unlock()
		id := fmt.Sprintf("%s %d %s", q.driver, baud, c.conf.Link)
		if tried[id] || !slices.Contains(q.kinds, p.kind) || !may {
			continue
		}
		tried[id] = true
		at := p
		if baud != 0 {
			at.at.Baud = baud
		}
		got, err := r.finder.look(ctx, at, []question{q}, func(what string) {
			r.log.Debug("looking for a lost till", "till", c.conf.Name, "at", at.at.String(), "asks", what)
		})
		said := asked{at: time.Now()}
		if err == nil {
			said.found = &got
		}
		r.mu.Lock()
		r.asked[p.key()] = said
		r.mu.Unlock()
		if err == nil || errors.Is(err, drivers.ErrStranger) || errors.Is(err, errTalks) {
			return
		}
	}
}

// assign gives lost cables the places where their tills answered. r.mu is held.
func (r *Roamer) assign() {
	for _, c := range r.lost() {
		var at string
		for k, said := range r.asked {
			if f := said.found; f != nil && c.is(f) && !r.taken(f.at) {
				at = k
			}
		}
		if at == "" && !c.known() {
			at = r.onlyOne(c)
		}
		if at == "" {
			continue
		}
		f := r.asked[at].found
		delete(r.asked, at)
		c.addr, c.gone, c.stray = f.at.String(), false, nil
		c.pending = append(c.pending, f.Pending...)
		r.log.Info("a till has been found", "till", c.conf.Name, "at", c.addr, "serial", f.Serial, "fn", f.FN)
	}
}

// onlyOne finds the place of the only till that is nobody's, for a cable that is
// bound to none; "" when there are several, or none. r.mu is held.
func (r *Roamer) onlyOne(c *Cable) string {
	at := ""
	for k, said := range r.asked {
		f := said.found
		if f == nil || f.driver != c.conf.Driver || f.printer || r.taken(f.at) || slices.ContainsFunc(r.cables, func(o *Cable) bool { return o.known() && o.is(f) }) {
			continue
		}
		if at != "" {
			return ""
		}
		at = k
	}
	return at
}

// exchange gives tills that took each other's places their own again: each is a
// stranger where the other one belongs. r.mu is held.
func (r *Roamer) exchange() {
	moves := map[*Cable]*Cable{} // who goes to whose place
	for _, c := range r.lost() {
		for _, o := range r.cables {
			if o != c && o.stray != nil && c.known() && c.is(&find{Found: drivers.Found{Identity: *o.stray}, driver: o.conf.Driver}) {
				moves[c] = o
			}
		}
	}
	to := map[*Cable]string{}
	for c, o := range moves {
		to[c] = o.addr
		if _, moving := moves[o]; !moving {
			to[o] = ""
		}
	}
	for c, addr := range to {
		r.log.Info("tills have changed places", "till", c.conf.Name, "at", addr)
		c.addr, c.stray, c.gone = addr, nil, addr == ""
	}
}
