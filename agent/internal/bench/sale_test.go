//go:build bench && linux

package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/pos"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/proto/gen/pos/v1/posv1connect"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/port"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

const token = "bench"

func line(t *testing.T, name string, value float64, unit, goal string) {
	t.Helper()
	_, _ = fmt.Fprintf(t.Output(), "BENCH %s %.4g %s %s\n", name, value, unit, goal)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func median(v []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(v))[len(v)/2]
}

// bearer carries the token of the door.
type bearer struct{}

func (bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return http.DefaultTransport.RoundTrip(r)
}

// onPty serves a new till, with its shift open, and returns a driver on it.
func onPty(t *testing.T, baud int, timing sim.Timing) drivers.Till {
	t.Helper()
	device, err := sim.New(sim.Options{Timing: timing})
	must(t, err)
	path := filepath.Join(t.TempDir(), "tty")
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		served <- port.Pty(ctx, path, device.WaitReady, func(ctx context.Context, rwc io.ReadWriteCloser) error {
			return device.Serve(ctx, port.Paced(rwc, baud))
		}, func(error) {})
	}()
	t.Cleanup(func() {
		cancel()
		must(t, <-served)
		must(t, device.Close())
	})
	dial, err := wire.Dialer("serial://"+path+"?baud=115200", wire.Options{LockDir: t.TempDir()})
	must(t, err)
	d := shtrih.New(dial, shtrih.Options{})
	limit, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	for {
		if _, err = d.OpenShift(limit, fiscal.Cashier{Name: "Иванова А. П."}); err == nil {
			return d
		}
		if limit.Err() != nil {
			t.Fatal(err)
		}
	}
}

// fleet is the agent around one till, with its door on loopback.
type fleet struct {
	journal *journal.Journal
	client  posv1connect.PosServiceClient
}

// agentOn makes an agent around the till.
func agentOn(t *testing.T, device drivers.Till) fleet {
	t.Helper()
	j, err := journal.Open(t.Context(), t.TempDir(), journal.Options{})
	must(t, err)
	log := slog.New(slog.DiscardHandler)
	f, err := till.NewFleet([]till.Config{{Name: "kassa", Driver: "shtrih", Device: device}}, j, log)
	must(t, err)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	server := &http.Server{Handler: pos.NewHandler(f, j, nil, pos.Options{Token: token, Log: log}), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(l) }()
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- f.Run(ctx) }()
	t.Cleanup(func() {
		_ = server.Close()
		cancel()
		must(t, <-stopped)
		must(t, j.Close())
	})
	return fleet{journal: j, client: posv1connect.NewPosServiceClient(&http.Client{Transport: bearer{}}, "http://"+l.Addr().String())}
}

// goods are the lines of the sale: a usual receipt has about three.
var goods = []fiscal.Item{
	{Name: "Хлеб «Бородинский» нарезной 390 г", Quantity: 1_000_000, Price: 6490, VAT: fiscal.VAT10},
	{Name: "Сыр «Российский»", Quantity: 345_000, Price: 79900, VAT: fiscal.VAT22},
	{Name: "Пакет-майка", Quantity: 2_000_000, Price: 790, VAT: fiscal.VAT22},
}

func receipt() fiscal.Receipt {
	return fiscal.Receipt{
		Kind: fiscal.Sale, Items: goods, Cashier: fiscal.Cashier{Name: "Иванова А. П."}, Payments: fiscal.Payments{Cash: 100000},
		TaxSystem: 1,
	}
}

func receiptProto() *fiscalv1.Receipt {
	r := &fiscalv1.Receipt{Payments: &fiscalv1.Payments{Cash: 100000}, TaxSystem: 1}
	for _, g := range goods {
		r.Items = append(r.Items, &fiscalv1.Item{Name: g.Name, Quantity: g.Quantity.String(), Price: int64(g.Price), Vat: g.VAT.Name()})
	}
	return r
}

// bare does with the driver what the agent does with it in a sale: look, take
// the baseline, sell.
func bare(t *testing.T, d drivers.Till) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	began := time.Now()
	_, err := d.Status(ctx)
	must(t, err)
	_, err = d.Baseline(ctx)
	must(t, err)
	_, err = d.Register(ctx, receipt())
	must(t, err)
	return time.Since(began)
}

// sold sells through the door of the agent.
func (f fleet) sold(t *testing.T, key string) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	began := time.Now()
	r, err := f.client.Submit(ctx, &posv1.SubmitRequest{
		Key: key, Till: "kassa", Kind: fiscalv1.Kind_KIND_SALE, Receipt: receiptProto(), Cashier: &fiscalv1.Cashier{Name: "Иванова А. П."},
	})
	must(t, err)
	took := time.Since(began)
	if op := r.GetOperation(); op.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
		t.Fatalf("%s: %s", op.GetOutcome(), op.GetText())
	}
	return took
}

// compare sells on two like tills turn about, and returns the medians of the
// bare driver and of the agent, and the durable commits a sale waited for.
func compare(t *testing.T, baud int, timing sim.Timing, sales int) (driver, agent time.Duration, commits float64) {
	t.Helper()
	d := onPty(t, baud, timing)
	f := agentOn(t, onPty(t, baud, timing))
	var bares, solds []time.Duration
	var durable uint64
	for i := range sales + 3 {
		b := bare(t, d)
		before := f.journal.Stats().Commits
		s := f.sold(t, fmt.Sprintf("sale-%d", i))
		if i < 3 { // both learn the device first
			continue
		}
		durable += f.journal.Stats().Commits - before
		bares, solds = append(bares, b), append(solds, s)
	}
	return median(bares), median(solds), float64(durable) / float64(sales)
}

// TestBenchSale_real is a sale on a till as slow as real ones are.
func TestBenchSale_real(t *testing.T) {
	driver, agent, commits := compare(t, 115200, sim.RealTiming, 15)
	t.Logf("driver %v, agent %v", driver, agent)
	line(t, "sale_overhead", float64(agent-driver)/float64(driver), "ratio", "<=0.05")
	line(t, "sale_commits", commits, "commits", "<=2")
}

// TestBenchSale_wire is a sale on a till that thinks no time at all: only the
// wire is slow.
func TestBenchSale_wire(t *testing.T) {
	driver, agent, _ := compare(t, 115200, sim.Timing{}, 40)
	t.Logf("driver %v, agent %v", driver, agent)
	line(t, "sale_overhead_wire", float64(agent-driver)/float64(driver), "ratio", "<=0.05")
}

// TestBenchSale_unpaced is a sale on a till that costs no time.
func TestBenchSale_unpaced(t *testing.T) {
	driver, agent, _ := compare(t, 0, sim.Timing{}, 200)
	t.Logf("driver %v, agent %v", driver, agent)
	line(t, "sale_overhead_ms", float64(agent-driver)/float64(time.Millisecond), "ms", "<=3")
}
