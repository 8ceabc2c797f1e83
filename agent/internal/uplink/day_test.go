package uplink

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/agent/internal/wake"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
	sim "github.com/chekan-io/chekan/sim/shtrih"
	"github.com/chekan-io/chekan/sim/vacant"
)

// randomDays is how many days of trade are played, and the seed of the first.
const (
	randomDays = 12
	firstSeed  = 2026
)

// TestRandomDays sells on a till while paper, cables, the network to the
// cabinet and the broker come and go. Whatever happens: every key has one
// document, and the cabinet ends up with what the fiscal memory holds, in
// order, once.
func TestRandomDays(t *testing.T) {
	for n := range randomDays {
		t.Run(fmt.Sprintf("seed %d", firstSeed+n), func(t *testing.T) {
			t.Parallel()
			playDay(t, rand.New(rand.NewPCG(firstSeed, uint64(n))))
		})
	}
}

func playDay(t *testing.T, rnd *rand.Rand) {
	const name = "касса"
	b := tilltest.Open(t, name)
	cab := newCabinet(t)
	a, _ := enrolled(t, cab, b.Journal, b.Fleet)
	broker := newDayBroker(t)
	w := wake.New(wake.Options{Broker: broker.addr(), AgentID: "a1", Wake: a.Wake, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() { defer close(gone); _ = w.Run(ctx) }()
	t.Cleanup(func() { stop(); <-gone })

	b.OpenShift(t, name)
	device, cable := b.Devices[name], b.Cables[name]
	asked := map[string]*fiscalv1.Operation{}
	sell := func(key string, patience time.Duration) *fiscalv1.Operation {
		op := tilltest.Sale(key, name)
		if old := asked[key]; old != nil {
			op = old
		}
		op.Receipt.Items[0].Price = 100 * int64(1+len(key)) // neighbours are often equal
		op.Receipt.Payments.Cash = 2 * op.GetReceipt().GetItems()[0].GetPrice()
		asked[key] = op
		got, err := b.Fleet.Insist(t.Context(), op, patience) // this shop knows that it sells equal things
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for i := range 40 {
		switch rnd.IntN(14) {
		case 0:
			device.InsertPaper(1 + rnd.IntN(30))
		case 1:
			device.InsertPaper(0)
		case 2:
			cable.Unplug()
		case 3:
			cable.Plug()
		case 4:
			cab.cable.set(true)
		case 5:
			cab.cable.set(false)
		case 6:
			cab.cable.cut()
		case 7:
			lose := rnd.IntN(3)
			cab.set(func() { cab.loseAnswer = func() bool { lose--; return lose >= 0 } })
		case 8:
			broker.stop()
		case 9:
			broker.start()
		case 10:
			device.Plan().Add(sim.Fault{Nth: rnd.IntN(30), Phase: sim.OnAnswer, At: rnd.IntN(8), Action: sim.CloseLink})
		default:
			sell(fmt.Sprintf("key-%d", i), 3*time.Second)
		}
	}
	// Evening: everything comes back, every key is asked for until it is done.
	device.Plan().Clear()
	cable.Plug()
	device.InsertPaper(0)
	cab.cable.set(false)
	cab.set(func() { cab.loseAnswer = nil })
	broker.start()
	fds := map[uint32]string{}
	for _, key := range slices.Sorted(maps.Keys(asked)) { // in the same order each time, as the seed promises
		var got *fiscalv1.Operation
		eventually(t, key+" is done", func() bool {
			if got = sell(key, 10*time.Second); got.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE {
				return true
			}
			_, _ = b.Fleet.Act(t.Context(), key, name, fiscalv1.Action_ACTION_FINISH_PRINT, func(*fiscalv1.Run) {})
			return false
		})
		if other := fds[got.GetDocument().GetFd()]; other != "" {
			t.Fatalf("%s and %s have FD %d", other, key, got.GetDocument().GetFd())
		}
		fds[got.GetDocument().GetFd()] = key
	}
	receipts := 0
	for _, d := range device.FN().List() {
		if d.Type == fiscal.DocReceipt {
			receipts++
		}
	}
	if receipts != len(asked) {
		t.Errorf("%d receipts asked for, the fiscal memory holds %d", len(asked), receipts)
	}
	a.Wake()
	acked(t, b.Journal, a)
	cab.mu.Lock()
	defer cab.mu.Unlock()
	for fd, key := range fds {
		if got := cab.ops[key].GetDocument(); got.GetFd() != fd {
			t.Errorf("the cabinet has %v for %s, the fiscal memory FD %d", got, key, fd)
		}
	}
	for i := 1; i < len(cab.seen); i++ {
		if cab.seen[i] <= cab.seen[i-1] {
			t.Errorf("cursor %d after %d", cab.seen[i], cab.seen[i-1])
		}
	}
}

// dayBroker is a real broker that can be switched off and on.
type dayBroker struct {
	t    *testing.T
	port int
	dir  string
	s    *server.Server
}

func newDayBroker(t *testing.T) *dayBroker {
	t.Helper()
	at, err := net.ResolveTCPAddr("tcp", vacant.Address(t))
	if err != nil {
		t.Fatal(err)
	}
	b := &dayBroker{t: t, port: at.Port, dir: t.TempDir()}
	b.start()
	t.Cleanup(b.stop)
	return b
}

func (b *dayBroker) addr() string { return "tcp://127.0.0.1:" + strconv.Itoa(b.port) }

func (b *dayBroker) start() {
	if b.s != nil {
		return
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "day", Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, JetStream: true, StoreDir: b.dir,
		MQTT: server.MQTTOpts{Host: "127.0.0.1", Port: b.port},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		b.t.Fatal("the broker does not start")
	}
	b.s = s
}

func (b *dayBroker) stop() {
	if b.s == nil {
		return
	}
	b.s.Shutdown()
	b.s.WaitForShutdown()
	b.s = nil
}
