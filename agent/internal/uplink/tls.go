package uplink

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	dialTimeout = 10 * time.Second
	// A line that a router has silently forgotten is found by HTTP/2 pings in
	// pingAfter + pingWait, long before a long poll would notice.
	pingAfter = 15 * time.Second
	pingWait  = 10 * time.Second
	idleConn  = 2 * time.Minute
)

// transport makes the one HTTP/2 connection of the uplink; its streams do not
// wait for each other, so a long poll starves nobody.
func transport(config *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: dialTimeout,
		ForceAttemptHTTP2:   true,
		IdleConnTimeout:     idleConn,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingWait},
	}
}

// TLS returns what proves the agent to the server at address (the cabinet's or
// its broker's), and the other way round: only a server of that name, signed by
// the authority of the enrolment, is believed. It follows renewals of the
// certificate.
func (c *Client) TLS(address string) *tls.Config {
	host := hostOf(address)
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: host,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			id := c.Identity()
			if id == nil {
				return nil, ErrNoIdentity
			}
			return &id.cert, nil
		},
		// The standard check asks the computer's clock only; ours can ask the
		// cabinet's as well, see verify.
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection does the whole check
		VerifyConnection: func(s tls.ConnectionState) error {
			id := c.Identity()
			if id == nil {
				return ErrNoIdentity
			}
			roots := x509.NewCertPool()
			roots.AddCert(id.authority)
			return verify(s, host, roots, c.now(), id.cert.Leaf.NotBefore)
		},
	}
}

// hostOf is the host of an address such as ssl://host:8883; one that cannot be
// read is nobody's name.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "invalid."
	}
	return u.Hostname()
}

// verify checks the server's certificate at time now. A computer whose battery
// is flat starts years ago; our own certificate was issued at born, so a clock
// before that is certainly wrong, and the server is checked as of then: what
// was valid when we were enrolled. The cabinet's answer then sets the clock
// right (see Client.now).
func verify(s tls.ConnectionState, host string, roots *x509.CertPool, now, born time.Time) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the server has no certificate")
	}
	leaf := s.PeerCertificates[0]
	if now.Before(born) {
		now = born
		if leaf.NotBefore.After(now) {
			now = leaf.NotBefore // renewed since
		}
	}
	inter := x509.NewCertPool()
	for _, cert := range s.PeerCertificates[1:] {
		inter.AddCert(cert)
	}
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: inter, CurrentTime: now})
	return err
}

// pinMin is how much of a fingerprint makes a pin: 80 bits.
const pinMin = 20

// splitPin takes a fingerprint of the cabinet's authority off a code
// ("K7QF-9M2P@4f1c…"): that is how a cabinet with an authority of its own is
// recognised before anything is known of it.
func splitPin(code string) (bare, pin string, err error) {
	bare, pin, has := strings.Cut(strings.TrimSpace(code), "@")
	if !has {
		return bare, "", nil
	}
	pin = strings.ToLower(strings.NewReplacer(":", "", "-", "", " ", "").Replace(pin))
	if _, err := hex.DecodeString(pin); err != nil || len(pin) < pinMin || len(pin) > 2*sha256.Size {
		return "", "", errors.New("код подключения введён не полностью: часть после @ не похожа на отпечаток кабинета")
	}
	return bare, pin, nil
}

func matchesPin(cert *x509.Certificate, pin string) bool {
	sum := sha256.Sum256(cert.Raw)
	return strings.HasPrefix(hex.EncodeToString(sum[:]), pin)
}

// enrolTLS believes servers of the system's authorities, or of the one whose
// fingerprint is pin.
func enrolTLS(address, pin string) *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if pin == "" {
		return config
	}
	config.InsecureSkipVerify = true //nolint:gosec // VerifyConnection does the whole check
	config.VerifyConnection = func(s tls.ConnectionState) error {
		roots := x509.NewCertPool()
		for _, cert := range s.PeerCertificates {
			if matchesPin(cert, pin) {
				roots.AddCert(cert)
			}
		}
		return verify(s, hostOf(address), roots, time.Now(), time.Time{})
	}
	return config
}

// certificateTrouble tells whether err is about the server's certificate.
func certificateTrouble(err error) bool {
	var verification *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid)
}

// noRedirects: an RPC that is answered by a redirect is not our cabinet.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func httpClient(t *http.Transport) *http.Client {
	return &http.Client{Transport: t, CheckRedirect: noRedirects}
}

// canceled tells whether ctx, and not its deadline, ended a call.
func canceled(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }
