package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/config"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
	"github.com/chekan-io/chekan/proto/pack"
)

const patience = 2 * time.Minute

// settings are those of a cabinet on free ports with its data in a temporary folder.
func settings(t *testing.T, database string) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Data = filepath.Join(t.TempDir(), "data")
	cfg.Database = database
	cfg.Listen, cfg.Agents, cfg.Broker = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	return cfg
}

// launch starts a cabinet and stops it after the test, if the test has not done so.
func launch(t *testing.T, cfg config.Config) (c *cabinet, password string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() && os.Getenv("CHEKAN_LOG") != "" {
		log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	c, err := start(context.WithoutCancel(t.Context()), cfg, log, func(_, made string) error {
		password = made
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.stop(); err != nil {
			t.Error(err)
		}
	})
	return c, password
}

// each runs a body with a running cabinet on every database.
func each(t *testing.T, body func(t *testing.T, c *cabinet, admin *person)) {
	t.Helper()
	storetest.Addresses(t, func(t *testing.T, address string) {
		c, password := launch(t, settings(t, address))
		body(t, c, signIn(t, c, "admin", password))
	})
}

// person is somebody's browser.
type person struct {
	http      *http.Client
	access    cabinetv1connect.AccessServiceClient
	fleet     cabinetv1connect.FleetServiceClient
	documents cabinetv1connect.DocumentsServiceClient
}

func browser(t *testing.T, c *cabinet) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	return &person{
		http:      client,
		access:    cabinetv1connect.NewAccessServiceClient(client, c.addresses.Cabinet, connect.WithProtoJSON()),
		fleet:     cabinetv1connect.NewFleetServiceClient(client, c.addresses.Cabinet, connect.WithProtoJSON()),
		documents: cabinetv1connect.NewDocumentsServiceClient(client, c.addresses.Cabinet, connect.WithProtoJSON(), connect.WithHTTPGet()),
	}
}

func signIn(t *testing.T, c *cabinet, login, password string) *person {
	t.Helper()
	p := browser(t, c)
	if _, err := p.access.SignIn(t.Context(), &cabinetv1.SignInRequest{Login: login, Password: password}); err != nil {
		t.Fatal(err)
	}
	return p
}

// agent is a shop's agent as far as the cabinet sees it.
type agent struct {
	uplinkv1connect.UplinkServiceClient
	id   string
	tls  *tls.Config
	info *uplinkv1.EnrollResponse
}

func newKey(t *testing.T) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return key, csr
}

// enrol brings an agent in by a code of the person's.
func enrol(t *testing.T, c *cabinet, p *person) *agent {
	t.Helper()
	code, err := p.fleet.CreateEnrolmentCode(t.Context(), &cabinetv1.CreateEnrolmentCodeRequest{Outlet: "Магазин"})
	if err != nil {
		t.Fatal(err)
	}
	key, csr := newKey(t)
	res, err := uplinkv1connect.NewEnrolmentServiceClient(http.DefaultClient, code.GetCloud()).Enroll(t.Context(), &uplinkv1.EnrollRequest{
		Code: code.GetCode(), Csr: csr, Host: "pc", Version: "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	authority, err := x509.ParseCertificate(res.GetAuthority())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(authority)
	a := &agent{id: res.GetAgentId(), info: res, tls: &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: pool, Certificates: []tls.Certificate{{Certificate: [][]byte{res.GetCertificate()}, PrivateKey: key}},
	}}
	a.UplinkServiceClient = uplinkClient(t, a.tls, res.GetUplinkUrl())
	return a
}

func uplinkClient(t *testing.T, config *tls.Config, address string) uplinkv1connect.UplinkServiceClient {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return uplinkv1connect.NewUplinkServiceClient(&http.Client{Transport: transport}, address)
}

func (a *agent) push(t *testing.T, cursor uint64, ops ...*fiscalv1.Operation) uint64 {
	t.Helper()
	b := new(uplinkv1.Batch)
	for i, op := range ops {
		b.Entries = append(b.Entries, &uplinkv1.Entry{Cursor: cursor + uint64(i), Operation: op})
	}
	dictionary, packed, err := pack.Pack(b)
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.Push(t.Context(), &uplinkv1.PushRequest{JournalId: "journal", Dictionary: dictionary, Packed: packed})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetCursor()
}

func (a *agent) report(t *testing.T, till string) {
	t.Helper()
	_, err := a.ReportState(t.Context(), &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{
		{Till: till, Driver: "shtrih", Serial: "00012345" + till, Fn: "9999078900004312", Shift: 7, ShiftOpen: true, Online: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// till gives the only till of the person's organisation.
func (p *person) till(t *testing.T) *cabinetv1.Till {
	t.Helper()
	res, err := p.fleet.ListTills(t.Context(), &cabinetv1.ListTillsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.GetTills()) != 1 {
		t.Fatalf("%d tills", len(res.GetTills()))
	}
	return res.GetTills()[0]
}

// stranger makes a second organisation with an administrator.
func stranger(t *testing.T, c *cabinet) *person {
	t.Helper()
	password, err := c.access.AddPerson(t.Context(), "stranger", "", "", access.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	p := signIn(t, c, "stranger", password)
	me, err := p.access.WhoAmI(t.Context(), &cabinetv1.WhoAmIRequest{})
	if err != nil {
		t.Fatal(err)
	}
	err = c.store.Tx(t.Context(), func(q *db.Queries) error {
		if err := q.CreateOrganisation(t.Context(), db.CreateOrganisationParams{ID: "0", Name: "Second", CreatedAt: store.Micros(time.Now())}); err != nil {
			return err
		}
		for _, org := range me.GetPerson().GetOrganisations() { // they work nowhere else
			if err := q.UnassignAll(t.Context(), db.UnassignAllParams{OrganisationID: org.GetId(), PersonID: me.GetPerson().GetId()}); err != nil {
				return err
			}
			if err := q.DeleteMembership(t.Context(), db.DeleteMembershipParams{OrganisationID: org.GetId(), PersonID: me.GetPerson().GetId()}); err != nil {
				return err
			}
		}
		if err := q.CreateMembership(t.Context(), db.CreateMembershipParams{PersonID: me.GetPerson().GetId(), OrganisationID: "0"}); err != nil {
			return err
		}
		return q.Assign(t.Context(), db.AssignParams{PersonID: me.GetPerson().GetId(), OrganisationID: "0", Role: string(access.Administrator)})
	})
	if err != nil {
		t.Fatal(err)
	}
	return signIn(t, c, "stranger", password)
}

// until asks again and again until it is so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !so() {
		select {
		case <-again.C:
		case <-deadline.C:
			t.Fatalf("in %v not so: %s", patience, what)
		}
	}
}
