package uplink

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/agent/internal/health"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

const (
	backoffMin = time.Second
	backoffMax = time.Minute
	// networkEvery is how often addresses of this computer are looked at while
	// the cabinet does not answer.
	networkEvery = 5 * time.Second
)

// link is what the loops know together about the line.
type link struct {
	mu     sync.Mutex
	online bool
	denied bool
	why    string        // of denied: the cabinet's reason, a word
	since  time.Time     // of online or its absence
	last   string        // last error, for the technician
	kicked chan struct{} // closed to end every pause, then replaced
	turns  int           // how often the line came up or went down

	badIdentity atomic.Bool
}

func (l *link) init() {
	l.kicked = make(chan struct{})
	l.since = time.Now()
}

// kick ends the pauses of all loops: the line may be back.
func (l *link) kick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.kicked)
	l.kicked = make(chan struct{})
}

func (l *link) kicks() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kicked
}

// changes tells how often the line came up or went down: a difference means
// that the cabinet may be another one than before, restored from a copy.
func (l *link) changes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turns
}

// Status is the line as people ask about it.
type Status struct {
	Online bool
	Since  time.Time
	// LastError is why not, in a technician's words.
	LastError string
	// ClockOffset is the cabinet's clock less ours.
	ClockOffset time.Duration
}

// Status tells how the line is.
func (c *Client) Status() Status {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	return Status{Online: c.link.online, Since: c.link.since, LastError: c.link.last, ClockOffset: time.Duration(c.offset.Load())}
}

// note learns from the end of a call; it returns err.
func (c *Client) note(ctx context.Context, act string, err error) error {
	if err != nil && canceled(ctx) {
		return err // called off by us: says nothing about the line
	}
	if errors.Is(err, errNotGreeted) {
		return err // nothing was asked
	}
	code, reason := connect.CodeOf(err), reasonOf(err)
	switch reason {
	case reasonLate:
		c.renewing.ask()
	case reasonHello:
		if c.gate.isOpen() {
			c.gate.set(false, false)
			defer c.link.kick() // the loop that says hello may be asleep
		}
	case reasonTwin, reasonRevoked:
		c.gate.set(false, true)
	}
	l := &c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.online
	switch {
	case err == nil:
		l.online, l.denied, l.why, l.last = true, false, "", ""
	case reason == reasonHello:
		l.turns++ // the conversation begins anew
	case reason == reasonLate:
		l.last = err.Error()
	case reason == reasonTwin:
		l.denied, l.why, l.last = true, reason, err.Error()
	case code == connect.CodeUnauthenticated || code == connect.CodePermissionDenied:
		l.denied, l.why, l.last = true, reason, err.Error()
	case code == connect.CodeUnavailable || code == connect.CodeDeadlineExceeded || code == connect.CodeUnknown || code == connect.CodeCanceled:
		l.online, l.last = false, err.Error()
	default:
		l.last = err.Error() // the cabinet answers, but not what we asked
	}
	if l.online != was {
		l.since = time.Now()
		l.turns++
		if l.online {
			c.o.Log.Info("cabinet answers")
			signal(c.updates)
			close(l.kicked)
			l.kicked = make(chan struct{})
		} else {
			c.o.Log.Info("cabinet does not answer", "act", act, "error", err)
		}
	}
	return err
}

// backoff is one loop's patience.
type backoff struct{ wait time.Duration }

func (b *backoff) reset() { b.wait = 0 }

// sleep waits longer each time, with jitter; a kick cuts it short, though
// never under a second. False when ctx ended.
func (b *backoff) sleep(ctx context.Context, l *link) bool {
	b.wait = min(max(2*b.wait, backoffMin), backoffMax)
	kicks := l.kicks()
	if !pause(ctx, backoffMin, nil) {
		return false
	}
	return pause(ctx, rand.N(b.wait), kicks)
}

