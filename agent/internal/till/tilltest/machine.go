package tilltest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// Machine is what stands at the other end of the wires: the devices of one
// till with their memories, and the truth about what they did. Stories that
// hold for every kind of till are told of a Machine.
type Machine interface {
	// Driver makes the driver of a new life of the agent.
	Driver(between Between, log *slog.Logger) drivers.Till
	PowerCut()
	PowerOn()
	Reboot()
	Unplug()
	Plug()
	// Up tells whether it would answer a command now and prints nothing.
	Up() bool
	// Attend does what a person at the till does after a while: paper in,
	// cover closed; dead is that the agent has not reached it for long.
	Attend(dead bool)
	// Age lets time pass on every clock of the till.
	Age(d time.Duration)
	// FN is the fiscal memory: the truth.
	FN() *fn.Accumulator
	// Count is how often the till itself counted what leaves no fiscal
	// document: cash in, cash out, X reports.
	Count(kind fiscal.Kind) uint32
	// Close ends the devices, which keep their memories.
	Close() error
}

// Between is what tests put between a driver and what it touches. The zero value
// is nothing.
type Between struct {
	// Dial goes between the driver and every cable.
	Dial func(wire.DialFunc) wire.DialFunc
	// Save goes around every durable write of a driver that keeps a memory.
	Save func(save func() error) error
}

func (b Between) dial(d wire.DialFunc) wire.DialFunc {
	if b.Dial == nil {
		return d
	}
	return b.Dial(d)
}

func (b Between) save(do func() error) error {
	if b.Save == nil {
		return do()
	}
	return b.Save(do)
}

// Maker makes machines of one kind over their memories: a new one when the
// bank is empty, the one of before otherwise. fresh leaves a new one as it
// comes from the factory, not registered.
type Maker struct {
	Driver string
	Make   func(bank flash.Bank, fresh bool) (Machine, error)
}

// Makers is every kind of till there is a driver for, as it comes.
func Makers() []Maker { return []Maker{Shtrih(sim.Options{}), FNPrint()} }

// Of the registered till.
const (
	INN    = "7702203276"
	Serial = "0000000000004239"
)

// RNM is its registration number.
var RNM = fiscal.MakeRNM("0000000005", INN, Serial)

// ShtrihMachine is a simulated Shtrih-M on its cable.
type ShtrihMachine struct {
	*sim.Device
	Cable *wiretest.Cable
}

var _ Machine = (*ShtrihMachine)(nil)

// Shtrih makes Shtrih-M tills of the options.
func Shtrih(o sim.Options) Maker {
	return Maker{Driver: "shtrih", Make: func(bank flash.Bank, fresh bool) (Machine, error) {
		o := o
		o.Bank, o.Unregistered = bank, fresh
		o.Registration = &fn.Registration{
			INN: INN, RNM: RNM, TaxSystems: 0x3F, OFDINN: "9715260691", OFDName: "Платформа ОФД", User: "Ромашка", Address: "г. Орёл, ул. Ленина, 1",
			Place: "Магазин", KKTSerial: Serial, FFD: 2,
		}
		device, err := sim.New(o)
		if err != nil {
			return nil, err
		}
		return &ShtrihMachine{Device: device, Cable: &wiretest.Cable{Serve: func(end io.ReadWriteCloser) {
			go func() { _ = device.Serve(context.Background(), end) }()
		}}}, nil
	}}
}

// Driver implements Machine.
func (m *ShtrihMachine) Driver(between Between, log *slog.Logger) drivers.Till {
	return shtrih.New(between.dial(m.Cable.Dial), shtrih.Options{Log: log})
}

// Unplug implements Machine.
func (m *ShtrihMachine) Unplug() { m.Cable.Unplug() }

// Plug implements Machine.
func (m *ShtrihMachine) Plug() { m.Cable.Plug() }

// Up implements Machine.
func (m *ShtrihMachine) Up() bool {
	return m.Device.Up() && m.Cable.Plugged() && m.State().Submode < 4
}

// Attend implements Machine.
func (m *ShtrihMachine) Attend(dead bool) {
	s := m.State()
	if !s.Paper {
		m.InsertPaper(0)
	}
	if s.Cover {
		m.CloseCover()
	}
	if dead && s.Powered {
		m.PowerCut()
		m.PowerOn()
	}
}

// Count implements Machine by the operation registers (Shtrih protocol 1.17, §7).
func (m *ShtrihMachine) Count(kind fiscal.Kind) uint32 {
	switch kind { //nolint:exhaustive // the others leave documents
	case fiscal.CashIn:
		return m.Device.Count(153)
	case fiscal.CashOut:
		return m.Device.Count(154)
	case fiscal.XReport:
		return m.Device.Count(158)
	}
	panic(fmt.Sprint(kind, " is not counted"))
}
