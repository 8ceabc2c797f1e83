package till

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// A suspension is there after a restart as it was; a file that cannot be read keeps the till suspended until somebody resumes it.
func TestLock(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	path := filepath.Join(t.TempDir(), "tills", "касса.suspended")
	var l lock
	l.open(path, log)
	if l.state() != nil || l.problem(fiscal.Sale) != nil {
		t.Fatal("suspended by nobody")
	}
	if err := l.set(&fiscalv1.Suspension{Reason: "ревизия", By: "Анна", SinceMs: 7}); err != nil {
		t.Fatal(err)
	}
	var again lock
	again.open(path, log)
	if s := again.state(); s.GetReason() != "ревизия" || s.GetBy() != "Анна" || s.GetSinceMs() != 7 {
		t.Errorf("after a restart: %v", s)
	}
	if again.problem(fiscal.Sale) == nil || again.problem(fiscal.CashOut) == nil || again.problem(fiscal.XReport) != nil {
		t.Error("a sale and a payment are not begun, a report is")
	}
	if err := again.set(nil); err != nil {
		t.Fatal(err)
	}
	if err := again.set(nil); err != nil {
		t.Errorf("resumed twice: %v", err)
	}
	var third lock
	third.open(path, log)
	if third.state() != nil {
		t.Error("resumed, and suspended after a restart")
	}
	if err := os.WriteFile(path, []byte("{torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	var torn lock
	torn.open(path, log)
	if torn.problem(fiscal.Sale) == nil {
		t.Error("a suspension that cannot be read is none")
	}
	if err := torn.set(nil); err != nil || torn.state() != nil {
		t.Errorf("not resumed: %v", err)
	}
}

// What is not on disk does not hold: a till is not called suspended when a restart would forget it.
func TestLock_notWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l := lock{path: filepath.Join(file, "касса.suspended")}
	if err := l.set(&fiscalv1.Suspension{Reason: "ревизия"}); err == nil || l.state() != nil {
		t.Errorf("%v, %v", err, l.state())
	}
}
