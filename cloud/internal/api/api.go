// Package api is the cabinet's two doors. At the cabinet's door people come in with a session cookie and agents with a one-time
// code; at the agents' door a client certificate is asked for before a word is heard. Handlers translate, call and
// translate back; they hold no SQL and decide nothing that another package owns.
//
// # Order of a call
//
// Recovery, log, who it is (cookie or certificate), what the method needs (the one table of package access), then the handler. A
// method that is not in the table is refused.
//
// # Money
//
// Views are built here, by functions that are given the reader's rights (view.go). For a reader without money:view a view is
// built from the fields that are not money; nothing is taken out afterwards, so a field added tomorrow stays hidden until
// somebody decides otherwise.
//
// # Pages of strangers
//
// The cookie is SameSite=Strict and HttpOnly; calls from pages of other origins are refused by their Origin and
// Sec-Fetch-Site headers, and a form cannot send what Connect accepts as content type.
package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	connecting "github.com/chekan-io/chekan/cloud/internal/connect"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/notify"
	"github.com/chekan-io/chekan/cloud/internal/people"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/remote"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/tree"
	"github.com/chekan-io/chekan/cloud/internal/updates"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
	"github.com/chekan-io/chekan/proto/pack"
)

const (
	// smallRequest is the most a person's call may weigh.
	smallRequest = 1 << 20
	// agentRequest is the most an agent's call may weigh: a packed batch or a bundle, and something around it.
	agentRequest = max(pack.MaxPacked, fleet.MaxBundle) + 1<<20
	// worthPacking is from what size on an answer is compressed: the stream begins with thousands of small ones, each compressed by itself.
	worthPacking = 2 << 10
	// callLimit ends a call that hangs; streams and long polls have their own ends.
	callLimit = 90 * time.Second
)

// Server holds what the doors lead to.
type Server struct {
	Access    *access.Access
	Authority *access.Authority
	Fleet     *fleet.Fleet
	Documents *documents.Documents
	Updates   *updates.Updates
	Remote    *remote.Remote
	Post      *post.Post
	Notify    *notify.Notify
	Audit     *audit.Log
	People    *people.People
	Trees     *tree.Trees
	// Connections are tills on their way into the cabinet.
	Connections *connecting.Connections
	Log         *slog.Logger
	// Secure says that people reach the cabinet over TLS; then the cookie goes over nothing else.
	Secure bool
	// BehindProxy says that a proxy of ours stands in front and X-Forwarded-For is its word.
	BehindProxy bool
	// Support is who keeps the cabinet and helps with it.
	Support people.Contacts
	// PublicURL is where people and agents reach the cabinet; UplinkURL and BrokerURL are given to agents.
	PublicURL, UplinkURL, BrokerURL string
	// Pin is added to enrolment codes when the cabinet's door shows a certificate of its own authority; else empty.
	Pin string
	// Poll is how often agents ask when the broker is away.
	Poll time.Duration
	// Meter counts calls and what is taken in; may be nil.
	Meter Meter
	// Healthy tells whether the database answers.
	Healthy func(ctx context.Context) error
	// Stopping ends streams and long polls, so that a stop does not wait for them.
	Stopping <-chan struct{}
	// Now is the clock.
	Now func() time.Time

	calls calls
	sends rate
}

// Meter counts what the doors do.
type Meter interface {
	// Call counts a call; code is empty when it went well.
	Call(procedure, code string, took time.Duration)
	// Ingested counts a batch.
	Ingested(entries int)
}

