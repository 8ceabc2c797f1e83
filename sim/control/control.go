// Package control steers simulated tills from outside the process: paper,
// covers, power, cables, faults, and a look at what was fiscalised.
//
// It is the SimService of proto/sim/v1 over Connect, so curl with JSON will
// do. It has no access control: serve it on loopback only.
package control

import (
	"context"
	"fmt"

	"connectrpc.com/connect"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	simv1 "github.com/chekan-io/chekan/proto/gen/sim/v1"
	"github.com/chekan-io/chekan/proto/gen/sim/v1/simv1connect"
	"github.com/chekan-io/chekan/sim/fn"
)

// Machine is a simulated till of any kind, as it is steered.
type Machine interface {
	Name() string
	// FN is the fiscal memory: the truth.
	FN() *fn.Accumulator
	// Show is what a look at the till shows, without its addresses.
	Show() *simv1.Till
	// SetPaper puts a roll in, which ends after so many lines unless that is 0,
	// or takes it out.
	SetPaper(in bool, lines uint32)
	SetCover(open bool)
	SetPower(on bool)
	SetCable(plugged bool)
	// AddFault plans a fault and gives it back with its id; what it does not
	// know it names.
	AddFault(f *simv1.Fault) (*simv1.Fault, error)
	Faults() []*simv1.Fault
	ClearFaults()
	// Slips is what came out of the printer, oldest first.
	Slips() []*simv1.Slip
	// Close ends the devices, which keep their memories.
	Close() error
}

// Till is a simulated till with the addresses it can be reached at.
type Till struct {
	Machine
	TCP        string
	Pty        string
	PrinterTCP string // of a till whose printer has a cable of its own
	PrinterPty string
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
		if t.Name() == name {
			return t, nil
		}
	}
	return Till{}, connect.NewError(connect.CodeNotFound, fmt.Errorf("no till %q", name))
}

func (t Till) show() *simv1.Till {
	v := t.Show()
	v.Tcp, v.Pty, v.PrinterTcp, v.PrinterPty = t.TCP, t.Pty, t.PrinterTCP, t.PrinterPty
	return v
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
	t.SetPaper(q.GetIn(), q.GetLinesLeft())
	return &simv1.PaperResponse{Till: t.show()}, nil
}

// Cover opens or closes the cover.
func (s *Service) Cover(_ context.Context, q *simv1.CoverRequest) (*simv1.CoverResponse, error) {
	t, err := s.find(q.GetTill())
	if err != nil {
		return nil, err
	}
	t.SetCover(q.GetOpen())
	return &simv1.CoverResponse{Till: t.show()}, nil
}

// Power cuts or restores power.
func (s *Service) Power(_ context.Context, q *simv1.PowerRequest) (*simv1.PowerResponse, error) {
	t, err := s.find(q.GetTill())
	if err != nil {
		return nil, err
	}
	t.SetPower(q.GetOn())
	return &simv1.PowerResponse{Till: t.show()}, nil
}

// Cable pulls out or plugs in the wire.
func (s *Service) Cable(_ context.Context, q *simv1.CableRequest) (*simv1.CableResponse, error) {
	t, err := s.find(q.GetTill())
	if err != nil {
		return nil, err
	}
	t.SetCable(q.GetPlugged())
	return &simv1.CableResponse{Till: t.show()}, nil
}

// AddFault plans a fault.
func (s *Service) AddFault(_ context.Context, q *simv1.AddFaultRequest) (*simv1.AddFaultResponse, error) {
	t, err := s.find(q.GetFault().GetTill())
	if err != nil {
		return nil, err
	}
	f, err := t.AddFault(q.GetFault())
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	return &simv1.AddFaultResponse{Fault: f}, nil
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
		r.Faults = append(r.Faults, t.Faults()...)
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
		t.ClearFaults()
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
	for _, d := range t.FN().List() {
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
	return &simv1.ListSlipsResponse{Slips: t.Slips()}, nil
}
