package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Signer signs programs and packages (Authenticode).
type Signer struct {
	pkcs12, cert, key string // files: either the first or the others
	password          string
	timestamps        string    // of a time-stamping authority; "" asks nobody
	when              time.Time // in the signature, when nobody else says; zero is now
	// Authority is the file of the certificate that [Signer.Verify] trusts; ""
	// is what this computer trusts.
	Authority string
}

// NewSigner takes the key that the environment names, or a development one.
func NewSigner(_ context.Context, when time.Time) (*Signer, error) {
	s := &Signer{
		pkcs12: os.Getenv("SIGN_PKCS12"), cert: os.Getenv("SIGN_CERT"), key: os.Getenv("SIGN_KEY"),
		password: os.Getenv("SIGN_PASSWORD"), timestamps: os.Getenv("SIGN_TSA"), Authority: os.Getenv("SIGN_CA"),
	}
	switch {
	case s.pkcs12 != "" || s.cert != "" && s.key != "":
		return s, nil
	case s.cert != "" || s.key != "":
		return nil, errors.New("sign: SIGN_CERT and SIGN_KEY go together")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return development(filepath.Join(cache, "chekan", "signing"), when)
}

// development uses the key in dir, made there the first time: two builds by one
// user are then alike.
func development(dir string, when time.Time) (*Signer, error) {
	s := &Signer{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), Authority: filepath.Join(dir, "ca.pem"), when: when}
	// The key comes last: when it is there, all is.
	if _, err := os.Stat(s.key); err == nil {
		return s, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	caKey, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	leafKey, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Chekan development: trust nothing signed by it"},
		NotBefore: from, NotAfter: from.AddDate(40, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Chekan development build"},
		NotBefore: from, NotAfter: from.AddDate(40, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	caDER, err := certify(ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, err
	}
	leafDER, err := certify(leaf, ca, leafKey.Public(), caKey)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	for _, file := range []struct {
		path, kind string
		der        []byte
	}{{s.Authority, "CERTIFICATE", caDER}, {s.cert, "CERTIFICATE", leafDER}, {s.key, "PRIVATE KEY", pkcs8}} {
		if err := os.WriteFile(file.path, pem.EncodeToMemory(&pem.Block{Type: file.kind, Bytes: file.der}), 0o600); err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
	}
	return s, nil
}

func certify(c, by *x509.Certificate, of crypto.PublicKey, key *rsa.PrivateKey) ([]byte, error) {
	der, err := x509.CreateCertificate(rand.Reader, c, by, of, key)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return der, nil
}

// Sign signs the file from into the file to, which may be the same.
func (s *Signer) Sign(ctx context.Context, from, to string) error {
	args := []string{"sign", "-h", "sha256", "-n", "Chekan", "-i", "https://github.com/chekan-io/chekan"}
	if s.pkcs12 != "" {
		args = append(args, "-pkcs12", s.pkcs12)
	} else {
		args = append(args, "-certs", s.cert, "-key", s.key)
	}
	if s.password != "" { // by a file: what is on a command line is for all to see
		f, err := os.CreateTemp("", "chekan-sign-") // made with mode 0600
		if err != nil {
			return fmt.Errorf("sign: %w", err)
		}
		defer os.Remove(f.Name())
		_, err = f.WriteString(s.password)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("sign: %w", err)
		}
		args = append(args, "-readpass", f.Name())
	}
	if s.timestamps != "" {
		args = append(args, "-ts", s.timestamps)
	} else if !s.when.IsZero() {
		args = append(args, "-time", strconv.FormatInt(s.when.Unix(), 10))
	}
	signed := to + ".signed"
	_ = os.Remove(signed)
	if _, err := output(tool(ctx, "", "osslsigncode", append(args, "-in", from, "-out", signed)...)); err != nil {
		_ = os.Remove(signed)
		return fmt.Errorf("sign %s: %w", filepath.Base(from), err)
	}
	return os.Rename(signed, to)
}

// ErrNotSigned says that a file is not what was signed, or by somebody else.
var ErrNotSigned = errors.New("the signature is not good")

// Verify checks the signature of a file.
func (s *Signer) Verify(ctx context.Context, path string) error {
	args := []string{"verify"}
	if s.Authority != "" {
		args = append(args, "-CAfile", s.Authority)
	}
	out, err := output(tool(ctx, "", "osslsigncode", append(args, "-in", path)...))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotSigned, err)
	}
	if !strings.Contains(string(out), "Succeeded") {
		return fmt.Errorf("%w: %s", ErrNotSigned, out)
	}
	return nil
}