// Cabinet is the door of people: the API, enrolment, and pages for everything else.
func (s *Server) Cabinet(pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	opts := []connect.HandlerOption{
		connect.WithRecover(s.recovered), connect.WithInterceptors(&door{s: s, who: s.person}), connect.WithReadMaxBytes(smallRequest),
		connect.WithCompressMinBytes(worthPacking),
	}
	mux.Handle(cabinetv1connect.NewAccessServiceHandler(&accessService{s}, opts...))
	mux.Handle(cabinetv1connect.NewFleetServiceHandler(&fleetService{s}, opts...))
	mux.Handle(cabinetv1connect.NewDocumentsServiceHandler(&documentsService{s}, opts...))
	mux.Handle(cabinetv1connect.NewLinksServiceHandler(&linksService{s}, opts...))
	mux.Handle(cabinetv1connect.NewHistoryServiceHandler(&historyService{s}, opts...))
	mux.Handle(cabinetv1connect.NewRemoteServiceHandler(&remoteService{s}, opts...))
	mux.Handle(cabinetv1connect.NewUpdatesServiceHandler(&updatesService{s}, opts...))
	mux.Handle(cabinetv1connect.NewTreeServiceHandler(&treeService{s}, opts...))
	mux.Handle(cabinetv1connect.NewAuditServiceHandler(&auditService{s}, opts...))
	mux.Handle(cabinetv1connect.NewNotifyServiceHandler(&notifyService{s}, opts...))
	mux.Handle(cabinetv1connect.NewOrganisationServiceHandler(&organisationService{s}, opts...))
	mux.Handle(uplinkv1connect.NewEnrolmentServiceHandler(&enrolmentService{s}, opts...))
	s.oidc(mux)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		if err := s.Healthy(ctx); err != nil {
			s.Log.WarnContext(ctx, "not healthy", "error", err)
			http.Error(w, "database does not answer", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n")) // a reader that has left need not be told
	})
	receipts := newReceiptPages(s)
	mux.HandleFunc("GET /r/{word}", receipts.page)
	mux.HandleFunc("GET /r/{word}/receipt.pdf", receipts.pdf)
	mux.Handle("/", pages)
	protect := http.NewCrossOriginProtection()
	return s.headers(protect.Handler(mux))
}

// Agents is the door of agents, served with mutual TLS.
func (s *Server) Agents() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(uplinkv1connect.NewUplinkServiceHandler(&uplinkService{s},
		connect.WithRecover(s.recovered), connect.WithInterceptors(&door{s: s, who: s.agent}), connect.WithReadMaxBytes(agentRequest)))
	mux.Handle("GET "+releasesPath, s.releases())
	return s.identify(mux)
}

// headers says what browsers may do with our pages, and keeps the client's address.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		if s.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), hostKey{}, r.Host)))
	})
}

// door is the interceptor of both doors: log, identity, right.
type door struct {
	s   *Server
	who func(ctx context.Context, header http.Header) (context.Context, error)
}

func (d *door) enter(ctx context.Context, procedure string, header http.Header) (context.Context, error) {
	ctx = d.s.from(ctx, header)
	need, known := access.Needs(procedure)
	if !known {
		return ctx, connect.NewError(connect.CodePermissionDenied, errors.New("method is not open to anyone"))
	}
	if need == access.Everyone {
		return ctx, nil
	}
	ctx, err := d.who(ctx, header)
	if err != nil {
		return ctx, err
	}
	switch person := access.PersonFrom(ctx); {
	case need == access.TheAgent && access.AgentFrom(ctx) != nil:
		return ctx, mayCall(access.AgentFrom(ctx), procedure, header)
	case person.MayCall(need):
	default:
		return ctx, access.ErrForbidden
	}
	return ctx, d.s.orderly(ctx, procedure)
}

// WrapUnary implements connect.Interceptor.
func (d *door) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(ctx, callLimit)
		defer cancel()
		procedure := req.Spec().Procedure
		ctx, err := d.enter(ctx, procedure, req.Header())
		var res connect.AnyResponse
		if err == nil {
			if a := access.AgentFrom(ctx); a != nil {
				var done func()
				ctx, done = d.s.calls.begin(ctx, a.ID, procedure)
				defer done()
			}
			var done func()
			ctx, done = d.s.while(ctx, req.Header(), false)
			defer done()
			res, err = next(ctx, req)
			if cause := context.Cause(ctx); errors.Is(cause, access.ErrRevoked) || errors.Is(cause, errHello) || errors.Is(cause, errTaken) {
				err = cause
			}
		}
		if err = d.s.outward(ctx, procedure, err); err != nil {
			res = nil
		}
		d.s.note(ctx, procedure, began, err)
		return res, err
	}
}

