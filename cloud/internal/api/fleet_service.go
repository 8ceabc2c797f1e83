package api

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/updates"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

var _ cabinetv1connect.FleetServiceHandler = (*fleetService)(nil)

const (
	// keepAlive is how often an empty change goes down a quiet stream.
	keepAlive = 15 * time.Second
	// gather is how long a stream waits for more of the same before it reads and sends: during a backlog a till changes
	// hundreds of times a second.
	gather = 50 * time.Millisecond
	// pageDefault and pageLimit bound lists.
	pageDefault, pageLimit = 50, 500
)

func pageSize(asked uint32) int {
	if asked == 0 {
		return pageDefault
	}
	return int(min(asked, pageLimit))
}

type fleetService struct{ s *Server }

// ListTills implements FleetService.
func (f *fleetService) ListTills(ctx context.Context, _ *cabinetv1.ListTillsRequest) (*cabinetv1.ListTillsResponse, error) {
	p := access.PersonFrom(ctx)
	tills, err := f.s.Fleet.Tills(ctx, p.OrganisationID)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListTillsResponse{}
	for _, t := range tills {
		res.Tills = append(res.Tills, tillView(p, t))
	}
	return res, nil
}

// GetTill implements FleetService.
func (f *fleetService) GetTill(ctx context.Context, r *cabinetv1.GetTillRequest) (*cabinetv1.GetTillResponse, error) {
	p := access.PersonFrom(ctx)
	t, err := f.s.Fleet.Till(ctx, p.OrganisationID, r.GetId())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetTillResponse{Till: tillView(p, t)}, nil
}

// CreateEnrolmentCode implements FleetService.
func (f *fleetService) CreateEnrolmentCode(ctx context.Context, r *cabinetv1.CreateEnrolmentCodeRequest) (*cabinetv1.CreateEnrolmentCodeResponse, error) {
	code, expires, err := f.s.Access.NewCode(ctx, access.PersonFrom(ctx).OrganisationID, r.GetOutlet())
	if err != nil {
		return nil, err
	}
	if f.s.Pin != "" {
		code += "@" + f.s.Pin
	}
	return &cabinetv1.CreateEnrolmentCodeResponse{Code: code, ExpiresMs: expires.UnixMilli(), Cloud: f.s.PublicURL}, nil
}

// GetCommand implements FleetService.
func (f *fleetService) GetCommand(ctx context.Context, r *cabinetv1.GetCommandRequest) (*cabinetv1.GetCommandResponse, error) {
	p := access.PersonFrom(ctx)
	cmd, err := f.s.Fleet.Command(ctx, p.OrganisationID, r.GetId())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetCommandResponse{Command: commandView(p, cmd)}, nil
}

// GetCertificate implements FleetService.
func (f *fleetService) GetCertificate(ctx context.Context, r *cabinetv1.GetCertificateRequest) (*cabinetv1.GetCertificateResponse, error) {
	c, err := f.s.Fleet.Certificate(ctx, access.PersonFrom(ctx).OrganisationID, r.GetTillId(), r.GetWithReport())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetCertificateResponse{Certificate: c}, nil
}

// ListCommands implements FleetService.
func (f *fleetService) ListCommands(ctx context.Context, r *cabinetv1.ListCommandsRequest) (*cabinetv1.ListCommandsResponse, error) {
	p := access.PersonFrom(ctx)
	list, err := f.s.Fleet.Commands(ctx, p.OrganisationID, r.GetTillId(), pageSize(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListCommandsResponse{}
	for _, cmd := range list {
		res.Commands = append(res.Commands, commandView(p, cmd))
	}
	return res, nil
}

// Watch implements FleetService. It begins with the present state of all it watches, so that nothing falls between a list and
// the stream.
func (f *fleetService) Watch(ctx context.Context, r *cabinetv1.WatchRequest, stream *connect.ServerStream[cabinetv1.WatchResponse]) error {
	p := access.PersonFrom(ctx)
	if r.GetTillId() != "" {
		if _, err := f.s.Fleet.Till(ctx, p.OrganisationID, r.GetTillId()); err != nil {
			return err
		}
	}
	w := f.s.Fleet.Hub().Watch(p.OrganisationID, r.GetTillId())
	defer w.Close()
	if err := f.everything(ctx, p, r.GetTillId(), stream); err != nil {
		return err
	}
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-f.s.Stopping:
			return connect.NewError(connect.CodeUnavailable, errors.New("cabinet is stopping"))
		case <-alive.C:
			if err := stream.Send(&cabinetv1.WatchResponse{}); err != nil {
				return err
			}
		case <-w.Changed():
			timer := time.NewTimer(gather)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return context.Cause(ctx)
			}
			changes, all := w.Take()
			if all {
				if err := f.everything(ctx, p, r.GetTillId(), stream); err != nil {
					return err
				}
				continue
			}
			for _, c := range changes {
				res, err := f.change(ctx, p, c)
				if err != nil {
					return err
				}
				if res == nil {
					continue
				}
				if err := stream.Send(res); err != nil {
					return err
				}
			}
			alive.Reset(keepAlive)
		}
	}
}

