package verdict_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/agent/internal/verdict"
)

// office is a cabinet that takes one code.
type office struct {
	mu    sync.Mutex
	state verdict.CabinetState
	asked []string
}

const wrongCode = "кабинет не принял код: он введён с ошибкой, уже использован или просрочен"

func (o *office) Cabinet() verdict.CabinetState {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state
}

func (o *office) Join(_ context.Context, code, cloud string) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, code+" at "+cloud)
	if code != "K7QF-9M2P-T5WB" {
		return "", errors.New(wrongCode)
	}
	o.state.Organisation, o.state.Online = "ООО «Ромашка»", true
	return o.state.Organisation, nil
}

func joinable(t *testing.T, o verdict.Cabinet) *shop {
	t.Helper()
	b := tilltest.Open(t)
	page := verdict.New(b.Fleet, b.Journal, verdict.Options{Token: token, Version: "test", Cabinet: o})
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- page.Run(ctx) }()
	s := httptest.NewServer(page.Beside(http.NotFoundHandler()))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		cancel()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	return &shop{b, s}
}

// TestJoin: only a session of this page learns of the cabinet or spends a code; the answer is the sentence for the person.
func TestJoin(t *testing.T) {
	o := &office{state: verdict.CabinetState{Cloud: "https://cabinet.example"}}
	s := joinable(t, o)
	jar := s.person(t)
	own := func(r *http.Request) { r.Header.Set("Origin", s.URL); r.Header.Set("Content-Type", "application/json") }
	ask := func(client *http.Client, method, path, body string, with func(*http.Request)) (int, map[string]any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if with != nil {
			with(r)
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		var said map[string]any
		if err := json.Unmarshal(text, &said); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return res.StatusCode, said
	}
	const good = `{"code":"K7QF-9M2P-T5WB","cloud":"https://cabinet.example"}`
	stranger := new(http.Client)
	for what, c := range map[string]struct {
		client *http.Client
		method string
		path   string
		body   string
		with   func(*http.Request)
		want   int
	}{
		"a stranger looks":           {stranger, "GET", "/page/cabinet", "", nil, http.StatusUnauthorized},
		"a stranger joins":           {stranger, "POST", "/page/join", good, own, http.StatusUnauthorized},
		"a page of another origin":   {jar, "POST", "/page/join", good, func(r *http.Request) { own(r); r.Header.Set("Origin", "https://evil.example") }, http.StatusForbidden},
		"a form":                     {jar, "POST", "/page/join", good, func(r *http.Request) { own(r); r.Header.Set("Content-Type", "text/plain") }, http.StatusForbidden},
		"something else in the body": {jar, "POST", "/page/join", `{"code":"x","dir":"/"}`, own, http.StatusBadRequest},
	} {
		if status, said := ask(c.client, c.method, c.path, c.body, c.with); status != c.want || said["ok"] == true || said["cloud"] != nil {
			t.Errorf("%s: %d %v", what, status, said)
		}
	}
	if len(o.asked) != 0 {
		t.Fatalf("the cabinet was asked: %v", o.asked)
	}
	if status, said := ask(jar, "GET", "/page/cabinet", "", nil); status != http.StatusOK || said["cloud"] != "https://cabinet.example" || said["organisation"] != nil {
		t.Errorf("%d %v", status, said)
	}
	if status, said := ask(jar, "POST", "/page/join", `{"code":"AAAA","cloud":"https://cabinet.example"}`, own); status != http.StatusConflict || said["text"] != wrongCode {
		t.Errorf("a wrong code: %d %v", status, said)
	}
	if status, said := ask(jar, "POST", "/page/join", good, own); status != http.StatusOK || said["organisation"] != "ООО «Ромашка»" {
		t.Errorf("a good code: %d %v", status, said)
	}
	if _, said := ask(jar, "GET", "/page/cabinet", "", nil); said["organisation"] != "ООО «Ромашка»" || said["online"] != true {
		t.Errorf("%v", said)
	}
	if want := []string{"AAAA at https://cabinet.example", "K7QF-9M2P-T5WB at https://cabinet.example"}; strings.Join(o.asked, "; ") != strings.Join(want, "; ") {
		t.Errorf("asked %v", o.asked)
	}
}

// TestBrowser_join types a code on the page: its digits choose no till, and the sentence of a refusal is read there.
func TestBrowser_join(t *testing.T) {
	e := look(t)
	o := &office{state: verdict.CabinetState{Cloud: "https://cabinet.example"}}
	s := joinable(t, o)
	e.do(t, "open", m{"page": window, "url": s.link(t)})
	e.says(t, func(s sight) string { return s.Keys }, "F6")
	e.press(t, "F6")
	e.says(t, panel, "ещё не подключён")
	e.press(t, "1", "2")
	e.press(t, "Enter")
	e.says(t, panel, wrongCode)
	e.shot(t, window, "join-refused")
	o.mu.Lock()
	asked := strings.Join(o.asked, "; ")
	o.mu.Unlock()
	if asked != "12 at https://cabinet.example" {
		t.Errorf("asked %q", asked)
	}
	e.press(t, "Escape")
}
