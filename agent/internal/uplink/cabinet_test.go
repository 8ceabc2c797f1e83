package uplink

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
	"github.com/chekan-io/chekan/proto/pack"
)

// cabinet is the other end of the line: both services over real TLS with an
// authority of its own, behind a cable that can be cut.
type cabinet struct {
	uplinkv1connect.UnimplementedUplinkServiceHandler // what the agent's other parts ask for

	t         *testing.T
	authority *x509.Certificate
	caKey     crypto.Signer
	server    *httptest.Server
	cable     *cable

	mu       sync.Mutex
	cond     *sync.Cond
	codes    map[string]bool
	cursor   uint64
	seen     []uint64 // cursors in the order they became known
	repeats  int
	pushes   int
	ops      map[string]*fiscalv1.Operation
	copies   []*uplinkv1.DocumentCopy
	hello    *uplinkv1.HelloRequest
	reports  []string // of crash tests
	state    *uplinkv1.ReportStateRequest
	states   int
	commands []*uplinkv1.Command
	ended    map[string]bool
	runs     map[string][]*fiscalv1.Run
	peers    []*x509.Certificate
	tickets  map[string]*uplinkv1.OpenTicketRequest
	renewals int
	polls    int
	held     int // polls that holdPolls kept waiting
	closing  bool

	ticketCalls int

	// hooks; all under mu
	lifetime   time.Duration          // of certificates
	born       time.Duration          // how long ago they were issued
	clock      time.Duration          // cabinet clock less the computer's
	loseAnswer func() bool            // the batch is stored and the answer lost
	refuses    func(key string) error // of a batch that has the key
	capability uint32
	badCopy    uint32 // the copy that it refuses
	denied     bool
	refuse     string // the reason why Hello is refused; empty is not
	stranger   bool   // the next state report is refused: another start of the program spoke
	hellos     []*uplinkv1.HelloRequest
	token      int
	loseTicket int  // answers about tickets that get lost
	holdPolls  bool // no poll is answered, however long it has waited
}

func newCabinet(t *testing.T) *cabinet {
	t.Helper()
	c := &cabinet{
		t: t, codes: map[string]bool{"K7QF-9M2P": true}, ops: map[string]*fiscalv1.Operation{}, ended: map[string]bool{},
		runs: map[string][]*fiscalv1.Run{}, lifetime: 24 * time.Hour, capability: Capability,
	}
	c.cond = sync.NewCond(&c.mu)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.caKey = key
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-24 * time.Hour),
		NotAfter: time.Now().Add(1000 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	c.authority = c.sign(root, root, key.Public())
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serverCert := c.sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(100 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, c.authority, serverKey.Public())
	pool := x509.NewCertPool()
	pool.AddCert(c.authority)
	mux := http.NewServeMux()
	mux.Handle(uplinkv1connect.NewUplinkServiceHandler(c))
	mux.Handle(uplinkv1connect.NewEnrolmentServiceHandler(c))
	c.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) > 0 {
			c.mu.Lock()
			c.peers = append(c.peers, r.TLS.PeerCertificates[0])
			denied := c.denied
			c.mu.Unlock()
			if denied {
				http.Error(w, "revoked", http.StatusForbidden)
				return
			}
		} else if r.URL.Path != uplinkv1connect.EnrolmentServiceEnrollProcedure {
			http.Error(w, "no certificate", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	c.server.EnableHTTP2 = true
	c.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	c.server.TLS = &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{serverCert.Raw, c.authority.Raw}, PrivateKey: serverKey}},
		ClientAuth:   tls.VerifyClientCertIfGiven, ClientCAs: pool,
	}
	c.server.StartTLS()
	c.cable = newCable(t, c.server.Listener.Addr().String())
	t.Cleanup(func() {
		c.mu.Lock()
		c.closing = true
		c.cond.Broadcast()
		c.mu.Unlock()
		c.cable.cut()
		c.server.CloseClientConnections()
		c.server.Close()
	})
	return c
}

func (c *cabinet) url() string { return "https://" + c.cable.addr() }

// leaf is the server's certificate.
func (c *cabinet) leaf() *x509.Certificate {
	cert, err := x509.ParseCertificate(c.server.TLS.Certificates[0].Certificate[0])
	if err != nil {
		c.t.Fatal(err)
	}
	return cert
}

// code is what a person types: the code and the fingerprint of the authority.
func (c *cabinet) code() string {
	sum := sha256.Sum256(c.authority.Raw)
	return "K7QF-9M2P@" + hex.EncodeToString(sum[:])[:24]
}

func (c *cabinet) sign(tmpl, parent *x509.Certificate, pub any) *x509.Certificate {
	c.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, pub, c.caKey)
	if err != nil {
		c.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		c.t.Fatal(err)
	}
	return cert
}

// certify signs a request for an agent; mu is held.
func (c *cabinet) certify(der []byte, name string) ([]byte, error) {
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, err
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, err
	}
	from := time.Now().Add(-c.born)
	return x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: from.Add(c.lifetime),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, c.authority, csr.PublicKey, c.caKey)
}