// everything sends the tills as they are now, and the newest operations and commands of the one that is watched.
func (f *fleetService) everything(ctx context.Context, p *access.Person, tillID string, stream *connect.ServerStream[cabinetv1.WatchResponse]) error {
	if tillID == "" {
		tills, err := f.s.Fleet.Tills(ctx, p.OrganisationID)
		if err != nil {
			return err
		}
		for _, t := range tills {
			if err := stream.Send(&cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Till{Till: tillView(p, t)}}); err != nil {
				return err
			}
		}
		return stream.Send(&cabinetv1.WatchResponse{}) // says that the line is there even when there are no tills
	}
	t, err := f.s.Fleet.Till(ctx, p.OrganisationID, tillID)
	if err != nil {
		return err
	}
	if err := stream.Send(&cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Till{Till: tillView(p, t)}}); err != nil {
		return err
	}
	commands, err := f.s.Fleet.Commands(ctx, p.OrganisationID, tillID, pageDefault)
	if err != nil {
		return err
	}
	for i := len(commands) - 1; i >= 0; i-- {
		if err := stream.Send(&cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Command{Command: commandView(p, commands[i])}}); err != nil {
			return err
		}
	}
	if !p.Can(access.DocumentsView) {
		return nil
	}
	operations, _, err := f.s.Documents.Operations(ctx, p.OrganisationID, tillID, "", pageDefault)
	if err != nil {
		return err
	}
	for i := len(operations) - 1; i >= 0; i-- {
		if err := stream.Send(&cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Operation{Operation: operationView(p, operations[i], t.State)}}); err != nil {
			return err
		}
	}
	return nil
}

// change reads what has changed as it is now; nil when the watcher may not see it, or it is gone.
func (f *fleetService) change(ctx context.Context, p *access.Person, c fleet.Change) (*cabinetv1.WatchResponse, error) {
	var res *cabinetv1.WatchResponse
	var err error
	switch c.What {
	case fleet.TillChanged:
		var t *fleet.Till
		if t, err = f.s.Fleet.Till(ctx, p.OrganisationID, c.TillID); err == nil {
			res = &cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Till{Till: tillView(p, t)}}
		}
	case fleet.OperationChanged:
		if !p.Can(access.DocumentsView) {
			return nil, nil
		}
		var o documents.Operation
		if o, err = f.s.Documents.Operation(ctx, p.OrganisationID, c.JournalID, c.ID); err != nil {
			break
		}
		var till *fiscalv1.TillState
		if till, err = f.s.tillState(ctx, p, o.TillID); err == nil {
			res = &cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Operation{Operation: operationView(p, o, till)}}
		}
	case fleet.CommandChanged:
		var cmd *cabinetv1.Command
		if cmd, err = f.s.Fleet.Command(ctx, p.OrganisationID, c.ID); err == nil {
			res = &cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Command{Command: commandView(p, cmd)}}
		}
	case fleet.RolloutChanged:
		var r *cabinetv1.Rollout
		if r, err = f.s.Updates.Rollout(ctx, p.OrganisationID, c.ID); err == nil {
			res = &cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Rollout{Rollout: r}}
		}
	}
	if errors.Is(err, fleet.ErrNotFound) || errors.Is(err, updates.ErrNotFound) || errors.Is(err, documents.ErrNotFound) {
		return nil, nil
	}
	return res, err
}

// ListTickets implements FleetService.
func (f *fleetService) ListTickets(ctx context.Context, r *cabinetv1.ListTicketsRequest) (*cabinetv1.ListTicketsResponse, error) {
	p := access.PersonFrom(ctx)
	list, err := f.s.Fleet.Tickets(ctx, p.OrganisationID, r.GetTillId(), r.GetClosed())
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListTicketsResponse{}
	for _, cell := range list {
		res.Tickets = append(res.Tickets, ticketView(p, cell))
	}
	return res, nil
}

// GetTicket implements FleetService.
func (f *fleetService) GetTicket(ctx context.Context, r *cabinetv1.GetTicketRequest) (*cabinetv1.GetTicketResponse, error) {
	p := access.PersonFrom(ctx)
	cell, run, bundle, err := f.s.Fleet.Ticket(ctx, p.OrganisationID, r.GetId())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetTicketResponse{Ticket: ticketView(p, cell), Run: runView(p, run), Bundle: bundle}, nil
}

// CloseTicket implements FleetService.
func (f *fleetService) CloseTicket(ctx context.Context, r *cabinetv1.CloseTicketRequest) (*cabinetv1.CloseTicketResponse, error) {
	p := access.PersonFrom(ctx)
	cell, err := f.s.Fleet.CloseTicket(ctx, p, r.GetId(), r.GetResolution())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.CloseTicketResponse{Ticket: ticketView(p, cell)}, nil
}
