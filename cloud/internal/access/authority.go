package access

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Units tell whose certificate it is: one of an agent opens no door that is meant for the cabinet itself.
const (
	unitAgent   = "agent"
	unitCabinet = "cabinet"
)

const (
	authorityLife = 30 * 365 * 24 * time.Hour
	serverLife    = 90 * 24 * time.Hour
	ownLife       = 90 * 24 * time.Hour
	// AgentLife is how long an agent's certificate lives. Agents renew it between a third and two thirds of that, so it takes five days
	// of silence at the least before one runs out.
	AgentLife = 14 * 24 * time.Hour
	// AgentGrace is for how long after its end a certificate still renews itself, and does nothing else: a shop may be shut for a
	// season. See docs/decisions/0014.
	AgentGrace = 90 * 24 * time.Hour
	// clockSkew is how far a shop's clock may be behind ours.
	clockSkew = 24 * time.Hour
)

// Authority is the cabinet's own certificate authority: it signs agents, the agents' door and the broker, and nothing else
// believes it.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  func() time.Time
}

// OpenAuthority opens the authority in a folder, and makes it at the first start. The key is readable by the owner only.
func OpenAuthority(dir string, now func() time.Time) (*Authority, error) {
	a := &Authority{now: now}
	file := filepath.Join(dir, "authority.pem")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeAuthority(dir, file, now())
	}
	if err != nil {
		return nil, fmt.Errorf("open authority: %w", err)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			if a.cert, err = x509.ParseCertificate(block.Bytes); err != nil {
				return nil, fmt.Errorf("open authority: certificate: %w", err)
			}
		case "PRIVATE KEY":
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("open authority: key: %w", err)
			}
			a.key, _ = key.(*ecdsa.PrivateKey)
		}
	}
	if a.cert == nil || a.key == nil || !a.key.PublicKey.Equal(a.cert.PublicKey) {
		return nil, fmt.Errorf("open authority: %s does not hold a certificate with its ECDSA key", file)
	}
	return a, nil
}

func makeAuthority(dir, file string, now time.Time) ([]byte, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Chekan cabinet authority " + randomText(6)},
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})...)
	// Under another name first: a start cut short must not leave half an authority.
	temporary, err := os.CreateTemp(dir, "authority-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Chmod(0o600), temporary.Sync(), temporary.Close())
	if err != nil {
		return nil, err
	}
	return text, os.Rename(temporary.Name(), file)
}

func serial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return new(big.Int).SetBytes(b)
}

// Certificate is the authority's certificate, DER.
func (a *Authority) Certificate() []byte { return a.cert.Raw }

// Fingerprint is the SHA-256 of the certificate, in hex.
func (a *Authority) Fingerprint() string {
	sum := sha256.Sum256(a.cert.Raw)
	return hex.EncodeToString(sum[:])
}

// Pool holds the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// parseRequest checks that the asker holds the key and that the key is worth signing. Nothing else of a request is used.
func parseRequest(der []byte) (*x509.CertificateRequest, error) {
	if len(der) > 16<<10 {
		return nil, ErrRequest
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if err := request.CheckSignature(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if key, ok := request.PublicKey.(*rsa.PublicKey); ok && (key.N.BitLen() < 2048 || key.N.BitLen() > 8192) {
		return nil, fmt.Errorf("%w: RSA key of %d bits", ErrRequest, key.N.BitLen())
	}
	return request, nil
}

func (a *Authority) sign(request *x509.CertificateRequest, name, unit string, life time.Duration, now time.Time) ([]byte, error) {
	der, _, err := a.signed(request, name, unit, life, now)
	return der, err
}

func (a *Authority) signed(request *x509.CertificateRequest, name, unit string, life time.Duration, now time.Time) (der []byte, number string, err error) {
	n := serial()
	der, err = x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: n, Subject: pkix.Name{CommonName: name, OrganizationalUnit: []string{unit}},
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(life),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true,
	}, a.cert, request.PublicKey, a.key)
	if err != nil {
		return nil, "", fmt.Errorf("sign certificate of %s: %w", name, err)
	}
	return der, n.Text(16), nil
}

