package api

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	connecting "github.com/chekan-io/chekan/cloud/internal/connect"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
)

// Headers between agents and the cabinet, beside the messages.
const (
	// instanceHeader carries the start of the agent's program with every call.
	instanceHeader = "Chekan-Instance"
	// reasonHeader says why an agent is refused, as a word for programs.
	reasonHeader = "Chekan-Reason"
)

// Reasons.
const (
	reasonRevoked = "revoked" // enrol anew
	reasonLate    = "late"    // the certificate has ended: renew it
	reasonHello   = "hello"   // another start of the program spoke meanwhile: say hello
	reasonTwin    = "twin"    // another program speaks as this agent: enrol one of them anew
	reasonConfirm = "confirm" // the name typed is not the till's
	reasonReason  = "reason"  // say why
)

// errHello says that another start of the agent's program said hello last.
var errHello = errors.New("say hello first")

// reasons tells agents why, for errors that they act upon.
var reasons = []struct {
	err  error
	word string
}{
	{access.ErrRevoked, reasonRevoked},
	{access.ErrLate, reasonLate},
	{errHello, reasonHello},
	{fleet.ErrTwin, reasonTwin},
	{fleet.ErrConfirm, reasonConfirm},
	{fleet.ErrReason, reasonReason},
	{access.ErrProve, "prove"},
	{access.ErrKeyProve, "person"},
	{access.ErrFactor, "factor"},
	{access.ErrTerms, "terms"},
	{access.ErrLastFactor, "last_factor"},
	{access.ErrState, "state"},
	{access.ErrClosed, "closed"},
	{access.ErrNoPasskeys, "no_passkeys"},
	{access.ErrPasskey, "passkey"},
	{access.ErrInvitation, "invitation"},
	{connecting.ErrNoDevice, "find_none"},
	{connecting.ErrHeld, "find_held"},
	{connecting.ErrHalf, "find_half"},
	{connecting.ErrTitle, "tree_name"},
	{connecting.ErrHours, "settings_hours"},
	{connecting.ErrSettings, "settings"},
	{connecting.ErrChanged, "settings_changed"},
}

func reasonOf(err error) string {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.word
		}
	}
	return ""
}

type certificateKey struct{}

// identify passes the certificate shown on the connection, if it is an agent's and good or only lately over. TLS has checked it when
// the connection began; a connection lives on, so its certificate's end is looked at with every call.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			if shown, err := s.Authority.Shown(r.TLS.PeerCertificates[0]); err == nil {
				ctx := context.WithValue(r.Context(), certificateKey{}, shown)
				ctx = context.WithValue(ctx, closeKey{}, func() { w.Header().Set("Connection", "close") })
				r = r.WithContext(ctx)
			}
		}
		next.ServeHTTP(w, r)
	})
}

type closeKey struct{}

// endConnection has the connection of a call ended after its answer.
func endConnection(ctx context.Context) {
	if end, ok := ctx.Value(closeKey{}).(func()); ok {
		end()
	}
}

// agent finds whose certificate it is.
func (s *Server) agent(ctx context.Context, _ http.Header) (context.Context, error) {
	shown, ok := ctx.Value(certificateKey{}).(*access.Shown)
	if !ok {
		return ctx, access.ErrAgent
	}
	a, err := s.Access.Agent(ctx, shown.AgentID)
	if err != nil {
		endConnection(ctx)
		return ctx, err
	}
	a.Shown = shown
	actor := audit.ActorFrom(ctx)
	actor.ID, actor.Name = a.ID, a.Host
	return access.WithAgent(audit.WithActor(ctx, actor), a), nil
}

// mayCall tells whether an agent may call a method now: with a certificate that is over it may renew it, and a program that was not
// the last to say hello says it first.
func mayCall(a *access.Agent, procedure string, header http.Header) error {
	if a.Shown != nil && a.Shown.Late && procedure != uplinkv1connect.UplinkServiceRenewProcedure {
		return access.ErrLate
	}
	switch procedure {
	case uplinkv1connect.UplinkServiceRenewProcedure, uplinkv1connect.UplinkServiceHelloProcedure:
		return nil
	}
	if instance := header.Get(instanceHeader); instance != "" && a.Instance != "" && instance != a.Instance {
		return errHello
	}
	return nil
}

