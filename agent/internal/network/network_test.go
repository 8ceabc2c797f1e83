package network

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chekan-io/chekan/sim/vacant"
)

// authority signs certificates of servers.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-100 * 24 * time.Hour), NotAfter: time.Now().Add(1000 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert = a.parse(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return a
}

func (a *authority) parse(der []byte, err error) *x509.Certificate {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// certificate is for names, valid from and until so far from now.
func (a *authority) certificate(from, until time.Duration, names ...string) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	leaf := a.parse(x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key))
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, a.cert.Raw}, PrivateKey: key, Leaf: leaf}
}

// serve answers HTTP over TLS and returns its port.
func serve(t *testing.T, c tls.Certificate) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return portOf(s.Listener)
}

func portOf(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// listen serves each connection by hand.
func listen(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); handle(c) }()
		}
	}()
	return portOf(l)
}

// here finds every name on this computer.
func here() Options {
	return Options{
		Lookup: func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil },
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		},
	}
}

const name = "kassa.example.ru"

const day = 24 * time.Hour

func TestCheck_tls(t *testing.T) {
	ours, public := newAuthority(t, "Chekan cabinet"), newAuthority(t, "Public CA")
	roots := x509.NewCertPool()
	roots.AddCert(public.cert)
	agents := Target{Code: "agents", Title: "Вход агентов", TLS: true, Own: ours.cert}
	cabinet := Target{Code: "cabinet", Title: "Кабинет", TLS: true, System: true, HTTP: true, Own: ours.cert}
	fresh := Target{Code: "cabinet", Title: "Кабинет", TLS: true, System: true, HTTP: true}
	kaspersky := newAuthority(t, "Kaspersky Anti-Virus Personal Root Certificate")
	for _, tt := range []struct {
		name    string
		target  Target
		port    string
		now     time.Duration // the computer's clock, off by
		born    time.Duration
		verdict Verdict
		want    string
	}{
		{"ours", agents, serve(t, ours.certificate(-day, 90*day, name)), 0, 0, Good, "Отвечает " + name},
		{"public", cabinet, serve(t, public.certificate(-day, 90*day, name)), 0, 0, Good, "«Public CA»"},
		{"runs out", cabinet, serve(t, public.certificate(-90*day, 2*day, name)), 0, 0, Warning, "кончается"},
		{"another name", cabinet, serve(t, public.certificate(-day, 90*day, "shop.example.ru")), 0, 0, Bad, "другой сервер: сертификат выдан на shop.example.ru"},
		{"expired", cabinet, serve(t, public.certificate(-90*day, -day, name)), 0, -100 * day, Bad, "Сертификат " + name + " кончился"},
		{"clock ahead, the server says so", cabinet, serve(t, public.certificate(-day, 90*day, name)), 400 * day, 0, Bad, "Часы компьютера неверны"},
		{"clock behind", agents, serve(t, ours.certificate(-day, 90*day, name)), -90 * day, 0, Bad, "Часы компьютера отстают"},
		{"clock ahead, nobody says", agents, serve(t, ours.certificate(-day, 90*day, name)), 400 * day, 0, Bad, "кончился"},
		{"a known antivirus", cabinet, serve(t, kaspersky.certificate(-day, 90*day, name)), 0, 0, Bad, "вскрывает посредник: антивирус Касперского"},
		{"an unknown one", agents, serve(t, newAuthority(t, "Corp Proxy CA").certificate(-day, 90*day, name)), 0, 0, Bad, "вскрывает посредник: «Corp Proxy CA»"},
		{"a public one where ours belongs", agents, serve(t, public.certificate(-day, 90*day, name)), 0, 0, Bad, "вскрывает посредник: «Public CA»"},
		{"own authority before enrolment", fresh, serve(t, ours.certificate(-day, 90*day, name)), 0, 0, Warning, "неизвестным центром «Chekan cabinet»"},
		{"a hotel's page", cabinet, serve(t, newAuthority(t, "Hotel").certificate(-day, 90*day, "login.hotel")), 0, 0, Bad, "чужой сервер: login.hotel"},
		{"no TLS", cabinet, listen(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }), 0, 0, Bad, "без шифрования"},
		{"hangs up", cabinet, listen(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }), 0, 0, Bad, "обрывает соединение"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := here()
			o.Roots = roots
			o.Now = func() time.Time { return time.Now().Add(tt.now) }
			o.Born = time.Now().Add(tt.born - 50*day)
			tt.target.Host, tt.target.Port = name, tt.port
			steps := Check(t.Context(), o, []Target{tt.target}, nil)
			last := steps[len(steps)-1]
			if last.Part != PartTLS || last.Verdict != tt.verdict || !strings.Contains(last.Text, tt.want) {
				t.Fatalf("got %s %s: %s", last.Part, last.Verdict, last.Text)
			}
			if (last.Todo == "") != (tt.verdict == Good) {
				t.Errorf("what to do: %q", last.Todo)
			}
		})
	}
}

// TestCheck_silentTLS has a deadline of its own end the handshake.
func TestCheck_silentTLS(t *testing.T) {
	stay := make(chan struct{})
	defer close(stay)
	port := listen(t, func(net.Conn) { <-stay })
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	w := &walk{Options: Options{}.withDefaults(), target: &Target{Host: name, Port: port}, conn: conn}
	if f := w.encrypt(ctx); f.verdict != Bad || !strings.Contains(f.text, "не отвечает на приветствие") && !strings.Contains(f.text, "Шифрование") {
		t.Errorf("got %+v", f)
	}
}

