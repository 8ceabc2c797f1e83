package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/chekan-io/chekan/agent/internal/config"
	sim "github.com/chekan-io/chekan/sim/shtrih"
	"github.com/chekan-io/chekan/sim/vacant"
)

// exposition runs an agent with a simulated till and reads its page as
// Prometheus does.
func exposition(t *testing.T) (families map[string]*dto.MetricFamily, text string) {
	t.Helper()
	device, err := sim.New(sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served, hangUp := context.WithCancel(context.Background())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = device.ServeTCP(served, c) }()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); hangUp(); _ = device.Close() })
	address := vacant.Address(t)
	cfg, err := config.Parse(fmt.Sprintf("data = %q\nlisten = \"127.0.0.1:0\"\nmetrics = %q\n[update]\nchannel = \"off\"\n[[till]]\nname = \"касса-1\"\nwire = \"tcp://%s\"\n", t.TempDir(), address, l.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, cfg, io.Discard, func() {}) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for late := time.Now().Add(patience); ; {
		text = read(t, "http://"+address+"/metrics")
		if strings.Contains(text, `chekan_agent_till_online{till="касса-1"} 1`) {
			break
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the agent stopped: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(late) {
			t.Fatalf("the till never comes up:\n%s", text)
		}
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err = parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return families, text
}

// read reads a page; empty while nobody answers.
func read(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestMetrics reads the page of a running agent, and holds the dashboard, the
// rules and the template of docs/monitoring to what is on it.
func TestMetrics(t *testing.T) {
	families, text := exposition(t)
	for _, secret := range []string{"9999078900", "7702203276", "Ромашка", "0000000000001"} {
		if strings.Contains(text, secret) {
			t.Errorf("the page tells %q", secret)
		}
	}
	for name, f := range families {
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
		if strings.HasSuffix(name, "_total") != (f.GetType() == dto.MetricType_COUNTER) {
			t.Errorf("%s is a %s", name, f.GetType())
		}
	}
	// Those without samples now are on the page by their help alone.
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# HELP (\S+)`).FindAllStringSubmatch(text, -1) {
		known[m[1]] = true
	}
	for _, name := range []string{
		"chekan_agent_till_online", "chekan_agent_till_problem", "chekan_agent_till_unfinished_operations", "chekan_agent_till_oldest_unsent_age_seconds",
		"chekan_agent_till_fn_days_left", "chekan_agent_till_paper_ready", "chekan_agent_till_unsent_documents", "chekan_agent_outbox_entries",
		"chekan_agent_journal_commits_total", "chekan_agent_journal_size_bytes", "chekan_agent_command_runs_total", "chekan_agent_wire_errors_total",
		"chekan_agent_update_pending", "chekan_agent_build_info", "process_resident_memory_bytes",
	} {
		if !known[name] {
			t.Errorf("%s is not on the page", name)
		}
	}
	// What appears with a delivery through the agent only.
	known["chekan_agent_till_ofd_delivered_total"], known["chekan_agent_till_ofd_failing"] = true, true
	used := monitored(t, "chekan_agent_")
	if len(used) < 10 {
		t.Fatalf("docs/monitoring uses %v", used)
	}
	for name, where := range used {
		if !known[name] {
			t.Errorf("%s uses %s, which no agent tells", where, name)
		}
	}
	if families["process_resident_memory_bytes"].GetMetric()[0].GetGauge().GetValue() < 1<<20 {
		t.Error("no memory")
	}
	if t.Failed() {
		t.Log(slices.Sorted(maps.Keys(known)))
	}
}

// monitored gives the metrics with a prefix that the files of docs/monitoring
// name, and where; every file must be read by a parser of its kind.
func monitored(t *testing.T, prefix string) map[string]string {
	t.Helper()
	dir := filepath.Join("..", "docs", "monitoring")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\b` + prefix + `[a-z0-9_]+`)
	used := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		var value any
		switch filepath.Ext(entry.Name()) {
		case ".json":
			err = json.Unmarshal(text, &value)
		}
		if err != nil {
			t.Errorf("%s: %v", entry.Name(), err)
		}
		for _, name := range names.FindAllString(string(text), -1) {
			used[name] = entry.Name()
		}
	}
	return used
}
