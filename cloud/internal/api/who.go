package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
)

// organisationHeader names the organisation a person works in: each page of a browser has its own.
const organisationHeader = "Chekan-Organisation"

// askAgain is how often a call that goes on asks whether its caller still may, besides being told ([access.Access.RightsChanged]):
// with one question to the database it ends within 5 s after a right was taken, wherever it was taken.
const askAgain = 3 * time.Second

// errTaken says that the caller's rights are no longer those with which a call or a stream began.
var errTaken = errors.New("rights have changed: begin anew")

// key gives the key of another system that a call carries; false when it carries none. Other words in the header are for a proxy
// in front of us.
func key(header http.Header) (string, bool) {
	scheme, secret, _ := strings.Cut(header.Get("Authorization"), " ")
	secret = strings.TrimSpace(secret)
	return secret, strings.EqualFold(scheme, "Bearer") && strings.HasPrefix(secret, access.KeyPrefix)
}

// person finds who calls: a key of another system, or a person by their session.
func (s *Server) person(ctx context.Context, header http.Header) (context.Context, error) {
	p, err := s.known(ctx, header, s.Access.Key)
	if err != nil {
		return ctx, err
	}
	actor := audit.ActorFrom(ctx)
	actor.ID, actor.Name = p.ID, p.Login
	return access.WithPerson(audit.WithActor(ctx, actor), p), nil
}

func (s *Server) known(ctx context.Context, header http.Header, ofKey func(context.Context, string) (*access.Person, error)) (*access.Person, error) {
	if secret, ok := key(header); ok {
		p, err := ofKey(ctx, secret)
		if err == nil && header.Get(organisationHeader) != "" && header.Get(organisationHeader) != p.OrganisationID {
			return nil, access.ErrForbidden
		}
		return p, err
	}
	secret := token(header)
	if secret == "" {
		return nil, access.ErrNoSession
	}
	return s.Access.SessionIn(ctx, secret, header.Get(organisationHeader))
}

// from puts into a context where a call comes from, for the journal of acts.
func (s *Server) from(ctx context.Context, header http.Header) context.Context {
	address, _ := s.caller(ctx)
	return audit.WithActor(ctx, audit.Actor{Address: address, Browser: header.Get("User-Agent")})
}

// while gives a context that ends when its caller is no longer who they were: signed out, shut out, with other rights, or with a
// key that was taken back. The returned function frees what it holds. A stream is told of changes at once; a call that answers looks
// by time alone, for it may be the one that changes the caller's own rights.
func (s *Server) while(ctx context.Context, header http.Header, stream bool) (context.Context, func()) {
	p := access.PersonFrom(ctx)
	if p == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		tick := time.NewTicker(askAgain)
		defer tick.Stop()
		for {
			var changing <-chan struct{}
			if stream {
				changing = s.Access.Changing()
			}
			select {
			case <-ctx.Done():
				return
			case <-changing:
			case <-tick.C:
			}
			again, err := s.known(ctx, header, s.Access.KeyAgain)
			switch {
			case ctx.Err() != nil:
				return
			case errors.Is(err, access.ErrNoSession), errors.Is(err, access.ErrKey), errors.Is(err, access.ErrForbidden):
				cancel(fmt.Errorf("%w: %w", errTaken, err))
			case err != nil: // the database does not answer: nobody is shut out for that, and it is asked again
				s.Log.WarnContext(ctx, "rights not asked again", "error", err)
			case !p.Same(again):
				cancel(errTaken)
			}
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}
