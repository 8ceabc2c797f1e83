package verdict_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/agent/internal/verdict"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

const (
	token = "secret"
	name  = "касса"
)

// shop is a bench whose page is served.
type shop struct {
	*tilltest.Bench
	*httptest.Server
}

func serve(t *testing.T, names ...string) *shop {
	t.Helper()
	b := tilltest.Open(t, names...)
	page := verdict.New(b.Fleet, b.Journal, verdict.Options{Token: token, Version: "test"})
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- page.Run(ctx) }()
	rest := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	s := httptest.NewServer(page.Beside(rest))
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

// link asks for a one-time link as the command line does.
func (s *shop) link(t *testing.T) string {
	t.Helper()
	code, body := s.do(t, s.Client(), http.MethodPost, "/page/link", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })
	path, _ := body["path"].(string)
	if code != http.StatusOK || path == "" {
		t.Fatalf("%d %v", code, body)
	}
	return s.URL + path
}

// person is a browser with a session.
func (s *shop) person(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Transport: s.Client().Transport}
	res, err := c.Get(s.link(t))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Request.URL.Path != "/" {
		t.Fatalf("the link leads to %s: %s", res.Request.URL, res.Status)
	}
	return c
}

func (s *shop) do(t *testing.T, c *http.Client, method, path, body string, change func(*http.Request)) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Origin", s.URL)
	}
	if change != nil {
		change(req)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	_ = json.Unmarshal(raw, &out) // files are not JSON
	return res.StatusCode, out
}

// picture is an event of the stream.
type picture struct {
	Session bool           `json:"session"`
	Tills   []verdict.View `json:"tills"`
	Asks    []verdict.Ask  `json:"asks"`
	Setup   *verdict.Setup `json:"setup"`
}

// watch reads events until one pleases.
func (s *shop) watch(t *testing.T, c *http.Client, pleases func(picture, string) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/page/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	last := ""
	for in := bufio.NewScanner(res.Body); in.Scan(); {
		data, ok := strings.CutPrefix(in.Text(), "data: ")
		if !ok {
			continue
		}
		last = data
		var p picture
		if err := json.Unmarshal([]byte(data), &p); err != nil {
			t.Fatal(err)
		}
		if pleases(p, data) {
			return
		}
	}
	t.Fatalf("the stream ended with %s", last)
}

func TestPage_files(t *testing.T) {
	s := serve(t, name)
	for path, kind := range map[string]string{
		"/": "text/html; charset=utf-8", "/page/page.js": "text/javascript; charset=utf-8", "/page/style.css": "text/css; charset=utf-8",
		"/page/icon.svg": "image/svg+xml", "/page/words/kk.json": "application/json; charset=utf-8",
	} {
		res, err := s.Client().Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		csp := res.Header.Get("Content-Security-Policy")
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != kind || !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: %s %v", path, res.Status, res.Header)
		}
	}
	for path, want := range map[string]int{"/page/none": http.StatusNotFound, "/pos.v1.PosService/Submit": http.StatusTeapot} {
		if code, _ := s.do(t, s.Client(), http.MethodGet, path, "", nil); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
}

// What a stranger sees has no sums, no cashiers, no keys, no evidence.
func TestPage_stranger(t *testing.T) {
	s := serve(t, name)
	s.OpenShift(t, name)
	s.Do(t, tilltest.Sale("key-of-the-sale", name))
	s.watch(t, s.Client(), func(p picture, raw string) bool {
		// A sum as a value: the digits alone may stand in a time.
		for _, secret := range []string{":30000,", ":30000}", "300.00", "Иванова", "key-of-the-sale", "Кофе"} {
			if strings.Contains(raw, secret) {
				t.Errorf("a stranger reads %q in %s", secret, raw)
			}
		}
		return p.Tills[0].About != nil && p.Tills[0].Colour == verdict.Green && !p.Session
	})
	s.watch(t, s.person(t), func(p picture, _ string) bool {
		in := p.Tills[0].Inside
		return p.Session && in != nil && in.Sum == 30000 && in.Cashier == "Иванова" && in.Key == "key-of-the-sale"
	})
}

func TestPage_refusals(t *testing.T) {
	s := serve(t, name)
	person := s.person(t)
	const act = `{"till":"касса","act":"check"}`
	for _, c := range []struct {
		name   string
		client *http.Client
		method string
		path   string
		body   string
		change func(*http.Request)
		want   int
	}{
		{"a name that leads here", person, "GET", "/page/events", "", func(r *http.Request) { r.Host = "rebind.example" }, http.StatusForbidden},
		{"a foreign page reads", person, "GET", "/page/events", "", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, http.StatusForbidden},
		{"another port of this computer reads", person, "GET", "/page/events", "", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, http.StatusForbidden},
		{"a foreign page acts", person, "POST", "/page/act", act, func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:9") }, http.StatusForbidden},
		{"a form acts", person, "POST", "/page/act", act, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, http.StatusForbidden},
		{"nobody's page acts", person, "POST", "/page/act", act, func(r *http.Request) { r.Header.Del("Origin") }, http.StatusForbidden},
		{"no session acts", s.Client(), "POST", "/page/act", act, nil, http.StatusUnauthorized},
		{"no session decides", s.Client(), "POST", "/page/decide", `{"key":"k","fd":0}`, nil, http.StatusUnauthorized},
		{"a made-up cookie", s.Client(), "POST", "/page/act", act, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "chekan_page", Value: strings.Repeat("A", 75)}) }, http.StatusUnauthorized},
		{"another action", person, "POST", "/page/act", `{"till":"касса","act":"reboot"}`, nil, http.StatusBadRequest},
		{"another field", person, "POST", "/page/act", `{"till":"касса","act":"check","x":1}`, nil, http.StatusBadRequest},
		{"another till", person, "POST", "/page/act", `{"till":"нет","act":"check"}`, nil, http.StatusConflict},
		{"nothing to decide", person, "POST", "/page/decide", `{"key":"k","fd":0}`, nil, http.StatusConflict},
		{"a link without the token", person, "POST", "/page/link", "", nil, http.StatusUnauthorized},
		{"a link with a guess", person, "POST", "/page/link", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer guess") }, http.StatusUnauthorized},
		{"an act by an address", person, "GET", "/page/act", "", nil, http.StatusNotFound},
		{"all is well", person, "POST", "/page/act", act, nil, http.StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, out := s.do(t, c.client, c.method, c.path, c.body, c.change); code != c.want {
				t.Errorf("%d %v, want %d", code, out, c.want)
			}
		})
	}
}

