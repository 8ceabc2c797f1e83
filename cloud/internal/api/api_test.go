package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
)

// TestCabinet_wrong: what goes wrong inside is told outside by an id that the log has, and by nothing else; a handler that panics ends its own
// call only; a cabinet whose database is away says so to who watches over it.
func TestCabinet_wrong(t *testing.T) {
	var log bytes.Buffer
	away := errors.New("dial tcp 10.0.0.7:5432: secret of the database")
	s := &Server{Log: slog.New(slog.NewTextHandler(&log, nil)), Now: time.Now, Stopping: make(chan struct{}), Healthy: func(context.Context) error { return away }}
	server := httptest.NewServer(s.Cabinet(http.NotFoundHandler()))
	t.Cleanup(server.Close)
	door := cabinetv1connect.NewAccessServiceClient(server.Client(), server.URL)
	for range 2 { // the first one has not taken the server along
		_, err := door.GetEntrance(t.Context(), &cabinetv1.GetEntranceRequest{}) // without package access it panics
		if connect.CodeOf(err) != connect.CodeInternal || !strings.Contains(log.String(), "handler panicked") {
			t.Fatalf("%v, log %s", err, log.String())
		}
		_, id, _ := strings.Cut(err.Error(), "internal error ")
		if len(id) != 12 || !strings.Contains(log.String(), id) || strings.Contains(err.Error(), "nil pointer") {
			t.Errorf("told %q, log %s", err, log.String())
		}
	}
	log.Reset()
	err := s.outward(t.Context(), "/cabinet.v1.FleetService/ListTills", away)
	if connect.CodeOf(err) != connect.CodeInternal || strings.Contains(err.Error(), "secret") || !strings.Contains(log.String(), "secret") {
		t.Errorf("told %q, log %s", err, log.String())
	}
	res, err := server.Client().Get(server.URL + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusServiceUnavailable || strings.Contains(string(text), "secret") {
		t.Errorf("%d %s %v", res.StatusCode, text, err)
	}
}

// TestCalls: what an agent has open ends when it is shut out, and when another start of its program says hello, except what says hello itself; with
// the reason, and nobody else's.
func TestCalls(t *testing.T) {
	var c calls
	poll, done := c.begin(t.Context(), "a", uplinkv1connect.UplinkServiceFetchCommandsProcedure)
	greeting, greeted := c.begin(t.Context(), "a", uplinkv1connect.UplinkServiceHelloProcedure)
	other, ended := c.begin(t.Context(), "b", uplinkv1connect.UplinkServiceFetchCommandsProcedure)
	defer ended()
	c.cutOthers("a", errHello)
	if !errors.Is(context.Cause(poll), errHello) || greeting.Err() != nil || other.Err() != nil {
		t.Errorf("another start: %v %v %v", context.Cause(poll), greeting.Err(), other.Err())
	}
	c.cut("a", access.ErrRevoked)
	if !errors.Is(context.Cause(greeting), access.ErrRevoked) || other.Err() != nil {
		t.Errorf("a revocation: %v %v", context.Cause(greeting), other.Err())
	}
	done()
	greeted()
	if len(c.open) != 1 || len(c.open["b"]) != 1 {
		t.Errorf("what has ended is kept: %v", c.open)
	}
}

// TestCaller: the address that limits and journals go by is the connection's. Behind a proxy it is the last word of X-Forwarded-For, which is the
// proxy's own; what callers wrote before it is not believed.
func TestCaller(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	authority, err := access.OpenAuthority(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		behind    bool
		forwarded []string
		want      string
	}{
		"nobody in between":         {false, nil, "127.0.0.1"},
		"a header that is a lie":    {false, []string{"192.0.2.1"}, "127.0.0.1"},
		"behind a proxy":            {true, []string{"192.0.2.1"}, "192.0.2.1"},
		"a lie before the proxy":    {true, []string{"198.51.100.9, 192.0.2.1"}, "192.0.2.1"},
		"two lines of the header":   {true, []string{"198.51.100.9", "192.0.2.1"}, "192.0.2.1"},
		"a proxy that says nothing": {true, nil, "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) { caller(t, s, authority, c.behind, c.forwarded, c.want) })
	}
}

// caller has somebody try to come in, and looks in which drawer of the limits the try lies.
func caller(t *testing.T, s *store.Store, authority *access.Authority, behind bool, forwarded []string, want string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	a, err := access.New(s, authority, log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server := &Server{Log: log, Now: time.Now, Stopping: make(chan struct{}), Access: a, BehindProxy: behind}
	got := ""
	spy := connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
			got, _ = server.caller(ctx)
			return next(ctx, r)
		}
	}))
	mux := http.NewServeMux()
	mux.Handle(cabinetv1connect.NewAccessServiceHandler(&accessService{server}, spy))
	open := httptest.NewServer(mux)
	t.Cleanup(open.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, open.URL+cabinetv1connect.AccessServiceGetEntranceProcedure, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header["X-Forwarded-For"] = forwarded
	res, err := open.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got != want || res.StatusCode != http.StatusOK {
		t.Errorf("%q, want %q: %s", got, want, res.Status)
	}
}
