package pos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"connectrpc.com/connect"
	"github.com/google/uuid"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/recovery"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/proto/gen/pos/v1/posv1connect"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Waits of a call for the end of an operation.
const (
	defaultWait = time.Minute
	longestWait = 5 * time.Minute
	readWait    = 30 * time.Second
	actWait     = 18 * time.Minute // longer than the whole ladder of package recovery
)

type posService struct {
	fleet   *till.Fleet
	journal *journal.Journal
	passes  *passes
}

type technician struct {
	fleet   *till.Fleet
	journal *journal.Journal
	agent   Agent
	finder  Finder
}

var (
	_ posv1connect.PosServiceHandler        = (*posService)(nil)
	_ posv1connect.TechnicianServiceHandler = (*technician)(nil)
)

// ListTills implements the service.
func (s *posService) ListTills(context.Context, *posv1.ListTillsRequest) (*posv1.ListTillsResponse, error) {
	return &posv1.ListTillsResponse{Tills: s.fleet.States()}, nil
}

// TillStatus implements the service.
func (s *posService) TillStatus(ctx context.Context, req *posv1.TillStatusRequest) (*posv1.TillStatusResponse, error) {
	if req.GetFresh() {
		ctx, cancel := context.WithTimeout(ctx, readWait)
		defer cancel()
		state, err := s.fleet.Refresh(ctx, req.GetTill())
		if state == nil {
			return nil, translate(err)
		}
		return &posv1.TillStatusResponse{State: state}, nil
	}
	t, err := s.fleet.Till(req.GetTill())
	if err != nil {
		return nil, translate(err)
	}
	return &posv1.TillStatusResponse{State: t.State()}, nil
}

// Preflight implements the service: the device is read now, not remembered.
func (s *posService) Preflight(ctx context.Context, req *posv1.PreflightRequest) (*posv1.PreflightResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, readWait)
	defer cancel()
	state, err := s.fleet.Refresh(ctx, req.GetTill())
	if state == nil {
		return nil, translate(err)
	}
	kind := fiscal.Kind(req.GetKind())
	if kind == fiscal.KindNone {
		kind = fiscal.Sale
	}
	res := &posv1.PreflightResponse{}
	for _, p := range state.GetProblems() {
		if p.GetSeverity() >= fiscalv1.Severity_SEVERITY_CRITICAL || p.GetCode() == drivers.CodeContinue {
			res.Reasons = append(res.Reasons, p)
		}
	}
	needShift := ""
	switch {
	case (kind.IsReceipt() || kind == fiscal.CloseShift) && !state.GetShiftOpen():
		needShift = drivers.CodeShiftClosed
	case kind == fiscal.OpenShift && state.GetShiftOpen():
		needShift = drivers.CodeShiftOpen
	}
	if needShift != "" && state.GetOnline() {
		res.Reasons = append(res.Reasons, health.Problem{Code: needShift}.Proto(time.Time{}))
	}
	if kind == fiscal.CloseShift { // an expired shift is closed, not an obstacle to closing
		kept := res.GetReasons()[:0]
		for _, p := range res.GetReasons() {
			if p.GetCode() != drivers.CodeShiftExpired {
				kept = append(kept, p)
			}
		}
		res.Reasons = kept
	}
	for _, p := range s.journal.Problems() {
		if p.Code == "journal_full" {
			res.Reasons = append(res.Reasons, health.Problem{Code: health.CodeJournalFull}.Proto(time.Time{}))
		}
	}
	if res.Ready = len(res.GetReasons()) == 0; res.Ready {
		var until time.Time
		res.Token, until = s.passes.issue(state.GetTill(), time.Now())
		res.ExpiresMs = until.UnixMilli()
	}
	return res, nil
}

// Submit implements the service.
func (s *posService) Submit(ctx context.Context, req *posv1.SubmitRequest) (*posv1.SubmitResponse, error) {
	asked := &fiscalv1.Operation{
		Key: req.GetKey(), Till: req.GetTill(), Kind: req.GetKind(), Receipt: req.GetReceipt(), Amount: req.GetAmount(), Cashier: req.GetCashier(),
		Registration: req.GetRegistration(),
	}
	if err := s.passes.spend(asked, req.GetPreflight(), time.Now()); err != nil {
		return nil, translate(err)
	}
	submit := s.fleet.Submit
	if req.GetInsist() {
		submit = s.fleet.Insist
	}
	op, err := submit(ctx, asked, waitOf(req.GetWaitMs(), defaultWait))
	if err != nil {
		return nil, translate(err)
	}
	return &posv1.SubmitResponse{Operation: s.tell(op)}, nil
}

