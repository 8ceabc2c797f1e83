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
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/shtrih"
)

// Shtrih steers a Shtrih-M till.
func Shtrih(d *shtrih.Device) Machine { return shtrihMachine{d} }

type shtrihMachine struct{ *shtrih.Device }

func (m shtrihMachine) Show() *simv1.Till {
	st := m.State()
	model, serial := m.Model()
	mode := fmt.Sprintf("%d.%d / %d", st.Mode&0x0F, st.Mode>>4, st.Submode)
	return &simv1.Till{
		Name: m.Name(), Driver: "shtrih", Model: model, Serial: serial, Fn: m.FN().Number(), Mode: mode,
		Paper: st.Paper, CoverOpen: st.Cover, Power: st.Powered, LastFd: st.LastFD,
	}
}

func (m shtrihMachine) SetPaper(in bool, lines uint32) {
	if in {
		m.InsertPaper(int(lines))
	} else {
		m.RemovePaper()
	}
}

func (m shtrihMachine) SetCover(open bool) {
	if open {
		m.OpenCover()
	} else {
		m.CloseCover()
	}
}

func (m shtrihMachine) SetPower(on bool) {
	if on {
		m.PowerOn()
	} else {
		m.PowerCut()
	}
}

func (m shtrihMachine) SetCable(plugged bool) {
	if plugged {
		m.Plug()
	} else {
		m.Unplug()
	}
}

func (m shtrihMachine) AddFault(f *simv1.Fault) (*simv1.Fault, error) {
	p, err := shtrihPlan(f)
	if err != nil {
		return nil, err
	}
	p.ID = m.Plan().Add(p)
	return showShtrihFault(m.Name(), p), nil
}

func (m shtrihMachine) Faults() []*simv1.Fault {
	var out []*simv1.Fault
	for _, f := range m.Plan().List() {
		out = append(out, showShtrihFault(m.Name(), f))
	}
	return out
}

func (m shtrihMachine) ClearFaults() { m.Plan().Clear() }

func (m shtrihMachine) Slips() []*simv1.Slip {
	var out []*simv1.Slip
	for _, p := range m.Device.Slips() {
		out = append(out, &simv1.Slip{Lines: p.Lines, Whole: p.Whole, Fd: p.FD})
	}
	return out
}

var shtrihPhases = []shtrih.Phase{shtrih.OnReceive, shtrih.Before, shtrih.OnCommit, shtrih.OnPrint, shtrih.After, shtrih.OnAnswer}

var shtrihActions = []shtrih.Action{
	shtrih.LoseACK, shtrih.NAKRequest, shtrih.LoseAnswer, shtrih.ForgetAnswer, shtrih.Garble, shtrih.Duplicate, shtrih.Delay,
	shtrih.RebootNow, shtrih.PowerCut, shtrih.PaperOut, shtrih.CoverOpen, shtrih.Hang, shtrih.CloseLink, shtrih.Replay, shtrih.Refuse,
	shtrih.Busy, shtrih.Stuck, shtrih.Foreign, shtrih.ForeignOpen, shtrih.TakeOver, shtrih.HangFNDocument, shtrih.LoseClock,
	shtrih.RAMError, shtrih.AgeShift,
}

// shtrihPlan reads a fault; what it does not know it names.
func shtrihPlan(f *simv1.Fault) (shtrih.Fault, error) {
	out := shtrih.Fault{
		Nth: int(f.GetNth()), Phase: shtrih.Phase(cmp.Or(f.GetPhase(), string(shtrih.Before))), At: int(f.GetAt()),
		Action: shtrih.Action(f.GetAction()),
	}
	if c := strings.TrimSuffix(strings.ToUpper(f.GetCommand()), "H"); c != "" {
		code, err := strconv.ParseUint(c, 16, 16)
		if err != nil {
			return out, fmt.Errorf("command %q is not a hexadecimal code", f.GetCommand())
		}
		out.Command = codec.Code(code)
	}
	if !slices.Contains(shtrihPhases, out.Phase) {
		return out, fmt.Errorf("no phase %q: one of %v", f.GetPhase(), shtrihPhases)
	}
	if !slices.Contains(shtrihActions, out.Action) {
		return out, fmt.Errorf("no action %q: one of %v", f.GetAction(), shtrihActions)
	}
	switch out.Action {
	case shtrih.Refuse, shtrih.Garble, shtrih.Foreign:
		if f.GetValue() > 0xFF {
			return out, errors.New("value does not fit a byte")
		}
		out.Code = byte(f.GetValue())
	default:
		out.For = time.Duration(f.GetValue()) * time.Millisecond
	}
	return out, nil
}

func showShtrihFault(till string, f shtrih.Fault) *simv1.Fault {
	out := &simv1.Fault{
		Id: f.ID, Till: till, Nth: uint32(max(f.Nth, 0)), Phase: string(f.Phase), At: uint32(f.At), Action: string(f.Action),
		Value: uint32(f.For / time.Millisecond), Fired: f.Fired > 0,
	}
	if f.Code != 0 {
		out.Value = uint32(f.Code)
	}
	if f.Command != 0 {
		out.Command = strings.TrimSuffix(f.Command.Hex(), "h")
	}
	return out
}
