package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
)

const (
	agentExe = `C:\Program Files\Chekan\chekan-agent.exe`
	settings = `C:\ProgramData\Chekan\chekan-agent.toml`
	dataDir  = `C:\ProgramData\Chekan\agent`
)

// shop is the world outside the computer: a till on a serial line, and a cabinet.
type shop struct {
	t    *testing.T
	bin  string
	sim  string // folder of the simulator
	pty  string
	url  string
	code string
}

// program runs one of ours until the test ends.
func (s *shop) program(name string, args ...string) {
	s.t.Helper()
	said, err := os.CreateTemp(s.bin, name+"-said")
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(s.t.Context()), filepath.Join(s.bin, "chekan-"+name), args...)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		gone := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer gone.Stop()
		if err := cmd.Wait(); err != nil {
			s.t.Errorf("%s: %v", name, err)
		}
		_ = said.Close()
		if s.t.Failed() {
			if text, err := os.ReadFile(said.Name()); err == nil {
				s.t.Logf("%s %s said:\n%s", name, strings.Join(args, " "), text)
			}
		}
	})
}

func openShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, bin: t.TempDir(), sim: t.TempDir()}
	goBuild(t, "linux", "build", filepath.Join(s.bin, "chekan-sim"), "./sim", "test")
	goBuild(t, "linux", "build", filepath.Join(s.bin, "chekan-cloud"), "./cloud", "test")
	s.pty = filepath.Join(s.sim, "kassa")
	s.program("sim", "run", "--till", "name=kassa-1,pty="+s.pty+",serial=7,fn=9999078902000007", "--control", "127.0.0.1:0", "--dir", s.sim)

	dir := t.TempDir()
	data, password := filepath.Join(dir, "data"), filepath.Join(dir, "password")
	s.program("cloud", "run", "--data", data, "--listen", "127.0.0.1:0", "--agents", "127.0.0.1:0", "--broker", "127.0.0.1:0", "--admin-password-file", password)
	var addresses struct{ Cabinet string }
	until(t, "the cabinet listens", func() bool {
		text, err := os.ReadFile(filepath.Join(data, "addresses.json"))
		return err == nil && json.Unmarshal(text, &addresses) == nil
	})
	s.url = addresses.Cabinet
	word, err := os.ReadFile(password)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	if _, err := cabinetv1connect.NewAccessServiceClient(client, s.url).SignIn(t.Context(), &cabinetv1.SignInRequest{Login: "admin", Password: strings.TrimSpace(string(word))}); err != nil {
		t.Fatal(err)
	}
	code, err := cabinetv1connect.NewFleetServiceClient(client, s.url).CreateEnrolmentCode(t.Context(), &cabinetv1.CreateEnrolmentCodeRequest{Outlet: "Магазин"})
	if err != nil {
		t.Fatal(err)
	}
	s.code = code.GetCode()
	until(t, "the till's line is there", func() bool { _, err := os.Stat(s.pty); return err == nil })
	return s
}

// receipts counts what the fiscal memory holds (document type 3, the tag 1054's form).
func (s *shop) receipts() int {
	s.t.Helper()
	out, err := exec.CommandContext(s.t.Context(), filepath.Join(s.bin, "chekan-sim"), "fn", "list", "--dir", s.sim, "--json").Output()
	if err != nil {
		s.t.Fatalf("chekan-sim fn list: %v", err)
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		var document struct{ Type int }
		if err := json.Unmarshal([]byte(line), &document); err != nil {
			s.t.Fatalf("%v: %s", err, line)
		}
		if document.Type == 3 {
			n++
		}
	}
	return n
}

// status is what the agent says of itself.
type status struct {
	Version string `json:"version"`
	AgentID string `json:"agent_id"`
	Cloud   string `json:"cloud"`
	Online  bool   `json:"cloud_online"`
}

// ask asks the running agent by its own command line.
func (w *wine) ask() (st status, ok bool) {
	w.t.Helper()
	out, code := w.run(agentExe, "status", "--json")
	// What Wine says of itself comes before.
	if i := strings.IndexByte(out, '{'); i >= 0 {
		out = out[i:]
	}
	return st, code == 0 && json.Unmarshal([]byte(out), &st) == nil
}

