package update

import (
	"cmp"
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// Version is a semantic version (semver.org 2.0.0), without build metadata,
// which does not count in an order.
type Version struct {
	numbers [3]uint64
	pre     []string // "beta", "2"
}

// maxVersion bounds the text of a version: it becomes the name of a folder.
const maxVersion = 64

// ParseVersion reads "1.2.3", "v1.2.3" or "1.2.3-beta.4+build".
func ParseVersion(text string) (Version, error) {
	var v Version
	bad := fmt.Errorf("%q is no semantic version", text)
	if len(text) > maxVersion {
		return v, bad
	}
	rest := strings.TrimPrefix(text, "v")
	rest, build, hasBuild := strings.Cut(rest, "+")
	if hasBuild && !validIdentifiers(strings.Split(build, "."), false) {
		return v, bad
	}
	core, pre, hasPre := strings.Cut(rest, "-")
	parts := strings.Split(core, ".")
	if len(parts) != len(v.numbers) {
		return v, bad
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil || len(p) > 1 && p[0] == '0' || p[0] == '+' {
			return v, bad
		}
		v.numbers[i] = n
	}
	if hasPre {
		v.pre = strings.Split(pre, ".")
		if !validIdentifiers(v.pre, true) {
			return v, bad
		}
	}
	return v, nil
}

// validIdentifiers tells whether all are of [0-9A-Za-z-]+, in a pre-release without
// leading zeros in numbers.
func validIdentifiers(list []string, pre bool) bool {
	for _, id := range list {
		if id == "" || pre && len(id) > 1 && id[0] == '0' && digits(id) {
			return false
		}
		for _, r := range id {
			if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' {
				return false
			}
		}
	}
	return true
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// Compare is negative when v comes before w, 0 when they are one version.
func (v Version) Compare(w Version) int {
	for i := range v.numbers {
		if c := cmp.Compare(v.numbers[i], w.numbers[i]); c != 0 {
			return c
		}
	}
	switch { // a pre-release comes before its release
	case len(v.pre) == 0 || len(w.pre) == 0:
		return cmp.Compare(len(w.pre), len(v.pre))
	}
	for i := range min(len(v.pre), len(w.pre)) {
		if c := compareIdentifiers(v.pre[i], w.pre[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(v.pre), len(w.pre))
}

// compareIdentifiers: numbers by value and before words, words as text.
func compareIdentifiers(a, b string) int {
	switch na, nb := digits(a), digits(b); {
	case na && nb:
		if c := cmp.Compare(len(a), len(b)); c != 0 {
			return c // no leading zeros, so the longer is the greater
		}
	case na:
		return -1
	case nb:
		return 1
	}
	return strings.Compare(a, b)
}

// String writes the version as it is named in folders and offers.
func (v Version) String() string {
	s := fmt.Sprintf("%d.%d.%d", v.numbers[0], v.numbers[1], v.numbers[2])
	if len(v.pre) > 0 {
		s += "-" + strings.Join(v.pre, ".")
	}
	return s
}

// name is the canonical text of a version; ok is false when it is none.
func name(text string) (canonical string, ok bool) {
	v, err := ParseVersion(text)
	if err != nil {
		return "", false
	}
	return v.String(), true
}

// newer tells whether a is a later version than b; what is no version is later
// than nothing and earlier than everything.
func newer(a, b string) bool {
	va, errA := ParseVersion(a)
	vb, errB := ParseVersion(b)
	switch {
	case errA != nil:
		return false
	case errB != nil:
		return true
	}
	return va.Compare(vb) > 0
}

// Platform is what this binary was built for, as releases name it.
func Platform() string { return runtime.GOOS + "-" + runtime.GOARCH }
