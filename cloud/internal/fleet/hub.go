package fleet

import (
	"maps"
	"sync"
)

// What names a thing that changed.
type What int

// Things that change.
const (
	TillChanged What = iota
	OperationChanged
	CommandChanged
	RolloutChanged
	// WorkChanged is a work on many tills, NoteChanged something written about a till.
	WorkChanged
	NoteChanged
)

// Change says that something is no longer what it was. It carries no content: a watcher reads the present state when it
// gets to it, so two changes of one thing are one.
type Change struct {
	What What
	// OrganisationID is whose it is; the hub knows.
	OrganisationID string
	// TillID is the till it belongs to.
	TillID string
	// JournalID and ID name an operation by journal and key; ID alone names a command or a rollout.
	JournalID, ID string
}

// pendingChanges bounds what waits for a slow watcher; beyond it the watcher is told to look at everything anew.
const pendingChanges = 512

// Hub tells watchers of an organisation what has changed. It never waits for a watcher.
type Hub struct {
	mu       sync.Mutex
	watchers map[string]map[*Watcher]struct{}
}

// Watcher is one that wants to know. Its owner calls Close.
type Watcher struct {
	hub           *Hub
	organisations []string
	till          string // empty is all

	wake    chan struct{}
	pending map[Change]struct{} // guarded by hub.mu
	order   []Change
	all     bool
}

func newHub() *Hub { return &Hub{watchers: map[string]map[*Watcher]struct{}{}} }

// Watch begins to watch an organisation, or one till of it.
func (h *Hub) Watch(organisation, till string) *Watcher {
	return h.WatchAll([]string{organisation}, till)
}

// WatchAll begins to watch several organisations, or one till among theirs.
func (h *Hub) WatchAll(organisations []string, till string) *Watcher {
	w := &Watcher{hub: h, organisations: organisations, till: till, wake: make(chan struct{}, 1), pending: map[Change]struct{}{}}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, organisation := range organisations {
		if h.watchers[organisation] == nil {
			h.watchers[organisation] = map[*Watcher]struct{}{}
		}
		h.watchers[organisation][w] = struct{}{}
	}
	return w
}

// Publish tells the watchers of an organisation.
func (h *Hub) Publish(organisation string, changes ...Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers[organisation] {
		for _, c := range changes {
			c.OrganisationID = organisation
			w.add(c)
		}
	}
}

// Watchers is how many there are.
func (h *Hub) Watchers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := map[*Watcher]struct{}{}
	for _, list := range h.watchers {
		maps.Copy(all, list)
	}
	return len(all)
}

// watched gives the organisations somebody watches.
func (h *Hub) watched() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]string, 0, len(h.watchers))
	for organisation := range h.watchers {
		list = append(list, organisation)
	}
	return list
}

func (w *Watcher) add(c Change) {
	if w.all || w.till != "" && w.till != c.TillID {
		return
	}
	if _, waits := w.pending[c]; waits {
		return
	}
	if len(w.order) >= pendingChanges {
		w.all = true
		w.order = nil
		clear(w.pending)
	} else {
		w.pending[c] = struct{}{}
		w.order = append(w.order, c)
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Changed is ready when there is something to take.
func (w *Watcher) Changed() <-chan struct{} { return w.wake }

// Take gives what has changed since the last time, oldest first; all says that it is too much to list: look at everything.
func (w *Watcher) Take() (changes []Change, all bool) {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	changes, all = w.order, w.all
	w.order, w.all = nil, false
	clear(w.pending)
	return changes, all
}

// Close ends the watching.
func (w *Watcher) Close() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	for _, organisation := range w.organisations {
		delete(w.hub.watchers[organisation], w)
		if len(w.hub.watchers[organisation]) == 0 {
			delete(w.hub.watchers, organisation)
		}
	}
}
