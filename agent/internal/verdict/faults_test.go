package verdict_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/agent/internal/verdict"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// trouble is one fault of the simulator in the middle of a sale.
type trouble struct {
	name  string
	fault sim.Fault
	mend  func(*sim.Device) // what a person does after a while; nil is nothing
	// doubt expects that only a person can tell.
	doubt bool
}

const (
	opening = shtrih.CodeOpenReceipt
	item    = shtrih.CodeOperationV2
	closing = shtrih.CodeCloseReceiptV2
	moment  = 1500 * time.Millisecond
	// long is a sale during which even a crowded computer draws that it began: the
	// page hears of it every two seconds.
	long = 15 * time.Second
	// patience is how long a test waits for what must happen: only a failure takes so long.
	patience = 2 * time.Minute
)

func at(code shtrih.Code, phase sim.Phase, action sim.Action, change ...func(*sim.Fault)) sim.Fault {
	f := sim.Fault{Command: code, Phase: phase, Action: action}
	for _, c := range change {
		c(&f)
	}
	return f
}

func lasting(d time.Duration) func(*sim.Fault) { return func(f *sim.Fault) { f.For = d } }
func byteAt(n int) func(*sim.Fault)            { return func(f *sim.Fault) { f.At = n } }
func coded(c byte) func(*sim.Fault)            { return func(f *sim.Fault) { f.Code = c } }

func newRoll(d *sim.Device)   { d.InsertPaper(0) }
func shut(d *sim.Device)      { d.CloseCover() }
func powerBack(d *sim.Device) { d.PowerOn() }

// troubles are the published list; the oracle, not this table, says what each
// leaves in the fiscal memory.
var troubles = []trouble{
	{name: "nothing wrong"},

	{name: "close: answer lost", fault: at(closing, sim.OnAnswer, sim.LoseAnswer, byteAt(4))},
	{name: "close: answer forgotten", fault: at(closing, sim.After, sim.ForgetAnswer)},
	{name: "close: answer garbled", fault: at(closing, sim.OnAnswer, sim.Garble, byteAt(7))},
	{name: "close: answer twice", fault: at(closing, sim.OnAnswer, sim.Duplicate)},
	{name: "close: former answer again", fault: at(closing, sim.OnAnswer, sim.Replay)},
	{name: "close: answer late", fault: at(closing, sim.After, sim.Delay, lasting(6*time.Second))},
	{name: "close: no ACK", fault: at(closing, sim.OnReceive, sim.LoseACK)},
	{name: "close: NAK", fault: at(closing, sim.OnReceive, sim.NAKRequest)},
	{name: "close: link cut in the request", fault: at(closing, sim.OnReceive, sim.CloseLink, byteAt(9))},
	{name: "close: link cut before", fault: at(closing, sim.Before, sim.CloseLink)},
	{name: "close: link cut after", fault: at(closing, sim.After, sim.CloseLink)},
	{name: "close: link cut in the answer", fault: at(closing, sim.OnAnswer, sim.CloseLink, byteAt(5))},

	{name: "close: power cut in the request", fault: at(closing, sim.OnReceive, sim.PowerCut, byteAt(9)), mend: powerBack},
	{name: "close: power cut before", fault: at(closing, sim.Before, sim.PowerCut), mend: powerBack},
	{name: "close: power cut at the commit", fault: at(closing, sim.OnCommit, sim.PowerCut), mend: powerBack},
	{name: "close: power cut in print", fault: at(closing, sim.OnPrint, sim.PowerCut, byteAt(2)), mend: powerBack},
	{name: "close: power cut after", fault: at(closing, sim.After, sim.PowerCut), mend: powerBack},
	{name: "close: power cut in the answer", fault: at(closing, sim.OnAnswer, sim.PowerCut, byteAt(5)), mend: powerBack},

	{name: "close: reboot before", fault: at(closing, sim.Before, sim.RebootNow)},
	{name: "close: reboot at the commit", fault: at(closing, sim.OnCommit, sim.RebootNow)},
	{name: "close: reboot after", fault: at(closing, sim.After, sim.RebootNow)},

	{name: "close: paper out before", fault: at(closing, sim.Before, sim.PaperOut), mend: newRoll},
	{name: "close: paper out in print", fault: at(closing, sim.OnPrint, sim.PaperOut, byteAt(3)), mend: newRoll},
	{name: "close: paper out after", fault: at(closing, sim.After, sim.PaperOut), mend: newRoll},
	{name: "close: cover open before", fault: at(closing, sim.Before, sim.CoverOpen), mend: shut},
	{name: "close: cover open in print", fault: at(closing, sim.OnPrint, sim.CoverOpen, byteAt(3)), mend: shut},

	{name: "close: hang before", fault: at(closing, sim.Before, sim.Hang, lasting(moment))},
	{name: "close: hang at the commit", fault: at(closing, sim.OnCommit, sim.Hang, lasting(moment))},
	{name: "close: hang after", fault: at(closing, sim.After, sim.Hang, lasting(moment))},
	{name: "close: hang till reboot", fault: at(closing, sim.Before, sim.Hang), mend: func(d *sim.Device) { d.Reboot() }},
	{name: "close: busy", fault: at(closing, sim.Before, sim.Busy, lasting(moment))},

	{name: "close: refused, FN error", fault: at(closing, sim.Before, sim.Refuse, coded(0x02))},
	{name: "close: refused, sum", fault: at(closing, sim.Before, sim.Refuse, coded(0x45))},
	{name: "close: refused, mode", fault: at(closing, sim.Before, sim.Refuse, coded(0x73))},
	{name: "close: done, yet an error is told", fault: at(closing, sim.After, sim.Refuse, coded(0x50))},

	{name: "close: foreign receipt after", fault: at(closing, sim.After, sim.Foreign, coded(7))},
	{name: "close: equal foreign receipt, answer forgotten", fault: at(closing, sim.After, sim.Foreign, coded(44)), doubt: true},
	{name: "open: foreign receipt before", fault: at(opening, sim.Before, sim.Foreign, coded(7))},
	{name: "open: foreign open receipt", fault: at(opening, sim.Before, sim.ForeignOpen)},
	{name: "close: taken over", fault: at(closing, sim.Before, sim.TakeOver)},

	{name: "open: answer forgotten", fault: at(opening, sim.After, sim.ForgetAnswer)},
	{name: "open: power cut", fault: at(opening, sim.Before, sim.PowerCut), mend: powerBack},
	{name: "open: paper out", fault: at(opening, sim.Before, sim.PaperOut), mend: newRoll},
	{name: "open: shift grows old", fault: at(opening, sim.Before, sim.AgeShift)},
	{name: "open: document hangs in the FN", fault: at(opening, sim.Before, sim.HangFNDocument)},
	{name: "item: answer forgotten", fault: at(item, sim.After, sim.ForgetAnswer)},
	{name: "item: power cut", fault: at(item, sim.After, sim.PowerCut), mend: powerBack},
	{name: "item: refused", fault: at(item, sim.Before, sim.Refuse, coded(0x33))},
	{name: "item: stuck in a service mode", fault: at(item, sim.Before, sim.Stuck)},
}

