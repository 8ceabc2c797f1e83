package tilltest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/fnprint"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
	"github.com/chekan-io/chekan/sim/printer"
)

// FNPrintMachine is a fiscal memory and a printer on a cable each, and the
// till's own memory, which lies on the agent's disk and outlives its power.
type FNPrintMachine struct {
	*fn.Device
	Printer      *printer.Device
	Cable, Paper *wiretest.Cable
	memory       flash.Log
	profile      escpos.Profile
	visits       int          // of the person at the till
	aged         atomic.Int64 // how far Age has moved the computer's clock
}

var _ Machine = (*FNPrintMachine)(nil)

// FNPrint makes tills of a fiscal memory and a printer.
func FNPrint() Maker {
	return Maker{Driver: "fnprint", Make: func(bank flash.Bank, fresh bool) (Machine, error) {
		profile, ok := escpos.FindProfile("")
		if !ok {
			return nil, fmt.Errorf("no usual printer")
		}
		o := fn.DeviceOptions{Bank: bank}
		if !fresh {
			o.Registration = &fiscal.Registration{
				INN: INN, RNM: RNM, Serial: Serial, User: "Ромашка", Address: "г. Орёл, ул. Ленина, 1", Place: "Магазин", TaxSystems: 0x3F, FFD: "1.05",
				OFDINN: "9715260691", OFDName: "Платформа ОФД", Cashier: fiscal.Cashier{Name: "Иванова"},
			}
		}
		memory, err := bank.Open("kkt")
		if err != nil {
			return nil, err
		}
		device, err := fn.NewDevice(o)
		if err != nil {
			return nil, err
		}
		m := &FNPrintMachine{Device: device, Printer: printer.New(printer.Options{Profile: profile}), memory: memory, profile: profile}
		m.Cable = &wiretest.Cable{Serve: func(end io.ReadWriteCloser) { go func() { _ = m.Serve(context.Background(), end) }() }}
		m.Paper = &wiretest.Cable{Serve: func(end io.ReadWriteCloser) { go func() { _ = m.Printer.Serve(context.Background(), end) }() }}
		return m, nil
	}}
}

// Driver implements Machine.
func (m *FNPrintMachine) Driver(between Between, log *slog.Logger) drivers.Till {
	return fnprint.New(between.dial(m.Cable.Dial), between.dial(m.Paper.Dial), kktMemory{m.memory, between}, fnprint.Options{
		Profile: m.profile, Log: log, Now: func() time.Time { return time.Now().Add(time.Duration(m.aged.Load())) },
	})
}

// PowerCut implements Machine: one plug for both.
func (m *FNPrintMachine) PowerCut() {
	m.Printer.SetPower(false)
	m.Device.PowerCut()
}

// PowerOn implements Machine.
func (m *FNPrintMachine) PowerOn() {
	m.Device.PowerOn()
	m.Printer.SetPower(true)
}

// Unplug implements Machine.
func (m *FNPrintMachine) Unplug() {
	m.Cable.Unplug()
	m.Paper.Unplug()
}

// Plug implements Machine.
func (m *FNPrintMachine) Plug() {
	m.Cable.Plug()
	m.Paper.Plug()
}

// Up implements Machine.
func (m *FNPrintMachine) Up() bool { return m.Device.Up() && m.Cable.Plugged() }

// Attend implements Machine.
func (m *FNPrintMachine) Attend(dead bool) {
	if m.Printer.Paper() == 0 {
		m.Printer.Refill()
	}
	m.Printer.SetCover(false)
	m.Printer.SetJam(false)
	m.Printer.SetPlugged(true)
	if m.visits++; m.visits%4 == 0 { // a printer that says nothing is noticed late
		m.Printer.Recover()
	}
	if dead && m.Powered() {
		m.PowerCut()
		m.PowerOn()
	}
}

// Age implements Machine: the computer's clock is the till's.
func (m *FNPrintMachine) Age(d time.Duration) {
	m.aged.Add(int64(d))
	m.Device.Age(d)
}

// Close implements Machine.
func (m *FNPrintMachine) Close() error {
	if err := m.Printer.Close(); err != nil {
		return fmt.Errorf("close the printer: %w", err)
	}
	return m.Device.Close()
}

// Count implements Machine by the till's own memory.
func (m *FNPrintMachine) Count(kind fiscal.Kind) uint32 {
	s, err := kktMemory{m.memory, Between{}}.Load()
	if err != nil {
		return 0
	}
	switch kind { //nolint:exhaustive // the others leave documents
	case fiscal.CashIn:
		return s.CashIns
	case fiscal.CashOut:
		return s.CashOuts
	case fiscal.XReport:
		return s.XReports
	}
	panic(fmt.Sprint(kind, " is not counted"))
}

// kktMemory keeps the driver's memory in a simulated flash, so that a scene can
// be copied.
type kktMemory struct {
	log     flash.Log
	between Between
}

// Load implements fnprint.Memory.
func (k kktMemory) Load() (fnprint.State, error) {
	records, err := k.log.Records()
	if err != nil {
		return fnprint.State{}, err
	}
	if len(records) == 0 {
		return fnprint.State{}, fnprint.ErrNoMemory
	}
	var s fnprint.State
	return s, json.Unmarshal(records[len(records)-1], &s)
}

// Save implements fnprint.Memory.
func (k kktMemory) Save(s fnprint.State) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return k.between.save(func() error { return k.log.Replace(b) })
}
