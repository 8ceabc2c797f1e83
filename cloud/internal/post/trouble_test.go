package post

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/config"
)

// nowhere is an address of this computer at which nobody answers. It is held, so that nobody else can take it meanwhile.
func nowhere(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// Whoever is let in is shown the door at once.
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-ended })
	return l.Addr().String()
}

// unknown is a server whose certificate nobody has signed.
func unknown(t *testing.T) (url string) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func TestTroubleOf_mail(t *testing.T) {
	box, c := startMailbox(t)
	send := func(c config.Mail, to string, refuse *smtp.SMTPError) error {
		t.Helper()
		box.mu.Lock()
		box.refuse = refuse
		box.mu.Unlock()
		m, err := NewMail(c)
		if err != nil {
			t.Fatal(err)
		}
		return m.Send(t.Context(), Message{ID: "n1", To: to, Text: "т"})
	}
	with := func(change func(c *config.Mail)) config.Mail {
		other := c
		change(&other)
		return other
	}
	const to = "anna@example.ru"
	for name, e := range map[string]struct {
		err   error
		want  Trouble
		final bool
	}{
		"no mailbox": {send(c, to, &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox: ever"}), Trouble{FaultAddress, "550 5.1.1 no such mailbox: ever"}, true},
		"busy":       {send(c, to, &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}), Trouble{FaultAnswer, "451 4.3.0 later"}, false},
		"who are we": {send(c, to, &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "log in first"}), Trouble{FaultCredentials, "530 5.7.0 log in first"}, false},
		"a wrong password": {
			send(with(func(c *config.Mail) { c.Password = "wr0ng" }), to, nil), Trouble{FaultCredentials, "535 5.7.8 wrong"}, false,
		},
		"no address":    {send(c, "anna", nil), Trouble{Fault: FaultAddress}, true},
		"no encryption": {send(with(func(c *config.Mail) { c.Encryption = "starttls" }), to, nil), Trouble{FaultTLS, "the other side does not speak TLS"}, false},
		"no TLS":        {send(with(func(c *config.Mail) { c.Encryption = "tls" }), to, nil), Trouble{FaultTLS, "tls: first record does not look like a TLS handshake"}, false},
	} {
		if diff := cmp.Diff(e.want, TroubleOf(e.err)); diff != "" || errors.Is(e.err, ErrRefused) != e.final {
			t.Errorf("%s: %v %s", name, e.err, diff)
		}
		if e.err == nil || strings.Contains(e.err.Error(), "wr0ng") || strings.Contains(e.err.Error(), "s3cret") || strings.Contains(TroubleOf(e.err).String(), to) {
			t.Errorf("%s tells more than it may: %v", name, e.err)
		}
	}
	host, port, err := net.SplitHostPort(nowhere(t))
	if err != nil {
		t.Fatal(err)
	}
	away := with(func(c *config.Mail) { c.Host = host; _, _ = fmt.Sscan(port, &c.Port) })
	if got := TroubleOf(send(away, to, nil)); got.Fault != FaultReach {
		t.Errorf("nobody there: %+v", got)
	}
}

