package api

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
)

// oidcCookie keeps the state of a browser that was sent to the other sign-in. It is Lax, unlike the others: the way back begins on a
// page of somebody else.
const oidcCookie = "chekan_oidc"

// oidc serves the way to the other sign-in and back. Both are pages that a browser opens, not calls.
func (s *Server) oidc(mux *http.ServeMux) {
	mux.HandleFunc("GET /oidc/start", s.oidcStart)
	mux.HandleFunc("GET "+access.OIDCBack, s.oidcBack)
}

// callerOf is where a request comes from, as [Server.caller] has it for calls.
func (s *Server) callerOf(r *http.Request) access.Caller {
	address := r.RemoteAddr
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	if s.BehindProxy {
		forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if last := strings.TrimSpace(forwarded[len(forwarded)-1]); last != "" {
			address = last
		}
	}
	return access.Caller{Address: address, Browser: r.UserAgent()}
}

func (s *Server) stateCookie(value string, life time.Duration) *http.Cookie {
	c := s.cookie(oidcCookie, value, "/oidc/", life)
	c.SameSite = http.SameSiteLaxMode
	return c
}

func (s *Server) oidcStart(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callLimit)
	defer cancel()
	address, state, err := s.Access.StartOIDC(ctx, r.URL.Query().Get("invitation"), s.callerOf(r))
	if err != nil {
		s.Log.WarnContext(ctx, "nobody sent to the other sign-in", "error", err)
		http.Redirect(w, r, "/sign-in?error=oidc", http.StatusSeeOther)
		return
	}
	http.SetCookie(w, s.stateCookie(state, access.CodeTime))
	http.Redirect(w, r, address, http.StatusSeeOther)
}

func (s *Server) oidcBack(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callLimit)
	defer cancel()
	gone := s.stateCookie("", 0)
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	w.Header().Set("Cache-Control", "no-store")
	from := s.callerOf(r)
	ctx = audit.WithActor(ctx, audit.Actor{Address: from.Address, Browser: from.Browser})
	query := r.URL.Query()
	e, err := s.Access.FinishOIDC(ctx, query.Get("state"), cookieOf(r.Header, oidcCookie), query.Get("code"), from)
	switch {
	case err != nil:
		s.Log.InfoContext(ctx, "nobody came back from the other sign-in", "error", err)
		http.Redirect(w, r, "/sign-in?error=oidc", http.StatusSeeOther)
	case e.Challenge != nil:
		http.Redirect(w, r, "/sign-in?"+url.Values{"ticket": {e.Challenge.Ticket}}.Encode(), http.StatusSeeOther)
	default:
		s.cookies(w.Header(), e.Tokens)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}
