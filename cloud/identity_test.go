package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/api"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
)

// within is what is promised of a revocation (docs/identity.md).
const within = time.Minute

func reason(err error) string {
	if e, ok := errors.AsType[*connect.Error](err); ok {
		return e.Meta().Get("Chekan-Reason")
	}
	return ""
}

// TestRevocation: whatever a revoked agent has open ends within a minute, and nothing opens again: a long poll, the line to the broker, a
// file on its way, a new call on the old connection, a new connection, a renewal.
func TestRevocation(t *testing.T) {
	c, password := launch(t, settings(t, storetest.SQLite(t)))
	admin := signIn(t, c, "admin", password)
	c.up(t)
	a := enrol(t, c, admin)
	a.report(t, "kassa")
	till := admin.till(t).GetId()
	if _, err := a.Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "j", Capability: 5}); err != nil {
		t.Fatal(err)
	}
	line, err := dial(t, a.info.GetBrokerUrl(), a.id, a.id, a.tls)
	if err != nil {
		t.Fatal(err)
	}
	line.say(t, line.topic("presence"), "online")
	until(t, "the agent is online", func() bool { return admin.online(t, till) })

	polled := make(chan error, 1)
	polls := make(chan struct{})
	go func() {
		close(polls)
		_, err := a.FetchCommands(context.WithoutCancel(t.Context()), &uplinkv1.FetchCommandsRequest{WaitMs: 60_000})
		polled <- err
	}()
	<-polls
	// A file for agents only, that takes for ever.
	door := &api.Server{Access: c.access, Authority: c.authority, Fleet: c.fleet, Log: c.log, Now: time.Now}
	files := httptest.NewUnstartedServer(door.OnlyAgents(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write([]byte("a piece of a release\n")); err != nil {
				return
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(time.Millisecond):
			}
		}
	})))
	files.TLS = c.authority.AgentsDoor(nil)
	files.EnableHTTP2 = true
	files.StartTLS()
	t.Cleanup(files.Close)
	c.access.OnRevoked(func(id string) { door.Revoked(id, func(string) {}) })
	trusting := a.tls.Clone()
	trusting.ServerName = "localhost"
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting, ForceAttemptHTTP2: true}}
	res, err := client.Get(files.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := res.Body.Read(make([]byte, 10)); err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res.Status, err)
	}

	began := time.Now()
	if _, err := admin.fleet.RevokeAgent(t.Context(), &cabinetv1.RevokeAgentRequest{AgentId: a.id}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-polled:
		if connect.CodeOf(err) != connect.CodeUnauthenticated || reason(err) != "revoked" {
			t.Errorf("the long poll: %v, reason %q", err, reason(err))
		}
	case <-time.After(patience):
		t.Fatal("the long poll goes on")
	}
	until(t, "the line to the broker is cut", func() bool { return !line.IsConnectionOpen() })
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("the file ended as if it were whole")
	}
	took := time.Since(began)
	t.Logf("all cut after %v", took.Round(time.Millisecond))
	if took > within {
		t.Errorf("it took %v", took)
	}
	_, csr := newKey(t)
	for what, call := range map[string]func(a *agent) error{
		"Hello": func(a *agent) error {
			_, err := a.Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "j", Capability: 5})
			return err
		},
		"Push": func(a *agent) error { _, err := a.Push(t.Context(), &uplinkv1.PushRequest{JournalId: "j"}); return err },
		"Renew": func(a *agent) error {
			_, err := a.Renew(t.Context(), &uplinkv1.RenewRequest{Csr: csr})
			return err
		},
	} {
		fresh := &agent{UplinkServiceClient: uplinkClient(t, a.tls, a.info.GetUplinkUrl())}
		for on, who := range map[string]*agent{"the old connection": a, "a new one": fresh} {
			if err := call(who); connect.CodeOf(err) != connect.CodeUnauthenticated || reason(err) != "revoked" {
				t.Errorf("%s on %s: %v, reason %q", what, on, err, reason(err))
			}
		}
	}
	if _, err := dial(t, a.info.GetBrokerUrl(), a.id, a.id, a.tls); err == nil {
		t.Error("the broker lets it in again")
	}
	if res, err := client.Get(files.URL); err != nil || res.StatusCode != http.StatusForbidden || res.Header.Get("Chekan-Reason") != "revoked" {
		t.Errorf("the files: %v %v", res, err)
	}
	if admin.online(t, till) {
		t.Error("its till is still said to be on the line")
	}
	if _, err := admin.fleet.RevokeAgent(t.Context(), &cabinetv1.RevokeAgentRequest{AgentId: "nobody"}); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("nobody revoked: %v", err)
	}
	if _, err := stranger(t, c).fleet.RevokeAgent(t.Context(), &cabinetv1.RevokeAgentRequest{AgentId: a.id}); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("revoked by another organisation: %v", err)
	}
}

