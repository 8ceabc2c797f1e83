package pos

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// Finder looks for tills and takes over what was found; package discovery has
// one.
type Finder interface {
	// Find looks everywhere and tells each step.
	Find(ctx context.Context, report func(*posv1.FindTillsResponse) error) error
	// Adopt takes a find into the agent's list and gives its name there. The
	// agent starts anew when the answer is out.
	Adopt(ctx context.Context, found *posv1.FoundTill, name string) (till string, err error)
}

var errNoFinder = connect.NewError(connect.CodeUnimplemented, errors.New("этот агент касс не ищет"))

// atTheTill is who gives his word through this door: whoever may read the token.
const atTheTill = "человек за компьютером кассы"

// FindTills implements the service.
func (s *technician) FindTills(ctx context.Context, _ *posv1.FindTillsRequest, stream *connect.ServerStream[posv1.FindTillsResponse]) error {
	if s.finder == nil {
		return errNoFinder
	}
	if err := s.finder.Find(ctx, stream.Send); err != nil {
		return connect.NewError(connect.CodeFailedPrecondition, err)
	}
	return nil
}

// AdoptTill implements the service.
func (s *technician) AdoptTill(ctx context.Context, req *posv1.AdoptTillRequest) (*posv1.AdoptTillResponse, error) {
	if s.finder == nil {
		return nil, errNoFinder
	}
	name, err := s.finder.Adopt(ctx, req.GetFound(), req.GetName())
	if err != nil {
		return nil, connect.NewError(connect.CodeFailedPrecondition, err)
	}
	return &posv1.AdoptTillResponse{Till: name}, nil
}

// AcceptTill implements the service.
func (s *technician) AcceptTill(ctx context.Context, req *posv1.AcceptTillRequest) (*posv1.AcceptTillResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, readWait)
	defer cancel()
	text, err := s.fleet.Accept(ctx, req.GetTill(), atTheTill)
	if err != nil {
		return nil, translate(err)
	}
	return &posv1.AcceptTillResponse{Text: text}, nil
}