// GetOperation implements the service.
func (s *posService) GetOperation(ctx context.Context, req *posv1.GetOperationRequest) (*posv1.GetOperationResponse, error) {
	op, err := s.fleet.Operation(ctx, req.GetKey(), waitOf(req.GetWaitMs(), 0))
	if err != nil {
		return nil, translate(err)
	}
	return &posv1.GetOperationResponse{Operation: s.tell(op)}, nil
}

// ListOperations implements the service.
func (s *posService) ListOperations(_ context.Context, req *posv1.ListOperationsRequest) (*posv1.ListOperationsResponse, error) {
	limit := int(req.GetLimit())
	if limit == 0 {
		limit = 50
	}
	recs, next, err := s.journal.List(req.GetTill(), min(limit, 1000), req.GetPage(), req.GetUnfinished())
	if err != nil {
		return nil, translate(err)
	}
	res := &posv1.ListOperationsResponse{NextPage: next}
	for _, rec := range recs {
		res.Operations = append(res.Operations, s.tell(rec.GetOperation()))
	}
	return res, nil
}

// Watch implements the service: first every state, then changes.
func (s *posService) Watch(ctx context.Context, req *posv1.WatchRequest, stream *connect.ServerStream[posv1.WatchResponse]) error {
	changes, cancel := s.fleet.Watch()
	defer cancel()
	for _, state := range s.fleet.States() {
		if req.GetTill() == "" || state.GetTill() == req.GetTill() {
			if err := stream.Send(&posv1.WatchResponse{Change: &posv1.WatchResponse_State{State: state}}); err != nil {
				return err
			}
		}
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-changes:
			res := &posv1.WatchResponse{}
			name := c.State.GetTill()
			if c.State != nil {
				res.Change = &posv1.WatchResponse_State{State: c.State}
			} else {
				name = c.Operation.GetTill()
				res.Change = &posv1.WatchResponse_Operation{Operation: s.tell(c.Operation)}
			}
			if req.GetTill() != "" && req.GetTill() != name {
				continue
			}
			if err := stream.Send(res); err != nil {
				return err
			}
		}
	}
}

// tell adds what is derived when asked: whether the operator has the document.
func (s *posService) tell(op *fiscalv1.Operation) *fiscalv1.Operation {
	doc := op.GetDocument()
	if doc == nil || op.GetOfd() != fiscalv1.OFDTrack_OFD_TRACK_UNSPECIFIED {
		return op
	}
	t, err := s.fleet.Till(op.GetTill())
	if err != nil || t.State().GetFn() != doc.GetFn() || t.State().GetReadMs() < op.GetEndedMs() {
		return op
	}
	op.Ofd = fiscalv1.OFDTrack_OFD_TRACK_DELIVERED
	if st := t.State(); st.GetUnsent() > 0 && doc.GetFd() >= st.GetUnsentFd() {
		op.Ofd = fiscalv1.OFDTrack_OFD_TRACK_QUEUED
	}
	return op
}

// Plan implements the service.
func (s *technician) Plan(_ context.Context, req *posv1.PlanRequest) (*posv1.PlanResponse, error) {
	plan, err := s.fleet.Plan(req.GetTill(), req.GetAction())
	if err != nil {
		return nil, translate(err)
	}
	return &posv1.PlanResponse{Plan: plan}, nil
}

// Act implements the service.
func (s *technician) Act(ctx context.Context, req *posv1.ActRequest, stream *connect.ServerStream[posv1.ActResponse]) error {
	ctx, cancel := context.WithTimeout(ctx, actWait)
	defer cancel()
	// The run outlives a caller who hangs up, and must not speak into a stream
	// that is no more.
	var told struct {
		sync.Mutex
		err error
	}
	_, err := s.fleet.Act(ctx, uuid.NewString(), req.GetTill(), req.GetAction(), func(run *fiscalv1.Run) {
		told.Lock()
		defer told.Unlock()
		if told.err == nil {
			told.err = stream.Send(&posv1.ActResponse{Run: run})
		}
	})
	told.Lock()
	defer told.Unlock()
	sendErr := told.err
	told.err = errHungUp
	if err != nil {
		return translate(err)
	}
	return sendErr
}

// errHungUp ends the telling of a run.
var errHungUp = errors.New("the caller has hung up")

// Decide implements the service.
func (s *technician) Decide(ctx context.Context, req *posv1.DecideRequest) (*posv1.DecideResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, readWait)
	defer cancel()
	op, err := s.fleet.Decide(ctx, req.GetKey(), req.GetFd())
	if err != nil {
		return nil, translate(err)
	}
	return &posv1.DecideResponse{Operation: op}, nil
}

