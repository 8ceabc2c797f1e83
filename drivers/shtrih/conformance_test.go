package shtrih_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers/drivertest"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	simfn "github.com/chekan-io/chekan/sim/fn"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// variant is one simulated till and one way to talk to it.
type variant struct {
	name string
	sim  sim.Options
	opts shtrih.Options
	tcp  bool
	// lose is how an answer gets lost: kept by the till for whoever asks, or
	// gone.
	lose sim.Action
}

var variants = []variant{
	{name: "serial, standard link", lose: sim.LoseAnswer},
	{name: "serial, answers gone for good", lose: sim.ForgetAnswer},
	{name: "tcp, standard link", tcp: true, lose: sim.CloseLink},
	{name: "numbered link", opts: shtrih.Options{Link: shtrih.LinkNumbered}, lose: sim.LoseAnswer},
	{name: "numbered link, connection lost", opts: shtrih.Options{Link: shtrih.LinkNumbered}, lose: sim.CloseLink},
	{name: "reboot instead of an answer", lose: sim.RebootNow},
	{name: "strict till", lose: sim.LoseAnswer, sim: sim.Options{
		IgnoreIdleSTX: true, StrictConfirm: true, NAKJunk: true, KeepPendingOnSTX: true, TailFF: sim.TailAlways,
		FNOpen: sim.FNOpenAtItem, ShortF7: true, ShortFFError: true, BareE0: true, ShortStatus: 16, FullStatus: 52,
	}},
	{name: "FFD 1.2 till", lose: sim.LoseAnswer, sim: sim.Options{
		Model: 152, DocumentTime: true, ExtendedErr: true, FNOpen: sim.FNOpenAtClose, BusyHears: true,
		Registration: &simfn.Registration{
			INN: "5752203694", RNM: "0000000005008570", TaxSystems: 0x3F, OFDINN: "7709364346", OFDName: "Первый ОФД",
			User: "ООО «Ромашка»", Address: "Орёл", Place: "Магазин", KKTSerial: "0000000000004239", FFD: 4,
		},
	}},
	{name: "slow till with a cashier's password", opts: shtrih.Options{CashierPassword: 3}, lose: sim.LoseAnswer, sim: sim.Options{
		Timing: sim.RealTiming, PrintSpeed: 50 * time.Millisecond, SubmodeError: true,
	}},
}

func TestConformance(t *testing.T) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			drivertest.RunBubble(t, v.rig)
		})
	}
}

// rig serves the simulated till on an in-memory cable.
func (v variant) rig(t *testing.T) drivertest.Rig {
	device := newDevice(t, v.sim)
	serve := device.Serve
	if v.tcp {
		serve = device.ServeTCP
	}
	ctx, cancel := context.WithCancel(t.Context())
	cable := &wiretest.Cable{Serve: func(end io.ReadWriteCloser) {
		go func() { _ = serve(ctx, end) }()
	}}
	t.Cleanup(func() {
		cancel()
		cable.Unplug()
	})
	r := faults(device, v.lose)
	r.Till = shtrih.New(cable.Dial, v.opts)
	r.Unplug, r.Plug = cable.Unplug, cable.Plug
	return r
}

// intoTheCalendar lets the first days of a bubble pass. It begins at midnight UTC of 1 January 2000: west of there that is a year before
// the tills' calendar. Outside of a bubble they are over.
func intoTheCalendar() {
	<-time.After(time.Until(time.Date(2000, time.January, 3, 9, 0, 0, 0, time.Local)))
}

func newDevice(t *testing.T, opts sim.Options) *sim.Device {
	t.Helper()
	intoTheCalendar()
	if opts.PrintSpeed == 0 {
		opts.PrintSpeed = 5 * time.Millisecond
	}
	device, err := sim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := device.FN().Verify(); err != nil {
			t.Errorf("the fiscal memory is damaged: %v", err)
		}
		if err := device.Close(); err != nil {
			t.Error(err)
		}
	})
	return device
}

// faults makes a rig of what the simulator can do wrong.
func faults(device *sim.Device, lose sim.Action) drivertest.Rig {
	plan := func(f sim.Fault) func() { return func() { device.Plan().Add(f) } }
	losing := func(code codec.Code) func() {
		phase := sim.After
		if lose == sim.ForgetAnswer || lose == sim.LoseAnswer {
			phase = sim.OnAnswer
		}
		return plan(sim.Fault{Command: code, Phase: phase, Action: lose})
	}
	return drivertest.Rig{
		Acknowledge: acknowledge,
		Documents: func() []fiscal.Document {
			var docs []fiscal.Document
			for _, d := range device.FN().List() {
				docs = append(docs, d.Fact())
			}
			return docs
		},
		PaperOut:        device.RemovePaper,
		PaperIn:         func() { device.InsertPaper(0) },
		PaperOutInPrint: plan(sim.Fault{Command: codec.CodeCloseReceiptV2, Phase: sim.OnPrint, At: 3, Action: sim.PaperOut}),
		LoseAnswer:      losing(codec.CodeCloseReceiptV2),
		LoseShiftAnswer: losing(codec.CodeOpenShift),
		LoseCashAnswer:  losing(codec.CodeCashIn),
		LoseCommand:     plan(sim.Fault{Command: codec.CodeCloseReceiptV2, Phase: sim.Before, Action: sim.RebootNow}),
		Refuse:          plan(sim.Fault{Command: codec.CodeCloseReceiptV2, Phase: sim.Before, Action: sim.Refuse, Code: 0x33}),
		Busy: func(d time.Duration) {
			device.Plan().Add(sim.Fault{Action: sim.Busy, For: d})
		},
		Hang:      device.Hang,
		LeaveOpen: plan(sim.Fault{Action: sim.ForeignOpen}),
		Stick:     plan(sim.Fault{Action: sim.Stuck}),
		AgeShift:  func() { device.Age(24*time.Hour + time.Minute) },
	}
}
