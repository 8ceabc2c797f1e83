//go:build unix

package update

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// slow is how long real processes may take on a crowded computer.
const slow = 5 * time.Minute

// programs are the binaries of these tests, built once.
type programs struct {
	dir   string
	paths map[string]string // version -> file
}

// build makes the program of testdata/agent as a version that behaves so.
func (p *programs) build(t *testing.T, version, behaviour string) []byte {
	t.Helper()
	path := filepath.Join(p.dir, version)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version="+version+" -X main.behaviour="+behaviour, "-o", path, "./testdata/agent")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", behaviour, err, out)
	}
	p.paths[version] = path
	text, err := os.ReadFile(path)
	must(t, err)
	return text
}

// office is the cabinet of real processes.
type office struct {
	*httptest.Server
	mu      sync.Mutex
	offer   string
	reports []*uplinkv1.ReportUpdateRequest
}

func newOffice(t *testing.T, files string) *office {
	o := &office{}
	answer := func(w http.ResponseWriter, r *http.Request, in proto.Message, f func() proto.Message) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = proto.Unmarshal(body, in)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		out, _ := proto.Marshal(f())
		_, _ = w.Write(out)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /offer", func(w http.ResponseWriter, r *http.Request) {
		in := new(uplinkv1.FetchUpdateRequest)
		answer(w, r, in, func() proto.Message {
			out := &uplinkv1.FetchUpdateResponse{PollMs: 1000, TrialSeconds: 1}
			if in.GetVersion() != o.offer && in.GetFailed() != o.offer && o.offer != "" {
				out.RolloutId, out.Version = "r", o.offer
			}
			return out
		})
	})
	mux.HandleFunc("POST /report", func(w http.ResponseWriter, r *http.Request) {
		in := new(uplinkv1.ReportUpdateRequest)
		answer(w, r, in, func() proto.Message { o.reports = append(o.reports, in); return &uplinkv1.ReportUpdateResponse{} })
	})
	mux.Handle("GET /releases/", http.StripPrefix("/releases/", http.FileServer(http.Dir(files))))
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	return o
}

// heard tells whether a stage of a version was reported, and with what text.
func (o *office) heard(version string, stage uplinkv1.UpdateStage) (text string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.reports {
		if r.GetVersion() == version && r.GetStage() == stage {
			return r.GetText(), true
		}
	}
	return "", false
}

// host runs the packaged program as a service manager does: again whenever it
// ends.
type host struct {
	t    *testing.T
	data string
	stop context.CancelFunc
	done chan struct{}
	log  bytes.Buffer
}

func (p *programs) host(t *testing.T, data, url, root, how string, die int) *host {
	ctx, cancel := context.WithCancel(context.Background())
	h := &host{t: t, data: data, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(h.done)
		for ctx.Err() == nil {
			cmd := exec.CommandContext(ctx, p.paths["1.0.0"], data, url, root, how, strconv.Itoa(die))
			cmd.Stdout, cmd.Stderr = io.Discard, &h.log
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
			cmd.WaitDelay = patience
			if err := cmd.Run(); err != nil {
				fmt.Fprintln(&h.log, "ended:", err)
			}
			if cmd.Process != nil { // the service was stopped before it began
				_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the rest of its group, as systemd does
			}
		}
	}()
	t.Cleanup(h.end)
	return h
}

func (h *host) end() {
	h.stop()
	select {
	case <-h.done:
	case <-time.After(patience):
		h.t.Error("the service does not stop")
	}
	if h.t.Failed() {
		h.t.Log(h.log.String())
	}
}

