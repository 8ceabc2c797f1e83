package repository

import (
	"crypto/ed25519"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

func newKeys(t *testing.T, n int) []ed25519.PrivateKey {
	t.Helper()
	list := make([]ed25519.PrivateKey, n)
	for i := range list {
		var err error
		if list[i], err = NewKey(); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// refused says that an error is there, with the words.
func refused(t *testing.T, what string, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: %v, want %q", what, err, words)
	}
}

func TestCreate_refusals(t *testing.T) {
	k := publicOf(newKeys(t, 4)...)
	release := k[3]
	for _, bad := range []struct {
		name  string
		roots Roots
		want  string
	}{
		{"a threshold of none", Roots{Keys: k[:3], Threshold: 0}, "0 of 3"},
		{"more than there are", Roots{Keys: k[:3], Threshold: 4}, "4 of 3"},
		{"no key", Roots{Threshold: 1}, "1 of 0"},
		{"a key twice", Roots{Keys: append(k[:2:2], k[0]), Threshold: 2}, "named twice"},
		{"the release key", Roots{Keys: append(k[:2:2], release), Threshold: 2}, "different keys"},
	} {
		dir := filepath.Join(t.TempDir(), "repo")
		_, err := Create(dir, bad.roots, release)
		refused(t, bad.name, err, bad.want)
		if _, err := Create(dir, Roots{Keys: k[:3], Threshold: 2}, release); err != nil {
			t.Errorf("%s, then as it should be: %v", bad.name, err)
		}
		if _, err := Create(dir, Roots{Keys: k[:3], Threshold: 2}, release); !errors.Is(err, ErrExists) {
			t.Errorf("created over one that waits: %v", err)
		}
	}
	if _, err := Open(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder opened: %v", err)
	}
	if _, err := Create(newWorld(t).Dir, Roots{Keys: k[:3], Threshold: 2}, release); !errors.Is(err, ErrExists) {
		t.Errorf("created over one that counts: %v", err)
	}
}

// TestSignRoot: nothing counts before the threshold; a signature counts once; a stranger's does not count even when it is put in by hand.
func TestSignRoot(t *testing.T) {
	k, stranger := newKeys(t, 4), newKeys(t, 1)[0]
	release := k[3]
	dir := t.TempDir()
	if _, err := Create(dir, Roots{Keys: publicOf(k[:3]...), Threshold: 2}, Public(release)); err != nil {
		t.Fatal(err)
	}
	open := func() *Repository {
		t.Helper()
		r, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	waits := func(what string) {
		t.Helper()
		r := open()
		if _, err := r.Root(); !errors.Is(err, ErrPending) {
			t.Errorf("%s: there is a root, %v", what, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "metadata/1.root.json")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: it is given out, %v", what, err)
		}
		if err := r.Add(release, Release{Version: "1.0.0", Channel: "stable", Writes: 1, Reads: [2]int{1, 1}, Binaries: map[string]string{"linux-amd64": "x"}}); !errors.Is(err, ErrPending) {
			t.Errorf("%s: a release is added, %v", what, err)
		}
		for act, err := range map[string]error{"withdraw": r.Withdraw(release, "1.0.0"), "refresh": r.Refresh(release), "rotate": r.Rotate(Roots{}, Public(release))} {
			if !errors.Is(err, ErrPending) {
				t.Errorf("%s: %s: %v", what, act, err)
			}
		}
	}
	waits("no signature")
	for range 2 {
		if err := open().SignRoot(k[0]); !errors.Is(err, ErrPending) {
			t.Errorf("one signature: %v", err)
		}
		waits("one signature")
	}
	for what, bad := range map[string]ed25519.PrivateKey{"a stranger": stranger, "the release key": release} {
		if err := open().SignRoot(bad); !errors.Is(err, ErrKey) {
			t.Errorf("%s signs: %v", what, err)
		}
		waits(what)
	}
	pending, err := metadata.Root().FromFile(filepath.Join(dir, pendingRoot))
	if err != nil || len(pending.Signatures) != 1 {
		t.Fatalf("%d signatures, %v", len(pending.Signatures), err)
	}
	// A stranger's signature by hand, under its own name and under the name of a key that has to sign.
	if err := sign(pending, stranger); err != nil {
		t.Fatal(err)
	}
	forged := pending.Signatures[1]
	if forged.KeyID, err = KeyID(Public(k[1])); err != nil {
		t.Fatal(err)
	}
	pending.Signatures = append(pending.Signatures, forged)
	if err := pending.ToFile(filepath.Join(dir, pendingRoot), true); err != nil {
		t.Fatal(err)
	}
	if err := open().SignRoot(k[0]); !errors.Is(err, ErrPending) {
		t.Errorf("one owner and forged signatures: %v", err)
	}
	waits("forged signatures")
	if err := open().SignRoot(k[2]); err != nil {
		t.Errorf("two owners: %v", err)
	}
	if _, err := open().Root(); err != nil {
		t.Error(err)
	}
	refused(t, "signed again", open().SignRoot(k[1]), "no root waits")
	if err := open().Add(release, releaseOf(t, "1.0.0")); err != nil {
		t.Error(err)
	}
}

// TestSignRoot_cut: a run that was cut after the root was published, and before it was forgotten as pending, leaves nothing in the way.
func TestSignRoot_cut(t *testing.T) {
	for name, signs := range map[string]int{"who signed last": 1, "who signed before": 0, "who did not sign": 2} {
		w := newWorld(t)
		text, err := os.ReadFile(filepath.Join(w.Dir, "metadata/1.root.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w.Dir, pendingRoot), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := w.reopen(t).SignRoot(w.Roots[signs]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		refused(t, name, w.reopen(t).SignRoot(w.Roots[signs]), "no root waits")
		if after, err := w.reopen(t).Root(); err != nil || string(after) != string(text) {
			t.Errorf("%s: the root changed, %v", name, err)
		}
	}
}

// rotate begins the next root and gives it the signatures.
func (w *world) rotate(t *testing.T, roots, signers []ed25519.PrivateKey, release ed25519.PrivateKey) {
	t.Helper()
	if err := w.reopen(t).Rotate(Roots{Keys: publicOf(roots...), Threshold: 2}, Public(release)); err != nil {
		t.Fatal(err)
	}
	for i, k := range signers {
		err := w.reopen(t).SignRoot(k)
		if last := i == len(signers)-1; last && err != nil || !last && !errors.Is(err, ErrPending) {
			t.Fatalf("signature %d of %d: %v", i+1, len(signers), err)
		}
	}
	w.Roots, w.Release = roots, release
}

// TestRotate: readers with any of the old roots follow to the newest, and what the old keys sign counts no more.
func TestRotate(t *testing.T) {
	w := newWorld(t)
	w.add(t, "1.4.0")
	first := newReader(t, w) // has only ever seen the first root
	old := newReader(t, w)
	if !old.has(t, w.Dir, "1.4.0") {
		t.Fatal("not taken")
	}
	oldRoots, oldRelease := w.Roots, w.Release
	roots, releases := newKeys(t, 3), newKeys(t, 2)

	// A threshold of each: neither the old owners alone nor the new ones.
	if err := w.reopen(t).Rotate(Roots{Keys: publicOf(roots...), Threshold: 2}, Public(releases[0])); err != nil {
		t.Fatal(err)
	}
	for what, keys := range map[string][]ed25519.PrivateKey{"old owners alone": oldRoots} {
		if err := w.reopen(t).SignRoot(keys...); !errors.Is(err, ErrPending) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := w.reopen(t).Rotate(Roots{Keys: publicOf(roots...), Threshold: 2}, Public(releases[0])); err != nil {
		t.Fatal(err)
	}
	if err := w.reopen(t).SignRoot(roots...); !errors.Is(err, ErrPending) {
		t.Errorf("new owners alone: %v", err)
	}
	if err := w.reopen(t).SignRoot(oldRoots[2]); !errors.Is(err, ErrPending) {
		t.Errorf("one of the old owners: %v", err)
	}
	if !old.has(t, w.Dir, "1.4.0") {
		t.Error("a root that waits disturbs readers")
	}

	w.rotate(t, roots, []ed25519.PrivateKey{oldRoots[0], roots[0], roots[1], oldRoots[1]}, releases[0])
	if old.has(t, w.Dir, "1.4.0") {
		t.Error("taken on the word of a key that counts no more")
	}
	if err := w.reopen(t).Add(oldRelease, releaseOf(t, "1.5.0")); !errors.Is(err, ErrKey) {
		t.Errorf("the old release key adds: %v", err)
	}
	if err := w.reopen(t).Refresh(oldRelease); !errors.Is(err, ErrKey) {
		t.Errorf("the old release key refreshes: %v", err)
	}
	if err := w.reopen(t).Refresh(w.Release); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*reader{"has seen the release": old, "has seen nothing": first} {
		if !c.has(t, w.Dir, "1.4.0") {
			t.Errorf("who %s does not follow", name)
		}
	}
	// The same owners, another release key, for a longer term.
	w.rotate(t, roots, []ed25519.PrivateKey{roots[2], roots[1]}, releases[1])
	if err := w.reopen(t).Refresh(w.Release); err != nil {
		t.Fatal(err)
	}
	w.add(t, "1.5.0")
	for name, c := range map[string]*reader{"saw each root": old, "has the first root only": newReader(t, w)} {
		if !c.has(t, w.Dir, "1.4.0") || !c.has(t, w.Dir, "1.5.0") {
			t.Errorf("who %s does not follow", name)
		}
	}
	if _, err := os.Stat(filepath.Join(w.Dir, pendingRoot)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a root still waits: %v", err)
	}
}

// TestRotate_alone: a root signed on a computer that has not the roots before it does not become one there.
func TestRotate_alone(t *testing.T) {
	w := newWorld(t)
	if err := w.reopen(t).Rotate(Roots{Keys: publicOf(w.Roots...), Threshold: 2}, Public(w.Release)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(w.Dir, pendingRoot))
	if err != nil {
		t.Fatal(err)
	}
	away := t.TempDir()
	if err := os.WriteFile(filepath.Join(away, pendingRoot), text, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Open(away)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "signed alone", r.SignRoot(w.Roots...), "have to lie here too")
	if _, err := os.Stat(filepath.Join(away, pendingRoot)); err != nil {
		t.Error(err)
	}
}

// TestRotate_late: under a root whose term is over nothing is signed, and rotating heals it.
func TestRotate_late(t *testing.T) {
	w := newWorld(t)
	w.add(t, "1.4.0")
	c := newReader(t, w)
	w.pass(DefaultTerms().Root + time.Second)
	refused(t, "refresh", w.reopen(t).Refresh(w.Release), "rotate")
	refused(t, "add", w.reopen(t).Add(w.Release, releaseOf(t, "1.5.0")), "rotate")
	w.rotate(t, w.Roots, w.Roots[:2], w.Release)
	if c.has(t, w.Dir, "1.4.0") {
		t.Error("taken after its time")
	}
	if err := w.reopen(t).Refresh(w.Release); err != nil {
		t.Fatal(err)
	}
	if !c.has(t, w.Dir, "1.4.0") {
		t.Error("refused though rotated and refreshed")
	}
}