// WrapStreamingHandler implements connect.Interceptor.
func (d *door) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		began := time.Now()
		procedure := conn.Spec().Procedure
		ctx, err := d.enter(ctx, procedure, conn.RequestHeader())
		if err == nil {
			var done func()
			ctx, done = d.s.while(ctx, conn.RequestHeader(), true)
			defer done()
			if err = next(ctx, conn); errors.Is(context.Cause(ctx), errTaken) {
				err = context.Cause(ctx)
			}
		}
		err = d.s.outward(ctx, procedure, err)
		d.s.note(ctx, procedure, began, err)
		return err
	}
}

// WrapStreamingClient implements connect.Interceptor; we are no client.
func (d *door) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// note logs a call: who asked wrongly is news of theirs, what we did wrongly is news of ours.
func (s *Server) note(ctx context.Context, procedure string, began time.Time, err error) {
	took, word := time.Since(began), ""
	if err != nil {
		word = connect.CodeOf(err).String()
	}
	if s.Meter != nil {
		s.Meter.Call(procedure, word, took)
	}
	attrs := []slog.Attr{slog.String("method", procedure), slog.Duration("took", took)}
	level := slog.LevelDebug
	if err != nil {
		code := connect.CodeOf(err)
		attrs = append(attrs, slog.String("code", code.String()))
		if code != connect.CodeCanceled && code != connect.CodeUnauthenticated {
			level = slog.LevelInfo
		}
	}
	s.Log.LogAttrs(ctx, level, "call", attrs...)
}

func (s *Server) recovered(ctx context.Context, spec connect.Spec, _ http.Header, value any) error {
	id := newID()
	s.Log.ErrorContext(ctx, "handler panicked", "method", spec.Procedure, "panic", value, "id", id)
	return connect.NewError(connect.CodeInternal, errors.New("internal error "+id))
}

