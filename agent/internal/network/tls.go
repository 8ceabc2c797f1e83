package network

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	_ "embed" // the list of those who sit in between
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/BurntSushi/toml"
)

// encrypt shakes hands and judges what was shown.
func (w *walk) encrypt(ctx context.Context) finding {
	defer w.bounded(ctx)()
	t := w.target
	c := tls.Client(w.conn, &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: t.Host,
		InsecureSkipVerify: true, //nolint:gosec // nothing is believed here: judge says what was shown, and nothing is sent but a question for the time
	})
	if err := c.HandshakeContext(ctx); err != nil {
		return w.unencrypted(err)
	}
	s := c.ConnectionState()
	if len(s.PeerCertificates) == 0 {
		return found(Bad, "Проверьте адрес и порт в настройках.", "%s не показал сертификата.", t.Address())
	}
	var said time.Time
	if t.HTTP {
		said = serverTime(c, t.Host)
	}
	return judge(t, s.PeerCertificates, w.Roots, w.Now(), said, w.Born)
}

// unencrypted says why there was no handshake.
func (w *walk) unencrypted(err error) finding {
	address := w.target.Address()
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &record):
		return found(Bad, "Проверьте порт. Если он верный, вместо сервера отвечает посредник: страница входа в сеть, роутер или прокси.", "По адресу %s отвечают без шифрования: это не тот сервер.", address)
	case late(err):
		return found(Bad, "Посредник (прокси, сетевой экран, антивирус) принимает соединение и не пропускает его. Внесите адрес в его исключения.", "%s принимает соединение и не отвечает на приветствие TLS.", address)
	case errors.As(err, &alert):
		return found(Bad, "Обновите агента и кабинет; если между ними посредник, внесите адрес в его исключения.", "%s отказывает в шифровании: %v.", address, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), reset(err):
		return found(Bad, "Так делают сетевые экраны и антивирусы, когда запрещают адрес. Внесите его в исключения.", "%s обрывает соединение на приветствии TLS.", address)
	}
	return found(Bad, "Проверьте адрес и порт в настройках.", "Шифрование с %s не установлено: %v.", address, err)
}

// serverTime asks for nothing and reads the time in the answer's head; zero when
// there is none. Whoever answers: it is a hint, and believed only where the
// certificate is right but for the time.
func serverTime(c io.ReadWriter, host string) time.Time {
	r, err := http.NewRequest(http.MethodHead, "https://"+host+"/", http.NoBody) //nolint:noctx // the connection has the deadline
	if err != nil {
		return time.Time{}
	}
	r.Header.Set("Connection", "close")
	if err := r.Write(c); err != nil {
		return time.Time{}
	}
	answer, err := http.ReadResponse(bufio.NewReader(io.LimitReader(c, 64<<10)), r)
	if err != nil {
		return time.Time{}
	}
	_ = answer.Body.Close()
	at, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// hear asks a server without TLS, which is on this very computer, for the time.
func (w *walk) hear(ctx context.Context) finding {
	defer w.bounded(ctx)()
	said := serverTime(w.conn, w.target.Host)
	if said.IsZero() {
		return found(Bad, "Проверьте адрес и порт в настройках.", "По адресу %s отвечает не веб-сервер.", w.target.Address())
	}
	skew := w.Now().Sub(said).Round(time.Second)
	f := found(Good, "", "%s отвечает.", w.target.Address())
	f.skew = &skew
	return f
}

// judge says whose certificate it is. said is the time the server told, zero
// when it told none; born is a time that is over for sure.
func judge(t *Target, shown []*x509.Certificate, system *x509.CertPool, now, said, born time.Time) finding {
	leaf := shown[0]
	right := func(at time.Time) bool { return trusted(t, shown, system, at) }
	named := leaf.VerifyHostname(t.Host) == nil
	var skew *time.Duration
	if !said.IsZero() {
		d := now.Sub(said).Round(time.Second)
		skew = &d
	}
	with := func(f finding) finding { f.skew = skew; return f }
	switch inside := leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2); {
	case named && right(now):
		f := found(Good, "", "Отвечает %s: сертификат «%s» до %s.", t.Host, issuerOf(leaf), leaf.NotAfter.Format("02.01.2006"))
		if left := leaf.NotAfter.Sub(now); left < 7*24*time.Hour && left < leaf.NotAfter.Sub(leaf.NotBefore)/4 {
			f = found(Warning, "Скажите тому, кто ведёт кабинет: сертификат пора продлить.", "Сертификат %s кончается %s.", t.Host, leaf.NotAfter.Format("02.01.2006 15:04"))
		}
		return with(f)
	case named && right(inside):
		return with(mistimed(t, leaf, now, said, born))
	case right(now) || right(inside):
		return with(found(Bad, "Проверьте адрес в настройках: нужно имя, на которое выдан сертификат.", "По адресу %s отвечает другой сервер: сертификат выдан на %s.", t.Address(), strings.Join(namesOf(leaf), ", ")))
	case named:
		return with(intercepted(t, shown))
	}
	if who := interceptor(shown); who != "" {
		return with(intercepted(t, shown))
	}
	return with(found(Bad, "Проверьте адрес в настройках. Если он верный, эта сеть уводит соединения на свою страницу: войдите в сеть через браузер.", "По адресу %s отвечает чужой сервер: %s, сертификат «%s».", t.Address(), strings.Join(namesOf(leaf), ", "), issuerOf(leaf)))
}

