package verdict_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/agent/internal/verdict"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// finder finds what a test says.
type finder struct {
	mu      sync.Mutex
	tills   []*posv1.FoundTill
	err     error
	go1     chan struct{} // closed to let a search end
	adopted []string
}

func (f *finder) Find(ctx context.Context, report func(*posv1.FindTillsResponse) error) error {
	for i, t := range f.tills {
		if err := report(&posv1.FindTillsResponse{Found: t, Tried: uint32(i), Places: 3}); err != nil {
			return err
		}
	}
	select {
	case <-f.go1:
	case <-ctx.Done():
	}
	return f.err
}

func (f *finder) Adopt(_ context.Context, found *posv1.FoundTill, _ string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if found.GetSerial() == "" {
		return "", errors.New("касса не назвала себя")
	}
	f.adopted = append(f.adopted, found.GetWire())
	return "kassa-1", nil
}

// empty is the page of an agent that has no till.
func empty(t *testing.T, f *finder) *shop {
	t.Helper()
	b := tilltest.Open(t)
	page := verdict.New(b.Fleet, b.Journal, verdict.Options{Token: token, Version: "test", Finder: f})
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- page.Run(ctx) }()
	s := httptest.NewServer(page.Beside(http.NotFoundHandler()))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		cancel()
		if err := <-stopped; err != nil {
			t.Errorf("stop the page: %v", err)
		}
	})
	return &shop{b, s}
}

func someTills() []*posv1.FoundTill {
	return []*posv1.FoundTill{
		{Driver: "shtrih", Wire: "serial:COM3?baud=115200", Model: "ШТРИХ-М-01Ф", Serial: "0001", Fn: "9999078902000111"},
		{Driver: "shtrih", Wire: "serial:COM4?baud=115200", Model: "другая"},
		{Driver: "fnprint", Printer: "serial:COM5?baud=9600"}, // half a till
		{Driver: "shtrih", Wire: "serial:COM6?baud=9600", Till: "своя"},
	}
}

// The page of an agent without a till finds one; whoever has no session looks.
func TestSetup(t *testing.T) {
	f := &finder{tills: someTills(), go1: make(chan struct{})}
	s := empty(t, f)
	if code, _ := s.do(t, s.Client(), http.MethodPost, "/page/find", "{}", nil); code != http.StatusUnauthorized {
		t.Errorf("a stranger begins a search: %d", code)
	}
	person := s.person(t)
	if code, body := s.do(t, person, http.MethodPost, "/page/adopt", `{"wire":"serial:COM3?baud=115200"}`, nil); code != http.StatusConflict {
		t.Errorf("taken over before it was found: %d %v", code, body)
	}
	if code, body := s.do(t, person, http.MethodPost, "/page/find", "{}", nil); code != http.StatusOK {
		t.Fatalf("%d %v", code, body)
	}
	s.watch(t, s.Client(), func(p picture, _ string) bool { return p.Setup != nil && p.Setup.Finding && len(p.Setup.Found) == 2 })
	close(f.go1)
	s.watch(t, s.Client(), func(p picture, _ string) bool {
		return p.Setup.Done && !p.Setup.Finding && p.Setup.Found[0].Serial == "0001" && p.Setup.Places == 3
	})
	for _, c := range []struct {
		wire string
		want int
		says string
	}{
		{"serial:COM9?baud=9600", http.StatusConflict, "не нашёл"},
		{"serial:COM4?baud=115200", http.StatusConflict, "не назвала себя"},
		{"serial:COM3?baud=115200", http.StatusOK, ""},
	} {
		code, body := s.do(t, person, http.MethodPost, "/page/adopt", `{"wire":"`+c.wire+`"}`, nil)
		text, _ := body["text"].(string)
		if code != c.want || !strings.Contains(text, c.says) {
			t.Errorf("take over %s: %d %v", c.wire, code, body)
		}
	}
	if len(f.adopted) != 1 {
		t.Errorf("taken over: %v", f.adopted)
	}
}

// A search that fails says why.
func TestSetup_fails(t *testing.T) {
	f := &finder{err: errors.New("поиск касс уже идёт"), go1: make(chan struct{})}
	close(f.go1)
	s := empty(t, f)
	if code, body := s.do(t, s.person(t), http.MethodPost, "/page/find", "{}", nil); code != http.StatusOK {
		t.Fatalf("%d %v", code, body)
	}
	s.watch(t, s.Client(), func(p picture, _ string) bool {
		return p.Setup.Done && strings.Contains(p.Setup.Error, "уже идёт")
	})
}

// An agent with tills shows nothing of it, and a word about a till that was not
// replaced changes nothing.
func TestSetup_withTills(t *testing.T) {
	s := serve(t, name)
	s.watch(t, s.Client(), func(p picture, _ string) bool { return p.Setup == nil && len(p.Tills) == 1 })
	if code, _ := s.do(t, s.Client(), http.MethodPost, "/page/accept", `{"till":"`+name+`"}`, nil); code != http.StatusUnauthorized {
		t.Errorf("a stranger accepts a till: %d", code)
	}
	if code, body := s.do(t, s.person(t), http.MethodPost, "/page/accept", `{"till":"`+name+`"}`, nil); code != http.StatusOK || !strings.Contains(body["text"].(string), "подтверждать нечего") {
		t.Errorf("%d %v", code, body)
	}
}

// In a browser: find, see, take over.
func TestBrowser_setup(t *testing.T) {
	e := look(t)
	f := &finder{tills: someTills(), go1: make(chan struct{})}
	close(f.go1)
	s := empty(t, f)
	e.do(t, "open", m{"page": window, "url": s.link(t)})
	setup := func(s sight) string { return s.Setup }
	e.says(t, setup, "Найти кассы")
	e.do(t, "click", m{"page": window, "what": "#setup button"})
	e.says(t, setup, "Принять: ШТРИХ-М-01Ф, № 0001")
	e.shot(t, window, "setup")
	e.do(t, "click", m{"page": window, "what": "#setup button[data-wire*=COM3]"})
	e.says(t, notice, "Принято")
	if len(f.adopted) != 1 {
		t.Errorf("taken over: %v", f.adopted)
	}
}
