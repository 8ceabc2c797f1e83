package post

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/config"
)

// asked is what a server was asked.
type asked struct {
	Method, Path, Query, Body, Type string
	Header                          http.Header
}

// answering is a server that keeps questions and gives one answer.
func answering(t *testing.T, status int, answer string) (url string, last *asked) {
	t.Helper()
	last = new(asked)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*last = asked{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Get("Content-Type"), r.Header}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s.URL, last
}

func TestGateway(t *testing.T) {
	url, last := answering(t, 200, `{"ok":true}`)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("t0ken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := NewGateway(config.SMS{URL: url + "/send", Body: `{"to":"{phone}","text":"{text}","id":"{id}"}`, Authorization: "Bearer {token}", TokenFile: file, Expect: `"ok":true`})
	if err != nil {
		t.Fatal(err)
	}
	text := "Касса \"1\"\n{token}: <нет бумаги>"
	if err := g.Send(t.Context(), Message{ID: "n1", To: "+79161234567", Text: text}); err != nil {
		t.Fatal(err)
	}
	var body map[string]string
	if err := json.Unmarshal([]byte(last.Body), &body); err != nil {
		t.Fatalf("%v: %s", err, last.Body)
	}
	if diff := cmp.Diff(map[string]string{"to": "+79161234567", "text": text, "id": "n1"}, body); diff != "" {
		t.Error(diff)
	}
	if last.Header.Get("Authorization") != "Bearer t0ken" || last.Header.Get("Idempotency-Key") != "n1" {
		t.Errorf("headers: %v", last.Header)
	}
	g, err = NewGateway(config.SMS{URL: url + "/send?to={phone}&t={text}&k={token}", Token: "t0ken"})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Send(t.Context(), Message{To: "+79161234567", Text: "а&b=1"}); err != nil {
		t.Fatal(err)
	}
	if want := "to=%2B79161234567&t=%D0%B0%26b%3D1&k=t0ken"; last.Query != want {
		t.Errorf("got %s", last.Query)
	}
}

func TestGateway_refused(t *testing.T) {
	for _, c := range []struct {
		status int
		answer string
		final  bool
	}{{400, "bad number, token t0ken", true}, {503, "later", false}, {200, `{"ok":false}`, false}, {302, "", false}} {
		url, _ := answering(t, c.status, c.answer)
		g, err := NewGateway(config.SMS{URL: url + "/?k={token}", Token: "t0ken", Expect: `"ok":true`})
		if err != nil {
			t.Fatal(err)
		}
		err = g.Send(t.Context(), Message{To: "+79161234567", Text: "т"})
		if err == nil || errors.Is(err, ErrRefused) != c.final || strings.Contains(err.Error(), "t0ken") {
			t.Errorf("%d: %v", c.status, err)
		}
	}
	g, err := NewGateway(config.SMS{URL: "http://127.0.0.1:1/?k={token}&p={phone}", Token: "t0ken"})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Send(t.Context(), Message{To: "+79161234567"}); err == nil || strings.Contains(err.Error(), "t0ken") || strings.Contains(err.Error(), "7916") {
		t.Errorf("nobody there: %v", err)
	}
	if _, err := NewGateway(config.SMS{URL: "http://127.0.0.1:1", Body: `{"to": {phone}`}); err == nil {
		t.Error("a body that is no JSON was taken")
	}
}

func TestTelegram(t *testing.T) {
	at, last := answering(t, 200, `{"ok":true,"result":[{"update_id":7,"message":{"text":"/start abc","chat":{"id":-42,"type":"private"},"from":{"username":"anna"}}},{"update_id":8}]}`)
	bot := NewTelegram(at+"/", "1:T0KEN")
	if err := bot.Send(t.Context(), Message{To: "-42", Subject: "Касса 1", Text: strings.Repeat("я", 5000)}); err != nil {
		t.Fatal(err)
	}
	var said struct {
		Chat string `json:"chat_id"`
		Text string `json:"text"`
	}
	if err := json.Unmarshal([]byte(last.Body), &said); err != nil || last.Path != "/bot1:T0KEN/sendMessage" {
		t.Fatalf("%v: %+v", err, last)
	}
	if said.Chat != "-42" || !strings.HasPrefix(said.Text, "Касса 1\n\nя") || len([]rune(said.Text)) != 4096 {
		t.Errorf("said %d characters to %s", len([]rune(said.Text)), said.Chat)
	}
	news, err := bot.Updates(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Update{{ID: 7, Chat: "-42", Name: "@anna", Text: "/start abc", Private: true}, {ID: 8, Chat: "0"}}, news); diff != "" {
		t.Error(diff)
	}
}

func TestTelegram_refused(t *testing.T) {
	at, _ := answering(t, 403, `{"ok":false,"description":"Forbidden: bot 1:T0KEN was blocked by the user"}`)
	if err := NewTelegram(at, "1:T0KEN").Send(t.Context(), Message{To: "1"}); !errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "T0KEN") {
		t.Errorf("blocked: %v", err)
	}
	at, _ = answering(t, 429, `{"ok":false,"description":"Too Many Requests","parameters":{"retry_after":17}}`)
	err := NewTelegram(at, "1:T0KEN").Send(t.Context(), Message{To: "1"})
	if fast, ok := errors.AsType[*TooFast](err); !ok || fast.After != 17*time.Second {
		t.Errorf("too fast: %v", err)
	}
	if err := NewTelegram("http://127.0.0.1:1", "1:T0KEN").Send(t.Context(), Message{To: "1"}); err == nil || strings.Contains(err.Error(), "T0KEN") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestWebhooks(t *testing.T) {
	at, last := answering(t, 200, "thanks\x00\n")
	w, err := NewWebhooks(config.Webhooks{Allow: []string{"127.0.0.1/32"}, AllowHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	when := time.Unix(1_773_144_000, 0)
	a, err := w.Send(t.Context(), Hook{ID: "d1", Event: "silence", URL: at + "/hook", Secret: []byte("key"), Body: []byte(`{"id":"d1"}`), At: when})
	if err != nil || a.Status != 200 || a.Text != "thanks" {
		t.Fatalf("%+v, %v", a, err)
	}
	// Computed with: printf '1773144000.{"id":"d1"}' | openssl dgst -sha256 -hmac key
	const signature = "v1=d0fdb10f27b37727c8486c05c00cfe8a71eed182f0399f61f38a9555470ed19e"
	for name, want := range map[string]string{
		DeliveryHeader: "d1", EventHeader: "silence", TimestampHeader: "1773144000", SignatureHeader: signature, "Content-Type": "application/json; charset=utf-8",
	} {
		if got := last.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if last.Body != `{"id":"d1"}` || last.Method != http.MethodPost {
		t.Errorf("%+v", last)
	}
	at, _ = answering(t, 302, "")
	if a, err := w.Send(t.Context(), Hook{URL: at}); err == nil || a.Status != 302 {
		t.Errorf("a redirect was followed: %+v %v", a, err)
	}
}

// Nothing a customer writes down reaches our own network, whatever name it goes by.
func TestWebhooks_inside(t *testing.T) {
	at, last := answering(t, 200, "")
	w, err := NewWebhooks(config.Webhooks{AllowHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	port := at[strings.LastIndex(at, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "localhost."} {
		if _, err := w.Send(t.Context(), Hook{URL: "http://" + host + port}); err == nil {
			t.Errorf("%s was reached", host)
		}
	}
	if last.Method != "" {
		t.Errorf("somebody inside was asked: %+v", last)
	}
	for address, may := range map[string]bool{
		"8.8.8.8": true, "2a00:1450:4001::1": true, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"::1": false, "fe80::1": false, "fc00::1": false, "::ffff:10.0.0.1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false, "224.0.0.1": false, "255.255.255.255": false,
		"0.0.0.0": false, "::": false, "198.18.0.1": false,
	} {
		if got := w.may(netip.MustParseAddr(address)); got != may {
			t.Errorf("%s: %v", address, got)
		}
	}
	strict, err := NewWebhooks(config.Webhooks{Allow: []string{"10.1.0.0/16"}})
	if err != nil {
		t.Fatal(err)
	}
	for address, ok := range map[string]bool{
		"https://example.ru/hook?x=1": true, "https://10.1.2.3/": true, "https://10.2.0.1/": false, "http://example.ru/": false, "ftp://example.ru/": false,
		"https://": false, "https://user:pass@example.ru/": false, "https://example.ru/#x": false, "https://localhost/": false, "javascript:alert(1)": false,
	} {
		if err := strict.Check(address); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestNew(t *testing.T) {
	c := config.Default()
	c.Data = t.TempDir()
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SMS.Send(t.Context(), Message{To: "+79161234567", Text: "Код 123456"}); err != nil {
		t.Fatal(err)
	}
	kept, err := filepath.Glob(filepath.Join(c.PostFolder(), "*-sms.json"))
	if err != nil || len(kept) != 1 || p.Telegram != nil {
		t.Errorf("%v %v", kept, err)
	}
	c.Telegram.TokenFile = filepath.Join(c.Data, "absent")
	if _, err := New(c); err == nil {
		t.Error("a secret that cannot be read was let go")
	}
}