// roubles is what the sale costs, and the equal foreign receipt.
const roubles = 44

// sums counts the receipts of the sale's sum in the fiscal memory: the oracle.
func sums(d *sim.Device) (n int) {
	for _, doc := range d.FN().List() {
		if doc.Type == fiscal.DocReceipt && doc.Op == 1 && doc.Sum == roubles*100 {
			n++
		}
	}
	return n
}

// TestBrowser_faults: whatever happens to a sale, the colour that a cashier sees
// is what the fiscal memory holds, at every moment.
func TestBrowser_faults(t *testing.T) {
	if len(troubles) < 30 {
		t.Fatalf("only %d troubles", len(troubles))
	}
	e := look(t)
	const windows = 4
	var all sync.WaitGroup
	next := make(chan trouble)
	var mu sync.Mutex
	colours := map[string]int{}
	var slowest time.Duration
	for w := range windows {
		all.Go(func() {
			for c := range next {
				t.Run(c.name, func(t *testing.T) {
					colour, took := suffer(t, e, fmt.Sprint("window ", w), c)
					mu.Lock()
					colours[colour]++
					slowest = max(slowest, took)
					mu.Unlock()
				})
			}
		})
	}
	for _, c := range troubles {
		next <- c
	}
	close(next)
	all.Wait()
	played := colours["green"] + colours["red"] + colours["amber"]
	t.Logf("VERDICT faults=%d green=%d red=%d person=%d amber_worst=%v", played, colours["green"], colours["red"], colours["amber"], slowest.Round(10*time.Millisecond))
	if played == len(troubles) && (colours["green"] < 8 || colours["red"] < 8) {
		t.Errorf("one-sided troubles prove little: %v", colours)
	}
}

