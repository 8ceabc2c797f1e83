// Package network finds out why a program far away cannot be reached, step by
// step and in words for whoever stands beside the till: is its name known, does
// the port answer, who answers there, and is it the one we mean.
//
// [Check] walks to each [Target] in the order of the way itself: name, TCP, and
// then either TLS or the target's own question (an operator of fiscal data
// speaks no TLS). A step that fails ends the way to that target; the others are
// tried all the same.
//
// The step about TLS shakes hands without believing anything, looks at what was
// shown, and only then judges it ([judge]): a certificate of nobody's authority
// with our very name in it is a proxy or an antivirus that sits in between; one
// with another name is another server; one that is valid at another time is a
// wrong clock when the server itself says another time, and an expired
// certificate when it does not.
//
// What it does not do: it sends no request that means anything, presents no
// certificate of ours, keeps nothing and repairs nothing. It never speaks to a
// till.
package network

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// Codes of the parts of the way; a step's code is the target's and one of them:
// "cabinet_dns".
const (
	PartProxy  = "proxy"
	PartName   = "dns"
	PartTCP    = "tcp"
	PartTLS    = "tls"
	PartAnswer = "answer"
)

// Limits of one part of the way.
const (
	nameLimit = 5 * time.Second
	dialLimit = 5 * time.Second
	tlsLimit  = 7 * time.Second
)

// Verdict of a step.
type Verdict string

// Verdicts.
const (
	Good    Verdict = "ok"
	Warning Verdict = "warning"
	Bad     Verdict = "bad"
)

// Target is who has to be reached.
type Target struct {
	// Code is a stable word: cabinet, agents, broker, ofd.
	Code string
	// Title names it to a person: «Кабинет».
	Title string
	// Host and Port are where it is.
	Host, Port string
	// TLS says that it speaks TLS.
	TLS bool
	// System has the authorities of the computer believed, Own this one besides.
	System bool
	Own    *x509.Certificate
	// HTTP allows to ask it for the time by one HEAD request, to tell a wrong
	// clock from a wrong certificate.
	HTTP bool
	// Proxy is what the programs go through to get there; nil is nothing.
	Proxy *url.URL
	// Ask is the target's own question, in place of TLS; it says in Russian what
	// came of it, and what to do when it failed.
	Ask func(ctx context.Context) (said, todo string, ok bool)
}

// Address is host:port.
func (t *Target) Address() string { return net.JoinHostPort(t.Host, t.Port) }

// Step is one part of the way to a target.
type Step struct {
	// Target and Part are the codes.
	Target, Part string
	// Title names the step: «Кабинет: имя kassa.example.ru».
	Title string
	// Running says that it has just begun; the rest is empty then.
	Running bool
	Verdict Verdict
	// Text says what is so, Todo what to do about it.
	Text, Todo string
	Began      time.Time
	Took       time.Duration
	// Skew is this computer's clock less the target's, where that became known.
	Skew *time.Duration
}

// Code is the step's stable word.
func (s *Step) Code() string { return s.Target + "_" + s.Part }

// Options are how the world is reached; the zero value is the real one.
type Options struct {
	// Lookup finds the addresses of a name.
	Lookup func(ctx context.Context, host string) ([]string, error)
	// Dial opens a TCP connection.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Now is the computer's clock.
	Now func() time.Time
	// Born is a time that is over for sure: when our own certificate was issued.
	Born time.Time
	// Roots replace the system's authorities, in tests.
	Roots *x509.CertPool
}

func (o Options) withDefaults() Options {
	if o.Lookup == nil {
		o.Lookup = net.DefaultResolver.LookupHost
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: dialLimit}).DialContext
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Check goes the way to every target and reports each step twice: when it begins
// and when it has ended. It returns the ended ones.
func Check(ctx context.Context, o Options, targets []Target, report func(Step)) []Step {
	o = o.withDefaults()
	if report == nil {
		report = func(Step) {}
	}
	var all []Step
	for i := range targets {
		w := &walk{Options: o, target: &targets[i], report: report}
		w.follow(ctx)
		all = append(all, w.steps...)
		if ctx.Err() != nil {
			break
		}
	}
	return all
}

// walk is the way to one target.
type walk struct {
	Options

	target *Target
	report func(Step)
	steps  []Step
	conn   net.Conn
}

// finding is what a part of the way came to.
type finding struct {
	verdict    Verdict
	text, todo string
	skew       *time.Duration
}

