// Package metrics gives the numbers of a cabinet to Prometheus: calls by method and code with their durations, agents that are
// here, what is taken in and what waits, the pools of the database, and how long commands take to their end.
//
// It names no organisation, person, outlet or till: one page is for whoever runs the server, and tenants share it. The listener
// takes loopback addresses only; docs/monitoring tells what the names mean.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Pool is one pool of connections to the database.
type Pool struct {
	Name             string
	Open, InUse, Max int
	Waits            int64
	Waited           time.Duration
}

// Sources are asked at every question for the page.
type Sources struct {
	// Agents is how many agents are here; Watchers how many pages are watched live.
	Agents, Watchers func() int
	// Queue is how many batches wait to be written.
	Queue func() int
	// Pools are the pools of the database.
	Pools func() []Pool
}

// Metrics is the page.
type Metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.HistogramVec
	entries  prometheus.Counter
	batches  prometheus.Counter
	commands *prometheus.HistogramVec
}

// New makes the page of a cabinet of this version.
func New(version string, s Sources) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chekan_cloud_call_seconds", Help: "Calls by method and code, and how long they took; long polls and live pages wait on purpose.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"method", "code"}),
		entries: prometheus.NewCounter(prometheus.CounterOpts{Name: "chekan_cloud_ingest_entries_total", Help: "Entries of journals taken in."}),
		batches: prometheus.NewCounter(prometheus.CounterOpts{Name: "chekan_cloud_ingest_batches_total", Help: "Batches they came in."}),
		commands: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chekan_cloud_command_seconds", Help: "Commands by action and how they ended: from the order to the end.",
			Buckets: []float64{.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200},
		}, []string{"action", "result"}),
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	m.registry.MustRegister(
		m.calls, m.entries, m.batches, m.commands, &pools{s.Pools},
		gauge("chekan_cloud_agents_online", "Agents that are here.", func() float64 { return float64(s.Agents()) }),
		gauge("chekan_cloud_live_pages", "Pages of the cabinet watched live.", func() float64 { return float64(s.Watchers()) }),
		gauge("chekan_cloud_ingest_queue", "Batches that wait to be written.", func() float64 { return float64(s.Queue()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "chekan_cloud_build_info", Help: "Version and platform of the cabinet; always 1.",
			ConstLabels: prometheus.Labels{"version": version, "platform": runtime.GOOS + "/" + runtime.GOARCH},
		}, func() float64 { return 1 }),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Call counts a call that has ended; code is empty when it went well.
func (m *Metrics) Call(procedure, code string, took time.Duration) {
	if code == "" {
		code = "ok"
	}
	method := strings.TrimPrefix(procedure, "/") // cabinet.v1.FleetService/ListTills
	m.calls.WithLabelValues(method, code).Observe(took.Seconds())
}

// Ingested counts a batch of so many entries.
func (m *Metrics) Ingested(entries int) {
	m.batches.Inc()
	m.entries.Add(float64(entries))
}

// CommandEnded counts a command.
func (m *Metrics) CommandEnded(action, result string, took time.Duration) {
	m.commands.WithLabelValues(action, result).Observe(took.Seconds())
}

// pools tells of the database's pools as they are now.
type pools struct{ now func() []Pool }

var (
	poolOpen   = prometheus.NewDesc("chekan_cloud_database_connections", "Open connections of a pool.", []string{"pool"}, nil)
	poolInUse  = prometheus.NewDesc("chekan_cloud_database_connections_in_use", "Those in use.", []string{"pool"}, nil)
	poolMax    = prometheus.NewDesc("chekan_cloud_database_connections_max", "The most it opens; 0 has no limit.", []string{"pool"}, nil)
	poolWaits  = prometheus.NewDesc("chekan_cloud_database_waits_total", "How often somebody waited for a connection.", []string{"pool"}, nil)
	poolWaited = prometheus.NewDesc("chekan_cloud_database_wait_seconds_total", "How long they waited together.", []string{"pool"}, nil)
)

// Describe implements prometheus.Collector.
func (*pools) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolOpen, poolInUse, poolMax, poolWaits, poolWaited} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (p *pools) Collect(to chan<- prometheus.Metric) {
	for _, pool := range p.now() {
		put := func(d *prometheus.Desc, kind prometheus.ValueType, value float64) {
			to <- prometheus.MustNewConstMetric(d, kind, value, pool.Name)
		}
		put(poolOpen, prometheus.GaugeValue, float64(pool.Open))
		put(poolInUse, prometheus.GaugeValue, float64(pool.InUse))
		put(poolMax, prometheus.GaugeValue, float64(pool.Max))
		put(poolWaits, prometheus.CounterValue, float64(pool.Waits))
		put(poolWaited, prometheus.CounterValue, pool.Waited.Seconds())
	}
}

// Handler answers GET /metrics to whoever names this computer as it names itself.
func (m *Metrics) Handler() http.Handler {
	page := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if !ours(r.Host) {
			http.Error(w, "not under this name", http.StatusForbidden)
			return
		}
		page.ServeHTTP(w, r)
	})
	return mux
}

// ours keeps pages in a browser from reading this one under a name of theirs.
func ours(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Serve answers on the listener until ctx ends.
func (m *Metrics) Serve(ctx context.Context, l net.Listener, log *slog.Logger) error {
	s := &http.Server{
		Handler: m.Handler(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 8 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) && ctx.Err() == nil {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return nil
}
