package wake

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

const (
	keepAlive    = 30 * time.Second
	tokenTimeout = 10 * time.Second
	retryEvery   = 2 * time.Second
	// waiting bounds the wake-ups that wait for the broker; a poll makes up for what falls over.
	waiting = 1024
)

// LineOptions are what the cabinet's own line needs.
type LineOptions struct {
	// URL of the broker: ssl://host:8883, or tcp://host:1883 for one on the same computer.
	URL string
	// TLS carries the cabinet's identity.
	TLS *tls.Config
	// ClientID tells cabinets of one external broker apart; empty is [OwnID].
	ClientID string
	// Username and Password are for external brokers that ask for them.
	Username, Password string
	// Presence is told who is here; retained is what the broker had kept and may be old.
	Presence func(agentID string, here, retained bool)
	// Log hears of the line going up and down.
	Log *slog.Logger
}

// Line is the cabinet's own client of the broker.
type Line struct {
	o     LineOptions
	wakes chan string

	mu sync.Mutex
	up chan struct{} // closed while the line is up
}

// NewLine makes a line; Run connects it.
func NewLine(o LineOptions) *Line {
	if o.ClientID == "" {
		o.ClientID = OwnID
	}
	return &Line{o: o, wakes: make(chan string, waiting), up: make(chan struct{})}
}

// Wake tells an agent to ask for its commands. It never blocks.
func (l *Line) Wake(agentID string) {
	select {
	case l.wakes <- agentID:
	default:
		l.o.Log.Warn("wake-up dropped", "agent", agentID)
	}
}

// Up is closed once the line is up.
func (l *Line) Up() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up
}

// Run keeps the line up until ctx ends.
func (l *Line) Run(ctx context.Context) error {
	for {
		why := l.session(ctx)
		l.mu.Lock()
		select {
		case <-l.up:
			l.up = make(chan struct{})
		default:
		}
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil
		default:
		}
		l.o.Log.WarnContext(ctx, "broker is away", "error", why)
		select {
		case <-time.After(retryEvery):
		case <-ctx.Done():
			return nil
		}
	}
}

var errLost = errors.New("connection lost")

func (l *Line) session(ctx context.Context) error {
	lost := make(chan error, 1)
	o := mqtt.NewClientOptions().AddBroker(l.o.URL).SetClientID(l.o.ClientID).SetProtocolVersion(4).SetTLSConfig(l.o.TLS).
		SetUsername(l.o.Username).SetPassword(l.o.Password).
		SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetKeepAlive(keepAlive).
		SetConnectTimeout(tokenTimeout).SetWriteTimeout(tokenTimeout).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) {
			select {
			case lost <- err:
			default:
			}
		})
	m := mqtt.NewClient(o)
	defer m.Disconnect(0)
	if err := wait(ctx, m.Connect()); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	// QoS 0: the broker keeps nothing for us, and the retained word is there again after every connection.
	if err := wait(ctx, m.Subscribe(root+"+"+presence, 0, l.heard)); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	l.o.Log.InfoContext(ctx, "broker is here")
	l.mu.Lock()
	close(l.up)
	l.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-lost:
			if err == nil {
				err = errLost
			}
			return err
		case id := <-l.wakes:
			if err := wait(ctx, m.Publish(root+id+wakeUp, 0, false, "1")); err != nil {
				return fmt.Errorf("wake agent: %w", err)
			}
		}
	}
}

func (l *Line) heard(_ mqtt.Client, message mqtt.Message) {
	id, ok := strings.CutPrefix(message.Topic(), root)
	if !ok {
		return
	}
	if id, ok = strings.CutSuffix(id, presence); !ok || id == "" || strings.Contains(id, "/") {
		return
	}
	l.o.Presence(id, string(message.Payload()) == "online", message.Retained())
}

func wait(ctx context.Context, t mqtt.Token) error {
	timer := time.NewTimer(tokenTimeout)
	defer timer.Stop()
	select {
	case <-t.Done():
		if s, ok := t.(*mqtt.SubscribeToken); ok && t.Error() == nil {
			for topic, code := range s.Result() {
				if code == 0x80 { // MQTT 3.1.1, 3.9.3
					return fmt.Errorf("topic %s is refused", topic)
				}
			}
		}
		return t.Error()
	case <-timer.C:
		return context.DeadlineExceeded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
