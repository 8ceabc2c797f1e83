// Package control steers simulated tills from outside the process: paper,
// covers, power, cables, faults, and a look at what was fiscalised.
//
// It is the SimService of proto/sim/v1 over Connect, so curl with JSON will
// do. It has no access control: serve it on loopback only.
package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	simv1 "github.com/chekan-io/chekan/proto/gen/sim/v1"
	"github.com/chekan-io/chekan/proto/gen/sim/v1/simv1connect"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
	"github.com/chekan-io/chekan/sim/shtrih"
)

// Till is a simulated till with the addresses it can be reached at.
type Till struct {
	Device *shtrih.Device
	TCP    string
	Pty    string
}

// Service is SimService over a fixed set of tills.
type Service struct{ tills []Till }

var _ simv1connect.SimServiceHandler = (*Service)(nil)

// New makes the service.
func New(tills []Till) *Service { return &Service{tills: tills} }

// find returns the till of the name; an empty name will do when there is one.
func (s *Service) find(name string) (Till, error) {
	if name == "" && len(s.tills) == 1 {
		return s.tills[0], nil
	}
	for _, t := range s.tills {
		if t.Device.Name() == name {
			return t, nil
		}
	}
	return Till{}, connect.NewError(connect.CodeNotFound, fmt.Errorf("no till %q", name))
}

func (t Till) show() *simv1.Till {
	st := t.Device.State()
	model, serial := t.Device.Model()
	mode := fmt.Sprintf("%d.%d / %d", st.Mode&0x0F, st.Mode>>4, st.Submode)
	return &simv1.Till{
		Name: t.Device.Name(), Model: model, Serial: serial, Fn: t.Device.FN().Number(), Tcp: t.TCP, Pty: t.Pty, Mode: mode,
		Paper: st.Paper, CoverOpen: st.Cover, Power: st.Powered, LastFd: st.LastFD,
	}
}

// ListTills gives the simulated tills.
func (s *Service) ListTills(context.Context, *simv1.ListTillsRequest) (*simv1.ListTillsResponse, error) {
	r := new(simv1.ListTillsResponse)
	for _, t := range s.tills {
		r.Tills = append(r.Tills, t.show())
	}
	return r, nil
}

// Paper puts a roll in or takes it out.
func (s *Service) Paper(_ context.Context, q *simv1.PaperRequest) (*simv1.PaperResponse, error) {
	t, err := s.find(q.GetTill())
	if err != nil {
		return nil, err
	}
	if q.GetIn() {
		t.Device.InsertPaper(int(q.GetLinesLeft()))
	} else {
		t.Device.RemovePaper()
	}
	return &simv1.PaperResponse{Till: t.show()}, nil
}

// Cover opens or closes the cover.
func (s *Service) Cover(_ context.Context, q *simv1.CoverRequest) (*simv1.CoverResponse, error) {
	t, err := s.find(q.GetTill())
	if err != nil {
		return nil, err
	}
	if q.GetOpen() {
		t.Device.OpenCover()
	} else {
		t.Device.CloseCover()
	}
	return &simv1.CoverResponse{Till: t.show()}, nil
}

// Power cuts or restores power.
func (s *Service) Power(_ context.Context, q *simv1.PowerRequest) (*simv1.PowerResponse, error) {
	t, err := s.find(q.GetTill())
	if err != nil {
		return nil, err
	}
	if q.GetOn() {
		t.Device.PowerOn()
	} else {
		t.Device.PowerCut()
	}
	return &simv1.PowerResponse{Till: t.show()}, nil
}

// Cable pulls out or plugs in the wire.
func (s *Service) Cable(_ context.Context, q *simv1.CableRequest) (*simv1.CableResponse, error) {
	t, err := s.find(q.GetTill())
	if err != nil {
		return nil, err
	}
	if q.GetPlugged() {
		t.Device.Plug()
	} else {
		t.Device.Unplug()
	}
	return &simv1.CableResponse{Till: t.show()}, nil
}

var phases = []shtrih.Phase{shtrih.OnReceive, shtrih.Before, shtrih.OnCommit, shtrih.OnPrint, shtrih.After, shtrih.OnAnswer}