// Shown is an agent's certificate as somebody showed it at the agents' door.
type Shown struct {
	// AgentID is whose it is.
	AgentID string
	// Number is its serial number, hex.
	Number string
	// Until is its end.
	Until time.Time
	// Late says that it has ended, not longer than [AgentGrace] ago: it renews itself and does nothing else.
	Late bool
}

var errNotAgent = errors.New("the certificate is not an agent's")

// Shown checks a certificate of the agents' door: signed by this authority, an agent's, and not over for longer than the grace.
// Whether the agent was revoked is another question.
func (a *Authority) Shown(cert *x509.Certificate) (*Shown, error) {
	id, ok := AgentID(cert)
	if !ok {
		return nil, errNotAgent
	}
	late, err := a.check(cert)
	if err != nil {
		return nil, err
	}
	return &Shown{AgentID: id, Number: cert.SerialNumber.Text(16), Until: cert.NotAfter, Late: late}, nil
}

// check checks a client's certificate, and tells whether it has ended within the grace.
func (a *Authority) check(cert *x509.Certificate) (late bool, err error) {
	now := a.now()
	if now.After(cert.NotAfter) && now.Sub(cert.NotAfter) <= AgentGrace {
		late, now = true, cert.NotAfter
	}
	_, err = cert.Verify(x509.VerifyOptions{Roots: a.Pool(), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return false, fmt.Errorf("check certificate: %w", err)
	}
	return late, nil
}

// AgentsDoor gives the TLS of the agents' door: only clients with a certificate of this authority come in, one that ran out
// lately too.
func (a *Authority) AgentsDoor(hosts []string) *tls.Config {
	config := a.Server(hosts, false)
	config.ClientAuth = tls.RequireAnyClientCert // the standard check knows no grace; ours follows, on resumed connections too
	config.ClientCAs = a.Pool()
	config.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 {
			return errNotAgent
		}
		_, err := a.check(s.PeerCertificates[0])
		return err
	}
	return config
}

// AgentID gives the agent that a verified certificate names; false when it is not an agent's.
func AgentID(cert *x509.Certificate) (string, bool) {
	return cert.Subject.CommonName, unitOf(cert) == unitAgent && cert.Subject.CommonName != ""
}

// IsCabinet tells whether a verified certificate is the cabinet's own.
func IsCabinet(cert *x509.Certificate) bool { return unitOf(cert) == unitCabinet }

func unitOf(cert *x509.Certificate) string {
	if units := cert.Subject.OrganizationalUnit; len(units) == 1 {
		return units[0]
	}
	return ""
}

// Own makes a client certificate of the cabinet itself, for its line to the broker.
func (a *Authority) Own() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make key: %w", err)
	}
	der, err := a.sign(&x509.CertificateRequest{PublicKey: key.Public()}, "cabinet", unitCabinet, ownLife, a.now())
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// server keeps a server certificate and replaces it in time.
type server struct {
	authority *Authority
	hosts     []string
	mu        sync.Mutex
	cert      *tls.Certificate
	until     time.Time
}

// Server gives the TLS of a listener at the given hosts and at this computer's loopback. With agents set, only clients
// with a certificate of this authority come in.
func (a *Authority) Server(hosts []string, agents bool) *tls.Config {
	s := &server{authority: a, hosts: append([]string{"localhost", "127.0.0.1", "::1"}, hosts...)}
	config := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.certificate() },
		Time:           a.now,
	}
	if agents {
		config.ClientAuth = tls.RequireAndVerifyClientCert
		config.ClientCAs = a.Pool()
	}
	return config
}

func (s *server) certificate() (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.authority.now()
	if s.cert != nil && now.Before(s.until) {
		return s.cert, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Chekan cabinet"},
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, host := range s.hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else if host != "" {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, s.authority.cert, key.Public(), s.authority.key)
	if err != nil {
		return nil, fmt.Errorf("sign server certificate: %w", err)
	}
	s.cert = &tls.Certificate{Certificate: [][]byte{der, s.authority.cert.Raw}, PrivateKey: key}
	s.until = now.Add(serverLife * 2 / 3)
	return s.cert, nil
}
