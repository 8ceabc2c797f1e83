package update

import (
	"slices"
	"testing"
)

// inOrder are versions as semver.org (2.0.0, §11) orders them, and ours.
var inOrder = []string{
	"0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",
	"1.0.1", "1.2.0-beta.9", "1.2.0-beta.10", "1.2.0", "1.10.0", "2.0.0",
}

func TestVersion_order(t *testing.T) {
	for i, a := range inOrder {
		for j, b := range inOrder {
			if got, want := newer(a, b), i > j; got != want {
				t.Errorf("newer(%s, %s) = %v", a, b, got)
			}
		}
		va, err := ParseVersion(a)
		if err != nil || va.String() != a {
			t.Errorf("%s reads as %s: %v", a, va, err)
		}
	}
	if !slices.IsSortedFunc(inOrder, func(a, b string) int {
		va, _ := ParseVersion(a)
		vb, _ := ParseVersion(b)
		return va.Compare(vb)
	}) {
		t.Error("the order is not one")
	}
	if c, ok := name("v1.2.3+build.5"); !ok || c != "1.2.3" {
		t.Errorf("a prefix and build metadata do not count: %q", c)
	}
}

// What is no version never becomes the name of a folder.
func TestVersion_none(t *testing.T) {
	for _, text := range []string{
		"", "dev", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.03", "1.2.-3", "+1.2.3", "1.2.+3", "1.2.3-", "1.2.3-a..b", "1.2.3-01", "1.2.3-a/b", "../1.2.3",
		"1.2.3/..", "1.2.3-..", "1.2.3\x00", "1.2.3+", "99999999999.0.0", "1.2.3-" + string(make([]byte, 80)),
	} {
		if c, ok := name(text); ok {
			t.Errorf("%q passes for version %s", text, c)
		}
		if newer(text, "0.0.1") {
			t.Errorf("%q is newer than a version", text)
		}
	}
}
