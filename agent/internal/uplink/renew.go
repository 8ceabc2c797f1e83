package uplink

import (
	"context"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	// renewEvery is how often the certificate's age is looked at.
	renewEvery = time.Hour
	// renewGap keeps a clock that is ahead from renewing again and again before
	// the cabinet has told the time.
	renewGap = time.Hour
	// renewAfterHello is how long the cabinet's clock is waited for.
	renewAfterHello = time.Minute
)

// renewing is what is known of renewals in this run of the program.
type renewing struct {
	asked chan struct{} // the cabinet says that the certificate has ended

	mu   sync.Mutex
	last time.Time // of the last renewal, by the monotonic clock
}

func (r *renewing) init() { r.asked = make(chan struct{}, 1) }

func (r *renewing) ask() { signal(r.asked) }

func (r *renewing) done() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = time.Now()
}

func (r *renewing) lately() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.last.IsZero() && time.Since(r.last) < renewGap
}

// renewLoop gets a new certificate in the middle third of the old one's life:
// what is left is for cabinets, networks and computers that are down. One that
// has ended is renewed as soon as the cabinet says so, whatever our clock says.
func (s *session) renewLoop(ctx context.Context) {
	var wait backoff
	asked := false
	// The cabinet's clock first, for ours may be wrong.
	timer := time.NewTimer(renewAfterHello)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-s.renewing.asked:
		asked = true
	case <-s.gate.opened():
	case <-timer.C:
	}
	for ctx.Err() == nil {
		id := s.Identity()
		if id.AgentID == s.agentID && (asked || dueAt(id.cert.Leaf).Before(s.now()) && !s.renewing.lately()) {
			err := s.renew(ctx, id)
			if err == nil {
				return // the line begins anew with the new key
			}
			s.o.Log.Warn("certificate not renewed", "error", err)
			if !wait.sleep(ctx, &s.link) {
				return
			}
			continue
		}
		wait.reset()
		timer := time.NewTimer(renewEvery/2 + rand.N(renewEvery/2))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-s.renewing.asked:
			asked = true
		case <-s.link.kicks():
		}
		timer.Stop()
	}
}

// dueAt is when a certificate is to be renewed: between a third and two thirds
// of its life, each at its own time, so that agents of one day do not come back
// on one day.
func dueAt(cert *x509.Certificate) time.Time {
	third := cert.NotAfter.Sub(cert.NotBefore) / 3
	spread := int64(0) // thousandths
	for _, b := range cert.SerialNumber.Bytes() {
		spread = (spread*257 + int64(b)) % 1000
	}
	return cert.NotBefore.Add(third + time.Duration(int64(third)/1000*spread))
}

func (s *session) renew(ctx context.Context, old *Identity) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	key, csr, err := newKey(old.AgentID)
	if err != nil {
		return err
	}
	answer, err := s.rpc.Renew(ctx, &uplinkv1.RenewRequest{Csr: csr})
	if s.note(ctx, "renew", err) != nil {
		return err
	}
	cert, err := x509.ParseCertificate(answer.GetCertificate())
	if err != nil {
		return fmt.Errorf("read the new certificate: %w", err)
	}
	next, err := old.with(key, cert, old.authority)
	if err != nil {
		return fmt.Errorf("read the new certificate: %w", err)
	}
	s.enrolling.Lock()
	defer s.enrolling.Unlock()
	if s.Identity() != old {
		return nil // enrolled anew meanwhile
	}
	if err := next.save(s.o.Dir); err != nil {
		return err
	}
	s.renewing.done()
	s.o.Log.Info("certificate renewed", "until", cert.NotAfter)
	// Connections live as long as somebody polls on them, and with them the old
	// certificate: new ones are made.
	s.become(next)
	return nil
}
