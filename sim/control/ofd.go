package control

import (
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect"

	simv1 "github.com/chekan-io/chekan/proto/gen/sim/v1"
	"github.com/chekan-io/chekan/proto/gen/sim/v1/simv1connect"
	codec "github.com/chekan-io/chekan/protocol/ofd"
	"github.com/chekan-io/chekan/sim/ofd"
)

// Operator is OFDService over a simulated operator of fiscal data.
type Operator struct{ server *ofd.Server }

var _ simv1connect.OFDServiceHandler = Operator{}

// NewOperator makes the service.
func NewOperator(s *ofd.Server) Operator { return Operator{s} }

// Ledger gives the documents the operator has acknowledged.
func (o Operator) Ledger(_ context.Context, q *simv1.LedgerRequest) (*simv1.LedgerResponse, error) {
	r := new(simv1.LedgerResponse)
	for _, e := range o.server.Ledger(q.GetFn()) {
		r.Entries = append(r.Entries, &simv1.LedgerEntry{Fn: e.FN, Fd: e.FD, Type: uint32(e.Type), Times: uint32(e.Times), Tlv: e.TLV})
	}
	return r, nil
}

// conducts are the behaviours by their words.
var conducts = map[simv1.Behaviour]ofd.Behaviour{
	simv1.Behaviour_BEHAVIOUR_UNSPECIFIED: ofd.Accept,
	simv1.Behaviour_BEHAVIOUR_DOWN:        ofd.Down,
	simv1.Behaviour_BEHAVIOUR_SILENT:      ofd.Silent,
	simv1.Behaviour_BEHAVIOUR_DROP:        ofd.Drop,
	simv1.Behaviour_BEHAVIOUR_REFUSE:      ofd.Refuse,
	simv1.Behaviour_BEHAVIOUR_GARBLE:      ofd.Garble,
	simv1.Behaviour_BEHAVIOUR_MESSAGE:     ofd.Message,
}

// Behave changes how the operator treats messages from now on.
func (o Operator) Behave(_ context.Context, q *simv1.BehaveRequest) (*simv1.BehaveResponse, error) {
	b, ok := conducts[q.GetBehaviour()]
	if !ok || q.GetMessage() > 0xFF {
		return nil, connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("behaviour %v with message %d", q.GetBehaviour(), q.GetMessage()))
	}
	o.server.Behave(ofd.Conduct{
		Behaviour: b, Count: int(q.GetCount()), Delay: time.Duration(q.GetDelayMs()) * time.Millisecond, Notice: codec.Notice(q.GetMessage()),
	})
	return &simv1.BehaveResponse{}, nil
}
