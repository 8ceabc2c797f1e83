package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/pack/sample"
)

// TestMetrics: a cabinet in which things happen counts them, names nobody, and the dashboard and the template of docs/monitoring ask
// for nothing that it does not tell.
func TestMetrics(t *testing.T) {
	storetest.Addresses(t, func(t *testing.T, address string) {
		cfg := settings(t, address)
		cfg.Metrics = "127.0.0.1:0"
		c, password := launch(t, cfg)
		admin := signIn(t, c, "admin", password)
		a := enrol(t, c, admin)
		a.report(t, "kassa-7")
		receipt := sample.New(1, true).Receipt()
		receipt.Till = "kassa-7"
		a.push(t, 5, receipt)
		till := admin.till(t).GetId()
		if _, err := admin.fleet.StartCommand(t.Context(), &cabinetv1.StartCommandRequest{Id: "c1", TillId: till, Action: fiscalv1.Action_ACTION_CHECK}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.FetchCommands(t.Context(), &uplinkv1.FetchCommandsRequest{}); err != nil {
			t.Fatal(err)
		}
		run := &fiscalv1.Run{Id: "c1", Till: "kassa-7", Action: fiscalv1.Action_ACTION_CHECK, Ended: true, Ok: true, Steps: []*fiscalv1.Step{{Code: "read_status"}}}
		if _, err := a.ReportRun(t.Context(), &uplinkv1.ReportRunRequest{Run: run}); err != nil {
			t.Fatal(err)
		}
		if _, err := admin.fleet.GetTill(t.Context(), &cabinetv1.GetTillRequest{Id: "nobody"}); err == nil {
			t.Fatal("a till that is not there")
		}
		text := page(t, c.metricsDoor.Addr().String(), "", http.StatusOK)
		page(t, c.metricsDoor.Addr().String(), "evil.example", http.StatusForbidden)
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"kassa-7", cfg.Organisation, "admin", till, "Чайная"} {
			if strings.Contains(text, secret) {
				t.Errorf("the page tells %q", secret)
			}
		}
		value := func(name string) float64 {
			f := families[name]
			if f == nil {
				t.Errorf("%s is not on the page", name)
				return 0
			}
			return f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
		if value("chekan_cloud_agents_online") != 1 || value("chekan_cloud_ingest_batches_total") != 1 || value("chekan_cloud_ingest_entries_total") != 1 || value("chekan_cloud_build_info") != 1 {
			t.Errorf("%s", text)
		}
		if n := observed(families["chekan_cloud_command_seconds"], map[string]string{"action": "check", "result": "done"}); n != 1 {
			t.Errorf("%d commands ended", n)
		}
		if n := observed(families["chekan_cloud_call_seconds"], map[string]string{"method": "cabinet.v1.FleetService/GetTill", "code": "not_found"}); n != 1 {
			t.Errorf("%d calls refused", n)
		}
		known := map[string]bool{}
		for name, f := range families {
			known[name] = true
			if f.GetHelp() == "" {
				t.Errorf("%s has no help", name)
			}
			if f.GetType() == dto.MetricType_HISTOGRAM {
				known[name+"_bucket"], known[name+"_count"], known[name+"_sum"] = true, true, true
			}
		}
		used := map[string]bool{}
		for _, name := range []string{"grafana-cabinet.json", "zabbix.json", "README.md"} {
			file, err := os.ReadFile(filepath.Join("..", "docs", "monitoring", name))
			if err != nil {
				t.Fatal(err)
			}
			for _, metric := range regexp.MustCompile(`\b(?:chekan_cloud_|process_)[a-z0-9_]+`).FindAllString(string(file), -1) {
				used[metric] = true
				if !known[metric] {
					t.Errorf("%s asks for %s, which the cabinet does not tell", name, metric)
				}
			}
		}
		if len(used) < 10 {
			t.Errorf("docs/monitoring asks for %v", used)
		}
	})
}

// observed is how often a histogram with these labels was.
func observed(f *dto.MetricFamily, labels map[string]string) uint64 {
	for _, m := range f.GetMetric() {
		same := 0
		for _, l := range m.GetLabel() {
			if labels[l.GetName()] == l.GetValue() {
				same++
			}
		}
		if same == len(labels) {
			return m.GetHistogram().GetSampleCount()
		}
	}
	return 0
}

// page reads the numbers, under another name when host is given.
func page(t *testing.T, address, host string, want int) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		r.Host = net.JoinHostPort(host, "80")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != want {
		t.Errorf("%s of %q", answer.Status, host)
	}
	return string(text)
}
