package verdict

import (
	"context"
	"net/http"
	"sync"

	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// Finder looks for tills and takes over what was found; package discovery has
// one.
type Finder interface {
	Find(ctx context.Context, report func(*posv1.FindTillsResponse) error) error
	Adopt(ctx context.Context, found *posv1.FoundTill, name string) (till string, err error)
}

// Accepter takes another device for a till on a person's word; package till has
// one.
type Accepter interface {
	Accept(ctx context.Context, name, by string) (text string, err error)
}

// Setup is what the page shows while the agent has no till: a search and what it
// has found. Anybody at this computer may see it; to search and to take over
// needs a session.
type Setup struct {
	Finding bool    `json:"finding"`
	Done    bool    `json:"done"` // a search has ended
	Tried   uint32  `json:"tried"`
	Places  uint32  `json:"places"`
	Error   string  `json:"error,omitempty"` // Russian
	Found   []Found `json:"found"`
}

// Found is a till that can be taken over.
type Found struct {
	Wire   string `json:"wire"`
	Model  string `json:"model"`
	Serial string `json:"serial"`
	FN     string `json:"fn"`
}

// setup is the search of the page: one at a time.
type setup struct {
	finder Finder
	over   chan struct{} // closed when the page ends
	poke   func()        // something has changed

	mu    sync.Mutex
	state Setup
	found []*posv1.FoundTill
}

func newSetup(f Finder, poke func()) *setup {
	return &setup{finder: f, over: make(chan struct{}), poke: poke, state: Setup{Found: []Found{}}}
}

// view is what the page shows; nil when there is nothing to set up.
func (s *setup) view(tills int) *Setup {
	if s.finder == nil || tills > 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.state
	v.Found = append([]Found{}, s.state.Found...)
	return &v
}

// begin starts a search unless one goes on. It outlives the request that asked
// for it, and not the page.
func (s *setup) begin(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Finding {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer cancel()
		select {
		case <-s.over:
		case <-ctx.Done():
		}
	}()
	s.state, s.found = Setup{Finding: true, Found: []Found{}}, nil
	go func() {
		defer cancel()
		err := s.finder.Find(ctx, s.hear)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.state.Finding, s.state.Done = false, true
		if err != nil {
			s.state.Error = err.Error()
		}
		s.poke()
	}()
}

func (s *setup) hear(step *posv1.FindTillsResponse) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Tried, s.state.Places = step.GetTried(), step.GetPlaces()
	if t := step.GetFound(); t != nil && t.GetTill() == "" && t.GetWire() != "" {
		s.found = append(s.found, t)
		s.state.Found = append(s.state.Found, Found{Wire: t.GetWire(), Model: t.GetModel(), Serial: t.GetSerial(), FN: t.GetFn()})
	}
	s.poke()
	return nil
}

// of gives the find on a wire.
func (s *setup) of(wire string) *posv1.FoundTill {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.found {
		if t.GetWire() == wire {
			return t
		}
	}
	return nil
}

// find begins a search.
func (p *Page) find(w http.ResponseWriter, r *http.Request) {
	var asked struct{}
	if !p.ours(w, r, &asked) {
		return
	}
	if p.setup.finder == nil {
		refuse(w, http.StatusNotFound, "этот агент касс не ищет")
		return
	}
	p.setup.begin(r.Context())
	p.board.poke()
	answer(w, http.StatusOK, map[string]any{"ok": true, "key": "setup.finding"})
}

// adopt takes over a till that the page's search has found.
func (p *Page) adopt(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Wire string `json:"wire"`
	}
	if !p.ours(w, r, &asked) {
		return
	}
	found := p.setup.of(asked.Wire)
	if found == nil {
		refuse(w, http.StatusConflict, "этой кассы поиск не нашёл: найдите кассы ещё раз")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), decideLimit)
	defer cancel()
	name, err := p.setup.finder.Adopt(ctx, found, "")
	if err != nil {
		refuse(w, http.StatusConflict, err.Error())
		return
	}
	p.opts.Log.Info("taken over on the page", "till", name, "wire", asked.Wire)
	answer(w, http.StatusOK, map[string]any{"ok": true, "key": "setup.adopted"})
}

// accept takes the device that answers for a till: it was replaced.
func (p *Page) accept(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Till string `json:"till"`
	}
	if !p.ours(w, r, &asked) {
		return
	}
	a, ok := p.fleet.(Accepter)
	if !ok || asked.Till == "" {
		refuse(w, http.StatusBadRequest, "какую кассу принять, не сказано")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), decideLimit)
	defer cancel()
	text, err := a.Accept(ctx, asked.Till, "человек на странице кассы")
	if err != nil {
		refuse(w, http.StatusConflict, err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]any{"ok": true, "text": text})
}
