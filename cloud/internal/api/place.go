package api

import (
	"context"
	"fmt"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
)

// at gives who calls and where a till stands. A till at which the caller may not do what a method needs is answered as one that
// does not exist: an id that was guessed must teach nothing.
func (s *Server) at(ctx context.Context, need access.Permission, tillID string) (*access.Person, access.Place, error) {
	p := access.PersonFrom(ctx)
	place, err := s.Fleet.Place(ctx, tillID)
	if err != nil {
		return nil, access.Place{}, err
	}
	if !p.CanAt(need, place) {
		return nil, access.Place{}, fmt.Errorf("till %q: %w", tillID, fleet.ErrNotFound)
	}
	return p, place, nil
}
