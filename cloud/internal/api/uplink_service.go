package api

import (
	"context"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
	"github.com/chekan-io/chekan/proto/pack"
)

var _ uplinkv1connect.UplinkServiceHandler = (*uplinkService)(nil)

// Capability is what the cabinet understands of agents; see docs/architecture.md for the dated list.
const Capability = 7

type uplinkService struct{ s *Server }

// Hello implements UplinkService.
func (u *uplinkService) Hello(ctx context.Context, r *uplinkv1.HelloRequest) (*uplinkv1.HelloResponse, error) {
	agent := access.AgentFrom(ctx)
	address, _ := u.s.caller(ctx)
	token, err := u.s.Fleet.Hello(ctx, agent, r, address)
	if err != nil {
		return nil, err
	}
	if agent.Instance != "" && agent.Instance != r.GetInstance() {
		u.s.calls.cutOthers(agent.ID, errHello) // what an earlier start has open is not this one's
	}
	cursor, err := u.s.Documents.Cursor(ctx, agent, r.GetJournalId())
	if err != nil {
		return nil, err
	}
	copies, err := u.s.Documents.CopyCursors(ctx, agent)
	if err != nil {
		return nil, err
	}
	return &uplinkv1.HelloResponse{
		Capability: Capability, Cursor: cursor, PollMs: uint32(u.s.Poll.Milliseconds()), NowMs: u.s.Now().UnixMilli(), Copies: copies,
		Token: token,
	}, nil
}

// Push implements UplinkService.
func (u *uplinkService) Push(ctx context.Context, r *uplinkv1.PushRequest) (*uplinkv1.PushResponse, error) {
	batch, err := pack.Unpack(r.GetDictionary(), r.GetPacked())
	if err != nil {
		return nil, err
	}
	cursor, err := u.s.Documents.Push(ctx, access.AgentFrom(ctx), r.GetJournalId(), batch)
	if err != nil {
		return nil, err
	}
	if u.s.Meter != nil {
		u.s.Meter.Ingested(len(batch.GetEntries()))
	}
	return &uplinkv1.PushResponse{Cursor: cursor}, nil
}

// ReportState implements UplinkService.
func (u *uplinkService) ReportState(ctx context.Context, r *uplinkv1.ReportStateRequest) (*uplinkv1.ReportStateResponse, error) {
	if err := u.s.Fleet.Report(ctx, access.AgentFrom(ctx), r); err != nil {
		return nil, err
	}
	return &uplinkv1.ReportStateResponse{}, nil
}

// FetchCommands implements UplinkService.
func (u *uplinkService) FetchCommands(ctx context.Context, r *uplinkv1.FetchCommandsRequest) (*uplinkv1.FetchCommandsResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-u.s.Stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	agent := access.AgentFrom(ctx)
	var rules *uplinkv1.Rules // as they are now, and the agent does not have them
	look := func(ctx context.Context) (bool, error) {
		now, err := u.s.Remote.RulesOf(ctx, agent)
		if rules = nil; err == nil && now.GetVersion() != r.GetRulesVersion() {
			rules = now
		}
		return rules != nil, err
	}
	if err := u.s.Remote.Told(ctx, agent, r.GetRulesVersion()); err != nil {
		return nil, err
	}
	list, err := u.s.Fleet.FetchUntil(ctx, agent, time.Duration(r.GetWaitMs())*time.Millisecond, look)
	if err != nil {
		return nil, err
	}
	if _, err := look(ctx); err != nil && ctx.Err() == nil {
		return nil, err
	}
	return &uplinkv1.FetchCommandsResponse{Commands: list, Rules: rules}, nil
}

// ReportRun implements UplinkService.
func (u *uplinkService) ReportRun(ctx context.Context, r *uplinkv1.ReportRunRequest) (*uplinkv1.ReportRunResponse, error) {
	if err := u.s.Fleet.ReportRun(ctx, access.AgentFrom(ctx), r.GetRun()); err != nil {
		return nil, err
	}
	return &uplinkv1.ReportRunResponse{}, nil
}

// ReportCertificate implements UplinkService.
func (u *uplinkService) ReportCertificate(ctx context.Context, r *uplinkv1.ReportCertificateRequest) (*uplinkv1.ReportCertificateResponse, error) {
	if err := u.s.Fleet.ReportCertificate(ctx, access.AgentFrom(ctx), r.GetReport()); err != nil {
		return nil, err
	}
	return &uplinkv1.ReportCertificateResponse{}, nil
}

// Renew implements UplinkService.
func (u *uplinkService) Renew(ctx context.Context, r *uplinkv1.RenewRequest) (*uplinkv1.RenewResponse, error) {
	certificate, err := u.s.Access.Renew(ctx, access.AgentFrom(ctx), r.GetCsr())
	if err != nil {
		return nil, err
	}
	return &uplinkv1.RenewResponse{Certificate: certificate}, nil
}

// OpenTicket implements UplinkService.
func (u *uplinkService) OpenTicket(ctx context.Context, r *uplinkv1.OpenTicketRequest) (*uplinkv1.OpenTicketResponse, error) {
	if err := u.s.Fleet.OpenTicket(ctx, access.AgentFrom(ctx), r); err != nil {
		return nil, err
	}
	return &uplinkv1.OpenTicketResponse{}, nil
}
