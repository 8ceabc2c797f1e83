package repository

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAdd_refusals(t *testing.T) {
	w := newWorld(t)
	w.add(t, "1.4.0")
	before := files(t, w.Dir)
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	version := func(v string) func(*Release) { return func(a *Release) { a.Version = v } }
	journal := func(writes, oldest, newest int) func(*Release) {
		return func(a *Release) { a.Writes, a.Reads = writes, [2]int{oldest, newest} }
	}
	binaries := func(b map[string]string) func(*Release) { return func(a *Release) { a.Binaries = b } }
	for name, bad := range map[string]struct {
		change func(a *Release)
		want   string
	}{
		"no version":                  {version(""), "no semantic version"},
		"two numbers":                 {version("1.5"), "no semantic version"},
		"a letter before":             {version("v1.5.0"), "no semantic version"},
		"a leading zero":              {version("1.05.0"), "no semantic version"},
		"build metadata":              {version("1.5.0+7"), "no semantic version"},
		"a folder above":              {version("1.5.0-../../x"), "no semantic version"},
		"a line end":                  {version("1.5.0\n"), "no semantic version"},
		"a number too great":          {version("1.5.10000000000"), "no semantic version"},
		"a version too long":          {version("1.5.0-" + strings.Repeat("a", 60)), "no semantic version"},
		"no channel":                  {func(a *Release) { a.Channel = "" }, "neither stable nor beta"},
		"another channel":             {func(a *Release) { a.Channel = "nightly" }, "neither stable nor beta"},
		"a pre-release on stable":     {version("1.5.0-rc.1"), "pre-release"},
		"writes nothing":              {journal(0, 1, 1), "must read what it writes"},
		"reads from nothing":          {journal(1, 0, 1), "must read what it writes"},
		"writes what it will read":    {journal(3, 1, 2), "must read what it writes"},
		"writes what it read once":    {journal(1, 2, 3), "must read what it writes"},
		"reads backwards":             {journal(2, 3, 1), "must read what it writes"},
		"notes too long":              {func(a *Release) { a.Notes = strings.Repeat("я", maxNotes) }, "notes of"},
		"no binary":                   {binaries(nil), "no binary"},
		"a missing binary":            {binaries(map[string]string{"linux-amd64": empty + "-not"}), "no such file"},
		"an empty binary":             {binaries(map[string]string{"linux-amd64": empty}), "is empty"},
		"a folder for a binary":       {binaries(map[string]string{"linux-amd64": filepath.Dir(empty)}), "directory"},
		"a platform of one word":      {binaries(map[string]string{"linux": empty}), "no platform"},
		"a platform of another place": {binaries(map[string]string{"../linux-amd64": empty}), "no platform"},
	} {
		a := releaseOf(t, "1.5.0")
		bad.change(&a)
		refused(t, name, w.reopen(t).Add(w.Release, a), bad.want)
	}
	if err := w.reopen(t).Add(w.Roots[0], releaseOf(t, "1.5.0")); !errors.Is(err, ErrKey) {
		t.Errorf("added by a root key: %v", err)
	}
	if diff := cmp.Diff(before, files(t, w.Dir)); diff != "" {
		t.Errorf("a refusal left something: %s", diff)
	}
}

