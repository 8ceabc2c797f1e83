package fleet

import (
	"sync"
	"time"
)

// kept is something of each organisation that is used for a while without looking again.
type kept[V any] struct {
	mu   sync.Mutex
	of   map[string]reading[V]
	lost uint64 // how often something was dropped: what was being read then may be of before
}

type reading[V any] struct {
	at    time.Time
	value V
}

// get gives what was read less than lasts ago, or reads it.
func (k *kept[V]) get(organisation string, now time.Time, lasts time.Duration, read func() (V, error)) (V, error) {
	k.mu.Lock()
	r, known := k.of[organisation]
	lost := k.lost
	k.mu.Unlock()
	if known && now.Sub(r.at) < lasts {
		return r.value, nil
	}
	value, err := read()
	if err != nil {
		return value, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lost == lost {
		k.put(organisation, now, value)
	}
	return value, nil
}

// put keeps what was read; with mu held.
func (k *kept[V]) put(organisation string, now time.Time, value V) {
	if k.of == nil {
		k.of = map[string]reading[V]{}
	}
	k.of[organisation] = reading[V]{now, value}
}

// drop has the next one look again.
func (k *kept[V]) drop(organisation string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.of, organisation)
	k.lost++
}
