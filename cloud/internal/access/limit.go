package access

import (
	"net/netip"
	"sync"
	"time"
)

// limiter counts attempts by a key within a time. It forgets all keys rather than grow without bound: then an attacker with
// very many addresses gets a little more than allowed, and the memory stays.
type limiter struct {
	window time.Duration
	now    func() time.Time
	mu     sync.Mutex
	counts map[string]attempts
}

type attempts struct {
	n     int
	since time.Time
}

const limiterKeys = 50_000

func newLimiter(window time.Duration, now func() time.Time) *limiter {
	return &limiter{window: window, now: now, counts: map[string]attempts{}}
}

// spent tells whether a key has used up its attempts.
func (l *limiter) spent(key string, allowed int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.counts[key]
	return a.n >= allowed && l.now().Sub(a.since) < l.window
}

// count adds an attempt to a key.
func (l *limiter) count(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.counts) >= limiterKeys {
		l.counts = map[string]attempts{}
	}
	a := l.counts[key]
	if now := l.now(); a.n == 0 || now.Sub(a.since) >= l.window {
		a = attempts{since: now}
	}
	a.n++
	l.counts[key] = a
}

// take counts an attempt if the key has one left.
func (l *limiter) take(key string, allowed int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	a := l.counts[key]
	if a.n == 0 || now.Sub(a.since) >= l.window {
		a = attempts{since: now}
	}
	if a.n >= allowed {
		return false
	}
	if len(l.counts) >= limiterKeys {
		l.counts = map[string]attempts{}
	}
	a.n++
	l.counts[key] = a
	return true
}

// give takes one attempt of a key back: it was a good one.
func (l *limiter) give(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.counts[key]; a.n > 1 {
		a.n--
		l.counts[key] = a
	} else {
		delete(l.counts, key)
	}
}

// everywhere is the key of what all addresses do together.
const everywhere = "everywhere"

// network is what one attacker has of addresses: an IPv6 customer gets a whole /64.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() || ip.Is4In6() {
		return address
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}

// forget lets a key begin anew.
func (l *limiter) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.counts, key)
}
