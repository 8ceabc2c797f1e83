package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// mqttLine is an agent's line to the broker, which a test can cut.
type mqttLine struct {
	mqtt.Client
	conn net.Conn
	id   string
}

func (l *mqttLine) topic(leaf string) string { return "chekan/agent/" + l.id + "/" + leaf }

// dial connects as an agent does: with a last will.
func dial(t *testing.T, broker, clientID, willOf string, config *tls.Config) (*mqttLine, error) {
	t.Helper()
	l := &mqttLine{id: willOf}
	o := mqtt.NewClientOptions().AddBroker(broker).SetClientID(clientID).SetProtocolVersion(4).SetTLSConfig(config).
		SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(patience).SetKeepAlive(30*time.Second).
		SetBinaryWill(l.topic("presence"), []byte("offline"), 1, true).
		SetCustomOpenConnectionFn(func(u *url.URL, o mqtt.ClientOptions) (net.Conn, error) {
			raw, err := net.DialTimeout("tcp", u.Host, patience)
			if err != nil {
				return nil, err
			}
			config := o.TLSConfig.Clone()
			config.ServerName = "localhost"
			l.conn = raw
			conn := tls.Client(raw, config)
			return conn, conn.HandshakeContext(context.WithoutCancel(t.Context()))
		})
	l.Client = mqtt.NewClient(o)
	token := l.Connect()
	if !token.WaitTimeout(patience) {
		return nil, errors.New("no answer")
	}
	if token.Error() != nil {
		return nil, token.Error()
	}
	t.Cleanup(func() { l.Disconnect(0) })
	return l, nil
}

func (l *mqttLine) say(t *testing.T, topic, word string) {
	t.Helper()
	if token := l.Publish(topic, 1, true, word); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("publish on %s: %v", topic, token.Error())
	}
}

// hear subscribes; false when the broker refuses.
func (l *mqttLine) hear(t *testing.T, topic string, heard chan string) bool {
	t.Helper()
	token := l.Subscribe(topic, 0, func(_ mqtt.Client, m mqtt.Message) { heard <- m.Topic() })
	if !token.WaitTimeout(patience) {
		t.Fatalf("subscribe to %s: no answer", topic)
	}
	result := token.(*mqtt.SubscribeToken).Result()[topic]
	return token.Error() == nil && result != 0x80
}

// up waits until the cabinet's own line is there.
func (c *cabinet) up(t *testing.T) {
	t.Helper()
	select {
	case <-c.line.Up():
	case <-time.After(patience):
		t.Fatal("the cabinet does not reach the broker")
	}
}

// online asks the cabinet whether the till's agent is here.
func (p *person) online(t *testing.T, id string) bool {
	t.Helper()
	res, err := p.fleet.GetTill(t.Context(), &cabinetv1.GetTillRequest{Id: id})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetTill().GetAgentOnline()
}