// OnlyAgents lets a plain request in that carries the certificate of an agent that is not revoked, and cuts it when the agent is: for
// files that are served to agents.
func (s *Server) OnlyAgents(next http.Handler) http.Handler {
	return s.identify(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, err := s.agent(r.Context(), r.Header)
		if err == nil {
			err = mayCall(access.AgentFrom(ctx), r.URL.Path, http.Header{})
		}
		if err != nil {
			w.Header().Set(reasonHeader, reasonOf(err))
			http.Error(w, "only for agents", http.StatusForbidden)
			return
		}
		ctx, done := s.calls.begin(ctx, access.AgentFrom(ctx).ID, r.URL.Path)
		defer done()
		next.ServeHTTP(&cuttable{ResponseWriter: w, ctx: ctx}, r.WithContext(ctx))
		if errors.Is(context.Cause(ctx), access.ErrRevoked) {
			panic(http.ErrAbortHandler) // half a file must not look like a whole one
		}
	}))
}

// cuttable stops writing when its call is cut: whoever copies a file to it does not look at the context.
type cuttable struct {
	http.ResponseWriter
	ctx context.Context //nolint:containedctx // of the request that it answers
}

// Write implements http.ResponseWriter.
func (c *cuttable) Write(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (c *cuttable) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// calls are the calls of agents that go on now.
type calls struct {
	mu   sync.Mutex
	open map[string]map[*call]struct{}
}

type call struct {
	cancel context.CancelCauseFunc
	// greets says that it tells who speaks, and ends by itself.
	greets bool
}

// begin notes a call; its context ends when the agent is cut.
func (c *calls) begin(ctx context.Context, agentID, procedure string) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	own := &call{cancel: cancel, greets: procedure == uplinkv1connect.UplinkServiceHelloProcedure || procedure == uplinkv1connect.UplinkServiceRenewProcedure}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[string]map[*call]struct{}{}
	}
	if c.open[agentID] == nil {
		c.open[agentID] = map[*call]struct{}{}
	}
	c.open[agentID][own] = struct{}{}
	return ctx, func() {
		c.mu.Lock()
		delete(c.open[agentID], own)
		if len(c.open[agentID]) == 0 {
			delete(c.open, agentID)
		}
		c.mu.Unlock()
		cancel(nil)
	}
}

// cut ends all calls of an agent.
func (c *calls) cut(agentID string, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for open := range c.open[agentID] {
		open.cancel(why)
	}
}

// cutOthers ends what other starts of an agent's program have open, but not their saying who they are.
func (c *calls) cutOthers(agentID string, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for open := range c.open[agentID] {
		if !open.greets {
			open.cancel(why)
		}
	}
}

// Revoked cuts what a revoked agent has open: calls, and the line to the broker by kick. It does not block.
func (s *Server) Revoked(agentID string, kick func(agentID string)) {
	s.calls.cut(agentID, access.ErrRevoked)
	go func() {
		kick(agentID)
		ctx, cancel := context.WithTimeout(context.Background(), shutLimit) //nolint:forbidigo // of no call
		defer cancel()
		if err := s.Fleet.ShutOut(ctx, agentID); err != nil {
			s.Log.WarnContext(ctx, "watchers are not told of a revocation", "agent", agentID, "error", err)
		}
	}()
}

// shutLimit bounds what follows a revocation.
const shutLimit = 10 * time.Second

// connectError is an error with its code, and the reason an agent acts upon.
func connectError(code connect.Code, err error) error {
	e := connect.NewError(code, err)
	if word := reasonOf(err); word != "" {
		e.Meta().Set(reasonHeader, word)
	}
	return e
}
