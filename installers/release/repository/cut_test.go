package repository

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCut: whatever act ends before one of its files is written, readers have the state of before, whoever runs the act again
// completes it, and readers have the state of after. The file that can not be written is one whose place is taken by a folder.
func TestCut(t *testing.T) {
	for _, act := range []struct {
		name string
		do   func(t *testing.T, w *world, r *Repository) error
		// before prepares it, after tells whether a reader sees that it is done.
		before func(t *testing.T, w *world)
		after  func(t *testing.T, w *world, c *reader) bool
		writes int
	}{
		{
			name: "add", writes: 4,
			do:    func(t *testing.T, w *world, r *Repository) error { return r.Add(w.Release, releaseOf(t, "1.5.0")) },
			after: func(t *testing.T, w *world, c *reader) bool { return c.has(t, w.Dir, "1.5.0") },
		},
		{
			name: "withdraw", writes: 3,
			before: func(t *testing.T, w *world) { w.add(t, "1.3.0") },
			do:     func(_ *testing.T, w *world, r *Repository) error { return r.Withdraw(w.Release, "1.3.0") },
			after:  func(t *testing.T, w *world, c *reader) bool { return !c.has(t, w.Dir, "1.3.0") },
		},
		{
			name: "refresh", writes: 3,
			before: func(t *testing.T, w *world) {
				const fortnight = 14 * 24 * time.Hour
				for range 13 {
					w.pass(fortnight)
					if err := w.reopen(t).Refresh(w.Release); err != nil {
						t.Fatal(err)
					}
				}
				w.pass(fortnight) // now targets are past half of their term
			},
			do: func(_ *testing.T, w *world, r *Repository) error { return r.Refresh(w.Release) },
			after: func(t *testing.T, w *world, c *reader) bool {
				client, err := c.refresh(t, w.Dir)
				if err != nil {
					t.Fatal(err)
				}
				set := client.GetTrustedMetadataSet()
				return set.Timestamp.Signed.Expires.Sub(w.now()) > 44*24*time.Hour
			},
		},
	} {
		t.Run(act.name, func(t *testing.T) {
			prepare := func(t *testing.T) *world {
				w := newWorld(t)
				w.add(t, "1.4.0")
				if act.before != nil {
					act.before(t, w)
				}
				return w
			}
			// What does it write? The names are the same each time: one clock, one version.
			dry := prepare(t)
			before := files(t, dry.Dir)
			if err := act.do(t, dry, dry.reopen(t)); err != nil {
				t.Fatal(err)
			}
			var written []string
			for name, text := range files(t, dry.Dir) {
				if !bytes.Equal(before[name], text) {
					written = append(written, name)
				}
			}
			if len(written) != act.writes {
				t.Fatalf("it writes %q, want %d files", written, act.writes)
			}
			for _, name := range written {
				t.Run(filepath.Base(name), func(t *testing.T) {
					w := prepare(t)
					c := newReader(t, w)
					if !c.has(t, w.Dir, "1.4.0") || act.after(t, w, c) {
						t.Fatal("not in the state of before")
					}
					r := w.reopen(t)
					place := filepath.Join(w.Dir, name)
					old, err := os.ReadFile(place)
					if there := err == nil; there {
						if err := os.Remove(place); err != nil {
							t.Fatal(err)
						}
					}
					if err := os.MkdirAll(filepath.Join(place, "in the way"), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := act.do(t, w, r); err == nil {
						t.Fatal("done, though a file could not be written")
					}
					if err := os.RemoveAll(place); err != nil {
						t.Fatal(err)
					}
					if old != nil {
						if err := os.WriteFile(place, old, 0o600); err != nil {
							t.Fatal(err)
						}
					}
					// A power cut leaves half of a file that has no name yet.
					for _, dir := range []string{"metadata", "targets/agent"} {
						if err := os.WriteFile(filepath.Join(w.Dir, dir, ".new-1"), []byte(`{"signatures": [`), 0o600); err != nil {
							t.Fatal(err)
						}
					}
					for who, c := range map[string]*reader{"who was here before": c, "who comes now": newReader(t, w)} {
						if !c.has(t, w.Dir, "1.4.0") || act.after(t, w, c) {
							t.Errorf("%s has not the state of before", who)
						}
					}
					if err := act.do(t, w, w.reopen(t)); err != nil {
						t.Fatalf("run again: %v", err)
					}
					for who, c := range map[string]*reader{"who was here before": c, "who comes now": newReader(t, w)} {
						if !c.has(t, w.Dir, "1.4.0") || !act.after(t, w, c) {
							t.Errorf("%s has not the state of after", who)
						}
					}
				})
			}
		})
	}
}

// TestCut_sameRun: after a write that failed, the same process goes on from what the folder says.
func TestCut_sameRun(t *testing.T) {
	w := newWorld(t)
	w.add(t, "1.4.0")
	r := w.reopen(t)
	place := filepath.Join(w.Dir, "metadata/2.snapshot.json")
	if err := os.MkdirAll(place, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := r.Add(w.Release, releaseOf(t, "1.5.0")); err == nil {
		t.Fatal("added")
	}
	if err := os.Remove(place); err != nil {
		t.Fatal(err)
	}
	if err := r.Refresh(w.Release); err != nil {
		t.Fatal(err)
	}
	c := newReader(t, w)
	if !c.has(t, w.Dir, "1.4.0") || c.has(t, w.Dir, "1.5.0") {
		t.Error("a refresh brought what was not added")
	}
	if err := r.Add(w.Release, releaseOf(t, "1.5.0")); err != nil {
		t.Fatal(err)
	}
	if !c.has(t, w.Dir, "1.5.0") {
		t.Error("added, and not taken")
	}
}

// TestCut_create: a run that was cut before the first root waited begins again.
func TestCut_create(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "repository/metadata"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDev(dir); err != nil {
		t.Error(err)
	}
	d, err := OpenDev(dir) // and what is there is used again
	if err != nil {
		t.Fatal(err)
	}
	if root, err := d.Repository.Root(); err != nil || !strings.Contains(string(root), `"root"`) {
		t.Errorf("the root %.40q, %v", root, err)
	}
}