func (c *cabinet) Enroll(_ context.Context, q *uplinkv1.EnrollRequest) (*uplinkv1.EnrollResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.codes[q.GetCode()] {
		return nil, connect.NewError(connect.CodeNotFound, errors.New("no such code"))
	}
	delete(c.codes, q.GetCode())
	cert, err := c.certify(q.GetCsr(), "agent-1")
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	return &uplinkv1.EnrollResponse{
		AgentId: "agent-1", Certificate: cert, Authority: c.authority.Raw, UplinkUrl: c.url(), BrokerUrl: "ssl://127.0.0.1:1", Organisation: "ООО «Ромашка»",
	}, nil
}

func (c *cabinet) Renew(_ context.Context, q *uplinkv1.RenewRequest) (*uplinkv1.RenewResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.born = 0
	cert, err := c.certify(q.GetCsr(), "agent-1")
	c.renewals++
	c.cond.Broadcast()
	return &uplinkv1.RenewResponse{Certificate: cert}, err
}

// refusal is an error as the cabinet gives reasons.
func refusal(code connect.Code, reason string) error {
	err := connect.NewError(code, errors.New("refused"))
	err.Meta().Set(reasonHeader, reason)
	return err
}

func (c *cabinet) Hello(_ context.Context, q *uplinkv1.HelloRequest) (*uplinkv1.HelloResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hello = q
	c.hellos = append(c.hellos, q)
	c.cond.Broadcast()
	if c.refuse == reasonLate && c.renewals > 0 {
		c.refuse = ""
	}
	if c.refuse != "" {
		return nil, refusal(connect.CodeUnauthenticated, c.refuse)
	}
	c.token++
	answer := &uplinkv1.HelloResponse{Capability: c.capability, Cursor: c.cursor, NowMs: time.Now().Add(c.clock).UnixMilli(), Token: fmt.Sprint("token-", c.token)}
	if n := len(c.copies); n > 0 {
		answer.Copies = []*uplinkv1.CopyCursor{{Fn: copiesFN, Fd: c.copies[n-1].GetDocument().GetFd()}}
	}
	return answer, nil
}

func (c *cabinet) Push(_ context.Context, q *uplinkv1.PushRequest) (*uplinkv1.PushResponse, error) {
	batch, err := pack.Unpack(q.GetDictionary(), q.GetPacked())
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.cond.Broadcast()
	c.pushes++
	if n := len(batch.GetEntries()); n > batchEntries {
		c.t.Errorf("a batch of %d entries", n)
	}
	if n := proto.Size(batch); n > batchBytes+4096 {
		c.t.Errorf("a batch of %d bytes", n)
	}
	for _, e := range batch.GetEntries() {
		if e.GetCopy() != nil && e.GetCopy().GetDocument().GetFd() == c.badCopy {
			return nil, connect.NewError(connect.CodeInvalidArgument, errors.New("no such document"))
		}
		if c.refuses != nil {
			if err := c.refuses(e.GetOperation().GetKey()); err != nil {
				return nil, connect.NewError(connect.CodeInvalidArgument, err)
			}
		}
	}
	for i, e := range batch.GetEntries() {
		if e.GetCopy() != nil {
			c.copies = append(c.copies, e.GetCopy())
			continue
		}
		if i > 0 && e.GetCursor() <= batch.GetEntries()[i-1].GetCursor() {
			c.t.Errorf("cursor %d after %d in one batch", e.GetCursor(), batch.GetEntries()[i-1].GetCursor())
		}
		if e.GetCursor() <= c.cursor {
			c.repeats++
			continue
		}
		c.cursor = e.GetCursor()
		c.seen = append(c.seen, e.GetCursor())
		if old := c.ops[e.GetOperation().GetKey()]; old.GetRevision() > e.GetOperation().GetRevision() {
			c.t.Errorf("revision %d of %s after %d", e.GetOperation().GetRevision(), old.GetKey(), old.GetRevision())
		}
		c.ops[e.GetOperation().GetKey()] = e.GetOperation()
	}
	if c.loseAnswer != nil && c.loseAnswer() {
		return nil, connect.NewError(connect.CodeUnavailable, errors.New("the answer is lost"))
	}
	return &uplinkv1.PushResponse{Cursor: c.cursor}, nil
}

func (c *cabinet) ReportState(_ context.Context, q *uplinkv1.ReportStateRequest) (*uplinkv1.ReportStateResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stranger {
		c.stranger = false
		return nil, refusal(connect.CodeAborted, reasonHello)
	}
	c.state = q
	c.states++
	c.cond.Broadcast()
	return &uplinkv1.ReportStateResponse{}, nil
}

