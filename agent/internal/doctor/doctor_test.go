package doctor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/service"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/sim/vacant"
)

// failing is every way in which the tests make a check fail, as far as a test
// can for real: on a simulated till, a real port, folder, file system or server.
var failing = []struct {
	code string
	name string
	fail func(t *testing.T, s *shop)
}{
	{"config", "a misspelt key", func(_ *testing.T, s *shop) { _, s.ConfigError = config.Parse("dta = 1") }},
	{"service", "not installed", func(_ *testing.T, s *shop) {
		s.Service = func() (string, error) { return service.NotInstalled, nil }
	}},
	{"service", "stopped", func(_ *testing.T, s *shop) {
		s.Service = func() (string, error) { return service.Stopped, nil }
	}},
	{"agent", "nobody at the door", func(t *testing.T, s *shop) {
		s.agent.broken = func() error {
			_, err := net.Dial("tcp", vacant.Address(t))
			return err
		}
	}},
	{"agent", "another version", func(_ *testing.T, s *shop) { s.agent.status.Version = "0.9" }},
	{"data", "no such folder", func(t *testing.T, s *shop) { s.Config.Data = filepath.Join(t.TempDir(), "nowhere") }},
	{"data", "a file", func(_ *testing.T, s *shop) { s.Config.Data = filepath.Join(s.Config.Data, "token") }},
	{"data", "cannot be written", func(_ *testing.T, s *shop) { s.Config.Data = "/proc" }},
	{"data", "open to all", func(t *testing.T, s *shop) { chmod(t, s.Config.Data, 0o755) }},
	{"filesystem", "tmpfs", func(t *testing.T, s *shop) { s.Config.Data, s.Computer = inMemory(t), thisComputer{} }},
	{"filesystem", "network", func(_ *testing.T, s *shop) { s.computer.filesystem = "nfs" }},
	{"filesystem", "container", func(_ *testing.T, s *shop) { s.computer.filesystem = "overlay" }},
	{"disk", "full", func(_ *testing.T, s *shop) { s.computer.free = 50 << 20 }},
	{"disk", "nearly full", func(_ *testing.T, s *shop) { s.computer.free = 500 << 20 }},
	{"durability", "in memory", func(t *testing.T, s *shop) { s.Config.Data, s.Computer = inMemory(t), thisComputer{} }},
	{"durability", "slow", func(_ *testing.T, s *shop) { s.computer.sync = 300 * time.Millisecond }},
	{"token", "none yet", func(t *testing.T, s *shop) { remove(t, filepath.Join(s.Config.Data, "token")) }},
	{"token", "open to all", func(t *testing.T, s *shop) { chmod(t, filepath.Join(s.Config.Data, "token"), 0o644) }},
	{"listen", "open to the network", func(_ *testing.T, s *shop) { s.Config.Listen, s.Config.ListenRemote = "0.0.0.0:8777", true }},
	{"metrics", "nobody there", func(t *testing.T, s *shop) { s.Config.Metrics = vacant.Address(t) }},
	{"metrics", "somebody else there", func(t *testing.T, s *shop) {
		s.Config.Metrics = serveHTTP(t, http.NotFoundHandler())
	}},
	{"memory", "nearly none", func(_ *testing.T, s *shop) { s.computer.available = 20 << 20 }},
	{"clock", "a flat battery", func(_ *testing.T, s *shop) {
		s.Now = func() time.Time { return time.Date(2009, 1, 1, 0, 5, 0, 0, time.Local) }
	}},
	{"journal", "contradictions", func(_ *testing.T, s *shop) {
		s.agent.journal = func() (*posv1.CheckJournalResponse, error) {
			return &posv1.CheckJournalResponse{Findings: []string{"record 7: no key"}}, nil
		}
	}},
	{"journal", "cannot be read", func(_ *testing.T, s *shop) {
		s.agent.journal = func() (*posv1.CheckJournalResponse, error) { return nil, errors.New("input/output error") }
	}},
	{"tills", "none", func(_ *testing.T, s *shop) { s.Config.Tills = nil }},
	{"wire", "no such port", func(_ *testing.T, s *shop) { s.Config.Tills[0].Wire = "serial:///dev/ttyNOBODY?baud=115200" }},
	{"wire", "nobody at the address", func(t *testing.T, s *shop) {
		s.Config.Tills[0].Wire = "tcp://" + vacant.Address(t)
		s.agent.broken = func() error { return errors.New("стоит") }
	}},
	{"wire", "no USB in this build", func(_ *testing.T, s *shop) { s.Config.Tills[0].Printer = "usb:04b8:0e15" }},
	{"wire_rights", "closed to us", func(_ *testing.T, s *shop) {
		// The kernel lets nobody write this one, not even root.
		s.Config.Tills[0].Wire = "serial:///sys/kernel/notes?baud=115200"
	}},
	{"wire_owner", "another program", func(t *testing.T, s *shop) { s.Config.Tills[0].Wire = "serial://" + heldPort(t) + "?baud=115200" }},
	{"wire_owner", "somebody we may not see", func(_ *testing.T, s *shop) { s.problem(health.Problem{Code: drivers.CodeInUse}) }},
	{"till", "no cable", func(_ *testing.T, s *shop) { s.bench.Cables["k"].Unplug() }},
	{"till", "unknown to the agent", func(_ *testing.T, s *shop) { s.Config.Tills[0].Name = "other" }},
	{"till", "another till", func(_ *testing.T, s *shop) {
		s.problem(health.Problem{Code: health.CodeSwapped, Args: map[string]string{"serial": "2", "was": "1"}})
	}},
	{"model", "a known issue", func(t *testing.T, s *shop) {
		list, err := ParseFirmware("[[issue]]\ndriver = \"shtrih\"\nfirmware = 'C\\.1\\..*'\ntext = \"падает.\"\ntodo = \"Обновите.\"\n")
		if err != nil {
			t.Fatal(err)
		}
		s.Firmware = list
	}},
	{"model", "silent over COM since FFD 1.2", func(t *testing.T, s *shop) {
		s.sell(t)
		s.bench.Devices["k"].Age(3 * 24 * time.Hour)
		s.agent.change = func(state *fiscalv1.TillState) { state.Ffd = "1.2" }
	}},
	{"paper", "none", func(_ *testing.T, s *shop) { s.bench.Devices["k"].RemovePaper() }},
	{"paper", "cover open", func(_ *testing.T, s *shop) { s.bench.Devices["k"].OpenCover() }},
	{"fn_state", "failing", func(_ *testing.T, s *shop) { s.bench.Devices["k"].FN().SetCritical(true) }},
	{"fn_state", "blocked", func(_ *testing.T, s *shop) { s.problem(health.Problem{Code: drivers.CodeFNBlocked}) }},
	{"fn_term", "over", func(_ *testing.T, s *shop) { s.at(s.term.Add(48 * time.Hour)) }},
	{"fn_term", "two days", func(_ *testing.T, s *shop) { s.at(s.term.Add(-2 * 24 * time.Hour)) }},
	{"fn_term", "two weeks", func(_ *testing.T, s *shop) { s.at(s.term.Add(-14 * 24 * time.Hour)) }},
	{"fn_memory", "almost full", func(_ *testing.T, s *shop) { s.problem(health.Problem{Code: health.CodeFNMemory}) }},
	{"unsent", "three days", func(t *testing.T, s *shop) { s.sell(t); s.bench.Devices["k"].Age(3 * 24 * time.Hour) }},
	{"unsent", "almost a month", func(t *testing.T, s *shop) { s.sell(t); s.bench.Devices["k"].Age(25 * 24 * time.Hour) }},
	{"clock_till", "ahead", func(_ *testing.T, s *shop) { s.bench.Devices["k"].Age(20 * time.Minute) }},
	{"clock_till", "behind", func(_ *testing.T, s *shop) { s.bench.Devices["k"].Age(-20 * time.Minute) }},
	{"clock_till", "lost", func(_ *testing.T, s *shop) { s.problem(health.Problem{Code: drivers.CodeClock}) }},
	{"till_problem", "a shift of over a day", func(t *testing.T, s *shop) {
		s.bench.OpenShift(t, "k")
		s.bench.Devices["k"].Age(25 * time.Hour)
	}},
	{"ofd", "dead", func(t *testing.T, s *shop) { s.Config.Tills[0].OFD = vacant.Address(t) }},
	{"ofd", "not an operator", func(t *testing.T, s *shop) { s.Config.Tills[0].OFD = serveHTTP(t, http.NotFoundHandler()) }},
	{"ofd", "an operator nobody knows", func(_ *testing.T, s *shop) {
		s.Config.Tills[0].OFD = config.OFDAuto
		s.agent.change = func(state *fiscalv1.TillState) {
			state.Delivery = &fiscalv1.Delivery{Failure: health.Problem{Code: health.CodeOFDUnknown, Args: map[string]string{"inn": "7702203276"}}.Proto(time.Now())}
		}
	}},
	{"identity", "not enrolled", func(t *testing.T, s *shop) { remove(t, filepath.Join(s.Config.Data, "identity")) }},
	{"identity", "damaged", func(t *testing.T, s *shop) {
		write(t, filepath.Join(s.Config.Data, "identity", "agent.pem"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
	}},
	{"certificate", "expired", func(t *testing.T, s *shop) { s.cabinet.enrol(t, s.Config.Data, -48*time.Hour, -24*time.Hour, nil) }},
	{"certificate", "not renewed", func(t *testing.T, s *shop) { s.cabinet.enrol(t, s.Config.Data, -99*time.Hour, time.Hour, nil) }},
	{"certificate", "of the future", func(t *testing.T, s *shop) { s.cabinet.enrol(t, s.Config.Data, 48*time.Hour, 99*time.Hour, nil) }},
	{"cabinet", "stopped", func(_ *testing.T, s *shop) { s.cabinet.people.Close() }},
	{"cabinet", "does not know us", func(_ *testing.T, s *shop) { s.agent.status.CloudOnline = false }},
	{"agents_door", "stopped", func(_ *testing.T, s *shop) { s.cabinet.agents.Close() }},
	{"agents_door", "somebody in between", func(t *testing.T, s *shop) {
		other := newCabinet(t)
		s.cabinet.enrol(t, s.Config.Data, -time.Hour, 99*time.Hour, func(about map[string]string) { about["uplink_url"] = other.agents.URL })
	}},
	{"broker", "stopped", func(_ *testing.T, s *shop) { s.agent.status.BrokerOnline = false; s.cabinet.broker.Close() }},
	{"broker", "does not take us", func(_ *testing.T, s *shop) { s.agent.status.BrokerOnline = false }},
	{"clock_cabinet", "an hour ahead", func(_ *testing.T, s *shop) { s.cabinet.slow(time.Hour) }},
	{"clock_cabinet", "an hour behind", func(_ *testing.T, s *shop) { s.cabinet.slow(-time.Hour) }},
	{"outbox", "an hour", func(_ *testing.T, s *shop) {
		s.agent.status.Outbox, s.agent.status.OutboxAgeMs = 7, time.Hour.Milliseconds()
	}},
	{"updates", "goes on", func(_ *testing.T, s *shop) {
		s.agent.status.UpdateVersion, s.agent.status.UpdateText = "2.0", "ждёт, пока нет операций."
	}},
	{"updates", "no keys", func(t *testing.T, s *shop) { s.Config.Update.Root = filepath.Join(t.TempDir(), "root.json") }},
	{"agent_problem", "the journal was damaged", func(_ *testing.T, s *shop) {
		s.agent.status.Problems = append(s.agent.status.Problems, health.Problem{Code: health.CodeJournal, Args: map[string]string{"what": "x"}}.Proto(time.Now()))
	}},
}

// TestExamine makes every check fail, and holds it to a sentence of its own.
func TestExamine(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the failures are made of Linux")
	}
	said := map[string]string{}
	missing := map[string]bool{}
	for _, c := range Checks() {
		missing[c.Code] = true
	}
	for _, tt := range failing {
		t.Run(tt.code+": "+tt.name, func(t *testing.T) {
			s := newShop(t)
			tt.fail(t, s)
			list := s.Examine(t.Context())
			i := slices.IndexFunc(list, func(f Finding) bool {
				return f.Code == tt.code && (f.Verdict == Bad || f.Verdict == Warning)
			})
			if i < 0 {
				t.Fatalf("the check finds nothing: %v", of(list, tt.code))
			}
			f := list[i]
			delete(missing, tt.code)
			if f.Todo == "" || f.Text == "" {
				t.Errorf("does not say how to mend it: %+v", f)
			}
			if other, taken := said[f.Text]; taken {
				t.Errorf("says the same as %q: %s", other, f.Text)
			}
			said[f.Text] = t.Name()
			t.Logf("%s %s — %s", f.Verdict, f.Text, f.Todo)
		})
	}
	for code := range missing {
		t.Errorf("the check %q was never made to fail", code)
	}
}

// TestExamine_healthy finds nothing to mend in a shop where all is well.
func TestExamine_healthy(t *testing.T) {
	s := newShop(t)
	list := s.Examine(t.Context())
	for _, f := range list {
		if f.Verdict == Bad || f.Verdict == Warning {
			t.Errorf("%+v", f)
		}
		if f.Verdict == Good && f.Todo != "" {
			t.Errorf("something to do about what is well: %+v", f)
		}
	}
	if !Works(list) {
		t.Error("does not work")
	}
	seen := map[string]bool{}
	for _, f := range list {
		seen[f.Code] = true
	}
	quiet := map[string]bool{"till_problem": true, "agent_problem": true} // tell only troubles
	for _, c := range Checks() {
		if !seen[c.Code] && !quiet[c.Code] {
			t.Errorf("nothing is said of %q (%s)", c.Code, c.Subject)
		}
	}
}

// TestExamine_noTills leads to the search.
func TestExamine_noTills(t *testing.T) {
	s := newShop(t)
	s.Config.Tills = nil
	if f := of(s.Examine(t.Context()), "tills"); len(f) != 1 || !strings.Contains(f[0].Todo, "chekan-agent till find") {
		t.Errorf("%+v", f)
	}
}

func TestChecks(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Checks() {
		if c.Code == "" || c.Subject == "" || seen[c.Code] {
			t.Errorf("check %q", c.Code)
		}
		seen[c.Code] = true
	}
	if len(seen) < 12 {
		t.Errorf("%d checks", len(seen))
	}
}

// TestKnownFirmware reads the list that comes with the program.
func TestKnownFirmware(t *testing.T) {
	f, err := ParseFirmware(firmwareText)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tried) == 0 || len(f.Issue) == 0 {
		t.Errorf("%d tried, %d issues", len(f.Tried), len(f.Issue))
	}
	for _, i := range f.Issue {
		if i.Text == "" || i.Todo == "" || i.Source == "" {
			t.Errorf("issue %+v", i)
		}
	}
	if tried, issues := f.Of(&fiscalv1.TillState{Driver: "shtrih", Model: "X", Firmware: "Z.9.1"}, false); tried || len(issues) > 0 {
		t.Errorf("an unknown firmware: %v %v", tried, issues)
	}
}

