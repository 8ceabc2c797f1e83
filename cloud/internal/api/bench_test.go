//go:build bench

package api

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	"github.com/chekan-io/chekan/cloud/internal/updates"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
	"github.com/chekan-io/chekan/proto/pack"
	"github.com/chekan-io/chekan/proto/pack/sample"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// TestBenchDrain drains the backlogs of eight agents at once into SQLite through the real door: TLS, HTTP/2, Connect, unpacking,
// checks, one durable transaction after another. What the agents do (packing) is done before.
func TestBenchDrain(t *testing.T) {
	const agents, batches, each = 8, 40, 500
	b := newBench(t, storetest.SQLite(t))
	clients := make([]uplinkv1connect.UplinkServiceClient, agents)
	work := make([][]*uplinkv1.PushRequest, agents)
	bytes := 0
	for i := range agents {
		clients[i] = b.agent(t, "shop")
		shop := sample.New(uint64(i), true)
		cursor := uint64(0)
		for range batches {
			batch := new(uplinkv1.Batch)
			for range each {
				cursor++
				batch.Entries = append(batch.Entries, &uplinkv1.Entry{Cursor: cursor, Operation: shop.Receipt()})
			}
			dictionary, packed, err := pack.Pack(batch)
			if err != nil {
				t.Fatal(err)
			}
			bytes += len(packed)
			work[i] = append(work[i], &uplinkv1.PushRequest{JournalId: fmt.Sprint("journal-", i), Dictionary: dictionary, Packed: packed})
		}
	}
	ctx := context.WithoutCancel(t.Context())
	began := time.Now()
	var wg sync.WaitGroup
	for i := range agents {
		wg.Go(func() {
			for n, push := range work[i] {
				res, err := clients[i].Push(ctx, push)
				if err != nil {
					t.Error(err)
					return
				}
				if res.GetCursor() != uint64((n+1)*each) {
					t.Errorf("cursor %d after batch %d", res.GetCursor(), n)
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	fmt.Fprintf(t.Output(), "BENCH drain %.0f receipts/s >=20000\n", float64(agents*batches*each)/took.Seconds())
	fmt.Fprintf(t.Output(), "drained %d receipts in %v, %d B each on the wire\n", agents*batches*each, took.Round(time.Millisecond), bytes/(agents*batches*each))
}

// bench is a cabinet with both doors, for measuring.
type bench struct {
	server          *Server
	agents          *httptest.Server
	login, password string
}

// newBench opens a cabinet over the database of an address.
func newBench(t *testing.T, address string) *bench {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s := storetest.Open(t, address)
	authority, err := access.OpenAuthority(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	people, err := access.New(s, authority, log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	b := new(bench)
	ctx := context.WithoutCancel(t.Context())
	if err := people.FirstStart(ctx, "bench", func(login, password string) error { b.login, b.password = login, password; return nil }); err != nil {
		t.Fatal(err)
	}
	f := fleet.New(s, log, time.Now, func(string) {})
	d := documents.New(s, f, f.Hub(), log, time.Now)
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- d.Run(running) }()
	t.Cleanup(func() { stop(); <-ended })
	u := updates.New(s, updates.NewReleases(t.TempDir(), time.Now), log, time.Now, func(string, string) {}, func(string) {})
	b.server = &Server{Access: people, Authority: authority, Fleet: f, Documents: d, Updates: u, Log: log, Now: time.Now}
	b.agents = httptest.NewUnstartedServer(b.server.Agents())
	b.agents.TLS = authority.Server(nil, true)
	b.agents.EnableHTTP2 = true
	b.agents.StartTLS()
	t.Cleanup(b.agents.Close)
	return b
}

// agent enrols an agent at an outlet, on a connection of its own.
func (b *bench) agent(t *testing.T, outlet string) uplinkv1connect.UplinkServiceClient {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	code, _, err := b.server.Access.NewCodeOfFirst(ctx, outlet)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	_, cert, err := b.server.Access.Enroll(ctx, code, csr, "pc", "1", "bench")
	if err != nil {
		t.Fatal(err)
	}
	return uplinkv1connect.NewUplinkServiceClient(benchClient(b.server.Authority, tls.Certificate{Certificate: [][]byte{cert}, PrivateKey: key}), b.agents.URL)
}

// TestBenchCopies stores copies of documents that eight agents send at once: each makes its document known, is read for what it
// says, and is stored byte for byte.
func TestBenchCopies(t *testing.T) {
	const agents, batches, each = 8, 40, 50
	b := newBench(t, storetest.SQLite(t))
	clients := make([]uplinkv1connect.UplinkServiceClient, agents)
	work := make([][]*uplinkv1.PushRequest, agents)
	for i := range agents {
		clients[i] = b.agent(t, "shop")
		shop := sample.New(uint64(i), true)
		for range batches {
			batch := new(uplinkv1.Batch)
			for range each {
				op := shop.Receipt()
				batch.Entries = append(batch.Entries, &uplinkv1.Entry{Copy: &uplinkv1.DocumentCopy{Till: op.GetTill(), Document: op.GetDocument(), Tlv: benchTLV(op)}})
			}
			dictionary, packed, err := pack.Pack(batch)
			if err != nil {
				t.Fatal(err)
			}
			work[i] = append(work[i], &uplinkv1.PushRequest{JournalId: fmt.Sprint("journal-", i), Dictionary: dictionary, Packed: packed})
		}
	}
	ctx := context.WithoutCancel(t.Context())
	began := time.Now()
	var wg sync.WaitGroup
	for i := range agents {
		wg.Go(func() {
			for _, push := range work[i] {
				if _, err := clients[i].Push(ctx, push); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	fmt.Fprintf(t.Output(), "BENCH copies %.0f documents/s >=5000\n", float64(agents*batches*each)/time.Since(began).Seconds())
}

// benchTLV is the receipt as a fiscal memory stores it.
func benchTLV(op *fiscalv1.Operation) []byte {
	doc := op.GetDocument()
	fields := []ffd.Field{
		ffd.Text(ffd.TagFN, doc.GetFn()), ffd.Uint(ffd.TagFD, uint64(doc.GetFd())), ffd.Sign(doc.GetFp()), ffd.Uint(ffd.TagFormat, uint64(ffd.V12)),
		ffd.Sum(ffd.TagTotal, fiscal.Money(doc.GetTotal())), ffd.Uint(ffd.TagShift, uint64(doc.GetShift())),
	}
	for _, item := range op.GetReceipt().GetItems() {
		fields = append(fields, ffd.Group(ffd.TagItem, ffd.Text(ffd.TagName, item.GetName()), ffd.Sum(ffd.TagPrice, fiscal.Money(item.GetPrice())),
			ffd.Sum(ffd.TagItemSum, fiscal.Money(item.GetSum())), ffd.Uint(ffd.TagVAT, 2)))
	}
	return ffd.Document{Type: fiscal.DocumentType(doc.GetType()), Fields: fields}.Append(nil)
}

func benchClient(authority *access.Authority, cert tls.Certificate) *http.Client {
	return &http.Client{Transport: &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{RootCAs: authority.Pool(), Certificates: []tls.Certificate{cert}, ServerName: "localhost"},
	}}
}