// Another computer sees nothing, even where the door is open to it.
func TestPage_remote(t *testing.T) {
	b := tilltest.Open(t, name)
	page := verdict.New(b.Fleet, b.Journal, verdict.Options{Token: token})
	h := page.Beside(http.NotFoundHandler())
	for remote, want := range map[string]int{"192.0.2.7:5000": http.StatusForbidden, "127.0.0.1:5000": http.StatusOK, "[::1]:5000": http.StatusOK} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8777/", http.NoBody)
		r.RemoteAddr = remote
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d", remote, w.Code)
		}
	}
}

func TestPage_linkOnce(t *testing.T) {
	s := serve(t, name)
	link := s.link(t)
	for i, cookies := range []int{1, 0} {
		c := &http.Client{Transport: s.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := c.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if len(res.Cookies()) != cookies {
			t.Fatalf("time %d: cookies %v", i+1, res.Cookies())
		}
		for _, cookie := range res.Cookies() {
			if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode {
				t.Errorf("cookie %v", cookie)
			}
		}
	}
}

// The deadline that the door sets for the arrival of a request does not end the
// stream.
func TestPage_streamLasts(t *testing.T) {
	s := serve(t, name)
	inner := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		inner.ServeHTTP(w, r)
	})
	began, n := time.Now(), 0
	s.watch(t, s.Client(), func(picture, string) bool { n++; return n > 1 && time.Since(began) > 2500*time.Millisecond })
}

// A person decides: among what could be ours, and once.
func TestPage_decide(t *testing.T) {
	s := serve(t, name)
	s.OpenShift(t, name)
	// The answer is lost for good, and another program makes an equal receipt
	// before the agent can look: two candidates.
	s.Devices[name].Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.After, Action: sim.Foreign, Code: 300 % 256})
	s.Devices[name].Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.After, Action: sim.ForgetAnswer})
	op := tilltest.Sale("doubt", name)
	op.Receipt.Items[0].Quantity, op.Receipt.Items[0].Price, op.Receipt.Payments.Cash = "1", (300%256)*100, 50000
	go func() { _, _ = s.Fleet.Submit(context.Background(), op, time.Minute) }()
	person := s.person(t)
	var choices []verdict.Choice
	s.watch(t, person, func(p picture, raw string) bool {
		v := p.Tills[0]
		if v.Colour == verdict.Green && v.About.What == "receipt" {
			t.Fatalf("green before a person has decided: %s", raw)
		}
		if v.Phase == verdict.Person {
			choices = v.Inside.Choices
		}
		return v.Phase == verdict.Person
	})
	if len(choices) != 3 || choices[0].FD == 0 || choices[2].FD != 0 {
		t.Fatalf("choices %+v", choices)
	}
	s.watch(t, s.Client(), func(p picture, raw string) bool { // a stranger learns only that one is needed
		if strings.Contains(raw, "choose.") || strings.Contains(raw, "сумма") {
			t.Errorf("a stranger reads %s", raw)
		}
		return p.Tills[0].Phase == verdict.Person
	})
	if code, out := s.do(t, person, http.MethodPost, "/page/decide", `{"key":"doubt","fd":1}`, nil); code != http.StatusConflict {
		t.Errorf("a document that cannot be ours: %d %v", code, out)
	}
	if code, out := s.do(t, person, http.MethodPost, "/page/decide", `{"key":"doubt"}`, nil); code != http.StatusConflict {
		t.Errorf("no answer at all: %d %v", code, out)
	}
	body, err := json.Marshal(map[string]any{"key": "doubt", "fd": choices[0].FD})
	if err != nil {
		t.Fatal(err)
	}
	if code, out := s.do(t, person, http.MethodPost, "/page/decide", string(body), nil); code != http.StatusOK {
		t.Fatalf("%d %v", code, out)
	}
	s.watch(t, person, func(p picture, _ string) bool {
		return p.Tills[0].Colour == verdict.Green && p.Tills[0].About.FD == choices[0].FD
	})
	if code, out := s.do(t, person, http.MethodPost, "/page/decide", string(body), nil); code != http.StatusConflict {
		t.Errorf("a second time: %d %v", code, out)
	}
	got, err := s.Fleet.Operation(t.Context(), "doubt", 0)
	if err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
		t.Errorf("%v %v", got, err)
	}
}

// The last verdict stays after a restart of the agent.
func TestPage_restart(t *testing.T) {
	b := tilltest.Open(t, name)
	b.OpenShift(t, name)
	b.Do(t, tilltest.Sale("before", name))
	page := verdict.New(b.Fleet, b.Journal, verdict.Options{Token: token})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _ = page.Run(ctx) }()
	s := &shop{b, httptest.NewServer(page.Beside(http.NotFoundHandler()))}
	defer s.Close()
	s.watch(t, s.Client(), func(p picture, _ string) bool { return p.Tills[0].Colour == verdict.Green && p.Tills[0].About.FD == 3 })
}
