package control

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	simv1 "github.com/chekan-io/chekan/proto/gen/sim/v1"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/sim/fault"
	"github.com/chekan-io/chekan/sim/fn"
	"github.com/chekan-io/chekan/sim/printer"
)

// FNPrint steers a till made of a fiscal memory and a printer: one plug gives
// both power, the cable is the memory's.
func FNPrint(memory *fn.Device, p *printer.Device) Machine { return fnprintMachine{memory, p} }

type fnprintMachine struct {
	*fn.Device
	printer *printer.Device
}

func (m fnprintMachine) Show() *simv1.Till {
	v := &simv1.Till{
		Name: m.Name(), Driver: "fnprint", Model: "ФН и принтер чеков", Fn: m.FN().Number(), Power: m.Powered(),
		Paper: m.printer.Paper() > 0, CoverOpen: m.printer.Status().CoverOpen,
	}
	if reg, _, ok := m.FN().Registration(); ok {
		v.Serial = reg.KKTSerial
	}
	if docs := m.FN().List(); len(docs) > 0 {
		v.LastFd = docs[len(docs)-1].FD
	}
	v.Mode = "shift closed"
	if open, shift, _ := m.FN().Shift(); open {
		v.Mode = fmt.Sprintf("shift %d open", shift)
	}
	return v
}

func (m fnprintMachine) SetPaper(in bool, lines uint32) {
	switch {
	case !in:
		m.printer.SetPaper(0)
	case lines == 0:
		m.printer.Refill()
	default:
		m.printer.SetPaper(int(lines))
	}
}

func (m fnprintMachine) SetCover(open bool) { m.printer.SetCover(open) }

func (m fnprintMachine) SetPower(on bool) {
	m.printer.SetPower(on)
	if on {
		m.PowerOn()
	} else {
		m.PowerCut()
	}
}

func (m fnprintMachine) SetCable(plugged bool) {
	if plugged {
		m.Plug()
	} else {
		m.Unplug()
	}
}

var fnPhases = []fault.Phase{fault.OnReceive, fault.Before, fault.OnCommit, fault.After, fault.OnAnswer}

var fnActions = []fault.Action{
	fault.LoseAnswer, fault.ForgetAnswer, fault.Garble, fault.Duplicate, fault.Delay, fault.Reboot, fault.PowerCut, fault.Hang, fault.CloseLink,
	fault.Refuse, fault.Age,
}

// AddFault plans faults of the fiscal memory. The printer's are its paper, its
// cover and its power.
func (m fnprintMachine) AddFault(f *simv1.Fault) (*simv1.Fault, error) {
	p := fn.Fault{
		Nth: int(f.GetNth()), Phase: fault.Phase(cmp.Or(f.GetPhase(), string(fault.Before))), At: int(f.GetAt()), Action: fault.Action(f.GetAction()),
	}
	if c := strings.TrimSuffix(strings.ToUpper(f.GetCommand()), "H"); c != "" {
		code, err := strconv.ParseUint(c, 16, 8)
		if err != nil {
			return nil, fmt.Errorf("command %q is not a hexadecimal code of a fiscal memory", f.GetCommand())
		}
		p.Command = codec.Command(code)
	}
	if !slices.Contains(fnPhases, p.Phase) {
		return nil, fmt.Errorf("no phase %q: one of %v", f.GetPhase(), fnPhases)
	}
	if !slices.Contains(fnActions, p.Action) {
		return nil, fmt.Errorf("no action %q: one of %v", f.GetAction(), fnActions)
	}
	switch p.Action {
	case fault.Refuse, fault.Garble:
		if f.GetValue() > 0xFF {
			return nil, errors.New("value does not fit a byte")
		}
		p.Code = byte(f.GetValue())
	default:
		p.For = time.Duration(f.GetValue()) * time.Millisecond
	}
	p.ID = m.Plan().Add(p)
	return m.show(p), nil
}

func (m fnprintMachine) show(f fn.Fault) *simv1.Fault {
	out := &simv1.Fault{
		Id: f.ID, Till: m.Name(), Nth: uint32(max(f.Nth, 0)), Phase: string(f.Phase), At: uint32(f.At), Action: string(f.Action),
		Value: uint32(f.For / time.Millisecond), Fired: f.Fired > 0,
	}
	if f.Code != 0 {
		out.Value = uint32(f.Code)
	}
	if f.Command != 0 {
		out.Command = fmt.Sprintf("%02X", byte(f.Command))
	}
	return out
}

func (m fnprintMachine) Faults() []*simv1.Fault {
	var out []*simv1.Fault
	for _, f := range m.Plan().List() {
		out = append(out, m.show(f))
	}
	return out
}

func (m fnprintMachine) ClearFaults() { m.Plan().Clear() }

func (m fnprintMachine) Slips() []*simv1.Slip {
	var out []*simv1.Slip
	for _, s := range m.printer.Slips() {
		out = append(out, &simv1.Slip{Lines: s.Lines, Whole: s.Whole(), Fd: documentOn(s.Lines)})
	}
	return out
}

// documentOn reads the number of the document off a slip.
func documentOn(lines []string) uint32 {
	for _, l := range lines {
		if f := strings.Fields(l); len(f) == 2 && f[0] == "ФД" {
			if fd, err := strconv.ParseUint(f[1], 10, 32); err == nil {
				return uint32(fd)
			}
		}
	}
	return 0
}

func (m fnprintMachine) Close() error { return errors.Join(m.printer.Close(), m.Device.Close()) }
