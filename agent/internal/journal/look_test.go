package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// snapshotOf is the folder with everything in it.
func snapshotOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		info, err := e.Info()
		must(t, err)
		all[e.Name()] = fmt.Sprintf("%v %v %x", info.Mode(), info.ModTime(), b)
	}
	return all
}

// TestLook reads beside an open journal, with its newest record, and writes nothing.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{Reserve: -1})
	must(t, j.Intend(t.Context(), intended(accepted("begun"))))
	must(t, j.Conclude(t.Context(), done(accepted("done"), 7)))
	before := snapshotOf(t, dir)
	copied, err := Look(t.Context(), dir, Options{Verify: VerifyInChild(self(t))})
	must(t, err)
	if get(t, copied, "done").Operation.Document.GetFd() != 7 {
		t.Error("the newest record is not there")
	}
	if recs, err := copied.Unfinished(); err != nil || len(recs) != 1 || recs[0].Operation.Key != "begun" {
		t.Errorf("unfinished: %v %v", recs, err)
	}
	if findings, n, err := copied.Check(t.Context()); err != nil || len(findings) > 0 || n != 2 {
		t.Errorf("check: %v %d %v", findings, n, err)
	}
	var out bytes.Buffer
	if err := copied.Export(&out); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 2 {
		t.Errorf("export: %v\n%s", err, out.Bytes())
	}
	if err := copied.Accept(t.Context(), accepted("no")); !errors.Is(err, ErrCopy) {
		t.Errorf("accept: %v", err)
	}
	must(t, j.Conclude(t.Context(), done(accepted("later"), 8))) // the agent goes on
	delete(before, "journal-"+string(j.newest().month)+".db")
	temp := copied.temp
	must(t, copied.Close())
	if _, err := os.Stat(temp); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copy stays: %v", err)
	}
	after := snapshotOf(t, dir)
	for name, was := range before {
		if after[name] != was {
			t.Errorf("%s was touched", name)
		}
	}
	if len(after) != len(before)+1 {
		t.Errorf("the folder has %d files", len(after))
	}
}

// TestLook_beside copies a file while commits go on: every copy is whole.
func TestLook_beside(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{Reserve: -1})
	stop, stopped := make(chan struct{}), make(chan struct{})
	var commits atomic.Int64
	go func() {
		defer close(stopped)
		pace := time.NewTicker(30 * time.Millisecond) // a busy shop; faster than any till
		defer pace.Stop()
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-pace.C:
			}
			if err := j.Conclude(t.Context(), done(accepted(fmt.Sprint("k", n)), uint32(n+1))); err != nil {
				t.Errorf("conclude: %v", err)
			}
			commits.Add(1)
		}
	}()
	var last uint64
	for looks := 0; looks < 10 || commits.Load() < 10; looks++ {
		told := func() uint64 { n, _ := j.Backlog(); return n }()
		copied, err := Look(t.Context(), dir, Options{Verify: VerifyInChild(self(t))})
		must(t, err)
		findings, n, err := copied.Check(t.Context())
		if err != nil || len(findings) > 0 || len(copied.Problems()) > 0 {
			t.Errorf("copy: %v %v %v", findings, copied.Problems(), err)
		}
		if n < told {
			t.Errorf("%d records, %d were acknowledged before the copy", n, told)
		}
		last = n
		must(t, copied.Close())
	}
	close(stop)
	<-stopped
	if last == 0 {
		t.Errorf("%d commits, none in the last copy", commits.Load())
	}
}

// TestLook_damaged says what Open would do, and leaves it to Open.
func TestLook_damaged(t *testing.T) {
	dir := t.TempDir()
	path, recs := grown(t, dir, 60)
	data, err := os.ReadFile(path)
	must(t, err)
	clear(data[:2*os.Getpagesize()])
	for at := 0; ; { // and one record beyond reading
		i := bytes.Index(data[at:], []byte("k30"))
		if i < 0 {
			break
		}
		data[at+i] ^= 0x40
		at += i + 1
	}
	must(t, os.WriteFile(path, data, 0o600))
	must(t, os.WriteFile(path+damagedInfix+"20260101T000000", []byte("an earlier one"), 0o600))
	before := snapshotOf(t, dir)
	j, err := Look(t.Context(), dir, Options{Verify: VerifyInChild(self(t))})
	must(t, err)
	s := j.Salvaged()
	if len(s) != 1 || s[0].File != filepath.Base(path) || s[0].Operations != len(recs)-1 || s[0].Missing != 1 || s[0].Executions != 1 || !errors.Is(s[0].Cause, ErrDamaged) {
		t.Errorf("salvaged: %+v", s)
	}
	codes := ""
	for _, p := range j.Problems() {
		codes += p.Code + " "
	}
	if codes != "journal_kept_aside journal_damaged " {
		t.Errorf("problems: %s", codes)
	}
	must(t, j.Close())
	if after := snapshotOf(t, dir); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Error("the folder was touched")
	}
	// Open does what was said.
	j = open(t, dir, Options{Verify: VerifyInChild(self(t))})
	if now := j.Salvaged(); len(now) != 1 || now[0].Operations != s[0].Operations || now[0].Missing != s[0].Missing {
		t.Errorf("open salvaged: %+v", now)
	}
}

// TestLook_gone looks where there is no journal, and where there was one.
func TestLook_gone(t *testing.T) {
	dir := t.TempDir()
	if _, err := Look(t.Context(), dir, Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := Look(t.Context(), filepath.Join(dir, "none"), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	path, _ := grown(t, dir, 1)
	must(t, os.Remove(path))
	j, err := Look(t.Context(), dir, Options{})
	must(t, err)
	if p := j.Problems(); len(p) != 1 || p[0].Code != "journal_gone" {
		t.Errorf("problems: %v", p)
	}
	must(t, j.Close())
}
