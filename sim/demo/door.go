package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"connectrpc.com/connect"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/proto/gen/pos/v1/posv1connect"
)

// door is the agent's door, used as the shop's own software would use it.
type door struct {
	address    string
	tokenFile  string
	pos        posv1connect.PosServiceClient
	technician posv1connect.TechnicianServiceClient
}

// bearer carries the token of the door.
type bearer string

// RoundTrip adds the token.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func (d *door) open(address, token string) {
	client := &http.Client{Transport: bearer(token)}
	d.address = "http://" + address
	d.pos = posv1connect.NewPosServiceClient(client, d.address)
	d.technician = posv1connect.NewTechnicianServiceClient(client, d.address)
}

// errNotDone says that the till did not do what the play asked for.
var errNotDone = errors.New("not done")

// ask submits an operation and waits for its end. Asked again with the same
// key it gives the stored answer.
func (d *demo) ask(ctx context.Context, q *posv1.SubmitRequest) (*fiscalv1.Operation, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	r, err := d.door.pos.Submit(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", q.GetTill(), title(q), err)
	}
	op := r.GetOperation()
	for op.GetOutcome() == fiscalv1.Outcome_OUTCOME_UNKNOWN && op.GetStage() != fiscalv1.Stage_STAGE_NEEDS_PERSON {
		r, err := d.door.pos.GetOperation(ctx, &posv1.GetOperationRequest{Key: q.GetKey(), WaitMs: 30_000})
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", q.GetTill(), title(q), err)
		}
		op = r.GetOperation()
	}
	if op.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
		return op, fmt.Errorf("%s, %s: %s (%s): %w", q.GetTill(), title(q), op.GetText(), op.GetReason(), errNotDone)
	}
	return op, nil
}

// done tells whether an operation of the play was done at an earlier start.
func (d *demo) done(ctx context.Context, key string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := d.door.pos.GetOperation(ctx, &posv1.GetOperationRequest{Key: key, WaitMs: 30_000})
	if connect.CodeOf(err) == connect.CodeNotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up %s: %w", key, err)
	}
	return r.GetOperation().GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE, nil
}

// state reads a till anew.
func (d *demo) state(ctx context.Context, name string) (*fiscalv1.TillState, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := d.door.pos.TillStatus(ctx, &posv1.TillStatusRequest{Till: name, Fresh: true})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r.GetState(), nil
}

// act runs an action as the technician beside the till does, to its end.
func (d *demo) act(ctx context.Context, name string, action fiscalv1.Action) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	stream, err := d.door.technician.Act(ctx, &posv1.ActRequest{Till: name, Action: action})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var run *fiscalv1.Run
	for stream.Receive() {
		run = stream.Msg().GetRun()
	}
	if err := errors.Join(stream.Err(), stream.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !run.GetOk() {
		return fmt.Errorf("%s: %s", name, run.GetText())
	}
	return nil
}
