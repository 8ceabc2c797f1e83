package fnprint_test

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers/drivertest"
	"github.com/chekan-io/chekan/drivers/fnprint"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/protocol/ofd"
	"github.com/chekan-io/chekan/sim/fault"
	simfn "github.com/chekan-io/chekan/sim/fn"
	simprinter "github.com/chekan-io/chekan/sim/printer"
)

// variant is one simulated till and one way for answers to get lost.
type variant struct {
	name    string
	format  string // FFD
	fn      simfn.DeviceOptions
	printer simprinter.Options
	lose    fault.Action
	phase   fault.Phase
	taxes   fiscal.TaxSystem // registered; 0 is all
	factory bool             // not registered
	modes   fiscal.Mode
}

var variants = []variant{
	{name: "answers come by ENQ", lose: fault.LoseAnswer, phase: fault.OnAnswer},
	{name: "answers gone for good", lose: fault.ForgetAnswer, phase: fault.OnAnswer},
	{name: "blocks with their length", lose: fault.LoseAnswer, phase: fault.OnAnswer, fn: simfn.DeviceOptions{BlockLength: true, ShortQueue: true}},
	{name: "messages with their session header", lose: fault.LoseAnswer, phase: fault.OnAnswer, fn: simfn.DeviceOptions{SessionHeader: true}},
	{name: "connection lost", lose: fault.CloseLink, phase: fault.After},
	{name: "memory restarts instead of an answer", lose: fault.Reboot, phase: fault.After},
	{
		name: "FFD 1.2, slow", format: "1.2", lose: fault.LoseAnswer, phase: fault.OnAnswer,
		fn: simfn.DeviceOptions{Timing: simfn.RealTiming}, printer: simprinter.Options{LineTime: 20 * time.Millisecond},
	},
	{
		name: "printer that forgets, 58 mm", format: "1.1", lose: fault.LoseAnswer, phase: fault.OnAnswer,
		printer: simprinter.Options{Profile: profile58(), AfterPaper: simprinter.Forgets, LineTime: 5 * time.Millisecond},
	},
	{
		name: "printer that waits to be told", lose: fault.LoseAnswer, phase: fault.OnAnswer,
		printer: simprinter.Options{AfterPaper: simprinter.Waits, LineTime: 5 * time.Millisecond},
	},
}

func TestConformance(t *testing.T) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			drivertest.RunBubble(t, func(t *testing.T) drivertest.Rig { return newRig(t, v).Rig })
		})
	}
}

const (
	shopINN    = "7702203276"
	tillSerial = "0000000000004239"
)

// shop is what the simulated till is registered with.
func shop(format string) *fiscal.Registration {
	if format == "" {
		format = "1.05"
	}
	return &fiscal.Registration{
		INN: shopINN, RNM: fiscal.MakeRNM("0000000005", shopINN, tillSerial), Serial: tillSerial, User: "ООО \"Ромашка\"",
		Address: "302028, г. Орёл, ул. Ленина, 1", Place: "Магазин", TaxSystems: 0x3F, FFD: format, OFDINN: "7709364346", OFDName: "Первый ОФД",
		Cashier: fiscal.Cashier{Name: "Петрова Н. И."},
	}
}

// rig is a till of two devices.
type rig struct {
	drivertest.Rig
	till    *fnprint.Till
	fn      *simfn.Device
	printer *simprinter.Device
	memory  *keeper
	profile escpos.Profile
	whole   bool // messages of the operator travel with their session header
	wires   [2]*wiretest.Cable
	clock   atomic.Int64 // how far the computer's clock is on
}

// keeper is the till's memory in this process.
type keeper struct {
	mu    sync.Mutex
	state fnprint.State
	kept  bool
	torn  bool
	lose  bool // the next Save of a cash in does its work and reports an error
	fail  bool // the next Save does nothing and reports an error
}

func (k *keeper) Load() (fnprint.State, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.torn:
		k.torn = false
		return fnprint.State{}, fnprint.ErrTornMemory
	case !k.kept:
		return fnprint.State{}, fnprint.ErrNoMemory
	}
	return k.state, nil
}

func (k *keeper) Save(s fnprint.State) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail {
		k.fail = false
		return io.ErrShortWrite
	}
	counted := s.CashIns > k.state.CashIns
	k.state, k.kept = s, true
	if k.lose && counted {
		k.lose = false
		return io.ErrUnexpectedEOF
	}
	return nil
}

// exclusive serves one connection after another, as a wire does: the one
// before has to be over.
func exclusive(ctx context.Context, serve func(context.Context, io.ReadWriteCloser) error) func(io.ReadWriteCloser) {
	free := make(chan struct{}, 1)
	return func(end io.ReadWriteCloser) {
		go func() {
			free <- struct{}{}
			defer func() { <-free }()
			_ = serve(ctx, end)
		}()
	}
}

// intoTheCalendar lets the first days of a bubble pass. It begins at midnight UTC of 1 January 2000: west of there that is a year before
// the tills' calendar. Outside of a bubble they are over.
func intoTheCalendar() {
	<-time.After(time.Until(time.Date(2000, time.January, 3, 9, 0, 0, 0, time.Local)))
}

