package uplink

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
)

const (
	day = 24 * time.Hour
	// What the cabinet gives: two weeks, from a day ago; and three months to come back.
	issuedFor, issuedBefore, lateFor = 14 * day, day, 90 * day
)

// notary is the cabinet as far as renewals go, under a clock of the test.
type notary struct {
	uplinkv1connect.UplinkServiceClient // the rest is not asked
	t                                   *testing.T
	now                                 time.Time
	key                                 *ecdsa.PrivateKey
	root                                *x509.Certificate
	numbers                             *mathrand.Rand // of certificates, on which hangs when they are renewed
	newest, before                      *big.Int       // of the newest certificate, and of the one that asked for it
	down                                bool
	loseAnswer                          bool
	shown                               func() *x509.Certificate // on the connection
	renewals, lateOnes                  int
}

func newNotary(t *testing.T, now time.Time, seed uint64) *notary {
	t.Helper()
	n := &notary{t: t, now: now, numbers: mathrand.New(mathrand.NewPCG(seed, 7))}
	var err error
	if n.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "notary"}, NotBefore: now.Add(-day), NotAfter: now.Add(30 * 365 * day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, n.key.Public(), n.key)
	if err != nil {
		t.Fatal(err)
	}
	if n.root, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *notary) sign(csr []byte) []byte {
	request, err := x509.ParseCertificateRequest(csr)
	if err != nil {
		n.t.Fatal(err)
	}
	number := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, n.numbers.Uint64()), n.numbers.Uint64())
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(number), Subject: pkix.Name{CommonName: "agent-1"}, NotBefore: n.now.Add(-issuedBefore), NotAfter: n.now.Add(issuedFor),
	}, n.root, request.PublicKey, n.key)
	if err != nil {
		n.t.Fatal(err)
	}
	return der
}

func (n *notary) Renew(_ context.Context, q *uplinkv1.RenewRequest) (*uplinkv1.RenewResponse, error) {
	if n.down {
		return nil, connect.NewError(connect.CodeUnavailable, errors.New("down"))
	}
	cert := n.shown()
	if n.now.After(cert.NotAfter) {
		if n.now.Sub(cert.NotAfter) > lateFor {
			return nil, connect.NewError(connect.CodeUnavailable, errors.New("tls: bad certificate"))
		}
		if cert.SerialNumber.Cmp(n.newest) != 0 && (n.before == nil || cert.SerialNumber.Cmp(n.before) != 0) {
			return nil, connect.NewError(connect.CodeUnauthenticated, errors.New("late"))
		}
		n.lateOnes++
	}
	der := n.sign(q.GetCsr())
	fresh, err := x509.ParseCertificate(der)
	if err != nil {
		n.t.Fatal(err)
	}
	n.newest, n.before = fresh.SerialNumber, cert.SerialNumber
	n.renewals++
	if n.loseAnswer {
		return nil, connect.NewError(connect.CodeDeadlineExceeded, errors.New("the answer is lost"))
	}
	return &uplinkv1.RenewResponse{Certificate: der}, nil
}

// admits tells whether the cabinet hears more from the agent than a renewal.
func (n *notary) admits() bool {
	cert := n.shown()
	if n.down || n.now.After(cert.NotAfter) || n.now.Before(cert.NotBefore) {
		return false
	}
	if cert.SerialNumber.Cmp(n.newest) == 0 {
		n.before = nil // shown
	}
	return true
}

// shop is a computer with an agent's folder.
type shop struct {
	t    *testing.T
	dir  string
	n    *notary
	skew time.Duration // of the computer's clock
	on   *session
}

// boot starts the program on the folder; it must find an identity there, whatever happened.
func (s *shop) boot() {
	s.t.Helper()
	c := New(Options{Dir: s.dir, Log: slog.New(slog.DiscardHandler)})
	if c.Identity() == nil {
		s.t.Fatal("after the power was cut there is no identity")
	}
	s.on = &session{Client: c, agentID: "agent-1", rpc: s.n}
	s.n.shown = func() *x509.Certificate { return c.Identity().cert.Leaf }
}

// hour is what the loops do within an hour: hear the time if the cabinet admits us, hear that we are late if it does not, renew when it
// is due.
func (s *shop) hour() {
	c := s.on.Client
	local := s.n.now.Add(s.skew)
	asked := false
	switch {
	case s.n.down:
	case s.n.admits():
		c.offset.Store(int64(-s.skew))
	case s.n.now.After(c.Identity().Expires()):
		asked = true
	}
	knows := local.Add(time.Duration(c.offset.Load()))
	if asked || dueAt(c.Identity().cert.Leaf).Before(knows) {
		_ = s.on.renew(s.t.Context(), c.Identity())
	}
}