// TestInstall is the story of one computer: a system that is too old, an
// installation nobody watches, sales, a stop amid sales, an upgrade, a package
// that is too old, and a removal.
func TestInstall(t *testing.T) {
	need(t, "wixl", "msibuild", "osslsigncode")
	w := newWine(t)
	s := openShop(t)
	packages := t.TempDir()
	signer, err := development(t.TempDir(), time.Unix(1_700_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	pack := func(version string) Package {
		exe := filepath.Join(packages, version+".exe")
		goBuild(t, "windows", "build", exe, "./agent", version)
		p, err := Build(t.Context(), Options{Version: version, Arch: "amd64", Dir: packages, Agent: exe, Time: time.Unix(1_700_000_000, 0), Signer: signer})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, second := pack("1.2.0"), pack("1.3.0")

	// The computer that came with Debian's Wine says it is Windows 7.
	if log, code := w.msiexec("/i", outside(first.Path)); code != refusedByMSI || w.exists(agentExe) {
		t.Errorf("Windows 7 took the package: exit code %d\n%s", code, log)
	}
	w.must("winecfg", "/v", "win10")

	// Settings that somebody brought are kept; here they name the till and a door
	// that is free in a test.
	const line = "COM3"
	if err := os.Symlink(s.pty, filepath.Join(w.dir, "dosdevices", strings.ToLower(line))); err != nil {
		t.Fatal(err)
	}
	brought := fmt.Sprintf("listen = %q\n\n[update]\nchannel = \"off\"\n\n[[till]]\nname = \"kassa-1\"\nwire = \"serial:%s?baud=115200&onebyte=1\"\n", freeAddress(t), line)
	if err := os.Mkdir(filepath.Dir(w.path(settings)), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.path(settings), []byte(brought), 0o644); err != nil {
		t.Fatal(err)
	}

	// Installed with nobody to ask: the service runs, the agent is the cabinet's.
	log, code := w.msiexec("/i", outside(first.Path), "CLOUD="+s.url, "CODE="+s.code)
	if code != installed {
		t.Fatalf("exit code %d\n%s", code, log)
	}
	until(t, "the service runs", func() bool { return w.service() == "RUNNING" })
	var st status
	until(t, "the agent is enrolled and on the line", func() bool { var ok bool; st, ok = w.ask(); return ok && st.AgentID != "" && st.Online })
	if st.Version != "1.2.0" || st.Cloud != s.url {
		t.Errorf("%+v", st)
	}

	t.Run("the code is nowhere", func(t *testing.T) {
		if err := os.Mkdir(w.path(`C:\exported`), 0o755); err != nil {
			t.Fatal(err)
		}
		// Wine's own log has all properties in it, hidden ones too: that the
		// package hides this one is TestTables' affair.
		if w.exists(dataDir + `\enrol`) {
			t.Error("it waits although it was used")
		}
		for _, dir := range []string{filepath.Dir(w.path(settings)), filepath.Dir(w.path(agentExe))} {
			if files := holds(t, dir, s.code); files != nil {
				t.Errorf("it is in %v", files)
			}
		}
		w.must("reg", "export", `HKLM\System\CurrentControlSet\Services\chekan-agent`, `C:\exported\services.reg`)
		w.must("reg", "export", `HKLM\Software`, `C:\exported\software.reg`)
		if files := holds(t, w.path(`C:\exported`), s.code); files != nil {
			t.Errorf("it is in the registry: %v", files)
		}
	})
	t.Run("the key is sealed and the folder closed", func(t *testing.T) {
		text, err := os.ReadFile(w.path(dataDir + `\identity\agent.pem`))
		if err != nil || !bytes.Contains(text, []byte("BEGIN PROTECTED KEY")) || bytes.Contains(text, []byte("BEGIN PRIVATE KEY")) {
			t.Errorf("%v\n%s", err, text)
		}
		// Wine shows rights as the mode: nothing for others.
		for _, dir := range []string{filepath.Dir(w.path(settings)), w.path(dataDir)} {
			if fi, err := os.Stat(dir); err != nil || fi.Mode().Perm()&0o007 != 0 {
				t.Errorf("%s: %v %v", dir, fi.Mode(), err)
			}
		}
	})
	t.Run("service, events, menu, PATH", func(t *testing.T) {
		const key = `HKLM\System\CurrentControlSet\Services\chekan-agent`
		for value, want := range map[string]string{
			"ObjectName": `NT SERVICE\chekan-agent`, "Start": "0x2", "ImagePath": `run --service --config "C:\ProgramData\Chekan\chekan-agent.toml"`, "PreshutdownTimeout": "0x7530",
		} {
			if out := w.must("reg", "query", key, "/v", value); !strings.Contains(out, want) {
				t.Errorf("%s: %s", value, out)
			}
		}
		if out := w.must("reg", "query", eventsKey, "/v", "EventMessageFile"); !strings.Contains(out, `EventCreate.exe`) {
			t.Errorf("events: %s", out)
		}
		if links := w.links(); len(links) != 1 {
			t.Errorf("links in the start menu: %v", links)
		}
		if out := w.must("reg", "query", environment, "/v", "PATH"); !strings.Contains(out, `C:\Program Files\Chekan`) {
			t.Errorf("PATH: %s", out)
		}
	})
	t.Run("the first settings", func(t *testing.T) { // where nobody brought any
		w.must(agentExe, "--config", `C:\first\chekan-agent.toml`, "prepare", "--cloud", s.url)
		text, err := os.ReadFile(w.path(`C:\first\chekan-agent.toml`))
		if err != nil || !strings.Contains(string(text), "\ncloud = \""+s.url+"\"\n") {
			t.Errorf("%v\n%s", err, text)
		}
		w.must(agentExe, "--config", `C:\first\chekan-agent.toml`, "config", "check")
	})

	t.Run("the commands of docs/install.md", func(t *testing.T) {
		for _, command := range guide(t) {
			words := strings.Fields(command)
			switch words[0] {
			case "msiexec": // as above, with a package and a code of its own
				if !strings.HasPrefix(words[2], "chekan-agent_") || !slices.Contains(words, "/qn") || !strings.Contains(command, " CLOUD=https://") || !strings.Contains(command, " CODE=") {
					t.Errorf("not how it is installed here: %s", command)
				}
			case "chekan-agent":
				w.must(agentExe, words[1:]...)
			case "icacls":
				if !w.exists(words[1]) {
					t.Errorf("there is no %s", words[1])
				}
			default:
				t.Errorf("not tried: %s", command)
			}
		}
	})

	// A sale through the COM port is one document, however often it is asked for.
	until(t, "the till answers", func() bool {
		out, _ := w.run(agentExe, "till", "list")
		return strings.Contains(out, "РАБОТАЕТ")
	})
	w.must(agentExe, "shift", "open", "--key", "shift", "--cashier", "Сидорова")
	sell := func(key string) (out string, code int) { // each of another thing: alike sales wait for a person
		return w.run(agentExe, "sell", "--item", "Халва "+key+"=150", "--cash", "200", "--vat", "22", "--key", key)
	}
	one, _ := sell("one")
	if again, code := sell("one"); code != 0 || !strings.Contains(one, "Чек пробит") || s.receipts() != 1 {
		t.Fatalf("%s\n%s\nreceipts: %d", one, again, s.receipts())
	}

	// The manager stops the service amid sales: each is finished or parked, none
	// is lost or doubled.
	keys, sold := []string{"two", "three", "four"}, make(chan struct{})
	for _, key := range keys {
		go func() {
			sell(key) // whatever it says
			sold <- struct{}{}
		}()
	}
	until(t, "a sale is done", func() bool { return s.receipts() > 1 })
	w.must("sc", "stop", "chekan-agent")
	until(t, "the service has stopped", func() bool { return w.service() == "STOPPED" })
	for range keys {
		<-sold
	}
	w.must("sc", "start", "chekan-agent")
	until(t, "the service runs again", func() bool { return w.service() == "RUNNING" })
	until(t, "the till answers again", func() bool {
		out, _ := w.run(agentExe, "till", "list")
		return strings.Contains(out, "РАБОТАЕТ")
	})
	for _, key := range keys {
		out, code := sell(key) // the stored answer, when it was done or refused
		if code != 0 {
			out, code = sell(key + " again") // it was not done, so it may be
		}
		if code != 0 || !strings.Contains(out, "Чек пробит") {
			t.Errorf("%s: %s", key, out)
		}
	}
	if n := s.receipts(); n != 1+len(keys) {
		t.Fatalf("receipts: %d, sales: %d", n, 1+len(keys))
	}

	// Upgraded in place: settings, identity and journal stay.
	if log, code := w.msiexec("/i", outside(second.Path)); code != installed {
		t.Fatalf("exit code %d\n%s", code, log)
	}
	agent := st.AgentID
	until(t, "the new version is on the line", func() bool { var ok bool; st, ok = w.ask(); return ok && st.Version == "1.3.0" && st.Online })
	if st.AgentID != agent {
		t.Errorf("agent %s has become %s", agent, st.AgentID)
	}
	if text, err := os.ReadFile(w.path(settings)); err != nil || string(text) != brought {
		t.Errorf("settings: %v\n%s", err, text)
	}
	until(t, "the till answers the new version", func() bool {
		out, _ := w.run(agentExe, "till", "list")
		return strings.Contains(out, "РАБОТАЕТ")
	})
	if again, _ := sell("one"); !strings.Contains(again, "Чек пробит") || s.receipts() != 1+len(keys) {
		t.Errorf("the journal was lost: %s\nreceipts: %d", again, s.receipts())
	}

	// What is older is refused, and what runs goes on.
	if log, code := w.msiexec("/i", outside(first.Path)); code != refusedByMSI {
		t.Errorf("an older package: exit code %d\n%s", code, log)
	}
	if st, ok := w.ask(); !ok || st.Version != "1.3.0" {
		t.Errorf("after an older package: %+v", st)
	}

	// Removed: nothing is left but settings and data.
	if log, code := w.msiexec("/x", outside(second.Path)); code != installed {
		t.Fatalf("exit code %d\n%s", code, log)
	}
	if state := w.service(); state != "" {
		t.Errorf("the service is still there, %s", state)
	}
	if w.exists(filepath.Dir(agentExe)) || w.exists(`C:\Program Files\Chekan`) {
		t.Error("the program's folder is still there")
	}
	if links := w.links(); len(links) != 0 {
		t.Errorf("still in the start menu: %v", links)
	}
	for _, key := range []string{eventsKey, `HKLM\Software\Chekan`, `HKLM\System\CurrentControlSet\Services\chekan-agent`} {
		if out, code := w.run("reg", "query", key); code == 0 {
			t.Errorf("still in the registry: %s", out)
		}
	}
	if out := w.must("reg", "query", environment, "/v", "PATH"); strings.Contains(out, "Chekan") {
		t.Errorf("still in PATH: %s", out)
	}
	if text, err := os.ReadFile(w.path(settings)); err != nil || string(text) != brought || !w.exists(dataDir+`\journal`) || !w.exists(dataDir+`\identity\agent.pem`) {
		t.Errorf("settings or data are gone: %v", err)
	}
}

// guide gives the commands of the page's part about Windows.
func guide(t *testing.T) (commands []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "install.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(text), "\n## Windows\n")
	part, _, _ = strings.Cut(part, "\n## ")
	for line := range strings.Lines(part) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			commands = append(commands, strings.TrimSpace(command))
		}
	}
	if len(commands) < 3 {
		t.Fatalf("the page has only %q", commands)
	}
	return commands
}

const (
	eventsKey   = `HKLM\System\CurrentControlSet\Services\EventLog\Application\chekan-agent`
	environment = `HKLM\System\CurrentControlSet\Control\Session Manager\Environment`
)

// links are ours in the start menu, whoever's it is.
func (w *wine) links() (found []string) {
	_ = filepath.WalkDir(filepath.Join(w.dir, "drive_c"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), "Chekan") && strings.HasSuffix(d.Name(), ".lnk") {
			found = append(found, path)
		}
		return nil
	})
	return found
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// holds names the files below a folder that have the text in them, as bytes or
// in Windows' own two bytes a letter.
func holds(t *testing.T, dir, text string) (files []string) {
	t.Helper()
	var wide []byte
	for _, b := range []byte(text) {
		wide = append(wide, b, 0)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && (bytes.Contains(b, []byte(text)) || bytes.Contains(b, wide)) {
			files = append(files, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

// TestOnWindows runs the tests of the packages that have a part for Windows.
func TestOnWindows(t *testing.T) {
	w := newWine(t)
	dir := t.TempDir()
	for _, pkg := range []string{"service", "secret"} {
		t.Run(pkg, func(t *testing.T) {
			exe := filepath.Join(dir, pkg+".test.exe")
			goBuild(t, "windows", "test", exe, "./agent/internal/"+pkg, "")
			out, code := w.run(exe, "-test.v", "-test.timeout=2m")
			if code != 0 || !strings.Contains(out, "\nPASS") {
				t.Errorf("exit code %d\n%s", code, out)
			}
		})
	}
}
