package api

import (
	"context"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
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

// tills reads what a list or a table of tills is made of: those within the caller's reach, and with what eyes they are seen.
func (f *fleetService) tills(ctx context.Context) ([]*fleet.Till, eyes, error) {
	reach, who, err := f.s.sight(ctx, access.TillsView)
	if err != nil {
		return nil, eyes{}, err
	}
	list, err := f.s.Fleet.Tills(ctx, reach)
	return list, who, err
}

// ListTills implements FleetService.
func (f *fleetService) ListTills(ctx context.Context, r *cabinetv1.ListTillsRequest) (*cabinetv1.ListTillsResponse, error) {
	tills, who, err := f.tills(ctx)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListTillsResponse{Total: uint32(len(tills))}
	if limit := int(r.GetLimit()); limit > 0 && limit < len(tills) {
		tills = tills[:limit]
	}
	for _, t := range tills {
		res.Tills = append(res.Tills, who.till(t))
	}
	return res, nil
}

// GetTill implements FleetService.
func (f *fleetService) GetTill(ctx context.Context, r *cabinetv1.GetTillRequest) (*cabinetv1.GetTillResponse, error) {
	p, place, err := f.s.at(ctx, access.TillsView, r.GetId())
	if err != nil {
		return nil, err
	}
	t, err := f.s.Fleet.Till(ctx, place.OrganisationID, r.GetId())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetTillResponse{Till: tillView(p, t)}, nil
}

// CreateEnrolmentCode implements FleetService.
func (f *fleetService) CreateEnrolmentCode(ctx context.Context, r *cabinetv1.CreateEnrolmentCodeRequest) (*cabinetv1.CreateEnrolmentCodeResponse, error) {
	p, err := f.s.mayEnrol(ctx, r.GetOutlet())
	if err != nil {
		return nil, err
	}
	code, expires, err := f.s.Access.NewCode(ctx, p.OrganisationID, r.GetOutlet())
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
	p, err := f.s.command(ctx, access.TillsView, r.GetId())
	if err != nil {
		return nil, err
	}
	cmd, err := f.s.Fleet.Command(ctx, p.OrganisationID, r.GetId())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetCommandResponse{Command: commandView(p, cmd)}, nil
}

// GetCertificate implements FleetService.
func (f *fleetService) GetCertificate(ctx context.Context, r *cabinetv1.GetCertificateRequest) (*cabinetv1.GetCertificateResponse, error) {
	_, place, err := f.s.at(ctx, access.TillsView, r.GetTillId())
	if err != nil {
		return nil, err
	}
	c, err := f.s.Fleet.Certificate(ctx, place.OrganisationID, r.GetTillId(), r.GetWithReport())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetCertificateResponse{Certificate: c}, nil
}

// ListCommands implements FleetService.
func (f *fleetService) ListCommands(ctx context.Context, r *cabinetv1.ListCommandsRequest) (*cabinetv1.ListCommandsResponse, error) {
	p, place, err := f.s.at(ctx, access.TillsView, r.GetTillId())
	if err != nil {
		return nil, err
	}
	list, err := f.s.Fleet.Commands(ctx, place.OrganisationID, r.GetTillId(), pageSize(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListCommandsResponse{}
	for _, cmd := range list {
		res.Commands = append(res.Commands, commandView(p, cmd))
	}
	return res, nil
}

// ListTickets implements FleetService.
func (f *fleetService) ListTickets(ctx context.Context, r *cabinetv1.ListTicketsRequest) (*cabinetv1.ListTicketsResponse, error) {
	reach, eyes, err := f.s.sight(ctx, access.TillsView)
	if err != nil {
		return nil, err
	}
	list, err := f.s.Fleet.Tickets(ctx, reach, r.GetTillId(), r.GetClosed())
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListTicketsResponse{}
	for _, t := range list {
		res.Tickets = append(res.Tickets, ticketView(eyes.of(t.OrganisationID, t.OutletID, t.Cell.GetTillId()), t.Cell))
	}
	return res, nil
}

// GetTicket implements FleetService.
func (f *fleetService) GetTicket(ctx context.Context, r *cabinetv1.GetTicketRequest) (*cabinetv1.GetTicketResponse, error) {
	p, err := f.s.ticket(ctx, access.TillsView, r.GetId())
	if err != nil {
		return nil, err
	}
	cell, run, bundle, err := f.s.Fleet.Ticket(ctx, p.OrganisationID, r.GetId())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetTicketResponse{Ticket: ticketView(p, cell), Run: runView(p, run), Bundle: bundle}, nil
}

// CloseTicket implements FleetService.
func (f *fleetService) CloseTicket(ctx context.Context, r *cabinetv1.CloseTicketRequest) (*cabinetv1.CloseTicketResponse, error) {
	p, err := f.s.ticket(ctx, access.TillsRecover, r.GetId())
	if err != nil {
		return nil, err
	}
	cell, err := f.s.Fleet.CloseTicket(ctx, p, r.GetId(), r.GetResolution())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.CloseTicketResponse{Ticket: ticketView(p, cell)}, nil
}
