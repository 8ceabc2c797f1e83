package journal_test

import (
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/chekan-io/chekan/agent/internal/journal"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// takeWrites makes every later write to the open files of a journal fail, as a file system that a fault of the disk
// made read-only does.
func takeWrites(t *testing.T, dir string) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range fds {
		name, err := os.Readlink(filepath.Join("/proc/self/fd", e.Name()))
		if match, _ := filepath.Match(filepath.Join(dir, "journal-*.db"), name); err != nil || !match {
			continue
		}
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Dup3(int(f.Fd()), fd, unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		n++
	}
	if n == 0 {
		t.Fatal("the journal has no open file")
	}
}

// TestStory_readOnly takes the disk's writes away before a sale, and between its intent and its outcome.
func TestStory_readOnly(t *testing.T) {
	for name, moment := range map[string]journal.Moment{"before the sale": journal.BeforeCommit, "after the intent": journal.AfterCommit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var dir string
				var armed atomic.Bool
				s := openShop(t, journal.Options{Reserve: -1, Fault: func(p journal.Point) error {
					if p.Moment == moment && p.Acts.Has(journal.ActIntent) && armed.Swap(false) {
						takeWrites(t, dir)
					}
					return nil
				}})
				dir = s.dir
				s.ask(plain("open", fiscalv1.Kind_KIND_OPEN_SHIFT, 0))
				armed.Store(true)
				op := sale("k", 12300)
				got := s.ask(op)
				held := s.of(op)
				switch {
				case moment == journal.BeforeCommit && (got.GetOutcome() != fiscalv1.Outcome_OUTCOME_NOT_DONE || got.GetReason() != "journal" || held != 0):
					t.Errorf("%v, the till has %d", got, held)
				case moment == journal.AfterCommit && (got.GetOutcome() != fiscalv1.Outcome_OUTCOME_UNKNOWN || held != 1):
					t.Errorf("%v, the till has %d", got, held)
				}
				if p := s.journal.Problems(); len(p) != 1 || p[0].Code != "journal_broken" {
					t.Errorf("problems: %v", p)
				}
				<-time.After(time.Minute)
				if s.of(op) != held {
					t.Errorf("the till has %d after a minute, had %d", s.of(op), held)
				}
				s.close()
				s.start() // somebody mended the disk
				<-time.After(5 * time.Second)
				if got := s.ask(op); got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE || s.of(op) != 1 {
					t.Errorf("in the end %v, the till has %d", got, s.of(op))
				}
			})
		})
	}
}
