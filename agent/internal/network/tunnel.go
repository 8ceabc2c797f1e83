package network

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
)

func proxyAddress(p *url.URL) string {
	if p.Port() != "" {
		return p.Host
	}
	port := map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[p.Scheme]
	return net.JoinHostPort(p.Hostname(), port)
}

// tunnel asks the proxy for a way on (RFC 9110, section 9.3.6).
func (w *walk) tunnel(ctx context.Context) finding {
	const todo = "Проверьте адрес прокси (переменные HTTPS_PROXY и NO_PROXY) или разрешите в нём этот адрес."
	p := w.target.Proxy
	if p.Scheme != "http" && p.Scheme != "https" {
		return found(Warning, "Проверьте кабинет с этого компьютера браузером через тот же прокси.", "Путь через прокси %s не проверен: он не HTTP.", p.Redacted())
	}
	defer w.bounded(ctx)()
	if p.Scheme == "https" {
		w.conn = tls.Client(w.conn, &tls.Config{ServerName: p.Hostname(), MinVersion: tls.VersionTLS12})
	}
	r := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: w.target.Address()}, Host: w.target.Address(), Header: http.Header{}}
	if p.User != nil {
		password, _ := p.User.Password()
		r.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(p.User.Username()+":"+password)))
	}
	if err := r.Write(w.conn); err != nil {
		return found(Bad, todo, "Прокси %s оборвал соединение: %v.", p.Redacted(), err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(w.conn), r)
	if err != nil {
		return found(Bad, todo, "Прокси %s не отвечает как прокси: %v.", p.Redacted(), err)
	}
	_ = answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
		return found(Good, "", "Прокси %s пропускает к %s.", p.Redacted(), w.target.Address())
	case http.StatusProxyAuthRequired:
		return found(Bad, "Укажите имя и пароль прокси в переменной HTTPS_PROXY: http://имя:пароль@прокси:порт", "Прокси %s требует имя и пароль.", p.Redacted())
	}
	return found(Bad, todo, "Прокси %s не пропускает к %s: %s.", p.Redacted(), w.target.Address(), answer.Status)
}

// bounded has the connection's deadline end with ctx; call what it returns when
// done.
func (w *walk) bounded(ctx context.Context) (free func()) {
	if until, ok := ctx.Deadline(); ok {
		_ = w.conn.SetDeadline(until)
	}
	conn := w.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	return func() { stop() }
}