// TestRevocation_elsewhere: a revocation given to another cabinet of the same database is found here too.
func TestRevocation_elsewhere(t *testing.T) {
	c, password := launch(t, settings(t, storetest.SQLite(t)))
	admin := signIn(t, c, "admin", password)
	a := enrol(t, c, admin)
	me, err := admin.access.WhoAmI(t.Context(), &cabinetv1.WhoAmIRequest{})
	if err != nil {
		t.Fatal(err)
	}
	polled := make(chan error, 1)
	go func() {
		_, err := a.FetchCommands(context.WithoutCancel(t.Context()), &uplinkv1.FetchCommandsRequest{WaitMs: 60_000})
		polled <- err
	}()
	other, err := access.New(c.store, c.authority, c.log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := other.Revoke(t.Context(), me.GetPerson().GetOrganisationId(), a.id, "admin"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-polled:
		if reason(err) != "revoked" {
			t.Errorf("the long poll: %v", err)
		}
		if took := time.Since(began); took > within {
			t.Errorf("it took %v", took)
		}
	case <-time.After(patience):
		t.Fatal("the long poll goes on")
	}
}

// TestLate: a certificate that ended lately renews itself and does nothing else; the next one does everything; the one that was left
// behind renews no more; and one that ended long ago does not even begin.
func TestLate(t *testing.T) {
	each(t, func(t *testing.T, c *cabinet, admin *person) {
		a := enrol(t, c, admin)
		if _, err := a.Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "j", Capability: 5}); err != nil {
			t.Fatal(err)
		}
		// The same cabinet, later.
		at := func(after time.Duration) func(cert tls.Certificate) *agent {
			now := func() time.Time { return time.Now().Add(after) }
			authority, err := access.OpenAuthority(filepath.Join(c.config.Data, "authority"), now)
			if err != nil {
				t.Fatal(err)
			}
			people, err := access.New(c.store, authority, c.log, now)
			if err != nil {
				t.Fatal(err)
			}
			door := &api.Server{
				Access: people, Authority: authority, Fleet: fleet.New(c.store, c.log, now, func(string) {}), Documents: c.documents, Updates: c.updates, Log: c.log, Now: now,
			}
			server := httptest.NewUnstartedServer(door.Agents())
			server.TLS = authority.AgentsDoor(nil)
			server.EnableHTTP2 = true
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			server.StartTLS()
			t.Cleanup(server.Close)
			return func(cert tls.Certificate) *agent {
				config := a.tls.Clone()
				config.Certificates, config.Time, config.ServerName = []tls.Certificate{cert}, now, "localhost"
				return &agent{id: a.id, UplinkServiceClient: uplinkClient(t, config, server.URL)}
			}
		}
		hello := func(a *agent) error {
			_, err := a.Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "j", Capability: 5})
			return err
		}
		renew := func(a *agent) (tls.Certificate, error) {
			key, csr := newKey(t)
			res, err := a.Renew(t.Context(), &uplinkv1.RenewRequest{Csr: csr})
			if err != nil {
				return tls.Certificate{}, err
			}
			return tls.Certificate{Certificate: [][]byte{res.GetCertificate()}, PrivateKey: key}, nil
		}
		const day = 24 * time.Hour
		first := a.tls.Certificates[0]
		if err := hello(at(access.AgentLife - time.Hour)(first)); err != nil {
			t.Errorf("in its last hour: %v", err)
		}
		forgotten := at(access.AgentLife + access.AgentGrace + day)
		if err := hello(forgotten(first)); err == nil || reason(err) != "" {
			t.Errorf("ended long ago: %v", err)
		}
		if _, err := renew(forgotten(first)); err == nil {
			t.Error("ended long ago, and renewed")
		}
		month := at(30 * day)
		late := month(first)
		if err := hello(late); connect.CodeOf(err) != connect.CodeUnauthenticated || reason(err) != "late" {
			t.Errorf("ended lately: %v, reason %q", err, reason(err))
		}
		if _, err := late.Push(t.Context(), &uplinkv1.PushRequest{JournalId: "j"}); reason(err) != "late" {
			t.Errorf("ended lately, a push: %v", err)
		}
		if _, err := renew(late); err != nil {
			t.Fatalf("ended lately, and does not renew: %v", err)
		}
		// The answer was lost: the old one asks again.
		second, err := renew(month(first))
		if err != nil {
			t.Fatalf("the answer was lost: %v", err)
		}
		if err := hello(month(second)); err != nil {
			t.Errorf("renewed: %v", err)
		}
		// Now the newest was shown; who still has the old one is a copy that stayed behind.
		if _, err := renew(month(first)); reason(err) != "late" {
			t.Errorf("a copy that stayed behind: %v, reason %q", err, reason(err))
		}
		if _, err := admin.fleet.RevokeAgent(t.Context(), &cabinetv1.RevokeAgentRequest{AgentId: a.id}); err != nil {
			t.Fatal(err)
		}
		if _, err := renew(at(60 * day)(second)); reason(err) != "revoked" {
			t.Errorf("revoked and late: %v, reason %q", err, reason(err))
		}
	})
}