// FetchCommands delivers what has not ended again and again, as a cabinet may.
func (c *cabinet) FetchCommands(ctx context.Context, q *uplinkv1.FetchCommandsRequest) (*uplinkv1.FetchCommandsResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(q.GetWaitMs())*time.Millisecond)
	defer cancel()
	defer context.AfterFunc(ctx, func() { c.mu.Lock(); c.cond.Broadcast(); c.mu.Unlock() })()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.polls++
	if c.holdPolls {
		c.held++
	}
	c.cond.Broadcast()
	for c.holdPolls && !c.closing {
		c.cond.Wait()
	}
	for {
		var due []*uplinkv1.Command
		for _, cmd := range c.commands {
			if !c.ended[cmd.GetId()] {
				due = append(due, cmd)
			}
		}
		if len(due) > 0 || ctx.Err() != nil {
			return &uplinkv1.FetchCommandsResponse{Commands: due}, nil
		}
		c.cond.Wait()
	}
}

func (c *cabinet) ReportCertificate(_ context.Context, q *uplinkv1.ReportCertificateRequest) (*uplinkv1.ReportCertificateResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reports = append(c.reports, string(q.GetReport()))
	c.cond.Broadcast()
	return &uplinkv1.ReportCertificateResponse{}, nil
}

func (c *cabinet) ReportRun(_ context.Context, q *uplinkv1.ReportRunRequest) (*uplinkv1.ReportRunResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := q.GetRun().GetId()
	if c.ended[id] {
		last := c.runs[id][len(c.runs[id])-1]
		if !proto.Equal(last, q.GetRun()) {
			c.t.Errorf("a run that ended was changed: %v", q.GetRun())
		}
		return &uplinkv1.ReportRunResponse{}, nil
	}
	c.runs[id] = append(c.runs[id], q.GetRun())
	c.ended[id] = q.GetRun().GetEnded()
	c.cond.Broadcast()
	return &uplinkv1.ReportRunResponse{}, nil
}

// shift is that of the till in the newest state; 0 before the first.
func (c *cabinet) shift() uint32 {
	if c.state == nil {
		return 0
	}
	return c.state.GetTills()[0].GetShift()
}

// set changes hooks or orders something.
func (c *cabinet) set(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.cond.Broadcast()
}

// until waits for a condition; it is asked under mu.
func (c *cabinet) until(what string, ok func() bool) {
	c.t.Helper()
	late := false
	timer := time.AfterFunc(patience, func() { c.mu.Lock(); late = true; c.cond.Broadcast(); c.mu.Unlock() })
	defer timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for !ok() {
		if late {
			c.t.Fatalf("never happened: %s", what)
		}
		c.cond.Wait()
	}
}

// cable forwards TCP; it can be cut, kept cut, and made to break after some
// bytes.
type cable struct {
	t  *testing.T
	l  net.Listener
	to string

	mu     sync.Mutex
	open   []net.Conn
	down   bool
	breaks func() int // bytes a new connection lives; 0 is for ever
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{t: t, l: l, to: to}
	go c.serve()
	t.Cleanup(func() { _ = l.Close(); c.cut() })
	return c
}

func (c *cable) addr() string { return c.l.Addr().String() }

func (c *cable) serve() {
	for {
		near, err := c.l.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		down, life := c.down, 0
		if c.breaks != nil {
			life = c.breaks()
		}
		c.mu.Unlock()
		far, err := net.Dial("tcp", c.to)
		if err != nil || down {
			drop(near)
			if far != nil {
				drop(far)
			}
			continue
		}
		c.mu.Lock()
		c.open = append(c.open, near, far)
		c.mu.Unlock()
		go carry(near, far, life)
		go carry(far, near, life)
	}
}

func carry(to, from net.Conn, life int) {
	var r io.Reader = from
	if life > 0 {
		r = io.LimitReader(from, int64(life))
	}
	_, _ = io.Copy(to, r)
	drop(to)
	drop(from)
}

func drop(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// cut ends the connections that are open.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.open {
		drop(conn)
	}
	c.open = nil
}

// set cuts the cable for good or makes it whole.
func (c *cable) set(down bool) {
	c.mu.Lock()
	c.down = down
	c.mu.Unlock()
	if down {
		c.cut()
	}
}

func key(i int) string { return fmt.Sprintf("k-%05d", i) }

// OpenTicket implements UplinkService.
func (c *cabinet) OpenTicket(_ context.Context, q *uplinkv1.OpenTicketRequest) (*uplinkv1.OpenTicketResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.cond.Broadcast()
	c.ticketCalls++
	if old := c.tickets[q.GetId()]; old != nil && !proto.Equal(old, q) {
		c.t.Errorf("a ticket was changed: %v", q)
	}
	if c.tickets == nil {
		c.tickets = map[string]*uplinkv1.OpenTicketRequest{}
	}
	c.tickets[q.GetId()] = q
	if c.loseTicket > 0 {
		c.loseTicket--
		return nil, connect.NewError(connect.CodeUnavailable, errors.New("the answer is lost"))
	}
	return &uplinkv1.OpenTicketResponse{}, nil
}
