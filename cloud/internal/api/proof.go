package api

import (
	"context"

	"github.com/chekan-io/chekan/cloud/internal/access"
)

// proven gives [access.ErrProve] unless the caller proved lately who they are. The door asks it for the methods that are always
// dangerous (package access); a handler asks it where only some acts are.
func (s *Server) proven(ctx context.Context) error {
	return access.PersonFrom(ctx).Proven(s.Now())
}
