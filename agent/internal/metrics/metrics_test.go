package metrics

import (
	"context"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// TestPage holds what is written against Prometheus' own parser.
func TestPage(t *testing.T) {
	p := new(Page)
	p.Add("a_total", Counter, "Things with \\ and\na second line.", 12345678901, "till", `к"1\`, "code", "x\ny")
	p.Add("a_total", Counter, "", 0.25, "till", "k", "code", "")
	p.Flag("b", "Yes.", true)
	p.Flag("c", "No.", false, "till", "bad \xff")
	p.Add("d", Gauge, "Infinite.", math.Inf(1))
	p.Add("e", Gauge, "Below all.", math.Inf(-1))
	p.Add("f", Gauge, "No number.", math.NaN())
	p.Declare("g", Gauge, "Nothing yet.")
	Process(p, time.UnixMilli(1_700_000_000_500))
	var text strings.Builder
	n, err := p.WriteTo(&text)
	if err != nil || n != int64(text.Len()) {
		t.Fatalf("%d of %d, %v", n, text.Len(), err)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text.String()))
	if err != nil {
		t.Fatalf("%v\n%s", err, &text)
	}
	a := families["a_total"]
	if a.GetType().String() != "COUNTER" || a.GetHelp() != "Things with \\ and\na second line." || len(a.GetMetric()) != 2 {
		t.Errorf("%v", a)
	}
	first := a.GetMetric()[0]
	if first.GetCounter().GetValue() != 12345678901 || first.GetLabel()[0].GetValue() != `к"1\` || first.GetLabel()[1].GetValue() != "x\ny" {
		t.Errorf("%v", first)
	}
	value := func(name string) float64 { return families[name].GetMetric()[0].GetGauge().GetValue() }
	if value("b") != 1 || value("c") != 0 || !math.IsInf(value("d"), 1) || !math.IsInf(value("e"), -1) || !math.IsNaN(value("f")) {
		t.Errorf("%s", &text)
	}
	if value("process_start_time_seconds") != 1_700_000_000.5 || value("go_goroutines") < 1 || value("process_resident_memory_bytes") < 1<<20 {
		t.Errorf("%s", &text)
	}
}

func TestCounts(t *testing.T) {
	var c Counts
	c.Add("runs_total", 1, "check", "done")
	c.Add("runs_total", 2, "check", "done")
	c.Add("runs_total", 1, "reboot", "failed")
	p := new(Page)
	c.Put(p, "runs_total", "Runs.", "action", "result")
	c.Put(p, "never_total", "Never.", "action")
	var text strings.Builder
	if _, err := p.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	want := "# HELP runs_total Runs.\n# TYPE runs_total counter\n" +
		"runs_total{action=\"check\",result=\"done\"} 3\nruns_total{action=\"reboot\",result=\"failed\"} 1\n" +
		"# HELP never_total Never.\n# TYPE never_total counter\n"
	if text.String() != want {
		t.Errorf("got\n%s", &text)
	}
}

// TestHandler answers this computer and no page in a browser under a name of its own.
func TestHandler(t *testing.T) {
	h := Handler(func(context.Context) *Page { p := new(Page); p.Flag("up", "Up.", true); return p })
	for _, tt := range []struct {
		method, path, host string
		want               int
	}{
		{"GET", "/metrics", "127.0.0.1:9177", 200},
		{"GET", "/metrics", "localhost:9177", 200},
		{"GET", "/metrics", "[::1]:9177", 200},
		{"GET", "/metrics", "evil.example", 403},
		{"GET", "/metrics", "192.168.1.5:9177", 403},
		{"POST", "/metrics", "127.0.0.1:9177", 405},
		{"GET", "/", "127.0.0.1:9177", 404},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(tt.method, "http://x"+tt.path, http.NoBody)
		r.Host = tt.host
		h.ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%s %s of %s: %d, want %d", tt.method, tt.path, tt.host, w.Code, tt.want)
		}
	}
}

// TestServe: an address that is taken stops nothing, and the end comes with the context.
func TestServe(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	gather := func(context.Context) *Page { return new(Page) }
	if err := Serve(t.Context(), strings.TrimPrefix(taken.URL, "http://"), gather, log); err != nil {
		t.Error(err)
	}
	if err := Serve(t.Context(), "", gather, log); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	said, say := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, "127.0.0.1:0", gather, slog.New(slog.NewTextHandler(say, nil))) }()
	line := make([]byte, 500)
	n, err := said.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	_, address, _ := strings.Cut(string(line[:n]), "address=")
	answer, err := http.Get(strings.TrimSpace(address))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK || !strings.Contains(answer.Header.Get("Content-Type"), "version=0.0.4") {
		t.Errorf("%s %s", answer.Status, answer.Header)
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
