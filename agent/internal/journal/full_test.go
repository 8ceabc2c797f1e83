package journal

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// fullDisk answers commits with a full disk while it has to, and gives way once the reserve is gone.
type fullDisk struct {
	full    bool
	reserve string
}

func (d *fullDisk) fault(p Point) error {
	if _, err := os.Stat(d.reserve); p.Moment == BeforeCommit && d.full && err == nil {
		return syscall.ENOSPC
	}
	return nil
}

func TestJournal_full(t *testing.T) {
	ctx, dir, clock := t.Context(), t.TempDir(), at("2026-11-04")
	disk := &fullDisk{reserve: filepath.Join(dir, reserveName)}
	j := open(t, dir, Options{Now: clock.read, Fault: disk.fault, Reserve: 1 << 20})
	if info, err := os.Stat(disk.reserve); err != nil || info.Size() != 1<<20 {
		t.Fatalf("reserve: %v %v", info, err)
	}
	waiting := accepted("waiting")
	must(t, j.Accept(ctx, waiting))
	begun := intended(accepted("begun"))
	must(t, j.Intend(ctx, begun))
	disk.full = true
	problem := func(want bool) {
		t.Helper()
		if p := j.Problems(); (len(p) == 1 && p[0].Code == "journal_full") != want {
			t.Errorf("problems: %v", p)
		}
	}
	problem(false)
	refused := func() {
		t.Helper()
		if err := j.Accept(ctx, accepted("new")); !errors.Is(err, ErrFull) {
			t.Errorf("accept: %v", err)
		}
		if err := j.Intend(ctx, accepted("new")); !errors.Is(err, ErrFull) {
			t.Errorf("accept and intend: %v", err)
		}
		if err := j.Intend(ctx, intended(get(t, j, "waiting"))); !errors.Is(err, ErrFull) {
			t.Errorf("intend: %v", err)
		}
		problem(true)
	}
	refused()
	if _, err := os.Stat(disk.reserve); err != nil {
		t.Error("the reserve was spent on a new operation")
	}
	must(t, j.Conclude(ctx, done(begun, 5)))
	if _, err := os.Stat(disk.reserve); err == nil {
		t.Error("the reserve is still there")
	}
	// Without a reserve nothing new is begun, whatever room there seems to be.
	disk.full = false
	must(t, os.MkdirAll(filepath.Join(disk.reserve, "in the way"), 0o700)) // and there is none for another
	clock.set(clock.read().Add(time.Hour))
	refused()
	begun.Operation.Ofd = fiscalv1.OFDTrack_OFD_TRACK_QUEUED
	j.Amend(begun)
	must(t, j.Conclude(ctx, notDone(waiting)))
	must(t, os.RemoveAll(disk.reserve))
	clock.set(clock.read().Add(time.Hour))
	must(t, j.Accept(ctx, accepted("new")))
	problem(false)
	if _, err := os.Stat(disk.reserve); err != nil {
		t.Errorf("the reserve was not taken again: %v", err)
	}
	closeChecked(t, j)
	j = open(t, dir, Options{})
	if rec := get(t, j, "begun"); rec.Operation.Document.Fd != 5 || rec.Operation.Ofd != fiscalv1.OFDTrack_OFD_TRACK_QUEUED {
		t.Errorf("begun: %v", rec)
	}
}

// TestJournal_fullMixed has new operations and outcomes in one group.
func TestJournal_fullMixed(t *testing.T) {
	dir := t.TempDir()
	disk := &fullDisk{reserve: filepath.Join(dir, reserveName)}
	j := open(t, dir, Options{Fault: disk.fault, Reserve: 1 << 20})
	begun := intended(accepted("begun"))
	must(t, j.Intend(t.Context(), begun))
	disk.full = true
	outcome, err := recordWrite(done(begun, 5), ActOutcome)
	must(t, err)
	fresh, err := recordWrite(accepted("new"), ActAccept)
	must(t, err)
	fresh.known = j.newest().month
	j.mu.Lock()
	for _, w := range []*write{fresh, outcome} {
		w.done = make(chan struct{})
		must(t, j.queueLocked(w))
	}
	j.mu.Unlock()
	<-outcome.done
	<-fresh.done
	if outcome.err != nil || !errors.Is(fresh.err, ErrFull) {
		t.Errorf("outcome: %v, new: %v", outcome.err, fresh.err)
	}
	if _, err := j.Get("new"); !errors.Is(err, ErrNotFound) {
		t.Errorf("new: %v", err)
	}
}

// TestJournal_broken fails a commit in a way that nobody can judge.
func TestJournal_broken(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	must(t, j.Accept(t.Context(), accepted("a")))
	f := j.newest()
	must(t, f.db.Close()) // any error that is not a full disk
	if err := j.Accept(t.Context(), accepted("b")); err == nil || errors.Is(err, ErrFull) {
		t.Errorf("accept: %v", err)
	}
	eventually(t, "the journal says so", func() bool {
		rec := accepted("c")
		rec.Seq = 1
		return errors.Is(j.Conclude(t.Context(), rec), ErrBroken)
	})
	if p := j.Problems(); len(p) != 1 || p[0].Code != "journal_broken" {
		t.Errorf("problems: %v", p)
	}
	closeChecked(t, j)
	j = open(t, dir, Options{})
	get(t, j, "a")
}