// kinds maps the reasons of our packages to codes of Connect.
var kinds = []struct {
	err  error
	code connect.Code
}{
	{access.ErrCredentials, connect.CodeUnauthenticated},
	{access.ErrNoSession, connect.CodeUnauthenticated},
	{access.ErrKey, connect.CodeUnauthenticated},
	{access.ErrForbidden, connect.CodePermissionDenied},
	{errTaken, connect.CodeAborted},
	{access.ErrAgent, connect.CodeUnauthenticated},
	{access.ErrRevoked, connect.CodeUnauthenticated},
	{access.ErrLate, connect.CodeUnauthenticated},
	{errHello, connect.CodeAborted},
	{fleet.ErrTwin, connect.CodeFailedPrecondition},
	{access.ErrProve, connect.CodeFailedPrecondition},
	{access.ErrKeyProve, connect.CodePermissionDenied},
	{access.ErrFactor, connect.CodeFailedPrecondition},
	{access.ErrTerms, connect.CodeFailedPrecondition},
	{access.ErrLastFactor, connect.CodeFailedPrecondition},
	{access.ErrState, connect.CodeFailedPrecondition},
	{access.ErrClosed, connect.CodeFailedPrecondition},
	{access.ErrNoPasskeys, connect.CodeFailedPrecondition},
	{access.ErrPasskey, connect.CodePermissionDenied},
	{access.ErrInvitation, connect.CodeNotFound},
	{access.ErrDevice, connect.CodeNotFound},
	{access.ErrTooOften, connect.CodeResourceExhausted},
	{access.ErrCode, connect.CodePermissionDenied},
	{access.ErrWeak, connect.CodeInvalidArgument},
	{access.ErrOutlet, connect.CodeInvalidArgument},
	{access.ErrRequest, connect.CodeInvalidArgument},
	{fleet.ErrNotFound, connect.CodeNotFound},
	{fleet.ErrInvalid, connect.CodeInvalidArgument},
	{fleet.ErrConfirm, connect.CodeInvalidArgument},
	{fleet.ErrReason, connect.CodeInvalidArgument},
	{remote.ErrNotFound, connect.CodeNotFound},
	{remote.ErrInvalid, connect.CodeInvalidArgument},
	{remote.ErrConflict, connect.CodeAlreadyExists},
	{remote.ErrOver, connect.CodeFailedPrecondition},
	{fleet.ErrConflict, connect.CodeAlreadyExists},
	{fleet.ErrNoAgent, connect.CodeFailedPrecondition},
	{fleet.ErrTooOld, connect.CodeUnimplemented},
	{fleet.ErrClosed, connect.CodeFailedPrecondition},
	{documents.ErrNotFound, connect.CodeNotFound},
	{notify.ErrNotFound, connect.CodeNotFound},
	{notify.ErrInvalid, connect.CodeInvalidArgument},
	{notify.ErrCode, connect.CodePermissionDenied},
	{notify.ErrTooOften, connect.CodeResourceExhausted},
	{notify.ErrNoWay, connect.CodeFailedPrecondition},
	{tree.ErrNotFound, connect.CodeNotFound},
	{updates.ErrNotFound, connect.CodeNotFound},
	{updates.ErrInvalid, connect.CodeInvalidArgument},
	{updates.ErrConflict, connect.CodeAlreadyExists},
	{updates.ErrBusy, connect.CodeFailedPrecondition},
	{updates.ErrOver, connect.CodeFailedPrecondition},
	{updates.ErrExpired, connect.CodeFailedPrecondition},
	{documents.ErrInvalid, connect.CodeInvalidArgument},
	{documents.ErrClosed, connect.CodeUnavailable},
	{pack.ErrTooLarge, connect.CodeInvalidArgument},
	{pack.ErrDictionary, connect.CodeInvalidArgument},
	{pack.ErrDamaged, connect.CodeInvalidArgument},
	{context.Canceled, connect.CodeCanceled},
	{context.DeadlineExceeded, connect.CodeDeadlineExceeded},
}

// errUnfit says that a text of a request is none that can be kept or looked for.
var errUnfit = errors.New("a text holds a character that no text has, or has no end")

// outward turns an error into what may be told outside. An unexpected one is told by an id only; its text is in the log.
func (s *Server) outward(ctx context.Context, procedure string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*connect.Error](err); ok {
		return e
	}
	if r, ok := errors.AsType[*people.Refusal](err); ok {
		return refusalError(r)
	}
	if r, ok := errors.AsType[*access.Refusal](err); ok {
		return refused(r)
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return connectError(k.code, err)
		}
	}
	if store.Unfit(err) {
		return connect.NewError(connect.CodeInvalidArgument, errUnfit)
	}
	id := newID()
	s.Log.ErrorContext(ctx, "call went wrong", "method", procedure, "error", err, "id", id)
	return connect.NewError(connect.CodeInternal, errors.New("internal error "+id))
}

func newID() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// token is the session's secret of a call.
func token(header http.Header) string { return cookieOf(header, cookieName) }

// caller is where a call comes from, without the port, with what else the call carries.
func (s *Server) caller(ctx context.Context) (address string, info connect.CallInfo) {
	info, ok := connect.CallInfoForHandlerContext(ctx)
	if !ok {
		return "", nil
	}
	address = info.Peer().Addr
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	if s.BehindProxy { // the last one is our proxy's word; those before it are anybody's
		forwarded := strings.Split(strings.Join(info.RequestHeader().Values("X-Forwarded-For"), ","), ",")
		if last := strings.TrimSpace(forwarded[len(forwarded)-1]); last != "" {
			address = last
		}
	}
	return address, info
}