func TestCheck_way(t *testing.T) {
	port := listen(t, func(net.Conn) {})
	lookupFails := func(e *net.DNSError) func(*Options) {
		return func(o *Options) { o.Lookup = func(context.Context, string) ([]string, error) { return nil, e } }
	}
	dialFails := func(err error) func(*Options) {
		return func(o *Options) {
			o.Dial = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: err}
			}
		}
	}
	_, closedPort, _ := net.SplitHostPort(vacant.Address(t))
	seen := map[string]string{}
	for _, tt := range []struct {
		name string
		port string
		set  func(*Options)
		part string
		want string
	}{
		{"no such name", port, lookupFails(&net.DNSError{IsNotFound: true}), PartName, "Имени " + name + " нет"},
		{"no name server", port, lookupFails(&net.DNSError{IsTimeout: true}), PartName, "Сервер имён не отвечает"},
		{"name server ill", port, lookupFails(&net.DNSError{Err: "server misbehaving"}), PartName, "узнать не удалось: "},
		{"closed port", closedPort, func(*Options) {}, PartTCP, "порт закрыт"},
		{"no network", port, dialFails(syscall.ENETUNREACH), PartTCP, "нет пути"},
		{"nobody answers", port, dialFails(context.DeadlineExceeded), PartTCP, "не установилось"},
		{"something else", port, dialFails(errors.New("odd")), PartTCP, "не соединиться: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := here()
			tt.set(&o)
			steps := Check(t.Context(), o, []Target{{Code: "x", Title: "X", Host: name, Port: tt.port, TLS: true}}, nil)
			last := steps[len(steps)-1]
			if last.Part != tt.part || last.Verdict != Bad || !strings.Contains(last.Text, tt.want) || last.Todo == "" {
				t.Fatalf("got %s %s: %s %s", last.Part, last.Verdict, last.Text, last.Todo)
			}
			if other, taken := seen[last.Text]; taken {
				t.Errorf("says the same as %q: %s", other, last.Text)
			}
			seen[last.Text] = tt.name
		})
	}
}

// TestCheck_plain asks a cabinet without TLS, and hears the time.
func TestCheck_plain(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	o := here()
	o.Now = func() time.Time { return time.Now().Add(time.Hour) }
	target := Target{Code: "cabinet", Title: "Кабинет", Host: "127.0.0.1", Port: portOf(s.Listener), HTTP: true}
	steps := Check(t.Context(), o, []Target{target}, nil)
	if last := steps[len(steps)-1]; last.Part != PartAnswer || last.Verdict != Good || last.Skew == nil || (*last.Skew-time.Hour).Abs() > time.Minute {
		t.Errorf("got %+v", last)
	}
	target.Port = listen(t, func(c net.Conn) { _, _ = c.Write([]byte("220 mail\r\n")) })
	steps = Check(t.Context(), here(), []Target{target}, nil)
	if last := steps[len(steps)-1]; last.Verdict != Bad || last.Todo == "" {
		t.Errorf("got %+v", last)
	}
}

// TestCheck_goesOn shows that a target that cannot be reached hides no other, and
// that steps are told as they come.
func TestCheck_goesOn(t *testing.T) {
	port := listen(t, func(net.Conn) {})
	ask := func(said string, ok bool) func(context.Context) (string, string, bool) {
		return func(context.Context) (string, string, bool) { return said, "сделайте", ok }
	}
	var told []string
	steps := Check(t.Context(), here(), []Target{
		{Code: "a", Title: "A", Host: name, Port: port, Ask: ask("нет", false)},
		{Code: "b", Title: "B", Host: name, Port: port, Ask: ask("да", true)},
	}, func(s Step) {
		word := s.Code()
		if s.Running {
			word += "…"
		}
		told = append(told, word)
	})
	if got, want := strings.Join(told, " "), "a_dns… a_dns a_tcp… a_tcp a_answer… a_answer b_dns… b_dns b_tcp… b_tcp b_answer… b_answer"; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	if steps[2].Verdict != Bad || steps[2].Todo != "сделайте" || steps[5].Verdict != Good || steps[5].Text != "да" {
		t.Errorf("got %+v", steps)
	}
}

func TestCheck_proxy(t *testing.T) {
	ours := newAuthority(t, "Chekan cabinet")
	behind := serve(t, ours.certificate(-day, 90*day, name))
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") == "" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if !strings.HasPrefix(r.Host, name) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		far, err := net.Dial("tcp", "127.0.0.1:"+behind)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
		_, _ = io.Copy(near, far)
		_ = near.Close()
	}))
	defer proxy.Close()
	through := func(user *url.Userinfo, host string) (steps []Step) {
		u, err := url.Parse(proxy.URL)
		if err != nil {
			t.Fatal(err)
		}
		u.User = user
		return Check(t.Context(), here(), []Target{{Code: "agents", Title: "Вход", Host: host, Port: behind, TLS: true, Own: ours.cert, Proxy: u}}, nil)
	}
	last := func(steps []Step) Step { return steps[len(steps)-1] }
	if s := last(through(url.UserPassword("a", "secret"), name)); s.Part != PartTLS || s.Verdict != Good {
		t.Errorf("through the proxy: %+v", s)
	}
	if s := last(through(nil, name)); s.Part != PartProxy || !strings.Contains(s.Text, "имя и пароль") {
		t.Errorf("without a password: %+v", s)
	}
	s := last(through(url.UserPassword("a", "secret"), "other.example.ru"))
	if s.Part != PartProxy || !strings.Contains(s.Text, "не пропускает") || strings.Contains(s.Text, "secret") {
		t.Errorf("a forbidden name: %+v", s)
	}
}

func TestInterceptors(t *testing.T) {
	list, err := interceptors()
	if err != nil || len(list) == 0 {
		t.Fatalf("%d interceptors, %v", len(list), err)
	}
	for piece, product := range list {
		if len(piece) < 4 || product == "" {
			t.Errorf("%q: %q would match too much", piece, product)
		}
	}
}
