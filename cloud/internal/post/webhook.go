package post

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/config"
)

// Headers of a webhook.
const (
	// DeliveryHeader is the id of the event for this receiver: the same however often it is tried.
	DeliveryHeader = "Chekan-Delivery"
	// TimestampHeader is when this attempt was made, Unix seconds.
	TimestampHeader = "Chekan-Timestamp"
	// SignatureHeader is v1=<hex of HMAC-SHA256(secret, timestamp "." body)>.
	SignatureHeader = "Chekan-Signature"
	// EventHeader is the event's name.
	EventHeader = "Chekan-Event"
)

// ErrForbiddenAddress says that a webhook would go into a private network.
var ErrForbiddenAddress = errors.New("address is not a public one")

// webhookLimit is how long a receiver may take; a slow one is to take the event and work later.
const webhookLimit = 15 * time.Second

// Webhooks sends signed events to addresses that customers wrote down, and to none inside our own network.
type Webhooks struct {
	allow     []netip.Prefix
	allowHTTP bool
	client    *http.Client
}

// NewWebhooks makes one of its settings.
func NewWebhooks(c config.Webhooks) (*Webhooks, error) {
	w := &Webhooks{allowHTTP: c.AllowHTTP}
	for _, text := range c.Allow {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("webhooks.allow: %w", err)
		}
		w.allow = append(w.allow, p.Masked())
	}
	// The address is looked at when the name is resolved and the connection is made, each time: what a name meant when it
	// was written down is of no use.
	dialer := &net.Dialer{Timeout: webhookLimit, Control: func(_, address string, _ syscall.RawConn) error { return w.dial(address) }}
	w.client = &http.Client{
		Timeout: webhookLimit, CheckRedirect: stay,
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: webhookLimit, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute},
	}
	return w, nil
}

func (w *Webhooks) dial(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrForbiddenAddress, address)
	}
	if !w.may(at.Addr()) {
		return ErrForbiddenAddress
	}
	return nil
}

// special are networks of no public host that the methods of netip.Addr do not name: this network (RFC 1122), carriers'
// NAT (RFC 6598), protocol assignments (RFC 6890), examples (RFC 5737), benchmarks (RFC 2544), class E; and ways to reach IPv4 through
// IPv6: 6to4 (RFC 3056), Teredo (RFC 4380), NAT64 (RFC 6052, RFC 8215), examples (RFC 3849).
var special = func() (list []netip.Prefix) {
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "240.0.0.0/4",
		"2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48", "2001:db8::/32", "::/96",
	} {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}()

// may tells whether a webhook may go to an address.
func (w *Webhooks) may(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range w.allow {
		if p.Contains(a) {
			return true
		}
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Check says what is wrong with the address of a webhook as it is written; nil when nothing can be seen from here.
func (w *Webhooks) Check(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || len(address) > 2000:
		return errors.New("address is not https://host/path")
	case u.Scheme != "https" && (u.Scheme != "http" || !w.allowHTTP):
		return errors.New("address does not begin with https://")
	case u.User != nil:
		return errors.New("address holds a name or password: the signature says who we are")
	case u.Fragment != "":
		return errors.New("address holds a #fragment")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !w.may(a) || u.Hostname() == "localhost" && !w.may(netip.MustParseAddr("127.0.0.1")) {
		return ErrForbiddenAddress
	}
	return nil
}

// Hook is one attempt of one event.
type Hook struct {
	// ID is the event's for this receiver.
	ID, Event string
	URL       string
	Secret    []byte
	Body      []byte
	// At is when the attempt is made.
	At time.Time
}

// Sign gives the value of [SignatureHeader].
func Sign(secret []byte, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(strconv.FormatInt(at.Unix(), 10)))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Answer is what a receiver said.
type Answer struct {
	// Status of HTTP; 0 when nobody answered.
	Status int
	// Text is the beginning of the answer.
	Text string
	Took time.Duration
}

// Send makes one attempt. Any status of 200 to 299 says that the event was taken.
func (w *Webhooks) Send(ctx context.Context, h Hook) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, webhookLimit)
	defer cancel()
	began := time.Now()
	if err := w.Check(h.URL); err != nil {
		return Answer{}, fmt.Errorf("send webhook: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(h.Body))
	if err != nil {
		return Answer{}, fmt.Errorf("send webhook: %w", silent(err))
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "chekan-cloud")
	req.Header.Set(DeliveryHeader, h.ID)
	req.Header.Set(EventHeader, h.Event)
	req.Header.Set(TimestampHeader, strconv.FormatInt(h.At.Unix(), 10))
	req.Header.Set(SignatureHeader, Sign(h.Secret, h.At, h.Body))
	res, err := w.client.Do(req)
	if err != nil {
		return Answer{Took: time.Since(began)}, fmt.Errorf("send webhook: %w", silent(err))
	}
	defer func() { _ = res.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer)) // the status is the answer
	a := Answer{Status: res.StatusCode, Text: said(text), Took: time.Since(began)}
	if res.StatusCode/100 != 2 {
		fault := FaultAnswer // a receiver of a customer's has no password of ours
		if res.StatusCode == http.StatusTooManyRequests {
			fault = FaultOften
		}
		return a, fmt.Errorf("send webhook: %w", &answered{fault, res.StatusCode, a.Text})
	}
	return a, nil
}
