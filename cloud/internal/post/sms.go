package post

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/config"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// Gateway sends text messages by asking a gateway over HTTP.
type Gateway struct {
	c      config.SMS
	token  string
	client *http.Client
}

// NewGateway makes one of its settings.
func NewGateway(c config.SMS) (*Gateway, error) {
	token, err := config.Secret(c.Token, c.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("sms.token: %w", err)
	}
	g := &Gateway{c: c, token: token, client: &http.Client{Timeout: sendLimit, CheckRedirect: stay}}
	if c.Body != "" && !json.Valid([]byte(g.fill(c.Body, Message{To: "+70000000000", Text: "т"}, inJSON))) {
		return nil, errors.New("sms.body: is not JSON")
	}
	return g, nil
}

// stay follows no redirect: what was asked of one address is not told to another.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func inJSON(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return strings.Trim(strings.TrimSuffix(b.String(), "\n"), `"`)
}

func (g *Gateway) fill(text string, m Message, escape func(string) string) string {
	return strings.NewReplacer("{phone}", escape(m.To), "{text}", escape(m.Text), "{id}", escape(m.ID), "{token}", escape(g.token)).Replace(text)
}

// Send implements [Sender].
func (g *Gateway) Send(ctx context.Context, m Message) error {
	method, body := http.MethodGet, io.Reader(nil)
	if g.c.Body != "" {
		method, body = http.MethodPost, strings.NewReader(g.fill(g.c.Body, m, inJSON))
	}
	req, err := http.NewRequestWithContext(ctx, method, g.fill(g.c.URL, m, url.QueryEscape), body)
	if err != nil {
		return fmt.Errorf("ask gateway: %w", silent(err))
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	if g.c.Authorization != "" {
		req.Header.Set("Authorization", g.fill(g.c.Authorization, m, func(s string) string { return s }))
	}
	if m.ID != "" {
		req.Header.Set("Idempotency-Key", m.ID)
	}
	res, err := g.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask gateway: %w", silent(err))
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read answer of gateway: %w", err)
	}
	switch {
	case res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusUnprocessableEntity:
		return fmt.Errorf("gateway %w: %w", &answered{FaultAddress, res.StatusCode, g.clean(answer)}, ErrRefused)
	case res.StatusCode/100 != 2:
		return fmt.Errorf("gateway %w", &answered{ofStatus(res.StatusCode), res.StatusCode, g.clean(answer)})
	case g.c.Expect != "" && !strings.Contains(string(answer), g.c.Expect):
		return fmt.Errorf("gateway did not take it: %w", &answered{FaultAnswer, res.StatusCode, g.clean(answer)})
	}
	return nil
}

// clean is an answer without our token, should a gateway repeat it.
func (g *Gateway) clean(answer []byte) string {
	text := string(answer)
	if g.token != "" {
		text = strings.ReplaceAll(text, g.token, "***")
	}
	return said([]byte(text))
}