// suffer plays one trouble and compares what was seen with the oracle. It gives
// the final colour and how long amber stood once the till could answer.
func suffer(t *testing.T, e *eye, page string, c trouble) (colour string, amber time.Duration) {
	s := serve(t, name)
	s.OpenShift(t, name)
	d := s.Devices[name]
	e.do(t, "open", m{"page": page, "url": s.link(t)})
	defer func() { e.do(t, "open", m{"page": page, "url": "about:blank"}) }()
	e.until(t, page, `d.colour === "green" && d.operation === "open-`+name+`"`, patience)
	id := ""
	if c.fault.Action != "" {
		id = d.Plan().Add(c.fault)
	}
	if c.doubt {
		d.Plan().Add(at(closing, sim.After, sim.ForgetAnswer))
	}

	op := tilltest.Sale("sale", name)
	op.Receipt.Items = []*fiscalv1.Item{{Name: "Кофе", Quantity: "1", Price: roubles * 100, Vat: "20"}}
	op.Receipt.Payments = &fiscalv1.Payments{Electronic: roubles * 100}
	began := time.Now()
	answered := make(chan struct{})
	asker, leave := context.WithCancel(context.Background())
	defer leave()
	go func() {
		defer close(answered)
		_, _ = s.Fleet.Submit(asker, op, patience)
	}()
	// The asker hears nothing of the end; before the till has begun he would take the sale back.
	await(t, "the sale begins", func() bool { _, err := s.Journal.Get("sale"); return err == nil })
	leave()
	if id != "" {
		await(t, "the fault strikes", func() bool { return d.Plan().Fired(id) })
	}
	able := began.Add(c.fault.For)
	if c.mend != nil {
		hold(t, moment)
		e.shot(t, page, slug(c.name)+"-before")
		c.mend(d)
	}
	if err := d.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.mend != nil || c.fault.Action == sim.RebootNow {
		able = time.Now()
	}
	want := `["green","red"].includes(d.colour)`
	if c.doubt {
		want = `d.phase === "person"`
	}
	e.until(t, page, `d.operation === "sale" && `+want, patience)
	hold(t, 300*time.Millisecond) // a wrong colour may come after the right one
	got := e.see(t, page)
	e.shot(t, page, slug(c.name))
	<-answered

	fiscalised := sums(d)
	if c.doubt {
		if fiscalised != 2 || got.Colour != "amber" {
			t.Errorf("%d equal receipts in the fiscal memory, the page shows %s", fiscalised, got.Colour)
		}
		return got.Colour, 0
	}
	oracle := map[int]string{0: "red", 1: "green"}[fiscalised]
	if got.Colour != oracle {
		t.Errorf("%d receipts in the fiscal memory, the page is %s: %s %s", fiscalised, got.Colour, got.Headline, got.Advice)
	}
	var first, last time.Time // amber, and its end
	for _, g := range got.Seen {
		when := time.UnixMilli(g.At)
		switch {
		case g.Operation != "sale":
			if !first.IsZero() {
				t.Errorf("%s of another operation %v into the sale", g.Colour, when.Sub(began))
			}
		case g.Colour == "amber":
			if first.IsZero() {
				first = when
			}
		case g.Colour == "green" || g.Colour == "red":
			if g.Colour != oracle {
				t.Errorf("%s after %v, though %d receipts are in the fiscal memory", g.Colour, when.Sub(began), fiscalised)
			}
			if last.IsZero() {
				last = when
			}
		}
	}
	// A sale of some milliseconds may end before anything is drawn, whatever
	// the till suffers after it.
	sale, err := s.Fleet.Operation(t.Context(), "sale", 0)
	if err != nil {
		t.Fatal(err)
	}
	if sale.GetEndedMs()-sale.GetAcceptedMs() >= long.Milliseconds() && first.IsZero() {
		t.Error("the verdict before stood all the time the sale was made")
	}
	if amber = last.Sub(able); amber > verdict.SettleLimit {
		t.Errorf("amber for %v after the till could answer", amber)
	}
	if !strings.Contains(got.Todo, "карт") {
		t.Errorf("nothing said about the card: %q", got.Todo)
	}
	return got.Colour, max(amber, 0)
}

func slug(name string) string {
	return strings.NewReplacer(": ", "-", ", ", "-", " ", "-").Replace(name)
}

// await polls a condition of the simulator.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never happened: %s", what)
		}
	}
}

// hold lets a person's moment pass, in which the page has time to be wrong.
func hold(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}
