package pos

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

var errLater = connect.NewError(connect.CodeUnimplemented, errors.New("not there yet"))

// FindTills implements the service.
func (t *technician) FindTills(context.Context, *posv1.FindTillsRequest, *connect.ServerStream[posv1.FindTillsResponse]) error {
	return errLater
}

// AdoptTill implements the service.
func (t *technician) AdoptTill(context.Context, *posv1.AdoptTillRequest) (*posv1.AdoptTillResponse, error) {
	return nil, errLater
}