// instance has calls say of which start of the agent's program they are.
type instance struct {
	http.RoundTripper
	id string
}

func (i instance) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Chekan-Instance", i.id)
	return i.RoundTripper.RoundTrip(r)
}

// TestInstance: when another start of an agent's program has said hello, the earlier one polls no more and its calls are refused until it says
// hello itself; a restart is no quarrel, and the newest word counts.
func TestInstance(t *testing.T) {
	each(t, func(t *testing.T, c *cabinet, admin *person) {
		ctx := t.Context()
		a := enrol(t, c, admin)
		start := func(id string) uplinkv1connect.UplinkServiceClient {
			transport := &http.Transport{TLSClientConfig: a.tls, ForceAttemptHTTP2: true}
			t.Cleanup(transport.CloseIdleConnections)
			return uplinkv1connect.NewUplinkServiceClient(&http.Client{Transport: instance{transport, id}}, a.info.GetUplinkUrl())
		}
		first, second := start("first"), start("second")
		hello := func(u uplinkv1connect.UplinkServiceClient, id string) {
			t.Helper()
			if _, err := u.Hello(ctx, &uplinkv1.HelloRequest{JournalId: "j", Capability: 5, Instance: id}); err != nil {
				t.Fatal(err)
			}
		}
		report := func(u uplinkv1connect.UplinkServiceClient) error {
			_, err := u.ReportState(ctx, &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{{Till: "kassa", Driver: "shtrih", Serial: "1", Online: true}}})
			return err
		}
		hello(first, "first")
		if err := report(first); err != nil {
			t.Fatal(err)
		}
		polled := make(chan error, 1)
		go func() {
			var err error
			for err == nil { // one that is begun at the very moment may wait in vain, but for a minute only
				_, err = first.FetchCommands(context.WithoutCancel(ctx), &uplinkv1.FetchCommandsRequest{WaitMs: 60_000})
			}
			polled <- err
		}()
		hello(second, "second")
		select {
		case err := <-polled:
			if connect.CodeOf(err) != connect.CodeAborted || reason(err) != "hello" {
				t.Errorf("the poll of the earlier start: %v, reason %q", err, reason(err))
			}
		case <-time.After(patience):
			t.Fatal("the poll of the earlier start goes on")
		}
		if err := report(first); connect.CodeOf(err) != connect.CodeAborted || reason(err) != "hello" {
			t.Errorf("the earlier start: %v, reason %q", err, reason(err))
		}
		if err := report(second); err != nil {
			t.Errorf("the later start: %v", err)
		}
		hello(first, "first")
		if err := report(first); err != nil {
			t.Errorf("having said hello: %v", err)
		}
		if err := report(second); reason(err) != "hello" {
			t.Errorf("the other one then: %v", err)
		}
	})
}
