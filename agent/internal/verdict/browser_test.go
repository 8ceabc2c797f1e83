package verdict_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// eye is a browser that shows the page to tests.
type eye struct {
	t       *testing.T
	in      io.Writer
	mu      sync.Mutex
	last    int
	waiting map[int]chan json.RawMessage
}

// sight is what a person would see, and what has been seen since the page was
// opened.
type sight struct {
	Colour, Phase, Till, Operation               string
	Headline, Advice, Count, About, Todo, Notice string
	Panel, Focus, Keys, Age, Ask, Setup, Gone    string
	Guide                                        int
	Size                                         float64
	AdviceSize                                   float64 `json:"advice_size"`
	Wide                                         bool
	Tabs                                         []string // colours of tabs
	Faults                                       []string
	Seen                                         []glance
}

type glance struct {
	At                              int64
	Colour, Phase, Operation, Count string
}

const (
	modules = "../../../cloud/web/node_modules/"
	shots   = "e2e/artifacts"
)

// look opens a browser; without one the test is skipped, and says why.
func look(t *testing.T) *eye {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node here")
	}
	chromium := os.Getenv("CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); chromium == "" && err == nil {
			chromium = path
		}
	}
	if chromium == "" {
		t.Skip("no chromium here: make deps")
	}
	root, err := filepath.Abs(modules)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "playwright-core")); err != nil {
		t.Skip("no playwright-core here: make deps")
	}
	if err := os.MkdirAll(shots, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "e2e/eye.mjs", root+"/", chromium)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e := &eye{t: t, in: in, waiting: map[int]chan json.RawMessage{0: make(chan json.RawMessage, 1)}}
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 8<<20)
		for lines.Scan() {
			var head struct{ ID int }
			if json.Unmarshal(lines.Bytes(), &head) != nil {
				continue
			}
			e.mu.Lock()
			ch := e.waiting[head.ID]
			delete(e.waiting, head.ID)
			e.mu.Unlock()
			if ch != nil {
				ch <- append(json.RawMessage(nil), lines.Bytes()...)
			}
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		for id, ch := range e.waiting {
			close(ch)
			delete(e.waiting, id)
		}
	}()
	t.Cleanup(func() {
		_ = in.Close()
		deadline := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		<-read
		_ = cmd.Wait()
		deadline.Stop()
	})
	e.mu.Lock()
	ready := e.waiting[0]
	e.mu.Unlock()
	select {
	case _, ok := <-ready:
		if !ok {
			t.Fatal("the browser did not start")
		}
	case <-time.After(patience):
		t.Fatal("the browser did not start in time")
	}
	return e
}

type m map[string]any

// ask tells the browser to do something.
func (e *eye) ask(act string, args m) (json.RawMessage, error) {
	ch := make(chan json.RawMessage, 1)
	e.mu.Lock()
	e.last++
	id := e.last
	e.waiting[id] = ch
	args["id"], args["act"] = id, act
	b, err := json.Marshal(args)
	if err == nil {
		_, err = e.in.Write(append(b, '\n'))
	}
	e.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("tell the browser: %w", err)
	}
	raw, ok := <-ch
	if !ok {
		return nil, fmt.Errorf("%s: the browser is gone", act)
	}
	var failed struct{ Error string }
	if err := json.Unmarshal(raw, &failed); err != nil || failed.Error != "" {
		return nil, fmt.Errorf("%s: %s", act, failed.Error)
	}
	return raw, nil
}

func (e *eye) do(t *testing.T, act string, args m) json.RawMessage {
	t.Helper()
	raw, err := e.ask(act, args)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (e *eye) see(t *testing.T, page string) sight {
	t.Helper()
	var s sight
	if err := json.Unmarshal(e.do(t, "see", m{"page": page}), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Faults) > 0 {
		t.Errorf("the page complains: %s", strings.Join(s.Faults, "; "))
	}
	return s
}

// until waits for an expression over d, the data of the page.
func (e *eye) until(t *testing.T, page, when string, most time.Duration) {
	t.Helper()
	if _, err := e.ask("wait", m{"page": page, "when": when, "ms": most.Milliseconds()}); err != nil {
		s := e.see(t, page)
		t.Fatalf("not seen within %v: %s; the page shows %s %s %q %q (%v)", most, when, s.Colour, s.Phase, s.Headline, s.Advice, err)
	}
}

func (e *eye) shot(t *testing.T, page, name string) {
	t.Helper()
	for _, size := range []m{{"width": 360, "height": 740}, {"width": 1440, "height": 900}} {
		size["page"], size["file"] = page, filepath.Join(shots, fmt.Sprintf("%s-%d.png", name, size["width"]))
		e.do(t, "shot", size)
	}
}
