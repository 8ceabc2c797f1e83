// These tests install the packages in a Debian that boots, under
// systemd-nspawn, and do to them what befalls a shop: a kill, an upgrade, a
// removal, a curious user. docs/install.md is followed word by word.
package linux_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Versions of the packages made for the tests.
const (
	older = "1.0.0"
	newer = "1.0.1"
)

var made struct {
	sync.Mutex
	dirs map[string]string
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range made.dirs {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// contents are what the tests need of each version.
var contents = map[string]string{
	older: "agent,sim,amd64,deb,rpm,apk",
	newer: "agent,sim,cloud,amd64,deb",
}

// packages makes the packages of a version once, and returns their folder.
func packages(t *testing.T, version string) string {
	t.Helper()
	made.Lock()
	defer made.Unlock()
	if dir := made.dirs[version]; dir != "" {
		return dir
	}
	dir, err := os.MkdirTemp("", "chekan-installers")
	if err != nil {
		t.Fatal(err)
	}
	if made.dirs == nil {
		made.dirs = map[string]string{}
	}
	made.dirs[version] = dir
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "run", "../packages", "--out", dir, "--version", version, "--only", contents[version]).CombinedOutput()
	if err != nil {
		t.Fatalf("make packages: %v\n%s", err, tail(out))
	}
	return dir
}

// one is the only file that fits.
func one(t *testing.T, dir, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) != 1 {
		t.Fatalf("%s in %s: %v %v", pattern, dir, files, err)
	}
	return files[0]
}

// debs are the deb of the agent and that of the simulator.
func debs(t *testing.T, version string) (agent, sim string) {
	t.Helper()
	dir := packages(t, version)
	return one(t, dir, "chekan-agent_*_amd64.deb"), one(t, dir, "chekan-sim_*_amd64.deb")
}

// installLimit is what the installation and the start may take together, and
// slack what a computer busy with other tests may add before the test fails.
// The figure itself is held by `make bench`.
const (
	installLimit = 5 * time.Second
	slack        = 12
)

// TestDeb is the life of one installation.
func TestDeb(t *testing.T) {
	needs(t)
	agent, sim := debs(t, older)
	newAgent, _ := debs(t, newer)
	m := boot(t)
	m.put(t, agent, sim, newAgent)

	began := time.Now()
	m.run(t, "apt-get install -qq --no-install-recommends ./"+filepath.Base(agent))
	eventually(t, m.active)
	took := time.Since(began)
	t.Logf("INSTALL deb_to_running=%.2fs goal=%v", took.Seconds(), installLimit)
	if took > installLimit*slack {
		t.Errorf("installed and running after %v", took)
	}

	t.Run("without tills", func(t *testing.T) {
		status := m.run(t, "chekan-agent status")
		if !strings.Contains(status, older) || !strings.Contains(status, "chekan-agent till find") {
			t.Errorf("status does not say how to find tills:\n%s", status)
		}
		if user := m.run(t, "ps -o user= -p $(systemctl show --value -p MainPID chekan-agent) 2>/dev/null || stat -c %U /proc/$(systemctl show --value -p MainPID chekan-agent)"); strings.TrimSpace(user) != "chekan-agent" {
			t.Errorf("runs as %q", user)
		}
	})
	t.Run("hardened", func(t *testing.T) {
		for _, unit := range []string{"chekan-agent"} {
			m.security(t, unit)
		}
	})
	m.run(t, "apt-get install -qq --no-install-recommends ./"+filepath.Base(sim)+" && systemctl start chekan-sim")
	t.Run("sale", func(t *testing.T) {
		m.run(t, `cat >>/etc/chekan/chekan-agent.toml <<'END'
# моя правка
[[till]]
name = "kassa-1"
wire = "tcp://127.0.0.1:7778"
END
systemctl restart chekan-agent`)
		m.submit(t, "shift-1", `"kind": "KIND_OPEN_SHIFT"`)
		m.sell(t, "sale-01")
	})
	t.Run("kill", func(t *testing.T) {
		before := m.pid(t)
		m.run(t, "systemctl kill --kill-who=main --signal=KILL chekan-agent")
		eventually(t, func() error {
			if err := m.active(); err != nil {
				return err
			}
			if m.pid(t) == before {
				return fmt.Errorf("still the process %d", before)
			}
			return nil
		})
		m.sell(t, "sale-02")
	})
	t.Run("other users", func(t *testing.T) { m.stranger(t) })
	t.Run("upgrade", func(t *testing.T) {
		edited := m.run(t, "sha256sum /etc/chekan/chekan-agent.toml")
		before := m.pid(t)
		m.run(t, "apt-get install -qq --no-install-recommends ./"+filepath.Base(newAgent))
		eventually(t, m.active)
		if m.pid(t) == before {
			t.Error("the old version is still running")
		}
		if status := m.run(t, "chekan-agent status"); !strings.Contains(status, newer) {
			t.Errorf("after the upgrade:\n%s", status)
		}
		if got := m.run(t, "sha256sum /etc/chekan/chekan-agent.toml"); got != edited {
			t.Errorf("the settings changed: %s is now %s", edited, got)
		}
		// The operation made before is still known: the same key makes no
		// second document.
		m.sell(t, "sale-01")
		m.fiscalised(t, 2)
	})
	t.Run("switched off stays off", func(t *testing.T) {
		m.run(t, "systemctl disable --now -q chekan-agent && apt-get install -qq --reinstall --no-install-recommends ./"+filepath.Base(newAgent))
		if got := m.refused(t, "systemctl is-enabled chekan-agent"); strings.TrimSpace(got) != "disabled" {
			t.Errorf("got %q", got)
		}
		m.run(t, "systemctl enable --now -q chekan-agent")
	})
	t.Run("remove", func(t *testing.T) {
		m.run(t, "apt-get remove -qq chekan-agent")
		m.run(t, "test -s /var/lib/chekan-agent/token && test -d /var/lib/chekan-agent/journal && test -s /etc/chekan/chekan-agent.toml")
		m.refused(t, "systemctl is-active chekan-agent")
		m.refused(t, "test -e /usr/bin/chekan-agent || test -e /usr/lib/systemd/system/chekan-agent.service")
	})
	t.Run("install again", func(t *testing.T) {
		m.run(t, "apt-get install -qq --no-install-recommends ./"+filepath.Base(newAgent))
		eventually(t, m.active)
		m.run(t, "systemctl is-enabled chekan-agent && grep -q 'моя правка' /etc/chekan/chekan-agent.toml")
		m.sell(t, "sale-02")
		m.fiscalised(t, 2)
	})
	t.Run("purge", func(t *testing.T) {
		m.run(t, "apt-get purge -qq chekan-agent")
		left := m.run(t, "find / -xdev -name '*chekan*agent*' -not -path '/root/*' -not -path '/proc/*' -not -path '/var/log/*'; getent passwd chekan-agent || true")
		if left != "" {
			t.Errorf("a purge leaves\n%s", left)
		}
		m.refused(t, "test -e /etc/chekan")
	})
}