var actions = []shtrih.Action{
	shtrih.LoseACK, shtrih.NAKRequest, shtrih.LoseAnswer, shtrih.ForgetAnswer, shtrih.Garble, shtrih.Duplicate, shtrih.Delay,
	shtrih.RebootNow, shtrih.PowerCut, shtrih.PaperOut, shtrih.CoverOpen, shtrih.Hang, shtrih.CloseLink, shtrih.Replay, shtrih.Refuse,
	shtrih.Busy, shtrih.Stuck, shtrih.Foreign, shtrih.ForeignOpen, shtrih.TakeOver, shtrih.HangFNDocument, shtrih.LoseClock,
	shtrih.RAMError, shtrih.AgeShift,
}

// plan reads a fault; what it does not know it names.
func plan(f *simv1.Fault) (shtrih.Fault, error) {
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
	if !slices.Contains(phases, out.Phase) {
		return out, fmt.Errorf("no phase %q: one of %v", f.GetPhase(), phases)
	}
	if !slices.Contains(actions, out.Action) {
		return out, fmt.Errorf("no action %q: one of %v", f.GetAction(), actions)
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

func showFault(till string, f shtrih.Fault) *simv1.Fault {
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

// AddFault plans a fault.
func (s *Service) AddFault(_ context.Context, q *simv1.AddFaultRequest) (*simv1.AddFaultResponse, error) {
	t, err := s.find(q.GetFault().GetTill())
	if err != nil {
		return nil, err
	}
	f, err := plan(q.GetFault())
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	f.ID = t.Device.Plan().Add(f)
	return &simv1.AddFaultResponse{Fault: showFault(t.Device.Name(), f)}, nil
}

// selected returns the till of the name, or all for an empty name.
func (s *Service) selected(name string) ([]Till, error) {
	if name == "" {
		return s.tills, nil
	}
	t, err := s.find(name)
	return []Till{t}, err
}

// ListFaults gives planned and fired faults.
func (s *Service) ListFaults(_ context.Context, q *simv1.ListFaultsRequest) (*simv1.ListFaultsResponse, error) {
	tills, err := s.selected(q.GetTill())
	if err != nil {
		return nil, err
	}
	r := new(simv1.ListFaultsResponse)
	for _, t := range tills {
		for _, f := range t.Device.Plan().List() {
			r.Faults = append(r.Faults, showFault(t.Device.Name(), f))
		}
	}
	return r, nil
}

// ClearFaults forgets all faults.
func (s *Service) ClearFaults(_ context.Context, q *simv1.ClearFaultsRequest) (*simv1.ClearFaultsResponse, error) {
	tills, err := s.selected(q.GetTill())
	if err != nil {
		return nil, err
	}
	for _, t := range tills {
		t.Device.Plan().Clear()
	}
	return new(simv1.ClearFaultsResponse), nil
}

// ListDocuments gives what the accumulator holds.
func (s *Service) ListDocuments(_ context.Context, q *simv1.ListDocumentsRequest) (*simv1.ListDocumentsResponse, error) {
	t, err := s.find(q.GetTill())
	if err != nil {
		return nil, err
	}
	r := new(simv1.ListDocumentsResponse)
	for _, d := range t.Device.FN().List() {
		r.Documents = append(r.Documents, document(d))
	}
	return r, nil
}

func document(d fn.Document) *fiscalv1.Document {
	f := d.Fact()
	return &fiscalv1.Document{
		Fn: f.FN, Fd: f.FD, Fp: f.FP, Type: uint32(f.Type), At: f.At.String(), Kind: fiscalv1.Kind(f.Kind), Total: int64(f.Total),
		Shift: f.Shift, Receipt: f.Receipt, Qr: f.QR(), Ticket: f.Ticket,
	}
}

// ListSlips gives what came out of the printer.
func (s *Service) ListSlips(_ context.Context, q *simv1.ListSlipsRequest) (*simv1.ListSlipsResponse, error) {
	t, err := s.find(q.GetTill())
	if err != nil {
		return nil, err
	}
	r := new(simv1.ListSlipsResponse)
	for _, p := range t.Device.Slips() {
		r.Slips = append(r.Slips, &simv1.Slip{Lines: p.Lines, Whole: p.Whole, Fd: p.FD})
	}
	return r, nil
}