// trusted tells whether the chain is of an authority that the target may have,
// whatever the name.
func trusted(t *Target, shown []*x509.Certificate, system *x509.CertPool, at time.Time) bool {
	inter := x509.NewCertPool()
	for _, c := range shown[1:] {
		inter.AddCert(c)
	}
	options := x509.VerifyOptions{Intermediates: inter, CurrentTime: at}
	if t.Own != nil {
		options.Roots = x509.NewCertPool()
		options.Roots.AddCert(t.Own)
		if _, err := shown[0].Verify(options); err == nil {
			return true
		}
	}
	if !t.System {
		return false
	}
	options.Roots = system // nil is the system's
	_, err := shown[0].Verify(options)
	return err == nil
}

// mistimed is the right certificate at a wrong time: of the server, or of this
// computer.
func mistimed(t *Target, leaf *x509.Certificate, now, said, born time.Time) finding {
	const set = "Установите точное время на этом компьютере и включите его проверку по интернету."
	span := fmt.Sprintf("сертификат %s действует с %s до %s", t.Host, leaf.NotBefore.Format("02.01.2006"), leaf.NotAfter.Format("02.01.2006"))
	within := func(at time.Time) bool { return !at.Before(leaf.NotBefore) && !at.After(leaf.NotAfter) }
	switch {
	case !said.IsZero() && within(said):
		return found(Bad, set, "Часы компьютера неверны: здесь %s, у сервера %s; %s.", now.Format("02.01.2006 15:04"), said.In(now.Location()).Format("02.01.2006 15:04"), span)
	case now.Before(leaf.NotBefore), now.Before(born):
		return found(Bad, set, "Часы компьютера отстают: здесь %s, а %s.", now.Format("02.01.2006 15:04"), span)
	}
	return found(Bad, "Скажите тому, кто ведёт кабинет: сертификат надо продлить. Если дата на этом компьютере неверна, установите её.", "Сертификат %s кончился %s.", t.Host, leaf.NotAfter.Format("02.01.2006 15:04"))
}

// intercepted is somebody in between: he shows our name, signed by himself.
func intercepted(t *Target, shown []*x509.Certificate) finding {
	who := interceptor(shown)
	if who == "" {
		if t.System && t.Own == nil {
			// A cabinet with an authority of its own looks the same before enrolment.
			return found(Warning, "Если у кабинета собственный сертификат, так и должно быть: код подключения с «@» это учитывает. Если нет, соединение подменяет прокси или антивирус.", "Сертификат %s подписан неизвестным центром «%s».", t.Host, issuerOf(shown[0]))
		}
		who = "«" + issuerOf(shown[0]) + "»"
	}
	return found(Bad, "Внесите "+t.Host+" в исключения проверки шифрованных соединений (HTTPS, SSL) этой программы.", "Соединение с %s вскрывает посредник: %s показывает свой сертификат вместо настоящего.", t.Address(), who)
}

func issuerOf(c *x509.Certificate) string {
	name := c.Issuer.CommonName
	if len(c.Issuer.Organization) > 0 && !strings.Contains(name, c.Issuer.Organization[0]) {
		name = strings.TrimSpace(name + ", " + c.Issuer.Organization[0])
	}
	if name = strings.Trim(name, ", "); name == "" {
		return "без имени"
	}
	return name
}

func namesOf(c *x509.Certificate) []string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = []string{c.Subject.CommonName}
	}
	return names[:min(len(names), 3)]
}

//go:embed interceptors.toml
var interceptorsText string

// interceptors maps a piece of an issuer's name, in lower case, to the product.
var interceptors = sync.OnceValues(func() (map[string]string, error) {
	var list struct {
		Interceptor []struct{ Name, Issuer string }
	}
	if _, err := toml.Decode(interceptorsText, &list); err != nil {
		return nil, fmt.Errorf("list of interceptors: %w", err)
	}
	out := map[string]string{}
	for _, i := range list.Interceptor {
		out[strings.ToLower(i.Issuer)] = i.Name
	}
	return out, nil
})

// interceptor names the product that signed, when it is a known one.
func interceptor(shown []*x509.Certificate) string {
	list, err := interceptors()
	if err != nil {
		return ""
	}
	for _, c := range shown {
		name := strings.ToLower(c.Issuer.String())
		for piece, product := range list {
			if strings.Contains(name, piece) {
				return product
			}
		}
	}
	return ""
}
