package uplink

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

func TestState(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	ts := &tills{shift: 1}
	a, _ := enrolled(t, cab, j, ts)
	cab.until("the first state", func() bool { return cab.shift() == 1 })
	began, states := time.Now(), 0
	cab.set(func() { states = cab.states })
	for i := range uint32(1000) {
		ts.mu.Lock()
		ts.shift = i + 2
		ts.mu.Unlock()
		a.StateChanged()
	}
	cab.until("the newest state", func() bool { return cab.shift() == 1001 })
	cab.set(func() {
		if got, limit := cab.states-states, int(time.Since(began)/stateGap)+2; got > limit {
			t.Errorf("%d reports, want at most %d", got, limit)
		}
	})
}

// The newest report of a crash test reaches the cabinet, whatever was there before.
func TestCertificate(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	a, dir := enrolled(t, cab, j, &tills{})
	a.stop()
	folder := filepath.Join(dir, CertificatesDir)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"20260304T050607Z.json": "new", "20260303T050607Z.json": "old", "20260305T050607Z.json.new": "half"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start(t, dir, j, &tills{})
	cab.until("the report", func() bool { return len(cab.reports) > 0 })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	if len(cab.reports) != 1 || cab.reports[0] != "new" {
		t.Errorf("told %q", cab.reports)
	}
}

func TestProblems(t *testing.T) {
	cab := newCabinet(t)
	cab.set(func() { cab.clock = time.Hour; cab.denied = false })
	j := openJournal(t, t.TempDir())
	a, _ := enrolled(t, cab, j, &tills{})
	cab.until("the line is up", func() bool { return cab.state != nil })
	has := func(code string) func() bool {
		return func() bool {
			return slices.ContainsFunc(a.Problems(), func(p *fiscalv1.Problem) bool { return p.GetCode() == code && p.GetText() != "" && p.GetTodo() != "" })
		}
	}
	eventually(t, "the clock is told", has(CodeComputerClock))
	cab.cable.set(true)
	eventually(t, "the break is noticed", func() bool { return !a.Status().Online })
	cab.set(func() { cab.denied = true })
	cab.cable.set(false)
	eventually(t, "the refusal is told", has(CodeCloudDenied))
}