// TestAdd_once: a version stands for one set of bytes, for ever.
func TestAdd_once(t *testing.T) {
	w := newWorld(t)
	w.add(t, "1.4.0")
	c := newReader(t, w)
	refused(t, "the same again", w.reopen(t).Add(w.Release, releaseOf(t, "1.4.0")), "released already")
	other := releaseOf(t, "1.4.0")
	other.Binaries = releaseOf(t, "1.4.1").Binaries
	refused(t, "other bytes", w.reopen(t).Add(w.Release, other), "released already")
	if err := w.reopen(t).Withdraw(w.Release, "1.4.0"); err != nil {
		t.Fatal(err)
	}
	refused(t, "other bytes after it was withdrawn", w.reopen(t).Add(w.Release, other), "other bytes")
	w.add(t, "1.5.0")
	refused(t, "other bytes after another release", w.reopen(t).Add(w.Release, other), "other bytes")
	// What was withdrawn by mistake may come back.
	w.add(t, "1.4.0")
	if !c.has(t, w.Dir, "1.4.0") {
		t.Error("back, and not taken")
	}

	windows := releaseOf(t, "1.4.0")
	windows.Binaries = map[string]string{"windows-amd64": other.Binaries["linux-amd64"]}
	for name, change := range map[string]func(a *Release){
		"another channel":               func(a *Release) { a.Channel = "beta" },
		"another journal":               func(a *Release) { a.Writes, a.Reads = 2, [2]int{1, 2} },
		"another journal that it reads": func(a *Release) { a.Reads = [2]int{1, 2} },
	} {
		bad := windows
		change(&bad)
		refused(t, "a platform joins with "+name, w.reopen(t).Add(w.Release, bad), "same terms")
	}
	if err := w.reopen(t).Add(w.Release, windows); err != nil {
		t.Errorf("a platform that was built later: %v", err)
	}
	client, err := c.refresh(t, w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range []string{"linux-amd64", "windows-amd64"} {
		info, err := client.GetTargetInfo(TargetPath("1.4.0", platform))
		if err != nil {
			t.Fatal(err)
		}
		var said Target
		if err := json.Unmarshal(*info.Custom, &said); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(body("1.4.0"))
		if platform == "windows-amd64" {
			sum = sha256.Sum256(body("1.4.1")) // the other bytes of above
		}
		want := Target{
			Version: "1.4.0", Channel: "stable", Platform: platform, Writes: 1, Reads: [2]int{1, 1}, Size: int64(len(body("1.4.0"))),
			Notes: "Что нового", ReleasedMS: w.now().UnixMilli(), SHA256: hex.EncodeToString(sum[:]),
		}
		if diff := cmp.Diff(want, said); diff != "" {
			t.Errorf("what is signed of %s: %s", platform, diff)
		}
	}
}

func TestWithdraw(t *testing.T) {
	w := newWorld(t)
	refused(t, "of nothing", w.reopen(t).Withdraw(w.Release, "1.4.0"), "is not released")
	w.add(t, "1.4.0")
	w.add(t, "1.4.0-beta.1")
	c := newReader(t, w)
	for _, version := range []string{"1.4", "", "1.4.0/linux-amd64", "../1.4.0"} {
		refused(t, version, w.reopen(t).Withdraw(w.Release, version), "no semantic version")
	}
	refused(t, "another", w.reopen(t).Withdraw(w.Release, "1.4.1"), "is not released")
	if err := w.reopen(t).Withdraw(w.Roots[0], "1.4.0"); !errors.Is(err, ErrKey) {
		t.Errorf("by a root key: %v", err)
	}
	if !c.has(t, w.Dir, "1.4.0") || !c.has(t, w.Dir, "1.4.0-beta.1") {
		t.Fatal("gone without being withdrawn")
	}
	if err := w.reopen(t).Withdraw(w.Release, "1.4.0"); err != nil {
		t.Fatal(err)
	}
	if c.has(t, w.Dir, "1.4.0") {
		t.Error("withdrawn, and given")
	}
	if !c.has(t, w.Dir, "1.4.0-beta.1") {
		t.Error("its neighbour is gone too")
	}
	refused(t, "again", w.reopen(t).Withdraw(w.Release, "1.4.0"), "is not released")
	// The last one leaves a repository of nothing that is still one.
	if err := w.reopen(t).Withdraw(w.Release, "1.4.0-beta.1"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.refresh(t, w.Dir); err != nil {
		t.Error(err)
	}
}

// TestRefresh: weekly runs keep a repository alive for as long as its root holds, and sign no more than they need.
func TestRefresh(t *testing.T) {
	w := newWorld(t)
	refused(t, "of nothing", w.reopen(t).Refresh(w.Release), "nothing is released")
	w.add(t, "1.4.0")
	if err := w.reopen(t).Refresh(w.Roots[0]); !errors.Is(err, ErrKey) {
		t.Errorf("by a root key: %v", err)
	}
	c := newReader(t, w)
	const week = 7 * 24 * time.Hour
	count := func() (targets, snapshots int) {
		for name := range files(t, w.Dir) {
			if strings.HasSuffix(name, ".targets.json") {
				targets++
			} else if strings.HasSuffix(name, ".snapshot.json") {
				snapshots++
			}
		}
		return targets, snapshots
	}
	if err := w.reopen(t).Refresh(w.Release); err != nil {
		t.Fatal(err)
	}
	if targets, snapshots := count(); targets != 1 || snapshots != 1 {
		t.Errorf("a fresh one: %d targets and %d snapshots", targets, snapshots)
	}
	for range 2 * 52 {
		w.pass(week)
		if err := w.reopen(t).Refresh(w.Release); err != nil {
			t.Fatal(err)
		}
	}
	if !c.has(t, w.Dir, "1.4.0") || !newReader(t, w).has(t, w.Dir, "1.4.0") {
		t.Error("after two years of weekly runs it is not taken")
	}
	// Past half of their terms: targets each 27 weeks, a snapshot each 13 weeks and with new targets.
	if targets, snapshots := count(); targets != 4 || snapshots != 11 {
		t.Errorf("after two years: %d targets and %d snapshots, want 4 and 11", targets, snapshots)
	}
}

// TestAdd_same: the same binary gives the same file in every repository: whoever builds it again can compare.
func TestAdd_same(t *testing.T) {
	var first string
	for range 2 {
		w := newWorld(t)
		w.add(t, "1.4.0")
		found, err := filepath.Glob(filepath.Join(w.Dir, "targets/agent/1.4.0/linux-amd64/*"))
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		if name := filepath.Base(found[0]); first == "" {
			first = name
		} else if name != first {
			t.Errorf("%s and %s", first, name)
		}
	}
}
