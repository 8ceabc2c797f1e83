package uplink

import (
	"context"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"time"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// renewEvery is how often the certificate's age is looked at.
const renewEvery = time.Hour

// renewLoop gets a new certificate when two thirds of the old one's life are
// over: that leaves a third for cabinets and networks that are down.
func (s *session) renewLoop(ctx context.Context) {
	var wait backoff
	for ctx.Err() == nil {
		if id := s.Identity(); id.AgentID == s.agentID && dueAt(id.cert.Leaf).Before(s.now()) {
			if err := s.renew(ctx, id); err != nil {
				s.o.Log.Warn("certificate not renewed", "error", err)
				wait.sleep(ctx, &s.link)
				continue
			}
		}
		wait.reset()
		pause(ctx, renewEvery/2+rand.N(renewEvery/2), s.link.kicks())
	}
}

func dueAt(cert *x509.Certificate) time.Time {
	return cert.NotBefore.Add(cert.NotAfter.Sub(cert.NotBefore) / 3 * 2)
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
	s.identity.Store(next)
	s.transport.CloseIdleConnections() // new connections show the new certificate
	s.o.Log.Info("certificate renewed", "until", cert.NotAfter)
	return nil
}
