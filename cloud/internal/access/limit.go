package access

import (
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

// forget lets a key begin anew.
func (l *limiter) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.counts, key)
}