func found(v Verdict, todo, format string, args ...any) finding {
	return finding{verdict: v, text: fmt.Sprintf(format, args...), todo: todo}
}

// step does one part; false when the way ends here.
func (w *walk) step(ctx context.Context, part, title string, limit time.Duration, do func(context.Context) finding) bool {
	s := Step{Target: w.target.Code, Part: part, Title: w.target.Title + ": " + title, Running: true, Began: w.Now()}
	w.report(s)
	ctx, cancel := context.WithTimeout(ctx, limit)
	began := time.Now()
	f := do(ctx)
	cancel()
	s.Running, s.Took = false, time.Since(began)
	s.Verdict, s.Text, s.Todo, s.Skew = f.verdict, f.text, f.todo, f.skew
	w.steps = append(w.steps, s)
	w.report(s)
	return s.Verdict != Bad
}

func (w *walk) follow(ctx context.Context) {
	defer func() {
		if w.conn != nil {
			_ = w.conn.Close()
		}
	}()
	t := w.target
	host, address := t.Host, t.Address()
	if t.Proxy != nil {
		host, address = t.Proxy.Hostname(), proxyAddress(t.Proxy)
	}
	if net.ParseIP(host) == nil && !w.step(ctx, PartName, "имя "+host, nameLimit, func(ctx context.Context) finding { return w.name(ctx, host) }) {
		return
	}
	if !w.step(ctx, PartTCP, "соединение с "+address, dialLimit, func(ctx context.Context) finding { return w.dial(ctx, address) }) {
		return
	}
	if t.Proxy != nil && !w.step(ctx, PartProxy, "через прокси "+address, tlsLimit, w.tunnel) {
		return
	}
	switch {
	case t.Ask != nil:
		// It opens a connection of its own: what listens takes one at a time.
		_ = w.conn.Close()
		w.step(ctx, PartAnswer, "ответ", 3*dialLimit, func(ctx context.Context) finding {
			said, todo, ok := t.Ask(ctx)
			if !ok {
				return found(Bad, todo, "%s", said)
			}
			return found(Good, "", "%s", said)
		})
	case t.TLS:
		w.step(ctx, PartTLS, "шифрование и сертификат", tlsLimit, w.encrypt)
	case t.HTTP:
		w.step(ctx, PartAnswer, "ответ", tlsLimit, w.hear)
	}
}

// name looks the host up.
func (w *walk) name(ctx context.Context, host string) finding {
	list, err := w.Lookup(ctx, host)
	var dns *net.DNSError
	switch {
	case err == nil && len(list) > 0:
		return found(Good, "", "Имя %s найдено: %s.", host, strings.Join(list[:min(len(list), 3)], ", "))
	case errors.As(err, &dns) && dns.IsNotFound, err == nil:
		return found(Bad, "Проверьте имя в настройках. Если оно верное, его не знает сервер имён этой сети: спросите того, кто её обслуживает.", "Имени %s нет.", host)
	case errors.As(err, &dns) && dns.IsTimeout, errors.Is(err, context.DeadlineExceeded):
		return found(Bad, "Проверьте интернет и адрес сервера имён (DNS) в настройках сети этого компьютера.", "Сервер имён не отвечает, адрес %s узнать не удалось.", host)
	}
	return found(Bad, "Проверьте интернет и адрес сервера имён (DNS) в настройках сети этого компьютера.", "Адрес %s узнать не удалось: %v.", host, err)
}

// dial opens the connection.
func (w *walk) dial(ctx context.Context, address string) finding {
	began := time.Now()
	conn, err := w.Dial(ctx, "tcp", address)
	if err == nil {
		w.conn = conn
		return found(Good, "", "%s принимает соединение (%d мс).", address, time.Since(began).Milliseconds())
	}
	switch {
	case refused(err):
		return found(Bad, "Проверьте порт в настройках. Если он верный, там работы или соединения закрывает сетевой экран.", "%s не принимает соединение: порт закрыт.", address)
	case noWay(err):
		return found(Bad, "Проверьте сетевой кабель, роутер и интернет на этом компьютере.", "До %s нет пути: сеть недоступна.", address)
	case late(err):
		return found(Bad, "Проверьте интернет. Разрешите этому компьютеру исходящие соединения на этот адрес и порт в сетевом экране.", "%s не отвечает: соединение не установилось за %d с.", address, int(dialLimit.Seconds()))
	}
	return found(Bad, "Проверьте интернет и сетевой экран.", "С %s не соединиться: %v.", address, err)
}

func late(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
