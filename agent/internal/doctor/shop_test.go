package doctor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/service"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	simofd "github.com/chekan-io/chekan/sim/ofd"
)

// shop is one where all is well: a simulated till that an agent has, an operator
// of fiscal data, and a cabinet that the agent is enrolled at.
type shop struct {
	*Exam

	bench    *tilltest.Bench
	agent    *agent
	computer *computer
	cabinet  *cabinet
	term     time.Time // of the fiscal memory
}

func newShop(t *testing.T) *shop {
	t.Helper()
	data := t.TempDir()
	chmod(t, data, 0o700)
	write(t, filepath.Join(data, "token"), "secret\n")
	s := &shop{bench: tilltest.Open(t, "k"), cabinet: newCabinet(t)}
	s.cabinet.enrol(t, data, -time.Hour, 99*time.Hour, nil)
	s.computer = &computer{filesystem: "ext4", free: 50 << 30, sync: 300 * time.Microsecond, available: 1 << 30}
	s.agent = &agent{bench: s.bench, status: &posv1.AgentStatusResponse{
		Version: "1.0", AgentId: "a1", Cloud: s.cabinet.people.URL, CloudOnline: true, BrokerOnline: true,
	}}
	metrics := serveHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") }))
	s.Exam = &Exam{
		ConfigPath: "agent.toml", Version: "1.0", Computer: s.computer,
		Config: config.Config{
			Data: data, Listen: config.DefaultListen, Metrics: metrics, Update: config.Update{Channel: config.ChannelStable},
			Tills: []config.Till{{Name: "k", Driver: config.DriverShtrih, Wire: "serial://" + nobodys + "?baud=115200", OFD: operator(t)}},
		},
		Service: func() (string, error) { return service.Running, nil },
		Connect: func(config.Config) (Agent, error) { return s.agent, nil },
	}
	state, err := s.agent.Till(t.Context(), "k")
	if err != nil || !state.GetOnline() {
		t.Fatalf("the till does not answer: %v %v", state, err)
	}
	if s.term, err = time.ParseInLocation(time.DateOnly, state.GetFnExpiry()[:10], time.Local); err != nil {
		t.Fatal(err)
	}
	return s
}

// nobodys is a device that is always there, in place of a port.
const nobodys = "/dev/null"

// agent answers for the real tills of the bench.
type agent struct {
	bench   *tilltest.Bench
	status  *posv1.AgentStatusResponse
	broken  func() error
	journal func() (*posv1.CheckJournalResponse, error)
	change  func(*fiscalv1.TillState)
}

func (*agent) Address() string { return config.DefaultListen }

func (a *agent) Status(context.Context) (*posv1.AgentStatusResponse, error) {
	if a.broken != nil {
		return nil, a.broken()
	}
	return a.status, nil
}

func (a *agent) CheckJournal(ctx context.Context) (*posv1.CheckJournalResponse, error) {
	if a.journal != nil {
		return a.journal()
	}
	findings, n, err := a.bench.Journal.Check(ctx)
	return &posv1.CheckJournalResponse{Ok: len(findings) == 0, Findings: findings, Operations: n}, err
}

func (a *agent) Till(ctx context.Context, name string) (*fiscalv1.TillState, error) {
	s, err := a.bench.Fleet.Refresh(ctx, name)
	if err != nil {
		return nil, err
	}
	s = clone(s)
	if a.change != nil {
		a.change(s)
	}
	return s, nil
}

// computer is one without troubles, but for the real holders of its ports.
type computer struct {
	thisComputer

	filesystem string
	free       int64
	sync       time.Duration
	available  int64
}

func (c *computer) Free(string) (int64, error)        { return c.free, nil }
func (c *computer) Filesystem(string) (string, error) { return c.filesystem, nil }
func (c *computer) Memory() (int64, int64, error)     { return c.available, 4 << 30, nil }
func (c *computer) Holders(port string) ([]string, error) {
	if port == nobodys { // which every program has open
		return nil, nil
	}
	return c.thisComputer.Holders(port)
}

func (c *computer) Sync(_ string, times int) ([]time.Duration, error) {
	out := make([]time.Duration, times)
	for i := range out {
		out[i] = c.sync
	}
	return out, nil
}

func serveHTTP(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// operator is a simulated operator of fiscal data.
func operator(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	o, err := simofd.New(simofd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go o.Serve(ctx, conn)
		}
	}()
	t.Cleanup(func() { cancel(); _ = l.Close(); <-ended })
	return l.Addr().String()
}

// cabinet is the doors of one: people's, agents' and the broker's.
type cabinet struct {
	key                    *ecdsa.PrivateKey
	authority              *x509.Certificate
	people, agents, broker *httptest.Server
	late                   atomic.Int64 // how far its clock is behind
}

func newCabinet(t *testing.T) *cabinet {
	t.Helper()
	c := &cabinet{key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Chekan cabinet"}, NotBefore: time.Now().Add(-999 * time.Hour), NotAfter: time.Now().Add(9999 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	c.authority = signed(t, template, template, c.key.Public(), c.key)
	key := newKey(t)
	own := signed(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-900 * time.Hour), NotAfter: time.Now().Add(900 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, c.authority, key.Public(), c.key)
	serve := func() *httptest.Server {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(-time.Duration(c.late.Load())).UTC().Format(http.TimeFormat))
		}))
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{own.Raw, c.authority.Raw}, PrivateKey: key}}}
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		t.Cleanup(s.Close)
		return s
	}
	c.people, c.agents, c.broker = serve(), serve(), serve()
	return c
}

// slow sets its clock behind.
func (c *cabinet) slow(by time.Duration) { c.late.Store(int64(by)) }

// enrol writes an identity of the cabinet into a data folder, whose certificate
// is valid from and until so far from now.
func (c *cabinet) enrol(t *testing.T, data string, from, until time.Duration, change func(about map[string]string)) {
	t.Helper()
	key := newKey(t)
	cert := signed(t, &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "a1"}, NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until),
	}, c.authority, key.Public(), c.key)
	about := map[string]string{
		"agent_id": "a1", "organisation": "Ромашка", "cloud": c.people.URL, "uplink_url": c.agents.URL,
		"broker_url": "ssl" + strings.TrimPrefix(c.broker.URL, "https"),
	}
	if change != nil {
		change(about)
	}
	text, err := json.Marshal(about)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	for _, b := range []*pem.Block{
		{Type: "CHEKAN AGENT", Bytes: text},
		{Type: "PRIVATE KEY", Bytes: private},
		{Type: "CERTIFICATE", Bytes: cert.Raw},
		{Type: "CERTIFICATE", Bytes: c.authority.Raw},
	} {
		if err := pem.Encode(&file, b); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(data, "identity", "agent.pem"), file.String())
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signed(t *testing.T, template, parent *x509.Certificate, public any, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