// active tells that the service runs and answers.
func (m *machine) active() error {
	// The state is read from outside of a test's log: it is asked often.
	out, err := exec.Command("nsenter", "--target", strconv.Itoa(m.leader), "--mount", "--net", "--pid", "--", "systemctl", "is-active", "chekan-agent").Output()
	if err != nil {
		return fmt.Errorf("the service is %s", strings.TrimSpace(string(out)))
	}
	return nil
}

func (m *machine) pid(t *testing.T) int {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(m.run(t, "systemctl show --value -p MainPID chekan-agent")))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// maxExposure is what the units promise.
const maxExposure = 2.5

var exposure = regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`)

// security asks systemd how much a unit could do to the computer.
func (m *machine) security(t *testing.T, unit string) {
	t.Helper()
	file := "/usr/lib/systemd/system/" + unit + ".service"
	if complaint := m.run(t, "systemd-analyze verify "+file); strings.Contains(complaint, unit) {
		t.Errorf("verify:\n%s", complaint)
	}
	found := exposure.FindStringSubmatch(m.run(t, "systemd-analyze security --offline=true --no-pager "+file))
	if found == nil {
		t.Fatal("systemd-analyze names no level")
	}
	level, err := strconv.ParseFloat(found[1], 64)
	if err != nil || level > maxExposure {
		t.Errorf("%s: exposure %s, promised is %.1f", unit, found[1], maxExposure)
	}
	t.Logf("SECURITY %s exposure=%s goal=%.1f", unit, found[1], maxExposure)
}

// sell asks for a sale at the door, as the shop's software does, until it is
// done. Every key has a price of its own: equal sales would be held for one.
func (m *machine) sell(t *testing.T, key string) {
	t.Helper()
	m.submit(t, key, `"kind": "KIND_SALE", "receipt": {"items": [{"name": "Кофе", "quantity": "2", "price": "150`+key[len(key)-2:]+`", "vat": "22"}], "payments": {"cash": "50000"}}`)
}

// submit asks for an operation under a key until it is done.
func (m *machine) submit(t *testing.T, key, operation string) {
	t.Helper()
	body := fmt.Sprintf(`{"key": %q, "till": "kassa-1", "cashier": {"name": "Иванова А. П."}, %s}`, key, operation)
	ask := `curl -sS --retry 5 --retry-connrefused http://127.0.0.1:8777/pos.v1.PosService/Submit -H "Authorization: Bearer $(cat /var/lib/chekan-agent/token)" -H "Content-Type: application/json" -d @-`
	eventually(t, func() error {
		out := m.run(t, ask+" <<'END'\n"+body+"\nEND")
		if !strings.Contains(out, `"OUTCOME_DONE"`) {
			return fmt.Errorf("the answer is %s", out)
		}
		return nil
	})
}

// fiscalised asks the simulator's own memory how many sales there are.
func (m *machine) fiscalised(t *testing.T, want int) {
	t.Helper()
	list := m.run(t, "chekan-sim fn list --dir /var/lib/chekan-sim --json")
	if got := strings.Count(list, `"kind":"sale"`); got != want {
		t.Errorf("the fiscal memory has %d sales, want %d:\n%s", got, want, list)
	}
}

// stranger tries what another user of the computer might.
func (m *machine) stranger(t *testing.T) {
	t.Helper()
	const nobody = "setpriv --reuid=nobody --regid=nogroup --clear-groups "
	files := strings.Fields(m.run(t, "find /var/lib/chekan-agent -type f"))
	if len(files) < 3 {
		t.Errorf("only %v to be kept secret", files)
	}
	for _, f := range append(files, "/var/lib/chekan-agent", "/var/lib/chekan-agent/journal") {
		m.refused(t, nobody+"cat "+f)
		m.refused(t, nobody+"ls "+f)
		m.refused(t, nobody+"touch "+f)
	}
	m.refused(t, nobody+"chekan-agent status")
	for _, token := range []string{"", "guess", strings.Repeat("0", 64)} {
		code := m.run(t, nobody+`curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8777/pos.v1.PosService/ListTills -H 'Authorization: Bearer `+token+`' -H 'Content-Type: application/json' -d '{}'`)
		if code != "401" {
			t.Errorf("with the token %q the door answers %s", token, code)
		}
	}
}