// said are the words of the processes.
func (h *host) said() []string {
	text, _ := os.ReadFile(filepath.Join(h.data, "said"))
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// lastServes is the version that served last.
func (h *host) lastServes() string {
	last := ""
	for _, line := range h.said() {
		if v, ok := strings.CutSuffix(line, " serves"); ok {
			last = v
		}
	}
	return last
}

// TestProcess_badReleases gives real computers releases that are signed and bad.
func TestProcess_badReleases(t *testing.T) {
	p := &programs{t.TempDir(), map[string]string{}}
	r := newReleases(t)
	p.build(t, "1.0.0", "good")
	r.add(t, "1.1.0", p.build(t, "1.1.0", "good"))
	r.add(t, "1.2.0", p.build(t, "1.2.0", "crash"))
	r.add(t, "1.3.0", p.build(t, "1.3.0", "hang"))
	r.add(t, "1.4.0", p.build(t, "1.4.0", "notill"))
	r.add(t, "1.5.0", p.build(t, "1.5.0", "nocloud"))
	r.add(t, "1.6.0", noise(100_000))
	root := r.root(t)
	for _, how := range []string{"become", "child"} {
		for _, c := range []struct{ version, name, want string }{
			{"1.2.0", "it crashes at start", "не запустилась или упала 3 раза"},
			{"1.3.0", "it hangs at start", "не запустилась или упала 3 раза"},
			{"1.4.0", "it cannot reach the till", "не видит кассу kassa-1"},
			{"1.5.0", "it cannot reach the cabinet", "не достучалась до кабинета"},
			{"1.6.0", "it is no program", "не запустилась или упала 3 раза"},
		} {
			t.Run(how+", "+c.name, func(t *testing.T) {
				t.Parallel()
				o := newOffice(t, r.Dir)
				data := t.TempDir()
				if c.version == "1.3.0" && how == "child" { // the launcher that stays reads it once
					must(t, os.WriteFile(filepath.Join(data, "deadline"), []byte("10s"), 0o600))
				}
				h := p.host(t, data, o.URL, root, how, -1)
				o.set("1.1.0")
				eventuallyIn(t, slow, "1.1.0 stays", func() bool { _, ok := o.heard("1.1.0", uplinkv1.UpdateStage_UPDATE_STAGE_HEALTHY); return ok })
				if c.version == "1.3.0" && how == "become" { // only what is to hang is given little time
					must(t, os.WriteFile(filepath.Join(h.data, "deadline"), []byte("1s"), 0o600))
				}
				o.set(c.version)
				eventuallyIn(t, slow, "it goes back", func() bool { _, ok := o.heard(c.version, uplinkv1.UpdateStage_UPDATE_STAGE_ROLLED_BACK); return ok })
				if text, _ := o.heard(c.version, uplinkv1.UpdateStage_UPDATE_STAGE_ROLLED_BACK); !strings.Contains(text, c.want) {
					t.Errorf("reported %q", text)
				}
				if got := h.lastServes(); got != "1.1.0" {
					t.Errorf("%s serves", got)
				}
				if s, err := loadState(h.data); err != nil || s.Chosen != "1.1.0" || s.Trial != nil {
					t.Errorf("%+v %v", s, err)
				}
			})
		}
	}
}

func (o *office) set(version string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.offer = version
}

// TestProcess_kill kills the real process with SIGKILL before steps of an update,
// the launcher's own among them; the service manager starts the package again.
func TestProcess_kill(t *testing.T) {
	p := &programs{t.TempDir(), map[string]string{}}
	r := newReleases(t)
	p.build(t, "1.0.0", "good")
	r.add(t, "1.1.0", p.build(t, "1.1.0", "good"))
	root := r.root(t)
	run := func(t *testing.T, die int) (steps int) {
		o := newOffice(t, r.Dir)
		o.set("1.1.0")
		h := p.host(t, t.TempDir(), o.URL, root, "become", die)
		eventuallyIn(t, slow, "1.1.0 stays", func() bool { _, ok := o.heard("1.1.0", uplinkv1.UpdateStage_UPDATE_STAGE_HEALTHY); return ok })
		if got := h.lastServes(); got != "1.1.0" {
			t.Errorf("%s serves", got)
		}
		if die >= 0 {
			return 0
		}
		h.end()
		text, err := os.ReadFile(filepath.Join(h.data, "steps"))
		must(t, err)
		n, err := strconv.Atoi(string(text))
		must(t, err)
		return n
	}
	steps, kills := run(t, -1), 0
	every := max(1, steps / *cutKills)
	t.Run("steps", func(t *testing.T) {
		for die := 0; die < steps; die += every {
			kills++
			t.Run(strconv.Itoa(die), func(t *testing.T) {
				t.Parallel()
				run(t, die)
			})
		}
	})
	bricked := 0
	if t.Failed() {
		bricked = 1
	}
	fmt.Printf("UPDATEKILL steps=%d kills=%d bricked=%d\n", steps, kills, bricked)
}
