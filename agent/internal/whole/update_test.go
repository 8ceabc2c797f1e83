//go:build unix

package whole

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/installers/release/repository"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// build makes the agent of a version.
func build(t *testing.T, version string) (name string) {
	t.Helper()
	name = "agent-" + version
	out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w -X main.version="+version, "-o", filepath.Join(bin, "chekan-"+name), "github.com/chekan-io/chekan/agent").CombinedOutput()
	if err != nil {
		t.Fatalf("build %s: %v\n%s", version, err, out)
	}
	return name
}

// publisher signs releases and gives them to a cabinet.
type publisher struct {
	*repository.Dev
	dir string
}

func newPublisher(t *testing.T) *publisher {
	t.Helper()
	dir := t.TempDir()
	dev, err := repository.OpenDev(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &publisher{dev, dir}
}

func (p *publisher) root() string { return filepath.Join(p.dir, "root.json") }

func (p *publisher) publish(t *testing.T, c *cabinet, version, binary string) {
	t.Helper()
	err := p.Repository.Add(p.Release, repository.Release{
		Version: version, Channel: "stable", Notes: "Выпуск " + version, Writes: journal.Format, Reads: [2]int{journal.OldestFormat, journal.Format},
		Binaries: map[string]string{runtime.GOOS + "-" + runtime.GOARCH: binary},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(bin, "chekan-cloud"), "--data", c.data, "releases", "import", p.Dir, "--root", p.root()).CombinedOutput()
	if err != nil {
		t.Fatalf("import: %v\n%s", err, out)
	}
}

// rollOut begins a rollout to every agent and gives its id.
func (c *cabinet) rollOut(t *testing.T, version string) string {
	t.Helper()
	id := "to-" + version
	until(t, "the cabinet knows the release", func() bool {
		list, err := c.updates.ListReleases(t.Context(), &cabinetv1.ListReleasesRequest{})
		return err == nil && len(list.GetReleases()) > 0 && list.GetReleases()[0].GetVersion() == version
	})
	_, err := c.updates.StartRollout(t.Context(), &cabinetv1.StartRolloutRequest{
		Id: id, Version: version,
		// In that time the new version has to reach its till and the cabinet, on a crowded computer too.
		Plan: &cabinetv1.RolloutPlan{Share: 100, AbortPercent: 50, AbortAfter: 1, TrialSeconds: 20},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestUpdate brings a version from its signature to a till, and then one that cannot start.
func TestUpdate(t *testing.T) {
	p := newPublisher(t)
	c := newCabinet(t)
	data := filepath.Join(t.TempDir(), "data")
	a := &agent{data: data, config: filepath.Join(t.TempDir(), "agent.toml"), program: build(t, "1.0.0")}
	text := fmt.Sprintf("data = %q\nlisten = \"127.0.0.1:0\"\n\n[update]\nroot = %q\n\n[[till]]\nname = \"k\"\nwire = \"tcp://%s\"\n", data, p.root(), simulate(t, 7001))
	if err := os.WriteFile(a.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	a.env = []string{"CHEKAN_AGENT_CONFIG=" + a.config}
	a.start(t)
	a.ready(t)
	id := a.enrol(t, c)
	a.sell(t, "before")

	ended := func(rollout string, state cabinetv1.RolloutState) *cabinetv1.GetRolloutResponse {
		t.Helper()
		var last *cabinetv1.GetRolloutResponse
		until(t, rollout+" comes to its end", func() bool {
			got, err := c.updates.GetRollout(t.Context(), &cabinetv1.GetRolloutRequest{Id: rollout})
			if err == nil {
				last = got
			}
			return last.GetRollout().GetState() == state
		})
		return last
	}
	runs := func(version string) {
		t.Helper()
		a.meet(t)
		until(t, version+" runs", func() bool {
			text, err := os.ReadFile(filepath.Join(data, "door"))
			if err != nil {
				return false // between two versions
			}
			if a.door != strings.TrimSpace(string(text)) {
				a.meet(t)
			}
			status, err := a.technician.AgentStatus(t.Context(), &posv1.AgentStatusRequest{})
			return err == nil && status.GetVersion() == version && status.GetCloudOnline()
		})
	}

	p.publish(t, c, "1.1.0", filepath.Join(bin, "chekan-"+build(t, "1.1.0")))
	first := c.rollOut(t, "1.1.0")
	got := ended(first, cabinetv1.RolloutState_ROLLOUT_STATE_DONE)
	if n := got.GetRollout().GetCounts(); n.GetAll() != 1 || n.GetHealthy() != 1 {
		t.Errorf("counts: %v", n)
	}
	runs("1.1.0")
	a.sell(t, "with the new version")
	until(t, "the cabinet has both sales, and the version", func() bool {
		list := c.agents(t)
		return len(c.has(t, "before")) == 1 && len(c.has(t, "with the new version")) == 1 && len(list) == 1 && list[0].GetId() == id && list[0].GetVersion() == "1.1.0"
	})

	// Signed, and no program at all.
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte("no program"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.publish(t, c, "1.2.0", garbage)
	second := c.rollOut(t, "1.2.0")
	got = ended(second, cabinetv1.RolloutState_ROLLOUT_STATE_ABORTED)
	if n := got.GetRollout().GetCounts(); n.GetRolledBack() != 1 {
		t.Errorf("counts: %v", n)
	}
	if list := got.GetAgents(); len(list) != 1 || list[0].GetText() == "" || list[0].GetFrom() != "1.1.0" {
		t.Errorf("agents: %v", list)
	}
	runs("1.1.0")
	a.sell(t, "after the bad version")
	until(t, "the cabinet has the sale", func() bool { return len(c.has(t, "after the bad version")) == 1 })
	if !a.problem(t, "update_rolled_back") {
		t.Error("the agent does not say that it came back")
	}
}
