package crashtest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample() Certificate {
	points := []string{
		Point{Kind: "sale", Trouble: "answer_lost", At: 3, Of: 40, Documents: 1}.Line(),
		Point{Kind: "sale", Trouble: "killed_after", At: 41, Of: 42, Documents: 2, Doubled: true}.Line(),
	}
	return Certificate{
		Format: Format, Points: points,
		Verdict: Verdict{
			Driver: "shtrih", Maker: "Штрих-М <&>", Model: "МИНИ-01Ф", Seed: 5, Complete: true, Archive: true,
			Total: Cell{Points: 2, Doubled: 1}, PointsSHA256: hashOf(points),
		},
		Circumstances: Circumstances{Started: time.Unix(1, 0).UTC(), Ended: time.Unix(2, 0).UTC()},
	}
}

func TestVerify(t *testing.T) {
	dir := t.TempDir()
	key, err := Key(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Key(dir)
	if err != nil || !key.Equal(again) {
		t.Fatalf("the second look gives another key: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, keyFile))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the key lies open: %v %v", info.Mode(), err)
	}
	file, err := Sign(sample(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, public, err := Verify(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), c); diff != "" || !public.Equal(key.Public()) {
		t.Errorf("read back otherwise:\n%s", diff)
	}
	// Another program may lay the same bytes out otherwise.
	if _, _, err := Verify(bytes.ReplaceAll(file, []byte("\n"), []byte("\n\t"))); err != nil {
		t.Errorf("other white space: %v", err)
	}

	for name, change := range map[string]func(string) string{
		"a nicer total":      func(s string) string { return strings.Replace(s, `"doubled": 1`, `"doubled": 0`, 1) },
		"passed after all":   func(s string) string { return strings.Replace(s, `"passed": false`, `"passed": true`, 1) },
		"another till":       func(s string) string { return strings.Replace(s, "МИНИ-01Ф", "ЛАЙТ-01Ф", 1) },
		"another key":        func(s string) string { return strings.Replace(s, `"public_key": "`, `"public_key": "A`, 1) },
		"no signature":       func(s string) string { return s[:strings.Index(s, `"signature"`)] + `"signature":{}}` },
		"not a report":       func(string) string { return "[]" },
		"a point left out":   func(s string) string { return strings.Replace(s, "doubled\"", "ok\"", 1) },
		"an end that is cut": func(s string) string { return s[:len(s)/2] },
	} {
		if changed := change(string(file)); changed == string(file) {
			t.Errorf("%s: the test changes nothing", name)
		} else if _, _, err := Verify([]byte(changed)); !errors.Is(err, ErrReport) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A report that contradicts itself is worth nothing even when its signature is
// good.
func TestVerify_contradiction(t *testing.T) {
	key, err := Key(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Certificate){
		"passed with a double":         func(c *Certificate) { c.Verdict.Passed = true },
		"a total without its points":   func(c *Certificate) { c.Verdict.Total.Doubled = 0 },
		"a journal of other points":    func(c *Certificate) { c.Points = c.Points[:1] },
		"a point that nobody can read": func(c *Certificate) { c.Points[0] = "sale?" },
		"a later format":               func(c *Certificate) { c.Format++ },
	} {
		c := sample()
		change(&c)
		file, err := Sign(c, key)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Verify(file); !errors.Is(err, ErrReport) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