// networkLoop kicks the loops when this computer gets other addresses while
// the cabinet does not answer: a cable put back, a modem that dialled in.
func (s *session) networkLoop(ctx context.Context) {
	known := addresses()
	for pause(ctx, networkEvery, nil) {
		if s.Status().Online {
			continue // what it is now is learnt when it breaks
		}
		if now := addresses(); now != known {
			known = now
			s.o.Log.Info("network changed")
			s.link.kick()
		}
	}
}

func addresses() string {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	words := make([]string, len(list))
	for i, a := range list {
		words[i] = a.String()
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// Codes of the uplink's own problems.
const (
	CodeCloudAway     = "cloud_away"
	CodeCloudDenied   = "cloud_denied"
	CodeCloudRevoked  = "cloud_revoked"
	CodeCloudTwin     = "cloud_twin"
	CodeCloudRefused  = "cloud_refused"
	CodeIdentity      = "identity"
	CodeComputerClock = "computer_clock"
)

var words = map[string]health.Words{
	CodeCloudAway:     {Severity: health.Info, Text: "Нет связи с кабинетом.", Todo: "На продажи не влияет: документы дойдут, когда связь вернётся. Проверьте интернет."},
	CodeCloudDenied:   {Severity: health.Warning, Text: "Кабинет не признаёт этого агента.", Todo: "Подключите агента заново: новый код в кабинете, раздел «Подключить кассу»."},
	CodeCloudRevoked:  {Severity: health.Warning, Text: "Кабинет отозвал этого агента.", Todo: "На продажи не влияет. Подключите агента заново: новый код в кабинете, раздел «Подключить кассу»."},
	CodeCloudTwin:     {Severity: health.Warning, Text: "Под именем этого агента работает другой компьютер: диск был скопирован.", Todo: "На продажи не влияет. Подключите один из двух компьютеров заново: новый код в кабинете, раздел «Подключить кассу»."},
	CodeCloudRefused:  {Severity: health.Warning, Text: "Кабинет не принял некоторые документы.", Todo: "Обновите агента и кабинет; документы хранятся в журнале. Обратитесь в обслуживание."},
	CodeIdentity:      {Severity: health.Warning, Text: "Файл ключа агента повреждён.", Todo: "Подключите агента заново: новый код в кабинете, раздел «Подключить кассу»."},
	CodeComputerClock: {Severity: health.Warning, Text: "Часы компьютера неверны.", Todo: "Установите точное время на компьютере."},
}

const (
	// awayAfter: short breaks of the network are nobody's business.
	awayAfter   = 2 * time.Minute
	clockMayErr = 2 * time.Minute
)

// Problems are what is wrong with the line itself.
func (c *Client) Problems() []*fiscalv1.Problem {
	s := c.Status()
	var out []*fiscalv1.Problem
	add := func(code string, since time.Time) {
		w := words[code]
		p := &fiscalv1.Problem{Code: code, Severity: fiscalv1.Severity(w.Severity), Text: w.Text, Todo: w.Todo}
		if !since.IsZero() {
			p.SinceMs = since.UnixMilli()
		}
		out = append(out, p)
	}
	if c.link.badIdentity.Load() {
		add(CodeIdentity, time.Time{})
	}
	c.link.mu.Lock()
	denied, why := c.link.denied, c.link.why
	c.link.mu.Unlock()
	switch {
	case denied && why == reasonRevoked:
		add(CodeCloudRevoked, time.Time{})
	case denied && why == reasonTwin:
		add(CodeCloudTwin, time.Time{})
	case denied:
		add(CodeCloudDenied, time.Time{})
	}
	if c.refused.Load() > 0 {
		add(CodeCloudRefused, time.Time{})
	}
	if s.ClockOffset.Abs() > clockMayErr {
		add(CodeComputerClock, time.Time{})
	}
	if c.Identity() != nil && !denied && !s.Online && time.Since(s.Since) > awayAfter {
		add(CodeCloudAway, s.Since)
	}
	return out
}
