//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLaunch has the packaged agent become a later version, which is to reach a
// cabinet that is not there and therefore gives itself up: the agent as it is
// shipped, there and back under one process id.
func TestLaunch(t *testing.T) {
	dir := t.TempDir()
	packaged, later := filepath.Join(dir, "packaged"), filepath.Join(dir, "later")
	for version, path := range map[string]string{"1.0.0": packaged, "1.1.0": later} {
		if out, err := exec.Command("go", "build", "-ldflags", "-s -w -X main.version="+version, "-o", path, ".").CombinedOutput(); err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
	}
	const state = `{"format":1,"chosen":"1.1.0","trial":{"from":"1.0.0","seconds":1,"cloud":true}}`
	for _, how := range [][]string{{"run"}, {"run", "--child"}} {
		t.Run(strings.Join(how, " "), func(t *testing.T) {
			data := t.TempDir()
			versions := filepath.Join(data, "versions")
			settings := filepath.Join(data, "agent.toml")
			err := errors.Join(
				os.MkdirAll(filepath.Join(versions, "1.1.0"), 0o700), os.Link(later, filepath.Join(versions, "1.1.0", "chekan-agent")),
				os.WriteFile(filepath.Join(versions, "state.json"), []byte(state), 0o600),
				os.WriteFile(settings, fmt.Appendf(nil, "data = '%s'\nlisten = \"127.0.0.1:0\"\n", data), 0o600),
			)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(packaged, append([]string{"--config", settings}, how...)...)
			out, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			killer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
			defer killer.Stop()
			var ran []string
			for lines := bufio.NewScanner(out); lines.Scan(); {
				line := lines.Text()
				log.WriteString(line + "\n")
				if strings.Contains(line, `msg="agent starts"`) {
					_, version, _ := strings.Cut(line, "version=")
					version, _, _ = strings.Cut(version, " ")
					ran = append(ran, version)
				}
				if len(ran) == 2 && strings.Contains(line, `msg="door is open"`) {
					_ = cmd.Process.Signal(syscall.SIGTERM)
				}
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("it ended badly: %v", err)
			}
			if strings.Join(ran, " ") != "1.1.0 1.0.0" || !strings.Contains(log.String(), "не достучалась до кабинета") {
				t.Errorf("ran %v\n%s", ran, log.String())
			}
		})
	}
}
