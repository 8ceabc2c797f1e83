// Package pos is the door for the shop's own software: Connect on loopback,
// where plain JSON by curl works.
//
// # Who may come in
//
// Every call carries the token that lies in the agent's data folder, so that
// other users of the computer, who cannot read it, cannot sell. A web page in
// the cashier's browser can reach loopback too: calls with a foreign Origin or
// a Host that is not loopback are refused before anything is looked at.
//
// # What is said
//
// An operation is answered done, not done or unknown, with a sentence the
// cashier understands. What is wrong with a request is said field by field
// (detail pos.v1.Refusal of invalid_argument); unknown fields are refused, so
// that a misspelt "payments" cannot pass for an unpaid receipt.
//
// The package translates and guards; it decides nothing (package till).
package pos

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/till"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/proto/gen/pos/v1/posv1connect"
)

// maxRequest bounds a request, bytes: the greatest receipt is far below.
const maxRequest = 1 << 20

// Agent is what the door needs of the agent as a whole.
type Agent interface {
	Status(ctx context.Context) *posv1.AgentStatusResponse
	Enroll(ctx context.Context, code, cloud string) (*posv1.EnrollResponse, error)
	CheckUpdate(ctx context.Context) (*posv1.CheckUpdateResponse, error)
}

// Options of the door.
type Options struct {
	// Token every call must carry as a bearer.
	Token string
	// Origins of web pages that may call, besides none: https://pos.example.
	Origins []string
	// RequirePreflight refuses a receipt paid by card that has no token of a
	// Preflight: then a card is never charged for a till that cannot sell.
	RequirePreflight bool
	// Hosts that may stand in the Host header besides loopback names.
	Hosts []string
	// Finder looks for tills; nil does not.
	Finder Finder
	Log    *slog.Logger
}

// NewHandler makes the door.
func NewHandler(fleet *till.Fleet, j *journal.Journal, agent Agent, opts Options) http.Handler {
	mux := http.NewServeMux()
	strict := []connect.HandlerOption{
		connect.WithCodec(strictJSON{"json"}), connect.WithCodec(strictJSON{"json; charset=utf-8"}), connect.WithReadMaxBytes(maxRequest),
		connect.WithRecover(func(_ context.Context, spec connect.Spec, _ http.Header, v any) error {
			opts.Log.Error("panic in the door", "method", spec.Procedure, "panic", v)
			return connect.NewError(connect.CodeInternal, errInternal)
		}),
	}
	mux.Handle(posv1connect.NewPosServiceHandler(&posService{fleet: fleet, journal: j, passes: newPasses(opts.RequirePreflight)}, strict...))
	mux.Handle(posv1connect.NewTechnicianServiceHandler(&technician{fleet: fleet, journal: j, agent: agent, finder: opts.Finder}, strict...))
	return guard(mux, opts)
}

// guard refuses calls that did not come from a program of this computer that
// holds the token.
func guard(next http.Handler, opts Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		switch {
		case !Loopback(r.Host) && !slices.Contains(opts.Hosts, r.Host):
			refuse(w, http.StatusForbidden, "permission_denied", "обращаться надо к 127.0.0.1 или localhost, пришло "+r.Host)
			return
		case origin != "" && !slices.Contains(opts.Origins, origin):
			refuse(w, http.StatusForbidden, "permission_denied", "страницам с адреса "+origin+" нельзя: разрешите его в настройке origins")
			return
		}
		if origin != "" {
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Vary", "Origin")
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Methods", "GET, POST")
				h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Connect-Protocol-Version, Connect-Timeout-Ms")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || subtle.ConstantTimeCompare([]byte(token), []byte(opts.Token)) != 1 {
			refuse(w, http.StatusUnauthorized, "unauthenticated", "нужен заголовок Authorization: Bearer с токеном из файла token в папке данных агента")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuse answers in the form of a Connect error, so that clients read it alike.
func refuse(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"code":"` + code + `","message":` + quote(text) + `}` + "\n"))
}

// Loopback tells whether a host, with or without a port, is this computer. The
// cashier's page beside this door asks the same.
func Loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