func TestTroubleOf_gateway(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		answer string
		want   Trouble
	}{
		"a bad number":  {400, "bad number, token t0ken", Trouble{FaultAddress, "400 bad number, token ***"}},
		"a wrong token": {401, "who?\r\nX: y", Trouble{FaultCredentials, "401 who?  X: y"}},
		"no money":      {403, "", Trouble{FaultCredentials, "403"}},
		"too fast":      {429, "slow down", Trouble{FaultOften, "429 slow down"}},
		"a bad day":     {503, "later", Trouble{FaultAnswer, "503 later"}},
		"not taken":     {200, `{"ok":false}`, Trouble{FaultAnswer, `200 {"ok":false}`}},
		"sent away":     {302, "", Trouble{FaultAnswer, "302"}},
	} {
		url, _ := answering(t, c.status, c.answer)
		g, err := NewGateway(config.SMS{URL: url + "/?k={token}", Token: "t0ken", Expect: `"ok":true`})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, TroubleOf(g.Send(t.Context(), Message{To: "+79161234567", Text: "т"}))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	plain, _ := answering(t, 200, "")
	for name, c := range map[string]struct {
		url  string
		want Fault
	}{
		"a certificate nobody knows": {unknown(t), FaultTLS},
		"no TLS":                     {strings.Replace(plain, "http:", "https:", 1), FaultTLS},
		"nobody there":               {"http://" + nowhere(t), FaultReach},
	} {
		g, err := NewGateway(config.SMS{URL: c.url + "/?k={token}&p={phone}", Token: "t0ken"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		got := TroubleOf(g.Send(ctx, Message{To: "+79161234567", Text: "т"}))
		stop()
		if got.Fault != c.want || got.Said == "" || strings.Contains(got.Said, "t0ken") || strings.Contains(got.Said, "7916") || strings.Contains(got.Said, "127.0.0.1") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTroubleOf_telegram(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		answer string
		want   Trouble
	}{
		"blocked":       {403, `{"ok":false,"description":"Forbidden: bot was blocked by the user"}`, Trouble{FaultAddress, "403 Forbidden: bot was blocked by the user"}},
		"no chat":       {400, `{"ok":false,"description":"Bad Request: chat not found"}`, Trouble{FaultAddress, "400 Bad Request: chat not found"}},
		"a wrong token": {401, `{"ok":false,"description":"Unauthorized 1:s3cret"}`, Trouble{FaultCredentials, "401 Unauthorized ***"}},
		"no token":      {404, `{"ok":false,"description":"Not Found"}`, Trouble{FaultCredentials, "404 Not Found"}},
		"too fast":      {429, `{"ok":false,"description":"Too Many Requests","parameters":{"retry_after":30}}`, Trouble{FaultOften, "retry after 30s"}},
		"a bad day":     {500, `{"ok":false,"description":"Internal"}`, Trouble{FaultAnswer, "500 Internal"}},
		"a page":        {502, "<html>", Trouble{FaultAnswer, "502 no JSON"}},
	} {
		url, _ := answering(t, c.status, c.answer)
		if diff := cmp.Diff(c.want, TroubleOf(NewTelegram(url, "1:s3cret").Send(t.Context(), Message{To: "42", Text: "т"}))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestTroubleOf_webhook(t *testing.T) {
	hooks := func(c config.Webhooks) *Webhooks {
		t.Helper()
		w, err := NewWebhooks(c)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	here := hooks(config.Webhooks{Allow: []string{"127.0.0.0/8"}, AllowHTTP: true})
	for status, want := range map[int]Trouble{
		500: {FaultAnswer, "500 oops"}, 401: {FaultAnswer, "401 oops"}, 429: {FaultOften, "429 oops"}, 301: {FaultAnswer, "301 oops"},
	} {
		url, _ := answering(t, status, "oops")
		_, err := here.Send(t.Context(), Hook{ID: "1", URL: url})
		if diff := cmp.Diff(want, TroubleOf(err)); diff != "" {
			t.Error(diff)
		}
	}
	for name, c := range map[string]struct {
		hooks *Webhooks
		url   string
		want  Trouble
	}{
		"a private network": {hooks(config.Webhooks{}), "https://127.0.0.1/", Trouble{Fault: FaultPrivate}},
		"closed at once":    {here, "http://" + nowhere(t), Trouble{FaultReach, "EOF"}},
	} {
		_, err := c.hooks.Send(t.Context(), Hook{ID: "1", URL: c.url})
		got := TroubleOf(err)
		if got.Fault == FaultReach {
			got.Said = c.want.Said // an end or a reset, as the system likes
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	if _, err := here.Send(t.Context(), Hook{ID: "1", URL: unknown(t)}); TroubleOf(err).Fault != FaultTLS {
		t.Errorf("a certificate nobody knows: %v", err)
	}
}

// What is kept as text is read as it was, and a text of before this is what was said.
func TestTrouble(t *testing.T) {
	for _, fault := range append(Faults(), "") {
		for _, text := range []string{"", "550 5.1.1 no such mailbox: ever", "tls: x", ": ", "«»"} {
			if want := (Trouble{fault, text}); fault != "" || ReadTrouble(text).Fault == "" {
				if diff := cmp.Diff(want, ReadTrouble(want.String())); diff != "" {
					t.Errorf("%+v: %s", want, diff)
				}
			}
		}
	}
	for _, old := range []string{"telegram sendMessage: bot was blocked by the user", "send webhook: answered 500", ""} {
		if diff := cmp.Diff(Trouble{Said: old}, ReadTrouble(old)); diff != "" {
			t.Error(diff)
		}
	}
	if got := TroubleOf(nil); got != (Trouble{}) {
		t.Errorf("of no error: %+v", got)
	}
	for err, want := range map[error]Trouble{
		fmt.Errorf("keep message: %w", errors.New("disk\nfull")):                     {Said: "keep message: disk full"},
		fmt.Errorf("ask: %w", context.DeadlineExceeded):                              {FaultReach, "timeout"},
		fmt.Errorf("ask: %w", io.ErrUnexpectedEOF):                                   {FaultReach, "unexpected EOF"},
		fmt.Errorf("ask: %w", &net.DNSError{Err: "no such host", Name: "x.example"}): {FaultReach, "x.example: no such host"},
	} {
		if diff := cmp.Diff(want, TroubleOf(err)); diff != "" {
			t.Errorf("%v: %s", err, diff)
		}
	}
}
