package repository

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"golang.org/x/crypto/argon2"
)

const (
	plainBlock  = "PRIVATE KEY" // PKCS#8
	sealedBlock = "CHEKAN SEALED KEY"
	publicBlock = "PUBLIC KEY"
	saltHeader  = "Salt"
	// Cost of a passphrase: RFC 9106, section 4, the second recommended option.
	argonTime, argonMemory, argonThreads = 3, 64 << 10, 4
)

// ErrPassphrase says that a passphrase is missing or wrong.
var ErrPassphrase = errors.New("the passphrase is missing or wrong")

// NewKey makes a key pair.
func NewKey() (ed25519.PrivateKey, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return private, err
}

// Public is the public half of a key.
func Public(k ed25519.PrivateKey) ed25519.PublicKey {
	return ed25519.PublicKey(k[ed25519.PrivateKeySize-ed25519.PublicKeySize:])
}

// WriteKey writes a private key, readable by its owner only, and the public one
// beside it with .pub added. With a passphrase the private one is sealed: argon2id
// (RFC 9106) and AES-256-GCM. A file that is there is not replaced.
func WriteKey(path string, k ed25519.PrivateKey, passphrase []byte) error {
	plain, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	block := &pem.Block{Type: plainBlock, Bytes: plain}
	if len(passphrase) > 0 {
		salt := make([]byte, 16)
		_, _ = rand.Read(salt) // never fails (crypto/rand)
		seal, err := sealer(passphrase, salt)
		if err != nil {
			return fmt.Errorf("seal key: %w", err)
		}
		block = &pem.Block{Type: sealedBlock, Headers: map[string]string{saltHeader: hex.EncodeToString(salt)}, Bytes: seal.Seal(nil, nil, plain, salt)}
	}
	public, err := x509.MarshalPKIXPublicKey(Public(k))
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	if err := errors.Join(pem.Encode(f, block), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	if err := os.WriteFile(path+".pub", pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: public}), 0o644); err != nil {
		return fmt.Errorf("write public key: %w", err)
	}
	return nil
}

// sealer makes the cipher of a sealed key. The salt is new for each file, so is the key: a nonce made by the cipher is never used twice with it.
func sealer(passphrase, salt []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(argon2.IDKey(passphrase, salt, argonTime, argonMemory, argonThreads, 32))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// ReadKey reads a private key. Others may not be able to read its file.
func ReadKey(path string, passphrase []byte) (ed25519.PrivateKey, error) {
	if err := private(path); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("read key: %s holds none", path)
	}
	plain := block.Bytes
	switch block.Type {
	case plainBlock:
	case sealedBlock:
		salt, err := hex.DecodeString(block.Headers[saltHeader])
		if err != nil {
			return nil, fmt.Errorf("read key %s: %w", path, err)
		}
		seal, err := sealer(passphrase, salt)
		if err != nil {
			return nil, fmt.Errorf("read key %s: %w", path, err)
		}
		if plain, err = seal.Open(nil, nil, plain, salt); err != nil {
			return nil, fmt.Errorf("read key %s: %w", path, ErrPassphrase)
		}
	default:
		return nil, fmt.Errorf("read key: %s holds a %s", path, block.Type)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", path, err)
	}
	k, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read key: %s is not of ed25519", path)
	}
	return k, nil
}

// ReadPublicKey reads what WriteKey wrote beside a key.
func ReadPublicKey(path string) (ed25519.PublicKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != publicBlock {
		return nil, fmt.Errorf("read public key: %s holds none", path)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read public key %s: %w", path, err)
	}
	k, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("read public key: %s is not of ed25519", path)
	}
	return k, nil
}

// KeyID is how metadata names a key.
func KeyID(k ed25519.PublicKey) (string, error) {
	key, err := metadata.KeyFromPublicKey(k)
	if err != nil {
		return "", err
	}
	return key.ID()
}

// sign adds a signature to metadata, in place of an older one by the same key.
func sign[T metadata.Roles](m *metadata.Metadata[T], k ed25519.PrivateKey) error {
	id, err := KeyID(Public(k))
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	kept := m.Signatures[:0]
	for _, s := range m.Signatures {
		if s.KeyID != id {
			kept = append(kept, s)
		}
	}
	m.Signatures = kept
	signer, err := signature.LoadSigner(k, crypto.Hash(0))
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	if _, err := m.Sign(signer); err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	return nil
}