func of(list []Finding, code string) (out []Finding) {
	for _, f := range list {
		if f.Code == code {
			out = append(out, f)
		}
	}
	return out
}

// heldPort is a serial port that another program has open.
func heldPort(t *testing.T) string {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	name := slave.Name()
	ctx, cancel := context.WithCancel(context.Background())
	other := exec.CommandContext(ctx, "sleep", "600")
	other.Stdin = slave
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = other.Wait() })
	if err := slave.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// inMemory is a data folder on a file system that lives in memory.
func inMemory(t *testing.T) string {
	t.Helper()
	if name, err := (thisComputer{}).Filesystem("/dev/shm"); err != nil || name != "tmpfs" {
		t.Skipf("/dev/shm is %s here: %v", name, err)
	}
	dir, err := os.MkdirTemp("/dev/shm", "doctor-*")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *shop) sell(t *testing.T) {
	t.Helper()
	s.bench.OpenShift(t, "k")
	s.bench.Do(t, tilltest.Sale("a1", "k"))
	s.bench.Do(t, &fiscalv1.Operation{Key: "close", Till: "k", Kind: fiscalv1.Kind_KIND_CLOSE_SHIFT})
}

// problem has the till say so besides what it says.
func (s *shop) problem(p health.Problem) {
	s.agent.change = func(state *fiscalv1.TillState) { state.Problems = append(state.Problems, p.Proto(time.Now())) }
}

// at sets the computer's clock.
func (s *shop) at(when time.Time) { s.Now = func() time.Time { return when } }

func clone(s *fiscalv1.TillState) *fiscalv1.TillState { return proto.CloneOf(s) }
