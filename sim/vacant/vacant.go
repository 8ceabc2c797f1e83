// Package vacant gives tests network addresses for programs they start: this
// computer's, where nobody listens and nobody else will until the test ends.
//
// Asking the system for a port and closing it again is not enough. The port is
// then anybody's, and the system gives it to the next outgoing connection or to
// the next test that asks. So a port is taken from below those that systems give
// by themselves (RFC 6335, section 6: 49152 and up; Linux: 32768 and up), and
// held: by a socket of UDP on the same number, which is in no TCP program's way
// and which the system lets go of when the test's process is gone, however it
// went. Every test that asks here leaves alone what another test holds.
//
// The same address serves where a test wants one that refuses connections.
package vacant

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// The ports that may be given: no system gives these by itself.
const (
	lowest  = 10_000
	highest = 30_000
)

// attempts are enough for a computer where nine ports of ten are taken.
const attempts = 500

// Address gives one of 127.0.0.1, the test's own until it ends.
func Address(t testing.TB) string {
	t.Helper()
	var err error
	for range attempts {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(lowest+rand.N(highest-lowest)))
		var release func()
		if release, err = hold(t.Context(), address); err == nil {
			t.Cleanup(release)
			return address
		}
	}
	t.Fatalf("no vacant port: %v", err)
	return ""
}

// hold takes an address if nobody holds it or listens there.
func hold(ctx context.Context, address string) (release func(), err error) {
	guard, err := new(net.ListenConfig).ListenPacket(ctx, "udp4", address)
	if err != nil {
		return nil, fmt.Errorf("hold a port: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp4", address)
	if err != nil {
		_ = guard.Close()
		return nil, fmt.Errorf("try a port: %w", err)
	}
	if err := l.Close(); err != nil {
		_ = guard.Close()
		return nil, fmt.Errorf("try a port: %w", err)
	}
	return func() { _ = guard.Close() }, nil
}
