package explore

import (
	"fmt"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/sim/fault"
	"github.com/chekan-io/chekan/sim/fn"
	"github.com/chekan-io/chekan/sim/printer"
)

// memoryFailures are those of a fiscal memory on its own cable.
func memoryFailures() (all []series) {
	for _, phase := range []fn.Fault{
		{Phase: fault.OnReceive},
		{Phase: fault.OnReceive, At: 3},
		{Phase: fault.Before},
		{Phase: fault.OnCommit},
		{Phase: fault.After},
		{Phase: fault.OnAnswer},
		{Phase: fault.OnAnswer, At: 3},
	} {
		for _, f := range []fn.Fault{
			{Action: fault.PowerCut, For: darkness},
			{Action: fault.Reboot},
			{Action: fault.Hang, For: 40 * time.Second},
			{Action: fault.Hang},
			{Action: fault.LoseAnswer},
			{Action: fault.ForgetAnswer},
			{Action: fault.Garble},
			{Action: fault.Duplicate},
			{Action: fault.Delay, For: 200 * time.Second},
			{Action: fault.CloseLink},
			{Action: fault.Refuse, Code: byte(codec.ErrState)},
			{Action: fault.Refuse, Code: byte(codec.ErrFailure)},
			{Action: fault.Refuse, Code: byte(codec.ErrNoData)},
			{Action: fault.Refuse, Code: byte(codec.ErrParameter)},
		} {
			f.Phase, f.At = phase.Phase, phase.At
			all = append(all, series{f.String(), func(n int) *mishap { f.Nth = n; return ofMemory(f) }, f.Phase == fault.OnCommit, 6})
		}
	}
	return all
}

func ofMemory(f fn.Fault) *mishap {
	return &mishap{name: f.String(), arm: func(m tilltest.Machine) func() bool {
		plan := m.(*tilltest.FNPrintMachine).Plan() //nolint:forcetypeassert // made for this machine
		id := plan.Add(f)
		return func() bool { return plan.Fired(id) }
	}}
}

// printerPace is how many bytes lie between two tries at the printer: a line
// has some thirty.
const printerPace = 17

// printerFailures are those of the printer, behind any byte it is sent.
func printerFailures() (all []series) {
	for _, f := range []printer.Fault{
		{Kind: printer.PaperOut},
		{Kind: printer.CoverOpen},
		{Kind: printer.Hang, For: 40 * time.Second},
		{Kind: printer.Hang},
		{Kind: printer.Unplug},
		{Kind: printer.PowerCut, For: darkness},
		{Kind: printer.Busy, For: 30 * time.Second},
		{Kind: printer.Garbage},
		{Kind: printer.Jam},
		{Kind: printer.Overheat, For: 30 * time.Second},
	} {
		name := fmt.Sprint("printer: ", f.Kind, " ", f.For)
		all = append(all, series{name, func(n int) *mishap {
			behind := int64(1 + n*printerPace)
			return &mishap{name: fmt.Sprintf("%s behind byte %d", name, behind), arm: func(m tilltest.Machine) func() bool {
				p := m.(*tilltest.FNPrintMachine).Printer //nolint:forcetypeassert // made for this machine
				f := f
				f.At = p.Received() + behind
				p.Plan(f)
				return func() bool { return p.Received() >= f.At }
			}}
		}, false, 6})
	}
	return all
}
