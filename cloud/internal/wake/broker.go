// Package wake is the cabinet's side of MQTT: an embedded NATS server with its MQTT listener, or an external MQTT 3.1.1 broker, and
// the cabinet's own line to whichever it is.
//
// # Topics
//
//	chekan/agent/<id>/presence   agent → cabinet, QoS 1, retained: "online"; the last will says "offline"
//	chekan/agent/<id>/health     agent → cabinet, QoS 0, retained: "ok", "warning", "critical"
//	chekan/agent/<id>/wake       cabinet → agent, QoS 0: "ask me"; the content does not matter
//
// An agent proves itself with the certificate it got at enrolment, connects under its own id and may publish its own
// presence and health and hear its own wake-ups; everything else is refused. An external broker has to be told the same rules:
// who connects is whom the certificate names, and the topics are bound to that name.
//
// # What it does not do
//
// Nothing that counts travels here: commands wait in the database and are fetched over Connect. When the broker is away or loses
// a message, everything is only slower, by one poll.
package wake

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	root     = "chekan/agent/"
	presence = "/presence"
	wakeUp   = "/wake"

	// OwnID is the client id of the cabinet's own line.
	OwnID = "cabinet"

	brokerStart = 20 * time.Second
)

// BrokerOptions are what an embedded broker needs.
type BrokerOptions struct {
	// Listen is its address; port 0 takes a free one.
	Listen string
	// Dir keeps retained messages.
	Dir string
	// TLS must ask for client certificates.
	TLS *tls.Config
	// Agent gives the id of the agent a verified certificate belongs to, if it may come in.
	Agent func(cert *x509.Certificate) (id string, ok bool)
	// Own tells whether a verified certificate is the cabinet's.
	Own func(cert *x509.Certificate) bool
	// Log hears of what the server has to say.
	Log *slog.Logger
}

// Broker is an embedded broker.
type Broker struct {
	server *server.Server
	addr   string
	log    *slog.Logger
}

// StartBroker starts a broker; Close ends it.
func StartBroker(ctx context.Context, o BrokerOptions) (*Broker, error) {
	host, port, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("start broker: address %q: %w", o.Listen, err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("start broker: port %q: %w", port, err)
	}
	if number == 0 {
		number = server.RANDOM_PORT
	}
	options := &server.Options{
		ServerName: "chekan-cloud",
		DontListen: true, // MQTT only; NATS itself is not offered to anyone
		JetStream:  true, StoreDir: o.Dir, JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 1 << 30,
		// The default of 1000 makes further QoS 1 subscriptions fail quietly.
		JetStreamLimits: server.JSLimitOpts{DefaultMaxConsumers: -1},
		NoSigs:          true, NoSystemAccount: true,
		MQTT: server.MQTTOpts{
			Host: host, Port: number, TLSConfig: o.TLS, TLSTimeout: 10, AuthTimeout: 10,
			ConsumerMemoryStorage: true,
		},
		CustomClientAuthentication: &doorkeeper{o: o},
		MaxPayload:                 64 << 10,
		DisableShortFirstPing:      true,
	}
	s, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	s.SetLoggerV2(natsLog{log: o.Log}, false, false, false)
	s.Start()
	b := &Broker{server: s, log: o.Log}
	if !s.ReadyForConnections(brokerStart) {
		b.Close()
		return nil, errors.New("start broker: it is not ready in time")
	}
	// The server writes the port it got into its options.
	b.addr = net.JoinHostPort(host, strconv.Itoa(options.MQTT.Port))
	return b, nil
}

// Addr is where it listens.
func (b *Broker) Addr() string { return b.addr }

// Kick ends the connections of an agent; whether it comes in again is for BrokerOptions.Agent to say.
func (b *Broker) Kick(agentID string) {
	list, err := b.server.Connz(&server.ConnzOptions{MQTTClient: agentID})
	if err != nil {
		b.log.Warn("connections of an agent not listed", "agent", agentID, "error", err)
		return
	}
	for _, c := range list.Conns {
		if err := b.server.DisconnectClientByID(c.Cid); err != nil {
			b.log.Debug("gone before it was cut", "agent", agentID, "error", err)
		}
	}
}

// Close stops the broker.
func (b *Broker) Close() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

// doorkeeper lets clients in by certificate and bounds them to their own topics.
type doorkeeper struct{ o BrokerOptions }

// Check implements server.Authentication.
func (d *doorkeeper) Check(c server.ClientAuthentication) bool {
	state := c.GetTLSConnectionState()
	if state == nil || len(state.VerifiedChains) == 0 {
		return false
	}
	cert := state.PeerCertificates[0]
	user := &server.User{Permissions: &server.Permissions{}, ConnectionDeadline: cert.NotAfter}
	var id string
	if d.o.Own(cert) {
		id = OwnID
		user.Permissions.Publish = &server.SubjectPermission{Allow: []string{subject("*", wakeUp)}}
		user.Permissions.Subscribe = &server.SubjectPermission{Allow: []string{subject("*", presence)}}
	} else {
		var ok bool
		if id, ok = d.o.Agent(cert); !ok || id == OwnID || strings.ContainsAny(id, ".*> /+#") {
			return false
		}
		user.Permissions.Publish = &server.SubjectPermission{Allow: []string{subject(id, presence), subject(id, "/health")}}
		user.Permissions.Subscribe = &server.SubjectPermission{Allow: []string{subject(id, wakeUp)}}
	}
	// A second client of one id ends the first: so only the owner may use an id. The server tells the MQTT client id in the
	// client's description, quoted at its end, and nowhere else.
	named, ok := c.(fmt.Stringer)
	if !ok || !strings.HasSuffix(named.String(), fmt.Sprintf(" - %q", id)) {
		d.o.Log.Warn("broker refused a client", "reason", "client id is not its certificate's", "client", id)
		return false
	}
	user.Username = id
	c.RegisterUser(user)
	return true
}

// subject is a topic as the server sees it.
func subject(id, leaf string) string {
	return strings.ReplaceAll(root+id+leaf, "/", ".")
}

// natsLog passes on what the server has to say.
type natsLog struct{ log *slog.Logger }

func (l natsLog) say(level slog.Level, format string, v []any) {
	l.log.Log(context.Background(), level, "broker", "text", fmt.Sprintf(format, v...)) //nolint:forbidigo // the server passes no context
}

// Noticef implements server.Logger.
func (l natsLog) Noticef(format string, v ...any) { l.say(slog.LevelDebug, format, v) }

// Warnf implements server.Logger.
func (l natsLog) Warnf(format string, v ...any) { l.say(slog.LevelWarn, format, v) }

// Fatalf implements server.Logger.
func (l natsLog) Fatalf(format string, v ...any) { l.say(slog.LevelError, format, v) }

// Errorf implements server.Logger. Clients that come without a certificate or leave in the middle are everyday on an open port.
func (l natsLog) Errorf(format string, v ...any) { l.say(slog.LevelInfo, format, v) }

// Debugf implements server.Logger.
func (l natsLog) Debugf(format string, v ...any) { l.say(slog.LevelDebug, format, v) }

// Tracef implements server.Logger.
func (l natsLog) Tracef(format string, v ...any) { l.say(slog.LevelDebug, format, v) }