func TestBroker(t *testing.T) {
	c, password := launch(t, settings(t, storetest.SQLite(t)))
	admin := signIn(t, c, "admin", password)
	c.up(t)
	a := enrol(t, c, admin)
	a.report(t, "kassa")
	victim := admin.till(t).GetId()
	b := enrol(t, c, admin)
	b.report(t, "bar")
	other := ""
	tills, err := admin.fleet.ListTills(t.Context(), &cabinetv1.ListTillsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, till := range tills.GetTills() {
		if till.GetId() != victim {
			other = till.GetId()
		}
	}
	line, err := dial(t, a.info.GetBrokerUrl(), a.id, a.id, a.tls)
	if err != nil {
		t.Fatal(err)
	}
	line.say(t, line.topic("presence"), "online")
	woken := make(chan string, 10)
	if !line.hear(t, line.topic("wake"), woken) {
		t.Fatal("an agent may not hear its own wake-ups")
	}
	line.say(t, line.topic("health"), "ok")

	t.Run("a command wakes its agent", func(t *testing.T) {
		if _, err := admin.fleet.StartCommand(t.Context(), &cabinetv1.StartCommandRequest{Id: "c1", TillId: victim, Action: fiscalv1.Action_ACTION_CHECK}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-woken:
		case <-time.After(patience):
			t.Fatal("not woken")
		}
	})
	t.Run("an agent's own topics only", func(t *testing.T) {
		evil, err := dial(t, b.info.GetBrokerUrl(), b.id, b.id, b.tls)
		if err != nil {
			t.Fatal(err)
		}
		heard := make(chan string, 10)
		for _, topic := range []string{"#", "+/+/+/wake", "chekan/agent/+/wake", line.topic("wake"), line.topic("presence"), "$SYS/#", "$JS/#"} {
			if evil.hear(t, topic, heard) {
				t.Errorf("may hear %s", topic)
			}
		}
		evil.say(t, evil.topic("presence"), "online")
		until(t, "the other agent is online", func() bool { return admin.online(t, other) })
		// The broker drops what is not allowed, and drops some clients for it: the forged word and the honest one go by different lines then.
		// Each word is waited for until it is answered or its line is lost, which may be at any time after the first.
		evil.Publish(line.topic("presence"), 1, true, "offline").WaitTimeout(patience)
		evil.Publish(line.topic("wake"), 0, false, "1").WaitTimeout(patience)
		if own := evil.Publish(evil.topic("presence"), 1, true, "offline"); !own.WaitTimeout(patience) || own.Error() != nil {
			_ = evil.conn.Close() // the last will says it
		}
		until(t, "the other agent is gone", func() bool { return !admin.online(t, other) })
		if !admin.online(t, victim) {
			t.Error("one agent says of another that it is gone")
		}
		if len(woken) != 0 || len(heard) != 0 {
			t.Errorf("woken %d times, heard %d", len(woken), len(heard))
		}
	})
	t.Run("a last will about another", func(t *testing.T) {
		evil, err := dial(t, b.info.GetBrokerUrl(), b.id, a.id, b.tls)
		if err == nil { // refused, or let in without effect
			own := &mqttLine{Client: evil.Client, id: b.id}
			own.say(t, own.topic("presence"), "online")
			until(t, "the other agent is online", func() bool { return admin.online(t, other) })
			_ = evil.conn.Close()
			again, err := dial(t, b.info.GetBrokerUrl(), b.id, b.id, b.tls)
			if err != nil {
				t.Fatal(err)
			}
			again.say(t, again.topic("presence"), "offline") // by now the will is done
			until(t, "the other agent is gone", func() bool { return !admin.online(t, other) })
		}
		if !admin.online(t, victim) {
			t.Error("one agent's last will says of another that it is gone")
		}
	})
	t.Run("another's client id", func(t *testing.T) {
		if _, err := dial(t, b.info.GetBrokerUrl(), a.id, b.id, b.tls); err == nil {
			t.Error("let in")
		}
		if _, err := dial(t, b.info.GetBrokerUrl(), "cabinet", b.id, b.tls); err == nil {
			t.Error("let in as the cabinet")
		}
		if !line.IsConnectionOpen() {
			t.Error("and the owner was thrown out")
		}
	})
	t.Run("no certificate of ours", func(t *testing.T) {
		bare := a.tls.Clone()
		bare.Certificates = nil
		if _, err := dial(t, a.info.GetBrokerUrl(), a.id, a.id, bare); err == nil {
			t.Error("let in without one")
		}
		bare.Certificates = []tls.Certificate{forge(t, a.id)}
		if _, err := dial(t, a.info.GetBrokerUrl(), a.id, a.id, bare); err == nil {
			t.Error("let in with one of another authority")
		}
		if !line.IsConnectionOpen() {
			t.Error("and the owner was thrown out")
		}
	})
	t.Run("the last will", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		stream, err := admin.fleet.Watch(ctx, &cabinetv1.WatchRequest{TillId: victim})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := line.conn.Close(); err != nil { // the power is cut: no good-bye
			t.Fatal(err)
		}
		for {
			if !stream.Receive() {
				t.Fatalf("the watcher is not told: %v", stream.Err())
			}
			if till := stream.Msg().GetTill(); till != nil && !till.GetAgentOnline() {
				break
			}
		}
		t.Logf("gone after %v", time.Since(began).Round(time.Millisecond))
	})
	t.Run("back again", func(t *testing.T) {
		back, err := dial(t, a.info.GetBrokerUrl(), a.id, a.id, a.tls)
		if err != nil {
			t.Fatal(err)
		}
		back.say(t, back.topic("presence"), "online")
		until(t, "the agent is online", func() bool { return admin.online(t, victim) })
	})
}

// TestBroker_revoked: the broker asks about revocation too.
func TestBroker_revoked(t *testing.T) {
	c, password := launch(t, settings(t, storetest.SQLite(t)))
	admin := signIn(t, c, "admin", password)
	a := enrol(t, c, admin)
	me, err := admin.access.WhoAmI(t.Context(), &cabinetv1.WhoAmIRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.access.Revoke(t.Context(), me.GetPerson().GetOrganisationId(), a.id, "admin"); err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t, a.info.GetBrokerUrl(), a.id, a.id, a.tls); err == nil {
		t.Error("let in")
	}
}

// TestBroker_external runs the cabinet with a broker of somebody else: the system's where one is installed, else the one of a
// second cabinet.
func TestBroker_external(t *testing.T) {
	host, _ := launch(t, settings(t, storetest.SQLite(t)))
	cfg := settings(t, storetest.SQLite(t))
	cfg.External.URL = systemBroker(t)
	if cfg.External.URL == "" {
		// Two cabinets of one data folder's authority: the second uses the first's broker.
		host.cancel()
		if err := host.group.Wait(); err != nil {
			t.Fatal(err)
		}
		cfg.Data = host.config.Data
		cfg.External.URL = "ssl://" + host.broker.Addr()
	}
	c, password := launch(t, cfg)
	c.up(t)
	if c.addresses.Broker != cfg.External.URL || c.broker != nil {
		t.Errorf("agents are told %s", c.addresses.Broker)
	}
	admin := signIn(t, c, "admin", password)
	a := enrol(t, c, admin)
	a.report(t, "kassa")
	if _, err := admin.fleet.StartCommand(t.Context(), &cabinetv1.StartCommandRequest{Id: "c1", TillId: admin.till(t).GetId(), Action: fiscalv1.Action_ACTION_CHECK}); err != nil {
		t.Fatal(err)
	}
	if got, err := a.FetchCommands(t.Context(), &uplinkv1.FetchCommandsRequest{WaitMs: 1000}); err != nil || len(got.GetCommands()) != 1 {
		t.Errorf("%v %v", got, err)
	}
}

// systemBroker starts one on a free loopback port; empty when it is not installed.
func systemBroker(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("mosquitto") //nolint:misspell // it is spelt so
	if err != nil {
		return ""
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().(*net.TCPAddr)
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "broker.conf")
	if err := os.WriteFile(file, []byte("listener "+portOf(address)+" 127.0.0.1\nallow_anonymous true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "-c", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return "tcp://" + address.String()
}

func portOf(a *net.TCPAddr) string {
	_, port, _ := net.SplitHostPort(a.String())
	return port
}
