// Package wake is the agent's thin line to a broker: who is here, how it
// fares in one word, and "you have a command".
//
// # Topics
//
// Three topics per agent, and the certificate allows no others:
//
//	chekan/agent/<id>/presence   agent → cabinet, QoS 1, retained: "online"; the last will says "offline"
//	chekan/agent/<id>/health     agent → cabinet, QoS 0, retained: "ok", "warning", "critical"
//	chekan/agent/<id>/wake       cabinet → agent, QoS 0: the content does not matter
//
// # What it does not do
//
// It carries nothing that counts. Commands are fetched over Connect and so is
// everything else; a wake-up that gets lost is made up for by the next poll.
// When the broker is away nothing changes but the speed, and nobody is told to
// wait: [Client.SetHealth] only leaves a word behind.
package wake

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Words of presence.
const (
	Online  = "online"
	Offline = "offline"
)

// Words of health.
const (
	HealthOK       = "ok"
	HealthWarning  = "warning"
	HealthCritical = "critical"
)

// Topics of one agent.
type Topics struct{ Presence, Health, Wake string }

// TopicsOf names the topics of an agent.
func TopicsOf(agentID string) Topics {
	base := "chekan/agent/" + agentID + "/"
	return Topics{Presence: base + "presence", Health: base + "health", Wake: base + "wake"}
}

const (
	keepAlive      = 30 * time.Second
	connectTimeout = 15 * time.Second
	tokenTimeout   = 10 * time.Second
	goodbye        = time.Second
	backoffMin     = time.Second
	backoffMax     = time.Minute
	// sayEvery: a broker may publish the last will of a connection it has just
	// given up after the first word of the next one, and may give a cabinet that
	// subscribes at the very moment of a word neither the word nor, as it is not
	// kept yet, what is kept of it. Said again, the truth wins within a minute.
	sayEvery = time.Minute
)

// Options are what a Client needs.
type Options struct {
	// Broker is its address: ssl://host:8883, or tcp://host:1883 in tests.
	Broker string
	// AgentID is the client id and a part of the topics.
	AgentID string
	// TLS carries the agent's identity.
	TLS *tls.Config
	// Wake is called for every wake-up and after every connection made, for
	// what was missed meanwhile. It must not block.
	Wake func()
	// Log hears of the line going up and down.
	Log *slog.Logger
}

// Client keeps the line up while Run runs.
type Client struct {
	o      Options
	topics Topics
	online atomic.Bool

	mu     sync.Mutex
	health string
	told   chan struct{} // the word has changed
}

// New makes a client; nothing is connected yet.
func New(o Options) *Client {
	return &Client{o: o, topics: TopicsOf(o.AgentID), told: make(chan struct{}, 1)}
}

// Online tells whether the broker is connected now.
func (c *Client) Online() bool { return c.online.Load() }

// SetHealth leaves a word for the cabinet; it is published when it changes,
// after every connection made and every minute.
func (c *Client) SetHealth(word string) {
	c.mu.Lock()
	changed := c.health != word
	c.health = word
	c.mu.Unlock()
	if !changed {
		return
	}
	select {
	case c.told <- struct{}{}:
	default:
	}
}

// Run connects, and connects again whenever the line drops, until ctx ends.
// Then it says good-bye, so that the cabinet need not wait for the last will.
func (c *Client) Run(ctx context.Context) error {
	wait := backoffMin
	for {
		began := time.Now()
		err := c.session(ctx)
		c.online.Store(false)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // asked to stop
		}
		if time.Since(began) > backoffMax {
			wait = backoffMin
		}
		// Full jitter: a thousand agents must not come back in one second.
		pause := backoffMin/2 + rand.N(wait)
		c.o.Log.Info("broker is away", "error", err, "retry_in", pause.Round(time.Millisecond))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
		wait = min(2*wait, backoffMax)
	}
}

// errLost says that the line dropped without saying why.
var errLost = errors.New("connection lost")

// session is one connection, from its making to its end.
func (c *Client) session(ctx context.Context) error {
	lost := make(chan error, 1)
	o := mqtt.NewClientOptions().
		AddBroker(c.o.Broker).SetClientID(c.o.AgentID).SetProtocolVersion(4).SetTLSConfig(c.o.TLS).
		SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetOrderMatters(false).
		SetKeepAlive(keepAlive).SetPingTimeout(tokenTimeout).SetConnectTimeout(connectTimeout).SetWriteTimeout(tokenTimeout).
		SetDialer(&net.Dialer{Timeout: connectTimeout, KeepAlive: keepAlive}).
		SetBinaryWill(c.topics.Presence, []byte(Offline), 1, true).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) {
			select {
			case lost <- err:
			default:
			}
		})
	m := mqtt.NewClient(o)
	defer m.Disconnect(0)
	if err := wait(ctx, m.Connect(), connectTimeout+tokenTimeout); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := wait(ctx, m.Subscribe(c.topics.Wake, 0, func(mqtt.Client, mqtt.Message) { c.o.Wake() }), tokenTimeout); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if err := c.sayOnline(ctx, m); err != nil {
		return err
	}
	c.online.Store(true)
	c.o.Log.Info("broker is here")
	c.o.Wake()
	if err := c.sayHealth(ctx, m); err != nil {
		return err
	}
	again := time.NewTicker(sayEvery)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			if err := c.sayOnline(ctx, m); err != nil {
				return err
			}
			if err := c.sayHealth(ctx, m); err != nil {
				return err
			}
		case <-ctx.Done():
			// The context is over; the good-bye has its own short time.
			m.Publish(c.topics.Presence, 1, true, Offline).WaitTimeout(goodbye)
			return nil
		case err := <-lost:
			if err == nil {
				err = errLost
			}
			return err
		case <-c.told:
			if err := c.sayHealth(ctx, m); err != nil {
				return err
			}
		}
	}
}

func (c *Client) sayOnline(ctx context.Context, m mqtt.Client) error {
	if err := wait(ctx, m.Publish(c.topics.Presence, 1, true, Online), tokenTimeout); err != nil {
		return fmt.Errorf("say online: %w", err)
	}
	return nil
}

func (c *Client) sayHealth(ctx context.Context, m mqtt.Client) error {
	c.mu.Lock()
	word := c.health
	c.mu.Unlock()
	if word == "" {
		return nil
	}
	if err := wait(ctx, m.Publish(c.topics.Health, 0, true, word), tokenTimeout); err != nil {
		return fmt.Errorf("say health: %w", err)
	}
	return nil
}

// wait ends by the token, the time or the context.
func wait(ctx context.Context, t mqtt.Token, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-t.Done():
		return t.Error()
	case <-timer.C:
		return context.DeadlineExceeded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