// devices makes the two simulated devices.
func devices(t *testing.T, v variant) (*simfn.Device, *simprinter.Device) {
	t.Helper()
	intoTheCalendar()
	v.fn.Registration = shop(v.format)
	v.fn.Registration.Modes = v.modes
	if v.taxes != 0 {
		v.fn.Registration.TaxSystems = v.taxes
	}
	if v.factory {
		v.fn.Registration = nil
	}
	memory, err := simfn.NewDevice(v.fn)
	if err != nil {
		t.Fatal(err)
	}
	printer := simprinter.New(v.printer)
	t.Cleanup(func() {
		if err := memory.FN().Verify(); err != nil {
			t.Errorf("the fiscal memory is damaged: %v", err)
		}
		if err := memory.Close(); err != nil {
			t.Error(err)
		}
		if err := printer.Close(); err != nil {
			t.Error(err)
		}
	})
	return memory, printer
}

// newRig joins driver and devices by cables in memory.
func newRig(t *testing.T, v variant) *rig {
	t.Helper()
	r := &rig{memory: &keeper{}, profile: v.printer.Profile}
	r.fn, r.printer = devices(t, v)
	ctx, cancel := context.WithCancel(t.Context())
	r.wires[0] = &wiretest.Cable{Serve: exclusive(ctx, r.fn.Serve)}
	r.wires[1] = &wiretest.Cable{Serve: exclusive(ctx, r.printer.Serve)}
	t.Cleanup(func() {
		cancel()
		r.wires[0].Unplug()
		r.wires[1].Unplug()
	})
	r.whole = v.fn.SessionHeader
	r.open(t)
	r.faults(v)
	r.Unplug, r.Plug = r.wires[0].Unplug, r.wires[0].Plug
	return r
}

// open begins a life of the driver.
func (r *rig) open(t *testing.T) {
	t.Helper()
	r.till = fnprint.New(r.wires[0].Dial, r.wires[1].Dial, r.memory, fnprint.Options{Profile: r.profile, WholeMessages: r.whole, Now: r.now})
	t.Cleanup(func() { _ = r.till.Close() })
	r.Till = r.till
}

func (r *rig) now() time.Time { return time.Now().Add(time.Duration(r.clock.Load())) }

func (r *rig) civil() time.Time {
	now := r.now().Local()
	return time.Date(now.Year(), now.Month(), now.Day(), now.Hour(), now.Minute(), now.Second(), 0, time.UTC)
}

// faults fills the rig with what the simulators can do wrong.
func (r *rig) faults(v variant) {
	plan := func(f simfn.Fault) func() { return func() { r.fn.Plan().Add(f) } }
	r.Documents = func() []fiscal.Document {
		var docs []fiscal.Document
		for _, d := range r.fn.FN().List() {
			docs = append(docs, d.Fact())
		}
		return docs
	}
	r.Acknowledge = acknowledge
	r.PaperOut = func() { r.printer.SetPaper(0) }
	r.PaperIn = r.printer.Refill
	r.PaperOutInPrint = func() { r.printer.Plan(simprinter.Fault{Kind: simprinter.PaperOut, At: r.printer.Received() + 400}) }
	r.LoseAnswer = plan(simfn.Fault{Command: codec.CmdFormReceipt, Phase: v.phase, Action: v.lose})
	r.LoseShiftAnswer = plan(simfn.Fault{Command: codec.CmdOpenShift, Phase: v.phase, Action: v.lose})
	r.LoseCashAnswer = func() { r.memory.mu.Lock(); r.memory.lose = true; r.memory.mu.Unlock() }
	r.LoseCommand = plan(simfn.Fault{Command: codec.CmdFormReceipt, Phase: fault.Before, Action: fault.Reboot})
	r.Refuse = plan(simfn.Fault{Command: codec.CmdFormReceipt, Phase: fault.Before, Action: fault.Refuse, Code: byte(codec.ErrParameter)})
	r.Busy = func(d time.Duration) {
		r.printer.Plan(simprinter.Fault{Kind: simprinter.Busy, For: d})
	}
	r.Hang = r.fn.Hang
	r.LeaveOpen = func() { _ = r.fn.FN().Begin(simfn.CurrentReceipt, r.civil()) }
	r.Stick = func() { _ = r.fn.FN().Begin(simfn.CurrentCloseShift, r.civil()) }
	r.AgeShift = func() {
		const day = 24*time.Hour + time.Minute
		r.fn.Age(day)
		r.clock.Add(int64(day))
	}
}

// acknowledge answers a message as an operator does.
func acknowledge(message []byte) []byte {
	m, err := ofd.ParseMessage(message)
	if err != nil {
		panic(err)
	}
	c, err := ofd.ParseContainer(m.Body)
	if err != nil {
		panic(err)
	}
	a := ofd.Acknowledgement{At: fiscal.DateTime{Year: 2026, Month: 7, Day: 20}, INN: "7709364346"}
	return m.Reply(c.Acknowledge(a, [6]byte{byte(c.FD)}).Append(nil)).Append(nil)
}

// profile58 is a printer for narrow paper.
func profile58() escpos.Profile {
	p, _ := escpos.FindProfile("epson-58")
	return p
}
