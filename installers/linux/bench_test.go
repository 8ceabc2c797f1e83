//go:build bench

package linux_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func line(t *testing.T, name string, value float64, unit, goal string) {
	t.Helper()
	_, _ = fmt.Fprintf(t.Output(), "BENCH %s %.4g %s %s\n", name, value, unit, goal)
}

const megabyte = 1e6

// TestBenchPackage is the agent as it is shipped for amd64: the program, and the
// biggest of its packages.
func TestBenchPackage(t *testing.T) {
	dir := packages(t, older)
	program := unpack(t, one(t, dir, "chekan-agent_*_x86_64.apk"))["usr/bin/chekan-agent"]
	line(t, "agent_binary", float64(program.size)/megabyte, "MB", "<=20")
	var biggest int64
	for _, pattern := range []string{"chekan-agent_*.deb", "chekan-agent-*.rpm", "chekan-agent_*.apk"} {
		st, err := os.Stat(one(t, dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		biggest = max(biggest, st.Size())
	}
	line(t, "agent_package", float64(biggest)/megabyte, "MB", "<=9")
}

// TestBenchInstall is from the command to the running service, on a Debian that
// has booted.
func TestBenchInstall(t *testing.T) {
	needs(t)
	agent, _ := debs(t, older)
	m := boot(t)
	m.put(t, agent)
	began := time.Now()
	m.run(t, "apt-get install -qq --no-install-recommends ./"+filepath.Base(agent))
	eventually(t, m.active)
	line(t, "deb_install", time.Since(began).Seconds(), "s", "<=5")
}