// Enroll implements the service.
func (s *technician) Enroll(ctx context.Context, req *posv1.EnrollRequest) (*posv1.EnrollResponse, error) {
	res, err := s.agent.Enroll(ctx, req.GetCode(), req.GetCloud())
	if err != nil {
		return nil, translate(err)
	}
	return res, nil
}

// CheckUpdate implements the service.
func (s *technician) CheckUpdate(ctx context.Context, _ *posv1.CheckUpdateRequest) (*posv1.CheckUpdateResponse, error) {
	return s.agent.CheckUpdate(ctx)
}

// AgentStatus implements the service.
func (s *technician) AgentStatus(ctx context.Context, _ *posv1.AgentStatusRequest) (*posv1.AgentStatusResponse, error) {
	return s.agent.Status(ctx), nil
}

// CheckJournal implements the service.
func (s *technician) CheckJournal(ctx context.Context, _ *posv1.CheckJournalRequest) (*posv1.CheckJournalResponse, error) {
	findings, n, err := s.journal.Check(ctx)
	if err != nil {
		return nil, translate(err)
	}
	return &posv1.CheckJournalResponse{Ok: len(findings) == 0, Findings: findings, Operations: n}, nil
}

func waitOf(ms uint32, otherwise time.Duration) time.Duration {
	if ms == 0 {
		return otherwise
	}
	return min(time.Duration(ms)*time.Millisecond, longestWait)
}

// translate gives an error of the agent its Connect code and its words.
func translate(err error) error {
	var fields fiscal.FieldErrors
	var known *connect.Error
	var device *drivers.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &fields):
		e := connect.NewError(connect.CodeInvalidArgument, fields)
		refusal := &posv1.Refusal{}
		for _, f := range fields {
			refusal.Fields = append(refusal.Fields, &posv1.FieldError{Field: f.Field, Text: f.Text})
		}
		if d, derr := connect.NewErrorDetail(refusal); derr == nil {
			e.AddDetail(d)
		}
		return e
	case errors.Is(err, till.ErrNoTill):
		return connect.NewError(connect.CodeNotFound, fmt.Errorf("такой кассы нет в настройке агента: %w", err))
	case errors.Is(err, till.ErrConflict):
		return connect.NewError(connect.CodeAlreadyExists, fmt.Errorf("под этим ключом уже была другая операция, ничего не сделано: %w", err))
	case errors.Is(err, till.ErrNotFound):
		return connect.NewError(connect.CodeNotFound, fmt.Errorf("операции с таким ключом не было, касса ничего не делала: %w", err))
	case errors.Is(err, till.ErrNoConsent):
		return connect.NewError(connect.CodeNotFound, fmt.Errorf("такого вопроса кассиру не задавали: %w", err))
	case errors.Is(err, errPass):
		return connect.NewError(connect.CodeFailedPrecondition, err)
	case errors.Is(err, till.ErrNothingToDecide):
		return connect.NewError(connect.CodeFailedPrecondition, fmt.Errorf("эта операция не ждёт решения человека: %w", err))
	case errors.Is(err, till.ErrNotOurs):
		return connect.NewError(connect.CodeFailedPrecondition, fmt.Errorf("этот документ не может быть нашим, решение не записано: %w", err))
	case errors.Is(err, recovery.ErrNoSuchAction):
		return connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("такого действия нет: %w", err))
	case errors.As(err, &device):
		return connect.NewError(connect.CodeUnavailable, fmt.Errorf("%s (%w)", health.Problem{Code: device.Code, Vendor: device.Vendor}.Words().Text, err))
	case errors.Is(err, context.DeadlineExceeded):
		return connect.NewError(connect.CodeDeadlineExceeded, fmt.Errorf("касса не успела ответить: %w", err))
	}
	return connect.NewError(connect.CodeInternal, err)
}

// ListConsents implements TechnicianService.
func (s *technician) ListConsents(context.Context, *posv1.ListConsentsRequest) (*posv1.ListConsentsResponse, error) {
	return &posv1.ListConsentsResponse{Runs: s.fleet.Consents()}, nil
}

// Consent implements TechnicianService.
func (s *technician) Consent(_ context.Context, req *posv1.ConsentRequest) (*posv1.ConsentResponse, error) {
	consent, err := s.fleet.Consent(req.GetRunId(), req.GetAgree())
	if err != nil {
		return nil, translate(err)
	}
	return &posv1.ConsentResponse{Consent: consent}, nil
}
