package till

import "sync"

// watchLength bounds what a watcher may lag behind before it misses changes.
const watchLength = 256

// hub hands changes to watchers without ever waiting for one of them.
type hub struct {
	mu       sync.Mutex
	watchers map[chan Change]struct{}
}

func (h *hub) publish(c Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		select {
		case w <- c:
		default: // a slow watcher learns the newest when it comes back: drop its oldest
			select {
			case <-w:
			default:
			}
			select {
			case w <- c:
			default:
			}
		}
	}
}

func (h *hub) watch() (<-chan Change, func()) {
	w := make(chan Change, watchLength)
	h.mu.Lock()
	if h.watchers == nil {
		h.watchers = map[chan Change]struct{}{}
	}
	h.watchers[w] = struct{}{}
	h.mu.Unlock()
	return w, func() {
		h.mu.Lock()
		delete(h.watchers, w)
		h.mu.Unlock()
	}
}