// TestRenew_months lives through half a year by the hour, again and again: the cabinet is down for days, answers are lost, the clock is
// wrong, the computer is off for weeks, the power is cut at every byte of the saving. There is always an identity, it is the old one
// or the new one, and the cabinet takes it as soon as both are there.
func TestRenew_months(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := mathrand.New(mathrand.NewPCG(seed, 6))
			n := newNotary(t, time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), seed)
			s := &shop{t: t, dir: t.TempDir(), n: n}
			key, csr, err := newKey("agent-1")
			if err != nil {
				t.Fatal(err)
			}
			cert, err := x509.ParseCertificate(n.sign(csr))
			if err != nil {
				t.Fatal(err)
			}
			n.newest = cert.SerialNumber
			id, err := Identity{AgentID: "agent-1", UplinkURL: "https://127.0.0.1:1"}.with(key, cert, n.root)
			if err != nil {
				t.Fatal(err)
			}
			if err := id.save(s.dir); err != nil {
				t.Fatal(err)
			}
			s.boot()
			cuts, lost, off, away := 0, 0, 0, 0
			for n.now.Before(time.Date(2026, 9, 4, 0, 0, 0, 0, time.UTC)) {
				n.now = n.now.Add(time.Hour)
				switch r.IntN(400) {
				case 0: // the cabinet is down for days, sometimes for longer than a certificate lives
					away++
					n.down = true
					for range r.IntN(20 * 24) {
						n.now = n.now.Add(time.Hour)
						s.hour()
					}
					n.down = false
				case 1: // the computer is off for up to two months
					off++
					n.now = n.now.Add(time.Duration(r.IntN(60*24)) * time.Hour)
					s.boot()
				case 2: // its battery is flat, or somebody set the clock
					s.skew = time.Duration(r.IntN(20*365)-10*365) * day
					s.boot()
				case 3:
					s.skew = 0
				case 4:
					lost++
					n.loseAnswer = true
					_ = s.on.renew(t.Context(), s.on.Identity())
					n.loseAnswer = false
				}
				if r.IntN(300) == 0 {
					cuts++
					s.cutWhileSaving(r)
				}
				before := n.renewals
				s.hour()
				if n.renewals-before > 1 {
					t.Errorf("renewed %d times within an hour", n.renewals-before)
				}
				s.hour() // late ones are heard of and renew in the one, and are admitted in the other
				if !n.admits() {
					t.Fatalf("%v: not admitted with a certificate until %v", n.now, s.on.Identity().Expires())
				}
			}
			t.Logf("renewed %d times, %d of them late; %d power cuts, %d lost answers, %d times off, %d times the cabinet was down", n.renewals, n.lateOnes, cuts, lost, off, away)
			if n.renewals < 10 || n.renewals > 400 {
				t.Errorf("renewed %d times in half a year", n.renewals)
			}
		})
	}
}

// cutWhileSaving renews, and cuts the power at some point of the saving: before the new file is whole, before it has its name, or right
// behind that.
func (s *shop) cutWhileSaving(r *mathrand.Rand) {
	s.t.Helper()
	old, err := os.ReadFile(identityFile(s.dir))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.on.renew(s.t.Context(), s.on.Identity()); err != nil {
		return
	}
	fresh, err := os.ReadFile(identityFile(s.dir))
	if err != nil {
		s.t.Fatal(err)
	}
	want := fresh
	if point := r.IntN(3); point < 2 {
		part := fresh
		if point == 0 {
			part = fresh[:r.IntN(len(fresh))]
		}
		for name, text := range map[string][]byte{identityFile(s.dir): old, identityFile(s.dir) + ".new123": part} {
			if err := os.WriteFile(name, text, 0o600); err != nil {
				s.t.Fatal(err)
			}
		}
		want = old
	}
	s.boot()
	if got, err := os.ReadFile(identityFile(s.dir)); err != nil || !bytes.Equal(got, want) {
		s.t.Errorf("the identity is neither the old one nor the new one: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.dir, "identity", "*.new*")); len(left) > 0 {
		s.t.Errorf("left behind: %v", left)
	}
}

// TestDueAt: in the middle third of its life, each certificate at its own time.
func TestDueAt(t *testing.T) {
	from := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	life := issuedBefore + issuedFor
	var all []time.Duration
	for range 300 {
		number := make([]byte, 16)
		_, _ = rand.Read(number)
		cert := &x509.Certificate{SerialNumber: new(big.Int).SetBytes(number), NotBefore: from, NotAfter: from.Add(life)}
		due := dueAt(cert).Sub(from)
		if due < life/3 || due > life/3*2 {
			t.Fatalf("due after %v of %v", due, life)
		}
		if again := dueAt(cert).Sub(from); again != due {
			t.Fatal("due now then, now then")
		}
		all = append(all, due)
	}
	if spread := slices.Max(all) - slices.Min(all); spread < life/4 {
		t.Errorf("all are due within %v", spread)
	}
}

// TestRenewing: a clock that is ahead does not renew by itself again and again.
func TestRenewing(t *testing.T) {
	var r renewing
	r.init()
	if r.lately() {
		t.Error("never renewed, and lately")
	}
	r.done()
	if !r.lately() {
		t.Error("renewed, and not lately")
	}
}
