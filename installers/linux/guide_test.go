package linux_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const guide = "../../docs/install.md"

// block is a piece of the guide that is typed.
type block struct{ kind, text string }

var fence = regexp.MustCompile("(?ms)^```sh ?([a-z]*)\n(.*?)^```$")

// blocks are the pieces of a page that are typed, in their order.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
		out = append(out, block{m[1], m[2]})
	}
	if fences := strings.Count("\n"+string(text), "\n```"); fences != 2*len(out) {
		t.Errorf("%s has %d fences and %d blocks for a shell: what else is there is not tried", page, fences, len(out))
	}
	return out
}

var codeLine = regexp.MustCompile(`Код подключения: (\S+)`)

// TestGuide types docs/install.md into a bare Debian, word by word.
func TestGuide(t *testing.T) {
	page := blocks(t, guide)
	t.Run("build", func(t *testing.T) {
		for _, b := range page {
			if b.kind == "build" {
				// That the target exists; what it makes is what is installed below.
				cmd := exec.CommandContext(t.Context(), "sh", "-euc", strings.ReplaceAll(b.text, "make ", "make --dry-run "))
				cmd.Dir = "../.."
				if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "installers/packages") {
					t.Errorf("%s: %v\n%s", b.text, err, out)
				}
			}
		}
	})
	needs(t)
	dir := packages(t, newer)
	m := boot(t)
	for _, p := range []string{"chekan-agent_*.deb", "chekan-sim_*.deb", "chekan-cloud_*.deb"} {
		m.put(t, one(t, dir, p))
	}
	// The cabinet is another computer for its readers; here it is up first.
	env := []string{"CABINET=http://127.0.0.1:8090"}
	type step struct {
		has   string // a word of the block
		wants string // of its answer
	}
	wants := []step{
		{"apt-get install -y ./chekan-cloud", ""},
		{"admin-password", ""},
		{"enrolment-code", "Код подключения"},
		{"apt-get install -y ./chekan-agent", ""},
		{"chekan-agent status", "chekan-agent till find"},
		{"chekan-sim", ""},
		{"till adopt", "kassa-1"},
		{"till status", "kassa-1"},
		{"sell", "Чек пробит."},
		{"curl", `"kassa-1"`},
		{"enroll", "Агент подключён"},
		{"chekan-agent status", "на связи"},
		{"doctor", "✓"},
		{"update status", newer},
		{"remove", ""},
		{"purge", ""},
	}
	var order []block
	for _, kind := range []string{"cabinet", ""} {
		for _, b := range page {
			if b.kind == kind || kind == "" && b.kind == "doctor" {
				order = append(order, b)
			}
		}
	}
	if len(order) != len(wants) {
		t.Fatalf("the guide has %d blocks to type, the test knows %d", len(order), len(wants))
	}
	for i, b := range order {
		want := wants[i]
		if !strings.Contains(b.text, want.has) {
			t.Fatalf("block %d is\n%sand not about %q", i+1, b.text, want.has)
		}
		ask := func() error {
			out, err := m.try(t, b.text, env...)
			// The doctor complains of what this machine has not: a network.
			if err != nil && b.kind != "doctor" {
				return fmt.Errorf("%s%w\n%s", b.text, err, out)
			}
			if !strings.Contains(out, want.wants) {
				return fmt.Errorf("%sanswers without %q:\n%s", b.text, want.wants, out)
			}
			if code := codeLine.FindStringSubmatch(out); code != nil {
				env = append(env, "CODE="+code[1])
			}
			t.Logf("%s%s", b.text, out)
			return nil
		}
		if strings.Contains(b.text, "status") {
			eventually(t, ask) // what was asked for just before may take a moment
		} else if err := ask(); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.text, "./chekan-cloud_") {
			m.security(t, "chekan-cloud")
			m.run(t, `test "$(stat -c '%U:%G %a' /etc/chekan/chekan-cloud.toml)" = 'root:chekan-cloud 640'`)
			eventually(t, func() error {
				_, err := m.try(t, "test -s /var/lib/chekan-cloud/admin-password && ! journalctl -u chekan-cloud | grep -qF \"$(cat /var/lib/chekan-cloud/admin-password)\"")
				return err
			})
		}
	}
	m.run(t, "apt-get purge -qq -y chekan-cloud")
	if left := m.run(t, "find /etc /usr /var/lib -xdev -name '*chekan-*' -not -path '*chekan-sim*' -not -path '/var/lib/dpkg/*' -not -path '/var/lib/systemd/*'"); left != "" {
		t.Errorf("left behind:\n%s", left)
	}
}

// TestGuide_packages: the packages named by the guide are those that are made.
func TestGuide_packages(t *testing.T) {
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	templates, err := filepath.Glob("chekan-*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range templates {
		if name := strings.TrimSuffix(f, ".yaml"); !strings.Contains(string(text), "| `"+name+"` |") {
			t.Errorf("docs/install.md does not name %s", name)
		}
	}
}
