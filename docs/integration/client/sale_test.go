package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// script is an agent that answers as written and notes what it was asked.
type script struct {
	mu      sync.Mutex // a dropped call may still be here when the client has gone on
	answers []string   // "METHOD status body", or "METHOD drop"; the last of a method stays
	asked   []string
	keys    map[string]bool
	passes  []string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	var body struct{ Key, Preflight string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, method)
	if body.Key != "" {
		s.keys[body.Key] = true
	}
	if method == "Submit" {
		s.passes = append(s.passes, body.Preflight)
	}
	at := slices.IndexFunc(s.answers, func(a string) bool { return strings.HasPrefix(a, method+" ") })
	if at < 0 {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	rest := strings.TrimPrefix(s.answers[at], method+" ")
	if slices.ContainsFunc(s.answers[at+1:], func(a string) bool { return strings.HasPrefix(a, method+" ") }) {
		s.answers = slices.Delete(s.answers, at, at+1)
	}
	status, text, _ := strings.Cut(rest, " ")
	switch status {
	case "drop":
		panic(http.ErrAbortHandler)
	case "404":
		w.WriteHeader(http.StatusNotFound)
	case "400":
		w.WriteHeader(http.StatusBadRequest)
	case "503":
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write([]byte(text))
}

const (
	nobody  = `GetOperation 404 {"code":"not_found","message":"не было"}`
	ready   = `Preflight 200 {"ready":true,"token":"t1"}`
	done    = `200 {"operation":{"outcome":"OUTCOME_DONE","document":{"fd":7,"fp":9}}}`
	unknown = `200 {"operation":{"outcome":"OUTCOME_UNKNOWN"}}`
	notDone = `200 {"operation":{"outcome":"OUTCOME_NOT_DONE","reason":"no_paper","text":"Нет бумаги."}}`
)

func TestSell(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []string
		asked   string
		charged int
		fails   bool
	}{
		{"at once", []string{nobody, ready, "Submit " + done}, "GetOperation Preflight Submit", 1, false},
		{"sold before a crash of ours", []string{"GetOperation " + done}, "GetOperation", 0, false},
		{"not ready at first", []string{nobody, `Preflight 200 {"ready":false,"reasons":[{"code":"no_paper","text":"Нет бумаги."}]}`, ready, "Submit " + done}, "GetOperation Preflight Preflight Submit", 1, false},
		{"the answer is lost, it was done", []string{nobody, ready, "Submit drop", "GetOperation " + done}, "GetOperation Preflight Submit GetOperation", 1, false},
		{"the answer is lost, nobody had heard", []string{nobody, nobody, ready, "Submit drop", "Submit " + done}, "GetOperation Preflight Submit GetOperation Submit", 1, false},
		{"unknown for long", []string{nobody, ready, "Submit " + unknown, "GetOperation " + unknown, "GetOperation drop", "GetOperation " + done}, "GetOperation Preflight Submit GetOperation GetOperation GetOperation", 1, false},
		{"not done, then done", []string{nobody, ready, "Submit " + notDone, "Submit " + done}, "GetOperation Preflight Submit Submit", 1, false},
		{"the pass is forgotten", []string{nobody, ready, `Submit 400 {"code":"failed_precondition","message":"забыто"}`, `Preflight 200 {"ready":true,"token":"t2"}`, "Submit " + done}, "GetOperation Preflight Submit Preflight Submit", 1, false},
		{"the agent is not there yet", []string{"GetOperation 503 {}", nobody, ready, "Submit " + done}, "GetOperation GetOperation Preflight Submit", 1, false},
		{"another key has the same sale", []string{nobody, ready, `Submit 200 {"operation":{"outcome":"OUTCOME_NOT_DONE","reason":"possible_duplicate","duplicate_of":"k0"}}`}, "GetOperation Preflight Submit", 1, true},
		{"a mistake in the receipt", []string{nobody, ready, `Submit 400 {"code":"invalid_argument","message":"receipt.items[0].price"}`}, "GetOperation Preflight Submit", 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &script{answers: c.answers, keys: map[string]bool{}}
			server := httptest.NewServer(s)
			defer server.Close()
			charged := 0
			shop := &Shop{
				Door: server.URL, Token: "x", HTTP: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}, Pause: time.Millisecond,
				Say: func(string) {}, Charge: func() error { charged++; return nil },
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			op, err := shop.Sell(ctx, "k1", Receipt{})
			if (err != nil) != c.fails || !c.fails && op.Document.FD != 7 {
				t.Errorf("%+v %v", op, err)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if got := strings.Join(s.asked, " "); got != c.asked {
				t.Errorf("asked %s\nwant  %s", got, c.asked)
			}
			if charged != c.charged || len(s.keys) != 1 || slices.Contains(s.passes, "") {
				t.Errorf("charged %d times, keys %v, passes %v", charged, s.keys, s.passes)
			}
		})
	}
}
