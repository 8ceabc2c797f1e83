//go:build bench && linux

package bench

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/proto/gen/pos/v1/posv1connect"
	"github.com/chekan-io/chekan/sim/port"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// backlog is how many documents the cabinet has not heard of.
const backlog = 100_000

// idleFor is how long an idle agent is watched.
const idleFor = 30 * time.Second

// program builds the agent as it is shipped.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chekan-agent")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "github.com/chekan-io/chekan/agent")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the agent: %v\n%s", err, out)
	}
	return path
}

// onTCP serves a simulated till on a port of loopback and gives its address.
func onTCP(t *testing.T, serial uint32) string {
	t.Helper()
	device, err := sim.New(sim.Options{Serial: serial, Timing: sim.RealTiming})
	must(t, err)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- port.TCP(ctx, l, device.ServeTCP, func(error) {}) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-served)
		must(t, device.Close())
	})
	return l.Addr().String()
}

// process is a running agent.
type process struct {
	cmd    *exec.Cmd
	client posv1connect.PosServiceClient
	ready  time.Duration // from the start to the first answer at the door
	log    bytes.Buffer
}

// startAgent starts the program in the folder, with two tills, and waits until
// its door answers.
func startAgent(t *testing.T, exe, dir string, tills [2]string) *process {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	must(t, l.Close())
	config := fmt.Sprintf("data = '%s'\nlisten = %q\n", dir, address)
	for i, wire := range tills {
		config += fmt.Sprintf("[[till]]\nname = \"kassa-%d\"\nwire = \"tcp://%s\"\n", i+1, wire)
	}
	settings := filepath.Join(t.TempDir(), "agent.toml")
	must(t, os.WriteFile(settings, []byte(config), 0o600))
	must(t, os.MkdirAll(dir, 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "token"), []byte(token+"\n"), 0o600))

	p := &process{
		cmd:    exec.Command(exe, "--config", settings, "run"), // it is stopped gently, below
		client: posv1connect.NewPosServiceClient(&http.Client{Transport: bearer{}}, "http://"+address),
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	began := time.Now()
	must(t, p.cmd.Start())
	t.Cleanup(func() {
		must(t, p.cmd.Process.Signal(syscall.SIGTERM))
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("the agent ended badly: %v\n%s", err, p.log.String())
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		if _, err = p.client.ListTills(ctx, &posv1.ListTillsRequest{}); err == nil {
			p.ready = time.Since(began)
			return p
		}
		if ctx.Err() != nil {
			t.Fatalf("the door does not open: %v\n%s", err, p.log.String())
		}
		wait(t, time.Millisecond)
	}
}

func wait(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// untilOnline waits until both tills have answered.
func (p *process) untilOnline(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		r, err := p.client.ListTills(ctx, &posv1.ListTillsRequest{})
		must(t, err)
		online := 0
		for _, s := range r.GetTills() {
			if s.GetOnline() {
				online++
			}
		}
		if online == 2 {
			return
		}
		wait(t, 50*time.Millisecond)
	}
}

// resident is the memory of the process as the kernel counts it, MB.
func (p *process) resident(t *testing.T) float64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	must(t, err)
	for l := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(l, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			must(t, err)
			return kb / 1024
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// processor is the time of processor the process has used, in clock ticks of
// a hundredth of a second (proc(5), fields 14 and 15 of stat).
func (p *process) processor(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	must(t, err)
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold spaces
	fields := strings.Fields(rest)
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		must(t, err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// idle watches the agent do nothing: the most memory seen, and the share of
// one processor it took.
func (p *process) idle(t *testing.T) (memory, share float64) {
	t.Helper()
	p.untilOnline(t)
	wait(t, 3*time.Second) // what the start has used is not idleness
	began, before := time.Now(), p.processor(t)
	for time.Since(began) < idleFor {
		wait(t, time.Second)
		memory = max(memory, p.resident(t))
	}
	return memory, float64(p.processor(t)-before) / float64(time.Since(began)) * 100
}

// TestBenchProcess_idle is an agent with two tills and nothing to do.
func TestBenchProcess_idle(t *testing.T) {
	p := startAgent(t, program(t), t.TempDir(), [2]string{onTCP(t, 4239), onTCP(t, 4240)})
	memory, share := p.idle(t)
	line(t, "agent_memory_idle", memory, "MB", "<=35")
	line(t, "agent_cpu_idle", share, "%", "<=0.5")
}

// TestBenchProcess_backlog is an agent that the cabinet has not answered for
// months.
func TestBenchProcess_backlog(t *testing.T) {
	exe, dir := program(t), t.TempDir()
	fill(t, filepath.Join(dir, "journal"))
	tills := [2]string{onTCP(t, 4239), onTCP(t, 4240)}
	var ready []time.Duration
	for range 2 {
		t.Run("start", func(t *testing.T) { ready = append(ready, startAgent(t, exe, dir, tills).ready) })
	}
	p := startAgent(t, exe, dir, tills)
	ready = append(ready, p.ready)
	memory, _ := p.idle(t)
	t.Logf("ready after %v", ready)
	line(t, "agent_ready_100k", median(ready).Seconds(), "s", "<=0.5")
	line(t, "agent_memory_100k", memory, "MB", "<=60")
}

// fill makes a journal with a backlog of concluded sales.
func fill(t *testing.T, dir string) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o700))
	j, err := journal.Open(t.Context(), dir, journal.Options{})
	must(t, err)
	const callers = 500
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for i := range backlog / callers {
				n := c*(backlog/callers) + i
				if err := j.Conclude(t.Context(), concluded(n)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	must(t, j.Close())
}

func concluded(n int) *journalv1.Record {
	// Three months of a busy shop, the last one an hour ago.
	now := time.Now().Add(-time.Hour - time.Duration(backlog-n)*80*time.Second).UnixMilli()
	// Keys of shops are random: version 4 UUIDs, mostly.
	key := fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(n)*2654435761, n)
	return &journalv1.Record{
		Version: 1, BodyHash: make([]byte, 32), Begun: true, Serial: "0000000000004239",
		Operation: &fiscalv1.Operation{
			Key: key, Till: "kassa-1", Kind: fiscalv1.Kind_KIND_SALE, Receipt: receiptProto(), Cashier: &fiscalv1.Cashier{Name: "Иванова А. П."},
			Stage: fiscalv1.Stage_STAGE_ENDED, Outcome: fiscalv1.Outcome_OUTCOME_DONE, Text: "Чек пробит.", Attempt: 1,
			AcceptedMs: now, EndedMs: now, Paper: fiscalv1.PaperTrack_PAPER_TRACK_PRINTED,
			Document: &fiscalv1.Document{
				Fn: "9999078902000001", Fd: uint32(n + 2), Fp: uint32(n) * 2654435761, Type: 3, At: "2026-11-21T10:00", Kind: fiscalv1.Kind_KIND_SALE,
				Total: receiptProto().GetPayments().GetCash(), Shift: 1, Receipt: uint32(n + 1), Qr: "t=20261121T1000&s=1000.00&fn=9999078902000001&i=2&fp=1&n=1",
			},
		},
	}
}
