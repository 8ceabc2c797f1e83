//go:build bench

package api

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sync/errgroup"

	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
)

var benchAgents = flag.Int("agents", 5000, "how many agents TestBenchLive has; its goals are for 5000")

// TestBenchLive has five thousand agents on the line, a TLS connection and a till each, five in an outlet, and a page open: how soon a
// change of one till is on that page, and how soon the page has its first rows.
func TestBenchLive(t *testing.T) {
	for _, kind := range []struct {
		name    string
		address func(t testing.TB) string
	}{{"sqlite", storetest.SQLite}, {"postgres", storetest.Postgres}} {
		t.Run(kind.name, func(t *testing.T) { benchLive(t, kind.name, kind.address(t)) })
	}
}

func benchLive(t *testing.T, name, address string) {
	// Every till is told of anew once a minute; a page sees a change of some till every 12 ms.
	const changes = 1500
	agents := *benchAgents
	pace := time.Minute / time.Duration(agents)
	b := newBench(t, address)
	ctx := context.WithoutCancel(t.Context())
	clients := make([]uplinkv1connect.UplinkServiceClient, agents)
	report := func(i int, fd uint32) error {
		now := time.Now()
		_, err := clients[i].ReportState(ctx, &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{{
			Till: "kassa", Driver: "shtrih", Model: "ШТРИХ-М-01Ф", Serial: fmt.Sprintf("%016d", i), Rnm: fmt.Sprintf("%016d", i), Fn: fmt.Sprintf("99990789%08d", i),
			FnExpiry: now.AddDate(1, 0, 0).Format(time.DateOnly), Firmware: "B.4", Ffd: "1.2", Online: true, Shift: 17, ShiftOpen: true, Receipt: 4, LastFd: fd,
			LastAt: now.Format("2006-01-02T15:04"), Clock: now.Format("2006-01-02T15:04:05"), ReadMs: now.UnixMilli(), Paper: fiscalv1.Paper_PAPER_READY,
		}}})
		return err
	}
	var group errgroup.Group
	group.SetLimit(16)
	for i := range agents {
		group.Go(func() error {
			clients[i] = b.agent(t, fmt.Sprint("shop ", i/5))
			return report(i, 1)
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	page := b.page(t)
	took := make([]time.Duration, 0, 20)
	for range cap(took) {
		took = append(took, openPage(t, page, agents))
	}
	fmt.Fprintf(t.Output(), "BENCH tills_first_rows_%s %.1f ms <=300\n", name, ms(quantile(took, 0.95)))
	began := time.Now()
	if res, err := page.ListTills(ctx, &cabinetv1.ListTillsRequest{}); err != nil || len(res.GetTills()) != agents {
		t.Fatal(err)
	}
	fmt.Fprintf(t.Output(), "alone, all %d tills in %v\n", agents, time.Since(began).Round(time.Millisecond))

	watching, stop := context.WithCancel(ctx)
	defer stop()
	stream, err := page.Watch(watching, &cabinetv1.WatchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for stream.Receive() && stream.Msg().GetChange() != nil { // as things are now; an empty one ends it
	}
	var mu sync.Mutex
	sent := map[uint32]time.Time{}
	seen := make([]time.Duration, 0, changes)
	all := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		for stream.Receive() {
			fd := stream.Msg().GetTill().GetState().GetLastFd()
			mu.Lock()
			if at, ours := sent[fd]; ours {
				delete(sent, fd)
				if seen = append(seen, time.Since(at)); len(seen) == changes {
					close(all)
				}
			}
			mu.Unlock()
		}
		ended <- stream.Err()
	}()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for n := range changes {
		<-tick.C
		fd := uint32(100 + n)
		mu.Lock()
		sent[fd] = time.Now()
		mu.Unlock()
		group.Go(func() error { return report(n*7%agents, fd) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-all:
	case err := <-ended:
		t.Fatalf("the stream ended: %v", err)
	case <-time.After(time.Minute):
		t.Fatalf("%d of %d changes reached the page", len(seen), changes)
	}
	stop()
	if err := <-ended; err != nil && connect.CodeOf(err) != connect.CodeCanceled && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	fmt.Fprintf(t.Output(), "BENCH live_change_%s %.1f ms <=1000\n", name, ms(quantile(seen, 0.99)))
}

// openPage asks for what the page of tills asks for when it is opened: the first rows and the stream, which begins with all tills, and
// then all rows. It gives how long the first rows took.
func openPage(t *testing.T, page cabinetv1connect.FleetServiceClient, agents int) time.Duration {
	t.Helper()
	ctx, leave := context.WithCancel(context.WithoutCancel(t.Context()))
	defer leave()
	var beside errgroup.Group
	began := time.Now()
	beside.Go(func() error {
		stream, err := page.Watch(ctx, &cabinetv1.WatchRequest{})
		if err != nil {
			return err
		}
		for stream.Receive() && stream.Msg().GetChange() != nil {
		}
		return stream.Err()
	})
	res, err := page.ListTills(ctx, &cabinetv1.ListTillsRequest{Limit: 100})
	took := time.Since(began)
	if err != nil || int(res.GetTotal()) != agents || len(res.GetTills()) != 100 {
		t.Fatalf("%d of %d tills, %v", len(res.GetTills()), res.GetTotal(), err)
	}
	if res, err := page.ListTills(ctx, &cabinetv1.ListTillsRequest{}); err != nil || len(res.GetTills()) != agents {
		t.Fatalf("%d of %d tills, %v", len(res.GetTills()), agents, err)
	}
	if err := beside.Wait(); err != nil {
		t.Fatal(err)
	}
	return took
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// quantile is the part q of durations that took no longer.
func quantile(list []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// page signs in at the cabinet's door.
func (b *bench) page(t *testing.T) cabinetv1connect.FleetServiceClient {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	door := httptest.NewServer(b.server.Cabinet(http.NotFoundHandler()))
	t.Cleanup(door.Close)
	client := &http.Client{Jar: jar}
	if _, err := cabinetv1connect.NewAccessServiceClient(client, door.URL).SignIn(context.WithoutCancel(t.Context()), &cabinetv1.SignInRequest{Login: b.login, Password: b.password}); err != nil {
		t.Fatal(err)
	}
	return cabinetv1connect.NewFleetServiceClient(client, door.URL)
}
