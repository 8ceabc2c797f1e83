//go:build bench && linux

package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// TestBenchUpdate_switch is for how long the shop's software is without the agent when another version takes over: from
// the last answer of the one to the first of the other that has seen both tills. The way back is measured: it is
// the same way, and needs no cabinet. Version 1.1.0 is on trial and has to reach a cabinet that is not there.
func TestBenchUpdate_switch(t *testing.T) {
	exe, later := release(t, "1.0.0"), release(t, "1.1.0")
	tills := [2]string{onTCP(t, 4239), onTCP(t, 4240)}
	var gaps []time.Duration
	for range 3 {
		t.Run("switch", func(t *testing.T) {
			dir := t.TempDir()
			place := filepath.Join(dir, "versions", "1.1.0")
			must(t, os.MkdirAll(place, 0o700))
			binary, err := os.ReadFile(later)
			must(t, err)
			must(t, os.WriteFile(filepath.Join(place, "chekan-agent"), binary, 0o700))
			state := `{"format":1,"chosen":"1.1.0","trial":{"from":"1.0.0","seconds":5,"cloud":true}}`
			must(t, os.WriteFile(filepath.Join(dir, "versions", "state.json"), []byte(state), 0o600))
			p := startAgent(t, exe, dir, tills)
			p.untilOnline(t)
			gaps = append(gaps, p.untilAnother(t, "1.1.0", "1.0.0"))
		})
	}
	t.Logf("without service for %v", gaps)
	line(t, "update_switch", median(gaps).Seconds(), "s", "<=2")
}

// release builds the agent as a version.
func release(t *testing.T, version string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chekan-agent")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version="+version, "-o", path, "github.com/chekan-io/chekan/agent")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the agent: %v\n%s", err, out)
	}
	return path
}

// untilAnother asks for the tills again and again while one version gives way to another, and gives the longest time
// in which it did not hear that both are there.
func (p *process) untilAnother(t *testing.T, from, to string) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var longest time.Duration
	for last := time.Now(); ctx.Err() == nil; {
		r, err := p.client.ListTills(ctx, &posv1.ListTillsRequest{})
		there := err == nil && len(r.GetTills()) == 2
		for _, s := range r.GetTills() {
			there = there && s.GetOnline()
		}
		if !there {
			wait(t, 2*time.Millisecond)
			continue
		}
		now := time.Now()
		longest, last = max(longest, now.Sub(last)), now
		if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.cmd.Process.Pid)); err == nil && filepath.Base(filepath.Dir(exe)) != from {
			return longest
		}
		wait(t, 2*time.Millisecond)
	}
	t.Fatalf("version %s never runs\n%s", to, p.log.String())
	return 0
}
