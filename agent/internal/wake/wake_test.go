package wake

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats-server/v2/server"

	"github.com/chekan-io/chekan/sim/vacant"
)

// broker is an embedded NATS server with its MQTT listener on a port that
// stays the same when it is started again.
type broker struct {
	t       *testing.T
	address string
	port    int
	dir     string
	s       *server.Server
}

func newBroker(t *testing.T) *broker {
	t.Helper()
	address := vacant.Address(t)
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	b := &broker{t: t, address: address, port: at.Port, dir: t.TempDir()}
	b.start()
	t.Cleanup(b.stop)
	return b
}

func (b *broker) addr() string { return "tcp://" + b.address }

func (b *broker) start() {
	b.t.Helper()
	s, err := server.NewServer(&server.Options{
		ServerName: "test", Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, JetStream: true, StoreDir: b.dir,
		MQTT: server.MQTTOpts{Host: "127.0.0.1", Port: b.port},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(2 * time.Minute) {
		b.t.Fatal("the broker does not start")
	}
	b.s = s
}

func (b *broker) stop() {
	if b.s != nil {
		b.s.Shutdown()
		b.s.WaitForShutdown()
		b.s = nil
	}
}

// watcher is the cabinet's side: it hears presence and health.
type watcher struct {
	m    mqtt.Client
	mu   sync.Mutex
	last map[string]string
	news chan struct{}
}

func watch(t *testing.T, b *broker) *watcher {
	t.Helper()
	w := &watcher{last: map[string]string{}, news: make(chan struct{}, 100)}
	w.m = mqtt.NewClient(mqtt.NewClientOptions().AddBroker(b.addr()).SetClientID("cabinet"))
	if tok := w.m.Connect(); !tok.WaitTimeout(2*time.Minute) || tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	t.Cleanup(func() { w.m.Disconnect(0) })
	tok := w.m.Subscribe("chekan/agent/+/+", 1, func(_ mqtt.Client, m mqtt.Message) {
		w.mu.Lock()
		w.last[m.Topic()] = string(m.Payload())
		w.mu.Unlock()
		w.news <- struct{}{}
	})
	if !tok.WaitTimeout(2*time.Minute) || tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	return w
}

// until waits for a topic to say what it should.
func (w *watcher) until(t *testing.T, topic, want string) {
	t.Helper()
	late := time.After(2 * time.Minute)
	for {
		w.mu.Lock()
		got := w.last[topic]
		w.mu.Unlock()
		if got == want {
			return
		}
		select {
		case <-w.news:
		case <-late:
			t.Fatalf("%s says %q, want %q", topic, got, want)
		}
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// run starts a client and gives its wake-ups and a way to stop it.
func run(t *testing.T, broker string) (c *Client, woken chan struct{}, stop func()) {
	t.Helper()
	woken = make(chan struct{}, 100)
	c = New(Options{Broker: broker, AgentID: "a1", Wake: func() { woken <- struct{}{} }, Log: quiet()})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = c.Run(ctx) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return c, woken, stop
}

func hear(t *testing.T, ch <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(2 * time.Minute):
		t.Fatal("nobody heard: " + what)
	}
}

func TestClient(t *testing.T) {
	b := newBroker(t)
	w := watch(t, b)
	topics := TopicsOf("a1")
	c, woken, stop := run(t, b.addr())
	c.SetHealth(HealthOK)
	hear(t, woken, "a poll after the connection")
	w.until(t, topics.Presence, Online)
	w.until(t, topics.Health, HealthOK)
	if !c.Online() {
		t.Error("does not know that it is online")
	}

	c.SetHealth(HealthCritical)
	w.until(t, topics.Health, HealthCritical)

	w.m.Publish(topics.Wake, 0, false, "x").WaitTimeout(5 * time.Second)
	hear(t, woken, "the wake-up")

	// A good-bye comes at once, without waiting for the last will.
	stop()
	w.until(t, topics.Presence, Offline)
	if c.Online() {
		t.Error("thinks that it is online")
	}
}

func TestClient_lastWill(t *testing.T) {
	b := newBroker(t)
	w := watch(t, b)
	// The agent's line goes through a wire of ours that can be cut.
	cut, addr := cable(t, b.address)
	_, woken, _ := run(t, "tcp://"+addr)
	hear(t, woken, "the connection")
	w.until(t, TopicsOf("a1").Presence, Online)
	cut()
	w.until(t, TopicsOf("a1").Presence, Offline)
	// The wire is whole again for new connections: the client comes back.
	hear(t, woken, "the second connection")
	w.until(t, TopicsOf("a1").Presence, Online)
}

func TestClient_brokerAway(t *testing.T) {
	b := newBroker(t)
	b.stop()
	c, woken, _ := run(t, b.addr())
	c.SetHealth(HealthWarning) // must not block
	if c.Online() {
		t.Error("online without a broker")
	}
	b.start()
	hear(t, woken, "the connection")
	watch(t, b).until(t, TopicsOf("a1").Health, HealthWarning)
}

// cable forwards connections to a server; cut ends those that are open.
func cable(t *testing.T, to string) (cut func(), addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			mu.Lock()
			open = append(open, near, far)
			mu.Unlock()
			go func() { _, _ = io.Copy(near, far); _ = near.Close() }()
			go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
		}
	}()
	cut = func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}
		open = nil
	}
	t.Cleanup(func() { _ = l.Close(); cut() })
	return cut, l.Addr().String()
}
