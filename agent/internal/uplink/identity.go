package uplink

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chekan-io/chekan/agent/internal/secret"
)

// ErrNoIdentity says that this agent was never enrolled.
var ErrNoIdentity = errors.New("the agent is not enrolled")

// Identity is who the agent is to the cabinet. Values of it never change.
type Identity struct {
	// AgentID is the common name of the certificate.
	AgentID string `json:"agent_id"`
	// Organisation is its name, for people.
	Organisation string `json:"organisation"`
	// Cloud is the address the code was typed for.
	Cloud string `json:"cloud"`
	// UplinkURL and BrokerURL are where the cabinet listens.
	UplinkURL string `json:"uplink_url"`
	BrokerURL string `json:"broker_url"`

	cert      tls.Certificate // with Leaf
	authority *x509.Certificate
}

// Blocks of the identity file.
const (
	blockAgent  = "CHEKAN AGENT"
	blockKey    = "PRIVATE KEY"
	blockSealed = "PROTECTED KEY" // the same, sealed by the computer (package secret)
	blockCert   = "CERTIFICATE"
)

// identityFile holds everything in one PEM file, so that one rename changes
// all of it or nothing: about the agent, key, own certificate, authority.
func identityFile(dir string) string { return filepath.Join(dir, "identity", "agent.pem") }

// LoadIdentity reads the identity kept in the data folder dir; ErrNoIdentity
// when there is none.
func LoadIdentity(dir string) (*Identity, error) {
	text, err := os.ReadFile(identityFile(dir))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNoIdentity
	}
	if err != nil {
		return nil, fmt.Errorf("read identity: %w", err)
	}
	id, err := parseIdentity(text)
	if err != nil {
		return nil, fmt.Errorf("read identity %s: %w", identityFile(dir), err)
	}
	return id, nil
}

func parseIdentity(text []byte) (*Identity, error) {
	id := new(Identity)
	var certs []*x509.Certificate
	var about bool
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case blockAgent:
			if err := json.Unmarshal(block.Bytes, id); err != nil {
				return nil, fmt.Errorf("about the agent: %w", err)
			}
			about = true
		case blockKey, blockSealed:
			if block.Type == blockSealed {
				plain, err := secret.Open(block.Bytes)
				if err != nil {
					return nil, fmt.Errorf("key: %w", err)
				}
				block.Bytes = plain
			}
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("key: %w", err)
			}
			id.cert.PrivateKey = key
		case blockCert:
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("certificate: %w", err)
			}
			certs = append(certs, cert)
		}
	}
	if !about || id.cert.PrivateKey == nil || len(certs) != 2 {
		return nil, errors.New("a part is missing")
	}
	key, ok := id.cert.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key cannot sign")
	}
	return id.with(key, certs[0], certs[1])
}

// with completes the identity and checks that its parts belong together.
func (id Identity) with(key crypto.Signer, cert, authority *x509.Certificate) (*Identity, error) {
	own, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !own.Equal(cert.PublicKey) {
		return nil, errors.New("the certificate is for another key")
	}
	if cert.Subject.CommonName != id.AgentID {
		return nil, fmt.Errorf("the certificate is for %q, not %q", cert.Subject.CommonName, id.AgentID)
	}
	if err := cert.CheckSignatureFrom(authority); err != nil {
		return nil, fmt.Errorf("the certificate is not signed by the authority: %w", err)
	}
	id.cert = tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
	id.authority = authority
	return &id, nil
}

// save writes the identity so that after a power cut either the old one is
// there or the new one.
func (id *Identity) save(dir string) error {
	about, err := json.Marshal(id)
	if err != nil {
		return fmt.Errorf("save identity: %w", err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(id.cert.PrivateKey)
	if err != nil {
		return fmt.Errorf("save identity: %w", err)
	}
	kind := blockKey
	if secret.Sealed {
		kind = blockSealed
		if key, err = secret.Seal(key); err != nil {
			return fmt.Errorf("save identity: %w", err)
		}
	}
	var text []byte
	for _, b := range []*pem.Block{
		{Type: blockAgent, Bytes: about},
		{Type: kind, Bytes: key},
		{Type: blockCert, Bytes: id.cert.Leaf.Raw},
		{Type: blockCert, Bytes: id.authority.Raw},
	} {
		text = append(text, pem.EncodeToMemory(b)...)
	}
	if err := writePrivate(identityFile(dir), text); err != nil {
		return fmt.Errorf("save identity: %w", err)
	}
	return nil
}

// syncFolder makes the rename durable where folders can be synced.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// newKey makes a key and a request to certify it. The key never leaves this
// computer.
func newKey(name string) (key *ecdsa.PrivateKey, csr []byte, err error) {
	key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	csr, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, key)
	if err != nil {
		return nil, nil, fmt.Errorf("request a certificate: %w", err)
	}
	return key, csr, nil
}

// Expires is the end of the certificate's life.
func (id *Identity) Expires() time.Time { return id.cert.Leaf.NotAfter }
