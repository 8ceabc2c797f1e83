package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestJournal_realFullDisk fills a small file system of its own. Where one may not be mounted, TestJournal_full
// stands in for it alone.
func TestJournal_realFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=3m"); err != nil {
		t.Skipf("mount a small disk: %v", err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	clock := at("2026-11-04")
	opts := Options{Now: clock.read, Reserve: 1 << 20}
	j := open(t, dir, opts)
	begun := intended(accepted("begun"))
	must(t, j.Intend(t.Context(), begun))
	hog, err := os.Create(filepath.Join(dir, "hog"))
	must(t, err)
	for n := 64 << 10; n > 0; {
		if _, err := hog.Write(make([]byte, n)); errors.Is(err, syscall.ENOSPC) {
			n /= 2
		} else {
			must(t, err)
		}
	}
	must(t, hog.Close())
	n := 0
	for ; ; n++ { // free pages within the file take some
		rec := accepted(fmt.Sprint("k", n))
		rec.Operation.Text = strings.Repeat("x", 8000)
		if err := j.Accept(t.Context(), rec); errors.Is(err, ErrFull) {
			break
		} else if must(t, err); n > 1000 {
			t.Fatal("the disk does not become full")
		}
	}
	for i := range n {
		rec := get(t, j, fmt.Sprint("k", i))
		rec.Operation.Text = ""
		must(t, j.Conclude(t.Context(), notDone(rec)))
	}
	begun.Operation.Text = strings.Repeat("y", 50000) // more than what is free within the file
	must(t, j.Conclude(t.Context(), done(begun, 5)))
	if p := j.Problems(); len(p) != 1 || p[0].Code != "journal_full" {
		t.Errorf("problems: %v", p)
	}
	if err := j.Accept(t.Context(), accepted("new")); !errors.Is(err, ErrFull) {
		t.Errorf("accept: %v", err)
	}
	closeChecked(t, j)

	j = open(t, dir, opts) // a start on a full disk
	if rec := get(t, j, "begun"); rec.Operation.Document.GetFd() != 5 {
		t.Errorf("begun: %v", rec)
	}
	if err := j.Accept(t.Context(), accepted("new")); !errors.Is(err, ErrFull) {
		t.Errorf("accept after a start: %v", err)
	}
	must(t, os.Remove(filepath.Join(dir, "hog")))
	clock.set(clock.read().Add(reserveRetry))
	must(t, j.Accept(t.Context(), accepted("new")))
	if len(j.Problems()) > 0 {
		t.Errorf("problems: %v", j.Problems())
	}
}

// TestOpen_denied opens a journal that belongs to another user, as a service under the wrong account would.
func TestOpen_denied(t *testing.T) {
	dir := t.TempDir()
	path, _ := grown(t, dir, 3)
	was, err := os.ReadFile(path)
	must(t, err)
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	for _, c := range []struct {
		name   string
		change func()
	}{
		{"folder", func() { must(t, os.Chmod(dir, 0o500)) }},
		{"lock", func() { must(t, os.Chmod(dir, 0o777)); must(t, os.Chmod(filepath.Join(dir, lockName), 0o400)) }},
		{"file", func() { must(t, os.Chmod(filepath.Join(dir, lockName), 0o666)); must(t, os.Chmod(path, 0o400)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.change()
			var err error
			asNobody(t, func() { _, err = Open(t.Context(), dir, Options{Reserve: -1}) })
			if !errors.Is(err, fs.ErrPermission) {
				t.Errorf("open: %v", err)
			}
		})
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	names := ""
	for _, e := range entries {
		names += e.Name() + " "
	}
	if names != "identity journal-2026-11.db lock " {
		t.Errorf("the folder has %s", names)
	}
	if is, err := os.ReadFile(path); err != nil || !bytes.Equal(was, is) {
		t.Errorf("the file was touched (%v)", err)
	}
}

// asNobody runs act without the rights of root over files, when the tests run as root.
func asNobody(t *testing.T, act func()) {
	t.Helper()
	if os.Getuid() != 0 {
		act()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	must(t, unix.Setfsuid(65534))
	defer func() { must(t, unix.Setfsuid(0)) }()
	act()
}

// TestOpen_readOnly opens a journal on a file system that takes no writes.
func TestOpen_readOnly(t *testing.T) {
	dir := t.TempDir()
	path, _ := grown(t, dir, 3)
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("mount: %v", err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	must(t, unix.Mount("", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	if _, err := Open(t.Context(), dir, Options{}); !errors.Is(err, syscall.EROFS) {
		t.Errorf("open: %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
